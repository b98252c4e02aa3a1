// From a path to the header of an index, and to what replication compares.

import CyrusMailboxes
import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct IndexReadingTests {
  /// A file with these bytes at a place of its own.
  private func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "cyrus-mailboxes-tests-\(UUID().uuidString).index")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
  }

  @Test func `what is no index, or not there, is an error that names the file`() throws {
    let damaged = try withFile(Array(repeating: 0x41, count: 300)) { path in
      #expect(throws: DatabaseError.self) { try IndexHeader.read(path: path) }
    }
    guard case .damaged(_, let damage) = damaged else {
      Issue.record("\(String(describing: damaged))")
      return
    }
    #expect(damage.rule == "index.version")
    #expect(damage.offset == 8)
    #expect(damage.found == 0x4141_4141)
    let empty = try withFile([]) { path in
      #expect(throws: DatabaseError.self) { try IndexHeader.read(path: path) }
    }
    #expect(empty?.description == "file is shorter than the header of an index at offset 0x0: expected 76, found 0")
    let missing = #expect(throws: DatabaseError.self) { try IndexHeader.read(path: "/nowhere/cyrus.index") }
    #expect(missing?.description == "No such file or directory (open)")
    #expect(missing?.path == "/nowhere/cyrus.index")
    let folder = FileManager.default.temporaryDirectory.path
    #expect(throws: DatabaseError.notRegularFile(path: folder, isDirectory: true)) {
      try IndexHeader.read(path: folder)
    }
  }

  @Test func `a header that is being rewritten all the time is read as one of those that were written`() throws {
    let layout = try #require(IndexFields(version: 17))
    let headers = (0..<2).map { layout.header(["uidvalidity": $0, "lastUid": $0, "createdmodseq": $0]) }
    try withFile(headers[0]) { path in
      let isOver = Atomic(false)
      let failures = Mutex<[String]>([])
      let rounds = Atomic(0)
      DispatchQueue.concurrentPerform(iterations: 2) { thread in
        do {
          if thread == 0 {
            let writer = try #require(FileHandle(forUpdatingAtPath: path))
            while !isOver.load(ordering: .relaxed) {
              let round = rounds.add(1, ordering: .relaxed).newValue
              try writer.seek(toOffset: 0)
              try writer.write(contentsOf: Data(headers[round % 2]))
            }
          } else {
            defer { isOver.store(true, ordering: .relaxed) }
            // Until both have had their turns.
            var reads = 0
            while reads < 3000 || rounds.load(ordering: .relaxed) < 100 {
              let header = try IndexHeader.read(path: path)
              if header.lastUID != header.uidValidity || header.createdModseq != UInt64(header.uidValidity) {
                failures.withLock { $0.append("\(header)") }
              }
              reads += 1
            }
          }
        } catch {
          failures.withLock { $0.append("\(error)") }
          isOver.store(true, ordering: .relaxed)
        }
      }
      #expect(failures.withLock { $0 } == [])
    }
  }

  @Test func `a header costs no more if there are ten million records behind it`() throws {
    let layout = try #require(IndexFields(version: 20))
    let bytes = layout.header(["numRecords": 10_000_000])
    try withFile(bytes) { path in
      // The records are a hole, which takes no room; one byte less, and they are not all there.
      let size = UInt64(bytes.count) + 144 * 10_000_000
      try #require(FileHandle(forUpdatingAtPath: path)).truncate(atOffset: size)
      let start = try FileStart(path: path, count: 192)
      #expect(start.bytes == bytes)
      #expect(start.fileByteCount == size)
      #expect(try IndexHeader.read(path: path).recordCount == 10_000_000)
      try #require(FileHandle(forUpdatingAtPath: path)).truncate(atOffset: size - 1)
      #expect(throws: DatabaseError.self) { try IndexHeader.read(path: path) }
    }
  }

  // MARK: - State

  @Test func `the state has what replication compares, and takes 0 for what a version lacks`() throws {
    let bytes = IndexFixture.all.map(\.bytes)
    let states = try bytes.map { MailboxIndexState(try IndexHeader(of: $0.span.bytes)) }
    let last = MailboxIndexState(
      uidValidity: 1_795_332_739, lastUID: 8, highestModseq: 23, recentUID: 8, recentTime: 1_795_332_989,
      options: .pop3NewUIDL, syncCRC: 4_250_183_473, annotationSyncCRC: 3_593_645_618)
    // From version 13 on nothing that replication compares changes with the version.
    #expect(states.suffix(5).allSatisfy { $0 == last })
    var older = last
    older.annotationSyncCRC = 0
    #expect(states[4] == older)
    older.syncCRC = 0
    older.recentUID = 0
    older.recentTime = 0
    #expect(states[2] == older && states[3] == older)
    older.highestModseq = 0
    #expect(states[0] == older && states[1] == older)
  }

  @Test func `options that are each server's own do not count`() {
    let own: IndexOptions = [.condstore, .needsUnlink, .needsRepack, .deleted]
    var state = MailboxIndexState(uidValidity: 1, lastUID: 2, highestModseq: 3, options: [.sharedSeen])
    #expect(state == MailboxIndexState(uidValidity: 1, lastUID: 2, highestModseq: 3, options: own.union(.sharedSeen)))
    state.options = own.union(.hasAlarms)
    #expect(state.options == .hasAlarms)
    #expect(IndexOptions.syncable.rawValue == 0x1D)
  }

  @Test(arguments: [
    ("", IndexOptions()), ("P", .pop3NewUIDL), ("S", .sharedSeen), ("D", .duplicateDelivery), ("A", .hasAlarms),
    ("PSDA", .syncable),
  ])
  func `options have the letters of the replication protocol`(_ letters: String, _ options: IndexOptions) {
    #expect(options.syncLetters == letters)
    #expect(options.union([.condstore, .deleted]).syncLetters == letters)
    #expect(IndexOptions(syncLetters: letters) == options)
    #expect(IndexOptions(syncLetters: "x" + String(letters.reversed()) + letters) == options)
  }
}
