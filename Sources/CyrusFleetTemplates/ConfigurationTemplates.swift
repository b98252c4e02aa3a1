// Files for each slot from a folder of templates: `etc/cyrus/imapd-{{slot}}.conf.mustache` makes
// `etc/cyrus/imapd-sloti30t01.conf` and so on.
//
// Every template is checked for every slot before the engine sees it, so that what it would do silently is an error here.
//
// What surprises: the engine escapes for HTML unless a template says otherwise, and each partial anew. So every text gets
// the pragma that turns it off, on a line of its own, which leaves nothing behind.
//
// Facts: Docs/Fleet.md.

import CyrusFleet
import Mustache

/// A file that was made from a template.
public struct RenderedFile: Sendable, Hashable {
  /// The template: its path within the folder of templates.
  public let template: String
  /// Where it belongs, below the folder for all of them.
  public let path: String
  /// What it holds.
  public let text: String
  /// Whether it asks for a value that not everybody may see.
  public let usesSecrets: Bool
}

/// Templates for the files of slots.
public struct ConfigurationTemplates: Sendable {
  /// How large a template may be, in bytes.
  public static let byteCountMax = 1 << 20

  private let sources: [TemplateSource]
  private let patterns: [FilePattern]
  private let partials: [String: TemplateSource]
  /// What the engine has made of them so far, by path; and of partials, as it looks for them.
  private var parsed: [String: MustacheTemplate] = [:]
  private var engine = MustacheLibrary()

  /// Takes templates.
  ///
  /// - Parameter files: All files of a folder whose names end in `.mustache`.
  /// - Throws: ``TemplateError`` for one that is too large, not UTF-8, or has a name that cannot be read; tags within
  ///   them are read for each slot.
  public init(_ files: [TemplateSource]) throws(TemplateError) {
    var sources: [TemplateSource] = []
    var partials: [String: TemplateSource] = [:]
    for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
      guard file.bytes.count <= Self.byteCountMax else {
        throw TemplateError(template: file.path, line: 1, column: 1, message: "is larger than a mebibyte")
      }
      _ = try file.text()
      if let name = file.partialName { partials[name] = file } else { sources.append(file) }
    }
    self.sources = sources
    self.partials = partials
    var patterns: [FilePattern] = []
    for source in sources { patterns.append(try FilePattern(source)) }
    self.patterns = patterns
  }

  /// The templates from which files are made.
  public var templates: [String] { sources.map(\.path) }

  /// Makes all files of a slot, in the order of the templates' paths.
  ///
  /// - Parameters:
  ///   - values: All that templates can ask for, see ``SlotValues``.
  ///   - secrets: Names of values that not everybody may see.
  /// - Throws: ``TemplateError``, for the first tag at which something is wrong.
  public mutating func files(
    _ values: [String: TemplateValue], secrets: Set<String> = []
  ) throws(TemplateError) -> [RenderedFile] {
    var files: [RenderedFile] = []
    for (source, pattern) in zip(sources, patterns) {
      var values = values
      let slot = if case .text(let text)? = values["slot"] { text } else { "" }
      values["marker"] = .text("\(SlotValues.marker) from \(source.path) for \(slot)")
      var check = TemplateCheck(partials: partials, secrets: secrets)
      try check.check(source, Self.withElements(values))
      // Only what was checked is given to the engine, which has no bounds of its own.
      for (name, partial) in check.usedPartials where parsed[partial.path] == nil {
        engine.register(try parse(partial), named: name)
      }
      files.append(
        RenderedFile(
          template: source.path, path: try pattern.path(values),
          text: try parse(source).render(values.mapValues(\.bare), library: engine), usesSecrets: check.usesSecrets))
    }
    return files
  }

  /// The same with an element in lists of slots that have none, so that sections for them are checked, too.
  private static func withElements(_ values: [String: TemplateValue]) -> [String: TemplateValue] {
    var values = values
    for name in ["others", "replicas"] {
      if case .list(let elements)? = values[name], elements.isEmpty, let this = values["this"] {
        values[name] = .list([this])
      }
    }
    return values
  }

  private mutating func parse(_ source: TemplateSource) throws(TemplateError) -> MustacheTemplate {
    if let template = parsed[source.path] { return template }
    let text = try source.text()
    do {
      let template = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}\n" + text)
      parsed[source.path] = template
      return template
    } catch let error as MustacheTemplate.ParserError {
      throw TemplateError(
        template: source.path, line: max(1, error.context.lineNumber - 1), column: error.context.columnNumber,
        message: "cannot be read: \(error.error)")
    } catch {
      throw TemplateError(template: source.path, line: 1, column: 1, message: "cannot be read: \(error)")
    }
  }

  // MARK: - Files that are no longer made

  /// Paths that files made from these templates for whatever slot can have, among those that there are.
  ///
  /// - Parameter names: Gives the names of what is in a folder, by its path below the folder for all files; none if there
  ///   is no such folder.
  public func places<Problem: Error>(names: (String) throws(Problem) -> [String]) throws(Problem) -> [String] {
    var places: Set<String> = []
    for pattern in patterns {
      var folders = [""]
      for (depth, part) in pattern.parts.enumerated() {
        var next: [String] = []
        for folder in folders {
          let found = part.names.isEmpty ? part.texts : try names(folder)
          next += found.filter { part.matches($0) }.map { folder.isEmpty ? $0 : folder + "/" + $0 }
        }
        folders = next
        if depth + 1 == pattern.parts.count { places.formUnion(next) }
      }
    }
    return places.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Whether a file was made from a template, by its first bytes.
  public static func isMade(_ start: some Collection<UInt8>) -> Bool {
    String(decoding: start.prefix(4096), as: UTF8.self).contains(SlotValues.marker)
  }
}
