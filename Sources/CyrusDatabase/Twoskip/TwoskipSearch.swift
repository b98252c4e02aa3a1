// One search along the lists: down from the list head, or from where the search before ended.
//
// A record that upper lists lead to is compared with the key before its checksum is: those that turn out to lie too far,
// which is every second one, need none. Only records that the search goes to are proven, as their pointers lead on.
//
// What surprises: upper lists are followed without a look at whether they lead forward. A circle, which only forging can
// make, ends by a bound on the steps; then all is done again warily.
//
// Facts: Docs/Formats/twoskip.md, "Lookup".

import CCyrusShim

/// The way that a search took, from which the next one can go on.
struct TwoskipPath {
  /// By list: where the last record of that list with a smaller key lies.
  private var places = InlineArray<31, Int>(repeating: 0)
  /// The order that was searched in; nil if there is no way.
  private(set) var order: KeyOrder?

  init() {}

  fileprivate subscript(list: Int) -> Int {
    get { places[list] }
    set { places[list] = newValue }
  }

  fileprivate mutating func begin() { order = nil }
  fileprivate mutating func end(at before: TwoskipRecord, in order: KeyOrder) {
    places[0] = before.offset
    self.order = order
  }
}

extension TwoskipState {
  /// Where a search is on its way down.
  private struct Place {
    /// The last record that was found to have a smaller key, or the list head; proven.
    var current: TwoskipRecord
    /// The list to go on with.
    var list: Int
    /// If the bytes are live, the head of `current` in a copy that no writer changes.
    var head = TwoskipHead()
    /// The last upper-list entry compared and found not smaller: neighbouring lists often lead to the same one.
    var tooFar: UInt64 = 0
    var headCount = 1
  }

  /// How many records of upper lists a search goes to before it grows wary. Sound files of any size take a fraction.
  private static var stepsMax: Int { 2000 }

  /// Finds where `key` is or would be, from where the search before ended if that was for a smaller key.
  ///
  /// - Parameter path: The way that the search before took, in this state; then the way that this one took.
  /// - Throws: ``TwoskipError`` if list 0 is damaged near the key, or `.keyOrder` if it is not in this order there.
  /// - Complexity: As ``search(for:in:)``, but O(log *d*) expected if *d* records lie between the keys of the two searches.
  func search(
    for key: RawSpan, in order: KeyOrder, along path: inout TwoskipPath
  ) throws(TwoskipError) -> Position {
    if let resumed = resume(path, for: key, in: order) {
      do throws(TwoskipError) { return try search(from: resumed, for: key, in: order, along: &path) } catch {
        // Damage that a search from the top need not meet.
      }
    }
    return try search(from: try top(), for: key, in: order, along: &path)
  }

  private func search(
    from start: Place, for key: RawSpan, in order: KeyOrder, along path: inout TwoskipPath
  ) throws(TwoskipError) -> Position {
    var place = start
    path.begin()
    if !descend(&place, for: key, in: order, along: &path, isWary: false) {
      place = try top()
      _ = descend(&place, for: key, in: order, along: &path, isWary: true)
    }
    let position = try arrive(&place, for: key, in: order)
    path.end(at: position.before, in: order)
    return position
  }

  /// The list head, to begin with.
  private func top() throws(TwoskipError) -> Place {
    var place = Place(current: try dummy(), list: Twoskip.levels - 1)
    if isLive { try load(&place.head, of: &place.current) }
    return place
  }

  /// Goes down to list 0.
  ///
  /// - Returns: False if it took too many steps, which cannot be if `isWary`.
  private func descend(
    _ place: inout Place, for key: RawSpan, in order: KeyOrder, along path: inout TwoskipPath, isWary: Bool
  ) -> Bool {
    var stepsLeft = Self.stepsMax
    // A record stands on as many lists as it has levels; the list is never above those of the current one.
    while place.list > 0 {
      let pointer = upperPointer(of: place, place.list)
      if pointer != 0, pointer != place.tooFar, let next = candidate(at: pointer, list: place.list) {
        prefetchRecord(at: next.pointer(place.list + 1, in: bytes), list: place.list)
        prefetchLower(than: pointer, place)
        place.headCount += 1
        if order.compare(next.key(in: bytes), key) >= 0 {
          place.tooFar = pointer
        } else if !isWary || order.compare(place.current.key(in: bytes), next.key(in: bytes)) < 0,
          go(to: next, &place)
        {
          stepsLeft -= isWary ? 0 : 1
          if stepsLeft < 0 { return false }
          continue
        }
      }
      path[place.list] = place.current.offset
      place.list -= 1
    }
    return true
  }

  /// Walks list 0 to the key.
  private func arrive(
    _ place: inout Place, for key: RawSpan, in order: KeyOrder
  ) throws(TwoskipError) -> Position {
    while let next = try next(after: place.current) {
      place.headCount += 1
      try requireAscending(place.current, next, in: order)
      let comparison = order.compare(next.key(in: bytes), key)
      if comparison >= 0 {
        // In mbox order TAB and LF compare as equal, which is not the same key.
        let isMatch = comparison == 0 && (order == .raw || next.key(in: bytes).holdsSameBytes(as: key))
        if isMatch {
          try checkTail(of: next)
          return Position(
            before: place.current, at: next, isMatch: true, headCount: place.headCount, isForBothOrders: true)
        }
        return try gap(place, next, around: key, in: order)
      }
      place.current = next
    }
    return try gap(place, nil, around: key, in: order)
  }

  /// The position of a key that is not there, which takes both of its neighbours to be proven.
  @inline(never)
  private func gap(
    _ place: borrowing Place, _ next: TwoskipRecord?, around key: RawSpan, in order: KeyOrder
  ) throws(TwoskipError) -> Position {
    if place.current.kind == .record { try checkTail(of: place.current) }
    if let next { try checkTail(of: next) }
    let isForBothOrders = order.agreesWithOthers(
      that: key, isBehind: place.current.key(in: bytes), andBefore: next?.key(in: bytes))
    return Position(
      before: place.current, at: next, isMatch: false, headCount: place.headCount, isForBothOrders: isForBothOrders)
  }

  /// Climbs the way of another search until the lists lead beyond the key; nil if that way is of no use.
  private func resume(_ path: TwoskipPath, for key: RawSpan, in order: KeyOrder) -> Place? {
    guard path.order == order, let before = try? TwoskipRecord(at: path[0], in: bytes, limit: limit),
      order.compare(before.key(in: bytes), key) < 0
    else { return nil }
    var place = Place(current: before, list: 0)
    guard go(to: before, &place) else { return nil }
    var foot = place
    for list in 1..<Twoskip.levels {
      if path[list] != foot.current.offset {
        guard let next = try? TwoskipRecord(at: path[list], in: bytes, limit: limit), next.level > list,
          go(to: next, &foot)
        else { break }
      } else if foot.current.level <= list {
        break
      }
      let pointer = upperPointer(of: foot, list)
      if pointer != UInt64(place.current.offset) {
        guard pointer != 0, let next = candidate(at: pointer, list: list) else { break }
        place.headCount += 1
        if order.compare(next.key(in: bytes), key) >= 0 {
          place.tooFar = pointer
          break
        }
        guard go(to: next, &place) else { break }
      }
      place.list = list
    }
    return place
  }

  // MARK: Steps

  /// Makes a record that was found the current one, if its head is sound.
  @inline(__always)
  private func go(to next: TwoskipRecord, _ place: inout Place) -> Bool {
    var next = next
    do throws(TwoskipError) {
      if isLive { try load(&place.head, of: &next) } else { try checkHead(of: &next) }
      place.current = next
      return true
    } catch {
      // The copy is that of the other one now. What was sound before is so again, but for a file that is cut.
      if isLive { try? load(&place.head, of: &place.current) }
      return false
    }
  }

  @inline(__always)
  private func upperPointer(of place: borrowing Place, _ list: Int) -> UInt64 {
    isLive ? place.head.pointer(list + 1) : place.current.pointer(list + 1, in: bytes)
  }

  /// The record that a pointer of an upper list leads to, its checksum not yet compared.
  @inline(__always)
  private func candidate(at pointer: UInt64, list: Int) -> TwoskipRecord? {
    guard pointer >= Twoskip.firstRecord, pointer % 8 == 0, pointer < UInt64(limit) else { return nil }
    guard let next = TwoskipRecord(anyAt: Int(truncatingIfNeeded: pointer), in: bytes, limit: limit),
      next.kind == .record, next.level > list
    else { return nil }
    return next
  }

  /// Touches the record that comes next if this one turns out to be too far.
  @inline(__always)
  private func prefetchLower(than pointer: UInt64, _ place: borrowing Place) {
    var list = place.list - 1
    while list >= 0 {
      let lower = list > 0 ? upperPointer(of: place, list) : max(place.current.first, place.current.second)
      if lower != pointer, lower < UInt64(limit) {
        prefetchRecord(at: lower, list: list)
        return
      }
      list -= 1
    }
  }

  /// Touches the head and the key of a record of a list, wherever it is.
  @inline(__always)
  private func prefetchRecord(at place: UInt64, list: Int) {
    let offset = Int(truncatingIfNeeded: place)
    ccs_prefetch_line(Span<UInt8>(_bytes: bytes), offset)
    ccs_prefetch_line(Span<UInt8>(_bytes: bytes), offset &+ 64)
    if list > 3 { ccs_prefetch_line(Span<UInt8>(_bytes: bytes), offset &+ 128) }
  }
}
