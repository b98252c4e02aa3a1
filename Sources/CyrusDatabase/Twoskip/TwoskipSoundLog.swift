// Whether the log of a sound file adds up to its list 0, without replaying it.
//
// A RECORD sets its key; a DELETE removes the greatest key, of those present at that moment, below the key of the RECORD it
// names (TwoskipReplay.swift). So the log of one key is a row of its RECORDs and of the DELETEs that meant it, and the log
// of the file adds up to list 0 if and only if
//   1. every DELETE finds a key to remove;
//   2. of each key on list 0, the last thing in its row is the RECORD that is on list 0;
//   3. of each other key, the last thing in its row is a DELETE.
// The row of a key of which there is one RECORD, a live one, is that RECORD, unless a DELETE meant it. That is most of all
// keys, and nothing has to be known of them but whether a DELETE can have meant them. What has to be looked at is dead
// records, the minority, and what lies between the key that a DELETE removed and the one that it names.
//
//   a. Dead records get together by key; the live records are asked, in key order, which of those groups is theirs. A live
//      record must come after all dead ones of its key. That leaves groups that no live record is of: 3. asks for a DELETE
//      of each, so there are no more than DELETEs.
//   b. Each of those few finds its place between the live keys.
//   c. The DELETEs in the order of the log: from the key that it names downwards, the first one that is present at that
//      moment is the one it removes. A key is present if it has a RECORD before the DELETE, and no earlier DELETE after
//      that one removed it. If it is a live record that comes before the DELETE, the log does not add up: by 2.
//   d. By a. and c., 2. holds of all live keys. What is left of 3. is to look at the last DELETE of each group.
//
// Keys are held to be the same only if their bytes are; hashes bring them together. Where hashes agree and keys do not,
// which a file of millions of records meets once in thousands of checks, all is given up. Where the keys ascend in raw order, as
// they do here, the log is read in that order.
//
// Surprise: nothing is ever found here, as in TwoskipSoundBytes.swift.

import CCyrusShim

/// The dead records of a file by key, and what its DELETEs removed.
struct TwoskipSoundLog: ~Escapable {
  private let bytes: RawSpan
  private let seed: UInt64
  private let live: [TwoskipLiveRecord]
  private let deletes: [TwoskipDelete]

  /// Dead RECORDs in file order, in words of eight bytes from the start of the file; and which have the same key.
  private let dead: [UInt32]
  private let keys: TwoskipDeadKeys
  /// By last record of a key: the place in `live` + 1 of the record that has the key now; and where the last DELETE is that
  /// removed it, in words.
  private var owner: [UInt32] = []
  private var deletedAt: [UInt32] = []
  /// Keys of no live record, by their last record, in key order; and how many live keys are smaller.
  private var strangers: [UInt32] = []
  private var below: [UInt32] = []
  /// By record named in a DELETE, or followed by a stranger: which place in `live` it has.
  private var ranks = TwoskipRanks(count: 0)
  /// How many more steps may be taken: a sound file needs about one for each record.
  private var stepsLeft: Int

  /// - Parameters:
  ///   - live: The records of list 0 in key order, which is the raw one.
  ///   - dead: The RECORDs that are not among them, in file order, in words of eight bytes; all of the usual shape.
  ///   - keys: The keys of those.
  ///   - deletes: All DELETEs, in file order.
  ///   - seed: What the hashes in `live` and `keys` began with.
  @_lifetime(copy bytes)
  init(
    _ bytes: RawSpan, live: [TwoskipLiveRecord], dead: [UInt32], keys: TwoskipDeadKeys, deletes: [TwoskipDelete],
    seed: UInt64
  ) {
    self.bytes = bytes
    self.seed = seed
    self.live = live
    self.dead = dead
    self.keys = keys
    self.deletes = deletes
    owner = [UInt32](inLargePages: 0, count: dead.count)
    deletedAt = [UInt32](inLargePages: 0, count: dead.count)
    stepsLeft = 16 * (live.count + dead.count + deletes.count) + 1024
  }

  /// Whether the log adds up to list 0.
  ///
  /// - Parameter threads: How many may be used.
  /// - Returns: False if it does not, or if that takes too long to find out.
  /// - Complexity: O(*n*) expected; O(log *n*) more for each key of no live record.
  mutating func isListZero(threads: Int) -> Bool {
    findOwners(threads) && placeStrangers() && removeInOrder()
  }

  /// Asks of each live record which dead ones have its key.
  private mutating func findOwners(_ threads: Int) -> Bool {
    let (live, dead, keys) = (live, dead, keys)
    let found = bytes.atOnce(threads) { bytes, thread in
      keys.owners(
        live, live.count * thread / threads..<live.count * (thread + 1) / threads, bytes, dead)
    }
    for owners in found {
      guard let owners else { return false }
      for pair in owners { owner[Int(pair.number)] = pair.rank &+ 1 }
    }
    return true
  }

  // MARK: - b. Keys of no live record

  private mutating func placeStrangers() -> Bool {
    var groups: [UInt32] = []
    for slot in keys.slots where slot != 0 {
      let number = UInt32(truncatingIfNeeded: slot) - 1
      if owner[Int(number)] == 0 { groups.append(number) }
      // Each needs a DELETE of its own.
      if groups.count > deletes.count { return false }
    }
    let followers = followers(of: groups)
    ranks = TwoskipRanks(count: deletes.count + groups.count)
    for delete in deletes where delete.next != 0 { ranks.insert(delete.next) }
    for place in followers { ranks.insert(place) }
    ranks.fill(live)

    var placed: [(below: UInt32, number: UInt32)] = []
    placed.reserveCapacity(groups.count)
    let span = Span<UInt8>(_bytes: bytes)
    var start = 0
    while start < groups.count {
      let end = min(start + 64, groups.count)
      var nears = InlineArray<64, Int>(repeating: -1)
      for index in start..<end {
        guard let near = rank(near: followers[index]) else { continue }
        nears[index - start] = near
        ccs_prefetch_line(span, Int(dead[Int(groups[index])]) << 3 &+ 32)
        ccs_prefetch_line(span, live[near].offset &+ 32)
        if near > 0 { ccs_prefetch_line(span, live[near - 1].offset &+ 32) }
      }
      for index in start..<end {
        guard let below = countBelow(groups[index], near: nears[index - start]) else { return false }
        placed.append((UInt32(truncatingIfNeeded: below), groups[index]))
      }
      start = end
    }
    placed.sort { $0.below < $1.below }
    // Those between the same two live keys, few, go by their keys.
    start = 0
    while start < placed.count {
      var end = start + 1
      while end < placed.count, placed[end].below == placed[start].below { end += 1 }
      if end - start > 1 {
        let numbers = sortedByKey(placed[start..<end].map(\.number))
        for index in start..<end { placed[index].number = numbers[index - start] }
      }
      start = end
    }
    strangers = placed.map(\.number)
    below = placed.map(\.below)
    return true
  }

  /// Merges ever longer rows: a closure for `sort(by:)` could not see the bytes.
  private func sortedByKey(_ numbers: [UInt32]) -> [UInt32] {
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
          let isLeft = left < middle && (right == end || ascend(numbers[left], numbers[right]))
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

  private func ascend(_ left: UInt32, _ right: UInt32) -> Bool {
    bytes.recordKeysAscend(Int(dead[Int(left)]) << 3, Int(dead[Int(right)]) << 3)
  }

  /// What followed dead records on list 0 when they died; the RECORD behind a DELETE.
  private func followers(of numbers: [UInt32]) -> [UInt64] {
    let span = Span<UInt8>(_bytes: bytes)
    let last = UInt64(bytes.byteCount - Twoskip.smallestRecord)
    var followers = [UInt64](repeating: 0, count: numbers.count)
    var start = 0
    while start < numbers.count {
      let end = min(start + 64, numbers.count)
      for index in start..<end { ccs_prefetch_line(span, Int(dead[Int(numbers[index])]) << 3) }
      for index in start..<end {
        let place = Int(dead[Int(numbers[index])]) << 3
        let pair = (bytes.bigEndian(UInt64.self, at: place + 8), bytes.bigEndian(UInt64.self, at: place + 16))
        let next = max(pair.0, pair.1)
        guard next >= Twoskip.firstRecord, next & 7 == 0, next <= last else { continue }
        followers[index] = next
        ccs_prefetch_line(span, Int(next))
      }
      for index in start..<end where followers[index] != 0 {
        let next = Int(followers[index])
        guard bytes.byte(at: next) == TwoskipRecord.Kind.delete.rawValue else { continue }
        followers[index] = bytes.bigEndian(UInt64.self, at: next + 8)
      }
      start = end
    }
    return followers
  }

  /// The place in `live` of a RECORD, or of the one that has its key now, or of one that is not far behind.
  private func rank(near place: UInt64) -> Int? {
    var place = place
    for _ in 0..<8 {
      if let rank = ranks[place] { return rank }
      guard let number = group(of: place) else { return nil }
      if owner[Int(number)] != 0 { return Int(owner[Int(number)]) - 1 }
      place = followers(of: [number])[0]
    }
    return nil
  }

  /// The last dead record with the key of the RECORD at a place, which may be none.
  private func group(of place: UInt64) -> UInt32? {
    guard place & 7 == 0, place < UInt64(bytes.byteCount),
      let record = TwoskipRecord(usualAt: Int(place), in: bytes, limit: bytes.byteCount)
    else { return nil }
    return group(
      of: record.offset, hash: bytes.hashOfKey(record.tailOffset, record.keyByteCount, seed: seed))
  }

  /// How many live keys are smaller than that of a dead record.
  ///
  /// - Parameter near: A place in `live` not far from where the key would be; below 0 if none is known.
  private mutating func countBelow(_ number: UInt32, near: Int) -> Int? {
    let place = Int(dead[Int(number)]) << 3
    // Mostly what is before that is smaller. If not, the search widens.
    var low = 0
    var high = live.count
    if near >= 0 {
      if bytes.recordKeysAscend(place, live[near].offset) {
        high = near
        var width = 1
        while high > low {
          let probe = max(low, high - width)
          if bytes.recordKeysAscend(live[probe].offset, place) {
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
      if bytes.recordKeysAscend(live[middle].offset, place) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: - c. DELETEs

  private mutating func removeInOrder() -> Bool {
    for delete in deletes {
      // How many live keys and how many strangers are below the key that is named.
      var liveBelow = live.count
      var strangersBelow = strangers.count
      if delete.next != 0 {
        guard let bound = bound(delete.next) else { return false }
        (liveBelow, strangersBelow) = bound
      }
      let time = UInt32(truncatingIfNeeded: delete.offset >> 3)
      var removed: UInt32?
      while removed == nil {
        stepsLeft -= 1
        guard stepsLeft >= 0 else { return false }
        if strangersBelow > 0, below[strangersBelow - 1] == UInt32(truncatingIfNeeded: liveBelow) {
          strangersBelow -= 1
          if isPresent(strangers[strangersBelow], time) { removed = strangers[strangersBelow] }
        } else {
          guard liveBelow > 0 else { return false }
          liveBelow -= 1
          let record = live[liveBelow]
          guard record.offset > delete.offset else { return false }
          if let group = group(of: record.offset, hash: record.hash), isPresent(group, time) { removed = group }
        }
      }
      if let removed { deletedAt[Int(removed)] = time }
    }
    for number in strangers where deletedAt[Int(number)] < dead[Int(number)] { return false }
    return true
  }

  /// How many live keys, and how many others, are smaller than that of the RECORD at a place.
  private mutating func bound(_ place: UInt64) -> (live: Int, strangers: Int)? {
    if let rank = ranks[place] { return (rank, countOfStrangers(upTo: rank)) }
    // A dead record, or else none at all.
    guard let number = group(of: place) else { return nil }
    if owner[Int(number)] != 0 {
      let rank = Int(owner[Int(number)]) - 1
      return (rank, countOfStrangers(upTo: rank))
    }
    let named = Int(dead[Int(number)]) << 3
    var low = 0
    var high = strangers.count
    while low < high {
      let middle = (low + high) / 2
      let isBelow = bytes.recordKeysAscend(Int(dead[Int(strangers[middle])]) << 3, named)
      if isBelow { low = middle + 1 } else { high = middle }
    }
    guard low < strangers.count, strangers[low] == number else { return nil }
    return (Int(below[low]), low)
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

  /// The last dead record with the key of the RECORD at `offset`.
  private func group(of offset: Int, hash: UInt64) -> UInt32? { keys.last(offset, hash: hash, bytes, dead) }

  /// Whether a key was there at some time, as far as its dead records and the DELETEs so far tell.
  private mutating func isPresent(_ group: UInt32, _ time: UInt32) -> Bool {
    var number = group
    while true {
      if dead[Int(number)] < time { return dead[Int(number)] > deletedAt[Int(group)] }
      stepsLeft -= 1
      guard stepsLeft >= 0, keys.previous[Int(number)] != 0 else { return false }
      number = keys.previous[Int(number)] - 1
    }
  }
}

/// The keys of dead records: which of them have the same.
struct TwoskipDeadKeys {
  /// By record the one of the same key before it, by number + 1; 0 for none.
  fileprivate var previous: [UInt32]
  /// The last record of each key by hash: half the hash, and the number + 1. A free slot is 0.
  fileprivate var slots: [UInt64]
  private let mask: Int

  /// Brings dead records together by key.
  ///
  /// - Parameters:
  ///   - dead: The records in file order, in words of eight bytes; all of the usual shape.
  ///   - seed: What hashes begin with.
  /// - Returns: Nil if keys collide so much that it takes too long, or hashes agree and keys do not.
  /// - Complexity: O(*n*) expected. Memory: 16 to 28 bytes a record.
  init?(_ bytes: RawSpan, _ dead: [UInt32], seed: UInt64) {
    previous = [UInt32](inLargePages: 0, count: dead.count)
    slots = [UInt64](inLargePages: 0, count: 1 << (64 - max(8, dead.count * 3 / 2).leadingZeroBitCount))
    mask = slots.count - 1
    var stepsLeft = 16 * dead.count + 1024
    var comparisons = TwoskipComparisons(isForSameKeys: true)
    let span = Span<UInt8>(_bytes: bytes)
    // Hashes of many, then slots of many: the processor fetches several at the same time.
    var hashes = InlineArray<32, UInt64>(repeating: 0)
    var start = 0
    while start < dead.count {
      let end = min(start + hashes.count, dead.count)
      for number in start..<end {
        if number + 32 < dead.count { ccs_prefetch_line(span, Int(dead[number + 32]) << 3 &+ 32) }
        let key = bytes.keyOfRecord(Int(dead[number]) << 3)
        let hash = bytes.hashOfKey(key.place, key.byteCount, seed: seed)
        hashes[number - start] = hash
        // Words are plain bits.
        ccs_prefetch_line(Span<UInt8>(_bytes: unsafe slots.span.bytes), firstSlot(hash) << 3)
      }
      for number in start..<end {
        let hash = hashes[number - start]
        var slot = firstSlot(hash)
        while slots[slot] != 0, (slots[slot] ^ hash) >> 32 != 0 {
          stepsLeft &-= 1
          if stepsLeft < 0 { return nil }
          slot = (slot &+ 1) & mask
        }
        if slots[slot] != 0 {
          let other = UInt32(truncatingIfNeeded: slots[slot])
          previous[number] = other
          guard comparisons.add(Int(dead[number]) << 3, Int(dead[Int(other) - 1]) << 3, bytes) else { return nil }
        }
        slots[slot] = hash & ~0xFFFF_FFFF | UInt64(number) &+ 1
      }
      start = end
    }
    guard comparisons.finish(bytes) else { return nil }
  }

  @inline(__always)
  private func firstSlot(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & mask }

  /// The live records of some ranks that have the key of dead ones: the last of those, and the rank.
  ///
  /// - Returns: Nil if one comes before a dead record of its key, or hashes agree and keys do not.
  fileprivate func owners(
    _ live: [TwoskipLiveRecord], _ ranks: Range<Int>, _ bytes: RawSpan, _ dead: [UInt32]
  ) -> [(number: UInt32, rank: UInt32)]? {
    var owners: [(number: UInt32, rank: UInt32)] = []
    owners.reserveCapacity(min(ranks.count, dead.count))
    var stepsLeft = 16 * (ranks.count + dead.count) + 1024
    var comparisons = TwoskipComparisons(isForSameKeys: true)
    let records = live.span
    let slots = slots.span
    for rank in ranks {
      let record = records[rank]
      // Words are plain bits.
      if rank + 16 < ranks.upperBound {
        ccs_prefetch_line(Span<UInt8>(_bytes: unsafe slots.bytes), firstSlot(records[rank + 16].hash) << 3)
      }
      var slot = firstSlot(record.hash)
      while slots[slot] != 0 {
        if (slots[slot] ^ record.hash) >> 32 == 0 {
          let number = UInt32(truncatingIfNeeded: slots[slot]) &- 1
          let last = Int(dead[Int(number)]) << 3
          guard last < record.offset, comparisons.add(record.offset, last, bytes) else { return nil }
          owners.append((number, UInt32(truncatingIfNeeded: rank)))
          break
        }
        stepsLeft &-= 1
        if stepsLeft < 0 { return nil }
        slot = (slot &+ 1) & mask
      }
    }
    return comparisons.finish(bytes) ? owners : nil
  }

  /// The last dead record with the key of the RECORD at `offset`.
  fileprivate func last(_ offset: Int, hash: UInt64, _ bytes: RawSpan, _ dead: [UInt32]) -> UInt32? {
    var slot = firstSlot(hash)
    while slots[slot] != 0 {
      if (slots[slot] ^ hash) >> 32 == 0 {
        let number = UInt32(truncatingIfNeeded: slots[slot]) &- 1
        if bytes.recordKeysAreSame(offset, Int(dead[Int(number)]) << 3) { return number }
      }
      slot = (slot &+ 1) & mask
    }
    return nil
  }
}

/// The ranks of some of the live records, by place.
private struct TwoskipRanks {
  /// Places and ranks; a free slot has the place 0.
  private var slots: [(place: UInt64, rank: Int32)]
  private let mask: Int
  /// A bit for each of the places, which says of most others that they are not among them.
  private var filter: [UInt64]

  init(count: Int) {
    slots = Array(repeating: (0, -1), count: 1 << (64 - max(8, count * 2).leadingZeroBitCount))
    mask = slots.count - 1
    filter = [UInt64](repeating: 0, count: count == 0 ? 1 : 1 << 14)
  }

  @inline(__always)
  private func hash(_ place: UInt64) -> Int { Int(truncatingIfNeeded: (place &* 0x9E37_79B9_7F4A_7C15) >> 20) }

  mutating func insert(_ place: UInt64) {
    guard place != 0 else { return }
    let hash = hash(place)
    filter[hash >> 6 & (filter.count - 1)] |= 1 &<< UInt64(hash & 63)
    var slot = hash & mask
    while slots[slot].place != 0, slots[slot].place != place { slot = (slot + 1) & mask }
    slots[slot].place = place
  }

  /// Takes the ranks of all places that were put in.
  mutating func fill(_ live: [TwoskipLiveRecord]) {
    for rank in live.indices {
      let place = UInt64(live[rank].offset)
      let hash = hash(place)
      guard filter[hash >> 6 & (filter.count - 1)] >> UInt64(hash & 63) & 1 != 0 else { continue }
      var slot = hash & mask
      while slots[slot].place != 0 {
        if slots[slot].place == place {
          slots[slot].rank = Int32(truncatingIfNeeded: rank)
          break
        }
        slot = (slot + 1) & mask
      }
    }
  }

  /// The rank of a live record that was put in; nil for all else.
  subscript(place: UInt64) -> Int? {
    guard place != 0 else { return nil }
    var slot = hash(place) & mask
    while slots[slot].place != 0 {
      if slots[slot].place == place { return slots[slot].rank < 0 ? nil : Int(slots[slot].rank) }
      slot = (slot + 1) & mask
    }
    return nil
  }
}

extension RawSpan {
  /// Where the key of a RECORD of the usual shape lies, and how long it is.
  @inline(__always)
  func keyOfRecord(_ offset: Int) -> (place: Int, byteCount: Int) {
    let word = bigEndian(UInt64.self, at: offset)
    let level = Int(truncatingIfNeeded: word >> 48 & 0xFF)
    return (offset &+ 24 &+ 8 &* level, Int(truncatingIfNeeded: word >> 32 & 0xFFFF))
  }

  /// Whether two RECORDs of the usual shape have the same key.
  @inline(__always)
  func recordKeysAreSame(_ left: Int, _ right: Int) -> Bool {
    let (leftKey, leftCount) = keyOfRecord(left)
    let (rightKey, rightCount) = keyOfRecord(right)
    guard leftCount == rightCount else { return false }
    var index = 0
    while index < leftCount {
      let difference = bigEndian(UInt64.self, at: leftKey &+ index) ^ bigEndian(UInt64.self, at: rightKey &+ index)
      if difference &>> UInt64(max(0, 8 &- (leftCount &- index)) &* 8) != 0 { return false }
      index &+= 8
    }
    return true
  }

  /// Whether the key of one RECORD of the usual shape comes before that of another.
  @inline(__always)
  func recordKeysAscend(_ left: Int, _ right: Int) -> Bool {
    let (leftKey, leftCount) = keyOfRecord(left)
    let (rightKey, rightCount) = keyOfRecord(right)
    return keysAscend(leftKey, leftCount, rightKey, rightCount)
  }
}

/// Pairs of records whose keys must be the same, or ascend: looked at many at a time, so that the processor fetches several
/// at the same time.
struct TwoskipComparisons {
  private let isForSameKeys: Bool
  private var first = InlineArray<64, Int>(repeating: 0)
  private var second = InlineArray<64, Int>(repeating: 0)
  private var count = 0

  init(isForSameKeys: Bool) { self.isForSameKeys = isForSameKeys }

  /// Takes in a pair; the first one is a RECORD of the usual shape, the second one that or a DELETE.
  ///
  /// - Returns: False if a pair that waited was not as it must be.
  @inline(__always)
  mutating func add(_ left: Int, _ right: Int, _ bytes: RawSpan) -> Bool {
    first[count] = left
    second[count] = right
    count &+= 1
    return count < 64 || finish(bytes)
  }

  /// Looks at the pairs that wait.
  @inline(never)
  mutating func finish(_ bytes: RawSpan) -> Bool {
    let span = Span<UInt8>(_bytes: bytes)
    for index in 0..<count {
      ccs_prefetch_line(span, first[index])
      ccs_prefetch_line(span, first[index] &+ 64)
      ccs_prefetch_line(span, second[index])
      ccs_prefetch_line(span, second[index] &+ 64)
    }
    let pairs = 0..<count
    count = 0
    if isForSameKeys {
      for index in pairs where !bytes.recordKeysAreSame(first[index], second[index]) { return false }
    } else {
      for index in pairs {
        // The key of a DELETE is empty, before all others.
        guard bytes.byte(at: second[index]) == TwoskipRecord.Kind.record.rawValue,
          bytes.recordKeysAscend(first[index], second[index])
        else { return false }
      }
    }
    return true
  }
}
