// Reading the fields of a text value, as releases up to 2.4 wrote it.
//
//   [ "(" word SP word … ")" SP ] number SP [server "!"] partition SP acl
//
//   0 default joe TAB lrswipcda TAB anyone TAB l TAB
//   (specialuse \Sent uniqueid 1a2b3c016553f101) 1 back1.example.net!p1 joe TAB lrs TAB
//
// The words before the number are those of development builds before 2.5, which were in production in places. The ACL is
// all that comes after the second space, so identifiers may have spaces. A remote mailbox without "!" has a server and
// no partition.
//
// Surprise: such values are still found in files of later releases, even under the keys of 3.6, as a record is only
// written anew when its mailbox changes.
//
// Facts: Cyrus's imap/mboxlist.c of releases 2.2.13 to 2.5.17, and what 3.6.1 did with such values.

import CyrusDatabase

extension MailboxFields {
  /// Reads a whole value. What comes before an error is kept.
  ///
  /// - Parameter isExtended: Whether it begins with a parenthesis.
  mutating func readText(_ value: RawSpan, isExtended: Bool, _ tally: inout IssueTally) {
    let end = value.byteCount
    var start = 0
    // Until the number is read.
    type = .unreadable
    if isExtended {
      guard let place = readExtension(value, &tally) else { return }
      start = place
    }
    let word = start..<value.firstSpace(from: start).place
    guard !word.isEmpty, value.isNumber(in: word) else { return tally.fail(.textBadType, word) }
    place(.type, at: word)
    note(.type, .value)
    let number = value.number(in: word)
    type = MailboxType(number: number, at: word, &tally)

    guard word.upperBound < end else { return tally.fail(.textNoPartition, word) }
    let location = word.upperBound + 1..<value.firstSpace(from: word.upperBound + 1).place
    guard !location.isEmpty else { return tally.fail(.textNoPartition, location) }
    readLocation(location, value, &tally)

    guard location.upperBound < end else {
      tally.warn(.textNoACL, location)
      place(.acl, at: end..<end)
      return note(.acl, .value)
    }
    readACL(location.upperBound + 1..<end, value, &tally)
  }

  private mutating func readLocation(_ location: Range<Int>, _ value: RawSpan, _ tally: inout IssueTally) {
    let mark = value.first(UInt8(ascii: "!"), in: location)
    if mark < location.upperBound {
      let server = location.lowerBound..<mark
      let partition = mark + 1..<location.upperBound
      if server.isEmpty { tally.warn(.textEmptyServer, server) }
      take(server, for: .server, value, &tally)
      if partition.isEmpty {
        tally.warn(.textNoPartition, partition)
      } else {
        take(partition, for: .partition, value, &tally)
      }
    } else {
      take(location, for: type.flags.contains(.remote) ? .server : .partition, value, &tally)
    }
  }

  private mutating func readACL(_ bytes: Range<Int>, _ value: RawSpan, _ tally: inout IssueTally) {
    var check = ACLCheck(.text(bytes))
    var entries = ACLCursor(.text(bytes), in: value)
    while let entry = entries.nextRanges() { check.note(entry, value, &tally) }
    if !entries.remainder.isEmpty { tally.fail(.aclOdd, entries.remainder) }
    place(.acl, at: bytes)
    note(.acl, .value)
  }

  /// Reads the words in parentheses.
  ///
  /// - Returns: Where the number begins, or nil if it cannot be told.
  private mutating func readExtension(_ value: RawSpan, _ tally: inout IssueTally) -> Int? {
    let end = value.first(UInt8(ascii: ")"), in: 0..<value.byteCount)
    guard end + 1 < value.byteCount, value.byte(at: end + 1) == UInt8(ascii: " ") else {
      tally.fail(.textBadExtended, 0..<min(end + 1, value.byteCount))
      return nil
    }
    var place = 1
    repeat {
      let word = place..<min(value.firstSpace(from: place).place, end)
      let argument = min(word.upperBound + 1, end)..<min(value.firstSpace(from: word.upperBound + 1).place, end)
      guard !word.isEmpty, !argument.isEmpty else {
        tally.fail(.textBadExtended, 0..<end + 1)
        return nil
      }
      if value.extracting(word).equals("uniqueid") {
        if state(of: .uniqueID) != .absent { tally.warn(.recordDuplicateField, word) }
        note(.uniqueID, .value)
        self.place(.uniqueID, at: argument)
      } else if value.extracting(word).equals("specialuse") {
        if specialUse != nil { tally.warn(.recordDuplicateField, word) }
        specialUse = Place(argument)
      } else {
        tally.warn(.textUnknownExtended, word)
      }
      place = argument.upperBound + 1
    } while place < end
    // A space before the parenthesis leaves nothing behind it.
    guard place == end + 1 else {
      tally.fail(.textBadExtended, 0..<end + 1)
      return nil
    }
    return end + 2
  }

  private mutating func take(
    _ bytes: Range<Int>, for field: MailboxField, _ value: RawSpan, _ tally: inout IssueTally
  ) {
    place(field, at: bytes)
    note(field, .value)
    check(field, DListString(atom: bytes, in: value), value, &tally)
  }
}

extension RawSpan {
  /// Whether the bytes are those of `text`.
  fileprivate func equals(_ text: String) -> Bool { byteCount == text.utf8.count && starts(with: text) }

  /// The number that digits stand for; nil if it has more than 32 bits.
  fileprivate func number(in digits: Range<Int>) -> UInt32? {
    var number: UInt64 = 0
    for place in digits {
      number = number * 10 + UInt64(digit(at: place) ?? 0)
      guard number <= UInt32.max else { return nil }
    }
    return UInt32(number)
  }
}
