// What is wrong with a mailbox name.
//
// Cyrus keeps to its rules when it creates a mailbox, but restores, imports and replication go past them: names that
// break a rule are real, so each of these is only odd, never an error.
//
// Facts: Docs/Formats/names.md, sections 2, 5 and 6.

import CyrusDatabase

extension MailboxNameView {
  /// The longest name that can be created, in bytes of either form.
  public static let byteCountMax = 490
  /// The longest name that a deleted mailbox can have, in bytes of either form: room for the prefix and the time.
  public static let deletedByteCountMax = 510

  /// What is not as Cyrus would let it be; at most one issue of each code, the first in the name. Mostly none.
  ///
  /// | code | what it says |
  /// |---|---|
  /// | `name.empty` | nothing, or nothing behind the domain |
  /// | `name.emptyDomain` | the mark that ends a domain, and no domain |
  /// | `name.emptyComponent` | separators that meet, or stand at the start or end |
  /// | `name.reserved` | `user` alone, the users `anyone` and `anonymous`, users that start with `%`, names that start with `$` or `~` |
  /// | `name.caret` | `^` in a database name: in the internal name it cannot be told from a dot |
  /// | `name.notMutf7` | a byte above 0x7F |
  /// | `name.badMutf7` | `&` that starts nothing well-formed |
  /// | `name.controlByte` | a control character, as it is or encoded |
  /// | `name.badByte` | another character that is not allowed |
  /// | `name.tooLong` | more bytes than Cyrus takes |
  /// | `name.deletedSuffix` | starts as a deleted mailbox, but has no time at the end or nothing in between |
  ///
  /// - Parameters:
  ///   - offset: Where the name starts within the key or value; ranges are counted from the start of that.
  ///   - isInKey: Whether the name is part of a key; otherwise it is part of a value.
  /// - Complexity: O(size of the name); allocates only for issues.
  public func issues(at offset: Int = 0, isInKey: Bool = true) -> [DecodingIssue] {
    if isSurelySound { return [] }
    var tally = IssueTally(keeping: MailboxEntryView.listedIssuesMax)
    noteIssues(at: offset, isInKey: isInKey, &tally)
    return tally.kept
  }

  /// Whether there are no issues: false also for names that take a closer look. Nearly all names of users' mailboxes are
  /// sound and take none.
  @inline(__always)
  var isSurelySound: Bool {
    // Of plain names none starts with what is reserved, or is too long.
    guard layout.isPlain, !layout.hasShifts, !layout.isDeletedSuffixBad, layout.restStart != 1,
      let localpart = layout.localpart
    else {
      return false
    }
    // `anyone` and `anonymous` are.
    return layout.depth > 0 || localpart.count != 6 && localpart.count != 9
  }

  /// Notes what ``issues(at:isInKey:)`` gives.
  func noteIssues(at offset: Int, isInKey: Bool, _ tally: inout IssueTally) {
    var found = NameIssues(offset: offset, isInKey: isInKey)
    let restStart = layout.restStart
    let end = bytes.byteCount
    if layout.hasDomain {
      if restStart == 1 { found.note(.nameEmptyDomain, 0..<1, &tally) }
      if !layout.isPlain, !isPlainDomain { check(0..<restStart - 1, isDomain: true, &found, &tally) }
    }
    if restStart == end {
      found.note(.nameEmpty, 0..<end, &tally)
    } else if !layout.isPlain || layout.hasShifts {
      let plainness = layout.isPlain ? .shifted : plainness(of: restStart..<end)
      if plainness != .plain {
        var pieces = MailboxNameComponents(bytes, in: restStart..<end, count: .max, separator: form.separator)
        while let piece = pieces.nextPiece() {
          if plainness == .shifted {
            checkShifts(bytes.first(UInt8(ascii: "&"), in: piece)..<piece.upperBound, &found, &tally)
          } else {
            checkBorders(of: piece, &found, &tally)
            check(piece, isDomain: false, &found, &tally)
          }
        }
      }
    }
    if layout.isDeletedSuffixBad { found.note(.nameDeletedSuffix, lastPiece, &tally) }
    if let reserved = reservedRange { found.note(.nameReserved, reserved, &tally) }
    let most = isDeleted ? Self.deletedByteCountMax : Self.byteCountMax
    if canonicalByteCount > most { found.note(.nameTooLong, layout.canonicalStart + most..<end, &tally) }
  }

  /// What a name is like that has nothing odd, or nothing but what a look at its shifts can find.
  private enum Plainness {
    /// Nothing can be wrong.
    case plain
    /// It has `&`.
    case shifted
    /// It takes a closer look.
    case other
  }

  /// Looks for anything but letters and the like, in pieces of which none is empty: nearly all names are so.
  ///
  /// - Complexity: O(size of the name), sixteen bytes at a time.
  private func plainness(of range: Range<Int>) -> Plainness {
    guard bytes.byteCount >= 8 else { return .other }
    let text = LongText(bytes)
    let separator = form.separator
    var pieceStart = range.lowerBound
    var plainness = Plainness.plain
    for place in stride(from: range.lowerBound, to: range.upperBound, by: 16) {
      let marks = text.marksOfOtherThanIDBytes(at: place)
      for half in 0..<2 {
        var left = half == 0 ? marks[0] : marks[1]
        while left != 0 {
          let index = place &+ 8 &* half &+ left.trailingZeroBitCount >> 3
          left &= left &- 1
          guard index < range.upperBound else { break }
          let byte = bytes.byte(at: index)
          if byte == separator {
            if index == pieceStart { return .other }
            pieceStart = index &+ 1
          } else if byte == UInt8(ascii: "&") {
            plainness = .shifted
          } else if byte == UInt8(ascii: "^") && form == .database || !(0x20..<0x7F ~= byte && Self.isAllowed(byte)) {
            return .other
          }
        }
      }
    }
    return pieceStart < range.upperBound ? plainness : .other
  }

  /// Whether the domain has only letters, digits, hyphens and dots.
  private var isPlainDomain: Bool {
    guard bytes.byteCount >= 8 else { return false }
    let text = LongText(bytes)
    var place = 0
    while true {
      place = text.endOfIDBytes(from: place)
      guard place < layout.restStart - 1 else { return true }
      guard bytes.byte(at: place) == UInt8(ascii: ".") else { return false }
      place += 1
    }
  }

  private func checkBorders(of piece: Range<Int>, _ found: inout NameIssues, _ tally: inout IssueTally) {
    if piece.isEmpty {
      // The separator before it, or behind if it is the first.
      let place = piece.lowerBound > layout.restStart ? piece.lowerBound - 1 : piece.lowerBound
      found.note(.nameEmptyComponent, place..<place + 1, &tally)
    }
    if piece.upperBound < bytes.byteCount, bytes.byte(at: piece.upperBound) != form.separator {
      // US in an internal name, which no writer means as a separator.
      found.note(.nameControlByte, piece.upperBound..<piece.upperBound + 1, &tally)
    }
  }

  private func check(_ piece: Range<Int>, isDomain: Bool, _ found: inout NameIssues, _ tally: inout IssueTally) {
    var hasShift = false
    for index in piece {
      let byte = bytes.byte(at: index)
      if byte == UInt8(ascii: "&") { hasShift = true }
      guard let code = code(of: byte, isDomain: isDomain), !found.hasMet(code) else { continue }
      var end = index + 1
      while end < piece.upperBound, self.code(of: bytes.byte(at: end), isDomain: isDomain) == code { end += 1 }
      found.note(code, index..<end, &tally)
    }
    if hasShift, !isDomain { checkShifts(piece, &found, &tally) }
  }

  private func checkShifts(_ piece: Range<Int>, _ found: inout NameIssues, _ tally: inout IssueTally) {
    var scanner = ModifiedUTF7Scanner(bytes, in: piece)
    var start = piece.lowerBound
    while let step = scanner.next() {
      switch step {
      case .malformed(let range): found.note(.nameBadMutf7, range, &tally)
      case .scalar(let scalar) where scalar.value < 0x20 || scalar.value == 0x7F:
        found.note(.nameControlByte, start..<scanner.position, &tally)
      case .scalar, .foreign: break
      }
      start = scanner.position
    }
  }

  /// What is wrong with a byte wherever it stands in a piece; nil for nothing.
  private func code(of byte: UInt8, isDomain: Bool) -> IssueCode? {
    switch byte {
    case 0..<0x20, 0x7F: return .nameControlByte
    case 0x80...: return .nameNotMutf7
    case _ where isDomain:
      // Cyrus does not check domains. These bytes would make it into paths and listings.
      return byte == UInt8(ascii: "/") || byte == UInt8(ascii: "!") ? .nameBadByte : nil
    case UInt8(ascii: "^"): return form == .database ? .nameCaret : nil
    default: return Self.isAllowed(byte) ? nil : .nameBadByte
    }
  }

  /// Whether Cyrus writes this name as it is spelled here.
  ///
  /// What only looks deleted it takes for another name: without the prefix and what stands in place of the time. And it
  /// spells a time in capitals, within 32 bits and without zeros in front.
  var isSpelledByCyrus: Bool {
    guard let time = layout.deletedAt else { return !layout.isDeletedSuffixBad }
    guard time > 0, time <= UInt32.max else { return false }
    let piece = lastPiece
    for place in piece where 0x61...0x66 ~= bytes.byte(at: place) { return false }
    return bytes.byte(at: piece.lowerBound) != UInt8(ascii: "0")
  }

  private var lastPiece: Range<Int> {
    var start = bytes.byteCount
    while start > layout.restStart {
      let byte = bytes.byte(at: start - 1)
      if byte == form.separator || byte == NameForm.unitSeparator { break }
      start -= 1
    }
    // If it is empty, the separator before it.
    return min(start, bytes.byteCount - 1)..<bytes.byteCount
  }

  /// The bytes that make the name one that Cyrus keeps for itself.
  private var reservedRange: Range<Int>? {
    let restStart = layout.restStart
    guard restStart < bytes.byteCount else { return nil }
    // Of the whole name, even in front of a domain: keys that start so are no mailboxes.
    if bytes.byte(at: 0) == UInt8(ascii: "$") { return 0..<1 }
    if bytes.byte(at: restStart) == UInt8(ascii: "~") { return restStart..<restStart + 1 }
    if let localpart = layout.localpart {
      let isReserved = layout.depth == 0 && (isSpelled(localpart, "anyone") || isSpelled(localpart, "anonymous"))
      return isReserved || (!localpart.isEmpty && bytes.byte(at: localpart.lowerBound) == UInt8(ascii: "%"))
        ? localpart : nil
    }
    return layout.depth == 1 && isSpelled(layout.components, "user") ? layout.components : nil
  }

  private func isSpelled(_ range: Range<Int>, _ text: String) -> Bool {
    MailboxNameLayout.holds(text, in: range, of: bytes, form: form)
  }

  /// Whether this is a character that may stand anywhere in a database name, its domain included, without a closer look.
  static func isAlwaysAllowed(_ byte: UInt8) -> Bool {
    0x20..<0x7F ~= byte && byte != UInt8(ascii: "^") && byte != UInt8(ascii: "$") && byte != UInt8(ascii: "~")
      && isAllowed(byte)
  }

  /// The printable characters that Cyrus lets into names besides `&`; in an internal name `.` and `^` come up as well.
  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "\""), UInt8(ascii: "%"), UInt8(ascii: "/"), UInt8(ascii: ";"),
      UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "`"), UInt8(ascii: "{"),
      UInt8(ascii: "|"), UInt8(ascii: "}"):
      false
    default: true
    }
  }
}

extension MailboxName {
  /// What is not as Cyrus would let it be, with places in ``databaseName``. See ``MailboxNameView/issues(at:isInKey:)``.
  public func issues(at offset: Int = 0, isInKey: Bool = true) -> [DecodingIssue] {
    view.issues(at: offset, isInKey: isInKey)
  }
}

/// Notes the issues of one name, of each code the first.
private struct NameIssues {
  private let offset: Int
  private let isInKey: Bool
  /// Which of the codes were met that a name can have more than once.
  private var met: UInt8 = 0

  init(offset: Int, isInKey: Bool) {
    self.offset = offset
    self.isInKey = isInKey
  }

  func hasMet(_ code: IssueCode) -> Bool { met & Self.bit(of: code) != 0 }

  mutating func note(_ code: IssueCode, _ range: Range<Int>, _ tally: inout IssueTally) {
    if hasMet(code) { return }
    met |= Self.bit(of: code)
    tally.warn(code, range.lowerBound + offset..<range.upperBound + offset, isInKey: isInKey)
  }

  private static func bit(of code: IssueCode) -> UInt8 {
    switch code {
    case .nameEmptyComponent: 1
    case .nameCaret: 2
    case .nameNotMutf7: 4
    case .nameBadMutf7: 8
    case .nameControlByte: 16
    case .nameBadByte: 32
    default: 0
    }
  }
}
