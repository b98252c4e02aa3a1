// Salvaging real files: through the public API, with a file that changes, to a place that changes.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  private func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: folder.path(name)))) }

  @Test func `records come with all that is known about them`() throws {
    var builder = Sample.deleted
    builder.begin()
    builder.set(utf8("x"), utf8("new"))
    let place = builder.offset(of: "a")
    let path = try folder.write(builder.bytes { $0[place + 16] ^= 1 })
    let salvage = try Database(path: path).salvage()
    var records = salvage.records()
    var seen: [String] = []
    while let record = records.next() {
      let key = String(decoding: record.copyOfKey(), as: UTF8.self)
      seen.append("\(key) \(record.offset) \(record.certainty) \(record.source) \(record.isHeadDamaged)")
      #expect(record.copyOfValue() == utf8("v"))
      #expect(record.doubt == nil)
      #expect(record.transaction == 1)
      #expect(record.commit == UInt64(builder.offsets(of: .commit)[0]))
    }
    // The head that could lead there is damaged: c and e are known from the log.
    #expect(
      seen == [
        "a \(place) certain list true", "c \(builder.offset(of: "c")) certain log false",
        "e \(builder.offset(of: "e")) certain log false",
      ])
    #expect(salvage.count(of: .certain) == 3 && salvage.count(of: .uncommitted) == 1)
    #expect(salvage.deletedCount == 2 && salvage.supersededCount == 0)
    #expect(salvage.state == .dirty && salvage.expectedCount == nil)
    #expect(salvage.committedEnd == UInt64(builder.committedEnd) && salvage.endSource == .header)
    let expected = "32 bytes at 0x150: \(DamagedPlace.Kind.recordHead.explanation) (live)"
    #expect(salvage.damage.map(\.description) == [expected])
    var uncommitted = salvage.uncommittedRecords()
    var keys: [[UInt8]] = []
    while let record = uncommitted.next() {
      keys.append(record.copyOfKey())
      #expect(record.certainty == .uncommitted && record.transaction == nil)
    }
    #expect(keys == [utf8("x")])
    try salvage.confirm()
  }

  @Test func `what is not committed is not written, even if asked for`() throws {
    var builder = Sample.three
    builder.begin()
    builder.set(utf8("x"), utf8("new"))
    let salvage = try Salvage(path: try folder.write(builder.bytes))
    let written = try salvage.write(to: folder.path("new.db"), keeping: [.uncommitted])
    #expect(written.recordCount == 0)
    let all = try salvage.write(
      to: folder.path("new.db"), keeping: Set(Certainty.allCases), replacing: true, seed: 3)
    #expect(all.recordCount == 3)
    #expect(Listing(try Database(path: all.path).snapshot()).pairs == Sample.three.committed.map(Pair.init))
  }

  @Test func `of a file that changes meanwhile nothing is written`() throws {
    for change in [0, 1, 2] {
      let path = try folder.write(Sample.three.bytes)
      let salvage = try Salvage(path: path, locking: .none)
      let file = try FileHandle(forUpdating: URL(filePath: path))
      switch change {
      case 0: try file.truncate(atOffset: 500)
      case 1:
        try file.seekToEnd()
        try file.write(contentsOf: [0])
      default:
        try file.seek(toOffset: 56)
        try file.write(contentsOf: [0, 0, 0, 1])
      }
      try file.close()
      #expect(throws: DatabaseError.self) { try salvage.write(to: folder.path("new.db")) }
      #expect(try names() == ["test.db"])
    }
    // A copy does not care.
    let path = try folder.write(Sample.three.bytes)
    let salvage = try Salvage(path: path, locking: .copy)
    try folder.write([])
    #expect(try salvage.write(to: folder.path("new.db")).recordCount == 3)
  }

  @Test func `a writer that is given up leaves nothing, and one at work has no name yet`() throws {
    do {
      var writer = try TwoskipWriter(path: folder.path("new.db"))
      try writer.append(key: utf8("a").rawSpan, value: [UInt8](repeating: 1, count: 3 << 20).rawSpan)
      #expect(try names() == [])
    }
    #expect(try names() == [])
  }

  @Test func `a file that takes the name meanwhile is not replaced`() throws {
    let input = try folder.write(Sample.three.bytes)
    for (isReplacing, isLink, problem) in [(false, false, OutputProblem.exists), (true, true, .isInput)] {
      var writer = try TwoskipWriter(path: folder.path("new.db"), replacing: isReplacing, inputs: [input])
      try writer.append(key: utf8("a").rawSpan, value: RawSpan())
      if isLink {
        #expect(link(input, folder.path("new.db")) == 0)
      } else {
        try folder.write(utf8("precious"), to: "new.db")
      }
      var error: DatabaseError?
      do { _ = try writer.finish() } catch let thrown { error = thrown }
      #expect(error == .output(path: folder.path("new.db"), problem))
      #expect(try bytes("new.db") == (isLink ? Sample.three.bytes : utf8("precious")))
      #expect(try names() == ["new.db", "test.db"])
      #expect(unlink(folder.path("new.db")) == 0)
    }
  }

  @Test func `a folder that goes away meanwhile is an error`() throws {
    let path = folder.path("sub/new.db")
    try FileManager.default.createDirectory(atPath: folder.path("sub"), withIntermediateDirectories: false)
    var writer = try TwoskipWriter(path: path)
    try writer.append(key: utf8("a").rawSpan, value: RawSpan())
    try FileManager.default.removeItem(atPath: folder.path("sub"))
    var error: DatabaseError?
    do { _ = try writer.finish() } catch let thrown { error = thrown }
    // By link(2) where files can be without a name, else by rename(2).
    guard case .system(let failure) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(failure.errno == ENOENT && failure.path == path)
  }

  @Test func `bytes that are no database, or another engine's, are refused`() throws {
    for (bytes, isTwoskip) in [(utf8("hello\n"), false), ([UInt8](repeating: 0, count: 4096), false), ([], true)] {
      let path = try folder.write(bytes)
      if isTwoskip {
        #expect(try Salvage(path: path).isIntact)
      } else {
        #expect(throws: DatabaseError.notDatabase(path: path, hint: "")) { try Salvage(path: path).isIntact }
      }
    }
    let skiplist = Fixture.folder.appending(path: "skiplist/sl-one.db").path
    #expect(throws: DatabaseError.unsupportedEngine(path: skiplist, engine: .skiplist)) {
      try Salvage(path: skiplist).isIntact
    }
    #expect(throws: DatabaseError.self) { try Salvage(path: folder.path("none")).isIntact }
  }
}
