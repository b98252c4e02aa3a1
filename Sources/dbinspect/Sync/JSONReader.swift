// Reads small files of JSON: objects, arrays, strings and whole numbers.
//
// There is Foundation for that, which would make the program four times as large and longer to start.

/// What is wrong with a file of JSON.
struct JSONError: Error, Hashable {
  /// Where, in bytes from its start.
  let offset: Int
  /// What is expected there.
  let expected: String
}

/// Reads JSON from bytes, value after value, as the caller asks.
///
///     var reader = JSONReader(bytes)
///     try reader.object { reader, name in
///       if name == "count" { count = try reader.integer(UInt32.self) } else { try reader.skip() }
///     }
///     try reader.end()
struct JSONReader {
  private let bytes: [UInt8]
  private var place = 0
  private var depth = 0

  /// How deep values may be within others.
  static let depthMax = 64

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Nothing but blanks follows.
  mutating func end() throws(JSONError) {
    skipBlanks()
    if place < bytes.count { throw fail("the end") }
  }

  /// Reads an object; `member` reads or skips the value of each member.
  mutating func object(_ member: (inout JSONReader, String) throws(JSONError) -> Void) throws(JSONError) {
    try list(from: "{", to: "}") { reader throws(JSONError) in
      let name = try reader.string()
      try reader.take(":")
      try member(&reader, name)
    }
  }

  /// Reads a string.
  mutating func string() throws(JSONError) -> String {
    skipBlanks()
    try take("\"")
    var text: [UInt8] = []
    while place < bytes.count {
      let byte = bytes[place]
      if byte < 0x20 { break }
      place += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw fail("UTF-8") }
        return string
      case UInt8(ascii: "\\"): try text.append(contentsOf: String(escape()).utf8)
      default: text.append(byte)
      }
    }
    throw fail("the end of a string")
  }

  /// Reads a whole number.
  mutating func integer<Number: FixedWidthInteger>(_: Number.Type) throws(JSONError) -> Number {
    skipBlanks()
    let start = place
    while place < bytes.count, bytes[place] == UInt8(ascii: "-") || (0x30...0x39).contains(bytes[place]) { place += 1 }
    guard let number = Number(String(decoding: bytes[start..<place], as: UTF8.self)) else {
      place = start
      throw fail("a whole number of \(Number.bitWidth) bits")
    }
    return number
  }

  /// Passes over a value of any kind.
  mutating func skip() throws(JSONError) {
    skipBlanks()
    switch place < bytes.count ? bytes[place] : 0 {
    case UInt8(ascii: "{"): try object { reader, _ throws(JSONError) in try reader.skip() }
    case UInt8(ascii: "["): try list(from: "[", to: "]") { reader throws(JSONError) in try reader.skip() }
    case UInt8(ascii: "\""): _ = try string()
    default:
      let start = place
      while place < bytes.count, Self.isOfWord(bytes[place]) { place += 1 }
      if place == start { throw fail("a value") }
    }
  }

  // MARK: - Parts

  private mutating func list(
    from opening: Unicode.Scalar, to closing: Unicode.Scalar,
    _ element: (inout JSONReader) throws(JSONError) -> Void
  ) throws(JSONError) {
    guard depth < Self.depthMax else { throw fail("values that are less deep") }
    depth += 1
    try take(opening)
    if !takeIfThere(closing) {
      repeat { try element(&self) } while takeIfThere(",")
      try take(closing)
    }
    depth -= 1
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard place < bytes.count else { throw fail("an escape") }
    place += 1
    switch bytes[place - 1] {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"):
      let unit = try codeUnit()
      guard unit & 0xFC00 == 0xD800 else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
      // The first half of a pair.
      guard takeIfThere("\\"), takeIfThere("u") else { return "\u{FFFD}" }
      let second = try codeUnit()
      return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + second & 0x3FF) ?? "\u{FFFD}"
    case let byte where "\"\\/".utf8.contains(byte): return Unicode.Scalar(byte)
    default: throw fail("an escape")
    }
  }

  private mutating func codeUnit() throws(JSONError) -> UInt32 {
    let digits = bytes[place...].prefix(4)
    guard digits.count == 4, let text = String(validating: digits, as: UTF8.self), !text.hasPrefix("+"),
      !text.hasPrefix("-"), let unit = UInt32(text, radix: 16)
    else { throw fail("four hexadecimal digits") }
    place += 4
    return unit
  }

  private mutating func take(_ character: Unicode.Scalar) throws(JSONError) {
    if !takeIfThere(character) { throw fail("'\(character)'") }
  }

  private mutating func takeIfThere(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func skipBlanks() {
    while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
      UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  private func fail(_ expected: String) -> JSONError { JSONError(offset: place, expected: expected) }
}
