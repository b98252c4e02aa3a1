// Mailbox names as people see and type them.
//
// What a mailbox is called depends on who asks. Some mailboxes have no name for some users, and some names do not lead
// back: Cyrus shows a `^` that it refuses when it is typed, and an `@` in a folder that an admin cannot tell from a
// domain.
//
// Facts: Docs/Formats/names.md, section 4.

import CyrusDatabase

extension MailboxName {
  /// How Cyrus shows the mailbox to somebody.
  ///
  /// Of a name about which ``issues(at:isInKey:)`` says nothing, ``init(externalName:for:settings:)`` gives the same mailbox
  /// back, unless there is an `@` in it.
  ///
  /// - Returns: Bytes in modified UTF-7; nil if the asker cannot see it under these settings.
  /// - Complexity: O(size of the name).
  public func externalName(for asker: NameAsker, settings: NameSettings = NameSettings()) -> [UInt8]? {
    switch asker {
    case .admin: adminName(settings)
    case .user(let user): userName(UserParts(user, defaultDomain: settings.defaultDomain), settings)
    }
  }

  private func adminName(_ settings: NameSettings) -> [UInt8]? {
    guard domain == nil || settings.virtualDomains, isNameable else { return nil }
    var writer = ExternalNameWriter(settings)
    for piece in pieces { writer.append(piece) }
    if let domain { writer.bytes += [UInt8(ascii: "@")] + domain }
    return writer.bytes
  }

  private func userName(_ asker: UserParts, _ settings: NameSettings) -> [UInt8]? {
    guard !isDeleted, domain == asker.domain || settings.crossDomains else { return nil }
    var writer = ExternalNameWriter(settings)
    let components = components
    guard let localpart else {
      guard let top = components.first else { return nil }
      if settings.altNamespace {
        if components.count == 1, top == utf8("user") { return utf8(settings.userPrefix) }
        writer.append(settings.sharedPrefix)
        writer.append(top)
        writer.appendDomain(domain)
        for component in components.dropFirst() { writer.append(component) }
      } else {
        guard domain == asker.domain, isNameable else { return nil }
        for component in components { writer.append(component) }
      }
      return writer.bytes
    }
    if localpart == asker.localpart, domain == asker.domain {
      if let prefix = ownPrefix(above: components.first, count: components.count, settings) { writer.append(prefix) }
    } else {
      writer.append(settings.altNamespace ? settings.userPrefix : "user")
      writer.append(localpart)
      writer.appendDomain(domain)
    }
    for component in components { writer.append(component) }
    return writer.bytes
  }

  /// What the own folders with this one on top are shown below.
  private func ownPrefix(above top: [UInt8]?, count: Int, _ settings: NameSettings) -> String? {
    guard settings.altNamespace, let top else { return "INBOX" }
    if isInbox(top) { return count > 1 && top == utf8("INBOX") ? nil : settings.altPrefix }
    let prefixes = [settings.userPrefix, settings.sharedPrefix, settings.altPrefix]
    return prefixes.contains { top == utf8($0) } ? settings.altPrefix : nil
  }

  /// Whether it is something that has a name at all, which a shared folder called INBOX has not.
  private var isNameable: Bool {
    if localpart != nil { return true }
    guard let top = components.first else { return false }
    return !isInbox(top)
  }
}

extension MailboxName {
  /// The mailbox that somebody means by a name.
  ///
  /// - Parameters:
  ///   - externalName: Modified UTF-7. The word INBOX may be in any case.
  ///   - asker: Who gives the name.
  ///   - settings: Those of the server.
  /// - Returns: Nil if it is no name: separators meet, `^` with the separator `/` or `/` with the separator `.`, or a
  ///   prefix alone; or if the asker cannot call the mailbox so.
  public init?(externalName: [UInt8], for asker: NameAsker, settings: NameSettings = NameSettings()) {
    switch asker {
    case .admin: self.init(adminName: externalName, settings)
    case .user(let user):
      let asker = UserParts(user, defaultDomain: settings.defaultDomain)
      guard let pieces = Self.pieces(of: externalName[...], settings),
        let parts = ExternalNameParts(pieces, asker, settings)
      else { return nil }
      self.init(
        domain: parts.domain, localpart: parts.localpart, components: parts.components,
        deletedPrefix: settings.deletedPrefix, defaultDomain: settings.defaultDomain)
    }
  }

  private init?(adminName name: [UInt8], _ settings: NameSettings) {
    var rest = name[...]
    var domain: [UInt8]?
    if settings.virtualDomains, let at = name.lastIndex(of: UInt8(ascii: "@")) {
      rest = name[..<at]
      let given = Array(name[(at + 1)...])
      guard !given.contains(UInt8(ascii: "/")), !given.contains(NameForm.groupSeparator) else { return nil }
      domain = given
    }
    guard let pieces = Self.pieces(of: rest, settings) else { return nil }
    let isSplit = pieces.contains { $0.contains(NameForm.unitSeparator) }
    let isMarked = domain == nil && pieces.contains { $0.contains(NameForm.groupSeparator) }
    if isSplit || isMarked { return nil }
    self.init(
      domain: domain, pieces: pieces, deletedPrefix: settings.deletedPrefix, defaultDomain: settings.defaultDomain)
    if !isNameable { return nil }
  }

  /// The pieces between the separators, with real dots; nil if one is empty or has a byte that cannot stand there.
  private static func pieces(of name: ArraySlice<UInt8>, _ settings: NameSettings) -> [[UInt8]]? {
    var pieces: [[UInt8]] = []
    for slice in name.split(separator: settings.separator, omittingEmptySubsequences: false) {
      guard !slice.isEmpty else { return nil }
      var piece = Array(slice)
      for index in piece.indices {
        switch piece[index] {
        case UInt8(ascii: "/"): return nil
        case UInt8(ascii: "^"):
          if settings.unixHierarchySeparator { return nil }
          piece[index] = UInt8(ascii: ".")
        default: break
        }
      }
      pieces.append(piece)
    }
    return pieces
  }
}

/// The parts of a name that a user gives.
private struct ExternalNameParts {
  var domain: [UInt8]?
  var localpart: [UInt8]?
  var components: [[UInt8]]

  init?(_ pieces: [[UInt8]], _ asker: UserParts, _ settings: NameSettings) {
    let top = pieces[0]
    domain = asker.domain
    components = Array(pieces.dropFirst())
    if settings.altNamespace {
      switch top {
      case utf8(settings.altPrefix):
        guard !components.isEmpty, let own = asker.localpart else { return nil }
        localpart = own
      case utf8(settings.userPrefix):
        if components.isEmpty { return nil }
        takeUser(settings)
      case utf8(settings.sharedPrefix):
        if components.isEmpty { return nil }
        if settings.crossDomains { (components[0], domain) = Self.split(components[0], settings) }
      default:
        guard let own = asker.localpart else { return nil }
        localpart = own
        if !isInbox(top) {
          components = pieces
        } else if !components.isEmpty {
          components.insert(utf8("INBOX"), at: 0)
        }
      }
    } else if isInbox(top) {
      guard let own = asker.localpart else { return nil }
      localpart = own
    } else if top == utf8("user"), !components.isEmpty {
      takeUser(settings)
    } else {
      components = pieces
    }
  }

  /// The first of the components is a user.
  private mutating func takeUser(_ settings: NameSettings) {
    var user = components.removeFirst()
    if settings.crossDomains { (user, domain) = Self.split(user, settings) }
    localpart = user
  }

  /// A name and the domain behind its last `@`; none if it is the default one.
  private static func split(_ name: [UInt8], _ settings: NameSettings) -> ([UInt8], [UInt8]?) {
    guard let at = name.lastIndex(of: UInt8(ascii: "@")) else { return (name, nil) }
    let domain = Array(name[(at + 1)...])
    return (Array(name[..<at]), domain == utf8(settings.defaultDomain) ? nil : domain)
  }
}

/// Writes an external name piece by piece.
private struct ExternalNameWriter {
  var bytes: [UInt8] = []
  private var hasPieces = false
  private let settings: NameSettings

  init(_ settings: NameSettings) { self.settings = settings }

  mutating func append(_ piece: [UInt8]) {
    separate()
    appendSpelled(piece)
  }

  /// A prefix, as it is configured.
  mutating func append(_ prefix: String) {
    separate()
    bytes += prefix.utf8
  }

  /// The domain behind what stands there, if users see domains.
  mutating func appendDomain(_ domain: [UInt8]?) {
    guard settings.crossDomains else { return }
    if domain == nil, settings.defaultDomain.isEmpty { return }
    bytes.append(UInt8(ascii: "@"))
    appendSpelled(domain ?? utf8(settings.defaultDomain))
  }

  private mutating func separate() {
    if hasPieces { bytes.append(settings.separator) }
    hasPieces = true
  }

  private mutating func appendSpelled(_ piece: [UInt8]) {
    if settings.unixHierarchySeparator {
      bytes += piece
    } else {
      for byte in piece { bytes.append(byte == UInt8(ascii: ".") ? UInt8(ascii: "^") : byte) }
    }
  }
}

/// Whether a piece is the word INBOX, in any case.
private func isInbox(_ piece: [UInt8]) -> Bool {
  piece.count == 5 && zip(piece, "INBOX".utf8).allSatisfy { $0 == $1 || $0 == $1 | 0x20 }
}
