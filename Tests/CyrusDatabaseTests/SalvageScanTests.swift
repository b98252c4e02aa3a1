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
}
