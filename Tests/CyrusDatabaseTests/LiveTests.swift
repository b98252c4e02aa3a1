// Reading in place while a writer works: what was committed, or an error, but never a mixture.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct LiveTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A few transactions in a row, some given up, with every step of the writer.
  private struct Scene {
    let start: [UInt8]
    var steps: [TwoskipWrite] = []
    /// What is committed after each number of steps.
    var committed: [[Pair]]
    let keys: [[UInt8]]

    init(_ database: inout RandomDatabase) {
      start = database.builder.bytes
      committed = [database.committed]
      keys = database.keys
      for _ in 0..<3 {
        let before = database.committed
        database.transaction(changesMax: 4, abortOneIn: 3)
        let journal = database.builder.journal
        steps += journal
        committed += [[Pair]](repeating: before, count: journal.count)
        // The clean header is the last step but one: a sync follows it.
        if journal.count >= 2 {
          committed[committed.count - 1] = database.committed
          committed[committed.count - 2] = database.committed
        }
      }
    }
  }

  @Test(arguments: Style.all, Seed.some(2))
  func `a listing in the middle of which a writer works is right, or says that it is not`(
    _ style: Style, _ seed: Seed
  ) throws {
    var database = RandomDatabase(style, random: seed.generator(41))
    for _ in 0..<6 { database.transaction() }
    var random = seed.generator(42)
    var changedCount = 0
    for _ in 0..<12 {
      let scene = Scene(&database)
      let path = try folder.write(scene.start)
      let writer = try OtherWriter(path)
      for _ in 0..<40 {
        // The writer is at one step when the snapshot is made, and at a later one when the listing goes on.
        let first = random.below(scene.steps.count + 1)
        let second = first + random.below(scene.steps.count + 1 - first)
        writer.replaceContent(scene.start)
        for step in scene.steps[..<first] { writer.apply(step) }
        let pairs = scene.committed[first]
        guard let snapshot = try LiveReading(path: path) else {
          Issue.record("the header cannot be read after \(first) steps")
          continue
        }
        let before = random.below(pairs.count + 1)
        let outcome = snapshot.list(pausingAfter: before) {
          for step in scene.steps[first..<second] { writer.apply(step) }
        }
        switch outcome {
        case .success(let listed): #expect(listed == pairs, "steps \(first) and \(second)")
        case .failure(.changed): changedCount += 1
        case .failure(let error): Issue.record("steps \(first) and \(second): \(error)")
        }
        // An error is no excuse: as long as nothing was committed there is none.
        let isOvertaken = snapshot.currentSize != Self.currentSize(scene.start, scene.steps[..<second])
        if case .failure = outcome { #expect(isOvertaken, "steps \(first) and \(second)") }
        if case .success = outcome { #expect(!isOvertaken, "steps \(first) and \(second)") }
        for key in scene.keys.prefix(6) {
          let found = snapshot.lookup(key)
          if isOvertaken {
            #expect(found == .failure(.changed(path: path)), "\(text(key))")
          } else {
            #expect(found == .success(pairs.first { $0.key == key }?.value), "\(text(key))")
          }
        }
      }
      if database.random.chance(1, in: 4) { database.builder.repack() }
    }
    #expect(changedCount > 0)
  }

  private static func currentSize(_ start: [UInt8], _ steps: ArraySlice<TwoskipWrite>) -> UInt64 {
    var bytes = start
    for step in steps { step.apply(to: &bytes) }
    return TwoskipSurgeon.get64(bytes, at: TwoskipEncoding.HeaderField.currentSize)
  }

  @Test func `a reading that was overtaken is made again`() throws {
    let builder = Sample.three
    let path = try folder.write(builder.bytes)
    let database = try Database(path: path)
    let writer = try OtherWriter(path)
    for isQuiet in [true, false] {
      writer.replaceContent(builder.bytes)
      setModified(path, secondsAgo: isQuiet ? 3600 : 0)
      var next = builder
      next.transaction { $0.set(utf8("b"), utf8("new")) }
      var calls = 0
      let pairs = try database.read { snapshot in
        calls += 1
        let listing = Listing(snapshot.records(prefix: "a"))
        #expect(listing.errors == [])
        // The commit comes while the first call is at work.
        if calls == 1 { for step in next.journal { writer.apply(step) } }
        // A lookup would notice by itself.
        return listing.pairs + (calls == 1 ? [] : [Pair(utf8("b"), try snapshot.value(of: utf8("b")) ?? [])])
      }
      #expect(calls == 2)
      #expect(pairs == [Pair(utf8("a"), utf8("v")), Pair(utf8("b"), utf8("new"))])
    }
  }

  @Test func `a quiet file is read in place, one just written in a copy`() throws {
    let path = try folder.write(Sample.three.bytes)
    let database = try Database(path: path)
    let fresh = try database.snapshot()
    #expect(fresh.isProven == true)
    setModified(path, secondsAgo: 60)
    let quiet = try database.snapshot()
    #expect(quiet.isProven == false)
    try quiet.confirm()
    // A copy stays what it is; what is read in place notices.
    var next = Sample.three
    next.transaction { $0.set(utf8("d"), utf8("new")) }
    let writer = try OtherWriter(path)
    for step in next.journal { writer.apply(step) }
    try fresh.confirm()
    #expect(Listing(fresh).pairs == Sample.three.committed.map(Pair.init))
    #expect(throws: DatabaseError.changed(path: path)) { try quiet.confirm() }
    #expect(Listing(quiet).errors == [.changed(path: path)])
  }

  @Test func `a check or a layout of a file that changes meanwhile notices`() throws {
    let path = try folder.write(Sample.three.bytes)
    setModified(path, secondsAgo: 60)
    let database = try Database(path: path)
    let layout = try database.layout()
    try layout.confirm()
    var next = Sample.three
    next.transaction { $0.set(utf8("d"), utf8("new")) }
    let writer = try OtherWriter(path)
    for step in next.journal { writer.apply(step) }
    #expect(throws: DatabaseError.changed(path: path)) { try layout.confirm() }
    #expect(try database.verify().recordCount == 4)
  }
}

/// A snapshot in place of a file that is being written.
private struct LiveReading: ~Copyable {
  private let snapshot: Snapshot

  init?(path: String) throws {
    guard let snapshot = try Snapshot.inPlace(path: path, evenIfBusy: true) else { return nil }
    self.snapshot = snapshot
  }

  var currentSize: UInt64 { snapshot.header?.currentSize ?? 0 }

  /// Lists everything, and lets something happen after so many records.
  func list(pausingAfter count: Int, _ pause: () -> Void) -> Result<[Pair], DatabaseError> {
    var cursor = snapshot.records()
    var pairs: [Pair] = []
    do throws(DatabaseError) {
      while true {
        if pairs.count == count { pause() }
        guard let record = try cursor.next() else { break }
        pairs.append(Pair(record.copyOfKey(), record.copyOfValue()))
      }
    } catch {
      // What had been listed by then is discarded.
      if pairs.count < count { pause() }
      return .failure(error)
    }
    return .success(pairs)
  }

  func lookup(_ key: [UInt8]) -> Result<[UInt8]?, DatabaseError> {
    do throws(DatabaseError) { return .success(try snapshot.value(of: key)) } catch { return .failure(error) }
  }
}
