// Hostile files must not cost more than sound ones of their size: each of these took minutes with a square in it.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.timeLimit(.minutes(1))) struct CostTests {
  /// Records in this order on lists 0 and 1, whatever their keys.
  private static func chain(_ keys: [[UInt8]]) -> [UInt8] {
    let places = keys.indices.map { 336 + 48 * $0 } + [0]
    var file = AssembledFile(dummy: [0, UInt64(places[0]), UInt64(places[0])])
    var bytes: [UInt8] = []
    for (index, key) in keys.enumerated() {
      let next = UInt64(places[index + 1])
      bytes += TwoskipEncoding.record(.record, level: 2, key: key, value: [], pointers: [0, next, next])
    }
    file.append(bytes)
    file.commit(from: 336, recordCount: keys.count)
    return file.bytes
  }

  /// Keys of eight bytes that sort as their numbers do.
  private static func key(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(number >> (8 * (7 - $0)) & 0xFF) } }

  @Test func `thousands of keys out of order behind thousands in order`() {
    let ordered = (0..<5000).map(Self.key)
    // Every second key is too small: behind each the walk finds its way on.
    let zigzag = (0..<2500).flatMap { [Self.key(10_000 + $0), Self.key(5000 + $0)] }
    let bytes = Self.chain(ordered + zigzag)
    let walk = Walk(of: bytes)
    #expect(walk.errors.count == 2500)
    #expect(Set(walk.errors.map(\.code)) == [.keyOrder])
    #expect(walk.pairs.count == 7500)
    let full = report(on: bytes)
    #expect(full.rules.first { $0.rule == TwoskipRule.keyOrder.name }?.findingCount ?? 0 >= 2500)
    #expect(full.unlistedFindingCount > 0)
  }

  @Test func `a list without levels`() {
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { builder in
      // Each goes to the front, so that building it is no square either.
      for number in (0..<5000).reversed() { builder.set(Self.key(number), [], level: 1) }
    }
    #expect(Walk(of: builder.bytes).pairs.count == 5000)
    #expect(report(on: builder.bytes).verdict == .sound)
    #expect((try? lookup(Self.key(4999), in: builder.bytes)) == .some([]))
  }

  @Test func `thousands of damaged records`() {
    var builder = TwoskipBuilder(seed: 2)
    builder.transaction { builder in
      for number in 0..<5000 { builder.set(Self.key(number), []) }
    }
    var bytes = builder.bytes
    for piece in TwoskipSurgeon.records(in: bytes) where piece.type == .record && piece.level == 1 {
      bytes[piece.offset + 12] ^= 1
    }
    let walk = Walk(of: bytes)
    let upper = TwoskipSurgeon.records(in: bytes).filter { $0.type == .record && $0.level > 1 }.count
    #expect(walk.pairs.count == upper)
    #expect(!walk.errors.isEmpty)
    #expect(report(on: bytes).verdict == .damaged)
  }

  @Test func `a megabyte that is nothing`() {
    for filler: UInt8 in [0x00, 0x2B, 0x24, 0xFF] {
      var bytes = Sample.three.bytes
      bytes += [UInt8](repeating: filler, count: 1 << 20)
      bytes.setHeader(currentSize: bytes.count)
      let full = report(on: bytes)
      #expect(full.verdict == .damaged)
      #expect(full.parts.reduce(0) { $0 + $1.byteCount } == UInt64(bytes.count))
      #expect(Walk(of: bytes).pairs == Sample.three.committed.map(Pair.init))
    }
  }
}
