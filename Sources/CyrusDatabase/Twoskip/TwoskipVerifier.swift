// Checking a whole twoskip file against the rules of its format.
//
// Four passes, each of which trusts only what the ones before have proven; first a fast way for files of which nothing is
// wrong (TwoskipVerifier+Sound.swift):
//   1. the header                      (this file)
//   2. every byte, in file order       (TwoskipVerifier+Bytes.swift)
//   3. the lists, in key order         (TwoskipVerifier+Lists.swift)
//   4. dead records, and the log       (TwoskipVerifier+Log.swift)
//
// Nothing throws: damage is collected, and the check goes on behind it. Every loop is bounded by the file's size:
// passes over bytes move forward, and a walk over a list ends when it meets a record a second time.
//
// Facts: Docs/Formats/twoskip.md, "The verifier's rules".

struct TwoskipVerifier: ~Copyable, ~Escapable {
  let bytes: RawSpan
  let depth: VerificationDepth
  let progress: ((UInt64, UInt64) -> Void)?
  /// Whether the fast way may be tried, in one pass or not. Off in tests of the other passes.
  var allowsOnePass = true
  /// How many threads may be used by the fast way; 1 or more.
  var threads = 1

  var findings = TwoskipFindings()
  var parts = Parts()
  /// The header, if there is one; not necessarily a sound one.
  var header: TwoskipHeader?
  var state = FileState.unreadable
  /// The committed end that the rest is checked against.
  var end = 0
  /// Where bytes end that can be checked: `end` or the end of the file.
  var limit = 0
  var order = KeyOrder.raw
  /// Whether the keys of list 0 fit mbox order, found out when it is asked for the first time.
  lazy var mayBeMbox = TwoskipState(bytes, end: UInt64(end)).orderEvidence().allowsMbox

  /// Where RECORDs and DELETEs with right head checksums start.
  var starts: BitMap
  /// Those of them that are on list 0.
  var visited: BitMap
  var recordCount: UInt64 = 0
  var deleteCount: UInt64 = 0
  var liveCount: UInt64 = 0
  /// Places that list 0 leads to and where no sound record starts.
  var brokenTargets: Set<UInt64> = []
  /// Whether list 0 could not be followed everywhere.
  var isListCut = false
  /// Bytes done and to do, for `progress`.
  var doneByteCount = 0
  var nextProgress = progressStep

  /// How many bytes pass between two calls of `progress`.
  static let progressStep = 1 << 24

  /// Bytes by kind.
  struct Parts {
    var header = 0
    var heads = 0, records = 0
    var tails = 0
    var blanks = 0
    var unparsed = 0, gaps = 0
    var uncommitted = 0
    var unvisited = 0
  }

  /// Verifies the bytes of a file.
  static func report(
    on bytes: RawSpan, depth: VerificationDepth, allowsOnePass: Bool = true, threads: Int = 1,
    progress: ((UInt64, UInt64) -> Void)? = nil
  ) -> VerificationReport {
    var verifier = TwoskipVerifier(bytes, depth: depth, progress: progress)
    verifier.allowsOnePass = allowsOnePass
    verifier.threads = threads
    verifier.run()
    return verifier.makeReport()
  }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, depth: VerificationDepth, progress: ((UInt64, UInt64) -> Void)?) {
    self.bytes = bytes
    self.depth = depth
    self.progress = progress
    starts = BitMap(byteCount: 0)
    visited = BitMap(byteCount: 0)
  }

  @_lifetime(self: copy self)
  private mutating func run() {
    guard bytes.byteCount > 0 else {
      state = .empty
      skipAll(from: .magic, "the file is empty")
      return
    }
    guard checkHeader() else { return }
    parts.header = TwoskipHeader.byteCount
    if depth == .quick { skipWhatQuickLeavesOut() }
    if allowsOnePass, checkPacked() || checkSound() || checkQuickly() { return checkRecordCount() }
    // As large as what is looked at: behind the committed end a file can have terabytes of nothing.
    visited = BitMap(byteCount: limit)
    if depth == .full {
      starts = BitMap(byteCount: limit)
      checkBytes()
      checkLists()
      checkDeadRecords()
      checkReplay()
    } else {
      checkLists()
    }
    checkRecordCount()
  }

  // MARK: - Pass 1: the header

  /// - Returns: Whether there is anything to check behind the header.
  mutating func checkHeader() -> Bool {
    let whole = 0..<bytes.byteCount
    findings.cover(.magic, bytes: min(bytes.byteCount, TwoskipHeader.magic.count))
    if isInterruptedCreation(bytes, fileByteCount: UInt64(bytes.byteCount)) {
      state = .interruptedCreation
      parts.header = TwoskipHeader.byteCount
      parts.unparsed = bytes.byteCount - TwoskipHeader.byteCount
      parts.gaps = 1
      findings.add(
        .magic, at: 0..<64,
        "creation was interrupted: no header was written; the database is empty, and Cyrus refuses to open it")
      skipAll(from: .version, "the header was never written")
      return false
    }
    guard bytes.byteCount >= TwoskipHeader.byteCount else {
      parts.header = bytes.byteCount
      findings.add(
        .magic, at: whole, "file is shorter than a header", expected: 64, found: UInt64(bytes.byteCount))
      skipAll(from: .version, "the file has no whole header")
      return false
    }
    let magic = TwoskipHeader.magic
    guard bytes.starts(with: magic.rawSpan) else {
      parts.header = TwoskipHeader.byteCount
      parts.unparsed = bytes.byteCount - TwoskipHeader.byteCount
      parts.gaps = parts.unparsed > 0 ? 1 : 0
      findings.add(.magic, at: 0..<20, "not a twoskip file")
      skipAll(from: .version, "the file has no twoskip magic")
      return false
    }
    let header = TwoskipHeader(unchecked: bytes)
    self.header = header
    checkFields(of: header)
    return true
  }

  private mutating func checkFields(of header: TwoskipHeader) {
    let size = UInt64(bytes.byteCount)
    findings.cover(.headerChecksum, bytes: 64)
    let isSound = header.checksum == header.computedChecksum
    if !isSound {
      findings.add(
        .headerChecksum, at: 0..<64, "header checksum differs", expected: UInt64(header.computedChecksum),
        found: UInt64(header.checksum))
    }
    findings.cover(.version, bytes: 4)
    if header.version != 1 {
      findings.add(
        .version, header.version == 0 ? .warning : .damage, at: 20..<24, "version is not 1",
        expected: 1, found: UInt64(header.version))
    }
    findings.cover(.flags, bytes: 4)
    if header.flags > 1 {
      findings.add(.flags, at: 56..<60, "unknown flags are set", found: UInt64(header.flags))
    }
    findings.cover(.headerSizes, bytes: 24)
    let hasPossibleEnd =
      header.currentSize >= Twoskip.firstRecord && header.currentSize % 8 == 0
      && header.currentSize <= Twoskip.largestSize
    if !hasPossibleEnd {
      findings.add(.headerSizes, at: 48..<56, "committed end is impossible", found: header.currentSize)
    }
    if header.repackSize < Twoskip.firstRecord || (hasPossibleEnd && header.repackSize > header.currentSize) {
      findings.add(.headerSizes, at: 40..<48, "repack size is impossible", found: header.repackSize)
    }
    if header.generation < 1 {
      findings.add(.headerSizes, at: 24..<32, "generation is 0", found: 0)
    }

    // An end that cannot be believed is guessed: then everything up to the end of the file is checked.
    let isGuess = !hasPossibleEnd || (!isSound && header.currentSize > size)
    end = isGuess ? max(bytes.byteCount & ~7, Int(Twoskip.firstRecord)) : Int(truncatingIfNeeded: header.currentSize)
    limit = min(end, bytes.byteCount)
    parts.uncommitted = max(0, bytes.byteCount - end)
    state = isSound && hasPossibleEnd ? FileState(header, fileByteCount: size) : .unreadable

    findings.cover(.dirty, bytes: 4)
    if header.isDirty {
      findings.add(.dirty, at: 56..<60, "a transaction is under way, or its writer died: the last commit counts")
    }
    findings.cover(.fileSize, bytes: bytes.byteCount)
    if isGuess {
      findings.skip(.fileSize, "the header's committed end cannot be believed; the end of the file was taken for it")
    } else if bytes.byteCount < end {
      findings.add(
        .fileSize, at: bytes.byteCount..<end, "file ends before its committed end",
        expected: UInt64(end), found: size)
    } else if bytes.byteCount > end {
      let what = header.isDirty ? "a transaction that is not committed" : "bytes that no commit has accounted for"
      findings.add(
        .fileSize, .note, at: end..<bytes.byteCount, "file goes on behind its committed end: \(what)",
        expected: UInt64(end), found: size)
    }
  }

  // MARK: - The report

  private mutating func checkRecordCount() {
    guard let header else { return }
    if header.isDirty {
      findings.skip(.recordCount, "the count of a dirty file means nothing")
    } else if header.checksum != header.computedChecksum {
      findings.skip(.recordCount, "the header's checksum differs")
    } else if isListCut {
      findings.skip(.recordCount, "list 0 could not be followed everywhere")
    } else {
      findings.cover(.recordCount, records: liveCount, bytes: 8)
      if header.recordCount != liveCount {
        findings.add(
          .recordCount, at: 32..<40, "header does not count the live records; Cyrus refuses to repack such a file",
          expected: liveCount, found: header.recordCount)
      }
    }
  }

  private consuming func makeReport() -> VerificationReport {
    let parts = [
      VerificationReport.Part(name: "header", byteCount: UInt64(parts.header), count: parts.header > 0 ? 1 : 0),
      VerificationReport.Part(name: "heads", byteCount: UInt64(parts.heads), count: UInt64(parts.records)),
      VerificationReport.Part(name: "tails", byteCount: UInt64(parts.tails), count: UInt64(parts.records)),
      VerificationReport.Part(name: "blanks", byteCount: UInt64(parts.blanks), count: UInt64(parts.blanks / 8)),
      VerificationReport.Part(name: "unparsed", byteCount: UInt64(parts.unparsed), count: UInt64(parts.gaps)),
      VerificationReport.Part(
        name: "uncommitted", byteCount: UInt64(parts.uncommitted), count: parts.uncommitted > 0 ? 1 : 0),
      VerificationReport.Part(
        name: "unvisited", byteCount: UInt64(parts.unvisited), count: parts.unvisited > 0 ? 1 : 0),
    ]
    return VerificationReport(
      engine: bytes.byteCount == 0 ? nil : .twoskip, state: state, depth: depth, recordCount: liveCount,
      expectedRecordCount: state == .empty
        ? 0 : header.flatMap { $0.isDirty || $0.checksum != $0.computedChecksum ? nil : $0.recordCount },
      fileByteCount: UInt64(bytes.byteCount), header: header, parts: parts, rules: findings.coverage,
      findings: findings.findings { self.withLiveness($0) }, unlistedFindingCount: findings.unlistedCount,
      damageCount: findings.count(of: .damage))
  }

  /// Adds to a finding about a record whether that record is live: what an operator asks first.
  private func withLiveness(_ finding: Finding) -> Finding {
    let rules: [TwoskipRule] = [.headChecksum, .tailChecksum, .padding]
    guard depth == .full, rules.contains(where: { $0.name == finding.rule }) else { return finding }
    let what: String
    if finding.bytes.lowerBound == Twoskip.dummy {
      what = "the list head"
    } else if bytes.byte(at: Int(finding.bytes.lowerBound)) == TwoskipRecord.Kind.commit.rawValue {
      what = "a COMMIT: no record is affected"
    } else if visited.contains(pointer: finding.bytes.lowerBound) || brokenTargets.contains(finding.bytes.lowerBound) {
      what = "a live record"
    } else if isListCut {
      what = "live or dead cannot be told"
    } else {
      what = "a dead record: no live content is affected"
    }
    return Finding(
      severity: finding.severity, rule: finding.rule, bytes: finding.bytes, expected: finding.expected,
      found: finding.found, message: "\(finding.message) (\(what))")
  }

  private mutating func skipAll(from first: TwoskipRule, _ reason: String) {
    for rule in TwoskipRule.allCases where rule.rawValue >= first.rawValue { findings.skip(rule, reason) }
  }

  private mutating func skipWhatQuickLeavesOut() {
    let left: [TwoskipRule] = [
      .tiling, .recordType, .tailChecksum, .padding, .emptyTailChecksum, .level0Alternate, .pointerTarget,
      .commitChain, .replay, .deadPointerOrder, .repackedRegion, .headPlacement,
    ]
    for rule in left { findings.skip(rule, "not part of a quick check") }
    for rule in [TwoskipRule.level, .lengths, .recordFits, .headChecksum] {
      findings.skip(rule, "only live records in a quick check")
    }
  }

  /// Tells the caller how far the check has come, if it wants to know and enough has been done since.
  @inline(__always)
  mutating func tick(_ done: Int) {
    if done >= nextProgress { reportProgress(done) }
  }

  @inline(never)
  private mutating func reportProgress(_ done: Int) {
    nextProgress = done + Self.progressStep
    // Lists are walked after the bytes, at about the same cost for a repacked file.
    progress?(UInt64(done), UInt64(limit) * (depth == .full ? 2 : 1))
  }
}
