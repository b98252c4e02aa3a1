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
struct Cover: Sendable, Hashable {
  let batch: Int
  let line: Int32
}

/// Finds what covers differences.
struct Coverage {
  private let batches: [PendingBatch]
  private let client: SyncClientVersion
  /// Covers of renames by id: of those that were asked for.
  private var renameCovers: [[UInt8]: Cover?] = [:]
  /// Whether groups rename ids.
  private var groupRenames: [GroupRename: Bool] = [:]
  /// The first file in which a user can be done as a whole, of users who got mailboxes from others.
  private var firstWholeBatches: [[UInt8]: Int] = [:]
  /// Of lines that were asked for. One may explain everything, and be long.
  private var explanations: [Cover: StoreDifference.Explanation] = [:]

  /// Groups that sync_client gives up.
  private var failingGroups: Set<FileGroup> = []
  /// Groups instead of which it does the users of their mailboxes as a whole.
  private var promotedGroups: Set<FileGroup> = []

  private struct FileGroup: Hashable {
    let batch: Int
    let group: Int32
  }

  private struct GroupRename: Hashable {
    let id: [UInt8]
    let batch: Int
    let group: Int32
  }

  init(_ batches: [PendingBatch], _ client: SyncClientVersion, _ store: StoreFacts) {
    self.batches = batches
    self.client = client
    // Those that doing a whole user does not settle.
    let renames = store.renames.filter { _, rename in
      rename.name.owner != rename.replicaName.owner || store.liveOwner(of: rename.name) == nil
    }
    for (id, rename) in renames {
      for index in 0..<(cover(ofRename: id, store)?.batch ?? batches.count) {
        for member in batches[index].mailboxes[rename.name]?.all ?? [] {
          failingGroups.insert(FileGroup(batch: index, group: member.group))
        }
      }
    }
    // Of those that a failing group was to rename, none is sure.
    if !failingGroups.isEmpty { renameCovers = [:] }
    for (id, rename) in renames {
      guard let owner = rename.name.owner else { continue }
      let batch = cover(ofRename: id, store)?.batch ?? Int.max
      firstWholeBatches[owner] = max(firstWholeBatches[owner] ?? 0, batch)
    }
    let others = store.renames.filter { renames[$0.key] == nil }
    for rename in others.values {
      guard let owner = rename.name.owner else { continue }
      var batch = 0
      if store.heldNames.contains(rename.name) {
        // Nothing takes away what has its name on the replica.
        batch = Int.max
      } else if let holder = store.movedAway[rename.name], renames[holder.id] != nil {
        // Its name is free only when another user has what is there.
        batch = cover(ofRename: holder.id, store)?.batch ?? Int.max
      }
      if batch > 0 { firstWholeBatches[owner] = max(firstWholeBatches[owner] ?? 0, batch) }
    }
    for (id, rename) in others { markGroups(with: rename.name, id, store) }
    renameCovers = [:]
  }

  /// Marks the groups that have the new name of a mailbox, but cannot give it that.
  private mutating func markGroups(with name: MailboxName, _ id: [UInt8], _ store: StoreFacts) {
    for index in batches.indices {
      for member in batches[index].mailboxes[name]?.all ?? [] where !renames(id, in: member.group, of: index, store) {
        if cover(ofRename: id, before: index, store) != nil { return }
        let group = FileGroup(batch: index, group: member.group)
        if name.owner.map({ isWhole($0, in: index) }) == true {
          promotedGroups.insert(group)
        } else {
          failingGroups.insert(group)
        }
      }
    }
  }

  /// The groups of a file that a mailbox is in and that see to it.
  private func members(_ name: MailboxName, in batch: Int, _ store: StoreFacts) -> [Membership] {
    let members = batches[batch].mailboxes[name]?.all ?? []
    if failingGroups.isEmpty, promotedGroups.isEmpty { return members }
    return members.filter { member in
      let group = FileGroup(batch: batch, group: member.group)
      if failingGroups.contains(group) { return false }
      guard promotedGroups.contains(group) else { return true }
      return store.liveOwner(of: name).map { isWhole($0, in: batch) } == true
    }
  }

  /// The line in full.
  mutating func explanation(_ cover: Cover) -> StoreDifference.Explanation {
    if let known = explanations[cover] { return known }
    let log = batches[cover.batch].log
    let line = log.lines[Int(cover.line)]
    let explanation = StoreDifference.Explanation(file: log.label, line: line.number, text: log.text(of: line))
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

  private func isWhole(_ owner: [UInt8], in batch: Int) -> Bool { firstWholeBatches[owner] ?? 0 <= batch }

  /// What covers a mailbox that is on both sides under one name.
  func cover(of name: MailboxName, _ store: StoreFacts) -> Cover? {
    let owner = store.liveOwner(of: name)
    return first { batch in
      members(name, in: batch, store).first?.line ?? owner.flatMap { line(ofUser: $0, in: batch) }
    }
  }

  /// What covers a mailbox that is missing on the replica, where another may have its name.
  mutating func cover(ofMissing name: MailboxName, isBlocked: Bool, _ store: StoreFacts) -> Cover? {
    let hasInbox = name.owner == nil || name.isINBOX || name.isDeleted || store.hasInboxOnReplica(name)
    let owner = store.liveOwner(of: name)
    func line(in batch: Int) -> Int32? {
      guard hasInbox || owner.map({ isWhole($0, in: batch) }) != false else { return nil }
      return members(name, in: batch, store).first?.line ?? owner.flatMap { self.line(ofUser: $0, in: batch) }
    }
    guard let cover = first(line) else { return nil }
    guard isBlocked else { return cover }
    // What holds the name on the replica is called so there.
    guard let blocker = store.movedAway[name], let earlier = self.cover(ofRename: blocker.id, store) else { return nil }
    if earlier.batch <= cover.batch { return cover }
    // A later file may name it again.
    for index in earlier.batch..<batches.count {
      if let line = line(in: index) { return Cover(batch: index, line: line) }
    }
    return nil
  }

  /// What covers a rename.
  mutating func cover(ofRename id: [UInt8], _ store: StoreFacts) -> Cover? {
    if let known = renameCovers[id] { return known }
    let cover = cover(ofRename: id, before: batches.count, store)
    renameCovers[id] = .some(cover)
    return cover
  }

  private mutating func cover(ofRename id: [UInt8], before end: Int, _ store: StoreFacts) -> Cover? {
    guard let (new, old) = store.renames[id] else { return nil }
    let owner = old.owner == new.owner ? store.liveOwner(of: new) : nil
    for index in 0..<end {
      let members = members(new, in: index, store)
      let both = members.first { member in
        // Within a user, should the new name be taken, the whole user is done.
        owner.map { isWhole($0, in: index) } == true
          ? batches[index].has(old, in: member.group) : renames(id, in: member.group, of: index, store)
      }
      if let both { return Cover(batch: index, line: both.line) }
      guard let owner, isWhole(owner, in: index) else { continue }
      if let line = batches[index].users.line(of: owner) ?? members.first?.line {
        return Cover(batch: index, line: line)
      }
    }
    return nil
  }

  /// Whether a group renames a mailbox: it has both names, and renames what has the new one on the replica, unless an
  /// earlier file does.
  private mutating func renames(_ id: [UInt8], in group: Int32, of batch: Int, _ store: StoreFacts) -> Bool {
    var path: [GroupRename] = []
    var current = id
    var answer = true
    while let (new, old) = store.renames[current] {
      let step = GroupRename(id: current, batch: batch, group: group)
      if let known = groupRenames[step] {
        answer = known
        break
      }
      guard batches[batch].has(new, in: group), batches[batch].has(old, in: group) else {
        answer = !path.isEmpty && cover(ofRename: current, before: batch, store) != nil
        break
      }
      path.append(step)
      // What closes on itself here is no matter of lines.
      groupRenames[step] = true
      guard let holder = store.movedAway[new] else { break }
      current = holder.id
    }
    for step in path { groupRenames[step] = answer }
    return answer
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
