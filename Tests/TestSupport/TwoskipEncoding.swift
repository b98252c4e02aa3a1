// How the test side spells twoskip bytes: constants, big-endian numbers, whole headers and records.
//
// header  64 bytes: magic 0..<20, version 20, generation 24, record count 32, repack size 40,
//         current size 48, flags 56, CRC-32 of bytes 0..<60 at 60
// record  type, level, key length (2), value length (4), the escaped lengths (8 each, if any),
//         pointers (8 each), head checksum (4), tail checksum (4); then key, value, zero padding
//
// Shares nothing with the reader, on purpose.
//
// Facts: Docs/Formats/twoskip.md, "Header", "Records" and "Checksums".

/// A key and its value.
public typealias TwoskipPair = (key: [UInt8], value: [UInt8])

/// Spelling of twoskip structures for tests.
public enum TwoskipEncoding {
  /// The first 20 bytes of every file.
  public static let magic: [UInt8] = [0xA1, 0x02, 0x8B, 0x0D] + Array("twoskip file".utf8) + [0, 0, 0, 0]
  /// The filler word that may stand where a record could start.
  public static let blank: [UInt8] = [0x20, 0x42, 0x4C, 0x41, 0x4E, 0x4B, 0x07, 0xA0]
  /// Bytes of the file header, and the offset of the DUMMY.
  public static let headerLength = 64
  /// Offset of the DUMMY, the head of all lists.
  public static let dummyOffset = 64
  /// Offset of the first record after the DUMMY; the size of a file without records.
  public static let firstRecordOffset = 336
  /// The greatest level of a record, and the level of the DUMMY.
  public static let maxLevel = 31
  /// The only flag of the header: a transaction has begun to write.
  public static let dirtyFlag: UInt32 = 1

  /// What a piece of a file is, by its first byte.
  public enum PieceType: UInt8, Sendable, Hashable, CaseIterable {
    /// `=`: the head of all lists.
    case dummy = 0x3D
    /// `+`: a key with its value.
    case record = 0x2B
    /// `-`: stands for a deleted key on list 0.
    case delete = 0x2D
    /// `$`: the end of a transaction.
    case commit = 0x24
    /// A filler word of 8 bytes.
    case blank = 0x20
  }

  /// Where the fields of the file header are, in bytes from the start of the file.
  public enum HeaderField {
    /// Format version, 4 bytes.
    public static let version = 20
    /// Generation, 8 bytes.
    public static let generation = 24
    /// Number of live keys, 8 bytes.
    public static let recordCount = 32
    /// End of the file after the last repack, 8 bytes.
    public static let repackSize = 40
    /// End of the committed data, 8 bytes.
    public static let currentSize = 48
    /// Flags, 4 bytes.
    public static let flags = 56
    /// Checksum of the 60 bytes before it, 4 bytes.
    public static let checksum = 60
  }

  /// The 64 bytes of a file header, with the right checksum.
  public static func header(
    version: UInt32 = 1, generation: UInt64 = 1, recordCount: Int, repackSize: Int, currentSize: Int,
    flags: UInt32 = 0
  ) -> [UInt8] {
    var bytes = magic
    append(version, to: &bytes)
    append(generation, to: &bytes)
    append(UInt64(recordCount), to: &bytes)
    append(UInt64(repackSize), to: &bytes)
    append(UInt64(currentSize), to: &bytes)
    append(flags, to: &bytes)
    append(testCRC32(bytes, in: 0..<bytes.count), to: &bytes)
    return bytes
  }

  /// The bytes of one record, with the right checksums and padding.
  ///
  /// - Parameter pointers: as many as the record has, that is `level + 1`.
  public static func record(
    _ type: PieceType, level: Int, key: [UInt8] = [], value: [UInt8] = [], pointers: [UInt64]
  ) -> [UInt8] {
    precondition(pointers.count == level + 1)
    var bytes: [UInt8] = []
    appendRecord(type, level: level, key: key, value: value, pointers: pointers, to: &bytes)
    return bytes
  }

  /// The DUMMY of a file without records.
  public static let emptyDummy = record(.dummy, level: maxLevel, pointers: [UInt64](repeating: 0, count: maxLevel + 1))

  /// Bytes of a head: everything before the key.
  public static func headLength(level: Int, keyLength: Int, valueLength: Int) -> Int {
    8 + (keyLength >= 0xFFFF ? 8 : 0) + (valueLength >= 0xFFFF_FFFF ? 8 : 0) + 8 * (level + 1) + 8
  }

  /// Bytes of a tail: key, value and padding.
  public static func tailLength(keyLength: Int, valueLength: Int) -> Int {
    (keyLength + valueLength + 7) / 8 * 8
  }

  /// How many filler words belong before a record whose head has `headLength` bytes, at file offset `end`.
  ///
  /// They keep the part of a head that may be rewritten within one block of 512 bytes.
  public static func blankCount(at end: Int, headLength: Int) -> Int {
    guard headLength <= 504 else { return 0 }
    var count = 0
    while (end + 8 * count + 8) % 512 > (end + 8 * count + headLength - 8) % 512 { count += 1 }
    return count
  }

  /// The level of a new record: 1, and one more with probability 1/2 each, up to 31.
  static func drawLevel(using random: inout SplitMix64) -> Int {
    min(maxLevel, 1 + random.next().trailingZeroBitCount)
  }

  /// Appends one record; uses the first `level + 1` of `pointers`.
  static func appendRecord(
    _ type: PieceType, level: Int, key: [UInt8], value: [UInt8], pointers: [UInt64], to bytes: inout [UInt8]
  ) {
    let start = bytes.count
    bytes.append(type.rawValue)
    bytes.append(UInt8(level))
    let longKey = key.count >= 0xFFFF
    let longValue = value.count >= 0xFFFF_FFFF
    append(longKey ? 0xFFFF : UInt16(key.count), to: &bytes)
    append(longValue ? 0xFFFF_FFFF : UInt32(value.count), to: &bytes)
    if longKey { append(UInt64(key.count), to: &bytes) }
    if longValue { append(UInt64(value.count), to: &bytes) }
    for index in 0...level { append(pointers[index], to: &bytes) }
    append(testCRC32(bytes, in: start..<bytes.count), to: &bytes)

    let tailChecksum = bytes.count
    append(UInt32(0), to: &bytes)
    let tail = bytes.count
    bytes.append(contentsOf: key)
    bytes.append(contentsOf: value)
    while (bytes.count - tail) % 8 != 0 { bytes.append(0) }
    put(testCRC32(bytes, in: tail..<bytes.count), at: tailChecksum, in: &bytes)
  }

  /// Appends a number, most significant byte first.
  public static func append<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, to bytes: inout [UInt8]) {
    unsafe withUnsafeBytes(of: number.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Overwrites the bytes at `offset` with a number, most significant byte first.
  public static func put<Number: FixedWidthInteger & BitwiseCopyable>(
    _ number: Number, at offset: Int, in bytes: inout [UInt8]
  ) {
    precondition(offset >= 0 && offset + MemoryLayout<Number>.size <= bytes.count)
    unsafe bytes.withUnsafeMutableBytes {
      unsafe $0.storeBytes(of: number.bigEndian, toByteOffset: offset, as: Number.self)
    }
  }

  /// The big-endian number at `offset`.
  public static func get<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type, at offset: Int, in bytes: [UInt8]
  ) -> Number {
    precondition(offset >= 0 && offset + MemoryLayout<Number>.size <= bytes.count)
    return unsafe bytes.withUnsafeBytes { buffer in
      Number(bigEndian: unsafe buffer.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
