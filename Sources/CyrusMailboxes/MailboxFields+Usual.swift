// Reading a dlist that is as Cyrus writes nearly every one, without looking for what else it could be.
//
//   %(T e I 0k3a… P default V 1700000001 C 5 F 9 M 1700001001 A %(joe lrs anyone l))
//   %(T e N "user US joe US To do" P default V … A %(joe lrs) H ())
//
// Strings are atoms; names and the like may stand between quotes, without a backslash. Fields come in any order, each
// once. At the first byte that is not of this form everything is given up, and the scanner reads the value from its
// start: it alone says what is wrong or odd. So there is nothing of the kind in a value that is read here.

import CyrusDatabase

extension MailboxFieldContext {
  /// Where the fields of a record stand whose key has nothing odd; nil if that takes a closer look.
  @inline(__always)
  init?(usual key: RawSpan, _ form: MailboxKey.Form) {
    guard key.byteCount > 1 else { return nil }
    switch (form, key.byte(at: 0)) {
    case (.prefixed, UInt8(ascii: "N")): self = .name
    case (.prefixed, UInt8(ascii: "I")) where key.isUsualID(in: 1..<key.byteCount): self = .uniqueID
    case (.prefixed, _), (.plain, UInt8(ascii: "$")): return nil
    case (.plain, _): self = .plainName
    }
  }

  /// The fields that are expected here.
  var expectedFields: MailboxFieldSet {
    @inline(__always)
    get {
      let others: MailboxFieldSet =
        switch self {
        case .plainName: [.init(.name), .init(.history), .init(.jmapID)]
        case .name: [.init(.name), .init(.history)]
        case .uniqueID: .init(.uniqueID)
        case .jmapID: [.init(.jmapID), .init(.history)]
        case .formerName: [.init(.uniqueID), .init(.jmapID), .init(.history), .init(.acl), .init(.server)]
        }
      return .all.subtracting(others)
    }
  }

  /// The fields without which something is odd here.
  var requiredFields: MailboxFieldSet {
    @inline(__always)
    get {
      switch self {
      case .plainName: []
      case .name: .init(.type)
      case .uniqueID: [.init(.type), .init(.name), .init(.history)]
      case .jmapID: [.init(.type), .init(.name)]
      case .formerName: [.init(.type), .init(.name)]
      }
    }
  }
}

extension MailboxFields {
  /// Reads a whole value, if it is as usual.
  ///
  /// - Returns: Whether it is. If not, what the fields are means nothing.
  /// - Precondition: No field was read yet.
  mutating func readUsual(_ value: RawSpan, as context: MailboxFieldContext) -> Bool {
    // Offsets are kept in 32 bits, and eight bytes are looked at together.
    guard 8...Int(UInt32.max) ~= value.byteCount else { return false }
    var reader = UsualReader(value)
    var fields = UsualFields(context)
    guard var letter = reader.firstKey() else { return false }
    while readUsual(letter, &reader, &fields, context) {
      guard let next = reader.nextKey() else {
        note(values: fields.found, in: fields.order)
        return reader.isAtEnd && fields.areComplete
      }
      letter = next
    }
    return false
  }

  /// Reads one value.
  ///
  /// - Returns: Whether it is as usual.
  @inline(__always)
  private mutating func readUsual(
    _ letter: UInt8, _ reader: inout UsualReader, _ found: inout UsualFields, _ context: MailboxFieldContext
  ) -> Bool {
    switch letter {
    case UInt8(ascii: "T"):
      if let kind = reader.kind() {
        type = MailboxType(kind)
        place(.type, at: reader.place &- 1..<reader.place)
        return found.note(.type)
      }
      guard let range = reader.string() else { return false }
      var oddities = MailboxType.Oddities()
      type = MailboxType(letters: reader.string(range), isKindFirst: context != .plainName, &oddities)
      place(.type, at: range)
      return oddities.isEmpty && found.note(.type)
    case UInt8(ascii: "I"):
      guard let range = reader.id() else { return false }
      place(.uniqueID, at: range)
      return found.note(.uniqueID)
    case UInt8(ascii: "P"):
      guard let range = reader.string() else { return false }
      place(.partition, at: range)
      return found.note(.partition)
    case UInt8(ascii: "V"):
      guard let number = reader.number(), number <= UInt32.max else { return false }
      uidValidity = UInt32(truncatingIfNeeded: number)
      return found.note(.uidValidity)
    case UInt8(ascii: "C"):
      guard let number = reader.number() else { return false }
      createdModseq = number
      return found.note(.createdModseq)
    case UInt8(ascii: "F"):
      guard let number = reader.number() else { return false }
      folderModseq = number
      return found.note(.folderModseq)
    case UInt8(ascii: "M"):
      guard let number = reader.number() else { return false }
      // It has at most 16 digits.
      mtime = Int64(truncatingIfNeeded: number)
      return found.note(.mtime)
    case UInt8(ascii: "A"):
      guard let range = reader.acl() else { return false }
      place(.acl, at: range)
      aclCount = 1
      isACLPlain = true
      return found.note(.acl)
    case UInt8(ascii: "H"):
      guard let range = reader.emptyList() else { return false }
      place(.history, at: range)
      return found.note(.history)
    case UInt8(ascii: "N"), UInt8(ascii: "J"), UInt8(ascii: "S"):
      guard let field = MailboxField(letter: letter), let range = reader.string() else { return false }
      place(field, at: range)
      return found.note(field)
    default: return false
    }
  }
}

/// Which fields were found.
private struct UsualFields {
  private let context: MailboxFieldContext
  /// Those that are still expected.
  private var absent: MailboxFieldSet
  private(set) var order = MailboxFieldOrder()

  @inline(__always)
  init(_ context: MailboxFieldContext) {
    self.context = context
    absent = context.expectedFields
  }

  /// Notes a field.
  ///
  /// - Returns: Whether it is expected, and there for the first time.
  @inline(__always)
  mutating func note(_ field: MailboxField) -> Bool {
    let isExpected = absent.contains(MailboxFieldSet(field))
    absent.subtract(MailboxFieldSet(field))
    order.append(field)
    return isExpected
  }

  var found: MailboxFieldSet {
    @inline(__always)
    get { context.expectedFields.subtracting(absent) }
  }

  /// Whether all are there that every writer writes.
  var areComplete: Bool {
    @inline(__always)
    get { absent.isDisjoint(with: context.requiredFields) }
  }
}

/// Goes through a dlist that is as usual. What meets something else gives nil, and then the place means nothing.
private struct UsualReader: ~Escapable {
  private let value: LongText
  /// 0 or more, and not behind the end.
  private(set) var place: Int

  /// - Precondition: There are 8 bytes or more; checked in every build.
  @_lifetime(copy value)
  @inline(__always)
  init(_ value: RawSpan, at place: Int = 0) {
    self.value = LongText(value)
    self.place = place
  }

  /// Eight bytes from `place` on, with NUL for those behind the end.
  @inline(__always)
  private func word(at place: Int) -> EightBytes { value.word(at: place) }

  /// The byte at a place that is not behind the end; NUL at the end.
  @inline(__always)
  private func byte(at place: Int) -> UInt8 { value.word(at: place).byte(0) }

  /// The first key and the space behind it, at the start of the list of pairs that is the value.
  @inline(__always)
  mutating func firstKey() -> UInt8? {
    let word = word(at: 0)
    guard word.byte(0) == UInt8(ascii: "%"), word.byte(1) == UInt8(ascii: "("), word.byte(3) == UInt8(ascii: " ") else {
      return nil
    }
    place = 4
    return word.byte(2)
  }

  /// The next key, if there is one of one letter, and the spaces around it.
  @inline(__always)
  mutating func nextKey() -> UInt8? {
    let word = word(at: place)
    guard word.byte(0) == UInt8(ascii: " "), word.byte(2) == UInt8(ascii: " ") else { return nil }
    place &+= 3
    return word.byte(1)
  }

  /// Whether the parenthesis that ends the value is all that is left.
  var isAtEnd: Bool {
    @inline(__always)
    get { place &+ 1 == value.bytes.byteCount && byte(at: place) == UInt8(ascii: ")") }
  }

  /// A kind without flags; if there is something else, the place stays.
  @inline(__always)
  mutating func kind() -> MailboxKind? {
    let word = word(at: place)
    guard word.byte(1) == UInt8(ascii: " "), let kind = MailboxKind(letter: word.byte(0)) else { return nil }
    place &+= 1
    return kind
  }

  /// A string that is neither empty nor has a NUL.
  @inline(__always)
  mutating func string() -> Range<Int>? {
    let start = place
    var word = word(at: start)
    switch word.byte(0) {
    case UInt8(ascii: "\""):
      guard let end = Self.endOfQuoted(value.bytes, from: start) else { return nil }
      place = end
      return start &+ 1..<end &- 1
    case UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "("): return nil
    default: break
    }
    var count = word.countBeforeSpaceOrNUL
    while count == 8 {
      place &+= 8
      word = self.word(at: place)
      count = word.countBeforeSpaceOrNUL
    }
    place &+= count
    // At the end of the value there is the parenthesis that ends the list. Others are no part of the string, either.
    if place == value.bytes.byteCount { place &-= 1 }
    guard place > start, byte(at: place &- 1) != UInt8(ascii: ")"), !isNull(from: start) else { return nil }
    return start..<place
  }

  /// Where a string between quotes that begins at `start` ends. A function of its own, as ``endOfACL(_:from:)``.
  @inline(never)
  private static func endOfQuoted(_ value: RawSpan, from start: Int) -> Int? {
    let value = LongText(value)
    var place = start &+ 1
    var count = value.word(at: place).countBeforeQuoteOrNUL
    while count == 8 {
      place &+= 8
      count = value.word(at: place).countBeforeQuoteOrNUL
    }
    place &+= count
    return place > start &+ 1 && value.word(at: place).byte(0) == UInt8(ascii: "\"") ? place &+ 1 : nil
  }

  /// Whether the bytes from `start` on are the atom that stands for no value.
  @inline(__always)
  private func isNull(from start: Int) -> Bool {
    place &- start == 3 && byte(at: start) == UInt8(ascii: "N")
      && byte(at: start &+ 1) == UInt8(ascii: "I") && byte(at: start &+ 2) == UInt8(ascii: "L")
  }

  /// A string that was given, seen in place.
  @_lifetime(copy self)
  @inline(__always)
  func string(_ range: Range<Int>) -> MailboxText { MailboxText(value.bytes.extracting(range)) }

  /// A unique id as some release makes them.
  @inline(__always)
  mutating func id() -> Range<Int>? {
    let start = place
    place = value.endOfIDBytes(from: start)
    return 8...64 ~= place &- start ? start..<place : nil
  }

  /// A number of at most 16 digits, without zeros in front.
  @inline(__always)
  mutating func number() -> UInt64? {
    let first = word(at: place)
    let count = first.countOfDigits
    guard count > 0, first.byte(0) != UInt8(ascii: "0") || count == 1 else { return nil }
    place &+= count
    if count < 8 { return first.number(ofDigits: count) }
    let second = word(at: place)
    let more = second.countOfDigits
    switch more {
    case 0: return first.number(ofDigits: 8)
    case 2:
      // As times have.
      place &+= 2
      return first.number(ofDigits: 8) &* 100 &+ UInt64(second.byte(0) &- 0x30) &* 10 &+ UInt64(second.byte(1) &- 0x30)
    default:
      let last = word(at: place &+ more &- 8)
      place &+= more
      return first.number(ofDigits: more) &* 100_000_000 &+ last.number(ofDigits: 8)
    }
  }

  /// `()`.
  @inline(__always)
  mutating func emptyList() -> Range<Int>? {
    let word = word(at: place)
    guard word.byte(0) == UInt8(ascii: "("), word.byte(1) == UInt8(ascii: ")") else { return nil }
    place &+= 2
    return place &- 2..<place
  }

  /// An ACL of atoms, with letters of rights that are known, and no identifier twice.
  @inline(__always)
  mutating func acl() -> Range<Int>? {
    let start = place
    guard let end = Self.endOfACL(value.bytes, from: start) else { return nil }
    place = end
    return start..<end
  }

  /// Where such an ACL that begins at `start` ends.
  ///
  /// A function of its own, which leaves the registers to the loop over the fields.
  @inline(never)
  private static func endOfACL(_ value: RawSpan, from start: Int) -> Int? {
    var reader = UsualReader(value, at: start)
    let word = reader.word(at: start)
    guard word.byte(0) == UInt8(ascii: "%"), word.byte(1) == UInt8(ascii: "(") else { return nil }
    reader.place &+= 2
    var filter = IdentifierFilter()
    if word.byte(2) != UInt8(ascii: ")") {
      repeat {
        guard let hash = reader.identifier(), filter.insert(hash), reader.rights() else { return nil }
      } while reader.goOn()
    }
    return reader.byte(at: reader.place) == UInt8(ascii: ")") ? reader.place &+ 1 : nil
  }

  /// Passes over a space.
  @inline(__always)
  private mutating func goOn() -> Bool {
    guard byte(at: place) == UInt8(ascii: " ") else { return false }
    place &+= 1
    return true
  }

  /// Passes over an identifier and the space behind it.
  ///
  /// - Returns: A number that it chooses.
  @inline(__always)
  private mutating func identifier() -> UInt64? {
    let start = place
    let first = word(at: start)
    var count = first.countBeforeSpaceOrControl
    var hash = first.hash(first: 8)
    if count < 8 {
      guard count > 0 else { return nil }
      hash = first.hash(first: count)
      place &+= count
    } else {
      while count == 8 {
        place &+= 8
        count = word(at: place).countBeforeSpaceOrControl
      }
      place &+= count
      hash ^= word(at: place &- 8).hash(first: 8) >> 1
    }
    switch first.byte(0) {
    case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: ")"): return nil
    default: break
    }
    guard byte(at: place &- 1) != UInt8(ascii: ")"), !isNull(from: start), goOn() else { return nil }
    return hash
  }

  /// Passes over letters of rights that some release knows, at least one.
  @inline(__always)
  private mutating func rights() -> Bool {
    // A bit for each of a, c, d, e, i, k, l, n, p, r, s, t, w and x.
    let known: UInt32 = 0x019D_5A3A
    var letters: UInt32 = 0
    var count = 8
    while count == 8 {
      let word = word(at: place)
      // Mostly all rights: `lrswipkx`, and some more.
      if word.areEqual(to: 0x786B_7069_7773_726C) {
        letters |= known
        place &+= 8
        continue
      }
      count = word.countOfSmallLetters
      if count > 0 { letters |= word.setOfSmallLetters(first: count) }
      place &+= count
    }
    return letters != 0 && letters & ~known == 0
  }
}

/// Finds out whether an identifier may be there for the second time.
private struct IdentifierFilter {
  private var first: UInt64 = 0
  private var second: UInt64 = 0

  /// Notes an identifier by what its bytes choose.
  ///
  /// - Returns: Whether it is there for the first time. If not, that can be chance.
  @inline(__always)
  mutating func insert(_ hash: UInt64) -> Bool {
    let bit: UInt64 = 1 &<< (hash >> 58)
    let other: UInt64 = 1 &<< (hash >> 52)
    if first & bit != 0, second & other != 0 { return false }
    first |= bit
    second |= other
    return true
  }
}
