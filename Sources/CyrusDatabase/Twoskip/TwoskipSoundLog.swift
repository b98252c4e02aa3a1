// Whether the log of a sound file adds up to its list 0.
//
// A RECORD sets its key; a DELETE removes the greatest key, of those present at that moment, below the key of the RECORD it
// names (TwoskipReplay.swift). To replay that takes no keys but their order. So each RECORD gets the code of its key: its
// rank among live keys, or the number of a stranger, a key that no live record has.
//
//   a. List 0 is followed by what was kept of it, and live records get their ranks; then their keys must ascend, and upper
//      lists lead from each to the next on them (TwoskipSoundLog+Chain.swift).
//   b. Dead records get the code of their key, or of a stranger (TwoskipKeyTable.swift): a live record must come after all
//      dead ones of its key. Each stranger needs a DELETE of its own, so there are no more of them than DELETEs.
//   c. All other pointers lead to where something starts, those of dead records to upper lists to greater keys: by their
//      codes.
//   d. Each of the few strangers finds its place between the live keys.
//   e. The log is replayed: a set of ranks, and one of strangers. Each DELETE must find a key; in the end all live keys must
//      be there, and no stranger. That the RECORD that is live is the last one of its key is known from b.
//
// Keys are held to be the same if their hashes are (TwoskipKeyHash.swift). Where the keys ascend in raw order, as they do
// here, the log is read in that order.
//
// Surprise: nothing is ever found here, as in TwoskipSoundBytes.swift.

import CCyrusShim

/// The RECORDs and DELETEs of a file by number, and the codes of their keys.
struct TwoskipSoundLog: ~Copyable {
  /// What there is of a part of the file.
  private struct Part {
    /// Words of ``TwoskipPlaces``; each word is of one part.
    let words: Range<Int>
    /// The number of the first RECORD or DELETE in `words`.
    let wordsNumber: Int
    /// Its RECORDs and DELETEs.
    let numbers: Range<Int>
  }

  let facts: TwoskipFacts
  private let parts: [Part]
  private let keys: [(lots: TwoskipLots, number: Int)]
  let threads: Int
  let deletes: [TwoskipDelete]
  /// How many records list 0 has, once they have ranks.
  var liveCount = 0
  /// By number: the code of the key.
  let codes: LargeTable<UInt32>
  /// By rank: where the live record starts, in words of eight bytes.
  let live: LargeTable<UInt32>

  /// By number of a stranger: where its last RECORD starts, in words, and its place in `strangers`.
  var strangerPlaces: [UInt32] = []
  var strangerOrder: [UInt32] = []
  /// Strangers in key order, and how many live keys are smaller.
  var strangers: [UInt32] = []
  var below: [UInt32] = []

  /// - Parameters:
  ///   - facts: What was kept of all RECORDs and DELETEs, but for words that parts share.
  ///   - parts: What was seen of the parts of the file.
  ///   - deletes: All DELETEs in file order.
  ///   - threads: How many may be used.
  /// - Returns: Nil if there is no memory for it.
  init?(
    _ facts: consuming TwoskipFacts, _ seen: [TwoskipSoundBytes], deletes: [TwoskipDelete], threads: Int
  ) {
    var parts: [Part] = []
    var keys: [(lots: TwoskipLots, number: Int)] = []
    var number = 0
    for part in seen {
      let words = (part.range.lowerBound >> 9, part.range.upperBound >> 9)
      facts.places[bits: words.0] |= part.firstBits
      parts.append(
        Part(
          words: (parts.isEmpty ? 0 : words.0 + 1)..<(words.1 + 1),
          wordsNumber: parts.isEmpty ? 0 : number + part.firstBits.nonzeroBitCount,
          numbers: number..<number + part.startCount))
      keys.append((part.keys, number))
      facts.number(part, from: number)
      number += part.startCount
    }
    guard number < Int(TwoskipKeyCode.deadBit), let codes = LargeTable<UInt32>(count: number),
      let live = LargeTable<UInt32>(count: number)
    else { return nil }
    self.facts = facts
    self.parts = parts
    self.keys = keys
    self.threads = threads
    self.deletes = deletes
    self.codes = codes
    self.live = live
  }

  // MARK: - a. Places

  /// Whether each pointer is 0 or leads to where something starts.
  func areStarts(_ pointers: [UInt64]) -> Bool { pointers.allSatisfy { $0 == 0 || facts.places.contains($0) } }

  /// Gives starts their numbers.
  func count(in bytes: RawSpan) { _ = bytes.atOnce(parts.count) { _, part in count(parts[part]) } }

  /// Numbers the words of a part, three by three.
  private func count(_ part: Part) {
    let groups = (part.words.lowerBound + 2) / 3..<(part.words.upperBound + 2) / 3
    var number = part.wordsNumber
    for index in part.words.lowerBound..<3 * groups.lowerBound where index < part.words.upperBound {
      number += facts.places[bits: index].nonzeroBitCount
    }
    facts.places.count(groups: groups, from: number)
  }

  // MARK: - b. Dead records

  /// What a look at dead records comes to.
  struct Dead {
    /// Pointers of dead records.
    var pointerCount = 0
    /// Records above level 1, and their pointers to upper lists.
    var linkerCount = 0
    var upperCount = 0
    fileprivate var strangers: [(number: Int, place: UInt32)] = []
    /// Codes of keys that must ascend, one of which is a stranger's.
    fileprivate var pairs: [(TwoskipKeyCode, TwoskipKeyCode)] = []
  }

  /// Whether the log adds up to list 0, all pointers lead to where something starts, and those of dead records to upper
  /// lists lead to greater keys.
  ///
  /// - Parameter recordCount: How many RECORDs there are.
  /// - Returns: What there is of dead records; nil if it does not, or if that takes too long to find out.
  /// - Complexity: O(*n*) expected; O(log *n*) more for each key of no live record.
  mutating func dead(recordCount: Int, in bytes: RawSpan) -> Dead? {
    // Without dead records, and none deleted, the log has each key of list 0 once.
    if liveCount == recordCount, deletes.isEmpty { return deadRecords(bytes) }
    guard let strangerCounts = groupKeys(bytes), let dead = deadRecords(bytes) else { return nil }
    var numbers: [Int] = []
    for (thread, count) in strangerCounts.enumerated() {
      numbers += thread * deletes.count..<thread * deletes.count + count
    }
    guard numbers.count <= deletes.count else { return nil }
    strangerPlaces = [UInt32](repeating: 0, count: numbers.last.map { $0 + 1 } ?? 0)
    for stranger in dead.strangers { strangerPlaces[stranger.number] = stranger.place }
    guard placeStrangers(numbers, bytes) else { return nil }
    for (code, other) in dead.pairs { guard position(code) < position(other) else { return nil } }
    return isListZero(bytes) ? dead : nil
  }

  private static let groupingThreadsMax = 4

  private func groupKeys(_ bytes: RawSpan) -> [Int]? {
    // Each has numbers of its own for all strangers that there may be: with more threads they would take more memory.
    let threads = min(threads, Self.groupingThreadsMax)
    guard threads * deletes.count < Int(TwoskipKeyCode.deadBit) else { return nil }
    let counts = bytes.atOnce(threads) { _, thread -> Int in
      var groups = TwoskipKeyGroups()
      let isSound = groups.group(
        stride(from: thread, to: TwoskipKeyTable.lotCount, by: threads), of: facts.keys, keys, codes: codes,
        strangers: thread * deletes.count..<(thread + 1) * deletes.count)
      return isSound ? groups.strangerCount : -1
    }
    return counts.contains(-1) ? nil : counts
  }

  // MARK: - c. Pointers of dead records

  private func deadRecords(_ bytes: RawSpan) -> Dead? {
    let found = bytes.atOnce(parts.count) { bytes, number in deadRecords(of: parts[number], bytes) }
    var all = Dead()
    for dead in found {
      guard let dead else { return nil }
      all.pointerCount += dead.pointerCount
      all.linkerCount += dead.linkerCount
      all.upperCount += dead.upperCount
      all.strangers += dead.strangers
      all.pairs += dead.pairs
    }
    return all
  }

  private func deadRecords(of part: Part, _ bytes: RawSpan) -> Dead? {
    var dead = Dead()
    var starts = Starts()
    var links = Links()
    // Records with pointers to upper lists wait, so that the processor fetches several at the same time.
    var waiting = InlineArray<64, (Int, UInt32)>(repeating: (0, 0))
    var count = 0
    var group = facts.places.group(of: part.numbers.lowerBound)
    let span = Span<UInt8>(_bytes: bytes)
    for number in part.numbers {
      let code = codes[number]
      let alternate = TwoskipAlternate(word: facts.alternates[number])
      starts.add(alternate.place, if: true, facts.places)
      // Those of records on list 0 were followed.
      starts.add(TwoskipNext(word: facts.nexts[number]).place, if: !TwoskipKeyCode(word: code).isLive, facts.places)
      if starts.isFull { guard starts.areSound(facts.places) else { return nil } }
      guard code & TwoskipKeyCode.deadBit != 0 else { continue }
      dead.pointerCount &+= 2
      let isStranger = code & TwoskipKeyCode.strangerBit != 0
      guard alternate.hasUppers || isStranger else { continue }
      let place = facts.places.place(of: number, &group)
      if isStranger {
        dead.strangers.append((TwoskipKeyCode(word: code).stranger ?? 0, UInt32(truncatingIfNeeded: place >> 3)))
      }
      guard alternate.hasUppers else { continue }
      ccs_prefetch_line(span, place)
      ccs_prefetch_line(span, place &+ 39)
      waiting[count] = (place, code)
      count &+= 1
      if count == 64 {
        for index in 0..<count { guard look(waiting[index], &dead, &links, bytes) else { return nil } }
        count = 0
      }
    }
    for index in 0..<count { guard look(waiting[index], &dead, &links, bytes) else { return nil } }
    return starts.areSound(facts.places) && finish(&links, &dead) ? dead : nil
  }

  /// Takes the pointers of a dead record to upper lists in.
  @inline(__always)
  private func look(_ waiting: (place: Int, code: UInt32), _ dead: inout Dead, _ links: inout Links, _ bytes: RawSpan)
    -> Bool
  {
    let record = bytes.keyOfRecord(waiting.place)
    let end = record.place &- 8
    guard record.byteCount > 0 else { return false }
    dead.linkerCount &+= 1
    var before: UInt64 = 0
    var pointer = waiting.place &+ 24
    while pointer < end {
      let next = bytes.bigEndian(UInt64.self, at: pointer)
      dead.pointerCount &+= 1
      dead.upperCount &+= 1
      links.add(next, waiting.code, if: next != before, facts.places)
      before = next
      pointer &+= 8
      if links.isFull { guard finish(&links, &dead) else { return false } }
    }
    return true
  }

  /// Pointers that wait, so that the processor fetches several at the same time.
  private struct Starts {
    private var pointers = InlineArray<64, UInt64>(repeating: 0)
    private var count = 0

    var isFull: Bool { count > 62 }

    @inline(__always)
    mutating func add(_ pointer: UInt64, if isAsked: Bool, _ places: borrowing TwoskipPlaces) {
      let pointer = isAsked ? pointer : 0
      places.prefetch(pointer)
      pointers[count & 63] = pointer
      count &+= pointer != 0 ? 1 : 0
    }

    /// Whether something starts wherever pointers lead that wait.
    @inline(__always)
    mutating func areSound(_ places: borrowing TwoskipPlaces) -> Bool {
      var areStarts = true
      for index in 0..<count { areStarts = places.contains(pointers[index]) && areStarts }
      count = 0
      return areStarts
    }
  }

  /// Pointers of dead records to upper lists that wait to be looked at.
  private struct Links {
    var codes = InlineArray<64, UInt32>(repeating: 0)
    var pointers = InlineArray<64, UInt64>(repeating: 0)
    var count = 0

    var isFull: Bool { count > 63 }

    @inline(__always)
    mutating func add(_ pointer: UInt64, _ code: UInt32, if isAsked: Bool, _ places: borrowing TwoskipPlaces) {
      let pointer = isAsked ? pointer : 0
      places.prefetch(pointer)
      codes[count & 63] = code
      pointers[count & 63] = pointer
      count &+= pointer != 0 ? 1 : 0
    }
  }

  /// Whether pointers that wait lead to RECORDs of greater keys, as far as both are not strangers.
  private func finish(_ links: inout Links, _ dead: inout Dead) -> Bool {
    var numbers = InlineArray<64, Int>(repeating: 0)
    for index in 0..<links.count {
      guard let number = facts.places.number(of: links.pointers[index]) else { return false }
      codes.prefetch(number)
      numbers[index] = number
    }
    for index in 0..<links.count {
      let code = TwoskipKeyCode(word: links.codes[index])
      let other = TwoskipKeyCode(word: codes[numbers[index]])
      // The key of a DELETE is empty, before all others.
      if other.isNone { return false }
      if let rank = code.rank, let otherRank = other.rank {
        guard rank < otherRank else { return false }
      } else {
        dead.pairs.append((code, other))
      }
    }
    links.count = 0
    return true
  }
}
