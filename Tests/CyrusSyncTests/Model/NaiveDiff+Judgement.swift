// How bad the differences of the model are, and what can be done about them.

extension NaiveDiff {
  func hasInbox(_ name: ModelName, _ store: ModelStore) -> Bool {
    name.inbox.flatMap { store.live[$0] }.map { !$0.isIntermediate } ?? false
  }

  func severity(_ difference: NaiveDifference) -> String {
    let isDeleted = difference.name.deletedAt != nil
    switch difference.kind {
    case "missing": return isDeleted ? "low" : "high"
    case "renamed": return isDeleted || difference.oldName?.deletedAt != nil ? "medium" : "high"
    case "identityConflict", "mbtype": return "high"
    case "extra":
      if isDeleted { return "info" }
      if difference.name.isInbox, !hasInbox(difference.name, master) { return "high" }
      return canRemove(difference) ? "medium" : "high"
    case "acl": return "medium"
    case "content": return difference.direction == "masterAhead" ? "medium" : "high"
    case "partition", "foldermodseq": return "low"
    default: return "info"
    }
  }

  func isRepairable(_ difference: NaiveDifference) -> Bool {
    let name = difference.name
    switch difference.kind {
    case "missing":
      if difference.isBlocked { guard canRename(from: name) else { return false } }
      guard canPlace(name) else { return false }
      if name.user == nil || name.isInbox || name.deletedAt != nil { return true }
      if hasInbox(name, replica) { return true }
      guard hasInbox(name, master) else { return false }
      let inbox = differences.first { $0.name == name.inbox && ["missing", "renamed"].contains($0.kind) }
      return inbox.map(isRepairable) ?? false
    case "renamed": return canRename(from: difference.source)
    case "identityConflict":
      guard options.hasStates, options.replicaForm.isPrefixed, generation >= 3, canPlace(name) else { return false }
      return replica.live[name]?.lastUID == 0
    case "extra": return name.deletedAt == nil && canRemove(difference)
    case "acl", "foldermodseq", "content", "partition": return canReach(difference)
    default: return false
    }
  }

  /// Whether a mailbox can be made where the master has it.
  private func canPlace(_ name: ModelName) -> Bool {
    guard let known = options.replicaPartitions, options.comparesPartitions, let mailbox = master.live[name] else {
      return true
    }
    return mailbox.isIntermediate || known.contains(mailbox.partition)
  }

  /// Whether the replica refuses whatever is sent for a mailbox: it has it as one of another type, or not the partition.
  private func isRefused(_ name: ModelName) -> Bool {
    let known = options.replicaPartitions ?? Set(replica.live.values.filter { !$0.isIntermediate }.map(\.partition))
    return differences.contains {
      $0.name == name && ($0.kind == "mbtype" || $0.kind == "partition" && !known.contains($0.master))
    }
  }

  /// Whether something has a name on the replica that no rename takes away from it.
  func isHeld(_ name: ModelName) -> Bool {
    replica.skipped[name] != nil || differences.contains { $0.kind == "extra" && $0.name == name }
  }

  private func canReach(_ difference: NaiveDifference) -> Bool {
    if isRefused(difference.name) { return false }
    guard let rename = differences.first(where: { $0.kind == "renamed" && $0.name == difference.name }) else {
      return true
    }
    return canRename(from: rename.source)
  }

  /// Whether all names on the way are free, or get free.
  private func canRename(from oldName: ModelName) -> Bool {
    let chain = chain(from: oldName)
    if chain.contains(where: { isHeld($0.name) || isRefused($0.name) }) { return false }
    let cycle = chain.filter(\.isCycle)
    if cycle.isEmpty { return true }
    guard generation == 4, options.masterForm.isPrefixed else { return false }
    return cycle.contains { rename in (master.ids[rename.id ?? ""]?.history ?? []).contains(where: replica.isFree) }
  }

  /// Whether the whole user can be wiped from the replica: nothing there is any more, or will be, the master's.
  private func isGone(_ name: ModelName) -> Bool {
    guard let owner = name.owner, !hasInbox(name, master) else { return false }
    for other in Array(master.live.keys) + master.skipped.keys
    where other.deletedAt == nil && other.owner == owner { return false }
    let isElsewhere =
      hasIDs
      && replica.live.values.contains {
        $0.name.owner == owner && $0.name.deletedAt == nil && master.skipped.values.contains($0.id)
      }
    if isElsewhere { return false }
    return !differences.contains {
      $0.kind == "renamed" && $0.source.owner == owner && $0.source.deletedAt == nil
        && !canRename(from: $0.source)
    }
  }

  func isKnownDeleted(_ id: String?) -> Bool {
    guard let id, options.masterForm.isPrefixed else { return false }
    return master.ids[id]?.isDeleted == true
  }

  private func canRemove(_ difference: NaiveDifference) -> Bool {
    if master.live.isEmpty { return false }
    if let id = difference.id, hasIDs, master.skipped.values.contains(id) { return false }
    if isGone(difference.name) { return true }
    if master.live[difference.name] != nil { return false }
    switch generation {
    case 1, 2: return true
    case 3:
      return difference.tombstone == "sameId" || difference.tombstone == "otherId" && options.allowsForeignDelete
    default: return difference.tombstone == "sameId" || isKnownDeleted(difference.id)
    }
  }

  /// Whose whole user must not be done, as something of it would be refused or lost.
  func isConflicted(_ owner: String) -> Bool {
    differences.contains { difference in
      let isConflict = ["conflict", "pendingConflict"].contains(difference.status)
      if let old = difference.oldName, old.owner != difference.name.owner {
        // From another user: not while it is still to come, or never will.
        let isLater = isConflict || difference.status == "pending" || generation == 1
        if isLater, [old.owner, difference.name.owner].contains(owner) { return true }
      }
      guard isConflict, difference.name.owner == owner else { return false }
      return difference.kind != "extra" || difference.tombstone != "none" || generation < 3
    }
  }

  func repair(_ difference: NaiveDifference) -> [String] {
    let name = difference.name
    func line(_ verb: String, _ first: String, _ second: String? = nil) -> String {
      ModelLine(verb: verb, first: first, second: second).text
    }
    let mailbox = line("MAILBOX", "\(name)")
    switch difference.kind {
    case "missing":
      guard name.deletedAt == nil, let inbox = name.inbox, let owner = name.owner, !isConflicted(owner),
        differences.contains(where: { $0.kind == "missing" && $0.name == inbox }), hasInbox(name, master)
      else { return [mailbox] }
      return [line("USER", owner)]
    case "renamed":
      if generation < 3 { return [line("MAILBOX", "\(difference.source)"), mailbox] }
      return [line("RENAME", "\(difference.source)", "\(name)")]
    case "extra":
      if generation == 1 { return [mailbox] }
      if isGone(name) { return [line("UNUSER", name.owner ?? "")] }
      return generation == 4 && difference.tombstone == "none" ? [mailbox] : [line("UNMAILBOX", "\(name)")]
    default: return [mailbox]
    }
  }
}
