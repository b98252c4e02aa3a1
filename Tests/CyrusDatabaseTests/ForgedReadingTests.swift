// What forged and torn bytes do to listings and lookups: each of these once lost or found a record without a word.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ForgedReadingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A plain copy (cp) of a file in use: the header as it was before one commit, the rest as after that commit and a
  /// transaction that was given up.
  private static func tornCopy(isDirty: Bool) -> [UInt8] {
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { for key in ["a", "b", "c", "d"] { $0.set(utf8(key), utf8("v"), level: 1) } }
    builder.begin()
    let cleanHeader = builder.bytes.prefix(64)
    builder.set(utf8("aa"), utf8("v"), level: 1)
    let dirtyHeader = builder.bytes.prefix(64)
    builder.commit()
    builder.begin()
    builder.set(utf8("a0"), utf8("v"), level: 1)
    builder.abort()
    return Array(isDirty ? dirtyHeader : cleanHeader) + builder.bytes.dropFirst(64)
  }

  /// The pair of "a" is then (>= end, 0): "b", "c", "d" are lost, without an error.
  @Test(arguments: [false, true])
  func `a list that a torn copy has cut short is not taken for whole`(_ isDirty: Bool) throws {
    let path = try folder.write(Self.tornCopy(isDirty: isDirty))
    let snapshot = try Database(path: path).snapshot(locking: .shared)
    #expect(snapshot.state == (isDirty ? .dirty : .longer))
    let listing = Listing(snapshot)
    #expect(listing.pairs.count == 4 || !listing.errors.isEmpty, "\(listing.pairs)")
    for key in ["b", "c", "d"] {
      let found = Result { try snapshot.value(of: utf8(key)) }
      if case .success(let value) = found { #expect(value == utf8("v"), "\(key)") }
    }
  }

  /// The order of keys is decided by keys whose own checksum is wrong.
  @Test func `a damaged key does not decide the order of a file: raw`() throws {
    // As written these fit both orders, so the order is raw. One changed byte, '.' to '-', makes "a.c" "a-c".
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a.b", "a.c", "p", "q.a"] { $0.set(utf8(key), utf8("v"), level: 1) } }
    }
    let damaged = try #require(TwoskipSurgeon.record(withKey: utf8("a.c"), in: builder.bytes))
    let whole = try Database(path: try folder.write(builder.bytes, to: "whole.db")).snapshot()
    let right = Listing(whole.records(from: utf8("q-x").rawSpan))
    #expect(right.pairs.map(\.key) == [utf8("q.a")])

    let bytes = builder.bytes { $0[damaged.keyRange.lowerBound + 1] = 0x2D }
    let snapshot = try Database(path: try folder.write(bytes, to: "damaged.db")).snapshot()
    let listing = Listing(snapshot.records(from: utf8("q-x").rawSpan))
    #expect(!listing.errors.isEmpty || listing.pairs == right.pairs, "\(listing.pairs)")
    let order = Result { try snapshot.keyOrder() }
    #expect((try? order.get()) != .mbox)
  }

  @Test func `a damaged key does not decide the order of a file: mbox`() throws {
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction { for key in ["m.b", "m-b", "p", "q.a"] { $0.set(utf8(key), utf8("v"), level: 1) } }
    }
    let damaged = try #require(TwoskipSurgeon.record(withKey: utf8("m-b"), in: builder.bytes))
    let bytes = builder.bytes { $0[damaged.keyRange.lowerBound] ^= 0x02 }  // "o-b"
    let snapshot = try Database(path: try folder.write(bytes)).snapshot()
    // In mbox order "q.a" is smaller than "q-x".
    let listing = Listing(snapshot.records(from: utf8("q-x").rawSpan))
    #expect(!listing.errors.isEmpty || listing.pairs.isEmpty, "\(listing.pairs)")
    let order = Result { try snapshot.keyOrder() }
    #expect((try? order.get()) != .raw)
  }

  /// Keys with a prefix that ends in TAB or holds one do not lie side by side in mbox order.
  @Test func `a prefix with TAB finds all its keys in mbox order`() throws {
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction {
        for key in ["a\t1", "a\n2", "a\t3"] { $0.set(utf8(key), utf8("v"), level: 1) }
      }
    }
    #expect(report(on: builder.bytes).verdict == .sound)
    let snapshot = try Database(path: try folder.write(builder.bytes)).snapshot()
    let listing = Listing(snapshot.records(prefix: "a\t"))
    #expect(listing.errors == [])
    #expect(listing.pairs.map(\.key) == [utf8("a\t1"), utf8("a\t3")])
    let other = Listing(snapshot.records(prefix: "a\n"))
    #expect(other.pairs.map(\.key) == [utf8("a\n2")])
  }

  /// The order that a search returns is raw whenever both orders lead to the same place, also in an mbox file.
  @Test func `start and prefix together keep to the order of an mbox file`() throws {
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction {
        for key in ["a.x", "c.a", "c-a"] { $0.set(utf8(key), utf8("v"), level: 1) }
      }
    }
    let snapshot = try Database(path: try folder.write(builder.bytes)).snapshot()
    let order = try snapshot.keyOrder()
    #expect(order == .mbox)
    // "a.x" is smaller than "a-" in mbox order.
    let listing = Listing(snapshot.records(from: utf8("a-").rawSpan, prefix: utf8("a.").rawSpan))
    #expect(listing.errors == [])
    #expect(listing.pairs == [], "\(listing.pairs)")
  }

  /// A quick check of a dirty torn copy whose list ends too early.
  @Test func `a quick check of a torn copy`() {
    let quick = report(on: Self.tornCopy(isDirty: true), .quick)
    #expect(quick.verdict == .damaged)
  }
}
