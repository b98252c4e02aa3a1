// Pass 4: the judgement of each key.
//
// All keys are gone through in the order of the file. Of each, the last version by place in the file counts. An older one
// that is proven counts if the last one is not proven and is left out, or has damaged lengths.
//
// That list 0 leads from a live record to another one also proves something: between their keys nothing is live. If it
// passes over a record whose key is lost, though, a key between them may be that one.
//
// The order of the keys is mostly plain to see. If it is not, and it matters for what the deletes mean, it is the one in
// which lists and log contradict each other less.

extension TwoskipSalvage {
  /// What is known of one key.
  private struct KeyState {
    /// Where its last version lies.
    var offset = 0
    /// Where the log deletes it, behind its last version and before anything unreadable; 0 if it does not.
    var deletedAt = 0
    /// The lists lead to its last version.
    var isLive = false
    /// The lists lead to another version.
    var isContradicted = false

    var isDeletedByLog: Bool { deletedAt > 0 }
  }

  /// What list 0 proves of the keys behind a live one.
  private struct Proof {
    /// Keys of a lower rank, down to that of the live one, are dead. Nil if nothing is proven.
    var bound: Int?
    /// The records at both sides, for a second opinion on the order; nil for the ends of the list.
    var before: TwoskipRecord?
    var behind: TwoskipRecord?
    /// A record whose key is lost lies between.
    var hasLost = false
    /// The list leads to a key that is not greater.
    var leadsBack = false
  }

  /// What the log says if the keys are in one order.
  private struct Replayed {
    let order: KeyOrder
    /// By rank.
    var keys: [KeyState]
    /// By rank: the last proven version of a key whose last version is not proven.
    var proven: [Int: KeyState] = [:]
    /// As in ``Log``, DELETEs that make no sense taken into account.
    var firstUnknown: Int
    var lastUnknownEnd: Int
    /// A DELETE before anything unreadable finds nothing to delete.
    var hasSenselessDelete = false
    /// Whether the file is in this order for certain, or it does not matter.
    var isOrderSettled: Bool

    /// Whether the whole log can be read.
    var isExact: Bool { firstUnknown == .max }
  }

  mutating func judge() -> Outcome {
    let outcome = judge(in: lists.order)
    if lists.isOrderProven || outcome.contradictionCount == 0 { return outcome }
    let other = judge(in: lists.order == .raw ? .mbox : .raw)
    return other.contradictionCount < outcome.contradictionCount ? other : outcome
  }

  private mutating func judge(in order: KeyOrder) -> Outcome {
    var outcome = Outcome(end: UInt64(end), endSource: endSource)
    let replay = TwoskipReplay(bytes, starts: starts, order: order, liveEnd: nil)
    let log = replayed(replay, order)
    // Every record whose key is lost can be stepped over once.
    var lostSteps = limit / Twoskip.smallestRecord
    var isListWhole = dummy != nil
    var pointers = PointerCheck(end: end)
    if let dummy { pointers.enter(dummy, bytes) }
    var proof = dummy.map { self.proof(behind: $0, at: -1, replay, &lostSteps) } ?? Proof()
    for (rank, key) in log.keys.enumerated() {
      guard let record = parsed(key.offset) else { continue }
      let isBetween = proof.bound.map { rank < $0 } ?? false
      let isPassedOver = !key.isLive && (lists.isComplete || (isBetween && isDead(record, by: proof, log)))
      let isContradiction: Bool
      let passing = isPassedOver ? (lists.isComplete ? Proof() : proof) : nil
      var offset = key.offset
      var verdict = verdict(on: record, key, log, passing)
      if verdict == nil, let older = log.proven[rank], let record = parsed(older.offset) {
        offset = older.offset
        verdict = self.verdict(on: record, older, log, passing)
      }
      if let verdict {
        outcome.offsets.append(UInt64(offset))
        outcome.verdicts.append(verdict.code)
        outcome.counts[verdict.certainty.index] += 1
        isContradiction = verdict.doubt?.isContradiction ?? (isPassedOver || key.isContradicted)
      } else {
        outcome.deletedCount += 1
        isContradiction = false
      }
      // Where a key with damaged lengths comes says nothing.
      let isMisplaced = key.isLive && isBetween && !doubtfulRecords.contains(key.offset)
      if isContradiction || isMisplaced { outcome.contradictionCount += 1 }
      guard key.isLive else { continue }
      pointers.enter(record, bytes)
      if rank != proof.bound { isListWhole = false }
      proof = self.proof(behind: record, at: rank, replay, &lostSteps)
      if proof.leadsBack { outcome.contradictionCount += 1 }
    }
    if proof.bound != log.keys.count { isListWhole = false }
    if log.hasSenselessDelete { outcome.contradictionCount += 1 }
    outcome.supersededCount = self.log.recordCount - UInt64(log.keys.count)
    if order == .mbox { sort(&outcome) }
    complete(&outcome, isListWhole: isListWhole, isLogExact: log.isExact)
    if !pointers.areRight { outcome.isIntact = false }
    return outcome
  }

  /// Whether the lists above list 0 meet exactly the live records of their levels, and no pointer leads behind the end.
  private struct PointerCheck {
    private let end: UInt64
    /// By list: where it goes on.
    private var next = [UInt64](repeating: 0, count: Twoskip.levels)
    private var isRight = true

    init(end: Int) { self.end = UInt64(end) }

    var areRight: Bool { isRight && next.allSatisfy { $0 == 0 } }

    /// Takes the list head, and then the live records in order.
    mutating func enter(_ record: TwoskipRecord, _ bytes: RawSpan) {
      for list in 1..<max(1, record.level) {
        if record.kind == .record, next[list] != UInt64(record.offset) { isRight = false }
        next[list] = record.pointer(list + 1, in: bytes)
      }
      if max(record.pointer(0, in: bytes), record.pointer(1, in: bytes)) >= end { isRight = false }
    }
  }

  // MARK: - The log

  private func replayed(_ replay: borrowing TwoskipReplay, _ order: KeyOrder) -> Replayed {
    var log = Replayed(
      order: order, keys: [KeyState](repeating: KeyState(), count: replay.keyCount), firstUnknown: log.firstUnknown,
      lastUnknownEnd: log.lastUnknownEnd, isOrderSettled: lists.isOrderProven)
    replay.run { event in
      switch event {
      case .set(let rank, let offset):
        // A key that is not proven is no newer version of one that is.
        if doubtfulRecords.contains(offset), log.keys[rank].offset != 0, !log.keys[rank].isDeletedByLog { return }
        if isProven(offset) {
          log.proven[rank] = nil
        } else if log.keys[rank].offset != 0, isProven(log.keys[rank].offset) {
          log.proven[rank] = log.keys[rank]
        }
        log.keys[rank] = KeyState(offset: offset)
      case .deleted(let rank, let offset): log.keys[rank].deletedAt = offset < log.firstUnknown ? offset : 0
      case .deletedNothing(let offset):
        guard offset < log.firstUnknown else { return }
        log.hasSenselessDelete = true
        log.firstUnknown = offset
        log.lastUnknownEnd = max(log.lastUnknownEnd, offset + Twoskip.smallestRecord)
      }
    }
    markLive(&log.keys, replay)
    if !log.isOrderSettled { log.isOrderSettled = isAscendingInBothOrders(log) }
    return log
  }

  /// Marks the keys that the lists lead to.
  private func markLive(_ keys: inout [KeyState], _ replay: borrowing TwoskipReplay) {
    var offset = Int(Twoskip.firstRecord)
    while let found = live.next(from: offset, before: limit) {
      offset = found + 8
      guard let rank = replay.rank(ofRecordAt: UInt64(found)), !doubtfulRecords.contains(found) else { continue }
      if keys[rank].offset == found {
        keys[rank].isLive = true
      } else if isProven(keys[rank].offset) {
        keys[rank].isContradicted = true
      } else {
        keys[rank] = KeyState(offset: found, isLive: true)
      }
    }
    for found in doubtfulRecords.sorted(by: >) where live.contains(found) {
      guard let rank = replay.rank(ofRecordAt: UInt64(found)), !keys[rank].isLive else { continue }
      // A sound record with the same key that was written later: so this one has another key.
      if keys[rank].offset > found, isProven(keys[rank].offset) { continue }
      keys[rank] = KeyState(offset: found, isLive: true)
    }
  }

  /// Whether it is certain that there is a record here, and with this key.
  private func isProven(_ offset: Int) -> Bool { isAnchored(offset) && !doubtfulRecords.contains(offset) }

  private func isAscendingInBothOrders(_ log: Replayed) -> Bool {
    let other = log.order == .raw ? KeyOrder.mbox : .raw
    var last: TwoskipRecord?
    for key in log.keys {
      guard let record = parsed(key.offset) else { return false }
      if let last, other.compare(last.key(in: bytes), record.key(in: bytes)) >= 0 { return false }
      last = record
    }
    return true
  }

  // MARK: - One key

  /// What to say about the last version of a key; nil if the key was deleted.
  ///
  /// - Parameter proof: What shows that list 0 passes over the key; nil if nothing does.
  private func verdict(on record: TwoskipRecord, _ key: KeyState, _ log: Replayed, _ proof: Proof?) -> Verdict? {
    let deletion = deletion(of: record)
    let source = key.isLive ? SalvagedRecord.Source.list : isAnchored(record.offset) ? .log : .scan
    let isUnchanged = lastSignOfLife(of: record) >= log.lastUnknownEnd
    let doubt: SalvagedRecord.Doubt?
    if let deletedAt = key.isDeletedByLog ? key.deletedAt : deletion.place {
      if key.isLive || (key.isDeletedByLog ? deletion.isNone : log.isExact) {
        // The lists, its own head or the whole log say that it lives.
        doubt = .contradictedDeletion
      } else if deletedAt >= provenEnd {
        // By a transaction of which it is not certain that it was committed.
        doubt = .undecidedDeletion
      } else if key.isDeletedByLog, deletion.isUnknown, !log.isOrderSettled, proof?.hasLost ?? true {
        // In the other order the log may have deleted another key.
        doubt = .undecidedDeletion
      } else if !key.isDeletedByLog, let proof, proof.hasLost {
        // A lost record that is live can be a newer version of it.
        doubt = .undecidedDeletion
      } else {
        return nil
      }
    } else if doubtfulRecords.contains(record.offset) {
      if let proof, !proof.hasLost { return nil }
      doubt = .unprovenLengths
    } else if key.isLive {
      doubt = nil
    } else if log.isExact {
      doubt = deletion.isUnknown && !log.isOrderSettled ? .undecidedDeletion : nil
    } else if let proof {
      if proof.hasLost {
        doubt = .olderVersion
      } else if source == .log, deletion.isNone, isUnchanged {
        doubt = .contradiction
      } else {
        return nil
      }
    } else if key.isContradicted {
      doubt = .contradiction
    } else if source == .scan {
      doubt = .unproven
    } else if deletion.isUnknown {
      doubt = .undecidedDeletion
    } else {
      doubt = isUnchanged ? nil : .unreadableBehind
    }
    return Verdict(source, doubt ?? (isEndProven ? nil : .guessedEnd))
  }

  // MARK: - What list 0 proves

  private func proof(
    behind record: TwoskipRecord, at rank: Int, _ replay: borrowing TwoskipReplay, _ lostSteps: inout Int
  ) -> Proof {
    var proof = Proof()
    guard isHeadSound(record) else { return proof }
    proof.before = record.kind == .dummy ? nil : record
    var current = record
    while let place = follower(of: current) {
      switch place {
      case .record(let next):
        guard let nextRank = replay.rank(ofRecordAt: UInt64(next.offset)), nextRank > rank else {
          return Proof(leadsBack: true)
        }
        proof.bound = nextRank
        proof.behind = next
        return proof
      case .lost(let next) where lostSteps > 0:
        lostSteps -= 1
        proof.hasLost = true
        current = next
      case .end where hasCertainEnd(current):
        proof.bound = replay.keyCount
        return proof
      case .end, .doubtful, .lost, .delete, .nothing: return Proof()
      }
    }
    return Proof()
  }

  /// Whether a key that comes between two in the presumed order does so in the order of the file.
  private func isDead(_ record: TwoskipRecord, by proof: Proof, _ log: Replayed) -> Bool {
    if log.isOrderSettled { return true }
    let other = log.order == .raw ? KeyOrder.mbox : .raw
    let key = record.key(in: bytes)
    if let before = proof.before, other.compare(before.key(in: bytes), key) >= 0 { return false }
    if let behind = proof.behind, other.compare(key, behind.key(in: bytes)) >= 0 { return false }
    return true
  }

  // MARK: - The outcome

  /// Brings the records of a file in mbox order into raw order.
  private func sort(_ outcome: inout Outcome) {
    let order = outcome.offsets.indices.sorted {
      guard let left = parsed(Int(outcome.offsets[$0])), let right = parsed(Int(outcome.offsets[$1])) else {
        return false
      }
      return left.key(in: bytes).compare(with: right.key(in: bytes)) < 0
    }
    outcome.offsets = order.map { outcome.offsets[$0] }
    outcome.verdicts = order.map { outcome.verdicts[$0] }
  }

  private mutating func complete(_ outcome: inout Outcome, isListWhole: Bool, isLogExact: Bool) {
    if end < bytes.byteCount {
      var scanner = TwoskipSalvageScanner(bytes, from: end, to: bytes.byteCount)
      while let piece = scanner.next(&tails) {
        if case .record(let record, _, _) = piece, record.kind == .record {
          outcome.uncommitted.append(UInt64(record.offset))
        }
      }
    }
    outcome.counts[Certainty.uncommitted.index] = UInt64(outcome.uncommitted.count)
    outcome.commits = log.commits
    outcome.lostLiveCount = isLogExact ? 0 : lists.lostLiveCount
    outcome.damage = damage.completed { self.isLive($0, isListWhole: isListWhole) }
    outcome.damageCount = damage.count
    let certainCount = outcome.counts[Certainty.certain.index]
    outcome.isWhole =
      isEndProven && certainCount == UInt64(outcome.offsets.count)
      && (isLogExact || (isListWhole && lists.lostLiveCount == 0))
    outcome.isIntact =
      bytes.byteCount == 0
      || (outcome.isWhole && isLogExact && isListWhole && damage.count == 0 && outcome.contradictionCount == 0
        && bytes.byteCount == end && header?.isRegular(for: certainCount) == true)
    let magic = TwoskipHeader.magic
    outcome.hasTwoskip =
      bytes.byteCount == 0 || dummy != nil || bytes.starts(with: magic.rawSpan)
      || log.entryCount > 0 || !log.commits.isEmpty || !outcome.uncommitted.isEmpty
  }

  /// Whether a live record is known to be affected by damage; nil if that cannot be told.
  private func isLive(_ place: DamagedPlace, isListWhole: Bool) -> Bool? {
    let start = Int(place.bytes.lowerBound)
    switch place.kind {
    case .header, .listHead, .commit: return nil
    case .record, .recordHead, .recordLengths, .padding: if live.contains(start) { return true }
    case .unreadable:
      let end = Int(place.bytes.upperBound)
      if lostLive.next(from: start, before: end) != nil { return true }
      // What list 0 leads to there can also be a DELETE.
      if live.next(from: start, before: end) != nil { return nil }
    case .missing:
      if !lists.missingRecords.isEmpty { return true }
      if !lists.missing.isEmpty { return nil }
    }
    return isListWhole ? false : nil
  }
}

extension TwoskipHeader {
  /// Whether it is that of a file at rest with so many records.
  fileprivate func isRegular(for count: UInt64) -> Bool {
    flags == 0 && recordCount == count && generation > 0 && Twoskip.firstRecord...currentSize ~= repackSize
  }
}
