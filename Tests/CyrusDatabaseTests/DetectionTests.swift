// Which engine a file belongs to, and what cannot be opened at all.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

/// A file of Tests/Fixtures with the engine that wrote it.
struct EngineSample: CustomTestStringConvertible, Sendable {
  let path: String
  let engine: Engine
  let isCut: Bool

  var testDescription: String { path }

  /// Every file of the folders that are named after engines; README.md there lists what is unusual.
  static let all: [EngineSample] = Engine.allCases.flatMap { engine in
    let folder = engine == .berkeleyHash ? "berkeley" : engine.rawValue
    let files = (try? FileManager.default.contentsOfDirectory(atPath: Fixture.folder.path + "/" + folder)) ?? []
    return files.sorted().filter { file in
      ["db", "sub"].contains(URL(filePath: file).pathExtension) && file != "ts-zero-length.db"
        && (folder != "berkeley" || file.hasPrefix("bdb-hash") == (engine == .berkeleyHash))
    }.map { file in
      EngineSample(
        path: folder + "/" + file, engine: engine, isCut: ["ts-short.db", "sl-header-only.db"].contains(file))
    }
  }

  var fullPath: String { Fixture.folder.path + "/" + path }
}

@Suite struct DetectionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `there are samples of every engine but LMDB`() {
    #expect(Set(EngineSample.all.map(\.engine)) == Set(Engine.allCases).subtracting([.lmdb]))
    #expect(EngineSample.all.count > 50)
  }

  @Test(arguments: EngineSample.all)
  func `a file is detected as that of the engine that wrote it`(_ sample: EngineSample) throws {
    let database = try Database(path: sample.fullPath)
    #expect(database.engine == sample.engine)
    #expect(database.path == sample.fullPath)
    #expect(detect(try Data(contentsOf: URL(filePath: sample.fullPath))) == .engine(sample.engine, isCut: sample.isCut))
  }

  private func detect(_ bytes: some Sequence<UInt8>) -> Detection {
    let bytes = Array(bytes)
    return Detection(Array(bytes.prefix(Detection.byteCount)).rawSpan, fileByteCount: UInt64(bytes.count))
  }

  @Test(arguments: EngineSample.all.filter { $0.engine != .twoskip })
  func `an engine that is not read is named`(_ sample: EngineSample) throws {
    let database = try Database(path: sample.fullPath)
    let expected = DatabaseError.unsupportedEngine(path: sample.fullPath, engine: sample.engine)
    expect(expected) { _ = try database.snapshot().state }
    expect(expected) { _ = try database.verify() }
    expect(expected) { _ = try database.layout().state }
    expect(expected) { try database.read { _ in } }
    #expect(expected.description.contains(sample.engine.rawValue))
  }

  private func expect(
    _ expected: DatabaseError, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    let error = #expect(throws: DatabaseError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error == expected, sourceLocation: sourceLocation)
  }

  @Test func `a magic decides, whatever follows it`() {
    let marks: [(Engine, Int, [UInt8], Int)] = [
      (.twoskip, 0, [0xA1, 0x02, 0x8B, 0x0D] + utf8("twoskip file\0\0\0\0"), 336),
      (.skiplist, 0, [0xA1, 0x02, 0x8B, 0x0D] + utf8("skiplist file\0\0\0"), 144),
      (.twom, 0, [0xA1, 0x02, 0x8B, 0x0D] + utf8("twomfile\0\0\0\0"), 368),
      (.sql, 0, utf8("SQLite format 3\0"), 512),
      (.berkeley, 12, [0x62, 0x31, 0x05, 0x00], 512),
      (.berkeley, 12, [0x00, 0x05, 0x31, 0x62], 512),
      (.berkeleyHash, 12, [0x61, 0x15, 0x06, 0x00], 512),
      (.berkeleyHash, 12, [0x00, 0x06, 0x15, 0x61], 512),
      (.lmdb, 16, [0xDE, 0xC0, 0xEF, 0xBE], 8192),
    ]
    for (engine, offset, mark, smallest) in marks {
      let start = [UInt8](repeating: 1, count: offset) + mark
      #expect(detect(start) == .engine(engine, isCut: true))
      for filler: UInt8 in [0, 0x0A, 0x61] {
        let whole = start + [UInt8](repeating: filler, count: smallest - start.count)
        #expect(detect(whole) == .engine(engine, isCut: false))
        #expect(detect(whole.dropLast()) == .engine(engine, isCut: true))
      }
      // One bit of the mark.
      var spoiled = start + [UInt8](repeating: 0, count: smallest)
      spoiled[offset] ^= 1
      if case .engine = detect(spoiled) { Issue.record("\(engine)") }
    }
  }

  @Test func `a file that ends within a magic is told as such`() {
    let marks = ["twoskip file", "skiplist file", "twomfile"].map { [0xA1, 0x02, 0x8B, 0x0D] + utf8($0) }
    for (mark, name) in zip(marks, ["twoskip", "skiplist", "twom"]) {
      for length in 1..<mark.count {
        guard case .unknown(let hint) = detect(mark.prefix(length)) else {
          Issue.record("\(length) bytes of \(name)")
          continue
        }
        #expect(hint.contains(name), "\(length) bytes: \(hint)")
        #expect(hint.contains("\(length) bytes"), "\(hint)")
        // Four bytes are common to all three, seven to two of them.
        #expect(
          hint.contains("twom") == (length <= 4 || name == "twom" || (length <= 7 && name == "twoskip")), "\(hint)")
      }
    }
  }

  @Test(
    arguments: [
      ("high bits cut off", [0x21, 0x02, 0x0B, 0x0D]), ("CR made LF", [0xA1, 0x02, 0x8B, 0x0A]),
      ("CR dropped", [0xA1, 0x02, 0x8B]),
    ] as [(String, [UInt8])])
  func `a file damaged in transfer is told from one of no database`(_ what: String, _ start: [UInt8]) throws {
    let path = try folder.write(start + utf8("twoskip file\0\0\0\0") + [UInt8](repeating: 0, count: 400))
    let error = #expect(throws: DatabaseError.self) { try Database(path: path) }
    guard case .notDatabase(path, let hint) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(hint.contains("damaged in transfer"))
    #expect(error?.description.contains(hint) == true)
  }

  /// What a file of text holds, with its control characters escaped in the test's name.
  struct Content: CustomTestStringConvertible, ExpressibleByStringLiteral, Sendable {
    let bytes: [UInt8]

    init(stringLiteral text: String) { bytes = utf8(text) }

    var testDescription: String { String(decoding: bytes, as: UTF8.self).debugDescription }
  }

  @Test(
    arguments: [
      "text", "text\n", "two\nlines\n", "\tno key\n", "\t", "NUL \0 and\tTAB\n", "\u{7F}ELF\u{2}\u{1}\u{1}\0\0\0",
      "#!/bin/sh\n\texit 0\n", "text with\ta TAB\nin one\nof three lines\n",
    ] as [Content])
  func `other files are no database`(_ content: Content) throws {
    let path = try folder.write(content.bytes)
    expect(.notDatabase(path: path, hint: "")) { _ = try Database(path: path) }
  }

  @Test(arguments: ["a\tb\n", "key\tvalue\nother\t\n", "a\tb", "a\tb\ncut", "a\tb\nc\td\nno tab\n"] as [Content])
  func `lines of key, TAB, value look like flat`(_ content: Content) throws {
    #expect(try Database(path: try folder.write(content.bytes)).engine == .flat)
  }

  @Test func `a file of no bytes is an empty database of any engine`() throws {
    let database = try Database(path: try folder.write([]))
    #expect(database.engine == nil)
    let snapshot = try database.snapshot()
    #expect(snapshot.state == .empty)
    #expect(snapshot.header == nil)
    #expect(snapshot.expectedCount == 0)
    #expect(Listing(snapshot).pairs == [])
    #expect(try snapshot.value(of: utf8("key")) == nil)
    #expect(try database.verify().verdict == .sound)
    #expect(try database.layout().state == .empty)
  }

  @Test func `an interrupted creation is an empty database that is damaged`() throws {
    let database = try Database(path: Fixture.path(of: "ts-zero-header.db"))
    #expect(database.engine == .twoskip)
    let snapshot = try database.snapshot()
    #expect(snapshot.state == .interruptedCreation)
    #expect(snapshot.expectedCount == 0)
    #expect(Listing(snapshot).pairs == [])
    #expect(try database.verify().verdict == .damaged)
  }

  @Test func `a database whose header was overwritten with zeros is damaged, not empty`() throws {
    var bytes = Fixture.bytes(of: "ts-two.db")
    bytes.replaceSubrange(0..<64, with: repeatElement(0, count: 64))
    let database = try Database(path: try folder.write(bytes))
    #expect(database.engine == .twoskip)
    let error = #expect(throws: DatabaseError.self) { _ = try database.snapshot().state }
    guard case .damaged(_, let damage) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(damage.rule == TwoskipRule.magic.name)
    let report = try database.verify()
    #expect(report.verdict == .damaged)
    #expect(report.state == .unreadable)
    #expect(try database.layout().state == .unreadable)
    #expect(try database.layout().history(of: utf8("keyone").rawSpan).doubt != nil)
  }

  @Test func `what is no regular file is refused, and a fifo does not block`() throws {
    let fifo = folder.path("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    expect(.notRegularFile(path: fifo, isDirectory: false)) { _ = try Database(path: fifo) }
    expect(.notRegularFile(path: folder.path, isDirectory: true)) { _ = try Database(path: folder.path) }
    expect(.notRegularFile(path: "/dev/zero", isDirectory: false)) { _ = try Database(path: "/dev/zero") }
    let link = folder.path("link to a folder")
    #expect(symlink(folder.path, link) == 0)
    expect(.notRegularFile(path: link, isDirectory: true)) { _ = try Database(path: link) }
  }

  @Test func `the system's reasons are passed on`() throws {
    expect(path: folder.path("missing"), ENOENT)
    expect(path: "", ENOENT)
    expect(path: folder.path("a\0b"), ENOENT)
    expect(path: try folder.write([1], to: "file") + "/below", ENOTDIR)
    expect(path: folder.path(String(repeating: "n", count: 300)), ENAMETOOLONG)
    let loop = folder.path("loop")
    #expect(symlink(loop, loop) == 0)
    expect(path: loop, ELOOP)
    let dangling = folder.path("dangling")
    #expect(symlink(folder.path("missing"), dangling) == 0)
    expect(path: dangling, ENOENT)
  }

  @Test(.enabled(if: getuid() != 0, "root may read everything"))
  func `a file that may not be read is named with the system's reason`() throws {
    let path = try folder.write(Sample.three.bytes)
    #expect(chmod(path, 0) == 0)
    expect(path: path, EACCES)
  }

  private func expect(path: String, _ errno: Int32, sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: DatabaseError.self, sourceLocation: sourceLocation) { try Database(path: path) }
    guard case .system(let failure) = error else {
      Issue.record("\(String(describing: error))", sourceLocation: sourceLocation)
      return
    }
    #expect(failure.errno == errno, sourceLocation: sourceLocation)
    #expect(failure.call == "open", sourceLocation: sourceLocation)
    #expect(failure.path == path, sourceLocation: sourceLocation)
    #expect(error?.path == path, sourceLocation: sourceLocation)
    #expect(error?.description == "\(String(cString: strerror(errno))) (open)", sourceLocation: sourceLocation)
  }

  @Test func `a file that vanishes after it was recognised is a system error`() throws {
    let path = try folder.write(Sample.three.bytes)
    let database = try Database(path: path)
    unlink(path)
    for locking in [Locking.none, .auto, .copy, .shared] {
      let error = #expect(throws: DatabaseError.self) { _ = try database.snapshot(locking: locking).state }
      guard case .system(let failure) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(failure.errno == ENOENT)
    }
  }

  @Test func `a symbolic link leads to the database`() throws {
    try folder.write(Sample.three.bytes, to: "real.db")
    let link = folder.path("link.db")
    #expect(symlink("real.db", link) == 0)
    let database = try Database(path: link)
    #expect(database.engine == .twoskip)
    for locking in [Locking.none, .auto, .copy, .shared] {
      #expect(Listing(try database.snapshot(locking: locking)).pairs == Sample.three.committed.map(Pair.init))
    }
    #expect(try database.verify().verdict == .sound)
  }
}
