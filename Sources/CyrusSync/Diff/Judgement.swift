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

  init(_ options: StoreDiff, _ client: SyncClientVersion, _ facts: StoreFacts) {
    self.options = options
    self.client = client
    self.facts = facts
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
    case .acl: return .medium
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
    case .type, .uidValidityEntry, .createdModseqEntry, .unreadable, .duplicateUniqueID: false
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
    return facts.liveOwner(of: name) != nil || facts.hasInboxOnReplica(name)
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
      if facts.extraNames.contains(target) || facts.refusedNames.contains(target) {
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
    guard facts.masterIsWhole else { return false }
    if difference.name.owner != nil, facts.liveOwner(of: difference.name) == nil { return true }
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

  /// Whether the replica takes what is sent for a mailbox that it has: its rename, if there is one, comes first.
  private mutating func canReach(_ difference: RawDifference) -> Bool {
    if facts.refusedNames.contains(difference.name) { return false }
    guard let id = difference.id, let rename = facts.renames[id] else { return true }
    return canRename(from: rename.replicaName)
  }

  /// The lines that settle a difference which can be repaired.
  func repair(of difference: RawDifference) -> [SyncAction] {
    let name = difference.name
    let mailbox = SyncAction(.mailbox, name.internalName)
    switch difference.detail {
    case .missing:
      guard !name.isDeleted, let owner = name.owner, facts.missingOwners.contains(owner) else { return [mailbox] }
      return [SyncAction(.user, owner)]
    case .renamed(let replicaName, _):
      guard client.groupsByOwner else { return [SyncAction(.mailbox, replicaName.internalName), mailbox] }
      return [SyncAction(.rename, replicaName.internalName, name.internalName)]
    case .extra:
      if !client.knowsRemovals { return [mailbox] }
      if let owner = name.owner, facts.liveOwner(of: name) == nil { return [SyncAction(.unuser, owner)] }
      return [SyncAction(.unmailbox, name.internalName)]
    default: return [mailbox]
    }
  }
}
