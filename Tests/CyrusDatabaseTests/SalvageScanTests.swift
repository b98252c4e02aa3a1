// Finding records behind unreadable bytes, and telling them from bytes that only look like records.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageScanTests {
  /// A RECORD, as bytes that may lie in a key or a value.
  private static let image = TwoskipEncoding.record(
    .record, level: 1, key: utf8("phantom"), value: utf8("no record"), pointers: [0, 0])

  @Test func `a record within the key of a record whose head is gone is not certain`() throws {
    // The key starts 32 bytes behind the start of the record: where a record could start as well.
    let builder = Sample.builder { builder in
      builder.transaction { $0.set(utf8("a"), utf8("v"), level: 1) }
      builder.transaction { $0.set(Self.image, [], level: 1) }
    }
    let holder = builder.offset(of: "a") + 64
    let salvaged = try Salvaged(
      builder.bytes {
        $0[100] ^= 1
        $0[holder] = 0
      })
    #expect(salvaged.records.map(\.offset) == [336, holder + 32])
    #expect(salvaged["phantom"]?.doubt == .unproven)
    #expect(salvaged["a"]?.doubt == .unreadableBehind)
  }

  @Test func `a record within a value is not certain, nor is what its pointers say`() throws {
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "b"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      let delete = TwoskipEncoding.record(.delete, level: 0, pointers: [UInt64(builder.offset(of: "b"))])
      builder.transaction { $0.set(utf8("longest."), Self.image + delete, level: 1) }
    }
    let holder = builder.offset(of: "longest.")
    let salvaged = try Salvaged(
      builder.bytes {
        $0[100] ^= 1
        $0[holder] = 0
      })
    #expect(salvaged["phantom"]?.doubt == .unproven)
    #expect(salvaged["a"]?.doubt == .unreadableBehind)
    #expect(salvaged["b"]?.doubt == .unreadableBehind)
  }

  @Test func `a record within a value that seems to be deleted takes no sound record with it`() throws {
    // It leads to c, and behind it stands a DELETE that led to c: were it a record it would be dead.
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "b", "c"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      let image = TwoskipEncoding.record(
        .record, level: 1, key: utf8("a"), value: utf8("no record"),
        pointers: [0, UInt64(builder.offset(of: "c"))])
      builder.transaction { $0.set(utf8("longest."), image, level: 1) }
      builder.transaction { $0.delete(utf8("b")) }
    }
    let holder = builder.offset(of: "longest.")
    let salvaged = try Salvaged(
      builder.bytes {
        $0[100] ^= 1
        $0[holder] = 0
      })
    #expect(salvaged["a"]?.pair.value == utf8("v"))
    #expect(salvaged["b"] == nil)
  }

  @Test func `a key that is cut off in the wrong place does not displace a sound record`() throws {
    let builder = Sample.builder { builder in
      builder.transaction {
        $0.set(utf8("m"), utf8("v"), level: 1)
        $0.set(utf8("zb"), utf8("x"), level: 2)
      }
      builder.transaction { $0.set(utf8("z"), utf8("v"), level: 1) }
    }
    // "zb" = "x" looks like "z" = "bx"; list 1 leads to it, and list 0 to "z" no more.
    let offset = builder.offset(of: "zb")
    let salvaged = try Salvaged(
      builder.bytes {
        $0[offset + 3] = 1
        $0[offset + 7] = 2
        $0[builder.offset(of: "m") + 16] ^= 1
      })
    #expect(salvaged.certainPairs == pairs(["m": "v", "z": "v"]))
    #expect(salvaged.records.count == 2)
    #expect(!salvaged.outcome.isWhole)
  }

  @Test func `a key that is cut off in the wrong place contradicts nothing`() throws {
    // "b" = "zz" looks like "bz" = "z" or "bzz" = "", which would come behind "bb", the last one.
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "bb"] { $0.set(utf8(key), utf8("v"), level: 2) } }
      builder.transaction { $0.set(utf8("b"), utf8("zz"), level: 1) }
    }
    let offset = builder.offset(of: "b")
    for count: UInt8 in [2, 3] {
      let salvaged = try Salvaged(
        builder.bytes {
          $0[offset + 3] = count
          $0[offset + 7] = 3 - count
        })
      #expect(salvaged.certainPairs == pairs(["a": "v", "bb": "v"]))
      #expect(salvaged.records.last?.doubt == .unprovenLengths)
      #expect(salvaged.outcome.contradictionCount == 0)
    }
  }

  @Test func `a wrong level that makes a head reach to another record's tail takes no record away`() throws {
    // Records of 64 bytes: with level 9 for 1 a head is longer by just that, and ends where the next record's does.
    let builder = Sample.builder(writesBlanks: false) { builder in
      builder.transaction {
        for number in 0..<8 { $0.set(utf8("key \(number)"), [UInt8](repeating: 0x61, count: 25), level: 1) }
      }
    }
    let offset = builder.offset(of: "key 3")
    #expect(builder.offset(of: "key 4") == offset + 64)
    let salvaged = try Salvaged(builder.bytes { $0[offset + 1] = 9 })
    #expect(salvaged.pairs.map(\.key) == [0, 1, 2, 4, 5, 6, 7].map { utf8("key \($0)") })
    #expect(salvaged.outcome.damage.map(\.bytes) == [UInt64(offset)..<UInt64(offset + 64)])
  }

  @Test func `many heads that claim long tails cost no sound record`() throws {
    let builder = Sample.builder { builder in
      builder.transaction {
        for number in 100..<400 { $0.set(utf8("\(number)"), [UInt8](repeating: 0x61, count: 2000)) }
      }
    }
    let records = TwoskipSurgeon.records(in: builder.bytes).filter { $0.type == .record }
    let spoiled = stride(from: 1, to: 100, by: 2).map { records[$0] }
    let salvaged = try Salvaged(
      builder.bytes {
        // The longest value that ends within the file.
        for record in spoiled {
          TwoskipSurgeon.put32(UInt32($0.count - record.offset - 400), at: record.offset + 4, in: &$0)
        }
      })
    #expect(salvaged.records.count == 250)
    #expect(Set(salvaged.records.map(\.offset)) == Set(records.map(\.offset)).subtracting(spoiled.map(\.offset)))
  }

  @Test(.timeLimit(.minutes(30)))
  func `a file made of heads that all claim the same long tail is done in time`() throws {
    // A head of 32 bytes each, checksum right, with a value that goes on to the end of the file.
    var bytes = Sample.builder { _ in }.bytes
    let count = 40_000
    for number in 0..<count {
      bytes += [0x2B, 1, 0, 8, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 24)
      let rest = (count - number - 1) * 32
      guard rest > 8 else { break }
      TwoskipSurgeon.put32(UInt32(rest - 8), at: bytes.count - 28, in: &bytes)
      TwoskipSurgeon.fixHeadChecksum(&bytes, at: bytes.count - 32)
    }
    // What comes first is no record, so that each head is tried.
    bytes[336] = 0
    bytes.setHeader(currentSize: bytes.count)
    #expect(try Salvaged(bytes).records.count == 0)
  }

  @Test func `damaged BLANK words hide nothing`() throws {
    // The list head too, so that the log alone speaks.
    for place in [400, 407, 448, 503] {
      let salvaged = try Salvaged(
        Sample.blanks.bytes {
          $0[100] ^= 1
          $0[place] ^= 1
        })
      #expect(salvaged.certainPairs == pairs(["a": "v", "b": "v"]), "\(place)")
      #expect(salvaged.outcome.isWhole)
      #expect(salvaged.outcome.damage.map(\.kind) == [.listHead, .padding])
      #expect(salvaged.outcome.damage.last?.bytes.lowerBound == UInt64(place & ~7))
    }
  }

  @Test func `a damaged COMMIT hides nothing, whether BLANK words follow or not`() throws {
    let builder = Sample.builder { builder in
      builder.transaction { $0.set(utf8("a"), utf8("v"), level: 1) }
      builder.transaction { $0.set(utf8("b"), utf8("v"), level: 20) }
      builder.transaction { $0.set(utf8("c"), utf8("v"), level: 1) }
      builder.transaction { $0.delete(utf8("b")) }
    }
    for commit in builder.offsets(of: .commit) {
      for place in [commit, commit + 15, commit + 17] {
        let salvaged = try Salvaged(
          builder.bytes {
            $0[100] ^= 1
            $0[place] ^= 1
          })
        #expect(salvaged.certainPairs == pairs(["a": "v", "c": "v"]), "\(place)")
        #expect(salvaged.outcome.isWhole)
        #expect(salvaged.outcome.damage.map(\.kind) == [.listHead, .commit])
        #expect(salvaged.outcome.damage.last?.bytes == UInt64(commit)..<UInt64(commit + 24))
      }
    }
  }
}
