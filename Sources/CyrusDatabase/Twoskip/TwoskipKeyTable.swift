// The keys of all RECORDs of a sound file: which of them are the same.
//
// While the bytes are looked at, the hash of each key is put into one of 256 lots, by some of its bits. Each lot has its
// RECORDs in file order, and all RECORDs of a key are in the same lot. So the RECORDs of a key are brought together a lot
// at a time, in tables so small that the processor has them near; and threads share the lots.

/// The hashes of the keys of all RECORDs, two words for each.
struct TwoskipKeyTable: ~Copyable {
  static let lotCount = 256

  /// The hash, and its other 32 bits with the number of the RECORD in its part.
  private let words: LargeTable<UInt64>

  /// A table for a file of so many bytes, looked at in so many parts; nil if there is no memory for it.
  init?(byteCount: Int, partCount: Int) {
    guard let words = LargeTable<UInt64>(count: TwoskipLots.room(for: byteCount / 20, parts: partCount))
    else { return nil }
    self.words = words
  }

  /// Where a part puts its keys that starts at a place: a RECORD has 40 bytes at least.
  static func lots(from start: Int, part: Int) -> TwoskipLots { TwoskipLots(behind: start / 20, part: part) }

  /// Puts a RECORD into its lot.
  ///
  /// - Parameter number: Of the RECORD in the part.
  @inline(__always)
  func add(_ hash: (UInt64, UInt32), _ number: Int, _ lots: inout TwoskipLots) {
    let place = lots.place(in: Int(truncatingIfNeeded: hash.0 & 255), 2)
    // What lies a line behind is fetched, to be there when it is written to.
    words.prefetch(place &+ 8)
    words[place] = hash.0
    words[place &+ 1] = UInt64(hash.1) << 32 | UInt64(UInt32(truncatingIfNeeded: number))
  }

  @inline(__always)
  fileprivate func hash(_ place: Int) -> UInt64 { words[place] }

  @inline(__always)
  fileprivate func rest(_ place: Int) -> UInt64 { words[place &+ 1] }
}

/// What is known of the key of a RECORD: its rank among live keys, or that no live record has it.
struct TwoskipKeyCode: BitwiseCopyable {
  var word: UInt32

  static let strangerBit: UInt32 = 1 << 31
  static let deadBit: UInt32 = 1 << 30

  /// Of a live record.
  static func live(_ rank: Int) -> TwoskipKeyCode { TwoskipKeyCode(word: UInt32(truncatingIfNeeded: rank) &+ 1) }

  /// Nothing is known: a DELETE, or a RECORD that nobody has come to.
  @inline(__always)
  var isNone: Bool { word == 0 }
  /// Whether the record is on list 0.
  @inline(__always)
  var isLive: Bool { word &- 1 < Self.deadBit &- 1 }
  /// The rank of the key; nil if no live record has it.
  @inline(__always)
  var rank: Int? { word & Self.strangerBit == 0 && word != 0 ? Int(word & ~Self.deadBit) &- 1 : nil }
  /// The number of a key that no live record has; nil of others.
  @inline(__always)
  var stranger: Int? { word & Self.strangerBit != 0 ? Int(word & (Self.deadBit &- 1)) : nil }
}

/// Brings the RECORDs of a key together.
struct TwoskipKeyGroups {
  /// A key of a lot.
  private struct Group: BitwiseCopyable {
    var hash: UInt64
    var rest: UInt32
    /// Of its live record, or of a stranger; 0 as long as there is none.
    var code: UInt32
  }

  /// The keys of a lot: the first `groupCount`.
  private var groups: [Group] = []
  private var groupCount = 0
  /// By hash: the place in `groups` + 1; 0 is free.
  private var slots: [UInt32] = []
  /// The dead RECORDs of a lot and their places in `groups`.
  private var dead: [(number: UInt32, group: UInt32)] = []
  private var stepsLeft = 0

  /// How many keys no live record has.
  private(set) var strangerCount = 0

  /// Gives each dead RECORD of some lots the code of its key.
  ///
  /// - Parameters:
  ///   - lots: The lots.
  ///   - parts: By part of the file where its RECORDs are, and the number of its first one.
  ///   - codes: By number of a RECORD: those of live ones have theirs, the others are 0.
  ///   - strangers: The numbers that strangers may get.
  /// - Returns: False if a live record comes before a dead one of its key, there are too many strangers, or hashes collide
  ///   so much that it takes too long.
  /// - Complexity: O(*n*) expected. Memory: that of the largest lot, about 40 bytes a RECORD.
  mutating func group(
    _ lots: StrideTo<Int>, of table: borrowing TwoskipKeyTable, _ parts: [(lots: TwoskipLots, number: Int)],
    codes: borrowing LargeTable<UInt32>, strangers: Range<Int>
  ) -> Bool {
    for lot in lots {
      var count = 0
      for part in parts {
        _ = part.lots.forEachRun(of: lot) { run in
          count += run.count / 2
          return true
        }
      }
      prepare(count)
      for part in parts {
        let areSound = part.lots.forEachRun(of: lot) { run in
          Self.take(run, part.number, table, codes, &groups, &groupCount, &slots, &dead, &stepsLeft)
        }
        guard areSound else { return false }
      }
      guard giveCodes(codes, strangers) else { return false }
    }
    return true
  }

  private mutating func prepare(_ count: Int) {
    groupCount = 0
    if groups.count < count { groups = Array(repeating: Group(hash: 0, rest: 0, code: 0), count: count) }
    dead.removeAll(keepingCapacity: true)
    dead.reserveCapacity(count)
    let slotCount = 1 << (64 - max(8, count * 3 / 2).leadingZeroBitCount)
    if slots.count == slotCount {
      for index in slots.indices { slots[index] = 0 }
    } else {
      slots = [UInt32](repeating: 0, count: slotCount)
    }
    stepsLeft = 16 * count + 1024
  }

  @inline(__always)
  private static func take(
    _ run: Range<Int>, _ base: Int, _ table: borrowing TwoskipKeyTable, _ codes: borrowing LargeTable<UInt32>,
    _ groupTable: inout [Group], _ groupCount: inout Int, _ slotTable: inout [UInt32],
    _ dead: inout [(number: UInt32, group: UInt32)], _ stepsLeft: inout Int
  ) -> Bool {
    let mask = slotTable.count &- 1
    var slots = slotTable.mutableSpan
    var groups = groupTable.mutableSpan
    for place in stride(from: run.lowerBound, to: run.upperBound, by: 2) {
      if place &+ 32 < run.upperBound {
        codes.prefetch(base &+ Int(truncatingIfNeeded: table.rest(place &+ 32) & 0xFFFF_FFFF))
      }
      let hash = table.hash(place)
      let rest = table.rest(place)
      let number = base &+ Int(truncatingIfNeeded: rest & 0xFFFF_FFFF)
      let other = UInt32(truncatingIfNeeded: rest >> 32)
      let code = codes[number]
      var slot = Int(truncatingIfNeeded: hash >> 8) & mask
      var group = groupCount
      while slots[slot] != 0 {
        let index = Int(slots[slot]) &- 1
        if groups[index].hash == hash, groups[index].rest == other {
          group = index
          break
        }
        stepsLeft &-= 1
        guard stepsLeft >= 0 else { return false }
        slot = (slot &+ 1) & mask
      }
      if group == groupCount {
        slots[slot] = UInt32(truncatingIfNeeded: group &+ 1)
        groups[group] = Group(hash: hash, rest: other, code: code)
        groupCount &+= 1
      } else {
        // Whatever comes behind a live record of the same key had to take its place.
        guard groups[group].code == 0 else { return false }
        groups[group].code = code
      }
      if code == 0 { dead.append((UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: group))) }
    }
    return true
  }

  private mutating func giveCodes(_ codes: borrowing LargeTable<UInt32>, _ strangers: Range<Int>) -> Bool {
    for record in dead {
      let (number, group) = (Int(record.number), Int(record.group))
      if groups[group].code == 0 {
        guard strangerCount < strangers.count else { return false }
        let stranger = UInt32(truncatingIfNeeded: strangers.lowerBound + strangerCount)
        groups[group].code = TwoskipKeyCode.strangerBit | stranger
        strangerCount += 1
      }
      codes[number] = groups[group].code | TwoskipKeyCode.deadBit
    }
    return true
  }
}
