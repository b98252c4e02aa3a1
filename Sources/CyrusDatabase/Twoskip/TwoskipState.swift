// One committed state of a twoskip file: its bytes, and the end that they are read at.
//
// Everything a reader needs of a file in any state, clean or not: list 0 as it was at the
// last commit. Bytes at or beyond that end are never looked at.
//
// What surprises: a list-0 entry may be a DELETE, which stands between two records and is
// skipped, once; and lists 1 and above are only hints while a transaction is open.
//
// Live bytes, which a writer may be changing, are read with care: what is used of a head is read before and after its
// checksum is compared, and if that seems wrong the head is copied, and only the copy is compared and used. Lengths, keys
// and values never change once committed.
//
// Facts: Docs/Formats/twoskip.md, "The linked lists", "What a read-only reader does", "Reading without a lock".

import CCyrusShim

/// The committed state of a file's bytes.
struct TwoskipState: ~Escapable {
  /// The file from its start; may be shorter than `end` (a cut file) or longer (an open transaction).
  let bytes: RawSpan
  /// The committed end: the header's current size.
  let end: UInt64
  /// Where readable records must end: `end`, or the end of the file if that comes first.
  let limit: Int
  /// Whether a writer may be changing heads while they are read.
  let isLive: Bool
  /// Whether records of the usual shape are only given if their checksums are right.
  let comparesChecksums: Bool

  /// - Parameters:
  ///   - bytes: The file from its start.
  ///   - end: The committed end; a multiple of 8, from 336 to ``Twoskip/largestSize``.
  ///   - isLive: Whether a writer may be changing heads while they are read.
  ///   - comparesChecksums: Off for what was verified before.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, end: UInt64, isLive: Bool = false, comparesChecksums: Bool = true) {
    self.comparesChecksums = comparesChecksums
    self.bytes = bytes
    self.end = end
    self.isLive = isLive
    self.limit = min(Int(truncatingIfNeeded: end), bytes.byteCount)
  }

  /// The list head, its checksum compared.
  ///
  /// - Throws: ``TwoskipError`` with `.dummy`, `.headChecksum`, or the codes of ``TwoskipRecord``.
  func dummy() throws(TwoskipError) -> TwoskipRecord {
    guard limit >= Int(Twoskip.firstRecord) else {
      throw TwoskipError(.truncated, at: 0, expected: end, found: UInt64(bytes.byteCount))
    }
    var record = try TwoskipRecord(at: Int(Twoskip.dummy), in: bytes, limit: limit)
    guard record.kind == .dummy else { throw TwoskipError(.dummy, at: Twoskip.dummy) }
    try checkHead(of: &record)
    return record
  }

  /// The record that a pointer leads to, its head checksum compared.
  ///
  /// - Parameters:
  ///   - pointer: As stored; anything.
  ///   - holder: Where the record with the pointer starts, for the error.
  /// - Throws: ``TwoskipError``: `.listEntry` or `.truncated` at `holder` if the pointer leads nowhere, otherwise
  ///   what is wrong at the place it leads to.
  @inline(__always)
  func record(at pointer: UInt64, from holder: Int) throws(TwoskipError) -> TwoskipRecord {
    guard pointer >= Twoskip.firstRecord, pointer % 8 == 0, pointer < UInt64(limit) else {
      throw outside(pointer, from: holder)
    }
    var record = try TwoskipRecord(at: Int(truncatingIfNeeded: pointer), in: bytes, limit: limit)
    try checkHead(of: &record)
    return record
  }

  /// The list-0 entry after `record`, DELETEs skipped; nil at the end of the list.
  ///
  /// - Throws: ``TwoskipError`` if the successor is lost or damaged.
  @inline(__always)
  func next(after record: TwoskipRecord) throws(TwoskipError) -> TwoskipRecord? {
    guard let pointer = successor(record.first, record.second, end: end) else {
      throw TwoskipError(.unresolvablePair, at: UInt64(record.offset))
    }
    if pointer == 0 {
      if max(record.first, record.second) >= end { try requireEnd(at: record) }
      return nil
    }
    let next = try self.record(at: pointer, from: record.offset)
    if next.kind == .record { return next }
    return try skip(next, from: record.offset)
  }

  /// Makes sure that list 0 ends at a record of whose level-0 pointers one is 0 and the other lies beyond the committed
  /// end.
  ///
  /// Mostly that is the last record, behind which an open transaction has put another one. But if the file is a mixture of
  /// two moments, the transaction may have been given up, and its 0 stands where the successor was: then records are
  /// missing. The header's count tells; while the file is dirty it can be one too small.
  ///
  /// - Throws: ``TwoskipError`` with `.unresolvablePair` if there should be more records.
  /// - Complexity: O(*n*).
  @inline(never)
  private func requireEnd(at last: TwoskipRecord) throws(TwoskipError) {
    // A header that cannot be read, or is another one, proves nothing; who reads a live file will find that out.
    guard let header = try? TwoskipHeader(of: bytes), header.currentSize == end else { return }
    var count: UInt64 = 0
    var current = try dummy()
    while current.offset != last.offset {
      guard count <= header.recordCount, let next = try next(after: current) else { break }
      count += 1
      current = next
    }
    let isRight = count == header.recordCount || (header.isDirty && count == header.recordCount &+ 1)
    if current.offset != last.offset || !isRight {
      throw TwoskipError(.unresolvablePair, at: UInt64(last.offset), expected: header.recordCount, found: count)
    }
  }

  /// The tail checksum compared.
  @inline(__always)
  func checkTail(of record: TwoskipRecord) throws(TwoskipError) {
    let computed = record.tailChecksum(in: bytes)
    let stored = record.storedTailChecksum(in: bytes)
    if computed != stored {
      throw TwoskipError(.tailChecksum, at: UInt64(record.offset), expected: UInt64(computed), found: UInt64(stored))
    }
  }

  /// The head checksum compared, in place; the level-0 pair is then that of a sound head.
  @inline(__always)
  func checkHead(of record: inout TwoskipRecord) throws(TwoskipError) {
    let isSound = record.headChecksum(in: bytes) == record.storedHeadChecksum(in: bytes)
    if !isSound || isLive && !record.hasSamePair(in: bytes) { try reload(&record) }
  }

  /// Looks at a head once more that seemed wrong: a writer may have been at it.
  @inline(never)
  private func reload(_ record: inout TwoskipRecord) throws(TwoskipError) {
    var head = TwoskipHead()
    try load(&head, of: &record)
  }

  /// Copies a record's head and compares its checksum; the record then has the level-0 pair of the copy.
  ///
  /// - Throws: ``TwoskipError`` with `.headChecksum` if it stays wrong for some milliseconds.
  @inline(never)
  func load(_ head: inout TwoskipHead, of record: inout TwoskipRecord) throws(TwoskipError) {
    var computed: UInt32 = 0
    // A writer's rewriting of a head is not atomic towards a mapping, but over in microseconds.
    for attempt in 0..<(isLive ? 8 : 1) {
      if attempt > 0 { ccs_pause(50 << UInt32(attempt)) }
      head.copy(record, from: bytes)
      computed = head.computedChecksum
      if computed == head.storedChecksum {
        record.first = head.pointer(0)
        record.second = record.pointerCount > 1 ? head.pointer(1) : 0
        return
      }
    }
    throw TwoskipError(
      .headChecksum, at: UInt64(record.offset), expected: UInt64(computed), found: UInt64(head.storedChecksum))
  }

  /// What follows a DELETE on list 0: a RECORD or nothing, never another DELETE.
  @inline(never)
  private func skip(_ entry: TwoskipRecord, from holder: Int) throws(TwoskipError) -> TwoskipRecord? {
    guard entry.kind == .delete else {
      throw TwoskipError(.listEntry, at: UInt64(holder), found: UInt64(entry.offset))
    }
    let pointer = entry.first
    if pointer == 0 { return nil }
    let next = try record(at: pointer, from: entry.offset)
    guard next.kind == .record else {
      throw TwoskipError(.deleteTarget, at: UInt64(entry.offset), found: pointer)
    }
    return next
  }

  @inline(never)
  private func outside(_ pointer: UInt64, from holder: Int) -> TwoskipError {
    if pointer % 8 == 0, pointer >= UInt64(limit), pointer < end {
      return TwoskipError(.truncated, at: UInt64(holder), expected: end, found: UInt64(bytes.byteCount))
    }
    return TwoskipError(.listEntry, at: UInt64(holder), found: pointer)
  }
}

/// A private copy of a record's head.
struct TwoskipHead {
  // As in the file: big-endian words.
  private var words = InlineArray<36, UInt64>(repeating: 0)
  private var wordCount = 0
  private var firstPointer = 0

  mutating func copy(_ record: TwoskipRecord, from bytes: RawSpan) {
    wordCount = record.headByteCount / 8
    firstPointer = (record.pointersOffset - record.offset) / 8
    var target = words.mutableSpan
    let source = bytes.slice(at: record.offset, count: record.headByteCount)
    // Heads start at multiples of 8 and have whole words.
    ccs_copy_words(&target, Span<UInt64>(_bytes: source))
  }

  var storedChecksum: UInt32 { UInt32(truncatingIfNeeded: UInt64(bigEndian: words[wordCount - 1]) >> 32) }

  var computedChecksum: UInt32 {
    // Words are plain bits.
    let bytes = unsafe words.span.bytes
    return bytes.slice(at: 0, count: wordCount * 8 - 8).crc32
  }

  /// The pointer at `index`: 0 and 1 are list 0's pair, `i + 1` belongs to list `i`.
  func pointer(_ index: Int) -> UInt64 { UInt64(bigEndian: words[firstPointer + index]) }
}
