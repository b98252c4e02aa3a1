// `fleet sweep`: in what condition all stores are.

import ArgumentParser
import CyrusDatabase
import CyrusFleet
import CyrusSync
import Glibc

/// Looks at all stores.
struct FleetSweep: FleetCommand, MonitoredCommand {
  static let schema = "fleet-sweep/1"
  static let service = "fleet-sweep"

  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Check the lists of all stores, and each replica against its master.",
    discussion: """
      Verifies the mailboxes.db of each slot, compares each replica with its master
      by the log that is pending for it, and prints a line for each store:

        unreachable  a list is missing or cannot be read, or not be compared
        damaged      a list is damaged
        drift        a replica differs, and no line of the log is about it
        pending      something waits for a replica
        ok           none of these

      What is wrong with one store never hides another. With --local only the slots
      on this host, or on that of --host, are looked at, and lists are not compared,
      but have digests; `fleet merge` brings together what each host prints with
      --format ndjson. Docs/Fleet.md tells how to run that on a whole fleet.

      EXAMPLE
        dbinspect fleet sweep --layout production.dat --root /srv/copies --at-rest
        dbinspect fleet sweep --local --format ndjson > $(hostname -s).ndjson

      EXIT STATUS
        0  all stores are ok
        1  the worst is pending
        2  the worst is drift, damaged or unreachable
        With --nagios: 0 OK, 1 WARNING (above a limit), 2 CRITICAL (the worst is
        drift, damaged or unreachable; or above a limit), 3 UNKNOWN.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, ndjson
  }

  @OptionGroup var fleet: FleetOptions

  @Flag(help: "Look only at slots on this host, or that of --host, and compare nothing.")
  var local = false

  @Flag(help: "Check only what a reader of live records relies on.")
  var quick = false

  @Flag(help: "Look once: the files are at rest, or copies.")
  var atRest = false

  @Option(help: ArgumentHelp("How long to wait before drift is believed, in seconds.", valueName: "seconds"))
  var settle = 1.0

  @Option(help: "Whether mailboxes must lie on the same partitions: compare or ignore.")
  var partitions = ComparisonOptions.PartitionChoice.compare

  @Option(help: "What to print: text, or ndjson, an object a line for each slot.")
  var format = Format.text

  @Flag(help: "Print one JSON document.")
  var json = false

  @OptionGroup var names: NameOptions
  @OptionGroup var reading: FleetReading
  @OptionGroup var monitoring: MonitoringOptions

  @Option(help: ArgumentHelp("WARNING if more lines are pending in all.", valueName: "count"))
  var warningLines: Int?

  @Option(help: ArgumentHelp("CRITICAL if more lines are pending in all.", valueName: "count"))
  var criticalLines: Int?

  @Option(help: ArgumentHelp("WARNING if a log was not changed for longer.", valueName: "seconds"))
  var warningAge: Int?

  @Option(help: ArgumentHelp("CRITICAL if a log was not changed for longer.", valueName: "seconds"))
  var criticalAge: Int?

  @Argument(help: ArgumentHelp("A store, a slot or a host; all stores if none is given.", valueName: "store"))
  var subjects: [String] = []

  private var lines: Threshold { Threshold(warning: warningLines, critical: criticalLines) }
  private var ages: Threshold { Threshold(warning: warningAge, critical: criticalAge) }

  /// What is read, and so must not be replaced.
  var inputs: [String] {
    var inputs = [fleet.layout] + (fleet.locations.map { [$0] } ?? [])
    // If there is no layout there are no others.
    guard let layout = try? fleet.readLayout() else { return inputs }
    let files = fleet.files(of: layout)
    for store in layout.stores { inputs += files.mailboxPaths(of: store) }
    return inputs
  }

  func validate() throws {
    guard settle >= 0, settle <= 3600 else { throw ValidationError("--settle takes 0 to 3600 seconds") }
    if json, format == .ndjson { throw ValidationError("--json and --format ndjson exclude each other") }
    if monitoring.nagios, json || format == .ndjson {
      throw ValidationError("--nagios excludes --json and --format ndjson")
    }
    if monitoring.metricsLabel.contains(where: { $0.name == "store" }) {
      throw ValidationError("--metrics-label takes no store here: the values have that label of their own")
    }
    try monitoring.requireNagios([("lines", lines), ("age", ages)])
  }

  func observe(_ output: inout Output) throws -> Observation {
    let layout = try fleet.readLayout()
    // A monitor is told of nothing but what is in its one line.
    if monitoring.nagios { try fleet.requireWhole(layout) }
    let isWhole = fleet.isWhole(layout)
    if local, !layout.hosts.contains(fleet.hostName) {
      throw Failure(.usage, file: fleet.layout, "no line gives slots on '\(printable(fleet.hostName))'")
    }
    let stores = try fleet.stores(subjects, layout)
    let progress = Progress(counted(stores.count, "store"), .files)
    let conditions = sweep(layout, progress).conditions(of: stores)
    progress.end()
    let table = StoreTable(conditions)
    if format == .ndjson {
      var writer = SweepStreamWriter(to: &output)
      for store in conditions { for slot in store.slots { writer.write(slot, to: &output) } }
      writer.end(isComplete: isWhole, to: &output)
    } else if json {
      output.document(Self.schema) { table.write(to: &$0) }
    } else if !monitoring.nagios {
      table.print(to: &output)
    }
    return Observation(
      status: isWhole ? table.status : .broken, isUp: isWhole && table.count(.unreachable) == 0, metrics: table.metrics,
      answer: table.answer(lines: lines, ages: ages))
  }

  private func sweep(_ layout: FleetLayout, _ progress: Progress) -> CyrusFleet.FleetSweep {
    var sweep = CyrusFleet.FleetSweep(fleet.files(of: layout), now: { secondsNow() })
    sweep.host = local ? fleet.hostName : nil
    sweep.depth = quick ? .quick : .full
    sweep.locking = reading.libraryLocking
    sweep.diff.settings = names.settings
    sweep.diff.comparesPartitions = partitions == .compare
    sweep.jobs = reading.jobs
    let seconds = settle
    if !atRest { sweep.pause = { usleep(UInt32(seconds * 1_000_000)) } }
    sweep.progress = { done, total in progress.update(UInt64(done), of: UInt64(total)) }
    return sweep
  }
}
