// What happens around a reader while it reads: changes, signals, locks of its own process.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct DisturbedReadingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func setAge(_ path: String, milliseconds: Int) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let then = now.tv_sec * 1000 + now.tv_nsec / 1_000_000 - milliseconds
    let time = timespec(tv_sec: then / 1000, tv_nsec: then % 1000 * 1_000_000)
    #expect(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
  }

  /// "Unchanged" compares how long the file has been quiet now with how long it had been then. Whoever takes longer than
  /// the file had been quiet does not see a change that lies that long back.
  @Test func `a change is seen however long ago it was: layout, salvage`() throws {
    let builder = Sample.five
    let path = try folder.write(builder.bytes)
    let value = try #require(TwoskipSurgeon.record(withKey: utf8("c"), in: builder.bytes)).valueRange.lowerBound
    setAge(path, milliseconds: 300)
    let database = try Database(path: path)
    let layout = try database.layout(locking: .none)
    let salvage = try database.salvage(locking: .none)
    let writer = try OtherWriter(path)
    usleep(10_000)
    writer.apply(.write(offset: value, bytes: [0xEE]))
    #expect(throws: DatabaseError.changed(path: path)) { try layout.confirm() }
    usleep(400_000)
    // The same change, later.
    #expect(throws: DatabaseError.changed(path: path)) { try layout.confirm() }
    #expect(throws: DatabaseError.changed(path: path)) { try salvage.confirm() }
    #expect(layout.bytes(UInt64(value)..<UInt64(value + 1)).byte(at: 0) == 0xEE)
  }

  /// The same with `auto` and a writer that does what Cyrus does: a transaction that is given up. Header and size are as
  /// they were, the heads were not while they were looked at.
  @Test func `a verification in place is not believed if a transaction was under way meanwhile`() throws {
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { builder in
      for key in ["a", "b", "c", "d"] { builder.set(utf8(key), [UInt8](repeating: 7, count: 17 << 20), level: 2) }
    }
    let path = try folder.write(builder.bytes)
    builder.begin()
    builder.set(utf8("bb"), utf8("v"), level: 2)
    builder.delete(utf8("d"))
    let steps = builder.journal
    builder.abort()
    let all = builder.journal
    let writer = try OtherWriter(path)
    let database = try Database(path: path)
    var calls = 0
    setAge(path, milliseconds: 2100)
    let report = try database.verify { done, total in
      calls += 1
      // A transaction begins while the first pass is going on ...
      if calls == 2 { steps.forEach(writer.apply) }
      // ... and is given up near the end of a check that takes longer than the file had been quiet.
      if calls == 7 {
        all.dropFirst(steps.count).forEach(writer.apply)
        usleep(2_600_000)
      }
    }
    #expect(calls >= 7)
    #expect(try Data(contentsOf: URL(filePath: path)).count == builder.bytes.count)
    #expect(report.verdict == .sound, "\(report.verdict): \(report.findings)")
  }

  /// A SIGBUS that somebody sends is swallowed and takes the guard away.
  @Test func `a SIGBUS that was sent does not take the guard away`() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      // Without the guard a sent SIGBUS ends the process: so it should with it.
      try FaultGuard.install()
      kill(getpid(), SIGBUS)
      // Any thread may have to take it, which on a busy machine has to get its turn first.
      sleep(10)
      exit(0)
    }
    await #expect(processExitsWith: .success) {
      // A host that ignores SIGBUS.
      signal(SIGBUS, SIG_IGN)
      try FaultGuard.install()
      let folder = try TemporaryFolder()
      let path = try folder.write(Fixture.bytes(of: "ts-packed100.db"))
      kill(getpid(), SIGBUS)
      #expect(FaultGuard.isInstalled)
      let snapshot = try Database(path: path).snapshot(locking: .none)
      #expect(truncate(path, 0) == 0)
      let listing = Listing(snapshot)
      #expect(listing.errors.last == .faulted(path: path))
    }
  }

  @Test func `refusing to open does not use up descriptors`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = try folder.write(Sample.three.bytes)
      let writer = try OtherWriter(path)
      #expect(writer.lockForProcess(F_WRLCK))
      let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      for _ in 0..<50 {
        #expect(throws: DatabaseError.lockedByThisProcess(path: path)) { _ = try Database(path: path) }
      }
      let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      // Fifty if each try left one. The process's other threads may have opened some of their own meanwhile.
      #expect(after < before + 10, "\(after - before)")
    }
  }
}
