// A line of JSON in which nothing needs an escape but what stands between the pieces of names: nearly every line.
//
// It is written into room that was set aside, sixteen bytes at a time, each looked at while it is copied. Who meets
// anything else, or runs out of room, says so by `isPlain`; then what was written counts for nothing, and the line is
// written once more by the writer of JSON, which knows all cases.

import CCyrusShim
import CyrusDatabase
import Glibc

/// A line that is being written into room set aside for it.
///
/// A copy goes on in the same room. What takes some steps is done by functions of their own, which give the line back: of
/// three words, so in registers. Were it lent to them, each piece would wait for the place of the one before to come out of
/// memory: some forty a line.
// Safe: every place written to is checked against the room.
@safe struct PlainLine {
  /// The longest line: records have some hundred bytes.
  static let byteCountMax = 32 << 10
  /// The room for a line, and for some bytes behind it that are written and do not count.
  static let roomByteCount = byteCountMax + 16

  private let start: UnsafeMutableRawPointer
  /// How many bytes were written.
  private(set) var byteCount = 0
  /// Whether all that was to be written could be.
  private(set) var isPlain = true

  /// - Parameter start: ``roomByteCount`` bytes that are there as long as the line.
  @unsafe init(at start: UnsafeMutableRawPointer) { unsafe self.start = start }

  /// Gives up.
  mutating func fail() { isPlain = false }

  /// Where `count` bytes can be written; nil if there is no room for them.
  @inline(__always)
  private mutating func room(for count: Int) -> UnsafeMutableRawPointer? {
    guard count <= Self.byteCountMax - byteCount else {
      isPlain = false
      return nil
    }
    let place = unsafe start + byteCount
    byteCount += count
    return unsafe place
  }

  // In what follows bytes are loaded that were checked to be there; pointers lead to the room that was just asked for, and
  // to the bytes of a span while it is lent.

  /// Appends text of the program, which is known to be plain.
  @inline(__always)
  mutating func append(_ text: StaticString) {
    guard let place = unsafe room(for: text.utf8CodeUnitCount) else { return }
    unsafe memcpy(place, text.utf8Start, text.utf8CodeUnitCount)
  }

  /// Appends a word of the program, which is known to be plain.
  @inline(__always)
  mutating func append(word: String) { self = appending(word: word) }

  @inline(never)
  private func appending(word: String) -> PlainLine {
    var line = self
    var word = word
    word.withUTF8 { bytes in
      guard let source = bytes.baseAddress, let place = unsafe line.room(for: bytes.count) else { return }
      unsafe memcpy(place, source, bytes.count)
    }
    return line
  }

  /// Appends text of the program, which is known to be plain, and a number in decimal digits.
  @inline(__always)
  mutating func append(_ text: StaticString, _ number: UInt64) {
    append(text)
    append(decimal: number)
  }

  /// Appends a number in decimal digits.
  @inline(__always)
  mutating func append(decimal number: UInt64) { self = appending(decimal: number) }

  @inline(never)
  private func appending(decimal number: UInt64) -> PlainLine {
    var line = self
    if number >= 100_000_000 {
      let above = number / 100_000_000
      if above < 100 {
        // Times, mostly. Of one digit the zero in front is left out.
        let tens = above / 10
        let isTwo = tens > 0
        line.append(digits: (tens | (above - tens * 10) << 8 | 0x3030) >> (isTwo ? 0 : 8), isTwo ? 2 : 1)
      } else {
        line = line.appending(decimal: above)
      }
      line.append(digits: Self.eightDigits(of: number % 100_000_000), 8)
    } else {
      let digits = Self.eightDigits(of: number)
      // All but the last can be zeros in front.
      let zeroCount = min(7, (digits ^ 0x3030_3030_3030_3030).trailingZeroBitCount >> 3)
      line.append(digits: digits >> UInt64(8 * zeroCount), 8 - zeroCount)
    }
    return line
  }

  /// Appends the first `count` of eight digits, the first one lowest.
  @inline(__always)
  private mutating func append(digits: UInt64, _ count: Int) {
    guard let place = unsafe room(for: 8) else { return }
    unsafe place.storeBytes(of: digits.littleEndian, as: UInt64.self)
    byteCount -= 8 - count
  }

  /// The eight digits of a number below 10⁸, the first one lowest, with zeros in front.
  @inline(__always)
  private static func eightDigits(of number: UInt64) -> UInt64 {
    // Two numbers of four digits, then four of two, then eight of one, beside each other. The products stay in their
    // lanes, and dividing by multiplying is exact for so small numbers.
    let fours = number / 10_000 | (number % 10_000) << 32
    let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
    let twos = hundreds | (fours &- hundreds &* 100) << 16
    let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
    return (tens | (twos &- tens &* 10) << 8) | 0x3030_3030_3030_3030
  }

  /// Appends bytes that need no escape.
  @inline(__always)
  mutating func append(_ bytes: RawSpan) { self = appending(bytes) }

  @inline(never)
  private func appending(_ bytes: RawSpan) -> PlainLine {
    var line = self
    let count = bytes.byteCount
    guard let place = unsafe line.room(for: count) else { return line }
    if count < 16 {
      unsafe line.appendFew(bytes, at: place)
      return line
    }
    let last = count &- 16
    var special: UInt32 = 0
    var index = 0
    // The last sixteen once more, rather than fewer of them.
    while index < last {
      let sixteen = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: SIMD16<UInt8>.self)
      special |= ccs_bits_of_other_than_json(sixteen)
      unsafe place.storeBytes(of: sixteen, toByteOffset: index, as: SIMD16<UInt8>.self)
      index &+= 16
    }
    let sixteen = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: last, as: SIMD16<UInt8>.self)
    special |= ccs_bits_of_other_than_json(sixteen)
    unsafe place.storeBytes(of: sixteen, toByteOffset: last, as: SIMD16<UInt8>.self)
    if special != 0 { line.isPlain = false }
    return line
  }

  @inline(__always)
  private mutating func appendFew(_ bytes: RawSpan, at place: UnsafeMutableRawPointer) {
    let count = bytes.byteCount
    unsafe bytes.withUnsafeBytes { source in
      let words: SIMD2<UInt64>
      if count >= 8 {
        let first = unsafe source.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        let last = unsafe source.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        unsafe place.storeBytes(of: first, as: UInt64.self)
        unsafe place.storeBytes(of: last, toByteOffset: count - 8, as: UInt64.self)
        words = SIMD2(first, last)
      } else if count >= 4 {
        let first = unsafe source.loadUnaligned(fromByteOffset: 0, as: UInt32.self)
        let last = unsafe source.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
        unsafe place.storeBytes(of: first, as: UInt32.self)
        unsafe place.storeBytes(of: last, toByteOffset: count - 4, as: UInt32.self)
        words = SIMD2(repeating: UInt64(first) | UInt64(last) << 32)
      } else {
        // Letters in place of those that are not there.
        var word: UInt64 = 0x6161_6161_6161_6161
        for index in 0..<count {
          let byte = unsafe source[index]
          word = word << 8 | UInt64(byte)
          unsafe place.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
        words = SIMD2(repeating: word)
      }
      // Sixteen bytes are two words.
      if ccs_bits_of_other_than_json(unsafe unsafeBitCast(words, to: SIMD16<UInt8>.self)) != 0 { isPlain = false }
    }
  }

  /// Appends a name without its domain twice: as an internal name has it; and, behind some text, as a database name has
  /// it, in which what stands between the pieces is escaped.
  ///
  /// - Parameter writeBetween: Appends the text, and what stands in front of the second.
  @inline(__always)
  mutating func append(internalNameOf name: RawSpan, _ writeBetween: (inout PlainLine) -> Void) {
    guard 16...64 ~= name.byteCount else {
      append(internalNameOf: name)
      writeBetween(&self)
      return append(databaseName: name)
    }
    let count = name.byteCount
    let start = byteCount
    guard let place = unsafe room(for: count) else { return }
    var separators: UInt64 = 0
    var special: UInt32 = 0
    var index = 0
    while index < count {
      index = min(index, count &- 16)
      let sixteen = unsafe name.unsafeLoadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
      let found = ccs_bits_of(sixteen, 0x1F)
      separators |= UInt64(found) &<< UInt64(index)
      // A `^` would come back as a dot.
      special |= ccs_bits_of_other_than_json(sixteen) & ~found | ccs_bits_of(sixteen, UInt8(ascii: "^"))
      let internalName = ccs_replacing(
        ccs_replacing(sixteen, UInt8(ascii: "."), UInt8(ascii: "^")), 0x1F, UInt8(ascii: "."))
      unsafe place.storeBytes(of: internalName, toByteOffset: index, as: SIMD16<UInt8>.self)
      index &+= 16
    }
    if special != 0 { isPlain = false }
    writeBetween(&self)
    // The pieces are those that were just written, but for dots.
    var pieceStart = start
    while separators != 0 {
      let pieceEnd = start &+ separators.trailingZeroBitCount
      repeatPiece(pieceStart..<pieceEnd)
      append("\\u001f")
      pieceStart = pieceEnd &+ 1
      separators &= separators &- 1
    }
    repeatPiece(pieceStart..<start &+ count)
  }

  /// Appends a piece of an internal name in this line again, as the database name has it.
  ///
  /// - Precondition: They were written.
  @inline(__always)
  private mutating func repeatPiece(_ range: Range<Int>) {
    guard let place = unsafe room(for: range.count) else { return }
    var index = 0
    while index < range.count {
      // Sixteen at a time, though fewer may count: there is room for more behind what counts, and what lies there now,
      // whatever it is, is written over.
      let sixteen = unsafe start.loadUnaligned(fromByteOffset: range.lowerBound &+ index, as: SIMD16<UInt8>.self)
      let piece = ccs_replacing(sixteen, UInt8(ascii: "^"), UInt8(ascii: "."))
      unsafe place.storeBytes(of: piece, toByteOffset: index, as: SIMD16<UInt8>.self)
      index &+= 16
    }
  }

  /// Appends a database name: what stands between its pieces is escaped.
  mutating func append(databaseName name: RawSpan) {
    var index = 0
    while index < name.byteCount {
      let word = name.word(at: index)
      let count = min(word.countBeforeControl, name.byteCount - index)
      // A whole word, of which only so many bytes count.
      guard let place = unsafe room(for: 8) else { return }
      unsafe place.storeBytes(of: word.littleEndian, as: UInt64.self)
      byteCount -= 8 - count
      if word.hasSpecialBesidesControl { isPlain = false }
      index += count
      guard count < 8, index < name.byteCount else { continue }
      switch name.byte(at: index) {
      case 0x1F: append("\\u001f")
      case 0x1D: append("\\u001d")
      default: isPlain = false
      }
      index += 1
    }
  }

  /// Appends what stands behind the domain in a database name, as an internal name has it.
  mutating func append(internalNameOf name: RawSpan) {
    var index = 0
    while index < name.byteCount {
      let word = name.word(at: index)
      let count = min(8, name.byteCount - index)
      guard let place = unsafe room(for: 8) else { return }
      let internalWord = word.replacing(UInt8(ascii: "."), by: UInt8(ascii: "^")).replacing(0x1F, by: UInt8(ascii: "."))
      unsafe place.storeBytes(of: internalWord.littleEndian, as: UInt64.self)
      byteCount -= 8 - count
      // Letters in place of those that are not there.
      let padding: UInt64 = count == 8 ? 0 : 0x6161_6161_6161_6161 << UInt64(8 * count)
      if !(internalWord | padding).isPlainASCII { isPlain = false }
      index += 8
    }
  }
}

extension RawSpan {
  /// Eight bytes from `index` on, the first one lowest, with NUL for those behind the end.
  ///
  /// - Precondition: `index` is a place; checked in every build.
  @inline(__always)
  fileprivate func word(at index: Int) -> UInt64 {
    // Any eight bytes are a number, and every load is checked.
    if byteCount - index >= 8 {
      return UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }
    if byteCount >= 8 {
      let last = UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: byteCount - 8, as: UInt64.self))
      return last >> UInt64(8 * (index + 8 - byteCount))
    }
    var word: UInt64 = 0
    for place in (index..<byteCount).reversed() { word = word << 8 | UInt64(byte(at: place)) }
    return word
  }
}
