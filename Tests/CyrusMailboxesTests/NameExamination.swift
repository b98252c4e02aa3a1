// What must hold of any bytes whatever that are taken for a mailbox name, or for a path.
//
// Tests feed it with hostile names; the fuzzer, which has a link to this file, with anything.

@testable import CyrusDatabase
@testable import CyrusMailboxes

/// Bytes, read as a name in either form, as what somebody types, as a component, and as a path.
struct NameExamination {
  let bytes: [UInt8]
  /// What names are compared with.
  let other: [UInt8]
  private let defaultDomain = NameExamination.defaultDomain
  /// The settings that are tried.
  private let settings: [NameSettings]
  private let pathSettings: [PathSettings]

  /// - Parameter choice: Tries only one of the settings, for speed.
  init(_ bytes: [UInt8], other: [UInt8] = [], choice: Int? = nil) {
    self.bytes = bytes
    self.other = other
    settings = choice.map { [Self.allSettings[$0 % Self.allSettings.count]] } ?? Self.allSettings
    pathSettings = choice.map { [Self.allPathSettings[$0 % Self.allPathSettings.count]] } ?? Self.allPathSettings
  }

  /// What contradicts itself or the description, as a name.
  var contradictionsOfName: [String] {
    var found = Contradictions()
    examineName(&found)
    return found.texts
  }

  /// What contradicts itself, as a path: what a path leads to has that path.
  var contradictionsOfPath: [String] {
    var found = Contradictions()
    examinePath(&found)
    return found.texts
  }

  private struct Contradictions {
    private(set) var texts: [String] = []

    mutating func require(_ holds: Bool, _ text: @autoclosure () -> String) {
      if !holds { texts.append(text()) }
    }
  }

  private func examineName(_ found: inout Contradictions) {
    for form in NameForm.allCases {
      let naive = naive(bytes, form)
      let view = MailboxNameView(bytes.rawSpan, form: form, defaultDomain: defaultDomain)
      let name = MailboxName(view)
      found.require(parts(of: view) == naive, "\(form): \(parts(of: view)), not \(naive)")
      found.require(parts(of: name) == naive, "to keep: \(parts(of: name)), not \(naive)")
      found.require(view.hasSameOwner(as: name.view) == (naive.owner != nil), "\(form): its owner is not its own")
      readAgain(name, &found)
      compare(view, naive, &found)
      examineIssues(view, name, &found)
      for settings in settings { show(name, settings, &found) }
      for settings in pathSettings { find(name, settings, &found) }
    }
    for settings in settings { type(settings, &found) }
    examineText(&found)
  }

  private func examinePath(_ found: inout Contradictions) {
    for settings in pathSettings {
      for path in [bytes] + Self.roots.map({ Array($0.utf8) + bytes }) {
        guard let meaning = settings.locate(path) else { continue }
        let pieces = path.split(separator: UInt8(ascii: "/"))
        let back = settings.path(to: meaning)?.split(separator: UInt8(ascii: "/"))
        found.require(back == pieces, "\(meaning) lies at \(String(describing: back)), not \(pieces)")
      }
    }
  }

  private func naive(_ bytes: [UInt8], _ form: NameForm) -> NaiveName {
    form == .database
      ? NaiveName(databaseName: bytes, defaultDomain: defaultDomain)
      : NaiveName(internalName: bytes, defaultDomain: defaultDomain)
  }

  private func parts(of view: borrowing MailboxNameView) -> NaiveName {
    var parts = NaiveName(databaseName: [])
    parts.databaseName = MailboxName(view).databaseName
    parts.deletedAt = view.deletedAt
    if let domain = view.domain { parts.domain = Array(domain) }
    if let localpart = view.localpart { parts.localpart = view.copy(of: localpart) }
    var components = view.components()
    while let component = components.next() { parts.boxes.append(view.copy(of: component)) }
    return parts
  }

  private func parts(of name: MailboxName) -> NaiveName {
    var parts = NaiveName(databaseName: [])
    parts.databaseName = name.databaseName
    parts.deletedAt = name.deletedAt
    parts.domain = name.domain
    parts.localpart = name.localpart
    parts.boxes = name.components
    return parts
  }

  /// A name made of its bytes, its parts or its internal name is the same name.
  private func readAgain(_ name: MailboxName, _ found: inout Contradictions) {
    let again = MailboxName(databaseName: name.databaseName.rawSpan, defaultDomain: defaultDomain)
    found.require(parts(of: again) == parts(of: name), "reads back as \(again)")
    let made = MailboxName(
      domain: name.domain, localpart: name.localpart, components: name.components, deletedAt: name.deletedAt,
      defaultDomain: defaultDomain)
    found.require(
      made?.components == name.components && made?.deletedAt == name.deletedAt, "cannot be made of its parts")
    if !name.isDeleted { found.require(made == name, "its parts make \(String(describing: made))") }
    guard !name.databaseName.contains(UInt8(ascii: "!")) else { return }
    let mark = name.databaseName.firstIndex(of: NaiveName.gs) ?? -1
    let expected = name.databaseName.enumerated().map { index, byte in
      index > mark && byte == UInt8(ascii: "^") ? UInt8(ascii: ".") : byte
    }
    let internalName = name.internalName
    found.require(internalName.count == name.databaseName.count, "the forms differ in length")
    let back = MailboxName(internalName: internalName.rawSpan, defaultDomain: defaultDomain)
    found.require(
      back.databaseName == NaiveName(databaseName: expected, defaultDomain: defaultDomain).databaseName,
      "its internal name reads back as \(back)")
  }

  private func compare(_ view: borrowing MailboxNameView, _ naive: NaiveName, _ found: inout Contradictions) {
    for form in NameForm.allCases {
      let otherView = MailboxNameView(other.rawSpan, form: form, defaultDomain: defaultDomain)
      let otherNaive = self.naive(other, form)
      let isLess = naive.databaseName.lexicographicallyPrecedes(otherNaive.databaseName)
      let expected = naive.databaseName == otherNaive.databaseName ? 0 : isLess ? -1 : 1
      found.require(
        view.compare(with: otherView).signum() == expected, "compared with \(other) as \(form), not \(expected)")
      found.require(otherView.compare(with: view).signum() == -expected, "compared by \(other) as \(form)")
      found.require((MailboxName(view) < MailboxName(otherView)) == (expected < 0), "kept, sorts the other way")
      found.require(
        view.hasSameOwner(as: otherView)
          == (naive.owner != nil && naive.owner == otherNaive.owner
            && naive.domain == otherNaive.domain),
        "the owners of \(other) as \(form)")
    }
  }

  private func examineIssues(
    _ view: borrowing MailboxNameView, _ name: MailboxName, _ found: inout Contradictions
  ) {
    let issues = view.issues(at: 1)
    found.require(Set(issues.map(\.code)).count == issues.count, "said twice: \(issues)")
    for issue in issues {
      found.require(issue.bytes.lowerBound >= 1 && issue.bytes.upperBound <= bytes.count + 1, "out of place: \(issue)")
      found.require(!issue.bytes.isEmpty || issue.code == "name.empty", "nowhere: \(issue)")
    }
    guard issues.isEmpty else { return }
    found.require(
      MailboxName(internalName: name.internalName.rawSpan, defaultDomain: defaultDomain) == name,
      "nothing is wrong, but the internal name is another")
    for component in name.components {
      found.require(ModifiedUTF7.decode(component) != nil, "nothing is wrong, but \(component) is not modified UTF-7")
    }
  }

  /// What is shown of a sound name leads back to it.
  private func show(_ name: MailboxName, _ settings: NameSettings, _ found: inout Contradictions) {
    for asker in Self.askers {
      guard let shown = name.externalName(for: asker, settings: settings) else { continue }
      let isSound = name.issues().isEmpty || name.issues().allSatisfy { $0.code == "name.notMutf7" }
      let isAmbiguous = name.pieces.contains { $0.contains(UInt8(ascii: "@")) }
      guard isSound, !isAmbiguous, name.databaseName != Array("user".utf8) else { continue }
      // A domain is between `@` and the end, whatever is in it.
      if name.domain?.contains(where: { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "^") }) == true { continue }
      let back = MailboxName(externalName: shown, for: asker, settings: settings)
      found.require(
        back == name || name.isDeleted && back?.components == name.components,
        "\(name) is shown to \(asker) as \(shown), which is \(String(describing: back))")
    }
  }

  /// What somebody calls a mailbox, and what that one is shown of it, is the same mailbox.
  private func type(_ settings: NameSettings, _ found: inout Contradictions) {
    for asker in Self.askers {
      guard let name = MailboxName(externalName: bytes, for: asker, settings: settings) else { continue }
      guard name.components != [Array("user".utf8)] || name.localpart != nil else { continue }
      if name.pieces.contains(where: { $0.contains(UInt8(ascii: "@")) }) { continue }
      guard let shown = name.externalName(for: asker, settings: settings) else {
        found.require(false, "\(asker) can call it \(name), but is shown nothing")
        continue
      }
      let back = MailboxName(externalName: shown, for: asker, settings: settings)
      found.require(back == name, "\(asker) calls \(name) \(shown), which is \(String(describing: back))")
    }
  }

  private func find(_ name: MailboxName, _ settings: PathSettings, _ found: inout Contradictions) {
    let user = name.owner.map { UserReference.user($0) } ?? .shared(domain: name.domain)
    var meanings: [PathMeaning] = [
      .mailbox(.name(name), partition: "default", storage: .messages, file: .message(7)),
      .mailbox(.name(name), partition: "default", storage: .archive, file: nil),
      .quota(name), .mailboxLock(.name(name)), .user(user, file: .seen), .sieve(user, file: nil),
      .search(user, tier: "t1", file: Array("xapian".utf8)),
    ]
    if let owner = name.owner { meanings.append(.userLock(owner)) }
    let comesBack = comesBack(name)
    for meaning in meanings {
      guard let path = settings.path(to: meaning) else { continue }
      let answer = settings.locate(path)
      if comesBack { found.require(answer == meaning, "\(meaning) is \(String(describing: answer))") }
      if let answer { found.require(settings.path(to: answer) == path, "\(answer) lies elsewhere") }
    }
  }

  /// Whether nothing else has the same path: a caret on disk is a dot, an `@` in a user starts a domain, and see the head
  /// of MailboxPaths+Locating.swift.
  private func comesBack(_ name: MailboxName) -> Bool {
    if name.databaseName.contains(UInt8(ascii: "^")) || name.domain == Array(defaultDomain.utf8) { return false }
    let at = UInt8(ascii: "@")
    if name.localpart?.contains(at) == true || name.domain?.contains(at) == true { return false }
    guard let first = name.pieces.first else { return true }
    let taken = ["domain", "uuid", "global", "0123456789abcdef"].map { Array($0.utf8) }
    return !taken.contains(first) && !first.starts(with: Array("*U*".utf8))
  }

  /// What decodes is spelled in the only way it can be.
  private func examineText(_ found: inout Contradictions) {
    if let text = ModifiedUTF7.decode(bytes) {
      found.require(ModifiedUTF7.encode(text) == bytes, "also spelled \(text)")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let again = ModifiedUTF7.decode(ModifiedUTF7.encode(text))
    found.require(again.map { $0.unicodeScalars.elementsEqual(text.unicodeScalars) } == true, "does not decode")
  }

  // MARK: - Settings

  private static let askers: [NameAsker] = [.admin, .user(Array("joe".utf8)), .user(Array("ann@example.com".utf8))]

  private static let defaultDomain = "internal"

  private static let allSettings = (0..<16).map { bits in
    var settings = NameSettings()
    settings.unixHierarchySeparator = bits & 1 != 0
    settings.altNamespace = bits & 2 != 0
    settings.virtualDomains = bits & 4 != 0
    settings.crossDomains = bits & 8 != 0
    settings.defaultDomain = defaultDomain
    return settings
  }

  private static let roots = ["/config/", "/config/lock/", "/spool/", "/archive/", "/sieve/", "/tier/"]

  private static let allPathSettings = PathSettings.Release.allCases.flatMap { release in
    (0..<4).map { bits in
      var settings = PathSettings(
        configDirectory: "/config",
        partitions: [PathSettings.Partition(name: "default", directory: "/spool", archiveDirectory: "/archive")])
      settings.sieveDirectory = "/sieve"
      settings.searchTiers = [PathSettings.SearchTier(name: "t1", directory: "/tier")]
      settings.hashesSpool = bits & 1 != 0
      settings.usesFullHash = bits & 2 != 0
      settings.release = release
      settings.defaultDomain = defaultDomain
      return settings
    }
  }
}
