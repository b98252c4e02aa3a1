// What forged and torn bytes do to verdicts: each of these was once called better than it is, or worse.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ForgedVerdictTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// 100 warnings of a rule hide a finding of damage of the same rule: it is not listed, and the verdict looks at the list.
  @Test func `damage behind a hundred warnings of the same rule counts: level0Pair`() {
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { builder in
      for number in 100..<300 { builder.set(utf8("k\(number)"), utf8("v"), level: 1) }
    }
    var bytes = builder.bytes
    let end = bytes.count
    let records = TwoskipSurgeon.records(in: bytes).filter { $0.type == .record }
    // What a copy has that was made while others committed: one pointer of a pair is ahead ...
    for record in records.prefix(100) { TwoskipSurgeon.setPointer(record, 0, to: UInt64(end), in: &bytes) }
    // ... and behind them a pair of which both are: the other half of the records is lost.
    TwoskipSurgeon.setPointer(records[100], 0, to: UInt64(end), in: &bytes)
    TwoskipSurgeon.setPointer(records[100], 1, to: UInt64(end) + 64, in: &bytes)
    bytes += [UInt8](repeating: 0, count: 200)
    #expect(Walk(of: bytes).errors.map(\.code) == [.unresolvablePair])
    #expect(Walk(of: bytes).pairs.count == 101)
    for depth in VerificationDepth.allCases {
      let report = report(on: bytes, depth)
      #expect(report.verdict == .damaged, "\(depth): \(report.verdict), \(report.recordCount) of 200 records")
    }
  }

  @Test func `damage behind a hundred warnings of the same rule counts: lengths`() {
    var file = AssembledFile(dummy: [0, 336])
    // Long forms without need: warnings.
    for number in 0..<100 {
      let next = number < 99 ? file.bytes.count + 48 : 0
      var record: [UInt8] = [0x2B, 1, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]
      record += [UInt8](repeating: 0, count: 24) + utf8("k\(number < 10 ? "0" : "")\(number)") + [0, 0, 0, 0, 0]
      TwoskipSurgeon.put64(UInt64(next), at: 24, in: &record)
      TwoskipSurgeon.fixHeadChecksum(&record, at: 0)
      TwoskipSurgeon.fixTailChecksum(&record, at: 0)
      file.append(record)
    }
    // A COMMIT with a length field that is not 0: damage.
    var commit: [UInt8] = [0x24, 0, 0xFF, 0xFF, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 24)
    TwoskipSurgeon.put64(336, at: 16, in: &commit)
    TwoskipSurgeon.fixHeadChecksum(&commit, at: 0)
    file.append(commit)
    var bytes = file.bytes
    bytes.setHeader(recordCount: 100)
    let full = report(on: bytes)
    #expect(full.verdict == .damaged, "\(full.verdict) \(full.isSound)")
  }

  /// The count of findings stops at 100 for DELETEs that find nothing.
  @Test func `findings that are not listed are counted: replay`() {
    var file = AssembledFile(dummy: [0, 0])
    for _ in 0..<150 { file.append(.delete, pointers: [0]) }
    file.commit(from: 336, recordCount: 0)
    let full = report(on: file.bytes)
    #expect(full.rules.first { $0.rule == TwoskipRule.replay.name }?.findingCount == 150)
    #expect(full.unlistedFindingCount == 50)
  }

  /// A pointer 0 of a dead record is reported if a wrong pointer comes before it.
  @Test func `a dead record's pointer 0 is no finding`() {
    let bytes = Sample.replaced.bytes { $0.setPointer(0, ofRecordAt: 336, to: 344) }
    #expect(Sample.replaced.bytes[336 + 16..<336 + 24].allSatisfy { $0 == 0 })
    let findings = report(on: bytes).findings
    #expect(findings.map(\.found) == [344], "\(findings)")
  }

  /// The order of the file is decided by live keys alone; dead records of an mbox file are then blamed.
  @Test func `dead records of a file in mbox order are not blamed`() {
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction {
        $0.set(utf8("a.b"), utf8("v"), level: 2)
        $0.set(utf8("a-b"), utf8("v"), level: 2)
        $0.set(utf8("z"), utf8("v"), level: 1)
      }
      builder.transaction { $0.delete(utf8("a-b")) }
    }
    // a.b is live and leads nowhere on list 1; give it up too, so that it is dead and leads to a-b.
    let both = Sample.builder(order: .mbox) { builder in
      builder.transaction {
        $0.set(utf8("a.b"), utf8("v"), level: 2)
        $0.set(utf8("a-b"), utf8("v"), level: 2)
        $0.set(utf8("z"), utf8("v"), level: 1)
      }
      builder.transaction { $0.delete(utf8("a.b")) }
    }
    #expect(Known.all(in: report(on: builder.bytes)) == [])
    #expect(Known.all(in: report(on: both.bytes)) == [])
  }

  /// T28's replay reads the pointer of a DELETE at a fixed place, which is the wrong one if a length is escaped.
  @Test func `a DELETE in its long form deletes what its pointer says`() throws {
    var file = AssembledFile(dummy: [0, 0])
    file.append(.record, level: 1, key: "a", value: "v", pointers: [0, 0])
    let z = file.bytes.count
    file.append(.record, level: 1, key: "z", value: "v", pointers: [0, 0])
    func longDelete(_ next: Int) -> [UInt8] {
      var bytes: [UInt8] = [0x2D, 0, 0xFF, 0xFF, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 24)
      TwoskipSurgeon.put64(UInt64(next), at: 16, in: &bytes)
      TwoskipSurgeon.fixHeadChecksum(&bytes, at: 0)
      return bytes
    }
    let first = file.bytes.count
    // Leads to z: a was deleted. Then the last key, which is z.
    file.append(longDelete(z))
    let second = file.bytes.count
    file.append(.delete, pointers: [0])
    file.commit(from: 336, recordCount: 0)
    var bytes = file.bytes
    // List 0: head, the second DELETE, end.
    bytes.setPointer(1, ofRecordAt: 64, to: second)
    let layout = try Database(path: try folder.write(bytes)).layout()
    let history = layout.history(of: utf8("a").rawSpan)
    #expect(history.doubt != nil || history.versions.map(\.offset) == [336, UInt64(first)], "\(history)")
  }

  /// The same as it happens: a copy (cp) whose header is older by two commits than the rest.
  @Test func `a copy that has lost records is not called recoverable`() {
    var builder = TwoskipBuilder(seed: 1)
    builder.transaction { builder in
      for number in 100..<300 { builder.set(utf8("k\(number)"), utf8("v"), level: 1) }
    }
    let header = builder.bytes.prefix(64)
    let content = builder.committed.map(Pair.init)
    // The first commit touches every record, the second one of them again.
    builder.transaction { builder in
      for number in 100..<300 { builder.set(utf8("k\(number)a"), utf8("v"), level: 1) }
    }
    builder.transaction { $0.set(utf8("k250A"), utf8("v"), level: 1) }
    let bytes = Array(header) + builder.bytes.dropFirst(64)
    #expect(Walk(of: bytes).pairs != content)
    #expect(!Walk(of: bytes).errors.isEmpty)
    for depth in VerificationDepth.allCases {
      #expect(report(on: bytes, depth).verdict == .damaged, "\(depth): \(report(on: bytes, depth).verdict)")
    }
  }

  /// Live keys fit both orders and the log adds up in both, but says different things about the keys.
  @Test func `a history that depends on the order of the file says so`() throws {
    let builder = Sample.builder(order: .mbox) { builder in
      builder.transaction {
        $0.set(utf8("b."), utf8("v"), level: 1)
        $0.set(utf8("b-"), utf8("v"), level: 1)
      }
      builder.transaction { $0.delete(utf8("b-")) }
      builder.transaction { $0.delete(utf8("b.")) }
    }
    let deletes = builder.offsets(of: .delete)
    #expect(report(on: builder.bytes).verdict == .sound)
    let layout = try Database(path: try folder.write(builder.bytes)).layout()
    for (key, delete) in [("b-", deletes[0]), ("b.", deletes[1])] {
      let history = layout.history(of: utf8(key).rawSpan)
      #expect(
        history.doubt != nil || history.versions.last?.offset == UInt64(delete),
        "\(key) deleted at \(history.versions.last?.offset ?? 0), not \(delete); doubt: \(history.doubt ?? "none")")
    }
  }
}
