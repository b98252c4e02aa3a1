// A walk that becomes a list.

/// A walk over the records with a prefix that becomes a list when it has ended.
///
/// For who does with the records what he has to while they are found, and needs some of them again later.
package struct CollectingCursor: ~Copyable, ~Escapable {
  private var records: RecordCursor
  private var found: FoundRecords
  private var hasEnded = false
  /// How many bytes the records of the file may have: those of a file do not overlap.
  package let room: Int

  /// Starts a walk.
  @_lifetime(borrow snapshot)
  package init(_ snapshot: borrowing Snapshot, prefix: RawSpan) {
    self.init(snapshot.records(prefix: prefix), countMax: snapshot.countMax)
  }

  /// Starts a walk over a part of the records with a prefix; nil if damage hides where it starts or ends, or if keys are in
  /// another order than ``KeyOrder/raw`` there.
  ///
  /// - Parameters:
  ///   - start: The first key that it may have; nil for the first one with the prefix.
  ///   - stop: The first key behind it; nil for the end.
  ///   - partCount: How many such parts there are.
  @_lifetime(borrow snapshot)
  package init?(
    _ snapshot: borrowing Snapshot, prefix: [UInt8], from start: [UInt8]?, before stop: [UInt8]?, partCount: Int
  ) {
    guard let part = snapshot.part(prefix: prefix, from: start, before: stop) else { return nil }
    self.init(part, countMax: snapshot.countMax / partCount)
  }

  @_lifetime(copy records)
  private init(_ records: consuming RecordCursor, countMax: Int) {
    self.countMax = countMax
    found = FoundRecords(capacity: countMax)
    room = records.bytesLeft
    self.records = records
  }

  /// How many bytes ahead a listing fetches.
  private static let foresight = 2048

  /// How many records are to be expected at most; not a promise.
  package let countMax: Int

  /// The order in which the keys have ascended so far.
  package var order: KeyOrder { records.order }

  /// The next record that is not damaged; nil at the end, which proves all before it as ``RecordCursor/next()`` does.
  ///
  /// - Throws: ``DatabaseError``: `.changed` or `.faulted`: discard all; `.system`.
  @_lifetime(copy self)
  package mutating func next() throws(DatabaseError) -> RecordView? {
    while true {
      do throws(DatabaseError) {
        guard let record = try records.next() else {
          hasEnded = true
          return nil
        }
        found.note(record.offset)
        // Memory brings by itself what lies next, but begins anew with each page.
        records.bytes.prefetch(at: Int(truncatingIfNeeded: record.offset) &+ Self.foresight)
        return record
      } catch {
        try found.note(error)
      }
    }
  }

  /// How many bytes those have that were met.
  package var byteCount: Int { room - records.bytesLeft }

  /// Whether damage was met.
  package var hasMetDamage: Bool { found.damageCount > 0 }

  /// The records that were found.
  ///
  /// - Precondition: The walk has ended.
  package consuming func all() -> FoundRecords {
    precondition(hasEnded, "what is not proven is no list")
    return found
  }

  /// The records that were found, as a list of its own.
  ///
  /// - Parameter snapshot: The one that was walked over.
  /// - Precondition: The walk has ended.
  package consuming func list(of snapshot: borrowing Snapshot) -> RecordList {
    let order = order
    return RecordList(of: snapshot.shared(), all(), isLimited: false, order)
  }
}

extension RecordList {
  /// What was found in walks over parts that follow each other, all without damage, and in raw order.
  ///
  /// - Parameter snapshot: The one that was walked over.
  package init(of snapshot: borrowing Snapshot, parts: [FoundRecords]) {
    var all = FoundRecords(capacity: parts.reduce(0) { $0 + $1.count })
    for part in parts { all.append(part) }
    self.init(of: snapshot.shared(), all, isLimited: false, .raw)
  }
}
