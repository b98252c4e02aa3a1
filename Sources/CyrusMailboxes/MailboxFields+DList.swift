// Reading the fields of a dlist.
//
//   %(T e I 0k3a… P default V 1700000001 C 5 F 9 M 1700001001 A %(joe lrs anyone l) H (%(N old M 1 V 1 T ed) …))
//
// One pass, whose results are of a fixed size. Fields may come in any order; of a repeated one the last counts, but the
// entries of a second ACL are appended to those of the first. An unknown field is passed over with all that is in it.
// (Cyrus 3.6 does not: it takes what is in an unknown list for fields of the record.)
//
// Facts: Cyrus's imap/mboxlist.c of releases 2.5.17 to 3.13.7, and what 3.6.1 did with such values.

import CyrusDatabase

/// Where fields stand, which decides what is expected among them.
enum MailboxFieldContext: BitwiseCopyable {
  /// Under a name, as releases before 3.6 have it.
  case plainName
  /// Under a name, from 3.6 on.
  case name
  /// Under a unique id.
  case uniqueID
  /// Under a JMAP id.
  case jmapID
  /// In the history of a mailbox.
  case formerName

  @inline(__always)
  func expects(_ field: MailboxField) -> Bool {
    switch (field, self) {
    case (.name, .plainName), (.name, .name): false
    case (.history, _): self == .uniqueID
    case (.uniqueID, .uniqueID), (.uniqueID, .formerName): false
    case (.jmapID, .plainName), (.jmapID, .jmapID), (.jmapID, .formerName): false
    case (.acl, .formerName), (.server, .formerName): false
    default: true
    }
  }
}

extension MailboxFields {
  /// Reads a whole value.
  mutating func readDList(_ value: RawSpan, as context: MailboxFieldContext, _ tally: inout IssueTally) {
    var scanner = DListScanner(value)
    do throws(DListError) {
      _ = try scanner.advance()
      try readPairs(&scanner, value, context, &tally)
      _ = try scanner.advance()
    } catch {
      tally.fail(IssueCode(error.code), error.offset..<min(error.offset + 1, value.byteCount))
      if state(of: .type) == .absent { type = .unreadable }
      return
    }
    noteMissing(context, 0..<value.byteCount, &tally)
  }

  /// Reads the pairs of the list that has just begun, to its end.
  private mutating func readPairs(
    _ scanner: inout DListScanner, _ value: RawSpan, _ context: MailboxFieldContext, _ tally: inout IssueTally
  ) throws(DListError) {
    // One for all ACLs of the record, of which there should be one.
    var aclCheck: ACLCheck?
    while true {
      switch try scanner.advanceToKey() {
      case .key:
        let key = scanner.string.contents
        guard key.count == 1, let field = MailboxField(letter: value.byte(at: key.lowerBound)) else {
          tally.warn(.recordUnknownField, key)
          try passOver(&scanner, &tally)
          continue
        }
        if !context.expects(field) { tally.warn(.recordUnexpectedField, key) }
        let isRepeated = state(of: field) != .absent
        switch field {
        case .acl, .history:
          if context == .formerName {
            try passOver(&scanner, &tally)
            note(field, .unreadable)
          } else if field == .acl {
            try readACL(&scanner, value, &aclCheck, &tally)
          } else {
            try readHistory(&scanner, value, &tally)
          }
        default: try readString(of: field, &scanner, value, context, &tally)
        }
        if isRepeated { tally.warn(.recordDuplicateField, key) }
      case .looseSpace: tally.warn(.dlistLooseSpace, scanner.mark..<scanner.mark + 1)
      case .listEnd: return
      // Nothing else can come where a key may.
      case .kvlistStart, .listStart, .string, .null, .end: return
      }
    }
  }

  /// Reads the value of a field that is a string or a number.
  @inline(__always)
  private mutating func readString(
    of field: MailboxField, _ scanner: inout DListScanner, _ value: RawSpan, _ context: MailboxFieldContext,
    _ tally: inout IssueTally
  ) throws(DListError) {
    switch try scanner.advanceToValue() {
    case .string: take(scanner.string, for: field, value, context, &tally)
    case .null:
      note(field, .null)
      if field == .type { type = MailboxType() }
      if field.isNumber { tally.fail(.fieldNumber, scanner.string.contents) }
    case .kvlistStart, .listStart:
      let bytes = try passOverList(&scanner, &tally)
      note(field, .unreadable)
      if field == .type { type = .unreadable }
      tally.fail(field.isNumber ? .fieldNumber : .fieldNotString, bytes)
    // Nothing else can come where a value must.
    case .key, .listEnd, .looseSpace, .end: break
    }
  }

  @inline(__always)
  private mutating func take(
    _ string: DListString, for field: MailboxField, _ value: RawSpan, _ context: MailboxFieldContext,
    _ tally: inout IssueTally
  ) {
    let text = MailboxText(string, in: value)
    let bytes = string.contents
    switch field {
    case .uidValidity:
      let number = MailboxNumber(text, max: UInt64(UInt32.max), at: bytes, &tally)
      uidValidity = UInt32(truncatingIfNeeded: number.magnitude)
      note(field, number.isValid ? .value : .unreadable)
    case .createdModseq:
      let number = MailboxNumber(text, max: .max, at: bytes, &tally)
      createdModseq = number.magnitude
      note(field, number.isValid ? .value : .unreadable)
    case .folderModseq:
      let number = MailboxNumber(text, max: .max, at: bytes, &tally)
      folderModseq = number.magnitude
      note(field, number.isValid ? .value : .unreadable)
    case .mtime:
      let number = MailboxNumber(text, max: UInt64(Int64.max), isSigned: true, at: bytes, &tally)
      mtime = number.isNegative ? -Int64(number.magnitude) : Int64(number.magnitude)
      note(field, number.isValid ? .value : .unreadable)
    default:
      note(field, .value)
      place(field, at: bytes, isEscaped: string.isEscaped)
      if field == .type {
        type = MailboxType(letters: text, isKindFirst: context != .plainName, at: bytes, &tally)
      } else {
        check(field, string, value, &tally)
      }
    }
  }

  /// Notes what is odd about a string that is not letters of a type.
  @inline(__always)
  mutating func check(_ field: MailboxField, _ string: DListString, _ value: RawSpan, _ tally: inout IssueTally) {
    let bytes = string.contents
    if string.hasControlBytes, value.first(0, in: bytes) < bytes.upperBound { tally.warn(.fieldEmbeddedNul, bytes) }
    if field == .partition, bytes.isEmpty { tally.warn(.fieldEmptyPartition, bytes) }
    if field == .uniqueID, !value.isUsualID(in: bytes) { tally.warn(.idUnusual, bytes) }
  }

  /// Notes fields that every writer writes and that are not there.
  private func noteMissing(_ context: MailboxFieldContext, _ bytes: Range<Int>, _ tally: inout IssueTally) {
    switch state(of: .type) {
    case .value where !self[.type].range.isEmpty: break
    case .absent where context == .plainName: break
    case .unreadable: break
    default: tally.warn(.recordNoType, bytes)
    }
    let isNamed = state(of: .name) == .value && !self[.name].range.isEmpty
    switch context {
    case .uniqueID, .jmapID:
      if !isNamed { tally.fail(.idNoName, bytes) }
      if context == .uniqueID, state(of: .history) == .absent { tally.warn(.idNoHistory, bytes) }
    case .formerName:
      if !isNamed { tally.warn(.historyNoName, bytes) }
    case .plainName, .name: break
    }
  }

  /// Passes over the value of a pair with all that is in it.
  ///
  /// - Returns: Where it is.
  @discardableResult
  private func passOver(_ scanner: inout DListScanner, _ tally: inout IssueTally) throws(DListError) -> Range<Int> {
    switch try scanner.advance() {
    case .kvlistStart, .listStart: return try passOverList(&scanner, &tally)
    default: return scanner.string.contents
    }
  }

  /// Passes over the rest of a list that has just begun.
  ///
  /// - Returns: Where all of it is.
  @discardableResult
  private func passOverList(_ scanner: inout DListScanner, _ tally: inout IssueTally) throws(DListError) -> Range<Int> {
    let start = scanner.mark
    let looseSpaceCount = try scanner.skipList()
    if looseSpaceCount > 0 { tally.warn(.dlistLooseSpace, start..<scanner.offset) }
    return start..<scanner.offset
  }
}

// MARK: - ACL and history

extension MailboxFields {
  private mutating func readACL(
    _ scanner: inout DListScanner, _ value: RawSpan, _ aclCheck: inout ACLCheck?, _ tally: inout IssueTally
  ) throws(DListError) {
    switch try scanner.advance() {
    case .kvlistStart: break
    case .listStart: return refuseACL(try passOverList(&scanner, &tally), &tally)
    default: return refuseACL(scanner.string.contents, &tally)
    }
    let start = aclCount == 0 ? scanner.mark : self[.acl].range.lowerBound
    let source = ACLView.Source.dlist(at: start, count: Int(aclCount) + 1)
    var check = aclCheck ?? ACLCheck(source)
    // Given back at the end: a copy that both had would copy its table.
    if aclCheck != nil { check.goOn(with: source) }
    aclCheck = nil
    defer { aclCheck = check }
    while true {
      switch try scanner.advanceToKey() {
      case .key: break
      case .looseSpace:
        tally.warn(.dlistLooseSpace, scanner.mark..<scanner.mark + 1)
        continue
      default:
        // The end: nothing else can come where a key may.
        if aclCount == 0 { place(.acl, at: start..<scanner.offset) }
        aclCount += 1
        return note(.acl, .value)
      }
      let identifier = scanner.string
      switch try scanner.advanceToValue() {
      case .string:
        check.note(ACLCursor.Ranges(identifier: identifier, rights: scanner.string), value, &tally)
      case .kvlistStart, .listStart: tally.fail(.aclNested, try passOverList(&scanner, &tally))
      default:
        tally.warn(.aclNilRights, scanner.string.contents)
        check.note(ACLCursor.Ranges(identifier: identifier, rights: nil), value, &tally)
      }
    }
  }

  private mutating func refuseACL(_ bytes: Range<Int>, _ tally: inout IssueTally) {
    tally.fail(.aclNotKvlist, bytes)
    // What an earlier list said stays said.
    if aclCount == 0 { note(.acl, .unreadable) }
  }

  private mutating func readHistory(
    _ scanner: inout DListScanner, _ value: RawSpan, _ tally: inout IssueTally
  ) throws(DListError) {
    switch try scanner.advance() {
    case .listStart: break
    case .kvlistStart:
      tally.fail(.historyNotList, try passOverList(&scanner, &tally))
      return note(.history, .unreadable)
    case .null:
      tally.fail(.historyNotList, scanner.string.contents)
      return note(.history, .null)
    default:
      tally.fail(.historyNotList, scanner.string.contents)
      return note(.history, .unreadable)
    }
    let start = scanner.mark
    while true {
      switch try scanner.advance() {
      case .kvlistStart:
        let start = scanner.mark
        var former = MailboxFields()
        try former.readPairs(&scanner, value, .formerName, &tally)
        former.noteMissing(.formerName, start..<scanner.offset, &tally)
      case .listStart: tally.fail(.historyItemNotKvlist, try passOverList(&scanner, &tally))
      case .looseSpace: tally.warn(.dlistLooseSpace, scanner.mark..<scanner.mark + 1)
      case .listEnd:
        place(.history, at: start..<scanner.offset)
        return note(.history, .value)
      default: tally.fail(.historyItemNotKvlist, scanner.string.contents)
      }
    }
  }

  /// Reads one former name, whose list has just begun.
  mutating func readFormerName(_ scanner: inout DListScanner, _ value: RawSpan) throws(DListError) {
    var tally = IssueTally()
    try readPairs(&scanner, value, .formerName, &tally)
  }
}
