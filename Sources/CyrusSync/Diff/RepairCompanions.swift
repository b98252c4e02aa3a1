// Renames that are on their way, and that a repair needs done before: they go along with it.
//
//   a mailbox gets a name below that of the renamed    the replica makes what is not there of its own accord, under an id of
//                                                      its own; the rename is then refused for ever
//   a mailbox gets the name that the renamed has there it is not free yet
//   a user goes whose mailbox was renamed              it would go with the user
//
// What such a rename needs goes along, too.

import CyrusMailboxes

/// Finds the renames that go along.
struct RepairCompanions {
  private let store: StoreFacts
  /// Renames that are on their way, by their new names, and their new names by the owners of the old ones.
  private var renames: [MailboxName: StoreDifference] = [:]
  private var departures: [[UInt8]: [MailboxName]] = [:]
  private var taken: Set<MailboxName> = []
  private var waiting: [MailboxName] = []

  init(_ report: StoreDiffReport, _ omitted: RepairOmissions) {
    store = report.facts
    for difference in report.differences where difference.status == .pending {
      guard case .renamed(let replicaName, _) = difference.detail, !omitted.withheldNames.contains(difference.name)
      else { continue }
      renames[difference.name] = difference
      guard let owner = replicaName.owner, !replicaName.isDeleted else { continue }
      departures[owner, default: []].append(difference.name)
    }
  }

  /// Takes account of a difference that is repaired, and of its lines.
  mutating func note(_ difference: StoreDifference, _ lines: [SyncAction]) {
    if renames.isEmpty { return }
    switch difference.detail {
    case .missing, .renamed: need(difference.name)
    default: break
    }
    for line in lines where line.verb == .unuser {
      for name in departures.removeValue(forKey: line.first) ?? [] { want(name) }
    }
  }

  /// What goes along.
  mutating func take() -> [StoreDifference] {
    var found: [StoreDifference] = []
    while let name = waiting.popLast() {
      guard let rename = renames[name] else { continue }
      found.append(rename)
      need(name)
    }
    return found
  }

  /// Wants what has to be done before a mailbox gets a name.
  private mutating func need(_ name: MailboxName) {
    if let holder = store.movedAway[name] { want(holder.name) }
    for parent in name.parents where renames[parent] != nil { want(parent) }
  }

  private mutating func want(_ name: MailboxName) {
    if taken.insert(name).inserted { waiting.append(name) }
  }
}

extension MailboxName {
  /// The names above it, the longest first; none of one in `DELETED`, which are not made, or of one that is longer than any
  /// of Cyrus's: they could take the square of its length.
  var parents: [MailboxName] {
    if isDeleted || databaseName.count > 1024 { return [] }
    var parents: [MailboxName] = []
    var bytes = databaseName[...]
    while let separator = bytes.lastIndex(of: 0x1F) {
      bytes = bytes[..<separator]
      parents.append(MailboxName(databaseName: Array(bytes).rawSpan))
    }
    return parents
  }
}
