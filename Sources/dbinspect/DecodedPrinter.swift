// How a record that was taken apart is printed.

import CyrusDatabase
import CyrusMailboxes

extension RecordPrinter {
  /// Prints a record and what it says.
  func print(_ record: borrowing RecordView, _ decoded: DecodedRecord, to output: inout Output) {
    guard format == .ndjson else {
      output.appendEscaped(record.key)
      output.line()
      return output.append(decoded)
    }
    output.object(.inline) { output in
      output.member("key", bytes: record.key)
      output.member("value", bytes: record.value)
      output.object("decoded") { output in
        for field in decoded.fields { output.member(field) }
      }
      output.array("issues") { output in
        for issue in decoded.issues { output.element(issue) }
      }
    }
    output.line()
  }
}

// MARK: - Text

extension Output {
  /// Appends the fields, a line each, and behind them what is odd.
  fileprivate mutating func append(_ decoded: DecodedRecord) {
    let width = decoded.fields.map(\.name.unicodeScalars.count).max() ?? 0
    for field in decoded.fields {
      append("  \(field.name.padded(to: width))  ")
      append(field.value)
      line()
    }
    for issue in decoded.issues {
      append(issue.isError ? "  error: " : "  odd: ", in: issue.isError ? .red : .yellow)
      let side = issue.isInKey ? "key" : "value"
      let place = "\(counted(issue.bytes.count, "byte")) at \(issue.bytes.lowerBound) of the \(side)"
      line("\(issue.code), \(place): \(issue.meaning)")
    }
  }

  private mutating func append(_ value: DecodedValue) {
    switch value {
    case .text(let bytes) where bytes.isEmpty: append("\"\"")
    case .text(let bytes): appendEscaped(bytes.rawSpan)
    case .number(let number): append("\(number)")
    case .time(let seconds): append(time(seconds))
    case .flag(let flag): append(flag ? "yes" : "no")
    case .null: append("NIL")
    case .list(let items):
      append("[")
      for (index, item) in items.enumerated() {
        if index > 0 { append(", ") }
        append(item)
      }
      append("]")
    case .record(let fields):
      append("{")
      for (index, field) in fields.enumerated() {
        append("\(index > 0 ? ", " : "")\(field.name): ")
        append(field.value)
      }
      append("}")
    }
  }
}

// MARK: - JSON

extension Output {
  /// Writes a field as a member.
  fileprivate mutating func member(_ field: DecodedField) {
    switch field.value {
    case .text(let bytes): member(field.name, bytes: bytes.rawSpan)
    case .number(let number): member(field.name, number)
    case .time(let seconds): member(field.name, seconds)
    case .flag(let flag): member(field.name, flag)
    case .null: member(field.name, nil as String?)
    case .list(let items):
      array(field.name) { output in
        for item in items { output.element(item) }
      }
    case .record(let fields):
      object(field.name) { output in
        for field in fields { output.member(field) }
      }
    }
  }

  private mutating func element(_ value: DecodedValue) {
    switch value {
    case .text(let bytes): element(bytes: bytes.rawSpan)
    case .number(let number): element(number)
    case .time(let seconds): element(seconds)
    case .flag(let flag): element(flag)
    case .null: element(nil as String?)
    case .list(let items):
      array { output in
        for item in items { output.element(item) }
      }
    case .record(let fields):
      object { output in
        for field in fields { output.member(field) }
      }
    }
  }

  /// Writes an issue as an element of an array.
  mutating func element(_ issue: DecodingIssue) {
    object { output in
      output.member("code", issue.code)
      output.member("severity", issue.isError ? "error" : "warning")
      output.member("side", issue.isInKey ? "key" : "value")
      output.member("offset", issue.bytes.lowerBound)
      output.member("length", issue.bytes.count)
    }
  }
}
