// The mailboxes of a file, all of one committed state, in the order of their database names.
//
// What is listed are the records under names. Those under unique ids and JMAP ids are copies of them for lookups.
//
// Surprise: the files up to 3.4 are in other orders, in which the mailboxes below one do not follow it. From 3.6 on the
// order of the file is the one that is wanted, which is seen in one pass, and nothing is sorted.

public import CyrusDatabase

/// The mailboxes of a file, in the order of their database names: a mailbox is followed by all below it.
///
/// All were found, and proven to be of one committed state, before the first is given out.
///
/// ```swift
/// let list = try MailboxList(database, selecting: .user(Array("joe".utf8)), states: .live)
/// for index in 0..<list.count {
///   let entry = try list.entry(at: index)
///   if let partition = entry.partition { … }
/// }
/// ```
public struct MailboxList: ~Copyable, Sendable {
  /// How the keys of the file are built, and which releases wrote it.
  public let form: MailboxListForm
  /// What decides which names are deleted ones, and which domain means none.
  public let settings: NameSettings
  /// The records that were looked at, in the order of the file: those of the list, and few others. Has the damage.
  public let records: RecordList
  /// Whether all mailboxes had to be looked at to find those that were asked for.
  public let isScan: Bool

  /// Whether ``records`` are all records of the file, none of them damaged.
  package let hasAllRecords: Bool

  /// The records of the list, in its order, as places in `records`; nil for those of `range` as they are.
  private let order: [UInt32]?
  private let range: Range<Int>

  /// Finds mailboxes.
  ///
  /// - Parameters:
  ///   - database: A `mailboxes.db`.
  ///   - selection: Which mailboxes.
  ///   - states: In which states.
  ///   - settings: Only ``NameSettings/deletedPrefix`` and ``NameSettings/defaultDomain`` count.
  ///   - locking: As for ``/CyrusDatabase/Database/records(from:prefix:limit:locking:threads:)``.
  /// - Throws: As ``/CyrusDatabase/Database/snapshot(locking:)``. Damage among the mailboxes is no error: it is in
  ///   ``records``.
  /// - Complexity: O(log *n*) for some eighty searches, and O(mailboxes found), of which no value is decoded if `states`
  ///   has all. Selections that say so look at all. Memory: 4 bytes for each mailbox, 4 more if the order is not the file's.
  public init(
    _ database: Database, selecting selection: MailboxSelection = .all, states: MailboxStates = .all,
    settings: NameSettings = NameSettings(), locking: Locking = .auto
  ) throws(DatabaseError) {
    var plan = MailboxPlan()
    let records = try database.records(locking: locking) { snapshot throws(DatabaseError) in
      plan = try MailboxPlan(selection, settings, snapshot)
      return plan.records
    }
    let filter = MailboxFilter(selection, states, settings, plan)
    let kept = try filter.places(in: records)
    order = try CanonicalOrder(form: plan.form.keys, settings).sort(kept, of: records)
    form = plan.form
    isScan = plan.isScan
    hasAllRecords = false
    range = 0..<records.count
    self.settings = settings
    self.records = records
  }

  /// All mailboxes of a file with keys of the newer form, whose order is that of the names.
  ///
  /// - Parameter records: Those with the mark of names, proven.
  package init(ordered records: consuming RecordList, form: MailboxListForm, settings: NameSettings) {
    self.init(ordered: records, 0..<records.count, form: form, settings: settings, hasAllRecords: false)
  }

  private init(
    ordered records: consuming RecordList, _ range: Range<Int>, form: MailboxListForm, settings: NameSettings,
    hasAllRecords: Bool
  ) {
    order = nil
    isScan = false
    self.range = range
    self.hasAllRecords = hasAllRecords
    self.form = form
    self.settings = settings
    self.records = records
  }

  /// All mailboxes of a file, by going through all of its records: for who needs those as well, ``records`` has them.
  ///
  /// - Parameters:
  ///   - threads: As for ``/CyrusDatabase/Database/records(from:prefix:limit:locking:threads:)``.
  ///   - isMarked: Which of all records to mark, if there are several threads: in `records.marked`.
  /// - Returns: The same as ``init(_:selecting:states:settings:locking:)`` gives. Nil if there is damage, or if it takes
  ///   sorting: keys of the older form, those of both orders, or a default domain.
  /// - Throws: As there.
  /// - Complexity: O(records of the file). Memory: 4 bytes for each.
  package static func amongAllRecords(
    of database: Database, settings: NameSettings = NameSettings(), locking: Locking = .auto, threads: Int,
    marking isMarked: RecordMark? = nil
  ) throws(DatabaseError) -> MailboxList? {
    var plan = MailboxPlan()
    let records = try database.records(locking: locking, threads: threads, marking: isMarked) {
      snapshot throws(DatabaseError) in
      plan = try MailboxPlan(.all, settings, snapshot)
      return plan.form.keys == .prefixed ? [.range(from: [], prefix: [])] : []
    }
    guard CanonicalOrder(form: plan.form.keys, settings).areKeysNames, records.damageCount == 0,
      case .prefix(let mark)? = plan.records.first, let range = try records.places(ofPrefix: mark)
    else { return nil }
    return MailboxList(ordered: records, range, form: plan.form, settings: settings, hasAllRecords: true)
  }

  /// All mailboxes of a snapshot.
  ///
  /// - Throws: As any listing of the snapshot. Damage among the mailboxes is no error: it is in ``records``.
  /// - Complexity: As that of any list of all.
  package init(of snapshot: borrowing Snapshot, settings: NameSettings) throws(DatabaseError) {
    var plan = MailboxPlan()
    let records = try RecordList(ofAll: snapshot) { snapshot throws(DatabaseError) in
      plan = try MailboxPlan(.all, settings, snapshot)
      return plan.records
    }
    let kept = try MailboxFilter(.all, .all, settings, plan).places(in: records)
    order = try CanonicalOrder(form: plan.form.keys, settings).sort(kept, of: records)
    form = plan.form
    isScan = plan.isScan
    hasAllRecords = false
    range = 0..<records.count
    self.settings = settings
    self.records = records
  }

  /// How many mailboxes there are.
  public var count: Int { order?.count ?? range.count }

  /// Whether the mailboxes come as in the file, so that nothing had to be sorted or left out.
  public var isInFileOrder: Bool { order == nil }

  /// The record of a mailbox.
  ///
  /// - Parameter index: Below ``count``.
  /// - Returns: A view, valid as long as the list.
  /// - Throws: As ``/CyrusDatabase/RecordList/record(at:)``.
  /// - Complexity: O(1).
  @_lifetime(borrow self)
  public func record(at index: Int) throws(DatabaseError) -> RecordView {
    try records.record(at: place(of: index))
  }

  /// Where a mailbox's record is in ``records``.
  private func place(of index: Int) -> Int {
    if let order { return Int(order[index]) }
    precondition(0..<range.count ~= index)
    return range.lowerBound &+ index
  }

  /// A mailbox.
  ///
  /// - Parameter index: Below ``count``.
  /// - Returns: A view, valid as long as the list.
  /// - Throws: As ``/CyrusDatabase/RecordList/record(at:)``.
  /// - Complexity: O(size of the record).
  @inlinable
  @inline(__always)
  @_lifetime(borrow self)
  public func entry(at index: Int) throws(DatabaseError) -> MailboxEntryView {
    // Inlined, so that it is decoded where it is wanted: what comes out of a call that can fail is copied.
    let record = try record(at: index)
    return MailboxEntryView(key: record.key, value: record.value, form: form.keys)
  }

  /// Where a mailbox is in the list; nil if it is not there.
  ///
  /// - Throws: As ``/CyrusDatabase/RecordList/record(at:)``.
  /// - Complexity: O(log ``count``).
  public func index(of name: MailboxName) throws(DatabaseError) -> Int? {
    if order == nil, records.provenOrder == .raw, CanonicalOrder(form: form.keys, settings).areKeysNames {
      return try index(ofKey: [UInt8(ascii: "N")] + name.databaseName)
    }
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let record = try record(at: middle)
      let found = MailboxNameView(ofKey: record.key, form: form.keys, settings)
      let comparison = found.compare(with: name.view)
      if comparison == 0 { return middle }
      if comparison < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// The same by the bytes of keys, which ascend.
  private func index(ofKey key: [UInt8]) throws(DatabaseError) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let comparison = try record(at: middle).key.compare(with: key.rawSpan)
      if comparison == 0 { return middle }
      if comparison < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}

extension MailboxEntryView {
  /// The name in the key of a mailbox's record, taken apart; nil for a record under something else.
  @_lifetime(copy self)
  public func nameInKey(_ settings: NameSettings = NameSettings()) -> MailboxNameView? {
    guard case .name(let range) = key.kind else { return nil }
    return MailboxNameView(
      inlining: keyBytes.extracting(range), form: key.form.nameForm, deletedPrefix: settings.deletedPrefix,
      defaultDomain: settings.defaultDomain)
  }

  /// In which of the states the mailbox is, if the record is one under a name.
  public func mailboxState(_ settings: NameSettings = NameSettings()) -> MailboxStates {
    if !isTypeReadable { return .unreadable }
    if flags.contains(.deleted) { return .tombstones }
    return nameInKey(settings)?.isDeleted == true ? .deletedDelayed : .live
  }

  /// In which of the states the mailbox is, whose name in the key was taken apart already.
  ///
  /// - Parameter name: What ``nameInKey(_:)`` gives.
  /// - Complexity: O(1).
  public func mailboxState(named name: borrowing MailboxNameView) -> MailboxStates {
    if !isTypeReadable { return .unreadable }
    if flags.contains(.deleted) { return .tombstones }
    return name.isDeleted ? .deletedDelayed : .live
  }
}

extension MailboxNameView {
  /// The name in a key that is known to be one of a mailbox.
  @_lifetime(copy key)
  init(ofKey key: RawSpan, form: MailboxKey.Form, _ settings: NameSettings) {
    let start = form == .prefixed ? 1 : 0
    self.init(
      key.slice(at: start, count: key.byteCount - start), form: form.nameForm, deletedPrefix: settings.deletedPrefix,
      defaultDomain: settings.defaultDomain)
  }

  /// Whether the database name starts with these bytes.
  func starts(with prefix: [UInt8]) -> Bool {
    guard canonicalByteCount >= prefix.count else { return false }
    for (index, byte) in prefix.enumerated() where databaseByte(at: index) != byte { return false }
    return true
  }
}

/// Which of the records that were found belong to a list.
private struct MailboxFilter {
  private let selection: MailboxSelection
  private let states: MailboxStates
  private let settings: NameSettings
  private let keys: MailboxKey.Form
  private let isScan: Bool
  /// Whether all records that were looked for belong to it.
  private let keepsAll: Bool
  /// The user, owner or start of a name that is selected, without the default domain, which names leave out.
  private let bare: [UInt8]?

  init(_ selection: MailboxSelection, _ states: MailboxStates, _ settings: NameSettings, _ plan: MailboxPlan) {
    bare =
      switch selection {
      case .user(let user): settings.withoutDefaultDomain(user)
      case .jmapID(_, let owner): owner.map(settings.withoutDefaultDomain)
      case .prefix(let prefix): settings.withoutDefaultDomain(inFrontOf: prefix)
      case .all, .domain, .name, .uniqueID: nil
      }
    // In the newer form all keys with the mark are those of names.
    if case .all = selection { keepsAll = states == .all && plan.form.keys == .prefixed } else { keepsAll = false }
    self.selection = selection
    self.states = states
    self.settings = settings
    keys = plan.form.keys
    isScan = plan.isScan
  }

  /// The places of those that belong to it; nil for all.
  func places(in records: borrowing RecordList) throws(DatabaseError) -> [UInt32]? {
    if keepsAll { return nil }
    var places: [UInt32]?
    for index in 0..<records.count {
      let record = try records.record(at: index)
      let isKept = keeps(record)
      if places == nil, !isKept { places = (0..<index).map { UInt32(truncatingIfNeeded: $0) } }
      if isKept { places?.append(UInt32(truncatingIfNeeded: index)) }
    }
    return places
  }

  private func keeps(_ record: borrowing RecordView) -> Bool {
    let key = MailboxKey(record.key, value: record.value, form: keys)
    guard case .name = key.kind, key.form == keys else { return false }
    if keys == .plain, MailboxKey.canBeForeign(record.key) {
      let entry = MailboxEntryView(key: record.key, value: record.value, form: keys)
      if entry.isForeign { return false }
    }
    if case .all = selection, states == .all, !isScan { return true }
    let name = MailboxNameView(ofKey: record.key, form: keys, settings)
    switch selection {
    case .user(let user):
      if name.belongs(to: user.rawSpan) { break }
      guard let bare, name.belongs(to: bare.rawSpan) else { return false }
    case .domain where isScan:
      if let domain = name.domain, domain.byteCount > 0 { return false }
    case .domain(let domain):
      guard let found = name.domain, found.holdsSameBytes(as: domain.rawSpan) else { return false }
    case .prefix(let prefix):
      if !name.starts(with: prefix) {
        guard let bare, name.domain == nil, name.starts(with: bare) else { return false }
      }
    case .name(let wanted):
      // A `^` in an old key is a dot.
      if name.compare(with: wanted.view) != 0 { return false }
    case .jmapID:
      if let bare {
        if !name.belongs(to: bare.rawSpan) { return false }
      } else if name.isOwned {
        return false
      }
    case .all, .uniqueID: break
    }
    let entry: MailboxEntryView
    // What leads from an id to a name can be stale.
    switch selection {
    case .uniqueID(let id):
      entry = MailboxEntryView(key: record.key, value: record.value, form: keys)
      guard let found = entry.uniqueID, found.equals(MailboxText(id.rawSpan)) else { return false }
    case .jmapID(let id, _):
      entry = MailboxEntryView(key: record.key, value: record.value, form: keys)
      guard let found = entry.jmapID, found.equals(MailboxText(id.rawSpan)) else { return false }
    default:
      if states == .all, !isScan { return true }
      entry = MailboxEntryView(key: record.key, value: record.value, form: keys)
    }
    return states.contains(entry.mailboxState(settings))
  }
}

/// The order of database names.
private struct CanonicalOrder {
  private let keys: MailboxKey.Form
  private let settings: NameSettings

  init(form keys: MailboxKey.Form, _ settings: NameSettings) {
    self.keys = keys
    self.settings = settings
  }

  /// Whether the keys, compared byte by byte, are in the order of the names.
  var areKeysNames: Bool { keys == .prefixed && settings.defaultDomain.isEmpty }

  /// Places in this order; nil if these were all, and are in order as they are.
  ///
  /// - Complexity: O(count) if they are in order; else O(count · log count), less the fewer runs they have.
  func sort(_ places: [UInt32]?, of records: borrowing RecordList) throws(DatabaseError) -> [UInt32]? {
    let count = places?.count ?? records.count
    func place(_ index: Int) -> Int { places.map { Int($0[index]) } ?? index }
    // The bytes of these keys are the names', and the walk has seen them ascend.
    if areKeysNames, records.provenOrder == .raw { return places }
    var isSorted = true
    var index = 1
    while isSorted, index < count {
      isSorted = try compare(place(index - 1), place(index), in: records) <= 0
      index += 1
    }
    if isSorted { return places }
    var sorted = places ?? (0..<count).map { UInt32(truncatingIfNeeded: $0) }
    var failure: DatabaseError?
    sorted.sort { left, right in
      do throws(DatabaseError) { return try compare(Int(left), Int(right), in: records) < 0 } catch {
        failure = error
        return false
      }
    }
    if let failure { throw failure }
    return sorted
  }

  private func compare(_ left: Int, _ right: Int, in records: borrowing RecordList) throws(DatabaseError) -> Int {
    let left = try records.record(at: left)
    let right = try records.record(at: right)
    if areKeysNames { return left.key.compare(with: right.key) }
    return MailboxNameView(ofKey: left.key, form: keys, settings)
      .compare(with: MailboxNameView(ofKey: right.key, form: keys, settings))
  }
}
