// What is wrong or odd in a sync log.
//
// Two kinds. A problem that costs lines: Cyrus passes over them, so they explain nothing that differs between two
// servers, and may be why it does. And a note about a line that is acted on all the same.
//
// Facts: Cyrus's imap/sync_log.c and imap/imapparse.c, and what sync_client 3.6.1 did with such lines.

/// What is wrong or odd about a line. New ones may appear in minor releases.
public enum SyncLogProblem: String, Sendable, Hashable, CaseIterable {
  /// The log ends within the line. It may be a write under way; once it is old, it is what a full disk left.
  case torn
  /// The reader takes this for the end of the log: the line and everything behind it are lost without a message.
  case poison
  /// Something stands behind the last argument. The line is dropped with a message.
  case garbage
  /// What follows the word is not a space. The line is dropped with a message.
  case invalidInput
  /// The line is a word alone. It is dropped without a message.
  case wordOnly
  /// A word or an argument of more than ``SyncLogScanner/wordByteCountMax`` bytes: sync_client ends there with an error,
  /// every time, until the log is removed.
  case wordTooLong

  /// The line is read, but an argument has the form `{6}`, which no release writes and not every one reads.
  case literal
  /// The line is read, but for the second argument that its verb takes. `SEEN` so ends sync_client with an error, every
  /// time; `SUB` sends nonsense; the others act on the first argument.
  case missingArgument
  /// The line is read, but has a second argument where its verb takes one: perhaps two lines, the first of them torn.
  case extraArgument
  /// The line is read, but has a NUL, behind which Cyrus sees nothing of that word or argument.
  case nul

  /// Whether lines are lost by it; otherwise the line is acted on.
  public var losesLines: Bool {
    switch self {
    case .torn, .poison, .garbage, .invalidInput, .wordOnly, .wordTooLong: true
    case .literal, .missingArgument, .extraArgument, .nul: false
    }
  }

  /// Whether nothing behind it is read.
  public var endsLog: Bool { self == .torn || self == .poison || self == .wordTooLong }
}

/// Something that is wrong or odd at one place of a sync log.
public struct SyncLogDiagnostic: Sendable, Hashable, CustomStringConvertible {
  /// The number of the line, as ``SyncLogLine/number``.
  public let line: Int
  /// Where in the log: the byte at which the reader saw it, of a torn line its first, of a note that of the argument.
  public let offset: Int
  /// What it is.
  public let problem: SyncLogProblem

  /// For example `line 3, byte 71: garbage`.
  public var description: String { "line \(line), byte \(offset): \(problem.rawValue)" }
}
