// Listing a snapshot by several threads at the same time, each a part of it.

extension Snapshot {
  /// Lists all records in several parts at the same time.
  ///
  /// The parts are in the order of the file, one behind the other, and about equally large; together they have every record
  /// once. So what `body` returns for each can be put together in this order. In a file of which list 0 and the upper lists
  /// contradict each other a part may go on into the next one; then its cursor throws damage at its end.
  ///
  /// ```swift
  /// let counts = try snapshot.inParts(2) { records in
  ///   var count = 0
  ///   while try records.next() != nil { count += 1 }
  ///   return count
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - count: How many parts, and threads, at most; from 1 to 64. The first part is read in the caller's thread.
  ///   - body: Reads the records of a part, by a cursor as of ``records()``; called once for each, at the same time.
  /// - Returns: What `body` returned, in the order of the parts: one for each, and fewer than `count` if the file is small
  ///   or damage hides where to cut it.
  /// - Throws: What `body` throws of the first part for which it does, once all parts are done.
  /// - Complexity: O(*n*) in all; cutting is O(`count` · log *n*).
  public func inParts<Result: Sendable>(
    _ count: Int, _ body: @Sendable (inout RecordCursor) throws -> Result
  ) throws -> [Result] {
    guard let header, count > 1 else {
      var records = records()
      return [try body(&records)]
    }
    let end = header.currentSize
    let (isLive, compares, proof) = (self.isLive, comparesChecksums, self.proof)
    let cuts = TwoskipState(bytes, end: end, isLive: isLive).cuts(min(count, 64))
    let outcomes = bytes.atOnce(cuts.count + 1) { bytes, part -> Swift.Result<Result, any Error> in
      let stop = part < cuts.count ? cuts[part].at : nil
      var records: RecordCursor
      if part == 0 {
        records = RecordCursor(
          TwoskipCursor(bytes, end: end, isLive: isLive, comparesChecksums: compares), until: stop, proof)
      } else {
        // In which order the keys are is found out on the way, as by a listing from the start.
        let cursor = TwoskipCursor(
          bytes, end: end, isLive: isLive, comparesChecksums: compares, at: cuts[part - 1], order: .raw)
        records = RecordCursor(cursor, until: stop, proof)
      }
      do { return .success(try body(&records)) } catch { return .failure(error) }
    }
    var results: [Result] = []
    for outcome in outcomes { results.append(try outcome.get()) }
    return results
  }

  /// Keys between which about equally many records with a prefix lie, in ascending order: hints, which nothing hangs on.
  ///
  /// - Parameter count: How many parts are wanted.
  /// - Returns: One less at most; fewer, or none, of few records or in a damaged file.
  /// - Complexity: O(`count` · log *n*) expected.
  package func cutKeys(_ count: Int, prefix: [UInt8]) -> [[UInt8]] {
    guard let header, count > 1 else { return [] }
    return TwoskipState(bytes, end: header.currentSize, isLive: isLive).cutKeys(count, prefix: prefix)
  }

  /// A walk over the records from one key up to another one; nil if damage hides where it starts or ends, or if keys are
  /// not in raw order there.
  @_lifetime(borrow self)
  func part(prefix: [UInt8], from start: [UInt8]?, before stop: [UInt8]?) -> RecordCursor? {
    guard let header else { return nil }
    let state = TwoskipState(bytes, end: header.currentSize, isLive: isLive)
    let start = start ?? prefix
    var end: TwoskipRecord?
    if let stop {
      guard let found = try? state.search(for: stop.rawSpan), found.order == .raw else { return nil }
      end = found.position.at
    }
    guard let found = try? state.search(for: start.rawSpan), found.order == .raw else { return nil }
    let cursor = TwoskipCursor(
      bytes, end: header.currentSize, isLive: isLive, comparesChecksums: comparesChecksums, at: found.position,
      order: .raw)
    return RecordCursor(cursor, from: start, prefix: prefix, until: end, proof)
  }
}
