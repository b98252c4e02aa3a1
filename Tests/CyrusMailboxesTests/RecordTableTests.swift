// The table that finds records by hashes.

import Testing

@testable import CyrusMailboxes

@Suite(.timeLimit(.minutes(30))) struct RecordTableTests {
  private func found(_ hash: UInt64, in table: RecordTable) -> [Int] {
    var probe = table.probe(hash)
    var found: [Int] = []
    while let index = table.next(&probe) { found.append(index) }
    return found
  }

  @Test func `records with the same hash are all found`() {
    var table = RecordTable(count: 3)
    for index in 0..<3 { table.insert(7, index) }
    #expect(found(7, in: table) == [0, 1, 2])
    #expect(found(8, in: table) == [])
  }

  @Test(arguments: [0, 1, 3, 100])
  func `more records than announced end no search and no process`(_ count: Int) {
    var table = RecordTable(count: count)
    for index in 0..<1000 { table.insert(UInt64(index) << 55 | 7, index) }
    #expect(found(0xFFFF_FFFF_FFFF_FFFF, in: table) == [])
    #expect((0..<1000).filter { found(UInt64($0) << 55 | 7, in: table).contains($0) }.count == count)
  }
}
