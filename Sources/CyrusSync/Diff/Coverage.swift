// Which line of the pending log covers a difference, if any does.
//
//   missing m            m in a group; or USER of its owner. If its name is taken on the replica, the rename of what is
//                        there must be covered by then, too
//   renamed a to b       both in one group; or USER, within one user; or b in a group, within one user: that fails, and
//                        the whole user is done instead
//   extra n              UNMAILBOX n; or UNUSER, not for what lies in DELETED; or USER of its owner. Where tombstones
//                        count, only with one. Up to 2.4 also n in a group; from 3.12 on that too, if its id is known
//   anything else        n in a group; or USER of its owner. Of a renamed mailbox: when its rename is
//
// USER counts only if the INBOX is live on the master; UNUSER and UNMAILBOX only if the INBOX, or n, is not. Files count
// in the order in which they will be read, and the first that covers explains.

import CyrusMailboxes

/// A line of one of the files.
struct Cover: Sendable {
  let batch: Int
  let line: Int32
}

/// Finds what covers differences.
struct Coverage {
  private let batches: [PendingBatch]
  private let client: SyncClientVersion
  /// Covers of renames by id: of those that were asked for.
  private var renameCovers: [[UInt8]: Cover?] = [:]

  init(_ batches: [PendingBatch], _ client: SyncClientVersion) {
    self.batches = batches
    self.client = client
  }

  /// The line in full.
  func explanation(_ cover: Cover) -> StoreDifference.Explanation {
    let log = batches[cover.batch].log
    let line = log.lines[Int(cover.line)]
    return StoreDifference.Explanation(file: log.label, line: line.number, text: log.text(of: line))
  }

  /// The first file with a line for something.
  private func first(_ find: (PendingBatch) -> Int32?) -> Cover? {
    for (index, batch) in batches.enumerated() {
      if let line = find(batch) { return Cover(batch: index, line: line) }
    }
    return nil
  }

  /// What covers a mailbox that is on both sides under one name, or is to be created.
  func cover(of name: MailboxName, _ store: StoreFacts) -> Cover? {
    let owner = store.liveOwner(of: name)
    return first { batch in
      batch.mailboxes[name]?.first?.line ?? owner.flatMap { batch.users.line(of: $0) }
    }
  }

  /// What covers a mailbox that is missing on the replica, where another may have its name.
  mutating func cover(ofMissing name: MailboxName, isBlocked: Bool, _ store: StoreFacts) -> Cover? {
    guard let cover = cover(of: name, store) else { return nil }
    guard isBlocked else { return cover }
    // What holds the name on the replica is called so there.
    guard let blocker = store.movedAway[name], let earlier = self.cover(ofRename: blocker.id, store) else { return nil }
    if earlier.batch <= cover.batch { return cover }
    // A later file may name it again.
    let owner = store.liveOwner(of: name)
    for index in earlier.batch..<batches.count {
      if let line = batches[index].mailboxes[name]?.first?.line ?? owner.flatMap({ batches[index].users.line(of: $0) })
      {
        return Cover(batch: index, line: line)
      }
    }
    return nil
  }

  /// What covers a rename.
  mutating func cover(ofRename id: [UInt8], _ store: StoreFacts) -> Cover? {
    if let known = renameCovers[id] { return known }
    guard let (new, old) = store.renames[id] else { return nil }
    let owner = old.owner == new.owner ? store.liveOwner(of: new) : nil
    let cover = first { batch in
      let members = batch.mailboxes[new] ?? []
      let others = batch.mailboxes[old] ?? []
      if let both = members.first(where: { member in others.contains { $0.group == member.group } }) {
        return both.line
      }
      guard let owner else { return nil }
      return batch.users.line(of: owner) ?? members.first?.line
    }
    renameCovers[id] = .some(cover)
    return cover
  }

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
    return first { batch in
      if client.knowsRemovals, hasTombstone, !isLiveOnMaster, let line = batch.unmailboxes.line(of: name.databaseName) {
        return line
      }
      if client.knowsRemovals, liveOwner == nil, !name.isDeleted, let owner, let line = batch.unusers.line(of: owner) {
        return line
      }
      let isUsable = client.deletesByUniqueID ? isKnownDeleted : hasTombstone
      if isUsable, let liveOwner, let line = batch.users.line(of: liveOwner) { return line }
      return deletesByName ? batch.mailboxes[name]?.first?.line : nil
    }
  }
}
