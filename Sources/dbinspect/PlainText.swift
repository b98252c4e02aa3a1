// Passing over bytes that need no care, eight at a time: nearly all bytes of nearly all records.

import Glibc

/// The first place from `index` on where eight bytes are not all plain, or fewer are left.
@inline(__always)
func skipPlain(_ bytes: RawSpan, from index: Int, _ isPlain: (UInt64) -> Bool) -> Int {
  var index = index
  // Any eight bytes are a number; that they are within the span is checked, here and by the load.
  while bytes.byteCount - index >= 8, isPlain(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
  {
    index += 8
  }
  return index
}

extension UInt64 {
  /// Whether all eight bytes are ASCII without NUL.
  @inline(__always)
  var isTextASCII: Bool { (self | Self.whereLess(self, than: 1)) & Self.highBits == 0 }

  /// Whether all eight bytes are printable ASCII without `"` and `\`: they stand for themselves everywhere.
  @inline(__always)
  var isPlainASCII: Bool {
    let special =
      Self.whereLess(self, than: 0x20) | Self.whereEqual(self, to: 0x7F) | Self.whereEqual(self, to: UInt8(ascii: "\""))
      | Self.whereEqual(self, to: UInt8(ascii: "\\"))
    return (self | special) & Self.highBits == 0
  }

  private static var highBits: UInt64 {
    @inline(__always)
    get { 0x8080_8080_8080_8080 }
  }
  private static var lowBits: UInt64 {
    @inline(__always)
    get { 0x0101_0101_0101_0101 }
  }

  // The well-known tricks with borrows: the high bit of a byte is set if it is less, or equal. A borrow can set that of
  // a byte above one that is less, so a result says only whether there is any.

  @inline(__always)
  private static func whereLess(_ word: UInt64, than bound: UInt8) -> UInt64 {
    (word &- lowBits &* UInt64(bound)) & ~word
  }

  @inline(__always)
  private static func whereEqual(_ word: UInt64, to byte: UInt8) -> UInt64 {
    whereLess(word ^ lowBits &* UInt64(byte), than: 1)
  }
}

// MARK: - Exact marks

extension UInt64 {
  /// How many of eight bytes, the first one lowest, come before one below 0x20; 8 if none is.
  @inline(__always)
  var countBeforeControl: Int {
    // Nothing is carried into the next byte.
    let controls = ~((self & ~Self.highBits) &+ 0x60 &* Self.lowBits | self) & Self.highBits
    return controls.trailingZeroBitCount >> 3
  }

  /// Whether one of the eight bytes is above 0x7E, `"` or `\`.
  @inline(__always)
  var hasSpecialBesidesControl: Bool {
    let special =
      self | Self.whereEqual(self, to: 0x7F) | Self.whereEqual(self, to: UInt8(ascii: "\""))
      | Self.whereEqual(self, to: UInt8(ascii: "\\"))
    return special & Self.highBits != 0
  }

  /// The same with another byte in place of each that is this one.
  @inline(__always)
  func replacing(_ byte: UInt8, by other: UInt8) -> UInt64 {
    let difference = self ^ UInt64(byte) &* Self.lowBits
    // Nothing is carried into the next byte, so that the marks are right for each.
    let equal = ~((difference & ~Self.highBits) &+ ~Self.highBits | difference) & Self.highBits
    return self ^ (equal >> 7) &* UInt64(byte ^ other)
  }
}

extension RawSpan {
  /// The first place where a byte is; nil if it is nowhere.
  func first(_ byte: UInt8) -> Int? {
    unsafe withUnsafeBytes { bytes in
      // What is found lies among the bytes.
      guard let start = bytes.baseAddress else { return nil }
      return unsafe memchr(start, Int32(byte), bytes.count).map { unsafe UnsafeRawPointer($0) - start }
    }
  }
}
