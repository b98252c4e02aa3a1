// Where RECORDs and DELETEs start in a sound file, and the number of each of them in file order.
//
// A bit for each eight bytes of the file, as in BitMap.swift. Three words of bits and one that counts lie together, so that
// the number of a RECORD anywhere in the file takes one line of memory:
//
//   0..<24   bits of 1536 bytes of the file
//   24..<32  how many bits are set before them, in the lower half; in bytes 4 and 5 of the upper one, counted from the
//            lowest, how many are in the first word, and in the first two
//
// A third of that memory is more than the bits alone would take, and two looks would be needed for bits and counts apart.

/// Where RECORDs and DELETEs start.
struct TwoskipPlaces: ~Copyable {
  private let words: LargeTable<UInt64>
  /// How many words of bits there are.
  let bitWordCount: Int

  /// A set of none, for a file of so many bytes; nil if there is no memory for it.
  init?(byteCount: Int) {
    bitWordCount = byteCount / 512 + 1
    guard let words = LargeTable<UInt64>(count: (bitWordCount + 2) / 3 * 4) else { return nil }
    self.words = words
  }

  /// The 64 bits from 512 · `index` bytes on, the lowest first.
  @inline(__always)
  subscript(bits index: Int) -> UInt64 {
    get { words[index &+ Self.third(index)] }
    nonmutating set { words[index &+ Self.third(index)] = newValue }
  }

  /// `index / 3` of a number below 2^32.
  @inline(__always)
  private static func third(_ index: Int) -> Int {
    Int(truncatingIfNeeded: (UInt64(truncatingIfNeeded: index) &* 0xAAAA_AAAB) &>> 33)
  }

  /// Whether a pointer, which may be anything, names a start.
  @inline(__always)
  func contains(_ pointer: UInt64) -> Bool {
    pointer & 7 == 0 && pointer >> 9 < UInt64(bitWordCount) && bit(pointer >> 3) & 1 != 0
  }

  /// In the lowest bit, whether a place in words of eight bytes, which lies within the file, is a start.
  @inline(__always)
  func bit(_ place: UInt64) -> UInt64 { self[bits: Int(truncatingIfNeeded: place >> 6)] &>> (place & 63) }

  /// The number of the RECORD or DELETE that a pointer, which may be anything, names; nil if there is none.
  ///
  /// `count(_:from:)` must have been called for all words.
  @inline(__always)
  func number(of pointer: UInt64) -> Int? {
    guard pointer & 7 == 0, pointer >> 9 < UInt64(bitWordCount) else { return nil }
    let index = Int(truncatingIfNeeded: pointer >> 9)
    let word = self[bits: index]
    let bit: UInt64 = 1 &<< (pointer >> 3 & 63)
    guard word & bit != 0 else { return nil }
    return number(before: index) &+ (word & (bit &- 1)).nonzeroBitCount
  }

  /// How many bits are set before a word of bits.
  @inline(__always)
  private func number(before index: Int) -> Int {
    let third = Self.third(index)
    let counts = words[4 &* third &+ 3]
    // Before the first of three words there are none of the same three.
    let own = counts &>> UInt64(truncatingIfNeeded: 24 &+ 8 &* (index &- 3 &* third)) & 0xFF
    return Int(truncatingIfNeeded: counts & 0xFFFF_FFFF) &+ (index == 3 &* third ? 0 : Int(truncatingIfNeeded: own))
  }

  /// Begins to bring near what `number(of:)` looks at.
  @inline(__always)
  func prefetch(_ pointer: UInt64) {
    let index = Int(truncatingIfNeeded: pointer >> 9)
    words.prefetch(index &+ Self.third(index & 0xFFFF_FFFF))
  }

  /// The group of three words that has a number.
  func group(of number: Int) -> Int {
    var low = 0
    var high = (bitWordCount + 2) / 3 - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if self.number(before: 3 * middle) <= number { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// Where the RECORD or DELETE of a number starts, which there must be.
  ///
  /// - Parameter group: Of it or of a smaller number; then that of this one.
  /// - Complexity: O(groups between them).
  func place(of number: Int, _ group: inout Int) -> Int {
    let groupCount = (bitWordCount + 2) / 3
    while group + 1 < groupCount, self.number(before: 3 * (group + 1)) <= number { group += 1 }
    var left = number - self.number(before: 3 * group)
    for index in 0..<3 {
      var bits = words[4 * group + index]
      if left < bits.nonzeroBitCount {
        for _ in 0..<left { bits &= bits - 1 }
        return (3 * group + index) << 9 | bits.trailingZeroBitCount << 3
      }
      left -= bits.nonzeroBitCount
    }
    return 0
  }

  /// Numbers the bits of some words. Two threads must not count the same three words: `groups` are of three.
  ///
  /// - Parameters:
  ///   - groups: Which words of bits, divided by 3.
  ///   - number: How many bits are set before them.
  func count(groups: Range<Int>, from number: Int) {
    var number = UInt64(number)
    for group in groups {
      let first = UInt64(words[4 &* group].nonzeroBitCount)
      let second = first &+ UInt64(words[4 &* group &+ 1].nonzeroBitCount)
      words[4 &* group &+ 3] = number | first &<< 32 | second &<< 40
      number &+= second &+ UInt64(words[4 &* group &+ 2].nonzeroBitCount)
    }
  }
}
