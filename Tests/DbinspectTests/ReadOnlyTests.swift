// The first law: an input is the same afterwards, bit for bit.

import Foundation
import Testing

@Suite struct ReadOnlyTests {
  @Test(arguments: Fixture.all)
  func `no command changes a byte or a time of its file, or leaves another file`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let folder = (copy.path as NSString).deletingLastPathComponent
    // A time in the past, so that a write within the same tick would show.
    var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 5), timespec(tv_sec: 1_000_000_000, tv_nsec: 5)]
    #expect(utimensat(AT_FDCWD, copy.path, &times, 0) == 0)
    let before = try Facts(copy.path)
    let commands = [
      [copy.path], ["info", copy.path, "--scan"], ["show", copy.path], ["show", copy.path, "--locking", "copy"],
      ["get", copy.path, "key", "--locking", "shared"], ["verify", copy.path], ["verify", copy.path, "--quick"],
      ["check", copy.path],
      ["dump", copy.path], ["explain", copy.path, "70"], ["history", copy.path, "key"],
      ["mailboxes", copy.path, "--all"], ["mailboxes", copy.path, "--user", "joe"], ["inventory", copy.path],
    ]
    for command in commands {
      _ = try Tool.run(command)
      #expect(try Facts(copy.path) == before, "\(command)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [fixture.file])
  }

  /// What must stay as it is.
  private struct Facts: Equatable {
    let bytes: Data
    let modifiedSeconds: Int
    let modifiedNanoseconds: Int
    let inode: UInt64
    let mode: UInt32

    init(_ path: String) throws {
      bytes = try Data(contentsOf: URL(filePath: path))
      var status = stat()
      #expect(stat(path, &status) == 0)
      modifiedSeconds = status.st_mtim.tv_sec
      modifiedNanoseconds = status.st_mtim.tv_nsec
      inode = UInt64(status.st_ino)
      mode = status.st_mode
    }
  }
}
