// A walk over the records of a snapshot, as its user sees it: selected, and proven at its end.
//
// The walk along the lists is TwoskipCursor's.

/// A walk over records of a snapshot, in the order of the file.
///
/// ```swift
/// var records = snapshot.records()
/// while let record = try records.next() { … }
/// ```
public struct RecordCursor: ~Copyable, ~Escapable {
  private let proof: TwoskipProof
  private var cursor: TwoskipCursor
  private let start: [UInt8]
  private let prefix: [UInt8]
  /// Whether the first record of the listing was met; until then records before it are passed over.
  private var hasStarted: Bool
  /// Whether records are looked at up to the end of the list, although none with the prefix should come any more.
  private let looksAtAll: Bool
  private var hasEnded = false
  /// The record before which the listing ends; nil if it goes on to the end of the list.
  private let stop: TwoskipRecord?

  /// - Parameter stop: A record of the list: the listing ends before it.
  @_lifetime(copy cursor)
  init(
    _ cursor: consuming TwoskipCursor, from start: [UInt8] = [], prefix: [UInt8] = [], looksAtAll: Bool = false,
    until stop: TwoskipRecord? = nil, _ proof: TwoskipProof
  ) {
    self.cursor = cursor
    self.stop = stop
    self.looksAtAll = looksAtAll
    self.start = start
    self.prefix = prefix
    self.proof = proof
    hasStarted = start.isEmpty && prefix.isEmpty
    if let stop { self.cursor.plain.stop = UInt64(stop.offset) }
    // What a key shares with one that has the prefix tells whether it has it, too. Before there is one nothing tells.
    self.cursor.plain.prefixByteCount = hasStarted ? 0 : .max
  }

  /// The order in which the keys have ascended so far.
  var order: KeyOrder { cursor.order }

  /// How many bytes the records may have that are still to come.
  var bytesLeft: Int { cursor.plain.bytesLeft }

  /// The bytes that are walked over.
  var bytes: RawSpan {
    @_lifetime(copy self)
    get { cursor.state.bytes }
  }

  @_lifetime(copy bytes)
  init(empty bytes: RawSpan, _ proof: TwoskipProof) {
    self.init(TwoskipCursor(bytes, end: Twoskip.firstRecord), proof)
    hasEnded = true
  }

  /// The next record; nil at the end.
  ///
  /// A damaged record is thrown, and the call after that goes on behind it: past a damaged value by the list, past
  /// other damage by the upper lists, which may leave records out. So a listing that met an error is incomplete.
  ///
  /// If the snapshot is not proven (``Snapshot/isProven``), the end of the listing proves it: nil says that all
  /// records were of one state. Who stops before the end calls ``Snapshot/confirm()``.
  ///
  /// - Returns: A view into the snapshot, valid as long as the snapshot.
  /// - Throws: ``DatabaseError``: `.damaged`; `.changed` or `.faulted`: discard the whole listing, which ends here.
  /// - Complexity: O(size of the record), in which its checksums are compared.
  @_lifetime(copy self)
  public mutating func next() throws(DatabaseError) -> RecordView? {
    if let record = cursor.nearNext() {
      return cursor.plain.view(of: record)
    }
    return try farNext()
  }

  /// The same, if the next record lies elsewhere.
  @inline(never)
  @_lifetime(copy self)
  private mutating func farNext() throws(DatabaseError) -> RecordView? {
    if let record = cursor.farNext() {
      return cursor.plain.view(of: record)
    }
    return try carefulNext()
  }

  /// The same, whatever is selected, and whatever comes.
  @inline(never)
  @_lifetime(copy self)
  private mutating func carefulNext() throws(DatabaseError) -> RecordView? {
    if hasEnded { return nil }
    var isDone = false
    do throws(TwoskipError) {
      while let record = try cursor.next() {
        if record.offset == stop?.offset || stop != nil && cursor.isOffCourse && !isBeforeStop(record) {
          // It belongs to what is behind.
          cursor.plain.bytesLeft += record.end - record.offset
          isDone = true
          break
        }
        let view = RecordView(record, in: cursor.state.bytes)
        let hasPrefix = prefix.isEmpty || view.key.starts(with: prefix.rawSpan)
        if looksAtAll, !hasPrefix { continue }
        if !hasStarted {
          if cursor.order.compare(view.key, start.rawSpan) < 0 { continue }
          if !hasPrefix, cursor.order.compare(view.key, prefix.rawSpan) < 0 { continue }
          hasStarted = true
        }
        if hasPrefix {
          if !looksAtAll { cursor.plain.prefixByteCount = prefix.count }
          return view
        }
        cursor.plain.prefixByteCount = .max
        // In mbox order, which may not have shown yet, TAB and LF are equal: keys with the one and the other come mixed.
        guard view.key.byteCount >= prefix.count,
          KeyOrder.mbox.compare(view.key.extracting(0..<prefix.count), prefix.rawSpan) == 0
        else {
          isDone = true
          break
        }
      }
      // List 0 was seen to lead to where this should have ended.
      if !isDone, let stop, !cursor.isOffCourse {
        hasEnded = true
        throw TwoskipError(.listEntry, at: UInt64(stop.offset), found: UInt64(stop.offset))
      }
    } catch {
      do throws(DatabaseError) { throw try proof.confirm(error) } catch {
        if error.isOvertaken { hasEnded = true }
        throw error
      }
    }
    return try end()
  }

  @inline(never)
  @_lifetime(copy self)
  private mutating func end() throws(DatabaseError) -> RecordView? {
    hasEnded = true
    cursor.plain.prefixByteCount = .max
    try proof.confirm()
    return nil
  }

  /// Whether a record comes before the one where the listing ends. After damage the walk may not meet that one.
  private func isBeforeStop(_ record: TwoskipRecord) -> Bool {
    guard let stop else { return true }
    return cursor.order.compare(record.key(in: cursor.state.bytes), stop.key(in: cursor.state.bytes)) < 0
  }
}
