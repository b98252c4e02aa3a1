// The bulk writer: byte for byte what a repack writes, and sound.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct WriterTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a file and gives its bytes.
  ///
  /// - Parameter levels: Of the records; nil to let the writer draw them.
  private func write(
    _ records: [Pair], levels: [Int]? = nil, generation: UInt64 = 1, seed: UInt64 = 1
  ) throws -> [UInt8] {
    let path = folder.path("new.db")
    var writer = try TwoskipWriter(path: path, generation: generation, seed: seed, replacing: true)
    for (index, record) in records.enumerated() {
      if let levels {
        try writer.append(key: record.key.rawSpan, value: record.value.rawSpan, level: levels[index])
      } else {
        try writer.append(key: record.key.rawSpan, value: record.value.rawSpan)
      }
    }
    let written = try writer.finish()
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    #expect(written.path == path)
    #expect(written.recordCount == UInt64(records.count))
    #expect(written.byteCount == UInt64(bytes.count))
    #expect(written.generation == generation)
    return bytes
  }

  private func expectSound(_ bytes: [UInt8], _ records: [Pair], _ what: String = "") {
    let report = report(on: bytes)
    #expect(report.verdict == .sound && report.findings == [], "\(what): \(report.findings)")
    let walk = Walk(of: bytes)
    #expect(walk.pairs == records && walk.errors == [], "\(what)")
  }

  /// Content, levels and generation of a file as a repack leaves it.
  private func takeApart(_ bytes: [UInt8]) -> (records: [Pair], levels: [Int], generation: UInt64) {
    let pieces = TwoskipSurgeon.records(in: bytes).filter { $0.type == .record }
    return (
      pieces.map { Pair(TwoskipSurgeon.pair(at: $0.offset, in: bytes)) }, pieces.map(\.level),
      TwoskipSurgeon.get64(bytes, at: TwoskipEncoding.HeaderField.generation)
    )
  }

  @Test(arguments: ["twoskip/ts-packed100.db", "mailboxes/mailboxes-packed.db", "twoskip/ts-empty.db"])
  func `with the levels of a file that Cyrus repacked it writes the same bytes`(_ name: String) throws {
    let bytes = Array(try Data(contentsOf: Fixture.folder.appending(path: name)))
    let (records, levels, generation) = takeApart(bytes)
    #expect(try write(records, levels: levels, generation: generation) == bytes)
  }

  @Test(.enabled(if: CyrusTool.isWanted, CyrusTool.absence), arguments: Seed.some(4))
  func `what Cyrus repacks now comes out the same`(_ seed: Seed) throws {
    let tool = try CyrusTool(folder)
    var database = RandomDatabase(Style(order: .raw, writesBlanks: true), random: seed.generator(81), keyCount: 120)
    for _ in 0..<60 { database.transaction() }
    let path = try folder.write(database.builder.bytes)
    try tool.run("repack", on: path)
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    let (records, levels, generation) = takeApart(bytes)
    #expect(records == database.committed)
    #expect(try write(records, levels: levels, generation: generation) == bytes)
  }

  @Test(arguments: Seed.some(4))
  func `records of any size and level lie as the test writer lays them`(_ seed: Seed) throws {
    var random = seed.generator(82)
    for count in [0, 1, 2, 3, 10, 100, 400] {
      var keys: Set<[UInt8]> = []
      while keys.count < count { keys.insert(random.bytes(1 + random.below(random.chance(1, in: 20) ? 900 : 20))) }
      let records = keys.sorted { $0.lexicographicallyPrecedes($1) }.map { key in
        Pair(key, random.bytes(random.chance(1, in: 20) ? random.below(20_000) : random.below(60)))
      }
      let levels = records.map { _ in random.chance(1, in: 4) ? 1 + random.below(31) : 1 }
      let bytes = try write(records, levels: levels, generation: 7)
      let expected = BulkTwoskipFile(seed: 1, generation: 7, levels: levels)
      #expect(bytes == expected.bytes(of: records.map { ($0.key, $0.value) }), "\(count) records")
      expectSound(bytes, records, "\(count) records")
    }
  }

  @Test func `heads whose pointers are known when they have long been written are put right`() throws {
    // The first record is on all lists, and those above list 0 go on megabytes later, or not at all.
    let value = [UInt8](repeating: 0x61, count: 3000)
    let records = (1000..<3000).map { Pair(utf8("\($0)"), value) }
    let levels = records.indices.map { $0 == 0 ? 31 : $0 == 1500 ? 20 : $0 == 1999 ? 25 : 1 }
    let bytes = try write(records, levels: levels)
    #expect(bytes.count > 4 << 20)
    #expect(bytes == BulkTwoskipFile(seed: 1, levels: levels).bytes(of: records.map { ($0.key, $0.value) }))
  }

  @Test func `lengths around the long form are written as Cyrus writes them`() throws {
    var records: [Pair] = []
    for length in [1, 7, 8, 65_533, 65_534, 65_535, 65_536, 70_000] {
      for value in [0, 1, 65_535, 200_000] {
        let key = utf8("\(100_000 + records.count)")
        records.append(
          Pair(
            Array(key.prefix(length)) + [UInt8](repeating: 0x6B, count: max(0, length - 6)),
            [UInt8](repeating: 0x76, count: value)))
      }
    }
    records = Dictionary(records.map { ($0.key, $0) }) { $1 }.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let bytes = try write(records)
    #expect(bytes == BulkTwoskipFile(seed: 1).bytes(of: records.map { ($0.key, $0.value) }))
    expectSound(bytes, records)
    for piece in TwoskipSurgeon.records(in: bytes) where piece.type == .record {
      #expect((bytes[piece.offset + 2] == 0xFF && bytes[piece.offset + 3] == 0xFF) == (piece.keyLength >= 65_535))
    }
  }

  @Test func `no record makes a file without a COMMIT, like a new one of Cyrus's`() throws {
    #expect(try write([]) == TwoskipBuilder(seed: 1).bytes)
    #expect(try write([], generation: 9).count == 336)
  }

  @Test func `the same seed gives the same levels, half of them 1, a quarter 2`() throws {
    let records = (10_000..<14_096).map { Pair(utf8("\($0)"), []) }
    let levels = takeApart(try write(records, seed: 5)).levels
    #expect(levels == takeApart(try write(records, seed: 5)).levels)
    #expect(levels != takeApart(try write(records, seed: 6)).levels)
    var random = SplitMix64(seed: 5)
    #expect(levels == levels.map { _ in min(31, 1 + random.next().trailingZeroBitCount) })
    #expect(1900...2200 ~= levels.filter { $0 == 1 }.count)
    #expect(900...1150 ~= levels.filter { $0 == 2 }.count)
  }

  @Test func `a record that cannot be stored is refused, and the writer goes on`() throws {
    var writer = try TwoskipWriter(path: folder.path("new.db"))
    try writer.append(key: utf8("b").rawSpan, value: utf8("1").rawSpan)
    for (key, problem) in [("", OutputProblem.emptyKey), ("b", .duplicateKey), ("a", .keyOrder), ("B", .keyOrder)] {
      var error: DatabaseError?
      do { try writer.append(key: utf8(key).rawSpan, value: RawSpan()) } catch let thrown { error = thrown }
      #expect(error == .output(path: folder.path("new.db"), problem))
    }
    try writer.append(key: utf8("ba").rawSpan, value: utf8("2").rawSpan)
    let written = try writer.finish()
    #expect(written.recordCount == 2)
    expectSound(Array(try Data(contentsOf: URL(filePath: written.path))), pairs(["b": "1", "ba": "2"]))
  }
}
