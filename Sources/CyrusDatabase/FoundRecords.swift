// What a search for records has come to so far: where they lie, and damage.

/// Offsets of records, in four bytes each as long as they lie below 32 GiB.
struct RecordPlaces: Sendable {
  private var narrow: [UInt32] = []
  private var wide: [UInt64] = []

  var count: Int { narrow.count + wide.count }

  mutating func reserveCapacity(_ count: Int) { narrow.reserveCapacity(count) }

  mutating func append(_ offset: UInt64) {
    // Offsets are multiples of 8.
    if wide.isEmpty, let short = UInt32(exactly: offset / 8) { narrow.append(short) } else { wide.append(offset) }
  }

  mutating func append(_ others: RecordPlaces) {
    if wide.isEmpty {
      narrow += others.narrow
    } else {
      for offset in others.narrow { wide.append(UInt64(offset) * 8) }
    }
    wide += others.wide
  }

  subscript(index: Int) -> UInt64 {
    index < narrow.count ? UInt64(narrow[index]) * 8 : wide[index - narrow.count]
  }
}

/// Says of a record whether it is to be marked.
package typealias RecordMark = @Sendable (borrowing RecordView) -> Bool

/// What was found so far: where records lie, and damage.
package struct FoundRecords: Sendable {
  private(set) var places = RecordPlaces()
  private(set) var damage: [(Damage, Int)] = []
  private(set) var damageCount = 0
  /// The indices of records that somebody wanted to know of.
  private(set) var marked: [UInt32] = []

  package var count: Int { places.count }

  init() {}

  /// Nothing yet, and room for so many.
  init(capacity: Int) { places.reserveCapacity(capacity) }

  /// Takes what was found behind it, where there is no damage.
  mutating func append(_ next: FoundRecords) {
    for index in next.marked { marked.append(index + UInt32(truncatingIfNeeded: count)) }
    places.append(next.places)
  }

  mutating func note(_ offset: UInt64) { places.append(offset) }

  /// Marks the last one that was noted.
  mutating func markLast() { marked.append(UInt32(truncatingIfNeeded: count &- 1)) }

  mutating func note(_ error: DatabaseError) throws(DatabaseError) {
    guard case .damaged(_, let met) = error else { throw error }
    damageCount += 1
    if damageCount <= RecordList.listedDamageMax { damage.append((met, count)) }
  }
}

// MARK: - Finding all records by several threads

extension FoundRecords {
  /// All records, each thread a part of them.
  ///
  /// - Parameter isMarked: Which records to mark; looked at while they are at hand.
  /// - Returns: Nil if there is anything unusual: then one thread has to tell.
  /// - Throws: ``DatabaseError``: `.changed` or `.faulted`; `.system`.
  static func all(
    of snapshot: borrowing Snapshot, threads: Int, marking isMarked: RecordMark?
  ) throws(DatabaseError) -> (records: FoundRecords, order: KeyOrder)? {
    // Room for all that there may be: none of it is touched before it is needed.
    let countMax = snapshot.countMax
    let found = try snapshot.bySoundParts(threads: threads, start: { FoundRecords(capacity: countMax) }) {
      (found, records, _) throws(DatabaseError) in
      while let record = try records.next() {
        found.note(record.offset)
        if let isMarked, isMarked(record) { found.markLast() }
      }
    }
    guard let (parts, order) = found, var all = parts.first else { return nil }
    for part in parts.dropFirst() { all.append(part) }
    return (all, order)
  }
}
