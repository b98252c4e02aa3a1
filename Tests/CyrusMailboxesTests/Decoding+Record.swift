// What must hold of a record of any database, whatever the bytes are. Used by the tests and by the fuzzer.

import CyrusMailboxes

@testable import CyrusDatabase

extension Decoding {
  /// What contradicts itself when a record is decoded as every kind there is.
  static func contradictions(inRecord key: [UInt8], value: [UInt8]) -> [String] {
    var texts: [String] = []
    for kind in DatabaseKind.allCases {
      for form in [MailboxKey.Form.prefixed, .plain] {
        let decoder = RecordDecoder(kind, keyForm: form)
        let record = decoder.decode(key: key.rawSpan, value: value.rawSpan)
        let found = contradictions(in: record, keyByteCount: key.count, valueByteCount: value.count)
        texts += found.map { "\(kind): \($0)" }
        if record != decoder.decode(key: key.rawSpan, value: value.rawSpan) { texts.append("\(kind): not twice alike") }
      }
      _ = RecordDecoder.keyForm(of: kind, key: key.rawSpan, value: value.rawSpan)
    }
    if let kind = DatabaseKind(records: [(key, value)]) {
      let forms = [MailboxKey.Form.prefixed, .plain]
      let isSound = forms.contains { form in
        RecordDecoder(kind, keyForm: form).decode(key: key.rawSpan, value: value.rawSpan).issues.isEmpty
      }
      if !isSound { texts.append("taken for \(kind), and is not sound") }
    }
    return texts
  }

  private static func contradictions(
    in record: DecodedRecord, keyByteCount: Int, valueByteCount: Int
  ) -> [String] {
    var texts: [String] = []
    check(record.fields, depth: 0, &texts)
    let isRaw = record["rawKey"] != nil || record["rawValue"] != nil
    if isRaw, record.issues.isEmpty { texts.append("raw without a reason") }
    if record.fields.isEmpty { texts.append("nothing is said") }
    for issue in record.issues {
      let end = issue.isInKey ? keyByteCount : valueByteCount
      if issue.bytes.lowerBound < 0 || issue.bytes.upperBound > end { texts.append("\(issue) of \(end)") }
      if issue.code.isEmpty { texts.append("an issue without a code") }
    }
    return texts
  }

  private static func check(_ fields: [DecodedField], depth: Int, _ texts: inout [String]) {
    if depth > 2 * DListScanner.depthMax { texts.append("too deep") }
    if Set(fields.map(\.name)).count < fields.count { texts.append("twice: \(fields.map(\.name))") }
    for field in fields {
      let isPlain = field.name.utf8.allSatisfy { 0x20 < $0 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
      if field.name.isEmpty || !isPlain { texts.append("name \(field.name)") }
      check(field.value, depth: depth + 1, &texts)
    }
  }

  private static func check(_ value: DecodedValue, depth: Int, _ texts: inout [String]) {
    switch value {
    case .list(let items): for item in items { check(item, depth: depth + 1, &texts) }
    case .record(let fields): check(fields, depth: depth, &texts)
    case .text, .number, .time, .flag, .null: break
    }
  }
}
