// A side of a comparison: the mailboxes of a store, and the way to its other records.

public import CyrusDatabase
public import CyrusMailboxes

/// The mailboxes of a store at one moment, to be compared with those of another.
public struct StoreSnapshot: ~Copyable, Sendable {
  /// The `mailboxes.db`.
  public let database: Database
  /// All its mailboxes and tombstones.
  public let list: MailboxList
  /// How to look for other records; nil if what is asked for them is what the list was made of.
  private let locking: Locking?

  /// Lists the mailboxes of a store.
  ///
  /// - Parameters:
  ///   - database: Its `mailboxes.db`.
  ///   - settings: Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and
  ///     ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  ///   - locking: As for ``/CyrusDatabase/Database/records(from:prefix:limit:locking:threads:)``.
  /// - Throws: As ``/CyrusMailboxes/MailboxList/init(_:selecting:states:settings:locking:)``.
  /// - Complexity: O(records of mailboxes), and 4 bytes of memory for each; 8 if they have to be sorted.
  public init(
    _ database: Database, settings: NameSettings = NameSettings(), locking: Locking = .auto
  ) throws(DatabaseError) {
    self.database = database
    self.locking = locking
    list = try MailboxList(database, settings: settings, locking: locking)
  }

  /// Lists the mailboxes of a snapshot, of which it keeps the file as long as it is there itself.
  init(of snapshot: borrowing Snapshot, settings: NameSettings) throws(DatabaseError) {
    self.init(try MailboxList(of: snapshot, settings: settings))
  }

  /// A side whose mailboxes are listed already.
  init(_ list: consuming MailboxList) {
    database = Database(path: list.records.snapshot.path, engine: .twoskip)
    locking = nil
    self.list = list
  }

  /// Whether all records could be found, so that what is not listed is not there.
  public var isComplete: Bool { list.records.damageCount == 0 }

  /// Whether a mailbox's owner has an INBOX that is live.
  func hasLiveInbox(of name: MailboxName) throws(DatabaseError) -> Bool {
    guard let localpart = name.localpart,
      let inbox = MailboxName(
        domain: name.domain, localpart: localpart, deletedPrefix: list.settings.deletedPrefix,
        defaultDomain: list.settings.defaultDomain),
      let index = try list.index(of: inbox)
    else { return false }
    let entry = try list.entry(at: index)
    guard case .live = Presence(entry) else { return false }
    return !entry.flags.contains(.intermediate)
  }

  /// Whether nothing is left of a user but tombstones and what lies in `DELETED`.
  ///
  /// An `@` in a user may stand before a domain, or within a name on a server without domains; a line of a log does not
  /// say which, so neither may be there.
  func hasLost(_ user: [UInt8]) throws(DatabaseError) -> Bool {
    guard let first = user.first, first != UInt8(ascii: "@") else { return false }
    let settings = list.settings
    let inboxes = [
      MailboxName(inboxOf: user, defaultDomain: settings.defaultDomain),
      MailboxName(localpart: user, deletedPrefix: settings.deletedPrefix, defaultDomain: settings.defaultDomain),
    ]
    for case .some(let inbox) in inboxes {
      if try !isFree(inbox) { return false }
      let below = settings.name(inDatabase: inbox.databaseName + [0x1F])
      var index = try lowerBound(of: below)
      while index < list.count {
        let entry = try list.entry(at: index)
        guard let name = entry.nameInKey(settings), name.belongs(to: user.rawSpan) else { break }
        if Presence(entry) != .tombstone { return false }
        index += 1
      }
    }
    return true
  }

  /// Whether a name has nothing, or only a tombstone.
  func isFree(_ name: MailboxName) throws(DatabaseError) -> Bool {
    guard let index = try list.index(of: name) else { return true }
    return try Presence(list.entry(at: index)) == .tombstone
  }

  /// The place of the first name that is not before this one.
  private func lowerBound(of name: MailboxName) throws(DatabaseError) -> Int {
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      let entry = try list.entry(at: middle)
      if let found = entry.nameInKey(list.settings), found.compare(with: name.view) < 0 {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// The id of the mailbox or tombstone under a name.
  func uniqueID(of name: MailboxName) throws(DatabaseError) -> [UInt8]? {
    guard let index = try list.index(of: name) else { return nil }
    return try list.entry(at: index).uniqueID?.copy()
  }

  /// Those of some ids whose records say that the mailbox was deleted.
  func deletedIDs(of ids: Set<[UInt8]>) throws(DatabaseError) -> Set<[UInt8]> {
    var deleted: Set<[UInt8]> = []
    try forEachRecord(of: ids) { id, entry in
      if entry.flags.contains(.deleted) { deleted.insert(id) }
    }
    return deleted
  }

  /// The former names of some mailboxes, by their ids.
  func formerNames(of ids: Set<[UInt8]>) throws(DatabaseError) -> [[UInt8]: [MailboxName]] {
    var names: [[UInt8]: [MailboxName]] = [:]
    let settings = list.settings
    try forEachRecord(of: ids) { id, entry in
      guard var history = entry.history else { return }
      while let former = history.next() {
        guard let name = former.name else { continue }
        names[id, default: []].append(settings.name(inDatabase: name.copy()))
      }
    }
    return names
  }

  /// Looks up the records under unique ids, which only files of 3.6 and later have.
  private func forEachRecord(
    of ids: Set<[UInt8]>, _ body: (_ id: [UInt8], _ entry: borrowing MailboxEntryView) -> Void
  ) throws(DatabaseError) {
    guard list.form.keys == .prefixed, !ids.isEmpty else { return }
    let selections = ids.map { RecordSelection.key([UInt8(ascii: "I")] + $0) }
    let records =
      if let locking { try database.records(selections, locking: locking) } else {
        try RecordList(ofAll: list.records.snapshot) { _ in selections }
      }
    for index in 0..<records.count {
      let record = try records.record(at: index)
      let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
      guard case .uniqueID(let range) = entry.key.kind else { continue }
      body(Array(record.key.extracting(range)), entry)
    }
  }
}
