// What all commands have in common.

import ArgumentParser
import CyrusDatabase

/// A command.
protocol ToolCommand: ParsableCommand {
  /// When to colour the output.
  var color: ColorChoice { get }

  /// Does what is asked for and says how it ends; may throw a `DatabaseError` or a `Failure`.
  func execute(_ output: inout Output) throws -> ExitStatus
}

extension ToolCommand {
  /// Runs the command and writes out all of its output.
  mutating func runToEnd() throws -> ExitStatus {
    var output = Output(color: color)
    do {
      let status = try execute(&output)
      return output.finish(status)
    } catch {
      if let command = self as? any JSONCommand, command.json { command.write(error, to: &output) }
      if let command = self as? any ListingCommand, command.isFramed { command.writeFrame(error, to: &output) }
      // What was found before the error belongs to the user.
      output.flush()
      throw error
    }
  }
}

/// A command that reads a database.
protocol DatabaseCommand: ToolCommand {
  /// The options that every command on databases has.
  var common: CommonOptions { get }
}

extension DatabaseCommand {
  var color: ColorChoice { common.color }
}

/// A command that prints one JSON document about one file if it is asked to.
protocol JSONCommand: ToolCommand {
  /// The document's schema.
  static var schema: String { get }
  /// The path.
  var file: String { get }
  /// Whether a document is asked for.
  var json: Bool { get }
}

extension JSONCommand {
  /// Writes a document that says why there is no other, unless one is half written.
  func write(_ error: any Error, to output: inout Output) {
    let cause = error as? DatabaseError
    guard let failure = (error as? Failure) ?? cause.map({ Failure($0) }), output.startOver() else { return }
    output.document(Self.schema) { output in
      output.member("file", file)
      output.member("engine", failure.engine?.rawValue)
      output.member("state", cause?.isAboutHeader == true ? FileState.unreadable.rawValue : nil)
      output.member("error", failure.message)
    }
  }
}

/// A command that lists something in lines of JSON between a first line and a last one, if it is asked to.
protocol ListingCommand: DatabaseCommand {
  /// Whether lines of JSON are asked for.
  var isFramed: Bool { get }
  /// Writes the first line; `engine` and `state` as far as they are known.
  func writeHeader(engine: String?, state: FileState?, to output: inout Output)
}

extension ListingCommand {
  /// Writes a listing without a record that says why there is none, unless one has begun.
  func writeFrame(_ error: any Error, to output: inout Output) {
    let cause = error as? DatabaseError
    guard let failure = (error as? Failure) ?? cause.map({ Failure($0) }), output.isEmpty else { return }
    let state: FileState? = cause?.isAboutHeader == true ? .unreadable : nil
    writeHeader(engine: failure.engine?.rawValue, state: state, to: &output)
    Listing().writeTrailer([], error: failure.message, to: &output)
  }
}

extension DatabaseError {
  /// Whether the header cannot be trusted.
  var isAboutHeader: Bool {
    if case .damaged(_, let damage) = self { return damage.offset < UInt64(TwoskipHeader.byteCount) }
    return false
  }
}

/// The options that every command on databases has.
struct CommonOptions: ParsableArguments {
  /// What is done to be sure that no writer changes the file meanwhile.
  enum LockingChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, copy, shared, none
  }

  @Option(
    help: ArgumentHelp(
      "How to be sure that no writer changes the file meanwhile.",
      discussion: """
        auto: without a lock if the file is quiet, else as copy. copy: a private copy, made under a short shared lock \
        if need be. shared: a shared lock as long as the command runs, which makes writers wait. none: nothing, for \
        files at rest.
        """))
  var locking = LockingChoice.auto

  @Option(help: ArgumentHelp("How many seconds to wait for a lock.", valueName: "seconds"))
  var wait = 5.0

  @Option(
    help: ArgumentHelp("Take the file for one of this engine; only twoskip is read.", valueName: "name"),
    completion: .list(Engine.allCases.map(\.rawValue)),
    transform: { name in
      guard let engine = Engine(rawValue: name) else {
        let known = Engine.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(name)' is no engine; known are \(known)")
      }
      return engine
    })
  var engine: Engine?

  @Option(help: "Colour the output: auto, always or never.")
  var color = ColorChoice.auto

  func validate() throws {
    guard wait >= 0, wait <= 1_000_000 else { throw ValidationError("--wait takes 0 to 1000000 seconds") }
  }

  /// As the library takes it.
  var libraryLocking: Locking { Locking(locking, wait: .seconds(wait)) }

  /// Recognises the file, minding `--engine`.
  func database(at path: String) throws(Failure) -> Database { try Self.database(at: path, engine: engine) }

  /// Recognises the file, and refuses it if its engine is not the one that is asked for.
  static func database(at path: String, engine: Engine?) throws(Failure) -> Database {
    if let engine, engine != .twoskip { throw Failure(DatabaseError.unsupportedEngine(path: path, engine: engine)) }
    let database: Database
    do throws(DatabaseError) {
      database = try Database(path: path)
    } catch {
      guard case .notDatabase = error else { throw Failure(error) }
      // A file whose mark is damaged is looked at if it is said what it should be.
      if let engine { return Database(path: path, engine: engine) }
      throw Failure(
        error,
        hint: "if it was twoskip, \(salvageCommand(path)) looks for records anyway, --engine twoskip takes it for one")
    }
    if let engine, let found = database.engine, found != engine {
      throw Failure(
        .notDatabase, file: path, "is a \(found.rawValue) database by its content, not \(engine.rawValue)",
        engine: found)
    }
    return database
  }

  /// Takes the file apart; again, from a copy, if it changed meanwhile and nothing was printed yet.
  func readLayout<Result>(
    of database: Database, _ output: inout Output, _ body: (borrowing Layout, inout Output) throws -> Result
  ) throws -> Result {
    func read(_ locking: Locking, _ output: inout Output) throws -> Result {
      let layout = try database.layout(locking: locking)
      let result = try body(layout, &output)
      try layout.confirm()
      return result
    }
    do {
      return try read(libraryLocking, &output)
    } catch DatabaseError.changed where locking == .auto && output.startOver() {
      return try read(.copy(wait: .seconds(wait)), &output)
    }
  }

  /// The name of a database's engine as it is printed, or nil for an empty file whose engine was not given.
  func engineName(of database: Database) -> String? { (database.engine ?? engine)?.rawValue }
}

extension Locking {
  /// What is chosen on the command line.
  init(_ choice: CommonOptions.LockingChoice, wait: Duration) {
    self =
      switch choice {
      case .auto: .auto(wait: wait)
      case .copy: .copy(wait: wait)
      case .shared: .shared(wait: wait)
      case .none: .none
      }
  }
}

/// Keys on the command line.
struct KeyOptions: ParsableArguments {
  @Flag(help: "Take C escapes in keys: \\t, \\n, \\\\, \\xHH, \\ooo and the like.")
  var escaped = false

  /// The bytes of a key as given on the command line.
  func bytes(_ text: String) throws -> [UInt8] { escaped ? try unescaped(text) : Array(text.utf8) }

  /// The bytes of a key; `-` reads them from standard input, as they are.
  func key(_ text: String) throws -> [UInt8] { text == "-" ? try standardInput() : try bytes(text) }
}

/// A place in a file: decimal, or hexadecimal behind `0x`.
struct Offset: ExpressibleByArgument {
  /// Bytes from the start of the file.
  let value: UInt64

  init?(argument: String) {
    let isHexadecimal = argument.hasPrefix("0x") || argument.hasPrefix("0X")
    // A sign would be taken, too.
    guard let first = (isHexadecimal ? argument.dropFirst(2) : argument[...]).first, first.isHexDigit,
      let value = UInt64(isHexadecimal ? argument.dropFirst(2) : argument[...], radix: isHexadecimal ? 16 : 10)
    else { return nil }
    self.value = value
  }
}

/// What has to be said about the state of a file whose content was read; nil if there is nothing to say.
func note(on snapshot: borrowing Snapshot) -> String? {
  switch snapshot.state {
  case .clean: return nil
  case .dirty:
    let writer =
      switch snapshot.writer {
      case nil: "no writer is at work, so one has died"
      case let process? where process > 0: "process \(process) is writing"
      default: "a writer is at work"
      }
    return "the file is dirty (\(writer)); this is its last committed state"
  case .longer:
    let surplus = snapshot.fileByteCount - (snapshot.header?.currentSize ?? 0)
    return "\(counted(surplus, "byte")) behind the committed end; this is the last committed state"
  case .truncated:
    let missing = (snapshot.header?.currentSize ?? 0) - snapshot.fileByteCount
    return "the file is cut: \(counted(missing, "byte")) before its committed end are missing"
  case .empty: return "the file has no bytes: an empty database"
  case .interruptedCreation: return "its creation was interrupted: an empty database, which Cyrus cannot open"
  case .unreadable: return "its header cannot be trusted"
  }
}
