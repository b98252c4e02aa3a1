// A file that is cut while it is mapped: each case in a process of its own, because it may end it.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct FaultGuardTests {
  @Test func `without the guard a file that is cut underneath ends the process`() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      let folder = try TemporaryFolder()
      let path = try folder.write(Fixture.bytes(of: "ts-packed100.db"))
      let snapshot = try Database(path: path).snapshot(locking: .none)
      #expect(truncate(path, 0) == 0)
      _ = Listing(snapshot)
    }
  }

  @Test func `with the guard it is an error`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let bytes = Fixture.bytes(of: "ts-packed100.db")
      try FaultGuard.install()
      #expect(FaultGuard.isInstalled)
      for locking in [Locking.none, .shared] {
        let path = try folder.write(bytes)
        let database = try Database(path: path)
        let snapshot = try database.snapshot(locking: locking)
        let layout = try database.layout(locking: locking)
        // The first page stays.
        #expect(truncate(path, 4096) == 0)
        let listing = Listing(snapshot)
        #expect(listing.errors.last == .faulted(path: path))
        #expect(throws: DatabaseError.faulted(path: path)) { try snapshot.confirm() }
        layout.forEachStructure { _ in true }
        #expect(throws: DatabaseError.faulted(path: path)) { try layout.confirm() }
        // What is there now is read as it is.
        let cut = try database.snapshot(locking: locking)
        #expect(cut.state == .truncated)
        #expect(try database.verify(locking: locking).verdict == .damaged)
      }
    }
  }

  @Test func `a copy needs no guard`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = try folder.write(Fixture.bytes(of: "ts-packed100.db"))
      let snapshot = try Database(path: path).snapshot(locking: .copy)
      #expect(truncate(path, 0) == 0)
      let listing = Listing(snapshot)
      #expect(listing.pairs == Fixture.pairs(of: "ts-packed100.db"))
      #expect(listing.errors == [])
    }
  }

  @Test func `the guard passes on what is not about a mapping of ours`() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      let folder = try TemporaryFolder()
      try FaultGuard.install()
      let path = try folder.write([UInt8](repeating: 1, count: 8192))
      let descriptor = open(path, O_RDONLY)
      let map = mmap(nil, 8192, PROT_READ, MAP_SHARED, descriptor, 0)
      #expect(truncate(path, 0) == 0)
      let byte = map?.load(fromByteOffset: 4096, as: UInt8.self)
      Issue.record("read \(String(describing: byte))")
    }
  }
}
