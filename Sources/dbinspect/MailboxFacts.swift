// What is told about a mailbox: by which names, and in what form.

import CyrusDatabase
import CyrusMailboxes

/// A member of what is told about a mailbox.
enum MailboxMember: String, CaseIterable {
  case name, dbname, uniqueid, kind, flags, owner, domain, partition, server, acl, uidvalidity, createdmodseq
  case foldermodseq, mtime, deletedAt, jmapid, issues
}

/// A mailbox and its name, taken apart.
struct MailboxFacts {
  private let entry: MailboxEntry
  private let name: MailboxName
  private let settings: NameSettings

  /// nil for a record that is not one under a name.
  init?(_ record: borrowing RecordView, form: MailboxKey.Form, _ settings: NameSettings) {
    let entry = MailboxEntry(key: record.copyOfKey(), value: record.copyOfValue(), form: form)
    guard let name = Self.name(of: entry, settings) else { return nil }
    self.entry = entry
    self.name = name
    self.settings = settings
  }

  private static func name(of entry: MailboxEntry, _ settings: NameSettings) -> MailboxName? {
    guard let name = entry.view.nameInKey(settings) else { return nil }
    return MailboxName(name)
  }

  /// All issues: those of the record, then those of the name.
  private var issues: [DecodingIssue] {
    var offset = 0
    if case .name(let range) = entry.key.kind { offset = range.lowerBound }
    return entry.issues + (entry.view.nameInKey(settings)?.issues(at: offset) ?? [])
  }

  /// The names of the flags.
  var flags: [String] {
    let names: [(MailboxFlags, String)] = [
      (.deleted, "tombstone"), (.intermediate, "intermediate"), (.remote, "remote"), (.moving, "moving"),
      (.reserved, "reserved"), (.legacyDirectories, "legacyDirs"),
    ]
    return names.filter { entry.flags.contains($0.0) }.map(\.1)
  }

  /// A member as bytes: none if it is not known, one, or several for flags, identifiers of the ACL and codes of issues.
  func values(of member: MailboxMember) -> [[UInt8]] {
    func one(_ bytes: [UInt8]?) -> [[UInt8]] { bytes.map { [$0] } ?? [] }
    func one(_ number: (some BinaryInteger)?) -> [[UInt8]] { number.map { [Array("\($0)".utf8)] } ?? [] }
    switch member {
    case .name: return [name.internalName]
    case .dbname: return [name.databaseName]
    case .uniqueid: return one(entry.uniqueID.value)
    case .kind: return [Array(entry.kind.name.utf8)]
    case .flags: return flags.map { Array($0.utf8) }
    case .owner: return one(name.owner)
    case .domain: return one(name.domain)
    case .partition: return one(entry.partition.value)
    case .server: return one(entry.server.value)
    case .acl: return (entry.acl.value ?? ACL()).map { Array($0.identifier) }
    case .uidvalidity: return one(entry.uidValidity.value)
    case .createdmodseq: return one(entry.createdModseq.value)
    case .foldermodseq: return one(entry.folderModseq.value)
    case .mtime: return one(entry.mtime.value)
    case .deletedAt: return one(name.deletedAt)
    case .jmapid: return one(entry.jmapID.value)
    case .issues: return issues.map { Array($0.code.utf8) }
    }
  }

  /// A member on one line, with C escapes for what is not printable. An ACL in Cyrus's own form, with its TABs escaped.
  func text(of member: MailboxMember) -> String {
    if member == .acl { return entry.acl.value.map { escaped($0.text.rawSpan) } ?? "" }
    return values(of: member).map { escaped($0.rawSpan) }.joined(separator: " ")
  }

  /// When the record was written, for people.
  var mtimeText: String { entry.mtime.value.map(timestamp) ?? "" }

  /// Server and partition, as old Cyrus wrote them.
  var place: String {
    let server = text(of: .server)
    return server.isEmpty ? text(of: .partition) : "\(server)!\(text(of: .partition))"
  }

  /// Kind and flags.
  var type: String { ([entry.kind.name] + flags).joined(separator: " ") }

  /// Writes it as an object. What is not known is left out.
  func write(to output: inout Output) {
    output.object(.inline) { output in
      for member in MailboxMember.allCases { write(member, to: &output) }
    }
    output.line()
  }

  private func write(_ member: MailboxMember, to output: inout Output) {
    switch member {
    case .name, .dbname, .uniqueid, .kind, .owner, .domain, .partition, .server, .jmapid:
      if let bytes = values(of: member).first { output.member(member.rawValue, bytes: bytes.rawSpan) }
    case .uidvalidity:
      if let number = entry.uidValidity.value { output.member(member.rawValue, number) }
    case .createdmodseq:
      if let number = entry.createdModseq.value { output.member(member.rawValue, number) }
    case .foldermodseq:
      if let number = entry.folderModseq.value { output.member(member.rawValue, number) }
    case .mtime:
      if let number = entry.mtime.value { output.member(member.rawValue, number) }
    case .deletedAt:
      if let number = name.deletedAt { output.member(member.rawValue, number) }
    case .flags:
      output.array(member.rawValue) { output in
        for flag in flags { output.element(flag) }
      }
    case .acl:
      guard let acl = entry.acl.value else { return }
      output.array(member.rawValue) { output in
        for entry in acl {
          output.object { output in
            output.member("identifier", bytes: Array(entry.identifier).rawSpan)
            output.member("rights", bytes: Array(entry.rights).rawSpan)
          }
        }
      }
    case .issues:
      output.array(member.rawValue) { output in
        for issue in issues {
          output.object { output in
            output.member("code", issue.code)
            output.member("error", issue.isError)
            output.member("in", issue.isInKey ? "key" : "value")
            output.member("start", issue.bytes.lowerBound)
            output.member("length", issue.bytes.count)
          }
        }
      }
    }
  }
}

/// A condition: a member has, or has not, a value.
struct MailboxCondition {
  private let member: MailboxMember
  private let value: [UInt8]
  private let isNegative: Bool

  /// - Parameter text: `MEMBER=VALUE` or `MEMBER!=VALUE`.
  init(_ text: String, _ keys: KeyOptions) throws {
    guard let sign = text.firstIndex(of: "=") else { throw Self.failure(text) }
    var name = text[..<sign]
    isNegative = name.last == "!"
    if isNegative { name.removeLast() }
    guard let member = MailboxMember(rawValue: String(name)) else { throw Self.failure(text) }
    self.member = member
    value = try keys.bytes(String(text[text.index(after: sign)...]))
  }

  private static func failure(_ text: String) -> Failure {
    let known = MailboxMember.allCases.map(\.rawValue).joined(separator: ", ")
    return Failure(.usage, "--where takes FIELD=VALUE or FIELD!=VALUE, not '\(printable(text))'; fields: \(known)")
  }

  /// Whether a mailbox meets it. An empty value stands for none.
  func holds(for mailbox: MailboxFacts) -> Bool {
    let values = mailbox.values(of: member)
    let isMet = value.isEmpty ? values.isEmpty : values.contains(value)
    return isMet != isNegative
  }
}
