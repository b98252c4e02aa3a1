// A sync log, read as sync_client reads it.
//
//   MAILBOX user.joe LF                     verb, space, argument
//   RENAME user.joe.a "user.joe.b c" LF     verb, space, argument, space, argument
//
// A log says that something changed, never what; it may be replayed any number of times, in nearly any order.
//
// Surprise: there are bytes that Cyrus takes for the end of the log, for example a second space. What stands behind
// them is lost, and so it explains nothing. See `SyncLogScanner` for what is read and what is not.

import CyrusDatabase

/// The place of a line in its log, and what it says has changed.
public struct SyncLogLine: Sendable, Hashable {
  /// What has changed; nil if the first word is unknown, which Cyrus passes over with a message.
  public let verb: SyncLogVerb?
  /// The number of the line on which the first word starts, from 1. Every LF counts, also one within quotes.
  public let number: Int
  /// Offsets in the log, from the first word on, without the LF or CR LF at the end.
  public let bytes: Range<Int>
  /// 1 or 2.
  public let argumentCount: Int
}

/// A sync log in memory, and where its lines are.
///
/// ```swift
/// let log = SyncLog(label: "log", bytes: bytes)
/// for line in log.lines where line.verb == .mailbox { use(log.argument(0, of: line)) }
/// for diagnostic in log.diagnostics { … }
/// ```
public struct SyncLog: Sendable {
  /// How many diagnostics of each problem are kept.
  public static var diagnosticCountMax: Int { 1000 }

  /// What the log is called, for example `log` or `log-run`.
  public let label: String
  /// All bytes.
  public let bytes: [UInt8]
  /// Every line that Cyrus acts on, those with an unknown verb included, in the order of the log.
  ///
  /// Not what it drops or does not get to see. If a diagnostic is `.wordTooLong`, it acts on none of them before the log
  /// was mended.
  public let lines: [SyncLogLine]
  /// What is wrong or odd, in the order of the log; of each problem the first ``diagnosticCountMax``.
  public let diagnostics: [SyncLogDiagnostic]
  /// What Cyrus does not get to see: from the first byte of a poisoned or too long line to the end. Empty if all is seen.
  public let invisibleBytes: Range<Int>
  /// How many lines stand there. A guess: as many as would be read if such a line cost only itself, and those that do.
  public let invisibleLineCount: Int
  /// How many bytes of a line without an end stand at the end. They may be a write under way.
  public let tornByteCount: Int
  private let counts: [SyncLogProblem: Int]

  /// Reads a log.
  ///
  /// Any bytes are accepted; what is wrong with them is in ``diagnostics``.
  ///
  /// - Parameters:
  ///   - label: What the log is called.
  ///   - bytes: The whole log.
  /// - Complexity: O(bytes); no allocation for a line, but for the room of ``lines``.
  public init(label: String, bytes: [UInt8]) {
    var lines: [SyncLogLine] = []
    var diagnostics: [SyncLogDiagnostic] = []
    var counts: [SyncLogProblem: Int] = [:]
    var invisible = bytes.count..<bytes.count
    var invisibleLineCount = 0
    var tornByteCount = 0
    var scanner = SyncLogScanner(bytes.rawSpan)
    scan: while true {
      switch scanner.next() {
      case .line(let line): lines.append(line)
      case .problem(let diagnostic):
        let count = counts[diagnostic.problem, default: 0]
        counts[diagnostic.problem] = count + 1
        if count < Self.diagnosticCountMax { diagnostics.append(diagnostic) }
        guard diagnostic.problem.endsLog else { continue }
        if diagnostic.problem == .torn {
          tornByteCount = bytes.count - scanner.lineOffset
        } else {
          invisible = scanner.lineOffset..<bytes.count
          invisibleLineCount = Self.lineCount(in: bytes.rawSpan, from: scanner.lineOffset)
        }
      case .end: break scan
      }
    }
    self.label = label
    self.bytes = bytes
    self.lines = lines
    self.diagnostics = diagnostics
    self.counts = counts
    self.invisibleBytes = invisible
    self.invisibleLineCount = invisibleLineCount
    self.tornByteCount = tornByteCount
  }

  /// How often there is a problem, whether or not all of its diagnostics were kept.
  public func count(of problem: SyncLogProblem) -> Int { counts[problem, default: 0] }

  /// The first word of a line in capitals, up to the first NUL; empty if the line is of another log.
  ///
  /// - Complexity: O(length of the line).
  public func word(of line: SyncLogLine) -> [UInt8] {
    guard let scanner = scanner(at: line) else { return [] }
    return Array(scanner.line.word).map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
  }

  /// An argument of a line, without quotes and backslashes, up to the first NUL.
  ///
  /// - Parameters:
  ///   - index: 0 for the first, 1 for the second.
  ///   - line: One of ``lines``.
  /// - Returns: nil if the line has no such argument, or is of another log.
  /// - Complexity: O(length of the line).
  public func argument(_ index: Int, of line: SyncLogLine) -> [UInt8]? {
    guard 0..<line.argumentCount ~= index, let scanner = scanner(at: line) else { return nil }
    if index == 0 { return scanner.line.first.bytes }
    guard let second = scanner.line.second else { return nil }
    return second.bytes
  }

  /// A line as it is written, without its end; empty if the line is of another log.
  public func text(of line: SyncLogLine) -> [UInt8] {
    guard line.bytes.upperBound <= bytes.count else { return [] }
    return Array(bytes[line.bytes])
  }

  /// A scanner that has just met this line.
  @_lifetime(borrow self)
  private func scanner(at line: SyncLogLine) -> SyncLogScanner? {
    guard line.bytes.upperBound <= bytes.count else { return nil }
    var scanner = SyncLogScanner(bytes.rawSpan, at: line.bytes.lowerBound, number: line.number)
    return scanner.next() == .line(line) ? scanner : nil
  }

  /// How many lines there seem to be from a line on that Cyrus does not get to see.
  private static func lineCount(in bytes: RawSpan, from start: Int) -> Int {
    var count = 0
    var offset = start
    while offset < bytes.byteCount {
      var scanner = SyncLogScanner(bytes, at: offset, number: 1)
      var blockedAt: Int?
      scan: while true {
        switch scanner.next() {
        case .line: count += 1
        case .problem(let diagnostic):
          if diagnostic.problem.endsLog, diagnostic.problem != .torn { blockedAt = diagnostic.offset }
        case .end: break scan
        }
      }
      guard let blockedAt else { break }
      count += 1
      // On behind the end of the blocked line, as though it alone were lost. Nothing is scanned twice.
      offset = blockedAt
      while offset < bytes.byteCount, bytes.byte(at: offset) != UInt8(ascii: "\n") { offset += 1 }
      offset += 1
    }
    return count
  }
}
