// Finding the records of a damaged twoskip file, in the order of its bytes.
//
// Where something lies that is no record, the scan goes on at the next place where a record starts whose head and tail
// checksums are both right. A record in its right place counts with one of the two:
//
//   head right, tail wrong    its key and value are lost, its length and its pointers are known
//   head wrong, tail right    its pointers are lost. The tail checksum lies where the level says and covers as many bytes as
//                             the lengths say, so these are right, up to the padding. But where the key ends, nothing
//                             has proven
//
// What surprises: that last point can be settled if but one bit of the head is wrong, for a checksum tells which one. If it
// is not one of the lengths', these are as they were written.
//
// Facts: Docs/Formats/twoskip.md, "Records" and "Checksums".

/// Compares tail checksums, and does no more work than the size of the file allows.
///
/// In bytes made to do harm, very many heads can claim the same long tail.
struct TwoskipTailCheck {
  private var byteCountLeft: Int

  /// - Parameter byteCount: The size of the file: 16 times as many bytes are looked at, and then no tail is sound.
  init(byteCount: Int) { byteCountLeft = 16 * byteCount + (1 << 20) }

  /// What of a tail is as it was written.
  enum Result {
    case sound
    /// All but the padding.
    case padding
    /// Not the key or not the value.
    case lost
  }

  mutating func check(_ record: TwoskipRecord, in bytes: RawSpan) -> Result {
    guard record.tailByteCount > 0 else { return .sound }
    byteCountLeft -= record.tailByteCount
    guard byteCountLeft > 0 else { return .lost }
    let stored = record.storedTailChecksum(in: bytes)
    return record.tailChecksum(in: bytes) == stored ? .sound : checkWithoutPadding(record, stored, in: bytes)
  }

  /// If the checksum is right for the zeros that every writer pads with, only these are damaged.
  @inline(never)
  private func checkWithoutPadding(_ record: TwoskipRecord, _ stored: UInt32, in bytes: RawSpan) -> Result {
    let count = record.keyByteCount + record.valueByteCount
    guard count < record.tailByteCount else { return .lost }
    var tail = Array(bytes.slice(at: record.tailOffset, count: count))
    while tail.count < record.tailByteCount { tail.append(0) }
    return tail.rawSpan.crc32 == stored ? .padding : .lost
  }
}

/// What a head can be trusted for.
enum TwoskipHeadState {
  case sound
  /// One bit of a pointer or of the checksum is wrong: all but pointers.
  case lengths
  /// Nothing but how long the record is.
  case end
  /// Nothing at all.
  case lost
}

extension TwoskipRecord {
  /// Whether the head's checksum is right.
  @inline(__always)
  func hasSoundHead(in bytes: RawSpan) -> Bool { headChecksum(in: bytes) == storedHeadChecksum(in: bytes) }

  /// What a head with a wrong checksum can be trusted for, if the tail's checksum is right.
  @inline(never)
  func stateOfDamagedHead(in bytes: RawSpan) -> TwoskipHeadState {
    let count = keyByteCount + valueByteCount
    for offset in tailOffset + count..<end where bytes.byte(at: offset) != 0 { return .lost }
    let difference = headChecksum(in: bytes) ^ storedHeadChecksum(in: bytes)
    if difference.nonzeroBitCount == 1 { return .lengths }
    // What the change of a single bit does to the checksum, from the last bit of the last pointer to the first bit.
    var effect: UInt32 = 0xEDB8_8320
    for bit in (0..<8 * (headChecksumOffset - offset)).reversed() {
      if effect == difference { return bit >= 8 * (pointersOffset - offset) ? .lengths : .lost }
      effect = effect & 1 == 1 ? effect >> 1 ^ 0xEDB8_8320 : effect >> 1
    }
    return .end
  }
}

/// A walk over what can be read of a file, in file order.
struct TwoskipSalvageScanner: ~Copyable, ~Escapable {
  /// Something that lies in the file. BLANK words are passed over.
  enum Piece {
    /// A record with a sound key and value.
    case record(TwoskipRecord, TwoskipHeadState, isPaddingSound: Bool)
    /// A record with a sound head, whose key and value are lost.
    case lost(TwoskipRecord)
    /// Bytes that are no record.
    case gap(Range<Int>)
  }

  private let bytes: RawSpan
  private let end: Int
  private var offset: Int

  /// - Parameters:
  ///   - bytes: The file from its start.
  ///   - offset: Where to start: a place where a record starts.
  ///   - end: Where to end; at most `bytes.byteCount`.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, from offset: Int, to end: Int) {
    self.bytes = bytes
    self.offset = offset
    self.end = end
  }

  /// The next piece; nil at the end.
  ///
  /// - Complexity: O(record). Where nothing parses O(288) for each 8 bytes, and what `tails` allows.
  mutating func next(_ tails: inout TwoskipTailCheck) -> Piece? {
    while end - offset >= 8, bytes.bigEndian(UInt64.self, at: offset) == Twoskip.blank { offset += 8 }
    guard offset < end else { return nil }
    if let record = record(at: offset), let piece = piece(record, &tails) {
      offset = record.end
      return piece
    }
    let start = offset
    repeat { offset = min(end, (offset & ~7) + 8) } while offset < end && !isProvenRecord(&tails)
    return .gap(start..<offset)
  }

  private func piece(_ record: TwoskipRecord, _ tails: inout TwoskipTailCheck) -> Piece? {
    if record.hasSoundHead(in: bytes) {
      let tail = tails.check(record, in: bytes)
      return tail == .lost ? .lost(record) : .record(record, .sound, isPaddingSound: tail == .sound)
    }
    guard record.kind == .record, tails.check(record, in: bytes) == .sound else { return nil }
    let head = record.stateOfDamagedHead(in: bytes)
    return head == .lost ? nil : .record(record, head, isPaddingSound: true)
  }

  private func isProvenRecord(_ tails: inout TwoskipTailCheck) -> Bool {
    guard let record = record(at: offset), record.hasSoundHead(in: bytes) else { return false }
    return tails.check(record, in: bytes) != .lost
  }

  /// What parses here, unless it is a list head, which has its own place.
  private func record(at offset: Int) -> TwoskipRecord? {
    guard let record = try? TwoskipRecord(at: offset, in: bytes, limit: end), record.kind != .dummy else { return nil }
    return record
  }
}
