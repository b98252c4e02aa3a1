// Whether a template asks only for values that there are.
//
// Goes through all sections, also those that would not be there, with the scopes that the engine would have: a name is
// looked for in the innermost one first, and its first part decides in which.

/// Checks templates against values, and notes what they ask for.
struct TemplateCheck {
  /// How deep sections may be within each other, and how many tags and bytes may come of a template. More than any configuration
  /// needs; without a bound a few lines can make a text without an end.
  static let depthMax = 32, tagCountMax = 1_000_000, byteCountMax = 64 << 20

  /// A place where names are looked for.
  private struct Scope {
    /// All that it can be: of a list each element. None if nothing is known of it: an element of a list without any.
    let values: [TemplateValue]
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
  private var tagCount = 0, byteCount = 0

  init(partials: [String: TemplateSource], secrets: Set<String>) {
    self.partials = partials
    self.secrets = secrets
  }

  /// Checks a template.
  ///
  /// - Throws: ``TemplateError``, for the first tag at which something is wrong.
  mutating func check(_ source: TemplateSource, _ values: [String: TemplateValue]) throws(TemplateError) {
    let outermost = Scope(values: [.object(values)], isElement: false)
    try check(source, [outermost], within: [], repetitions: 1, indentation: 0)
  }

  private mutating func check(
    _ source: TemplateSource, _ outer: [Scope], within chain: [String], repetitions outerRepetitions: Int,
    indentation: Int
  ) throws(TemplateError) {
    var scanner = TagScanner(source.bytes, of: source.path)
    var scopes = outer
    var sections: [Section] = []
    var end = 0
    while let tag = try scanner.next() {
      let repetitions = sections.last?.repetitions ?? outerRepetitions
      tagCount += repetitions
      guard tagCount <= Self.tagCountMax else {
        throw scanner.error(at: tag, "more than \(Self.tagCountMax) tags would have to be filled in")
      }
      try count(source.bytes[end..<tag.bytes.lowerBound], indentation, times: repetitions, of: source)
      end = tag.bytes.upperBound
      switch tag.kind {
      case .value:
        let values = try values(of: tag, scopes, scanner)
        if let value = values.first(where: { !$0.isPrintable }) {
          try requireOneKind(values, tag, scanner)
          throw scanner.error(at: tag, "'\(tag.name.text)' is \(value.kind), which cannot be printed")
        }
        try count(values.map(\.byteCount).max() ?? 0, times: repetitions, of: source)
      case .section, .inverted:
        guard sections.count + chain.count < Self.depthMax else {
          throw scanner.error(at: tag, "sections are more than \(Self.depthMax) deep")
        }
        let values = try values(of: tag, scopes, scanner)
        try requireOneKind(values, tag, scanner)
        let scope = scope(of: values, isInverted: tag.kind == .inverted)
        if let scope { scopes.append(scope) }
        let count = tag.kind == .section ? values.map(\.elements.count).max().map { max(1, $0) } ?? 1 : 1
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
        try checkPartial(
          tag, scopes, within: chain + [source.path], sections.count, repetitions, indentation, scanner)
      }
    }
    try count(source.bytes[end...], indentation, times: outerRepetitions, of: source)
    if let open = sections.last {
      throw scanner.error(at: open.tag, "the section '\(open.tag.name.text)' has no end")
    }
  }

  private mutating func checkPartial(
    _ tag: TemplateTag, _ scopes: [Scope], within chain: [String], _ depth: Int, _ repetitions: Int,
    _ indentation: Int, _ scanner: TagScanner
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
    // At most what is before it in its line is put before each of its own.
    try check(
      partial, inner, within: chain, repetitions: repetitions, indentation: indentation + tag.column - 1)
  }

  private mutating func count(
    _ text: ArraySlice<UInt8>, _ indentation: Int, times: Int, of source: TemplateSource
  ) throws(TemplateError) {
    try count(text.count + indentation * text.count { $0 == UInt8(ascii: "\n") }, times: times, of: source)
  }

  private mutating func count(_ bytes: Int, times: Int, of source: TemplateSource) throws(TemplateError) {
    let (product, overflow) = bytes.multipliedReportingOverflow(by: times)
    byteCount += overflow ? Self.byteCountMax + 1 : min(product, Self.byteCountMax + 1)
    if byteCount > Self.byteCountMax {
      throw TemplateError(
        template: source.path, line: 1, column: 1, message: "more than \(Self.byteCountMax) bytes would come of it")
    }
  }

  /// - Throws: ``TemplateError`` if a name stands for this in one element of a list, and for that in another.
  private func requireOneKind(
    _ values: [TemplateValue], _ tag: TemplateTag, _ scanner: TagScanner
  ) throws(TemplateError) {
    if Set(values.map(\.kind)).count > 1 { throw scanner.error(at: tag, "elements of the list are of several kinds") }
  }

  /// The scope that a section makes; nil if names in it are looked for as outside.
  ///
  /// - Precondition: All values are of one kind.
  private func scope(of values: [TemplateValue], isInverted: Bool) -> Scope? {
    switch values.first {
    case .flag: nil
    case .list:
      isInverted
        ? Scope(values: values, isElement: false) : Scope(values: values.flatMap(\.elements), isElement: true)
    case .text, .object: isInverted ? nil : Scope(values: values, isElement: false)
    case nil: Scope(values: [], isElement: true)
    }
  }

  // MARK: - Names

  /// All that a tag can stand for: for each element of the lists that it is in; none if that cannot be known.
  private mutating func values(
    of tag: TemplateTag, _ scopes: [Scope], _ scanner: TagScanner
  ) throws(TemplateError) -> [TemplateValue] {
    let isElement = scopes.last?.isElement ?? false
    var values = scopes.last?.values ?? []
    if let first = tag.name.path.first {
      guard let found = try lookup(first, tag, scopes, scanner) else { return [] }
      values = found
      if secrets.contains(first) { usesSecrets = true }
      for (place, part) in tag.name.path.enumerated().dropFirst() {
        let members = values.compactMap { $0.member(part) }
        guard members.count == values.count else {
          let whole = tag.name.path.joined(separator: ".")
          let path = tag.name.path[...place].joined(separator: ".")
          throw scanner.error(
            at: tag,
            members.isEmpty
              ? "'\(whole)': there is no '\(part)' in it" : "not every element of the list has '\(path)'")
        }
        values = members
      }
    } else if let transform = tag.name.transform, !tag.name.isElement {
      // The place in a list.
      guard isElement else {
        throw scanner.error(at: tag, "'\(tag.name.text)' has a meaning only in the section of a list")
      }
      switch transform {
      case "first", "last", "even", "odd": return [.flag(true)]
      case "index": return [.text("0")]
      default:
        throw scanner.error(
          at: tag, "'\(transform)' tells no place in a list: expected first, last, index, even or odd")
      }
    }
    guard let transform = tag.name.transform else { return values }
    var transformed: [TemplateValue] = []
    for value in values {
      guard let result = value.transformed(transform) else {
        throw scanner.error(at: tag, "'\(transform)' cannot be done to \(value.kind)")
      }
      transformed.append(result)
    }
    return transformed
  }

  /// What the first part of a name stands for. What some elements of a list do not have, something around it must have.
  ///
  /// - Returns: Nil if nothing is known of a scope that may have it.
  private func lookup(
    _ name: String, _ tag: TemplateTag, _ scopes: [Scope], _ scanner: TagScanner
  ) throws(TemplateError) -> [TemplateValue]? {
    var found: [TemplateValue] = []
    for scope in scopes.reversed() {
      if scope.values.isEmpty { return nil }
      let members = scope.values.compactMap { $0.member(name) }
      found += members
      if members.count == scope.values.count { return found }
    }
    throw scanner.error(
      at: tag,
      found.isEmpty
        ? "no value is called '\(name)' here; --set gives one, and --values a secret one"
        : "not every element of the list has '\(name)'")
  }
}

extension TemplateValue {
  /// A value of a group, by its name; nil if there is none.
  fileprivate func member(_ name: String) -> TemplateValue? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  /// The elements of a list; none of what is no list.
  fileprivate var elements: [TemplateValue] {
    if case .list(let elements) = self { elements } else { [] }
  }

  /// How long it is when it is printed.
  fileprivate var byteCount: Int {
    if case .text(let text) = self { text.utf8.count } else { 5 }
  }

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
