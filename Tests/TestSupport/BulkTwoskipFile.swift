// Writes large sorted twoskip files, of the shape a repack by Cyrus leaves.
//
// header | DUMMY | records in key order, BLANK words between them | one COMMIT
//
// A pointer leads forward to a record that is not written yet, so there are two passes: the first
// draws the levels and computes the offsets, the second writes. Between them 9 bytes a record are kept.
//
// Facts: Docs/Formats/twoskip.md, "Bulk writer".

/// What a generator wrote.
public struct GeneratedFile: Sendable, Hashable {
  /// Live records.
  public var recordCount: Int
  /// Size of the file.
  public var byteCount: Int
  /// Transactions committed.
  public var commitCount: Int
  /// Records that a later one replaced or that were deleted.
  public var deadRecordCount: Int
  /// DELETE records.
  public var deleteCount: Int
}

/// Writer of twoskip files from sorted records.
public struct BulkTwoskipFile: Sendable {
  private let seed: UInt64
  private let generation: UInt64
  private let order: TwoskipBuilder.Order
  private let writesBlanks: Bool
  private let levels: [Int]

  /// A writer; the same arguments and records give the same bytes.
  ///
  /// - Parameters:
  ///   - seed: of the levels of the records.
  ///   - generation: for the header.
  ///   - order: the order the records are in.
  ///   - writesBlanks: false for files as Cyrus before 3.2 wrote them.
  ///   - levels: the levels of the first records; those of the others are drawn.
  public init(
    seed: UInt64, generation: UInt64 = 1, order: TwoskipBuilder.Order = .raw, writesBlanks: Bool = true,
    levels: [Int] = []
  ) {
    self.seed = seed
    self.generation = generation
    self.order = order
    self.writesBlanks = writesBlanks
    self.levels = levels
  }

  /// Writes a file of these records to `path`, replacing what is there.
  ///
  /// - Parameter records: in strictly ascending order of keys. Iterated twice, must be the same both times.
  /// - Throws: `SystemFailure` if the file cannot be opened or written.
  /// - Complexity: O(*n*); memory for 9 bytes a record and a buffer.
  public func write(_ records: some Sequence<TwoskipPair>, to path: String) throws(SystemFailure) -> GeneratedFile {
    let file = try OutputFile(path: path)
    let layout = layout(of: records)
    var writer = Writer(layout: layout, writesBlanks: writesBlanks)
    writer.start(generation: generation)
    for record in records {
      writer.append(record)
      if writer.buffer.count >= 4 << 20 {
        try file.write(writer.buffer)
        writer.empty()
      }
    }
    writer.finish()
    try file.write(writer.buffer)
    return GeneratedFile(
      recordCount: layout.offsets.count, byteCount: layout.currentSize,
      commitCount: layout.offsets.isEmpty ? 0 : 1, deadRecordCount: 0, deleteCount: 0)
  }

  /// The bytes of a file of these records.
  ///
  /// - Parameter records: as for `write(_:to:)`.
  public func bytes(of records: some Sequence<TwoskipPair>) -> [UInt8] {
    let layout = layout(of: records)
    var writer = Writer(layout: layout, writesBlanks: writesBlanks)
    writer.buffer.reserveCapacity(layout.currentSize)
    writer.start(generation: generation)
    for record in records { writer.append(record) }
    writer.finish()
    return writer.buffer
  }

  /// The first pass.
  private func layout(of records: some Sequence<TwoskipPair>) -> Layout {
    var random = SplitMix64(seed: seed)
    var layout = Layout()
    var end = TwoskipEncoding.firstRecordOffset
    var previous: [UInt8] = []
    for (key, value) in records {
      let sortKey = order.sortKey(key)
      precondition(previous.lexicographicallyPrecedes(sortKey), "keys are not in ascending order")
      previous = sortKey
      let drawn = TwoskipEncoding.drawLevel(using: &random)
      let level = layout.levels.count < levels.count ? levels[layout.levels.count] : drawn
      let head = TwoskipEncoding.headLength(level: level, keyLength: key.count, valueLength: value.count)
      if writesBlanks { end += 8 * TwoskipEncoding.blankCount(at: end, headLength: head) }
      layout.offsets.append(end)
      layout.levels.append(UInt8(level))
      end += head + TwoskipEncoding.tailLength(keyLength: key.count, valueLength: value.count)
    }
    layout.repackSize = end
    if !layout.offsets.isEmpty {
      if writesBlanks { end += 8 * TwoskipEncoding.blankCount(at: end, headLength: 24) }
      layout.commitOffset = end
      end += 24
    }
    layout.currentSize = end
    return layout
  }

  /// Where everything goes.
  private struct Layout {
    var offsets: [Int] = []
    var levels: [UInt8] = []
    var repackSize = 0
    var commitOffset = 0
    var currentSize = 0
  }

  /// The second pass.
  private struct Writer {
    let layout: Layout
    let writesBlanks: Bool
    var buffer: [UInt8] = []
    private var bufferOffset = 0
    private var index = 0
    /// Per list: the next record on it, as an index.
    private var nextOnList = [Int](repeating: -1, count: TwoskipEncoding.maxLevel)
    private var pointers = [UInt64](repeating: 0, count: TwoskipEncoding.maxLevel + 1)

    init(layout: Layout, writesBlanks: Bool) {
      self.layout = layout
      self.writesBlanks = writesBlanks
    }

    mutating func empty() {
      bufferOffset += buffer.count
      buffer.removeAll(keepingCapacity: true)
    }

    mutating func start(generation: UInt64) {
      buffer += TwoskipEncoding.header(
        generation: generation, recordCount: layout.offsets.count, repackSize: layout.repackSize,
        currentSize: layout.currentSize)
      setPointers(level: TwoskipEncoding.maxLevel)
      TwoskipEncoding.appendRecord(
        .dummy, level: TwoskipEncoding.maxLevel, key: [], value: [], pointers: pointers, to: &buffer)
    }

    mutating func append(_ record: TwoskipPair) {
      let level = Int(layout.levels[index])
      setPointers(level: level)
      fill(upTo: layout.offsets[index])
      TwoskipEncoding.appendRecord(
        .record, level: level, key: record.key, value: record.value, pointers: pointers, to: &buffer)
      index += 1
    }

    mutating func finish() {
      precondition(index == layout.offsets.count, "the records are not the same in both passes")
      guard index > 0 else { return }
      fill(upTo: layout.commitOffset)
      pointers[0] = UInt64(TwoskipEncoding.firstRecordOffset)
      TwoskipEncoding.appendRecord(.commit, level: 0, key: [], value: [], pointers: pointers, to: &buffer)
    }

    private mutating func fill(upTo offset: Int) {
      while bufferOffset + buffer.count < offset { buffer += TwoskipEncoding.blank }
      precondition(bufferOffset + buffer.count == offset, "the records are not the same in both passes")
    }

    /// Sets the pointers of the record that is next on the lists below `level`, and moves these on.
    private mutating func setPointers(level: Int) {
      for list in 0..<level {
        var next = nextOnList[list] + 1
        while next < layout.levels.count && layout.levels[next] <= list { next += 1 }
        nextOnList[list] = next
        pointers[list + 1] = next < layout.offsets.count ? UInt64(layout.offsets[next]) : 0
      }
      pointers[0] = 0
    }
  }
}
