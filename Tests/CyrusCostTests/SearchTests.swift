// How many heads a search looks at, in files of all shapes.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.timeLimit(.minutes(30))) struct SearchTests {
  /// What searches for some keys come to.
  private struct Counts: CustomStringConvertible {
    var sum = 0
    var most = 0
    var count = 0

    mutating func add(_ headCount: Int) {
      sum += headCount
      most = max(most, headCount)
      count += 1
    }

    var description: String { "\(Double(sum) / Double(count)) on average, \(most) at most" }

    /// Whether that is about 2 log₂ n, or can be: levels are drawn.
    func isLogarithmic(_ recordCount: Int) -> Bool {
      let logarithm = Int.bitWidth - (recordCount - 1).leadingZeroBitCount
      return 2 * sum < 5 * logarithm * count && most < 8 * logarithm
    }
  }

  /// Searches for keys, and for keys just behind them, which are not there.
  private func search(for keys: [[UInt8]], in bytes: [UInt8], _ order: KeyOrder) throws -> (Counts, absent: Counts) {
    let state = TwoskipState(bytes.rawSpan, end: UInt64(bytes.count))
    var (counts, absent) = (Counts(), Counts())
    for key in keys {
      let found = try state.search(for: key.rawSpan, in: order)
      if !found.isMatch { Issue.record("\(key) not found") }
      counts.add(found.headCount)
      let behind = key + [1]
      let missed = try state.search(for: behind.rawSpan, in: order)
      if missed.isMatch { Issue.record("\(behind) found") }
      absent.add(missed.headCount)
    }
    return (counts, absent)
  }

  @Test(arguments: [200, 2000])
  func `a file with a past is searched as fast as one without`(_ mailboxCount: Int) throws {
    let churned = ChurnedMailboxes(mailboxCount: mailboxCount, seed: 7).build()
    let keys = churned.records.enumerated().filter { $0.offset % 3 == 0 }.map(\.element.key)
    let (counts, absent) = try search(for: keys, in: churned.bytes, .raw)
    #expect(counts.isLogarithmic(churned.facts.recordCount), "\(counts)")
    #expect(absent.isLogarithmic(churned.facts.recordCount), "\(absent)")
  }

  @Test(arguments: TwoskipBuilder.Order.allCases)
  func `keys in either order are found as fast, whatever the order they came in`(_ order: TwoskipBuilder.Order) throws {
    var random = SplitMix64(seed: 9)
    var keys = (0..<5000).map { Array("user.\($0 % 300).\($0)\(["", "-a", "\u{1}"][$0 % 3])".utf8) }
    random.shuffle(&keys)
    var builder = TwoskipBuilder(seed: 9, order: order, isBulk: true)
    builder.begin()
    for key in keys { builder.set(key, []) }
    builder.commit()
    let (counts, absent) = try search(for: Array(keys[..<1000]), in: builder.bytes, order == .raw ? .raw : .mbox)
    #expect(counts.isLogarithmic(keys.count), "\(counts)")
    #expect(absent.isLogarithmic(keys.count), "\(absent)")
  }

  @Test func `keys out of sight cost no more`() throws {
    // Before the first, behind the last, and longer than all.
    let records = MailboxRecords(mailboxCount: 2000, seed: 3)
    let bytes = BulkTwoskipFile(seed: 3).bytes(of: records)
    let state = TwoskipState(bytes.rawSpan, end: UInt64(bytes.count))
    for key in [[0], [0xFF], [UInt8](repeating: 0x4E, count: 5000)] as [[UInt8]] {
      var counts = Counts()
      counts.add(try state.search(for: key.rawSpan, in: .raw).headCount)
      #expect(counts.isLogarithmic(records.count), "\(counts)")
    }
  }
}
