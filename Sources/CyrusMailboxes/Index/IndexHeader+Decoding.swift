// From bytes to the header of an index, and from a path to it.
//
// The order of the checks is that of what they stand on: a version says how large the header is, which says where the
// checksum is, which says whether the other fields can be believed.

public import CyrusDatabase

extension IndexHeader {
  /// Reads the header at the start of an index, and checks it.
  ///
  /// What is checked: the version, the sizes of header and records, from version 12 on the checksum, and, if its size
  /// is given, that the file has room for its records. Up to version 10 a wrong field of a likely value is not noticed.
  ///
  /// - Parameters:
  ///   - bytes: The file from its start; 192 bytes are enough for every version, and no more are looked at.
  ///   - fileByteCount: The size of the whole file in bytes; nil to leave the number of records unchecked.
  /// - Throws: ``IndexError`` with any of its codes; `.recordCount` only if there is a size.
  /// - Complexity: O(1).
  public init(of bytes: RawSpan, fileByteCount: UInt64? = nil) throws(IndexError) {
    guard bytes.byteCount >= IndexLayout.headerByteCountMin else {
      throw IndexError(
        .tooShort, at: 0, expected: UInt64(IndexLayout.headerByteCountMin), found: UInt64(bytes.byteCount))
    }
    let version = bytes.bigEndian(UInt32.self, at: 8)
    guard let layout = IndexLayout(version: version) else { throw IndexError(.version, at: 8, found: UInt64(version)) }
    let size = UInt64(layout.headerByteCount)
    let startOffset = UInt64(bytes.bigEndian(UInt32.self, at: 12))
    guard startOffset == size else { throw IndexError(.startOffset, at: 12, expected: size, found: startOffset) }
    guard bytes.byteCount >= layout.headerByteCount else {
      throw IndexError(.tooShort, at: 0, expected: size, found: UInt64(bytes.byteCount))
    }
    self.init(unchecked: bytes, layout)
    if let checksum, let offset = layout.checksum {
      let computed = bytes.slice(at: 0, count: offset).crc32
      guard checksum == computed else {
        throw IndexError(.checksum, at: offset, expected: UInt64(computed), found: UInt64(checksum))
      }
    }
    guard layout.recordByteCounts.contains(recordByteCount) else {
      throw IndexError(
        .recordSize, at: 16, expected: layout.recordByteCounts.first.map { UInt64($0) }, found: UInt64(recordByteCount))
    }
    if let fileByteCount, fileByteCount < fileByteCountMin {
      throw IndexError(.recordCount, at: 20, expected: fileByteCountMin, found: fileByteCount)
    }
  }

  /// Reads the header of the index at a path.
  ///
  /// Takes no lock and maps nothing: one open(2), one pread(2), so it can be called for each mailbox of a server at
  /// work. The answer is a header that Cyrus has written, now or a moment ago; up to version 10, which has no checksum,
  /// it may be half of one and half of the next. What is wrong is read again at once, up to twice, before it is an
  /// error.
  ///
  /// - Parameter path: Of a `cyrus.index`. See ``PathSettings/indexFiles(of:partition:)`` for where it is.
  /// - Throws: `DatabaseError`: `.system` if there is no such file or it cannot be read, `.notRegularFile`,
  ///   `.lockedByThisProcess`, and `.damaged` with what an ``IndexError`` says. A mailbox that is just being created
  ///   has an index without a header for a moment, which is `index.header-size` as well.
  /// - Complexity: O(1); 192 bytes are read, whatever the size of the mailbox.
  public static func read(path: String) throws(DatabaseError) -> IndexHeader {
    var triesLeft = 3
    while true {
      triesLeft -= 1
      let start = try FileStart(path: path, count: IndexLayout.headerByteCountMax)
      do throws(IndexError) {
        return try IndexHeader(of: start.bytes.rawSpan, fileByteCount: start.fileByteCount)
      } catch {
        if triesLeft == 0 { throw .damaged(path: path, Damage(error)) }
      }
    }
  }

  /// Takes the fields as they are, without judging them.
  ///
  /// - Precondition: `bytes` has as many bytes as the layout asks for.
  private init(unchecked bytes: RawSpan, _ layout: IndexLayout) {
    let fields = Fields(bytes, isWide: layout.isWide)
    generation = fields.number(at: 0)
    format = fields.number(at: 4)
    version = fields.number(at: 8)
    startOffset = fields.number(at: 12)
    recordByteCount = fields.number(at: 16)
    recordCount = fields.number(at: 20)
    lastAppendTime = fields.time(at: layout.lastAppendTime)
    lastUID = fields.number(at: layout.lastUID)
    quotaMailboxUsed = fields.wide(at: layout.quotaMailboxUsed)
    pop3LastLogin = fields.time(at: layout.pop3LastLogin)
    uidValidity = fields.number(at: layout.uidValidity)
    deletedCount = fields.number(at: layout.deletedCount)
    answeredCount = fields.number(at: layout.answeredCount)
    flaggedCount = fields.number(at: layout.flaggedCount)
    let options = IndexOptions(rawValue: fields.number(at: layout.options))
    // The other bits were not yet options, and Cyrus does not look at them.
    self.options = version < 8 ? options.intersection(.pop3NewUIDL) : options
    leakedCacheRecordCount = fields.number(at: layout.leakedCacheRecordCount)
    highestModseq = fields.wide(ifAt: layout.highestModseq)
    deletedModseq = fields.wide(ifAt: layout.deletedModseq)
    existsCount = fields.number(ifAt: layout.existsCount)
    firstExpunged = fields.time(ifAt: layout.firstExpunged)
    lastRepackTime = fields.time(ifAt: layout.lastRepackTime)
    headerFileCRC = fields.number(ifAt: layout.headerFileCRC)
    syncCRC = fields.number(ifAt: layout.syncCRC)
    recentUID = fields.number(ifAt: layout.recentUID)
    recentTime = fields.time(ifAt: layout.recentTime)
    pop3ShowAfter = fields.time(ifAt: layout.pop3ShowAfter)
    quotaAnnotationsUsed =
      layout.isWide
      ? fields.wide(ifAt: layout.quotaAnnotationsUsed)
      : fields.number(ifAt: layout.quotaAnnotationsUsed).map { UInt64($0) }
    annotationSyncCRC = fields.number(ifAt: layout.annotationSyncCRC)
    unseenCount = fields.number(ifAt: layout.unseenCount)
    createdModseq = fields.wide(ifAt: layout.createdModseq)
    changesEpoch = fields.time(ifAt: layout.changesEpoch)
    quotaDeletedUsed = fields.wide(ifAt: layout.quotaDeletedUsed)
    quotaExpungedUsed = fields.wide(ifAt: layout.quotaExpungedUsed)
    checksum = fields.number(ifAt: layout.checksum)
  }

  /// Fields of the three widths that there are.
  private struct Fields: ~Escapable {
    private let bytes: RawSpan
    private let isWide: Bool

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, isWide: Bool) {
      self.bytes = bytes
      self.isWide = isWide
    }

    func number(at offset: Int) -> UInt32 { bytes.bigEndian(UInt32.self, at: offset) }
    func wide(at offset: Int) -> UInt64 { bytes.bigEndian(UInt64.self, at: offset) }
    func time(at offset: Int) -> IndexTime {
      isWide ? IndexTime(nanosecondsSince1970: wide(at: offset)) : IndexTime(seconds: number(at: offset))
    }

    func number(ifAt offset: Int?) -> UInt32? { offset.map { bytes.bigEndian(UInt32.self, at: $0) } }
    func wide(ifAt offset: Int?) -> UInt64? { offset.map { bytes.bigEndian(UInt64.self, at: $0) } }
    func time(ifAt offset: Int?) -> IndexTime? {
      guard let offset else { return nil }
      return time(at: offset)
    }
  }
}

extension Damage {
  /// What is wrong with an index.
  init(_ error: IndexError) {
    self.init(
      rule: error.code.rule, offset: error.offset, expected: error.expected, found: error.found,
      description: error.description)
  }
}
