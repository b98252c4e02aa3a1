// `diff`: in what a replica differs from its master, and what of it is on its way.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes
import CyrusSync

/// Compares two stores.
struct Diff: DatabaseCommand, JSONCommand, MonitoredCommand {
  static let schema = "sync-diff/1"
  static let service = "diff"

  static let configuration = CommandConfiguration(
    abstract: "Tell in what a replica differs from its master, and what of it is on its way.",
    usage: "dbinspect diff MASTER REPLICA [--synclog PATH]… [options]",
    discussion: """
      Compares two mailboxes.db, of any releases, and explains what differs by the
      sync log that is pending on the master. Differences are

        pending           a line of the log will settle it
        drift             no line is about it; the lines of --emit-log settle it
        conflict          no line is about it, and no line would settle it
        pendingConflict   a line is about it, and will be refused or do harm
        inFlux            it did not hold still while it was looked at
        ignored           of no account

      MASTER is read first, then the log, then REPLICA; if there is drift all are
      read once more, after --settle seconds, and only what was the same both times
      counts.

      LOG
        --synclog takes the directory sync/ of the master, with --channel for a
        named channel, or log files in the order in which they will be read. Give the
        channel that feeds this replica, and no other. Without --synclog nothing is
        pending.

      MESSAGES
        The lists say nothing of messages. --index-states, a file of the form
        {"master": {UNIQUEID: {"last_uid", "highestmodseq", …}}, "replica": {…}},
        or both spools make that compared, too.

      EXAMPLE
        dbinspect diff master/mailboxes.db replica/mailboxes.db --synclog master/sync

      EXIT STATUS
        0  no differences, or such as are ignored
        1  all of them are pending
        2  drift, conflicts, or something that did not hold still; or damage, or an
           index that cannot be read
        With --nagios: 0 OK, 1 WARNING, 2 CRITICAL (drift or conflicts, if no limits
        are given; damage), 3 UNKNOWN.
      """)

  @Argument(help: ArgumentHelp("The mailboxes.db of the master.", valueName: "master"), completion: .file())
  var file: String

  @Argument(help: "The mailboxes.db of the replica.", completion: .file())
  var replica: String

  @OptionGroup var comparison: ComparisonOptions

  @Option(help: ArgumentHelp("Only mailboxes of this user.", valueName: "user"))
  var user: String?

  @Flag(help: "Print how many there are, not each.")
  var summary = false

  @Flag(help: "Print the report as a JSON document instead.")
  var json = false

  @Option(
    help: ArgumentHelp("Write the lines that settle what is drift, outside of sync/.", valueName: "file"),
    completion: .file())
  var emitLog: String?

  @Flag(help: "Replace the file of --emit-log.")
  var force = false

  @OptionGroup var monitoring: MonitoringOptions

  @Option(help: ArgumentHelp("WARNING if more differences are drift or conflicts.", valueName: "count"))
  var warningDrift: Int?

  @Option(help: ArgumentHelp("CRITICAL if more differences are; 0 without a limit for them.", valueName: "count"))
  var criticalDrift: Int?

  @OptionGroup var pending: PendingLimits
  @OptionGroup var keys: KeyOptions
  @OptionGroup var common: CommonOptions

  /// The log that is written is there by the time that metrics are.
  var inputs: [String] { comparison.inputs + [file, replica] + (emitLog.map { [$0] } ?? []) }

  /// The limits for drift: there has to be one.
  private var drift: Threshold {
    warningDrift == nil && criticalDrift == nil
      ? Threshold(critical: 0) : Threshold(warning: warningDrift, critical: criticalDrift)
  }

  func validate() throws {
    if monitoring.nagios, json { throw ValidationError("--nagios and --json exclude each other") }
    try monitoring.requireNagios([
      ("drift", Threshold(warning: warningDrift, critical: criticalDrift)), ("pending", pending.threshold),
    ])
    if user?.isEmpty == true { throw ValidationError("--user takes the id of a user") }
    if let emitLog, isNameOfSyncLog(emitLog) {
      // It would replace what is pending, or be run by a sync_client that nobody has told to.
      throw ValidationError("--emit-log takes no file with the name of a sync log")
    }
    if force, emitLog == nil { throw ValidationError("--force goes with --emit-log") }
  }

  func observe(_ output: inout Output) throws -> Observation {
    let user = try user.map { try keys.bytes($0) }
    var run = try comparison.compare(file, replica, common)
    if let user { run.report = run.report.restricted(toUser: user) }
    let answer = DiffAnswer(run)
    if let emitLog { try write(answer.repair, to: emitLog) }
    if json {
      answer.write(to: &output)
    } else if !monitoring.nagios {
      answer.print(isSummary: summary, to: &output)
    }
    if !monitoring.nagios {
      output.flush()
      run.tell(about: file, replica)
      if !json { answer.tellAdvice(emitLog) }
    }
    return Observation(
      status: answer.status, metrics: answer.metrics,
      answer: answer.nagiosAnswer(drift: drift, pending: pending.threshold))
  }

  /// Writes the log, to be read and locked by its owner alone, as sync_client wants to.
  private func write(_ repair: RepairLog, to path: String) throws {
    try OutputFile.write(to: path, replacing: force, inputs: [file, replica], besides: []) { output in
      for action in repair.actions {
        output.append(action.text.rawSpan)
        output.line()
      }
    }
  }
}

/// From how much pending work on something is wrong.
struct PendingLimits: ParsableArguments {
  @Option(help: ArgumentHelp("WARNING if more lines are pending.", valueName: "count"))
  var warningPending: Int?

  @Option(help: ArgumentHelp("CRITICAL if more lines are pending.", valueName: "count"))
  var criticalPending: Int?

  var threshold: Threshold { Threshold(warning: warningPending, critical: criticalPending) }
}

/// How two stores are compared.
struct ComparisonOptions: ParsableArguments {
  enum PartitionChoice: String, ExpressibleByArgument, CaseIterable {
    case compare, ignore
  }

  @Option(
    help: ArgumentHelp(
      "The master's sync directory; or a log file, as often as there are any.", valueName: "path"),
    completion: .file())
  var synclog: [String] = []

  @Option(help: ArgumentHelp("The channel that feeds the replica; the default one if not given.", valueName: "name"))
  var channel = ""

  @Option(
    help: ArgumentHelp(
      "The release of sync_client on the master; else the oldest its records fit.", valueName: "version"),
    transform: SyncClientVersion.init(argument:))
  var syncClient: SyncClientVersion?

  @Option(help: "Whether mailboxes must lie on the same partitions: compare or ignore.")
  var partitions = PartitionChoice.compare

  @Option(
    help: ArgumentHelp("The replica's partitions, if its mailboxes do not show all.", valueName: "a,b"),
    transform: { $0.split(separator: ",").map(String.init) })
  var replicaPartitions: [String]?

  @Option(help: ArgumentHelp("So many lines for one user make it a line for all of the user.", valueName: "count"))
  var promoteThreshold: UInt16 = 8

  @Flag(help: "Let a tombstone of another mailbox of that name suffice to remove one from the replica.")
  var allowForeignDelete = false

  @Flag(help: "The master has a sync_cache_db: repair by lines for whole users, which are not fooled by it.")
  var cacheInUse = false

  @Option(help: ArgumentHelp("What mailboxes hold, by unique id, as JSON.", valueName: "file"), completion: .file())
  var indexStates: String?

  @OptionGroup var spools: SpoolOptions

  @Option(
    help: ArgumentHelp("How long to wait before drift is believed, in seconds.", valueName: "seconds"))
  var settle = 1.0

  @Flag(help: "Look once: both files are at rest.")
  var atRest = false

  @Option(help: ArgumentHelp("The servers' defaultdomain.", valueName: "name"))
  var defaultDomain = ""

  @Option(help: ArgumentHelp("The servers' deletedprefix.", valueName: "name"))
  var deletedPrefix = "DELETED"

  /// What is read besides the stores.
  var inputs: [String] { synclog + (indexStates.map { [$0] } ?? []) }

  func validate() throws {
    guard settle >= 0, settle <= 3600 else { throw ValidationError("--settle takes 0 to 3600 seconds") }
    if deletedPrefix.isEmpty { throw ValidationError("--deleted-prefix takes a name") }
    if indexStates != nil, !spools.masterSpool.isEmpty {
      throw ValidationError("only one of --index-states and spools can be given")
    }
    if !channel.isEmpty, synclog.isEmpty { throw ValidationError("--channel goes with --synclog") }
  }
}

extension SyncClientVersion {
  /// A release as it is given.
  init(argument: String) throws {
    guard let version = SyncClientVersion(argument) else {
      throw ValidationError("'\(argument)' is no release; it takes a number such as 3.6.1")
    }
    self = version
  }
}
