// Files whose records lie scattered: they are fetched ahead, and listed as any others.
//
// What is fetched ahead is guessed from pointers that nobody has checked, so these are damaged here in all ways.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ScatteredTests {
  /// All records of a file, and what was met on the way.
  private struct Listing: Equatable {
    var offsets: [Int] = []
    var errors: [TwoskipError] = []

    init(_ bytes: [UInt8], looksAhead: Bool) {
      let span = bytes.rawSpan
      guard let end = try? TwoskipHeader(of: span).currentSize else { return }
      let mapped = span.slice(at: 0, count: min(bytes.count, Int(end)))
      var cursor = TwoskipCursor(mapped, end: end, looksAhead: looksAhead)
      while errors.count < 100_000 {
        do throws(TwoskipError) {
          guard let record = try cursor.next() else { break }
          offsets.append(record.offset)
        } catch {
          errors.append(error)
        }
      }
    }
  }

  @Test(arguments: Seed.some(2))
  func `all records are listed, in order`(_ seed: Seed) throws {
    let (bytes, records, _) = ChurnedMailboxes(mailboxCount: 3000, seed: seed.number).build()
    let walk = Walk(of: bytes)
    #expect(walk.errors.isEmpty)
    #expect(walk.pairs == records.map { Pair($0) })
  }

  @Test(arguments: Seed.some(4))
  func `wrong pointers change nothing but what is said about them`(_ seed: Seed) throws {
    var random = seed.generator(1)
    let (sound, _, _) = ChurnedMailboxes(mailboxCount: 800, seed: seed.number).build()
    let records = TwoskipSurgeon.records(in: sound).filter { $0.type == .record }
    for _ in 0..<60 {
      var bytes = sound
      for _ in 0..<1 + random.below(40) {
        let record = records[random.below(records.count)]
        let index = random.below(record.level + 1)
        let targets: [UInt64] = [
          0, 8, 64, UInt64(bytes.count), UInt64(bytes.count - 16), UInt64(record.offset),
          UInt64(records[random.below(records.count)].offset), random.next() & ~7, random.next(),
        ]
        TwoskipSurgeon.setPointer(record, index, to: targets[random.below(targets.count)], in: &bytes)
        if random.below(3) > 0 { TwoskipSurgeon.fixHeadChecksum(&bytes, at: record.offset) }
      }
      let length = random.below(4) > 0 ? bytes.count : 336 + random.below(bytes.count - 336)
      bytes.removeLast(bytes.count - length)
      #expect(Listing(bytes, looksAhead: true) == Listing(bytes, looksAhead: false))
    }
  }
}
