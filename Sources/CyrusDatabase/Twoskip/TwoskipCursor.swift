// Walking list 0, record by record, in key order.
//
// Every record's head and tail checksum is compared before it is handed out, and every key must come
// after the one before. After an error the walk can go on: past a damaged tail by the record's own
// pointers, past anything else by the upper lists, which lead to records that are live for certain.
// What lies between is lost to a listing; the verifier tells more.
//
// What surprises: the order of the keys is taken for raw until a pair contradicts it, and only then
// are the other keys asked whether the file is in mbox order.
//
// Facts: Docs/Formats/twoskip.md, "Iteration" and "What a read-only reader does".

/// A walk over the live records of a committed state.
struct TwoskipCursor: ~Copyable, ~Escapable {
  let state: TwoskipState
  /// The order that no pair of keys has contradicted so far.
  private(set) var order: KeyOrder
  /// Whether it has not been found out yet that the keys are in no other order than raw.
  private var mayBeMbox = true
  /// The entry whose pointers lead on; nil before the first step.
  private var current: TwoskipRecord?
  /// The last record with a proven key: the one that the next key must come after.
  private var last: TwoskipRecord?
  /// An entry that a search found to come next.
  private var pending: TwoskipRecord?
  private var hasEnded = false
  /// Brings records near that lie scattered, once enough of them were seen to.
  private var lookahead = TwoskipLookahead()
  private var jumpsToLookAhead: Int
  private static let jumpCountMin = 16
  /// Where the walk stands, for both `current` and `last`, if nothing else has to be minded.
  var plain: TwoskipPlainWalk
  /// Whether no step is a plain one.
  private let isCareful: Bool
  /// Whether list 0 is damaged behind `current`, so that the way on is through the upper lists.
  private var isCut = false
  /// Once list 0 was cut: where each upper list goes on, by list. Empty before.
  private var frontier: [UInt64] = []
  /// How many steps may still be made on upper lists: there are no more pointers than words.
  private var jumpsLeft: Int

  /// A walk from the start of list 0.
  ///
  /// - Parameters:
  ///   - comparesChecksums: Off for what was verified before; damage is then met by what else is wrong with it.
  ///   - order: That of the keys, if it is known; otherwise it is found out on the way.
  ///   - looksAhead: Off in tests of what looking ahead must not change.
  ///   - isCareful: On in tests of what plain steps must not change.
  @_lifetime(copy bytes)
  init(
    _ bytes: RawSpan, end: UInt64, isLive: Bool = false, comparesChecksums: Bool = true, order: KeyOrder = .raw,
    looksAhead: Bool = true, isCareful: Bool = false
  ) {
    self.isCareful = isCareful
    jumpsToLookAhead = looksAhead ? Self.jumpCountMin : .max
    state = TwoskipState(bytes, end: end, isLive: isLive, comparesChecksums: comparesChecksums)
    plain = TwoskipPlainWalk(state)
    self.order = order
    jumpsLeft = bytes.byteCount / 8
  }

  /// A walk that starts where a search ended.
  @_lifetime(copy bytes)
  init(
    _ bytes: RawSpan, end: UInt64, isLive: Bool = false, comparesChecksums: Bool = true,
    at position: TwoskipState.Position, order: KeyOrder, isCareful: Bool = false
  ) {
    self.init(
      bytes, end: end, isLive: isLive, comparesChecksums: comparesChecksums, order: order, isCareful: isCareful)
    current = position.before
    last = position.before
    pending = position.at
    hasEnded = position.at == nil
  }

  /// The order of all keys that a walk from the start reaches, behind damage, too.
  ///
  /// - Complexity: O(*n*).
  consuming func orderOfReachableKeys() -> KeyOrder {
    while true {
      do throws(TwoskipError) {
        guard try next() != nil else { return order }
      } catch {
        // Said again by whoever walks for the records.
      }
    }
  }

  /// Whether damage has taken the walk off list 0 at some place.
  var isOffCourse: Bool { !frontier.isEmpty }

  /// The next record, all its checksums compared; nil at the end.
  ///
  /// - Throws: ``TwoskipError`` at damage. The next call goes on behind it.
  @inline(__always)
  mutating func next() throws(TwoskipError) -> TwoskipRecord? {
    if let next = nearNext() ?? farNext() { return next }
    return try carefulNext()
  }

  /// The step that most are: nothing has been wrong so far, and nothing is, and the record lies behind the last one.
  ///
  /// - Returns: nil if it is not that step; then nothing has been done.
  @inline(__always)
  mutating func nearNext() -> TwoskipRecord? {
    // Keys in the other order are left to the step that knows both.
    guard order == .raw else { return nil }
    return plain.nextNearby()
  }

  /// The same step, wherever the record lies.
  @inline(never)
  mutating func farNext() -> TwoskipRecord? {
    let offset = plain.offset
    guard let next = plain.next(in: order) else { return nil }
    if !(0..<TwoskipPlainWalk.nearby ~= next.offset &- offset) { lookAhead(from: next) }
    return next
  }

  /// Has memory bring what comes, as the records lie scattered.
  @inline(never)
  private mutating func lookAhead(from record: TwoskipRecord) {
    if lookahead.isRunning { return lookahead.step(record, in: state.bytes, limit: state.limit) }
    jumpsToLookAhead -= 1
    if jumpsToLookAhead < 0 { lookahead.begin(at: record, in: state.bytes) }
  }

  /// The same step, whatever comes.
  @inline(never)
  private mutating func carefulNext() throws(TwoskipError) -> TwoskipRecord? {
    if let record = plain.leave() {
      current = record
      last = record
    }
    guard let next = try step() else { return nil }
    if frontier.isEmpty, pending == nil, !isCareful { plain.stand(at: next) }
    return next
  }

  private mutating func step() throws(TwoskipError) -> TwoskipRecord? {
    guard !hasEnded, let next = try advance() else {
      hasEnded = true
      return nil
    }
    plain.bytesLeft -= next.end - next.offset
    if plain.bytesLeft < 0 {
      hasEnded = true
      throw TwoskipError(.listEntry, at: UInt64(next.offset), found: UInt64(next.offset))
    }
    current = next
    if !frontier.isEmpty { passOnUpperLists(next) }
    try state.checkTail(of: next)
    last = next
    return next
  }

  /// The next entry of list 0, or of an upper list if list 0 is cut here.
  private mutating func advance() throws(TwoskipError) -> TwoskipRecord? {
    if let pending {
      self.pending = nil
      return pending
    }
    guard let current, let last else { return try start() }
    if isCut { return jump(after: last) }
    do throws(TwoskipError) {
      guard let next = try state.next(after: current) else { return nil }
      if order.compare(last.key(in: state.bytes), next.key(in: state.bytes)) >= 0, hasProvenKey(next) {
        try settleOrder(last, next)
      }
      return next
    } catch {
      cut(after: last)
      throw error
    }
  }

  @inline(never)
  private mutating func start() throws(TwoskipError) -> TwoskipRecord? {
    do throws(TwoskipError) {
      let dummy = try state.dummy()
      current = dummy
      last = dummy
    } catch {
      // Without the list head there is no way in.
      hasEnded = true
      throw error
    }
    return try advance()
  }

  /// Whether a key has a right checksum. One that has not proves nothing, and is thrown for that when it is handed out.
  @inline(never)
  private func hasProvenKey(_ record: TwoskipRecord) -> Bool { (try? state.checkTail(of: record)) != nil }

  /// Finds out whether two neighbours that contradict the present order prove the other one.
  @inline(never)
  private mutating func settleOrder(_ first: TwoskipRecord, _ second: TwoskipRecord) throws(TwoskipError) {
    // Asked once in a walk, or a file with many keys out of order would be walked as often.
    if order == .raw, mayBeMbox {
      mayBeMbox = isMbox(first, second)
      if mayBeMbox {
        order = .mbox
        return
      }
    }
    throw TwoskipError(.keyOrder, at: UInt64(second.offset), found: UInt64(first.offset))
  }

  private func isMbox(_ first: TwoskipRecord, _ second: TwoskipRecord) -> Bool {
    var evidence = state.orderEvidence()
    evidence.consider(first.key(in: state.bytes), second.key(in: state.bytes))
    // Evidence ends at damage. What this walk has listed behind it must be in that order, too.
    return evidence.allowsMbox && (frontier.isEmpty || hasListedInMboxOrder(upTo: first))
  }

  private func hasListedInMboxOrder(upTo last: TwoskipRecord) -> Bool {
    var walk = TwoskipCursor(state.bytes, end: state.end, isLive: state.isLive, order: .mbox)
    while true {
      do throws(TwoskipError) {
        guard let record = try walk.next() else { return false }
        if record.offset == last.offset { return true }
      } catch {
        if error.code == .keyOrder { return false }
      }
    }
  }
}

// MARK: - Going on behind damage

extension TwoskipCursor {
  /// Notes that list 0 cannot be followed, and finds where the upper lists go on behind `last`.
  @inline(never)
  private mutating func cut(after last: TwoskipRecord) {
    isCut = true
    guard frontier.isEmpty else { return }
    frontier = [UInt64](repeating: 0, count: Twoskip.levels)
    guard var place = try? state.dummy() else { return }
    for list in (1..<Twoskip.levels).reversed() {
      frontier[list] = place.pointer(list + 1, in: state.bytes)
      while let next = state.hint(frontier[list], list: list), isBehind(next, place), !isBehind(next, last) {
        place = next
        frontier[list] = next.pointer(list + 1, in: state.bytes)
      }
    }
  }

  /// The nearest record behind `last` that an upper list leads to.
  @inline(never)
  private mutating func jump(after last: TwoskipRecord) -> TwoskipRecord? {
    isCut = false
    for list in 1..<Twoskip.levels {
      // An upper list can have stayed behind while list 0 went on: let it catch up. Each step is made once in a walk.
      while jumpsLeft > 0, let next = state.hint(frontier[list], list: list) {
        if isBehind(next, last) { return next }
        jumpsLeft -= 1
        frontier[list] = next.pointer(list + 1, in: state.bytes)
      }
    }
    return nil
  }

  private mutating func passOnUpperLists(_ record: TwoskipRecord) {
    for list in 1..<max(1, record.level) { frontier[list] = record.pointer(list + 1, in: state.bytes) }
  }

  /// Whether a record's key comes after that of `place`.
  private func isBehind(_ record: TwoskipRecord, _ place: TwoskipRecord) -> Bool {
    order.compare(place.key(in: state.bytes), record.key(in: state.bytes)) < 0
  }
}
