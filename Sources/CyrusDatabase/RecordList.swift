// Records that were all found, and proven, before the first of them is given out.
//
// What is committed is never overwritten but for the pointers in heads. So once it is proven that a walk found the
// records of one committed state, they can be read at leisure: no commit that comes later, and no repack, can
// change them. Only where they lie is kept.
//
// Facts: Docs/Formats/twoskip.md, "Reading without a lock".

/// Which records a list is to have.
public enum RecordSelection: Sendable, Hashable {
  /// The record with exactly this key, if there is one.
  case key([UInt8])
  /// Those whose keys start with this; empty for all.
  case prefix([UInt8])
  /// Those from the first key that is not smaller than `from` on, whose keys start with `prefix`.
  case range(from: [UInt8], prefix: [UInt8])
}

/// The records of one committed state, in the order of the file, proven before the first is given out.
///
/// Made by ``Database/records(from:prefix:limit:locking:threads:)``. For who cannot take back what was printed or sent:
/// nothing that a writer of Cyrus does from now on can spoil it, however long it takes.
///
/// ```swift
/// let list = try database.records(prefix: "Nuser\u{1F}joe")
/// for index in 0..<list.count { print(try list.record(at: index).offset) }
/// ```
public struct RecordList: ~Copyable, Sendable {
  /// Where the records are read from. Its own lookups and listings have to be proven for themselves.
  public let snapshot: Snapshot
  /// Damage that was met on the way, each with the number of records found before it; at most ``listedDamageMax``.
  public let damage: [(damage: Damage, index: Int)]
  /// How often damage was met.
  public let damageCount: Int
  /// Whether there may be more records: as many were found as were asked for.
  public let isLimited: Bool

  /// The order in which the keys were seen to ascend, if the list is one range; nil if it may be in another order.
  package let provenOrder: KeyOrder?

  /// The indices of those that were to be marked, if all were found by several threads; nil if nobody looked for them.
  package let marked: [UInt32]?

  private let places: RecordPlaces

  /// How much damage is listed. More is only counted.
  public static let listedDamageMax = 1000

  /// Finds the records, and proves that they are of one state.
  init(
    of snapshot: consuming Snapshot, limit: Int, threads: Int, marking isMarked: RecordMark? = nil,
    _ choose: (borrowing Snapshot) throws(DatabaseError) -> [RecordSelection]
  ) throws(DatabaseError) {
    let selections = try choose(snapshot)
    let isAll = selections == [.range(from: [], prefix: [])] && limit == .max
    var found = FoundRecords()
    var order: KeyOrder?
    var hasMarked = false
    if isAll, threads > 1, let all = try FoundRecords.all(of: snapshot, threads: threads, marking: isMarked) {
      (found, order) = (all.records, all.order)
      hasMarked = isMarked != nil
    } else {
      var path = TwoskipPath()
      for selection in selections {
        order = try Self.find(in: snapshot, selection, limit: limit, &path, &found)
      }
    }
    try snapshot.confirm()
    self.init(
      of: snapshot, found, isLimited: found.count >= limit, selections.count == 1 ? order : nil, hasMarked: hasMarked)
  }

  /// Finds records of a snapshot that is only lent.
  package init(
    ofAll snapshot: borrowing Snapshot,
    _ choose: (borrowing Snapshot) throws(DatabaseError) -> [RecordSelection]
  ) throws(DatabaseError) {
    try self.init(of: snapshot.shared(), limit: .max, threads: 1, choose)
  }

  /// A list of what was found in a walk that has proven it.
  init(
    of snapshot: consuming Snapshot, _ found: FoundRecords, isLimited: Bool, _ order: KeyOrder?, hasMarked: Bool = false
  ) {
    marked = hasMarked ? found.marked : nil
    self.isLimited = isLimited
    provenOrder = order
    places = found.places
    damage = found.damage
    damageCount = found.damageCount
    self.snapshot = snapshot
  }

  // These borrow the snapshot for one call: a view of it must not live on while it is moved into place.

  private static func find(
    in snapshot: borrowing Snapshot, _ selection: RecordSelection, limit: Int, _ path: inout TwoskipPath,
    _ found: inout FoundRecords
  ) throws(DatabaseError) -> KeyOrder? {
    switch selection {
    case .key(let key):
      do throws(DatabaseError) {
        guard found.count < limit else { return nil }
        if let offset = try snapshot.offset(of: key.rawSpan, along: &path) { found.note(offset) }
      } catch {
        try found.note(error)
      }
      return nil
    case .prefix(let prefix):
      return try find(in: snapshot, from: RawSpan(), prefix: prefix.rawSpan, limit: limit, &found)
    case .range(let start, let prefix):
      return try find(in: snapshot, from: start.rawSpan, prefix: prefix.rawSpan, limit: limit, &found)
    }
  }

  private static func find(
    in snapshot: borrowing Snapshot, from start: RawSpan, prefix: RawSpan, limit: Int, _ found: inout FoundRecords
  ) throws(DatabaseError) -> KeyOrder {
    var records = snapshot.records(from: start, prefix: prefix)
    while found.count < limit {
      do throws(DatabaseError) {
        guard let record = try records.next() else { break }
        found.note(record.offset)
      } catch {
        try found.note(error)
      }
    }
    return records.order
  }

  /// How many records there are.
  public var count: Int { places.count }

  /// One of the records.
  ///
  /// - Parameter index: Below ``count``.
  /// - Returns: A view, valid as long as the list.
  /// - Throws: ``DatabaseError/faulted(path:)`` if the file, cut or replaced byte by byte by something other than Cyrus, has
  ///   no record there any more. See ``confirm()``.
  /// - Complexity: O(1): no checksum is compared again.
  @_lifetime(borrow self)
  public func record(at index: Int) throws(DatabaseError) -> RecordView {
    let place = Int(truncatingIfNeeded: places[index])
    let bytes = snapshot.bytes
    // Of a list that is read in order the record that comes some steps later begins to be fetched, unless it is near.
    if index < places.count - Self.foresight {
      let later = Int(truncatingIfNeeded: places[index + Self.foresight])
      if later < place || later > place + 16384 { bytes.prefetch(at: later) }
    }
    guard let record = Snapshot.record(at: place, in: bytes) else { throw .faulted(path: snapshot.path) }
    return record
  }

  /// How many records ahead one is fetched: about as many as memory brings at a time.
  private static let foresight = 16

  /// Which of the records have keys that start with `prefix`; nil if the keys do not ascend byte by byte in one range.
  ///
  /// - Throws: As ``record(at:)``.
  /// - Complexity: O(log ``count``).
  package func places(ofPrefix prefix: [UInt8]) throws(DatabaseError) -> Range<Int>? {
    guard provenOrder == .raw else { return nil }
    let start = try firstPlace(from: 0) { !($0.compare(with: prefix.rawSpan) < 0) }
    let end = try firstPlace(from: start) { !$0.starts(with: prefix.rawSpan) }
    return start..<end
  }

  /// The first place from `start` on whose key is behind some border.
  private func firstPlace(from start: Int, _ isBehind: (RawSpan) -> Bool) throws(DatabaseError) -> Int {
    var (low, high) = (start, count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(try record(at: middle).key) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Makes sure that the bytes were there until now: that the file was not cut, and no page of it became unreadable.
  ///
  /// To be called when all is read, and before anything is let out of hand that cannot be taken back.
  ///
  /// - Throws: ``DatabaseError/faulted(path:)``: what was read may be zeros; `.system`.
  /// - Complexity: O(1): one system call.
  public func confirm() throws(DatabaseError) { try snapshot.requireWhole() }
}

extension Database {
  /// The records from the first key that is not smaller than `start` on, proven to be those of one committed state.
  ///
  /// With ``Locking/auto(wait:)`` they are looked for in place, also while the file is being written, and again if a commit
  /// comes between; only if that goes on is a copy made. A listing that meets damage goes on behind it, see
  /// ``RecordCursor/next()``; the damage is in the list.
  ///
  /// - Parameters:
  ///   - start: The lower bound; empty for the first record.
  ///   - prefix: Only keys that start with this; empty for all.
  ///   - limit: At most so many records.
  ///   - locking: How to keep writers from changing what is read. With ``Locking/none`` nothing is proven.
  ///   - threads: How many may be used to find all records of an undamaged file, the caller's included; from 1 to 64. They
  ///     are gone when the list is there, and make no difference to it.
  /// - Throws: As ``snapshot(locking:)``.
  /// - Complexity: O(log *n* + records found), each with its checksums compared. Memory: 4 bytes for each record,
  ///   up to 12 while the list grows.
  public func records(
    from start: RawSpan = RawSpan(), prefix: RawSpan = RawSpan(), limit: Int = .max, locking: Locking = .auto,
    threads: Int = 1
  ) throws(DatabaseError) -> RecordList {
    let selection = RecordSelection.range(from: Array(start), prefix: Array(prefix))
    return try records(limit: limit, locking: locking, threads: threads) { _ in [selection] }
  }

  /// Several selections of records, one after the other, all of one committed state.
  ///
  /// - Parameters:
  ///   - selections: What to list. Records that are selected twice are listed twice.
  ///   - limit: At most so many records.
  ///   - locking: As for ``records(from:prefix:limit:locking:threads:)``.
  /// - Throws: As ``snapshot(locking:)``.
  /// - Complexity: O(log *n*) for each selection, less for keys in ascending order, and O(records found).
  public func records(
    _ selections: [RecordSelection], limit: Int = .max, locking: Locking = .auto
  ) throws(DatabaseError) -> RecordList {
    try records(limit: limit, locking: locking) { _ in selections }
  }

  /// Several selections of records that hang on what the file holds, one after the other, all of one committed state.
  ///
  /// - Parameters:
  ///   - limit: At most so many records.
  ///   - locking: As for ``records(from:prefix:limit:locking:threads:)``.
  ///   - choose: Says what to list. May be called several times; only the last answer counts, and what it saw is proven
  ///     together with the records.
  ///   - threads: As for ``records(from:prefix:limit:locking:threads:)``.
  /// - Throws: As ``snapshot(locking:)``, and what `choose` throws.
  /// - Complexity: O(log *n*) for each selection, and O(records found).
  public func records(
    limit: Int = .max, locking: Locking = .auto, threads: Int = 1,
    selecting choose: (borrowing Snapshot) throws(DatabaseError) -> [RecordSelection]
  ) throws(DatabaseError) -> RecordList {
    try records(limit: limit, locking: locking, threads: threads, marking: nil, selecting: choose)
  }

  /// The same, with some records marked.
  ///
  /// - Parameter isMarked: Which, if all records are found by several threads. Called at the same time by all of them.
  package func records(
    limit: Int = .max, locking: Locking, threads: Int, marking isMarked: RecordMark?,
    selecting choose: (borrowing Snapshot) throws(DatabaseError) -> [RecordSelection]
  ) throws(DatabaseError) -> RecordList {
    try proven(locking: locking, damageCount: { $0.damageCount }) { snapshot throws(DatabaseError) in
      try RecordList(of: snapshot, limit: limit, threads: threads, marking: isMarked, choose)
    }
  }

  /// The records whose keys start with `prefix`, given as text. See ``records(from:prefix:limit:locking:threads:)``.
  public func records(prefix: String, locking: Locking = .auto) throws(DatabaseError) -> RecordList {
    let prefix = Array(prefix.utf8)
    return try records(prefix: prefix.rawSpan, locking: locking)
  }
}
