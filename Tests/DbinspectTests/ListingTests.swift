// `show` and `get`: the committed content, in every format.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct ListingTests {
  @Test(arguments: Fixture.readable)
  func `show prints exactly the committed records`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let records = try fixture.records

    let cyrus = try Tool.run(["show", copy.path, "--format", "cyrus"])
    #expect(cyrus.status == 0, "\(cyrus)")
    var expected: [UInt8] = []
    for record in records { expected += record.key + [0x09] + record.value + [0x0A] }
    #expect(cyrus.output == expected)
    #expect(cyrus.errors.contains("\(records.count) record"))

    let text = try Tool.run(["show", copy.path, "--quiet"])
    let unescapedLines = try text.lines.map { line in
      try line.split(separator: "\t", omittingEmptySubsequences: false).map { try unescaped(String($0)) }
    }
    #expect(unescapedLines == records.map { [$0.key, $0.value] })

    let ndjson = try Tool.run(["show", copy.path, "--format", "ndjson"])
    let objects = try ndjson.lines.map(jsonObject)
    #expect(objects.first?["schema"] as? String == "show/1")
    #expect(objects.first?["file"] as? String == copy.path)
    #expect(objects.dropFirst().dropLast().map { decoded("key", $0) } == records.map { $0.key })
    #expect(objects.dropFirst().dropLast().map { decoded("value", $0) } == records.map { $0.value })
    let trailer = try #require(objects.last)
    #expect(trailer["records"] as? Int == records.count)
    #expect(trailer["complete"] as? Bool == true)
    #expect((trailer["findings"] as? [Any])?.isEmpty == true)
    #expect(ndjson.status == 0)
  }

  /// A side of a record, which must be there in exactly one form.
  private func decoded(_ name: String, _ object: [String: Any]) -> [UInt8]? {
    switch (object[name] as? String, object[name + "Base64"] as? String) {
    case (let text?, nil): Array(text.utf8)
    case (nil, let base64?): Data(base64Encoded: base64).map { Array($0) }
    default: nil
    }
  }

  @Test(arguments: Fixture.all.filter { $0.verdict == "damaged" })
  func `a listing of a damaged file is complete or says that it is not`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let run = try Tool.run(["show", copy.path, "--format", "ndjson"])
    #expect([0, 2].contains(run.status), "\(run)")
    guard run.status == 0 else {
      let trailer = try jsonObject(try #require(run.lines.last))
      #expect(trailer["complete"] as? Bool == false)
      #expect(run.errors.contains("INCOMPLETE") || trailer["error"] is String, "\(run.errors)")
      return
    }
    if fixture.content { #expect(run.lines.count == (try fixture.records.count) + 2) }
  }

  @Test func `a listing of a file whose header cannot be trusted is framed, and says why it is empty`() throws {
    let file = try FixtureCopy("twoskip/ts-bad-header-crc.db").path
    let run = try Tool.run(["show", file, "--format", "ndjson"])
    #expect(run.status == 2)
    #expect(run.lines.count == 2)
    let header = try jsonObject(try #require(run.lines.first))
    #expect(header["schema"] as? String == "show/1")
    #expect(header["file"] as? String == file)
    #expect(header["state"] as? String == "unreadable")
    let trailer = try jsonObject(try #require(run.lines.last))
    #expect(trailer["complete"] as? Bool == false)
    #expect(trailer["records"] as? Int == 0)
    #expect((trailer["error"] as? String)?.hasPrefix("header checksum differs") == true)
    #expect(try Tool.run(["show", file]).output.isEmpty)
  }

  @Test(arguments: ["show", "mailboxes"])
  func `a listing that cannot be made is framed all the same, and says why`(_ command: String) throws {
    let folder = try TemporaryFolder()
    let cases: [(file: String, status: Int32, engine: String?, error: String)] = [
      (folder.url.path + "/none", 66, nil, "No such file or directory (open)"),
      (try folder.file("text", Array("hello\n".utf8)), 65, nil, "not a Cyrus database"),
      (try FixtureCopy("skiplist/sl-one.db").path, 65, "skiplist", "skiplist"),
    ]
    for (file, status, engine, error) in cases {
      let run = try Tool.run([command, file, "--format", "ndjson"])
      #expect(run.status == status)
      #expect(run.lines.count == 2, "\(run)")
      let header = try jsonObject(try #require(run.lines.first))
      #expect(header["schema"] as? String == "\(command)/1")
      #expect(header["file"] as? String == file)
      #expect(header["engine"] as? String == engine)
      let trailer = try jsonObject(try #require(run.lines.last))
      #expect(trailer["complete"] as? Bool == false)
      #expect((trailer["error"] as? String)?.contains(error) == true, "\(trailer)")
      #expect(try Tool.run([command, file]).output.isEmpty)
    }
    #expect(try Tool.run([command, cases[0].file, "--format", "ndjson", "--wait", "-1"]).output.isEmpty)
  }

  @Test func `a listing goes on behind damage and says what was lost`() throws {
    let copy = try FixtureCopy("twoskip/ts-bad-tail.db")
    let run = try Tool.run(["show", copy.path])
    #expect(run.status == 2)
    #expect(run.lines.count == 99)
    #expect(run.errorLines.count == 3)
    #expect(run.errors.contains("lost: record tail checksum differs at offset 0x13e0"))
    #expect(run.errors.contains("(112 bytes, between keys 'user.u039' and 'user.u041')"))
    #expect(run.errorLines.dropLast().last?.hasSuffix("99 records listed, 100 expected: INCOMPLETE") == true)
    #expect(run.errorLines.last?.hasPrefix("hint: dbinspect salvage \(copy.path) -o OUT ") == true)

    let trailer = try jsonObject(try #require(try Tool.run(["show", copy.path, "--format", "ndjson"]).lines.last))
    let findings = try #require(trailer["findings"] as? [[String: Any]])
    #expect(findings.map { $0["offset"] as? Int } == [5088])
    #expect(findings.map { $0["rule"] as? String } == ["twoskip.tail-checksum"])
  }

  @Test func `a whole listing whose count is not the header's is incomplete`() throws {
    let copy = try FixtureCopy("twoskip/ts-bad-count.db")
    let run = try Tool.run(["show", copy.path])
    #expect(run.status == 2)
    #expect(run.errors.contains("100 records listed, 101 expected: INCOMPLETE"))
    #expect(try Tool.run(["show", copy.path, "--prefix", "user."]).status == 0)
  }

  /// What one rule says of a file: whether the header counts other records than there are, and whether the file is cut.
  @Test(arguments: [
    ("ts-lost-record.db", 2), ("ts-bad-count.db", 2), ("ts-truncated-commit.db", 2), ("ts-truncated.db", 2),
    ("ts-bad-tail.db", 2), ("ts-packed100.db", 0), ("ts-dirty-tail.db", 0), ("ts-zero-length.db", 0),
  ])
  func `all commands that list or count agree on whether all was read`(_ file: String, _ status: Int32) throws {
    let path = try FixtureCopy("twoskip/\(file)").path
    for command in [["show"], ["mailboxes"], ["mailboxes", "--all"], ["inventory"]] {
      let run = try Tool.run([command[0], path] + command.dropFirst())
      #expect(run.status == status, "\(command) \(run)")
      #expect(run.errors.contains("INCOMPLETE") == (status == 2), "\(command) \(run)")
      #expect(run.errors.contains(", dbinspect verify \(path) tells all") == (status == 2))
    }
    for command in ["show", "mailboxes"] {
      let run = try Tool.run([command, path, "--format", "ndjson"])
      #expect(run.status == status)
      #expect(try jsonObject(try #require(run.lines.last))["complete"] as? Bool == (status == 0))
    }
    for command in ["inventory", "check"] {
      let document = try Tool.run([command, path, "--json"]).json
      #expect(document["complete"] as? Bool == (status == 0), "\(command)")
    }
    if status == 2 { #expect(try Tool.run(["check", path]).errors.contains(", dbinspect verify ")) }
  }

  @Test func `what is missing is told in numbers`() throws {
    let path = try FixtureCopy("twoskip/ts-lost-record.db").path
    let listing = try Tool.run(["mailboxes", path])
    #expect(listing.errors.contains("99 mailboxes listed, but 99 of 100 records in the file: INCOMPLETE"))
    #expect(try Tool.run(["inventory", path]).errors.contains("99 of 100 records counted: INCOMPLETE"))
    #expect(try Tool.run(["check", path]).lines.last?.contains(", 99 of 100 records, ") == true)
    #expect(try Tool.run(["inventory", path, "--json"]).json["expected"] as? Int == 100)
    // From 3.6 on the records are of several kinds.
    let bytes = try Data(contentsOf: URL(filePath: FixtureCopy("mailboxes/mailboxes.db").path))
    var miscounted = Array(bytes)
    miscounted[39] += 1
    let crc = testCRC32(miscounted[0..<60])
    for place in 0..<4 { miscounted[60 + place] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * place)) }
    let other = try TemporaryFolder().file("miscounted.db", miscounted)
    let run = try Tool.run(["mailboxes", other, "-q"])
    #expect(run.status == 2)
    #expect(run.errors.contains(", but 290 of 291 records in the file: INCOMPLETE"), "\(run.errors)")
    #expect(try Tool.run(["mailboxes", other, "--user", "joe"]).status == 0)
  }

  @Test func `a dirty file is listed at its last commit, and that is said`() throws {
    let copy = try FixtureCopy("twoskip/ts-dirty-tail.db")
    let run = try Tool.run(["show", copy.path])
    #expect(run.status == 0)
    #expect(run.lines.count == 30)
    #expect(run.errors.contains("note: the file is dirty"))
    #expect(run.errors.contains("30 records listed\n"))
  }

  @Test func `quiet says nothing if all is well, and everything if not`() throws {
    let dirty = try FixtureCopy("twoskip/ts-dirty-tail.db").path
    let key = try #require(try Tool.run(["show", dirty, "--keys-only", "--limit", "1"]).lines.first)
    #expect(try Tool.run(["show", dirty, "-q"]).errors.isEmpty)
    #expect(try Tool.run(["get", dirty, key]).errors.contains("note: the file is dirty"))
    #expect(try Tool.run(["get", dirty, key, "-q"]).errors.isEmpty)
    #expect(try Tool.run(["get", dirty, "none", "-q"]).errors.contains("note: the file is dirty"))
    let damaged = try Tool.run(["show", try FixtureCopy("twoskip/ts-bad-tail.db").path, "-q"])
    #expect(damaged.errors.contains("INCOMPLETE"))
    #expect(damaged.errors.contains("lost: "))
  }

  @Test func `prefix, start, limit and keys only choose what is listed`() throws {
    let copy = try FixtureCopy("twoskip/ts-packed100.db")
    #expect(try Tool.run(["show", copy.path, "--prefix", "user.u01", "--keys-only"]).lines.first == "user.u010")
    #expect(try Tool.run(["show", copy.path, "--prefix", "user.u01"]).lines.count == 10)
    #expect(try Tool.run(["show", copy.path, "--start", "user.u095"]).lines.count == 5)
    let both = try Tool.run(["show", copy.path, "--start", "user.u015", "--prefix", "user.u01", "--keys-only"])
    #expect(both.lines == (15..<20).map { "user.u0\($0)" })
    let limited = try Tool.run(["show", copy.path, "--limit", "3", "--keys-only", "--format", "ndjson"])
    #expect(try jsonObject(limited.lines[1]).keys.sorted() == ["key"])
    #expect(try jsonObject(limited.lines[4])["limited"] as? Bool == true)
    #expect(limited.lines.count == 5)
    #expect(try Tool.run(["show", copy.path, "--limit", "0"]).output.isEmpty)
    let escaped = try Tool.run(["show", copy.path, "--escaped", "--prefix", "user\\x2eu0\\061", "--keys-only"])
    #expect(escaped.lines.count == 10)
  }

  @Test func `prefix and start are read from standard input if they are a dash`() throws {
    let copy = try FixtureCopy("twoskip/ts-binary.db")
    let all = try Tool.run(["show", copy.path, "--keys-only"]).lines
    let binary = try Tool.run(["show", copy.path, "--prefix", "-", "--keys-only"], input: [0xFF])
    #expect(binary.status == 0)
    #expect(binary.lines == all.filter { $0.hasPrefix("\\xff") })
    #expect(!binary.lines.isEmpty)
    let start = try Tool.run(["show", copy.path, "--start", "-", "--keys-only"], input: [0xFF])
    #expect(start.lines == binary.lines)
    #expect(try Tool.run(["show", copy.path, "--start", "-", "--prefix", "-"]).status == 64)
  }

  @Test func `csv quotes what needs it and gives bytes in columns of their own`() throws {
    let copy = try FixtureCopy("twoskip/ts-binary.db")
    let run = try Tool.run(["show", copy.path, "--format", "csv"])
    #expect(run.status == 0)
    #expect(run.text.hasPrefix("key,value,key_base64,value_base64\r\n"))
    #expect(run.text.contains("\r\n\"nl\nkey\",,,IEJMQU5LB6A=\r\n"))
    #expect(run.text.contains("\r\n,,/w==,//////////8=\r\n"))
    #expect(run.text.contains("\r\néè,€,,\r\n"))
  }

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/lib/cyrus/bin/cyr_dbtool") && getuid() == 0),
    arguments: ["ts-binary.db", "ts-churn500.db", "ts-longkeys.db", "ts-longval.db", "ts-one.db", "ts-dirty-tail.db"])
  func `the format cyrus is what cyr_dbtool prints`(_ name: String) throws {
    let copy = try FixtureCopy("twoskip/\(name)")
    let ours = try Tool.run(["show", copy.path, "--format", "cyrus"])
    // Only now: it repairs what it opens.
    let folder = try TemporaryFolder()
    let configuration = try folder.file(
      "imapd.conf", Array("configdirectory: \(folder.url.path)\ncyrus_user: root\n".utf8))
    let result = folder.url.appending(path: "out").path
    let command = "/usr/lib/cyrus/bin/cyr_dbtool -C '\(configuration)' \"$F\" twoskip show > '\(result)'"
    #expect(try Tool.shell(command, file: copy.path).status == 0)
    #expect(ours.output == Array(try Data(contentsOf: URL(filePath: result))))
  }

  @Test func `get prints the value and nothing else`() throws {
    let copy = try FixtureCopy("twoskip/ts-binary.db")
    for record in try #require(Fixture.all.first { $0.file == "ts-binary.db" }).records {
      let piped = try Tool.run(["get", copy.path, "-"], input: record.key)
      #expect(piped.status == 0)
      #expect(piped.output == record.value)
      let key = record.key.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(try Tool.run(["get", copy.path, "--escaped", key]).output == record.value)
    }
  }

  @Test func `get of an absent key prints nothing and ends with 1`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let run = try Tool.run(["get", copy.path, "keythree"])
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errors.isEmpty)
    #expect(try Tool.run(["get", copy.path, ""]).status == 1)
    #expect(try Tool.run(["get", copy.path, "keythree", "--json"]).json["found"] as? Bool == false)
    #expect(try Tool.run(["get", copy.path, "keytwo", "--json"]).json["value"] as? String == "val2")
  }

  @Test func `get says when damage hides the answer`() throws {
    let copy = try FixtureCopy("twoskip/ts-bad-tail.db")
    let run = try Tool.run(["get", copy.path, "user.u040"])
    #expect(run.status == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("dbinspect: \(copy.path): record tail checksum differs at offset 0x13e0"))
  }
}
