// Nothing is ever written: each file is after every operation what it was before, in every respect.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct UnchangedTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: Fixture.all)
  func `no operation changes a file`(_ fixture: Fixture) throws {
    let path = try folder.write(try fixture.bytes)
    for isQuiet in [false, true] {
      // Long ago, so that the file counts as quiet and is read in place.
      if isQuiet { setModified(path, secondsAgo: 3600) }
      let before = try facts(path)
      for locking in [Locking.none, .auto, .copy, .shared] {
        try useEverything(path, locking)
        #expect(try facts(path) == before)
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["test.db"])
    #expect(try Array(Data(contentsOf: URL(filePath: path))) == fixture.bytes)
  }

  /// Calls everything that is public; what is damaged may throw.
  private func useEverything(_ path: String, _ locking: Locking) throws {
    let database = try Database(path: path)
    for depth in VerificationDepth.allCases { _ = try database.verify(depth, locking: locking) }
    let layout = try database.layout(locking: locking)
    layout.forEachStructure { _ in true }
    _ = layout.structure(covering: 400)
    _ = layout.references(to: 336)
    _ = layout.history(of: utf8("user.u005").rawSpan)
    try? layout.confirm()
    try? useSnapshot(database, locking)
    _ = try? database.read(locking: locking) { try $0.value(of: utf8("user.u010")) }
  }

  private func useSnapshot(_ database: Database, _ locking: Locking) throws {
    let snapshot = try database.snapshot(locking: locking)
    for key in ["a", "user.u005", "zzz"] { _ = try? snapshot.value(of: utf8(key)) }
    _ = try? snapshot.keyOrder()
    _ = Listing(snapshot.records())
    _ = Listing(snapshot.records(prefix: "user.u01"))
    _ = Listing(snapshot.records(from: utf8("user.u02").rawSpan))
    try snapshot.confirm()
  }

  /// Everything that stat(2) tells but the time of the last reading.
  private struct Facts: Equatable {
    let device: UInt, inode: UInt, mode: UInt32, links: UInt, owner: UInt32, group: UInt32
    let byteCount: Int, blockCount: Int
    let modified: [Int], changed: [Int]
  }

  private func facts(_ path: String) throws -> Facts {
    var status = stat()
    #expect(lstat(path, &status) == 0)
    return Facts(
      device: UInt(status.st_dev), inode: UInt(status.st_ino), mode: status.st_mode, links: UInt(status.st_nlink),
      owner: status.st_uid, group: status.st_gid, byteCount: Int(status.st_size), blockCount: Int(status.st_blocks),
      modified: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec],
      changed: [status.st_ctim.tv_sec, status.st_ctim.tv_nsec])
  }
}

/// Sets when a file was last changed.
func setModified(_ path: String, secondsAgo: Int) {
  var times = [
    timespec(tv_sec: time(nil) - secondsAgo, tv_nsec: 0), timespec(tv_sec: time(nil) - secondsAgo, tv_nsec: 0),
  ]
  #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
}
