// In which groups of a file a mailbox is.
//
// Nearly always it is in one. But a RENAME to another user puts both names into the groups of both users, so one name can
// be in as many as there are users.

/// In a group, since a line.
struct Membership: Sendable, Hashable {
  let group: Int32
  /// The place of the first line that put it there.
  let line: Int32
}

/// The groups that a mailbox is in.
struct Memberships: Sendable {
  /// The one that it came into first.
  let first: Membership
  /// The lines that put it into the others, by group.
  private var others: [Int32: Int32]?

  init(_ first: Membership) { self.first = first }

  var count: Int { 1 + (others?.count ?? 0) }

  /// All of them, in the order of lines.
  var all: [Membership] {
    guard let others else { return [first] }
    let rest = others.map { Membership(group: $0.key, line: $0.value) }
    return [first] + rest.sorted { ($0.line, $0.group) < ($1.line, $1.group) }
  }

  /// The line that put it into a group; nil if it is not in there.
  func line(in group: Int32) -> Int32? { group == first.group ? first.line : others?[group] }

  /// Does nothing if it is in that group.
  mutating func insert(_ member: Membership) {
    guard line(in: member.group) == nil else { return }
    others = others ?? [:]
    others?[member.group] = member.line
  }
}
