// Reading while Cyrus's own engine commits without pause: every answer is a state that the database was in.

import Foundation
import Testing

@testable import CyrusDatabase

@Suite(.needsCyrusLibrary, .serialized) struct LiveWriterTests {
  /// How to read, how often, and beside what.
  struct Reading: CustomTestStringConvertible {
    var locking: Locking
    var count: Int
    var keyCount = 300
    var options: [String]
    var testDescription: String { "\(count) times \(locking) beside \(options.joined(separator: " "))" }

    static let paced = ["--nosync", "--pause", "300", "--repack-every", "300"]
    static let all = [
      Reading(locking: .auto, count: 1000, options: paced),
      Reading(
        locking: .auto, count: 50, keyCount: 2000,
        options: ["--nosync", "--keys", "2000", "--repack-every", "2000"]),
      Reading(locking: .auto, count: 100, options: ["--repack-every", "100"]),
      Reading(locking: .copy, count: 300, options: paced),
      Reading(locking: .shared, count: 300, options: paced),
    ]
  }

  @Test(arguments: Reading.all)
  func `every read is one state of the database, and never an older one than before`(_ reading: Reading) throws {
    let writer = try LiveWriter(reading.options)
    let database = try Database(path: writer.path)
    var model = WriterModel(keyCount: reading.keyCount)
    var states: Set<UInt64> = []
    var count = 0, inPlace = 0
    let start = ContinuousClock.now
    while count < reading.count || states.count < 20, ContinuousClock.now - start < .seconds(25) {
      let (pairs, isProven) = try database.read(locking: reading.locking) { (try $0.pairs(), $0.isProven) }
      count += 1
      // What was not proven as it was made was read in place, and proven then.
      if !isProven { inPlace += 1 }
      let before = model.number
      guard let state = model.state(of: pairs) else {
        Issue.record("\(pairs.count) records that are no state of the database since \(before)")
        return
      }
      states.insert(state)
      usleep(500)
    }
    #expect(count >= reading.count)
    #expect(states.count >= 20, "the writer stood still")
    Figures.show(
      "\(reading.testDescription): \(count) reads, \(inPlace) in place, \(states.count) different states of "
        + "\(model.number), 0 wrong, in \(ContinuousClock.now - start)")
  }

  /// A writer, so busy that some listings in place are overtaken and some are not.
  struct Fire: CustomTestStringConvertible {
    var testDescription: String
    var options: [String]
    var keyCount: Int
    /// How many listings are to be proven.
    var count: Int
    static let all = [
      Fire(
        testDescription: "small and fast", options: ["--keys", "30", "--pause", "200", "--nosync"], keyCount: 30,
        count: 1000),
      Fire(
        testDescription: "bigger and slower, repacked",
        options: ["--keys", "1000", "--pause", "1000", "--nosync", "--repack-every", "50"], keyCount: 1000, count: 300),
    ]
  }

  @Test(arguments: Fire.all)
  func `a listing in place is one state of the database, or is told to be discarded`(_ fire: Fire) throws {
    let writer = try LiveWriter(fire.options)
    var model = WriterModel(keyCount: fire.keyCount)
    var proven = 0, discarded = 0, discardedWrong = 0, unavailable = 0, dirty = 0
    let end = ContinuousClock.now + .seconds(25)
    while proven < fire.count || discarded < 5, ContinuousClock.now < end {
      guard let snapshot = try Snapshot.inPlace(path: writer.path, evenIfBusy: true) else {
        unavailable += 1
        continue
      }
      var pairs: [Pair] = []
      do {
        var cursor = snapshot.records()
        while let record = try cursor.next() { pairs.append(Pair(record)) }
        proven += 1
        if snapshot.state == .dirty { dirty += 1 }
        if model.state(of: pairs) == nil { Issue.record("\(pairs.count) proven records are no state of the database") }
      } catch {
        guard case .changed = error else { throw error }
        discarded += 1
        var probe = model
        if probe.state(of: pairs) == nil { discardedWrong += 1 }
        // The listing has ended for good.
        #expect(throws: DatabaseError.changed(path: writer.path)) { try snapshot.confirm() }
      }
    }
    #expect(proven >= fire.count)
    #expect(discarded >= 5, "nothing was ever overtaken: the proof was not needed")
    Figures.show(
      "in place, \(fire.testDescription): \(proven) proven, \(dirty) of them while dirty, 0 wrong; "
        + "\(discarded) discarded, \(discardedWrong) of them wrong or cut; \(unavailable) not begun")
  }

  @Test func `a lookup in place is right or told to be discarded`() throws {
    let fire = Fire.all[0]
    let writer = try LiveWriter(fire.options)
    var model = WriterModel(keyCount: fire.keyCount)
    var proven = 0, discarded = 0
    let end = ContinuousClock.now + .seconds(25)
    while proven < fire.count || discarded < 5, ContinuousClock.now < end {
      guard let snapshot = try Snapshot.inPlace(path: writer.path, evenIfBusy: true) else { continue }
      do {
        let serial = try snapshot.value(for: Array("serial".utf8)) ?? []
        let key = Array(String(format: "key.%04d", (proven + discarded) % fire.keyCount).utf8)
        let value = try snapshot.value(for: key)
        // Each lookup was proven to be of the state that the snapshot was made of, hence both are.
        proven += 1
        model.advance(to: UInt64(String(decoding: serial, as: UTF8.self)) ?? 0)
        #expect(model[key] == value)
      } catch {
        guard case .changed = error else { throw error }
        discarded += 1
      }
    }
    #expect(proven >= fire.count)
    #expect(discarded >= 5)
    Figures.show("lookups in place: \(proven) proven, 0 wrong; \(discarded) discarded")
  }

  @Test func `a listing in place that a commit overtakes ends in an error, and stays ended`() throws {
    let writer = try LiveWriter(["--nosync"])
    guard let snapshot = try Snapshot.inPlace(path: writer.path, evenIfBusy: true) else {
      Issue.record("no snapshot in place")
      return
    }
    let isProven = snapshot.isProven
    #expect(!isProven)
    let end = ContinuousClock.now + .seconds(10)
    while (try? snapshot.confirm()) != nil, ContinuousClock.now < end { usleep(1000) }
    #expect(throws: DatabaseError.changed(path: writer.path)) { try snapshot.pairs() }
    #expect(throws: DatabaseError.changed(path: writer.path)) { try snapshot.value(for: Array("serial".utf8)) }
    // What `read` does about it is to look again.
    let pairs = try Database(path: writer.path).read { try $0.pairs() }
    var model = WriterModel()
    #expect(model.state(of: pairs) != nil)
  }

  @Test func `verification never calls a database damaged that is being written`() throws {
    let writer = try LiveWriter(Reading.paced)
    let database = try Database(path: writer.path)
    var states: Set<FileState> = []
    for turn in 0..<40 {
      let report = try database.verify(turn % 4 == 3 ? .quick : .full)
      #expect(report.verdict == .sound || report.verdict == .recoverable, "\(report.findings)")
      #expect(report.parts.reduce(0) { $0 + $1.byteCount } == report.fileByteCount)
      states.insert(report.state)
    }
    Figures.show("verified 40 times beside the writer, states \(states): 0 damaged")
  }

  @Test func `no lock is held once a snapshot is made, but for one that was asked to hold it`() throws {
    // Without repacks, so that it stays the same file.
    let writer = try LiveWriter(["--nosync", "--pause", "300"])
    let database = try Database(path: writer.path)
    let locks = try KernelLocks(path: writer.path)
    for locking in [Locking.auto, .copy, .none] {
      for _ in 0..<20 {
        let snapshot = try database.snapshot(locking: locking)
        #expect(locks.count == 0, "\(locking)")
        _ = snapshot.fileByteCount
      }
    }
    do {
      let snapshot = try database.snapshot(locking: .shared)
      #expect(locks.count == 1, "this way of looking sees no lock")
      _ = snapshot.fileByteCount
    }
    #expect(locks.count == 0)
    _ = try database.verify()
    #expect(locks.count == 0)
    let layout = try database.layout()
    #expect(locks.count == 0)
    _ = layout.fileByteCount
  }
}
