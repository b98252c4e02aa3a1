// Running ahead of a walk over list 0, so that memory brings the records before the walk comes to them.
//
// In a file that was not repacked for long each record lies somewhere else than the one before it, and a walk waits for
// memory at each step: the place of a record is known only when the one before it is there. The records of an upper list
// cut list 0 into stretches of some records each. Several stretches are walked at once, one step of each in turn, so that
// the waits of all of them pass at the same time.
//
// Nothing here is believed: all that is done with a place is to have its bytes fetched. Wrong pointers, a writer's
// half-done work or records that go missing cost time, and change no result.

/// Walks ahead of a walk over list 0.
struct TwoskipLookahead: BitwiseCopyable {
  /// A stretch of list 0.
  private struct Lane: BitwiseCopyable {
    /// The entry that was fetched last.
    var place: UInt64 = 0
    /// Where the stretch ends; the lane is free if it is here.
    var end: UInt64 = 0
  }

  private static let laneCount = 16
  /// The list whose records cut: every eighth record or so is on it.
  private static let list = 3
  /// So many stretches at most are begun ahead: what they have is to stay in near memory until it is used.
  private static let stretchesMax = 24

  private var lanes = InlineArray<16, Lane>(repeating: Lane())
  /// The lane whose turn it is.
  private var turn = 0
  /// Where the stretches start that were begun and that the walk has not come to: those from `passed` up to `begun`.
  private var starts = InlineArray<32, UInt64>(repeating: 0)
  private var begun = 0, passed = 0
  /// Where the next stretch starts; 0 if there is none any more.
  private var guide: UInt64 = 0
  /// Whether it has begun.
  private(set) var isRunning = false

  /// Begins with the stretch behind this record of the walk, if one starts here.
  mutating func begin(at record: TwoskipRecord, in bytes: RawSpan) {
    guard record.level > Self.list else { return }
    guide = record.pointer(Self.list + 1, in: bytes)
    passed = begun
    isRunning = true
  }

  /// Lets go of the stretches that the walk has come to, as it has come to the start of one.
  private mutating func pass(_ record: TwoskipRecord, in bytes: RawSpan) {
    while passed < begun {
      passed += 1
      if starts[(passed - 1) % 32] == UInt64(record.offset) { return }
    }
    // The walk has overtaken us, or goes where the upper list does not lead.
    begin(at: record, in: bytes)
  }

  /// Goes on, as the walk has come to `record`.
  @inline(never)
  mutating func step(_ record: TwoskipRecord, in bytes: RawSpan, limit: Int) {
    if record.level > Self.list { pass(record, in: bytes) }
    // One more than the walk uses, until it is far enough ahead.
    for _ in 0..<2 {
      turn = (turn + 1) % Self.laneCount
      var lane = lanes[turn]
      if lane.place == lane.end {
        guard guide != 0, begun - passed < Self.stretchesMax else { continue }
        starts[begun % 32] = guide
        begun += 1
        lane.place = guide
        guide = next(guide, in: bytes, limit)
        lane.end = guide
        if guide != 0 { bytes.prefetch(at: Int(truncatingIfNeeded: guide)) }
      } else {
        lane.place = leads(lane.place, in: bytes, limit)
        if lane.place == 0 { lane.place = lane.end }
        if lane.place != lane.end { bytes.prefetch(at: Int(truncatingIfNeeded: lane.place)) }
      }
      lanes[turn] = lane
    }
  }

  /// Where the stretch behind the one at `place` starts; 0 if that cannot be seen.
  private func next(_ place: UInt64, in bytes: RawSpan, _ limit: Int) -> UInt64 {
    guard place < UInt64(limit), place % 8 == 0,
      let record = TwoskipRecord(usualAt: Int(truncatingIfNeeded: place), in: bytes, limit: limit),
      record.level > Self.list
    else { return 0 }
    return record.pointer(Self.list + 1, in: bytes)
  }

  /// Where an entry of list 0 leads; 0 if that cannot be seen.
  @inline(__always)
  private func leads(_ place: UInt64, in bytes: RawSpan, _ limit: Int) -> UInt64 {
    guard place % 8 == 0, place < UInt64(limit), limit - Int(truncatingIfNeeded: place) >= Twoskip.smallestRecord
    else { return 0 }
    let offset = Int(truncatingIfNeeded: place)
    let first = bytes.bigEndian(UInt64.self, at: offset + 8)
    if bytes.byte(at: offset) == TwoskipRecord.Kind.delete.rawValue { return first }
    return successor(first, bytes.bigEndian(UInt64.self, at: offset + 16), end: UInt64(limit)) ?? 0
  }
}
