// `synclog`: what waits to be replicated, for whom, since when, and what will never be.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes
import CyrusSync

/// Looks at sync logs.
struct Synclog: JSONCommand, MonitoredCommand {
  static let schema = "synclog/1"
  static let service = "synclog"

  static let configuration = CommandConfiguration(
    abstract: "Tell what waits in sync logs, for whom, since when, and what is lost there.",
    usage: "dbinspect synclog PATH... [--channel C | --all-channels] [--reduce] [options]",
    discussion: """
      PATH is the directory sync/ of a server, the directory of a channel, or a log.
      A running server is not disturbed. For each log: lines, bytes, when it was last
      changed; then whose lines they are, and what is wrong:

        lost   sync_client drops a line, or does not see what stands behind it
        stuck  it does not get past a line, is not there, or has left a log behind
        note   it acts on the line, which is odd

        log      what servers write to; sync_client takes it once a second
        log-run  what sync_client has taken. It goes when all of it is done, so an
                 old one says that replication is stuck, or no sync_client there
        log-PID  the same up to release 2.4

      Ages are those of the last change of a log: lines can be older.

      EXAMPLE
        dbinspect synclog /var/lib/cyrus/sync
        dbinspect synclog /var/lib/cyrus/sync --channel far --reduce
        dbinspect synclog /var/lib/cyrus/sync --nagios --warning-age 60 \\
          --critical-age 600 --metrics /var/lib/node_exporter/synclog.prom

      EXIT STATUS
        0   all lines, if there are any, are on their way
        2   lines are lost to sync_client, or stuck
        66  no such file or channel
        75  the logs changed their names at every try: lines may be missing
        77  no permission
        With --follow it is 0 when interrupted. With --nagios: 0 OK, 1 WARNING,
        2 CRITICAL (lost or stuck, or above a limit), 3 UNKNOWN.
      """)

  @Argument(help: "Directories, or logs in the order in which they are read.", completion: .file())
  var path: [String]

  @Option(help: ArgumentHelp("Look at this channel of sync/ instead of the default one.", valueName: "name"))
  var channel = ""

  @Flag(help: "Look at all channels of sync/.")
  var allChannels = false

  @Flag(help: "Print what sync_client makes of each log, in its order, with the line that first asks for it.")
  var reduce = false

  @Option(
    help: ArgumentHelp("The release of sync_client; 3.6.1 if not given.", valueName: "version"),
    transform: SyncClientVersion.init(argument:))
  var syncClient = SyncClientVersion(3, 6, 1)

  @Flag(help: "Print all users that have lines.")
  var byUser = false

  @Option(help: ArgumentHelp("Print so many users, those with the most lines; 10 if not given.", valueName: "count"))
  var top: UInt32?

  @Flag(help: "Print lines as they are written, until interrupted.")
  var follow = false

  @Option(
    help: ArgumentHelp("From which age on a log that nobody takes is stuck.", valueName: "seconds"))
  var stuckAge: UInt32 = 3600

  @Option(help: ArgumentHelp("How long to wait before an end without line feed is torn.", valueName: "seconds"))
  var settle = 1.0

  @Flag(help: "The logs are copies: their ages mean nothing, and what is torn stays torn.")
  var atRest = false

  @Option(help: ArgumentHelp("The server's defaultdomain.", valueName: "name"))
  var defaultDomain = ""

  @Option(help: ArgumentHelp("The server's deletedprefix.", valueName: "name"))
  var deletedPrefix = "DELETED"

  @Flag(help: "Print a JSON document instead; with --follow an object a line.")
  var json = false

  @OptionGroup var monitoring: MonitoringOptions

  @Option(help: ArgumentHelp("WARNING if a log was not changed for longer.", valueName: "seconds"))
  var warningAge: Int?

  @Option(help: ArgumentHelp("CRITICAL if a log was not changed for longer.", valueName: "seconds"))
  var criticalAge: Int?

  @Option(help: ArgumentHelp("WARNING if more lines are pending.", valueName: "count"))
  var warningLines: Int?

  @Option(help: ArgumentHelp("CRITICAL if more lines are pending.", valueName: "count"))
  var criticalLines: Int?

  @Option(help: "Colour the output: auto, always or never.")
  var color = ColorChoice.auto

  var file: String { path.first ?? "" }
  var inputs: [String] { path }
  private var ages: Threshold { Threshold(warning: warningAge, critical: criticalAge) }
  private var counts: Threshold { Threshold(warning: warningLines, critical: criticalLines) }

  func validate() throws {
    guard settle >= 0, settle <= 3600 else { throw ValidationError("--settle takes 0 to 3600 seconds") }
    if deletedPrefix.isEmpty { throw ValidationError("--deleted-prefix takes a name") }
    if allChannels, !channel.isEmpty { throw ValidationError("--channel and --all-channels exclude each other") }
    if byUser, top != nil { throw ValidationError("--by-user and --top exclude each other") }
    if follow, reduce || byUser || top != nil || atRest || monitoring.nagios || monitoring.metrics != nil {
      throw ValidationError("--follow goes with --channel, --all-channels and --json alone")
    }
    if monitoring.nagios, json { throw ValidationError("--nagios and --json exclude each other") }
    try monitoring.requireNagios([("age", ages), ("lines", counts)])
  }

  func observe(_ output: inout Output) throws -> Observation {
    let selection = LogSelection(paths: path, channel: channel, isAll: allChannels)
    if follow { return Observation(status: try follow(selection)) }
    var settings = NameSettings()
    settings.defaultDomain = defaultDomain
    settings.deletedPrefix = deletedPrefix
    let work = try PendingWork(
      selection,
      PendingOptions(
        client: syncClient, settings: settings, stuckSeconds: Int64(stuckAge), isAtRest: atRest,
        settleSeconds: settle))
    let userCountMax = byUser ? Int.max : top.map { Int($0) }
    if json {
      output.document(Self.schema) { output in
        work.write(userCountMax: userCountMax ?? Int.max, hasSteps: reduce, to: &output)
      }
    } else if !monitoring.nagios {
      let display = PendingWork.Display(userCountMax: userCountMax ?? (reduce ? nil : 10), hasSteps: reduce)
      work.print(display, to: &output)
      output.flush()
      work.tellAdvice()
    }
    return Observation(
      status: work.status, metrics: work.metrics, answer: work.answer(ages: ages, counts: counts))
  }

  private func follow(_ selection: LogSelection) throws -> ExitStatus {
    let (channels, files) = try selection.resolved()
    if let file = files.first { throw LogSelection.failure(noDirectory: file, "--follow takes directories") }
    return try LogFollowing(channels, json: json, color: color).run()
  }
}
