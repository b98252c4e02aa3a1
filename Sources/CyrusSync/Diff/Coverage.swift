// Which line of the pending log covers a difference, if any does.
//
//   missing m            m in a group; or USER of its owner. If its name is taken on the replica, the rename of what is
//                        there must be covered by then, too. Where there is no INBOX the replica makes nothing, and the
//                        whole user is done instead
//   renamed a to b       both in one group; or USER, within one user; or b in a group, within one user: that fails, and
//                        the whole user is done instead. Across users what has the name b on the replica must be renamed
//                        in the same group, or by an earlier file
//   extra n              UNMAILBOX n; or UNUSER, not for what lies in DELETED; or USER of its owner. Where tombstones
//                        count, only with one. Up to 2.4 also n in a group; from 3.12 on that too, if its id is known
//   anything else        n in a group; or USER of its owner. Of a renamed mailbox: when its rename is
//
// A group counts only if it has no mailbox that is not renamed by then, and is another user's there or of a user without
// an INBOX on the master: the replica refuses that one, and sync_client gives the group up. USER counts only if the
// INBOX is live on the master, and what the user got from others is renamed by then: else it is refused, too. UNUSER and
// UNMAILBOX count only if the INBOX, or n, is not live. Files count in the order in which they will be read, and the
// first that covers explains.

import CyrusMailboxes

/// A line of one of the files.
struct Cover: Sendable, Hashable, Comparable {
  let batch: Int
  let line: Int32

  static func < (left: Cover, right: Cover) -> Bool { (left.batch, left.line) < (right.batch, right.line) }
}

/// Finds what covers differences.
struct Coverage {
  private let batches: [PendingBatch]
  private let client: SyncClientVersion
  /// Covers of renames by id.
  private var renameCovers: [[UInt8]: Cover] = [:]
  /// What becomes of groups and users in each file.
  private var outcomes: [Outcome] = []
  /// Of lines that were asked for. One may explain everything, and be long.
  private var explanations: [Cover: StoreDifference.Explanation] = [:]

  private struct Outcome {
    /// Groups that sync_client gives up, and those instead of which it does the users of their mailboxes as a whole.
    let failingGroups: Set<Int32>
    let promotedGroups: Set<Int32>
    /// Users who cannot be done as a whole.
    let narrowOwners: Set<[UInt8]>
  }

  init(_ batches: [PendingBatch], _ client: SyncClientVersion, _ store: StoreFacts) {
    self.batches = batches
    self.client = client
    let kinds = RenameKinds(store)
    for index in batches.indices {
      var file = FileRenames(batches[index], kinds, done: renameCovers, store)
      outcomes.append(
        Outcome(
          failingGroups: file.failingGroups, promotedGroups: file.promotedGroups, narrowOwners: file.narrowOwners))
      var found: [[UInt8]: Cover] = [:]
      for (id, rename) in store.renames where renameCovers[id] == nil {
        guard let line = line(ofRename: id, rename, in: index, &file, store) else { continue }
        found[id] = Cover(batch: index, line: line)
      }
      renameCovers.merge(found) { earlier, _ in earlier }
    }
  }

  /// The line by which a file makes a rename.
  private func line(
    ofRename id: [UInt8], _ rename: (name: MailboxName, replicaName: MailboxName), in batch: Int,
    _ file: inout FileRenames, _ store: StoreFacts
  ) -> Int32? {
    let (new, old) = rename
    let members = members(new, in: batch, store)
    guard new.owner == old.owner, let owner = store.liveOwner(of: new) else {
      return members.first { file.moves(id, in: $0.group) }?.line
    }
    guard isWhole(owner, in: batch) else { return members.first { file.renames(id, in: $0.group) }?.line }
    // Should the new name be taken, the whole user is done.
    let both = members.first { batches[batch].has(old, in: $0.group) }
    return both?.line ?? batches[batch].users.line(of: owner) ?? members.first?.line
  }

  /// The groups of a file that a mailbox is in and that see to it.
  private func members(_ name: MailboxName, in batch: Int, _ store: StoreFacts) -> [Membership] {
    let members = batches[batch].mailboxes[name]?.all ?? []
    let outcome = outcomes[batch]
    if outcome.failingGroups.isEmpty, outcome.promotedGroups.isEmpty { return members }
    return members.filter { member in
      if outcome.failingGroups.contains(member.group) { return false }
      guard outcome.promotedGroups.contains(member.group) else { return true }
      return store.liveOwner(of: name).map { isWhole($0, in: batch) } == true
    }
  }

  /// The line in full.
  mutating func explanation(_ cover: Cover) -> StoreDifference.Explanation {
    if let known = explanations[cover] { return known }
    let explanation = batches[cover.batch].explanation(cover.line)
    explanations[cover] = explanation
    return explanation
  }

  /// The first file with a line for something.
  private func first(_ find: (Int) -> Int32?) -> Cover? {
    for index in batches.indices {
      if let line = find(index) { return Cover(batch: index, line: line) }
    }
    return nil
  }

  /// The line for a user as a whole, if the replica takes that.
  private func line(ofUser owner: [UInt8], in batch: Int) -> Int32? {
    isWhole(owner, in: batch) ? batches[batch].users.line(of: owner) : nil
  }

  private func isWhole(_ owner: [UInt8], in batch: Int) -> Bool { !outcomes[batch].narrowOwners.contains(owner) }

  /// What covers a mailbox that is on both sides under one name.
  func cover(of name: MailboxName, _ store: StoreFacts) -> Cover? {
    let owner = store.liveOwner(of: name)
    return first { batch in
      members(name, in: batch, store).first?.line ?? owner.flatMap { line(ofUser: $0, in: batch) }
    }
  }

  /// What covers a mailbox that is missing on the replica, where another may have its name.
  func cover(ofMissing name: MailboxName, isBlocked: Bool, _ store: StoreFacts) -> Cover? {
    let hasInbox = name.owner == nil || name.isINBOX || name.isDeleted || store.hasInboxOnReplica(name)
    let owner = store.liveOwner(of: name)
    func line(in batch: Int) -> Int32? {
      guard hasInbox || owner.map({ isWhole($0, in: batch) }) != false else { return nil }
      return members(name, in: batch, store).first?.line ?? owner.flatMap { self.line(ofUser: $0, in: batch) }
    }
    guard let cover = first(line) else { return nil }
    guard isBlocked else { return cover }
    // What holds the name on the replica is called so there.
    guard let blocker = store.movedAway[name], let earlier = self.cover(ofRename: blocker.id) else { return nil }
    if earlier.batch <= cover.batch { return cover }
    // A later file may name it again.
    for index in earlier.batch..<batches.count {
      if let line = line(in: index) { return Cover(batch: index, line: line) }
    }
    return nil
  }

  /// What covers a rename.
  func cover(ofRename id: [UInt8]) -> Cover? { renameCovers[id] }

  /// What covers a mailbox that only the replica has.
  func cover(
    ofExtra name: MailboxName, _ tombstone: StoreDifference.Tombstone, id: [UInt8]?, _ store: StoreFacts
  ) -> Cover? {
    let hasTombstone = tombstone != .none || !client.needsTombstones
    let isLiveOnMaster = store.replacedNames.contains(name)
    let owner = name.owner
    let liveOwner = store.liveOwner(of: name)
    let isKnownDeleted = client.deletesByUniqueID && id.map(store.deletedIDs.contains) == true
    let deletesByName = client.deletesNamedMailboxes || isKnownDeleted
    return first { index in
      let batch = batches[index]
      if client.knowsRemovals, hasTombstone, !isLiveOnMaster, let line = batch.unmailboxes.line(of: name.databaseName) {
        return line
      }
      if client.knowsRemovals, liveOwner == nil, !name.isDeleted, let owner, let line = batch.unusers.line(of: owner) {
        return line
      }
      let isUsable = client.deletesByUniqueID ? isKnownDeleted : hasTombstone
      if isUsable, let liveOwner, let line = line(ofUser: liveOwner, in: index) { return line }
      return deletesByName ? batch.mailboxes[name]?.first.line : nil
    }
  }
}
