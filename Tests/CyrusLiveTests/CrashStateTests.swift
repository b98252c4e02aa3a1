// Every state in which a crash can leave a file, made by Cyrus's own engine: the last commit is read, and nothing else.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.needsCyrusLibrary) struct CrashStateTests {
  /// Set TEST_SEED to try others.
  static let seed = ProcessInfo.processInfo.environment["TEST_SEED"].flatMap(UInt64.init) ?? 1

  static func scenarios(seed: UInt64) throws -> [CrashScenario] {
    let folder = try TemporaryFolder()
    let journal = try Child.run(Cyrus.program("crash-states"), [folder.path, String(seed)])
    return try CrashJournal.scenarios(in: journal)
  }

  @Test(arguments: [seed, seed + 1])
  func `every state that a crash leaves shows the last commit, and nothing of what came after`(_ seed: UInt64) throws {
    let scenarios = try Self.scenarios(seed: seed)
    #expect(scenarios.count > 30)
    var counts: [CrashScenario.State.Kind: Int] = [:]
    for scenario in scenarios {
      let keys = scenario.keys
      let expectations = scenario.contents.mapValues { Expectation($0, keys: keys) }
      scenario.forEachState(cuts: 2, seed: seed) { state in
        counts[state.kind, default: 0] += 1
        let trouble =
          if let expected = expectations[state.content] {
            self.trouble(in: state, keys, expected)
          } else {
            troubleBeforeCreation(in: state)
          }
        if let trouble { Issue.record("\(scenario), \(state.kind) after step \(state.step), seed \(seed): \(trouble)") }
      }
    }
    for kind in CrashScenario.State.Kind.allCases { #expect(counts[kind, default: 0] > 100, "\(kind)") }
    Figures.show("crash states, seed \(seed): \(counts), 0 wrong")
  }

  @Test func `a file that a crash left is read in every way, and not altered`() throws {
    let folder = try TemporaryFolder(inMemory: true)
    var count = 0
    for scenario in try Self.scenarios(seed: Self.seed) {
      var number = 0
      try scenario.forEachState(cuts: 1, seed: Self.seed) { state in
        number += 1
        guard number % 10 == 1, let content = scenario.contents[state.content] else { return }
        count += 1
        let path = try folder.file("state.db", state.bytes)
        // Long ago, so that the file counts as quiet, or just now.
        let isQuiet = count % 2 == 0
        if isQuiet {
          let longAgo = Date(timeIntervalSinceNow: -60)
          try FileManager.default.setAttributes([.modificationDate: longAgo], ofItemAtPath: path)
        }
        let before = try Facts(path)
        let database = try Database(path: path)
        for locking in [Locking.auto, .copy, .shared, .none] {
          let snapshot = try database.snapshot(locking: locking)
          let (listing, expected) = (try snapshot.pairs(), snapshot.expectedCount)
          #expect(listing == content, "\(scenario), step \(state.step), \(locking)")
          #expect(expected == nil || expected == UInt64(content.count), "\(scenario), step \(state.step)")
          let report = try database.verify(locking: locking)
          #expect(report.verdict != .damaged, "\(scenario), step \(state.step), \(locking)")
          #expect(report.recordCount == UInt64(content.count))
        }
        let read = try database.read { try $0.pairs() }
        #expect(read == content)
        #expect(try Facts(path) == before, "\(scenario), step \(state.step)")
      }
    }
    #expect(count > 100)
    Figures.show("crash states read as files in every way: \(count), 0 wrong")
  }

  /// All that a reader could alter of a file, but for the time of reading.
  private struct Facts: Equatable {
    let bytes: Data
    let modified: Date?

    init(_ path: String) throws {
      bytes = try Data(contentsOf: URL(filePath: path))
      modified = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }
  }

  /// What a state must show.
  struct Expectation {
    let content: [Pair]
    /// For each key of the scenario its value, nil if it is not there.
    let values: [[UInt8]?]

    init(_ content: [Pair], keys: [[UInt8]]) {
      self.content = content
      let values = Dictionary(uniqueKeysWithValues: content.map { ($0.key, $0.value) })
      self.values = keys.map { values[$0] }
    }
  }

  /// What is wrong with what a reader sees in a state, by every way of looking; nil if nothing is.
  private func trouble(in state: CrashScenario.State, _ keys: [[UInt8]], _ expected: Expectation) -> String? {
    let bytes = state.bytes
    let count = expected.content.count
    do {
      let header = try TwoskipHeader(of: bytes.rawSpan)
      var cursor = TwoskipCursor(bytes.rawSpan, end: header.currentSize)
      var listed = 0
      while let record = try cursor.next() {
        let pair = Pair(key: Array(record.key(in: bytes.rawSpan)), value: Array(record.value(in: bytes.rawSpan)))
        guard listed < count, pair == expected.content[listed] else { return "listing differs at record \(listed)" }
        listed += 1
      }
      if listed != count { return "listing ends after \(listed) of \(count) records" }

      let view = TwoskipState(bytes.rawSpan, end: header.currentSize)
      for (key, value) in zip(keys, expected.values) {
        let position = try view.search(for: key.rawSpan).position
        let found = position.isMatch ? position.at.map { Array($0.value(in: bytes.rawSpan)) } : nil
        if found != value { return "lookup of \(key) is wrong" }
      }
    } catch { return "\(error)" }

    let report = TwoskipVerifier.report(on: bytes.rawSpan, depth: .full)
    if report.verdict != .sound, report.verdict != .recoverable {
      return "verdict \(report.verdict): \(report.findings)"
    }
    return report.recordCount == UInt64(count) ? nil : "\(report.recordCount) records by the verifier"
  }

  /// A file that is no database yet has no record to show.
  private func troubleBeforeCreation(in state: CrashScenario.State) -> String? {
    if (try? TwoskipHeader(of: state.bytes.rawSpan)) != nil { return "a header where none was written" }
    let report = TwoskipVerifier.report(on: state.bytes.rawSpan, depth: .full)
    return report.recordCount == 0 ? nil : "\(report.recordCount) records before there was a database"
  }
}
