// Eight bytes of text at a time, in one register.
//
// The first byte is the lowest one, so how many bytes come before one of some sort is a count of trailing zeros. Sums can
// carry from one byte into the bytes behind it; so what is looked for is found right up to the first of it, and no further.

import CyrusDatabase

/// Eight bytes of a text.
struct EightBytes: BitwiseCopyable {
  private let word: UInt64

  /// - Parameter word: The first byte is the lowest one.
  @inline(__always)
  init(_ word: UInt64) { self.word = word }

  /// The same without the first `count` bytes, and with NUL behind the others.
  ///
  /// - Parameter count: 1 to 8.
  @inline(__always)
  func dropping(first count: Int) -> EightBytes {
    EightBytes((word &>> UInt64(truncatingIfNeeded: 8 &* count &- 8)) >> 8)
  }

  /// The byte at a place.
  @inline(__always)
  func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: 8 &* index)) }

  /// Three bytes, the first one lowest, behind so many.
  @inline(__always)
  func firstThree(afterDropping count: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: word &>> (8 &* count)) & 0xFFFFFF
  }

  // MARK: - What comes first

  /// Whether they are these, the first one lowest.
  @inline(__always)
  func areEqual(to bytes: UInt64) -> Bool { word == bytes }

  /// Whether the first of them are these, the first one lowest.
  ///
  /// - Parameter count: 1 to 8.
  @inline(__always)
  func holds(_ bytes: UInt64, first count: Int) -> Bool {
    (word ^ bytes) &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count) == 0
  }

  // MARK: - Marks of bytes

  /// The high bits of those below 0x20. None is carried into the next.
  var marksOfControlBytes: UInt64 {
    @inline(__always)
    get { ~((word & ~Self.highBits) &+ 0x60 &* Self.ones | word) & Self.highBits }
  }

  /// The high bits of those that are this one. None is carried into the next.
  @inline(__always)
  func marks(of byte: UInt8) -> UInt64 {
    let difference = word ^ UInt64(byte) &* Self.ones
    return ~((difference & ~Self.highBits) &+ ~Self.highBits | difference) & Self.highBits
  }

  /// How many bytes come before the first that is this one; 8 if none is.
  @inline(__always)
  func count(before byte: UInt8) -> Int { Self.count(beforeMark: Self.zeros(in: word ^ UInt64(byte) &* Self.ones)) }

  /// How many bytes come before one that is neither a letter, a digit nor a hyphen; 8 if all are.
  var countOfIDBytes: Int {
    @inline(__always)
    get {
      let words = Self.marksOfOtherThanIDBytes(SIMD2(word, 0))
      return Self.count(beforeMark: words[0])
    }
  }

  @inline(__always)
  static func marksOfOtherThanIDBytes(_ first: EightBytes, _ second: EightBytes) -> SIMD2<UInt64> {
    marksOfOtherThanIDBytes(SIMD2(first.word, second.word))
  }

  /// The high bits of those of sixteen bytes that are neither letters, digits nor hyphens.
  @inline(__always)
  static func marksOfOtherThanIDBytes(_ words: SIMD2<UInt64>) -> SIMD2<UInt64> {
    // Without those above 0x7F, which count as others at the end, nothing carries.
    let low = words & ~highBits
    let digits = (low &+ 0x50 &* ones) & ~(low &+ 0x46 &* ones)
    let folded = low | 0x20 &* ones
    let letters = (folded &+ 0x1F &* ones) & ~(folded &+ 0x05 &* ones)
    let hyphens = ~((low ^ 0x2D &* ones) &+ 0x7F &* ones)
    return (~(digits | letters | hyphens) | words) & highBits
  }

  // MARK: - What the first bytes are

  /// A number that the first `count` bytes choose.
  ///
  /// - Parameter count: 1 to 8.
  @inline(__always)
  func hash(first count: Int) -> UInt64 {
    (word &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)) &* 0x9E37_79B9_7F4A_7C15
  }

  // MARK: - Marks

  private static var ones: UInt64 {
    @inline(__always)
    get { 0x0101_0101_0101_0101 }
  }

  private static var highBits: UInt64 {
    @inline(__always)
    get { 0x8080_8080_8080_8080 }
  }

  /// The high bits of bytes that are zero; right up to the first of them.
  @inline(__always)
  private static func zeros(in word: UInt64) -> UInt64 { (word &- ones) & ~word & highBits }

  /// How many bytes come before the first whose high bit is marked.
  @inline(__always)
  private static func count(beforeMark marks: UInt64) -> Int { marks.trailingZeroBitCount >> 3 }
}
