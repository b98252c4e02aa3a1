// Captures of channels at rest, and of every kind of file that can lie there.

import CyrusDatabase
import Foundation
import Testing

@testable import CyrusSync

@Suite("Reading the logs of a channel")
struct SyncLogReaderTests {
  @Test("Files come in the order in which they are processed, orphans with their processes")
  func order() throws {
    let folder = try TemporaryFolder()
    try folder.write("USER d\n", to: "log")
    try folder.write("USER c\n", to: "log-run")
    try folder.write("USER b\n", to: "log-\(getpid())")
    try folder.write("USER a\n", to: "log-99999999999")
    try folder.write("USER z\n", to: "log-0")
    try folder.write("USER no\n", to: "log-12x")
    try folder.write("USER no\n", to: "log-")
    try folder.write("USER no\n", to: "skipuser-joe")
    for (name, seconds) in [("log-99999999999", 1000.0), ("log-\(getpid())", 2000), ("log-0", 1500)] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: folder.path(name))
    }

    let capture = try SyncLogReader(directory: folder.path).capture()
    #expect(capture.files.map(\.log.label) == ["log-99999999999", "log-0", "log-\(getpid())", "log-run", "log"])
    #expect(capture.files.map(\.modifiedSeconds).prefix(3) == [1000, 1500, 2000])
    #expect(capture.files[0].orphan == SyncLogOrphan(process: nil))
    #expect(capture.files[1].orphan == SyncLogOrphan(process: nil))
    #expect(capture.files[2].orphan?.process == getpid() && capture.files[2].orphan?.isAlive == true)
    #expect(capture.files[3].orphan == nil && capture.files[4].path == folder.path("log"))
    #expect(capture.lines == ["USER a", "USER z", "USER b", "USER c", "USER d"])
    #expect(capture.isSettled && capture.retries == 0 && capture.channel == "" && capture.lineCount == 5)
    #expect(capture.files.map(\.byteCount) == [7, 7, 7, 7, 7])
    #expect(Set(capture.files.map(\.inode)).count == 5)
  }

  @Test("The channels are the folders that hold a log")
  func channels() throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "far/log-run")
    try folder.write("", to: "squatter/log")
    try folder.write("", to: "old/log-17")
    try folder.write("", to: "other/log-x")
    try folder.write("", to: "skipuser-log")
    let reader = SyncLogReader(directory: folder.path)
    #expect(try reader.channels() == ["far", "old", "squatter"])
    try folder.write("", to: "log-run")
    #expect(try reader.channels() == ["", "far", "old", "squatter"])
    #expect(try reader.capture(channel: "far").files.map(\.path) == [folder.path("far/log-run")])
  }

  @Test("The channels of a real server")
  func fixture() throws {
    let folder = SyncLogFixtures.folder.appending(path: "07-channels/log").path
    let reader = SyncLogReader(directory: folder)
    #expect(try reader.channels() == ["", "far", "squatter"])
    #expect(try reader.capture(channel: "far").files.map(\.log.label) == ["log-run", "log"])
  }

  @Test("A channel without logs has none; without a folder it is an error, and so is a name that leads elsewhere")
  func absent() throws {
    let folder = try TemporaryFolder()
    let reader = SyncLogReader(directory: folder.path)
    #expect(try reader.capture().files.isEmpty)
    #expect(try reader.capture().isSettled)
    let error = #expect(throws: SyncLogError.self) { try reader.capture(channel: "none") }
    #expect(error?.path == folder.path("none"))
    for name in ["..", ".", "a/b", "/", "a\0"] {
      #expect(throws: SyncLogError.channelName(name, path: folder.path)) { try reader.capture(channel: name) }
    }
    #expect(throws: SyncLogError.self) { try SyncLogReader(directory: folder.path("none")).channels() }
  }

  @Test("What is not a regular file, or too large, is refused")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let reader = SyncLogReader(directory: folder.path)
    try #require(mkfifo(folder.path("log"), 0o600) == 0)
    let fifo = #expect(throws: SyncLogError.self) { try reader.capture() }
    #expect(fifo == .notRegularFile(path: folder.path("log"), isDirectory: false))
    try folder.remove("log")
    try folder.write("", to: "log/log-run")
    let directory = #expect(throws: SyncLogError.self) { try reader.capture() }
    #expect(directory?.description == "is a directory, not a file")
    try folder.remove("log")
    try folder.write("", to: "log")
    try #require(truncate(folder.path("log"), off_t(SyncLogReader.byteCountMax) + 1) == 0)
    #expect(throws: SyncLogError.tooLarge(path: folder.path("log"), byteCount: 1_073_741_825)) { try reader.capture() }
  }

  @Test("A log that this process has locked is not touched")
  func ownLock() throws {
    let folder = try TemporaryFolder()
    try folder.write("USER a\n", to: "log")
    let descriptor = open(folder.path("log"), O_RDWR)
    defer { close(descriptor) }
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    try #require(fcntl(descriptor, F_SETLK, &lock) == 0)
    let path = folder.path("log")
    #expect(throws: SyncLogError.lockedByThisProcess(path: path)) {
      try SyncLogReader(directory: folder.path).capture()
    }
  }

  @Test("Files that are named one by one are read in that order, each once")
  func paths() throws {
    let folder = try TemporaryFolder()
    try folder.write("USER a\n", to: "one")
    try folder.write("USER b\n", to: "two")
    let paths = ["two", "one", "two"].map { folder.path($0) }
    let capture = try SyncLogReader.capture(paths: paths)
    #expect(capture.files.map(\.log.label) == Array(paths.prefix(2)))
    #expect(capture.channel == nil && capture.isSettled && capture.lines == ["USER b", "USER a"])
    #expect(throws: SyncLogError.self) { try SyncLogReader.capture(paths: [folder.path("three")]) }
  }

  @Test("A torn line is told when it is there twice, unchanged")
  func torn() throws {
    let folder = try TemporaryFolder()
    let reader = SyncLogReader(directory: folder.path)
    try folder.write("USER\nUSER a\nUSE", to: "log")
    let first = try reader.capture()
    #expect(first.tornByteCount == 3)
    #expect(first.diagnostics(since: nil).map(\.diagnostic.problem) == [.wordOnly])
    let second = try reader.capture()
    #expect(second.diagnostics(since: first).map(\.diagnostic.problem) == [.wordOnly, .torn])
    #expect(second.diagnostics(since: first).map(\.label) == ["log", "log"])
    try folder.append("R", to: "log")
    let third = try reader.capture()
    #expect(third.diagnostics(since: second).map(\.diagnostic.problem) == [.wordOnly])
    try folder.rename("log", to: "log-run")
    #expect(try reader.capture().diagnostics(since: third).map(\.diagnostic.problem) == [.wordOnly, .torn])
    try folder.append(" b\n", to: "log-run")
    #expect(try reader.capture().tornByteCount == 0)
  }

  @Test("Nothing is changed by reading")
  func unchanged() throws {
    let folder = try TemporaryFolder()
    try folder.write("USER a\n", to: "log")
    try folder.write("USER b\n", to: "log-run")
    func facts() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
        var facts = stat()
        try #require(stat(folder.path(name), &facts) == 0)
        return "\(name) \(facts.st_ino) \(facts.st_size) \(facts.st_mtim.tv_nsec) \(facts.st_ctim.tv_nsec)"
      }
    }
    let before = try facts()
    _ = try SyncLogReader(directory: folder.path).capture()
    _ = try SyncLogReader(directory: folder.path).channels()
    #expect(try facts() == before)
  }
}

extension SyncLogCapture {
  /// All lines as they are written.
  var lines: [String] {
    files.flatMap { file in file.log.lines.map { String(decoding: file.log.text(of: $0), as: UTF8.self) } }
  }
}
