// Listings without checksums, of a state that was verified.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct TrustTests {
  private static func count(_ snapshot: borrowing Snapshot) throws -> Int {
    var records = snapshot.records()
    var count = 0
    while try records.next() != nil { count += 1 }
    return count
  }

  private static func comparesChecksums(_ database: Database, _ report: VerificationReport) throws -> Bool {
    let snapshot = try database.snapshot().trusting(report)
    return snapshot.comparesChecksums
  }

  @Test func `a report on this state is trusted, and the records are the same`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.write(ChurnedMailboxes(mailboxCount: 500, seed: 3).build().bytes))
    let report = try database.verify()
    let snapshot = try database.snapshot().trusting(report)
    let (isCovered, compares, count) = (report.covers(snapshot), snapshot.comparesChecksums, try Self.count(snapshot))
    #expect(isCovered)
    #expect(!compares)
    #expect(count == Int(report.recordCount))
    let counts = try snapshot.inParts(2) { records in
      var count = 0
      while try records.next() != nil { count += 1 }
      return count
    }
    #expect(counts.reduce(0, +) == Int(report.recordCount))
  }

  @Test func `a report on another state, a quick one or one of damage is not`() throws {
    let folder = try TemporaryFolder()
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { $0.set([1], [1]) }
    let before = builder.bytes
    builder.transaction { $0.set([2], [2]) }
    let database = try Database(path: folder.write(before))
    let report = try database.verify()
    let quick = try database.verify(.quick)
    #expect(try Self.comparesChecksums(database, quick))
    #expect(try !Self.comparesChecksums(database, report))
    try folder.write(builder.bytes)
    #expect(try Self.comparesChecksums(database, report))
    var damaged = builder.bytes
    damaged[damaged.count - 60] ^= 1
    try folder.write(damaged)
    let damage = try database.verify()
    #expect(!damage.isSound)
    #expect(try Self.comparesChecksums(database, damage))
  }

  /// What is trusted in vain may be wrong, but not deadly.
  @Test(arguments: Seed.some(3))
  func `bytes that rot behind a report trap nothing and hang nothing`(_ seed: Seed) throws {
    var random = seed.generator(1)
    let sound = ChurnedMailboxes(mailboxCount: 120, seed: seed.number).build().bytes
    for _ in 0..<300 {
      var bytes = sound
      for _ in 0..<1 + random.below(20) { bytes[336 + random.below(bytes.count - 336)] = UInt8(random.below(256)) }
      let span = bytes.rawSpan
      let end = try TwoskipHeader(of: span).currentSize
      var cursor = TwoskipCursor(span, end: end, comparesChecksums: false)
      var count = 0
      while count <= bytes.count {
        do throws(TwoskipError) {
          guard try cursor.next() != nil else { break }
        } catch {}
        count += 1
      }
      #expect(count <= bytes.count)
    }
  }
}
