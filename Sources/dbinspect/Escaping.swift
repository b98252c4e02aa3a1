// Bytes as text that a person can read and a terminal does not obey, and back.
//
// What is printable UTF-8 stands for itself. Every other byte is written as `\t`, `\n`, `\r` or `\xHH`, always with two
// digits, and a backslash as `\\`. So no two byte strings look the same, and `unescaped` undoes it.

import ArgumentParser
import CyrusDatabase

extension Output {
  /// Appends bytes with C escapes for all that is not printable.
  mutating func appendEscaped(_ bytes: RawSpan) {
    let view = Span<UInt8>(_bytes: bytes)
    var index = 0
    var start = 0
    var next = 0
    while index < view.count {
      if index >= next {
        index = skipPlain(bytes, from: index, \.isPlainASCII)
        next = index + 8
        continue
      }
      let byte = view[index]
      if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") {
        index += 1
        continue
      }
      if byte >= 0x80, let character = scalar(view, at: index), character.value.isPrintable {
        index += character.byteCount
        continue
      }
      append(bytes.extracting(start..<index))
      escape(byte) { append(byte: $0) }
      index += 1
      start = index
    }
    append(bytes.extracting(start..<index))
  }
}

/// Gives the escape of a byte, byte by byte: without a string, for keys of Cyrus are full of separators that need one.
@inline(__always)
private func escape(_ byte: UInt8, _ append: (UInt8) -> Void) {
  append(UInt8(ascii: "\\"))
  switch byte {
  case 0x09: append(UInt8(ascii: "t"))
  case 0x0A: append(UInt8(ascii: "n"))
  case 0x0D: append(UInt8(ascii: "r"))
  case 0x5C: append(UInt8(ascii: "\\"))
  default:
    append(UInt8(ascii: "x"))
    append(hexadecimalDigit(byte >> 4))
    append(hexadecimalDigit(byte & 15))
  }
}

/// The digit of a number below 16.
@inline(__always)
func hexadecimalDigit(_ number: UInt8) -> UInt8 {
  number < 10 ? UInt8(ascii: "0") + number : UInt8(ascii: "a") + number - 10
}

extension String {
  fileprivate mutating func appendEscape(_ byte: UInt8) {
    escape(byte) { unicodeScalars.append(Unicode.Scalar($0)) }
  }
}

/// Bytes with C escapes for all that is not printable, for short text; `limit` bytes of them at most, then `…`.
func escaped(_ bytes: RawSpan, limit: Int = .max) -> String {
  let view = Span<UInt8>(_bytes: bytes)
  var text = ""
  var index = 0
  while index < view.count {
    guard index < limit else { return text + "…" }
    if let character = scalar(view, at: index), character.value.isPrintable, character.value != "\\" {
      text.unicodeScalars.append(character.value)
      index += character.byteCount
    } else {
      text.appendEscape(view[index])
      index += 1
    }
  }
  return text
}

/// How many characters `escaped` makes of bytes.
func escapedWidth(_ bytes: RawSpan) -> Int {
  let plain = skipPlain(bytes, from: 0, \.isPlainASCII)
  let view = Span<UInt8>(_bytes: bytes)
  for index in plain..<view.count where !(0x20..<0x7F ~= view[index]) || view[index] == UInt8(ascii: "\\") {
    return escaped(bytes).unicodeScalars.count
  }
  return bytes.byteCount
}

/// Text for a terminal: control characters and the like escaped, backslashes left as they are.
func printable(_ text: String) -> String {
  if text.unicodeScalars.allSatisfy(\.isPrintable) { return text }
  return text.unicodeScalars.reduce(into: "") { result, character in
    if character.isPrintable {
      result.unicodeScalars.append(character)
    } else {
      for byte in String(character).utf8 { result.appendEscape(byte) }
    }
  }
}

/// Undoes `escaped`, and the other escapes of C: `\a \b \e \f \v \' \" \?`, `\` and one to three octal digits, `\x` and
/// one or two hexadecimal ones.
///
/// - Throws: `ValidationError` with the escape that is none.
func unescaped(_ text: String) throws -> [UInt8] {
  let source = Array(text.utf8)
  var bytes: [UInt8] = []
  var index = 0
  while index < source.count {
    guard source[index] == UInt8(ascii: "\\") else {
      bytes.append(source[index])
      index += 1
      continue
    }
    let start = index
    index += 1
    guard index < source.count else { throw ValidationError("'\(text)' ends within an escape") }
    if let single = singleEscapes[source[index]] {
      bytes.append(single)
      index += 1
      continue
    }
    let isHexadecimal = source[index] == UInt8(ascii: "x")
    if isHexadecimal { index += 1 }
    let digits = source[index...].prefix(isHexadecimal ? 2 : 3).prefix { isDigit($0, isHexadecimal) }
    index += digits.count
    guard let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 8) else {
      let escape = String(decoding: source[start..<max(index, start + 2)], as: UTF8.self)
      throw ValidationError("'\(escape)' in '\(text)' is not an escape")
    }
    bytes.append(byte)
  }
  return bytes
}

private let singleEscapes: [UInt8: UInt8] = [
  UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9, UInt8(ascii: "n"): 10, UInt8(ascii: "v"): 11,
  UInt8(ascii: "f"): 12, UInt8(ascii: "r"): 13, UInt8(ascii: "e"): 27, UInt8(ascii: "\\"): UInt8(ascii: "\\"),
  UInt8(ascii: "'"): UInt8(ascii: "'"), UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "?"): UInt8(ascii: "?"),
]

private func isDigit(_ byte: UInt8, _ isHexadecimal: Bool) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "7"): true
  case UInt8(ascii: "8")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
    UInt8(ascii: "A")...UInt8(ascii: "F"):
    isHexadecimal
  default: false
  }
}

// MARK: - UTF-8

/// The scalar that starts at `index`, if its bytes are well-formed UTF-8.
func scalar(_ bytes: Span<UInt8>, at index: Int) -> (value: Unicode.Scalar, byteCount: Int)? {
  let first = bytes[index]
  if first < 0x80 { return (Unicode.Scalar(first), 1) }
  let byteCount: Int
  let smallest: UInt32
  switch first {
  case 0xC2...0xDF: (byteCount, smallest) = (2, 0x80)
  case 0xE0...0xEF: (byteCount, smallest) = (3, 0x800)
  case 0xF0...0xF4: (byteCount, smallest) = (4, 0x10000)
  default: return nil
  }
  guard byteCount <= bytes.count - index else { return nil }
  // A first byte of n bytes holds 7 − n bits of the scalar, each one behind it six.
  var value = UInt32(first) & (0x7F >> UInt32(byteCount))
  for place in index + 1..<index + byteCount {
    guard bytes[place] & 0xC0 == 0x80 else { return nil }
    value = value << 6 | UInt32(bytes[place] & 0x3F)
  }
  // The initializer refuses surrogates and what is beyond Unicode.
  guard value >= smallest, let scalar = Unicode.Scalar(value) else { return nil }
  return (scalar, byteCount)
}

extension Unicode.Scalar {
  /// Whether it can be shown as it is: not a control, nothing invisible, and nothing that turns the text around.
  var isPrintable: Bool {
    if value < 0x7F { return value >= 0x20 }
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
    default: return true
    }
  }
}
