// Where the parts of a mailbox name lie.
//
//   database   [ domain GS ] [ DELETED US ] [ "user" US localpart ] *( US component ) [ US hexadecimal time ]
//   internal   [ domain "!" ] the same pieces, "." for US, and "^" for a dot within a piece
//
// US (0x1F) stands only between pieces, GS (0x1D) only behind the domain; there is no escaping. An internal name means
// what the database name means that it is converted to: so US separates in it as well, and GS ends a domain.
//
// Facts: Docs/Formats/names.md, sections 1 to 3.

import CCyrusShim
import CyrusDatabase

/// How a mailbox name is spelled.
public enum NameForm: String, Sendable, Hashable, CaseIterable {
  /// With US between the pieces and real dots: keys and values of `mailboxes.db` from 3.6 on.
  case database
  /// With dots between the pieces, and `^` for a dot: keys up to 3.4, quota roots, sync logs, what programs print.
  case `internal`
}

extension NameForm {
  static let unitSeparator: UInt8 = 0x1F
  static let groupSeparator: UInt8 = 0x1D

  /// What stands between pieces in this form.
  var separator: UInt8 { self == .database ? Self.unitSeparator : UInt8(ascii: ".") }

  /// What ends the domain in this form.
  var domainMark: UInt8 { self == .database ? Self.groupSeparator : UInt8(ascii: "!") }

  /// The byte of the database name for one that stands behind the domain.
  @inline(__always)
  func databaseByte(for byte: UInt8) -> UInt8 {
    guard self == .internal else { return byte }
    switch byte {
    case UInt8(ascii: "."): return Self.unitSeparator
    case UInt8(ascii: "^"): return UInt8(ascii: ".")
    default: return byte
    }
  }

  /// The byte of the internal name for one of the database name that stands behind the domain.
  static func internalByte(for byte: UInt8) -> UInt8 {
    switch byte {
    case unitSeparator: UInt8(ascii: ".")
    case UInt8(ascii: "."): UInt8(ascii: "^")
    default: byte
    }
  }
}

/// The places of the parts within the bytes of a name.
struct MailboxNameLayout: Sendable {
  /// Whether a domain stands in front, even an empty one or the default one.
  private(set) var hasDomain = false
  /// Whether that is the default domain, which means the same as none.
  private(set) var isDomainDefault = false
  /// The first byte behind the domain and its mark.
  private(set) var restStart = 0
  /// How many bytes there are.
  private(set) var end: Int
  /// The user; nil for a shared mailbox.
  private(set) var localpart: Range<Int>?
  /// All components with the separators between them.
  private(set) var components: Range<Int>
  /// How many components there are.
  private(set) var depth: Int
  /// When the mailbox was deleted, in seconds since 1970.
  private(set) var deletedAt: UInt64?
  /// Whether domain and pieces have nothing in them that could be wrong, unless ``hasShifts``, and no piece is empty. If
  /// not, they may be so.
  private(set) var isPlain = false
  /// Of a plain name: whether it has `&`.
  private(set) var hasShifts = false
  /// Whether it starts like a deleted mailbox but does not end in a time, or has nothing between them.
  private(set) var isDeletedSuffixBad = false

  /// Finds the parts in one pass, without allocation. Every input has them.
  init(of bytes: RawSpan, form: NameForm, deletedPrefix: String, defaultDomain: String) {
    self.init(inlining: bytes, form: form, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }

  /// - Parameter isCareful: Whether to look at the bytes in the way for any name, against which tests hold the other.
  @inline(always)
  init(
    inlining bytes: RawSpan, form: NameForm, deletedPrefix: String, defaultDomain: String, isCareful: Bool = false
  ) {
    let marks = isCareful ? NameMarks(inOther: bytes, form) : NameMarks(in: bytes, form)
    end = bytes.byteCount
    hasDomain = marks.hasDomain
    restStart = marks.restStart
    isPlain = marks.isPlain
    hasShifts = marks.hasShifts
    // Without the domain a second mark would make another one.
    if hasDomain, !marks.isMarkedTwice {
      isDomainDefault = Self.holds(defaultDomain, in: 0..<restStart - 1, of: bytes, form: .database)
    }
    var (first, second) = (marks.first, marks.second)
    var body = restStart..<end
    var separatorCount = marks.separatorCount
    if separatorCount >= 1, Self.holds(deletedPrefix, in: restStart..<first, of: bytes, form: form) {
      if separatorCount >= 2, let time = Self.hexadecimal(in: marks.last + 1..<end, of: bytes) {
        deletedAt = time
        body = first + 1..<marks.last
        separatorCount -= 2
        (first, second) = (second, marks.third)
      } else {
        isDeletedSuffixBad = true
      }
    }
    if separatorCount >= 1, Self.isUser(body.lowerBound..<first, of: bytes) {
      depth = separatorCount - 1
      let localpartEnd = depth > 0 ? second : body.upperBound
      localpart = first + 1..<localpartEnd
      components = min(localpartEnd + 1, body.upperBound)..<body.upperBound
    } else {
      depth = restStart == end ? 0 : separatorCount + 1
      components = body
    }
  }

  /// Says of the name what the other says that was taken apart in another way. For tests.
  mutating func takePlainness(of other: MailboxNameLayout) {
    isPlain = other.isPlain
    hasShifts = other.hasShifts
  }

  /// The bytes of the domain, without its mark; nil if there is none, or only the default one.
  var domain: Range<Int>? { hasDomain && !isDomainDefault ? 0..<restStart - 1 : nil }

  /// The first byte that counts: behind the default domain, if that is in front.
  var canonicalStart: Int { isDomainDefault ? restStart : 0 }

  /// The layout of the same name without a default domain in front.
  var canonical: MailboxNameLayout {
    guard isDomainDefault else { return self }
    let shift = restStart
    func moved(_ range: Range<Int>) -> Range<Int> { range.lowerBound - shift..<range.upperBound - shift }
    var layout = self
    layout.hasDomain = false
    layout.isDomainDefault = false
    layout.restStart = 0
    layout.end -= shift
    layout.localpart = localpart.map(moved)
    layout.components = moved(components)
    return layout
  }

  /// Whether a piece is the word that stands in front of users, which is spelled alike in both forms.
  private static func isUser(_ range: Range<Int>, of bytes: RawSpan) -> Bool {
    range.count == 4 && bytes.bigEndian(UInt32.self, at: range.lowerBound) == 0x7573_6572
  }

  /// Whether the bytes of a piece are those of `text`. Nothing is an empty text.
  @inline(__always)
  static func holds(_ text: String, in range: Range<Int>, of bytes: RawSpan, form: NameForm) -> Bool {
    text.utf8.count == range.count && holdsAsLong(text.utf8, in: range, of: bytes, form)
  }

  @inline(never)
  private static func holdsAsLong(
    _ text: String.UTF8View, in range: Range<Int>, of bytes: RawSpan, _ form: NameForm
  ) -> Bool {
    guard !text.isEmpty else { return false }
    var index = range.lowerBound
    for byte in text {
      if form.databaseByte(for: bytes.byte(at: index)) != byte { return false }
      index += 1
    }
    return true
  }

  /// The number of 1 to 16 hexadecimal digits; nil for anything else.
  @inline(never)
  private static func hexadecimal(in range: Range<Int>, of bytes: RawSpan) -> UInt64? {
    guard 1...16 ~= range.count else { return nil }
    var number: UInt64 = 0
    for index in range {
      let byte = bytes.byte(at: index)
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      number = number << 4 | UInt64(digit)
    }
    return number
  }
}

/// The places between the pieces of a name: those of the first three separators and of the last.
private struct NameMarks {
  private(set) var separatorCount = 0
  /// Of those that are not there what is told means nothing.
  private(set) var (first, second, third, last) = (0, 0, 0, 0)
  private(set) var hasDomain = false
  private(set) var restStart = 0
  private(set) var isMarkedTwice = false

  /// Whether nothing can be wrong with what stands between the marks, unless ``hasShifts``. If not, nothing needs to be.
  private(set) var isPlain = false
  private(set) var hasShifts = false

  @inline(always)
  init(in bytes: RawSpan, _ form: NameForm) {
    if form == .database, 16...64 ~= bytes.byteCount {
      self.init(inShort: LongText(bytes), UInt64.self)
    } else if form == .database, 65...128 ~= bytes.byteCount {
      self.init(inLong: LongText(bytes))
    } else {
      self.init(inOther: bytes, form)
    }
  }

  @inline(never)
  private init(inLong text: LongText) { self.init(inShort: text, UInt128.self) }

  /// Looks at all bytes of a database name together; closer at those that are not plain.
  ///
  /// - Parameter bits: With a bit for each byte.
  @inline(always)
  private init<Bits: FixedWidthInteger & UnsignedInteger>(inShort text: LongText, _ bits: Bits.Type) {
    var separators: Bits = 0
    var others: Bits = 0
    text.forEachSixteen(max: Bits.bitWidth) { bytes, place in
      separators |= Bits(truncatingIfNeeded: ccs_bits_of(bytes, NameForm.unitSeparator)) &<< Bits(place)
      others |= Bits(truncatingIfNeeded: ccs_bits_of_other_than_plain(bytes)) &<< Bits(place)
    }
    others &= ~separators
    var isOdd = false
    while others != 0 {
      let place = others.trailingZeroBitCount
      others &= others &- 1
      let byte = text.bytes.byte(at: place)
      if byte == NameForm.groupSeparator {
        if hasDomain { isMarkedTwice = true } else { restStart = place &+ 1 }
        isOdd = isOdd || hasDomain
        hasDomain = true
      } else if byte == UInt8(ascii: "&") {
        hasShifts = true
      } else if !MailboxNameView.isAlwaysAllowed(byte) {
        isOdd = true
      }
    }
    // If the mark is the last of all bits there can be, nothing is left.
    let rest = separators & Bits.max << restStart
    // Two that meet, or one at the start or end.
    let borders = 1 << restStart | (1 as Bits) << (text.bytes.byteCount &- 1)
    isPlain = !isOdd && rest == separators && rest & (rest >> 1 | borders) == 0
    separatorCount = rest.nonzeroBitCount
    first = rest.trailingZeroBitCount
    let afterFirst = rest & (rest &- 1)
    second = afterFirst.trailingZeroBitCount
    third = (afterFirst & (afterFirst &- 1)).trailingZeroBitCount
    last = Bits.bitWidth &- 1 &- rest.leadingZeroBitCount
  }

  /// Looks at eight bytes at a time, and closer only where one of them can be a mark.
  @inline(never)
  init(inOther bytes: RawSpan, _ form: NameForm) {
    let separator = form.separator
    let domainMark = form.domainMark
    let end = bytes.byteCount
    var index = 0
    guard end >= 8 else {
      while index < end {
        take(bytes.byte(at: index), at: index, separator, domainMark)
        index += 1
      }
      return
    }
    let text = LongText(bytes)
    while index < end {
      let word = text.word(at: index)
      var candidates = word.marksOfControlBytes
      if form == .internal { candidates |= word.marks(of: separator) | word.marks(of: domainMark) }
      while candidates != 0 {
        let place = index &+ candidates.trailingZeroBitCount >> 3
        // What is behind the end is given as NUL.
        guard place < end else { return }
        take(word.byte(place &- index), at: place, separator, domainMark)
        candidates &= candidates &- 1
      }
      index &+= 8
    }
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8, at index: Int, _ separator: UInt8, _ domainMark: UInt8) {
    if byte == separator || byte == NameForm.unitSeparator {
      switch separatorCount {
      case 0: first = index
      case 1: second = index
      case 2: third = index
      default: break
      }
      separatorCount += 1
      last = index
    } else if !hasDomain, byte == domainMark || byte == NameForm.groupSeparator {
      hasDomain = true
      restStart = index + 1
      separatorCount = 0
    } else if byte == NameForm.groupSeparator {
      isMarkedTwice = true
    }
  }
}
