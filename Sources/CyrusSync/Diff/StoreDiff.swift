// The difference of two stores: what differs, what of it is on its way, what is not, and what would make it good.
//
//   lists ─ merge by name ─ join by id ─ judge ─ look for covering lines ─> report ─> repair log
//
// Surprise: half of what two lists differ in is of no account: times, former names, tombstones, records under ids.
//
// Facts: Docs/Formats/sync-diff.md.

public import CyrusDatabase
public import CyrusMailboxes

/// Compares two stores, one of which is to be a copy of the other.
///
/// ```swift
/// let master = try StoreSnapshot(Database(path: "/var/lib/imap1/mailboxes.db"))
/// let logs = try SyncLogReader(directory: "/var/lib/imap1/sync").capture().files.map(\.log)
/// let replica = try StoreSnapshot(Database(path: "/var/lib/imap2/mailboxes.db"))
/// let report = try StoreDiff().report(master: master, replica: replica, pending: logs)
/// for difference in report.differences where difference.status == .drift { … }
/// ```
///
/// Take the three in this order. Changes are committed first and logged then, and their lines are removed only after the
/// replica has them: what the replica lacks by then has its line in the log, or never had one.
public struct StoreDiff: Sendable {
  /// The release of sync_client on the master; nil for what its list suggests.
  public var client: SyncClientVersion?
  /// Whether a mailbox must lie on the same partition on both sides. Off for stores that are laid out differently.
  public var comparesPartitions = true
  /// The partitions that the replica has; nil for those that its mailboxes lie on.
  public var replicaPartitions: Set<[UInt8]>?
  /// Whether a mailbox may be removed from the replica if the master has a tombstone of that name, but of another one.
  public var allowsForeignDelete = false
  /// How many lines for one user make it a line for the whole user.
  public var promotionThreshold = 8
  /// Whether sync_client remembers in a cache what the replica has, by which it is fooled unless a line is for a user.
  public var isCacheInUse = false
  /// Which names are deleted ones, and which domain means none.
  public var settings = NameSettings()
  /// What both sides have of quotas, subscriptions and the like, as far as it is to be compared.
  public var otherStates: [OtherState] = []
  /// Tells what mailboxes hold; nil to compare the lists alone.
  public var states: MailboxStateSource?

  /// A comparison with the defaults of Cyrus.
  public init() {}

  /// Compares two stores.
  ///
  /// - Parameters:
  ///   - master: The side that changes are made on.
  ///   - replica: The side that they are carried over to.
  ///   - logs: What is pending on the channel that feeds the replica, in the order in which it will be read.
  /// - Throws: ``/CyrusDatabase/DatabaseError/faulted(path:)`` if a file was cut meanwhile; what looking up records of the
  ///   master can throw. Damage is no error, but the report says so.
  /// - Complexity: O(mailboxes of both) and O(length of the logs) expected. Memory: 4 bytes for each mailbox of the
  ///   master, and by the number of differences and lines.
  public func report(
    master: borrowing StoreSnapshot, replica: borrowing StoreSnapshot, pending logs: [SyncLog] = []
  ) throws(DatabaseError) -> StoreDiffReport {
    let comparison = FieldComparison(settings: settings, comparesPartitions: comparesPartitions, states: states)
    let merge = try StoreMerge(master.list, replica.list, comparison)
    return try report(master, replica, merge, comparison, logs)
  }

  /// Compares two stores in what snapshots have of them, both at the same time: in about half the time of listing them first.
  ///
  /// Records that the snapshots leave unproven, see ``/CyrusDatabase/Snapshot/isProven``, are proven before this returns. If
  /// a snapshot trusts a verification, no checksums are compared, see ``/CyrusDatabase/Snapshot/trusting(_:)``.
  ///
  /// - Parameters:
  ///   - master: The `mailboxes.db` of the side that changes are made on. Its snapshot was taken before the logs.
  ///   - replica: That of the side that they are carried over to. Its snapshot was taken after the logs.
  ///   - logs: What is pending on the channel that feeds the replica, in the order in which it will be read.
  ///   - threads: How many may be used, the caller's included; 1 or more. They are gone when the call returns. One is used
  ///     where mailboxes' ``states`` are compared, and for what is damaged.
  /// - Throws: ``/CyrusDatabase/DatabaseError``: `.changed` if a commit came before all was read, `.faulted` if a file was
  ///   cut; what looking up records of the master can throw. Damage is no error, but the report says so.
  /// - Complexity: O(mailboxes of both), each looked at once, and O(length of the logs) expected. Memory: 12 bytes for each
  ///   mailbox, up to three times that while the lists grow, and by the number of differences and lines.
  public func report(
    master: borrowing Snapshot, replica: borrowing Snapshot, pending logs: [SyncLog] = [], threads: Int = 1
  ) throws(DatabaseError) -> StoreDiffReport {
    precondition(threads > 0, "at least the caller's thread is needed")
    let comparison = FieldComparison(settings: settings, comparesPartitions: comparesPartitions, states: states)
    let forms = (try MailboxListForm(of: master), try MailboxListForm(of: replica))
    if comparison.hasRawOrder, forms.0.keys == .prefixed, forms.1.keys == .prefixed {
      let mark: [UInt8] = [UInt8(ascii: "N")]
      if threads > 1, states == nil,
        let parts = try StoreMergeParts(master, replica, prefix: mark, comparison, threads: threads)
      {
        let mine = RecordList(of: master, parts: parts.master)
        let theirs = RecordList(of: replica, parts: parts.replica)
        return try report(
          StoreSnapshot(MailboxList(ordered: mine, form: forms.0, settings: settings)),
          StoreSnapshot(MailboxList(ordered: theirs, form: forms.1, settings: settings)),
          parts.merge, comparison, logs)
      }
      var left = CollectingCursor(master, prefix: mark.rawSpan)
      var right = CollectingCursor(replica, prefix: mark.rawSpan)
      if let merge = try StoreMerge(walking: &left, &right, comparison) {
        let mine = StoreSnapshot(MailboxList(ordered: left.list(of: master), form: forms.0, settings: settings))
        let theirs = StoreSnapshot(MailboxList(ordered: right.list(of: replica), form: forms.1, settings: settings))
        return try report(mine, theirs, merge, comparison, logs)
      }
    }
    return try report(
      master: StoreSnapshot(of: master, settings: settings), replica: StoreSnapshot(of: replica, settings: settings),
      pending: logs)
  }

  private func report(
    _ master: borrowing StoreSnapshot, _ replica: borrowing StoreSnapshot, _ merge: StoreMerge,
    _ comparison: FieldComparison, _ logs: [SyncLog]
  ) throws(DatabaseError) -> StoreDiffReport {
    let client = client ?? SyncClientVersion(master: master.list.form)
    let join = try StoreJoin(merge, master.list, replica.list, comparison)
    let partitions = replicaPartitions ?? merge.replicaPartitions
    // One without any mailbox is more likely not the right file. One with keys of both forms shows only half.
    let masterIsWhole =
      master.isComplete && merge.isMasterReadable && merge.liveCount.master > 0
      && master.list.form.disagreementCount == 0
    let facts = try StoreFacts(
      join, master, replica, client, masterIsWhole: masterIsWhole, replicaPartitions: partitions)
    var batches = logs.map { PendingBatch($0, client: client, settings: settings) }
    if client.addsFormerNames, !join.differences.isEmpty {
      for index in batches.indices { try batches[index].addFormerNames(master) }
    }
    var (differences, narrowUsers, refused) = judge(join, facts, client, batches)
    differences += try otherDifferences(master, batches)
    differences.sort { left, right in
      if left.name != right.name { return left.name < right.name }
      return left.detail.className < right.detail.className
    }
    try master.list.records.confirm()
    try replica.list.records.confirm()
    return StoreDiffReport(
      options: self, client: client, replicaPartitions: partitions, differences: differences,
      pendingLineCount: logs.reduce(0) { $0 + $1.lines.count },
      isMasterComplete: master.isComplete, isReplicaComplete: replica.isComplete,
      mailboxCount: (merge.liveCount.master, merge.liveCount.replica),
      skippedCount: (merge.skippedCount.master, merge.skippedCount.replica),
      forms: (master.list.form, replica.list.form), facts: facts, narrowUsers: narrowUsers,
      refusedLine: refused)
  }

  private func judge(
    _ join: StoreJoin, _ facts: StoreFacts, _ client: SyncClientVersion, _ batches: [PendingBatch]
  ) -> ([StoreDifference], NarrowUsers, refused: StoreDifference.Explanation?) {
    var judgement = Judgement(self, client, facts)
    var coverage = Coverage(batches, client, facts)
    var narrowUsers = NarrowUsers()
    /// The first line that is refused.
    var refused: Cover?
    let judged = join.differences.map { raw in
      let severity = judgement.severity(raw)
      let isRepairable = judgement.isRepairable(raw)
      let cover = coverage.cover(of: raw, facts)
      let status: StoreDifference.Status
      switch (severity, cover, isRepairable) {
      case (.info, _, _): status = .ignored
      case (_, .some, true): status = .pending
      case (_, .some, false): status = .pendingConflict
      case (_, nil, true): status = .drift
      case (_, nil, false): status = .conflict
      }
      narrowUsers.note(raw, status, client)
      if status == .pendingConflict, raw.isRefused, let cover {
        refused = refused.map { min($0, cover) } ?? cover
      }
      return (severity, isRepairable, cover, status)
    }
    let differences = zip(join.differences, judged).map { raw, judged in
      let (severity, isRepairable, cover, status) = judged
      var difference = StoreDifference(
        detail: raw.detail, name: raw.name, uniqueID: raw.id, severity: severity, status: status,
        repair: isRepairable ? judgement.repair(of: raw, narrowUsers) : nil,
        explanation: status == .ignored ? nil : cover.map { coverage.explanation($0) })
      // Within a file the order of groups is that of a hash table.
      if status == .pending, let refused, let cover { difference.isHeldUp = cover.batch >= refused.batch }
      return difference
    }
    return (differences, narrowUsers, refused.map { coverage.explanation($0) })
  }
}

extension Coverage {
  func cover(of difference: RawDifference, _ facts: StoreFacts) -> Cover? {
    let name = difference.name
    switch difference.detail {
    case .missing(let blocker): return cover(ofMissing: name, isBlocked: blocker != nil, facts)
    case .extra(let tombstone): return cover(ofExtra: name, tombstone, id: difference.id, facts)
    case .unreadable, .duplicateUniqueID: return nil
    default:
      // Of a renamed mailbox whatever else differs is settled by its rename.
      guard let id = difference.id, facts.renames[id] != nil else { return cover(of: name, facts) }
      return cover(ofRename: id)
    }
  }
}

extension PendingBatch {
  /// A line in full, by its place.
  func explanation(_ place: Int32) -> StoreDifference.Explanation {
    let line = log.lines[Int(place)]
    return StoreDifference.Explanation(file: log.label, line: line.number, text: log.text(of: line))
  }

  /// Adds the former names of all mailboxes that are named, as sync_client does from 3.6 on.
  mutating func addFormerNames(_ master: borrowing StoreSnapshot) throws(DatabaseError) {
    var named: [[UInt8]: [Membership]] = [:]
    for (name, members) in mailboxes {
      guard let id = try master.uniqueID(of: name) else { continue }
      named[id, default: []] += members.all
    }
    var additions: [(member: Membership, names: [MailboxName])] = []
    for (id, names) in try master.formerNames(of: Set(named.keys)) {
      for member in named[id] ?? [] { additions.append((member, names)) }
    }
    // In the order of lines, so that always the same one explains.
    additions.sort { ($0.member.line, $0.member.group) < ($1.member.line, $1.member.group) }
    for (member, names) in additions {
      for name in names { insert(name, member.group, member.line) }
    }
  }
}
