// What can be saved of a twoskip file, and how sure that is.
//
// There are two witnesses, and they know different things:
//
//   the lists   what list 0 leads to from the list head is live. So is what the upper lists of a live record lead to. A
//               damaged head ends what list 0 can prove, until an upper list leads to a place behind it
//   the log     records in file order. The last version of a key counts, unless a DELETE came after it. Unreadable bytes
//               can hide a newer version or a DELETE of anything that was written before them
//
// A record is certain if one of them proves it and the other does not contradict. A key is left out only if it is
// certain that it was deleted. Everything else is kept, with the doubt that is left.
//
//   1. the end: from the header, or guessed                      (this file)
//   2. the log: which records and which unreadable bytes          (TwoskipSalvage+Log.swift)
//   3. the lists: what live records lead to                       (TwoskipSalvage+Lists.swift)
//   4. the judgement of each key                                  (TwoskipSalvage+Verdict.swift)
//
// Taken for granted: bytes with right checksums are the ones that were last written there.
//
// Every loop is bounded by the size of the file: the scan moves forward, each record on a list is entered once, and tails
// are compared as TwoskipTailCheck allows.
//
// Memory: a twelfth of the file for sets of places; while it works about 60 bytes for each record and 16 for each DELETE
// and each stretch of unreadable bytes; afterwards 9 bytes for each record that is kept.
//
// Facts: Docs/Formats/twoskip.md, "The linked lists", "Log replay" and "Bugs and oddities".

/// The salvage of a file while it is under way.
struct TwoskipSalvage: ~Copyable, ~Escapable {
  let bytes: RawSpan
  /// The header, if its checksum is right.
  let header: TwoskipHeader?
  /// The committed end.
  let end: Int
  let endSource: Salvage.EndSource
  /// Up to where everything was committed for certain.
  var provenEnd = 0
  /// Where readable bytes before the committed end stop.
  let limit: Int

  var tails: TwoskipTailCheck
  /// RECORDs whose key and value are sound, and sound DELETEs.
  var starts: BitMap
  /// Those of them whose heads are not sound: their pointers mean nothing.
  var damagedHeads: BitMap
  /// Those of these of which it is not proven where the key ends.
  var doubtfulRecords: Set<Int> = []
  /// RECORDs with a sound head whose key and value are lost.
  var lostRecords: BitMap
  /// Places that live records lead to, and records that are live: whatever is there now.
  var live: BitMap
  /// Those of these places where a RECORD that is lost was for certain.
  var lostLive: BitMap
  var log = Log()
  var lists = Lists()
  var damage = DamageList()

  /// Salvages what there is in the bytes of a file.
  static func outcome(on bytes: RawSpan) throws(TwoskipError) -> Outcome {
    var salvage = TwoskipSalvage(bytes)
    salvage.provenEnd = salvage.findProvenEnd()
    salvage.noteHeader()
    salvage.readLog()
    guard salvage.log.entryCount < UInt64(UInt32.max) else {
      throw TwoskipError(.recordFits, at: 0, expected: UInt64(UInt32.max), found: salvage.log.entryCount)
    }
    salvage.followLists()
    return salvage.judge()
  }

  @_lifetime(copy bytes)
  private init(_ bytes: RawSpan) {
    var tails = TwoskipTailCheck(byteCount: bytes.byteCount)
    let header = try? TwoskipHeader(of: bytes)
    let found = Self.findEnd(bytes, header, &tails)
    self.bytes = bytes
    self.header = header
    self.tails = tails
    end = found.end
    endSource = found.source
    limit = min(found.end, bytes.byteCount)
    starts = BitMap(byteCount: bytes.byteCount)
    damagedHeads = BitMap(byteCount: bytes.byteCount)
    lostRecords = BitMap(byteCount: bytes.byteCount)
    live = BitMap(byteCount: bytes.byteCount)
    lostLive = BitMap(byteCount: bytes.byteCount)
  }

  /// Whether the committed end is known well enough to call anything certain.
  var isEndProven: Bool { endSource == .header || endSource == .confirmed }

  // MARK: - The end

  /// The header's end. Without a sound header the end that what is left of it speaks for, or else the end of the last whole
  /// COMMIT, or of the file if there is none.
  private static func findEnd(
    _ bytes: RawSpan, _ header: TwoskipHeader?, _ tails: inout TwoskipTailCheck
  ) -> (end: Int, source: Salvage.EndSource) {
    let first = Int(Twoskip.firstRecord)
    if let header { return (Int(header.currentSize), .header) }
    let isInterrupted = isInterruptedCreation(bytes, fileByteCount: UInt64(bytes.byteCount))
    if bytes.byteCount == 0 || (isInterrupted && bytes.byteCount == first) { return (first, .header) }
    guard bytes.byteCount >= first else { return (first, .fileSize) }
    var remains = HeaderRemains(bytes)
    remains.consider(Twoskip.firstRecord)
    var lastCommit: Int?
    var hasRecords = false
    var scanner = TwoskipSalvageScanner(bytes, from: first, to: bytes.byteCount)
    while let piece = scanner.next(&tails) {
      switch piece {
      case .record(let record, _, _) where record.kind == .commit:
        lastCommit = record.end
        remains.consider(UInt64(record.end))
        remains.consider(record.pointer(0, in: bytes))
      case .record, .lost: hasRecords = true
      case .gap: break
      }
    }
    if let end = remains.end { return (end, .confirmed) }
    if let lastCommit { return (lastCommit, .lastCommit) }
    return (hasRecords ? bytes.byteCount & ~7 : first, .fileSize)
  }

  /// What a header with a wrong checksum still says about the committed end.
  private struct HeaderRemains {
    private var bytes: [UInt8]
    private let fileByteCount: Int
    private let checksum: UInt32
    private let stated: UInt64
    /// The end that it states, if the committed data can end there.
    private var named: Int?
    /// The end with which its checksum would be right.
    private var proven: Int?

    init(_ file: RawSpan) {
      let header = TwoskipHeader(unchecked: file)
      bytes = Array(file.extracting(0..<60))
      fileByteCount = file.byteCount
      checksum = header.checksum
      stated = header.currentSize
    }

    var end: Int? { proven ?? named }

    /// Looks at a place where the committed data can end: behind a COMMIT, or where a transaction starts.
    mutating func consider(_ end: UInt64) {
      guard end >= Twoskip.firstRecord, end % 8 == 0, end <= UInt64(fileByteCount) else { return }
      if stated == end { named = Int(end) }
      bytes.put(end, at: 48)
      if bytes.rawSpan.crc32 == checksum { proven = Int(end) }
    }
  }

  private mutating func noteHeader() {
    if header == nil, bytes.byteCount > 0 {
      damage.add(.header, 0..<min(bytes.byteCount, TwoskipHeader.byteCount))
    }
    guard bytes.byteCount > 0 else { return }
    let listHead = Int(Twoskip.dummy)..<Int(Twoskip.firstRecord)
    if let dummy {
      if dummy.storedTailChecksum(in: bytes) != 0 { damage.add(.padding, listHead) }
    } else {
      damage.add(.listHead, listHead)
    }
  }

  /// The list head, if it is sound.
  var dummy: TwoskipRecord? {
    guard limit >= Int(Twoskip.firstRecord) else { return nil }
    return try? TwoskipState(bytes, end: UInt64(end)).dummy()
  }

  // MARK: - What was found

  /// What was salvaged, apart from the bytes of the file.
  struct Outcome: Sendable {
    var end: UInt64
    var endSource: Salvage.EndSource
    /// The records that are kept, in raw order of their keys.
    var offsets: [UInt64] = []
    /// For each of them a ``TwoskipSalvage/Verdict``.
    var verdicts: [UInt8] = []
    var counts = [UInt64](repeating: 0, count: Certainty.allCases.count)
    /// RECORDs behind the end, in file order.
    var uncommitted: [UInt64] = []
    /// COMMITs up to the end, in file order.
    var commits: [UInt64] = []
    var deletedCount: UInt64 = 0
    var supersededCount: UInt64 = 0
    var lostLiveCount: UInt64 = 0
    var contradictionCount: UInt64 = 0
    var damage: [DamagedPlace] = []
    var damageCount: UInt64 = 0
    /// Whether lists or log prove that no live record is missing.
    var isWhole = false
    /// Whether both agree and nothing at all is damaged.
    var isIntact = false
    /// Whether there is anything that only a twoskip file has.
    var hasTwoskip = false
  }

  /// What is said about a kept record, in one byte.
  struct Verdict {
    let source: SalvagedRecord.Source
    let doubt: SalvagedRecord.Doubt?

    init(_ source: SalvagedRecord.Source, _ doubt: SalvagedRecord.Doubt? = nil) {
      self.source = source
      self.doubt = doubt
    }

    private static let sources = SalvagedRecord.Source.allCases
    private static let doubts = [nil] + SalvagedRecord.Doubt.allCases

    init(code: UInt8) {
      source = Self.sources[Int(code >> 4)]
      doubt = Self.doubts[Int(code & 15)]
    }

    var code: UInt8 {
      UInt8((Self.sources.firstIndex(of: source) ?? 0) << 4 | (Self.doubts.firstIndex(of: doubt) ?? 0))
    }

    var certainty: Certainty { doubt?.certainty ?? .certain }
  }

  /// Damaged places, by place. The first ones are listed, all are counted.
  struct DamageList {
    private(set) var listed: [DamagedPlace] = []
    private(set) var count: UInt64 = 0

    mutating func add(_ kind: DamagedPlace.Kind, _ range: Range<Int>, isLive: Bool? = nil) {
      count += 1
      guard listed.count < Salvage.listedDamageMax else { return }
      listed.append(
        DamagedPlace(bytes: UInt64(range.lowerBound)..<UInt64(range.upperBound), kind: kind, isLive: isLive))
    }

    /// The list, with what `isLive` says about each place of which nothing was known.
    func completed(_ isLive: (DamagedPlace) -> Bool?) -> [DamagedPlace] {
      listed.sorted { $0.bytes.lowerBound < $1.bytes.lowerBound }.map { place in
        DamagedPlace(bytes: place.bytes, kind: place.kind, isLive: place.isLive ?? isLive(place))
      }
    }
  }
}

// MARK: - Pointers

extension TwoskipSalvage {
  /// What lies where a pointer leads.
  enum Place {
    /// The pointer is 0.
    case end
    /// A RECORD with a sound key and value, not necessarily with a sound head.
    case record(TwoskipRecord)
    /// The same, but where the key ends is not proven.
    case doubtful(TwoskipRecord)
    case delete(TwoskipRecord)
    /// A RECORD with a sound head, whose key is lost.
    case lost(TwoskipRecord)
    /// Nothing that can be read.
    case nothing
  }

  func place(_ pointer: UInt64) -> Place {
    if pointer == 0 { return .end }
    if starts.contains(pointer: pointer), let record = parsed(Int(truncatingIfNeeded: pointer)) {
      if record.kind == .delete { return .delete(record) }
      return doubtfulRecords.contains(record.offset) ? .doubtful(record) : .record(record)
    }
    if lostRecords.contains(pointer: pointer), let record = parsed(Int(truncatingIfNeeded: pointer)) {
      return .lost(record)
    }
    return .nothing
  }

  /// The record that was found at a place.
  func parsed(_ offset: Int) -> TwoskipRecord? {
    try? TwoskipRecord(at: offset, in: bytes, limit: bytes.byteCount)
  }

  /// The pointer of list 0 that was in force at the committed end; nil if it is lost.
  func level0(of record: TwoskipRecord) -> UInt64? {
    successor(record.pointer(0, in: bytes), record.pointer(1, in: bytes), end: UInt64(end))
  }

  func isHeadSound(_ record: TwoskipRecord) -> Bool { !damagedHeads.contains(record.offset) }
}

extension BitMap {
  /// The first member from `offset` on that lies before `end`.
  ///
  /// - Parameter end: At most the byte count that the set was made for.
  func next(from offset: Int, before end: Int) -> Int? {
    let start = (offset + 7) & ~7
    guard start < end else { return nil }
    var index = start >> 9
    var bits = word(index) & (UInt64.max << UInt64(start >> 3 & 63))
    while bits == 0 {
      index += 1
      guard index << 9 < end else { return nil }
      bits = word(index)
    }
    let found = index << 9 | bits.trailingZeroBitCount << 3
    return found < end ? found : nil
  }
}
