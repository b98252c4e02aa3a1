// Replaying the log: what the records and deletes of a file, in file order, add up to.
//
// A RECORD sets its key. A DELETE does not name the key it deletes but the record that followed it, so the
// deleted key is the greatest one, of those present at that moment, below the key of that record; or the greatest of
// all if there is none that followed.
//
// To answer that for millions of records, every key that ever occurs gets its rank in key order first: the live ones
// by walking list 0, the few others by search. The replay itself then works on ranks, with a set of bits.
//
// Memory: about 30 bytes for each record and key. Facts: Docs/Formats/twoskip.md, "Log replay".

/// The keys of a file by rank, and the means to replay its log.
struct TwoskipReplay: ~Copyable, ~Escapable {
  /// What one entry of the log did.
  enum Event {
    /// The RECORD at `offset` set the key of this rank.
    case set(rank: Int, offset: Int)
    /// The DELETE at `offset` removed the key of this rank.
    case deleted(rank: Int, offset: Int)
    /// The DELETE at `offset` found no key to remove.
    case deletedNothing(offset: Int)
  }

  private let bytes: RawSpan
  private let order: KeyOrder
  /// Where entries of the log start, and how many start before each word of that set.
  private var entries: [UInt64] = []
  private var before: [UInt32] = []
  /// By entry: which key it sets; `none` for a DELETE.
  private var keyOfEntry: [UInt32] = []
  /// By key: where a record with it lies.
  private var offsetOfKey: [UInt64] = []
  /// By key: its rank.
  private var rankOfKey: [UInt32] = []

  private static let none = UInt32.max

  /// How many keys there are, live or not.
  var keyCount: Int { offsetOfKey.count }

  /// Finds all keys and their ranks.
  ///
  /// - Parameters:
  ///   - bytes: The file from its start.
  ///   - starts: Where RECORDs and DELETEs with sound heads start; fewer than 2³² of them.
  ///   - order: The order of the keys.
  ///   - liveEnd: The committed end, if list 0 is whole and its keys ascend at that end; otherwise nil.
  /// - Complexity: O(*n*) expected for *n* entries, and O(*d* log *n*) for the *d* keys that are not on list 0.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, starts: borrowing BitMap, order: KeyOrder, liveEnd: UInt64?) {
    self.bytes = bytes
    self.order = order
    collectKeys(starts)
    rank(liveEnd: liveEnd)
  }

  /// The rank of the key of the RECORD at `offset`; nil if none starts there.
  func rank(ofRecordAt offset: UInt64) -> Int? {
    guard let entry = entry(at: offset), keyOfEntry[entry] != Self.none else { return nil }
    return Int(rankOfKey[Int(keyOfEntry[entry])])
  }

  /// The rank of a key; nil if no RECORD ever set it.
  ///
  /// - Complexity: O(*n*).
  func rank(of key: RawSpan) -> Int? {
    for number in 0..<keyCount {
      if let held = keySpan(at: Int(offsetOfKey[number])), isSame(held, key) {
        return Int(rankOfKey[number])
      }
    }
    return nil
  }

  /// Replays the log and tells what each entry did.
  ///
  /// - Complexity: O(*n*).
  func run(_ report: (Event) -> Void) {
    var present = RankSet(count: keyCount)
    var entry = 0
    for (index, word) in entries.enumerated() {
      var word = word
      while word != 0 {
        let offset = index << 9 | word.trailingZeroBitCount << 3
        word &= word - 1
        let key = keyOfEntry[entry]
        entry += 1
        if key != Self.none {
          let rank = Int(rankOfKey[Int(key)])
          present.insert(rank)
          report(.set(rank: rank, offset: offset))
          continue
        }
        let next = (try? TwoskipRecord(at: offset, in: bytes, limit: bytes.byteCount))?.first ?? 0
        let bound = next == 0 ? keyCount : rank(ofRecordAt: next)
        if let bound, let rank = present.last(below: bound) {
          present.remove(rank)
          report(.deleted(rank: rank, offset: offset))
        } else {
          report(.deletedNothing(offset: offset))
        }
      }
    }
  }

  private func entry(at offset: UInt64) -> Int? {
    let index = Int(truncatingIfNeeded: offset >> 9)
    guard offset % 8 == 0, offset >> 9 < UInt64(entries.count) else { return nil }
    let bit = UInt64(1) << (offset >> 3 & 63)
    guard entries[index] & bit != 0 else { return nil }
    return Int(before[index]) + (entries[index] & (bit - 1)).nonzeroBitCount
  }

  private mutating func collectKeys(_ starts: borrowing BitMap) {
    entries = starts.copyOfWords()
    before.reserveCapacity(entries.count)
    var count: UInt32 = 0
    for word in entries {
      before.append(count)
      count += UInt32(word.nonzeroBitCount)
    }
    keyOfEntry.reserveCapacity(Int(count))

    // An open hash table of key numbers; the upper half of a slot is the hash, so that most strangers are told apart
    // without looking at their bytes. Swift's hash is seeded for each process: no file can make all keys collide.
    var slots = [UInt64](repeating: 0, count: 1 << (64 - max(4, UInt64(count) * 5 / 4).leadingZeroBitCount))
    let mask = slots.count - 1
    for (index, word) in entries.enumerated() {
      var word = word
      while word != 0 {
        let offset = index << 9 | word.trailingZeroBitCount << 3
        word &= word - 1
        guard let key = keySpan(at: offset) else {
          keyOfEntry.append(Self.none)
          continue
        }
        let hash = hash(key)
        var slot = Int(truncatingIfNeeded: hash) & mask
        let tag = hash & ~0xFFFF_FFFF
        while true {
          let held = slots[slot]
          if held == 0 {
            let number = UInt32(truncatingIfNeeded: offsetOfKey.count)
            slots[slot] = tag | UInt64(number) + 1
            offsetOfKey.append(UInt64(offset))
            keyOfEntry.append(number)
            break
          }
          if held & ~0xFFFF_FFFF == tag {
            let number = UInt32(truncatingIfNeeded: held) - 1
            if let other = keySpan(at: Int(offsetOfKey[Int(number)])), isSame(other, key) {
              keyOfEntry.append(number)
              break
            }
          }
          slot = (slot + 1) & mask
        }
      }
    }
  }

  private mutating func rank(liveEnd: UInt64?) {
    var rankOfKey = [UInt32](repeating: Self.none, count: keyCount)
    // First the live keys among themselves, by list 0.
    var liveKeys: [UInt32] = []
    if let liveEnd {
      let state = TwoskipState(bytes, end: liveEnd)
      var current = try? state.dummy()
      // The list was walked to its end before: no damage, no circle.
      while let place = current, let next = try? state.next(after: place) {
        current = next
        guard let entry = entry(at: UInt64(next.offset)), keyOfEntry[entry] != Self.none else { continue }
        let key = keyOfEntry[entry]
        rankOfKey[Int(key)] = UInt32(liveKeys.count)
        liveKeys.append(key)
      }
    }
    // Then the others, which go between them.
    var others = (0..<UInt32(keyCount)).filter { rankOfKey[Int($0)] == Self.none }
    others.sort { compare($0, $1) < 0 }
    var passed = 0
    for (index, other) in others.enumerated() {
      // How many live keys are smaller: those of the last one or more.
      var low = passed
      var high = liveKeys.count
      while low < high {
        let middle = (low + high) / 2
        if compare(liveKeys[middle], other) < 0 { low = middle + 1 } else { high = middle }
      }
      for position in passed..<low { rankOfKey[Int(liveKeys[position])] = UInt32(position + index) }
      rankOfKey[Int(other)] = UInt32(low + index)
      passed = low
    }
    for position in passed..<liveKeys.count {
      rankOfKey[Int(liveKeys[position])] = UInt32(position + others.count)
    }
    self.rankOfKey = rankOfKey
  }

  private func compare(_ left: UInt32, _ right: UInt32) -> Int {
    guard let leftKey = keySpan(at: Int(offsetOfKey[Int(left)])),
      let rightKey = keySpan(at: Int(offsetOfKey[Int(right)]))
    else { return 0 }
    return order.compare(leftKey, rightKey)
  }

  /// The key of the RECORD at `offset`; nil for a DELETE.
  @_lifetime(copy self)
  private func keySpan(at offset: Int) -> RawSpan? {
    guard let record = try? TwoskipRecord(at: offset, in: bytes, limit: bytes.byteCount), record.kind == .record
    else { return nil }
    return record.key(in: bytes)
  }

  /// Whether two keys are one and the same to the writer: in mbox order TAB and LF are equal.
  private func isSame(_ left: RawSpan, _ right: RawSpan) -> Bool {
    order == .raw ? left.holdsSameBytes(as: right) : order.compare(left, right) == 0
  }

  /// A hash that keys have in common that are the same.
  private func hash(_ key: RawSpan) -> UInt64 {
    var hasher = Hasher()
    if order == .mbox {
      for index in 0..<key.byteCount { hasher.combine(key.byte(at: index) == 0x0A ? 0x09 : key.byte(at: index)) }
    } else {
      // The buffer is used only within the call.
      unsafe key.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
    return UInt64(truncatingIfNeeded: hasher.finalize())
  }
}

/// A set of ranks that finds the greatest member below a rank in a few steps: bits, and bits over the words of bits.
struct RankSet {
  /// A bit for each rank.
  private var bits: [UInt64]
  /// The first has a bit for each word of `bits` that is not 0, each other one for the words of the one before.
  private var above: [[UInt64]] = []

  init(count: Int) {
    // One more than there are ranks: a bound may be the count itself.
    var wordCount = count / 64 + 1
    bits = [UInt64](repeating: 0, count: wordCount)
    while wordCount > 1 {
      wordCount = (wordCount + 63) / 64
      above.append([UInt64](repeating: 0, count: wordCount))
    }
  }

  /// - Returns: Whether it was not there.
  @discardableResult
  @inline(__always)
  mutating func insert(_ rank: Int) -> Bool {
    let word = bits[rank >> 6]
    let bit: UInt64 = 1 &<< UInt64(rank & 63)
    bits[rank >> 6] = word | bit
    // Else it is known above.
    if word == 0 { insertAbove(rank >> 6) }
    return word & bit == 0
  }

  @inline(never)
  private mutating func insertAbove(_ position: Int) {
    var position = position
    for level in above.indices {
      let word = above[level][position >> 6]
      above[level][position >> 6] = word | 1 << UInt64(position & 63)
      if word != 0 { return }
      position >>= 6
    }
  }

  mutating func remove(_ rank: Int) {
    bits[rank >> 6] &= ~(1 << UInt64(rank & 63))
    if bits[rank >> 6] != 0 { return }
    var position = rank >> 6
    for level in above.indices {
      above[level][position >> 6] &= ~(1 << UInt64(position & 63))
      if above[level][position >> 6] != 0 { return }
      position >>= 6
    }
  }

  func contains(_ rank: Int) -> Bool { bits[rank >> 6] >> UInt64(rank & 63) & 1 != 0 }

  /// The greatest member smaller than `bound`, which is at most the count; nil if there is none.
  func last(below bound: Int) -> Int? {
    if let found = Self.last(below: bound, in: bits) { return found }
    var position = bound >> 6
    for level in above.indices {
      if var found = Self.last(below: position, in: above[level]) {
        for lower in (0..<level).reversed() { found = found << 6 | (63 - above[lower][found].leadingZeroBitCount) }
        return found << 6 | (63 - bits[found].leadingZeroBitCount)
      }
      position >>= 6
    }
    return nil
  }

  /// The last bit below one, of the same word.
  private static func last(below position: Int, in words: [UInt64]) -> Int? {
    let below = words[position >> 6] & ((1 << UInt64(position & 63)) - 1)
    return below == 0 ? nil : position & ~63 | (63 - below.leadingZeroBitCount)
  }
}
