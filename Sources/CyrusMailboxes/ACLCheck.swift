// What is odd about the entries of an ACL.

import CyrusDatabase

/// Looks at the entries of one ACL as they are met.
struct ACLCheck {
  /// From how many entries on doubles are found with a table, which is allocated. Below, the entries are gone through
  /// again when a filter says that there may be one: that is at most so often, and mostly never.
  private static let tableCount = 64

  private var source: ACLView.Source
  private var count = 0
  /// A bit for each identifier met, chosen by its bytes.
  private var filter: UInt64 = 0
  private var table: Set<[UInt8]>?

  init(_ source: ACLView.Source) { self.source = source }

  /// Goes on with the entries of one more list, which `source` has as well.
  ///
  /// From here on doubles are found with a table, whatever their number: it is made once, from the lists before.
  mutating func goOn(with source: ACLView.Source) {
    self.source = source
    if table == nil {
      count = max(count, Self.tableCount)
      filter = .max
    }
  }

  /// Notes what is odd about an entry, which must be the next one of the ACL.
  @inline(__always)
  mutating func note(_ entry: ACLCursor.Ranges, _ bytes: RawSpan, _ tally: inout IssueTally) {
    let identifier = entry.identifier
    if identifier.contents.isEmpty { tally.warn(.aclEmptyIdentifier, identifier.contents) }
    if identifier.hasControlBytes { Self.noteControlBytes(identifier, bytes, &tally) }
    if let rights = entry.rights {
      if rights.contents.isEmpty { tally.warn(.aclEmptyRights, rights.contents) }
      if rights.hasControlBytes {
        Self.noteControlBytes(rights, bytes, &tally)
      } else if !Self.areKnown(rights, bytes) {
        tally.warn(.aclUnknownRight, rights.contents)
      }
    }
    let bit = Self.bit(of: identifier, bytes)
    if filter & bit != 0, isDouble(identifier, bytes) { tally.warn(.aclDuplicate, identifier.contents) }
    filter |= bit
    count += 1
    // Strings that are stored in other ways can be the same.
    if identifier.isEscaped { filter = .max }
  }

  /// Whether all letters are those of rights; all are if a backslash hides one.
  @inline(__always)
  private static func areKnown(_ rights: DListString, _ bytes: RawSpan) -> Bool {
    if rights.isEscaped { return ACLRights(MailboxText(rights, in: bytes)).isSubset(of: .known) }
    // A bit for each of `0` to `9`, and for each letter from `a` on.
    let (digits, letters): (UInt64, UInt64) = (0x03FF_0000_0000_0000, 0x019D_5A3A)
    var known: UInt64 = 1
    for place in rights.contents {
      let byte = bytes.byte(at: place)
      known &= (byte < 64 ? digits >> UInt64(byte) : 96..<128 ~= byte ? letters >> UInt64(byte & 31) : 0)
    }
    return known == 1
  }

  /// TABs part the entries of the text form. CR and LF are what literals are for; other control bytes are odd.
  private static func noteControlBytes(_ string: DListString, _ bytes: RawSpan, _ tally: inout IssueTally) {
    var hasTab = false
    var hasOther = false
    for place in string.contents {
      switch bytes.byte(at: place) {
      case 0x09: hasTab = true
      case 0x0A, 0x0D: break
      case 0..<0x20: hasOther = true
      default: break
      }
    }
    if hasTab { tally.warn(.aclTabInIdentifier, string.contents) }
    if hasOther { tally.warn(.aclControlByte, string.contents) }
  }

  @inline(__always)
  private static func bit(of identifier: DListString, _ bytes: RawSpan) -> UInt64 {
    if identifier.isEscaped { return .max }
    let (start, count) = (identifier.contents.lowerBound, identifier.contents.count)
    var hash = UInt64(truncatingIfNeeded: count)
    if count >= 8 {
      hash ^= bytes.bigEndian(UInt64.self, at: start) &* 31
      hash ^= bytes.bigEndian(UInt64.self, at: start + count - 8)
    } else {
      for place in identifier.contents { hash = hash << 8 | UInt64(bytes.byte(at: place)) }
    }
    return 1 << ((hash &* 0x9E37_79B9_7F4A_7C15) >> 58)
  }

  @inline(never)
  private mutating func isDouble(_ identifier: DListString, _ bytes: RawSpan) -> Bool {
    let text = MailboxText(identifier, in: bytes)
    if count < Self.tableCount {
      var entries = ACLCursor(source, in: bytes)
      while let entry = entries.nextRanges(), entry.identifier.contents.lowerBound < identifier.contents.lowerBound {
        if MailboxText(entry.identifier, in: bytes).equals(text) { return true }
      }
      return false
    }
    if table == nil {
      var identifiers: Set<[UInt8]> = []
      var entries = ACLCursor(source, in: bytes)
      while let entry = entries.nextRanges(), entry.identifier.contents.lowerBound < identifier.contents.lowerBound {
        identifiers.insert(MailboxText(entry.identifier, in: bytes).copy())
      }
      table = identifiers
      // From here on every entry is put into the table.
      filter = .max
    }
    return table?.insert(text.copy()).inserted == false
  }
}
