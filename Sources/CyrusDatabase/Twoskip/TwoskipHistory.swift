// Every version of a key that a file still has.
//
// The log is replayed, so that deletes, which do not name their key, find it. Where part of the log cannot be read
// the outcome is given with that doubt.

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
  func versions(of key: RawSpan, _ liveness: borrowing TwoskipLiveness) -> History {
    var starts = BitMap(byteCount: bytes.byteCount)
    var commits: [Commit] = []
    var entryCount: UInt64 = 0
    var gapCount = 0
    let committed = min(Int(truncatingIfNeeded: end ?? UInt64(bytes.byteCount)), bytes.byteCount)
    let first = min(TwoskipHeader.byteCount, bytes.byteCount)
    // What is not committed is shown as such: it is replayed too, after all that is.
    for (start, stop) in [(first, committed), (max(first, committed), bytes.byteCount)] where start < stop {
      var scanner = TwoskipScanner(bytes, from: start, to: stop)
      while let piece = scanner.next() {
        switch piece {
        case .blank: break
        case .unparsed: gapCount += start < committed ? 1 : 0
        case .record(let record, _):
          switch record.kind {
          case .record, .delete:
            starts.insert(record.offset)
            entryCount += 1
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
    let versions = replay(key, starts: starts, order: order ?? .raw, commits: commits, liveness)
    var doubt: String?
    if gapCount > 0 {
      doubt = "part of the log cannot be read, so a delete may be missing or belong to another key"
    } else if end == nil {
      doubt = "the header cannot be trusted, so what is committed is not known"
    } else if order == nil {
      doubt = "list 0 is damaged, so the order of keys, by which deletes find theirs, is not known"
    }
    return History(versions: versions, doubt: doubt)
  }

  private func replay(
    _ key: RawSpan, starts: borrowing BitMap, order: KeyOrder, commits: [Commit],
    _ liveness: borrowing TwoskipLiveness
  ) -> [Version] {
    let replay = TwoskipReplay(bytes, starts: starts, order: order, liveEnd: nil)
    guard let wanted = replay.rank(of: key) else { return [] }
    var versions: [Version] = []
    replay.run { event in
      switch event {
      case .set(let rank, let offset) where rank == wanted:
        versions.append(version(.set, offset, commits, liveness))
      case .deleted(let rank, let offset) where rank == wanted:
        versions.append(version(.deleted, offset, commits, liveness))
      default: break
      }
    }
    return versions
  }

  private func version(
    _ event: Version.Event, _ offset: Int, _ commits: [Commit], _ liveness: borrowing TwoskipLiveness
  ) -> Version {
    let isCommitted = end.map { UInt64(offset) < $0 } ?? false
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
