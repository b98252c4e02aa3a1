// Where lists lead to while records are looked at in the order of keys, each list by itself.
//
// A list that was not met yet has a mark of its own, so that a look can begin anywhere: what it met first is compared with
// where the look before it ended. What surprises: the mark must be something that no file can have for a pointer, or a
// forged one would make a list begin anew. So whoever takes a pointer in makes sure that it is a multiple of 8.

/// By list: the first record that was met, and where the last one leads.
struct TwoskipLinks {
  /// What stands for a list of which no record was met. No pointer of a sound file is like it, so none that is no multiple
  /// of 8 may be taken in.
  static let unknown: UInt64 = 1

  var firsts = InlineArray<31, UInt64>(repeating: TwoskipLinks.unknown)
  var leads = InlineArray<31, UInt64>(repeating: TwoskipLinks.unknown)

  /// Goes on with the next record of a repacked file.
  ///
  /// - Parameters:
  ///   - offset: Where it starts; 48 bytes follow.
  ///   - level: 1 to 31; the record lies within the bytes.
  ///   - next: Where it leads on list 0.
  /// - Returns: Whether all lists that it is on led to it, and lead on to places where something can start.
  // Half of all records are on two lists at least: to ask for each list whether a record is on it would be to guess.
  @inline(__always)
  mutating func pass(at offset: Int, level: Int, next: UInt64, _ bytes: RawSpan) -> Bool {
    let place = UInt64(truncatingIfNeeded: offset)
    let (mask1, mask2, mask3) = (Self.mask(1, level), Self.mask(2, level), Self.mask(3, level))
    let next1 = bytes.uncheckedWord(at: offset &+ 24) & mask1
    let next2 = bytes.uncheckedWord(at: offset &+ 32) & mask2
    let next3 = bytes.uncheckedWord(at: offset &+ 40) & mask3
    var difference = leads[0] ^ place
    difference |= (leads[1] ^ place) & mask1
    difference |= (leads[2] ^ place) & mask2
    difference |= (leads[3] ^ place) & mask3
    var nexts = next | next1 | next2 | next3
    var list = 4
    while list < level {
      difference |= leads[list] ^ place
      nexts |= bytes.uncheckedWord(at: offset &+ 16 &+ 8 &* list)
      list &+= 1
    }
    guard nexts & 7 == 0, difference == 0 || meet(place, level) else { return false }
    leads[0] = next
    leads[1] = leads[1] & ~mask1 | next1
    leads[2] = leads[2] & ~mask2 | next2
    leads[3] = leads[3] & ~mask3 | next3
    list = 4
    while list < level {
      leads[list] = bytes.uncheckedWord(at: offset &+ 16 &+ 8 &* list)
      list &+= 1
    }
    return true
  }

  /// All bits if a record of a level is on a list.
  @inline(__always)
  private static func mask(_ list: Int, _ level: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: (list &- level) &>> 63)
  }

  /// Takes in that some lists are met for the first time.
  ///
  /// - Returns: Whether all others led to the place.
  @inline(never)
  private mutating func meet(_ place: UInt64, _ level: Int) -> Bool {
    for list in 0..<level where leads[list] != place {
      guard leads[list] == Self.unknown else { return false }
      firsts[list] = place
    }
    return true
  }

  /// Whether what comes behind goes on where this leads; then this leads where that does.
  mutating func join(_ next: TwoskipLinks) -> Bool {
    for list in 0..<Twoskip.levels where next.leads[list] != Self.unknown {
      if leads[list] == Self.unknown {
        firsts[list] = next.firsts[list]
      } else {
        guard leads[list] == next.firsts[list] else { return false }
      }
      leads[list] = next.leads[list]
    }
    return true
  }
}
