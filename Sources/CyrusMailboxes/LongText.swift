// A text that is looked at in pieces of eight bytes or more, wherever these begin.

import CyrusDatabase

/// A text of eight bytes or more, seen in place.
struct LongText: ~Escapable {
  let bytes: RawSpan
  /// The last place from which eight bytes can be loaded.
  private let lastPlace: UInt

  /// - Precondition: There are eight bytes or more; checked in every build.
  @_lifetime(copy bytes)
  @inline(always)
  init(_ bytes: RawSpan) {
    precondition(bytes.byteCount >= 8)
    self.bytes = bytes
    lastPlace = UInt(bitPattern: bytes.byteCount &- 8)
  }

  /// Eight bytes from `place` on, with NUL for those behind the end.
  ///
  /// - Parameter place: 0 or more, and not behind the end. What is given for others means nothing.
  @inline(always)
  func word(at place: Int) -> EightBytes {
    if UInt(bitPattern: place) <= lastPlace {
      // Just compared: place is not below 0, and seven bytes follow. Any bit pattern is a valid integer. With each of the
      // twenty loads that it takes to read a record checked once more, that takes a tenth longer.
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self)
      return EightBytes(UInt64(littleEndian: word))
    }
    let last = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: bytes.byteCount &- 8, as: UInt64.self)
    return EightBytes(UInt64(littleEndian: last)).dropping(first: place &- bytes.byteCount &+ 8)
  }

  /// Where the letters, digits and hyphens from `place` on end.
  @inline(always)
  func endOfIDBytes(from start: Int) -> Int {
    var place = start
    while hasSixteenIDBytes(at: place) { place &+= 16 }
    var count = word(at: place).countOfIDBytes
    while count == 8 {
      place &+= 8
      count = word(at: place).countOfIDBytes
    }
    return place &+ count
  }

  /// The high bits of those of sixteen bytes from `place` on that are neither letters, digits nor hyphens.
  ///
  /// - Parameter place: As for ``word(at:)``.
  @inline(always)
  func marksOfOtherThanIDBytes(at place: Int) -> SIMD2<UInt64> {
    let next = place &+ 8 <= bytes.byteCount ? word(at: place &+ 8) : EightBytes(0)
    return EightBytes.marksOfOtherThanIDBytes(word(at: place), next)
  }

  /// Whether there are sixteen more bytes from `place` on, all of them letters, digits or hyphens.
  @inline(always)
  private func hasSixteenIDBytes(at place: Int) -> Bool {
    guard lastPlace >= 8, UInt(bitPattern: place) <= lastPlace &- 8 else { return false }
    // Just compared, too.
    let words = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: SIMD2<UInt64>.self)
    let others = EightBytes.marksOfOtherThanIDBytes(words)
    return others[0] | others[1] == 0
  }
}
