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
// is not one of the lengths', these are as they were written. And if the level is wrong the checksum may be that of another
// record's tail.
//
// Facts: Docs/Formats/twoskip.md, "Records" and "Checksums".

/// Compares tail checksums, and does no more work than the size of the file allows.
///
/// In bytes made to do harm, very many heads can claim the same long tail; and of damaged heads many claim long ones by
/// chance. What they use up must not be missing for records that are sound.
struct TwoskipTailCheck {
  /// What speaks for a head, whose tail is to be compared.
  enum Head {
    /// It is sound and lies behind the end of another record. No bytes are looked at twice for the sake of such heads.
    case inPlace
    /// It is sound, but was found amid unreadable bytes.
    case found
    /// Its checksum is wrong.
    case damaged
  }

  /// What of a tail is as it was written.
  enum Result {
    case sound
    /// All but the padding, or the checksum of a tail without a byte.
    case padding
    /// Not the key or not the value.
    case lost
  }

  /// How many bytes may still be looked at.
  private var byteCountLeftForFound: Int
  private var byteCountLeftForDamaged: Int

  /// - Parameter byteCount: The size of the file: for found and for damaged heads 16 times as many bytes are looked at each,
  ///   and then no tail is sound.
  init(byteCount: Int) {
    byteCountLeftForFound = 16 * byteCount + (1 << 20)
    byteCountLeftForDamaged = byteCountLeftForFound
  }

  mutating func check(_ record: TwoskipRecord, _ head: Head, in bytes: RawSpan) -> Result {
    guard record.tailByteCount > 0 else { return record.storedTailChecksum(in: bytes) == 0 ? .sound : .padding }
    switch head {
    case .inPlace: break
    case .found:
      byteCountLeftForFound -= record.tailByteCount
      guard byteCountLeftForFound > 0 else { return .lost }
    case .damaged:
      // Lengths that are wrong mostly show here, at no cost.
      guard record.hasZeroPadding(in: bytes) else { return .lost }
      byteCountLeftForDamaged -= record.tailByteCount
      guard byteCountLeftForDamaged > 0 else { return .lost }
    }
    let stored = record.storedTailChecksum(in: bytes)
    return record.tailChecksum(in: bytes) == stored ? .sound : checkWithoutPadding(record, stored, in: bytes)
  }

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

  /// Whether the padding is what every writer pads with.
  func hasZeroPadding(in bytes: RawSpan) -> Bool {
    for offset in tailOffset + keyByteCount + valueByteCount..<end where bytes.byte(at: offset) != 0 { return false }
    return true
  }

  /// What a head with a wrong checksum can be trusted for, if the tail's checksum is right and its padding zero.
  @inline(never)
  func stateOfDamagedHead(in bytes: RawSpan) -> TwoskipHeadState {
    let difference = headChecksum(in: bytes) ^ storedHeadChecksum(in: bytes)
    if difference.nonzeroBitCount == 1 { return .lengths }
    // What the change of a single bit does to the checksum, from the last bit of the last pointer to the first bit.
    var effect: UInt32 = 0xEDB8_8320
    for bit in (0..<8 * (headChecksumOffset - offset)).reversed() {
      if effect == difference { return bit >= 8 * (pointersOffset - offset) ? .lengths : .lost }
      effect = effect & 1 == 1 ? effect >> 1 ^ 0xEDB8_8320 : effect >> 1
    }
    return headHoldsRecord(in: bytes) ? .lost : .end
  }

  /// Whether something that only follows a record lies where this one's pointers should be.
  ///
  /// If the level is wrong, the head can end where that of a later record does, so that the tail of that one seems to be its
  /// own.
  private func headHoldsRecord(in bytes: RawSpan) -> Bool {
    for place in stride(from: offset + 8, to: tailOffset, by: 8) {
      if bytes.bigEndian(UInt64.self, at: place) == Twoskip.blank { return true }
      if let other = try? TwoskipRecord(at: place, in: bytes, limit: bytes.byteCount), other.hasSoundHead(in: bytes) {
        return true
      }
    }
    return false
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
    /// Bytes that are no record, up to a sound record or BLANK words before one, or to the end.
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
    // BLANK words before the record that was found, or before the end, are not unreadable.
    while offset & 7 == 0, offset - start > 8, bytes.bigEndian(UInt64.self, at: offset - 8) == Twoskip.blank {
      offset -= 8
    }
    return .gap(start..<offset)
  }

  private func piece(_ record: TwoskipRecord, _ tails: inout TwoskipTailCheck) -> Piece? {
    if record.hasSoundHead(in: bytes) {
      let tail = tails.check(record, .inPlace, in: bytes)
      return tail == .lost ? .lost(record) : .record(record, .sound, isPaddingSound: tail == .sound)
    }
    guard record.kind == .record, tails.check(record, .damaged, in: bytes) == .sound else { return nil }
    let head = record.stateOfDamagedHead(in: bytes)
    return head == .lost ? nil : .record(record, head, isPaddingSound: true)
  }

  private func isProvenRecord(_ tails: inout TwoskipTailCheck) -> Bool {
    guard let record = record(at: offset), record.hasSoundHead(in: bytes) else { return false }
    return tails.check(record, .found, in: bytes) != .lost
  }

  /// What parses here and can have been written here: no list head, which has its own place, and no DELETE or COMMIT with
  /// the long form of a length.
  private func record(at offset: Int) -> TwoskipRecord? {
    guard let record = try? TwoskipRecord(at: offset, in: bytes, limit: end) else { return nil }
    switch record.kind {
    case .record: return record
    case .delete, .commit: return record.headByteCount == Twoskip.smallestRecord ? record : nil
    case .dummy: return nil
    }
  }
}
