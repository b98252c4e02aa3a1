// Small files cut to every length.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct TruncationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: SmallFile.all)
  func `a cut file is damaged, and lists what it holds up to the cut`(_ file: SmallFile) {
    for length in 1..<file.committedEnd {
      let cut = Array(file.bytes.prefix(length))
      let walk = Walk(of: cut)
      expectOnlyRight(walk, file, "\(length) bytes")
      expectRightLookups(cut, file, "\(length) bytes")
      for depth in VerificationDepth.allCases {
        let report = report(on: cut, depth)
        #expect(report.verdict == .damaged, "\(length) bytes, \(depth)")
        #expect(report.state == (length < 64 ? .unreadable : .truncated), "\(length) bytes, \(depth)")
        #expect(report.parts.reduce(0) { $0 + $1.byteCount } == UInt64(length), "\(length) bytes, \(depth)")
      }
    }
  }

  @Test(arguments: SmallFile.smallest)
  func `the end of a cut file is the only thing that is wrong with it`(_ file: SmallFile) {
    let expected: Set<String> = Set(
      [.fileSize, .dirty, .dummy, .tiling, .recordFits, .recordType, .list0Entry, .magic].map(\TwoskipRule.name))
    for length in 1..<file.committedEnd {
      let report = report(on: Array(file.bytes.prefix(length)))
      let others = report.findings.filter { !expected.contains($0.rule) && $0.severity != .note }
      // Records that are cut off are missed by what leads to them.
      let links = [TwoskipRule.pointerTarget, .level0Alternate].map(\.name)
      #expect(others.allSatisfy { links.contains($0.rule) }, "\(length) bytes: \(others)")
    }
  }

  @Test func `cut behind its committed end, a dirty file still holds the commit`() {
    let file = SmallFile.dirty
    for length in file.committedEnd..<file.bytes.count {
      let cut = Array(file.bytes.prefix(length))
      let walk = Walk(of: cut)
      #expect(walk.pairs == file.pairs && walk.errors == [], "\(length) bytes")
      let full = report(on: cut)
      #expect(full.verdict == .recoverable, "\(length) bytes: \(full.findings)")
    }
  }

  @Test func `cut to nothing, a file is an empty database`() {
    let walk = Walk(of: [])
    #expect(walk.pairs == [] && walk.errors == [])
    let full = report(on: [])
    #expect(full.verdict == .sound)
    #expect(full.state == .empty)
    #expect(full.engine == nil)
    #expect(full.expectedRecordCount == 0)
    #expect(full.rules.allSatisfy { $0.skipped != nil })
  }

  @Test func `real files that are cut behave as their bytes do`() throws {
    let file = SmallFile.delete
    for length in stride(from: 20, to: file.committedEnd, by: 13) {
      let cut = Array(file.bytes.prefix(length))
      let database = try Database(path: try folder.write(cut))
      #expect(database.engine == .twoskip)
      #expect(try database.verify() == report(on: cut))
      guard length >= 64 else {
        // A header that cannot be trusted: no snapshot.
        #expect(throws: DatabaseError.self) {
          let snapshot = try database.snapshot()
          Issue.record("a snapshot in the state \(snapshot.state)")
        }
        continue
      }
      let snapshot = try database.snapshot()
      #expect(snapshot.state == .truncated)
      let listing = Listing(snapshot)
      #expect(listing.pairs == Walk(of: cut).pairs)
    }
  }
}
