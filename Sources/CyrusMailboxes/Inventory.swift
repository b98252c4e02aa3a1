// What a mailboxes.db holds, counted: in all, and by user, domain, partition, server, kind or identifier.
//
// Every mailbox's record is exactly one of: unreadable, tombstone, intermediate, reserved, deleted but kept, live. So these
// add up to the mailboxes. Remote ones and those being moved are counted besides.
//
// A tombstone keeps its name and kind, but neither partition nor ACL, so it counts for a user and not for a partition.

public import CyrusDatabase
import Synchronization

/// What mailboxes are counted by.
public enum InventoryGrouping: String, Hashable, Sendable, CaseIterable {
  /// The owner, with the domain behind an `@`. None: a shared mailbox.
  case user
  /// The virtual domain. None: a mailbox without one.
  case domain
  /// The partition. None: a record without one, such as a tombstone or a remote mailbox.
  case partition
  /// The server of a remote mailbox, or of one that is being moved. None: a mailbox of this server.
  case server
  /// What the mailbox holds, in the words of ``MailboxKind/name``.
  case type
  /// Each identifier of the ACL: a mailbox counts once for each. None: a record without any.
  case aclIdentifier = "acl-identifier"
}

/// How many mailboxes there are, and of what sort.
public struct MailboxCounts: Hashable, Sendable {
  /// Mailboxes that are none of the following five.
  public fileprivate(set) var live: UInt64 = 0
  /// Placeholders for a missing parent.
  public fileprivate(set) var intermediate: UInt64 = 0
  /// Names that are reserved, the creation not ended.
  public fileprivate(set) var reserved: UInt64 = 0
  /// Deleted, and kept for a while under another name.
  public fileprivate(set) var deletedDelayed: UInt64 = 0
  /// Records that say that there is no mailbox any more.
  public fileprivate(set) var tombstones: UInt64 = 0
  /// Records that are so broken that they do not say which of these they are.
  public fileprivate(set) var unreadable: UInt64 = 0
  /// Of all these those that live on another server.
  public fileprivate(set) var remote: UInt64 = 0
  /// Of all these those that are being moved to another server.
  public fileprivate(set) var moving: UInt64 = 0
  /// When the oldest and the newest of the records were written, in seconds since 1970; nil if none says it.
  public fileprivate(set) var oldestMtime: Int64?, newestMtime: Int64?
  /// The highest modseqs; nil if no record has one.
  public fileprivate(set) var createdModseqMax: UInt64?, folderModseqMax: UInt64?
  /// The most components that a name has: behind the user, or in all of a shared mailbox. See ``MailboxNameView/depth``.
  public fileprivate(set) var depthMax = 0

  /// Nothing.
  public init() {}

  /// All records: the sum of the first six.
  public var mailboxes: UInt64 { live + intermediate + reserved + deletedDelayed + tombstones + unreadable }

  /// What both hold together.
  public func merging(_ other: MailboxCounts) -> MailboxCounts {
    var sum = self
    sum.live += other.live
    sum.intermediate += other.intermediate
    sum.reserved += other.reserved
    sum.deletedDelayed += other.deletedDelayed
    sum.tombstones += other.tombstones
    sum.unreadable += other.unreadable
    sum.remote += other.remote
    sum.moving += other.moving
    sum.oldestMtime = Self.choose(oldestMtime, other.oldestMtime, min)
    sum.newestMtime = Self.choose(newestMtime, other.newestMtime, max)
    sum.createdModseqMax = Self.choose(createdModseqMax, other.createdModseqMax, max)
    sum.folderModseqMax = Self.choose(folderModseqMax, other.folderModseqMax, max)
    sum.depthMax = max(depthMax, other.depthMax)
    return sum
  }

  private static func choose<Number>(_ left: Number?, _ right: Number?, _ better: (Number, Number) -> Number) -> Number?
  {
    guard let left, let right else { return left ?? right }
    return better(left, right)
  }

  /// Counts one record more.
  @inline(__always)
  fileprivate mutating func count(_ record: CountedRecord) {
    let flags = record.flags
    if !record.isTypeReadable {
      unreadable &+= 1
    } else if flags.contains(.deleted) {
      tombstones &+= 1
    } else if flags.contains(.intermediate) {
      intermediate &+= 1
    } else if flags.contains(.reserved) {
      reserved &+= 1
    } else if record.isDeleted {
      deletedDelayed &+= 1
    } else {
      live &+= 1
    }
    if flags.contains(.remote) { remote &+= 1 }
    if flags.contains(.moving) { moving &+= 1 }
    if let mtime = record.mtime {
      oldestMtime = min(oldestMtime ?? mtime, mtime)
      newestMtime = max(newestMtime ?? mtime, mtime)
    }
    if let modseq = record.createdModseq { createdModseqMax = max(createdModseqMax ?? modseq, modseq) }
    if let modseq = record.folderModseq { folderModseqMax = max(folderModseqMax ?? modseq, modseq) }
    depthMax = max(depthMax, record.depth)
  }
}

/// What is counted of a record.
private struct CountedRecord {
  let flags: MailboxFlags
  let isTypeReadable: Bool
  let isDeleted: Bool
  let depth: Int
  let mtime: Int64?
  let createdModseq: UInt64?
  let folderModseq: UInt64?

  @inline(__always)
  init(_ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) {
    flags = entry.flags
    isTypeReadable = entry.isTypeReadable
    isDeleted = name.isDeleted
    depth = name.depth
    mtime = entry.mtime
    createdModseq = entry.createdModseq
    folderModseq = entry.folderModseq
  }
}

/// What a `mailboxes.db` holds, counted in one pass. A value: keep it, send it, add it to that of another server.
///
/// ```swift
/// let inventory = try database.inventory(by: [.user])
/// for group in inventory.biggest(.user, count: 10) { print(group.counts.live) }
/// ```
public struct Inventory: Hashable, Sendable {
  /// What mailboxes with something in common come to.
  public struct Group: Hashable, Sendable {
    /// What they have in common, bytes that need not be UTF-8; nil for those that have none.
    public let name: [UInt8]?
    /// How many there are, and of what sort.
    public let counts: MailboxCounts
  }

  /// All mailboxes.
  public private(set) var totals = MailboxCounts()
  /// All records of the file, bookkeeping included.
  public private(set) var records: UInt64 = 0
  /// What is odd about records, but those under ids, how many times by code: those of ``DecodingIssue/code``, and
  /// ``MailboxListForm/mixedKeysRule`` once for a file.
  public private(set) var anomalies: [String: UInt64] = [:]
  /// At how many places damage took records away that are not counted.
  public private(set) var damageCount: UInt64 = 0
  /// What mailboxes were counted by.
  public var groupings: Set<InventoryGrouping> { Set(groups.keys) }

  private var groups: [InventoryGrouping: [[UInt8]?: MailboxCounts]] = [:]

  /// Nothing, counted by some groupings: what merging starts with.
  public init(by groupings: Set<InventoryGrouping> = []) {
    for grouping in groupings { groups[grouping] = [:] }
  }

  /// Counts what a file holds.
  ///
  /// Damaged records are passed over and counted. Records under ids say again what those under names say, so nothing but
  /// their keys is looked at: ``MailboxListCheck`` holds the ones against the others.
  ///
  /// Whether it is a list of mailboxes is not asked: of any other database what looks like names is counted. That records
  /// are missing without a trace shows in ``/CyrusDatabase/Snapshot/expectedCount``, held against ``records``.
  ///
  /// - Parameters:
  ///   - snapshot: A `mailboxes.db`.
  ///   - groupings: What to count by.
  ///   - settings: Only ``NameSettings/deletedPrefix`` and ``NameSettings/defaultDomain`` count.
  ///   - threads: How many may be used to count a file without damage whose keys are in plain order of bytes, the
  ///     caller's included; from 1 to 64. They are gone when the count is done, which has the same outcome by any number
  ///     of them.
  ///   - progress: Called now and then with the number of records that are done, in the caller's thread. Starts over if
  ///     several threads have met damage or keys in another order, as one counts then.
  /// - Throws: ``/CyrusDatabase/DatabaseError``: `.changed`, `.faulted`, as any listing.
  /// - Complexity: O(*n*), each record but those under ids decoded once. Memory: for each group its name and about 200 bytes,
  ///   up to three times that while there come to be more; by several threads for each of them in which the group is.
  public init(
    of snapshot: borrowing Snapshot, by groupings: Set<InventoryGrouping> = [],
    settings: NameSettings = NameSettings(), threads: Int = 1, progress: ((UInt64) -> Void)? = nil
  ) throws(DatabaseError) {
    precondition(1...64 ~= threads, "from 1 to 64 threads")
    let form = try MailboxListForm(of: snapshot)
    if threads > 1,
      let counted = try Inventory(countingPartsOf: snapshot, form, groupings, settings, threads, progress)
    {
      self = counted
    } else {
      self.init(by: groupings)
      var tables = groupings.map { GroupTable($0) }
      var cursor = snapshot.records()
      while true {
        do throws(DatabaseError) {
          try add(recordsOf: &cursor, form, settings, &tables) { progress?($0) }
          break
        } catch {
          guard case .damaged = error else { throw error }
          damageCount += 1
        }
      }
      for table in tables { groups[table.grouping] = table.groups }
    }
    // Not of each part of the file.
    if form.isMixed || anomalies[MailboxListForm.mixedKeysRule] != nil {
      anomalies[MailboxListForm.mixedKeysRule] = 1
    }
  }

  /// What several threads count; nil if there is damage.
  private init?(
    countingPartsOf snapshot: borrowing Snapshot, _ form: MailboxListForm, _ groupings: Set<InventoryGrouping>,
    _ settings: NameSettings, _ threads: Int, _ progress: ((UInt64) -> Void)?
  ) throws(DatabaseError) {
    let done = Atomic<UInt64>(0)
    let start = { (inventory: Inventory(by: groupings), tables: groupings.map { GroupTable($0) }) }
    // Records under ids come first, and take a third of the time.
    let found = try snapshot.bySoundParts(threads: threads, partsOfEach: 8, start: start) {
      (state, cursor, isCallers) throws(DatabaseError) in
      try state.inventory.add(recordsOf: &cursor, form, settings, &state.tables) { _ in
        let sum = done.add(Self.progressStep, ordering: .relaxed).newValue
        if isCallers { progress?(sum) }
      }
    }
    guard let states = found?.states else { return nil }
    self.init(by: groupings)
    for state in states {
      var counted = state.inventory
      for table in state.tables { counted.groups[table.grouping] = table.groups }
      self = merging(counted)
    }
  }

  /// How many records pass between two calls of `progress`.
  private static let progressStep: UInt64 = 1 << 14

  /// Counts records up to the end, or to damage.
  ///
  /// - Parameter tick: Called with the number of records that are done, each time that ``progressStep`` are more.
  private mutating func add(
    recordsOf cursor: inout RecordCursor, _ form: MailboxListForm, _ settings: NameSettings,
    _ tables: inout [GroupTable], _ tick: (UInt64) -> Void
  ) throws(DatabaseError) {
    while let record = try cursor.next() {
      records += 1
      if records % Self.progressStep == 0 { tick(records) }
      if MailboxFieldContext(usual: record.key, form.keys) == .uniqueID { continue }
      add(MailboxEntryView(key: record.key, value: record.value, form: form.keys), settings, &tables)
    }
  }

  private mutating func add(
    _ entry: borrowing MailboxEntryView, _ settings: NameSettings, _ tables: inout [GroupTable]
  ) {
    let isForeign = entry.isForeign
    // A new key among old ones was decoded as a name: what is odd about that means nothing.
    if entry.issueCount > 0, !isForeign || entry.form == .prefixed { note(entry.issues()) }
    guard !isForeign else {
      // What an upgrade left over is no mailbox of this server any more.
      anomalies[MailboxListForm.mixedKeysRule] = 1
      return
    }
    guard case .name(let range) = entry.key.kind else { return }
    let name = MailboxNameView(
      inlining: entry.keyBytes.extracting(range), form: entry.key.form.nameForm, deletedPrefix: settings.deletedPrefix,
      defaultDomain: settings.defaultDomain)
    if !name.isSurelySound { note(name.issues(at: 0, isInKey: true)) }
    let record = CountedRecord(entry, name)
    totals.count(record)
    for index in tables.indices { tables[index].add(record, entry, name) }
  }

  private mutating func note(_ issues: [DecodingIssue]) {
    for issue in issues { anomalies[issue.code, default: 0] += 1 }
  }

  /// The groups of a grouping, by their names; those without a name first. None if it was not counted by that.
  public func groups(by grouping: InventoryGrouping) -> [Group] {
    (groups[grouping] ?? [:]).map(Group.init).sorted { Self.isBefore($0.name, $1.name) }
  }

  /// How many groups there are of a grouping: as many as ``groups(by:)`` gives. O(1).
  public func groupCount(by grouping: InventoryGrouping) -> Int { groups[grouping]?.count ?? 0 }

  /// The groups with the most live mailboxes, the biggest first; of equal ones by their names.
  ///
  /// - Parameters:
  ///   - grouping: Which; none are given if it was not counted by that.
  ///   - count: How many at most, 0 or more.
  /// - Complexity: O(*g* log *g*) for *g* groups.
  public func biggest(_ grouping: InventoryGrouping, count: Int) -> [Group] {
    guard let groups = groups[grouping], count > 0 else { return [] }
    // All that have no fewer than the last of those wanted, so that mostly a few are moved about instead of all.
    let least = count < groups.count ? groups.values.map(\.live).sorted(by: >)[count - 1] : 0
    let sorted = groups.filter { $0.value.live >= least }.map(Group.init).sorted { left, right in
      if left.counts.live != right.counts.live { return left.counts.live > right.counts.live }
      return Self.isBefore(left.name, right.name)
    }
    return Array(sorted.prefix(count))
  }

  private static func isBefore(_ left: [UInt8]?, _ right: [UInt8]?) -> Bool {
    guard let left, let right else { return left == nil && right != nil }
    return left.lexicographicallyPrecedes(right)
  }

  /// What both hold together, by the groupings that both have.
  ///
  /// In whatever order several are merged, the outcome is the same.
  public func merging(_ other: Inventory) -> Inventory {
    var sum = Inventory()
    sum.totals = totals.merging(other.totals)
    sum.records = records + other.records
    sum.damageCount = damageCount + other.damageCount
    sum.anomalies = anomalies.merging(other.anomalies, uniquingKeysWith: +)
    for (grouping, own) in groups {
      guard let others = other.groups[grouping] else { continue }
      sum.groups[grouping] = own.merging(others) { $0.merging($1) }
    }
    return sum
  }
}

/// The groups of one grouping while records are counted.
private struct GroupTable {
  let grouping: InventoryGrouping
  /// The counts of all groups, each at its slot.
  private var counts: [MailboxCounts] = []
  private var slots: [[UInt8]?: Int] = [:]
  /// The group of the last record, and its slot; -1 before the first. Records come in the order of their keys, so
  /// the next one is mostly of the same.
  private var lastName: [UInt8]?
  private var lastSlot = -1
  /// Of a grouping by kind: which kind ``lastName`` is the name of.
  private var lastKind = MailboxKind.unknown

  init(_ grouping: InventoryGrouping) { self.grouping = grouping }

  /// The groups by their names.
  var groups: [[UInt8]?: MailboxCounts] { slots.mapValues { counts[$0] } }

  mutating func add(_ record: CountedRecord, _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) {
    switch grouping {
    case .user:
      guard lastSlot >= 0, let lastName, name.belongs(to: lastName.rawSpan) else {
        return add(record, to: name.copyOfOwner())
      }
      counts[lastSlot].count(record)
    case .domain:
      if let domain = name.domain { add(record, to: MailboxText(domain)) } else { add(record, to: nil as [UInt8]?) }
    case .partition:
      if let partition = entry.partition { add(record, to: partition) } else { add(record, to: nil as [UInt8]?) }
    case .server:
      if let server = entry.server { add(record, to: server) } else { add(record, to: nil as [UInt8]?) }
    case .type:
      guard lastSlot >= 0, entry.kind == lastKind else {
        lastKind = entry.kind
        return add(record, to: utf8(entry.kind.name))
      }
      counts[lastSlot].count(record)
    case .aclIdentifier: addIdentifiers(record, entry)
    }
  }

  private mutating func add(_ record: CountedRecord, to group: borrowing MailboxText) {
    if lastSlot >= 0, let lastName, group.equals(MailboxText(lastName.rawSpan)) {
      counts[lastSlot].count(record)
    } else {
      add(record, to: group.copy())
    }
  }

  private mutating func add(_ record: CountedRecord, to group: [UInt8]?) {
    if lastSlot < 0 || lastName != group {
      if let slot = slots[group] {
        lastSlot = slot
      } else {
        lastSlot = counts.count
        slots[group] = lastSlot
        counts.append(MailboxCounts())
      }
      lastName = group
    }
    counts[lastSlot].count(record)
  }

  private mutating func addIdentifiers(_ record: CountedRecord, _ entry: borrowing MailboxEntryView) {
    var identifiers: Set<[UInt8]> = []
    if let acl = entry.acl {
      var entries = acl.entries()
      while let entry = entries.next() { identifiers.insert(entry.identifier.copy()) }
    }
    if identifiers.isEmpty { return add(record, to: nil as [UInt8]?) }
    for identifier in identifiers { add(record, to: identifier) }
  }
}

extension Database {
  /// Counts what the file holds, again if a commit came between.
  ///
  /// - Parameters:
  ///   - groupings: What to count by.
  ///   - settings: Only ``NameSettings/deletedPrefix`` and ``NameSettings/defaultDomain`` count.
  ///   - locking: As for ``/CyrusDatabase/Database/read(locking:_:)``.
  ///   - threads: From 1 to 64, as for ``Inventory/init(of:by:settings:threads:progress:)``.
  ///   - progress: Called now and then with the number of records that are done; it starts over with the count.
  /// - Throws: As ``/CyrusDatabase/Database/snapshot(locking:)``.
  /// - Complexity: As ``Inventory/init(of:by:settings:threads:progress:)``.
  public func inventory(
    by groupings: Set<InventoryGrouping> = [], settings: NameSettings = NameSettings(), locking: Locking = .auto,
    threads: Int = 1, progress: ((UInt64) -> Void)? = nil
  ) throws -> Inventory {
    try read(locking: locking) { snapshot in
      try Inventory(of: snapshot, by: groupings, settings: settings, threads: threads, progress: progress)
    }
  }
}
