// How `show` prints a record. This is the inner loop of a listing: nothing is allocated here.

import CyrusDatabase

/// Prints records in a format.
struct RecordPrinter {
  let format: Show.Format
  let keysOnly: Bool

  @inline(__always)
  func print(_ record: borrowing RecordView, to output: inout Output) {
    switch (format, keysOnly) {
    case (.cyrus, false): output.append(key: record.key, separator: UInt8(ascii: "\t"), value: record.value)
    case (.cyrus, true):
      output.append(record.key)
      output.line()
    case (.text, _):
      output.appendEscaped(record.key)
      if !keysOnly {
        output.append(byte: UInt8(ascii: "\t"))
        output.appendEscaped(record.value)
      }
      output.line()
    case (.ndjson, _):
      output.object(.inline) { output in
        output.member("key", bytes: record.key)
        if !keysOnly { output.member("value", bytes: record.value) }
      }
      output.line()
    case (.csv, _): output.appendCSV(record.key, keysOnly ? nil : record.value)
    }
  }
}

extension Output {
  /// Appends a line of CSV: key and value, then both in Base64 where they are not text. No value, no columns for it.
  fileprivate mutating func appendCSV(_ key: RawSpan, _ value: RawSpan?) {
    let keyIsText = isText(key)
    if keyIsText { appendCSVField(key) }
    append(byte: UInt8(ascii: ","))
    guard let value else {
      if !keyIsText { appendBase64(key) }
      return append("\r\n")
    }
    let valueIsText = isText(value)
    if valueIsText { appendCSVField(value) }
    append(byte: UInt8(ascii: ","))
    if !keyIsText { appendBase64(key) }
    append(byte: UInt8(ascii: ","))
    if !valueIsText { appendBase64(value) }
    append("\r\n")
  }

  /// Appends a field of CSV, in quotes if it needs them.
  mutating func appendCSVField(_ bytes: RawSpan) {
    let view = Span<UInt8>(_bytes: bytes)
    let needsQuotes = view.indices.contains { index in
      switch view[index] {
      case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
      default: false
      }
    }
    guard needsQuotes else { return append(bytes) }
    append(byte: UInt8(ascii: "\""))
    for index in view.indices {
      if view[index] == UInt8(ascii: "\"") { append(byte: UInt8(ascii: "\"")) }
      append(byte: view[index])
    }
    append(byte: UInt8(ascii: "\""))
  }
  /// Appends a field of CSV with C escapes for all that is not printable, in quotes if it needs them.
  mutating func appendEscapedCSVField(_ bytes: RawSpan) {
    let view = Span<UInt8>(_bytes: bytes)
    // No escape has a comma or a quote in it, and no line end is left.
    let needsQuotes = view.indices.contains { view[$0] == UInt8(ascii: ",") || view[$0] == UInt8(ascii: "\"") }
    guard needsQuotes else { return appendEscaped(bytes) }
    appendCSVField(Array(escaped(bytes).utf8).rawSpan)
  }
}
