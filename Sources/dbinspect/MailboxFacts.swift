// What is told about a mailbox: by which names, and in what form.
//
// This is the inner loop of a listing of a million mailboxes: the record is decoded in place, and what has to be spelled
// out goes into bytes that are used again for the next one.

import CyrusDatabase
import CyrusMailboxes

/// A member of what is told about a mailbox that is one value, or a list of values.
enum MailboxMember: String, CaseIterable {
  case name, dbname, uniqueid, kind, flags, owner, domain, partition, server, acl, uidvalidity, createdmodseq
  case foldermodseq, mtime, deletedAt, jmapid, issues
}

extension MailboxMember {
  /// Appends the member's bytes, nothing if it is not known. Several flags, or codes of issues, are parted by spaces; an
  /// ACL is in Cyrus's own form.
  func append(
    _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to bytes: inout [UInt8]
  ) {
    switch self {
    case .name: name.appendInternalName(to: &bytes)
    case .dbname: name.appendDatabaseName(to: &bytes)
    case .owner: if let owner = name.copyOfOwner() { bytes.append(contentsOf: owner) }
    case .domain: if let domain = name.domain { bytes.append(contentsOf: Array(domain)) }
    case .kind: bytes.append(contentsOf: entry.kind.name.utf8)
    case .flags: bytes.append(contentsOf: entry.flags.words.joined(separator: " ").utf8)
    case .issues: bytes.append(contentsOf: allIssues(of: entry, name).map(\.code).joined(separator: " ").utf8)
    case .acl: if let acl = entry.acl { acl.appendText(to: &bytes) }
    case .uniqueid: if let text = entry.uniqueID { text.append(to: &bytes) }
    case .partition: if let text = entry.partition { text.append(to: &bytes) }
    case .server: if let text = entry.server { text.append(to: &bytes) }
    case .jmapid: if let text = entry.jmapID { text.append(to: &bytes) }
    case .uidvalidity: if let number = entry.uidValidity { bytes.append(decimal: UInt64(number)) }
    case .createdmodseq: if let number = entry.createdModseq { bytes.append(decimal: number) }
    case .foldermodseq: if let number = entry.folderModseq { bytes.append(decimal: number) }
    case .mtime: if let number = entry.mtime { bytes.append(contentsOf: "\(number)".utf8) }
    case .deletedAt: if let number = name.deletedAt { bytes.append(decimal: number) }
    }
  }

  /// The member's values, each for itself: of an ACL the identifiers.
  func values(of entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) -> [[UInt8]] {
    switch self {
    case .flags: return entry.flags.words.map { Array($0.utf8) }
    case .issues: return allIssues(of: entry, name).map { Array($0.code.utf8) }
    case .acl:
      var identifiers: [[UInt8]] = []
      if let acl = entry.acl {
        var entries = acl.entries()
        while let entry = entries.next() { identifiers.append(entry.identifier.copy()) }
      }
      return identifiers
    default:
      var bytes: [UInt8] = []
      append(entry, name, to: &bytes)
      return bytes.isEmpty ? [] : [bytes]
    }
  }
}

/// All issues: those of the record, then those of the name.
private func allIssues(of entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) -> [DecodingIssue] {
  var offset = 0
  if case .name(let range) = entry.key.kind { offset = range.lowerBound }
  return entry.issues() + name.issues(at: offset)
}

extension MailboxFlags {
  /// Each flag and what it is called here.
  static let known: [(flag: MailboxFlags, word: String)] = [
    (.deleted, "tombstone"), (.intermediate, "intermediate"), (.remote, "remote"), (.moving, "moving"),
    (.reserved, "reserved"), (.legacyDirectories, "legacyDirs"),
  ]

  /// What the flags are called here.
  var words: [String] { isEmpty ? [] : Self.known.filter { contains($0.flag) }.map(\.word) }
}

extension [UInt8] {
  /// Appends a number in decimal digits.
  mutating func append(decimal number: UInt64) {
    let start = count
    var rest = number
    repeat {
      append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }
}

// MARK: - JSON

/// Writes mailboxes as JSON.
struct MailboxWriter {
  /// The names that mailboxes had before, by unique id.
  private let histories: MailboxHistories
  private var bytes: [UInt8] = []

  init(_ histories: MailboxHistories) { self.histories = histories }

  /// Writes a mailbox as an object. What is not known is left out.
  mutating func write(
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
