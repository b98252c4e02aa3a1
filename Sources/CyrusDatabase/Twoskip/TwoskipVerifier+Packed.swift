// All passes at once, over a file that a repack has just left: its records lie in the order of their keys.
//
// What the other passes learn one after the other is then seen as it goes by: the record that lies next is the one that
// every list leads to next. Nothing has to be remembered but where each list leads, and no record is touched twice.
//
// Surprise: nothing is ever found here. At the first thing that is not as a repack leaves it the pass is given up without
// a trace, and the others begin anew; they know what is wrong, and whether it is.

extension TwoskipVerifier {
  /// What has been seen, kept apart until all has been.
  private struct Seen {
    var parts = Parts()
    var recordCount = 0
    var commitCount = 0
    var keyByteCount = 0
    var paddingByteCount = 0
    /// Pointers to upper lists, the list head's included.
    var upperPointerCount = 30
    var packedCount = 0
    var packedByteCount = 0
  }

  /// Whether the file may be as a repack leaves it: most of one that is not would be read in vain.
  private var mayBePacked: Bool {
    guard depth == .full, state == .clean, let header, limit == end, bytes.byteCount == end,
      findings.count(of: .damage) + findings.count(of: .warning) + findings.count(of: .note) == 0
    else { return false }
    let smallest = UInt64(Twoskip.smallestRecord)
    return header.repackSize == Twoskip.firstRecord || UInt64(end) - header.repackSize <= smallest
  }

  /// Checks a file by all rules in one pass.
  ///
  /// - Returns: Whether it could: then nothing is wrong with it, and nothing is left to be checked but the count of records.
  mutating func checkPacked() -> Bool {
    guard mayBePacked, let seen = seePacked() else { return false }
    take(seen)
    return true
  }

  private mutating func seePacked() -> Seen? {
    var seen = Seen()
    let packedEnd = header.map { $0.repackSize > Twoskip.firstRecord ? Int($0.repackSize) : 0 } ?? 0
    var expected = InlineArray<31, UInt64>(repeating: 0)
    guard let dummy = soundHead(at: Int(Twoskip.dummy)), dummy.kind == .dummy, dummy.end == Int(Twoskip.firstRecord),
      hasPlainLengths(dummy), dummy.storedTailChecksum(in: bytes) == 0, leadsOn(dummy, &expected)
    else { return nil }
    seen.parts.records = 1
    seen.parts.heads = dummy.headByteCount

    var offset = dummy.end
    var transactionStart = offset
    var hasOpenRecords = false
    var last = dummy
    while offset < limit {
      tick(offset)
      if limit - offset >= 8, bytes.bigEndian(UInt64.self, at: offset) == Twoskip.blank {
        seen.parts.blanks += 8
        offset += 8
        continue
      }
      // A head that straddles a block is one of an old release.
      guard let record = soundHead(at: offset), hasPlainLengths(record),
        (record.offset + 8) & 511 <= (record.tailOffset - 8) & 511
      else { return nil }
      seen.parts.records += 1
      seen.parts.heads += record.headByteCount
      seen.parts.tails += record.tailByteCount
      switch record.kind {
      case .record:
        guard isNext(record, expected), last.kind == .dummy || ascends(last, record), hasSoundTail(record),
          leadsOn(record, &expected)
        else { return nil }
        seen.recordCount += 1
        seen.keyByteCount += record.keyByteCount
        seen.paddingByteCount += record.tailByteCount - record.keyByteCount - record.valueByteCount
        seen.upperPointerCount += record.level - 1
        if offset < packedEnd {
          seen.packedCount += 1
          seen.packedByteCount += record.end - record.offset
        }
        hasOpenRecords = true
        last = record
      case .commit:
        guard offset >= packedEnd, record.first == UInt64(transactionStart), record.storedTailChecksum(in: bytes) == 0
        else { return nil }
        seen.commitCount += 1
        hasOpenRecords = false
        transactionStart = record.end
      case .dummy, .delete: return nil
      }
      offset = record.end
    }
    for list in 0..<Twoskip.levels where expected[list] != 0 { return nil }
    return hasOpenRecords || transactionStart != end ? nil : seen
  }

  /// The record at a place, if its head has the right checksum.
  @inline(__always)
  private func soundHead(at offset: Int) -> TwoskipRecord? {
    guard let record = try? TwoskipRecord(at: offset, in: bytes, limit: limit),
      record.headChecksum(in: bytes) == record.storedHeadChecksum(in: bytes)
    else { return nil }
    return record
  }

  /// Whether no length is in the long form, and one without key and value has no length.
  @inline(__always)
  private func hasPlainLengths(_ record: TwoskipRecord) -> Bool {
    let lengths = bytes.bigEndian(UInt64.self, at: record.offset) & 0xFFFF_FFFF_FFFF
    if record.kind != .record { return lengths == 0 }
    return lengths >> 32 != 0xFFFF && lengths & 0xFFFF_FFFF != 0xFFFF_FFFF
  }

  @inline(__always)
  private func hasSoundTail(_ record: TwoskipRecord) -> Bool {
    guard record.tailChecksum(in: bytes) == record.storedTailChecksum(in: bytes) else { return false }
    let padding = record.tailByteCount - record.keyByteCount - record.valueByteCount
    return bytes.bigEndian(UInt64.self, at: record.end - 8) & ((1 << UInt64(8 * padding)) - 1) == 0
  }

  @inline(__always)
  private func ascends(_ last: TwoskipRecord, _ record: TwoskipRecord) -> Bool {
    last.key(in: bytes).compare(with: record.key(in: bytes)) < 0
  }

  /// Whether all lists of a record lead to it from the record before it on them.
  @inline(__always)
  private func isNext(_ record: TwoskipRecord, _ expected: borrowing InlineArray<31, UInt64>) -> Bool {
    var list = 0
    while list < record.level {
      if expected[list] != UInt64(record.offset) { return false }
      list += 1
    }
    return true
  }

  /// Notes where a record leads.
  ///
  /// - Returns: Whether it has no pointer besides, as from an earlier state of the file.
  @inline(__always)
  private func leadsOn(_ record: TwoskipRecord, _ expected: inout InlineArray<31, UInt64>) -> Bool {
    guard record.first == 0 || record.second == 0 else { return false }
    expected[0] = record.first | record.second
    var list = 1
    while list < record.level {
      expected[list] = record.pointer(list + 1, in: bytes)
      list += 1
    }
    return true
  }

  /// Takes what was seen for what the passes would have found.
  private mutating func take(_ seen: Seen) {
    let header = parts.header
    parts = seen.parts
    parts.header = header
    recordCount = UInt64(seen.recordCount)
    liveCount = recordCount
    let all = UInt64(parts.records)
    let holders = recordCount + 1
    let words = Int(holders)
    findings.cover(.tiling, records: all, bytes: limit - Int(Twoskip.dummy))
    findings.cover(.recordFits, records: all, bytes: parts.heads + parts.tails)
    findings.cover(.recordType, records: all, bytes: parts.records)
    findings.cover(.level, records: all, bytes: parts.records)
    findings.cover(.lengths, records: all, bytes: parts.records * 6)
    findings.cover(.headChecksum, records: all, bytes: parts.heads - parts.records * 4)
    findings.cover(.emptyTailChecksum, records: UInt64(seen.commitCount + 1), bytes: 4 * (seen.commitCount + 1))
    findings.cover(.tailChecksum, records: recordCount, bytes: parts.tails + 4 * seen.recordCount)
    findings.cover(.padding, records: recordCount, bytes: seen.paddingByteCount)
    findings.cover(.commitChain, records: UInt64(seen.commitCount), bytes: 8 * seen.commitCount)
    findings.cover(.repackedRegion, records: UInt64(seen.packedCount), bytes: seen.packedByteCount)
    findings.cover(.headPlacement, records: all, bytes: parts.heads)
    findings.cover(.level0Pair, records: holders, bytes: 16 * words)
    findings.cover(.list0Entry, records: recordCount, bytes: 8 * seen.recordCount)
    findings.cover(.list0Cycle, records: recordCount, bytes: 8 * seen.recordCount)
    findings.cover(.keyOrder, records: recordCount, bytes: seen.keyByteCount)
    findings.cover(.level0Alternate, records: recordCount, bytes: 8 * seen.recordCount)
    findings.cover(.levelLinks, records: holders, bytes: 8 * seen.upperPointerCount)
    findings.cover(.pointerTarget, records: holders, bytes: 8 * (seen.upperPointerCount + 2 * words))
    findings.cover(.dummy, bytes: Int(Twoskip.firstRecord - Twoskip.dummy))
    findings.cover(.replay, records: recordCount, bytes: limit - Int(Twoskip.firstRecord))
  }
}
