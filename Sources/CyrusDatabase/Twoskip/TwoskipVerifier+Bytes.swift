// Pass 2: every byte from the list head to the committed end, in file order.
//
// Finds where records start, compares all checksums, follows the chain of COMMITs. What it learns of the
// places is kept as one bit a word; the lists are checked against that.

extension TwoskipVerifier {
  /// What the log has told so far.
  private struct Log {
    /// Where the present transaction begins; nil behind damage, until the next COMMIT.
    var transactionStart: Int? = Int(Twoskip.firstRecord)
    /// Whether something but a BLANK has come since the last COMMIT.
    var hasOpenRecords = false
    var commits: UInt64 = 0
    /// Heads that straddle a 512-byte block, and the first of them.
    var straddling: UInt64 = 0
    var firstStraddling = 0
    /// The first entry of the repacked region that does not belong there.
    var misplaced: Int?
    /// The last RECORD of the repacked region.
    var lastPacked: TwoskipRecord?
  }

  mutating func checkBytes() {
    var log = Log()
    let first = Int(Twoskip.dummy)
    if limit < Int(Twoskip.firstRecord) {
      // The list head itself is cut off.
      parts.unparsed = max(0, limit - first)
      parts.gaps = parts.unparsed > 0 ? 1 : 0
      findings.add(.dummy, at: first..<max(first, limit), "file ends within its list head")
      return
    }
    var scanner = TwoskipScanner(bytes, to: limit)
    while let piece = scanner.next() {
      tick(scanner.offset)
      switch piece {
      case .blank: parts.blanks += 8
      case .record(let record, let isSound): check(record, isSound: isSound, &log)
      case .unparsed(let range, let error): check(range, error, &log)
      }
    }
    findings.cover(.tiling, records: UInt64(parts.records), bytes: limit - first)
    findings.cover(.recordFits, records: UInt64(parts.records), bytes: parts.heads + parts.tails)
    findings.cover(.recordType, records: UInt64(parts.records), bytes: parts.records)
    findings.cover(.level, records: UInt64(parts.records), bytes: parts.records)
    findings.cover(.lengths, records: UInt64(parts.records), bytes: parts.records * 6)
    findings.cover(.headChecksum, records: UInt64(parts.records), bytes: parts.heads - parts.records * 4)
    finish(log)
  }

  @inline(__always)
  private mutating func check(_ record: TwoskipRecord, isSound: Bool, _ log: inout Log) {
    parts.records += 1
    parts.heads += record.headByteCount
    parts.tails += record.tailByteCount
    if !isSound { reportHead(record) }
    if (record.kind == .dummy) != (record.offset == Int(Twoskip.dummy)) { reportDummy(record) }
    checkForm(record)
    checkTail(record)
    // A head straddles a block if its last pointer word lies in another block than its first.
    if (record.offset + 8) & 511 > (record.tailOffset - 8) & 511 {
      if log.straddling == 0 { log.firstStraddling = record.offset }
      log.straddling += 1
    }
    if record.offset < packedEnd { checkPacked(record, &log) }

    switch record.kind {
    case .record:
      recordCount += 1
      log.hasOpenRecords = true
      if isSound { starts.insert(record.offset) }
    case .delete:
      deleteCount += 1
      log.hasOpenRecords = true
      if isSound { starts.insert(record.offset) }
    case .commit: checkCommit(record, isSound: isSound, &log)
    case .dummy: break
    }
  }

  /// Where the repacked region ends; 0 if there is none.
  private var packedEnd: Int {
    guard let size = header?.repackSize, size > Twoskip.firstRecord, size <= UInt64(limit) else { return 0 }
    return Int(size)
  }

  // MARK: - One record

  @inline(__always)
  private mutating func checkForm(_ record: TwoskipRecord) {
    let lengths = bytes.bigEndian(UInt64.self, at: record.offset) & 0xFFFF_FFFF_FFFF
    if record.kind == .record {
      let needsLongKey = record.keyByteCount >= 0xFFFF
      let needsLongValue = record.valueByteCount >= 0xFFFF_FFFF
      let hasLongKey = lengths >> 32 == 0xFFFF
      let hasLongValue = lengths & 0xFFFF_FFFF == 0xFFFF_FFFF
      if needsLongKey != hasLongKey || needsLongValue != hasLongValue {
        findings.add(.lengths, .warning, at: head(of: record), "a length is in its long form without need")
      }
    } else if lengths != 0 {
      findings.add(.lengths, at: head(of: record), "a record without key and value has length fields", found: lengths)
    }
  }

  @inline(__always)
  private mutating func checkTail(_ record: TwoskipRecord) {
    let stored = record.storedTailChecksum(in: bytes)
    if record.tailByteCount == 0 {
      findings.cover(.emptyTailChecksum, bytes: 4)
      if stored != 0 {
        findings.add(
          .emptyTailChecksum, at: record.offset..<record.tailOffset, "tail checksum of an empty tail is not 0",
          expected: 0, found: UInt64(stored))
      }
      return
    }
    findings.cover(.tailChecksum, bytes: record.tailByteCount + 4)
    let computed = record.tailChecksum(in: bytes)
    if computed != stored {
      findings.add(
        .tailChecksum, at: record.offset..<record.end, "record tail checksum differs",
        expected: UInt64(computed), found: UInt64(stored))
    }
    let padding = record.tailByteCount - record.keyByteCount - record.valueByteCount
    findings.cover(.padding, bytes: padding)
    if padding > 0 {
      let last = bytes.bigEndian(UInt64.self, at: record.end - 8) & ((1 << UInt64(8 * padding)) - 1)
      if last != 0 {
        findings.add(
          .padding, at: record.offset..<record.end, "padding behind the value is not zero", expected: 0, found: last)
      }
    }
  }

  private func head(of record: TwoskipRecord) -> Range<Int> { record.offset..<record.tailOffset }

  @inline(never)
  private mutating func reportHead(_ record: TwoskipRecord) {
    findings.add(
      .headChecksum, at: head(of: record), "record head checksum differs",
      expected: UInt64(record.headChecksum(in: bytes)), found: UInt64(record.storedHeadChecksum(in: bytes)))
  }

  @inline(never)
  private mutating func reportDummy(_ record: TwoskipRecord) {
    if record.kind == .dummy {
      findings.add(.recordType, at: head(of: record), "a second list head")
    } else {
      findings.add(
        .dummy, at: head(of: record), "the record at 64 is not the list head",
        expected: UInt64(TwoskipRecord.Kind.dummy.rawValue), found: UInt64(record.kind.rawValue))
    }
  }

  // MARK: - What is no record

  private mutating func check(_ range: Range<Int>, _ error: TwoskipError, _ log: inout Log) {
    parts.unparsed += range.count
    parts.gaps += 1
    let atDummy = range.lowerBound == Int(Twoskip.dummy)
    findings.add(
      atDummy ? .dummy : error.code.rule, at: range, error.code.rawValue, expected: error.expected, found: error.found)
    findings.add(.tiling, at: range, "\(range.count) bytes are neither a record nor BLANK")
    log.transactionStart = nil
    log.hasOpenRecords = true
    log.lastPacked = nil
    findings.skip(.commitChain, "not across bytes that are no record")
    if range.lowerBound < packedEnd { log.misplaced = log.misplaced ?? range.lowerBound }
  }

  // MARK: - The log as a whole

  private mutating func checkCommit(_ record: TwoskipRecord, isSound: Bool, _ log: inout Log) {
    log.commits += 1
    log.hasOpenRecords = false
    findings.cover(.commitChain, bytes: 8)
    defer { log.transactionStart = record.end }
    guard isSound else {
      findings.add(.commitChain, at: head(of: record), "COMMIT has a wrong checksum: it proves nothing")
      return
    }
    guard let start = log.transactionStart else { return }
    let named = record.pointer(0, in: bytes)
    if named != UInt64(start) {
      findings.add(
        .commitChain, at: head(of: record), "COMMIT does not name the end of the one before it",
        expected: UInt64(start), found: named)
    }
  }

  @inline(__always)
  private mutating func checkPacked(_ record: TwoskipRecord, _ log: inout Log) {
    if record.kind == .dummy { return }
    findings.cover(.repackedRegion, bytes: record.end - record.offset)
    guard log.misplaced == nil else { return }
    if record.kind != .record || log.lastPacked.map({ !isAscending($0, record) }) ?? false {
      log.misplaced = record.offset
    }
    log.lastPacked = record
  }

  /// Whether two keys ascend in either order; which one the file has is not known yet.
  @inline(__always)
  private func isAscending(_ first: TwoskipRecord, _ second: TwoskipRecord) -> Bool {
    let keys = (first.key(in: bytes), second.key(in: bytes))
    return KeyOrder.raw.compare(keys.0, keys.1) < 0 || KeyOrder.mbox.compare(keys.0, keys.1) < 0
  }

  private mutating func finish(_ log: Log) {
    let last = limit..<limit
    if bytes.byteCount < end {
      findings.skip(.commitChain, "the file ends before its committed end")
    } else if log.hasOpenRecords {
      findings.add(
        .commitChain, at: (log.transactionStart ?? limit)..<limit, "no COMMIT at the committed end",
        expected: UInt64(end))
    } else if let start = log.transactionStart, start != end {
      // BLANKs alone: even a file without a transaction, which ends at 336, has none.
      findings.add(
        .commitChain, at: last,
        log.commits > 0 ? "the last COMMIT does not end at the committed end" : "no COMMIT at the committed end",
        expected: UInt64(end), found: UInt64(start))
    }
    findings.cover(.headPlacement, records: UInt64(parts.records), bytes: parts.heads)
    if log.straddling > 0 {
      findings.add(
        .headPlacement, at: log.firstStraddling..<limit,
        "\(log.straddling) heads straddle 512-byte blocks: written by a release before 3.2", found: log.straddling)
    }
    if let place = log.misplaced {
      findings.add(
        .repackedRegion, at: place..<max(place, packedEnd),
        "the repacked region holds more than RECORDs in key order", found: UInt64(place))
    } else if packedEnd == 0, let size = header?.repackSize, size > Twoskip.firstRecord {
      findings.skip(.repackedRegion, "the repacked region does not end within the file")
    }
  }
}
