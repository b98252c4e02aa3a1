// Values that a site gives to templates besides what the layout says: words of the command line, and a file.

import ArgumentParser
import CyrusFleetTemplates
import FoundationEssentials

/// A value on the command line: `NAME=VALUE`.
struct SiteValue: ExpressibleByArgument {
  let name: String
  let value: TemplateValue

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), TemplateValue.isName(String(argument[..<equals])) else {
      return nil
    }
    name = String(argument[..<equals])
    value = TemplateValue(word: String(argument[argument.index(after: equals)...]))
  }
}

/// All values of a site.
struct SiteValues {
  private(set) var values: [String: TemplateValue] = [:]
  /// The names of those that came from a file: nobody can see them in a list of processes, so they may be secrets.
  private(set) var secrets: Set<String> = []

  /// - Throws: `Failure` if the file is no object of JSON, or a name is given twice or is one of the layout's.
  init(_ words: [SiteValue], file: String?) throws(Failure) {
    for word in words { try add(word.name, word.value, from: nil) }
    guard let file else { return }
    for (name, value) in try Self.read(file).sorted(by: { $0.key < $1.key }) {
      try add(name, value, from: file)
      secrets.insert(name)
    }
  }

  private mutating func add(_ name: String, _ value: TemplateValue, from file: String?) throws(Failure) {
    guard TemplateValue.isName(name) else {
      throw Failure(
        .usage, file: file, "'\(printable(name))' is no name: expected a letter, then letters, digits, _ and -")
    }
    guard !SlotValues.names.contains(name) else {
      throw Failure(.usage, file: file, "'\(name)' is what the layout says, and cannot be given another value")
    }
    guard values.updateValue(value, forKey: name) == nil else {
      throw Failure(.usage, file: file, "'\(name)' has two values")
    }
  }

  private static func read(_ path: String) throws(Failure) -> [String: TemplateValue] {
    let bytes = try wholeFile(path)
    do {
      return try JSONDecoder().decode([String: TemplateValue].self, from: Data(bytes))
    } catch let error as DecodingError {
      throw Failure(.notDatabase, file: path, "is no object of JSON with values: \(Self.text(of: error))")
    } catch {
      throw Failure(.notDatabase, file: path, "is no object of JSON with values")
    }
  }

  /// Says where it is, and nothing of what stands there: it may be a secret.
  private static func text(of error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? "it cannot be read" : "'\(printable(path))' is none that a template can ask for"
    }
    return switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
      .dataCorrupted(let context):
      place(context)
    @unknown default: "it cannot be read"
    }
  }
}
