// A template as its file has it, and the place of the file that is made from it.

/// A file of a folder of templates.
public struct TemplateSource: Sendable, Hashable {
  /// What the names of templates end in.
  public static let suffix = ".mustache"

  /// Its path within the folder.
  public let path: String
  /// What it holds.
  public let bytes: [UInt8]

  /// A file of the folder.
  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  /// The name by which others can have it within them; nil if a file is made from it. Such a template lies in the folder
  /// itself, and is called `_NAME.mustache`.
  var partialName: String? {
    guard path.hasPrefix("_"), !path.contains("/") else { return nil }
    return String(path.dropFirst().dropLast(Self.suffix.count))
  }

  /// - Throws: ``TemplateError`` if it is not UTF-8, or a brace is one character with what is beside it, so that the
  ///   engine would not see it.
  func text() throws(TemplateError) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    if !text.utf8.elementsEqual(bytes) {
      throw error(at: zip(text.utf8, bytes).prefix { $0 == $1 }.count, "is not UTF-8 from here on")
    }
    let joined = text.firstIndex {
      $0.unicodeScalars.count > 1 && $0.unicodeScalars.contains { $0 == "{" || $0 == "}" }
    }
    if let joined {
      throw error(at: text.utf8.distance(from: text.startIndex, to: joined), "a brace is joined with what is beside it")
    }
    return text
  }

  private func error(at place: Int, _ message: String) -> TemplateError {
    let lines = bytes[..<place].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return TemplateError(template: path, line: lines.count, column: (lines.last?.count ?? 0) + 1, message: message)
  }
}

/// The name of the files that are made from a template, with tags in it.
///
/// Tags are plain names of values. Each part between slashes is filled in by itself, so that a value cannot lead to
/// another folder.
struct FilePattern: Sendable, Hashable {
  /// A part between slashes: what stands between its tags, and what they name.
  struct Part: Sendable, Hashable {
    var texts = [""]
    var names: [[String]] = []
  }

  let template: String
  private(set) var parts: [Part] = []

  /// - Throws: ``TemplateError`` if there are other tags in it than plain names.
  init(_ source: TemplateSource) throws(TemplateError) {
    template = source.path
    for text in source.path.dropLast(TemplateSource.suffix.count).split(separator: "/") {
      let bytes = Array(text.utf8)
      var part = Part()
      var scanner = TagScanner(bytes, of: source.path, isFileName: true)
      var end = 0
      while let tag = try scanner.next() {
        guard tag.kind == .value, tag.name.transform == nil, !tag.name.path.isEmpty else {
          throw scanner.error(at: tag, "only plain names of values can stand in the name of a template")
        }
        part.texts[part.texts.count - 1] += String(decoding: bytes[end..<tag.bytes.lowerBound], as: UTF8.self)
        part.texts.append("")
        part.names.append(tag.name.path)
        end = tag.bytes.upperBound
      }
      part.texts[part.texts.count - 1] += String(decoding: bytes[end...], as: UTF8.self)
      parts.append(part)
    }
  }

  /// The path of a file.
  ///
  /// - Throws: ``TemplateError`` if a value is not there, or cannot be part of a name.
  func path(_ values: [String: TemplateValue]) throws(TemplateError) -> String {
    var filled: [String] = []
    for part in parts {
      var text = part.texts[0]
      for (name, next) in zip(part.names, part.texts.dropFirst()) {
        var value = TemplateValue.object(values)
        for step in name {
          guard case .object(let members) = value, let member = members[step] else {
            throw error("no value is called '\(name.joined(separator: "."))'")
          }
          value = member
        }
        guard case .text(let word) = value else {
          throw error("'\(name.joined(separator: "."))' is \(value.kind), no text")
        }
        text += word + next
      }
      guard !["", ".", ".."].contains(text), !text.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") }) else {
        throw error("a value in it makes the name '\(text)', which no file can have")
      }
      filled.append(text)
    }
    return filled.joined(separator: "/")
  }

  private func error(_ message: String) -> TemplateError {
    TemplateError(template: template, line: 0, column: 1, message: message)
  }
}

extension FilePattern.Part {
  /// Whether a name is one that it could have been filled in to.
  func matches(_ name: String) -> Bool {
    guard let first = texts.first, let last = texts.last else { return false }
    if texts.count == 1 { return name == first }
    guard name.utf8.count >= first.utf8.count + last.utf8.count, name.hasPrefix(first), name.hasSuffix(last) else {
      return false
    }
    // What is between comes in this order; taking each as early as it can be leaves most for the others.
    var rest = Array(name.utf8.dropFirst(first.utf8.count).dropLast(last.utf8.count))[...]
    for text in texts.dropFirst().dropLast() where !text.isEmpty {
      let bytes = Array(text.utf8)
      guard let start = rest.indices.first(where: { rest[$0...].starts(with: bytes) }) else { return false }
      rest = rest[(start + bytes.count)...]
    }
    return true
  }
}
