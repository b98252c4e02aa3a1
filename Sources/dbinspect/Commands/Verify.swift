// `verify`: checks files against every rule of their format.

import ArgumentParser
import CyrusDatabase

/// Checks files.
struct Verify: DatabaseCommand, MonitoredCommand {
  static let service = "verify"

  static let configuration = CommandConfiguration(
    abstract: "Check files against every rule of their format.",
    usage: "dbinspect verify FILE... [--quick] [--strict] [--threads N] [options]",
    discussion: """
      Prints each finding with its severity, rule, place, and the expected and found
      numbers, then a line for each file: verdict, state, records, bytes, findings.

        sound        at rest, and no damage
        recoverable  dirty, or longer than its committed end, but the committed state
                     is whole
        damaged      some rule is broken so that content or use is in danger

      JSON
        {"schema": "verify/1", "file", "engine", "state", "verdict", "depth",
        "records", "expectedRecords", "bytes": {"total", "covered": {part: bytes}},
        "findings": [{"rule", "severity", "offset", "length", "expected", "found",
        "message"}], "unlistedFindings", "rules": [{"rule", "records", "bytes",
        "findings", "skipped"}]}; a file that cannot be checked has "error" instead
        of what comes after "verdict". For several files {"schema": "verify/1",
        "files": [each as above, without "schema"]}.

      EXAMPLE
        dbinspect verify mailboxes.db
        dbinspect verify --quick --threads 1 /var/lib/cyrus/*.db

      EXIT STATUS
        0   sound or recoverable
        1   with --strict: recoverable
        2   damaged
        65  not a Cyrus database that is read, or not a file
        66  no such file
        77  no permission
        Of several files it is that of the worst: 2, then 65, 77, 66, 1, 0.
        With --nagios: 0 OK, 1 WARNING
        (warnings; with --strict: recoverable), 2 CRITICAL (damaged), 3 UNKNOWN.
      """)

  @Argument(help: "The databases.", completion: .file())
  var files: [String]

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @Flag(help: "End with 1 if a file is dirty or longer than its committed end, but whole.")
  var strict = false

  @Option(
    help: ArgumentHelp(
      "How many threads check files, or parts of one: 1 to 1024; without it as many as there are processors, up to 4.",
      valueName: "count"))
  var threads: Int?

  @Flag(help: "Check only what a reader of live records relies on.")
  var quick = false

  @Flag(help: "Print how far each rule was checked, and what the bytes of the file are.")
  var rules = false

  @OptionGroup var monitoring: MonitoringOptions
  @OptionGroup var common: CommonOptions

  var inputs: [String] { files }

  func validate() throws {
    if monitoring.nagios, json { throw ValidationError("--nagios and --json exclude each other") }
    guard 1...1024 ~= threads ?? 1 else { throw ValidationError("--threads takes 1 to 1024") }
  }

  func observe(_ output: inout Output) throws -> Observation {
    let threads = threads ?? usualThreadCount
    let checks = FileChecks(
      files: files, depth: quick ? .quick : .full, locking: common.libraryLocking, engine: common.engine)
    var worst = ExitStatus.yes
    var tally = VerifyTally()
    func end(_ check: FileChecks.Outcome, _ output: inout Output) {
      tally.add(check, strict: strict)
      worst = ExitStatus.worst([worst, Self.status(check.result, strict: strict)])
      if monitoring.nagios { return }
      // So that what goes to standard error comes in its place.
      output.flush()
      if case .failure(let failure) = check.result { failure.tell() }
    }
    if !json {
      checks.run(threads: threads) { check in
        if case .success(let report) = check.result, !monitoring.nagios { print(report, of: check.file, to: &output) }
        end(check, &output)
      }
    } else if files.count == 1 {
      checks.run(threads: threads) { check in
        output.document("verify/1") { output in write(check, to: &output) }
        end(check, &output)
      }
    } else {
      output.document("verify/1") { output in
        output.array("files") { output in
          checks.run(threads: threads) { check in
            output.object { output in write(check, to: &output) }
            end(check, &output)
          }
        }
      }
    }
    return Observation(status: worst, isUp: tally.isUp, metrics: tally.metrics, answer: tally.answer)
  }

  /// How the check of one file ends.
  static func status(_ result: Result<VerificationReport, Failure>, strict: Bool) -> ExitStatus {
    switch result {
    case .failure(let failure): failure.status
    case .success(let report): status(report.verdict, strict: strict)
    }
  }

  /// How the check of a file with this verdict ends.
  static func status(_ verdict: VerificationReport.Verdict, strict: Bool) -> ExitStatus {
    switch verdict {
    case .sound: .yes
    case .recoverable: strict ? .no : .yes
    case .damaged: .broken
    }
  }

  private func print(_ report: VerificationReport, of file: String, to output: inout Output) {
    let name = printable(file)
    for finding in report.findings {
      if files.count > 1 { output.append("\(name): ") }
      output.append(finding)
    }
    if report.unlistedFindingCount > 0 {
      if files.count > 1 { output.append("\(name): ") }
      output.line("and \(counted(report.unlistedFindingCount, "more finding")) of the same rules")
    }
    if rules { output.appendTables(of: report) }
    output.append("\(name): ")
    output.appendSummary(of: report)
  }

  private func write(_ check: FileChecks.Outcome, to output: inout Output) {
    output.member("file", check.file)
    switch check.result {
    case .success(let report):
      output.member("engine", (report.engine ?? common.engine)?.rawValue)
      output.members(of: report)
    case .failure(let failure):
      output.member("engine", failure.engine?.rawValue)
      output.member("state", nil as String?)
      // Not one of the library's: it makes no report on such a file.
      output.member("verdict", failure.isNotDatabase ? "notDatabase" : nil)
      output.member("error", failure.message)
    }
  }
}
