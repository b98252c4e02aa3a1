// Whether the records of a mailbox differ in nothing but when they were written: seen by their bytes, without decoding.
//
//   %(T e I 0k3a… P default V 1700000001 C 5 F 9 M 1700001001 A %(joe lrs))
//                                                  ^^^^^^^^^^ may differ
//
// That is so for nearly all mailboxes of a pair. Only values that begin as Cyrus writes them, of a live mailbox without
// flags, are seen through; whatever is in doubt is left to the decoder.
//
// Surprise: of a field that is there twice the last counts, and it may stand behind what was looked at. As both values
// have it, it makes no difference between them; but what is told of the mailbox may then be wrong, and is only a hint.

import CyrusDatabase

/// What two values have in common that differ at most in the time of writing.
struct BenignDifference {
  /// Where the unique id is, in both values.
  let id: Range<Int>
  /// Where the partition is.
  let partition: Range<Int>

  /// nil if they differ in more, or if that cannot be told without decoding.
  init?(_ master: RawSpan, _ replica: RawSpan) {
    let count = master.byteCount
    guard count == replica.byteCount, count > 24,
      // `%(T ` and one letter, which is a kind's and no flag's.
      master.bigEndian(UInt32.self, at: 0) == 0x2528_5420, Self.isKind(master.byte(at: 4)),
      // ` I `
      master.bigEndian(UInt32.self, at: 4) & 0x00FF_FFFF == 0x20_4920,
      let id = Self.atom(master, from: 8), id.upperBound + 3 < count,
      // ` P `
      master.bigEndian(UInt32.self, at: id.upperBound - 1) & 0x00FF_FFFF == 0x20_5020,
      let partition = Self.atom(master, from: id.upperBound + 3)
    else { return nil }
    self.id = id
    self.partition = partition
    let first = Self.firstDifference(master, replica)
    if first == count { return }
    guard first > partition.upperBound, Self.isTime(master, replica, around: first, behind: partition.upperBound) else {
      return nil
    }
  }

  private static func isKind(_ letter: UInt8) -> Bool {
    // A bit for each letter from `a` on, for a, b, c, e, f, j, n, p and s.
    let kinds: UInt32 = 0b0100_1010_0010_0011_0111
    return letter &- UInt8(ascii: "a") < 26 && kinds >> UInt32(letter &- UInt8(ascii: "a")) & 1 != 0
  }

  /// Bytes up to a space that are letters, digits, or of a few kinds that need no care.
  private static func atom(_ bytes: RawSpan, from start: Int) -> Range<Int>? {
    var place = start
    // Eight at a time. An atom is followed by more than eight bytes, or the decoder may have it.
    while bytes.byteCount &- place >= 8 {
      let word = bytes.bigEndian(UInt64.self, at: place)
      let others = ~areAtomBytes(word) & 0x8080_8080_8080_8080
      guard others != 0 else {
        place &+= 8
        continue
      }
      place &+= others.leadingZeroBitCount >> 3
      guard bytes.byte(at: place) == UInt8(ascii: " "), place > start else { return nil }
      return place == start + 3 && bytes.bigEndian(UInt32.self, at: start) == 0x4E49_4C20 ? nil : start..<place
    }
    return nil
  }

  /// The upper bit of each byte tells whether that is a letter, a digit, `-`, `.` or `_`.
  private static func areAtomBytes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let low = word & (0x7F * ones)
    /// Whether a byte without its upper bit is in a range: no sum goes over into the next byte.
    func isIn(_ range: ClosedRange<UInt64>, _ bytes: UInt64) -> UInt64 {
      (bytes &+ (0x80 - range.lowerBound) &* ones) & ~(bytes &+ (0x7F - range.upperBound) &* ones)
    }
    let letters = isIn(0x61...0x7A, low | (0x20 * ones))
    return (letters | isIn(0x30...0x39, low) | isIn(0x2D...0x2E, low) | isIn(0x5F...0x5F, low)) & ~word
  }

  /// The first place at which two values of the same length differ; their length if they do not.
  private static func firstDifference(_ left: RawSpan, _ right: RawSpan) -> Int {
    let count = left.byteCount
    var place = 0
    while count &- place >= 8 {
      let difference = left.bigEndian(UInt64.self, at: place) ^ right.bigEndian(UInt64.self, at: place)
      if difference != 0 { return place &+ difference.leadingZeroBitCount >> 3 }
      place &+= 8
    }
    while place < count, left.byte(at: place) == right.byte(at: place) { place &+= 1 }
    return place
  }

  /// Whether a place is within the digits of the time of writing, and behind them nothing differs.
  private static func isTime(
    _ master: RawSpan, _ replica: RawSpan, around place: Int, behind start: Int
  ) -> Bool {
    var digits = place
    while digits > start, isDigit(master.byte(at: digits &- 1)) { digits &-= 1 }
    // ` M ` before the digits, and before that pairs of a letter and a number.
    guard digits &- 3 >= start, master.bigEndian(UInt32.self, at: digits &- 4) & 0x00FF_FFFF == 0x20_4D20,
      arePairs(master, start..<digits &- 3)
    else { return false }
    var end = place
    while end < master.byteCount, isDigit(master.byte(at: end)), isDigit(replica.byte(at: end)) { end &+= 1 }
    // A number of more digits may be beyond what is one.
    guard end &- digits <= 18, end < master.byteCount, master.byte(at: end) == replica.byte(at: end),
      master.byte(at: end) == UInt8(ascii: " ") || master.byte(at: end) == UInt8(ascii: ")")
    else { return false }
    let count = master.byteCount &- end
    return master.slice(at: end, count: count).holdsSameBytes(as: replica.slice(at: end, count: count))
  }

  /// Whether some bytes are pairs of one capital and a number, a space before each.
  private static func arePairs(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    var place = range.lowerBound
    while place < range.upperBound {
      guard range.upperBound &- place >= 4, bytes.byte(at: place) == UInt8(ascii: " "),
        bytes.byte(at: place &+ 1) &- UInt8(ascii: "A") < 26, bytes.byte(at: place &+ 2) == UInt8(ascii: " "),
        isDigit(bytes.byte(at: place &+ 3))
      else { return false }
      place &+= 4
      while place < range.upperBound, isDigit(bytes.byte(at: place)) { place &+= 1 }
    }
    return true
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
