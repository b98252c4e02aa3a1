// `info`: what a file is and how large, from its header; with --scan from all of its structures.

import ArgumentParser
import CyrusDatabase

/// Tells what a file is.
struct Info: DatabaseCommand, JSONCommand {
  static let schema = "info/1"

  static let configuration = CommandConfiguration(
    abstract: "Say what a file is: engine, state, records, sizes, last repack.",
    usage: "dbinspect info FILE [--scan] [options]",
    discussion: """
      Reads the header, and some records to tell a mailboxes.db and the releases
      that wrote it; with --scan every structure of the file, to tell live from dead
      bytes, and in which order the keys are. The record count of a dirty
      file cannot be trusted, and is not given without --scan.

      JSON
        {"schema": "info/1", "file", "engine", "state", "version", "generation",
        "records", "mailboxes": {"keys", "releases", "mixed"}, "bytes": {"total",
        "committed", "missing", "uncommitted"}, "repackSize", "writer", "scan":
        {"keyOrder", "whole", "parts": [{"name", "count", "bytes"}]}}; "mailboxes" is
        null for another database, "scan" is null without --scan

      EXAMPLE
        dbinspect info mailboxes.db --scan

      EXIT STATUS
        0  told
        2  the header cannot be trusted, the file is cut, or the scan met damage
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Flag(help: "Look at the whole file.")
  var scan = false

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @OptionGroup var common: CommonOptions

  func execute(_ output: inout Output) throws -> ExitStatus {
    let database = try common.database(at: file)
    let engine = common.engineName(of: database)
    let facts = try database.read(locking: common.libraryLocking) { try Facts($0, engine: engine) }
    let content = scan ? try Scan(database, common, &output) : nil
    if json {
      output.document(Self.schema) { output in
        facts.writeMembers(to: &output)
        if let content { content.write(to: &output) } else { output.member("scan", nil as String?) }
      }
    } else {
      facts.print(content, to: &output)
    }
    return Self.status(facts.state, content)
  }

  /// How the command ends.
  static func status(_ state: FileState, _ scan: Scan?) -> ExitStatus {
    scan?.isWhole == false ? .broken : ExitStatus(state)
  }
}
