// The lines of a sync log that make good what no line is on its way for.
//
//   a line for each difference ─ those of one user, if there are many, become USER ─ needless ones go ─ sorted
//
//   order   RENAME MAILBOX UNMAILBOX QUOTA ANNOTATION SEEN SUB META USER UNUSER, then by names
//
// Surprise: not every user can be done as a whole, see ``NarrowUsers``.
//
// Surprise: renames that are on their way go along if a line needs them, see ``RepairCompanions``: the log may be read before
// the pending one is.

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
      /// A mailbox has to be renamed before, whose line was left out, or that does not hold still.
      case needsOmitted
      /// The line would name a mailbox of the master that the replica refuses, too, with all that is done for its owner.
      case namesRefused
    }
  }

  /// Collects the lines for the drift of a report.
  public init(_ report: StoreDiffReport) {
    let options = report.options
    var groups: [[UInt8]: Group] = [:]
    let omitted = RepairOmissions(report)
    let narrow = report.narrowUsers.all.union(omitted.narrowUsers)
    func add(_ lines: [SyncAction], for difference: StoreDifference) {
      let owner = difference.user ?? []
      let isNarrow = narrow.contains(owner)
      groups[owner, default: Group(owner: isNarrow ? nil : report.facts.liveOwner(of: difference.name))].lines
        .formUnion(lines)
    }
    var companions = RepairCompanions(report, omitted)
    for difference in report.differences where difference.status == .drift {
      guard let repair = difference.repair, omitted.reasons[difference.name] == nil else { continue }
      let mailbox = SyncAction(.mailbox, difference.name.internalName)
      let isLone = difference.user.map(omitted.narrowUsers.contains) == true
      let lines = isLone ? repair.map { $0.verb == .user ? mailbox : $0 } : repair
      add(lines, for: difference)
      companions.note(difference, lines)
    }
    for difference in companions.take() { add(difference.repair ?? [], for: difference) }
    var lines: Set<SyncAction> = []
    for group in groups.values {
      lines.formUnion(group.reduced(to: options.promotionThreshold, always: options.isCacheInUse))
    }
    let order = RepairOrder(options.settings)
    actions = lines.map { ($0, order.key(of: $0)) }.sorted { RepairOrder.precedes($0.1, $1.1) }.map(\.0)
    omissions = omitted.reasons.map { Omission(name: $0.key, reason: $0.value) }.sorted { $0.name < $1.name }
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
