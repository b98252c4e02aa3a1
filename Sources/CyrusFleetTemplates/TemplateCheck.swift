// Whether a template asks only for values that there are.
//
// Goes through all sections, also those that would not be there, with the scopes that the engine would have: a name is
// looked for in the innermost one first, and its first part decides in which.

/// Checks templates against values, and notes what they ask for.
struct TemplateCheck {
  /// How deep sections may be within each other, and how many tags may come of a template. More than any configuration
  /// needs; without a bound a few lines can make a text without an end.
  static let depthMax = 32, tagCountMax = 1_000_000

  /// A place where names are looked for.
  private struct Scope {
    /// Nil if nothing is known of it: an element of a list without any.
    let value: TemplateValue?
    /// Whether it is an element of a list.
    var isElement: Bool
  }

  /// A section that was not closed so far.
  private struct Section {
    let tag: TemplateTag
    let hasScope: Bool
    let repetitions: Int
  }

  /// Templates that others can have within them, by name.
  let partials: [String: TemplateSource]
  /// Names of values that not everybody may see.
  let secrets: Set<String>
  /// Whether such a value was asked for.
  private(set) var usesSecrets = false
  /// The partials that were come across, by name.
  private(set) var usedPartials: [String: TemplateSource] = [:]
  private var tagCount = 0

  init(partials: [String: TemplateSource], secrets: Set<String>) {
    self.partials = partials
    self.secrets = secrets
  }

  /// Checks a template.
  ///
  /// - Throws: ``TemplateError``, for the first tag at which something is wrong.
  mutating func check(_ source: TemplateSource, _ values: [String: TemplateValue]) throws(TemplateError) {
    try check(source, [Scope(value: .object(values), isElement: false)], within: [], repetitions: 1)
  }

  private mutating func check(
    _ source: TemplateSource, _ outer: [Scope], within chain: [String], repetitions outerRepetitions: Int
  ) throws(TemplateError) {
    var scanner = TagScanner(source.bytes, of: source.path)
    var scopes = outer
    var sections: [Section] = []
    while let tag = try scanner.next() {
      let repetitions = sections.last?.repetitions ?? outerRepetitions
      tagCount += repetitions
      guard tagCount <= Self.tagCountMax else {
        throw scanner.error(at: tag, "more than \(Self.tagCountMax) tags would have to be filled in")
      }
      switch tag.kind {
      case .value:
        if let value = try value(of: tag, scopes, scanner), !value.isPrintable {
          throw scanner.error(at: tag, "'\(tag.name.text)' is \(value.kind), which cannot be printed")
        }
      case .section, .inverted:
        guard sections.count + chain.count < Self.depthMax else {
          throw scanner.error(at: tag, "sections are more than \(Self.depthMax) deep")
        }
        let value = try value(of: tag, scopes, scanner)
        let scope = scope(of: value, isInverted: tag.kind == .inverted)
        if let scope { scopes.append(scope) }
        var count = 1
        if case .list(let elements)? = value, tag.kind == .section { count = max(1, elements.count) }
        // Beyond the limit it does not matter by how much.
        let product = min(repetitions.multipliedReportingOverflow(by: count).partialValue, Self.tagCountMax + 1)
        sections.append(Section(tag: tag, hasScope: scope != nil, repetitions: max(product, repetitions)))
      case .end:
        guard let section = sections.popLast() else {
          throw scanner.error(at: tag, "no section is open that '\(tag.name.text)' could end")
        }
        guard section.tag.name == tag.name else {
          throw scanner.error(
            at: tag,
            "expected the end of '\(section.tag.name.text)' of line \(section.tag.line), found '\(tag.name.text)'")
        }
        if section.hasScope { scopes.removeLast() }
      case .partial:
        try checkPartial(tag, scopes, within: chain + [source.path], sections.count, repetitions, scanner)
      }
    }
    if let open = sections.last {
      throw scanner.error(at: open.tag, "the section '\(open.tag.name.text)' has no end")
    }
  }

  private mutating func checkPartial(
    _ tag: TemplateTag, _ scopes: [Scope], within chain: [String], _ depth: Int, _ repetitions: Int,
    _ scanner: TagScanner
  ) throws(TemplateError) {
    guard let partial = partials[tag.name.text] else {
      throw scanner.error(at: tag, "there is no partial _\(tag.name.text).mustache in the folder of templates")
    }
    guard !chain.contains(partial.path) else {
      throw scanner.error(at: tag, "the partial '\(tag.name.text)' would have itself within it")
    }
    guard chain.count + depth < Self.depthMax else {
      throw scanner.error(at: tag, "partials and sections are more than \(Self.depthMax) deep")
    }
    usedPartials[tag.name.text] = partial
    var inner = scopes
    // Within a partial the engine forgets which element of a list it is at.
    inner[inner.count - 1].isElement = false
    try check(partial, inner, within: chain, repetitions: repetitions)
  }

  /// The scope that a section makes; nil if names in it are looked for as outside.
  private func scope(of value: TemplateValue?, isInverted: Bool) -> Scope? {
    switch value {
    case .flag: nil
    case .list(let elements):
      isInverted ? Scope(value: value, isElement: false) : Scope(value: elements.first, isElement: true)
    case .text, .object: isInverted ? nil : Scope(value: value, isElement: false)
    case nil: Scope(value: nil, isElement: true)
    }
  }

  // MARK: - Names

  /// What a tag names; nil if that cannot be known.
  private mutating func value(
    of tag: TemplateTag, _ scopes: [Scope], _ scanner: TagScanner
  ) throws(TemplateError) -> TemplateValue? {
    let name = tag.name
    let isElement = scopes.last?.isElement ?? false
    var value = scopes.last?.value
    if let first = name.path.first {
      value = nil
      for scope in scopes.reversed() {
        guard let inner = scope.value else { return nil }
        if case .object(let members) = inner, let member = members[first] {
          value = member
          break
        }
      }
      guard value != nil else {
        throw scanner.error(at: tag, "no value is called '\(first)' here; --set gives one, and --values a secret one")
      }
      if secrets.contains(first) { usesSecrets = true }
      for part in name.path.dropFirst() {
        guard case .object(let members)? = value, let member = members[part] else {
          throw scanner.error(at: tag, "'\(name.path.joined(separator: "."))': there is no '\(part)' in it")
        }
        value = member
      }
    } else if let transform = name.transform, !name.isElement {
      // The place in a list.
      guard isElement else {
        throw scanner.error(at: tag, "'\(name.text)' has a meaning only in the section of a list")
      }
      switch transform {
      case "first", "last", "even", "odd": return .flag(true)
      case "index": return .text("0")
      default:
        throw scanner.error(
          at: tag, "'\(transform)' tells no place in a list: expected first, last, index, even or odd")
      }
    }
    guard let value, let transform = name.transform else { return value }
    guard let transformed = value.transformed(transform) else {
      throw scanner.error(at: tag, "'\(transform)' cannot be done to \(value.kind)")
    }
    return transformed
  }
}

extension TemplateValue {
  fileprivate var isPrintable: Bool {
    switch self {
    case .text, .flag: true
    case .list, .object: false
    }
  }

  /// What comes of a transform, as far as it matters here; nil if it cannot be done.
  fileprivate func transformed(_ name: String) -> TemplateValue? {
    switch (self, name) {
    case (.text, "uppercased"), (.text, "lowercased"), (.text, "capitalized"): self
    case (.text, "empty"), (.list, "empty"): .flag(true)
    case (.list, "count"): .text("0")
    case (.list, "reversed"): self
    // An element that there is not cannot be asked for.
    case (.list(let elements), "first"), (.list(let elements), "last"): elements.first
    default: nil
    }
  }
}
