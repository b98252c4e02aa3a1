// What is said of deleted keys, and of keys that lists and log disagree about.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageDeletionTests {
  @Test func `a key that the log deletes and list 0 passes over is gone, in whichever order the keys are`() throws {
    // Nothing tells whether "a-" or "a." comes first; the head of the deleted one is damaged.
    for order in TwoskipBuilder.Order.allCases {
      let builder = Sample.builder(order: order) { builder in
        builder.transaction { $0.set(utf8("a-"), utf8("v"), level: 1) }
        builder.transaction { $0.delete(utf8("a-")) }
        builder.transaction { $0.set(utf8("a."), utf8("v"), level: 1) }
      }
      let salvaged = try Salvaged(builder.bytes { $0[336 + 16] ^= 1 })
      #expect(salvaged.certainPairs == pairs(["a.": "v"]), "\(order)")
      #expect(salvaged.records.count == 1, "\(order)")
      #expect(salvaged.outcome.contradictionCount == 0, "\(order)")
      #expect(salvaged.outcome.isWhole, "\(order)")
    }
  }

  @Test func `without lists and without an order the log does not tell which key it deleted`() throws {
    let builder = Sample.builder { builder in
      for key in ["a-", "a.", "b"] { builder.transaction { $0.set(utf8(key), utf8("v"), level: 1) } }
      builder.transaction { $0.delete(utf8("a.")) }
    }
    // The greatest key below b is "a." in raw order, and "a-" in mbox order. The heads of both, and the list head.
    let salvaged = try Salvaged(
      builder.bytes {
        for offset in [100, builder.offset(of: "a-") + 16, builder.offset(of: "a.") + 16] { $0[offset] ^= 1 }
      })
    #expect(salvaged.verdicts == ["a-": "undecidedDeletion", "a.": "undecidedDeletion", "b": "certain"])
    #expect(salvaged.outcome.contradictionCount == 0)
    // The head of the one that was deleted tells.
    let told = try Salvaged(builder.bytes { for offset in [100, builder.offset(of: "a-") + 16] { $0[offset] ^= 1 } })
    #expect(told.pairs.map(\.key) == ["a-", "b"].map(utf8))
  }

  @Test func `a DELETE that would delete nothing in one order of the keys speaks for the other`() throws {
    // No record leads to one that comes before it in raw order: the one that did was deleted since.
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction { for key in ["\t", ".", "a", "-"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      builder.transaction { $0.delete(utf8("\t")) }
      builder.transaction { $0.set(utf8("\t"), utf8("v"), level: 1) }
      builder.transaction { for key in ["-", ".", "\t"] { $0.delete(utf8(key)) } }
    }
    let salvaged = try Salvaged(builder.bytes)
    #expect(salvaged.certainPairs == pairs(["a": "v"]))
    #expect(salvaged.outcome.contradictionCount == 0)
    #expect(salvaged.outcome.isIntact)
  }

  @Test func `a record that list 0 leaves out although the log has it is kept, and counts as a contradiction`() throws {
    let salvaged = try Salvaged(Fixture.bytes(of: "ts-lost-record.db"))
    #expect(salvaged.certainPairs == Fixture.pairs(of: "ts-packed100.db"))
    #expect(salvaged.outcome.contradictionCount == 1)
    #expect(!salvaged.outcome.isIntact)
  }

  @Test func `a record that the log deleted although list 0 leads to it is possibly deleted`() throws {
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "b", "c"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      builder.transaction { $0.delete(utf8("a")) }
    }
    // The list head leads to a again, as before the deletion; its checksum is right.
    let salvaged = try Salvaged(
      builder.bytes {
        $0.setPointer(0, ofRecordAt: 64, to: 0)
        $0.setPointer(1, ofRecordAt: 64, to: builder.offset(of: "a"))
      })
    #expect(salvaged["a"]?.doubt == .contradictedDeletion)
    #expect(salvaged.certainPairs == pairs(["b": "v", "c": "v"]))
    #expect(salvaged.outcome.contradictionCount == 1)
    #expect(!salvaged.outcome.isWhole)
  }

  @Test func `when deletions cannot be read, no key that can be deleted is certain`() throws {
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "b", "c", "d"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      builder.transaction { for key in ["b", "c"] { $0.delete(utf8(key)) } }
    }
    // The list head, and the first DELETE: b led to c, and the other DELETE stands behind.
    let deletes = builder.offsets(of: .delete)
    let salvaged = try Salvaged(
      builder.bytes {
        $0[100] ^= 1
        $0[deletes[0]] = 0
      })
    #expect(salvaged["b"]?.certainty == .presentAtSomeTime)
    #expect(salvaged["c"] == nil)
    // The pair of a leads to the second DELETE, so a lived then; and no DELETE leads to the end, so d lives.
    #expect(salvaged["a"]?.certainty == .certain)
    #expect(salvaged["d"]?.certainty == .presentAtSomeTime)
  }
}
