// What mailboxes must be like to be listed: `--where`.

import CyrusDatabase
import CyrusMailboxes

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
    let value = try keys.bytes(String(text[text.index(after: sign)...]))
    self.value = value.isEmpty ? [] : try Self.normalized(value, of: member)
  }

  init(_ member: MailboxMember, is value: [UInt8]) {
    self.member = member
    self.value = value
    isNegative = false
  }

  private static func failure(_ text: String) -> Failure {
    let known = MailboxMember.allCases.map(\.rawValue).joined(separator: ", ")
    return Failure(.usage, "--where takes FIELD=VALUE or FIELD!=VALUE, not '\(printable(text))'; fields: \(known)")
  }

  /// A value as a mailbox has it; what none can have is refused.
  private static func normalized(_ value: [UInt8], of member: MailboxMember) throws -> [UInt8] {
    let text = String(decoding: value, as: UTF8.self)
    func refusal(_ what: String) -> Failure {
      Failure(.usage, "no mailbox has '\(printable(text))' for its \(member.rawValue): \(what)")
    }
    func one(of known: [String]) throws -> [UInt8] {
      guard known.contains(text) else { throw refusal("known are \(known.joined(separator: ", "))") }
      return value
    }
    func number<Number: FixedWidthInteger>(_ type: Number.Type) throws -> [UInt8] {
      guard let number = Number(text) else { throw refusal("it is a number of at most \(Number.max)") }
      return Array("\(number)".utf8)
    }
    func time<Number: FixedWidthInteger>(_ type: Number.Type) throws -> [UInt8] {
      if let number = Number(text) ?? seconds(ofTimestamp: text).map({ Number($0) }) { return Array("\(number)".utf8) }
      throw refusal("it is a time, in seconds since 1970 or as 2026-01-31T23:59:59Z")
    }
    switch member {
    case .kind: return try one(of: MailboxKind.allCases.map(\.name))
    case .flags: return try one(of: MailboxFlags.known.map(\.word))
    case .uidvalidity: return try number(UInt32.self)
    case .createdmodseq, .foldermodseq: return try number(UInt64.self)
    case .mtime: return try time(Int64.self)
    case .deletedAt: return try time(UInt64.self)
    case .issues:
      guard text.contains(".") else { throw refusal("codes are like dlist.truncated") }
      return value
    case .name, .dbname, .uniqueid, .owner, .domain, .partition, .server, .acl, .jmapid: return value
    }
  }

  /// Whether only mailboxes that are deleted meet it.
  var isOfDeleted: Bool {
    guard !isNegative, !value.isEmpty else { return false }
    return member == .deletedAt || member == .flags && value.elementsEqual("tombstone".utf8)
  }

  /// Whether a mailbox meets it. An empty value stands for none.
  func holds(for entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) -> Bool {
    let values = member.values(of: entry, name)
    let isMet = value.isEmpty ? values.isEmpty : values.contains(value)
    return isMet != isNegative
  }
}
