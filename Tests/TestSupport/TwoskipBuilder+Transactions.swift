// Transactions of the test writer: begin, set, delete, commit, abort, repack.
//
// Order of steps: dirty header, sync | per change: BLANKs, one appended record, one head rewrite per
// distinct predecessor | BLANKs, COMMIT, sync, clean header, sync. A change that changes nothing and a
// transaction without changes write nothing.
//
// A replace or delete lowers the count before the dirty header is written, so the count in a dirty
// header may be one too small; Cyrus does the same.

import Glibc

extension TwoskipBuilder {
  /// Begins a transaction. Writes nothing yet.
  public mutating func begin() {
    precondition(!isInTransaction, "a transaction is open")
    isInTransaction = true
    guard !isBulk else { return }
    journal = []
    bytesAtBegin = bytes
    pendingModel = committedModel
  }

  /// Stores a value under a key, new or not.
  ///
  /// - Parameters:
  ///   - key: 1 or more bytes.
  ///   - value: 0 or more bytes.
  ///   - level: of the new record, 1 to 31; nil to draw it as Cyrus does.
  /// - Returns: whether anything was written; false if the key had that value.
  @discardableResult
  public mutating func set(_ key: [UInt8], _ value: [UInt8], level: Int? = nil) -> Bool {
    precondition(isInTransaction && !key.isEmpty)
    let old = locate(key)
    if old != 0 {
      if hasValue(value, at: old) { return false }
      recordCount -= 1
    }
    let oldLevel = old == 0 ? 0 : Int(bytes[old + 1])
    let level = level ?? TwoskipEncoding.drawLevel(using: &random)
    precondition(1...TwoskipEncoding.maxLevel ~= level)
    pointers[0] = 0
    for list in 0..<level {
      pointers[list + 1] = UInt64(list < oldLevel ? successor(of: old, list: list) : successors[list])
    }
    let offset = append(.record, level: level, key: key, value: value)
    recordCount += 1
    for list in 0..<max(level, oldLevel) {
      successors[list] = list < level ? offset : successor(of: old, list: list)
    }
    relink(listCount: max(level, oldLevel))
    if !isBulk { pendingModel[order.sortKey(key)] = (key, value) }
    return true
  }

  /// Removes a key.
  ///
  /// - Returns: whether anything was written; false if there was no such key.
  @discardableResult
  public mutating func delete(_ key: [UInt8]) -> Bool {
    precondition(isInTransaction && !key.isEmpty)
    let old = locate(key)
    guard old != 0 else { return false }
    recordCount -= 1
    pointers[0] = UInt64(liveSuccessor(of: old))
    let offset = append(.delete, level: 0)
    let oldLevel = Int(bytes[old + 1])
    for list in 0..<oldLevel { successors[list] = list == 0 ? offset : successor(of: old, list: list) }
    relink(listCount: oldLevel)
    if !isBulk { pendingModel[order.sortKey(key)] = nil }
    return true
  }

  /// Makes the open transaction part of the committed data.
  public mutating func commit() {
    precondition(isInTransaction, "no transaction is open")
    isInTransaction = false
    guard isDirty else { return }
    pointers[0] = UInt64(committedEnd)
    append(.commit, level: 0)
    note(.synced)
    isDirty = false
    committedEnd = bytes.count
    writeHeader()
    committedModel = pendingModel
  }

  /// Drops the open transaction by recovery in place, as Cyrus also does after a crash.
  ///
  /// The journal goes on: the steps of the recovery follow those of the transaction.
  public mutating func abort() {
    precondition(isInTransaction, "no transaction is open")
    isInTransaction = false
    pendingModel = committedModel
    guard isDirty else { return }
    recordCount = relinkCommitted()
    bytes.removeLast(bytes.count - committedEnd)
    note(.truncate(byteCount: committedEnd))
    note(.synced)
    isDirty = false
    writeHeader()
  }

  /// Replaces the file by one that holds only the live records, in key order, with new levels.
  ///
  /// An empty database becomes a fresh file of generation 1, as in Cyrus. Empties the journal: the new
  /// file is another file.
  ///
  /// - Parameter levels: of the first records, in key order; those of the others are drawn.
  public mutating func repack(levels: [Int] = []) {
    precondition(!isInTransaction, "a transaction is open")
    let live = liveRecords().map { TwoskipSurgeon.pair(at: $0, in: bytes) }
    let writer = BulkTwoskipFile(
      seed: random.next(), generation: live.isEmpty ? 1 : generation + 1, order: order, writesBlanks: writesBlanks,
      levels: levels)
    bytes = writer.bytes(of: live)
    generation = TwoskipEncoding.get(UInt64.self, at: TwoskipEncoding.HeaderField.generation, in: bytes)
    repackSize = Int(TwoskipEncoding.get(UInt64.self, at: TwoskipEncoding.HeaderField.repackSize, in: bytes))
    committedEnd = bytes.count
    journal = []
    if !isBulk { bytesAtBegin = bytes }
  }
}

// MARK: - Writing

extension TwoskipBuilder {
  /// Appends a record with the first `level + 1` of `pointers` and returns its offset.
  @discardableResult
  private mutating func append(
    _ type: TwoskipEncoding.PieceType, level: Int, key: [UInt8] = [], value: [UInt8] = []
  ) -> Int {
    if !isDirty {
      isDirty = true
      writeHeader()
    }
    if writesBlanks {
      let headLength = TwoskipEncoding.headLength(level: level, keyLength: key.count, valueLength: value.count)
      for _ in 0..<TwoskipEncoding.blankCount(at: bytes.count, headLength: headLength) {
        bytes.append(contentsOf: TwoskipEncoding.blank)
        noteWrite(bytes.count - TwoskipEncoding.blank.count..<bytes.count)
      }
    }
    let offset = bytes.count
    TwoskipEncoding.appendRecord(type, level: level, key: key, value: value, pointers: pointers, to: &bytes)
    noteWrite(offset..<bytes.count)
    return offset
  }

  private mutating func writeHeader() {
    let header = TwoskipEncoding.header(
      generation: generation, recordCount: recordCount, repackSize: repackSize, currentSize: committedEnd,
      flags: isDirty ? TwoskipEncoding.dirtyFlag : 0)
    bytes.replaceSubrange(0..<header.count, with: header)
    noteWrite(0..<header.count)
    note(.synced)
  }

  /// Makes each predecessor point to its entry of `successors`, for the lists below `listCount`.
  private mutating func relink(listCount: Int) {
    var list = 0
    while list < listCount {
      // A record that precedes on several lists does so on neighbouring ones: one rewrite each.
      let record = predecessors[list]
      while list < listCount && predecessors[list] == record {
        let index = list == 0 ? alternateToOverwrite(of: record) : list + 1
        setPointer(index, of: record, to: successors[list])
        list += 1
      }
      finishHead(of: record)
    }
  }

  /// Which of the two list 0 pointers may be overwritten without losing the committed one.
  private func alternateToOverwrite(of record: Int) -> Int {
    let first = pointer(0, of: record)
    let second = pointer(1, of: record)
    if first >= committedEnd { return 0 }
    if second >= committedEnd { return 1 }
    return second > first ? 0 : 1
  }

  /// Restores what the committed end says and returns the number of live records.
  ///
  /// Clears list 0 pointers beyond the committed end, then links the higher lists anew where needed.
  private mutating func relinkCommitted() -> Int {
    var count = 0
    // Per list: the last record seen that is on it.
    var last = [Int](repeating: TwoskipEncoding.dummyOffset, count: TwoskipEncoding.maxLevel)
    var record = TwoskipEncoding.dummyOffset
    while true {
      for index in 0...1 where pointer(index, of: record) >= committedEnd {
        setPointer(index, of: record, to: 0)
        finishHead(of: record)
      }
      record = liveSuccessor(of: record)
      if record == 0 { break }
      count += 1
      for list in 1..<max(1, Int(bytes[record + 1])) {
        link(last[list], to: record, list: list)
        last[list] = record
      }
    }
    for list in 1..<TwoskipEncoding.maxLevel { link(last[list], to: 0, list: list) }
    return count
  }

  private mutating func link(_ record: Int, to next: Int, list: Int) {
    guard pointer(list + 1, of: record) != next else { return }
    setPointer(list + 1, of: record, to: next)
    finishHead(of: record)
  }

  private mutating func setPointer(_ index: Int, of record: Int, to target: Int) {
    TwoskipEncoding.put(UInt64(target), at: pointersOffset(of: record) + 8 * index, in: &bytes)
  }

  /// Ends a head rewrite: checksum and journal.
  private mutating func finishHead(of record: Int) {
    let checksum = pointersOffset(of: record) + 8 * (Int(bytes[record + 1]) + 1)
    TwoskipEncoding.put(testCRC32(bytes, in: record..<checksum), at: checksum, in: &bytes)
    noteWrite(record..<checksum + 8)
  }

  private mutating func noteWrite(_ range: Range<Int>) {
    guard !isBulk else { return }
    journal.append(.write(offset: range.lowerBound, bytes: Array(bytes[range])))
  }

  private mutating func note(_ step: TwoskipWrite) {
    guard !isBulk else { return }
    journal.append(step)
  }
}

// MARK: - Searching

extension TwoskipBuilder {
  /// Finds the record with this key, 0 if there is none, and sets `predecessors` and `successors`.
  private mutating func locate(_ key: [UInt8]) -> Int {
    var record = TwoskipEncoding.dummyOffset
    // The last record compared that was not smaller; neighbouring lists often meet it again.
    var bound = 0
    var boundIsKey = false
    for list in stride(from: TwoskipEncoding.maxLevel - 1, through: 0, by: -1) {
      while true {
        let next = list == 0 ? liveSuccessor(of: record) : pointer(list + 1, of: record)
        if next == 0 || next == bound { break }
        let comparison = compareKey(of: next, with: key)
        if comparison < 0 {
          record = next
        } else {
          bound = next
          boundIsKey = comparison == 0
          break
        }
      }
      predecessors[list] = record
      successors[list] = successor(of: record, list: list)
    }
    return boundIsKey ? bound : 0
  }

  /// Offsets of the live records in key order, the open transaction included.
  private func liveRecords() -> [Int] {
    var offsets: [Int] = []
    offsets.reserveCapacity(recordCount)
    var record = liveSuccessor(of: TwoskipEncoding.dummyOffset)
    while record != 0 {
      offsets.append(record)
      record = liveSuccessor(of: record)
    }
    return offsets
  }

  /// The next entry of a list; on list 0 it may be a DELETE.
  ///
  /// On list 0 the greater of the two pointers: the writer looks at the file with its own changes, and
  /// what was linked last lies last. During recovery the pointers beyond the committed end are gone.
  private func successor(of record: Int, list: Int) -> Int {
    list == 0 ? max(pointer(0, of: record), pointer(1, of: record)) : pointer(list + 1, of: record)
  }

  /// The next live record, 0 at the end.
  private func liveSuccessor(of record: Int) -> Int {
    let next = successor(of: record, list: 0)
    return next != 0 && bytes[next] == TwoskipEncoding.PieceType.delete.rawValue ? pointer(0, of: next) : next
  }

  /// Below, equal to or above 0 as the key of a record is smaller than, equal to or greater than `key`.
  private func compareKey(of record: Int, with key: [UInt8]) -> Int {
    compare(keyRange(of: record), with: key)
  }

  /// Whether a record's value compares equal to `value`, in the order of the keys as in Cyrus.
  private func hasValue(_ value: [UInt8], at record: Int) -> Bool {
    let start = keyRange(of: record).upperBound
    // The length of a value stands after an escaped key length, if there is one.
    let short = TwoskipEncoding.get(UInt32.self, at: record + 4, in: bytes)
    let count =
      short == 0xFFFF_FFFF
      ? Int(TwoskipEncoding.get(UInt64.self, at: pointersOffset(of: record) - 8, in: bytes)) : Int(short)
    return compare(start..<start + count, with: value) == 0
  }

  private func compare(_ range: Range<Int>, with other: [UInt8]) -> Int {
    let common = min(range.count, other.count)
    switch order {
    case .raw:
      let result = unsafe bytes.withUnsafeBytes { file in
        unsafe other.withUnsafeBytes { other -> CInt in
          // An empty array may have no address.
          guard let start = file.baseAddress, let otherStart = other.baseAddress else { return 0 }
          return unsafe memcmp(start + range.lowerBound, otherStart, common)
        }
      }
      if result != 0 { return Int(result) }
    case .mbox:
      for index in 0..<common {
        let difference = Int(order.rank(bytes[range.lowerBound + index])) - Int(order.rank(other[index]))
        if difference != 0 { return difference }
      }
    }
    return range.count - other.count
  }

  private func keyRange(of record: Int) -> Range<Int> {
    let short = TwoskipEncoding.get(UInt16.self, at: record + 2, in: bytes)
    let count =
      short == 0xFFFF ? Int(TwoskipEncoding.get(UInt64.self, at: record + 8, in: bytes)) : Int(short)
    let start = pointersOffset(of: record) + 8 * (Int(bytes[record + 1]) + 1) + 8
    return start..<start + count
  }

  private func pointer(_ index: Int, of record: Int) -> Int {
    Int(TwoskipEncoding.get(UInt64.self, at: pointersOffset(of: record) + 8 * index, in: bytes))
  }

  private func pointersOffset(of record: Int) -> Int {
    let longKey = TwoskipEncoding.get(UInt16.self, at: record + 2, in: bytes) == 0xFFFF
    let longValue = TwoskipEncoding.get(UInt32.self, at: record + 4, in: bytes) == 0xFFFF_FFFF
    return record + 8 + (longKey ? 8 : 0) + (longValue ? 8 : 0)
  }
}
