// Random databases against a plain dictionary, at every step of every writer.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ModelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: Style.all, Seed.some(3))
  func `every state of a random life reads as its last commit`(_ style: Style, _ seed: Seed) {
    var database = RandomDatabase(style, random: seed.generator(1))
    for number in 0..<40 {
      let before = database.committed
      database.beginAndChange(6)
      var bytes = database.builder.bytesAtBegin
      for (step, write) in database.builder.journal.enumerated() {
        write.apply(to: &bytes)
        expect(bytes, holds: before, database, "transaction \(number), step \(step)", isDirty: true)
      }
      #expect(bytes == database.builder.bytes)
      if database.random.chance(1, in: 5) { database.builder.abort() } else { database.builder.commit() }
      expect(database.builder.bytes, holds: database.committed, database, "after transaction \(number)", isDirty: false)
      if database.random.chance(1, in: 10) {
        database.builder.repack()
        expect(database.builder.bytes, holds: database.committed, database, "repacked after \(number)", isDirty: false)
      }
    }
  }

  private func expect(
    _ bytes: [UInt8], holds pairs: [Pair], _ database: RandomDatabase, _ what: String, isDirty: Bool
  ) {
    let walk = Walk(of: bytes)
    #expect(walk.pairs == pairs, "\(what)")
    #expect(walk.errors == [], "\(what)")
    for depth in VerificationDepth.allCases {
      let report = report(on: bytes, depth)
      #expect(report.verdict == (isDirty ? .recoverable : .sound), "\(what), \(depth): \(report.findings)")
      #expect(report.recordCount == UInt64(pairs.count), "\(what), \(depth)")
      #expect(report.expectedRecordCount == (isDirty ? nil : UInt64(pairs.count)), "\(what), \(depth)")
      #expect(!report.findings.contains { $0.severity != .note }, "\(what), \(depth): \(report.findings)")
      #expect(report.parts.reduce(0) { $0 + $1.byteCount } == UInt64(bytes.count), "\(what), \(depth)")
    }
    let values = Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) })
    for key in database.keys {
      let found = Result { try lookup(key, in: bytes) }
      #expect((try? found.get()) == .some(values[key]), "\(what): lookup of \(text(key)) gives \(found)")
    }
  }

  @Test(arguments: Style.all, Seed.some(2))
  func `snapshots of real files agree with the model`(_ style: Style, _ seed: Seed) throws {
    var database = RandomDatabase(style, random: seed.generator(2))
    for number in 0..<30 {
      database.transaction()
      // A file that no writer finished, now and then.
      let isDirty = number % 3 == 2
      if isDirty { database.beginAndChange(4) }
      let path = try folder.write(database.builder.bytes)
      try expect(try Database(path: path).snapshot(), agreesWith: database)
      if isDirty { database.builder.abort() }
      if number % 10 == 9 { database.builder.repack() }
    }
  }

  private func expect(_ snapshot: consuming Snapshot, agreesWith database: RandomDatabase) throws {
    let pairs = database.committed
    let keys = pairs.map(\.key)
    // A file that both orders fit is read as raw.
    let order: TwoskipBuilder.Order = TwoskipBuilder.Order.raw.isAscending(keys) ? .raw : .mbox
    #expect(Self.pairs(snapshot.records()) == pairs)
    #expect(snapshot.state == (database.builder.isDirty ? .dirty : .clean))
    #expect(snapshot.expectedCount == (database.builder.isDirty ? nil : UInt64(pairs.count)))
    let keyOrder = try snapshot.keyOrder()
    #expect(keyOrder == (order == .raw ? .raw : .mbox))
    for key in database.keys + [[0], [0x7F], [0xFF, 0xFF]] {
      let found = try snapshot.value(of: key)
      #expect(found == pairs.first { $0.key == key }?.value, "lookup of \(text(key))")
      let behind = pairs.filter { !order.sortKey($0.key).lexicographicallyPrecedes(order.sortKey(key)) }
      #expect(Self.pairs(snapshot.records(from: key.rawSpan)) == behind, "from \(text(key))")
      for prefix in [key, Array(key.dropLast())] {
        let matching = pairs.filter { $0.key.starts(with: prefix) }
        #expect(Self.pairs(snapshot.records(prefix: prefix.rawSpan)) == matching, "with prefix \(text(prefix))")
        let both = behind.filter { $0.key.starts(with: prefix) }
        #expect(
          Self.pairs(snapshot.records(from: key.rawSpan, prefix: prefix.rawSpan)) == both,
          "from \(text(key)) with prefix \(text(prefix))")
      }
      // A start that has not the prefix: before all with it, or behind.
      let other: [UInt8] = [0x2E, 0x61]
      let expected = behind.filter { $0.key.starts(with: other) }
      #expect(
        Self.pairs(snapshot.records(from: key.rawSpan, prefix: other.rawSpan)) == expected,
        "from \(text(key)) with prefix \(text(other))")
    }
  }

  /// What a listing gives; an error ends up as a failed test.
  private static func pairs(_ cursor: consuming RecordCursor) -> [Pair] {
    let listing = Listing(cursor)
    #expect(listing.errors == [])
    return listing.pairs
  }

  @Test(arguments: Style.all, Seed.some(4))
  func `the keys tell their order`(_ style: Style, _ seed: Seed) {
    var database = RandomDatabase(style, random: seed.generator(3), keyCount: 8)
    for _ in 0..<40 {
      database.transaction(changesMax: 4)
      let keys = database.committed.map(\.key)
      let state = TwoskipState(database.builder.bytes.rawSpan, end: UInt64(database.builder.committedEnd))
      let evidence = state.orderEvidence()
      #expect(evidence.allowsRaw == TwoskipBuilder.Order.raw.isAscending(keys))
      #expect(evidence.allowsMbox == TwoskipBuilder.Order.mbox.isAscending(keys))
      #expect(evidence.damage == nil)
    }
  }
}
