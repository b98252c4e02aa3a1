// A mailbox name to keep.
//
// Kept as its database name, which is what names are sorted and compared by. Two names are the same if these bytes are:
// a time of deletion that is spelled with other digits makes another name, as it makes another record.
//
// Facts: Docs/Formats/names.md, sections 1 to 3 and 7.

import CyrusDatabase

/// The name of a mailbox, to keep.
///
/// Every sequence of bytes is a name; what is wrong with it is said by ``issues(at:isInKey:)``. Sorts as the keys of
/// `mailboxes.db` do from 3.6 on.
public struct MailboxName: Sendable {
  /// The database name, without a default domain: bytes, not necessarily UTF-8.
  public let databaseName: [UInt8]

  private let layout: MailboxNameLayout

  /// The name that is seen in place, to keep.
  ///
  /// - Complexity: O(size of the name); one allocation.
  public init(_ view: borrowing MailboxNameView) {
    let count = view.canonicalByteCount
    databaseName = [UInt8](capacity: count) { output in
      var index = 0
      while index < count {
        output.append(view.databaseByte(at: index))
        index += 1
      }
    }
    layout = view.layout.canonical
  }

  /// The name with these database name bytes.
  ///
  /// - Parameters:
  ///   - databaseName: Need not be UTF-8.
  ///   - deletedPrefix: What names of deleted mailboxes start with.
  ///   - defaultDomain: A name with this domain is the name without one. Empty for none.
  public init(databaseName: RawSpan, deletedPrefix: String = "DELETED", defaultDomain: String = "") {
    self.init(
      MailboxNameView(databaseName, form: .database, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain))
  }

  /// The name with these internal name bytes; parameters as in ``init(databaseName:deletedPrefix:defaultDomain:)``.
  public init(internalName: RawSpan, deletedPrefix: String = "DELETED", defaultDomain: String = "") {
    self.init(
      MailboxNameView(internalName, form: .internal, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain))
  }

  /// The name with this internal name, given as text.
  public init(internalName: String, deletedPrefix: String = "DELETED", defaultDomain: String = "") {
    let bytes = utf8(internalName)
    self.init(internalName: bytes.rawSpan, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }

  /// The name that is made of these parts.
  ///
  /// - Parameters:
  ///   - domain: The virtual domain; nil for none.
  ///   - localpart: The user, without domain; nil for a shared mailbox.
  ///   - components: The folders, from the top down, with real dots.
  ///   - deletedAt: When the mailbox was deleted, in seconds since 1970.
  ///   - deletedPrefix: What names of deleted mailboxes start with.
  ///   - defaultDomain: The domain that means the same as none. Empty for none.
  /// - Returns: Nil if no name has exactly these parts: a separator would stand within a part, or a shared mailbox would
  ///   get the name of a user's or a deleted one.
  public init?(
    domain: [UInt8]? = nil, localpart: [UInt8]? = nil, components: [[UInt8]] = [], deletedAt: UInt64? = nil,
    deletedPrefix: String = "DELETED", defaultDomain: String = ""
  ) {
    var pieces: [[UInt8]] = []
    if deletedAt != nil { pieces.append(utf8(deletedPrefix)) }
    if let localpart { pieces += [utf8("user"), localpart] }
    pieces += components
    if let deletedAt { pieces.append(utf8(String(deletedAt, radix: 16, uppercase: true))) }
    self.init(domain: domain, pieces: pieces, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
    let isSameDomain = self.domain == domain || self.domain == nil && domain == utf8(defaultDomain)
    guard isSameDomain, self.localpart == localpart, self.components == components, self.deletedAt == deletedAt else {
      return nil
    }
  }

  /// The INBOX of a user.
  ///
  /// - Parameters:
  ///   - user: With the domain behind the last `@`, if there is one.
  ///   - defaultDomain: The domain that means the same as none. Empty for none.
  /// - Returns: Nil if the user is empty or has a separator in it.
  public init?(inboxOf user: [UInt8], defaultDomain: String = "") {
    let user = UserParts(user, defaultDomain: defaultDomain)
    guard let localpart = user.localpart else { return nil }
    self.init(domain: user.domain, localpart: localpart, defaultDomain: defaultDomain)
  }

  /// The name that has these pieces with separators between them, whatever they turn out to mean.
  init(domain: [UInt8]?, pieces: [[UInt8]], deletedPrefix: String, defaultDomain: String) {
    var bytes: [UInt8] = []
    if let domain { bytes = domain + [NameForm.groupSeparator] }
    bytes.append(contentsOf: pieces.joined(separator: [NameForm.unitSeparator]))
    self.init(databaseName: bytes.rawSpan, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }

  /// The name, seen in place.
  public var view: MailboxNameView {
    @_lifetime(borrow self)
    get { MailboxNameView(databaseName.rawSpan, layout) }
  }

  /// The internal name: with dots between the pieces, and `^` for a dot.
  ///
  /// Reads back as the same name, unless `^` stands in it, which becomes a dot, or `!` in a name without a domain, whose
  /// start becomes one.
  public var internalName: [UInt8] {
    var name = databaseName
    var index = layout.restStart
    if layout.hasDomain { name[index - 1] = UInt8(ascii: "!") }
    while index < name.count {
      name[index] = NameForm.internalByte(for: name[index])
      index += 1
    }
    return name
  }

  /// The virtual domain; nil if the name has none, or the default one.
  public var domain: [UInt8]? { layout.domain.map { Array(databaseName[$0]) } }

  /// The user whose mailbox it is or was, without domain; nil for a shared mailbox.
  public var localpart: [UInt8]? { layout.localpart.map { Array(databaseName[$0]) } }

  /// The user whose mailbox it is or was, with the domain if there is one; nil for a shared mailbox.
  public var owner: [UInt8]? { view.copyOfOwner() }

  /// The folders below the user, or all of a shared mailbox, from the top down. Modified UTF-7, with real dots.
  public var components: [[UInt8]] {
    var components: [[UInt8]] = []
    components.reserveCapacity(layout.depth)
    var cursor = view.components()
    while let component = cursor.next() { components.append(Array(component)) }
    return components
  }

  /// How many components there are.
  public var depth: Int { layout.depth }

  /// When the mailbox was deleted, in seconds since 1970; nil if it was not. See ``MailboxNameView/deletedAt``.
  public var deletedAt: UInt64? { layout.deletedAt }

  /// Whether it is the name of a mailbox that was deleted and is kept for a while.
  public var isDeleted: Bool { layout.deletedAt != nil }

  /// Whether it is the INBOX of a user, and not a deleted one.
  public var isINBOX: Bool { view.isINBOX }

  /// Everything behind the domain, piece by piece.
  var pieces: [[UInt8]] {
    if layout.restStart == databaseName.count { return [] }
    return databaseName[layout.restStart...].split(
      separator: NameForm.unitSeparator, omittingEmptySubsequences: false
    ).map(Array.init)
  }
}

extension MailboxName: Hashable, Comparable {
  /// Whether both have the same database name.
  public static func == (left: MailboxName, right: MailboxName) -> Bool { left.databaseName == right.databaseName }

  /// Whether the first comes before the second by the bytes of their database names: a mailbox is followed by all below
  /// it.
  public static func < (left: MailboxName, right: MailboxName) -> Bool {
    left.databaseName.rawSpan.compare(with: right.databaseName.rawSpan) < 0
  }

  /// Feeds the bytes of the database name to a hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(databaseName) }
}

extension MailboxName: CustomStringConvertible {
  /// The internal name, for people: what is not printable ASCII stands as `\x` and two hexadecimal digits.
  public var description: String {
    var text = ""
    for byte in internalName {
      if 0x20..<0x7F ~= byte, byte != UInt8(ascii: "\\") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += byte < 0x10 ? "\\x0" : "\\x"
        text += String(byte, radix: 16)
      }
    }
    return text
  }
}

/// A user, taken apart.
struct UserParts: Equatable {
  /// Nil if there is nobody.
  let localpart: [UInt8]?
  /// Nil if it is the default domain, or there is none.
  let domain: [UInt8]?

  init(_ user: [UInt8], defaultDomain: String) {
    let at = user.lastIndex(of: UInt8(ascii: "@"))
    let start = Array(user[..<(at ?? user.endIndex)])
    localpart = start.isEmpty ? nil : start
    domain = at.flatMap { at in
      let domain = Array(user[(at + 1)...])
      return !domain.isEmpty && domain.elementsEqual(defaultDomain.utf8) ? nil : domain
    }
  }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
