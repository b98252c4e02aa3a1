// `show`: every record of the committed state.
//
// What surprises: a listing goes on behind damage, so what it printed can be incomplete. That is said at the end, on
// standard error and by the exit status, with the places and the keys around them.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes

/// Lists records.
struct Show: ListingCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the records of the committed state, in the order of the file.",
    usage: "dbinspect show FILE [--prefix KEY] [--start KEY] [--limit N] [options]",
    discussion: """
      What is listed is the state of the last commit, also of a dirty file. A listing
      that meets damage goes on behind it, says what was lost, and ends with 2. How
      many records were listed, and how many the file says it has, is said on
      standard error at the end.

      FORMATS
        text    key, TAB, value, with C escapes for all that is not printable
        cyrus   key, TAB, value, as they are: what `cyr_dbtool FILE twoskip show`
                prints
        ndjson  a line {"schema": "show/1", "engine", "file", "state"}, a line for
                each record {"key", "value"}, with "keyBase64" or "valueBase64"
                instead for bytes that are not UTF-8 or hold NUL, and a line
                {"records", "expected", "complete", "limited", "findings"}
        csv     key,value,key_base64,value_base64 as RFC 4180 has it, the latter two
                instead for bytes that are not UTF-8 or hold NUL

      DECODING
        With --decode, a record is taken apart: text has the key and, indented, each
        field and what is odd about the record, ndjson has "decoded" and "issues"
        besides. What the database holds is told from its name and from records all
        over the file, whatever is listed; --kind says it.

      EXAMPLE
        dbinspect show mailboxes.db --decode --limit 10
        dbinspect show mailboxes.db --escaped --prefix 'Nuser\\x1fjoe'
        dbinspect show mailboxes.db --limit 10 --format ndjson

      EXIT STATUS
        0   all that was asked for was listed
        2   something could not be read, or is missing; the file is cut
        64  usage; with --decode, nothing tells what the records are
        75  in use for too long, or cut while it was being listed
      """)

  /// How records are printed.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, cyrus, ndjson, csv
  }

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("Only keys that start with this; - reads it from standard input.", valueName: "key"))
  var prefix: String?

  @Option(help: ArgumentHelp("Only this key and those behind it; - as with --prefix.", valueName: "key"))
  var start: String?

  @Option(help: ArgumentHelp("At most so many records.", valueName: "count"))
  var limit: UInt64?

  @Flag(help: "Leave out the values.")
  var keysOnly = false

  @Option(help: "How to print: text, cyrus, ndjson or csv.")
  var format = Format.text

  @Flag(help: "Take each record apart.")
  var decode = false

  @Option(
    help: ArgumentHelp("What the database holds, for --decode.", valueName: "kind"),
    completion: .list(DatabaseKind.allCases.map(\.rawValue)),
    transform: { name in
      guard let kind = DatabaseKind(rawValue: name) else {
        throw ValidationError("'\(name)' is no kind for --kind; known are \(Self.knownKinds)")
      }
      return kind
    })
  var kind: DatabaseKind?

  @Flag(name: .shortAndLong, help: "Say nothing on standard error if all is well.")
  var quiet = false

  @OptionGroup var keys: KeyOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if prefix == "-", start == "-" { throw ValidationError("only one key can be read from standard input") }
    if decode, format == .cyrus || format == .csv {
      throw ValidationError("--decode goes with --format text or ndjson")
    }
    if decode, keysOnly { throw ValidationError("--decode and --keys-only exclude each other") }
    if kind != nil, !decode { throw ValidationError("--kind says what to --decode: give that, too") }
  }

  static var knownKinds: String { DatabaseKind.allCases.map(\.rawValue).joined(separator: ", ") }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let prefix = try keys.key(prefix ?? "")
    let start = try keys.key(start ?? "")
    let database = try common.database(at: file)
    let records = try database.records(
      from: start.rawSpan, prefix: prefix.rawSpan, limit: limit.map { Int(clamping: $0) } ?? .max,
      locking: common.libraryLocking, threads: usualThreadCount)
    let isWhole = prefix.isEmpty && start.isEmpty && limit == nil
    var decoder: RecordDecoder?
    if decode, records.count > 0 {
      decoder = isWhole ? try self.decoder(of: database, records) : try self.decoder(of: database)
    }
    var listing = Listing(records, expected: isWhole ? records.snapshot.expectedCount : nil)
    let stateNote = note(on: records.snapshot)
    begin(&output, database, records.snapshot.state)
    do throws(DatabaseError) {
      try list(records, decoder, &listing, &output)
    } catch {
      // The header was printed already: the last line has to say that what follows it is worth nothing.
      if isFramed { listing.writeTrailer([], error: error.description, to: &output) }
      throw error
    }
    let losses = records.damage.isEmpty ? [] : Loss.list(records, in: database, common.libraryLocking)
    if isFramed { listing.writeTrailer(losses, to: &output) }

    output.flush()
    listing.tell(
      losses, stateNote, about: file, quiet: quiet, isFramed: isFramed, readerIsGone: output.hasEnded)
    return listing.status(readerIsGone: output.hasEnded)
  }

  // MARK: - Listing

  private func list(
    _ records: borrowing RecordList, _ decoder: RecordDecoder?, _ listing: inout Listing, _ output: inout Output
  ) throws(DatabaseError) {
    let progress = Progress(file, .records, isOn: !Output.goesToTerminal)
    defer { progress.end() }
    // Taken out of the parser's wrappers once: reading one costs more than printing a record.
    let printer = RecordPrinter(format: format, keysOnly: keysOnly)
    let parts = OutputParts()
    try parts.forEach(records.count, of: records, progress, &listing, &output) {
      range, listing, output throws(DatabaseError) in
      for index in range where !output.hasEnded {
        let record = try records.record(at: index)
        if let decoder {
          printer.print(record, decoder.decode(key: record.key, value: record.value), to: &output)
        } else {
          printer.print(record, to: &output)
        }
        listing.count += 1
        try records.flush(&output)
      }
    }
  }

  /// Decodes the records of a file of which only some were asked for: these can be too few to tell what it holds.
  private func decoder(of database: Database) throws -> RecordDecoder {
    try decoder(of: database, try database.records(locking: common.libraryLocking))
  }

  /// Decodes the records of this file: as what was said, or what its name and all its records tell.
  private func decoder(of database: Database, _ records: borrowing RecordList) throws -> RecordDecoder {
    guard let kind = try kind ?? DatabaseKind(path: file) ?? DatabaseKind(records: sample(of: records)) else {
      let whole = Completeness(records)
      throw Failure(
        whole.isComplete ? .usage : .broken, file: file,
        "neither its name nor its records tell what it holds: --kind says it",
        hint: "--kind takes \(Self.knownKinds)", engine: .twoskip)
    }
    for index in 0..<records.count {
      let record = try records.record(at: index)
      if let form = RecordDecoder.keyForm(of: kind, key: record.key, value: record.value) {
        return RecordDecoder(kind, keyForm: form)
      }
    }
    return RecordDecoder(kind, keyForm: .plain)
  }

  private func begin(_ output: inout Output, _ database: Database, _ state: FileState?) {
    switch format {
    case .text, .cyrus: break
    case .csv: output.append(keysOnly ? "key,key_base64\r\n" : "key,value,key_base64,value_base64\r\n")
    case .ndjson: writeHeader(engine: common.engineName(of: database), state: state, to: &output)
    }
  }

  var isFramed: Bool { format == .ndjson }

  func writeHeader(engine: String?, state: FileState?, to output: inout Output) {
    output.document("show/1", .inline) { output in
      output.member("engine", engine)
      output.member("file", file)
      output.member("state", state?.rawValue)
    }
  }
}
