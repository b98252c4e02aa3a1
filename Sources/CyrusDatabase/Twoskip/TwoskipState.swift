// One committed state of a twoskip file: its bytes, and the end that they are read at.
//
// Everything a reader needs of a file in any state, clean or not: list 0 as it was at the
// last commit. Bytes at or beyond that end are never looked at.
//
// What surprises: a list-0 entry may be a DELETE, which stands between two records and is
// skipped, once; and lists 1 and above are only hints while a transaction is open.
//
// Facts: Docs/Formats/twoskip.md, "The linked lists" and "What a read-only reader does".

/// The committed state of a file's bytes.
struct TwoskipState: ~Escapable {
  /// The file from its start; may be shorter than `end` (a cut file) or longer (an open transaction).
  let bytes: RawSpan
  /// The committed end: the header's current size.
  let end: UInt64
  /// Where readable records must end: `end`, or the end of the file if that comes first.
  let limit: Int

  /// - Parameters:
  ///   - bytes: The file from its start.
  ///   - end: The committed end; a multiple of 8, from 336 to ``Twoskip/largestSize``.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, end: UInt64) {
    self.bytes = bytes
    self.end = end
    self.limit = min(Int(truncatingIfNeeded: end), bytes.byteCount)
  }

  /// The list head, its checksum compared.
  ///
  /// - Throws: ``TwoskipError`` with `.dummy`, `.headChecksum`, or the codes of ``TwoskipRecord``.
  func dummy() throws(TwoskipError) -> TwoskipRecord {
    guard limit >= Int(Twoskip.firstRecord) else {
      throw TwoskipError(.truncated, at: 0, expected: end, found: UInt64(bytes.byteCount))
    }
    let record = try TwoskipRecord(at: Int(Twoskip.dummy), in: bytes, limit: limit)
    guard record.kind == .dummy else { throw TwoskipError(.dummy, at: Twoskip.dummy) }
    try checkHead(of: record)
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
    let record = try TwoskipRecord(at: Int(truncatingIfNeeded: pointer), in: bytes, limit: limit)
    try checkHead(of: record)
    return record
  }

  /// The list-0 entry after `record`, DELETEs skipped; nil at the end of the list.
  ///
  /// - Throws: ``TwoskipError`` if the successor is lost or damaged.
  @inline(__always)
  func next(after record: TwoskipRecord) throws(TwoskipError) -> TwoskipRecord? {
    guard
      let pointer = successor(record.pointer(0, in: bytes), record.pointer(1, in: bytes), end: end)
    else { throw TwoskipError(.unresolvablePair, at: UInt64(record.offset)) }
    if pointer == 0 { return nil }
    let next = try self.record(at: pointer, from: record.offset)
    if next.kind == .record { return next }
    return try skip(next, from: record.offset)
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

  @inline(__always)
  private func checkHead(of record: TwoskipRecord) throws(TwoskipError) {
    let computed = record.headChecksum(in: bytes)
    let stored = record.storedHeadChecksum(in: bytes)
    if computed != stored {
      throw TwoskipError(.headChecksum, at: UInt64(record.offset), expected: UInt64(computed), found: UInt64(stored))
    }
  }

  /// What follows a DELETE on list 0: a RECORD or nothing, never another DELETE.
  @inline(never)
  private func skip(_ entry: TwoskipRecord, from holder: Int) throws(TwoskipError) -> TwoskipRecord? {
    guard entry.kind == .delete else {
      throw TwoskipError(.listEntry, at: UInt64(holder), found: UInt64(entry.offset))
    }
    let pointer = entry.pointer(0, in: bytes)
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
