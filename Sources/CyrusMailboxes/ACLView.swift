// An ACL as a record has it, seen in place.
//
//   text     identifier TAB rights TAB identifier TAB rights TAB …     the last TAB may be missing
//   dlist    %(identifier rights identifier rights …)
//
// Order and doubles are kept: replication compares ACLs byte by byte. Of two entries for the same identifier Cyrus
// changes the first one and grants the rights of both.
//
// Facts: Cyrus's lib/acl_afs.c and imap/mboxlist.c of releases 2.2.13 to 3.13.7.

import CyrusDatabase

/// An entry of an ACL, seen in place.
public struct ACLEntryView: ~Escapable {
  /// A user, a group as `group:x`, `anyone` or `anonymous`; with `-` before it, the rights are taken away.
  public let identifier: MailboxText
  /// The letters, as stored. Empty, too, for `NIL`.
  public let rights: MailboxText

  /// Whether the entry takes rights away.
  public var isNegative: Bool {
    var bytes = identifier.bytes()
    return bytes.next() == UInt8(ascii: "-")
  }

  /// Strings that are stored as they are.
  @_lifetime(copy bytes)
  @inline(__always)
  init(_ identifier: Range<Int>, _ rights: Range<Int>, in bytes: RawSpan) {
    self.identifier = MailboxText(bytes.extracting(identifier))
    self.rights = MailboxText(bytes.extracting(rights))
  }

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ entry: ACLCursor.Ranges, in bytes: RawSpan) {
    identifier = MailboxText(entry.identifier, in: bytes)
    if let letters = entry.rights {
      rights = MailboxText(letters, in: bytes)
    } else {
      rights = MailboxText(bytes.extracting(0..<0))
    }
  }
}

/// An ACL, seen in place. Valid as long as the bytes that were decoded.
public struct ACLView: ~Escapable {
  enum Source {
    /// A text value holds it here.
    case text(Range<Int>)
    /// A dlist holds its entries here: atoms, each entry with rights, and one space between any two.
    case atoms(Range<Int>)
    /// A dlist holds so many, the first one here.
    case dlist(at: Int, count: Int)
  }

  private let bytes: RawSpan
  private let source: Source

  @_lifetime(copy bytes)
  init(_ source: Source, in bytes: RawSpan) {
    self.source = source
    self.bytes = bytes
  }

  /// The entries, in the order of the record.
  ///
  /// - Complexity: O(1) to start, O(length) an entry; nothing is allocated.
  @_lifetime(copy self)
  public func entries() -> ACLCursor { ACLCursor(source, in: bytes) }

  /// How many entries there are. O(length).
  public var count: Int {
    var count = 0
    var entries = self.entries()
    while entries.next() != nil { count += 1 }
    return count
  }

  /// The rights of the entries for exactly this identifier; nil if there is none.
  ///
  /// Groups and negative entries are other identifiers, and are not looked at.
  ///
  /// - Complexity: O(length); nothing is allocated.
  public func rights(of identifier: String) -> ACLRights? {
    var rights: ACLRights?
    var entries = self.entries()
    while let entry = entries.next() {
      if entry.identifier.equals(identifier) { rights = (rights ?? []).union(ACLRights(entry.rights)) }
    }
    return rights
  }

  /// Whether both have the same entries with the same letters in the same order: what replication compares.
  ///
  /// - Complexity: O(length); nothing is allocated.
  public func isIdentical(to other: ACLView) -> Bool {
    var left = entries()
    var right = other.entries()
    while let entry = left.next() {
      guard let match = right.next(), entry.identifier.equals(match.identifier), entry.rights.equals(match.rights)
      else { return false }
    }
    return right.next() == nil
  }

  /// Appends the ACL in Cyrus's text form, each identifier and its rights followed by TAB: the exact string that
  /// replication compares. TABs within identifiers make it ambiguous; they are reported as `acl.tabInIdentifier`.
  public func appendText(to output: inout [UInt8]) {
    var entries = self.entries()
    while let entry = entries.next() {
      entry.identifier.append(to: &output)
      output.append(0x09)
      entry.rights.append(to: &output)
      output.append(0x09)
    }
  }
}

/// Goes through the entries of an ACL.
///
/// ```swift
/// var entries = acl.entries()
/// while let entry = entries.next() { … }
/// ```
public struct ACLCursor: ~Escapable {
  /// Where an entry's parts are.
  struct Ranges {
    let identifier: DListString
    /// nil for `NIL`.
    let rights: DListString?
  }

  private let bytes: RawSpan
  /// What parts identifiers and rights of a text or of atoms; nil for any other dlist.
  private let separator: UInt8?
  /// Of a text or of atoms: what is left of it.
  private var rest: Range<Int>
  /// Of a dlist: how many lists have not ended yet, whether the cursor is within one, and whether the next value is one.
  private var listCount: Int
  private var isInList = false
  private var isNextACL = true
  private var progress: DListScanner.Progress

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ source: ACLView.Source, in bytes: RawSpan) {
    self.bytes = bytes
    switch source {
    case .text(let range), .atoms(let range):
      separator = if case .text = source { 0x09 } else { UInt8(ascii: " ") }
      rest = range
      listCount = 0
      progress = DListScanner.Progress(beforeValueAt: 0)
    case .dlist(let offset, let count):
      separator = nil
      rest = 0..<0
      listCount = count
      progress = DListScanner.Progress(beforeValueAt: offset)
    }
  }

  /// The next entry; nil at the end.
  ///
  /// - Returns: A view that is valid as long as the bytes that were decoded.
  @_lifetime(copy self)
  public mutating func next() -> ACLEntryView? {
    if let separator {
      guard let (identifier, rights) = nextPair(separator) else { return nil }
      return ACLEntryView(identifier, rights, in: bytes)
    }
    guard let ranges = nextRanges() else { return nil }
    return ACLEntryView(ranges, in: bytes)
  }

  /// Where the parts of the next entry are; nil at the end.
  mutating func nextRanges() -> Ranges? {
    if let separator {
      guard let (identifier, rights) = nextPair(separator) else { return nil }
      return Ranges(identifier: DListString(atom: identifier, in: bytes), rights: DListString(atom: rights, in: bytes))
    }
    var scanner = DListScanner(bytes, at: progress)
    defer { progress = scanner.progress }
    // The lists were found whole when the record was decoded, so there is no error to lose here.
    while listCount > 0, let token = try? scanner.advance() {
      switch token {
      case .key where isInList:
        let identifier = scanner.string
        guard let value = try? scanner.advance() else { return nil }
        switch value {
        case .string: return Ranges(identifier: identifier, rights: scanner.string)
        case .null: return Ranges(identifier: identifier, rights: nil)
        default:
          // A list where rights should be: reported as `acl.nested`, and not an entry.
          guard (try? scanner.skipList()) != nil else { return nil }
        }
      case .key:
        let key = scanner.string.contents
        isNextACL = key.count == 1 && bytes.byte(at: key.lowerBound) == UInt8(ascii: "A")
      case .kvlistStart where isNextACL && !isInList:
        isInList = true
      case .kvlistStart, .listStart:
        guard (try? scanner.skipList()) != nil else { return nil }
      case .listEnd where isInList:
        isInList = false
        listCount -= 1
      case .listEnd, .end: return nil
      case .string, .null, .looseSpace: break
      }
    }
    return nil
  }

  /// The next two strings of a text or of atoms.
  @inline(__always)
  private mutating func nextPair(_ separator: UInt8) -> (identifier: Range<Int>, rights: Range<Int>)? {
    if rest.isEmpty { return nil }
    let identifierEnd = bytes.first(separator, in: rest)
    // An identifier without rights, at the end: reported as `acl.odd`, and not an entry.
    guard identifierEnd < rest.upperBound else { return nil }
    let rightsEnd = bytes.first(separator, in: identifierEnd + 1..<rest.upperBound)
    let identifier = rest.lowerBound..<identifierEnd
    rest = min(rightsEnd + 1, rest.upperBound)..<rest.upperBound
    return (identifier, identifierEnd + 1..<rightsEnd)
  }

  /// What ``nextPair(_:)`` left over: an identifier without rights, or nothing.
  var remainder: Range<Int> { rest }
}

extension DListString {
  /// A string that is stored as it is.
  init(atom range: Range<Int>, in bytes: RawSpan) {
    self.init(.atom, hasControlBytes: bytes.hasControlBytes(in: range), range)
  }
}
