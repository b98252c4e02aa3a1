// An ACL as a record has it, seen in place.
//
//   text     identifier TAB rights TAB identifier TAB rights TAB …     the last TAB may be missing
//   dlist    %(identifier rights identifier rights …)
//
// Order and doubles are kept: replication compares ACLs byte by byte. Of two entries for the same identifier Cyrus
// changes the first one and grants the rights of both.
//
// Facts: Cyrus's lib/acl_afs.c and imap/mboxlist.c of releases 2.2.13 to 3.13.7.

import CCyrusShim
import CyrusDatabase

/// An entry of an ACL, seen in place.
public struct ACLEntryView: ~Escapable {
  // Of four words, as all three types here: so they are given back in registers. In memory, where they are written in
  // other pieces than they are read in, to wait for them took as long as to find the entry.

  /// From the identifier to the rights.
  private let bytes: RawSpan
  private let identifierCount: UInt32
  private let rightsStart: UInt32
  private let isIdentifierEscaped: Bool
  private let areRightsEscaped: Bool

  /// A user, a group as `group:x`, `anyone` or `anonymous`; with `-` before it, the rights are taken away.
  public var identifier: MailboxText {
    @_lifetime(copy self)
    get { MailboxText(bytes.extracting(0..<Int(identifierCount)), isEscaped: isIdentifierEscaped) }
  }

  /// The letters, as stored. Empty, too, for `NIL`.
  public var rights: MailboxText {
    @_lifetime(copy self)
    get { MailboxText(bytes.extracting(Int(rightsStart)..<bytes.byteCount), isEscaped: areRightsEscaped) }
  }

  /// Whether the entry takes rights away.
  public var isNegative: Bool {
    var bytes = identifier.bytes()
    return bytes.next() == UInt8(ascii: "-")
  }

  /// Strings that are stored as they are.
  ///
  /// - Precondition: The identifier comes first, and both lie within what was decoded, of less than 4 GiB.
  @_lifetime(copy bytes)
  @inline(__always)
  init(_ identifier: Range<Int>, _ rights: Range<Int>, in bytes: RawSpan) {
    self.bytes = bytes.extracting(identifier.lowerBound..<rights.upperBound)
    identifierCount = UInt32(truncatingIfNeeded: identifier.count)
    rightsStart = UInt32(truncatingIfNeeded: rights.lowerBound &- identifier.lowerBound)
    isIdentifierEscaped = false
    areRightsEscaped = false
  }

  @_lifetime(copy bytes)
  init(_ entry: ACLCursor.Ranges, in bytes: RawSpan) {
    let identifier = entry.identifier.contents
    let rights = entry.rights?.contents ?? identifier.upperBound..<identifier.upperBound
    self.bytes = bytes.extracting(identifier.lowerBound..<rights.upperBound)
    identifierCount = UInt32(truncatingIfNeeded: identifier.count)
    rightsStart = UInt32(truncatingIfNeeded: rights.lowerBound &- identifier.lowerBound)
    isIdentifierEscaped = entry.identifier.isEscaped
    areRightsEscaped = entry.rights?.isEscaped ?? false
  }
}

/// An ACL, seen in place. Valid as long as the bytes that were decoded.
public struct ACLView: ~Escapable {
  /// Where the entries are, in less than 4 GiB.
  struct Source {
    fileprivate enum Form: UInt8 { case text, atoms, pair, dlist }

    fileprivate let start: UInt32
    /// Where they end; of a pair where its identifier ends, of a dlist how many there are.
    fileprivate let endOrCount: UInt32
    fileprivate let form: Form

    @inline(__always)
    private init(_ form: Form, _ start: Int, _ endOrCount: Int) {
      self.form = form
      self.start = UInt32(truncatingIfNeeded: start)
      self.endOrCount = UInt32(truncatingIfNeeded: endOrCount)
    }

    /// A text value holds it here.
    @inline(__always)
    static func text(_ range: Range<Int>) -> Source { Source(.text, range.lowerBound, range.upperBound) }

    /// A dlist holds its entries here: atoms, each entry with rights, and one space between any two.
    @inline(__always)
    static func atoms(_ range: Range<Int>) -> Source { Source(.atoms, range.lowerBound, range.upperBound) }

    /// The bytes are one entry: an identifier, a space and rights, all as they are.
    @inline(__always)
    static func pair(identifierCount: Int) -> Source { Source(.pair, 0, identifierCount) }

    /// A dlist holds so many, the first one here.
    @inline(__always)
    static func dlist(at start: Int, count: Int) -> Source { Source(.dlist, start, count) }
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
  /// How far it has come; of a text or of atoms all that counts is the place.
  private var progress: DListScanner.Progress
  /// Where a text or atoms, or the identifier of a pair, end; of a dlist how many lists have not ended yet.
  private var endOrCount: UInt32
  private let form: ACLView.Source.Form
  /// Of a dlist: whether the cursor is within a list of entries, and whether the next value is one.
  private var isInList = false
  private var isNextACL = true

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ source: ACLView.Source, in bytes: RawSpan) {
    self.bytes = bytes
    form = source.form
    progress = DListScanner.Progress(beforeValueAt: Int(source.start))
    endOrCount = source.endOrCount
  }

  /// The next entry; nil at the end.
  ///
  /// - Returns: A view that is valid as long as the bytes that were decoded.
  @_lifetime(copy self)
  public mutating func next() -> ACLEntryView? {
    // What most ACLs are has no need of the registers that all others take.
    guard form == .pair else { return nextOther() }
    guard let (identifier, rights) = nextOfPair() else { return nil }
    return ACLEntryView(identifier, rights, in: bytes)
  }

  @_lifetime(copy self)
  @inline(never)
  private mutating func nextOther() -> ACLEntryView? {
    if form != .dlist {
      guard let (identifier, rights) = nextPair() else { return nil }
      return ACLEntryView(identifier, rights, in: bytes)
    }
    guard let ranges = nextRanges() else { return nil }
    return ACLEntryView(ranges, in: bytes)
  }

  /// Where the parts of the next entry are; nil at the end.
  mutating func nextRanges() -> Ranges? {
    if form != .dlist {
      guard let (identifier, rights) = nextPair() else { return nil }
      return Ranges(identifier: DListString(atom: identifier, in: bytes), rights: DListString(atom: rights, in: bytes))
    }
    var scanner = DListScanner(bytes, at: progress)
    defer { progress = scanner.progress }
    // The lists were found whole when the record was decoded, so there is no error to lose here.
    while endOrCount > 0, let token = try? scanner.advance() {
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
        endOrCount -= 1
      case .listEnd, .end: return nil
      case .string, .null, .looseSpace: break
      }
    }
    return nil
  }

  /// The next two strings of a text, of atoms or of a pair.
  @inline(__always)
  private mutating func nextPair() -> (identifier: Range<Int>, rights: Range<Int>)? {
    let (start, end) = (Int(progress.offset), Int(endOrCount))
    if form == .pair { return nextOfPair() }
    if start >= end { return nil }
    let separator = form == .text ? 0x09 : UInt8(ascii: " ")
    // Mostly both end among the next 64 bytes.
    var marks: UInt64 = 0
    if bytes.byteCount >= 16 {
      marks = LongText(bytes).marks(at: start) { ccs_bits_of($0, separator) } | 1 << UInt64(end &- start)
    }
    var identifierEnd = start &+ marks.trailingZeroBitCount
    marks &= marks &- 1
    var rightsEnd = start &+ marks.trailingZeroBitCount
    if marks == 0 || rightsEnd > end {
      identifierEnd = bytes.first(separator, in: start..<end)
      // An identifier without rights, at the end: reported as `acl.odd`, and not an entry.
      guard identifierEnd < end else { return nil }
      rightsEnd = bytes.first(separator, in: identifierEnd + 1..<end)
    }
    progress = DListScanner.Progress(beforeValueAt: min(rightsEnd &+ 1, end))
    return (start..<identifierEnd, identifierEnd + 1..<rightsEnd)
  }

  /// Both strings of a pair, once.
  @inline(__always)
  private mutating func nextOfPair() -> (identifier: Range<Int>, rights: Range<Int>)? {
    if progress.offset > 0 { return nil }
    progress = DListScanner.Progress(beforeValueAt: 1)
    let end = Int(endOrCount)
    return (0..<end, end &+ 1..<bytes.byteCount)
  }

  /// What ``next()`` left over of a text: an identifier without rights, or nothing.
  var remainder: Range<Int> { Int(progress.offset)..<Int(endOrCount) }
}

extension DListString {
  /// A string that is stored as it is.
  init(atom range: Range<Int>, in bytes: RawSpan) {
    self.init(.atom, hasControlBytes: bytes.hasControlBytes(in: range), range)
  }
}
