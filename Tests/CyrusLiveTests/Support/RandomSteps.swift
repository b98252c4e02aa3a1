// Changes drawn from a seed, each one that the side which it is made on can take, or nearly so.

import TestSupport

/// Draws changes of the mailboxes of a few users.
struct RandomSteps {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: SplitMix64.mix(seed)) }

  /// How many changes a round has.
  mutating func count() -> Int { 3 + random.below(12) }

  /// About a quarter of them are made on the replica.
  mutating func side() -> ReplicaPair.Side { random.chance(1, in: 4) ? .replica : .master }

  /// Whether lines are kept: nil if that is drawn for each.
  mutating func keepsLines() -> Bool? {
    switch random.below(5) {
    case 0, 1: true
    case 2, 3: false
    default: nil
    }
  }

  mutating func coin() -> Bool { random.chance(1, in: 2) }

  /// A command that fits the mailboxes of a side.
  mutating func command(for mailboxes: [String]) -> String {
    let folders = mailboxes.filter { $0.split(separator: "/").count > 2 }
    let inboxes = mailboxes.filter { $0.split(separator: "/").count == 2 }
    switch random.below(24) {
    case 0: return "CREATE user/\(pick(["ann", "bob", "cat"]))#"
    case 1 where !inboxes.isEmpty: return "DELETE \(pick(inboxes))"
    case 2 where !inboxes.isEmpty: return "RENAME \(pick(inboxes)) user/\(pick(["ann", "bob", "cat"]))#"
    case 3..<6 where !mailboxes.isEmpty:
      return "SETACL \(pick(mailboxes)) \(pick(["anyone", "ann#", "bob#"])) \(pick(["lr", "lrs", "p"]))"
    case 6..<8 where !folders.isEmpty:
      let folder = pick(folders)
      return "RENAME \(folder) \(folder) \(pick(["default", "p2", "p2", "only"]))"
    case 8..<10 where !mailboxes.isEmpty: return "APPEND \(pick(mailboxes))"
    case 10..<13 where !folders.isEmpty: return "DELETE \(pick(folders))"
    case 13..<17 where !folders.isEmpty && !inboxes.isEmpty: return "RENAME \(pick(folders)) \(newName(mailboxes))"
    default:
      guard !mailboxes.isEmpty else { return "CREATE user/ann#" }
      return "CREATE \(newName(mailboxes))"
    }
  }

  private mutating func newName(_ mailboxes: [String]) -> String {
    "\(pick(mailboxes))/\(pick(["Sent", "Work", "a", "b", "c"]))"
  }

  private mutating func pick(_ texts: [String]) -> String { texts[random.below(texts.count)] }
}
