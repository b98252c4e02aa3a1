// `dump`: what lies in a file, structure by structure, in file order.

import ArgumentParser
import CyrusDatabase

/// Lists structures.
struct Dump: DatabaseCommand, JSONCommand {
  static let schema = "dump/1"

  static let configuration = CommandConfiguration(
    abstract: "List what lies in a file, in the order of its bytes.",
    usage: "dbinspect dump FILE [--from OFFSET] [--to OFFSET] [options]",
    discussion: """
      A line for each structure: offset, kind, bytes, level, lengths, checksums,
      whether it is live, dead or not committed, where its pointers lead, and the
      start of its key. 0*29 stands for 29 pointers that lead nowhere.

      JSON
        {"schema": "dump/1", "file", "engine", "state", "bytes", "committedEnd",
        "structures": [{"offset", "length", "kind", "committed", "liveness", "level",
        "pointers", "headChecksum": {"stored", "computed", "right"}, "tailChecksum",
        "keyLength", "valueLength", "key", "problem"}], "count", "damaged"}; what a
        structure has not got is left out or null

      EXAMPLE
        dbinspect dump mailboxes.db --from 0x1d90 --to 0x2000

      EXIT STATUS
        0  listed
        1  --from is behind the end of the file
        2  something in the range is damaged
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("Start with the structure that covers this byte.", valueName: "offset"))
  var from: Offset?

  @Option(help: ArgumentHelp("Stop before structures that start here or behind.", valueName: "offset"))
  var to: Offset?

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let from, let to, to.value < from.value { throw ValidationError("--to is before --from") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let database = try common.database(at: file)
    let (tally, byteCount) = try common.readLayout(of: database, &output) { layout, output in
      var tally = Tally()
      print(layout, of: database, &tally, to: &output)
      return (tally, layout.fileByteCount)
    }
    output.flush()
    if let from, from.value >= byteCount {
      Talk.say(behindTheEnd(from.value, of: byteCount), about: file)
      return .no
    }
    if !output.hasEnded { Talk.say(tally.description, about: file) }
    return Self.status(tally)
  }

  private func print(
    _ layout: borrowing Layout, of database: Database, _ tally: inout Tally, to output: inout Output
  ) {
    if json {
      output.document(Self.schema) { output in
        output.member("file", file)
        output.member("engine", common.engineName(of: database))
        output.member("state", layout.state.rawValue)
        output.member("bytes", layout.fileByteCount)
        output.member("committedEnd", layout.committedEnd)
        output.array("structures") { output in
          list(layout, &tally, &output) { structure, output in
            output.object(.inline) { structure.writeMembers(of: layout, to: &$0) }
          }
        }
        output.member("count", tally.count)
        output.member("damaged", tally.damagedCount)
      }
    } else {
      list(layout, &tally, &output) { structure, output in print(structure, of: layout, to: &output) }
    }
  }

  /// How the command ends.
  static func status(_ tally: Tally) -> ExitStatus { tally.damagedCount > 0 ? .broken : .yes }

  /// What was listed.
  struct Tally: CustomStringConvertible {
    var count: UInt64 = 0
    var byteCount: UInt64 = 0
    var damagedCount: UInt64 = 0

    /// For example `112 structures, 12600 bytes, none damaged`.
    var description: String {
      let damaged = damagedCount == 0 ? "none damaged" : "\(damagedCount) DAMAGED"
      return "\(counted(count, "structure")), \(counted(byteCount, "byte")), \(damaged)"
    }
  }

  private func list(
    _ layout: borrowing Layout, _ tally: inout Tally, _ output: inout Output,
    _ print: (Structure, inout Output) -> Void
  ) {
    let progress = Progress(file, .bytes, isOn: !Output.goesToTerminal)
    defer { progress.end() }
    let end = min(layout.fileByteCount, to?.value ?? .max)
    layout.forEachStructure(from: from?.value ?? 0, to: to?.value ?? .max) { structure in
      print(structure, &output)
      tally.count += 1
      tally.byteCount += UInt64(structure.bytes.count)
      if structure.isDamaged { tally.damagedCount += 1 }
      progress.update(structure.bytes.upperBound, of: end)
      return !output.hasEnded
    }
  }

  private func print(_ structure: Structure, of layout: borrowing Layout, to output: inout Output) {
    let offset = hexadecimal(structure.bytes.lowerBound)
    output.append("\(offset.padded(to: 10)) \(structure.kind.rawValue.padded(to: 8)) ")
    output.append("\(structure.bytes.count)".rightAligned(to: 6))
    if let level = structure.level { output.append("  level \(level)") }
    if structure.kind == .record { output.append("  key \(structure.key.count)  value \(structure.value.count)") }
    append("head", structure.headChecksum, to: &output)
    append("tail", structure.tailChecksum, to: &output)
    if let standing = structure.standing {
      output.append("  ")
      output.append(standing, in: standing == "live" ? .green : .faint)
    }
    if !structure.pointers.isEmpty { output.append("  [\(Self.list(structure.pointers))]") }
    if structure.kind == .record {
      output.append("  ")
      output.append(escaped(layout.bytes(structure.key), limit: 60))
    }
    if structure.kind == .header {
      for field in layout.fields(of: structure)
      where !field.meaning.isEmpty && field.name != "magic" && field.name != "checksum" {
        output.append("  \(field.name) \(field.meaning)")
      }
    }
    if let problem = structure.problem {
      output.append("  ")
      output.append(printable(problem), in: structure.isDamaged ? .red : .yellow)
    }
    output.line()
  }

  private func append(_ name: String, _ checksum: Structure.Checksum?, to output: inout Output) {
    guard let checksum else { return }
    output.append("  \(name) ")
    output.append(checksum.isRight ? "ok" : "BAD", in: checksum.isRight ? .green : .red)
  }

  /// The pointers, a run of zeros at their end made short.
  static func list(_ pointers: [UInt64]) -> String {
    let zeros = pointers.reversed().prefix { $0 == 0 }.count
    var parts = pointers.dropLast(zeros > 2 ? zeros : 0).map { $0 == 0 ? "0" : hexadecimal($0) }
    if zeros > 2 { parts.append("0*\(zeros)") }
    return parts.joined(separator: " ")
  }
}
