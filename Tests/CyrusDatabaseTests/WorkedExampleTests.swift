// The worked examples of Docs/Formats/twoskip.md, byte for byte.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct WorkedExampleTests {
  private let two = Fixture.bytes(of: "ts-two.db")

  @Test func `the header's fields are those of the table`() throws {
    let header = try TwoskipHeader(of: two.rawSpan)
    #expect(two.count == 488)
    #expect(header.version == 1)
    #expect(header.generation == 1)
    #expect(header.recordCount == 2)
    #expect(header.repackSize == 336)
    #expect(header.currentSize == 488)
    #expect(header.flags == 0)
    #expect(!header.isDirty)
    #expect(header.checksum == 0x66E7_7A28)
    #expect(header.computedChecksum == 0x66E7_7A28)
  }

  /// A record of the table: everything its head says.
  struct Row: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let kind: Structure.Kind
    let offset: Int
    let end: Int
    let level: Int
    var pair: Pair?
    let pointers: [UInt64]
    let headChecksum: UInt32
    let tailChecksum: UInt32

    static let all = [
      Row(
        testDescription: "DUMMY", kind: .dummy, offset: 64, end: 336, level: 31,
        pointers: [0, 336, 408] + [UInt64](repeating: 0, count: 29), headChecksum: 0x7645_66F4, tailChecksum: 0),
      Row(
        testDescription: "keyone", kind: .record, offset: 336, end: 384, level: 1,
        pair: Pair(utf8("keyone"), utf8("val1")), pointers: [0, 408], headChecksum: 0x2E8D_4326,
        tailChecksum: 0x4ADD_AB2F),
      Row(
        testDescription: "first COMMIT", kind: .commit, offset: 384, end: 408, level: 0, pointers: [336],
        headChecksum: 0x5DC5_1C1A, tailChecksum: 0),
      Row(
        testDescription: "keytwo", kind: .record, offset: 408, end: 464, level: 2,
        pair: Pair(utf8("keytwo"), utf8("val2")), pointers: [0, 0, 0], headChecksum: 0x7EA0_FF54,
        tailChecksum: 0x5BE5_2722),
      Row(
        testDescription: "second COMMIT", kind: .commit, offset: 464, end: 488, level: 0, pointers: [408],
        headChecksum: 0xC87A_5698, tailChecksum: 0),
    ]
  }

  @Test(arguments: Row.all)
  func `each record parses as the table says`(_ row: Row) throws {
    let span = two.rawSpan
    let record = try TwoskipRecord(at: row.offset, in: span, limit: 488)
    #expect("\(record.kind)".uppercased() == row.kind.rawValue)
    #expect(record.level == row.level)
    #expect(record.end == row.end)
    #expect(record.pointerCount == row.pointers.count)
    #expect((0..<record.pointerCount).map { record.pointer($0, in: two.rawSpan) } == row.pointers)
    #expect(record.storedHeadChecksum(in: span) == row.headChecksum)
    #expect(record.headChecksum(in: span) == row.headChecksum)
    #expect(record.storedTailChecksum(in: span) == row.tailChecksum)
    #expect(record.tailChecksum(in: span) == row.tailChecksum)
    #expect([UInt8](record.key(in: span)) == row.pair?.key ?? [])
    #expect([UInt8](record.value(in: span)) == row.pair?.value ?? [])
  }

  @Test func `a layout shows the same records, and the header before them`() throws {
    let layout = try Database(path: Fixture.path(of: "ts-two.db")).layout()
    var structures: [Structure] = []
    layout.forEachStructure {
      structures.append($0)
      return true
    }
    #expect(layout.committedEnd == 488)
    #expect(structures.map(\.kind) == [.header] + Row.all.map(\.kind))
    #expect(structures.map(\.bytes.lowerBound) == [0] + Row.all.map { UInt64($0.offset) })
    for (structure, row) in zip(structures.dropFirst(), Row.all) {
      #expect(structure.pointers == row.pointers)
      #expect(structure.headChecksum == .init(stored: row.headChecksum, computed: row.headChecksum))
      #expect(structure.tailChecksum == .init(stored: row.tailChecksum, computed: row.tailChecksum))
      #expect(structure.liveness == (row.kind == .record ? .live : .unknown))
      #expect(structure.isCommitted)
    }
  }

  @Test func `the pointer of each pair that is in force is named`() throws {
    let layout = try Database(path: Fixture.path(of: "ts-two.db")).layout()
    let record = layout.structure(covering: 340)
    let fields = record.map { layout.fields(of: $0) }?.map { "\($0.name) @\($0.bytes.lowerBound): \($0.meaning)" }
    #expect(
      fields == [
        "type @336: RECORD", "level @337: 1", "key length @338: 6", "value length @340: 4",
        "pointer 0 (list 0) @344: nothing, not in force", "pointer 1 (list 0) @352: 0x198 (408), in force",
        "head checksum @360: right", "tail checksum @364: right", "key @368: ", "value @374: ", "padding @378: ",
      ])
  }

  @Test func `lookups find both keys and nothing else`() throws {
    let snapshot = try Database(path: Fixture.path(of: "ts-two.db")).snapshot()
    if let record = try snapshot.record(for: "keyone") {
      #expect(record.offset == 336)
      #expect([UInt8](record.value) == utf8("val1"))
    } else {
      Issue.record("keyone is not found")
    }
    if let record = try snapshot.record(for: "keytwo") {
      #expect(record.offset == 408)
      #expect([UInt8](record.value) == utf8("val2"))
    } else {
      Issue.record("keytwo is not found")
    }
    for key in ["", "k", "keyon", "keyone\0", "keytw", "keytwp", "z"] {
      if let record = try snapshot.record(for: key) { Issue.record("\(key) is found at \(record.offset)") }
    }
    #expect(Listing(snapshot).records.map { text($0.key) } == ["\"keyone\"", "\"keytwo\""])
    #expect(snapshot.state == .clean)
    #expect(snapshot.expectedCount == 2)
    #expect(try snapshot.keyOrder() == .raw)
  }

  @Test func `the state before the second transaction is still in the file`() throws {
    var cursor = TwoskipCursor(two.rawSpan, end: 408)
    #expect(try cursor.next()?.offset == 336)
    #expect(try cursor.next() == nil)
  }

  @Test func `the deletion of ts-delete is stepped over, and its state before is still there`() throws {
    let bytes = Fixture.bytes(of: "ts-delete.db")
    #expect(try offsets(bytes, end: 728) == [336, 472, 536, 648])
    // Before the transaction with the DELETE, b at 400 is still there, and e is not.
    #expect(try offsets(bytes, end: 600) == [336, 400, 472, 536])
    let pairs = Walk(of: bytes).pairs
    #expect(pairs.map(\.key) == ["a", "c", "d", "e"].map(utf8))
  }

  private func offsets(_ bytes: [UInt8], end: UInt64) throws -> [Int] {
    var cursor = TwoskipCursor(bytes.rawSpan, end: end)
    var offsets: [Int] = []
    while let record = try cursor.next() { offsets.append(record.offset) }
    return offsets
  }

  @Test func `long lengths are read from their own words`() throws {
    let bytes = Fixture.bytes(of: "ts-longkeys.db")
    let start: [UInt8] = [0x2B, 1, 0xFF, 0xFF, 0, 0, 0, 0x0E, 0, 0, 0, 0, 0, 1, 0x11, 0x70]
    let offset = try #require(bytes.indices.first { bytes[$0...].starts(with: start) })
    let record = try TwoskipRecord(at: offset, in: bytes.rawSpan, limit: bytes.count)
    #expect(record.keyByteCount == 70000)
    #expect(record.valueByteCount == 14)
    #expect(record.headByteCount == 40)
    #expect(record.tailByteCount == 70016)
  }

  @Test(
    arguments: [
      (0, 0, 0), (0, 336, 336), (336, 0, 336), (400, 336, 400), (336, 400, 400), (488, 336, 336), (336, 488, 336),
      (488, 0, 0), (0, 1000, 0),
    ] as [(UInt64, UInt64, UInt64)])
  func `the pair rule takes the greater pointer below the end`(_ first: UInt64, _ second: UInt64, _ expected: UInt64) {
    #expect(successor(first, second, end: 488) == expected)
  }

  @Test(arguments: [(488, 488), (488, 496), (.max, 488)] as [(UInt64, UInt64)])
  func `the pair rule gives no successor if both lie beyond the end`(_ first: UInt64, _ second: UInt64) {
    #expect(successor(first, second, end: 488) == nil)
  }
}
