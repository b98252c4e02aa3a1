// Listing in parts at the same time gives what listing once gives.

import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct PartsTests {
  /// The records of a file, listed in so many parts, and what was thrown.
  private static func list(_ path: String, _ parts: Int) throws -> (offsets: [[UInt64]], damage: [DatabaseError]) {
    let snapshot = try Database(path: path).snapshot(locking: .none)
    let outcomes = try snapshot.inParts(parts) { records in
      var offsets: [UInt64] = []
      var damage: [DatabaseError] = []
      // Each call goes forward.
      while damage.count < 100_000 {
        do throws(DatabaseError) {
          guard let record = try records.next() else { break }
          offsets.append(record.offset)
        } catch {
          damage.append(error)
        }
      }
      return (offsets, damage)
    }
    return (outcomes.map(\.0), outcomes.flatMap(\.1))
  }

  @Test(arguments: Seed.some(3), [1, 2, 3, 8, 64])
  func `all records come once, in order`(_ seed: Seed, _ parts: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("mailboxes.db")
    let (bytes, records, _) = ChurnedMailboxes(mailboxCount: 2500, seed: seed.number).build()
    try folder.write(bytes, to: "mailboxes.db")
    let once = try Self.list(path, 1)
    let listed = try Self.list(path, parts)
    #expect(listed.damage.isEmpty)
    #expect(listed.offsets.flatMap(\.self) == once.offsets[0])
    #expect(once.offsets[0].count == records.count)
    // Large enough to be cut, into parts none of which is nearly all.
    #expect(parts == 64 || listed.offsets.count == parts)
    #expect(parts == 1 || listed.offsets.allSatisfy { $0.count < records.count * 9 / 10 })
  }

  @Test func `a small file, and one without records, come in few parts`() throws {
    let folder = try TemporaryFolder()
    for count in [0, 1, 2, 5, 40] {
      var builder = TwoskipBuilder(seed: 5)
      builder.transaction { builder in
        for number in 0..<count { builder.set([UInt8(number + 1)], [1]) }
      }
      try folder.write(builder.bytes, to: "small.db")
      let listed = try Self.list(folder.path("small.db"), 8)
      #expect(listed.damage.isEmpty)
      #expect(listed.offsets.flatMap(\.self).count == count)
    }
  }

  @Test(arguments: Seed.some(4))
  func `what is damaged is said`(_ seed: Seed) throws {
    var random = seed.generator(2)
    let folder = try TemporaryFolder()
    let (sound, _, _) = ChurnedMailboxes(mailboxCount: 400, seed: seed.number).build()
    let heads = TwoskipSurgeon.records(in: sound)
    for _ in 0..<60 {
      var bytes = sound
      for _ in 0..<1 + random.below(6) {
        let record = heads[random.below(heads.count)]
        switch random.below(3) {
        case 0: bytes[record.offset + random.below(40)] ^= UInt8(1 + random.below(255))
        case 1: bytes[336 + random.below(bytes.count - 336)] ^= UInt8(1 + random.below(255))
        default:
          let target = heads[random.below(heads.count)].offset
          TwoskipSurgeon.setPointer(record, random.below(record.level + 1), to: UInt64(target), in: &bytes)
          TwoskipSurgeon.fixHeadChecksum(&bytes, at: record.offset)
        }
      }
      try folder.write(bytes, to: "damaged.db")
      let once = try Self.list(folder.path("damaged.db"), 1)
      let listed = try Self.list(folder.path("damaged.db"), 1 + random.below(6))
      let (offsets, all) = (listed.offsets.flatMap(\.self), once.offsets[0])
      if listed.damage.isEmpty { #expect(offsets == all) }
      // Parts start behind damage that a listing from the start cannot get over, so they may find more; but never less
      // without saying so.
      if !once.damage.isEmpty, offsets.count < all.count { #expect(!listed.damage.isEmpty) }
      for threads in [2, 5] { try Self.expectSameList(folder.path("damaged.db"), threads: threads) }
    }
  }

  /// What a list has that several threads made is what one thread has in it.
  private static func expectSameList(_ path: String, threads: Int) throws {
    let database = try Database(path: path)
    let once = try database.records(locking: .none)
    let list = try database.records(locking: .none, threads: threads)
    try #require(list.count == once.count)
    for index in 0..<once.count { #expect(try list.record(at: index).offset == once.record(at: index).offset) }
    #expect(list.damage.map(\.damage) == once.damage.map(\.damage))
    #expect(list.damage.map(\.index) == once.damage.map(\.index))
    #expect(list.damageCount == once.damageCount && list.isLimited == once.isLimited)
    #expect(list.provenOrder == once.provenOrder)
  }

  @Test(arguments: Seed.some(3), [2, 8])
  func `a list is the same, whoever finds the records`(_ seed: Seed, _ threads: Int) throws {
    let folder = try TemporaryFolder()
    for count in [40, 2500] {
      try folder.write(ChurnedMailboxes(mailboxCount: count, seed: seed.number).build().bytes, to: "mailboxes.db")
      try Self.expectSameList(folder.path("mailboxes.db"), threads: threads)
    }
  }

  @Test func `a list in mbox order is the same, too`() throws {
    let folder = try TemporaryFolder()
    var builder = TwoskipBuilder(seed: 7, order: .mbox)
    builder.transaction { builder in
      for number in 0..<900 { builder.set(utf8("user.\(number % 30) \(number)"), [65]) }
      for number in 0..<900 { builder.set(utf8("user.\(number % 30).\(number)"), [65]) }
    }
    try folder.write(builder.bytes, to: "mbox.db")
    try Self.expectSameList(folder.path("mbox.db"), threads: 4)
  }

  @Test func `records within another record are too many bytes for several threads as for one`() throws {
    let folder = try TemporaryFolder()
    var builder = TwoskipBuilder(seed: 8)
    builder.transaction { builder in
      for number in 1000..<1900 { builder.set(utf8("\(number)"), [65, 66]) }
    }
    var bytes = builder.bytes
    let first = try #require(TwoskipSurgeon.record(withKey: utf8("1000"), in: bytes))
    let last = try #require(TwoskipSurgeon.record(withKey: utf8("1400"), in: bytes))
    // The value of the first record goes on to the end of the last one: less than the file has with any quarter of it.
    TwoskipSurgeon.put32(UInt32(last.end - first.valueRange.lowerBound), at: first.offset + 4, in: &bytes)
    TwoskipSurgeon.fixTailChecksum(&bytes, at: first.offset)
    TwoskipSurgeon.fixHeadChecksum(&bytes, at: first.offset)
    try folder.write(bytes, to: "nested.db")
    #expect(try Database(path: folder.path("nested.db")).records(locking: .none).damageCount == 1)
    try Self.expectSameList(folder.path("nested.db"), threads: 4)
  }
}
