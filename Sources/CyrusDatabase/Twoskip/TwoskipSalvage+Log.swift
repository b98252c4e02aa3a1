// Pass 2: the log.
//
// What matters about unreadable bytes is where they lie. Up to the first of them the replay of the log is exact. What was
// written behind the last of them cannot have been changed by anything that they hide. Two parts of a file are known
// although they cannot be read:
//
//   the 24 bytes before the committed end, and before the start that a COMMIT names, are a COMMIT
//   before the repack size there is nothing but one RECORD for each of many different keys
//
// What surprises: behind unreadable bytes a record with right checksums need not be one. It can lie in the value of a record
// whose head is gone. It counts for certain only if a pointer of a record, or the chain of COMMITs, leads there or to one
// before it without unreadable bytes between.

extension TwoskipSalvage {
  /// Records one after the other, without unreadable bytes between them.
  struct Stretch {
    let start: Int
    /// Where the unreadable bytes behind it begin.
    var end: Int
    /// From here on it is proven that the records are records of the file; `.max` if nowhere.
    var anchor: Int
  }

  /// What the log has told.
  struct Log {
    /// By place; the first one starts at 336.
    var stretches: [Stretch] = []
    /// RECORDs with a sound key and value, and sound DELETEs.
    var entryCount: UInt64 = 0
    var recordCount: UInt64 = 0
    /// Where COMMITs start.
    var commits: [UInt64] = []
    /// Deletes by the pointer they hold and, for each pointer, by place.
    var deletes: [Delete] = []
    var lastDelete = 0
    /// Where the first unreadable bytes start; `.max` if there are none.
    var firstUnknown = Int.max
    /// Where the last unreadable bytes end; 0 if there are none that can hide a change of another record.
    var lastUnknownEnd = 0

    /// Whether the whole log can be read.
    var isExact: Bool { firstUnknown == .max }

    struct Delete {
      let next: UInt64
      let offset: Int
    }
  }

  /// Unreadable bytes while the log is being read.
  private struct Unknown {
    /// They may turn out to be a COMMIT.
    var pending: Range<Int>?
    /// They have come to the COMMIT that ends the file.
    var isAtLastCommit = false
    var isPackedPure = true
    var lastPackedEnd = 0
  }

  mutating func readLog() {
    let first = Int(Twoskip.firstRecord)
    log.stretches = [Stretch(start: first, end: limit, anchor: first)]
    var unknown = Unknown()
    // Where the transaction starts that the next COMMIT ends; nil behind unreadable bytes.
    var transactionStart: Int? = first
    var hasOpenRecords = false
    if first < limit {
      var scanner = TwoskipSalvageScanner(bytes, from: first, to: limit)
      while let piece = scanner.next(&tails) {
        switch piece {
        case .record(let record, let head, let isPaddingSound):
          if record.kind == .commit {
            log.commits.append(UInt64(record.offset))
            let named = Int(clamping: record.pointer(0, in: bytes))
            if let pending = unknown.pending, pending.upperBound == named, isInAnchoredStretch {
              damage.add(.commit, pending)
              unknown.pending = nil
            }
            // A change that is missing between two transactions is as bad as one that cannot be read.
            if let start = transactionStart, start != named { count(record.offset..<record.end, &unknown) }
            transactionStart = record.end
            hasOpenRecords = false
          } else {
            add(record, head)
            hasOpenRecords = true
            if head == .end { note(record.offset..<record.end, as: nil, &unknown) }
          }
          if !isPaddingSound { damage.add(.padding, record.offset..<record.end) }
          if record.kind != .record, record.offset < packedEnd { unknown.isPackedPure = false }
        case .lost(let record):
          lostRecords.insert(record.offset)
          note(record.offset..<record.end, as: .record, &unknown)
          hasOpenRecords = true
        case .gap(let range):
          if isFiller(range) {
            damage.add(.padding, range)
            continue
          }
          pass(range, &unknown)
          transactionStart = nil
          hasOpenRecords = false
        }
      }
    }
    if bytes.byteCount < end, bytes.byteCount > 0 {
      note(bytes.byteCount..<end, as: .missing, &unknown)
      transactionStart = nil
      hasOpenRecords = false
    }
    // Records behind the last COMMIT lack their own.
    if hasOpenRecords || (end > first && transactionStart.map { $0 != end } ?? false) {
      note(end..<end, as: nil, &unknown)
    }
    settle(&unknown)
    anchor()
    // What is not proven to be there can be anything.
    for stretch in log.stretches where stretch.start < min(stretch.anchor, stretch.end) {
      count(stretch.start..<min(stretch.anchor, stretch.end), &unknown)
    }
    if !unknown.isPackedPure { log.lastUnknownEnd = max(log.lastUnknownEnd, unknown.lastPackedEnd) }
    let deletes = log.deletes.filter { isAnchored($0.offset) }
    log.lastDelete = deletes.last?.offset ?? 0
    log.deletes = deletes.sorted { ($0.next, $0.offset) < ($1.next, $1.offset) }
  }

  mutating func add(_ record: TwoskipRecord, _ head: TwoskipHeadState) {
    starts.insert(record.offset)
    log.entryCount += 1
    if record.kind == .record { log.recordCount += 1 }
    if head != .sound {
      damagedHeads.insert(record.offset)
      if head == .end { doubtfulRecords.insert(record.offset) }
      damage.add(head == .end ? .recordLengths : .recordHead, record.offset..<record.tailOffset)
    } else if record.kind == .delete {
      log.deletes.append(Log.Delete(next: record.pointer(0, in: bytes), offset: record.offset))
    }
  }

  // MARK: - Unreadable bytes

  /// Where the part ends that a repack wrote, if the header can be trusted.
  private var packedEnd: Int {
    guard let header, header.repackSize >= Twoskip.firstRecord, header.repackSize <= UInt64(end) else { return 0 }
    return Int(header.repackSize)
  }

  /// Whether unreadable bytes can have been nothing but BLANK words: no record has room before the next one.
  private func isFiller(_ range: Range<Int>) -> Bool {
    range.count < Twoskip.smallestRecord && range.upperBound < limit
      && log.stretches[log.stretches.count - 1].anchor <= range.lowerBound
  }

  private mutating func pass(_ range: Range<Int>, _ unknown: inout Unknown) {
    note(range, as: .unreadable, &unknown)
    let before = log.stretches.count - 1
    log.stretches[before].end = range.lowerBound
    // A key starts 32 bytes behind the start of its record or later: a record found before that lies in no other one.
    let isAnchored = log.stretches[before].anchor <= range.lowerBound && range.count < Twoskip.smallestKeyOffset
    log.stretches.append(
      Stretch(start: range.upperBound, end: limit, anchor: isAnchored ? range.upperBound : .max))
  }

  /// - Parameter kind: What is damaged; nil if that is listed otherwise.
  private mutating func note(_ range: Range<Int>, as kind: DamagedPlace.Kind?, _ unknown: inout Unknown) {
    settle(&unknown)
    // The last 24 bytes are a COMMIT, if what comes before them ends there.
    if isEndProven, range.lowerBound == end - Twoskip.smallestRecord { unknown.isAtLastCommit = true }
    if unknown.isAtLastCommit, range.lowerBound < end {
      damage.add(kind == .missing ? .missing : .commit, range, isLive: false)
      return
    }
    if kind == .unreadable, range.count == Twoskip.smallestRecord {
      unknown.pending = range
      return
    }
    if let kind { damage.add(kind, range) }
    count(range, &unknown)
  }

  private mutating func settle(_ unknown: inout Unknown) {
    guard let pending = unknown.pending else { return }
    damage.add(.unreadable, pending)
    count(pending, &unknown)
    unknown.pending = nil
  }

  private mutating func count(_ range: Range<Int>, _ unknown: inout Unknown) {
    log.firstUnknown = min(log.firstUnknown, range.lowerBound)
    if range.upperBound <= packedEnd {
      unknown.lastPackedEnd = max(unknown.lastPackedEnd, range.upperBound)
    } else {
      log.lastUnknownEnd = max(log.lastUnknownEnd, range.upperBound)
    }
  }

  private var isInAnchoredStretch: Bool { log.stretches[log.stretches.count - 1].anchor != .max }

  // MARK: - Anchors

  /// Finds out which records behind unreadable bytes are proven to be records.
  private mutating func anchor() {
    guard log.stretches.count > 1 else { return }
    var ranges = log.stretches.filter { $0.anchor < $0.end }.map { $0.anchor..<$0.end }
    if let dummy { anchorTargets(of: dummy, &ranges) }
    anchor(packedEnd, &ranges)
    anchorTransactions(&ranges)
    // Each range is proven once, so each record is looked at once.
    while let range = ranges.popLast() {
      var offset = range.lowerBound
      while let place = starts.next(from: offset, before: range.upperBound) {
        offset = place + 8
        if let record = parsed(place), isHeadSound(record) { anchorTargets(of: record, &ranges) }
      }
      offset = range.lowerBound
      while let place = lostRecords.next(from: offset, before: range.upperBound) {
        offset = place + 8
        if let record = parsed(place) { anchorTargets(of: record, &ranges) }
      }
    }
  }

  private mutating func anchorTargets(of record: TwoskipRecord, _ ranges: inout [Range<Int>]) {
    for index in 0..<record.pointerCount {
      let pointer = record.pointer(index, in: bytes)
      if starts.contains(pointer: pointer) { anchor(Int(truncatingIfNeeded: pointer), &ranges) }
    }
  }

  /// Follows the COMMITs from the last one back: before the place that each of them names the one before it ends.
  private mutating func anchorTransactions(_ ranges: inout [Range<Int>]) {
    var boundary = end
    while let start = transactionStart(before: boundary) {
      anchor(boundary - Twoskip.smallestRecord, &ranges)
      anchor(start, &ranges)
      boundary = start
    }
  }

  /// Where the transaction starts whose COMMIT ends at a place; nil if no COMMIT can be read there.
  private func transactionStart(before end: Int) -> Int? {
    let place = end - Twoskip.smallestRecord
    guard place >= Int(Twoskip.firstRecord), end <= limit,
      let commit = try? TwoskipRecord(at: place, in: bytes, limit: limit), commit.kind == .commit,
      commit.hasSoundHead(in: bytes), commit.pointer(0, in: bytes) < UInt64(place)
    else { return nil }
    return Int(truncatingIfNeeded: commit.pointer(0, in: bytes))
  }

  /// Up to where everything was committed for certain: if the end is a guess, all but the last transaction.
  ///
  /// Only one transaction is under way at a time, and it is the last one.
  func findProvenEnd() -> Int {
    isEndProven ? end : transactionStart(before: end) ?? Int(Twoskip.firstRecord)
  }

  /// Notes that something starts at a place.
  private mutating func anchor(_ place: Int, _ ranges: inout [Range<Int>]) {
    guard let found = stretch(of: place), place < log.stretches[found].anchor else { return }
    ranges.append(place..<min(log.stretches[found].anchor, log.stretches[found].end))
    log.stretches[found].anchor = place
  }

  /// Which stretch a place lies in; nil for unreadable bytes.
  func stretch(of offset: Int) -> Int? {
    var low = 0
    var high = log.stretches.count
    while low < high {
      let middle = (low + high) / 2
      if log.stretches[middle].start <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0, offset < log.stretches[low - 1].end else { return nil }
    return low - 1
  }

  /// Whether it is proven that a record starts here, and not within another one.
  func isAnchored(_ offset: Int) -> Bool {
    if log.stretches.count == 1 { return true }
    guard let found = stretch(of: offset) else { return live.contains(offset) }
    return log.stretches[found].anchor <= offset
  }
}
