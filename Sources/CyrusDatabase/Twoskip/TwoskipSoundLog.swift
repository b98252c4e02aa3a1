// Whether the log of a sound file adds up to its list 0.
//
// A RECORD sets its key; a DELETE removes the greatest key, of those present at that moment, below the key of the RECORD it
// names (TwoskipReplay.swift). To replay that takes no keys but their order. So each RECORD gets the code of its key: its
// rank among live keys, or the number of a stranger, a key that no live record has.
//
//   a. What the walk has met is looked up among the places where RECORDs and DELETEs start, and live records get their
//      ranks; so is whatever pointers of list 0 lead to, in the order of the file.
//   b. Dead records get the code of their key, or of a stranger (TwoskipKeyTable.swift): a live record must come after all
//      dead ones of its key. Each stranger needs a DELETE of its own, so there are no more of them than DELETEs.
//   c. The pointers of dead records to upper lists lead to greater keys: by their codes.
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
    /// The number of its first RECORD or DELETE, and of the first one in `words`.
    let number: Int
    let wordsNumber: Int
    let targets: TwoskipLots
  }

  let facts: TwoskipFacts
  private let parts: [Part]
  private let keys: [(lots: TwoskipLots, number: Int)]
  private let end: Int
  let threads: Int
  let deletes: [TwoskipDelete]
  let liveCount: Int
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
  ///   - liveCount: How many records list 0 has.
  ///   - end: The committed end, up to which the bytes go.
  ///   - threads: How many may be used.
  /// - Returns: Nil if there is no memory for it.
  init?(
    _ facts: consuming TwoskipFacts, _ seen: [TwoskipSoundBytes], deletes: [TwoskipDelete], liveCount: Int, end: Int,
    threads: Int
  ) {
    var parts: [Part] = []
    var keys: [(lots: TwoskipLots, number: Int)] = []
    var number = 0
    for part in seen {
      let words = (part.range.lowerBound >> 9, part.range.upperBound >> 9)
      facts.places[bits: words.0] |= part.firstBits
      parts.append(
        Part(
          words: (parts.isEmpty ? 0 : words.0 + 1)..<(words.1 + 1), number: number,
          wordsNumber: parts.isEmpty ? 0 : number + part.firstBits.nonzeroBitCount,
          targets: part.targets))
      keys.append((part.keys, number))
      number += part.startCount
    }
    guard number < Int(TwoskipKeyCode.deadBit), let codes = LargeTable<UInt32>(count: number),
      let live = LargeTable<UInt32>(count: liveCount)
    else { return nil }
    self.facts = facts
    self.parts = parts
    self.keys = keys
    self.end = end
    self.threads = threads
    self.deletes = deletes
    self.liveCount = liveCount
    self.codes = codes
    self.live = live
  }

  // MARK: - a. Places

  /// Whether pointers of list 0 lead to where something starts, and what was walked does; live records get their ranks.
  ///
  /// - Parameters:
  ///   - heads: The pointers of the list head to list 0.
  ///   - lists: What was walked, in key order.
  func arePlaces(_ heads: [UInt64], _ lists: [TwoskipSoundLists], in bytes: RawSpan) -> Bool {
    for pointer in heads where pointer != 0 && !facts.places.contains(pointer) { return false }
    var ranks = [0]
    for list in lists { ranks.append(ranks[ranks.count - 1] + list.liveCount) }
    let areTargets = bytes.atOnce(threads) { _, thread in
      if thread < parts.count { count(parts[thread]) }
      return self.areTargets(thread)
    }
    if areTargets.contains(false) { return false }
    let ranked = bytes.atOnce(lists.count) { _, number in rank(lists[number], from: ranks[number], number) }
    if ranked.contains(where: { $0 == nil }) { return false }
    return bytes.atOnce(threads) { _, thread in areLive(thread, ranked) }.allSatisfy({ $0 })
  }

  /// Numbers the words of a part, three by three.
  private func count(_ part: Part) {
    let groups = (part.words.lowerBound + 2) / 3..<(part.words.upperBound + 2) / 3
    var number = part.wordsNumber
    for index in part.words.lowerBound..<3 * groups.lowerBound where index < part.words.upperBound {
      number += facts.places[bits: index].nonzeroBitCount
    }
    facts.places.count(groups: groups, from: number)
  }

  /// Whether something starts wherever pointers to list 0 lead, by lots of targets of which each thread has its share.
  private func areTargets(_ thread: Int) -> Bool {
    var areStarts: UInt64 = 1
    for lot in stride(from: thread, to: facts.placeLots.count, by: threads) {
      for part in parts {
        _ = part.targets.forEachRun(of: lot) { run in
          for index in run {
            let target = UInt64(facts.targets[index])
            areStarts &= facts.places.bit(target) | (target == 0 ? 1 : 0)
          }
          return true
        }
      }
    }
    return areStarts & 1 != 0
  }

  /// Gives live records their ranks, and puts them into lots by where they start: the rank, and the place in words.
  ///
  /// They take the place of the targets, which are done with: there were two for each.
  private func rank(_ list: TwoskipSoundLists, from first: Int, _ part: Int) -> TwoskipLots? {
    for offset in list.deletes { guard facts.places.contains(UInt64(offset)) else { return nil } }
    var lots = TwoskipLots(behind: 2 * first, part: part)
    var rank = first
    _ = list.listed.forEachPiece { places in
      for index in places.indices {
        let place = places[index]
        live[rank] = place
        let room = lots.place(in: facts.placeLots[UInt64(place)], 2)
        facts.targets[room] = UInt32(truncatingIfNeeded: rank)
        facts.targets[room &+ 1] = place
        rank &+= 1
      }
      return true
    }
    return lots
  }

  /// Whether live records start where they should; then they get their codes. Each thread has its share of lots.
  private func areLive(_ thread: Int, _ ranked: [TwoskipLots?]) -> Bool {
    for lot in stride(from: thread, to: facts.placeLots.count, by: threads) {
      for case let lots? in ranked {
        let areStarts = lots.forEachRun(of: lot) { run in
          for index in stride(from: run.lowerBound, to: run.upperBound, by: 2) {
            guard let number = facts.places.number(of: UInt64(facts.targets[index &+ 1]) << 3) else { return false }
            codes[number] = TwoskipKeyCode.live(Int(facts.targets[index])).word
          }
          return true
        }
        guard areStarts else { return false }
      }
    }
    return true
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

  /// Whether the log adds up to list 0, and the pointers of dead records lead to greater keys.
  ///
  /// - Returns: What there is of dead records; nil if it does not, or if that takes too long to find out.
  /// - Complexity: O(*n*) expected; O(log *n*) more for each key of no live record.
  mutating func dead(in bytes: RawSpan) -> Dead? {
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
    var links = Links()
    // Records wait, so that the processor fetches several at the same time.
    var waiting = InlineArray<64, (Int, UInt32)>(repeating: (0, 0))
    var count = 0
    var number = part.wordsNumber
    let span = Span<UInt8>(_bytes: bytes)
    for index in part.words {
      var word = facts.places[bits: index]
      while word != 0 {
        let offset = index << 9 | word.trailingZeroBitCount << 3
        word &= word &- 1
        let code = codes[number]
        number &+= 1
        guard code & TwoskipKeyCode.deadBit != 0 else { continue }
        ccs_prefetch_line(span, offset)
        ccs_prefetch_line(span, offset &+ 31)
        waiting[count] = (offset, code)
        count &+= 1
        if count == 64 {
          guard look(waiting, count, &dead, &links, bytes) else { return nil }
          count = 0
        }
      }
    }
    return look(waiting, count, &dead, &links, bytes) && finish(&links, &dead) ? dead : nil
  }

  /// Pointers of dead records to upper lists that wait to be looked at.
  private struct Links {
    var codes = InlineArray<64, UInt32>(repeating: 0)
    var pointers = InlineArray<64, UInt64>(repeating: 0)
    var count = 0
  }

  @inline(__always)
  private func look(
    _ waiting: InlineArray<64, (Int, UInt32)>, _ count: Int, _ dead: inout Dead, _ links: inout Links, _ bytes: RawSpan
  ) -> Bool {
    for place in 0..<count {
      let (offset, code) = waiting[place]
      guard look(offset, TwoskipKeyCode(word: code), &dead, &links, bytes) else { return false }
    }
    return true
  }

  @inline(__always)
  private func look(
    _ offset: Int, _ code: TwoskipKeyCode, _ dead: inout Dead, _ links: inout Links, _ bytes: RawSpan
  ) -> Bool {
    guard let record = TwoskipRecord(usualAt: offset, in: bytes, limit: end) else { return false }
    if let stranger = code.stranger { dead.strangers.append((stranger, UInt32(truncatingIfNeeded: offset >> 3))) }
    dead.pointerCount &+= record.pointerCount
    if record.level == 1 { return true }
    dead.linkerCount &+= 1
    dead.upperCount &+= record.level &- 1
    var before: UInt64 = 0
    for index in 2..<record.pointerCount {
      let pointer = record.pointer(index, in: bytes)
      if pointer == 0 || pointer == before { continue }
      before = pointer
      facts.places.prefetch(pointer)
      links.codes[links.count] = code.word
      links.pointers[links.count] = pointer
      links.count &+= 1
      if links.count == 64, !finish(&links, &dead) { return false }
    }
    return true
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
