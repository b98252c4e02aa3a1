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

  private let facts: TwoskipFacts
  private let parts: [Part]
  private let keys: [(lots: TwoskipLots, number: Int)]
  private let end: Int
  private let threads: Int
  private let deletes: [TwoskipDelete]
  private let liveCount: Int
  /// By number: the code of the key.
  private let codes: LargeTable<UInt32>
  /// By rank: where the live record starts, in words of eight bytes.
  private let live: LargeTable<UInt32>

  /// By number of a stranger: where its last RECORD starts, in words, and its place in `strangers`.
  private var strangerPlaces: [UInt32] = []
  private var strangerOrder: [UInt32] = []
  /// Strangers in key order, and how many live keys are smaller.
  private var strangers: [UInt32] = []
  private var below: [UInt32] = []

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

  // MARK: - d. Keys of no live record

  /// Where a key is among all keys: by how many live ones are smaller, and those between the same two by their order.
  private func position(_ code: TwoskipKeyCode) -> UInt64 {
    if let stranger = code.stranger {
      let place = strangerOrder[stranger]
      return UInt64(below[Int(place)]) << 32 | UInt64(place)
    }
    return UInt64(code.rank ?? 0) << 32 | 0xFFFF_FFFF
  }

  private mutating func placeStrangers(_ numbers: [Int], _ bytes: RawSpan) -> Bool {
    let found = bytes.atOnce(threads) { bytes, thread in
      counts(numbers[numbers.count * thread / threads..<numbers.count * (thread + 1) / threads], bytes)
    }
    var placed: [UInt64] = []
    for part in found {
      guard let part else { return false }
      placed += part
    }
    placed.sort()
    // Those between the same two live keys, few, go by their keys.
    var start = 0
    while start < placed.count {
      let below = placed[start] >> 32
      var end = start + 1
      while end < placed.count, placed[end] >> 32 == below { end += 1 }
      if end - start > 1 {
        let sorted = sortedByKey(placed[start..<end].map { UInt32(truncatingIfNeeded: $0) }, bytes)
        for index in start..<end { placed[index] = below << 32 | UInt64(sorted[index - start]) }
      }
      start = end
    }
    strangers = placed.map { UInt32(truncatingIfNeeded: $0) }
    below = placed.map { UInt32(truncatingIfNeeded: $0 >> 32) }
    strangerOrder = [UInt32](repeating: 0, count: strangerPlaces.count)
    for index in strangers.indices { strangerOrder[Int(strangers[index])] = UInt32(truncatingIfNeeded: index) }
    return true
  }

  /// How many live keys are smaller than that of each of some strangers, in the upper half, and its number.
  private func counts(_ numbers: ArraySlice<Int>, _ bytes: RawSpan) -> [UInt64]? {
    var placed: [UInt64] = []
    placed.reserveCapacity(numbers.count)
    var stepsLeft = 16 * codes.count + 1024
    let span = Span<UInt8>(_bytes: bytes)
    var start = numbers.startIndex
    while start < numbers.endIndex {
      let end = min(start + 64, numbers.endIndex)
      var nears = InlineArray<64, Int>(repeating: -1)
      for index in start..<end { ccs_prefetch_line(span, Int(strangerPlaces[numbers[index]]) << 3) }
      for index in start..<end {
        guard let near = rank(near: numbers[index], bytes) else { continue }
        nears[index - start] = near
        live.prefetch(near)
        ccs_prefetch_line(span, Int(strangerPlaces[numbers[index]]) << 3 &+ 32)
      }
      for index in start..<end where nears[index - start] >= 0 {
        let near = nears[index - start]
        ccs_prefetch_line(span, Int(live[near]) << 3 &+ 32)
        if near > 0 { ccs_prefetch_line(span, Int(live[near - 1]) << 3 &+ 32) }
      }
      for index in start..<end {
        guard let below = countBelow(numbers[index], near: nears[index - start], &stepsLeft, bytes) else { return nil }
        placed.append(UInt64(below) << 32 | UInt64(numbers[index]))
      }
      start = end
    }
    return placed
  }

  /// Merges ever longer rows: a closure for `sort(by:)` could not see the bytes.
  private func sortedByKey(_ numbers: [UInt32], _ bytes: RawSpan) -> [UInt32] {
    var numbers = numbers
    var merged = numbers
    var width = 1
    while width < numbers.count {
      var start = 0
      while start < numbers.count {
        let middle = min(start + width, numbers.count)
        let end = min(middle + width, numbers.count)
        var (left, right) = (start, middle)
        for place in start..<end {
          let isLeft = left < middle && (right == end || ascend(numbers[left], numbers[right], bytes))
          merged[place] = numbers[isLeft ? left : right]
          if isLeft { left += 1 } else { right += 1 }
        }
        start = end
      }
      swap(&numbers, &merged)
      width *= 2
    }
    return numbers
  }

  private func ascend(_ left: UInt32, _ right: UInt32, _ bytes: RawSpan) -> Bool {
    bytes.recordKeysAscend(Int(strangerPlaces[Int(left)]) << 3, Int(strangerPlaces[Int(right)]) << 3)
  }

  /// The rank of a live key not far behind that of a stranger: of what followed it on list 0 when it died.
  private func rank(near stranger: Int, _ bytes: RawSpan) -> Int? {
    var place = Int(strangerPlaces[stranger]) << 3
    for _ in 0..<8 {
      var next = max(bytes.bigEndian(UInt64.self, at: place + 8), bytes.bigEndian(UInt64.self, at: place + 16))
      guard var number = facts.places.number(of: next) else { return nil }
      if codes[number] == 0 {
        next = bytes.bigEndian(UInt64.self, at: Int(next) + 8)
        guard let behind = facts.places.number(of: next) else { return nil }
        number = behind
      }
      let code = TwoskipKeyCode(word: codes[number])
      if code.isNone { return nil }
      if let rank = code.rank { return rank }
      place = Int(next)
    }
    return nil
  }

  /// How many live keys are smaller than that of a stranger.
  ///
  /// - Parameter near: A rank not far from where the key would be; below 0 if none is known.
  private func countBelow(_ stranger: Int, near: Int, _ stepsLeft: inout Int, _ bytes: RawSpan) -> Int? {
    let place = Int(strangerPlaces[stranger]) << 3
    // Mostly what is before that is smaller. If not, the search widens.
    var low = 0
    var high = liveCount
    if near >= 0 {
      if bytes.recordKeysAscend(place, Int(live[near]) << 3) {
        high = near
        var width = 1
        while high > low {
          let probe = max(low, high - width)
          if bytes.recordKeysAscend(Int(live[probe]) << 3, place) {
            low = probe + 1
            break
          }
          high = probe
          width *= 2
        }
      } else {
        low = near
      }
    }
    while low < high {
      let middle = (low + high) / 2
      stepsLeft -= 1
      if stepsLeft < 0 { return nil }
      if bytes.recordKeysAscend(Int(live[middle]) << 3, place) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: - e. The log

  /// Replays the log.
  private func isListZero(_ bytes: RawSpan) -> Bool {
    let found = bytes.atOnce(threads) { _, thread in
      codesOfNamed(deletes[deletes.count * thread / threads..<deletes.count * (thread + 1) / threads])
    }
    let named = found.count == 1 ? found[0] : Array(found.joined())
    // Behind which live keys there are strangers: most have none.
    var gaps = RankSet(count: liveCount)
    for rank in below { gaps.insert(Int(rank)) }
    var present = RankSet(count: liveCount)
    var presentStrangers = RankSet(count: strangers.count)
    var counts = (live: 0, strangers: 0)
    var number = 0
    for index in deletes.indices {
      set(number..<deletes[index].number, &present, &presentStrangers, &counts)
      number = deletes[index].number + 1
      var (bound, strangersBound) = (liveCount, strangers.count)
      if deletes[index].next != 0 {
        let code = TwoskipKeyCode(word: named[index])
        if code.isNone { return false }
        if let stranger = code.stranger {
          strangersBound = Int(strangerOrder[stranger])
          bound = Int(below[strangersBound])
        } else {
          bound = code.rank ?? 0
          if bound > 0, !gaps.contains(bound), present.contains(bound - 1) {
            present.remove(bound - 1)
            counts.live -= 1
            continue
          }
          strangersBound = countOfStrangers(upTo: bound)
        }
      }
      // The greater one of the greatest live key and the greatest stranger.
      let rank = present.last(below: bound)
      if let stranger = presentStrangers.last(below: strangersBound), Int(below[stranger]) > rank ?? -1 {
        presentStrangers.remove(stranger)
        counts.strangers -= 1
      } else {
        guard let rank else { return false }
        present.remove(rank)
        counts.live -= 1
      }
    }
    set(number..<codes.count, &present, &presentStrangers, &counts)
    return counts == (liveCount, 0)
  }

  /// The codes of the keys that DELETEs name; 0 if one names no RECORD.
  private func codesOfNamed(_ deletes: ArraySlice<TwoskipDelete>) -> [UInt32] {
    var named: [UInt32] = []
    named.reserveCapacity(deletes.count)
    var numbers = InlineArray<32, Int>(repeating: 0)
    var start = deletes.startIndex
    while start < deletes.endIndex {
      let end = min(start + numbers.count, deletes.endIndex)
      for index in start..<end { facts.places.prefetch(deletes[index].next) }
      for index in start..<end {
        let number = facts.places.number(of: deletes[index].next) ?? -1
        codes.prefetch(number)
        numbers[index - start] = number
      }
      for index in start..<end {
        let number = numbers[index - start]
        named.append(number < 0 ? 0 : codes[number])
      }
      start = end
    }
    return named
  }

  /// Takes in RECORDs that follow each other in the log.
  @inline(__always)
  private func set(
    _ numbers: Range<Int>, _ present: inout RankSet, _ presentStrangers: inout RankSet,
    _ counts: inout (live: Int, strangers: Int)
  ) {
    for number in numbers {
      let code = TwoskipKeyCode(word: codes[number])
      if let stranger = code.stranger {
        if presentStrangers.insert(Int(strangerOrder[stranger])) { counts.strangers += 1 }
      } else if let rank = code.rank {
        if present.insert(rank) { counts.live += 1 }
      }
    }
  }

  /// How many keys of no live record are smaller than the live one of this rank.
  private func countOfStrangers(upTo rank: Int) -> Int {
    var low = 0
    var high = below.count
    while low < high {
      let middle = (low + high) / 2
      if Int(below[middle]) <= rank { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension RawSpan {
  /// Where the key of a RECORD of the usual shape lies, and how long it is; none if it cannot be there any more, as somebody
  /// writes over the file meanwhile.
  @inline(__always)
  func keyOfRecord(_ offset: Int) -> (place: Int, byteCount: Int) {
    let word = bigEndian(UInt64.self, at: offset)
    let level = Int(truncatingIfNeeded: word >> 48 & 0xFF)
    let (place, count) = (offset &+ 24 &+ 8 &* level, Int(truncatingIfNeeded: word >> 32 & 0xFFFF))
    // A COMMIT comes behind the last RECORD, so there are eight bytes more.
    return place &+ count &+ 8 <= byteCount ? (place, count) : (0, 0)
  }

  /// Whether the key of one RECORD of the usual shape comes before that of another.
  @inline(__always)
  func recordKeysAscend(_ left: Int, _ right: Int) -> Bool {
    let (leftKey, leftCount) = keyOfRecord(left)
    let (rightKey, rightCount) = keyOfRecord(right)
    return keysAscend(leftKey, leftCount, rightKey, rightCount)
  }
}
