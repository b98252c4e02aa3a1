// `get`: the value of one key.

import ArgumentParser
import CyrusDatabase

/// Prints a value.
struct Get: DatabaseCommand, JSONCommand {
  static let schema = "get/1"

  static let configuration = CommandConfiguration(
    abstract: "Print the value of one key, as it is.",
    usage: "dbinspect get FILE KEY [options]",
    discussion: """
      Nothing is added to the value, no line feed either. For a key that is not there
      nothing is printed, but with --json.

      JSON
        {"schema": "get/1", "file", "engine", "state", "key", "found", "offset",
        "value"}, with "keyBase64" or "valueBase64" instead for bytes that are not
        UTF-8 or hold NUL, and without "offset" and "value" if it was not found

      EXAMPLE
        dbinspect get mailboxes.db --escaped 'Nuser\\x1fjoe'
        printf 'Nuser\\037joe' | dbinspect get mailboxes.db -

      EXIT STATUS
        0  found
        1  no such key
        2  damage hides the answer
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Argument(help: "The key; - reads it from standard input, as it is.")
  var key: String

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @Flag(name: .shortAndLong, help: "Say nothing on standard error if the key is found.")
  var quiet = false

  @OptionGroup var keys: KeyOptions
  @OptionGroup var common: CommonOptions

  func execute(_ output: inout Output) throws -> ExitStatus {
    let key = try keys.key(key)
    let database = try common.database(at: file)
    let answer = try database.read(locking: common.libraryLocking) { snapshot in
      var answer = Answer(state: snapshot.state, note: note(on: snapshot))
      if let record = try snapshot.record(for: key.rawSpan) {
        answer.offset = record.offset
        answer.value = Array(record.value)
      }
      return answer
    }
    if json {
      output.document(Self.schema) { output in
        output.member("file", file)
        output.member("engine", common.engineName(of: database))
        output.member("state", answer.state.rawValue)
        output.member("key", bytes: key.rawSpan)
        output.member("found", answer.offset != nil)
        if let offset = answer.offset {
          output.member("offset", offset)
          output.member("value", bytes: answer.value.rawSpan)
        }
      }
    } else {
      output.append(answer.value.rawSpan)
    }
    output.flush()
    let isFound = answer.offset != nil
    if let note = answer.note, !(quiet && isFound) { Talk.say("note: \(note)", about: file) }
    return Self.status(isFound: isFound)
  }

  private struct Answer {
    let state: FileState
    let note: String?
    /// Where the record lies; nil if there is none.
    var offset: UInt64?
    var value: [UInt8] = []
  }

  /// How a lookup ends.
  static func status(isFound: Bool) -> ExitStatus { isFound ? .yes : .no }
}
