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

  // MARK: - What comes first

  /// Whether they are these, the first one lowest.
  @inline(__always)
  func areEqual(to bytes: UInt64) -> Bool { word == bytes }

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

  /// How many bytes come before a space or NUL; 8 if none is there.
  var countBeforeSpaceOrNUL: Int {
    @inline(__always)
    get { Self.count(beforeMark: Self.zeros(in: word & ~(0x20 &* Self.ones))) }
  }

  /// How many bytes come before a space or a control byte; 8 if none is there.
  var countBeforeSpaceOrControl: Int {
    @inline(__always)
    get { Self.count(beforeMark: ~((word & ~Self.highBits) &+ 0x5F &* Self.ones | word) & Self.highBits) }
  }

  /// How many bytes come before a quote, a backslash or NUL; 8 if none is there.
  var countBeforeQuoteOrNUL: Int {
    @inline(__always)
    get {
      let quotes = Self.zeros(in: word ^ UInt64(UInt8(ascii: "\"")) &* Self.ones)
      let backslashes = Self.zeros(in: word ^ UInt64(UInt8(ascii: "\\")) &* Self.ones)
      return Self.count(beforeMark: quotes | backslashes | Self.zeros(in: word))
    }
  }

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

  /// How many bytes come before one that is not from 0x61 to 0x7F; 8 if all are.
  var countOfSmallLetters: Int {
    @inline(__always)
    get {
      let letters = (word ^ 0x60 &* Self.ones) &- Self.ones
      return Self.count(beforeMark: (letters &+ 0x61 &* Self.ones | letters) & Self.highBits)
    }
  }

  /// How many bytes come before one that is no digit; 8 if all are.
  var countOfDigits: Int {
    @inline(__always)
    get {
      let digits = word ^ 0x30 &* Self.ones
      return Self.count(beforeMark: (digits &+ 0x76 &* Self.ones | digits) & Self.highBits)
    }
  }

  // MARK: - What the first bytes are

  /// The number that the first `count` bytes are.
  ///
  /// - Parameter count: 1 to 8, and all of these are digits.
  @inline(__always)
  func number(ofDigits count: Int) -> UInt64 {
    // With zeros in front; then pairs, fours and all eight: each step adds to the right half so many times the left.
    var digits = (word ^ 0x30 &* Self.ones) &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    digits = digits &* 10 &+ digits >> 8
    let left = (digits & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let right = (digits >> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (left &+ right) >> 32
  }

  /// A bit for each of the first `count` bytes, which are from 0x61 to 0x7F: bit 1 for `a`.
  ///
  /// - Parameter count: 1 to 8.
  @inline(__always)
  func setOfSmallLetters(first count: Int) -> UInt32 {
    let letters = word &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    var set: UInt32 = 0
    for shift: UInt64 in stride(from: 0, to: 64, by: 8) { set |= 1 &<< UInt32(truncatingIfNeeded: letters >> shift) }
    // There is no letter for the zeros.
    return set & ~1
  }

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
