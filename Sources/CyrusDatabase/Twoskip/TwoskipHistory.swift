// Every version of a key that a file still has.
//
// The log is replayed, so that deletes, which do not name their key, find it. Where part of the log cannot be read, or
// it does not add up to what list 0 has, the outcome is given with that doubt.

/// Finds what happened to a key.
struct TwoskipHistory: ~Escapable {
  private let bytes: RawSpan
  private let end: UInt64?

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, end: UInt64?) {
    self.bytes = bytes
    self.end = end
  }

  /// A transaction's COMMIT: where it starts.
  private struct Commit {
    let offset: Int
  }

  /// - Complexity: O(*n*) time and memory, as ``TwoskipReplay``.
  func versions(of key: RawSpan, _ liveness: borrowing TwoskipLiveness, _ steps: Steps = Steps()) -> History {
    var starts = BitMap(byteCount: bytes.byteCount)
    var commits: [Commit] = []
    var entryCount: UInt64 = 0
    var hasDeletes = false
    var gapCount = 0
    let committed = min(Int(truncatingIfNeeded: end ?? UInt64(bytes.byteCount)), bytes.byteCount)
    let first = min(TwoskipHeader.byteCount, bytes.byteCount)
    // What is not committed is shown as such: it is replayed too, after all that is.
    for (start, stop) in [(first, committed), (max(first, committed), bytes.byteCount)] where start < stop {
      var scanner = TwoskipScanner(bytes, from: start, to: stop)
      while let piece = scanner.next() {
        steps.reach(UInt64(scanner.offset))
        switch piece {
        case .blank: break
        case .unparsed: gapCount += start < committed ? 1 : 0
        case .record(let record, let isSound):
          // A key or a pointer that is not what it was lets deletes take away the wrong key.
          if start < committed, !isSound || record.tailChecksum(in: bytes) != record.storedTailChecksum(in: bytes) {
            gapCount += 1
          }
          switch record.kind {
          case .record, .delete:
            starts.insert(record.offset)
            entryCount += 1
            if record.kind == .delete { hasDeletes = true }
          case .commit: if start < committed { commits.append(Commit(offset: record.offset)) }
          case .dummy: break
          }
        }
      }
    }
    guard entryCount < UInt64(UInt32.max) else {
      return History(versions: [], doubt: "the file has more than 2^32 records")
    }
    let order = end.flatMap { try? TwoskipState(bytes, end: $0).decideOrder() }
    var outcome = replay(key, starts: starts, order: order ?? .raw, commits: commits, liveness, steps)
    // Live keys that fit both orders do not tell in which of them the log found what it deleted.
    var isAmbiguous = false
    if hasDeletes, order == .raw, let end, TwoskipState(bytes, end: end).orderEvidence().allowsMbox {
      let other = replay(key, starts: starts, order: .mbox, commits: commits, liveness, steps)
      if outcome.addsUp, other.addsUp, outcome.versions != other.versions {
        let evidence = evidence(starts)
        isAmbiguous = evidence.allowsRaw == evidence.allowsMbox
        if evidence.allowsMbox, !evidence.allowsRaw { outcome = other }
      } else if other.addsUp, !outcome.addsUp {
        outcome = other
      }
    }
    var doubt: String?
    if gapCount > 0 {
      doubt = "part of the log cannot be read, so a delete may be missing or belong to another key"
    } else if end == nil {
      doubt = "the header cannot be trusted, so what is committed is not known"
    } else if order == nil {
      doubt = "list 0 is damaged, so the order of keys, by which deletes find theirs, is not known"
    } else if !outcome.addsUp {
      doubt = "the log does not add up to what list 0 has, so a delete may be missing or belong to another key"
    } else if isAmbiguous {
      doubt = "the keys fit both orders, and which key a delete belongs to hangs on the order"
    }
    return History(versions: outcome.versions, doubt: doubt)
  }

  /// What happened to the key if the log is in this order, and whether its committed part leaves what list 0 has.
  private func replay(
    _ key: RawSpan, starts: borrowing BitMap, order: KeyOrder, commits: [Commit],
    _ liveness: borrowing TwoskipLiveness, _ steps: Steps
  ) -> (versions: [Version], addsUp: Bool) {
    let replay = TwoskipReplay(bytes, starts: starts, order: order, liveEnd: nil)
    let wanted = replay.rank(of: key)
    var versions: [Version] = []
    // By rank: which record has the key at the last commit, 0 for none.
    var holder = [UInt64](repeating: 0, count: replay.keyCount)
    var addsUp = liveness.isWhole
    replay.run { event in
      switch event {
      case .set(let rank, let offset):
        steps.reach(UInt64(bytes.byteCount) + UInt64(offset))
        if isCommitted(offset) { holder[rank] = UInt64(offset) }
        if rank == wanted { versions.append(version(.set, offset, commits, liveness)) }
      case .deleted(let rank, let offset):
        if isCommitted(offset) { holder[rank] = 0 }
        if rank == wanted { versions.append(version(.deleted, offset, commits, liveness)) }
      case .deletedNothing(let offset):
        if isCommitted(offset) { addsUp = false }
      }
    }
    var count = 0
    for offset in holder where offset != 0 {
      count += 1
      let place = Int(truncatingIfNeeded: offset)
      if liveness.liveness(of: place, isCommitted: true) != .live { addsUp = false }
    }
    return (versions, addsUp && count == liveness.liveRecordCount)
  }

  /// What all records, dead ones too, say about the order: no pointer of a record ever led to a smaller key.
  private func evidence(_ starts: borrowing BitMap) -> TwoskipState.OrderEvidence {
    var evidence = TwoskipState.OrderEvidence()
    for (index, word) in starts.copyOfWords().enumerated() {
      var word = word
      while word != 0 {
        let offset = index << 9 | word.trailingZeroBitCount << 3
        word &= word - 1
        guard let record = try? TwoskipRecord(at: offset, in: bytes, limit: bytes.byteCount), record.kind == .record
        else { continue }
        for pointer in 0..<record.pointerCount {
          let target = record.pointer(pointer, in: bytes)
          guard starts.contains(pointer: target),
            let next = try? TwoskipRecord(at: Int(target), in: bytes, limit: bytes.byteCount), next.kind == .record
          else { continue }
          evidence.consider(record.key(in: bytes), next.key(in: bytes))
        }
      }
    }
    return evidence
  }

  private func isCommitted(_ offset: Int) -> Bool { end.map { UInt64(offset) < $0 } ?? false }

  private func version(
    _ event: Version.Event, _ offset: Int, _ commits: [Commit], _ liveness: borrowing TwoskipLiveness
  ) -> Version {
    let isCommitted = isCommitted(offset)
    // The first COMMIT behind it ends its transaction.
    var low = 0
    var high = commits.count
    while low < high {
      let middle = (low + high) / 2
      if commits[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    var value = UInt64(offset)..<UInt64(offset)
    var isSound = false
    if let record = try? TwoskipRecord(at: offset, in: bytes, limit: bytes.byteCount) {
      if event == .set {
        let start = UInt64(record.tailOffset + record.keyByteCount)
        value = start..<start + UInt64(record.valueByteCount)
      }
      isSound =
        record.headChecksum(in: bytes) == record.storedHeadChecksum(in: bytes)
        && record.tailChecksum(in: bytes) == record.storedTailChecksum(in: bytes)
    }
    let hasCommit = isCommitted && low < commits.count
    return Version(
      event: event, offset: UInt64(offset), value: value, transaction: hasCommit ? low + 1 : nil,
      commit: hasCommit ? UInt64(commits[low].offset) : nil,
      isCurrent: event == .set && liveness.liveness(of: offset, isCommitted: isCommitted) == .live,
      isSound: isSound)
  }
}
