// Looking at the bytes of a sound file, in file order, a part of it at a time.
//
// A part begins and ends where records do; that it ends where the next one begins is proven by getting there. What hangs
// on the part before, such as the start of a transaction, is noted and compared where parts meet. So parts can be looked
// at by several threads.
//
// Surprise: nothing is ever found here. At the first thing that is not as a sound file of the usual shape has it, the look
// ends with nothing; then the passes that know what is wrong, and whether it is, begin anew.

import CCyrusShim

/// What there is in a part of a file.
struct TwoskipSoundBytes {
  /// How a part is looked at.
  struct Rules {
    /// The committed end.
    let end: Int
    /// Where the repacked region ends; 0 if there is none.
    let packedEnd: Int
    /// Whether records must lie in the order of their keys, each list leading to what comes next on it.
    let isPacked: Bool
    /// Whether only heads and the order of keys matter; then the file is packed.
    let isQuick: Bool
    /// How keys are hashed.
    let hash = TwoskipKeyHash()
  }

  /// Where records begin and end.
  let range: Range<Int>

  var heads = 0
  var tails = 0
  var blanks = 0
  var recordCount = 0
  var commitCount = 0
  /// DELETEs: where they lie, and where they lead.
  var deletes: [TwoskipDelete] = []
  var paddingByteCount = 0
  var packedCount = 0
  var packedByteCount = 0

  /// The first RECORD and the last one; 0 if there is none.
  var first = 0
  var last = 0
  /// Where the transaction starts that the part's first COMMIT ends, by that COMMIT.
  var namedStart: UInt64?
  /// Where the transaction starts that no COMMIT of the part ends; nil if the part has none.
  var transactionStart: Int?
  /// Whether something but BLANKs has come since the last COMMIT, or since the beginning.
  var hasOpenRecords = false

  /// Unless packed: how many RECORDs and DELETEs start here, where those start that share a word of ``TwoskipPlaces``
  /// with the part before, and where their keys are kept.
  var startCount = 0
  var firstBits: UInt64 = 0
  var keys: TwoskipLots

  /// If packed: bytes of keys, pointers to upper lists, and by list the first place and where the last one leads.
  var keyByteCount = 0
  var upperPointerCount = 0
  var links = TwoskipLinks()

  private init(_ range: Range<Int>, part: Int) {
    self.range = range
    keys = TwoskipKeyTable.lots(from: range.lowerBound, part: part)
  }

  /// Looks at a part.
  ///
  /// - Parameters:
  ///   - range: Begins where a RECORD may, and ends where another one does or at the committed end.
  ///   - part: Which part it is.
  ///   - facts: Takes what is kept of each RECORD and DELETE, unless packed.
  ///   - tick: Called now and then with the place that was reached.
  /// - Returns: Nil if something is not as it should be.
  /// - Complexity: O(bytes of the part).
  static func look(
    at range: Range<Int>, part: Int, of bytes: RawSpan, _ rules: Rules, _ facts: borrowing TwoskipFacts,
    _ tick: ((Int) -> Void)?
  ) -> TwoskipSoundBytes? {
    var seen = TwoskipSoundBytes(range, part: part)
    let isSound =
      switch (rules.isPacked, rules.isQuick) {
      case (true, true): seen.lookAtPackedHeads(bytes, rules, tick)
      case (true, false): seen.lookAtPacked(bytes, rules, tick)
      default: seen.look(bytes, rules, facts, tick)
      }
    return isSound ? seen : nil
  }

  /// How far ahead the bytes are fetched: the processor does so itself, but stops at the end of each page.
  static let lead = 2048

  private mutating func look(
    _ bytes: RawSpan, _ rules: Rules, _ facts: borrowing TwoskipFacts, _ tick: ((Int) -> Void)?
  ) -> Bool {
    let limit = range.upperBound
    var offset = range.lowerBound
    var nextTick = tick == nil ? Int.max : offset + TwoskipVerifier.progressStep
    // Kept apart from what is returned, so that they are in registers.
    var heads = 0, tails = 0, recordCount = 0, padding = 0
    var last = (place: 0, count: 0)
    let firstWord = offset >> 9
    var word = firstWord
    var wordBits: UInt64 = 0
    let hash = rules.hash
    let fileEnd = UInt64(rules.end)
    var startCount = 0
    let nextsStart = TwoskipFacts.nexts(from: offset)
    while offset < limit {
      if offset >= nextTick {
        tick?(offset)
        nextTick = offset + TwoskipVerifier.progressStep
      }
      if offset >> 9 != word {
        if word == firstWord { firstBits = wordBits } else { facts.places[bits: word] = wordBits }
        wordBits = 0
        word = offset >> 9
      }
      bytes.prefetch(at: offset &+ Self.lead)
      guard let record = TwoskipRecord(usualAt: offset, in: bytes, limit: limit) else {
        guard let (end, named) = passOther(at: offset, bytes, rules) else { return false }
        if let next = named {
          guard next & 7 == 0, next < fileEnd else { return false }
          wordBits |= 1 &<< UInt64(offset >> 3 & 63)
          deletes.append(TwoskipDelete(next: next, number: startCount))
          facts.nexts[nextsStart &+ startCount] = TwoskipNext(ofDelete: next).word
          startCount &+= 1
        }
        offset = end
        continue
      }
      // A head that straddles a block is one of an old release.
      guard record.hasSoundChecksums(in: bytes), (offset &+ 8) & 511 <= (record.tailOffset &- 8) & 511
      else { return false }
      let end = record.end
      let tailByteCount = end &- record.tailOffset
      let unused = tailByteCount &- record.keyByteCount &- record.valueByteCount
      guard bytes.bigEndian(UInt64.self, at: end &- 8) & ((1 &<< UInt64(8 &* unused)) &- 1) == 0 else { return false }
      let key = (place: record.tailOffset, count: record.keyByteCount)
      if offset < rules.packedEnd, last.count > 0 {
        guard bytes.keysAscend(last.place, last.count, key.place, key.count) else { return false }
      }
      guard (record.first | record.second) & 7 == 0, record.first < fileEnd, record.second < fileEnd,
        record.first != record.second || record.first == 0
      else { return false }
      facts.nexts[nextsStart &+ startCount] = TwoskipNext(ofRecord: max(record.first, record.second)).word
      wordBits |= 1 &<< UInt64(offset >> 3 & 63)
      facts.alternates[nextsStart &+ startCount] = TwoskipAlternate(of: record).word
      facts.keys.add(hash(key.place, key.count, bytes), startCount, &keys)
      startCount &+= 1
      if offset < rules.packedEnd {
        packedCount &+= 1
        packedByteCount &+= end &- offset
      }
      if first == 0 { first = offset }
      last = key
      self.last = offset
      recordCount &+= 1
      heads &+= record.tailOffset &- offset
      tails &+= tailByteCount
      padding &+= unused
      hasOpenRecords = true
      offset = end
    }
    if limit > range.lowerBound {
      if word == firstWord { firstBits = wordBits } else { facts.places[bits: word] = wordBits }
    }
    self.startCount = startCount
    self.heads += heads
    self.tails = tails
    self.recordCount = recordCount
    paddingByteCount = padding
    return offset == limit
  }

  /// Takes a BLANK, a DELETE or a COMMIT in.
  ///
  /// - Returns: Where it ends, and what it names if it is a DELETE; nil if there is none, or it is not sound.
  @inline(never)
  mutating func passOther(at offset: Int, _ bytes: RawSpan, _ rules: Rules) -> (end: Int, named: UInt64?)? {
    let limit = range.upperBound
    guard limit - offset >= 8 else { return nil }
    let word = bytes.bigEndian(UInt64.self, at: offset)
    if word == Twoskip.blank {
      blanks += 8
      return (offset + 8, nil)
    }
    // Behind the repacked region there is no place for them; and a type, no level and no lengths make the word.
    guard offset >= rules.packedEnd, word & 0x00FF_FFFF_FFFF_FFFF == 0,
      let record = try? TwoskipRecord(at: offset, in: bytes, limit: limit), record.hasSoundChecksums(in: bytes),
      (offset + 8) & 511 <= (record.tailOffset - 8) & 511
    else { return nil }
    switch record.kind {
    case .delete where !rules.isPacked:
      hasOpenRecords = true
    case .commit:
      if let start = transactionStart {
        guard record.first == UInt64(start) else { return nil }
      } else {
        namedStart = record.first
      }
      commitCount += 1
      transactionStart = record.end
      hasOpenRecords = false
    default: return nil
    }
    heads += record.headByteCount
    return (record.end, record.kind == .delete ? record.first : nil)
  }
}

/// A DELETE of the log.
struct TwoskipDelete: BitwiseCopyable {
  private let nextWord: UInt32
  private var numberWord: UInt32

  /// - Parameters:
  ///   - next: A multiple of 8, within the file.
  ///   - number: Its number among RECORDs and DELETEs in file order.
  init(next: UInt64, number: Int) {
    nextWord = UInt32(truncatingIfNeeded: next >> 3)
    numberWord = UInt32(truncatingIfNeeded: number)
  }

  /// The RECORD behind the one it deletes; 0 if that was the last one.
  var next: UInt64 { UInt64(nextWord) << 3 }
  /// Its number among RECORDs and DELETEs in file order.
  var number: Int {
    get { Int(numberWord) }
    set { numberWord = UInt32(truncatingIfNeeded: newValue) }
  }
}

/// Where list 0 goes on behind a RECORD or a DELETE: the place in words of eight bytes.
struct TwoskipNext: BitwiseCopyable {
  let word: UInt32

  /// How large a file can be.
  static let byteCountMax = 1 << 34
  private static let deleteBit: UInt32 = 1 << 31

  init(word: UInt32) { self.word = word }
  /// - Parameter place: A multiple of 8, within a file that is not too large.
  init(ofRecord place: UInt64) { word = UInt32(truncatingIfNeeded: place &>> 3) }
  init(ofDelete place: UInt64) { word = UInt32(truncatingIfNeeded: place &>> 3) | Self.deleteBit }

  var isOfDelete: Bool { word & Self.deleteBit != 0 }
  var place: UInt64 { UInt64(word & ~Self.deleteBit) &<< 3 }
}

/// The pointer of list 0 that a RECORD does not use, and whether it has others: the place in words of eight bytes.
struct TwoskipAlternate: BitwiseCopyable {
  let word: UInt32

  private static let upperBit: UInt32 = 1 << 31

  init(word: UInt32) { self.word = word }
  /// - Parameter record: Its pair leads to multiples of 8, within a file that is not too large.
  init(of record: TwoskipRecord) {
    word = UInt32(truncatingIfNeeded: min(record.first, record.second) &>> 3) | (record.level > 1 ? Self.upperBit : 0)
  }

  var hasUppers: Bool { word & Self.upperBit != 0 }
  var place: UInt64 { UInt64(word & ~Self.upperBit) &<< 3 }
}

/// What is kept of each RECORD and DELETE of a file.
struct TwoskipFacts: ~Copyable {
  /// Where they start.
  let places: TwoskipPlaces
  /// By number: where list 0 goes on. Until ``number(_:)`` was called, each part has its own from ``nexts(from:)`` on.
  let nexts: LargeTable<UInt32>
  /// By number, as `nexts`: the pointer of list 0 that is not used; 0 for a DELETE.
  let alternates: LargeTable<UInt32>
  /// The keys of RECORDs.
  let keys: TwoskipKeyTable

  /// Nil if there is no memory for it.
  ///
  /// - Parameter byteCount: The end of the file, or 0 if nothing will be kept.
  init?(byteCount: Int, partCount: Int) {
    guard let places = TwoskipPlaces(byteCount: byteCount),
      let nexts = LargeTable<UInt32>(count: Self.nexts(from: byteCount)),
      let alternates = LargeTable<UInt32>(count: Self.nexts(from: byteCount)),
      let keys = TwoskipKeyTable(byteCount: byteCount, partCount: partCount)
    else { return nil }
    self.places = places
    self.nexts = nexts
    self.alternates = alternates
    self.keys = keys
  }

  /// Where a part keeps where list 0 goes on that starts at a place: a DELETE has 24 bytes, a RECORD more.
  static func nexts(from start: Int) -> Int { max(0, start - Int(Twoskip.firstRecord)) / Twoskip.smallestRecord }

  /// Gives what a part has kept its place behind the parts before it.
  func number(_ part: TwoskipSoundBytes, from number: Int) {
    let start = Self.nexts(from: part.range.lowerBound)
    guard start != number else { return }
    nexts.move(start..<start + part.startCount, to: number)
    alternates.move(start..<start + part.startCount, to: number)
  }
}
