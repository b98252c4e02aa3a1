// A mailbox name seen in place: which domain, user and folder a key means, without a copy of it.
//
// Surprises: components of an internal name are given as they are spelled there, with `^` for a dot. An owner is two
// places in the bytes, user and domain, so it can be compared in place, but not be given as one span.
//
// Facts: Docs/Formats/names.md, sections 1 to 3 and 7.

import CyrusDatabase

/// A mailbox name, seen in place. Borrows the bytes it was made of; copy what you keep.
///
/// Every sequence of bytes is a name; what is wrong with it is said by ``issues(at:isInKey:)``.
public struct MailboxNameView: ~Escapable {
  /// The name as it is stored.
  public let bytes: RawSpan
  /// How it is spelled.
  public let form: NameForm

  let layout: MailboxNameLayout

  /// Takes a name apart.
  ///
  /// - Parameters:
  ///   - bytes: The name alone, without the letter that keys start with.
  ///   - form: How it is spelled.
  ///   - deletedPrefix: What names of deleted mailboxes start with: the option `deletedprefix`.
  ///   - defaultDomain: The option `defaultdomain`: a name with it is the name without a domain. Empty for none.
  /// - Complexity: One pass over the bytes, without allocation.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, form: NameForm, deletedPrefix: String = "DELETED", defaultDomain: String = "") {
    self.bytes = bytes
    self.form = form
    layout = MailboxNameLayout(of: bytes, form: form, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }

  /// The same, for a loop over many: what is taken apart needs not be in memory before it is used.
  @_lifetime(copy bytes)
  @inline(always)
  init(inlining bytes: RawSpan, form: NameForm, deletedPrefix: String, defaultDomain: String) {
    self.bytes = bytes
    self.form = form
    layout = MailboxNameLayout(inlining: bytes, form: form, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ layout: MailboxNameLayout) {
    self.bytes = bytes
    form = .database
    self.layout = layout
  }

  /// The virtual domain; nil if the name has none, or the default one.
  public var domain: RawSpan? {
    @_lifetime(copy self)
    get { span(of: layout.domain) }
  }

  /// The user whose mailbox it is or was, without domain and as spelled in ``form``; nil for a shared mailbox.
  public var localpart: RawSpan? {
    @_lifetime(copy self)
    get { span(of: layout.localpart) }
  }

  /// When the mailbox was deleted, in seconds since 1970; nil if it was not.
  ///
  /// Only of a name that ends in a piece of 1 to 16 hexadecimal digits: Cyrus takes any other ending for time 0 and the
  /// name for that of the mailbox before it was deleted.
  public var deletedAt: UInt64? { layout.deletedAt }

  /// Whether it is the name of a mailbox that was deleted and is kept for a while.
  public var isDeleted: Bool { layout.deletedAt != nil }

  /// Whether it is the INBOX of a user, and not a deleted one.
  public var isINBOX: Bool { layout.localpart != nil && layout.depth == 0 && !isDeleted }

  /// Whether it is or was a mailbox of a user.
  public var isOwned: Bool { layout.localpart != nil }

  /// How many components there are behind the user, or in all for a shared mailbox.
  public var depth: Int { layout.depth }

  /// The components, one after the other. They are spelled as in ``form``, and are empty where separators meet.
  @_lifetime(copy self)
  public func components() -> MailboxNameComponents {
    MailboxNameComponents(bytes, in: layout.components, count: layout.depth, separator: form.separator)
  }

  /// The user whose mailbox it is or was, with the domain if there is one, to keep; nil for a shared mailbox.
  public func copyOfOwner() -> [UInt8]? {
    guard let localpart else { return nil }
    var owner = copy(of: localpart)
    if let domain {
      owner.append(UInt8(ascii: "@"))
      owner.append(contentsOf: Array(domain))
    }
    return owner
  }

  /// Whether it is or was a mailbox of this user.
  ///
  /// - Parameter user: With real dots, and the domain behind an `@` if there is one; case counts.
  /// - Complexity: O(size of the user), without allocation.
  public func belongs(to user: RawSpan) -> Bool {
    guard let localpart, user.byteCount >= localpart.byteCount else { return false }
    var index = 0
    while index < localpart.byteCount {
      if form.databaseByte(for: localpart.byte(at: index)) != user.byte(at: index) { return false }
      index += 1
    }
    guard let domain else { return index == user.byteCount }
    return index < user.byteCount && user.byte(at: index) == UInt8(ascii: "@")
      && user.extracting(droppingFirst: index + 1).holdsSameBytes(as: domain)
  }

  /// Whether both names belong to the same user; false if one is shared.
  ///
  /// - Complexity: O(size of the owner), without allocation.
  public func hasSameOwner(as other: borrowing MailboxNameView) -> Bool {
    guard let left = localpart, let right = other.localpart, left.byteCount == right.byteCount else { return false }
    if let left = domain {
      guard let right = other.domain, left.holdsSameBytes(as: right) else { return false }
    } else if other.domain != nil {
      return false
    }
    if form == other.form { return left.holdsSameBytes(as: right) }
    var index = 0
    while index < left.byteCount {
      if form.databaseByte(for: left.byte(at: index)) != other.form.databaseByte(for: right.byte(at: index)) {
        return false
      }
      index += 1
    }
    return true
  }

  /// Compares two names, whatever their form, as the bytes of their database names: below 0, 0 or above 0.
  ///
  /// In this order a mailbox is followed by all below it. A default domain does not count.
  ///
  /// - Complexity: Eight bytes at a time for two database names, otherwise one; without allocation.
  public func compare(with other: borrowing MailboxNameView) -> Int {
    let (count, otherCount) = (canonicalByteCount, other.canonicalByteCount)
    if form == .database, other.form == .database {
      return bytes.slice(at: layout.canonicalStart, count: count)
        .compare(with: other.bytes.slice(at: other.layout.canonicalStart, count: otherCount))
    }
    let common = min(count, otherCount)
    var index = 0
    while index < common {
      let (left, right) = (databaseByte(at: index), other.databaseByte(at: index))
      if left != right { return left < right ? -1 : 1 }
      index += 1
    }
    return count - otherCount
  }

  /// How many bytes the name has in either form, without a default domain.
  var canonicalByteCount: Int { bytes.byteCount - layout.canonicalStart }

  /// A byte of the database name without a default domain.
  @inline(__always)
  func databaseByte(at index: Int) -> UInt8 {
    let index = index + layout.canonicalStart
    let byte = bytes.byte(at: index)
    if index >= layout.restStart { return form.databaseByte(for: byte) }
    return index == layout.restStart - 1 ? NameForm.groupSeparator : byte
  }

  /// A piece with dots that are dots.
  func copy(of piece: RawSpan) -> [UInt8] {
    [UInt8](capacity: piece.byteCount) { output in
      var index = 0
      while index < piece.byteCount {
        output.append(form.databaseByte(for: piece.byte(at: index)))
        index += 1
      }
    }
  }

  @_lifetime(copy self)
  private func span(of range: Range<Int>?) -> RawSpan? {
    guard let range else { return nil }
    return bytes.extracting(range)
  }
}

/// The components of a mailbox name, from the top down.
///
/// ```swift
/// var components = name.components()
/// while let component = components.next() { … }
/// ```
public struct MailboxNameComponents: ~Escapable {
  private let bytes: RawSpan
  private var place: Int
  private let end: Int
  private var remaining: Int
  private let separator: UInt8

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, in range: Range<Int>, count: Int, separator: UInt8) {
    self.bytes = bytes
    self.separator = separator
    place = range.lowerBound
    end = range.upperBound
    remaining = count
  }

  /// The next component; nil at the end.
  ///
  /// - Returns: A view that is valid as long as the bytes of the name.
  /// - Complexity: O(size of the component), without allocation.
  @_lifetime(copy self)
  public mutating func next() -> RawSpan? {
    guard let range = nextRange() else { return nil }
    return bytes.extracting(range)
  }

  /// Where the next component lies; nil at the end.
  mutating func nextRange() -> Range<Int>? {
    guard remaining > 0 else { return nil }
    remaining -= 1
    return nextPiece()
  }

  /// Where the next piece lies, counting only separators; nil behind the last.
  mutating func nextPiece() -> Range<Int>? {
    guard place <= end else { return nil }
    let start = place
    while place < end {
      let byte = bytes.byte(at: place)
      if byte == separator || byte == NameForm.unitSeparator { break }
      place += 1
    }
    let range = start..<place
    place += 1
    return range
  }
}
