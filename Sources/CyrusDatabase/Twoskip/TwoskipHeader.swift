// The twoskip file header.
//
// 64 bytes, big-endian: magic 0..<20, version 20, generation 24, record count 32,
// repack size 40, current size 48, flags 56, CRC-32 of bytes 0..<60 at 60.
//
// Rewritten in place by every commit, first dirty and then clean, so a dirty
// header is normal on a live file. The record count means nothing while dirty.
//
// Facts: Docs/Formats/twoskip.md, "Header".

/// The header of a twoskip file, as stored.
public struct TwoskipHeader: Sendable, Hashable, BitwiseCopyable {
  /// How many bytes a header has.
  public static let byteCount = 64
  /// Where the two fields lie that tell one committed state from another.
  static let generationOffset = 24, currentSizeOffset = 48

  /// 1 in every file known; Cyrus refuses more and takes 0 too.
  public let version: UInt32
  /// 1 at creation, one more with each repack. Not monotonic: repacking an empty database starts again at 1.
  public let generation: UInt64
  /// Live keys at the last commit. Not to be trusted while ``isDirty``.
  public let recordCount: UInt64
  /// End of the file right after its last repack, before that repack's own commit record; 336 if never repacked.
  public let repackSize: UInt64
  /// End of the committed data, in bytes from the start of the file.
  public let currentSize: UInt64
  /// Bit 0 is set while a transaction is under way; no other bit is used.
  public let flags: UInt32
  /// The CRC-32 that the header holds.
  public let checksum: UInt32
  /// The CRC-32 of the header's first 60 bytes as they are.
  public let computedChecksum: UInt32

  /// Whether a transaction was under way, or died, when the header was written.
  public var isDirty: Bool { flags & 1 != 0 }

  /// The first 20 bytes of every twoskip file.
  static let magic: [UInt8] = [0xA1, 0x02, 0x8B, 0x0D] + Array("twoskip file".utf8) + [0, 0, 0, 0]

  /// Takes the fields as they are, without judging them.
  ///
  /// - Precondition: `bytes` has 64 bytes or more.
  init(unchecked bytes: RawSpan) {
    version = bytes.bigEndian(UInt32.self, at: 20)
    generation = bytes.bigEndian(UInt64.self, at: Self.generationOffset)
    recordCount = bytes.bigEndian(UInt64.self, at: 32)
    repackSize = bytes.bigEndian(UInt64.self, at: 40)
    currentSize = bytes.bigEndian(UInt64.self, at: Self.currentSizeOffset)
    flags = bytes.bigEndian(UInt32.self, at: 56)
    checksum = bytes.bigEndian(UInt32.self, at: 60)
    computedChecksum = bytes.slice(at: 0, count: 60).crc32
  }

  /// Reads the header at the start of a file and checks what a reader must be able to rely on.
  ///
  /// - Parameter bytes: The file from its start; 64 bytes are looked at.
  /// - Throws: ``TwoskipError`` with `.tooShort`, `.magic`, `.headerChecksum`, `.version` or `.currentSize`.
  package init(of bytes: RawSpan) throws(TwoskipError) {
    guard bytes.byteCount >= Self.byteCount else {
      throw TwoskipError(.tooShort, at: 0, expected: 64, found: UInt64(bytes.byteCount))
    }
    guard bytes.starts(with: Self.magic.rawSpan) else { throw TwoskipError(.magic, at: 0) }
    self.init(unchecked: bytes)
    guard checksum == computedChecksum else {
      throw TwoskipError(.headerChecksum, at: 60, expected: UInt64(computedChecksum), found: UInt64(checksum))
    }
    guard version <= 1 else { throw TwoskipError(.version, at: 20, expected: 1, found: UInt64(version)) }
    guard currentSize >= Twoskip.firstRecord, currentSize % 8 == 0, currentSize <= Twoskip.largestSize else {
      throw TwoskipError(.currentSize, at: 48, found: currentSize)
    }
  }
}

/// Places and limits of the format.
enum Twoskip {
  /// Where the DUMMY record lies.
  static let dummy: UInt64 = 64
  /// Where the first record can start: after the header and the DUMMY record.
  static let firstRecord: UInt64 = 336
  /// Levels a record can have, and pointers on list 1 and above plus one.
  static let levels = 31
  /// Bytes of the smallest record.
  static let smallestRecord = 24
  /// Bytes of the smallest head of a RECORD, which its key comes behind.
  static let smallestKeyOffset = 32
  /// Words of the largest head: 8 bytes, two length escapes, 32 pointers, two checksums.
  static let largestHeadWords = 36
  /// No offset above this is taken for one: sums of two then still fit a signed word.
  static let largestSize = UInt64(Int.max / 4)
  /// The filler word, as a big-endian number.
  static let blank: UInt64 = 0x2042_4C41_4E4B_07A0
}
