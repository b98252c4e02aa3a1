// The fast way to check a file of which nothing is wrong.
//
// A file that a repack has just left takes one pass: its records lie in the order of their keys, so what lies next is what
// every list leads to next, and nothing has to be remembered but where each list leads. Any other takes three steps:
//   1. every byte, in file order   (TwoskipSoundBytes.swift)
//   2. the lists, by where list 0 leads to, and keys in their order   (TwoskipSoundLog+Chain.swift)
//   3. dead records, and whether the log adds up to list 0   (TwoskipSoundLog.swift)
// A quick check takes the one pass, too, which then looks at heads and keys alone; of any other file it walks the lists,
// and compares the checksums of heads there (TwoskipSoundLists.swift).
//
// All can be done by several threads: the records of upper lists cut the file and the keys into parts.
//
// Surprise: nothing is ever found here. At the first thing that is not as it should be all is given up without a trace, and
// the passes begin anew that know what is wrong, and whether it is. Files that are unusual and yet sound are among that:
// dirty ones, those in mbox order, with lengths in the long form, or with heads of an old release.

extension TwoskipVerifier {
  /// What has been seen of a file as a whole.
  private struct Seen {
    var heads = 0
    var tails = 0
    var blanks = 0
    var recordCount = 0
    var commitCount = 0
    var deletes: [TwoskipDelete] = []
    var paddingByteCount = 0
    var packedCount = 0
    var packedByteCount = 0

    var liveCount = 0
    var keyByteCount = 0
    /// Pointers to upper lists of the list head and of live records.
    var upperPointerCount = Twoskip.levels - 1
    /// DELETEs on list 0.
    var listedDeleteCount = 0
    /// Pointers of records that are on no list; RECORDs among them above level 1, and their pointers to upper lists.
    var deadPointerCount = 0
    var deadLinkerCount = 0
    var deadUpperPointerCount = 0
  }

  /// How many parts of a repacked file are taken into account to find parts of about the same size, and into how many
  /// ranges the keys of any other are cut.
  private static let (packedCutCount, rangeCount) = (64, 1024)

  /// Checks a repacked file in one pass, if it is sound; in a quick check by what that looks at.
  ///
  /// - Returns: Whether it is, and of the usual shape: then nothing is left to be checked but the count of records.
  mutating func checkPacked() -> Bool {
    guard let header, header.repackSize == Twoskip.firstRecord || isEndOfRepack(header), mayBeSound,
      let dummy = soundListHead(), let seen = seePacked(dummy)
    else { return false }
    if depth == .full {
      take(seen)
    } else {
      var lists = TwoskipSoundLists()
      lists.liveCount = seen.liveCount
      lists.keyByteCount = seen.keyByteCount
      lists.upperPointerCount = seen.upperPointerCount - (Twoskip.levels - 1)
      take(lists, dummy)
    }
    return true
  }

  /// Checks a file by all rules, whatever its past is, if it is sound.
  ///
  /// - Returns: Whether it is, and of the usual shape: then nothing is left to be checked but the count of records.
  mutating func checkSound() -> Bool {
    guard depth == .full, mayBeSound, let dummy = soundListHead(), let seen = seeAny(dummy) else { return false }
    take(seen)
    return true
  }

  /// Checks what a quick check looks at, if it is sound.
  ///
  /// - Returns: Whether it is, and of the usual shape: then nothing is left to be checked but the count of records.
  mutating func checkQuickly() -> Bool {
    guard depth == .quick, mayBeSound, let dummy = soundListHead() else { return false }
    let cuts = cuts(dummy, Self.rangeCount)
    guard let walked = walkLists(dummy, cuts, entryCount: end / Twoskip.smallestRecord)
    else { return false }
    let lists = sum(walked)
    // The records of a file do not overlap.
    guard lists.recordByteCount <= end - Int(Twoskip.firstRecord) else { return false }
    take(lists, dummy)
    return true
  }

  /// Whether the file may be sound: most of one that is in another state would be read in vain.
  private var mayBeSound: Bool {
    // Places are kept in 32 bits, as words.
    state == .clean && limit == end && bytes.byteCount == end && end >> 35 == 0
      && findings.count(of: .damage) + findings.count(of: .warning) + findings.count(of: .note) == 0
  }

  /// Whether the COMMIT of a repack is the last thing in the file.
  private func isEndOfRepack(_ header: TwoskipHeader) -> Bool {
    header.repackSize <= UInt64(end) && UInt64(end) - header.repackSize <= UInt64(Twoskip.smallestRecord)
  }

  private func soundListHead() -> TwoskipRecord? {
    guard let dummy = try? TwoskipRecord(at: Int(Twoskip.dummy), in: bytes, limit: limit), dummy.kind == .dummy,
      dummy.end == Int(Twoskip.firstRecord), bytes.bigEndian(UInt64.self, at: dummy.offset) << 16 == 0,
      dummy.hasSoundChecksums(in: bytes), dummy.first < UInt64(end), dummy.second < UInt64(end)
    else { return nil }
    for index in 0..<dummy.pointerCount where dummy.pointer(index, in: bytes) & 7 != 0 { return nil }
    return dummy
  }

  /// Where the lists lead to first.
  private func links(of dummy: TwoskipRecord) -> TwoskipLinks {
    var links = TwoskipLinks()
    links.leads[0] = max(dummy.first, dummy.second)
    for list in 1..<Twoskip.levels { links.leads[list] = dummy.pointer(list + 1, in: bytes) }
    return links
  }

  /// Some RECORDs in the order of the lists, about `count` if there are so many; hints, not proven to be there.
  private func cuts(_ dummy: TwoskipRecord, _ count: Int) -> [UInt64] {
    TwoskipState(bytes, end: UInt64(end)).samples(count, from: dummy).map { UInt64($0.offset) }
  }

  // MARK: - The bytes

  /// Looks at all bytes behind the list head, in as many parts as there are threads.
  private mutating func seeBytes(
    _ cuts: [UInt64], isPacked: Bool, _ facts: borrowing TwoskipFacts
  ) -> [TwoskipSoundBytes]? {
    var borders = [Int(Twoskip.firstRecord)]
    if threads > 1 {
      let places = cuts.map { Int(truncatingIfNeeded: $0) }.sorted()
      for number in 1..<threads {
        let aim = end / threads * number
        guard let place = places.min(by: { abs($0 - aim) < abs($1 - aim) }), place > borders[borders.count - 1]
        else { continue }
        borders.append(place)
      }
    }
    borders.append(end)
    let packedEnd = header.map { $0.repackSize > Twoskip.firstRecord ? Int($0.repackSize) : 0 } ?? 0
    let rules = TwoskipSoundBytes.Rules(
      end: end, packedEnd: packedEnd, isPacked: isPacked, isQuick: depth == .quick)
    let total = UInt64(limit) * (depth == .full ? 2 : 1)
    let partCount = borders.count - 1
    let (progress, limit) = (progress, Int(limit))
    var reached = nextProgress
    // The caller's thread has the first part; the others are as far as it is, or done if it is larger than theirs. What
    // was read in vain is not told again.
    let tick: ((Int) -> Void)? = progress.map { progress in
      { place in
        let done = min(place * partCount, limit)
        guard done >= reached else { return }
        reached = done + Self.progressStep
        progress(UInt64(done), total)
      }
    }
    let seen = bytes.atOnce(partCount) { bytes, part in
      TwoskipSoundBytes.look(
        at: borders[part]..<borders[part + 1], part: part, of: bytes, rules, facts, part == 0 ? tick : nil)
    }
    nextProgress = reached
    var parts: [TwoskipSoundBytes] = []
    for part in seen {
      guard let part else { return nil }
      parts.append(part)
    }
    return parts
  }

  /// Puts what was seen in parts together; nil if the parts do not fit.
  private func join(_ parts: [TwoskipSoundBytes], isPacked: Bool) -> Seen? {
    var seen = Seen()
    var startCount = 0
    var transactionStart = Int(Twoskip.firstRecord)
    var hasOpenRecords = false
    var last = 0
    for part in parts {
      seen.heads += part.heads
      seen.tails += part.tails
      seen.blanks += part.blanks
      seen.recordCount += part.recordCount
      seen.commitCount += part.commitCount
      for var delete in part.deletes {
        delete.number += startCount
        seen.deletes.append(delete)
      }
      startCount += part.startCount
      seen.paddingByteCount += part.paddingByteCount
      seen.packedCount += part.packedCount
      seen.packedByteCount += part.packedByteCount
      if let named = part.namedStart, named != UInt64(transactionStart) { return nil }
      if let start = part.transactionStart {
        transactionStart = start
        hasOpenRecords = part.hasOpenRecords
      } else if part.hasOpenRecords {
        hasOpenRecords = true
      }
      if part.first != 0 {
        // Within a part they were compared: in a repacked region, or a repacked file.
        let packedEnd = header?.repackSize ?? 0
        if last != 0, isPacked || UInt64(part.first) < packedEnd {
          guard bytes.recordKeysAscend(last, part.first) else { return nil }
        }
        last = part.last
      }
    }
    return hasOpenRecords || transactionStart != end ? nil : seen
  }

  // MARK: - A repacked file

  private mutating func seePacked(_ dummy: TwoskipRecord) -> Seen? {
    guard dummy.first == 0 || dummy.second == 0,
      let facts = TwoskipFacts(byteCount: 0, partCount: 0),
      let parts = seeBytes(threads > 1 ? cuts(dummy, Self.packedCutCount) : [], isPacked: true, facts),
      var seen = join(parts, isPacked: true)
    else { return nil }
    var links = links(of: dummy)
    for part in parts {
      guard links.join(part.links) else { return nil }
      seen.keyByteCount += part.keyByteCount
      seen.upperPointerCount += part.upperPointerCount
    }
    for list in 0..<Twoskip.levels where links.leads[list] != 0 { return nil }
    seen.liveCount = seen.recordCount
    return seen
  }

  // MARK: - Any other

  private mutating func seeAny(_ dummy: TwoskipRecord) -> Seen? {
    // One so large goes the other way.
    guard end <= TwoskipNext.byteCountMax else { return nil }
    let cuts = cuts(dummy, Self.rangeCount)
    guard let facts = TwoskipFacts(byteCount: end, partCount: threads),
      let parts = seeBytes(cuts, isPacked: false, facts), var seen = join(parts, isPacked: false)
    else { return nil }
    // A DELETE that is off list 0 counts as a dead record with a pointer.
    let pair = [dummy.first, dummy.second]
    guard dummy.first != dummy.second || dummy.first == 0,
      var log = TwoskipSoundLog(facts, parts, deletes: seen.deletes, threads: threads), log.areStarts(pair),
      let listedDeleteCount = log.rank(from: pair.max() ?? 0, cuts, recordCount: seen.recordCount, in: bytes),
      seen.deletes.count >= listedDeleteCount, let lists = log.ordered(in: bytes)
    else { return nil }
    var links = links(of: dummy)
    guard links.join(lists.links) else { return nil }
    for list in 1..<Twoskip.levels where links.leads[list] != 0 { return nil }
    seen.liveCount = log.liveCount
    seen.keyByteCount = lists.keyByteCount
    seen.upperPointerCount += lists.upperPointerCount
    seen.listedDeleteCount = listedDeleteCount
    let deadDeleteCount = seen.deletes.count - listedDeleteCount
    guard let dead = log.dead(recordCount: seen.recordCount, in: bytes) else { return nil }
    seen.deadPointerCount = deadDeleteCount + dead.pointerCount
    seen.deadLinkerCount = dead.linkerCount
    seen.deadUpperPointerCount = dead.upperCount
    return seen
  }

  /// Walks all lists, in ranges of keys that threads share.
  ///
  /// - Parameters:
  ///   - cuts: Some RECORDs in the order of the lists; hints.
  ///   - entryCount: How many RECORDs and DELETEs there may be.
  /// - Returns: What there is, by thread, in key order.
  private func walkLists(_ dummy: TwoskipRecord, _ cuts: [UInt64], entryCount: Int) -> [TwoskipSoundLists]? {
    var links = links(of: dummy)
    let first = links.leads[0]
    let ranges = TwoskipSoundLists.Cuts(places: [first] + cuts.drop { $0 == first } + [0])
    let end = end
    let threads = min(threads, ranges.rangeCount)
    let tick = progressOfRanges(ranges.rangeCount / threads)
    let walked = bytes.atOnce(threads) { bytes, thread in
      TwoskipSoundLists.walk(
        ranges.rangeCount * thread / threads..<ranges.rangeCount * (thread + 1) / threads, of: ranges, bytes,
        end: end, stepsMax: entryCount, thread == 0 ? tick : nil)
    }
    var all: [TwoskipSoundLists] = []
    for lists in walked {
      guard let lists, links.join(lists.links) else { return nil }
      all.append(lists)
    }
    for list in 1..<Twoskip.levels where links.leads[list] != 0 { return nil }
    return all
  }

  /// What threads have walked, together; without the records.
  private func sum(_ walked: [TwoskipSoundLists]) -> TwoskipSoundLists {
    var all = TwoskipSoundLists()
    for lists in walked {
      all.liveCount += lists.liveCount
      all.deletes += lists.deletes
      all.keyByteCount += lists.keyByteCount
      all.upperPointerCount += lists.upperPointerCount
      all.recordByteCount += lists.recordByteCount
    }
    return all
  }

  /// What tells the caller how far a quick check has come, by ranges that the caller's thread has done.
  private func progressOfRanges(_ count: Int) -> ((Int) -> Void)? {
    guard let progress, limit > Self.progressStep else { return nil }
    let total = limit
    // What was read in vain is not told again.
    var reached = nextProgress
    return { done in
      let place = min(total, total / max(1, count) * done)
      guard place >= reached else { return }
      reached = place + Self.progressStep
      progress(UInt64(place), UInt64(total))
    }
  }

  // MARK: - The report

  /// Takes what was seen on the lists for what the quick pass would have found.
  private mutating func take(_ lists: TwoskipSoundLists, _ dummy: TwoskipRecord) {
    liveCount = UInt64(lists.liveCount)
    let entryCount = lists.liveCount + lists.deletes.count
    let entries = UInt64(entryCount)
    // Each head has a word, the level-0 pair, pointers to upper lists and checksums; a DELETE's has one pointer.
    let heads = 32 * lists.liveCount + 8 * lists.upperPointerCount + Twoskip.smallestRecord * lists.deletes.count
    parts.records = 1 + entryCount
    parts.heads = dummy.headByteCount + heads
    findings.cover(.headChecksum, records: 1 + entries, bytes: parts.heads - 4 * parts.records)
    findings.cover(.recordFits, records: 1 + entries, bytes: parts.heads)
    findings.cover(.level, records: 1 + entries, bytes: parts.records)
    findings.cover(.lengths, records: 1 + entries, bytes: 6 * parts.records)
    findings.cover(.dummy, bytes: dummy.headByteCount)
    findings.cover(.level0Pair, records: liveCount + 1, bytes: 16 * (lists.liveCount + 1))
    findings.cover(.list0Entry, records: entries, bytes: 8 * entryCount)
    findings.cover(.list0Cycle, records: entries, bytes: 8 * entryCount)
    findings.cover(.deleteTarget, records: UInt64(lists.deletes.count), bytes: 8 * lists.deletes.count)
    findings.cover(.keyOrder, records: liveCount, bytes: lists.keyByteCount)
    findings.cover(
      .levelLinks, records: liveCount + 1, bytes: 8 * (lists.upperPointerCount + Twoskip.levels - 1))
    parts.heads = min(parts.heads, limit - TwoskipHeader.byteCount)
    parts.unvisited = limit - TwoskipHeader.byteCount - parts.heads
  }

  /// Takes what was seen for what the passes would have found.
  private mutating func take(_ seen: Seen) {
    parts.heads = seen.heads + Int(Twoskip.firstRecord - Twoskip.dummy)
    parts.tails = seen.tails
    parts.blanks = seen.blanks
    recordCount = UInt64(seen.recordCount)
    deleteCount = UInt64(seen.deletes.count)
    liveCount = UInt64(seen.liveCount)
    let emptyCount = 1 + seen.commitCount + seen.deletes.count
    parts.records = seen.recordCount + emptyCount
    let all = UInt64(parts.records)
    let holders = liveCount + 1
    let entries = seen.liveCount + seen.listedDeleteCount
    let deadCount = parts.records - 1 - seen.commitCount - entries
    findings.cover(.tiling, records: all, bytes: limit - Int(Twoskip.dummy))
    findings.cover(.recordFits, records: all, bytes: parts.heads + parts.tails)
    findings.cover(.recordType, records: all, bytes: parts.records)
    findings.cover(.level, records: all, bytes: parts.records)
    findings.cover(.lengths, records: all, bytes: parts.records * 6)
    findings.cover(.headChecksum, records: all, bytes: parts.heads - parts.records * 4)
    findings.cover(.emptyTailChecksum, records: UInt64(emptyCount), bytes: 4 * emptyCount)
    findings.cover(.tailChecksum, records: recordCount, bytes: parts.tails + 4 * seen.recordCount)
    findings.cover(.padding, records: recordCount, bytes: seen.paddingByteCount)
    findings.cover(.commitChain, records: UInt64(seen.commitCount), bytes: 8 * seen.commitCount)
    findings.cover(.repackedRegion, records: UInt64(seen.packedCount), bytes: seen.packedByteCount)
    findings.cover(.headPlacement, records: all, bytes: parts.heads)
    findings.cover(.level0Pair, records: holders, bytes: 16 * (seen.liveCount + 1))
    findings.cover(.list0Entry, records: UInt64(entries), bytes: 8 * entries)
    findings.cover(.list0Cycle, records: UInt64(entries), bytes: 8 * entries)
    findings.cover(.deleteTarget, records: UInt64(seen.listedDeleteCount), bytes: 8 * seen.listedDeleteCount)
    findings.cover(.keyOrder, records: liveCount, bytes: seen.keyByteCount)
    findings.cover(.level0Alternate, records: liveCount, bytes: 8 * seen.liveCount)
    findings.cover(.levelLinks, records: holders, bytes: 8 * seen.upperPointerCount)
    findings.cover(
      .pointerTarget, records: holders + UInt64(deadCount),
      bytes: 8 * (seen.upperPointerCount + 2 * (seen.liveCount + 1) + seen.deadPointerCount))
    findings.cover(
      .deadPointerOrder, records: UInt64(seen.deadLinkerCount), bytes: 8 * seen.deadUpperPointerCount)
    findings.cover(.dummy, bytes: Int(Twoskip.firstRecord - Twoskip.dummy))
    findings.cover(.replay, records: recordCount + deleteCount, bytes: limit - Int(Twoskip.firstRecord))
  }
}
