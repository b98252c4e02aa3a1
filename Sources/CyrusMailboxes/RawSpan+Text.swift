// Looking for separators, digits and control bytes in text.

import CyrusDatabase

extension RawSpan {
  /// The first space from `start` on, or the end; and whether bytes below 0x20 come before it.
  ///
  /// Cost: eight bytes at a time.
  @inline(__always)
  func firstSpace(from start: Int) -> (place: Int, hasControlBytes: Bool) {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    var hasControlBytes = false
    var place = start
    while byteCount &- place >= 8 {
      let word = bigEndian(UInt64.self, at: place)
      // In the highest bit of each byte whether it is below 0x21. Nothing carries over.
      let small = ~((word & low) &+ 0x5F5F_5F5F_5F5F_5F5F | word) & ~low
      if small == 0 {
        place &+= 8
        continue
      }
      place &+= small.leadingZeroBitCount / 8
      if byte(at: place) == 0x20 { return (place, hasControlBytes) }
      hasControlBytes = true
      place &+= 1
    }
    while place < byteCount {
      let byte = byte(at: place)
      if byte <= 0x20 {
        if byte == 0x20 { break }
        hasControlBytes = true
      }
      place += 1
    }
    return (place, hasControlBytes)
  }

  /// The first `byte` within `range`, or its end.
  ///
  /// - Precondition: The range is one of places; checked in every build.
  /// - Complexity: O(length); eight bytes at a time.
  @inline(__always)
  func first(_ byte: UInt8, in range: Range<Int>) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    var place = range.lowerBound
    guard byteCount >= 8 else {
      while place < range.upperBound, self.byte(at: place) != byte { place += 1 }
      return place
    }
    let text = LongText(self)
    while place < range.upperBound {
      let count = text.word(at: place).count(before: byte)
      place &+= count
      if count < 8 { break }
    }
    return min(place, range.upperBound)
  }

  /// The last `byte` within `range`, or nil.
  func last(_ byte: UInt8, in range: Range<Int>) -> Int? {
    var place = range.upperBound
    while place > range.lowerBound {
      place -= 1
      if self.byte(at: place) == byte { return place }
    }
    return nil
  }

  /// Whether a byte below 0x20 is within `range`.
  func hasControlBytes(in range: Range<Int>) -> Bool {
    for place in range where byte(at: place) < 0x20 { return true }
    return false
  }

  /// Whether there is a byte that parts the pieces of prefixed keys, and stands in no name that a plain one is.
  var hasKeySeparators: Bool {
    for place in 0..<byteCount where 0x1D...0x1F ~= byte(at: place) { return true }
    return false
  }

  /// The value of the decimal digit at `place`, or nil.
  @inline(__always)
  func digit(at place: Int) -> Int? {
    let value = byte(at: place) &- UInt8(ascii: "0")
    return value < 10 ? Int(value) : nil
  }

  /// Whether all bytes within `range` are decimal digits; also if there are none.
  func isNumber(in range: Range<Int>) -> Bool {
    for place in range where digit(at: place) == nil { return false }
    return true
  }

  /// Whether the first bytes are those of `prefix`.
  func starts(with prefix: String) -> Bool {
    var place = 0
    for byte in prefix.utf8 {
      guard place < byteCount, self.byte(at: place) == byte else { return false }
      place += 1
    }
    return true
  }

  /// Whether the bytes within `range` could be a unique id of any release: letters, digits and hyphens, 8 to 64 of them.
  ///
  /// - Precondition: The range is one of places.
  func isUsualID(in range: Range<Int>) -> Bool {
    // As UUIDs have: a count that is known takes no loop.
    if range.count == 36 { return LongText(self).holdsIDBytes(from: range.lowerBound, count: 36) }
    guard 8...64 ~= range.count else { return false }
    if range.count >= 16 { return LongText(self).holdsIDBytes(from: range.lowerBound, count: range.count) }
    return LongText(self).endOfIDBytes(from: range.lowerBound) >= range.upperBound
  }
}
