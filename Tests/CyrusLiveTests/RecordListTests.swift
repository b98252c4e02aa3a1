// Lists that were proven once stay what they were, whatever the writer does while they are read.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct RecordListTests {
  private static func pairs(_ list: borrowing RecordList) throws(DatabaseError) -> [Pair] {
    var pairs: [Pair] = []
    for index in 0..<list.count { pairs.append(Pair(try list.record(at: index))) }
    try list.confirm()
    return pairs
  }

  @Test(.needsCyrusLibrary, arguments: [["--nosync"], ["--nosync", "--pause", "500", "--repack-every", "40"]])
  func `a list is one state of the database, also after many more commits and repacks`(_ options: [String]) throws {
    let writer = try LiveWriter(options)
    let database = try Database(path: writer.path)
    var model = WriterModel()
    var states: Set<UInt64> = []
    let end = ContinuousClock.now + .seconds(25)
    while states.count < 30, ContinuousClock.now < end {
      let list = try database.records()
      // Time for some commits.
      usleep(20_000)
      let pairs = try Self.pairs(list)
      guard let state = model.state(of: pairs) else {
        Issue.record("\(pairs.count) records that are no state of the database")
        return
      }
      states.insert(state)
    }
    #expect(states.count >= 30, "the writer stood still")
  }

  @Test func `a list starts, ends and is limited as asked`() throws {
    let folder = try TemporaryFolder()
    let sample = Sample(recordCount: 100)
    let database = try Database(path: try folder.file("quiet.db", sample.bytes))
    let all = try database.records()
    let (pairs, isLimited) = (try Self.pairs(all), all.isLimited)
    #expect(pairs == sample.pairs)
    #expect(!isLimited)
    let start = sample.pairs[40].key
    let some = try database.records(from: start.span.bytes, limit: 10)
    let (few, isCut) = (try Self.pairs(some), some.isLimited)
    #expect(few == Array(sample.pairs[40..<50]))
    #expect(isCut)
    let prefix = Array(sample.pairs[7].key.dropLast())
    let expected = sample.pairs.filter { $0.key.starts(with: prefix) }
    let matching = try Self.pairs(try database.records(prefix: prefix.span.bytes))
    #expect(matching == expected)
    #expect(!expected.isEmpty)
    let (first, last) = (sample.pairs[0], sample.pairs[60])
    let chosen = try Self.pairs(
      try database.records([.key(last.key), .key(Array("none".utf8)), .prefix(prefix), .key(first.key)]))
    #expect(chosen == [last] + expected + [first])
    let empty = try Database(path: try folder.file("empty.db", [])).records()
    let count = empty.count
    #expect(count == 0)
  }

  @Test func `a list knows what damage kept from it, and where`() throws {
    let folder = try TemporaryFolder()
    let sample = Sample(recordCount: 100)
    var bytes = sample.bytes
    // The last of its versions is the live one.
    let versions = TwoskipSurgeon.records(in: bytes).filter {
      $0.type == .record && bytes[$0.keyRange].elementsEqual(sample.pairs[50].key)
    }
    guard let piece = versions.last else {
      Issue.record("no record")
      return
    }
    bytes[piece.valueRange.lowerBound] ^= 1
    let list = try Database(path: try folder.file("damaged.db", bytes)).records(locking: .none)
    let (pairs, damage, count) = (try Self.pairs(list), list.damage, list.damageCount)
    #expect(pairs == Array(sample.pairs[..<50] + sample.pairs[51...]))
    #expect(count == 1)
    #expect(damage.map(\.index) == [50])
    #expect(damage.first?.damage.offset == UInt64(piece.offset))
  }

  @Test func `a file that is cut behind the back of a list is an error, never zeros`() throws {
    try FaultGuard.install()
    let folder = try TemporaryFolder(inMemory: true)
    let sample = Sample(recordCount: 400)
    for size in [0, 100, 4096, 5000, sample.bytes.count / 2, sample.bytes.count - 1] {
      let path = try folder.file("cut.db", sample.bytes)
      let list = try Database(path: path).records()
      truncate(path, size)
      #expect(throws: DatabaseError.faulted(path: path), "cut to \(size)") { try Self.pairs(list) }
    }
  }
}
