// `explain`: the structure that covers a byte, field by field, and who points at it.

import ArgumentParser
import CyrusDatabase

/// Takes one structure apart.
struct Explain: DatabaseCommand, JSONCommand {
  static let schema = "explain/1"

  static let configuration = CommandConfiguration(
    abstract: "Take apart what lies at an offset, field by field, and say what points at it.",
    usage: "dbinspect explain FILE OFFSET [options]",
    discussion: """
      The offset may be that of any byte of the structure, as a finding or a hex
      viewer gives it. The line with it is marked by >.

      JSON
        {"schema": "explain/1", "file", "engine", "state", "at", "structure": {as in
        dump, and "fields": [{"offset", "length", "name", "hex", "meaning"}]},
        "references": [{"holder", "kind", "pointer", "list", "liveness"}]}; "hex"
        holds at most 256 bytes of a field

      EXAMPLE
        dbinspect explain mailboxes.db 0x1d90

      EXIT STATUS
        0  explained
        1  the offset is behind the end of the file
        2  what lies there is damaged
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Argument(help: "Bytes from the start of the file, decimal or 0x and hexadecimal.")
  var offset: Offset

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @OptionGroup var common: CommonOptions

  func execute(_ output: inout Output) throws -> ExitStatus {
    let database = try common.database(at: file)
    return try common.readLayout(of: database, &output) { layout, output in
      explain(layout, of: database, to: &output)
    }
  }

  private func explain(_ layout: borrowing Layout, of database: Database, to output: inout Output) -> ExitStatus {
    guard let structure = layout.structure(covering: offset.value) else {
      Talk.say(behindTheEnd(offset.value, of: layout.fileByteCount), about: file)
      return Self.status(nil)
    }
    let progress = Progress(file, .bytes)
    let references = layout.references(to: structure.bytes.lowerBound) { progress.update($0, of: $1) }
    progress.end()
    if json {
      output.document(Self.schema) { output in
        output.member("file", file)
        output.member("engine", common.engineName(of: database))
        output.member("state", layout.state.rawValue)
        output.member("at", offset.value)
        output.object("structure") { write(structure, of: layout, to: &$0) }
        output.array("references") { output in
          for reference in references { output.object(.inline) { reference.writeMembers(to: &$0) } }
        }
      }
    } else {
      print(structure, of: layout, to: &output)
      print(references, to: &output)
    }
    return Self.status(structure)
  }

  /// How the command ends.
  static func status(_ structure: Structure?) -> ExitStatus {
    guard let structure else { return .no }
    return structure.isDamaged ? .broken : .yes
  }

  // MARK: - Text

  private func print(_ structure: Structure, of layout: borrowing Layout, to output: inout Output) {
    var title = "\(structure.kind.rawValue) at \(place(structure.bytes.lowerBound))"
    title += ", \(counted(structure.bytes.count, "byte"))"
    if let standing = structure.standing { title += ", \(standing)" }
    output.append(title, in: .bold)
    output.line()
    if let problem = structure.problem {
      output.append(printable(problem), in: .red)
      output.line()
    }
    let fields = layout.fields(of: structure)
    let width = fields.map(\.name.count).max() ?? 0
    for field in fields { print(field, nameWidth: width, of: layout, to: &output) }
  }

  private static let rowByteCount: UInt64 = 16

  private func print(
    _ field: Structure.Field, nameWidth: Int, of layout: borrowing Layout, to output: inout Output
  ) {
    var start = field.bytes.lowerBound
    var isFirst = true
    // A field without bytes, such as an empty value, is shown, too.
    while start < field.bytes.upperBound || isFirst {
      if let next = Self.skip(from: start, in: field.bytes, asked: offset.value) {
        output.line("  … \(counted(next - start, "byte")) …")
        start = next
      }
      let row = start..<min(start + Self.rowByteCount, field.bytes.upperBound)
      let isAsked = row.contains(offset.value)
      output.append(isAsked ? "> " : "  ", in: .yellow)
      output.append("\(hexadecimal(start).padded(to: 10))  ")
      output.append("\(hexadecimals(layout.bytes(row)).padded(to: 47))  ", in: isAsked ? .yellow : .faint)
      if isFirst || field.meaning.isEmpty {
        output.append((isFirst ? field.name : "").padded(to: nameWidth) + "  ")
        output.append(printable(field.meaning))
      }
      if field.meaning.isEmpty { output.appendEscaped(layout.bytes(row)) }
      output.line()
      start = row.upperBound
      isFirst = false
    }
  }

  /// Where to go on in a long field, if rows from `start` on are left out: of more than eight rows the first four
  /// are shown, the last, and the one with the byte that was asked for.
  static func skip(from start: UInt64, in field: Range<UInt64>, asked: UInt64) -> UInt64? {
    let rows = UInt64(field.count).dividedRoundingUp(by: rowByteCount)
    let row = (start - field.lowerBound) / rowByteCount
    guard rows > 8, row >= 4, row < rows - 1 else { return nil }
    var target = rows - 1
    if field.contains(asked) {
      let askedRow = (asked - field.lowerBound) / rowByteCount
      if askedRow == row { return nil }
      if askedRow > row { target = min(target, askedRow) }
    }
    return target > row ? field.lowerBound + target * rowByteCount : nil
  }

  private func print(_ references: [Reference], to output: inout Output) {
    guard !references.isEmpty else { return output.line("nothing points here") }
    output.append("pointed at by", in: .bold)
    output.line()
    for reference in references {
      let list = reference.list.map { "list \($0)" } ?? "start of its transaction"
      let standing = reference.holderLiveness == .unknown ? "" : ", \(reference.holderLiveness.rawValue)"
      output.line(
        "  \(hexadecimal(reference.holder).padded(to: 10))  \(reference.holderKind.rawValue), "
          + "pointer \(reference.pointerIndex) (\(list))\(standing)")
    }
  }

  // MARK: - JSON

  private func write(_ structure: Structure, of layout: borrowing Layout, to output: inout Output) {
    structure.writeMembers(of: layout, to: &output)
    output.array("fields") { output in
      for field in layout.fields(of: structure) {
        let shown = field.bytes.lowerBound..<min(field.bytes.upperBound, field.bytes.lowerBound + 256)
        output.object(.inline) { output in
          output.member("offset", field.bytes.lowerBound)
          output.member("length", field.bytes.count)
          output.member("name", field.name)
          output.member("hex", hexadecimals(layout.bytes(shown), separator: ""))
          output.member("meaning", field.meaning.isEmpty ? nil : field.meaning)
        }
      }
    }
  }
}

extension Reference {
  /// Writes its members as JSON.
  fileprivate func writeMembers(to output: inout Output) {
    output.member("holder", holder)
    output.member("kind", holderKind.rawValue)
    output.member("pointer", pointerIndex)
    output.member("list", list)
    output.member("liveness", holderLiveness.rawValue)
  }
}

extension UInt64 {
  fileprivate func dividedRoundingUp(by divisor: UInt64) -> UInt64 { self / divisor + (self % divisor > 0 ? 1 : 0) }
}

/// Bytes as pairs of hexadecimal digits.
private func hexadecimals(_ bytes: RawSpan, separator: String = " ") -> String {
  let view = Span<UInt8>(_bytes: bytes)
  var text = ""
  for index in view.indices {
    if index > 0 { text += separator }
    text.unicodeScalars.append(Unicode.Scalar(hexadecimalDigit(view[index] >> 4)))
    text.unicodeScalars.append(Unicode.Scalar(hexadecimalDigit(view[index] & 15)))
  }
  return text
}
