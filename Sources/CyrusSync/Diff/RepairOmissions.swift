// Lines that are left out of a repair, and what cannot be done without them.
//
//   left out      what no line can say; what sync_client would die of
//   withheld      mailboxes that do not get their names: those left out, those that cannot be made or renamed, or did not
//                 hold still, and those on their way that sync_client would die of
//   needs these   what is to get the old name of such a one, or a name below the new one; the end of the old owner; and what
//                 is to give up the new name, as its line has that as well, and ends with it

import CyrusMailboxes

/// What is left out of a repair.
struct RepairOmissions {
  /// Why, by names.
  private(set) var reasons: [MailboxName: RepairLog.Omission.Reason] = [:]
  /// Mailboxes that do not get their names on the replica, or not surely.
  private(set) var withheldNames: Set<MailboxName> = []
  /// Users from or to whom they are not renamed: whole, these would be refused, or lose them on the replica.
  private(set) var narrowUsers: Set<[UInt8]> = []

  /// Renames, by the new names: what the replica calls the mailbox.
  private var renames: [MailboxName: MailboxName] = [:]
  /// What is left out with others: by what the replica calls those, by their owners there, and by their new names.
  private var names: Set<MailboxName> = []
  private var removals: [[UInt8]: [MailboxName]] = [:]
  private var children: [MailboxName: [MailboxName]] = [:]
  /// Mailboxes that are to give up a name.
  private var givers: [MailboxName: MailboxName] = [:]
  /// Those that are to get one.
  private var getters: Set<MailboxName> = []
  private var waiting: [MailboxName] = []

  init(_ report: StoreDiffReport) {
    for difference in report.differences {
      switch difference.detail {
      case .renamed(let replicaName, _):
        renames[difference.name] = replicaName
        getters.insert(difference.name)
      case .missing: getters.insert(difference.name)
      default: break
      }
    }
    let drift = report.differences.filter { $0.status == .drift }
    let refused = Self.refusedNames(report)
    for difference in drift {
      index(difference)
      if isUnwritable(difference, report.options.settings) {
        omit(difference.name, .unwritable)
      } else if difference.aborts(report.client) {
        omit(difference.name, .abortsClient)
      }
    }
    for difference in drift {
      guard case .renamed(let replicaName, _) = difference.detail, refused.contains(replicaName) else { continue }
      omit(difference.name, .namesRefused)
    }
    for difference in report.differences where getters.contains(difference.name) {
      if isStuck(difference, report) { withhold(difference.name) }
    }
    while let name = waiting.popLast() { follow(name) }
  }

  /// Names that the replica does not give to the master's mailboxes.
  private static func refusedNames(_ report: StoreDiffReport) -> Set<MailboxName> {
    var names: Set<MailboxName> = []
    for difference in report.differences where [.conflict, .pendingConflict].contains(difference.status) {
      switch difference.detail {
      case .missing, .renamed: names.insert(difference.name)
      default: break
      }
    }
    return names
  }

  private mutating func index(_ difference: StoreDifference) {
    let name = difference.name
    names.insert(name)
    if let line = difference.repair?.first, line.verb == .unuser { removals[line.first, default: []].append(name) }
    if case .renamed(let replicaName, _) = difference.detail { givers[replicaName] = name }
    guard getters.contains(name) else { return }
    for parent in name.parents where getters.contains(parent) { children[parent, default: []].append(name) }
  }

  private func isUnwritable(_ difference: StoreDifference, _ settings: NameSettings) -> Bool {
    if difference.repair?.contains(where: \.isUnwritable) == true { return true }
    // Another mailbox would be meant.
    return [difference.name, renames[difference.name] ?? difference.name].contains {
      settings.name(inLog: $0.internalName) != $0
    }
  }

  /// Whether a mailbox does not get its name, or not surely, though no line is left out.
  private func isStuck(_ difference: StoreDifference, _ report: StoreDiffReport) -> Bool {
    if difference.status == .pending { return difference.aborts(report.client) }
    switch difference.detail {
    case .missing, .renamed: break
    default: return false
    }
    switch difference.status {
    case .inFlux: return true
    case .conflict, .pendingConflict:
      // Where something else has the name, what is below it does no harm.
      return report.facts.movedAway[difference.name] == nil && !report.facts.heldNames.contains(difference.name)
    case .drift, .pending, .ignored: return false
    }
  }

  private mutating func omit(_ name: MailboxName, _ reason: RepairLog.Omission.Reason) {
    guard reasons[name] == nil else { return }
    reasons[name] = reason
    withhold(name)
  }

  private mutating func withhold(_ name: MailboxName) {
    if withheldNames.insert(name).inserted { waiting.append(name) }
  }

  private mutating func follow(_ name: MailboxName) {
    for child in children.removeValue(forKey: name) ?? [] { omit(child, .needsOmitted) }
    if let giver = givers[name] { omit(giver, .namesRefused) }
    guard let held = renames[name] else { return }
    if names.contains(held) { omit(held, .needsOmitted) }
    if name.owner != held.owner {
      for case .some(let owner) in [name.owner, held.owner] { narrowUsers.insert(owner) }
    }
    guard !held.isDeleted, let owner = held.owner else { return }
    for name in removals.removeValue(forKey: owner) ?? [] { omit(name, .needsOmitted) }
  }
}

extension StoreDifference {
  /// Whether a release of sync_client dies of the mailbox: it has no owner, and is newer on the replica.
  fileprivate func aborts(_ client: SyncClientVersion) -> Bool {
    guard client.abortsOnSharedMailboxes, user == nil else { return false }
    return detail.direction == .replicaAhead || detail.direction == .divergent
  }
}
