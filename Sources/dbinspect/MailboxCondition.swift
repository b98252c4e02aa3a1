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
    value = try keys.bytes(String(text[text.index(after: sign)...]))
  }

  private static func failure(_ text: String) -> Failure {
    let known = MailboxMember.allCases.map(\.rawValue).joined(separator: ", ")
    return Failure(.usage, "--where takes FIELD=VALUE or FIELD!=VALUE, not '\(printable(text))'; fields: \(known)")
  }

  /// Whether a mailbox meets it. An empty value stands for none.
  func holds(for entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) -> Bool {
    let values = member.values(of: entry, name)
    let isMet = value.isEmpty ? values.isEmpty : values.contains(value)
    return isMet != isNegative
  }
}
