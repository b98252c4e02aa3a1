// What keeps lines of a sync log from being carried out, and what is odd about them.

import CyrusSync

/// Something that is wrong or odd with the logs of a channel.
struct LogProblem {
  /// What it does to lines.
  enum Effect: String, CaseIterable {
    /// sync_client does not get past it, or is not there.
    case stuck
    /// sync_client never acts on them.
    case lost
    /// Nothing.
    case note
  }

  /// What it is.
  enum Kind: Hashable {
    /// What the reader of logs found.
    case line(SyncLogProblem)
    /// A `SEEN` with one argument, which ends sync_client.
    case abortingLine
    /// A word that is no verb.
    case unknownVerb
    /// A `log-<pid>` of a process that is gone.
    case orphan
    /// A log that nobody has taken for long.
    case notProcessed

    static let all = SyncLogProblem.allCases.map(line) + [.abortingLine, .unknownVerb, .orphan, .notProcessed]

    /// The name that machines are told.
    var name: String {
      switch self {
      case .line(let problem): problem.rawValue
      case .abortingLine: "abortingLine"
      case .unknownVerb: "unknownVerb"
      case .orphan: "orphan"
      case .notProcessed: "notProcessed"
      }
    }

    var effect: Effect {
      switch self {
      case .line(.wordTooLong), .abortingLine, .orphan, .notProcessed: .stuck
      case .line(let problem): problem.losesLines ? .lost : .note
      case .unknownVerb: .lost
      }
    }
  }

  let kind: Kind
  /// The file's ``SyncLog/label``.
  let file: String
  let path: String
  /// Where, if it is about one line.
  let line: Int?
  let offset: Int?
  /// For people.
  let text: String
  /// What to do about it.
  var advice: String?

  init(_ kind: Kind, _ file: SyncLogFile, _ line: Int?, _ offset: Int?, _ text: String) {
    self.kind = kind
    self.file = file.log.label
    path = file.path
    self.line = line
    self.offset = offset
    self.text = text
    if kind == .abortingLine || kind == .line(.wordTooLong) {
      advice = "with sync_client stopped, take such lines out of the file"
    }
  }

  var effect: Effect { kind.effect }
}

/// The problems of a channel: of each kind as many as are worth telling, and how many there are.
struct LogProblems {
  /// How many of each kind are kept for each file.
  static let keptCountMax = SyncLog.diagnosticCountMax

  private(set) var kept: [LogProblem] = []
  private var counts: [LogProblem.Kind: Int] = [:]

  /// How many there are of a kind, kept or not.
  func count(_ kind: LogProblem.Kind) -> Int { counts[kind, default: 0] }

  /// How many there are with an effect.
  func count(_ effect: LogProblem.Effect) -> Int {
    LogProblem.Kind.all.reduce(0) { $0 + ($1.effect == effect ? count($1) : 0) }
  }

  var count: Int { counts.values.reduce(0, +) }

  /// Adds what is wrong with one file, by the lines.
  ///
  /// - Parameter isTorn: Whether its end counts as torn, so that nobody is writing there.
  mutating func add(_ file: SyncLogFile, isTorn: Bool) {
    let log = file.log
    var found: [LogProblem] = []
    var abortingLines: Set<Int> = []
    var unknownCount = 0
    for line in log.lines {
      if line.verb == .seen, line.argumentCount == 1 {
        abortingLines.insert(line.number)
        guard abortingLines.count <= Self.keptCountMax else { continue }
        let text = "a SEEN of one argument: it ends sync_client with an error, each time"
        found.append(LogProblem(.abortingLine, file, line.number, line.bytes.lowerBound, text))
      } else if line.verb == nil {
        unknownCount += 1
        guard unknownCount <= Self.keptCountMax else { continue }
        let word = escaped(log.word(of: line).rawSpan, limit: 40)
        let text = "'\(word)' is no verb, sync_client passes over it"
        found.append(LogProblem(.unknownVerb, file, line.number, line.bytes.lowerBound, text))
      }
    }
    if !abortingLines.isEmpty { counts[.abortingLine, default: 0] += abortingLines.count }
    if unknownCount > 0 { counts[.unknownVerb, default: 0] += unknownCount }
    for diagnostic in log.diagnostics where diagnostic.problem != .torn || isTorn {
      if diagnostic.problem == .missingArgument, abortingLines.contains(diagnostic.line) { continue }
      let text = Self.text(of: diagnostic.problem, in: log)
      found.append(LogProblem(.line(diagnostic.problem), file, diagnostic.line, diagnostic.offset, text))
    }
    for problem in SyncLogProblem.allCases where problem != .torn || isTorn {
      var count = log.count(of: problem)
      if problem == .missingArgument { count -= min(count, abortingLines.count) }
      if count > 0 { counts[.line(problem), default: 0] += count }
    }
    kept += found.sorted { ($0.line ?? 0, $0.offset ?? 0) < ($1.line ?? 0, $1.offset ?? 0) }
  }

  /// Adds what is wrong with a file as a whole.
  mutating func add(_ kind: LogProblem.Kind, _ file: SyncLogFile, _ text: String, advice: String) {
    counts[kind, default: 0] += 1
    var problem = LogProblem(kind, file, nil, nil, text)
    problem.advice = advice
    kept.append(problem)
  }

  /// What is wrong, for people.
  ///
  /// - Parameter log: nil while it may still grow.
  static func text(of problem: SyncLogProblem, in log: SyncLog?) -> String {
    let invisible =
      log.map { log in
        "\(counted(log.invisibleLineCount, "line")) from here on (\(counted(log.invisibleBytes.count, "byte")))"
      } ?? "all lines from here on"
    return switch problem {
    case .torn: "no end of a line: \(counted(log?.tornByteCount ?? 0, "byte")) that nobody is writing any more"
    case .poison: "sync_client takes this for the end of the log: \(invisible) will be thrown away unseen"
    case .garbage: "more behind the last argument, sync_client drops the line"
    case .invalidInput: "no space behind the word, sync_client drops the line"
    case .wordOnly: "a word alone, sync_client drops the line"
    case .wordTooLong: "too long a word: it ends sync_client with an error, each time; \(invisible) wait behind it"
    case .literal: "an argument in the form {6}, which not every release reads"
    case .missingArgument: "lacks the second argument"
    case .extraArgument: "an argument too many: perhaps two lines, the first of them torn"
    case .nul: "a NUL, behind which Cyrus sees nothing"
    }
  }
}
