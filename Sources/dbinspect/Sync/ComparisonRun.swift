// Two stores and a log, read in the order that proves something, and compared.

import CyrusDatabase
import CyrusMailboxes
import CyrusSync
import Glibc

/// What a comparison came to, with what was read for it.
struct ComparisonRun {
  var report: StoreDiffReport
  /// The capture of the log that the report is by.
  let capture: SyncLogCapture?
  let options: ComparisonOptions
  /// Where contents were read, if they were.
  let spool: SpoolStates?
  /// An earlier capture of it, or at rest the same one: what is torn in both is not being written.
  let earlierCapture: SyncLogCapture?

  /// What the log has that sync_client does not read, or that does harm.
  var diagnostics: [SyncLogFileDiagnostic] { capture?.diagnostics(since: earlierCapture) ?? [] }

  /// Says what has to be known about what was read.
  func tell(about master: String, _ replica: String) {
    if !report.isMasterComplete {
      Talk.say("damaged: what only the replica has may be there, too, and nothing is removed for it", about: master)
      Talk.line("hint: dbinspect verify \(shellQuoted(master)) tells all that is wrong")
    }
    if !report.isReplicaComplete {
      Talk.say("damaged: what is missing may be there", about: replica)
      Talk.line("hint: dbinspect verify \(shellQuoted(replica)) tells all that is wrong")
    }
    if report.skippedCount.master + report.skippedCount.replica > 0 {
      Talk.say(
        "note: left out what lives on another server or is not finished: "
          + "\(report.skippedCount.master) on the master, \(report.skippedCount.replica) on the replica",
        about: nil)
    }
    tellDoubts(about: master, replica)
    spool?.tell()
    tellProblems()
    if capture?.isSettled == false {
      Talk.say("note: the log was renamed again and again while it was read", about: nil)
    }
  }
}

extension ComparisonRun {
  /// How many places of the log are told.
  private static let toldCountMax = 10

  /// Says what is wrong with the log.
  private func tellProblems() {
    let found = diagnostics
    for problem in found.prefix(Self.toldCountMax) {
      let log = capture?.files.first { $0.log.label == problem.label }?.log
      Talk.say(
        LogProblems.text(of: problem.diagnostic.problem, in: log), about: "\(problem.label):\(problem.diagnostic.line)")
    }
    guard found.count > Self.toldCountMax else { return }
    Talk.line("note: \(found.count - Self.toldCountMax) more such places: dbinspect synclog lists them")
  }

  /// Says what may not be what was meant: two paths to one file, a channel that nobody chose.
  private func tellDoubts(about master: String, _ replica: String) {
    var facts = (stat(), stat())
    if unsafe stat(master, &facts.0) == 0, unsafe stat(replica, &facts.1) == 0, facts.0.st_dev == facts.1.st_dev,
      facts.0.st_ino == facts.1.st_ino
    {
      Talk.line("note: master and replica are the same file")
    }
    guard options.channel.isEmpty, let path = options.synclog.first, isDirectory(path) else { return }
    // Only for a note: what cannot be listed is not one.
    let others = ((try? SyncLogReader(directory: path).channels()) ?? []).filter { !$0.isEmpty }
    guard !others.isEmpty else { return }
    Talk.line(
      "note: other channels: \(others.joined(separator: ", ")); --channel takes the one that feeds this replica")
  }
}

extension ComparisonOptions {
  /// Reads both stores and the log, and compares them.
  func compare(_ master: String, _ replica: String, _ common: CommonOptions) throws -> ComparisonRun {
    var diff = StoreDiff()
    diff.client = syncClient
    diff.comparesPartitions = partitions == .compare
    diff.replicaPartitions = replicaPartitions.map { Set($0.map { Array($0.utf8) }) }
    diff.allowsForeignDelete = allowForeignDelete
    diff.promotionThreshold = Int(promoteThreshold)
    diff.isCacheInUse = cacheInUse
    diff.settings.defaultDomain = defaultDomain
    diff.settings.deletedPrefix = deletedPrefix
    if let indexStates { diff.states = try IndexStates(contentsOf: indexStates).source }
    let spool = SpoolStates(spools, defaultDomain: defaultDomain, deletedPrefix: deletedPrefix)
    if let spool { diff.states = { side, mailbox in spool.state(side, of: mailbox) } }
    let captures = Captures()
    let (paths, channel) = (synclog, channel)
    if paths.count > 1, let directory = paths.first(where: isDirectory) {
      throw Failure(.usage, file: directory, "is a directory: --synclog takes one directory, or log files")
    }
    for path in paths { try requireSyncDirectory(path, channel: channel) }
    var pair = StorePair(
      master: try common.database(at: master), replica: try common.database(at: replica),
      locking: common.libraryLocking
    ) { () throws(SyncLogError) in
      guard !paths.isEmpty else { return [] }
      let capture = try SyncLogCapture(ofPaths: paths, channel: channel)
      captures.all.append(capture)
      return capture.files.map(\.log)
    }
    pair.threads = usualThreadCount
    let seconds = settle
    let report: StoreDiffReport
    do throws(StorePairError) {
      report = try pair.report(
        diff,
        pause: atRest
          ? nil
          : {
            spool?.startOver()
            usleep(UInt32(seconds * 1_000_000))
          })
    } catch {
      switch error {
      case .database(let error): throw error
      case .log(let error): throw Failure(error)
      }
    }
    try MailboxDatabase.require(report.forms.master, in: pair.master, pair.locking)
    try MailboxDatabase.require(report.forms.replica, in: pair.replica, pair.locking)
    return ComparisonRun(
      report: report, capture: captures.all.last, options: self, spool: spool,
      earlierCapture: atRest ? captures.all.last : captures.all.dropLast().last)
  }
}

/// The captures of a comparison.
// Safe: used by one thread, for as long as a comparison runs.
private final class Captures: @unchecked Sendable {
  var all: [SyncLogCapture] = []
}

extension SyncLogCapture {
  /// Captures a directory or files.
  init(ofPaths paths: [String], channel: String) throws(SyncLogError) {
    guard paths.count == 1, let path = paths.first, isDirectory(path) else {
      self = try SyncLogReader.capture(paths: paths)
      return
    }
    self = try SyncLogReader(directory: path).capture(channel: channel)
  }
}

/// Refuses a configuration directory that was given for its `sync/`: it has no logs, and nothing would seem to be pending.
func requireSyncDirectory(_ path: String, channel: String) throws(Failure) {
  let sync = (path.hasSuffix("/") ? path : path + "/") + "sync"
  guard channel.isEmpty, isDirectory(path), isDirectory(sync) else { return }
  let channels = try failing { () throws(SyncLogError) in try SyncLogReader(directory: path).channels() }
  guard !channels.contains("") else { return }
  throw Failure(.noInput, file: path, "has no sync logs, but a directory sync/", hint: "give \(shellQuoted(sync))")
}

/// Whether a server would take the file of a path for a sync log, if it lay in `sync/`.
func isNameOfSyncLog(_ path: String) -> Bool {
  path.split(separator: "/").last.map { SyncLogFolder.isLog(String($0)) } == true
}

/// Whether a path leads to a directory.
func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

extension Failure {
  init(_ error: SyncLogError) {
    let status: ExitStatus =
      switch error {
      case .system(let failure): ExitStatus(errno: failure.errno)
      case .notRegularFile, .tooLarge: .notDatabase
      case .lockedByThisProcess: .tryAgain
      case .channelName: .noInput
      }
    self.init(status, file: error.path, error.description)
  }
}
