// Writing a new twoskip file from records in key order, as a repack by Cyrus lays it out.
//
//   header | DUMMY | records in key order, BLANK words between them | one COMMIT
//
// All pointers lead forward, to records that are not written yet. A head therefore stays open until every list it is on
// has gone on. At most one head a list can be open, so 31 heads are kept and no more, however many records there are;
// half of all heads close with the very next record.
//
// With the levels of a file that Cyrus repacked the bytes are the same as Cyrus's.
//
// Facts: Docs/Formats/twoskip.md, "Bulk writer" and "BLANK words".

/// What was written.
public struct WrittenDatabase: Sendable, Hashable {
  /// The new file.
  public let path: String
  /// How many records it holds.
  public let recordCount: UInt64
  /// Its size in bytes.
  public let byteCount: UInt64
  /// The generation in its header.
  public let generation: UInt64
}

/// Writes a new twoskip database from records in ascending order.
///
/// ```swift
/// var writer = try TwoskipWriter(path: "new.db")
/// try writer.append(key: key.span.bytes, value: value.span.bytes)
/// let written = try writer.finish()
/// ```
///
/// The file is made under a temporary name, `path` and seven characters more, and takes its own name in ``finish()``,
/// when all of it is on the disk. A writer that is let go before leaves nothing. A process that is killed leaves the
/// temporary file.
///
/// Only its owner can read the new file: it gets mode 0600, whatever it replaces.
///
/// Not for a database in use: nothing is locked. While Cyrus runs, a file must not be replaced behind its back.
public struct TwoskipWriter: ~Copyable {
  private var file: NewFile
  private let generation: UInt64
  private var random: LevelDraw
  private var recordCount: UInt64 = 0
  private var lastKey: [UInt8] = []
  /// Bytes that are not in the file yet, and where the first of them goes.
  private var buffer: [UInt8] = []
  private var bufferOffset = 0
  /// Heads whose pointers are not all known; some are out of use, which `freeHeads` lists.
  private var heads: [OpenHead] = []
  private var freeHeads: [Int] = []
  /// By list: which head has to point at the next record of that list.
  private var holders = [Int](repeating: 0, count: Twoskip.levels)
  /// What the system refused; then the file cannot be finished.
  private var failure: DatabaseError?

  /// Bytes gathered before they are written.
  private static let bufferByteCount = 1 << 20
  /// Cyrus keeps a record's length in 31 bits.
  private static let recordByteCountMax = Int(Int32.max)

  private struct OpenHead {
    var offset = 0
    var openListCount = 0
    var bytes: [UInt8] = []
    var pointersOffset = 8
  }

  /// Starts a file.
  ///
  /// - Parameters:
  ///   - path: Its name. Nothing of that name is touched before ``finish()``.
  ///   - generation: For the header. Must differ from that of a file which it replaces: Cyrus remembers places in a file
  ///     by generation and size.
  ///   - seed: Of the records' levels. A level is 1 plus the number of trailing zero bits of the next number of the
  ///     SplitMix64 sequence that starts at this seed, and at most 31. The same records and seed give the same bytes.
  ///   - replacing: Whether a file of that name may be replaced.
  ///   - inputs: Paths of files that must not be replaced: those that the records come from. Links are seen through.
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.output` with `.exists` or `.isInput`.
  public init(
    path: String, generation: UInt64 = 1, seed: UInt64 = 1, replacing: Bool = false, inputs: [String] = []
  ) throws(DatabaseError) {
    file = try NewFile(path: path, isReplacing: replacing, inputs: inputs)
    self.generation = generation
    random = LevelDraw(state: seed)
    buffer.reserveCapacity(Self.bufferByteCount + (1 << 16))
    // The header is written last; its place stays zero until then, which no reader takes for a database.
    buffer.append(contentsOf: repeatElement(0, count: TwoskipHeader.byteCount))
    append(.dummy, level: Twoskip.levels, key: RawSpan(), value: RawSpan())
  }

  /// Adds a record.
  ///
  /// After an error about the record itself, which is then left out, the writer can be used on.
  ///
  /// - Parameters:
  ///   - key: At least one byte; after all keys so far by unsigned bytes, which is ``KeyOrder/raw``.
  ///   - value: May be empty.
  /// - Throws: ``DatabaseError``: `.output` with `.emptyKey`, `.duplicateKey`, `.keyOrder` or `.recordTooLarge`;
  ///   `.system`, after which nothing but letting the writer go makes sense.
  /// - Complexity: O(size of the record). Memory: about 1 MiB and the largest record, however many there are.
  public mutating func append(key: RawSpan, value: RawSpan) throws(DatabaseError) {
    try append(key: key, value: value, level: random.next())
  }

  /// Adds a record of a given level, 1 to 31.
  mutating func append(key: RawSpan, value: RawSpan, level: Int) throws(DatabaseError) {
    if let failure { throw failure }
    guard key.byteCount > 0 else { throw .output(path: file.path, .emptyKey) }
    let comparison = lastKey.rawSpan.compare(with: key)
    guard comparison < 0 else { throw .output(path: file.path, comparison == 0 ? .duplicateKey : .keyOrder) }
    let room = Self.recordByteCountMax - 8 * Twoskip.largestHeadWords - 8
    guard key.byteCount <= room, value.byteCount <= room - key.byteCount else {
      throw .output(path: file.path, .recordTooLarge)
    }
    if buffer.count >= Self.bufferByteCount { try flush() }
    append(.record, level: level, key: key, value: value)
    if let failure { throw failure }
    recordCount += 1
    lastKey.removeAll(keepingCapacity: true)
    lastKey.append(contentsOf: key)
  }

  /// Ends the file, brings it to the disk and gives it its name.
  ///
  /// - Throws: ``DatabaseError``: `.system`; `.notRegularFile` or `.output` with `.exists` or `.isInput` if something has
  ///   taken the name meanwhile.
  public consuming func finish() throws(DatabaseError) -> WrittenDatabase {
    let repackSize = bufferOffset + buffer.count
    if recordCount > 0 { append(.commit, level: 0, key: RawSpan(), value: RawSpan()) }
    let currentSize = bufferOffset + buffer.count
    // What is open now leads to nothing on the lists that did not go on.
    for index in heads.indices where heads[index].openListCount > 0 { close(index) }
    write(
      TwoskipHeader.bytes(
        generation: generation, recordCount: recordCount, repackSize: UInt64(repackSize),
        currentSize: UInt64(currentSize)),
      at: 0)
    if let failure { throw failure }
    try flush()
    try file.publish()
    return WrittenDatabase(
      path: file.path, recordCount: recordCount, byteCount: UInt64(currentSize), generation: generation)
  }

  // MARK: - Laying out

  private mutating func append(_ kind: TwoskipRecord.Kind, level: Int, key: RawSpan, value: RawSpan) {
    let isLongKey = key.byteCount >= 0xFFFF
    let headByteCount = 8 + (isLongKey ? 8 : 0) + 8 * (level + 1) + 8
    var offset = bufferOffset + buffer.count
    // What may be rewritten of a head, all but its first word and its tail checksum, is to lie in one 512-byte block.
    while (offset + 8) & 511 > (offset + headByteCount - 8) & 511 {
      buffer.append(bigEndian: Twoskip.blank)
      offset += 8
    }
    for list in 0..<(kind == .record ? level : 0) { point(list, to: offset) }

    var head = OpenHead(offset: offset, openListCount: kind == .commit ? 0 : level)
    let slot = freeHeads.popLast()
    if let slot { swap(&head.bytes, &heads[slot].bytes) }
    head.bytes.removeAll(keepingCapacity: true)
    head.bytes.append(kind.rawValue)
    head.bytes.append(UInt8(level))
    head.bytes.append(bigEndian: isLongKey ? UInt16.max : UInt16(key.byteCount))
    head.bytes.append(bigEndian: UInt32(value.byteCount))
    if isLongKey { head.bytes.append(bigEndian: UInt64(key.byteCount)) }
    head.pointersOffset = head.bytes.count
    for _ in 0...level { head.bytes.append(bigEndian: UInt64(0)) }
    if kind == .commit { head.bytes.put(UInt64(Twoskip.firstRecord), at: head.pointersOffset) }
    head.bytes.append(bigEndian: UInt32(0))

    // The head's place is filled when it is closed.
    buffer.append(contentsOf: repeatElement(0, count: headByteCount))
    let tail = buffer.count
    buffer.append(contentsOf: key)
    buffer.append(contentsOf: value)
    while (buffer.count - tail) & 7 != 0 { buffer.append(0) }
    head.bytes.append(bigEndian: buffer.crc32(tail..<buffer.count))

    let index = slot ?? heads.count
    if slot == nil { heads.append(head) } else { heads[index] = head }
    if kind == .commit { return close(index) }
    for list in 0..<level { holders[list] = index }
  }

  /// Makes a list go on at a record, and closes the head that waited for it if it waits for no other.
  private mutating func point(_ list: Int, to offset: Int) {
    let index = holders[list]
    // List 0 has two pointers, of which the first stays 0.
    heads[index].bytes.put(UInt64(offset), at: heads[index].pointersOffset + 8 * (list + 1))
    heads[index].openListCount -= 1
    if heads[index].openListCount == 0 { close(index) }
  }

  /// Puts a head to its place.
  private mutating func close(_ index: Int) {
    let checksumOffset = heads[index].bytes.count - 8
    let checksum = heads[index].bytes.crc32(0..<checksumOffset)
    heads[index].bytes.put(checksum, at: checksumOffset)
    heads[index].openListCount = 0
    freeHeads.append(index)
    write(heads[index].bytes, at: heads[index].offset)
  }

  // MARK: - Writing

  /// Overwrites bytes, in the buffer or in the file.
  private mutating func write(_ bytes: [UInt8], at offset: Int) {
    if offset >= bufferOffset {
      var place = offset - bufferOffset
      for byte in bytes {
        buffer[place] = byte
        place += 1
      }
      return
    }
    do throws(DatabaseError) { try file.write(bytes.span, at: offset) } catch { failure = failure ?? error }
  }

  private mutating func flush() throws(DatabaseError) {
    do throws(DatabaseError) { try file.write(buffer.span, at: bufferOffset) } catch {
      failure = error
      throw error
    }
    bufferOffset += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Draws levels: half of all records get 1, a quarter 2, and so on.
private struct LevelDraw {
  /// SplitMix64.
  var state: UInt64

  mutating func next() -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    bits ^= bits >> 31
    return min(Twoskip.levels, 1 + bits.trailingZeroBitCount)
  }
}

extension TwoskipHeader {
  /// The header of a file at rest.
  fileprivate static func bytes(
    generation: UInt64, recordCount: UInt64, repackSize: UInt64, currentSize: UInt64
  ) -> [UInt8] {
    var bytes = magic
    bytes.append(bigEndian: UInt32(1))
    bytes.append(bigEndian: generation)
    bytes.append(bigEndian: recordCount)
    bytes.append(bigEndian: repackSize)
    bytes.append(bigEndian: currentSize)
    bytes.append(bigEndian: UInt32(0))
    bytes.append(bigEndian: bytes.rawSpan.crc32)
    return bytes
  }
}

extension Array<UInt8> {
  fileprivate func crc32(_ range: Range<Int>) -> UInt32 { rawSpan.extracting(range).crc32 }

  fileprivate mutating func append(contentsOf bytes: RawSpan) {
    // The buffer is used only within the call.
    unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  fileprivate mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
    for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  mutating func put<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
    var place = offset
    for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
      self[place] = UInt8(truncatingIfNeeded: number >> Number(shift))
      place += 1
    }
  }
}
