// Inventories counted by several threads, held against those of one.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@Suite struct InventoryThreadsTests {
  private static let threadCounts = [2, 3, 64]

  /// What a file holds by one thread, which several have found, too.
  @discardableResult
  private func inventory(_ path: String, _ about: String = "") throws -> Inventory {
    func count(_ threads: Int) throws -> Inventory {
      try Database(path: path).inventory(by: Set(InventoryGrouping.allCases), locking: .none, threads: threads)
    }
    let alone = try count(1)
    for threads in Self.threadCounts { #expect(try count(threads) == alone, "\(threads) threads, \(about)") }
    return alone
  }

  @Test(arguments: RecordFile.all)
  func `several threads count what one counts`(_ file: RecordFile) throws {
    #expect(try inventory(file.path).records == UInt64(file.records.count))
  }

  @Test func `a file with a past is counted alike`() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let (bytes, records, _) = ChurnedMailboxes(mailboxCount: 1500, seed: seed).build()
      let file = try MadeFile(bytes: bytes)
      let found = try inventory(file.path, "seed \(seed)")
      #expect(found.records == UInt64(records.count))
      #expect(found.damageCount == 0)
    }
  }

  @Test func `damage is told once, wherever it is`() throws {
    let bytes = ChurnedMailboxes(mailboxCount: 1500, seed: 7).build().bytes
    let seed = Seed(number: 3)
    var random = seed.generator(1)
    var damageCount: UInt64 = 0
    for _ in 0..<40 {
      var damaged = bytes
      damaged[64 + random.below(bytes.count - 64)] ^= 1 << UInt8(random.below(8))
      let file = try MadeFile(bytes: damaged)
      damageCount += try inventory(file.path, "\(seed)").damageCount
    }
    #expect(damageCount > 5)
  }

  @Test func `keys of two forms are one anomaly, in however many parts they are`() throws {
    var records: [String: String] = [:]
    for number in 0..<2000 {
      records["Nuser\u{1F}joe\u{1F}\(number)"] = "%(T e I 0123456789abcdef P p M 1)"
      if number % 10 == 0 {
        records["Auser.x\(number)"] = "0 default joe\tlrs\t"
        records["zuser.x\(number)"] = "0 default joe\tlrs\t"
      }
    }
    let file = try MadeFile(records)
    let found = try inventory(file.path)
    #expect(found.anomalies["file.mixedKeys"] == 1)
    #expect(found.totals.mailboxes == 2000)
  }

  @Test func `progress goes up to what there is`() throws {
    let records = (0..<70_000).lazy.map {
      TwoskipPair(Array("Nuser\u{1F}\(100_000 + $0)".utf8), Array("%(T e I 0123456789abcdef P p M 1)".utf8))
    }
    let file = try MadeFile(bytes: BulkTwoskipFile(seed: 1).bytes(of: records))
    for threads in [1, 2, 4] {
      var told: [UInt64] = []
      let found = try Database(path: file.path).inventory(locking: .none, threads: threads) { told.append($0) }
      #expect(found.records == 70_000)
      #expect(told == told.sorted() && told.last ?? 0 <= 70_000, "\(threads) threads: \(told)")
      // Of several threads the caller's may come to few records.
      if threads == 1 { #expect(told.count == 4) }
    }
  }

  @Test func `the biggest groups are the first of all`() throws {
    let file = try MadeFile(bytes: ChurnedMailboxes(mailboxCount: 1500, seed: 9).build().bytes)
    let found = try Database(path: file.path).inventory(by: [.user, .partition], locking: .none)
    for grouping in [InventoryGrouping.user, .partition, .type] {
      let all = found.biggest(grouping, count: .max)
      #expect(all.count == found.groupCount(by: grouping))
      #expect(all.map(\.counts.live) == all.map(\.counts.live).sorted(by: >))
      #expect(Set(all) == Set(found.groups(by: grouping)))
      for count in [0, 1, 2, 7, all.count, all.count + 1] {
        #expect(found.biggest(grouping, count: count) == Array(all.prefix(count)))
      }
    }
  }
}
