// `dbinspect FILE` alone: what the file is, a quick check, and what to try next.

import ArgumentParser
import CyrusDatabase

/// Info, a quick check, and advice.
struct Overview: DatabaseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a file is, check it quickly, and tell what to try next. What `dbinspect FILE` does.",
    usage: "dbinspect FILE [options]",
    discussion: """
      The same as info, then verify --quick, then commands that lead on from there.

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
    let engine = common.engineName(of: database)
    do {
      let facts = try database.read(locking: common.libraryLocking) { Facts($0, engine: engine) }
      facts.print(nil, to: &output)
    } catch DatabaseError.damaged(_, let damage) {
      // The check below says the same in its own words, and more.
      output.line("file".padded(to: 14) + printable(file))
      output.line("engine".padded(to: 14) + (engine ?? "unknown"))
      output.line("state".padded(to: 14) + "unreadable: \(damage.description)")
    }
    output.flush()
    let progress = Progress(file, .bytes)
    let report = try database.verify(.quick, locking: common.libraryLocking) { progress.update($0, of: $1) }
    progress.end()
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
    return Self.status(report)
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
