// `history`: what a file still knows about a key.

import ArgumentParser
import CyrusDatabase

/// Lists the versions of a key.
struct History: DatabaseCommand, JSONCommand {
  static let schema = "history/1"

  static let configuration = CommandConfiguration(
    abstract: "List every version of a key that is still in the file, deletes included.",
    usage: "dbinspect history FILE KEY [options]",
    discussion: """
      Oldest first: event, transaction, offset, value with C escapes; > marks what a
      reader sees now. A repack leaves only what was live, so a file tells nothing of
      the time before its last one.

      JSON
        {"schema": "history/1", "file", "engine", "state", "key", "versions":
        [{"event": "set" or "deleted", "offset", "transaction", "commit", "current",
        "sound", "value"}], "doubt"}; "transaction" and "commit" are null for what is
        not committed, "doubt" says why a delete may be missing or wrong, or is null

      EXAMPLE
        dbinspect history mailboxes.db --escaped 'Nuser\\x1fjoe'

      EXIT STATUS
        0  the key occurs
        1  it never does
        2  damage leaves the answer in doubt
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Argument(help: "The key; - reads it from standard input, as it is.")
  var key: String

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @OptionGroup var keys: KeyOptions
  @OptionGroup var common: CommonOptions

  func execute(_ output: inout Output) throws -> ExitStatus {
    let key = try keys.key(key)
    let database = try common.database(at: file)
    let history = try common.readLayout(of: database, &output) { layout, output in
      let progress = Progress(file, .bytes)
      let history = layout.history(of: key.rawSpan) { progress.update($0, of: $1) }
      progress.end()
      print(history, of: key, database, layout, to: &output)
      return history
    }
    output.flush()
    if let doubt = history.doubt { Talk.say("doubt: \(doubt)", about: file) }
    return Self.status(history)
  }

  private func print(
    _ history: CyrusDatabase.History, of key: [UInt8], _ database: Database, _ layout: borrowing Layout,
    to output: inout Output
  ) {
    if json {
      output.document(Self.schema) { output in
        output.member("file", file)
        output.member("engine", common.engineName(of: database))
        output.member("state", layout.state.rawValue)
        output.member("key", bytes: key.rawSpan)
        output.array("versions") { output in
          for version in history.versions { output.object(.inline) { write(version, of: layout, to: &$0) } }
        }
        output.member("doubt", history.doubt)
      }
    } else {
      for version in history.versions { print(version, of: layout, to: &output) }
    }
  }

  /// How the command ends.
  static func status(_ history: CyrusDatabase.History) -> ExitStatus {
    if history.doubt != nil || history.versions.contains(where: { !$0.isSound }) { return .broken }
    return history.versions.isEmpty ? .no : .yes
  }

  private func print(_ version: Version, of layout: borrowing Layout, to output: inout Output) {
    output.append(version.isCurrent ? "> " : "  ", in: .green)
    output.append(version.event.rawValue.padded(to: 7), in: version.event == .deleted ? .yellow : .bold)
    let transaction = version.transaction.map { "transaction \($0)" } ?? "not committed"
    output.append("  \(transaction.padded(to: 16))  \(place(version.offset))")
    if !version.isSound {
      output.append("  ")
      output.append("CHECKSUM WRONG", in: .red)
    }
    if version.event == .set {
      output.append(String(repeating: " ", count: max(2, 24 - place(version.offset).count)))
      output.appendEscaped(layout.bytes(version.value))
    }
    output.line()
  }

  private func write(_ version: Version, of layout: borrowing Layout, to output: inout Output) {
    output.member("event", version.event.rawValue)
    output.member("offset", version.offset)
    output.member("transaction", version.transaction)
    output.member("commit", version.commit)
    output.member("current", version.isCurrent)
    output.member("sound", version.isSound)
    if version.event == .set { output.member("value", bytes: layout.bytes(version.value)) }
  }
}
