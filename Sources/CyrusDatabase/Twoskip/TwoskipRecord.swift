// One twoskip record: its head, parsed, and where its parts lie.
//
//   0       type: '=' DUMMY, '+' RECORD, '-' DELETE, '$' COMMIT
//   1       level L
//   2..<4   key length, or FFFF: a 64-bit length follows
//   4..<8   value length, or FFFFFFFF: a 64-bit length follows
//   ...     the 64-bit lengths that were asked for, key first
//   ...     L + 1 pointers of 8 bytes
//   ...     CRC-32 of everything before it, CRC-32 of the tail
//   tail    key, value, zeros up to a multiple of 8
//
// Level L means L + 1 pointers: list 0 has two, of which one is history.
// All lengths come from the file: each is checked against the room that is left before it is used.
//
// Facts: Docs/Formats/twoskip.md, "Records".

import CCyrusShim

/// A record's head as it lies in the file, its checksum not yet looked at.
struct TwoskipRecord: BitwiseCopyable {
  /// What a record is.
  enum Kind: UInt8, BitwiseCopyable {
    case dummy = 0x3D
    case record = 0x2B
    case delete = 0x2D
    case commit = 0x24
  }

  /// First byte, from the start of the file.
  let offset: Int
  let kind: Kind
  /// The level byte: the record is on lists 0..<level, and has level + 1 pointers.
  let level: Int
  let keyByteCount: Int
  let valueByteCount: Int
  /// Where the first pointer lies.
  let pointersOffset: Int
  /// The level-0 pair, or a DELETE's or COMMIT's pointer and 0, as of when the head was looked at.
  var first: UInt64, second: UInt64

  // The parser has seen that all this fits the file, so no sum overflows.
  var pointerCount: Int { level &+ 1 }
  var headChecksumOffset: Int { pointersOffset &+ 8 &* pointerCount }
  var tailChecksumOffset: Int { headChecksumOffset &+ 4 }
  var tailOffset: Int { headChecksumOffset &+ 8 }
  var headByteCount: Int { tailOffset &- offset }
  /// Key, value and padding.
  var tailByteCount: Int { (keyByteCount &+ valueByteCount &+ 7) & ~7 }
  /// Where the next thing starts.
  var end: Int { tailOffset &+ tailByteCount }

  /// Parses the head at `offset`.
  ///
  /// - Parameters:
  ///   - offset: A multiple of 8, below `limit`.
  ///   - bytes: The file from its start.
  ///   - limit: The record must end here or before; at most `bytes.byteCount`.
  /// - Throws: ``TwoskipError`` with `.recordType`, `.level`, `.keyLength` or `.recordFits`.
  @inline(__always)
  init(at offset: Int, in bytes: RawSpan, limit: Int) throws(TwoskipError) {
    guard limit - offset >= Twoskip.smallestRecord else {
      throw TwoskipError(.recordFits, at: UInt64(offset), found: UInt64(limit - offset))
    }
    let word = bytes.bigEndian(UInt64.self, at: offset)
    guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: word >> 56)) else {
      throw TwoskipError(.recordType, at: UInt64(offset), found: word >> 56)
    }
    let level = Int(truncatingIfNeeded: word >> 48 & 0xFF)
    switch kind {
    case .record where 1...Twoskip.levels ~= level: break
    case .dummy where level == Twoskip.levels: break
    case .delete where level == 0, .commit where level == 0: break
    default: throw TwoskipError(.level, at: UInt64(offset), found: UInt64(level))
    }

    var keyLength = word >> 32 & 0xFFFF
    var valueLength = word & 0xFFFF_FFFF
    var pointersOffset = offset + 8
    // 24 bytes are there, so one escape word can be read; the second is asked for below.
    if keyLength == 0xFFFF {
      keyLength = bytes.bigEndian(UInt64.self, at: pointersOffset)
      pointersOffset += 8
    }
    if valueLength == 0xFFFF_FFFF {
      valueLength = bytes.bigEndian(UInt64.self, at: pointersOffset)
      pointersOffset += 8
    }
    let headEnd = pointersOffset + 8 * (level + 1) + 8
    let room = UInt64(truncatingIfNeeded: limit - headEnd)
    // Compared one after the other: their sum could overflow.
    guard headEnd <= limit, keyLength <= room, valueLength <= room - keyLength,
      (keyLength + valueLength + 7) & ~7 <= room
    else {
      throw TwoskipError(.recordFits, at: UInt64(offset), found: UInt64(limit - offset))
    }
    guard (kind == .record) == (keyLength > 0), kind == .record || valueLength == 0 else {
      throw TwoskipError(.keyLength, at: UInt64(offset), found: keyLength)
    }
    self.offset = offset
    self.kind = kind
    self.level = level
    self.keyByteCount = Int(truncatingIfNeeded: keyLength)
    self.valueByteCount = Int(truncatingIfNeeded: valueLength)
    self.pointersOffset = pointersOffset
    self.first = bytes.bigEndian(UInt64.self, at: pointersOffset)
    self.second = level > 0 ? bytes.bigEndian(UInt64.self, at: pointersOffset + 8) : 0
  }

  /// Parses the head of a RECORD of the usual shape: lengths in their short form, a sound level, all of it before `limit`.
  ///
  /// What is not of that shape may still be a record, or the throwing initialiser says what is wrong with it.
  ///
  /// - Parameters:
  ///   - offset: Anything not negative.
  ///   - bytes: The file from its start.
  ///   - limit: The record must end here or before; at most `bytes.byteCount`.
  @inline(__always)
  init?(usualAt offset: Int, in bytes: RawSpan, limit: Int) {
    // Two words are looked at before the lengths are known to fit.
    guard limit <= bytes.byteCount, offset >= 0, offset <= limit &- Twoskip.smallestRecord else { return nil }
    let word = bytes.uncheckedWord(at: offset)
    self.init(usualAt: offset, word, bytes.uncheckedWord(at: offset &+ 8), bytes.uncheckedWord(at: offset &+ 16))
    guard word >> 56 == UInt64(Kind.record.rawValue), 1...Twoskip.levels ~= level, hasUsualLengths, end <= limit else {
      return nil
    }
  }

  /// A RECORD with lengths in their short form, as its first three words have it; nothing is asked about it.
  @inline(__always)
  init(usualAt offset: Int, _ word: UInt64, _ first: UInt64, _ second: UInt64) {
    self.offset = offset
    self.kind = .record
    // None of the sums that are made of these can overflow: they have 8, 16 and 32 bits.
    self.level = Int(truncatingIfNeeded: word >> 48 & 0xFF)
    self.keyByteCount = Int(truncatingIfNeeded: word >> 32 & 0xFFFF)
    self.valueByteCount = Int(truncatingIfNeeded: word & 0xFFFF_FFFF)
    self.pointersOffset = offset &+ 8
    self.first = first
    self.second = second
  }

  /// Whether the lengths, taken from a first word, stand for themselves, and there is a key.
  @inline(__always)
  var hasUsualLengths: Bool {
    UInt(bitPattern: keyByteCount) &- 1 < 0xFFFE && valueByteCount != 0xFFFF_FFFF
  }

  /// The first word of a RECORD with lengths in their short form; nil for others.
  var usualWord: UInt64? {
    guard kind == .record, pointersOffset == offset &+ 8 else { return nil }
    let lengths = UInt64(truncatingIfNeeded: keyByteCount) << 32 | UInt64(truncatingIfNeeded: valueByteCount)
    return UInt64(kind.rawValue) << 56 | UInt64(truncatingIfNeeded: level) << 48 | lengths
  }

  /// Parses the head of a record of whatever shape; nil if there is none.
  ///
  /// The parameters are those of ``init(usualAt:in:limit:)``.
  @inline(__always)
  init?(anyAt offset: Int, in bytes: RawSpan, limit: Int) {
    guard
      let record = Self(usualAt: offset, in: bytes, limit: limit) ?? Self.unusual(at: offset, in: bytes, limit: limit)
    else { return nil }
    self = record
  }

  @inline(never)
  private static func unusual(at offset: Int, in bytes: RawSpan, limit: Int) -> TwoskipRecord? {
    try? TwoskipRecord(at: offset, in: bytes, limit: limit)
  }

  /// Whether both checksums are what they should be.
  @inline(__always)
  func hasSoundChecksums(in bytes: RawSpan) -> Bool {
    // Parsed: all of it lies within the bytes.
    let whole = bytes.uncheckedSlice(at: offset, count: end &- offset)
    let headCount = headByteCount &- 8
    // The shim is told places within the record, as the parser has proven them to be.
    let computed = ccs_crc32_of_both(Span<UInt8>(_bytes: whole), headCount, headCount &+ 8)
    return computed == bytes.uncheckedWord(at: headChecksumOffset)
  }

  /// Whether the level-0 pair is still the one that was parsed.
  ///
  /// A writer may change it at any moment. A head of which the checksum is right, and the pair the same before and after
  /// that was computed, is one as the writer leaves them.
  @inline(__always)
  func hasSamePair(in bytes: RawSpan) -> Bool {
    ccs_acquire()
    return bytes.bigEndian(UInt64.self, at: pointersOffset) == first
      && (level == 0 || bytes.bigEndian(UInt64.self, at: pointersOffset + 8) == second)
  }

  /// The pointer at `index`: 0 and 1 are list 0's pair, `i + 1` belongs to list `i`.
  @inline(__always)
  func pointer(_ index: Int, in bytes: RawSpan) -> UInt64 {
    bytes.bigEndian(UInt64.self, at: pointersOffset + 8 * index)
  }

  /// The head checksum that the record holds.
  @inline(__always)
  func storedHeadChecksum(in bytes: RawSpan) -> UInt32 { bytes.bigEndian(UInt32.self, at: headChecksumOffset) }

  /// The tail checksum that the record holds.
  @inline(__always)
  func storedTailChecksum(in bytes: RawSpan) -> UInt32 { bytes.bigEndian(UInt32.self, at: tailChecksumOffset) }

  /// The head checksum as it should be.
  @inline(__always)
  func headChecksum(in bytes: RawSpan) -> UInt32 { bytes.slice(at: offset, count: headByteCount - 8).crc32 }

  /// The tail checksum as it should be; 0 for an empty tail.
  @inline(__always)
  func tailChecksum(in bytes: RawSpan) -> UInt32 { bytes.slice(at: tailOffset, count: tailByteCount).crc32 }

  /// The key, which is empty for all but RECORDs.
  @inline(__always)
  @_lifetime(copy bytes)
  func key(in bytes: RawSpan) -> RawSpan { bytes.slice(at: tailOffset, count: keyByteCount) }

  /// The value.
  @inline(__always)
  @_lifetime(copy bytes)
  func value(in bytes: RawSpan) -> RawSpan { bytes.slice(at: tailOffset + keyByteCount, count: valueByteCount) }
}

/// The list-0 successor that a level-0 pair names, as of the moment when the committed end was `end`.
///
/// Two pointers, because a running transaction writes over the older one and leaves the committed one alone.
///
/// - Returns: An offset below `end`, 0 at the end of the list, or nil if both are beyond `end`: then the successor is lost.
@inline(__always)
func successor(_ first: UInt64, _ second: UInt64, end: UInt64) -> UInt64? {
  if first >= end { return second >= end ? nil : second }
  if second >= end { return first }
  return max(first, second)
}
