// A walk that becomes a list.

/// A walk over the records with a prefix that becomes a list when it has ended.
///
/// For who does with the records what he has to while they are found, and needs some of them again later.
package struct CollectingCursor: ~Copyable, ~Escapable {
  private var records: RecordCursor
  private var found = FoundRecords()
  private var hasEnded = false

  /// Starts a walk.
  @_lifetime(borrow snapshot)
  package init(_ snapshot: borrowing Snapshot, prefix: RawSpan) {
    records = snapshot.records(prefix: prefix)
    // Not more than fit, whatever the header says.
    let count = min(snapshot.expectedCount ?? 0, UInt64(snapshot.bytes.byteCount / Twoskip.smallestRecord))
    countMax = Int(truncatingIfNeeded: count)
    found.reserveCapacity(countMax)
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

  /// The records that were found, as a list of its own.
  ///
  /// - Parameter snapshot: The one that was walked over.
  /// - Precondition: The walk has ended.
  package consuming func list(of snapshot: borrowing Snapshot) -> RecordList {
    precondition(hasEnded, "what is not proven is no list")
    return RecordList(of: snapshot.shared(), found, isLimited: false, records.order)
  }
}
