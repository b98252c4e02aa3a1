// Reading a dlist that is as Cyrus writes nearly every one, without looking for what else it could be.
//
//   %(T e I 0k3a… P default V 1700000001 C 5 F 9 M 1700001001 A %(joe lrs anyone l))
//   %(T e N "user US joe US To do" P default V … A %(joe lrs) H ())
//
// Strings are atoms; names and the like may stand between quotes, without a backslash. Fields come in any order, each
// once. At the first byte that is not of this form everything is given up, and the scanner reads the value from its
// start: it alone says what is wrong or odd. So there is nothing of the kind in a value that is read here.

import CCyrusShim
import CyrusDatabase

extension MailboxFieldContext {
  /// Where the fields of a record stand whose key has nothing odd; nil if that takes a closer look.
  @inline(always)
  init?(usual key: RawSpan, _ form: MailboxKey.Form) {
    guard 2...Int(UInt32.max) ~= key.byteCount else { return nil }
    switch (form, key.byte(at: 0)) {
    case (.prefixed, UInt8(ascii: "N")): self = .name
    case (.prefixed, UInt8(ascii: "I")) where key.isUsualID(in: 1..<key.byteCount): self = .uniqueID
    case (.prefixed, _), (.plain, UInt8(ascii: "$")): return nil
    case (.plain, _): self = .plainName
    }
  }

  /// The fields that are expected here.
  var expectedFields: MailboxFieldSet {
    @inline(always)
    get {
      // Put together without a list of them: the compiler would make that at run time.
      let nameAndHistory = MailboxFieldSet(.name).union(MailboxFieldSet(.history))
      let ids = MailboxFieldSet(.uniqueID).union(MailboxFieldSet(.jmapID))
      let others: MailboxFieldSet =
        switch self {
        case .plainName: nameAndHistory.union(MailboxFieldSet(.jmapID))
        case .name: nameAndHistory
        case .uniqueID: MailboxFieldSet(.uniqueID)
        case .jmapID: MailboxFieldSet(.jmapID).union(MailboxFieldSet(.history))
        case .formerName:
          ids.union(MailboxFieldSet(.history)).union(MailboxFieldSet(.acl)).union(MailboxFieldSet(.server))
        }
      return .all.subtracting(others)
    }
  }

  /// The fields without which something is odd here.
  var requiredFields: MailboxFieldSet {
    @inline(always)
    get {
      let typeAndName = MailboxFieldSet(.type).union(MailboxFieldSet(.name))
      return switch self {
      case .plainName: MailboxFieldSet(rawValue: 0)
      case .name: MailboxFieldSet(.type)
      case .uniqueID: typeAndName.union(MailboxFieldSet(.history))
      case .jmapID, .formerName: typeAndName
      }
    }
  }

  /// Whether these are expected here, and all that are required among them.
  @inline(always)
  fileprivate func accepts(_ fields: MailboxFieldSet) -> Bool {
    fields.isSubset(of: expectedFields) && fields.isSuperset(of: requiredFields)
  }
}

extension MailboxFields {
  /// Reads a whole value whose fields come in any order.
  ///
  /// - Returns: Whether it is as usual. If not, what the fields are means nothing.
  /// - Precondition: No field was read yet.
  @inline(never)
  mutating func readUsualInAnyOrder(_ value: RawSpan, as context: MailboxFieldContext) -> Bool {
    guard var reader = UsualReader(startingIn: value) else { return false }
    var found = MailboxFieldSet(rawValue: 0)
    repeat {
      guard let more = readInOrder(&reader, context), !more.isEmpty, found.isDisjoint(with: more) else { return false }
      if !found.isEmpty { noteOrder(of: more, after: found) }
      found = found.union(more)
    } while !reader.isAtEnd
    guard context.accepts(found) else { return false }
    note(values: found)
    return true
  }

  /// Reads fields as long as they come in the order in which Cyrus writes them: that of ``MailboxFieldOrder/init(usual:)``.
  ///
  /// - Returns: Which were read: none, if there is something else. nil if one has a value that is not as usual.
  @inline(always)
  private mutating func readInOrder(_ reader: inout UsualReader, _ context: MailboxFieldContext) -> MailboxFieldSet? {
    var found = MailboxFieldSet(rawValue: 0)
    if reader.take("T") {
      if let kind = reader.kind() {
        type = MailboxType(kind)
        place(.type, at: reader.place &- 1..<reader.place)
      } else {
        guard let range = reader.word(), let letters = reader.type(range, context) else { return nil }
        type = letters
        place(.type, at: range)
      }
      reader.note(.type, in: &found)
    }
    if reader.take("I") {
      guard let range = reader.id() else { return nil }
      place(.uniqueID, at: range)
      reader.note(.uniqueID, in: &found)
    }
    if reader.take("N") {
      guard let range = reader.string() else { return nil }
      place(.name, at: range)
      reader.note(.name, in: &found)
    }
    if reader.take("J") {
      guard let range = reader.string() else { return nil }
      place(.jmapID, at: range)
      reader.note(.jmapID, in: &found)
    }
    if reader.take("P") {
      guard let range = reader.word() else { return nil }
      place(.partition, at: range)
      reader.note(.partition, in: &found)
    }
    if reader.take("S") {
      guard let range = reader.string() else { return nil }
      place(.server, at: range)
      reader.note(.server, in: &found)
    }
    if reader.take("V") {
      guard let number = reader.number(), number <= UInt32.max else { return nil }
      uidValidity = UInt32(truncatingIfNeeded: number)
      reader.note(.uidValidity, in: &found)
    }
    if reader.take("C") {
      guard let number = reader.number() else { return nil }
      createdModseq = number
      reader.note(.createdModseq, in: &found)
    }
    if reader.take("F") {
      guard let number = reader.number() else { return nil }
      folderModseq = number
      reader.note(.folderModseq, in: &found)
    }
    if reader.take("M") {
      guard let number = reader.number() else { return nil }
      // It has at most 16 digits.
      mtime = Int64(truncatingIfNeeded: number)
      reader.note(.mtime, in: &found)
    }
    if reader.take("A") {
      guard let range = reader.acl() else { return nil }
      place(.acl, at: range)
      aclCount = 1
      isACLPlain = true
      reader.note(.acl, in: &found)
    }
    if reader.take("H") {
      guard let range = reader.emptyList() else { return nil }
      place(.history, at: range)
      reader.note(.history, in: &found)
    }
    return found
  }
}

/// Goes through a dlist that is as usual. What meets something else gives nil, and then the place means nothing.
struct UsualReader: ~Escapable {
  private let value: LongText
  /// 0 or more, and not behind the last byte.
  private(set) var place = 0
  /// Bits for those of 64 bytes, from `base` on, at which a word can end: spaces, control bytes, and the last byte of the
  /// value. Those before `place` are taken away. None: it must be looked for them anew.
  private var stops: UInt64 = 0
  private var base = 0
  /// The next three bytes, the first one lowest: a space, a letter and a space, if there is a key.
  private var key: UInt32 = 0

  /// - Precondition: There are 16 bytes or more; checked in every build.
  @_lifetime(copy value)
  @inline(always)
  init(_ value: RawSpan) { self.value = LongText(value) }

  /// Eight bytes from `place` on, with NUL for those behind the end.
  @inline(always)
  private func word(at place: Int) -> EightBytes { value.word(at: place) }

  /// The byte at a place that is not behind the end; NUL at the end.
  @inline(always)
  private func byte(at place: Int) -> UInt8 { value.word(at: place).byte(0) }

  // MARK: - Keys

  /// Starts at the first key of a list of pairs; nil if the value is none, or too short or too long.
  @_lifetime(copy value)
  @inline(always)
  init?(startingIn value: RawSpan) {
    // Offsets are kept in 32 bits, and sixteen bytes are looked at together. The last byte ends everything that is met.
    guard 16...Int(UInt32.max) ~= value.byteCount else { return nil }
    self.init(value)
    let word = word(at: 0)
    guard word.byte(0) == UInt8(ascii: "%"), word.byte(1) == UInt8(ascii: "("),
      byte(at: value.byteCount &- 1) == UInt8(ascii: ")")
    else { return nil }
    place = 1
    // As if there were a space in front of it.
    key = word.firstThree(afterDropping: 1) & 0xFFFF00 | 0x20
  }

  /// Passes over a key of one letter and the spaces around it, if it is this one.
  @inline(always)
  mutating func take(_ letter: Unicode.Scalar) -> Bool {
    guard key == letter.value << 8 | 0x200020 else { return false }
    place &+= 3
    passStop()
    passStop()
    return true
  }

  /// Notes that the value of a field was read, behind which the next key is.
  @inline(always)
  mutating func note(_ field: MailboxField, in found: inout MailboxFieldSet) {
    found = found.union(MailboxFieldSet(field))
    key = word(at: place).firstThree(afterDropping: 0)
  }

  /// Whether the parenthesis that ends the value is all that is left.
  var isAtEnd: Bool {
    @inline(always)
    get { place &+ 1 == value.bytes.byteCount }
  }

  // MARK: - Words

  @inline(always)
  private mutating func passStop() { stops &= stops &- 1 }

  /// The first place from `place` on at which a word can end.
  @inline(always)
  private mutating func end() -> Int {
    if stops == 0 { (base, stops) = Self.stops(value.bytes, from: place) }
    return base &+ stops.trailingZeroBitCount
  }

  /// The first stops from a place on, and the place from which their bits count.
  ///
  /// A function of its own, as the others that take much: the registers are left to the fields.
  @inline(never)
  private static func stops(_ bytes: RawSpan, from place: Int) -> (base: Int, stops: UInt64) {
    let value = LongText(bytes)
    var base = place
    while true {
      let last = UInt64(UInt(bitPattern: bytes.byteCount &- 1 &- base))
      let stops = value.marks(at: base) { ccs_bits_up_to($0, 0x20) } | 1 << last
      // The last byte of the value is a stop.
      if stops != 0 { return (base, stops) }
      base &+= 64
    }
  }

  /// A kind without flags; if there is something else, the place stays.
  @inline(always)
  mutating func kind() -> MailboxKind? {
    let word = word(at: place)
    guard word.byte(1) == UInt8(ascii: " ") else { return nil }
    place &+= 1
    if word.byte(0) == UInt8(ascii: "e") { return .email }
    guard let kind = MailboxKind(letter: word.byte(0)) else {
      place &-= 1
      return nil
    }
    return kind
  }

  /// Letters of kind and flags, none of them odd.
  @inline(never)
  func type(_ range: Range<Int>, _ context: MailboxFieldContext) -> MailboxType? {
    var oddities = MailboxType.Oddities()
    let letters = MailboxText(value.bytes.extracting(range))
    let type = MailboxType(letters: letters, isKindFirst: context != .plainName, &oddities)
    return oddities.isEmpty ? type : nil
  }

  /// A string that is neither empty nor has a NUL; nil, too, if control bytes stand in it.
  @inline(always)
  mutating func word() -> Range<Int>? {
    let start = place
    let first = byte(at: start)
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "{") || first == UInt8(ascii: "%")
      || first == UInt8(ascii: "(")
    {
      return string()
    }
    place = end()
    return isAtom(from: start) ? start..<place : nil
  }

  /// Whether the bytes from `start` on, in which no space is, are an atom, and not the one that stands for no value.
  @inline(always)
  private func isAtom(from start: Int) -> Bool {
    guard place > start, byte(at: place &- 1) != UInt8(ascii: ")") else { return false }
    return place &- start != 3
      || !(byte(at: start) == UInt8(ascii: "N") && byte(at: start &+ 1) == UInt8(ascii: "I")
        && byte(at: start &+ 2) == UInt8(ascii: "L"))
  }

  /// A string that is neither empty nor has a NUL.
  @inline(always)
  mutating func string() -> Range<Int>? {
    stops = 0
    let (contents, end) = Self.string(value.bytes, from: place)
    place = end
    return end == 0 ? nil : contents
  }

  /// A string and where it ends; 0, if it is not as usual.
  @inline(never)
  private static func string(_ value: RawSpan, from start: Int) -> (contents: Range<Int>, end: Int) {
    if value.byte(at: start) == UInt8(ascii: "\"") {
      let end = endOfQuoted(value, from: start)
      return end == 0 ? (0..<0, 0) : (start + 1..<end - 1, end)
    }
    var reader = UsualReader(value)
    reader.place = endOfAtom(value, from: start)
    return reader.isAtom(from: start) ? (start..<reader.place, reader.place) : (0..<0, 0)
  }

  /// Where a string between quotes that begins at `start` ends; 0 if there is none that is as usual.
  @inline(never)
  private static func endOfQuoted(_ value: RawSpan, from start: Int) -> Int {
    let value = LongText(value)
    var place = start &+ 1
    while place < value.bytes.byteCount {
      let marks = value.marks(at: place) { ccs_bits_of_any($0, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0) }
      place &+= marks.trailingZeroBitCount
      if marks != 0 { break }
    }
    guard start &+ 1 < place, place < value.bytes.byteCount else { return 0 }
    return value.word(at: place).byte(0) == UInt8(ascii: "\"") ? place &+ 1 : 0
  }

  /// Where an atom ends that begins at `start`; there, if it is none that is as usual.
  @inline(never)
  private static func endOfAtom(_ value: RawSpan, from start: Int) -> Int {
    let value = LongText(value)
    switch value.word(at: start).byte(0) {
    case UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "("): return start
    default: break
    }
    let last = value.bytes.byteCount &- 1
    var place = start
    while place < last {
      let marks = value.marks(at: place) { ccs_bits_of_any($0, UInt8(ascii: " "), 0, 0) }
      place &+= marks.trailingZeroBitCount
      if marks != 0 { break }
    }
    return min(place, last)
  }

  /// A unique id as some release makes them; perhaps only the start of what is longer.
  @inline(always)
  mutating func id() -> Range<Int>? {
    let start = place
    stops = 0
    // As UUIDs have.
    if byte(at: start &+ 36) == UInt8(ascii: " "), value.holdsIDBytes(from: start, count: 36) {
      place &+= 36
    } else {
      place = Self.endOfID(value.bytes, from: start)
    }
    return place &- start >= 8 ? start..<place : nil
  }

  @inline(never)
  private static func endOfID(_ value: RawSpan, from start: Int) -> Int {
    start &+ LongText(value).marks(at: start) { ccs_bits_of_other_than_id($0) }.trailingZeroBitCount
  }

  /// A number of at most 16 digits, without zeros in front.
  @inline(always)
  mutating func number() -> UInt64? {
    let start = place
    place = end()
    guard byte(at: start) != UInt8(ascii: "0") || place &- start == 1 else { return nil }
    return value.number(in: start..<place)
  }

  /// `()`.
  @inline(always)
  mutating func emptyList() -> Range<Int>? {
    let word = word(at: place)
    guard word.byte(0) == UInt8(ascii: "("), word.byte(1) == UInt8(ascii: ")") else { return nil }
    place &+= 2
    return place &- 2..<place
  }

  // MARK: - ACL

  /// An ACL of atoms, with letters of rights that are known, and no identifier twice.
  @inline(always)
  mutating func acl() -> Range<Int>? {
    let start = place
    stops = 0
    place = Self.endOfACL(value.bytes, from: start)
    return place == 0 ? nil : start..<place
  }

  /// Where such an ACL that begins at `start` ends; 0 if there is none.
  @inline(never)
  static func endOfACL(_ value: RawSpan, from start: Int) -> Int {
    var reader = UsualReader(value)
    let head = reader.word(at: start)
    guard head.byte(0) == UInt8(ascii: "%"), head.byte(1) == UInt8(ascii: "(") else { return 0 }
    if head.byte(2) == UInt8(ascii: ")") { return start &+ 3 }
    reader.place = start &+ 2
    var filter = IdentifierFilter()
    var isFirst = true
    while true {
      reader.stops = 0
      guard let identifier = reader.identifier() else { return 0 }
      let start = reader.place
      let end = reader.end()
      let isLast = reader.byte(at: end &- 1) == UInt8(ascii: ")")
      guard reader.areRights(from: start, to: isLast ? end &- 1 : end) else { return 0 }
      // One alone is there only once.
      if !(isFirst && isLast), !filter.insert(reader.hash(of: identifier)) { return 0 }
      if isLast { return end }
      guard reader.byte(at: end) == UInt8(ascii: " ") else { return 0 }
      reader.place = end &+ 1
      isFirst = false
    }
  }

  /// Passes over an identifier and the space behind it.
  @inline(always)
  private mutating func identifier() -> Range<Int>? {
    let start = place
    place = end()
    let first = byte(at: start)
    guard first != UInt8(ascii: "\""), first != UInt8(ascii: "{"), first != UInt8(ascii: ")"), isAtom(from: start),
      byte(at: place) == UInt8(ascii: " ")
    else { return nil }
    let range = start..<place
    passStop()
    place &+= 1
    return range
  }

  /// A number that an identifier chooses.
  @inline(always)
  private func hash(of identifier: Range<Int>) -> UInt64 {
    let count = min(identifier.count, 8)
    let first = word(at: identifier.lowerBound).hash(first: count)
    return identifier.count <= 8 ? first : first ^ word(at: identifier.upperBound &- 8).hash(first: 8) >> 1
  }

  /// Whether these are letters of rights that some release knows, at least one.
  @inline(always)
  private func areRights(from start: Int, to end: Int) -> Bool {
    let count = end &- start
    // Mostly all rights, or the first of them.
    let (first, second) = (word(at: start), word(at: start &+ 8))
    if 1...8 ~= count, first.holds(0x786B_7069_7773_726C, first: count) { return true }
    if 9...14 ~= count, first.areEqual(to: 0x786B_7069_7773_726C), second.holds(0x6E61_6463_6574, first: count &- 8) {
      return true
    }
    return Self.areOtherRights(value.bytes, from: start, to: end)
  }

  @inline(never)
  private static func areOtherRights(_ value: RawSpan, from start: Int, to end: Int) -> Bool {
    // A bit for each of a, c, d, e, i, k, l, n, p, r, s, t, w and x.
    let known: UInt32 = 0x019D_5A3A
    var place = start
    while place < end {
      let byte = value.byte(at: place)
      guard 0x60..<0x80 ~= byte, known >> UInt32(byte & 31) & 1 != 0 else { return false }
      place += 1
    }
    return start < end
  }
}

/// Finds out whether an identifier may be there for the second time.
private struct IdentifierFilter {
  private var first: UInt64 = 0
  private var second: UInt64 = 0

  /// Notes an identifier by what its bytes choose.
  ///
  /// - Returns: Whether it is there for the first time. If not, that can be chance.
  @inline(always)
  mutating func insert(_ hash: UInt64) -> Bool {
    let bit: UInt64 = 1 &<< (hash >> 58)
    let other: UInt64 = 1 &<< (hash >> 52)
    if first & bit != 0, second & other != 0 { return false }
    first |= bit
    second |= other
    return true
  }
}
