// Pass 3: the lists.
//
// Everything that a live record's pointers lead to is live: list 0 as of the committed end, and the upper lists where they
// stay below it. So liveness spreads from the list head without any regard to order, past every damage that some list
// leads around.
//
// A record's own head tells more. Dead records are never written to again, and the pair of list 0 only ever gets the
// offset of what was appended at that moment. Therefore, of any record r with a sound head:
//
//   * its largest pointer behind itself names a moment when r was alive;
//   * if a DELETE stands behind the last change of r's pair and leads to the record that r leads to, r is dead.
//     For it deleted the record before that one. Were r alive then, its pair would be as it is, and r that record
//
// The second holds whatever else is unreadable, and in either order of keys.
//
// Facts: Docs/Formats/twoskip.md, "The level-0 pair" and "Upper lists".

extension TwoskipSalvage {
  /// What the lists have told.
  struct Lists {
    /// Live records of which nothing or only the head can be read, and which are not DELETEs for certain.
    var lostLiveCount: UInt64 = 0
    /// Places behind the end of a cut file that live records lead to; and those of them where RECORDs lie for certain.
    var missing: Set<UInt64> = []
    var missingRecords: Set<UInt64> = []
    /// Whether list 0 can be followed from the list head to its end, so that all that is live is on it.
    var isComplete = false
    var order = KeyOrder.raw
    /// Whether some pair of keys rules the other order out.
    var isOrderProven = false
  }

  mutating func followLists() {
    if let dummy {
      var pending = [dummy]
      while let record = pending.popLast() { followPointers(of: record, &pending) }
      lists.isComplete = isComplete(from: dummy)
    }
    decideOrder()
  }

  // MARK: - What is live

  private mutating func followPointers(of record: TwoskipRecord, _ pending: inout [TwoskipRecord]) {
    if record.kind == .delete { return follow(record.pointer(0, in: bytes), toRecord: true, &pending) }
    // What lies nearest is entered next, so that few records wait at any time.
    for index in (2..<max(2, record.pointerCount)).reversed() {
      follow(record.pointer(index, in: bytes), toRecord: true, &pending)
    }
    if let pointer = level0(of: record) { follow(pointer, toRecord: false, &pending) }
  }

  /// - Parameter toRecord: Whether the pointer leads to a RECORD for certain. List 0 can lead to a DELETE.
  private mutating func follow(_ pointer: UInt64, toRecord: Bool, _ pending: inout [TwoskipRecord]) {
    // At or behind the end: an open transaction's.
    guard pointer % 8 == 0, pointer >= Twoskip.firstRecord, pointer < UInt64(end) else { return }
    guard pointer < UInt64(limit) else {
      lists.missing.insert(pointer)
      if toRecord, lists.missingRecords.insert(pointer).inserted { lists.lostLiveCount += 1 }
      return
    }
    let offset = Int(truncatingIfNeeded: pointer)
    if !live.contains(offset) {
      live.insert(offset)
      enter(offset, &pending)
    }
    if toRecord, !starts.contains(offset) { noteLost(offset) }
  }

  private mutating func enter(_ offset: Int, _ pending: inout [TwoskipRecord]) {
    switch place(UInt64(offset)) {
    case .record(let record), .doubtful(let record), .delete(let record):
      if isHeadSound(record) { pending.append(record) }
    case .lost(let record):
      noteLost(offset)
      pending.append(record)
    case .end, .nothing:
      rescue(at: offset, &pending)
    }
  }

  private mutating func noteLost(_ offset: Int) {
    if lostLive.contains(offset) { return }
    lostLive.insert(offset)
    lists.lostLiveCount += 1
  }

  /// A record amid unreadable bytes, which a live record leads to.
  private mutating func rescue(at offset: Int, _ pending: inout [TwoskipRecord]) {
    guard stretch(of: offset) == nil, let record = try? TwoskipRecord(at: offset, in: bytes, limit: limit),
      record.kind == .record || record.kind == .delete
    else { return }
    var head = record.hasSoundHead(in: bytes) ? TwoskipHeadState.sound : .lost
    if record.kind == .record {
      if tails.check(record, head == .sound ? .found : .damaged, in: bytes) == .sound {
        if head == .lost { head = record.stateOfDamagedHead(in: bytes) }
        if head != .lost { add(record, head) }
      } else if head == .sound {
        lostRecords.insert(offset)
        noteLost(offset)
      }
    }
    if head == .sound { pending.append(record) }
  }

  private func isComplete(from dummy: TwoskipRecord) -> Bool {
    var record = dummy
    // Each record once at most, and the end.
    for _ in 0...log.recordCount {
      switch follower(of: record) {
      case .record(let next) where isHeadSound(next): record = next
      case .end: return hasCertainEnd(record)
      case .record, .doubtful, .delete, .lost, .nothing, nil: return false
      }
    }
    return false
  }

  /// What list 0 leads to, a DELETE stepped over; nil if that is lost.
  func follower(of record: TwoskipRecord) -> Place? {
    guard let pointer = level0(of: record) else { return nil }
    guard case .delete(let delete) = place(pointer) else { return place(pointer) }
    return place(delete.pointer(0, in: bytes))
  }

  /// Whether list 0 ends behind a record that seems to be its last.
  ///
  /// That is doubtful if one pointer of the pair lies behind the end: a transaction that was given up can have left that in
  /// a file which is a mixture of two moments.
  func hasCertainEnd(_ record: TwoskipRecord) -> Bool {
    max(record.pointer(0, in: bytes), record.pointer(1, in: bytes)) < UInt64(end)
  }

  // MARK: - The order of keys

  /// Decides for the order that fewer pairs of list 0 contradict, dead records' pairs included.
  private mutating func decideOrder() {
    let raw = violations(of: .raw)
    let mbox = violations(of: .mbox)
    lists.order = mbox < raw ? .mbox : .raw
    lists.isOrderProven = min(raw, mbox) == 0 && max(raw, mbox) > 0
  }

  private func violations(of order: KeyOrder) -> Int {
    var count = 0
    var offset = Int(Twoskip.firstRecord)
    while let found = starts.next(from: offset, before: limit) {
      offset = found + 8
      guard let record = parsed(found), record.kind == .record, isHeadSound(record), isAnchored(found),
        let next = nextRecord(after: record), order.compare(record.key(in: bytes), next.key(in: bytes)) >= 0
      else { continue }
      count += 1
    }
    return count
  }

  /// The record with a sound key that list 0 leads to; nil if there is none.
  private func nextRecord(after record: TwoskipRecord) -> TwoskipRecord? {
    if case .record(let next) = follower(of: record) { return next }
    return nil
  }

  // MARK: - What a head tells of its own record

  /// The last moment, as a place in the file, at which the record was alive for certain.
  func lastSignOfLife(of record: TwoskipRecord) -> Int {
    guard isHeadSound(record) else { return record.offset }
    var last = UInt64(record.offset)
    for index in 0..<record.pointerCount { last = max(last, record.pointer(index, in: bytes)) }
    return Int(clamping: last)
  }

  /// What is known of a record's deletion.
  enum Deletion {
    /// No DELETE that can be read deleted it.
    case none
    /// The DELETE at this place did.
    case at(Int)
    /// Whether one did cannot be told.
    case unknown

    var place: Int? { if case .at(let place) = self { place } else { nil } }
    var isNone: Bool { if case .none = self { true } else { false } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
  }

  /// Which DELETE deleted a record, by the record's own head.
  func deletion(of record: TwoskipRecord) -> Deletion {
    guard log.lastDelete > record.offset else { return .none }
    guard isHeadSound(record) else { return .unknown }
    let pointer = max(record.pointer(0, in: bytes), record.pointer(1, in: bytes))
    // Touched by a transaction behind the end: alive at the end.
    guard pointer < UInt64(end) else { return .none }
    let touched = max(record.offset, Int(truncatingIfNeeded: pointer))
    var next = pointer
    if case .delete(let delete) = place(pointer) { next = delete.pointer(0, in: bytes) }
    if let found = firstDelete(before: next, after: touched) { return .at(found) }
    // If a DELETE lay there, where it led to is not known.
    if case .nothing = place(pointer), log.lastDelete > touched { return .unknown }
    return .none
  }

  /// Where the first DELETE stands, behind a place, that leads to `next`; nil if there is none.
  private func firstDelete(before next: UInt64, after place: Int) -> Int? {
    var low = 0
    var high = log.deletes.count
    while low < high {
      let middle = (low + high) / 2
      let delete = log.deletes[middle]
      if (delete.next, delete.offset) <= (next, place) { low = middle + 1 } else { high = middle }
    }
    guard low < log.deletes.count, log.deletes[low].next == next else { return nil }
    return log.deletes[low].offset
  }
}
