// Bits for the bytes of a text that are of some kind: 64 of them looked at together.
//
// Where the first, second and third of a kind are is read off the bits, so nothing waits for a byte that was found before,
// as it does for who goes from one to the next.

import CCyrusShim
import CyrusDatabase

extension LongText {
  /// A bit for each of 64 bytes, the first one lowest: whether it is of some kind. None for those behind the end.
  ///
  /// - Parameters:
  ///   - place: 0 or more, and not behind the end. What is given for others means nothing.
  ///   - kind: Gives such bits for sixteen bytes.
  /// - Precondition: There are sixteen bytes or more.
  @inline(always)
  func marks(at place: Int, _ kind: (SIMD16<UInt8>) -> UInt32) -> UInt64 {
    guard bytes.byteCount >= 64 else { return marksOfShort(at: place, kind) }
    return marksOfLong(at: place, kind)
  }

  /// The same of a text of 64 bytes or more.
  ///
  /// - Precondition: There are 64 bytes or more.
  @inline(always)
  func marksOfLong(at place: Int, _ kind: (SIMD16<UInt8>) -> UInt32) -> UInt64 {
    // Those of the last 64 bytes at most, whatever place it is.
    let start = min(UInt(bitPattern: place), UInt(bitPattern: bytes.byteCount &- 64))
    let first = UInt64(kind(sixteenBytes(at: start))) | UInt64(kind(sixteenBytes(at: start &+ 16))) << 16
    let second = UInt64(kind(sixteenBytes(at: start &+ 32))) | UInt64(kind(sixteenBytes(at: start &+ 48))) << 16
    return (first | second << 32) >> UInt64(UInt(bitPattern: place) &- start)
  }

  /// Gives all bytes of a text of 16 to 64 or to 128, sixteen at a time, some of them twice.
  ///
  /// - Parameters:
  ///   - max: 64 or 128.
  ///   - body: Takes the bytes, and the place of the first of them.
  /// - Precondition: There are 16 to `max` bytes; checked in every build.
  @inline(always)
  func forEachSixteen(max: Int, _ body: (SIMD16<UInt8>, Int) -> Void) {
    precondition(16...max ~= bytes.byteCount)
    let last = bytes.byteCount &- 16
    var place = 0
    while place < max {
      // Compared just before.
      body(sixteenBytes(at: UInt(bitPattern: min(place, last))), min(place, last))
      place &+= 16
    }
  }

  @inline(never)
  private func marksOfShort(at place: Int, _ kind: (SIMD16<UInt8>) -> UInt32) -> UInt64 {
    guard bytes.byteCount >= 16 else { return 0 }
    var marks: UInt64 = 0
    var start = UInt(bitPattern: place)
    for shift: UInt64 in stride(from: 0, to: 64, by: 16) {
      let last = min(start, UInt(bitPattern: bytes.byteCount &- 16))
      marks |= (UInt64(kind(sixteenBytes(at: last))) >> UInt64(start &- last)) << shift
      start &+= 16
    }
    return marks
  }

  /// - Precondition: Sixteen bytes follow.
  @inline(always)
  private func sixteenBytes(at place: UInt) -> SIMD16<UInt8> {
    // Compared by those who call this; once for four loads.
    unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: Int(bitPattern: place), as: SIMD16<UInt8>.self)
  }

  /// Whether so many bytes are there from `start` on, all of them letters, digits or hyphens.
  ///
  /// - Parameter count: 16 or more.
  @inline(always)
  func holdsIDBytes(from start: Int, count: Int) -> Bool {
    guard start >= 0, count >= 16, start &+ count <= bytes.byteCount else { return false }
    var others: UInt32 = 0
    var place = 0
    while place < count {
      // The last sixteen begin among those before.
      let next = min(place, count &- 16)
      others |= ccs_bits_of_other_than_id(sixteenBytes(at: UInt(bitPattern: start &+ next)))
      place &+= 16
    }
    return others == 0
  }

  /// The number that digits are; nil if there is anything else among them, or not 1 to 16 of them.
  ///
  /// - Parameter range: Of places; checked in every build.
  @inline(always)
  func number(in range: Range<Int>) -> UInt64? {
    let count = range.upperBound &- range.lowerBound
    guard 1...16 ~= count else { return nil }
    guard range.upperBound >= 16 else { return numberAtStart(range) }
    precondition(range.upperBound <= bytes.byteCount)
    let number = ccs_number(
      sixteenBytes(at: UInt(bitPattern: range.upperBound &- 16)), UInt32(truncatingIfNeeded: count))
    return number == .max ? nil : number
  }

  /// ``number(in:)`` of what has not sixteen bytes up to its end.
  @inline(never)
  private func numberAtStart(_ range: Range<Int>) -> UInt64? {
    var number: UInt64 = 0
    for place in range {
      guard let digit = bytes.digit(at: place) else { return nil }
      number = number * 10 + UInt64(digit)
    }
    return number
  }
}

extension UInt64 {
  /// Takes the lowest bit, where a field ends, and the next one, behind the key of the field that follows.
  ///
  /// - Returns: The place of the lowest one.
  @discardableResult
  @inlinable
  @inline(__always)
  package mutating func takeEnd() -> Int {
    let place = trailingZeroBitCount
    self &= self &- 1
    self &= self &- 1
    return place
  }
}
