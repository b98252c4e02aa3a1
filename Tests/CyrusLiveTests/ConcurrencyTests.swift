// Many snapshots on many threads, beside each other, beside a writer, and beside locks of other kinds.
//
// To be run with `swift test --sanitize=thread --filter ConcurrencyTests` as well.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ConcurrencyTests {
  /// A snapshot that threads have in common.
  private final class Shared: Sendable {
    let snapshot: Snapshot
    init(_ snapshot: consuming Snapshot) { self.snapshot = snapshot }
  }

  @Test(arguments: [Locking.auto, .copy, .shared, .none])
  func `many threads read one snapshot at once`(_ locking: Locking) throws {
    let folder = try TemporaryFolder()
    let sample = Sample(recordCount: 200)
    let path = try folder.file("shared.db", sample.bytes)
    let shared = Shared(try Database(path: path).snapshot(locking: locking))
    let results = try onThreads(8) { index in
      let listing = try shared.snapshot.pairs() == sample.pairs
      var lookups = true
      for pair in sample.pairs where lookups { lookups = try shared.snapshot.value(for: pair.key) == pair.value }
      let missing = try shared.snapshot.value(for: Array("no such key \(index)".utf8)) == nil
      return listing && lookups && missing
    }
    #expect(results == Array(repeating: true, count: 8))
  }

  @Test func `snapshots are made and let go on many threads at once`() throws {
    try FaultGuard.install()
    let folder = try TemporaryFolder()
    let samples = (0..<4).map { Sample(recordCount: 20, seed: $0) }
    let paths = try samples.enumerated().map { try folder.file("\($0.offset).db", $0.element.bytes) }
    let results = try onThreads(8) { index in
      var isRight = true
      var random = SplitMix64(seed: UInt64(index))
      for _ in 0..<100 {
        let which = random.below(4)
        let locking = [Locking.auto, .copy, .shared, .none][random.below(4)]
        let database = try Database(path: paths[which])
        // Two at once, so that mappings come and go in no order.
        let first = try database.snapshot(locking: locking)
        let second = try Database(path: paths[(which + 1) % 4]).snapshot(locking: .none)
        let listings = [try first.pairs(), try second.pairs()]
        if listings != [samples[which].pairs, samples[(which + 1) % 4].pairs] { isRight = false }
      }
      return isRight
    }
    #expect(results == Array(repeating: true, count: 8))
  }

  @Test func `threads that meet the end of a cut file at once each get an error`() throws {
    try FaultGuard.install()
    let folder = try TemporaryFolder()
    let sample = Sample(recordCount: 400)
    for _ in 0..<20 {
      let path = try folder.file("cut.db", sample.bytes)
      let shared = Shared(try Database(path: path).snapshot(locking: .none))
      truncate(path, 8192)
      let errors = try onThreads(8) { _ in
        #expect(throws: DatabaseError.self) { try shared.snapshot.pairs() }
      }
      for error in errors { #expect(error != nil) }
      // All that comes later is refused, whatever it reads.
      #expect(throws: DatabaseError.faulted(path: path)) { try shared.snapshot.confirm() }
    }
  }

  @Test func `snapshots before and after a repack live side by side`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("repacked.db")
    var builder = TwoskipBuilder(seed: 3)
    var alive: [(Shared, Sample)] = []
    for generation in 0..<5 {
      builder.begin()
      for number in 0..<50 { _ = builder.set(Array("key \(generation) \(number)".utf8), [UInt8(generation)]) }
      _ = builder.delete(Array("key 0 \(generation)".utf8))
      builder.commit()
      builder.repack()
      let sample = Sample(builder)
      // As Cyrus does: a new file beside the old one, and then in its place.
      rename(try folder.file("repacked.db.NEW", sample.bytes), path)
      let locking = [Locking.none, .shared, .copy, .auto][generation % 4]
      alive.append((Shared(try Database(path: path).snapshot(locking: locking)), sample))
    }
    let snapshots = alive
    let results = try onThreads(5) { index in try snapshots[index].0.snapshot.pairs() == snapshots[index].1.pairs }
    #expect(results == Array(repeating: true, count: 5))
    #expect(Set(alive.compactMap { $0.0.snapshot.header?.generation }).count == 5)
  }

  @Test func `readers in place on many threads beside a writer see states of the file, each of them proven`() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let (path, writes, states) = try Self.sixtyTransactions(in: folder)
    let (journal, all, isOver) = (writes, states, Flag())
    let tallies = try onThreads(4) { index in
      guard index == 0 else { return try Self.readInPlace(path, all, until: isOver) }
      defer { isOver.value.store(true, ordering: .releasing) }
      try Self.replay(journal, to: path)
      return (proven: 0, wrong: 0)
    }
    #expect(tallies.reduce(0) { $0 + $1.proven } > 20)
    #expect(tallies.reduce(0) { $0 + $1.wrong } == 0)
  }

  @Test func `single lookups and indexes beside a writer are of states of the file, and never go back`() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let (path, journal, states) = try Self.sixtyTransactions(in: folder)
    let isOver = Flag()
    let tallies = try onThreads(4) { index in
      if index == 0 {
        defer { isOver.value.store(true, ordering: .releasing) }
        try Self.replay(journal, to: path)
        return (proven: 0, wrong: 0)
      }
      return index == 1
        ? try Self.index(path, states, until: isOver) : try Self.lookUp(path, states, until: isOver)
    }
    #expect(tallies.reduce(0) { $0 + $1.proven } > 20)
    #expect(tallies.reduce(0) { $0 + $1.wrong } == 0)
  }

  private static func serial(_ path: String) throws -> Int {
    let record = try Database.copyOfRecord(for: Array("serial".utf8).span.bytes, inFileAt: path)
    return record.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
  }

  /// Looks up keys, each between two looks at the serial number: the value must be one of those that it had meanwhile.
  private static func lookUp(
    _ path: String, _ states: [[Pair]], until isOver: Flag
  ) throws -> (proven: Int, wrong: Int) {
    var tally = (proven: 0, wrong: 0)
    var before = try serial(path)
    var number = 0
    while !isOver.value.load(ordering: .acquiring) {
      number += 1
      let key = Array("key \(number % 60)".utf8)
      let value = try Database.copyOfRecord(for: key.span.bytes, inFileAt: path)?.value
      let after = try serial(path)
      let possible = after < before ? [] : states[before...after].map { $0.first { $0.key == key }?.value }
      tally.proven += 1
      if !possible.contains(value) { tally.wrong += 1 }
      before = after
    }
    return tally
  }

  private static func index(
    _ path: String, _ states: [[Pair]], until isOver: Flag
  ) throws -> (proven: Int, wrong: Int) {
    var tally = (proven: 0, wrong: 0)
    while !isOver.value.load(ordering: .acquiring) {
      let index = try Database(path: path).index()
      func value(_ key: String) throws -> [UInt8]? { try index.record(for: key)?.copyOfValue() }
      let serial = try value("serial").flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
      tally.proven += 1
      for number in 0..<60 {
        let key = "key \(number)"
        if try value(key) != states[serial].first(where: { $0.key == Array(key.utf8) })?.value { tally.wrong += 1 }
      }
    }
    return tally
  }

  /// An empty database in a file, what a writer does to it, and what is committed by the serial number that is in it.
  private static func sixtyTransactions(
    in folder: borrowing TemporaryFolder
  ) throws -> (path: String, writes: [TwoskipWrite], states: [[Pair]]) {
    var builder = TwoskipBuilder(seed: 5)
    var states: [[Pair]] = [[]]
    var writes: [TwoskipWrite] = []
    let path = try folder.file("written.db", builder.bytes)
    var random = SplitMix64(seed: 5)
    for transaction in 0..<60 {
      builder.begin()
      for _ in 0..<4 {
        let key = Array("key \(random.below(60))".utf8)
        if random.chance(1, in: 3) { _ = builder.delete(key) } else { _ = builder.set(key, [UInt8(transaction)]) }
      }
      _ = builder.set(Array("serial".utf8), Array("\(transaction + 1)".utf8))
      if random.chance(1, in: 8) {
        builder.abort()
        states.append(states[transaction])
      } else {
        builder.commit()
        states.append(Sample(builder).pairs)
      }
      writes += builder.journal
    }
    return (path, writes, states)
  }

  private final class Flag: Sendable {
    let value = Atomic(false)
  }

  /// Does to a file what a writer did, at about the pace of one.
  private static func replay(_ journal: [TwoskipWrite], to path: String) throws {
    let file = open(path, O_RDWR | O_CLOEXEC)
    defer { close(file) }
    for step in journal {
      switch step {
      case .write(let offset, let bytes):
        guard pwrite(file, bytes, bytes.count, offset) == bytes.count else {
          throw Child.Failure(description: "pwrite")
        }
      case .truncate(let byteCount): ftruncate(file, byteCount)
      case .synced: usleep(500)
      }
    }
  }

  private static func readInPlace(
    _ path: String, _ states: [[Pair]], until isOver: Flag
  ) throws -> (proven: Int, wrong: Int) {
    var tally = (proven: 0, wrong: 0)
    while !isOver.value.load(ordering: .acquiring) {
      guard let snapshot = try Snapshot.inPlace(path: path, evenIfBusy: true) else { continue }
      do {
        let pairs = try snapshot.pairs()
        let serial = pairs.last.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
        tally.proven += 1
        if pairs != states[serial] { tally.wrong += 1 }
      } catch {
        guard case .changed = error else { throw error }
      }
    }
    return tally
  }
}
