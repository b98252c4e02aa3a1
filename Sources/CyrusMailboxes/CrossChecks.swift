// What must hold between the records of a mailboxes.db, and whether it does.
//
//   N name ── unique id ──> I id ── name ──> N name       the same fields, but for M
//          ── JMAP id ────> J owner id ────> N name       the same name and id
//          ── ACL ────────> A identifier name             an entry for each who may look or read
//
// Before 3.6 there are no I and J; $RACL stands for A, and $RUNQ for the way from the id to the name.
//
// Records are found by hashes of their keys and ids, and read again on a hit: some twenty bytes of memory for each.
//
// Surprise: the administrators of a server get no reverse ACL entries, and only its configuration says who they are. An
// identifier that has no entry at all, but rights, is therefore told once, as a warning.
//
// Facts: Cyrus's imap/mboxlist.c of releases 3.0 to 3.13.7, and files of 3.6.1.

public import CyrusDatabase

/// Checks a whole `mailboxes.db`: its records against each other, and each alone.
///
/// ```swift
/// let list = try database.records()
/// let report = try MailboxListCheck().report(on: list)
/// ```
public struct MailboxListCheck: Sendable {
  /// How the keys of the file are built; nil to find it out with ``MailboxListForm``.
  public var form: MailboxKey.Form?
  /// The administrators of the server, who have no reverse ACL entries.
  public var admins: [String] = []
  /// The option `defaultdomain`. Empty for none.
  public var defaultDomain = ""
  /// The option `deletedprefix`.
  public var deletedPrefix = "DELETED"
  /// The time, in seconds since 1970, by which tombstones are old; nil for that of the newest record.
  public var now: Int64?
  /// What time it is where the check is made, in seconds since 1970; nil if nobody says so.
  ///
  /// A record that says it was written more than a day later does not count as the newest one: one wrong time would make
  /// all tombstones old. They are not held against this time itself, as the file may be an old copy.
  public var clock: Int64?

  /// How old a tombstone may get, in seconds: what Cyrus allows them up to 3.12.
  public static let tombstoneSecondsMax: Int64 = 7 * 24 * 3600

  /// How far behind a clock may be, in seconds.
  private static let clockSecondsMax: Int64 = 24 * 3600

  /// The latest time at which a record can have been written.
  var latest: Int64 {
    guard let clock else { return .max }
    let (latest, overflow) = clock.addingReportingOverflow(Self.clockSecondsMax)
    return overflow ? .max : latest
  }

  /// Checks with the defaults of Cyrus.
  ///
  /// - Parameter form: How the keys of the file are built; nil to find it out.
  public init(form: MailboxKey.Form? = nil) { self.form = form }

  /// Checks all records.
  ///
  /// - Parameters:
  ///   - list: All records of the file.
  ///   - progress: Called now and then with the number of records that are done.
  /// - Throws: ``/CyrusDatabase/DatabaseError/faulted(path:)`` if the file was cut meanwhile; `.changed` if
  ///   there was a commit before the form was found out: list the records again, or of a copy; `.system`.
  /// - Complexity: O(length of all records) expected; some 20 bytes of memory for each record.
  public func report(
    on list: borrowing RecordList, progress: ((UInt64) -> Void)? = nil
  ) throws(DatabaseError) -> MailboxListReport {
    let form = try form(of: list)
    var checks = CrossChecks(self, form, count: list.count)
    try checks.run(list, progress)
    try list.confirm()
    return MailboxListReport(
      form: form, keyOrder: checks.order.order, recordCount: UInt64(list.count), mailboxCount: checks.mailboxCount,
      tombstoneCount: UInt64(checks.tombstones.count), isComplete: list.damageCount == 0 && !list.isLimited,
      rules: checks.findings.rules, findings: checks.findings.sorted)
  }

  func form(of list: borrowing RecordList) throws(DatabaseError) -> MailboxKey.Form {
    if let form { return form }
    return try MailboxListForm(of: list.snapshot).keys
  }
}

/// The state of a run.
struct CrossChecks {
  let settings: MailboxListCheck
  let form: MailboxKey.Form
  var findings = MailboxListFindings()
  var order = OrderEvidence()
  var mailboxCount: UInt64 = 0
  /// The indices of tombstones.
  var tombstones: [UInt32] = []
  /// Records by their keys.
  var keys: RecordTable
  /// Mailboxes that are no tombstones, by their unique ids.
  var ids: RecordTable
  /// What a looked up key is put together in.
  var scratch: [UInt8] = []
  var newest = Int64.min
  /// The version of the reverse ACLs, 3 from 3.4 on; nil if there are none.
  var raclVersion: Int?
  var hasReverseIDs = false
  var missing = MissingEntries()
  /// A bit for each record: whether it is a reverse ACL entry that follows from an ACL.
  var derived: [UInt64]
  /// A bit for each record: whether it is a mailbox's of which it is not known who may see it.
  var unjudged: [UInt64]
  /// How many keys are not of the file's form, and where the first of them is.
  var foreignCount: UInt64 = 0
  var firstForeign: Range<UInt64>?

  init(_ settings: MailboxListCheck, _ form: MailboxKey.Form, count: Int) {
    self.settings = settings
    self.form = form
    keys = RecordTable(count: count)
    ids = RecordTable(count: 0)
    derived = [UInt64](repeating: 0, count: count / 64 + 1)
    unjudged = derived
  }

  mutating func run(_ list: borrowing RecordList, _ progress: ((UInt64) -> Void)? = nil) throws(DatabaseError) {
    for (damage, _) in list.damage {
      findings.add(
        CrossCheckRule.unreadable.rawValue, .damage, at: damage.offset..<damage.offset,
        "records may be missing: \(damage.description)")
    }
    try readKeys(list)
    for index in 0..<list.count {
      try check(list, index)
      if index & 0x3FFF == 0 { progress?(UInt64(index)) }
    }
    try tellMissing(list)
    try tellStale(list)
    try checkTombstones(list)
    tellOrder()
    if let first = firstForeign {
      // One alone may be an odd name.
      let severity: Finding.Severity = foreignCount > 1 ? .damage : .warning
      findings.add(
        CrossCheckRule.mixedKeys.rawValue, severity, at: first,
        "\(foreignCount) keys are not of the form of this file, and not seen by the server")
    }
  }

  /// Puts all keys into the table and looks at their order.
  private mutating func readKeys(_ list: borrowing RecordList) throws(DatabaseError) {
    var nameCount = 0
    for index in 0..<list.count {
      let record = try list.record(at: index)
      keys.insert(RecordTable.hash(record.key), index)
      if form == .plain || record.key.byte(at: 0) == UInt8(ascii: "N") { nameCount += 1 }
      if index > 0 {
        let previous = try list.record(at: index - 1)
        order.note(previous.key, record)
      }
    }
    ids = RecordTable(count: nameCount)
    if form == .prefixed {
      raclVersion = try find(list, "AS\u{1E}") == nil ? nil : 3
    } else {
      if let mark = try find(list, "$RACL") { raclVersion = Self.version(try list.record(at: mark).value) }
      hasReverseIDs = try find(list, "$RUNQ") != nil
    }
  }

  /// The version that a mark has; an empty one is 1.
  private static func version(_ value: RawSpan) -> Int {
    var version = value.byteCount == 0 ? 1 : 0
    for place in 0..<min(value.byteCount, 6) { version = version * 10 + (value.digit(at: place) ?? 0) }
    return version
  }

  private mutating func tellOrder() {
    guard let place = order.firstRawViolation else { return }
    switch (order.order, form) {
    case (.mbox, .plain):
      findings.add(
        CrossCheckRule.keyOrder.rawValue, .note, at: place,
        "keys are in the order of improved_mboxlist_sort, which the server must be set to")
    case (.mbox, .prefixed):
      findings.add(
        CrossCheckRule.keyOrder.rawValue, .damage, at: place,
        "keys are in the order of improved_mboxlist_sort, in which the server does not look for them")
    default:
      findings.add(CrossCheckRule.keyOrder.rawValue, .damage, at: place, "keys are in no order from here on")
    }
  }

  private mutating func checkTombstones(_ list: borrowing RecordList) throws(DatabaseError) {
    let now = settings.now ?? newest
    for index in tombstones {
      let record = try list.record(at: Int(index))
      let entry = MailboxEntryView(key: record.key, value: record.value, form: form)
      guard let mtime = entry.mtime else { continue }
      let (age, overflow) = now.subtractingReportingOverflow(mtime)
      guard !overflow, age > MailboxListCheck.tombstoneSecondsMax else { continue }
      findings.add(.staleTombstone, nil, record, "tombstone is \(age / 86400) days old")
    }
  }
}

// MARK: - Looking up

extension CrossChecks {
  /// The index of the record with this key.
  mutating func find(_ list: borrowing RecordList, _ key: String) throws(DatabaseError) -> Int? {
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: key.utf8)
    return try findScratch(list)
  }

  /// The index of the record whose key is in ``scratch``.
  func findScratch(_ list: borrowing RecordList) throws(DatabaseError) -> Int? {
    var probe = keys.probe(RecordTable.hash(scratch.rawSpan))
    while let index = keys.next(&probe) {
      if try list.record(at: index).key.holdsSameBytes(as: scratch.rawSpan) { return index }
    }
    return nil
  }

  /// The index of the record under this name.
  mutating func findName(_ list: borrowing RecordList, _ name: MailboxText) throws(DatabaseError) -> Int? {
    scratch.removeAll(keepingCapacity: true)
    if form == .prefixed { scratch.append(UInt8(ascii: "N")) }
    name.append(to: &scratch)
    return try findScratch(list)
  }

  /// Whether an identifier is an administrator, who gets no reverse ACL entries.
  func isAdmin(_ identifier: RawSpan) -> Bool {
    settings.admins.contains { identifier.byteCount == $0.utf8.count && identifier.starts(with: $0) }
  }

  static func isSet(_ index: Int, _ bits: [UInt64]) -> Bool { bits[index / 64] >> UInt64(index % 64) & 1 != 0 }

  static func set(_ index: Int, _ bits: inout [UInt64]) { bits[index / 64] |= 1 << UInt64(index % 64) }

  @_lifetime(copy name)
  func nameView(_ name: RawSpan) -> MailboxNameView {
    MailboxNameView(
      name, form: form == .plain ? .internal : .database, deletedPrefix: settings.deletedPrefix,
      defaultDomain: settings.defaultDomain)
  }
}

/// Which orders the keys of a file can be in.
struct OrderEvidence {
  private(set) var firstRawViolation: Range<UInt64>?
  private var isMbox = true

  /// The order; `.raw` if both fit, nil if none does.
  var order: KeyOrder? { firstRawViolation == nil ? .raw : isMbox ? .mbox : nil }

  /// Notes that a record comes right behind another.
  mutating func note(_ previous: RawSpan, _ record: borrowing RecordView) {
    if firstRawViolation == nil, KeyOrder.raw.compare(previous, record.key) >= 0 { firstRawViolation = record.bytes }
    if isMbox, KeyOrder.mbox.compare(previous, record.key) >= 0 { isMbox = false }
  }
}
