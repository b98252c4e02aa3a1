// What is not a file, or not a whole one, or more than one: each ends in its error, and none holds a reader.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.timeLimit(.minutes(30))) struct BoundsTests {
  private let folder: TemporaryFolder
  private let sample = Sample(recordCount: 50)

  init() throws { folder = try TemporaryFolder() }

  @Test func `what is not a regular file is refused at once, and never opened`() throws {
    let fifo = folder.file("fifo")
    #expect(mkfifo(fifo, 0o600) == 0)
    let socket = folder.file("socket")
    let own = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(own) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8.prefix($0.count - 1)) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(own, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    for path in [fifo, socket, "/dev/zero", "/dev/null"] {
      #expect(throws: DatabaseError.notRegularFile(path: path, isDirectory: false)) { try Database(path: path) }
    }
    #expect(throws: DatabaseError.notRegularFile(path: folder.path, isDirectory: true)) {
      try Database(path: folder.path)
    }
  }

  @Test func `a file that becomes a fifo after it was recognised does not hold a reader`() throws {
    let path = try folder.file("turned.db", sample.bytes)
    let database = try Database(path: path)
    unlink(path)
    #expect(mkfifo(path, 0o600) == 0)
    for locking in [Locking.auto, .copy, .shared, .none] {
      #expect(throws: DatabaseError.notRegularFile(path: path, isDirectory: false)) {
        _ = try database.snapshot(locking: locking).fileByteCount
      }
    }
  }

  @Test func `the system's reasons are passed on`() throws {
    let loop = folder.file("loop")
    symlink(loop, loop)
    let dangling = folder.file("dangling")
    symlink(folder.file("nothing"), dangling)
    let file = try folder.file("file.db", sample.bytes)
    let reasons: [(String, Int32)] = [
      (loop, ELOOP), (dangling, ENOENT), (folder.file("nothing"), ENOENT), ("", ENOENT), (file + "\0", ENOENT),
      (file + "/below", ENOTDIR), (folder.file(String(repeating: "x", count: 300)), ENAMETOOLONG),
    ]
    for (path, reason) in reasons {
      let error = #expect(throws: DatabaseError.self) { try Database(path: path) }
      guard case .system(let failure) = error else {
        Issue.record("\(path.prefix(80)): \(String(describing: error))")
        continue
      }
      #expect(failure.errno == reason, "\(path.prefix(80))")
    }
  }

  @Test func `a symbolic link is followed`() throws {
    let link = folder.file("link.db")
    symlink(try folder.file("file.db", sample.bytes), link)
    let listing = try Database(path: link).read { try $0.pairs() }
    #expect(listing == sample.pairs)
  }

  @Test func `a file that may not be read is an error of the system`() async throws {
    let path = try folder.file("secret.db", sample.bytes)
    chmod(path, 0)
    await #expect(processExitsWith: .success) { [path = path as String] in
      // For root nothing is secret.
      if geteuid() == 0 { seteuid(65534) }
      let error = #expect(throws: DatabaseError.self) { try Database(path: path) }
      guard case .system(let failure) = error, failure.errno == EACCES else { exit(1) }
    }
  }

  @Test(arguments: [Locking.auto, .copy, .shared, .none])
  func `a file without a byte is an empty database`(_ locking: Locking) throws {
    let database = try Database(path: try folder.file("empty.db", []))
    #expect(database.engine == nil)
    let snapshot = try database.snapshot(locking: locking)
    let (listing, state, count) = (try snapshot.pairs(), snapshot.state, snapshot.expectedCount)
    let value = try snapshot.value(for: [1])
    #expect(listing == [])
    #expect(value == nil)
    #expect(state == .empty)
    #expect(count == 0)
    #expect(try database.verify(locking: locking).verdict == .sound)
  }

  @Test(.enabled(if: ReadOnlyMount.isPossible, "mounting takes root, and leave to mount"))
  func `a file on a read-only file system is read in every way`() throws {
    let mount = try ReadOnlyMount(holding: sample.bytes)
    let database = try Database(path: mount.path)
    for locking in [Locking.auto, .copy, .shared, .none] {
      let listing = try database.read(locking: locking) { try $0.pairs() }
      #expect(listing == sample.pairs, "\(locking)")
      #expect(try database.verify(locking: locking).verdict == .sound)
    }
  }

  @Test(arguments: [Locking.auto, .copy, .shared, .none])
  func `five gigabytes of nothing behind the committed end cost nothing`(_ locking: Locking) throws {
    let path = try folder.file("long.db", sample.bytes)
    let size = 5 << 30
    #expect(truncate(path, size) == 0)
    let start = ContinuousClock.now
    let snapshot = try Database(path: path).snapshot(locking: locking)
    let (listing, state, byteCount) = (try snapshot.pairs(), snapshot.state, snapshot.fileByteCount)
    #expect(listing == sample.pairs)
    #expect(state == .longer)
    #expect(byteCount == UInt64(size))
    #expect(ContinuousClock.now - start < .seconds(2))
  }
}

/// A small file system of its own that cannot be written, with one file.
private final class ReadOnlyMount {
  static let isPossible = geteuid() == 0 && (try? ReadOnlyMount(holding: [])) != nil

  private let folder: TemporaryFolder
  var path: String { folder.file("mount/file.db") }

  init(holding bytes: [UInt8]) throws {
    folder = try TemporaryFolder()
    let point = folder.file("mount")
    try FileManager.default.createDirectory(atPath: point, withIntermediateDirectories: true)
    guard mount("none", point, "tmpfs", 0, "size=1m") == 0 else { throw Child.Failure(description: "mount") }
    _ = try folder.file("mount/file.db", bytes)
    guard mount("none", point, nil, UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else {
      umount(point)
      throw Child.Failure(description: "remount")
    }
  }

  deinit { umount(folder.file("mount")) }
}
