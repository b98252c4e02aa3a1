// Reading a dlist that has just the fields that nearly every one has, in their places.
//
//   %(T e I 7c037757-1676-45b2-9dd1-a215951b88ea P default V 1700000001 C 5 F 9 M 1700001001 A %(joe lrswipkxtecdan))
//   %(T e N "user US joe US To do" J … P default V … A %(joe lrs anyone l) H ())
//
// Which fields there are is known before the first is looked at. So where all of them end is read off the bits of one
// piece of 64 bytes, nothing waits for a field before, and what differs from value to value (lengths) decides no branch.
// Whatever is not of this form, be it odd or only rare, is left to `UsualReader`, which accepts more, and to the scanner.

import CCyrusShim
import CyrusDatabase

extension MailboxFields {
  /// Reads a whole value of the form that Cyrus gives nearly every one from 3.6 on.
  ///
  /// Once it is inlined, nothing of the fields has to be in memory before they are all read.
  ///
  /// - Returns: Whether it is of that form. If not, nothing is read.
  /// - Precondition: No field was read yet.
  @inline(always)
  mutating func readWritten(_ value: RawSpan, as context: MailboxFieldContext) -> Bool {
    // Once for each, so that what differs is known at every place.
    switch context {
    case .name: readWritten(value, isName: true)
    case .uniqueID: readWritten(value, isName: false)
    case .plainName, .jmapID, .formerName: false
    }
  }

  @inline(always)
  private mutating func readWritten(_ value: RawSpan, isName: Bool) -> Bool {
    guard let text = WrittenText(value) else { return false }
    // The kind, and behind it the key of id or name.
    let start = text.word(at: 0)
    guard start & 0xFFFF_FF00_FFFF_FFFF == (isName ? 0x2049_2000_2054_2825 : 0x204E_2000_2054_2825) else {
      return false
    }
    var kind = MailboxKind.email
    if text.byte(at: 4) != UInt8(ascii: "e") {
      guard let other = MailboxKind(letter: text.byte(at: 4)) else { return false }
      kind = other
    }
    let idOrName: Range<Int>
    var keyStart: Int
    if isName {
      guard let id = text.id(from: 8) else { return false }
      (idOrName, keyStart) = (id, id.upperBound)
    } else {
      guard let name = text.string(from: 8) else { return false }
      (idOrName, keyStart) = name
    }
    // All records of a store have a JMAP id, or none.
    var jmapIDRange: Range<Int>?
    if text.word32(at: keyStart) & 0xFF_FFFF == 0x20_4A20 {
      guard let id = text.atom(from: keyStart &+ 3) else { return false }
      (jmapIDRange, keyStart) = (id, id.upperBound)
    }
    guard text.word32(at: keyStart) & 0xFF_FFFF == 0x20_5020 else { return false }
    let partitionStart = keyStart &+ 3

    // Where partition, uidvalidity, modseqs and time end. The stop behind each of them is that of the next key, if this
    // is what it should be, which is looked at below.
    var stops = text.stops(at: partitionStart)
    let partitionEnd = partitionStart &+ stops.takeEnd()
    let validityEnd = partitionStart &+ stops.takeEnd()
    let createdEnd = partitionStart &+ stops.takeEnd()
    let folderEnd = partitionStart &+ stops.takeEnd()
    let mtimeEnd = partitionStart &+ stops.trailingZeroBitCount
    // If there is a fifth end, there are all before; and then each is at least two bytes behind the one before, so that
    // what is loaded from here on lies within the value.
    guard stops != 0, mtimeEnd &+ 7 <= value.byteCount else { return false }
    let oddities =
      (text.word32(at: partitionEnd) ^ 0x20_5620) | (text.word32(at: validityEnd) ^ 0x20_4320)
      | (text.word32(at: createdEnd) ^ 0x20_4620) | (text.word32(at: folderEnd) ^ 0x20_4D20)
      | (text.word32(at: mtimeEnd) ^ 0x20_4120)
    guard oddities & 0xFF_FFFF == 0, text.isAtom(partitionStart..<partitionEnd) else { return false }
    guard let (validity, created) = text.numbers(behind: partitionEnd, to: validityEnd, to: createdEnd),
      let (folder, time) = text.numbers(behind: createdEnd, to: folderEnd, to: mtimeEnd), validity <= UInt32.max
    else { return false }

    // The ACL is all that is left, but for an empty list of former names.
    let end = value.byteCount &- (isName ? 1 : 6)
    let last = text.word(at: value.byteCount &- 8)
    guard isName ? last >> 48 == 0x2929 : last >> 8 == 0x29_2928_2048_2029 else { return false }
    let aclStart = mtimeEnd &+ 3
    guard let loneIdentifierCount = text.acl(from: aclStart, to: end) else { return false }

    type = MailboxType(kind)
    place(.type, at: 4..<5)
    if isName {
      place(.uniqueID, at: idOrName)
    } else {
      place(.name, at: idOrName)
      place(.history, at: end &+ 3..<end &+ 5)
    }
    place(.partition, at: partitionStart..<partitionEnd)
    uidValidity = UInt32(truncatingIfNeeded: validity)
    createdModseq = created
    folderModseq = folder
    // It has at most 16 digits.
    mtime = Int64(truncatingIfNeeded: time)
    place(.acl, at: aclStart..<end)
    aclCount = 1
    isACLPlain = true
    self.loneIdentifierCount = loneIdentifierCount
    var found = isName ? MailboxFieldSet.writtenUnderName : .writtenUnderID
    if let jmapIDRange {
      place(.jmapID, at: jmapIDRange)
      found = found.union(MailboxFieldSet(.jmapID))
    }
    note(values: found)
    return true
  }
}

extension MailboxFieldSet {
  fileprivate static var writtenAlways: MailboxFieldSet {
    @inline(always)
    get {
      MailboxFieldSet(.type).union(MailboxFieldSet(.partition)).union(MailboxFieldSet(.uidValidity))
        .union(MailboxFieldSet(.createdModseq)).union(MailboxFieldSet(.folderModseq)).union(MailboxFieldSet(.mtime))
        .union(MailboxFieldSet(.acl))
    }
  }

  fileprivate static var writtenUnderName: MailboxFieldSet {
    @inline(always)
    get { writtenAlways.union(MailboxFieldSet(.uniqueID)) }
  }

  fileprivate static var writtenUnderID: MailboxFieldSet {
    @inline(always)
    get { writtenAlways.union(MailboxFieldSet(.name)).union(MailboxFieldSet(.history)) }
  }
}

/// A value of 64 bytes or more, below 4 GiB. Loads are not checked one by one: who calls them says why they are within.
private struct WrittenText: ~Escapable {
  private let text: LongText

  @_lifetime(copy bytes)
  @inline(always)
  init?(_ bytes: RawSpan) {
    guard 64...Int(UInt32.max) ~= bytes.byteCount else { return nil }
    text = LongText(bytes)
  }

  private var byteCount: Int {
    @inline(always)
    get { text.bytes.byteCount }
  }

  // MARK: - Loads

  /// - Precondition: Eight bytes follow.
  @inline(always)
  func word(at place: Int) -> UInt64 {
    // Within the value by what the caller has compared; any bit pattern is a valid integer.
    UInt64(littleEndian: unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self))
  }

  /// - Precondition: Four bytes follow.
  @inline(always)
  func word32(at place: Int) -> UInt32 {
    // As for `word(at:)`.
    UInt32(littleEndian: unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt32.self))
  }

  /// - Precondition: It is a place of the value.
  @inline(always)
  func byte(at place: Int) -> UInt8 {
    // As for `word(at:)`.
    unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt8.self)
  }

  /// - Precondition: Sixteen bytes come before.
  @inline(always)
  private func sixteenBytes(to end: Int) -> SIMD16<UInt8> {
    // As for `word(at:)`.
    unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: end &- 16, as: SIMD16<UInt8>.self)
  }

  // MARK: - Words

  /// Bits for those of 64 bytes at which a word can end: spaces and control bytes. None behind the end.
  ///
  /// - Precondition: It is a place of the value.
  @inline(always)
  func stops(at place: Int) -> UInt64 { text.marksOfLong(at: place) { ccs_bits_up_to($0, 0x20) } }

  /// Whether a word that ends at a space, and in which no stop is, is an atom that stands for itself.
  ///
  /// - Precondition: Its place is one of the value, and four bytes or more follow.
  @inline(always)
  func isAtom(_ range: Range<Int>) -> Bool {
    // An empty one begins with the space.
    let first = word32(at: range.lowerBound)
    let byte = UInt8(truncatingIfNeeded: first)
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "%")
      || byte == UInt8(ascii: "(") || byte == UInt8(ascii: " ")
    {
      return false
    }
    return self.byte(at: range.upperBound &- 1) != UInt8(ascii: ")") && first != 0x204C_494E
  }

  /// Whether at a place, where a field ended, there are so many bytes as the fields that follow have at least.
  @inline(always)
  private func hasMore(at place: Int) -> Bool { place &+ 17 <= byteCount }

  /// A unique id as some release makes them, with 17 bytes or more behind it.
  ///
  /// - Precondition: It begins within the first 16 bytes.
  @inline(always)
  func id(from start: Int) -> Range<Int>? {
    // As UUIDs have.
    if byte(at: start &+ 36) == UInt8(ascii: " "), text.holdsIDBytes(from: start, count: 36) {
      return hasMore(at: start &+ 36) ? start..<start &+ 36 : nil
    }
    let count = Self.countOfIDBytes(text.bytes, from: start)
    return count >= 8 && hasMore(at: start &+ count) ? start..<start &+ count : nil
  }

  @inline(never)
  private static func countOfIDBytes(_ value: RawSpan, from start: Int) -> Int {
    LongText(value).marks(at: start) { ccs_bits_of_other_than_id($0) }.trailingZeroBitCount
  }

  /// An atom of less than 64 bytes that ends at a space, with 17 bytes or more behind it.
  ///
  /// - Precondition: It is a place of the value, and four bytes or more follow.
  @inline(always)
  func atom(from start: Int) -> Range<Int>? {
    let end = start &+ stops(at: start).trailingZeroBitCount
    guard hasMore(at: end), byte(at: end) == UInt8(ascii: " "), end &- start < 64, isAtom(start..<end) else {
      return nil
    }
    return start..<end
  }

  /// A string as usual, neither empty nor with a NUL, and where it ends, with 17 bytes or more behind that.
  ///
  /// - Precondition: It begins within the first 48 bytes, and not at the first eight.
  @inline(always)
  func string(from start: Int) -> (contents: Range<Int>, end: Int)? {
    // Names have quotes or none, just as it comes.
    let first = byte(at: start)
    let isQuoted = first == UInt8(ascii: "\"")
    let quoteCount = isQuoted ? 1 : 0
    let closing = isQuoted ? UInt8(ascii: "\"") : UInt8(ascii: " ")
    let escape = isQuoted ? UInt8(ascii: "\\") : UInt8(ascii: " ")
    let contentsStart = start &+ quoteCount
    var place = contentsStart
    var marks = text.marksOfLong(at: place) { ccs_bits_of_any($0, closing, escape, 0) }
    while marks == 0 {
      place &+= 64
      guard place < byteCount else { return nil }
      marks = text.marksOfLong(at: place) { ccs_bits_of_any($0, closing, escape, 0) }
    }
    place &+= marks.trailingZeroBitCount
    let end = place &+ quoteCount
    // What comes behind it is long enough for all that is loaded here; and the first number ends at 16 or more.
    guard place > contentsStart, byte(at: place) == closing, hasMore(at: end), end >= 13 else { return nil }
    let isNoAtom =
      first == UInt8(ascii: "{") || first == UInt8(ascii: "%") || first == UInt8(ascii: "(")
      || byte(at: place &- 1) == UInt8(ascii: ")") || word32(at: start) == 0x204C_494E
    if isNoAtom, !isQuoted { return nil }
    return (contentsStart..<place, end)
  }

  /// Two numbers of at most 16 digits, without zeros in front, each behind a key.
  ///
  /// - Parameters:
  ///   - start: Where the first one's key begins, a space.
  ///   - middle: Where the first one ends, and the key of the second begins.
  ///   - end: Where the second one ends.
  /// - Precondition: `middle` and `end` are places of the value, and 16 or more.
  @inline(always)
  func numbers(behind start: Int, to middle: Int, to end: Int) -> (UInt64, UInt64)? {
    let (first, second) = (start &+ 3, middle &+ 3)
    let (firstCount, secondCount) = (middle &- first, end &- second)
    // 1 to 16 digits each.
    guard UInt(bitPattern: (firstCount &- 1) | (secondCount &- 1)) < 16,
      byte(at: first) != UInt8(ascii: "0") || firstCount == 1, byte(at: second) != UInt8(ascii: "0") || secondCount == 1
    else { return nil }
    let numbers = ccs_numbers(
      sixteenBytes(to: middle), UInt32(truncatingIfNeeded: firstCount),
      sixteenBytes(to: end), UInt32(truncatingIfNeeded: secondCount))
    return numbers.is_valid ? (numbers.first, numbers.second) : nil
  }

  // MARK: - ACL

  /// Whether an ACL as usual lies here.
  ///
  /// - Parameter end: Behind a closing parenthesis.
  /// - Returns: How many bytes the identifier has, if there is but one entry; otherwise 0. nil if there is no such ACL.
  /// - Precondition: Four bytes or more follow.
  @inline(always)
  func acl(from start: Int, to end: Int) -> UInt16? {
    guard word32(at: start) & 0xFFFF == 0x2825 else { return nil }
    let identifier = start &+ 2
    let space = identifier &+ stops(at: identifier).trailingZeroBitCount
    // One entry, which has all rights, is what most have. Its length says that all that is loaded is within.
    guard space &+ 16 == end else { return other(start, end) }
    let rights = space &+ 1
    let first = byte(at: identifier)
    guard byte(at: space) == UInt8(ascii: " "), word(at: rights) == 0x786B_7069_7773_726C,
      word(at: rights &+ 6) == 0x6E61_6463_6574_786B, first != UInt8(ascii: "\""), first != UInt8(ascii: "{"),
      first != UInt8(ascii: ")"), first != UInt8(ascii: " "), byte(at: space &- 1) != UInt8(ascii: ")"),
      word32(at: identifier) != 0x204C_494E
    else { return other(start, end) }
    return UInt16(truncatingIfNeeded: space &- identifier)
  }

  /// The same of one with several entries, or with other rights than all.
  @inline(always)
  private func other(_ start: Int, _ end: Int) -> UInt16? {
    UsualReader.endOfACL(text.bytes, from: start) == end ? 0 : nil
  }
}
