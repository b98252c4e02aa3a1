// A verification in what a snapshot has mapped says what one says that maps the file itself.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ReusingTests {
  private static func builder(_ seed: UInt64) -> TwoskipBuilder {
    var builder = TwoskipBuilder(seed: seed)
    builder.transaction { file in for index in 0..<40 { file.set(utf8("k\(index)"), utf8("value \(index)")) } }
    builder.transaction { $0.delete(utf8("k7")) }
    return builder
  }

  /// Whether the file was mapped by the snapshot, as a verification would find it; and that the reports are the same.
  @discardableResult
  private func isReused(_ database: Database, _ snapshot: borrowing Snapshot, _ what: String) throws -> Bool {
    for depth in VerificationDepth.allCases {
      for locking in [Locking.none, .auto, .copy, .shared] {
        let own = try database.verify(depth, locking: locking)
        let found = try database.verify(depth, reusing: snapshot, locking: locking, threads: 2)
        #expect(found == own, "\(what), \(depth), \(locking)")
      }
    }
    let whole = try WholeFile(unmapped: database.path)
    return snapshot.isMapping(of: whole)
  }

  @Test func `a file at rest is looked at where it is mapped, with a lock or without`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.builder(1).bytes)
    let database = try Database(path: path)
    for isQuiet in [false, true] {
      if isQuiet {
        let attributes: [FileAttributeKey: Any] = [.modificationDate: Date(timeIntervalSinceNow: -60)]
        try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
      }
      for locking in [Locking.none, .shared] {
        let snapshot = try database.snapshot(locking: locking)
        #expect(try isReused(database, snapshot, "\(locking), quiet: \(isQuiet)"))
      }
      let copy = try database.snapshot(locking: .copy)
      #expect(try !isReused(database, copy, "copy, quiet: \(isQuiet)"))
    }
  }

  @Test func `whatever was written since the snapshot was made is in the report`() throws {
    let folder = try TemporaryFolder()
    var builder = Self.builder(2)
    let path = try folder.write(builder.bytes)
    let database = try Database(path: path)
    let snapshot = try database.snapshot(locking: .none)
    // In place, of the same size: what is mapped is the file.
    var spoiled = builder.bytes
    spoiled[spoiled.count / 2] ^= 1
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: Data(spoiled))
    #expect(try isReused(database, snapshot, "spoiled"))
    let report = try database.verify(reusing: snapshot, locking: .none)
    #expect(!report.isSound)
    // A commit.
    builder.transaction { $0.set(utf8("new"), utf8("value")) }
    try handle.seek(toOffset: 0)
    try handle.write(contentsOf: Data(builder.bytes))
    #expect(try !isReused(database, snapshot, "grown"))
    // A repack.
    builder.repack()
    try FileManager.default.removeItem(atPath: path)
    try folder.write(builder.bytes)
    #expect(try !isReused(database, snapshot, "replaced"))
    #expect(try database.verify(reusing: snapshot, locking: .none).isSound)
  }

  @Test func `a snapshot of another file, or of none, is no help and no harm`() throws {
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.write(Self.builder(3).bytes))
    let same = try Database(path: folder.write(Self.builder(3).bytes, to: "same.db"))
    let empty = try Database(path: folder.write([], to: "empty.db"))
    #expect(try !isReused(database, same.snapshot(locking: .none), "another"))
    #expect(try !isReused(database, empty.snapshot(locking: .none), "empty"))
    #expect(try !isReused(empty, database.snapshot(locking: .none), "of an empty file"))
    // What is behind the committed end is not mapped by a snapshot.
    let longer = try Database(path: folder.write(Self.builder(3).bytes + [1, 2, 3], to: "longer.db"))
    #expect(try !isReused(longer, longer.snapshot(locking: .none), "longer"))
  }
}
