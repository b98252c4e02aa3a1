// Whether the records of a mailbox differ in nothing but when they were written: seen by their bytes, without decoding.
//
//   Nuser US joe   %(T e I 0k3a… P default V 1700000001 C 5 F 9 M 1700001001 A %(joe lrs))
//                                                                 ^^^^^^^^^^ may differ
//
// That is so for nearly all mailboxes of a pair. Only values as Cyrus writes nearly all are seen through, of a live mailbox
// without flags; whatever is in doubt is left to the decoder.
//
// One look at both tells where they differ, where words end, and how many bytes are neither spaces nor of words. From that
// and the fields up to the ACL the rest follows: what has no such bytes but the parentheses that are seen, and no loose
// space, is words; and an ACL with an even number of them is one that can be read.
//
// A word that holds an `N` is in doubt, as it may be NIL, which is none.

import CCyrusShim
import CyrusDatabase
import CyrusMailboxes

/// What two records have in common that differ at most in the time of writing.
struct BenignDifference {
  /// Where the unique id is, in key and value of both.
  let id: Range<Int>
  /// Where the partition is.
  let partition: Range<Int>

  /// nil if they differ in more, be it in their keys, or if that cannot be told without decoding.
  @inline(__always)
  init?(_ master: borrowing RecordView, _ replica: borrowing RecordView) {
    let key = master.key.byteCount
    let value = master.value.byteCount
    // A key of the mark alone is no name.
    guard key == replica.key.byteCount, value == replica.value.byteCount, key > 1, value > 24 else { return nil }
    self.init(master.keyAndValue, replica.keyAndValue, from: key)
  }

  /// - Parameters:
  ///   - bytes: The master's key and value.
  ///   - others: The replica's, as many.
  ///   - start: Where values start; more than 24 bytes are there.
  init?(_ bytes: RawSpan, _ others: RawSpan, from start: Int) {
    let count = bytes.byteCount
    guard
      // `%(T ` and one letter, which is a kind's and no flag's.
      bytes.bigEndian(UInt32.self, at: start) == 0x2528_5420, Self.isKind(bytes.byte(at: start &+ 4)),
      // ` I `
      bytes.bigEndian(UInt32.self, at: start &+ 4) & 0x00FF_FFFF == 0x20_4920,
      bytes.byte(at: count &- 1) == UInt8(ascii: ")")
    else { return nil }
    // Both are there as long as the call takes, and are of the same length.
    var both = unsafe bytes.withUnsafeBytes { left in
      unsafe others.withUnsafeBytes { right in
        unsafe ccs_look_at_both(
          left.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self),
          right.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self), min(left.count, right.count), start)
      }
    }
    // What is looked for lies within 64 bytes each, or it takes the decoder.
    guard start &+ 8 < Self.near else { return nil }
    let idByteCount = unsafe ccs_spaces_from(&both, start &+ 8).trailingZeroBitCount
    let idEnd = start &+ 8 &+ idByteCount
    // ` P `
    guard 1..<64 ~= idByteCount, idEnd &+ 3 < min(count, Self.near),
      bytes.bigEndian(UInt32.self, at: idEnd &- 1) & 0x00FF_FFFF == 0x20_5020
    else { return nil }
    let partitionByteCount = unsafe ccs_spaces_from(&both, idEnd &+ 3).trailingZeroBitCount
    let partitionEnd = idEnd &+ 3 &+ partitionByteCount
    guard 1..<64 ~= partitionByteCount, partitionEnd < Self.near else { return nil }
    id = start &+ 8..<idEnd
    partition = idEnd &+ 3..<partitionEnd

    var fieldCount = 3
    var (timeStart, timeByteCount) = (0, 0)
    /// Where the ACL's first word is; 0 if there is no ACL.
    var acl = 0
    var place = partitionEnd
    /// The spaces from `place` on.
    var spaces = unsafe ccs_spaces_from(&both, place)
    if let usual = Self.usualFields(bytes, behind: place, spaces) {
      fieldCount = 8
      (timeStart, timeByteCount) = (usual.time.lowerBound, usual.time.count)
      acl = usual.acl
      place = count
    }
    while place < count &- 1 {
      // A space, a letter, a space, and a value.
      guard count &- place > 4, spaces & 7 == 5 else { return nil }
      let letter = bytes.byte(at: place &+ 1)
      fieldCount &+= 1
      place &+= 3
      if letter == UInt8(ascii: "A") {
        acl = place &+ 2
        break
      }
      spaces >>= 3
      // Without a space it ends where the value does, if that is not too far.
      let byteCount = min(spaces.trailingZeroBitCount, count &- 1 &- place)
      guard Self.isNumber(letter), byteCount > 0, place &+ byteCount &- partitionEnd <= 60 else { return nil }
      if letter == UInt8(ascii: "M") { (timeStart, timeByteCount) = (place, byteCount) }
      place &+= byteCount
      spaces >>= UInt64(truncatingIfNeeded: byteCount)
    }

    /// The parentheses around it all.
    var otherCount = 3
    /// One behind each letter and one behind each value but the last.
    var spaceCount = 2 &* fieldCount &- 1
    if acl > 0 {
      guard count &- acl > 4, bytes.bigEndian(UInt16.self, at: acl &- 2) == 0x2528,
        bytes.byte(at: count &- 2) == UInt8(ascii: ")"), bytes.byte(at: acl) != UInt8(ascii: " "),
        bytes.byte(at: count &- 3) != UInt8(ascii: " ")
      else { return nil }
      otherCount &+= 3
      // An identifier and its rights have one space between them, and one parts them from the next.
      let inACL = both.space_count &- spaceCount
      guard inACL > 0, inACL & 1 == 1 else { return nil }
      spaceCount &+= inACL
    }
    guard both.other_count == otherCount, both.space_count == spaceCount, !both.has_loose_space else { return nil }
    // Most times differ. So that nothing hangs on whether this one does, it is looked at in any case.
    guard timeByteCount > 0 else {
      guard both.difference_count == 0 else { return nil }
      return
    }
    guard unsafe ccs_differ_within(&both, timeStart, timeByteCount),
      Self.areDigits(others, from: timeStart, count: timeByteCount)
    else { return nil }
  }

  /// The time, and where the first word of the ACL is, if the fields behind the partition are those that nearly all have,
  /// in the order in which Cyrus writes them: then they are all looked at together.
  ///
  /// - Parameters:
  ///   - place: Where the partition ends, and with it that before the fields.
  ///   - spaces: Those from there on, a bit for each byte.
  @inline(__always)
  private static func usualFields(
    _ bytes: RawSpan, behind place: Int, _ spaces: UInt64
  ) -> (time: Range<Int>, acl: Int)? {
    var stops = spaces
    stops.takeEnd()
    let validityEnd = place &+ stops.takeEnd()
    let createdEnd = place &+ stops.takeEnd()
    let folderEnd = place &+ stops.takeEnd()
    let timeEnd = place &+ stops.trailingZeroBitCount
    guard stops != 0, timeEnd &- place <= 60, timeEnd &+ 8 < bytes.byteCount else { return nil }
    func word(at place: Int) -> UInt32 {
      // All these places come before the last one, which was compared; any bit pattern is a valid integer.
      UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt32.self))
    }
    let oddities =
      (word(at: place) ^ 0x20_5620) | (word(at: validityEnd) ^ 0x20_4320) | (word(at: createdEnd) ^ 0x20_4620)
      | (word(at: folderEnd) ^ 0x20_4D20) | (word(at: timeEnd) ^ 0x20_4120)
    return oddities & 0xFF_FFFF == 0 ? (folderEnd &+ 3..<timeEnd, timeEnd &+ 5) : nil
  }

  /// How far spaces and differences are known by their places.
  private static let near = 256

  private static func isKind(_ letter: UInt8) -> Bool {
    // A bit for each letter from `a` on, for a, b, c, e, f, j, n, p and s.
    let kinds: UInt32 = 0b0100_1010_0010_0011_0111
    return letter &- UInt8(ascii: "a") < 26 && kinds >> UInt32(letter &- UInt8(ascii: "a")) & 1 != 0
  }

  /// Whether a field holds a number. One that is there twice is odd, but of no account: both values have it so.
  @inline(__always)
  private static func isNumber(_ letter: UInt8) -> Bool {
    // A bit for each letter from `A` on, for C, F, M and V.
    let numbers: UInt32 = 1 << 2 | 1 << 5 | 1 << 12 | 1 << 21
    return letter &- UInt8(ascii: "A") < 26 && numbers >> UInt32(letter &- UInt8(ascii: "A")) & 1 != 0
  }

  /// Whether 8 to 16 bytes are digits. A time has ten.
  @inline(__always)
  private static func areDigits(_ bytes: RawSpan, from place: Int, count: Int) -> Bool {
    guard 8...16 ~= count else { return false }
    return areDigits(bytes.bigEndian(UInt64.self, at: place))
      && areDigits(bytes.bigEndian(UInt64.self, at: place &+ count &- 8))
  }

  @inline(__always)
  private static func areDigits(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // The upper half of a digit is 3, also with 6 added; what no sum of a digit reaches is the next byte.
    return (word & (0xF0 * ones)) | ((word &+ 6 * ones) & (0xF0 * ones)) >> 4 == 0x33 * ones
  }
}
