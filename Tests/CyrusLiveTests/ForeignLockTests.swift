// Locks of others, and of the process that we live in.

import Foundation
import Testing

@testable import CyrusDatabase

@Suite struct ForeignLockTests {
  private let folder: TemporaryFolder
  private let path: String
  private let sample = Sample(recordCount: 20)

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.file("locked.db", sample.bytes)
  }

  /// Another process with a POSIX lock on the file; it lets go when this value goes, or is told to.
  private final class Holder: Sendable {
    let child: Child

    init(_ kind: String, _ path: String) throws {
      child = try Child(Cyrus.program("locks"), [kind, path])
      guard child.readLine() == "locked" else { throw Child.Failure(description: "not locked") }
    }

    deinit {
      letGo()
      _ = child.wait()
    }

    func letGo() { child.endInput() }
  }

  /// Who holds a POSIX lock on the file, as another process sees it.
  private func holder() throws -> String {
    String(decoding: try Child.run(Cyrus.program("locks"), ["who", path]).dropLast(), as: UTF8.self)
  }

  @Test func `a writer in another process keeps a shared lock from being had, and is named`() throws {
    let database = try Database(path: path)
    let writer = try Holder("write", path)
    let start = ContinuousClock.now
    for locking in [Locking.shared(wait: .milliseconds(50)), .shared(wait: .zero)] {
      #expect(throws: DatabaseError.busy(path: path, process: writer.child.pid)) {
        _ = try database.snapshot(locking: locking).fileByteCount
      }
    }
    #expect(throws: DatabaseError.busy(path: path, process: writer.child.pid)) {
      try database.verify(locking: .copy(wait: .milliseconds(50)))
    }
    #expect(ContinuousClock.now - start < .seconds(5))
    // What needs no lock does not wait for it.
    for locking in [Locking.auto, .copy, .none] {
      let snapshot = try database.snapshot(locking: locking)
      let (listing, process) = (try snapshot.pairs(), snapshot.writer)
      #expect(listing == sample.pairs)
      #expect(process == writer.child.pid)
    }
    let read = try database.read { try $0.pairs() }
    #expect(read == sample.pairs)
  }

  @Test func `a shared lock is had as soon as the writer lets go`() throws {
    let database = try Database(path: path)
    let writer = try Holder("write", path)
    let moments = try onThreads(2) { index in
      if index == 0 {
        usleep(100_000)
        let moment = ContinuousClock.now
        writer.letGo()
        return moment
      }
      _ = try database.snapshot(locking: .shared).fileByteCount
      return ContinuousClock.now
    }
    #expect(moments[1] > moments[0])
    #expect(moments[1] - moments[0] < .seconds(2))
  }

  @Test func `readers do not keep each other out`() throws {
    let reader = try Holder("read", path)
    let database = try Database(path: path)
    let first = try database.snapshot(locking: .shared(wait: .zero))
    let second = try database.snapshot(locking: .shared(wait: .zero))
    let listings = [try first.pairs(), try second.pairs()]
    #expect(listings == [sample.pairs, sample.pairs])
    _ = reader.child.pid
  }

  @Test func `a shared lock keeps writers out as long as the snapshot lives, and no longer`() throws {
    do {
      let snapshot = try Database(path: path).snapshot(locking: .shared)
      // The kernel does not name the holders of such locks.
      #expect(try holder() == "read -1")
      _ = snapshot.fileByteCount
    }
    #expect(try holder() == "none")
  }

  @Test func `a copy that took the lock to be made holds none`() throws {
    // Of a cut file no copy is good without the lock.
    truncate(path, sample.bytes.count / 2)
    let snapshot = try Database(path: path).snapshot(locking: .copy)
    let state = snapshot.state
    #expect(state == .truncated)
    #expect(try KernelLocks(path: path).count == 0)
    #expect(try holder() == "none")
    _ = snapshot.fileByteCount
  }

  @Test func `a read lock of this process is seen and kept beside one of another process that came first`() throws {
    let database = try Database(path: path)
    let other = try Holder("read", path)
    let own = open(path, O_RDWR | O_CLOEXEC)
    defer { close(own) }
    var lock = flock(l_type: Int16(F_RDLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    #expect(fcntl(own, F_SETLK, &lock) == 0)
    #expect(throws: DatabaseError.lockedByThisProcess(path: path)) {
      _ = try database.snapshot(locking: .none).fileByteCount
    }
    other.letGo()
    _ = other.child.wait()
    #expect(try holder() == "read \(getpid())")
  }

  @Test(arguments: [F_WRLCK, F_RDLCK])
  func `a lock that this process holds is seen, told, and kept`(_ kind: Int32) throws {
    let database = try Database(path: path)
    let own = open(path, O_RDWR | O_CLOEXEC)
    defer { close(own) }
    var lock = flock(l_type: Int16(kind), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    #expect(fcntl(own, F_SETLK, &lock) == 0)
    let expected = "\(kind == F_WRLCK ? "write" : "read") \(getpid())"
    #expect(try holder() == expected)

    let error = DatabaseError.lockedByThisProcess(path: path)
    #expect(throws: error) { try Database(path: path) }
    for locking in [Locking.auto, .copy, .shared, .none] {
      #expect(throws: error) { _ = try database.snapshot(locking: locking).fileByteCount }
      #expect(throws: error) { try database.read(locking: locking) { try $0.pairs() } }
      #expect(throws: error) { try database.verify(locking: locking) }
      #expect(throws: error) { _ = try database.layout(locking: locking).fileByteCount }
    }
    #expect(try holder() == expected)

    lock.l_type = Int16(F_UNLCK)
    #expect(fcntl(own, F_SETLK, &lock) == 0)
    let listing = try database.read { try $0.pairs() }
    #expect(listing == sample.pairs)
  }
}
