// Folds what many hosts found out into one stream: a merge of sorted streams, which keeps one line of each.
//
//   store1 sloti1t01 ┐
//   store3 sloti1t02 ┤  a heap of the  ┌ of several about one slot ┐
//   store1 sloti2t01 ┼─ next lines ────┤ the newest, and of these  ├─> store1 sloti1t01, store1 sloti2t01, …
//   store2 sloti2t02 ┘                 └ the greatest bytes        ┘
//
// The choice among lines about one slot is a maximum, so it makes no difference how streams are grouped, in which order
// they come, or how often: merging is associative, commutative and idempotent.

/// What a sweep says about one slot, as a line of a stream.
public struct SweepLine: Sendable, Hashable {
  /// The store.
  public let store: String
  /// The slot.
  public let slot: String
  /// When the slot was looked at, in seconds since 1970.
  public let time: Int64
  /// The line, without its end.
  public let bytes: [UInt8]

  /// A line.
  public init(store: String, slot: String, time: Int64, bytes: [UInt8]) {
    self.store = store
    self.slot = slot
    self.time = time
    self.bytes = bytes
  }

  /// Whether a line comes before another one in a stream: by store, then by slot, both in natural order.
  public static func isBefore(_ left: SweepLine, _ right: SweepLine) -> Bool {
    if left.store != right.store { return NaturalOrder.isBefore(left.store, right.store) }
    return left.slot != right.slot && NaturalOrder.isBefore(left.slot, right.slot)
  }

  /// Whether both are about the same slot of the same store.
  public func isAboutSameSlot(as other: SweepLine) -> Bool { store == other.store && slot == other.slot }

  /// Which of two lines about one slot is kept.
  static func newer(_ left: SweepLine, _ right: SweepLine) -> SweepLine {
    if left.time != right.time { return left.time > right.time ? left : right }
    return left.bytes.lexicographicallyPrecedes(right.bytes) ? right : left
  }
}

/// Several streams of lines, each in order, as one.
///
/// ```swift
/// var merge = SweepMerge([{ first.next() }, { second.next() }])
/// while let line = merge.next() { print(line.store, line.slot) }
/// ```
///
/// - Complexity: O(log *k*) comparisons a line for *k* streams; memory for one line of each.
public struct SweepMerge {
  /// A binary heap of the streams that have lines, by their next ones.
  private var heap: [(line: SweepLine, stream: Int)] = []
  private let streams: [() -> SweepLine?]

  /// Merges streams.
  ///
  /// - Parameter streams: Each gives its next line, or nil at its end. Lines must not go back in order; that two are
  ///   about the same slot is no harm.
  public init(_ streams: [() -> SweepLine?]) {
    self.streams = streams
    for (index, stream) in streams.enumerated() {
      guard let line = stream() else { continue }
      heap.append((line, index))
      rise()
    }
  }

  /// The next line; nil at the end of all.
  public mutating func next() -> SweepLine? {
    guard var best = take() else { return nil }
    while let other = heap.first?.line, other.isAboutSameSlot(as: best), let line = take() {
      best = .newer(best, line)
    }
    return best
  }

  /// Takes the first line of all, and has the next one of its stream in its place.
  private mutating func take() -> SweepLine? {
    guard let first = heap.first else { return nil }
    if let line = streams[first.stream]() {
      heap[0].line = line
    } else {
      let last = heap.removeLast()
      if heap.isEmpty { return first.line }
      heap[0] = last
    }
    sink()
    return first.line
  }

  /// Moves the last one up to its place.
  private mutating func rise() {
    var place = heap.count - 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard SweepLine.isBefore(heap[place].line, heap[parent].line) else { return }
      heap.swapAt(place, parent)
      place = parent
    }
  }

  /// Moves the first one down to its place.
  private mutating func sink() {
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if SweepLine.isBefore(heap[child].line, heap[least].line) { least = child }
      }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
