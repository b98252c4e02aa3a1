// What a tag of a template can stand for.

/// A value that templates can ask for.
public enum TemplateValue: Sendable, Hashable {
  /// What is printed as it is; numbers are text, too.
  case text(String)
  /// Whether sections of that name are there. Printed it is `true` or `false`.
  case flag(Bool)
  /// What sections of that name are repeated for.
  case list([TemplateValue])
  /// What has values by name.
  case object([String: TemplateValue])

  /// The value of a word on a command line: `true` and `false` are flags.
  public init(word: String) {
    self = word == "true" || word == "false" ? .flag(word == "true") : .text(word)
  }

  /// What kind it is, for people.
  var kind: String {
    switch self {
    case .text: "a text"
    case .flag: "a flag"
    case .list: "a list"
    case .object: "a group of values"
    }
  }

  /// As the engine of templates takes it.
  var bare: Any {
    switch self {
    case .text(let text): text
    case .flag(let flag): flag
    case .list(let list): list.map(\.bare)
    case .object(let members): members.mapValues(\.bare)
    }
  }

  /// Whether a text can be the name of a value: a letter, then letters, digits, `_` and `-`.
  public static func isName(_ text: String) -> Bool {
    text.utf8.enumerated().allSatisfy { place, byte in
      0x61...0x7A ~= byte | 0x20 || place > 0 && (0x30...0x39 ~= byte || byte == 0x5F || byte == 0x2D)
    } && !text.isEmpty
  }
}

extension TemplateValue: Decodable {
  /// Reads any value but null. A number becomes text: an integer its digits, another one the shortest text that means it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "null is no value"))
    }
    if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Int64.self) {
      self = .text("\(number)")
    } else if let number = try? container.decode(UInt64.self) {
      self = .text("\(number)")
    } else if let number = try? container.decode(Double.self) {
      self = .text("\(number)")
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let members = try? container.decode([String: TemplateValue].self) {
      self = .object(members)
    } else {
      self = .list(try container.decode([TemplateValue].self))
    }
  }
}
