// Listing a snapshot by several threads at the same time, each a part of it.

import Synchronization

/// What a thread has found in parts of a list.
private struct PartWalk<State> {
  var state: State
  /// The order in which the keys of all its parts ascend; nil before the first.
  private(set) var order: KeyOrder?
  /// How many bytes the records have, and how many those of the file may have: more would be a circle.
  private(set) var byteCount = 0
  private(set) var room = 0

  init(state: State) { self.state = state }

  /// Takes what was found out about a part; false if that is unusual.
  mutating func take(_ order: KeyOrder, byteCount: Int, of room: Int) -> Bool {
    if let known = self.order, known != order { return false }
    self.order = order
    self.byteCount += byteCount
    self.room = max(self.room, room)
    return self.byteCount <= self.room
  }
}

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
    let cuts = TwoskipState(bytes, end: header.currentSize, isLive: isLive).cuts(min(count, 64))
    let (isLive, compares, proof) = (self.isLive, comparesChecksums, self.proof)
    let outcomes = bytes.atOnce(cuts.count + 1) { bytes, part -> Swift.Result<Result, any Error> in
      var records = RecordCursor(
        bytes, part: part, of: cuts, end: header.currentSize, isLive: isLive, comparesChecksums: compares, proof)
      do { return .success(try body(&records)) } catch { return .failure(error) }
    }
    var results: [Result] = []
    for outcome in outcomes { results.append(try outcome.get()) }
    return results
  }

  /// Lists all records by several threads at the same time, if nothing about them is unusual.
  ///
  /// The records are cut into parts as by ``inParts(_:_:)``; each thread takes the next that nobody has taken. With as
  /// many parts as threads it has that of its number.
  ///
  /// - Parameters:
  ///   - threads: How many there are at most, the caller's included; from 1 to 64.
  ///   - partsOfEach: How many parts there are for each thread. More than one where parts of the list can take longer
  ///     than others of the same size.
  ///   - start: What a thread starts with.
  ///   - body: Reads all records of a part into what its thread has so far. Also called with whether that is the
  ///     caller's thread. Must not change what another call looks at.
  /// - Returns: What each thread has, and the order of the keys. Nil if there is damage, if keys are in more than one
  ///   order, or if there are more bytes than the file has: then one thread has to tell.
  /// - Throws: ``DatabaseError``: `.changed` or `.faulted`; `.system`.
  package func bySoundParts<State>(
    threads: Int, partsOfEach: Int = 1, start: () -> State,
    _ body: (_ state: inout State, _ records: inout RecordCursor, _ isCallers: Bool) throws(DatabaseError) -> Void
  ) throws(DatabaseError) -> (states: [State], order: KeyOrder)? {
    let end = header?.currentSize ?? 0
    let wantedCount = min(threads * partsOfEach, 64)
    let cuts =
      end > 0 && wantedCount > 1 ? TwoskipState(bytes, end: end, isLive: isLive).cuts(wantedCount) : []
    guard !cuts.isEmpty else { return nil }
    let (isLive, compares, proof) = (self.isLive, comparesChecksums, self.proof)
    let threads = min(threads, cuts.count + 1)
    let next = Atomic<Int>(threads)
    let outcomes = bytes.atOnce(threads) { bytes, thread -> Result<PartWalk<State>?, DatabaseError> in
      var walk = PartWalk(state: start())
      var part = thread
      while part <= cuts.count {
        var records = RecordCursor(
          bytes, part: part, of: cuts, end: end, isLive: isLive, comparesChecksums: compares, proof)
        let room = records.bytesLeft
        var isUsual = false
        defer {
          // Nobody needs to begin with another part.
          if !isUsual { next.store(cuts.count + 1, ordering: .relaxed) }
        }
        do throws(DatabaseError) {
          try body(&walk.state, &records, thread == 0)
        } catch {
          return error.isDamage ? .success(nil) : .failure(error)
        }
        isUsual = walk.take(records.order, byteCount: room - records.bytesLeft, of: room)
        guard isUsual else { return .success(nil) }
        part = next.add(1, ordering: .relaxed).oldValue
      }
      return .success(walk)
    }
    var states: [State] = []
    var all = PartWalk<Void>(state: ())
    for outcome in outcomes {
      // Each has had a part.
      guard let walk = try outcome.get(), let order = walk.order,
        all.take(order, byteCount: walk.byteCount, of: walk.room)
      else { return nil }
      states.append(walk.state)
    }
    guard let order = all.order else { return nil }
    return (states, order)
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

extension RecordCursor {
  /// A walk over one of the parts into which records of a list cut it.
  @_lifetime(copy bytes)
  fileprivate init(
    _ bytes: RawSpan, part: Int, of cuts: [TwoskipState.Position], end: UInt64, isLive: Bool, comparesChecksums: Bool,
    _ proof: TwoskipProof
  ) {
    var cursor = TwoskipCursor(bytes, end: end, isLive: isLive, comparesChecksums: comparesChecksums)
    if part > 0 {
      // In which order the keys are is found out on the way, as by a listing from the start.
      cursor = TwoskipCursor(
        bytes, end: end, isLive: isLive, comparesChecksums: comparesChecksums, at: cuts[part - 1], order: .raw)
    }
    self.init(cursor, until: part < cuts.count ? cuts[part].at : nil, proof)
  }
}
