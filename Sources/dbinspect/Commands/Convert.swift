// `convert`: the content of a sound database, in a new one.

import ArgumentParser
import CyrusDatabase

/// Writes the content of a database to a new file.
struct Convert: DatabaseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the content of a database to a new one.",
    usage: "dbinspect convert FILE -o OUT --engine ENGINE",
    discussion: """
      The new file is what a repack makes: records in key order, nothing dead, a new
      generation. A database in mbox order comes out in the order that Cyrus 3.6 and
      later want. A file is refused if damage leaves its content in doubt: see
      salvage. The new file belongs to you and nobody else may read it: give it to
      Cyrus's user before it takes the place of the old one.

      EXAMPLE
        dbinspect convert mailboxes.db -o packed.db --engine twoskip

      EXIT STATUS
        0   written, and complete
        2   damage leaves the content in doubt; nothing was written
        73  the output cannot be created
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Option(name: .shortAndLong, help: "The new database.", completion: .file())
  var output: String

  @Flag(help: "Replace the output if it is there. The input itself is never replaced.")
  var force = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    // Here the engine is that of the new file; as only twoskip is read and written it is both.
    if let engine = common.engine, engine != .twoskip {
      throw ValidationError("\(engine.rawValue) is not written; only twoskip is")
    }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let database = try common.database(at: file)
    let salvage = try database.salvage(locking: common.libraryLocking)
    // Of what lists, log and header say different things about, others would read something else.
    guard salvage.isWhole, salvage.contradictionCount == 0, !salvage.isEndGuessed else {
      throw Failure(
        .broken, file: file, "is damaged, so its content is not known for certain; nothing was written",
        hint: "dbinspect salvage \(shellQuoted(file)) -o \(shellQuoted(self.output)) writes what can be saved")
    }
    let written = try OutputFile.creating(self.output) {
      try salvage.write(to: self.output, keeping: [.certain], replacing: force)
    }
    if salvage.state == .dirty || salvage.state == .longer {
      Talk.say("what is not committed is left out; the new file has the last committed state", about: file)
    }
    output.line(
      "\(printable(written.path)): \(counted(written.recordCount, "record")), \(counted(written.byteCount, "byte")), "
        + "generation \(written.generation)")
    return .yes
  }
}
