// Hostile files must not cost more than sound ones of their size: each of these took minutes with a square in it.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.timeLimit(.minutes(30))) struct CostTests {
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

  @Test func `megabytes of damaged heads, each with a tail that goes on to the end`() {
    // COMMITs with right checksums, and between each two a RECORD whose head is wrong and whose lengths nothing confirms.
    let count = 8 << 20 / 56
    let end = 336 + 56 * count + 64 + 24
    let commit = TwoskipEncoding.record(.commit, level: 0, pointers: [336])
    var body: [UInt8] = []
    body.reserveCapacity(56 * count + 64)
    for number in 0..<count {
      let tail = UInt32(end - 24 - 8 - (336 + 56 * number + 32))
      body += [0x2B, 1, 0, 1]
      for shift in [24, 16, 8, 0] { body.append(UInt8(truncatingIfNeeded: (tail - 1) >> UInt32(shift))) }
      body += [UInt8](repeating: 0, count: 24) + commit
    }
    var file = AssembledFile(dummy: [0, 0])
    file.append(body + [UInt8](repeating: 0, count: 64))
    file.commit(from: 336, recordCount: 0)
    #expect(report(on: file.bytes).verdict == .damaged)
  }

  @Test(arguments: TwoskipBuilder.Order.allCases)
  func `thousands of lookups beside keys that the two orders sort differently`(_ order: TwoskipBuilder.Order) throws {
    var builder = TwoskipBuilder(seed: 3, order: order, isBulk: true)
    builder.begin()
    for number in 100_000..<105_000 {
      for suffix in ["", "-paul", ".Sent", ".Trash"] { builder.set(utf8("user.\(number)\(suffix)"), utf8("v")) }
    }
    builder.commit()
    let folder = try TemporaryFolder()
    let snapshot = try Database(path: try folder.write(builder.bytes)).snapshot(locking: .none)
    for number in 100_000..<105_000 {
      for (suffix, value) in [("-paul", utf8("v")), (".Sent", utf8("v")), ("-peter", nil)] {
        let found = try snapshot.value(of: utf8("user.\(number)\(suffix)"))
        if found != value { Issue.record("\(number)\(suffix)") }
      }
    }
    // A start behind the prefix has nothing to walk over.
    for _ in 0..<5000 {
      let listing = Listing(snapshot.records(from: utf8("user.2").rawSpan, prefix: utf8("user.1").rawSpan))
      if !listing.pairs.isEmpty || !listing.errors.isEmpty { Issue.record("\(listing.pairs.count) listed") }
    }
  }

  @Test func `records that lie one in the other, all checksums right`() {
    let count = 4000
    // Each record's value is all that follows, so tails are computed from the last to the first.
    var bytes = [UInt8](repeating: 0, count: 336 + 48 * count + 24)
    let end = bytes.count
    let pointers: [UInt64] = [0, 336] + [UInt64](repeating: 0, count: 30)
    bytes.replaceSubrange(64..<336, with: TwoskipEncoding.record(.dummy, level: 31, pointers: pointers))
    bytes.replaceSubrange(end - 24..<end, with: TwoskipEncoding.record(.commit, level: 0, pointers: [336]))
    for number in (0..<count).reversed() {
      let place = 336 + 48 * number
      bytes[place] = 0x2B
      bytes[place + 1] = 1
      TwoskipSurgeon.put16(4, at: place + 2, in: &bytes)
      TwoskipSurgeon.put32(UInt32(end - place - 60), at: place + 4, in: &bytes)
      TwoskipSurgeon.put64(number + 1 < count ? UInt64(place + 48) : 0, at: place + 16, in: &bytes)
      TwoskipSurgeon.put32(UInt32(number), at: place + 32, in: &bytes)
      TwoskipSurgeon.fixHeadChecksum(&bytes, at: place)
      TwoskipSurgeon.fixTailChecksum(&bytes, at: place)
    }
    bytes.replaceSubrange(0..<64, with: TwoskipEncoding.header(recordCount: count, repackSize: 336, currentSize: end))
    for depth in VerificationDepth.allCases { #expect(report(on: bytes, depth).verdict == .damaged) }
    let walk = Walk(of: bytes)
    #expect(walk.pairs.reduce(0) { $0 + $1.value.count } <= end)
    #expect(!walk.errors.isEmpty)
  }

  @Test(arguments: [1000, 10_000, 100_000])
  func `a search looks at about two times log n heads`(_ count: Int) throws {
    var builder = TwoskipBuilder(seed: 5, isBulk: true)
    builder.begin()
    for number in 0..<count { builder.set(Self.key(2 * number), []) }
    builder.commit()
    let bytes = builder.bytes
    let state = TwoskipState(bytes.rawSpan, end: UInt64(bytes.count))
    var random = SplitMix64(seed: 5)
    var sum = 0
    var most = 0
    for _ in 0..<2000 {
      // Every other key is absent.
      let key = Self.key(random.below(2 * count))
      let cost = try state.search(for: key.rawSpan, in: .raw).headCount
      sum += cost
      most = max(most, cost)
    }
    var logarithm = 0.0
    while 1 << Int(logarithm) < count { logarithm += 1 }
    #expect(Double(sum) / 2000 < 2.5 * logarithm, "\(Double(sum) / 2000) on average for log n = \(logarithm)")
    #expect(Double(most) < 8 * logarithm, "\(most) at most")
  }
}
