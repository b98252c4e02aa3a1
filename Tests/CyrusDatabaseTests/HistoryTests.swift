// Every version of a key that a file still has.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct HistoryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a deletion is found by the key that it deleted`() throws {
    let layout = try Database(path: Fixture.path(of: "ts-delete.db")).layout()
    let history = layout.history(of: utf8("b").rawSpan)
    #expect(
      history.versions == [
        Version(
          event: .set, offset: 400, value: 441..<443, transaction: 2, commit: 448, isCurrent: false, isSound: true),
        Version(
          event: .deleted, offset: 600, value: 600..<600, transaction: 5, commit: 624, isCurrent: false, isSound: true),
      ])
    #expect(history.doubt == nil)
    let kept = layout.history(of: utf8("c").rawSpan)
    #expect(kept.versions.map(\.isCurrent) == [true])
    #expect(kept.versions.map(\.transaction) == [3])
    let none = layout.history(of: utf8("never").rawSpan)
    #expect(none.versions == [])
    #expect(none.doubt == nil)
  }

  @Test(arguments: ["ts-zero-length.db", "ts-zero-header.db"])
  func `a database to which nothing was ever committed leaves no doubt`(_ file: String) throws {
    let history = try Database(path: Fixture.path(of: file)).layout().history(of: utf8("key").rawSpan)
    #expect(history.versions == [])
    #expect(history.doubt == nil)
  }

  @Test func `the progress of a long search goes up to what there is to do`() throws {
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { builder in
      for key in ["a", "b", "c"] { builder.set(utf8(key), [UInt8](repeating: 1, count: 9 << 20)) }
    }
    let layout = try Database(path: try folder.write(builder.bytes)).layout()
    var steps: [(done: UInt64, total: UInt64)] = []
    let history = layout.history(of: utf8("c").rawSpan) { steps.append(($0, $1)) }
    #expect(history.versions.count == 1)
    #expect(steps.count > 1)
    #expect(steps.allSatisfy { $0.done <= $0.total && $0.total == 2 * layout.fileByteCount })
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.done < $1.done })
    steps = []
    #expect(layout.references(to: 336) { steps.append(($0, $1)) }.count == 2)
    #expect(!steps.isEmpty)
    #expect(steps.allSatisfy { $0.done <= $0.total && $0.total == layout.fileByteCount })
  }

  @Test(arguments: Style.all, Seed.some(3))
  func `the history of a random database is what happened`(_ style: Style, _ seed: Seed) throws {
    var database = RandomDatabase(style, random: seed.generator(31))
    for number in 0..<25 {
      database.transaction()
      // Not in mbox order: while the committed keys fit both orders, only those of the open transaction would tell.
      let isOpen = number % 3 == 1 && style.order == .raw
      if isOpen { database.beginAndChange(5) }
      let bytes = database.builder.bytes
      let end = database.builder.committedEnd
      let layout = try Database(path: try folder.write(bytes)).layout()
      let log = NaiveLog(bytes, order: style.order)
      let live = NaiveLog(bytes, order: style.order, upTo: end).live
      for key in database.keys {
        let history = layout.history(of: key.rawSpan)
        let expected = log.entries.filter { $0.key == key }.map { entry in
          Self.version(entry, log, end: end, bytes, isCurrent: live[key] == entry)
        }
        #expect(history.versions == expected, "transaction \(number), \(text(key))")
        #expect(history.doubt == nil)
      }
      if isOpen { database.builder.abort() }
      if database.random.chance(1, in: 10) { database.builder.repack() }
    }
  }

  private static func version(
    _ entry: LogEntry, _ log: NaiveLog, end: Int, _ bytes: [UInt8], isCurrent: Bool
  ) -> Version {
    let commit = entry.offset < end ? log.commits.firstIndex { $0 > entry.offset } : nil
    let value = entry.isSet ? TwoskipSurgeon.piece(at: entry.offset, in: bytes)?.valueRange : nil
    let range = value ?? entry.offset..<entry.offset
    return Version(
      event: entry.isSet ? .set : .deleted, offset: UInt64(entry.offset),
      value: UInt64(range.lowerBound)..<UInt64(range.upperBound), transaction: commit.map { $0 + 1 },
      commit: commit.map { UInt64(log.commits[$0]) }, isCurrent: isCurrent, isSound: true)
  }

  @Test func `what is not committed is shown as such, behind the rest`() throws {
    var builder = Sample.replaced
    builder.begin()
    builder.set(utf8("a"), utf8("4"), level: 1)
    builder.delete(utf8("a"))
    let layout = try Database(path: try folder.write(builder.bytes)).layout()
    let history = layout.history(of: utf8("a").rawSpan)
    #expect(history.versions.map(\.event) == [.set, .set, .set, .set, .deleted])
    #expect(history.versions.map(\.transaction) == [1, 2, 3, nil, nil])
    #expect(history.versions.map(\.isCurrent) == [false, false, true, false, false])
    #expect(layout.committedEnd == 528)
  }

  @Test func `a repack forgets, and makes one transaction of all`() throws {
    var builder = Sample.replaced
    builder.repack()
    let layout = try Database(path: try folder.write(builder.bytes)).layout()
    let history = layout.history(of: utf8("a").rawSpan)
    #expect(history.versions.map(\.event) == [.set])
    #expect(history.versions.map(\.transaction) == [1])
  }

  /// A way to spoil ts-delete.db, after which its log cannot be trusted to say which key was deleted.
  struct Spoiled: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let spoil: @Sendable (inout [UInt8]) -> Void

    static let all = [
      Spoiled(testDescription: "bytes that are no record", spoil: { $0[336] = 0 }),
      // 'b' becomes greater than 'c': the DELETE before 'c' then takes away 'a'.
      Spoiled(testDescription: "a dead record's key, so that another key seems deleted", spoil: { $0[440] = 0x7A }),
      Spoiled(testDescription: "the pointer of the DELETE", spoil: { $0[600 + 15] ^= 8 }),
      Spoiled(testDescription: "the header", spoil: { $0[63] ^= 1 }),
      Spoiled(testDescription: "the list head", spoil: { $0[80] ^= 1 }),
      Spoiled(testDescription: "list 0", spoil: { $0[336 + 15] ^= 1 }),
    ]
  }

  @Test(arguments: Spoiled.all)
  func `a log that is damaged leaves a doubt`(_ spoiled: Spoiled) throws {
    var bytes = Fixture.bytes(of: "ts-delete.db")
    spoiled.spoil(&bytes)
    let layout = try Database(path: try folder.write(bytes)).layout()
    for key in ["a", "b", "c"] {
      let history = layout.history(of: utf8(key).rawSpan)
      #expect(history.doubt != nil, "\(history.versions)")
    }
  }

  @Test func `a dead record whose key changed leaves a doubt although the log adds up`() throws {
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "bb", "c"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      builder.transaction { $0.delete(utf8("bb")) }
    }
    // "bc" is deleted in its place, and "bb" seems never to have been there.
    let dead = try #require(TwoskipSurgeon.record(withKey: utf8("bb"), in: builder.bytes))
    let layout = try Database(path: try folder.write(builder.bytes { $0[dead.keyRange.lowerBound + 1] ^= 1 })).layout()
    let history = layout.history(of: utf8("bb").rawSpan)
    #expect(history.versions == [])
    #expect(history.doubt != nil)
  }

  @Test func `list 0 that has lost a record leaves a doubt`() throws {
    // By the log d is live, by list 0 it is not: checksums are right.
    let builder = Sample.five
    let bytes = builder.bytes {
      $0.setPointer(1, ofRecordAt: builder.offset(of: "c"), to: builder.offset(of: "e"))
    }
    let layout = try Database(path: try folder.write(bytes)).layout()
    let history = layout.history(of: utf8("d").rawSpan)
    #expect(history.versions.map(\.isCurrent) == [false])
    #expect(history.doubt != nil)
  }
}
