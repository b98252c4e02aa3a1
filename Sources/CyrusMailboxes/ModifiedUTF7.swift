// Modified UTF-7, in which mailbox names are stored in every release.
//
// Printable ASCII stands for itself, but `&` is `&-`. All else is `&`, UTF-16BE in base64 with `,` for `/` and without
// padding, `-`. Each text has exactly one spelling: printable ASCII is never encoded, two shifts never meet, and bits
// left over are zero. Only that spelling is taken for well-formed.
//
// Names are compared and sorted as stored; decoding is for people.
//
// Facts: Docs/Formats/names.md, section 6; RFC 3501, section 5.1.3.

import CyrusDatabase

/// Modified UTF-7, the encoding of mailbox names.
public enum ModifiedUTF7 {
  /// The text that a component of a name stands for.
  ///
  /// - Returns: Nil if the bytes are not well-formed; show them escaped then. The text can hold control characters.
  /// - Complexity: O(size of the component).
  public static func decode(_ bytes: RawSpan) -> String? {
    var text = ""
    var scanner = ModifiedUTF7Scanner(bytes, in: 0..<bytes.byteCount)
    while let step = scanner.next() {
      guard case .scalar(let scalar) = step else { return nil }
      text.unicodeScalars.append(scalar)
    }
    return text
  }

  /// The text that a component of a name stands for; see ``decode(_:)-(RawSpan)``.
  public static func decode(_ bytes: [UInt8]) -> String? { decode(bytes.rawSpan) }

  /// The only spelling of a text. ``decode(_:)-(RawSpan)`` gives the text back, scalar by scalar.
  public static func encode(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var shift = Shift()
    for scalar in text.unicodeScalars {
      if isPrintableASCII(scalar.value) {
        shift.close(into: &bytes)
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        if scalar == "&" { bytes.append(UInt8(ascii: "-")) }
      } else {
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter { shift.append(unit, to: &bytes) }
      }
    }
    shift.close(into: &bytes)
    return bytes
  }

  static func isPrintableASCII(_ value: UInt32) -> Bool { 0x20..<0x7F ~= value }

  /// Code units on their way into base64.
  private struct Shift {
    private var isOpen = false
    private var bits: UInt32 = 0
    private var bitCount = 0

    mutating func append(_ unit: UInt16, to bytes: inout [UInt8]) {
      if !isOpen { bytes.append(UInt8(ascii: "&")) }
      isOpen = true
      bits = bits << 16 | UInt32(unit)
      bitCount += 16
      while bitCount >= 6 {
        bitCount -= 6
        bytes.append(digit(bits >> bitCount & 63))
      }
    }

    mutating func close(into bytes: inout [UInt8]) {
      guard isOpen else { return }
      if bitCount > 0 { bytes.append(digit(bits << (6 - bitCount) & 63)) }
      bytes.append(UInt8(ascii: "-"))
      self = Shift()
    }

    private func digit(_ value: UInt32) -> UInt8 {
      let value = UInt8(truncatingIfNeeded: value)
      switch value {
      case 0..<26: return UInt8(ascii: "A") + value
      case 26..<52: return UInt8(ascii: "a") + value - 26
      case 52..<62: return UInt8(ascii: "0") + value - 52
      case 62: return UInt8(ascii: "+")
      default: return UInt8(ascii: ",")
      }
    }
  }
}

/// Reads modified UTF-7 scalar by scalar, without allocation.
struct ModifiedUTF7Scanner: ~Escapable {
  enum Step: Equatable {
    case scalar(Unicode.Scalar)
    /// A byte outside a shift that is not printable ASCII; reading goes on behind it.
    case foreign(UInt8)
    /// A shift that is not well-formed, from its `&` to the byte that shows it; reading ends.
    case malformed(Range<Int>)
  }

  private let bytes: RawSpan
  private let end: Int
  private(set) var position: Int
  /// Where the shift that is being read started.
  private var shiftStart: Int?
  private var followsShift = false
  private var bits: UInt32 = 0
  private var bitCount = 0
  private var highSurrogate: UInt32?

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, in range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next step; nil at the end.
  mutating func next() -> Step? {
    while true {
      guard let start = shiftStart else {
        guard position < end else { return nil }
        let byte = bytes.byte(at: position)
        guard byte == UInt8(ascii: "&") else {
          position += 1
          followsShift = false
          return 0x20..<0x7F ~= byte ? .scalar(Unicode.Scalar(byte)) : .foreign(byte)
        }
        if position + 1 < end, bytes.byte(at: position + 1) == UInt8(ascii: "-") {
          position += 2
          followsShift = false
          return .scalar("&")
        }
        if followsShift { return fail(from: position) }
        shiftStart = position
        position += 1
        continue
      }
      guard position < end else { return fail(from: start) }
      let byte = bytes.byte(at: position)
      if byte == UInt8(ascii: "-") {
        // What is left over is less than a digit, and zero.
        guard bitCount < 6, bits & (1 << bitCount - 1) == 0, highSurrogate == nil else { return fail(from: start) }
        position += 1
        shiftStart = nil
        followsShift = true
        (bits, bitCount) = (0, 0)
        continue
      }
      guard let value = Self.value(of: byte) else { return fail(from: start) }
      position += 1
      bits = bits << 6 | value
      bitCount += 6
      guard bitCount >= 16 else { continue }
      bitCount -= 16
      switch take(bits >> bitCount & 0xFFFF) {
      case .needsMore: continue
      case .scalar(let scalar): return .scalar(scalar)
      case .none: return fail(from: start, through: position)
      }
    }
  }

  private enum Taken {
    case none
    case needsMore
    case scalar(Unicode.Scalar)
  }

  /// Takes a code unit of UTF-16.
  private mutating func take(_ unit: UInt32) -> Taken {
    if let high = highSurrogate {
      guard 0xDC00...0xDFFF ~= unit else { return .none }
      highSurrogate = nil
      return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00)).map { .scalar($0) } ?? .none
    }
    if 0xD800...0xDBFF ~= unit {
      highSurrogate = unit
      return .needsMore
    }
    guard !ModifiedUTF7.isPrintableASCII(unit) else { return .none }
    return Unicode.Scalar(unit).map { .scalar($0) } ?? .none
  }

  private mutating func fail(from start: Int, through place: Int? = nil) -> Step {
    let range = start..<min(place ?? position + 1, end)
    position = end
    shiftStart = nil
    return .malformed(range)
  }

  private static func value(of digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a") + 26)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0") + 52)
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: ","): 63
    default: nil
    }
  }
}
