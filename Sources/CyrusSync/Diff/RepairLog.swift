// The lines of a sync log that make good what no line is on its way for.
//
//   a line for each difference ─ those of one user, if there are many, become USER ─ needless ones go ─ sorted
//
//   order   RENAME MAILBOX UNMAILBOX QUOTA ANNOTATION SEEN SUB META USER UNUSER, then by names
//
// Surprise: not every user can be done as a whole, see ``NarrowUsers``.
//
// Surprise: where a mailbox gets a name below one that is not there, the replica makes that one of its own accord. So the
// rename that is to put it there goes along, even if it is on its way.

public import CyrusMailboxes

/// The lines that make good what differs and is not on its way.
public struct RepairLog: Sendable {
  /// The lines, in the order in which they are best read.
  public private(set) var actions: [SyncAction] = []
  /// Mailboxes whose lines were left out, in the order of names.
  public private(set) var omissions: [Omission] = []

  /// A mailbox whose line was left out.
  public struct Omission: Sendable, Hashable {
    /// The mailbox.
    public let name: MailboxName
    /// Why.
    public let reason: Reason

    /// Why a line was left out.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
      /// This release of sync_client dies of a mailbox without an owner that is newer on the replica.
      case abortsClient
      /// The name has a byte that no line can hold, or that means another mailbox in a line.
      case unwritable
      /// A mailbox has to be renamed before, whose line was left out.
      case needsOmitted
    }
  }

  /// Collects the lines for the drift of a report.
  public init(_ report: StoreDiffReport) {
    let options = report.options
    var groups: [[UInt8]: Group] = [:]
    let omitted = Self.omissions(report)
    let awaited = Self.awaitedRenames(report)
    for difference in report.differences where difference.status == .drift {
      guard let repair = difference.repair, omitted[difference.name] == nil else { continue }
      let owner = difference.user ?? []
      let ancestors = Self.ancestors(of: difference, awaited).flatMap { awaited[$0] ?? [] }
      let isNarrow = report.narrowUsers.all.contains(owner)
      groups[owner, default: Group(owner: isNarrow ? nil : report.facts.liveOwner(of: difference.name))].lines
        .formUnion(repair + ancestors)
    }
    var lines: Set<SyncAction> = []
    for group in groups.values {
      lines.formUnion(group.reduced(to: options.promotionThreshold, always: options.isCacheInUse))
    }
    let order = RepairOrder(options.settings)
    actions = lines.map { ($0, order.key(of: $0)) }.sorted { RepairOrder.precedes($0.1, $1.1) }.map(\.0)
    omissions = omitted.map { Omission(name: $0.key, reason: $0.value) }.sorted { $0.name < $1.name }
  }

  /// The lines of renames that are on their way, by the new names.
  private static func awaitedRenames(_ report: StoreDiffReport) -> [MailboxName: [SyncAction]] {
    var renames: [MailboxName: [SyncAction]] = [:]
    for difference in report.differences where difference.status == .pending {
      if case .renamed = difference.detail { renames[difference.name] = difference.repair }
    }
    return renames
  }

  /// Those of some names below which a mailbox gets its name on the replica.
  private static func ancestors(
    of difference: StoreDifference, _ names: [MailboxName: [SyncAction]]
  ) -> [MailboxName] {
    switch difference.detail {
    case .missing, .renamed: break
    default: return []
    }
    guard !names.isEmpty, !difference.name.isDeleted else { return [] }
    var ancestors: [MailboxName] = []
    var bytes = difference.name.databaseName[...]
    while let separator = bytes.lastIndex(of: 0x1F) {
      bytes = bytes[..<separator]
      let ancestor = MailboxName(databaseName: Array(bytes).rawSpan)
      if names[ancestor] != nil { ancestors.append(ancestor) }
    }
    return ancestors
  }

  private static func omissions(_ report: StoreDiffReport) -> [MailboxName: Omission.Reason] {
    let drift = report.differences.filter { $0.status == .drift }
    let settings = report.options.settings
    var omissions: [MailboxName: Omission.Reason] = [:]
    /// Omitted renames by what the replica calls the mailbox, whose followers were not yet looked at.
    var waiting: [MailboxName] = []
    var renames: [MailboxName: MailboxName] = [:]
    var removals: [[UInt8]: [MailboxName]] = [:]
    func omit(_ name: MailboxName, _ reason: Omission.Reason) {
      guard omissions[name] == nil else { return }
      omissions[name] = reason
      if let replicaName = renames[name] { waiting.append(replicaName) }
    }
    for difference in drift {
      if case .renamed(let replicaName, _) = difference.detail { renames[difference.name] = replicaName }
      if let line = difference.repair?.first, line.verb == .unuser {
        removals[line.first, default: []].append(difference.name)
      }
    }
    for difference in drift {
      let names = [difference.name, renames[difference.name] ?? difference.name]
      let isUnwritable =
        difference.repair?.contains(where: \.isUnwritable) == true
        // Another mailbox would be meant.
        || names.contains { settings.name(inLog: $0.internalName) != $0 }
      if isUnwritable {
        omit(difference.name, .unwritable)
      } else if report.client.abortsOnSharedMailboxes, difference.user == nil,
        difference.detail.direction == .replicaAhead || difference.detail.direction == .divergent
      {
        omit(difference.name, .abortsClient)
      }
    }
    let names = Set(drift.map(\.name))
    while let held = waiting.popLast() {
      if names.contains(held) { omit(held, .needsOmitted) }
      guard !held.isDeleted, let owner = held.owner else { continue }
      for name in removals.removeValue(forKey: owner) ?? [] { omit(name, .needsOmitted) }
    }
    return omissions
  }
}

/// The lines for one owner.
private struct Group {
  /// nil if a line for the whole user would do nothing, or too much.
  let owner: [UInt8]?
  var lines: Set<SyncAction> = []

  init(owner: [UInt8]?) { self.owner = owner }

  func reduced(to threshold: Int, always: Bool) -> Set<SyncAction> {
    let renamed = Set(lines.compactMap { $0.verb == .rename ? $0.second : nil })
    let narrow = lines.filter { $0.verb != .mailbox || !renamed.contains($0.first) }
    guard let owner else { return narrow }
    let whole = SyncAction(.user, owner)
    return always || narrow.contains(whole) || narrow.count > threshold ? [whole] : narrow
  }
}

/// The order of the lines.
private struct RepairOrder {
  private let settings: NameSettings

  init(_ settings: NameSettings) { self.settings = settings }

  struct Key {
    let section: Int
    let first: [UInt8]
    let second: [UInt8]
  }

  func key(of action: SyncAction) -> Key {
    let sections: [SyncLogVerb] = [
      .rename, .mailbox, .unmailbox, .quota, .annotation, .seen, .sub, .meta, .user, .unuser,
    ]
    let namesMailbox = [.rename, .mailbox, .unmailbox, .quota, .annotation].contains(action.verb)
    return Key(
      section: sections.firstIndex(of: action.verb) ?? sections.count,
      first: namesMailbox ? settings.name(inLog: action.first).databaseName : action.first,
      second: action.second.map { namesMailbox ? settings.name(inLog: $0).databaseName : $0 } ?? [])
  }

  static func precedes(_ left: Key, _ right: Key) -> Bool {
    if left.section != right.section { return left.section < right.section }
    if left.first != right.first { return left.first.lexicographicallyPrecedes(right.first) }
    return left.second.lexicographicallyPrecedes(right.second)
  }
}
