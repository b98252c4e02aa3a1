// Mailboxes as JSON.
//
// Nearly all are written in one go by `PlainLine`; those with anything that needs an escape, has issues or had other
// names are written member by member. A test holds both against each other.

import CyrusDatabase
import CyrusMailboxes

/// Writes mailboxes as JSON.
struct MailboxWriter {
  /// The names that mailboxes had before, by unique id.
  private let histories: MailboxHistories
  private var bytes: [UInt8] = []

  init(_ histories: MailboxHistories) { self.histories = histories }

  /// Writes a mailbox as an object, and a line feed. What is not known is left out.
  ///
  /// A function of its own: what is lent to a closure would be copied.
  @inline(never)
  mutating func write(
    _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to output: inout Output
  ) {
    if var line = output.startPlainLine() {
      writePlain(entry, name, to: &line)
      if output.endPlainLine(line) { return }
    }
    writeAny(entry, name, to: &output)
  }

  /// Writes any mailbox as ``write(_:_:to:)`` does.
  mutating func writeAny(
    _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to output: inout Output
  ) {
    output.object(.inline) { output in
      for member in MailboxMember.allCases { write(member, entry, name, to: &output) }
      if let id = entry.uniqueID { histories.write(id, to: &output) }
    }
    output.line()
  }

  private mutating func write(
    _ member: MailboxMember, _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView,
    to output: inout Output
  ) {
    switch member {
    case .name, .dbname, .kind, .owner, .domain:
      bytes.removeAll(keepingCapacity: true)
      member.append(entry, name, to: &bytes)
      // A name of no bytes is one; it has an issue.
      let isThere =
        switch member {
        case .owner: name.isOwned
        case .domain: name.domain != nil
        default: true
        }
      if isThere { output.member(member.rawValue, bytes: bytes.rawSpan) }
    case .uniqueid: if let text = entry.uniqueID { output.member(member.rawValue, text) }
    case .partition: if let text = entry.partition { output.member(member.rawValue, text) }
    case .server: if let text = entry.server { output.member(member.rawValue, text) }
    case .jmapid: if let text = entry.jmapID { output.member(member.rawValue, text) }
    case .uidvalidity: output.present(member.rawValue, entry.uidValidity)
    case .createdmodseq: output.present(member.rawValue, entry.createdModseq)
    case .foldermodseq: output.present(member.rawValue, entry.folderModseq)
    case .mtime: output.present(member.rawValue, entry.mtime)
    case .deletedAt: output.present(member.rawValue, name.deletedAt)
    case .flags: output.flags(entry.flags)
    case .acl:
      if let acl = entry.acl { output.acl(acl) }
    case .issues:
      let issues = allIssues(of: entry, name)
      output.array(member.rawValue) { output in
        for issue in issues { output.element(issue) }
      }
    }
  }
}

// MARK: - Plain ones

extension MailboxWriter {
  /// Writes the object, but gives up if the mailbox has anything that few have.
  func writePlain(
    _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to start: inout PlainLine
  ) {
    guard entry.issueCount == 0, name.form == .database, name.issues().isEmpty, let id = entry.uniqueID else {
      return start.fail()
    }
    // Of its own, so that it is in registers: never lent to anything but what is inlined.
    var line = start
    line.append(#"{"name":""#)
    line.append(bothNamesOf: name)
    line.append(#"", "uniqueid":""#)
    line.append(id)
    line.append(#"", "kind":""#)
    line.append(entry.kind)
    line.append(#"", "flags":["#)
    line.append(entry.flags)
    line.append("]")
    if let localpart = name.localpart {
      line.append(#", "owner":""#)
      line.append(localpart)
      if let domain = name.domain {
        line.append("@")
        line.append(domain)
      }
      line.append(#"""#)
    }
    if let domain = name.domain {
      line.append(#", "domain":""#)
      line.append(domain)
      line.append(#"""#)
    }
    writePlainFields(entry, name, to: &line)
    line.append(#", "issues":[]"#)
    if histories.mayHave(id) {
      var lent = line
      histories.writePlain(id, to: &lent)
      line = lent
    }
    line.append("}")
    start = line
  }

  @inline(__always)
  private func writePlainFields(
    _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to line: inout PlainLine
  ) {
    if let partition = entry.partition { line.append(#", "partition":""#, quoting: partition) }
    if let server = entry.server { line.append(#", "server":""#, quoting: server) }
    if let acl = entry.acl {
      line.append(#", "acl":["#)
      line.append(acl)
      line.append("]")
    }
    if let number = entry.uidValidity { line.append(#", "uidvalidity":"#, UInt64(number)) }
    if let number = entry.createdModseq { line.append(#", "createdmodseq":"#, number) }
    if let number = entry.folderModseq { line.append(#", "foldermodseq":"#, number) }
    if let number = entry.mtime {
      line.append(#", "mtime":"#)
      if number < 0 { line.fail() } else { line.append(decimal: UInt64(number)) }
    }
    if let number = name.deletedAt { line.append(#", "deletedAt":"#, number) }
    if let id = entry.jmapID { line.append(#", "jmapid":""#, quoting: id) }
  }
}

extension PlainLine {
  /// Appends what stands in the members `name` and `dbname`, and what stands between.
  @inline(__always)
  mutating func append(bothNamesOf name: borrowing MailboxNameView) { self = appending(bothNamesOf: name) }

  @inline(never)
  private func appending(bothNamesOf name: borrowing MailboxNameView) -> PlainLine {
    var line = self
    guard let domain = name.domain else {
      line.append(internalNameOf: name.bytes) { $0.append(#"", "dbname":""#) }
      return line
    }
    line.append(domain)
    line.append("!")
    line.append(internalNameOf: name.bytes.extracting(droppingFirst: domain.byteCount + 1)) { line in
      line.append(#"", "dbname":""#)
      line.append(domain)
      line.append("\\u001d")
    }
    return line
  }

  /// Appends the name of a kind.
  @inline(__always)
  mutating func append(_ kind: MailboxKind) {
    // What nearly all are.
    if kind == .email { append("email") } else { append(word: kind.name) }
  }

  /// Appends text of the program, which is known to be plain and opens quotes, a string, and the end of the quotes.
  @inline(__always)
  mutating func append(_ text: StaticString, quoting string: MailboxText) {
    append(text)
    append(string)
    append(#"""#)
  }

  @inline(__always)
  mutating func append(_ text: MailboxText) {
    if text.isEscaped { fail() } else { append(text.storedBytes) }
  }

  @inline(__always)
  mutating func append(_ flags: MailboxFlags) {
    if !flags.isEmpty { self = appending(flags) }
  }

  @inline(never)
  private func appending(_ flags: MailboxFlags) -> PlainLine {
    var line = self
    var isFirst = true
    for (flag, word) in MailboxFlags.known where flags.contains(flag) {
      if !isFirst { line.append(", ") }
      isFirst = false
      line.append("\"")
      line.append(word: word)
      line.append("\"")
    }
    return line
  }

  @inline(__always)
  fileprivate mutating func append(_ acl: ACLView) {
    var entries = acl.entries()
    var isFirst = true
    while let entry = entries.next() {
      if isFirst { append(#"{"identifier":""#) } else { append(#", {"identifier":""#) }
      isFirst = false
      append(entry.identifier)
      append(#"", "rights":""#)
      append(entry.rights)
      append(#""}"#)
    }
  }
}

// MARK: - Members

extension Output {
  /// Writes a member that is a string of a record.
  mutating func member(_ name: String, _ text: MailboxText) {
    guard text.isEscaped else { return member(name, bytes: text.storedBytes) }
    let bytes = text.copy()
    member(name, bytes: bytes.rawSpan)
  }

  /// Writes a member that is a number, unless it is not known.
  mutating func present(_ name: String, _ number: (some BinaryInteger)?) {
    if let number { member(name, number) }
  }

  /// Writes the member `flags`.
  mutating func flags(_ flags: MailboxFlags) {
    array("flags") { output in
      for word in flags.words { output.element(word) }
    }
  }

  fileprivate mutating func acl(_ acl: ACLView) {
    var entries = acl.entries()
    array("acl") { output in
      while let entry = entries.next() {
        output.object { output in
          output.member("identifier", entry.identifier)
          output.member("rights", entry.rights)
        }
      }
    }
  }
}
