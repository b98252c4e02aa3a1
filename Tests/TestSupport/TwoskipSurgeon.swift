// Tools to take a twoskip file apart and to damage it on purpose.
//
// A test changes a byte, a pointer or a length and then repairs the checksums that would give the
// change away, so that one rule is broken and no other.

/// Finding the parts of a twoskip file, changing them, and setting checksums right again.
///
/// Functions that take an offset trap if the file is too short for what should be there.
public enum TwoskipSurgeon {
  /// One record or BLANK word.
  public struct Piece: Hashable, Sendable {
    /// Where it starts, in bytes from the start of the file.
    public let offset: Int
    /// What it is.
    public let type: TwoskipEncoding.PieceType
    /// The level byte; 0 for a BLANK.
    public let level: Int
    /// Bytes of the key.
    public let keyLength: Int
    /// Bytes of the value.
    public let valueLength: Int
    /// Bytes before the key; 8 for a BLANK.
    public let headLength: Int
    /// Bytes of key, value and padding.
    public let tailLength: Int

    /// Where the next piece starts.
    public var end: Int { offset + headLength + tailLength }
    /// Where the head checksum is.
    public var headChecksumOffset: Int { offset + headLength - 8 }
    /// Where the tail checksum is.
    public var tailChecksumOffset: Int { offset + headLength - 4 }
    /// Where the key is.
    public var keyRange: Range<Int> { offset + headLength..<offset + headLength + keyLength }
    /// Where the value is.
    public var valueRange: Range<Int> { keyRange.upperBound..<keyRange.upperBound + valueLength }
    /// Where the zeros after the value are.
    public var paddingRange: Range<Int> { valueRange.upperBound..<end }
  }

  // MARK: Looking

  /// The records of a file, dead ones, DUMMY, DELETEs and COMMITs included, BLANK words not.
  ///
  /// - Parameter end: where to stop; nil for the end of the file, which on a dirty file lies beyond the
  ///   committed end.
  /// - Returns: the records up to the first place that does not parse.
  public static func records(in bytes: [UInt8], upTo end: Int? = nil) -> [Piece] {
    pieces(in: bytes, upTo: end).filter { $0.type != .blank }
  }

  /// Like `records(in:upTo:)`, with BLANK words.
  public static func pieces(in bytes: [UInt8], upTo end: Int? = nil) -> [Piece] {
    var pieces: [Piece] = []
    var offset = TwoskipEncoding.headerLength
    while offset < end ?? bytes.count, let piece = piece(at: offset, in: bytes) {
      pieces.append(piece)
      offset = piece.end
    }
    return pieces
  }

  /// The piece that starts at `offset`, nil if none parses there or it does not fit into the file.
  public static func piece(at offset: Int, in bytes: [UInt8]) -> Piece? {
    guard offset >= 0, offset <= bytes.count - 8, let type = TwoskipEncoding.PieceType(rawValue: bytes[offset])
    else { return nil }
    if type == .blank {
      guard Array(bytes[offset..<offset + 8]) == TwoskipEncoding.blank else { return nil }
      return Piece(
        offset: offset, type: type, level: 0, keyLength: 0, valueLength: 0, headLength: 8, tailLength: 0)
    }
    let level = Int(bytes[offset + 1])
    var keyLength = UInt64(get16(bytes, at: offset + 2))
    var valueLength = UInt64(get32(bytes, at: offset + 4))
    var headLength = 8
    if keyLength == 0xFFFF {
      guard offset + headLength <= bytes.count - 8 else { return nil }
      keyLength = get64(bytes, at: offset + headLength)
      headLength += 8
    }
    if valueLength == 0xFFFF_FFFF {
      guard offset + headLength <= bytes.count - 8 else { return nil }
      valueLength = get64(bytes, at: offset + headLength)
      headLength += 8
    }
    headLength += 8 * (level + 1) + 8
    let room = bytes.count - offset - headLength
    guard room >= 0, keyLength <= UInt64(room), valueLength <= UInt64(room) - keyLength else { return nil }
    let tailLength = TwoskipEncoding.tailLength(keyLength: Int(keyLength), valueLength: Int(valueLength))
    guard tailLength <= room else { return nil }
    return Piece(
      offset: offset, type: type, level: level, keyLength: Int(keyLength), valueLength: Int(valueLength),
      headLength: headLength, tailLength: tailLength)
  }

  /// The first record with this key, dead or alive; nil if there is none.
  public static func record(withKey key: [UInt8], in bytes: [UInt8]) -> Piece? {
    records(in: bytes).first { $0.type == .record && bytes[$0.keyRange].elementsEqual(key) }
  }

  /// Key and value of the record at `offset`.
  public static func pair(at offset: Int, in bytes: [UInt8]) -> TwoskipPair {
    guard let piece = piece(at: offset, in: bytes) else { preconditionFailure("no record at \(offset)") }
    return (Array(bytes[piece.keyRange]), Array(bytes[piece.valueRange]))
  }

  /// Where pointer `index` of a record is, in bytes from the start of the file.
  ///
  /// - Parameter index: 0 and 1 for list 0, then one for each further list.
  public static func pointerOffset(_ record: Piece, _ index: Int) -> Int {
    record.headChecksumOffset - 8 * (record.level + 1 - index)
  }

  /// Where pointer `index` of a record leads.
  public static func pointer(_ record: Piece, _ index: Int, in bytes: [UInt8]) -> UInt64 {
    get64(bytes, at: pointerOffset(record, index))
  }

  // MARK: Changing

  /// Changes a pointer and sets the head checksum right.
  public static func setPointer(_ record: Piece, _ index: Int, to target: UInt64, in bytes: inout [UInt8]) {
    put64(target, at: pointerOffset(record, index), in: &bytes)
    put32(
      testCRC32(bytes, in: record.offset..<record.headChecksumOffset), at: record.headChecksumOffset, in: &bytes)
  }

  /// Changes an 8-byte field of the file header and sets the header checksum right.
  ///
  /// - Parameter field: an offset from `TwoskipEncoding.HeaderField`.
  public static func setHeader64(_ field: Int, to number: UInt64, in bytes: inout [UInt8]) {
    put64(number, at: field, in: &bytes)
    fixHeaderChecksum(&bytes)
  }

  /// Changes a 4-byte field of the file header and sets the header checksum right.
  public static func setHeader32(_ field: Int, to number: UInt32, in bytes: inout [UInt8]) {
    put32(number, at: field, in: &bytes)
    fixHeaderChecksum(&bytes)
  }

  /// Sets the checksum of the file header right.
  public static func fixHeaderChecksum(_ bytes: inout [UInt8]) {
    let field = TwoskipEncoding.HeaderField.checksum
    put32(testCRC32(bytes, in: 0..<field), at: field, in: &bytes)
  }

  /// Sets the head checksum of the record at `offset` right.
  ///
  /// Takes the head as the bytes there say now, so a changed level or length moves the checksum.
  public static func fixHeadChecksum(_ bytes: inout [UInt8], at offset: Int) {
    let checksum = headChecksumOffset(at: offset, in: bytes)
    put32(testCRC32(bytes, in: offset..<checksum), at: checksum, in: &bytes)
  }

  /// Sets the tail checksum of the record at `offset` right.
  public static func fixTailChecksum(_ bytes: inout [UInt8], at offset: Int) {
    guard let piece = piece(at: offset, in: bytes) else { preconditionFailure("no record at \(offset)") }
    let tail = piece.offset + piece.headLength..<piece.end
    put32(testCRC32(bytes, in: tail), at: piece.tailChecksumOffset, in: &bytes)
  }

  /// Needs no sound type and no tail that fits, unlike `piece(at:in:)`.
  private static func headChecksumOffset(at offset: Int, in bytes: [UInt8]) -> Int {
    let escapes = (get16(bytes, at: offset + 2) == 0xFFFF ? 8 : 0) + (get32(bytes, at: offset + 4) == .max ? 8 : 0)
    return offset + 8 + escapes + 8 * (Int(bytes[offset + 1]) + 1)
  }

  // MARK: Numbers

  /// The big-endian 2-byte number at `offset`.
  public static func get16(_ bytes: [UInt8], at offset: Int) -> UInt16 {
    TwoskipEncoding.get(UInt16.self, at: offset, in: bytes)
  }

  /// The big-endian 4-byte number at `offset`.
  public static func get32(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    TwoskipEncoding.get(UInt32.self, at: offset, in: bytes)
  }

  /// The big-endian 8-byte number at `offset`.
  public static func get64(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    TwoskipEncoding.get(UInt64.self, at: offset, in: bytes)
  }

  /// Overwrites the 2 bytes at `offset` with a big-endian number.
  public static func put16(_ number: UInt16, at offset: Int, in bytes: inout [UInt8]) {
    TwoskipEncoding.put(number, at: offset, in: &bytes)
  }

  /// Overwrites the 4 bytes at `offset` with a big-endian number.
  public static func put32(_ number: UInt32, at offset: Int, in bytes: inout [UInt8]) {
    TwoskipEncoding.put(number, at: offset, in: &bytes)
  }

  /// Overwrites the 8 bytes at `offset` with a big-endian number.
  public static func put64(_ number: UInt64, at offset: Int, in bytes: inout [UInt8]) {
    TwoskipEncoding.put(number, at: offset, in: &bytes)
  }
}
