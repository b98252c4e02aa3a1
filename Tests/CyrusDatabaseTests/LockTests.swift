// Locks: what waits for whom, for how long, and what is left behind.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct LockTests {
  private let folder: TemporaryFolder
  private let path: String
  private let database: Database
  private let pairs = Sample.three.committed.map(Pair.init)

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.write(Sample.three.bytes)
    database = try Database(path: path)
  }

  @Test func `a shared snapshot waits for a writer as long as it was told to, and no longer`() throws {
    let writer = try OtherWriter(path)
    #expect(writer.lock(F_WRLCK))
    for milliseconds in [0, 60] {
      let start = ContinuousClock.now
      let error = #expect(throws: DatabaseError.self) {
        _ = try database.snapshot(locking: .shared(wait: .milliseconds(milliseconds))).state
      }
      // Milliseconds are counted whole, so the wait can be a part of one shorter.
      #expect(ContinuousClock.now - start > .milliseconds(milliseconds - 1))
      // A lock of an open file description has no process that could be named.
      #expect(error == .busy(path: path, process: -1))
      #expect(error?.description == "locked by a writer")
    }
    let error = #expect(throws: DatabaseError.self) { try database.verify(locking: .shared(wait: .seconds(-3))) }
    #expect(error == .busy(path: path, process: -1))
  }

  @Test func `a shared snapshot gets its lock when the writer is done`() throws {
    let writer = try OtherWriter(path)
    #expect(writer.lock(F_WRLCK))
    // A thread, not a task: this one blocks, and all that tasks have may be blocked by tests.
    Thread.detachNewThread {
      usleep(40_000)
      writer.lock(F_UNLCK)
    }
    let snapshot = try database.snapshot(locking: .shared(wait: .seconds(20)))
    #expect(Listing(snapshot).pairs == pairs)
    #expect(snapshot.writer == nil)
    #expect(snapshot.isProven == true)
  }

  @Test func `a writer in the middle of its work delays nobody who needs no lock, and is reported`() throws {
    let writer = try OtherWriter(path)
    #expect(writer.lock(F_WRLCK))
    for locking in [Locking.none, .auto(wait: .zero), .copy(wait: .zero)] {
      let snapshot = try database.snapshot(locking: locking)
      #expect(snapshot.writer == -1)
      #expect(snapshot.isProven == (locking != .none))
      #expect(Listing(snapshot).pairs == pairs)
    }
    #expect(try database.read(locking: .auto(wait: .zero)) { try $0.value(of: utf8("b")) } == utf8("v"))
  }

  @Test func `a shared snapshot keeps writers off, other readers not, and ends with its life`() throws {
    let writer = try OtherWriter(path)
    do {
      let snapshot = try database.snapshot(locking: .shared)
      #expect(!writer.lock(F_WRLCK))
      #expect(writer.lock(F_RDLCK))
      writer.lock(F_UNLCK)
      let second = try database.snapshot(locking: .shared)
      #expect(Listing(second).pairs == Listing(snapshot).pairs)
      // In its middle as well.
      var cursor = snapshot.records()
      if let record = try cursor.next() { #expect(record.offset == 336) }
      #expect(!writer.lock(F_WRLCK))
    }
    #expect(writer.lock(F_WRLCK))
  }

  @Test func `closing other descriptors of the file drops no lock`() throws {
    let writer = try OtherWriter(path)
    do {
      let snapshot = try database.snapshot(locking: .shared)
      for _ in 0..<3 {
        _ = try OtherWriter(path)
        _ = try Database(path: path)
        _ = try database.snapshot(locking: .none).state
        _ = try database.verify(locking: .copy)
        #expect(!writer.lock(F_WRLCK))
        #expect(writer.obstacle().type == F_RDLCK)
      }
      #expect(snapshot.state == .clean)
    }
    #expect(writer.obstacle().type == F_UNLCK)
  }

  @Test func `nothing but a shared snapshot leaves a lock behind`() throws {
    let writer = try OtherWriter(path)
    for locking in [Locking.none, .auto, .copy] {
      let snapshot = try database.snapshot(locking: locking)
      let layout = try database.layout(locking: locking)
      #expect(writer.obstacle().type == F_UNLCK, "\(locking)")
      #expect(snapshot.state == layout.state)
    }
    _ = try database.verify(locking: .shared)
    #expect(writer.obstacle().type == F_UNLCK)
    let layout = try database.layout(locking: .shared)
    #expect(writer.obstacle().type == F_RDLCK)
    #expect(layout.state == .clean)
  }

  @Test func `a lock that this very process holds through other code is not dropped`() throws {
    // Opened before, never closed: a close would drop the lock of the process.
    let observer = try OtherWriter(path)
    let host = try OtherWriter(path)
    #expect(host.lockForProcess(F_WRLCK))
    for locking in [Locking.none, .auto, .copy, .shared] {
      let error = #expect(throws: DatabaseError.self) { _ = try database.snapshot(locking: locking).state }
      #expect(error == .lockedByThisProcess(path: path))
      #expect(throws: DatabaseError.self) { try database.verify(locking: locking) }
      #expect(throws: DatabaseError.self) { _ = try database.layout(locking: locking).state }
    }
    #expect(throws: DatabaseError.self) { try Database(path: path) }
    let obstacle = observer.obstacle()
    #expect(obstacle.type == F_WRLCK)
    #expect(obstacle.process == getpid())
    host.lockForProcess(F_UNLCK)
    #expect(Listing(try database.snapshot()).pairs == pairs)
  }

  @Test func `another process that writes is named`() async throws {
    let host = try OtherWriter(path)
    #expect(host.lockForProcess(F_WRLCK))
    // The other process, to whom this one is the writer.
    await #expect(processExitsWith: .success) { [path = path as String, process = getpid() as Int32] in
      let database = try Database(path: path)
      let error = #expect(throws: DatabaseError.self) {
        _ = try database.snapshot(locking: .shared(wait: .zero)).state
      }
      #expect(error == .busy(path: path, process: process))
      #expect(error?.description == "locked by a writer (process \(process))")
      let snapshot = try database.snapshot(locking: .none)
      #expect(snapshot.writer == process)
    }
    host.lockForProcess(F_UNLCK)
  }

  @Test func `a file that is replaced while its lock is waited for is opened anew`() throws {
    let writer = try OtherWriter(path)
    #expect(writer.lock(F_WRLCK))
    var builder = Sample.three
    builder.transaction { $0.set(utf8("d"), utf8("new")) }
    builder.repack()
    let replacement = try folder.write(builder.bytes, to: "test.db.NEW")
    Thread.detachNewThread { [path] in
      usleep(40_000)
      _ = rename(replacement, path)
      writer.lock(F_UNLCK)
    }
    let snapshot = try database.snapshot(locking: .shared(wait: .seconds(20)))
    #expect(Listing(snapshot).pairs == builder.committed.map(Pair.init))
    #expect(snapshot.header?.generation == 2)
  }
}
