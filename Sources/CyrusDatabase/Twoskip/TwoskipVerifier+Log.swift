// Pass 4: dead records, and whether the log adds up to what list 0 has.

extension TwoskipVerifier {
  /// Pointers of records that are on no list: frozen when the record died, they still lead to records.
  mutating func checkDeadRecords() {
    findings.cover(.dummy, bytes: Int(Twoskip.firstRecord - Twoskip.dummy))
    let words = starts.copyOfWords()
    for index in words.indices {
      var word = words[index] & ~visited.word(index)
      while word != 0 {
        let offset = index << 9 | word.trailingZeroBitCount << 3
        word &= word - 1
        if let record = try? TwoskipRecord(at: offset, in: bytes, limit: limit) { checkDead(record) }
      }
    }
    if isListCut {
      findings.skip(.deadPointerOrder, "where list 0 is broken live records count as dead")
    }
  }

  private mutating func checkDead(_ record: TwoskipRecord) {
    findings.cover(.pointerTarget, bytes: 8 * record.pointerCount)
    if record.level > 1 { findings.cover(.deadPointerOrder, bytes: 8 * (record.level - 1)) }
    var reported: UInt64 = 0
    for index in 0..<record.pointerCount {
      let pointer = record.pointer(index, in: bytes)
      if pointer == 0 || pointer == reported { continue }
      guard starts.contains(pointer: pointer) else {
        findings.add(
          .pointerTarget, .warning, at: record.offset..<record.tailOffset,
          "a pointer of a dead record leads to a place where no sound record starts", found: pointer)
        reported = pointer
        continue
      }
      if index >= 2, let target = try? TwoskipRecord(at: Int(truncatingIfNeeded: pointer), in: bytes, limit: limit),
        !isAscending(record, target)
      {
        findings.add(
          .deadPointerOrder, at: record.offset..<record.tailOffset,
          "a pointer of a dead record does not lead to a greater key", found: pointer)
      }
    }
  }

  /// Whether two keys ascend in the order of the file, or in one of both if the live keys fit both.
  private mutating func isAscending(_ first: TwoskipRecord, _ second: TwoskipRecord) -> Bool {
    if order.compare(first.key(in: bytes), second.key(in: bytes)) < 0 { return true }
    return order == .raw && mayBeMbox && KeyOrder.mbox.compare(first.key(in: bytes), second.key(in: bytes)) < 0
  }

  /// Replays the log and compares the outcome with list 0.
  mutating func checkReplay() {
    if parts.unparsed > 0 || limit < end {
      return findings.skip(.replay, "part of the log cannot be read")
    }
    if findings.count(of: .headChecksum) + findings.count(of: .tailChecksum) > 0 {
      return findings.skip(.replay, "part of the log has a wrong checksum")
    }
    if isListCut {
      return findings.skip(.replay, "list 0 could not be followed everywhere")
    }
    guard recordCount + deleteCount < UInt64(UInt32.max) else {
      return findings.skip(.replay, "more than 2^32 records")
    }
    findings.cover(.replay, records: recordCount + deleteCount, bytes: limit - Int(Twoskip.firstRecord))
    let isAscending = findings.count(of: .keyOrder) == 0 || order == .mbox
    // Without a DELETE the log adds up to all keys; if every record is live, and no key twice, that is list 0.
    if deleteCount == 0, recordCount == liveCount, isAscending { return }
    compareReplay(isAscending: isAscending)
  }

  private mutating func compareReplay(isAscending: Bool) {
    var outcome = replay(in: order, isAscending: isAscending)
    // Live keys that fit both orders do not tell in which of them the log found what it deleted.
    if !outcome.isListZero(of: liveCount), order == .raw, isAscending, mayBeMbox {
      let other = replay(in: .mbox, isAscending: true)
      if other.isListZero(of: liveCount) { outcome = other }
    }
    for offset in outcome.nothing {
      findings.add(.replay, at: offset..<offset + 24, "DELETE finds no key that it can have deleted")
    }
    for offset in outcome.holder where offset != 0 && !visited.contains(pointer: offset) {
      let place = Int(truncatingIfNeeded: offset)
      findings.add(.replay, at: place..<place + 8, "record is live by the log but not on list 0")
    }
    if outcome.matches == liveCount { return }
    // Some record of list 0 is not what the log says: find it.
    let logged = Set(outcome.holder)
    let words = visited.copyOfWords()
    for index in words.indices {
      var word = words[index]
      while word != 0 {
        let offset = index << 9 | word.trailingZeroBitCount << 3
        word &= word - 1
        if bytes.byte(at: offset) == TwoskipRecord.Kind.record.rawValue, !logged.contains(UInt64(offset)) {
          findings.add(.replay, at: offset..<offset + 8, "record is on list 0 but not live by the log")
        }
      }
    }
  }

  /// What the log adds up to.
  private struct ReplayOutcome {
    /// DELETEs that found nothing to delete.
    var nothing: [Int] = []
    /// By rank: which record has the key by the log, 0 for none.
    var holder: [UInt64]
    /// How many keys the log leaves, and how many of their records are on list 0.
    var logged: UInt64 = 0, matches: UInt64 = 0

    /// Whether the log says what list 0, of so many records, says.
    func isListZero(of count: UInt64) -> Bool { nothing.isEmpty && logged == matches && matches == count }
  }

  private func replay(in order: KeyOrder, isAscending: Bool) -> ReplayOutcome {
    let replay = TwoskipReplay(bytes, starts: starts, order: order, liveEnd: isAscending ? UInt64(end) : nil)
    var outcome = ReplayOutcome(holder: [UInt64](repeating: 0, count: replay.keyCount))
    replay.run { event in
      switch event {
      case .set(let rank, let offset): outcome.holder[rank] = UInt64(offset)
      case .deleted(let rank, _): outcome.holder[rank] = 0
      case .deletedNothing(let offset): outcome.nothing.append(offset)
      }
    }
    for offset in outcome.holder where offset != 0 {
      outcome.logged += 1
      if visited.contains(pointer: offset) { outcome.matches += 1 }
    }
    return outcome
  }
}
