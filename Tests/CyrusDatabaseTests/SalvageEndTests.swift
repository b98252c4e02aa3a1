// Where the committed data end if the header is damaged.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageEndTests {
  private typealias Field = TwoskipEncoding.HeaderField

  /// `a` and `b` committed, and a transaction whose COMMIT is written while the header does not know of it yet.
  private static let unfinished: (bytes: [UInt8], end: Int) = {
    var builder = Sample.builder { builder in
      for key in ["a", "b"] { builder.transaction { $0.set(utf8(key), utf8("v"), level: 1) } }
    }
    let end = builder.committedEnd
    builder.transaction {
      $0.set(utf8("a"), utf8("not committed"), level: 1)
      $0.delete(utf8("b"))
    }
    // The last steps: COMMIT, sync, header, sync.
    return (builder.bytes(afterSteps: builder.journal.count - 2), end)
  }()

  /// A way to damage the header.
  struct Spoiled: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let spoil: @Sendable (inout [UInt8]) -> Void

    static let all = [
      Spoiled(testDescription: "its magic", spoil: { $0[3] = 0 }),
      Spoiled(testDescription: "all before its end", spoil: { for i in 20..<48 { $0[i] = 0xFF } }),
      Spoiled(testDescription: "its flags", spoil: { $0[59] ^= 4 }),
      Spoiled(testDescription: "its checksum", spoil: { for i in 60..<64 { $0[i] = 0 } }),
      Spoiled(testDescription: "one bit of its end", spoil: { $0[55] ^= 8 }),
      Spoiled(testDescription: "all of its end", spoil: { for i in 48..<56 { $0[i] = 0xEE } }),
    ]
  }

  @Test(arguments: Spoiled.all)
  func `what is left of a damaged header tells where the committed data end`(_ spoiled: Spoiled) throws {
    for (bytes, end) in [Self.unfinished, (Sample.five.bytes, Sample.five.bytes.count)] {
      var bytes = bytes
      spoiled.spoil(&bytes)
      let salvaged = try Salvaged(bytes)
      #expect(salvaged.outcome.endSource == .confirmed)
      #expect(salvaged.outcome.end == UInt64(end))
      let isAllCommitted = end == bytes.count
      let keys = isAllCommitted ? ["a", "b", "c", "d", "e"] : ["a", "b"]
      #expect(salvaged.certainPairs == keys.map { Pair(utf8($0), utf8("v")) })
      #expect(salvaged.records.count == salvaged.certainPairs.count)
      #expect(salvaged.uncommitted.count == (isAllCommitted ? 0 : 1))
      #expect(salvaged.outcome.isWhole)
      #expect(!salvaged.outcome.isIntact)
    }
  }

  @Test func `the COMMIT behind it proves the end as well as the one before it`() throws {
    var (bytes, end) = Self.unfinished
    bytes[24] = 1
    bytes[end - 24] = 0
    let salvaged = try Salvaged(bytes)
    #expect(salvaged.outcome.endSource == .confirmed)
    #expect(salvaged.outcome.end == UInt64(end))
    #expect(salvaged.certainPairs == pairs(["a": "v", "b": "v"]))
  }

  @Test func `a first transaction that was not committed stays apart if the header is damaged`() throws {
    let builder = Sample.builder { builder in
      builder.begin()
      builder.set(utf8("a"), utf8("1"))
    }
    let salvaged = try Salvaged(builder.bytes { $0[39] ^= 1 })
    #expect(salvaged.records.count == 0)
    #expect(salvaged.uncommitted.map(\.pair) == pairs(["a": "1"]))
  }

  @Test func `without a header the last COMMIT is taken for the end, and nothing is certain`() throws {
    let bytes = Self.unfinished.bytes.enumerated().map { $0.offset < 64 ? 0xEE : $0.element }
    let salvaged = try Salvaged(bytes)
    #expect(salvaged.outcome.endSource == .lastCommit)
    #expect(salvaged.outcome.end == UInt64(bytes.count))
    #expect(salvaged.pairs == pairs(["a": "not committed", "b": "v"]))
    // The last transaction may not have been committed, nor its deletion.
    #expect(salvaged["a"]?.doubt == .guessedEnd)
    #expect(salvaged["b"]?.doubt == .undecidedDeletion)
    #expect(!salvaged.outcome.isWhole)
    #expect(salvaged.outcome.damage.map(\.kind) == [.header])
  }

  @Test func `without a header and the list head deletions are still known`() throws {
    // The first page of a file is destroyed, and with it the first records.
    var bytes = Fixture.bytes(of: "ts-churn500.db")
    let deleted = try Salvaged(bytes).outcome.deletedCount
    for place in 0..<512 { bytes[place] = 0x55 }
    let salvaged = try Salvaged(bytes)
    #expect(salvaged.outcome.endSource == .lastCommit)
    #expect(salvaged.outcome.deletedCount > deleted - 4)
    let content = Set(Fixture.pairs(of: "ts-churn500.db"))
    #expect(salvaged.records.filter { !content.contains($0.pair) }.count < 4)
    #expect(salvaged.records.allSatisfy { $0.source == .log && $0.certainty != .certain })
  }

  @Test func `without a header and a COMMIT the end of the file is taken`() throws {
    let bytes = Sample.five.bytes.dropLast(24).enumerated().map { $0.offset < 64 ? 0 : $0.element }
    let salvaged = try Salvaged(bytes)
    #expect(salvaged.outcome.endSource == .fileSize)
    #expect(salvaged.pairs.map(\.key) == ["a", "b", "c", "d", "e"].map(utf8))
    #expect(salvaged.records.allSatisfy { $0.doubt == .guessedEnd })
  }

  @Test func `a creation that was interrupted is an empty database, not intact`() throws {
    let salvaged = try Salvaged([UInt8](repeating: 0, count: 64) + TwoskipEncoding.emptyDummy)
    #expect(salvaged.records.count == 0)
    #expect(salvaged.outcome.isWhole)
    #expect(!salvaged.outcome.isIntact)
    let empty = try Salvaged([])
    #expect(empty.outcome.isIntact)
    #expect(empty.outcome.hasTwoskip)
    #expect(try !Salvaged([UInt8](repeating: 0, count: 5000)).outcome.hasTwoskip)
    #expect(try !Salvaged(Array("#!/bin/sh\n".utf8)).outcome.hasTwoskip)
  }
}
