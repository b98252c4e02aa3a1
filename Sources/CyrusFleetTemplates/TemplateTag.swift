// The tags of a template, one after the other.
//
//     {{name}}  {{{name}}}  {{&name}}       a value
//     {{#name}} … {{/name}}                 a section: repeated for each element of a list, there if a flag is set
//     {{^name}} … {{/name}}                 there if a list is empty or a flag is not set
//     {{>name}}                             the partial _name.mustache
//     {{! … }}                              nothing
//
// A name is `.`, or names with points between; a transform can be around it, as in `{{uppercased(host)}}`.
//
// What surprises: mustache prints nothing for a name that it does not know, which is how a configuration loses its
// password. So tags are read here, too, and checked before the engine gets to see them; what is not in the list above
// (other delimiters, inheritance, pragmas) is refused.

/// A tag.
struct TemplateTag: Equatable {
  enum Kind {
    case value, section, inverted, end, partial
  }

  let kind: Kind
  let name: TemplateName
  /// The bytes from the first brace to behind the last.
  let bytes: Range<Int>
  let line: Int
  /// At which byte of the line it begins, counted from 1.
  let column: Int
}

/// What a tag names.
struct TemplateName: Equatable {
  /// As it is written.
  let text: String
  /// What is done to the value; nil if nothing is.
  let transform: String?
  /// The names between points; none for `.` and for `first()` and the like.
  let path: [String]

  /// Whether it is the element of a list itself.
  var isElement: Bool { path.isEmpty && text.hasSuffix(".") || text.hasSuffix("(.)") }

  /// Reads a name; nil if the text is none.
  init?(_ text: String) {
    var name = text[...]
    var transform: String?
    if let open = text.firstIndex(of: "(") {
      guard text.last == ")", TemplateValue.isName(String(text[..<open])) else { return nil }
      transform = String(text[..<open])
      name = text[text.index(after: open)...].dropLast()
    }
    let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isBare = name == "." || name.isEmpty && transform != nil
    guard isBare || path.allSatisfy(TemplateValue.isName) else { return nil }
    self.text = text
    self.transform = transform
    self.path = isBare ? [] : path
  }
}

/// Reads the tags of a template.
struct TagScanner {
  private let bytes: [UInt8]
  private let template: String
  /// Whether it is a name of a file that is read.
  private let isFileName: Bool
  private var place = 0
  private var line = 1
  private var lineStart = 0

  init(_ bytes: [UInt8], of template: String, isFileName: Bool = false) {
    self.bytes = bytes
    self.template = template
    self.isFileName = isFileName
  }

  /// An error about a tag, or about what is at a place.
  func error(at tag: TemplateTag, _ message: String) -> TemplateError {
    TemplateError(template: template, line: tag.line, column: tag.column, message: message)
  }

  private func error(_ message: String, from start: Int) -> TemplateError {
    TemplateError(
      template: template, line: isFileName ? 0 : line, column: start - lineStart + 1, message: message)
  }

  private func byte(at place: Int) -> UInt8? { place < bytes.count ? bytes[place] : nil }

  /// The next tag; nil if there is none.
  mutating func next() throws(TemplateError) -> TemplateTag? {
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "\n") { passLineFeed() }
      if bytes[place] == UInt8(ascii: "{") {
        if byte(at: place + 1) == UInt8(ascii: "{") {
          if byte(at: place + 2) == UInt8(ascii: "!") { try passComment() } else { return try readTag() }
          continue
        }
        // The engine takes it for half a tag.
        if place + 1 == bytes.count {
          throw error("a { ends the template: expected a line feed behind it", from: place)
        }
      }
      place += 1
    }
    return nil
  }

  private mutating func passLineFeed() {
    line += 1
    lineStart = place + 1
  }

  private mutating func passComment() throws(TemplateError) {
    let start = (place: place, line: line, lineStart: lineStart)
    place += 3
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "}"), byte(at: place + 1) == UInt8(ascii: "}") {
        place += 2
        return
      }
      if bytes[place] == UInt8(ascii: "\n") { passLineFeed() }
      place += 1
    }
    (line, lineStart) = (start.line, start.lineStart)
    throw error("a comment has no end: expected }}", from: start.place)
  }

  private mutating func readTag() throws(TemplateError) -> TemplateTag {
    let start = place
    var kind = TemplateTag.Kind.value
    var end = "}}"
    place += 3
    switch byte(at: start + 2) {
    case UInt8(ascii: "#"): kind = .section
    case UInt8(ascii: "^"): kind = .inverted
    case UInt8(ascii: "/"): kind = .end
    case UInt8(ascii: ">"): kind = .partial
    case UInt8(ascii: "&"): break
    case UInt8(ascii: "{"): end = "}}}"
    case UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: "$"), UInt8(ascii: "%"):
      let sign = Character(Unicode.Scalar(bytes[start + 2]))
      throw error("tags with \(sign) are not read here: expected a name, or one of # ^ / > & { !", from: start)
    default: place = start + 2
    }
    skipBlanks()
    let nameStart = place
    while let byte = byte(at: place), Self.isOfName(byte) { place += 1 }
    let text = String(decoding: bytes[nameStart..<place], as: UTF8.self)
    skipBlanks()
    guard let name = TemplateName(text) else {
      throw error(text.isEmpty ? "expected a name in this tag" : "'\(text)' is no name", from: start)
    }
    guard bytes[place...].starts(with: end.utf8) else { throw error("expected \(end) behind '\(text)'", from: start) }
    place += end.utf8.count
    return TemplateTag(
      kind: kind, name: name, bytes: start..<place, line: isFileName ? 0 : line, column: start - lineStart + 1)
  }

  private mutating func skipBlanks() {
    while byte(at: place) == UInt8(ascii: " ") || byte(at: place) == UInt8(ascii: "\t") { place += 1 }
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    0x61...0x7A ~= byte | 0x20 || 0x30...0x39 ~= byte || ".-_()".utf8.contains(byte)
  }
}
