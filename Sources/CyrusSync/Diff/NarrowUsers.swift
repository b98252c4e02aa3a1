// Users who cannot be done as a whole, but whose mailboxes can be done one by one.
//
//   a mailbox came from another user    the replica has its id under the old name, and refuses it under the new one
//   a conflict                          one refusal ends all that is done for the user
//   a mailbox is to go to another user  with a tombstone of its old name it would be removed, and not renamed any more
//   a stray beside a tombstone          it would be removed for that, though it is another mailbox
//
// Where the rename is made by the same log, it comes first, and the last two do not matter.

import CyrusMailboxes

/// Users who cannot be done as a whole.
struct NarrowUsers: Sendable {
  /// Of whom something would be refused, or lost, if all of theirs was done at once.
  private(set) var conflicted: Set<[UInt8]> = []
  /// The same, and users for whom many lines do not become one.
  private(set) var all: Set<[UInt8]> = []

  /// Takes account of a difference.
  mutating func note(_ difference: RawDifference, _ status: StoreDifference.Status, _ client: SyncClientVersion) {
    let isConflict = status == .conflict || status == .pendingConflict
    let owner = difference.name.owner
    if case .renamed(let replicaName, _) = difference.detail, replicaName.owner != owner {
      // Up to 2.4 a whole user cancels the lines that name the mailbox. What is on its way may come after this.
      if isConflict || status == .pending || !client.knowsRemovals {
        noteConflict(of: owner)
        noteConflict(of: replicaName.owner)
      }
      if let owner { all.insert(owner) }
    }
    // Without a tombstone this one just stays.
    if case .extra(.none) = difference.detail, client.needsTombstones { return }
    if isConflict { noteConflict(of: owner) }
  }

  private mutating func noteConflict(of owner: [UInt8]?) {
    guard let owner else { return }
    conflicted.insert(owner)
    all.insert(owner)
  }
}
