// Pass 3: the lists, in key order.
//
// List 0 is walked as a reader walks it. For each upper list it is known what its next entry must be, so
// all lists are checked in the one walk. Where list 0 is broken the walk goes on at the nearest
// record that an upper list leads to.
//
// In a full check places are proven by what pass 2 found; in a quick one each head's checksum is compared here.

extension TwoskipVerifier {
  /// Where the walk is.
  private struct Walk {
    var current: TwoskipRecord
    /// The last record whose key was compared.
    var last: TwoskipRecord?
    /// By list: where the entry that leads on starts, and where it leads.
    var holders = InlineArray<31, Int>(repeating: Int(Twoskip.dummy))
    var expected = InlineArray<31, UInt64>(repeating: 0)
    /// Whether upper lists and pairs have to be those of the committed state.
    var isSettled: Bool
    /// How many bytes the records may have that are still to come: those of a file do not overlap.
    var bytesLeft: Int
  }

  mutating func checkLists() {
    guard let dummy = try? TwoskipState(bytes, end: UInt64(end)).dummy() else {
      isListCut = true
      if depth == .quick {
        findings.add(.dummy, at: Int(Twoskip.dummy)..<max(Int(Twoskip.dummy), limit), "no sound list head")
        parts.unvisited = max(0, limit - TwoskipHeader.byteCount)
      }
      let rules: [TwoskipRule] = [
        .list0Entry, .deleteTarget, .keyOrder, .list0Cycle, .levelLinks, .level0Pair, .level0Alternate,
      ]
      for rule in rules { findings.skip(rule, "no sound list head to start from") }
      return
    }
    let isDirty = header?.isDirty ?? false
    var walk = Walk(
      current: dummy, isSettled: !isDirty && bytes.byteCount <= end,
      bytesLeft: limit - Int(Twoskip.firstRecord))
    if isDirty { findings.skip(.levelLinks, "the upper lists of a dirty file may be those of the open transaction") }
    passOn(dummy, &walk)
    if depth == .quick { count(dummy) }

    while true {
      let reached = nextEntry(&walk) ?? detour(&walk)
      guard let record = reached else { break }
      visit(record, &walk)
    }
    finish(walk)
  }

  // MARK: - One step

  /// The next RECORD on list 0; nil where it ends, or, with `isListCut` newly set in `walk`, where it is broken.
  @inline(__always)
  private mutating func nextEntry(_ walk: inout Walk) -> TwoskipRecord? {
    let current = walk.current
    let first = current.pointer(0, in: bytes)
    let second = current.pointer(1, in: bytes)
    findings.cover(.level0Pair, bytes: 16)
    guard let pointer = successor(first, second, end: UInt64(end)) else {
      findings.add(
        .level0Pair, at: current.offset..<current.tailOffset,
        "both level-0 pointers lie beyond the committed end: the successor is lost", found: min(first, second))
      return cut(&walk)
    }
    let alternate = pointer == first ? second : first
    if alternate >= UInt64(end) {
      // Of an open transaction this is expected.
      if header?.isDirty != true || alternate % 8 != 0 { reportAlternateBeyond(current, alternate, walk) }
    } else if alternate != 0, depth == .full {
      checkAlternate(current, alternate, selected: pointer)
    }
    if pointer == 0 {
      if alternate >= UInt64(end) { checkEnd(current) }
      return nil
    }
    guard let next = entry(at: pointer, from: current.offset) else { return cut(&walk) }
    if next.kind == .record { return meet(next, from: current, &walk) }
    return passDelete(next, from: current, &walk)
  }

  /// The sound RECORD or DELETE that a list-0 pointer leads to; nil, and a finding, if there is none.
  @inline(__always)
  private mutating func entry(at pointer: UInt64, from holder: Int) -> TwoskipRecord? {
    findings.cover(.list0Entry, bytes: 8)
    if depth == .full {
      if starts.contains(pointer: pointer),
        let record = try? TwoskipRecord(at: Int(truncatingIfNeeded: pointer), in: bytes, limit: limit)
      {
        return record
      }
      brokenTargets.insert(pointer)
      findings.add(
        .list0Entry, at: holder..<holder + 8, "list 0 leads to a place where no sound record starts", found: pointer)
      return nil
    }
    let wrong: TwoskipError
    do throws(TwoskipError) {
      let record = try TwoskipState(bytes, end: UInt64(end)).record(at: pointer, from: holder)
      count(record)
      if record.kind == .record || record.kind == .delete { return record }
      wrong = TwoskipError(.listEntry, at: UInt64(holder), found: pointer)
    } catch {
      wrong = error
    }
    let place = Int(wrong.offset)
    findings.add(
      wrong.code.rule, at: place..<place + 8, wrong.code.rawValue, expected: wrong.expected, found: wrong.found)
    return nil
  }

  /// Steps over a DELETE, which stands on list 0 between two records.
  @inline(never)
  private mutating func passDelete(
    _ entry: TwoskipRecord, from current: TwoskipRecord, _ walk: inout Walk
  ) -> TwoskipRecord? {
    var delete = entry
    var holder = current
    // A second DELETE is an error of its own; the way on is still clear. Each is met once, so this ends.
    while true {
      guard markVisited(delete, from: holder) else { return cut(&walk) }
      findings.cover(.deleteTarget, bytes: 8)
      let pointer = delete.pointer(0, in: bytes)
      if pointer == 0 { return nil }
      guard let next = self.entry(at: pointer, from: delete.offset) else { return cut(&walk) }
      if next.kind == .record { return meet(next, from: delete, &walk) }
      findings.add(
        .deleteTarget, at: delete.offset..<delete.end, "DELETE on list 0 leads to another DELETE", found: pointer)
      holder = delete
      delete = next
    }
  }

  private mutating func meet(
    _ record: TwoskipRecord, from holder: TwoskipRecord, _ walk: inout Walk
  ) -> TwoskipRecord? {
    guard markVisited(record, from: holder) else {
      if let last = walk.last { requireAscending(last, record) }
      return cut(&walk)
    }
    walk.bytesLeft -= record.end - record.offset
    guard walk.bytesLeft >= 0 else {
      findings.add(
        .list0Entry, at: holder.offset..<holder.tailOffset, "the records of list 0 overlap",
        found: UInt64(record.offset))
      return cut(&walk)
    }
    return record
  }

  private mutating func markVisited(_ record: TwoskipRecord, from holder: TwoskipRecord) -> Bool {
    findings.cover(.list0Cycle, bytes: 8)
    if visited.contains(record.offset) {
      findings.add(
        .list0Cycle, at: holder.offset..<holder.tailOffset, "list 0 comes back to a record it has passed",
        found: UInt64(record.offset))
      return false
    }
    visited.insert(record.offset)
    return true
  }

  @inline(__always)
  private mutating func visit(_ record: TwoskipRecord, _ walk: inout Walk) {
    liveCount += 1
    tick((depth == .full ? limit : 0) + record.offset)
    findings.cover(.keyOrder, bytes: record.keyByteCount)
    if let last = walk.last { requireAscending(last, record) }
    walk.last = record
    walk.current = record
    if depth == .full { findings.cover(.level0Alternate, bytes: 8) }
    checkUpperLists(record, &walk)
    passOn(record, &walk)
  }

  /// A 0 beside a pointer beyond the committed end can stand where the successor was, see ``TwoskipState``. If the file is
  /// not dirty its count of records tells anyway.
  @inline(never)
  private mutating func checkEnd(_ last: TwoskipRecord) {
    guard let header, header.isDirty, header.checksum == header.computedChecksum, !isListCut,
      liveCount != header.recordCount, liveCount != header.recordCount &+ 1
    else { return }
    findings.add(
      .level0Pair, .damage, at: last.offset..<last.tailOffset,
      "list 0 ends before the header's count of records: the successor is lost", expected: header.recordCount,
      found: liveCount)
    isListCut = true
  }

  // MARK: - Upper lists

  @inline(__always)
  private mutating func checkUpperLists(_ record: TwoskipRecord, _ walk: inout Walk) {
    var list = 1
    while list < record.level {
      if walk.expected[list] != UInt64(record.offset) { reportLink(list, record, walk) }
      list += 1
    }
  }

  @inline(__always)
  private mutating func passOn(_ record: TwoskipRecord, _ walk: inout Walk) {
    var list = 1
    // Neighbouring lists often lead to the same place: a wrong one is reported once for a record.
    var reported: UInt64 = 0
    while list < record.level {
      let pointer = record.pointer(list + 1, in: bytes)
      walk.holders[list] = record.offset
      walk.expected[list] = pointer
      if depth == .full, pointer != 0, pointer != reported, !starts.contains(pointer: pointer) {
        reported = pointer
        reportTarget(record, pointer, walk)
      }
      list += 1
    }
    if header?.isDirty != true { findings.cover(.levelLinks, bytes: 8 * max(0, record.level - 1)) }
    if depth == .full { findings.cover(.pointerTarget, bytes: 8 * record.pointerCount) }
  }

  @inline(never)
  private mutating func reportLink(_ list: Int, _ record: TwoskipRecord, _ walk: Walk) {
    if header?.isDirty == true { return }
    let holder = walk.holders[list]
    findings.add(
      .levelLinks, walk.isSettled ? .damage : .warning, at: holder..<holder + 8,
      "list \(list) does not lead to the next live record of its level", expected: UInt64(record.offset),
      found: walk.expected[list])
  }

  @inline(never)
  private mutating func reportTarget(_ record: TwoskipRecord, _ pointer: UInt64, _ walk: Walk) {
    // Pointers of an open transaction lead beyond the committed end.
    if !walk.isSettled, pointer >= UInt64(end), pointer % 8 == 0 { return }
    findings.add(
      .pointerTarget, at: record.offset..<record.tailOffset,
      "a pointer of a live record leads to a place where no sound record starts", found: pointer)
  }

  @inline(never)
  private mutating func reportAlternateBeyond(_ record: TwoskipRecord, _ pointer: UInt64, _ walk: Walk) {
    findings.add(
      .level0Pair, walk.isSettled ? .damage : .warning, at: record.offset..<record.tailOffset,
      "a level-0 pointer lies beyond the committed end", found: pointer)
  }

  @inline(__always)
  private mutating func checkAlternate(_ record: TwoskipRecord, _ pointer: UInt64, selected: UInt64) {
    if starts.contains(pointer: pointer), pointer != selected { return }
    findings.add(
      .level0Alternate, at: record.offset..<record.tailOffset,
      "the level-0 pointer that is not in force leads to no record", found: pointer)
  }

  // MARK: - Order and damage

  @inline(__always)
  private mutating func requireAscending(_ first: TwoskipRecord, _ second: TwoskipRecord) {
    if order.compare(first.key(in: bytes), second.key(in: bytes)) >= 0 { settleOrder(first, second) }
  }

  /// Finds out whether keys that do not ascend prove the other order, or are out of order.
  @inline(never)
  private mutating func settleOrder(_ first: TwoskipRecord, _ second: TwoskipRecord) {
    // A key with a wrong checksum proves nothing.
    let state = TwoskipState(bytes, end: UInt64(end))
    let isProven = (try? state.checkTail(of: first)) != nil && (try? state.checkTail(of: second)) != nil
    if order == .raw, isProven, findings.count(of: .keyOrder) == 0 {
      var evidence = TwoskipState(bytes, end: UInt64(end)).orderEvidence()
      evidence.consider(first.key(in: bytes), second.key(in: bytes))
      if evidence.allowsMbox {
        order = .mbox
        findings.add(
          .keyOrder, .note, at: second.offset..<second.end,
          "keys are in mbox order: Cyrus 3.6 and later finds them by luck only")
        return
      }
    }
    findings.add(
      .keyOrder, at: second.offset..<second.end, "key does not come after the one before it on list 0",
      found: UInt64(first.offset))
  }

  private mutating func cut(_ walk: inout Walk) -> TwoskipRecord? {
    isListCut = true
    walk.current = walk.last ?? walk.current
    return nil
  }

  /// Behind a break of list 0: the nearest record that an upper list leads to; nil if there is no break, or no way on.
  private mutating func detour(_ walk: inout Walk) -> TwoskipRecord? {
    guard isListCut, walk.bytesLeft > 0 else { return nil }
    let state = TwoskipState(bytes, end: UInt64(end))
    for list in 1..<Twoskip.levels {
      guard let record = state.hint(walk.expected[list], list: list), !visited.contains(record.offset) else { continue }
      if let last = walk.last, order.compare(last.key(in: bytes), record.key(in: bytes)) >= 0 { continue }
      visited.insert(record.offset)
      walk.bytesLeft -= record.end - record.offset
      if depth == .quick { count(record) }
      // Lists that were to lead to lost records first are not to blame.
      for list in 1..<max(1, record.level) { walk.expected[list] = UInt64(record.offset) }
      return record
    }
    return nil
  }

  private mutating func finish(_ walk: Walk) {
    if isListCut {
      for rule in [TwoskipRule.list0Entry, .keyOrder, .levelLinks, .level0Pair] {
        findings.skip(rule, "not for records that a break of list 0 hides")
      }
    } else if header?.isDirty != true {
      for list in 1..<Twoskip.levels where walk.expected[list] != 0 {
        let holder = walk.holders[list]
        findings.add(
          .levelLinks, walk.isSettled ? .damage : .warning, at: holder..<holder + 8,
          "list \(list) goes on behind the last live record of its level", expected: 0, found: walk.expected[list])
      }
    }
    if depth == .quick {
      // Records that overlap, which only forged pointers lead to, would be counted twice.
      parts.heads = min(parts.heads, limit - TwoskipHeader.byteCount)
      parts.unvisited = limit - TwoskipHeader.byteCount - parts.heads
    }
  }

  /// In a quick check heads are compared as they are met.
  private mutating func count(_ record: TwoskipRecord) {
    parts.records += 1
    parts.heads += record.headByteCount
    findings.cover(.headChecksum, bytes: record.headByteCount - 4)
    findings.cover(.recordFits, bytes: record.headByteCount)
    findings.cover(.level, bytes: 1)
    findings.cover(.lengths, bytes: 6)
    if record.kind == .dummy { findings.cover(.dummy, bytes: record.headByteCount) }
  }
}
