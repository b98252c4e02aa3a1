// Every rule of the verifier broken at least once.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct RuleTests {
  @Test func `every rule has a file that breaks it`() {
    #expect(Set(BrokenFile.all.map(\.rule)) == Set(TwoskipRule.allCases))
    for rule in TwoskipRule.allCases {
      // Of what a rule can find the worst is in the table: what the rule's own severity says.
      let severities = BrokenFile.all.flatMap(\.findings).filter { $0.rule == rule.name }.map(\.severity)
      #expect(severities.contains(rule.severity), "\(rule.name)")
    }
  }

  @Test(arguments: [Sample.three, Sample.five, Sample.replaced, Sample.deleted, Sample.blanks].map(\.bytes))
  func `the files are sound before they are broken`(_ bytes: [UInt8]) {
    let full = report(on: bytes)
    #expect(Known.all(in: full) == [])
    #expect(full.verdict == .sound)
    #expect(full.rules.filter { $0.skipped != nil }.map(\.rule) == [])
  }

  @Test(arguments: BrokenFile.all)
  func `a broken rule is found where it is broken, and no other`(_ file: BrokenFile) {
    let full = report(on: file.bytes)
    #expect(Known.all(in: full) == file.findings, "\(full.findings)")
    #expect(file.findings.contains { $0.rule == file.rule.name } || file.findings.allSatisfy { $0.severity == .note })
    #expect(full.parts.reduce(0) { $0 + $1.byteCount } == full.fileByteCount)
    #expect(full.unlistedFindingCount == 0)
    let counted = full.rules.reduce(0) { $0 + $1.findingCount }
    #expect(counted == UInt64(full.findings.count))
  }

  @Test(arguments: BrokenFile.all.map(\.bytes) + Fixture.all.map { Fixture.bytes(of: $0.file) })
  func `a finding never expects what it found`(_ bytes: [UInt8]) {
    for depth in VerificationDepth.allCases {
      for finding in report(on: bytes, depth).findings where finding.expected != nil {
        #expect(finding.expected != finding.found, "\(finding)")
      }
    }
  }

  @Test(arguments: BrokenFile.all)
  func `the verdict follows from the findings and the state`(_ file: BrokenFile) {
    let full = report(on: file.bytes)
    if file.findings.contains(where: { $0.severity == .damage }) {
      #expect(full.verdict == .damaged)
    } else {
      let isAtRest = !file.findings.contains { [TwoskipRule.dirty.name, TwoskipRule.fileSize.name].contains($0.rule) }
      #expect(full.verdict == (isAtRest ? .sound : .recoverable))
    }
  }

  @Test(arguments: BrokenFile.all)
  func `a quick check finds nothing that a full one does not`(_ file: BrokenFile) {
    let quick = report(on: file.bytes, .quick)
    let full = report(on: file.bytes)
    #expect(quick.parts.reduce(0) { $0 + $1.byteCount } == quick.fileByteCount)
    if quick.findings.contains(where: { $0.severity == .damage }) { #expect(full.verdict == .damaged) }
    if full.verdict != .damaged { #expect(quick.verdict == full.verdict) }
    #expect(quick.state == full.state)
  }

  @Test func `a record that forged pointers meet again and again is not counted beyond the file`() {
    // List 1 leads from each record to the next, list 0 from each back to the first, which has the greatest head.
    let count = 40
    var file = AssembledFile(dummy: [0, 336, 336] + [UInt64](repeating: 0, count: 29))
    let firstEnd = 336 + TwoskipEncoding.headLength(level: 31, keyLength: 3, valueLength: 0) + 8
    file.append(
      .record, level: 31, key: "k00", pointers: [0, 336, UInt64(firstEnd)] + [UInt64](repeating: 0, count: 29))
    for number in 1..<count {
      let next = number + 1 < count ? UInt64(file.bytes.count + 48) : 0
      file.append(.record, level: 2, key: number < 10 ? "k0\(number)" : "k\(number)", pointers: [0, 336, next])
    }
    file.commit(from: 336, recordCount: count)
    for depth in VerificationDepth.allCases {
      let report = report(on: file.bytes, depth)
      #expect(report.parts.reduce(0) { $0 + $1.byteCount } == report.fileByteCount, "\(report.parts)")
      #expect(report.recordCount == UInt64(count))
      #expect(report.findings.contains { $0.rule == TwoskipRule.list0Cycle.name })
    }
  }

  @Test func `the progress of a long check goes up to what there is to do`() throws {
    let folder = try TemporaryFolder()
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { builder in
      for key in ["a", "b", "c"] { builder.set(utf8(key), [UInt8](repeating: 1, count: 9 << 20)) }
    }
    let database = try Database(path: try folder.write(builder.bytes))
    var steps: [(done: UInt64, total: UInt64)] = []
    let report = try database.verify { steps.append(($0, $1)) }
    #expect(report.verdict == .sound)
    #expect(!steps.isEmpty)
    #expect(steps.allSatisfy { $0.done <= $0.total })
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.done < $1.done && $0.total == $1.total })
    // By several threads the first part can be nearly all of it.
    let uneven = BulkTwoskipFile(seed: 1).bytes(of: [
      TwoskipPair(utf8("a"), [UInt8](repeating: 1, count: 60 << 20)), TwoskipPair(utf8("b"), utf8("b")),
      TwoskipPair(utf8("c"), utf8("c")), TwoskipPair(utf8("d"), utf8("d")),
    ])
    let path = try folder.write(uneven)
    for threads in [2, 3, 4, 8] {
      for depth in [VerificationDepth.full, .quick] {
        var told: [(done: UInt64, total: UInt64)] = []
        _ = try Database(path: path).verify(depth, threads: threads) { told.append(($0, $1)) }
        #expect(told.allSatisfy { $0.done <= $0.total }, "\(threads) threads: \(told)")
        #expect(zip(told, told.dropFirst()).allSatisfy { $0.done < $1.done && $0.total == $1.total })
      }
    }
    var isCalled = false
    _ = try Database(path: Fixture.path(of: "ts-longval.db")).verify { _, _ in isCalled = true }
    #expect(!isCalled)
  }

  @Test(arguments: BrokenFile.all)
  func `a rule without a finding was checked, or says why not`(_ file: BrokenFile) {
    for rule in report(on: file.bytes).rules where rule.findingCount == 0 && rule.skipped == nil {
      let isAboutNothing = rule.recordCount == 0 && Self.mayHaveNothingToCheck.contains(rule.rule)
      #expect(rule.recordCount > 0 || isAboutNothing, "\(rule)")
    }
  }

  /// Rules about something that a file need not have.
  private static let mayHaveNothingToCheck = [
    TwoskipRule.deleteTarget, .repackedRegion, .deadPointerOrder, .padding, .tailChecksum, .list0Entry, .list0Cycle,
    .keyOrder, .level0Alternate, .commitChain, .replay, .recordCount,
  ].map(\.name)
}
