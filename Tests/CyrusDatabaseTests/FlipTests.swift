// Every byte of small files changed: reported, or proven harmless; and no answer is ever wrong.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct FlipTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: SmallFile.all)
  func `every changed byte is reported or harmless, and never leads to a wrong answer`(_ file: SmallFile) {
    for mask in file.masks {
      for offset in file.bytes.indices {
        var spoiled = file.bytes
        spoiled[offset] ^= mask
        check(spoiled, of: file, "byte \(offset) ^ \(mask)", isCommitted: offset < file.committedEnd)
      }
    }
  }

  private func check(_ spoiled: [UInt8], of file: SmallFile, _ what: String, isCommitted: Bool) {
    let walk = Walk(of: spoiled)
    expectOnlyRight(walk, file, what)
    expectRightLookups(spoiled, file, what)
    let full = report(on: spoiled)
    let quick = report(on: spoiled, .quick)
    #expect(full.parts.reduce(0) { $0 + $1.byteCount } == full.fileByteCount, "\(what)")
    #expect(quick.parts.reduce(0) { $0 + $1.byteCount } == quick.fileByteCount, "\(what)")
    if isCommitted {
      #expect(full.findings.contains { $0.severity != .note }, "\(what) is not reported")
    } else {
      #expect(walk == Walk(of: file.bytes), "\(what)")
      #expect(full.verdict == file.verdict, "\(what): \(full.findings)")
    }
  }

  @Test(arguments: SmallFile.all)
  func `real files that are changed behave as their bytes do`(_ file: SmallFile) throws {
    let path = try folder.write(file.bytes)
    let writer = try OtherWriter(path)
    let database = try Database(path: path)
    // Behind the header: a magic or checksum that is wrong has tests of its own.
    for offset in stride(from: 64, to: file.bytes.count, by: 29) {
      var spoiled = file.bytes
      spoiled[offset] ^= 0x40
      writer.replaceContent(spoiled)
      let expected = Walk(of: spoiled)
      for locking in [Locking.none, .shared] {
        let snapshot = try database.snapshot(locking: locking)
        let listing = Listing(snapshot)
        #expect(listing.pairs == expected.pairs, "byte \(offset)")
        #expect(listing.errors == expected.errors.map { .damaged(path: path, Damage($0)) }, "byte \(offset)")
        for key in file.pairs.map(\.key) + file.absentKeys {
          let found = try? snapshot.value(of: key)
          #expect(found == (try? lookup(key, in: spoiled)), "byte \(offset), \(text(key))")
        }
        #expect(try database.verify(locking: locking) == report(on: spoiled), "byte \(offset)")
      }
    }
  }

  @Test(arguments: SmallFile.all)
  func `a part of the keys is listed right, or with an error`(_ file: SmallFile) throws {
    let path = try folder.write(file.bytes)
    let writer = try OtherWriter(path)
    let database = try Database(path: path)
    let starts = file.pairs.prefix(12).map(\.key) + file.absentKeys
    for offset in stride(from: 64, to: file.bytes.count, by: file.bytes.count > 1000 ? 17 : 5) {
      var spoiled = file.bytes
      spoiled[offset] ^= 0x02
      writer.replaceContent(spoiled)
      let snapshot = try database.snapshot(locking: .none)
      for start in starts {
        let behind = file.pairs.filter { file.order.compare($0.key.rawSpan, start.rawSpan) >= 0 }
        // Where damage hides all keys that tell the order it is taken for raw: then more may be listed, with the error.
        let behindInRaw = file.pairs.filter {
          KeyOrder.raw.compare($0.key.rawSpan, start.rawSpan) >= 0 || behind.contains($0)
        }
        let listing = Listing(snapshot.records(from: start.rawSpan))
        expect(
          listing, isPartOf: listing.errors.isEmpty ? behind : behindInRaw, "byte \(offset), from \(text(start))")
        let prefix = Array(start.dropLast())
        let matching = file.pairs.filter { $0.key.starts(with: prefix) }
        expect(
          Listing(snapshot.records(prefix: prefix.rawSpan)), isPartOf: matching,
          "byte \(offset), with prefix \(text(prefix))")
      }
    }
  }

  private func expect(_ listing: Listing, isPartOf pairs: [Pair], _ what: String) {
    if listing.errors.isEmpty {
      #expect(listing.pairs == pairs, "\(what): wrong without an error")
    } else {
      var rest = pairs[...]
      for pair in listing.pairs {
        guard let index = rest.firstIndex(of: pair) else {
          Issue.record("\(what): \(pair) is wrong or out of place")
          return
        }
        rest = rest[(index + 1)...]
      }
    }
  }
}
