// Records that no Cyrus writes, or not so, each with what is to be said of it.

import CyrusMailboxes
import Testing

@Suite struct MalformedRecordTests {
  /// Whatever is wrong with names is found by what decodes names.
  private static func isOfName(_ record: ListedRecord) -> Bool { expectedCode(of: record).hasPrefix("name.") }

  private static func expectedCode(of record: ListedRecord) -> String {
    (record.facts["expect"] as? [String: Any])?["code"] as? String ?? ""
  }

  @Test func `all of them are here`() {
    #expect(RecordFile.malformed.count == 142)
  }

  @Test(arguments: RecordFile.malformed.filter { !isOfName($0) })
  func `a record is judged as it should be`(_ record: ListedRecord) throws {
    let entry = MailboxEntry(key: record.key, value: record.value, form: .prefixed)
    let expected = try #require(record.facts["expect"] as? [String: Any])
    let verdict = entry.issues.contains(where: \.isError) ? "error" : entry.issues.isEmpty ? "ok" : "warn"
    #expect(verdict == expected["verdict"] as? String, "\(entry.issues)")
    let code = Self.expectedCode(of: record)
    #expect(code == "ok" || entry.issues.contains { $0.code == code }, "\(entry.issues)")
    if let fields = expected["fields"] as? [String: Any] {
      let expected = ListedFields(fields)
      #expect(ListedFields(entry).only(expected.lines.keys) == expected)
      // Those without any field have none that came before the fault, either.
      if fields.isEmpty { #expect(entry.storedText(of: .partition) == .absent) }
    }
    for issue in entry.issues {
      #expect(issue.bytes.lowerBound >= 0)
      #expect(issue.bytes.upperBound <= (issue.isInKey ? record.key.count : record.value.count))
    }
    #expect(entry.view.gravestIssue?.isError == (verdict == "ok" ? nil : verdict == "error"))
  }

  @Test(arguments: RecordFile.malformed.filter { isOfName($0) })
  func `an odd name is kept as it is`(_ record: ListedRecord) {
    let entry = MailboxEntry(key: record.key, value: record.value, form: .prefixed)
    #expect(entry.issues == [])
    #expect(entry.name == .value(Array(record.key.dropFirst())))
  }
}
