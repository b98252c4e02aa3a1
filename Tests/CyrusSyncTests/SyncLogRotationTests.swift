// Captures while files change their names.

import CyrusDatabase
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CyrusSync

@Suite("Reading logs while they are renamed")
struct SyncLogRotationTests {
  /// What somebody else does to the files between two steps of a capture.
  enum Step: String, CaseIterable, Sendable {
    /// `log` becomes `log-run`.
    case rename
    /// And a new `log` is begun.
    case renameAndWrite
    /// `log-run` is done with.
    case remove
    /// The whole round: `log` is renamed, processed, removed, and begun anew.
    case round
    /// A line more.
    case append
    /// As 2.4 does it.
    case renameToOrphan
    /// A line is put back while its file is still there.
    case putBack
  }

  /// One step at one moment, on files that are there or not.
  struct Interleaving: CustomTestStringConvertible, Sendable {
    let moment: SyncLogReader.Moment
    let step: Step
    let hasLog: Bool, hasRun: Bool

    var testDescription: String { "\(step) at \(moment), log \(hasLog), log-run \(hasRun)" }

    static let all = SyncLogReader.Moment.allCases.flatMap { moment in
      Step.allCases.flatMap { step in
        [(true, true), (true, false), (false, true), (false, false)].map {
          Interleaving(moment: moment, step: step, hasLog: $0.0, hasRun: $0.1)
        }
      }
    }
  }

  @Test(
    "Whatever happens between two steps, a settled capture is what there was at one moment", arguments: Interleaving.all
  )
  func interleaving(_ situation: Interleaving) throws {
    let folder = try TemporaryFolder()
    if situation.hasRun { try folder.write("USER a\nUSER b\n", to: "log-run") }
    if situation.hasLog { try folder.write("USER c\nUSER d\n", to: "log") }
    // Every state that the files have been in.
    var states = [Self.state(of: folder)]
    var isDone = false
    let capture = try SyncLogReader(directory: folder.path).capture(channel: "") { moment in
      guard moment == situation.moment, !isDone else { return }
      isDone = true
      try? Self.take(situation.step, in: folder) { states.append(Self.state(of: folder)) }
    }
    #expect(capture.isSettled)
    #expect(states.contains(capture.lines), "\(capture.lines), not one of \(states)")
    #expect(capture.retries <= 1)
  }

  @Test("If it never settles, that is said")
  func unsettled() throws {
    let folder = try TemporaryFolder()
    try folder.write("USER a\n", to: "log")
    var count = 0
    let capture = try SyncLogReader(directory: folder.path).capture(channel: "") { moment in
      guard moment == .readAll else { return }
      count += 1
      try? folder.rename("log", to: "gone-\(count)")
      try? folder.write("USER \(count)\n", to: "log")
    }
    #expect(!capture.isSettled && capture.retries == SyncLogReader.retryCountMax)
    #expect(capture.lines == ["USER 7"])
  }

  private static func take(_ step: Step, in folder: TemporaryFolder, noting: () -> Void) throws {
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.path(name)) }
    func rename(to name: String) throws {
      if exists("log"), !exists(name) { try folder.rename("log", to: name) }
      noting()
    }
    switch step {
    case .rename: try rename(to: "log-run")
    case .renameToOrphan: try rename(to: "log-4711")
    case .renameAndWrite:
      try rename(to: "log-run")
      try folder.append("USER e\n", to: "log")
    case .remove: if exists("log-run") { try folder.remove("log-run") }
    case .append: try folder.append("USER e\n", to: "log")
    case .putBack: if exists("log-run") { try folder.append("USER a\n", to: "log") }
    case .round:
      if exists("log-run") { try folder.remove("log-run") }
      noting()
      try rename(to: "log-run")
      if exists("log-run") { try folder.remove("log-run") }
      noting()
      try folder.append("USER e\n", to: "log")
    }
    noting()
  }

  /// All lines, in the order of the files.
  private static func state(of folder: TemporaryFolder) -> [String] {
    ["log-4711", "log-run", "log"].flatMap { name -> [String] in
      guard let data = FileManager.default.contents(atPath: folder.path(name)) else { return [] }
      return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
  }

  @Test("Under a writer and a sync_client each capture has every pending line, once", .timeLimit(.minutes(30)))
  func busy() throws {
    let folder = try TemporaryFolder()
    let server = ServerTwin(folder: folder.path)
    let reader = SyncLogReader(directory: folder.path)
    let lineCount = 3000
    let progress = Progress()

    try inThreads {
      for number in 0..<lineCount {
        try server.write("USER u\(number)\n")
        progress.written.store(number, ordering: .sequentiallyConsistent)
        if number % 16 == 0 { usleep(200) }
      }
    } and: {
      while progress.processed.load(ordering: .sequentiallyConsistent) < lineCount - 1 {
        let isAny = try server.process { bytes in
          let numbers = Self.numbers(in: bytes)
          progress.lines.withLock { $0 += numbers }
          usleep(300)
          // Told before the file goes, so that the lines up to here may be missing from now on.
          if let last = numbers.last { progress.processed.store(last, ordering: .sequentiallyConsistent) }
        }
        if !isAny { usleep(100) }
      }
    } and: {
      while progress.processed.load(ordering: .sequentiallyConsistent) < lineCount - 1 {
        let first = progress.written.load(ordering: .sequentiallyConsistent)
        let capture = try reader.capture()
        let gone = progress.processed.load(ordering: .sequentiallyConsistent)
        guard capture.isSettled else { continue }
        progress.captures.add(1, ordering: .relaxed)
        let numbers = capture.files.flatMap { Self.numbers(in: $0.log.bytes) }
        let start = numbers.first ?? first + 1
        let isWhole = numbers == Array(start..<start + numbers.count)
        guard isWhole, start <= gone + 1, numbers.last ?? gone >= first else {
          throw Mistake(text: "after \(first) was written, \(gone) were gone: \(numbers)")
        }
      }
    }
    #expect(progress.lines.withLock { $0 } == Array(0..<lineCount))
    #expect(progress.captures.load(ordering: .relaxed) > 0)
  }

  private struct Mistake: Error { let text: String }

  /// How far writing and processing have come.
  private final class Progress: Sendable {
    /// Lines up to this one are in a file.
    let written = Atomic<Int>(-1)
    /// Lines up to this one may be gone.
    let processed = Atomic<Int>(-1)
    let captures = Atomic<Int>(0)
    /// What was processed.
    let lines = Mutex<[Int]>([])
  }

  private static func numbers(in bytes: [UInt8]) -> [Int] {
    bytes.split(separator: 0x0A).compactMap { Int(String(decoding: $0.dropFirst(6), as: UTF8.self)) }
  }
}
