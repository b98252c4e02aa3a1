// `check`: checks the records of a mailboxes.db against each other.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes
import Glibc

/// Checks a mailboxes.db as a whole.
struct Check: DatabaseCommand, JSONCommand {
  static let schema = "check/1"

  static let configuration = CommandConfiguration(
    abstract: "Check the records of a mailboxes.db against each other.",
    usage: "dbinspect check FILE [--preflight RELEASE] [--admin NAME ...] [options]",
    discussion: """
      Are the records under names, unique ids and JMAP ids of each mailbox the same,
      and all there? Is the set of reverse ACL entries what the ACLs make it? Can
      each record be decoded, and could Cyrus have made it? Prints each finding with
      its severity, rule and place, then a summary. Of the bytes of the file `verify`
      knows more.

      With --preflight also what an upgrade to that release would leave out, misread
      or stumble over.

      JSON
        {"schema": "check/1", "file", "engine", "state", "form", "keyOrder",
        "records", "mailboxes", "tombstones", "expected", "complete", "sound",
        "preflight", "findings": [{"rule", "severity", "offset", "length",
        "expected", "found", "message"}], "unlistedFindings", "rules": [{"rule",
        "notes", "warnings", "damage"}]}

      EXAMPLE
        dbinspect check mailboxes.db
        dbinspect check --admin cyrus --preflight 3.12 mailboxes.db

      EXIT STATUS
        0   no damage; there may be notes and warnings
        2   damage, or records are missing because the file is damaged or cut
        65  not a list of mailboxes
      """)

  @Argument(help: "The mailboxes.db.", completion: .file())
  var file: String

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Also look at what an upgrade to this release would do: 3.6, 3.8, 3.10, 3.12 or 3.13.", valueName: "release"),
    completion: .list(UpgradeTarget.allCases.map(\.rawValue)),
    transform: { name in
      guard let release = UpgradeTarget(rawValue: name) else {
        let known = UpgradeTarget.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(name)' is no release to upgrade to; known are \(known)")
      }
      return release
    })
  var preflight: UpgradeTarget?

  @Option(
    help: ArgumentHelp(
      "An administrator of the server, who has no reverse ACL entries; may be given more than once.",
      valueName: "name"))
  var admin: [String] = []

  @Option(help: ArgumentHelp("The server's defaultdomain.", valueName: "name"))
  var defaultDomain = ""

  @Option(help: ArgumentHelp("The server's deletedprefix.", valueName: "name"))
  var deletedPrefix = "DELETED"

  @Option(
    help: ArgumentHelp(
      "The time by which tombstones are old, in seconds since 1970; else that of the newest record.",
      valueName: "seconds"))
  var now: Int64?

  @Flag(name: .shortAndLong, help: "Say nothing on standard error if all is well.")
  var quiet = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if deletedPrefix.isEmpty { throw ValidationError("--deleted-prefix is the start of names, and cannot be empty") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let database = try common.database(at: file)
    let answer: Answer
    do {
      answer = try self.answer(of: database, common.libraryLocking)
    } catch DatabaseError.changed where common.locking == .auto {
      answer = try self.answer(of: database, .copy(wait: .seconds(common.wait)))
    }
    if json {
      output.document(Self.schema) { output in
        output.member("file", file)
        output.member("engine", common.engineName(of: database))
        output.member("state", answer.state.rawValue)
        write(answer, to: &output)
      }
    } else {
      for report in answer.reports {
        for finding in report.findings { output.append(finding) }
        if report.unlistedFindingCount > 0 {
          output.line("and \(counted(report.unlistedFindingCount, "more finding")) of the same rules")
        }
      }
      output.append("\(printable(file)): ")
      output.appendSummary(of: answer.check, answer.whole, Self.counts(of: answer.reports))
    }
    output.flush()
    let status = Self.status(answer.reports, answer.whole)
    if let note = answer.note, !(quiet && status == .yes) { Talk.say("note: \(note)", about: file) }
    if !answer.whole.isComplete { Completeness.tellWhatHelps(file) }
    return status
  }

  /// How a check ends.
  static func status(_ reports: [MailboxListReport], _ whole: Completeness) -> ExitStatus {
    reports.allSatisfy(\.isSound) ? whole.status : .broken
  }

  private struct Answer {
    let state: FileState
    let note: String?
    /// Whether all records were there to be checked.
    let whole: Completeness
    let check: MailboxListReport
    /// With that of the preflight, if there was one.
    let reports: [MailboxListReport]
  }

  private func answer(of database: Database, _ locking: Locking) throws -> Answer {
    let list = try database.records(locking: locking)
    let form = try MailboxListForm(of: list.snapshot)
    try MailboxDatabase.require(form, among: list, of: database, locking)
    var check = MailboxListCheck(form: form.keys)
    check.admins = admin
    check.defaultDomain = defaultDomain
    check.deletedPrefix = deletedPrefix
    check.now = now
    check.clock = Int64(time(nil))
    let progress = Progress(file, .records)
    defer { progress.end() }
    let report = try check.report(on: list) { progress.update($0, of: UInt64(list.count)) }
    var reports = [report]
    if let preflight { reports.append(try check.preflight(for: preflight, on: list)) }
    return Answer(
      state: list.snapshot.state, note: note(on: list.snapshot), whole: Completeness(list), check: report,
      reports: reports)
  }

  private func write(_ answer: Answer, to output: inout Output) {
    let report = answer.check
    output.member("form", report.form == .plain ? "plain" : "prefixed")
    output.member("keyOrder", report.keyOrder?.rawValue)
    output.member("records", report.recordCount)
    output.member("mailboxes", report.mailboxCount)
    output.member("tombstones", report.tombstoneCount)
    output.member("expected", answer.whole.expected)
    output.member("complete", report.isComplete && answer.whole.isComplete)
    output.member("sound", Self.status(answer.reports, answer.whole) == .yes)
    output.member("preflight", preflight?.rawValue)
    output.array("findings") { output in
      for finding in answer.reports.flatMap(\.findings) { output.element(finding) }
    }
    output.member("unlistedFindings", answer.reports.reduce(0) { $0 + $1.unlistedFindingCount })
    output.array("rules") { output in
      for rule in answer.reports.flatMap(\.rules) {
        output.object(.inline) { output in
          output.member("rule", rule.rule)
          output.member("notes", rule.noteCount)
          output.member("warnings", rule.warningCount)
          output.member("damage", rule.damageCount)
        }
      }
    }
  }

  /// How many findings there are, by severity.
  private static func counts(of reports: [MailboxListReport]) -> String {
    let rules = reports.flatMap(\.rules)
    let damage = rules.reduce(0) { $0 + $1.damageCount }
    let warnings = rules.reduce(0) { $0 + $1.warningCount }
    let notes = rules.reduce(0) { $0 + $1.noteCount }
    guard damage + warnings + notes > 0 else { return "no findings" }
    var parts: [String] = []
    // Damage has no plural.
    if damage > 0 { parts.append("\(damage) damage") }
    if warnings > 0 { parts.append(counted(warnings, "warning")) }
    if notes > 0 { parts.append(counted(notes, "note")) }
    return "\(counted(damage + warnings + notes, "finding")) (\(parts.joined(separator: ", ")))"
  }
}

extension Output {
  /// Appends what was checked, and what was found, in one line.
  fileprivate mutating func appendSummary(
    of report: MailboxListReport, _ whole: Completeness, _ counts: String
  ) {
    var parts = [
      "\(report.form == .plain ? "plain" : "prefixed") keys", whole.description,
      "\(counted(report.mailboxCount + report.tombstoneCount, "mailbox")), \(report.tombstoneCount) of them tombstones",
      counts,
    ]
    if !report.isComplete || !whole.isComplete { parts.append("records may be missing") }
    line(parts.joined(separator: ", "))
  }
}
