// `salvage`: what can be read of a damaged database, into a new one.

import ArgumentParser
import CyrusDatabase

/// Writes what can be saved of a damaged file to a new file.
struct Salvage: DatabaseCommand {
  /// Which records go into the new file.
  enum Keeping: String, ExpressibleByArgument, CaseIterable {
    case certain, likely, all

    var certainties: Set<Certainty> {
      switch self {
      case .certain: [.certain]
      case .likely: [.certain, .presentAtSomeTime]
      case .all: [.certain, .presentAtSomeTime, .possiblyDeleted]
      }
    }
  }

  static let configuration = CommandConfiguration(
    abstract: "Write what can be saved of a damaged database to a new one.",
    usage: "dbinspect salvage FILE -o OUT [options]",
    discussion: """
      The damaged file stays as it is. Every record is judged: certain, present at
      some time, possibly deleted, uncommitted. Keys that were deleted for certain
      stay deleted; what is uncommitted is reported and never written. The new file
      belongs to you and nobody else may read it: give it to Cyrus's user before it
      takes the place of the old one.

      The report (--report) is a JSON document of schema salvage/1: damaged places,
      counts, and for each record where it was found, what speaks for it, and what
      doubt is left. Docs/Output.md describes it.

      EXAMPLE
        dbinspect salvage mailboxes.db -o salvaged.db --report salvaged.json

      EXIT STATUS
        0   nothing was wrong: the new file has exactly the content of the old one
        1   something was wrong, but it is proven that no record is missing
        2   records are missing, or may be
        73  the output cannot be created
      """)

  @Argument(help: "The damaged database.", completion: .file())
  var file: String

  @Option(name: .shortAndLong, help: "The new database.", completion: .file())
  var output: String

  @Option(help: "Write what became of each record to this file, as JSON.", completion: .file())
  var report: String?

  @Option(
    help: ArgumentHelp(
      "Which records to keep.",
      discussion: """
        certain: only what is proven. likely: also what was there at some time and may have been replaced or deleted \
        since. all: also what may have been deleted.
        """))
  var keep = Keeping.all

  @Flag(help: "Replace the output if it is there. The damaged file itself is never replaced.")
  var force = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if report == self.output { throw ValidationError("--output and --report name the same file") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    if let engine = common.engine, engine != .twoskip {
      throw DatabaseError.unsupportedEngine(path: file, engine: engine)
    }
    let salvage = try CyrusDatabase.Salvage(path: file, locking: common.libraryLocking)
    if let report {
      // Begun first: what stands in the way of the report is found before the database is written.
      try OutputFile.write(to: report, replacing: force, inputs: [file], besides: [self.output]) { document in
        let written = try writeDatabase(of: salvage)
        write(salvage, written, to: &document)
        summarize(salvage, written, to: &output)
      }
    } else {
      summarize(salvage, try writeDatabase(of: salvage), to: &output)
    }
    return Self.status(isIntact: salvage.isIntact, isWhole: salvage.isWhole)
  }

  private func writeDatabase(of salvage: borrowing CyrusDatabase.Salvage) throws -> WrittenDatabase {
    try OutputFile.creating(self.output) {
      try salvage.write(to: self.output, keeping: keep.certainties, replacing: force)
    }
  }

  /// How a salvage ends.
  static func status(isIntact: Bool, isWhole: Bool) -> ExitStatus { isIntact ? .yes : isWhole ? .no : .broken }

  // MARK: - Text

  private func summarize(
    _ salvage: borrowing CyrusDatabase.Salvage, _ written: WrittenDatabase, to output: inout Output
  ) {
    for place in salvage.damage { output.line("damaged  \(place.description)") }
    if salvage.unlistedDamageCount > 0 { output.line("damaged  \(salvage.unlistedDamageCount) more places") }
    if salvage.isEndGuessed { output.line("guessed  the committed end, by \(salvage.endSource.explanation)") }
    let counts: [(String, UInt64)] = [
      ("certain", salvage.count(of: .certain)),
      ("present at some time", salvage.count(of: .presentAtSomeTime)),
      ("possibly deleted", salvage.count(of: .possiblyDeleted)),
      ("uncommitted, not written", salvage.count(of: .uncommitted)),
      ("deleted, not written", salvage.deletedCount),
      ("older versions, not written", salvage.supersededCount),
      ("or more live records are lost", salvage.lostLiveCount),
      ("contradictions between lists and log", salvage.contradictionCount),
    ]
    for (name, count) in counts where count > 0 { output.line("\("\(count)".rightAligned(to: 9))  \(name)") }
    if let expected = salvage.expectedCount, expected != salvage.count(of: .certain) {
      output.line("\("\(expected)".rightAligned(to: 9))  there should be, by the header")
    }
    output.line(
      "\(printable(written.path)): \(counted(written.recordCount, "record")), \(counted(written.byteCount, "byte")), "
        + "generation \(written.generation)")
    if salvage.isIntact {
      output.line("nothing was wrong: this is exactly the content of \(printable(file))")
    } else if salvage.isWhole, salvage.isEndGuessed {
      output.line("all records are certain, and none is missing, if the committed end is what it seems to be")
    } else if salvage.isWhole {
      output.line("all records are certain, and none is missing: no content is affected")
    } else {
      output.line("records are missing, or may be: \(printable(written.path)) has what is left")
    }
  }

  // MARK: - The report

  private func write(
    _ salvage: borrowing CyrusDatabase.Salvage, _ written: WrittenDatabase, to output: inout Output
  ) {
    output.document("salvage/1") { output in
      output.member("file", file)
      output.member("state", salvage.state.rawValue)
      output.member("committedEnd", salvage.committedEnd)
      output.member("endSource", salvage.endSource.rawValue)
      output.member("intact", salvage.isIntact)
      output.member("whole", salvage.isWhole)
      output.member("expected", salvage.expectedCount)
      output.object("records") { output in
        for certainty in Certainty.allCases { output.member(certainty.rawValue, salvage.count(of: certainty)) }
      }
      output.member("deleted", salvage.deletedCount)
      output.member("superseded", salvage.supersededCount)
      output.member("lostLive", salvage.lostLiveCount)
      output.member("contradictions", salvage.contradictionCount)
      output.array("damage") { output in
        for place in salvage.damage { write(place, to: &output) }
      }
      output.member("unlistedDamage", salvage.unlistedDamageCount)
      output.object("output") { output in
        output.member("file", written.path)
        output.member("records", written.recordCount)
        output.member("bytes", written.byteCount)
        output.member("generation", written.generation)
      }
      output.array("provenance") { output in
        var records = salvage.records()
        while let record = records.next() { write(record, to: &output) }
      }
      output.array("uncommitted") { output in
        var records = salvage.uncommittedRecords()
        while let record = records.next() { write(record, to: &output) }
      }
    }
  }

  private func write(_ place: DamagedPlace, to output: inout Output) {
    output.object(.inline) { output in
      output.member("offset", place.bytes.lowerBound)
      output.member("length", place.bytes.count)
      output.member("what", place.kind.rawValue)
      if let isLive = place.isLive { output.member("live", isLive) }
      output.member("loss", place.isLoss)
    }
  }

  private func write(_ record: borrowing SalvagedRecord, to output: inout Output) {
    let key = record.copyOfKey()
    let offset = record.offset
    let certainty = record.certainty
    let source = record.source
    let doubt = record.doubt
    let isHeadDamaged = record.isHeadDamaged
    let transaction = record.transaction
    let commit = record.commit
    output.object(.inline) { output in
      output.member("key", bytes: key.rawSpan)
      output.member("offset", offset)
      output.member("certainty", certainty.rawValue)
      output.member("source", source.rawValue)
      if let doubt { output.member("doubt", doubt.rawValue) }
      if isHeadDamaged { output.member("headDamaged", true) }
      if let transaction { output.member("transaction", transaction) }
      if let commit { output.member("commit", commit) }
      output.member("written", keep.certainties.contains(certainty))
    }
  }
}
