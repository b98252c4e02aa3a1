// Reading a twoskip file in the order of its bytes, as opposed to along its lists.
//
// Between the header and the end lie records and BLANK words and nothing else. Where something else lies, the scan
// says so once and goes on at the next place where a record with a right head checksum starts.
//
// What surprises: a record with a wrong head checksum still tells its lengths, but they may be what is wrong. They are
// believed if its tail checksum or the next record confirms them.

/// Something that lies in the file.
enum TwoskipPiece {
  /// A record. If not `isSound`, its head checksum differs, but its lengths were confirmed.
  case record(TwoskipRecord, isSound: Bool)
  /// A BLANK word at this offset.
  case blank(Int)
  /// Bytes that are neither, and what is wrong with the first of them.
  case unparsed(Range<Int>, TwoskipError)
}

/// A walk over the pieces of a file in file order.
struct TwoskipScanner: ~Copyable, ~Escapable {
  private let bytes: RawSpan
  private let end: Int
  /// Where the next piece starts.
  private(set) var offset: Int
  /// How many bytes of tails may still be looked at to confirm the lengths of damaged heads. The tails of a file do not
  /// overlap, so they have no more bytes than the file.
  private var tailBytesLeft: Int

  /// - Parameters:
  ///   - bytes: The file from its start.
  ///   - offset: Where to start: a place where a piece starts; 64 for the whole file.
  ///   - end: Where to end; at most `bytes.byteCount`.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, from offset: Int = Int(Twoskip.dummy), to end: Int) {
    self.bytes = bytes
    self.offset = offset
    self.end = end
    tailBytesLeft = end - offset
  }

  /// The next piece; nil at the end. The pieces cover every byte.
  ///
  /// - Complexity: O(head), and O(record) where the head is damaged; all calls together O(file). Where nothing parses,
  ///   O(288) for each 8 bytes.
  @inline(__always)
  mutating func next() -> TwoskipPiece? {
    guard offset < end else { return nil }
    if end - offset >= 8, bytes.bigEndian(UInt64.self, at: offset) == Twoskip.blank {
      defer { offset += 8 }
      return .blank(offset)
    }
    let wrong: TwoskipError
    do throws(TwoskipError) {
      let record = try TwoskipRecord(at: offset, in: bytes, limit: end)
      let computed = record.headChecksum(in: bytes)
      let stored = record.storedHeadChecksum(in: bytes)
      if computed == stored || hasConfirmedLengths(record) {
        offset = record.end
        return .record(record, isSound: computed == stored)
      }
      wrong = TwoskipError(
        .headChecksum, at: UInt64(record.offset), expected: UInt64(computed), found: UInt64(stored))
    } catch {
      wrong = error
    }
    return resynchronise(wrong)
  }

  /// Whether something beside the head says that the record ends where its head says.
  @inline(never)
  private mutating func hasConfirmedLengths(_ record: TwoskipRecord) -> Bool {
    if record.end == end { return true }
    if end - record.end >= 8 {
      if bytes.bigEndian(UInt64.self, at: record.end) == Twoskip.blank || isSoundHead(at: record.end) { return true }
    }
    guard record.tailByteCount > 0, record.tailByteCount <= tailBytesLeft else { return false }
    tailBytesLeft -= record.tailByteCount
    return record.tailChecksum(in: bytes) == record.storedTailChecksum(in: bytes)
  }

  private func isSoundHead(at offset: Int) -> Bool {
    guard let record = try? TwoskipRecord(at: offset, in: bytes, limit: end) else { return false }
    return record.headChecksum(in: bytes) == record.storedHeadChecksum(in: bytes)
  }

  @inline(never)
  private mutating func resynchronise(_ wrong: TwoskipError) -> TwoskipPiece {
    let start = offset
    repeat {
      offset = min(end, (offset & ~7) + 8)
    } while offset < end && !isSoundHead(at: offset)
    return .unparsed(start..<offset, wrong)
  }
}
