// Bringing together what many hosts found out: it makes no difference how.

import Foundation
import TestSupport
import Testing

@testable import CyrusFleet

@Suite struct SweepMergeTests {
  /// Streams with lines about few slots, so that many are about the same.
  private static func streams(_ random: inout SplitMix64) -> [[SweepLine]] {
    (0..<random.below(7)).map { _ in
      let lines = (0..<random.below(20)).map { _ in
        SweepLine(
          store: "store\(random.below(12))", slot: "sloti1t\(random.below(12))", time: Int64(random.below(3)),
          bytes: random.bytes(random.below(3)))
      }
      return lines.sorted(by: SweepLine.isBefore)
    }
  }

  private static func merged(_ streams: [[SweepLine]]) -> [SweepLine] {
    var iterators = streams.map { $0.makeIterator() }
    // Each stream is asked by one merge alone.
    let sources = iterators.indices.map { index in
      let box = Box(iterators[index])
      return { box.iterator.next() }
    }
    iterators = []
    var merge = SweepMerge(sources)
    var lines: [SweepLine] = []
    while let line = merge.next() { lines.append(line) }
    return lines
  }

  private final class Box {
    var iterator: Array<SweepLine>.Iterator
    init(_ iterator: Array<SweepLine>.Iterator) { self.iterator = iterator }
  }

  /// What is kept of each slot, found out without order or heap.
  private static func expected(_ streams: [[SweepLine]]) -> Set<SweepLine> {
    let groups = Dictionary(grouping: streams.joined()) { "\($0.store) \($0.slot)" }
    return Set(
      groups.values.compactMap { lines in
        let time = lines.map(\.time).max()
        return lines.filter { $0.time == time }.max { $0.bytes.lexicographicallyPrecedes($1.bytes) }
      })
  }

  @Test(arguments: 1...300) func `merging is associative, commutative and idempotent`(seed: Int) {
    var random = SplitMix64(seed: SplitMix64.mix(UInt64(seed)))
    let streams = Self.streams(&random)
    let whole = Self.merged(streams)
    #expect(Set(whole) == Self.expected(streams), "seed \(seed)")
    for (line, next) in zip(whole, whole.dropFirst()) { #expect(SweepLine.isBefore(line, next), "seed \(seed)") }
    // In any order, in any groups, any of them more than once.
    var shuffled = streams + streams.filter { _ in random.chance(1, in: 3) }
    random.shuffle(&shuffled)
    while shuffled.count > 1 {
      let count = 1 + random.below(min(3, shuffled.count))
      let part = Self.merged(Array(shuffled.suffix(count)))
      shuffled.removeLast(count)
      shuffled.insert(part, at: random.below(shuffled.count + 1))
      if count == 1, random.chance(1, in: 2) { continue }
    }
    #expect(Self.merged(shuffled) == whole, "seed \(seed)")
    #expect(Self.merged([whole, whole]) == whole, "seed \(seed)")
  }

  @Test func `lines come in natural order of stores and slots`() {
    func line(_ store: String, _ slot: String) -> SweepLine { SweepLine(store: store, slot: slot, time: 0, bytes: []) }
    let lines = [line("store2", "sloti10t01"), line("store10", "sloti9t01"), line("store10", "sloti10t01")]
    #expect(Self.merged(lines.reversed().map { [$0] }) == lines)
    #expect(!SweepLine.isBefore(lines[0], lines[0]))
  }

  @Test func `nothing comes of nothing`() {
    #expect(Self.merged([]).isEmpty)
    #expect(Self.merged([[], []]).isEmpty)
  }
}
