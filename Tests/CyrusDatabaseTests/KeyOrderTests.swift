// The two orders of keys: comparing, and what hangs on which one a file has.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct KeyOrderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// All byte strings of up to two bytes of the interesting ones, and longer ones with a common start.
  private static let keys: [[UInt8]] = {
    let bytes: [UInt8] = [0x00, 0x01, 0x08, 0x09, 0x0A, 0x0B, 0x20, 0x2D, 0x2E, 0x2F, 0x61, 0x7F, 0x80, 0xFF]
    let short = [[]] + bytes.map { [$0] } + bytes.flatMap { first in bytes.map { [first, $0] } }
    return short + short.map { utf8("user.abcdefgh") + $0 }
  }()

  @Test(arguments: [(KeyOrder.raw, TwoskipBuilder.Order.raw), (.mbox, .mbox)])
  func `compares as a loop over the bytes does`(_ order: KeyOrder, _ model: TwoskipBuilder.Order) {
    for left in Self.keys {
      let leftSort = model.sortKey(left)
      for right in Self.keys {
        let rightSort = model.sortKey(right)
        let result = compare(left, right, order)
        let expected = leftSort == rightSort ? 0 : leftSort.lexicographicallyPrecedes(rightSort) ? -1 : 1
        if result != expected { Issue.record("\(text(left)) and \(text(right)): \(result)") }
      }
    }
  }

  @Test func `long keys compare at every length and place of the difference`() {
    var random = SplitMix64(seed: 5)
    for length in 0...40 {
      let key = random.bytes(length)
      for place in 0..<length {
        var other = key
        other[place] = key[place] &+ 1
        let expected = key[place] < other[place] ? -1 : 1
        #expect(compare(key, other, .raw) == expected)
        #expect(compare(other, key, .raw) == -expected)
        #expect(!isSame(key, other))
        #expect(starts(key, with: Array(key.prefix(place))))
        #expect(!starts(key, with: Array(other.prefix(place + 1))))
        #expect(compare(Array(key.prefix(place)), key, .raw) == -1)
      }
      #expect(compare(key, key, .raw) == 0)
      #expect(compare(key, key, .mbox) == 0)
      #expect(isSame(key, key))
    }
  }

  private func compare(_ left: [UInt8], _ right: [UInt8], _ order: KeyOrder) -> Int {
    order.compare(left.rawSpan, right.rawSpan).signum()
  }

  private func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.rawSpan.holdsSameBytes(as: right.rawSpan) }

  private func starts(_ key: [UInt8], with prefix: [UInt8]) -> Bool { key.rawSpan.starts(with: prefix.rawSpan) }

  @Test func `the mbox order has the ranks of the table`() {
    // Docs/Formats/twoskip.md, "Key order".
    let rank: (UInt8) -> Int = { byte in
      switch byte {
      case 0x00: 0x00
      case 0x09, 0x0A: 0x01
      case 0x2E: 0x02
      case 0x01...0x08: Int(byte) + 2
      default: Int(byte)
      }
    }
    for left in UInt8.min...UInt8.max {
      for right in UInt8.min...UInt8.max {
        let result = compare([left], [right], .mbox)
        if result != (rank(left) - rank(right)).signum() { Issue.record("\(left) and \(right): \(result)") }
      }
    }
  }

  @Test func `children follow their parent in mbox order`() {
    let names = ["user.a", "user.a.b", "user.a.b.c", "user.a b", "user.a-b", "user.ab"].map(utf8)
    for (left, right) in zip(names, names.dropFirst()) {
      #expect(compare(left, right, .mbox) == -1)
    }
  }

  @Test func `an mbox file is sound, with a note, and every key is found`() throws {
    let bytes = Fixture.bytes(of: "ts-mboxorder.db")
    #expect(Known.all(in: report(on: bytes)).map(\.rule) == [TwoskipRule.keyOrder.name])
    #expect(report(on: bytes).verdict == .sound)
    let pairs = Fixture.pairs(of: "ts-mboxorder.db")
    #expect(Walk(of: bytes).pairs == pairs)
    for pair in pairs { #expect(try lookup(pair.key, in: bytes) == pair.value) }
    let snapshot = try Database(path: Fixture.path(of: "ts-mboxorder.db")).snapshot()
    let order = try snapshot.keyOrder()
    #expect(order == .mbox)
    let children = Listing(snapshot.records(prefix: "user.a."))
    #expect(children.pairs == pairs.filter { $0.key.starts(with: utf8("user.a.")) })
  }

  @Test func `keys listed behind damage have to fit the order, too`() {
    // List 0 is broken at its head. From there on: "a-", "a.", which is not mbox order, and "a-", which is not raw order.
    var file = AssembledFile(dummy: [0, 344, 336])
    file.append(.record, level: 2, key: "a-", value: "1", pointers: [0, 384, 0])
    file.append(.record, level: 1, key: "a.", value: "2", pointers: [0, 424])
    file.append(.record, level: 1, key: "a-", value: "3", pointers: [0, 0])
    file.commit(from: 336, recordCount: 3)
    let walk = Walk(of: file.bytes)
    #expect(walk.pairs == [Pair(utf8("a-"), utf8("1")), Pair(utf8("a."), utf8("2"))])
    #expect(walk.errors.map(\.code) == [.recordType, .keyOrder])
  }

  @Test func `live keys that fit both orders do not make a log in mbox order wrong`() {
    // In mbox order "a-" is the greater of the two, and that is what the DELETE, which leads nowhere, took away.
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction {
        $0.set(utf8("a."), utf8("v"), level: 1)
        $0.set(utf8("a-"), utf8("v"), level: 1)
      }
      builder.transaction { $0.delete(utf8("a-")) }
    }
    #expect(Known.all(in: report(on: builder.bytes)) == [])
    #expect(Walk(of: builder.bytes).pairs == [Pair(utf8("a."), utf8("v"))])
  }

  @Test func `a history is right although the live keys fit both orders`() throws {
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction {
        $0.set(utf8("a."), utf8("v"), level: 1)
        $0.set(utf8("a-"), utf8("v"), level: 1)
      }
      builder.transaction { $0.delete(utf8("a-")) }
    }
    let layout = try Database(path: try folder.write(builder.bytes)).layout()
    let kept = layout.history(of: utf8("a.").rawSpan)
    #expect(kept.versions.map(\.event) == [.set])
    let deleted = layout.history(of: utf8("a-").rawSpan)
    #expect(deleted.versions.map(\.event) == [.set, .deleted])
  }

  @Test func `TAB and LF are the same byte to the mbox order, but not to a lookup`() throws {
    let builder = tabBuilder
    #expect(try lookup(utf8("a.b"), in: builder.bytes) == utf8("v"))
    #expect(try lookup(utf8("t\nx"), in: builder.bytes) == utf8("2"))
    #expect(try lookup(utf8("t\tx"), in: builder.bytes) == nil)
  }

  @Test func `a key that replaced another by the mbox order's equality is no damage`() {
    #expect(Known.all(in: report(on: tabBuilder.bytes)).map(\.rule) == [TwoskipRule.keyOrder.name])
  }

  /// `t TAB x` is stored first, and replaced by `t LF x`, which this order takes for the same key.
  private let tabBuilder = Sample.builder(order: .mbox) { builder in
    builder.transaction {
      // These two are only in mbox order.
      $0.set(utf8("a.b"), utf8("v"), level: 1)
      $0.set(utf8("a-b"), utf8("v"), level: 1)
      $0.set(utf8("t\tx"), utf8("1"), level: 1)
    }
    builder.transaction { $0.set(utf8("t\nx"), utf8("2"), level: 1) }
  }
}
