// `dbinspect FILE` alone: what the file is, a quick check, and what to try next.

import ArgumentParser
import CyrusDatabase

/// Info, a quick check, and advice.
struct Overview: DatabaseCommand, JSONCommand {
  static let schema = "overview/1"

  static let configuration = CommandConfiguration(
    abstract: "Say what a file is, check it quickly, and tell what to try next. What `dbinspect FILE` does.",
    usage: "dbinspect FILE [options]",
    discussion: """
      The same as info, then verify --quick, then commands that lead on from there.

      JSON
        {"schema": "overview/1", as info has it, or "file", "engine", "state" and
        "error" if the header cannot be trusted, "quickCheck": {as verify has it,
        from "state" on}}

      EXAMPLE
        dbinspect mailboxes.db

      EXIT STATUS
        0   nothing wrong was found
        2   damaged
        65  not a Cyrus database that is read, or not a file
        66  no such file
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  // Caught here to be able to say what is meant: a command that is misspelt looks like a file.
  @Argument(help: .hidden)
  var rest: [String] = []

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard rest.isEmpty else {
      let isLate = DBInspect.hintToMisplacedCommand != nil
      let what = isLate ? "options stand before the command" : "'\(file)' is not a command"
      throw ValidationError("\(what); give one FILE, or a command and a FILE")
    }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let database = try open()
    let header = try Header(database, common)
    if !json {
      header.print(file, common.engineName(of: database), to: &output)
      output.flush()
    }
    let progress = Progress(file, .bytes)
    let report = try database.verify(.quick, locking: common.libraryLocking) { progress.update($0, of: $1) }
    progress.end()
    if json {
      output.document(Self.schema) { output in
        header.writeMembers(file, common.engineName(of: database), to: &output)
        output.object("quickCheck") { $0.members(of: report) }
      }
    } else {
      print(report, to: &output)
    }
    return Self.status(report)
  }

  /// What the header tells, if it can be trusted.
  private enum Header {
    case facts(Facts)
    case damaged(Damage)

    init(_ database: Database, _ common: CommonOptions) throws {
      let engine = common.engineName(of: database)
      do {
        self = .facts(try database.read(locking: common.libraryLocking) { try Facts($0, engine: engine) })
      } catch DatabaseError.damaged(_, let damage) {
        self = .damaged(damage)
      }
    }

    func print(_ file: String, _ engine: String?, to output: inout Output) {
      switch self {
      case .facts(let facts): facts.print(nil, to: &output)
      case .damaged(let damage):
        // The check says the same in its own words, and more.
        output.line("file".padded(to: 14) + printable(file))
        output.line("engine".padded(to: 14) + (engine ?? "unknown"))
        output.line("state".padded(to: 14) + "unreadable: \(damage.description)")
      }
    }

    func writeMembers(_ file: String, _ engine: String?, to output: inout Output) {
      switch self {
      case .facts(let facts): facts.writeMembers(to: &output)
      case .damaged(let damage):
        output.member("file", file)
        output.member("engine", engine)
        output.member("state", FileState.unreadable.rawValue)
        output.member("error", damage.description)
      }
    }
  }

  private func print(_ report: VerificationReport, to output: inout Output) {
    output.append("quick check".padded(to: 14))
    output.appendSummary(of: report)
    for finding in report.findings.prefix(10) {
      output.append("  ")
      output.append(finding)
    }
    if report.findings.count > 10 { output.line("  and \(report.findings.count - 10) more") }
    output.line()
    output.line("next")
    let advice = Self.advice(report, file: shellQuoted(file), salvage: salvageCommand(file))
    let width = advice.map(\.0.unicodeScalars.count).max() ?? 0
    for (command, what) in advice { output.line(printable("  \(command.padded(to: width))  \(what)")) }
  }

  /// Opens the file; what is missing may have been meant as a command.
  private func open() throws(Failure) -> Database {
    do throws(Failure) {
      return try common.database(at: file)
    } catch {
      guard error.status == .noInput, !file.contains("/") else { throw error }
      throw Failure(
        error.status, file: error.file, error.message,
        hint: DBInspect.hintToMisplacedCommand ?? "it is no command either: see dbinspect --help")
    }
  }

  /// How the command ends.
  static func status(_ report: VerificationReport) -> ExitStatus { Verify.status(report.verdict, strict: false) }

  /// Commands that lead on from a report, and what each tells.
  private static func advice(_ report: VerificationReport, file: String, salvage: String) -> [(String, String)] {
    var advice = [("dbinspect verify \(file)", "check every byte against every rule")]
    let damage = report.findings.filter { $0.severity == .damage }
    if !damage.isEmpty {
      // What is missing at the end of a file cannot be taken apart.
      if let place = damage.map(\.bytes.lowerBound).first(where: { $0 < report.fileByteCount }) {
        advice.append(
          ("dbinspect explain \(file) \(hexadecimal(place))", "take apart what lies at the first damage"))
      }
      let hasContent = report.state != .unreadable && report.state != .interruptedCreation
      advice.append(
        hasContent
          ? ("dbinspect show \(file)", "list what can still be read")
          : ("dbinspect dump \(file)", "see what lies in the file"))
      if report.state != .interruptedCreation {
        advice.append((salvage, "write what can be saved to a new file"))
      }
      return advice
    }
    guard report.fileByteCount > 0 else { return advice }
    advice.append(("dbinspect show \(file) --limit 10", "list the first records"))
    advice.append(("dbinspect info \(file) --scan", "tell live from dead bytes"))
    if report.state == .dirty || report.state == .longer {
      advice.append(("dbinspect dump \(file)", "see what lies behind the committed end"))
    }
    return advice
  }
}
