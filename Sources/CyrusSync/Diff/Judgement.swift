// How bad a difference is, whether a repair settles it, and by which line.
//
// Surprise: what a repair can do hangs on the release of sync_client. From 3.3 on it deletes nothing on the replica
// unless the master has a tombstone, so that a stray mailbox stays for ever.

import CyrusMailboxes

/// Judges differences by the rules of a release.
struct Judgement {
  let options: StoreDiff
  let client: SyncClientVersion
  let facts: StoreFacts
  private var renameRepairs: [MailboxName: Bool] = [:]
  /// Users who can be removed from the replica as a whole, as nothing there is the master's, or will be.
  private var removableUsers: Set<[UInt8]> = []

  init(_ options: StoreDiff, _ client: SyncClientVersion, _ facts: StoreFacts) {
    self.options = options
    self.client = client
    self.facts = facts
    removableUsers = facts.goneUsers
    for (replicaName, _) in facts.movedAway {
      guard let owner = replicaName.owner, !replicaName.isDeleted, removableUsers.contains(owner) else { continue }
      if !canRename(from: replicaName) { removableUsers.remove(owner) }
    }
  }

  // MARK: - Severity

  func severity(_ difference: RawDifference) -> StoreDifference.Severity {
    let isDeleted = difference.name.isDeleted
    switch difference.detail {
    case .missing: return isDeleted ? .low : .high
    case .renamed(let replicaName, _): return isDeleted || replicaName.isDeleted ? .medium : .high
    case .identityConflict, .type, .unreadable, .duplicateUniqueID: return .high
    case .extra(let tombstone):
      if isDeleted { return .info }
      let hasOwnerOnMaster = facts.liveOwner(of: difference.name) != nil
      if difference.name.isINBOX, !hasOwnerOnMaster { return .high }
      return canRemove(difference, tombstone) ? .medium : .high
    case .acl, .other: return .medium
    case .partition, .folderModseq: return .low
    case .uidValidityEntry, .createdModseqEntry: return .info
    case .content(_, let direction): return direction == .masterAhead ? .medium : .high
    }
  }

  // MARK: - Repairs

  /// Whether a repair settles it.
  mutating func isRepairable(_ difference: RawDifference) -> Bool {
    switch difference.detail {
    case .missing(let blocker): canPlace(difference) && canCreate(difference.name, isBlocked: blocker != nil)
    case .renamed(let replicaName, _): canRename(from: replicaName)
    case .identityConflict:
      // Only the replica's index says whether its mailbox ever held a message.
      difference.replicaIsEmpty && canPlace(difference) && facts.replicaReplacesEmpty && client.groupsByOwner
    case .extra(let tombstone): !difference.name.isDeleted && canRemove(difference, tombstone)
    case .acl, .folderModseq, .content: canReach(difference)
    case .partition: canReach(difference)
    case .type, .uidValidityEntry, .createdModseqEntry, .unreadable, .duplicateUniqueID, .other: false
    }
  }

  /// Whether the replica has the partition on which it has to make a mailbox. What its mailboxes lie on does not tell
  /// what else it has, so that this counts only if the caller knows.
  private func canPlace(_ difference: RawDifference) -> Bool {
    guard options.comparesPartitions, let partitions = options.replicaPartitions else { return true }
    return difference.newPartition.map(partitions.contains) ?? true
  }

  private mutating func canCreate(_ name: MailboxName, isBlocked: Bool) -> Bool {
    if isBlocked, facts.movedAway[name] == nil || !canRename(from: name) { return false }
    guard name.owner != nil, !name.isINBOX, !name.isDeleted else { return true }
    if facts.hasInboxOnReplica(name) { return true }
    // The INBOX comes first, if it can.
    guard let owner = facts.liveOwner(of: name), let inbox = facts.inboxDifferences[owner] else { return false }
    return isRepairable(inbox)
  }

  /// Whether a mailbox that the replica calls so can get the master's name.
  private mutating func canRename(from replicaName: MailboxName) -> Bool {
    var path: [MailboxName] = []
    var onPath: Set<MailboxName> = []
    var current = replicaName
    var answer = true
    while true {
      if let known = renameRepairs[current] {
        answer = known
        break
      }
      path.append(current)
      onPath.insert(current)
      guard let target = facts.movedAway[current]?.name else { break }
      if facts.heldNames.contains(target) || facts.refusedNames.contains(target) {
        answer = false
        break
      }
      // Held by one that has to be renamed itself.
      guard facts.movedAway[target] != nil else { break }
      if onPath.contains(target) {
        answer = path.contains(where: facts.breakableNames.contains)
        break
      }
      current = target
    }
    for name in path { renameRepairs[name] = answer }
    return answer
  }

  /// Whether a mailbox that only the replica has can be removed.
  private func canRemove(_ difference: RawDifference, _ tombstone: StoreDifference.Tombstone) -> Bool {
    // What a damaged list lacks may be there.
    guard facts.masterIsWhole, !difference.isSkippedOnMaster else { return false }
    if canRemoveUser(of: difference.name) { return true }
    // While the master has another mailbox of that name, nothing removes this one but what is meant for that.
    if facts.replacedNames.contains(difference.name) { return false }
    if !client.needsTombstones { return true }
    if client.deletesByUniqueID {
      return difference.id.map(facts.deletedIDs.contains) == true || tombstone == .sameID
    }
    switch tombstone {
    case .sameID: return true
    case .otherID: return options.allowsForeignDelete
    case .none: return false
    }
  }

  /// Whether all of a mailbox's owner can be removed from the replica.
  private func canRemoveUser(of name: MailboxName) -> Bool { name.owner.map(removableUsers.contains) ?? false }

  /// Whether the replica takes what is sent for a mailbox that it has: its rename, if there is one, comes first.
  private mutating func canReach(_ difference: RawDifference) -> Bool {
    if facts.refusedNames.contains(difference.name) { return false }
    guard let id = difference.id, let rename = facts.renames[id] else { return true }
    return canRename(from: rename.replicaName)
  }

  /// The lines that settle a difference which can be repaired.
  ///
  /// - Parameter users: Who cannot be done as a whole.
  func repair(of difference: RawDifference, _ users: NarrowUsers) -> [SyncAction] {
    let name = difference.name
    let mailbox = SyncAction(.mailbox, name.internalName)
    switch difference.detail {
    case .missing:
      guard !name.isDeleted, let owner = facts.liveOwner(of: name), facts.missingOwners.contains(owner),
        !users.conflicted.contains(owner)
      else { return [mailbox] }
      return [SyncAction(.user, owner)]
    case .renamed(let replicaName, _):
      guard client.groupsByOwner else { return [SyncAction(.mailbox, replicaName.internalName), mailbox] }
      return [SyncAction(.rename, replicaName.internalName, name.internalName)]
    case .extra(let tombstone):
      if !client.knowsRemovals { return [mailbox] }
      if let owner = name.owner, canRemoveUser(of: name) { return [SyncAction(.unuser, owner)] }
      // A removal by name needs a tombstone; a mailbox that is known to be deleted goes when it is named.
      if client.deletesByUniqueID, tombstone == .none { return [mailbox] }
      return [SyncAction(.unmailbox, name.internalName)]
    default: return [mailbox]
    }
  }
}
