// What is kept of damaged files, and how sure it is said to be.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageTests {
  @Test(arguments: SmallFile.all)
  func `a file without damage gives its content, all certain`(_ file: SmallFile) throws {
    let salvaged = try Salvaged(file.bytes)
    #expect(salvaged.pairs == file.pairs.inRawOrder)
    #expect(salvaged.certainPairs.count == file.pairs.count)
    #expect(salvaged.outcome.damage == [])
    #expect(salvaged.outcome.isWhole)
    #expect(salvaged.outcome.isIntact == (file.verdict == .sound))
    #expect(salvaged.outcome.endSource == .header)
    #expect(salvaged.outcome.contradictionCount == 0)
  }

  @Test func `what Cyrus's salvage brings back stays deleted, and what it takes away is kept`() throws {
    let salvaged = try Salvaged(Fixture.bytes(of: "ts-salvage-before.db"))
    // The head of e is damaged, but not its key and value.
    #expect(salvaged.pairs == Fixture.pairs(of: "ts-delete.db"))
    #expect(salvaged.pairs.map(\.key) == ["a", "c", "d", "e"].map(utf8))
    #expect(salvaged.certainPairs == salvaged.pairs)
    #expect(salvaged.outcome.deletedCount == 1)
    #expect(salvaged.outcome.damage.map(\.kind) == [.recordHead])
    #expect(Fixture.pairs(of: "ts-salvage-by-cyrus.db").map(\.key) == ["a", "b", "d"].map(utf8))
  }

  @Test func `what is not committed is listed apart, all versions, in file order`() throws {
    let builder = Sample.builder { builder in
      builder.transaction { $0.set(utf8("a"), utf8("1"), level: 1) }
      builder.begin()
      for (key, value) in [("a", "2"), ("b", "3"), ("a", "4")] { builder.set(utf8(key), utf8(value), level: 2) }
      builder.delete(utf8("a"))
    }
    let salvaged = try Salvaged(builder.bytes)
    #expect(salvaged.certainPairs == pairs(["a": "1"]))
    #expect(salvaged.records.count == 1)
    #expect(salvaged.uncommitted.map(\.pair) == pairs(["a": "2", "b": "3", "a": "4"]))
    #expect(salvaged.outcome.isWhole)
    #expect(!salvaged.outcome.isIntact)
  }

  @Test func `of a database whose first transaction was not committed nothing is kept`() throws {
    let builder = Sample.builder { builder in
      builder.begin()
      builder.set(utf8("a"), utf8("1"))
    }
    let salvaged = try Salvaged(builder.bytes)
    #expect(salvaged.records.count == 0)
    #expect(salvaged.uncommitted.map(\.pair) == pairs(["a": "1"]))
    #expect(salvaged.outcome.isWhole)
  }

  @Test func `lists lead past a record that is lost`() throws {
    // The tail of c, the head of d and the COMMIT are gone; list 1 leads from b to c and from there to e.
    let bytes = Sample.five.bytes {
      $0[Sample.five.offset(of: "c") + 48] ^= 1
      $0[Sample.five.offset(of: "d")] = 0
      $0[Sample.five.bytes.count - 24] = 0
    }
    let salvaged = try Salvaged(bytes)
    #expect(salvaged.certainPairs == pairs(["a": "v", "b": "v", "e": "v"]))
    #expect(salvaged.records.count == 3)
    // Where d was could have been a DELETE.
    #expect(salvaged.outcome.lostLiveCount == 1)
    #expect(!salvaged.outcome.isWhole)
  }

  @Test func `of several versions the last one is kept, and an older one if the last is lost`() throws {
    #expect(try Salvaged(Sample.replaced.bytes).certainPairs == pairs(["a": "3"]))
    #expect(try Salvaged(Sample.replaced.bytes).outcome.supersededCount == 2)
    // The value of the last one is damaged: there was one, so the older ones are old.
    let salvaged = try Salvaged(Sample.replaced.bytes { $0[464 + 33] ^= 1 })
    #expect(salvaged.pairs == pairs(["a": "2"]))
    #expect(salvaged["a"]?.doubt == .olderVersion)
    #expect(salvaged.outcome.lostLiveCount == 1)
  }

  @Test func `a DELETE that is lost is no live record that is lost`() throws {
    let delete = Sample.deleted.offsets(of: .delete)[0]
    let salvaged = try Salvaged(Sample.deleted.bytes { $0[delete] = 0 })
    #expect(salvaged.outcome.lostLiveCount == 0)
    #expect(salvaged.outcome.damage.map(\.kind) == [.unreadable])
    #expect(salvaged.outcome.damage.map(\.isLive) == [nil])
    #expect(!salvaged.outcome.isWhole)
    // Cut off, it is the same.
    let cut = try Salvaged(Array(Sample.deleted.bytes.prefix(delete)))
    #expect(cut.outcome.lostLiveCount == 0)
    #expect(cut.outcome.damage.map(\.isLive) == [nil])
  }

  /// A way to lose what was committed behind `a` and `b`, and what is then said of them.
  struct Loss: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let spoil: @Sendable (inout [UInt8]) -> Void
    let verdicts: [String: String]

    /// The list head is damaged as well, so that the log alone speaks.
    static let all = [
      Loss(
        testDescription: "the delete of b", spoil: { $0[log.delete] = 0 },
        // List 0 of a leads on to c.
        verdicts: ["a": "certain", "b": "unreadableBehind", "c": "certain"]),
      Loss(
        testDescription: "the COMMIT of the delete", spoil: { $0[log.delete + 24] = 0 },
        verdicts: ["a": "certain", "c": "certain"]),
      Loss(
        testDescription: "the record c, stored last", spoil: { $0[log.last + 32] ^= 1 },
        verdicts: ["a": "unreadableBehind"]),
      Loss(
        testDescription: "the head of a, and the delete",
        spoil: {
          $0[log.first + 16] ^= 1
          $0[log.delete] = 0
        }, verdicts: ["a": "unreadableBehind", "b": "unreadableBehind", "c": "certain"]),
      Loss(
        testDescription: "the head of b, whose deletion can be read", spoil: { $0[log.second + 16] ^= 1 },
        verdicts: ["a": "certain", "c": "certain"]),
    ]

    /// `a` and `b` stored, `b` deleted, `c` stored.
    static let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "b"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      builder.transaction { $0.delete(utf8("b")) }
      builder.transaction { $0.set(utf8("c"), utf8("v"), level: 1) }
    }

    private static let log = (
      first: builder.offset(of: "a"), second: builder.offset(of: "b"), last: builder.offset(of: "c"),
      delete: builder.offsets(of: .delete)[0]
    )
  }

  @Test(arguments: Loss.all)
  func `without lists the log tells what is certain`(_ loss: Loss) throws {
    let salvaged = try Salvaged(
      Loss.builder.bytes {
        $0[100] ^= 1
        loss.spoil(&$0)
      })
    #expect(salvaged.verdicts == loss.verdicts, "\(salvaged.records)")
    #expect(salvaged.records.allSatisfy { $0.source == .log })
    #expect(salvaged.outcome.damage.first?.kind == .listHead)
  }

  @Test func `a head with two wrong bits keeps its record, with a doubt`() throws {
    let place = Sample.five.offset(of: "b")
    let salvaged = try Salvaged(Sample.five.bytes { for byte in [9, 22] { $0[place + byte] ^= 4 } })
    #expect(salvaged["b"]?.doubt == .unprovenLengths)
    #expect(salvaged.certainPairs == pairs(["a": "v", "c": "v", "d": "v", "e": "v"]))
    #expect(salvaged.outcome.damage.map(\.kind) == [.recordLengths])
    #expect(!salvaged.outcome.isWhole)
  }

  @Test func `a file cut anywhere keeps what is before the cut`() throws {
    let builder = Sample.five
    for count in stride(from: builder.bytes.count - 1, through: 336, by: -1) {
      let salvaged = try Salvaged(Array(builder.bytes.prefix(count)))
      let whole = TwoskipSurgeon.records(in: builder.bytes).filter { $0.type == .record && $0.end <= count }
      #expect(salvaged.records.map(\.offset) == whole.map(\.offset), "\(count) bytes")
      #expect(salvaged.certainPairs.count == whole.count, "\(count) bytes")
      #expect(salvaged.outcome.isWhole == (whole.count == 5), "\(count) bytes")
      #expect(salvaged.outcome.damage.contains { $0.kind == .missing })
      #expect(salvaged.outcome.damage.contains { $0.isLoss } == (whole.count < 5), "\(count) bytes")
    }
  }

  /// Nothing but notes and warnings of what no writer of Cyrus's does is more than nothing.
  @Test(arguments: BrokenFile.all.filter { $0.findings.contains { $0.severity == .damage } })
  func `no file that breaks a rule is intact`(_ file: BrokenFile) throws {
    #expect(try !Salvaged(file.bytes).outcome.isIntact)
  }
}
