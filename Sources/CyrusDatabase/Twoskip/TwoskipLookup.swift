// Finding a key through the lists.
//
// Only list 0 is believed. Lists 1 and above bring the search near, and every pointer of theirs that leads beyond the
// committed end, out of the file or to damage is left aside: the search goes down a list at the same record, see
// TwoskipSearch.swift. So an open transaction or a damaged upper list costs time, not truth. What is not seen here are
// forged pointers with right checksums that lead to dead records: that takes a verification.
//
// Why two tail checksums are enough: a match needs only its own. That a key is absent follows from a pair of neighbours
// on list 0, one key below and one above the key sought: however the search came there, if both keys are proven and the
// list is in order, nothing lies between them.
//
// Facts: Docs/Formats/twoskip.md, "Lookup" and "What a read-only reader does".

extension TwoskipState {
  /// Where a key is, or would be.
  struct Position: BitwiseCopyable {
    /// The last entry of list 0 with a smaller key, or the list head.
    let before: TwoskipRecord
    /// The first entry with a key that is not smaller; nil at the end of the list.
    let at: TwoskipRecord?
    /// Whether `at` has exactly the key sought.
    let isMatch: Bool
    /// How many heads the search looked at, the list head included: what it costs.
    let headCount: Int
    /// Whether a key that is not there is between the two neighbours in the other order, too.
    let isForBothOrders: Bool
  }

  /// Finds where `key` is or would be, if the file is in this order.
  ///
  /// - Throws: ``TwoskipError`` if list 0 is damaged near the key, or `.keyOrder` if it is not in this order there.
  /// - Complexity: O(log *n*) expected; O(*n*) if the levels are degenerate. Touches about 2 log₂ *n* heads, of which
  ///   those that it goes to have their checksums compared, and two tails.
  func search(for key: RawSpan, in order: KeyOrder) throws(TwoskipError) -> Position {
    var path = TwoskipPath()
    return try search(for: key, in: order, along: &path)
  }

  /// The record that a pointer of an upper list leads to, if it leads to a sound head.
  func hint(_ pointer: UInt64, list: Int) -> TwoskipRecord? {
    guard pointer < end, let next = try? record(at: pointer, from: 0), next.kind == .record, next.level > list
    else { return nil }
    return next
  }

  /// - Throws: ``TwoskipError`` with `.keyOrder` unless the second key comes after the first, and that is proven: otherwise
  ///   `.tailChecksum`.
  @inline(__always)
  func requireAscending(_ first: TwoskipRecord, _ second: TwoskipRecord, in order: KeyOrder) throws(TwoskipError) {
    if order.compare(first.key(in: bytes), second.key(in: bytes)) >= 0 {
      // A key with a wrong checksum proves nothing.
      if first.kind == .record { try checkTail(of: first) }
      try checkTail(of: second)
      throw TwoskipError(.keyOrder, at: UInt64(second.offset), found: UInt64(first.offset))
    }
  }
}

// MARK: - The order of a file

extension TwoskipState {
  /// What the keys say about the order of the file.
  struct OrderEvidence {
    var allowsRaw = true
    var allowsMbox = true
    /// What ended the look-through before the end of list 0.
    var damage: TwoskipError?

    /// Takes the order of one pair of neighbours into account.
    mutating func consider(_ first: RawSpan, _ second: RawSpan) {
      if allowsRaw { allowsRaw = KeyOrder.raw.compare(first, second) < 0 }
      if allowsMbox { allowsMbox = KeyOrder.mbox.compare(first, second) < 0 }
    }
  }

  /// Looks at the keys on list 0 to find out the file's order, up to the first damage that ends the list.
  ///
  /// - Complexity: O(*n*); ends early when both orders are ruled out.
  func orderEvidence() -> OrderEvidence {
    var evidence = OrderEvidence()
    // Keys that are not proven need not ascend, so what bounds the walk is the number of records that fit.
    var stepsLeft = limit / Twoskip.smallestRecord
    do throws(TwoskipError) {
      var current = try dummy()
      while evidence.allowsRaw || evidence.allowsMbox, let next = try self.next(after: current) {
        var changed = evidence
        changed.consider(current.key(in: bytes), next.key(in: bytes))
        if changed.allowsRaw != evidence.allowsRaw || changed.allowsMbox != evidence.allowsMbox {
          // A key with a wrong checksum proves nothing.
          if let wrong = tailError(of: current) ?? tailError(of: next) {
            evidence.damage = evidence.damage ?? wrong
          } else {
            evidence = changed
          }
        }
        current = next
        stepsLeft -= 1
        if stepsLeft < 0 { throw TwoskipError(.keyOrder, at: UInt64(next.offset)) }
      }
    } catch {
      evidence.damage = error
    }
    return evidence
  }

  /// The order of the file, as far as anything hangs on it.
  ///
  /// - Throws: ``TwoskipError`` if neither order holds, or damage hides which one does.
  func decideOrder() throws(TwoskipError) -> KeyOrder {
    let evidence = orderEvidence()
    switch (evidence.allowsRaw, evidence.allowsMbox) {
    case (true, false): return .raw
    case (false, true): return .mbox
    case (true, true):
      if let damage = evidence.damage { throw damage }
      // A damaged key can hide that the keys do not fit both.
      try requireProvenKeys()
      return .raw
    case (false, false): throw TwoskipError(.keyOrder, at: Twoskip.dummy)
    }
  }

  private func tailError(of record: TwoskipRecord) -> TwoskipError? {
    guard record.kind == .record else { return nil }
    do throws(TwoskipError) { try checkTail(of: record) } catch { return error }
    return nil
  }

  private func requireProvenKeys() throws(TwoskipError) {
    var current = try dummy()
    while let next = try self.next(after: current) {
      try checkTail(of: next)
      current = next
    }
  }

  /// Finds where `key` is or would be, whatever the order of the file, and in which order it was found.
  ///
  /// A match is a match in any order, and where both orders lead to the same neighbours nothing hangs on it. Two
  /// neighbours that contradict one order prove the other. Only if all that does not tell are the keys of the whole file
  /// looked at.
  ///
  /// - Parameter known: The order of the file, if it was found out before.
  /// - Returns: Besides the position the order it was found in, and whether that is for certain the order of the file.
  func search(
    for key: RawSpan, known: KeyOrder? = nil
  ) throws(TwoskipError) -> (position: Position, order: KeyOrder, isOrderProven: Bool) {
    var path = TwoskipPath()
    return try search(for: key, known: known, along: &path)
  }

  /// The same, from where the search before ended, if that was for a smaller key.
  ///
  /// - Parameter path: As for ``search(for:in:along:)``.
  func search(
    for key: RawSpan, known: KeyOrder?, along path: inout TwoskipPath
  ) throws(TwoskipError) -> (position: Position, order: KeyOrder, isOrderProven: Bool) {
    if let known { return (try search(for: key, in: known, along: &path), known, true) }
    guard let raw = try searchUnlessContradicted(for: key, in: .raw, along: &path) else {
      return (try search(for: key, in: .mbox, along: &path), .mbox, true)
    }
    if raw.isMatch || raw.isForBothOrders { return (raw, .raw, false) }
    // Its way is of no use for the next search, which begins with the raw order.
    var other = TwoskipPath()
    guard let mbox = try searchUnlessContradicted(for: key, in: .mbox, along: &other) else { return (raw, .raw, true) }
    if mbox.before.offset == raw.before.offset { return (raw, .raw, false) }
    let order = try decideOrder()
    return (order == .raw ? raw : mbox, order, true)
  }

  /// Finds where `key` is or would be in this order; nil if two proven neighbours contradict the order.
  private func searchUnlessContradicted(
    for key: RawSpan, in order: KeyOrder, along path: inout TwoskipPath
  ) throws(TwoskipError) -> Position? {
    do throws(TwoskipError) {
      return try search(for: key, in: order, along: &path)
    } catch {
      if error.code == .keyOrder { return nil }
      throw error
    }
  }
}
