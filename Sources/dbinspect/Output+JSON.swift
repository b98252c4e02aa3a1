// JSON, written as it comes: nothing is collected, members keep their order.
//
// Bytes are given as a string if they are UTF-8 without NUL, and else as Base64 under the name with `Base64` behind it:
// exactly one form of each is present, and none is lossy. What a terminal would obey is written as `\u` escapes.

import CyrusDatabase

/// How an object or array is laid out.
enum JSONLayout {
  /// A member to a line.
  case indented
  /// All on one line, with what is within it.
  case inline
}

/// Where the writer stands.
struct JSONPlace {
  /// How many objects and arrays are open.
  fileprivate var depth = 0
  /// How many of them, from the outermost on, are indented: what is within an inline one is inline.
  fileprivate var indentedDepth = 0
  /// Whether nothing was written yet into the innermost.
  fileprivate var isFirst = true
  /// Whether a member's name was written, and its value comes next.
  fileprivate var hasName = false
  /// Whether the innermost, if there is one, has a member to a line.
  fileprivate var isIndented: Bool { indentedDepth == depth }
}

// MARK: - Objects and arrays

extension Output {
  /// Writes a document: an object, its schema as the first member, and a line feed.
  mutating func document(
    _ schema: String, _ layout: JSONLayout = .indented, _ body: (inout Output) throws -> Void
  ) rethrows {
    try object(layout) { output in
      output.member("schema", schema)
      try body(&output)
    }
    line()
  }

  /// Writes an object as a value.
  mutating func object(_ layout: JSONLayout = .indented, _ body: (inout Output) throws -> Void) rethrows {
    try container(UInt8(ascii: "{"), UInt8(ascii: "}"), layout, body)
  }

  /// Writes a member that is an object.
  mutating func object(
    _ name: String, _ layout: JSONLayout = .indented, _ body: (inout Output) throws -> Void
  ) rethrows {
    memberName(name)
    try object(layout, body)
  }

  /// Writes a member that is an array; `body` writes its elements.
  mutating func array(
    _ name: String, _ layout: JSONLayout = .indented, _ body: (inout Output) throws -> Void
  ) rethrows {
    memberName(name)
    try container(UInt8(ascii: "["), UInt8(ascii: "]"), layout, body)
  }

  private mutating func container(
    _ opening: UInt8, _ closing: UInt8, _ layout: JSONLayout, _ body: (inout Output) throws -> Void
  ) rethrows {
    startValue()
    append(byte: opening)
    if layout == .indented, json.isIndented { json.indentedDepth += 1 }
    json.depth += 1
    json.isFirst = true
    try body(&self)
    let isIndented = json.isIndented
    json.depth -= 1
    json.indentedDepth = min(json.indentedDepth, json.depth)
    if isIndented, !json.isFirst { indent() }
    json.isFirst = false
    append(byte: closing)
  }
}

// MARK: - Members and elements

extension Output {
  /// Writes a member that is a string, or null.
  mutating func member(_ name: String, _ text: String?) {
    memberName(name)
    element(text)
  }

  /// Writes a member that is a number, or null.
  mutating func member(_ name: String, _ number: (some BinaryInteger)?) {
    memberName(name)
    element(number)
  }

  /// Writes a member that is true or false.
  mutating func member(_ name: String, _ flag: Bool) {
    memberName(name)
    startValue()
    append(flag ? "true" : "false")
  }

  /// Writes a member that is bytes: `name` with a string, or `nameBase64`.
  mutating func member(_ name: String, bytes: RawSpan) {
    if isPlain(bytes) {
      memberName(name)
      startValue()
      append(byte: UInt8(ascii: "\""))
      append(bytes)
      append(byte: UInt8(ascii: "\""))
    } else if isText(bytes) {
      memberName(name)
      startValue()
      appendJSONString(bytes)
    } else {
      memberName(name + "Base64")
      startValue()
      append(byte: UInt8(ascii: "\""))
      appendBase64(bytes)
      append(byte: UInt8(ascii: "\""))
    }
  }

  /// Writes a member that is bytes as ``member(_:bytes:)`` does, or null.
  mutating func member(_ name: String, bytesOrNull bytes: [UInt8]?) {
    guard let bytes else { return member(name, nil as String?) }
    member(name, bytes: bytes.rawSpan)
  }

  /// Writes a string, or null, as a value.
  mutating func element(_ text: String?) {
    startValue()
    guard let text else { return append("null") }
    let isPlain = text.utf8.allSatisfy { 0x20..<0x7F ~= $0 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    guard isPlain else {
      let bytes = Array(text.utf8)
      return appendJSONString(bytes.rawSpan)
    }
    append(byte: UInt8(ascii: "\""))
    append(text)
    append(byte: UInt8(ascii: "\""))
  }

  /// Writes a number, or null, as a value.
  mutating func element(_ number: (some BinaryInteger)?) {
    startValue()
    guard let number else { return append("null") }
    if let plain = UInt64(exactly: number) { append(decimal: plain) } else { append(String(number)) }
  }

  /// Writes true or false as a value.
  mutating func element(_ flag: Bool) {
    startValue()
    append(flag ? "true" : "false")
  }

  /// Writes bytes as a value: a string, or an object `{"textBase64": …}`.
  mutating func element(bytes: RawSpan) {
    guard isText(bytes) else { return object(.inline) { $0.member("text", bytes: bytes) } }
    startValue()
    appendJSONString(bytes)
  }

  /// Writes a value that is an array; `body` writes its elements.
  mutating func array(_ body: (inout Output) throws -> Void) rethrows {
    try container(UInt8(ascii: "["), UInt8(ascii: "]"), .inline, body)
  }

  private mutating func memberName(_ name: String) {
    startValue()
    append(byte: UInt8(ascii: "\""))
    append(name)
    append(byte: UInt8(ascii: "\""))
    append(byte: UInt8(ascii: ":"))
    if json.isIndented { append(byte: UInt8(ascii: " ")) }
    json.hasName = true
  }

  /// What stands between the value before and the next one.
  private mutating func startValue() {
    if json.hasName {
      json.hasName = false
      return
    }
    guard json.depth > 0 else { return }
    if !json.isFirst { append(byte: UInt8(ascii: ",")) }
    if json.isIndented { indent() } else if !json.isFirst { append(byte: UInt8(ascii: " ")) }
    json.isFirst = false
  }

  private mutating func indent() {
    line()
    for _ in 0..<json.depth { append("  ") }
  }
}

// MARK: - Strings and Base64

/// Whether bytes are printable ASCII without `"` and `\`, which need no escape.
private func isPlain(_ bytes: RawSpan) -> Bool {
  let start = skipPlain(bytes, from: 0, \.isPlainASCII)
  let view = Span<UInt8>(_bytes: bytes)
  for index in start..<view.count {
    guard 0x20..<0x7F ~= view[index], view[index] != UInt8(ascii: "\""), view[index] != UInt8(ascii: "\\") else {
      return false
    }
  }
  return true
}

/// Whether bytes are UTF-8 without NUL, and so can be a JSON string that everybody reads.
func isText(_ bytes: RawSpan) -> Bool {
  let view = Span<UInt8>(_bytes: bytes)
  var index = skipPlain(bytes, from: 0, \.isTextASCII)
  while index < view.count {
    let byte = view[index]
    if byte > 0, byte < 0x80 {
      index += 1
    } else if byte > 0, let byteCount = scalar(view, at: index)?.byteCount {
      index += byteCount
    } else {
      return false
    }
  }
  return true
}

extension Output {
  /// Appends bytes as a JSON string with its quotes.
  ///
  /// - Precondition: they are UTF-8.
  mutating func appendJSONString(_ bytes: RawSpan) {
    append(byte: UInt8(ascii: "\""))
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
      if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        index += 1
        continue
      }
      let character = scalar(view, at: index) ?? ("\u{FFFD}", 1)
      if byte >= 0x80, character.value.isPrintable {
        index += character.byteCount
        continue
      }
      append(bytes.extracting(start..<index))
      appendJSONEscape(character.value)
      index += character.byteCount
      start = index
    }
    append(bytes.extracting(start..<index))
    append(byte: UInt8(ascii: "\""))
  }

  private mutating func appendJSONEscape(_ character: Unicode.Scalar) {
    append(byte: UInt8(ascii: "\\"))
    switch character {
    case "\"", "\\": append(byte: UInt8(truncatingIfNeeded: character.value))
    case "\n": append(byte: UInt8(ascii: "n"))
    case "\r": append(byte: UInt8(ascii: "r"))
    case "\t": append(byte: UInt8(ascii: "t"))
    default:
      let value = character.value
      if value < 0x10000 { return appendJSONUnit(UInt16(value)) }
      // A surrogate pair.
      appendJSONUnit(UInt16(0xD800 + (value - 0x10000) >> 10))
      append(byte: UInt8(ascii: "\\"))
      appendJSONUnit(UInt16(0xDC00 + (value - 0x10000) & 0x3FF))
    }
  }

  private mutating func appendJSONUnit(_ unit: UInt16) {
    append(byte: UInt8(ascii: "u"))
    append(byte: hexadecimalDigit(UInt8(unit >> 12)))
    append(byte: hexadecimalDigit(UInt8(unit >> 8 & 15)))
    append(byte: hexadecimalDigit(UInt8(unit >> 4 & 15)))
    append(byte: hexadecimalDigit(UInt8(unit & 15)))
  }

  /// Appends bytes in Base64 (RFC 4648, with padding).
  mutating func appendBase64(_ bytes: RawSpan) {
    let view = Span<UInt8>(_bytes: bytes)
    var index = 0
    while index < view.count {
      let count = min(3, view.count - index)
      var group: UInt32 = 0
      for place in 0..<3 { group = group << 8 | (place < count ? UInt32(view[index + place]) : 0) }
      for place in 0..<4 {
        let digit = Int(group >> UInt32(18 - 6 * place)) & 63
        append(byte: place <= count ? base64Digits[digit] : UInt8(ascii: "="))
      }
      index += count
    }
  }
}

private let base64Digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
