// A file taken apart: nothing is left out, nothing is there twice.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct LayoutTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: Fixture.all)
  func `structures and their fields cover every byte once`(_ fixture: Fixture) throws {
    // Detection refuses only a file without a whole magic.
    let layout = try Database(path: fixture.path).layout()
    #expect(try layout.fileByteCount == UInt64(fixture.bytes.count))
    expectCovered(structures(layout), byteCount: layout.fileByteCount) { layout.fields(of: $0) }
    try layout.confirm()
  }

  @Test(arguments: SmallFile.smallest)
  func `a spoiled file is covered, too`(_ file: SmallFile) {
    for offset in file.bytes.indices {
      var bytes = file.bytes
      bytes[offset] ^= 0x11
      let end = (try? TwoskipHeader(of: bytes.rawSpan))?.currentSize
      let layout = TwoskipLayout(bytes.rawSpan, end: end)
      expectCovered(structures(bytes, end: end), byteCount: UInt64(bytes.count)) { layout.fields(of: $0) }
    }
  }

  @Test(arguments: SmallFile.smallest)
  func `a cut file is covered, too`(_ file: SmallFile) {
    for length in 0..<file.bytes.count {
      let bytes = Array(file.bytes.prefix(length))
      let end = (try? TwoskipHeader(of: bytes.rawSpan))?.currentSize
      let layout = TwoskipLayout(bytes.rawSpan, end: end)
      expectCovered(structures(bytes, end: end), byteCount: UInt64(bytes.count)) { layout.fields(of: $0) }
    }
  }

  private func structures(_ bytes: [UInt8], end: UInt64?) -> [Structure] {
    var structures: [Structure] = []
    let live = TwoskipLiveness(bytes.rawSpan, end: end)
    TwoskipLayout(bytes.rawSpan, end: end).forEachStructure(from: 0, to: .max, live) {
      structures.append($0)
      return true
    }
    return structures
  }

  private func structures(_ layout: borrowing Layout, from: UInt64 = 0, to: UInt64 = .max) -> [Structure] {
    var structures: [Structure] = []
    layout.forEachStructure(from: from, to: to) {
      structures.append($0)
      return true
    }
    return structures
  }

  private func expectCovered(
    _ structures: [Structure], byteCount: UInt64, sourceLocation: SourceLocation = #_sourceLocation,
    fields: (Structure) -> [Structure.Field]
  ) {
    var place: UInt64 = 0
    for structure in structures {
      #expect(structure.bytes.lowerBound == place, "\(structure.kind)", sourceLocation: sourceLocation)
      #expect(structure.bytes.upperBound > place, "\(structure.kind) at \(place)", sourceLocation: sourceLocation)
      var fieldPlace = place
      for field in fields(structure) {
        #expect(field.bytes.lowerBound == fieldPlace, "\(field.name) at \(place)", sourceLocation: sourceLocation)
        fieldPlace = field.bytes.upperBound
      }
      place = structure.bytes.upperBound
      #expect(fieldPlace == place, "\(structure.kind) at \(place)", sourceLocation: sourceLocation)
      #expect((structure.problem != nil) || structure.kind != .unparsed, sourceLocation: sourceLocation)
    }
    #expect(place == byteCount, sourceLocation: sourceLocation)
  }

  @Test(arguments: SmallFile.smallest)
  func `kinds, places and contents are those that another parser finds`(_ file: SmallFile) throws {
    let layout = try Database(path: try folder.write(file.bytes)).layout()
    let records = structures(layout).filter { ![.header, .blank].contains($0.kind) }
    let pieces = TwoskipSurgeon.records(in: file.bytes)
    #expect(records.map(\.bytes.lowerBound) == pieces.map { UInt64($0.offset) })
    for (record, piece) in zip(records, pieces) {
      #expect(record.kind.rawValue == "\(piece.type)".uppercased())
      #expect(record.bytes.upperBound == UInt64(piece.end))
      #expect(record.level == piece.level)
      #expect(record.key == UInt64(piece.keyRange.lowerBound)..<UInt64(piece.keyRange.upperBound))
      #expect(record.value == UInt64(piece.valueRange.lowerBound)..<UInt64(piece.valueRange.upperBound))
      #expect(record.pointers == (0...piece.level).map { TwoskipSurgeon.pointer(piece, $0, in: file.bytes) })
      #expect(record.isCommitted == (piece.offset < file.committedEnd))
      #expect(record.headChecksum?.isRight == true)
      #expect(record.tailChecksum?.isRight == true)
      #expect([UInt8](layout.bytes(record.key)) == Array(file.bytes[piece.keyRange]))
    }
    let live = records.filter { $0.kind == .record && $0.liveness == .live }
    #expect(Set(live.map { [UInt8](layout.bytes($0.key)) }) == Set(file.pairs.map(\.key)))
    #expect(live.count == file.pairs.count)
  }

  @Test(arguments: [SmallFile.two, .churned, .dirty])
  func `each byte has its structure`(_ file: SmallFile) throws {
    let layout = try Database(path: try folder.write(file.bytes)).layout()
    let all = structures(layout)
    for structure in all {
      for offset in structure.bytes {
        if layout.structure(covering: offset) != structure { Issue.record("\(offset)") }
      }
    }
    let beyond = layout.structure(covering: UInt64(file.bytes.count))
    #expect(beyond == nil)
    let farBeyond = layout.structure(covering: .max)
    #expect(farBeyond == nil)
  }

  @Test func `a part of a file shows the structures that touch it`() throws {
    let layout = try Database(path: try folder.write(SmallFile.churned.bytes)).layout()
    let all = structures(layout)
    let size = layout.fileByteCount
    for from in stride(from: UInt64(0), through: size + 8, by: 7) {
      for length: UInt64 in [0, 1, 8, 23, 300, .max / 2] {
        let part = structures(layout, from: from, to: from + length)
        let expected = all.filter { $0.bytes.upperBound > from && $0.bytes.lowerBound < from + length }
        #expect(part == expected, "\(from) and \(length) bytes")
      }
    }
  }

  @Test func `a walk over structures ends when it is told to`() throws {
    let layout = try Database(path: try folder.write(SmallFile.churned.bytes)).layout()
    let all = structures(layout)
    for count in 1...all.count {
      var seen: [Structure] = []
      layout.forEachStructure {
        seen.append($0)
        return seen.count < count
      }
      #expect(seen == Array(all.prefix(count)))
    }
  }

  @Test(arguments: SmallFile.smallest)
  func `references are those of all pointers in the file`(_ file: SmallFile) throws {
    let layout = try Database(path: try folder.write(file.bytes)).layout()
    var expected: [UInt64: [String]] = [:]
    for piece in TwoskipSurgeon.records(in: file.bytes) {
      for index in 0...piece.level {
        let list = piece.type == .commit ? "" : "list \(max(0, index - 1)) "
        expected[TwoskipSurgeon.pointer(piece, index, in: file.bytes), default: []].append(
          "\(list)pointer \(index) of \(piece.type) at \(piece.offset)".uppercased())
      }
    }
    expected[0] = nil
    for offset in stride(from: UInt64(0), to: UInt64(file.bytes.count) + 64, by: 8) {
      let found = layout.references(to: offset).map { reference in
        let list = reference.list.map { "list \($0) " } ?? ""
        return "\(list)pointer \(reference.pointerIndex) of \(reference.holderKind.rawValue) at \(reference.holder)"
          .uppercased()
      }
      #expect(found == expected[offset] ?? [], "to \(offset)")
    }
  }

  @Test func `who points at a record says whether it is alive`() throws {
    let layout = try Database(path: Fixture.path(of: "ts-delete.db")).layout()
    // 472 is c: the dead b leads to it, and the DELETE; it is also where c's transaction starts.
    let references = layout.references(to: 472)
    #expect(references.map(\.holder) == [400, 512, 600])
    #expect(references.map(\.holderLiveness) == [.dead, .unknown, .live])
    #expect(references.map(\.holderKind) == [.record, .commit, .delete])
    #expect(references.map(\.list) == [0, nil, 0])
  }

  @Test func `bytes beyond the end of the file are left out`() throws {
    let layout = try Database(path: Fixture.path(of: "ts-two.db")).layout()
    #expect(layout.bytes(480..<1000).byteCount == 8)
    #expect(layout.bytes(488..<1000).byteCount == 0)
    #expect(layout.bytes(1000..<UInt64.max).byteCount == 0)
    #expect([UInt8](layout.bytes(0..<4)) == [0xA1, 0x02, 0x8B, 0x0D])
  }

  @Test(arguments: [
    ("ts-two.db", FileState.clean), ("ts-dirty-tail.db", .dirty), ("ts-clean-longer.db", .longer),
    ("ts-truncated.db", .truncated), ("ts-zero-length.db", .empty), ("ts-zero-header.db", .interruptedCreation),
    ("ts-bad-header-crc.db", .unreadable),
  ])
  func `the state is known, and where the committed part ends`(_ file: String, _ state: FileState) throws {
    let layout = try Database(path: Fixture.path(of: file)).layout()
    #expect(layout.state == state)
    #expect((layout.committedEnd == nil) == [.empty, .interruptedCreation, .unreadable].contains(state))
  }
}
