// `show --decode`: what records say.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct DecodeTests {
  /// The records of a listing, without its first and last line.
  private func records(_ run: Tool.Run) throws -> [[String: Any]] {
    try run.lines.dropFirst().dropLast().map(jsonObject)
  }

  @Test(arguments: [[], ["--kind", "message-annotations"]])
  func `annotations are what they are listed as`(_ options: [String]) throws {
    let copy = try FixtureCopy("annotations/messages-3.6.1.db")
    let run = try Tool.run(["show", copy.path, "--decode", "--format", "ndjson"] + options)
    #expect(run.status == 0, "\(run)")
    let found = try records(run)
    let listed = try jsonObject(projectText("Tests/Fixtures/annotations/messages-3.6.1.json"))
    let annotations = try #require(listed["annotations"] as? [[String: Any]])
    #expect(found.count == annotations.count && found.count == 3)
    for (record, annotation) in zip(found, annotations) {
      let decoded = try #require(record["decoded"] as? [String: Any])
      #expect(decoded["uid"] as? Int == annotation["uid"] as? Int)
      #expect(decoded["entry"] as? String == annotation["entry"] as? String)
      #expect(decoded["user"] as? String == annotation["userToken"] as? String)
      #expect(decoded["value"] as? String == annotation["value"] as? String)
      #expect((decoded["modseq"] as? Int).map(String.init) == annotation["modseq"] as? String)
      #expect(decoded["deleted"] as? Bool == annotation["deleted"] as? Bool)
      #expect(decoded["type"] as? String == "text/plain")
      #expect((record["issues"] as? [Any])?.isEmpty == true)
      // What is printed without decoding is printed with it, too.
      #expect(record["keyBase64"] is String && record["valueBase64"] is String)
    }
  }

  @Test func `mailboxes are what they are listed as`() throws {
    let copy = try FixtureCopy("mailboxes/mailboxes.db")
    let run = try Tool.run(["show", copy.path, "--decode", "--format", "ndjson"])
    #expect(run.status == 0)
    let found = try records(run)
    let listed = try jsonObject(projectText("Tests/Fixtures/mailboxes/mailboxes.json"))
    let expected = try #require(listed["records"] as? [[String: Any]])
    #expect(found.count == expected.count)
    var mailboxCount = 0
    var oddNameCount = 0
    for (record, expected) in zip(found, expected) {
      let decoded = try #require(record["decoded"] as? [String: Any])
      #expect(decoded["record"] as? String == expected["kind"] as? String)
      let codes = try #require(record["issues"] as? [[String: Any]]).map { $0["code"] as? String ?? "" }
      // Some were put past the server's rules for names on purpose.
      #expect(codes.allSatisfy { $0.hasPrefix("name.") })
      oddNameCount += codes.count
      guard let fields = expected["record"] as? [String: Any] else { continue }
      mailboxCount += 1
      #expect(decoded["partition"] as? String == fields["partition"] as? String)
      #expect(decoded["uidvalidity"] as? Int == fields["uidvalidity"] as? Int)
      #expect(decoded["kind"] as? String == (fields["mbtype"] as? [String: Any])?["kind"] as? String)
      let acl = (decoded["acl"] as? [[String: String]])?.map { [$0["identifier"], $0["rights"]] }
      #expect(acl == fields["acl"] as? [[String?]])
    }
    #expect(mailboxCount > 100)
    #expect(oddNameCount == 5)
  }

  @Test func `how keys are built is told from the whole file, whatever is listed`() throws {
    let copy = try FixtureCopy("mailboxes/gen3-dlist-2.5.db")
    let keys = try Tool.run(["show", copy.path, "--keys-only"]).lines
    for key in keys {
      let run = try Tool.run(["show", copy.path, "--prefix", key, "--decode", "--limit", "1", "--kind", "mailboxes"])
      #expect(run.lines.contains("  record       name"), "\(run)")
    }
  }

  @Test(arguments: ["gen1-text-2.2-to-2.4", "gen3-dlist-2.5", "gen5-dlist-3.4", "gen7-dlist-3.13dev"])
  func `mailboxes of other releases are told by their records`(_ name: String) throws {
    let run = try Tool.run(["show", try FixtureCopy("mailboxes/\(name).db").path, "--decode", "--format", "ndjson"])
    #expect(run.status == 0, "\(run)")
    let issues = try records(run).flatMap { $0["issues"] as? [[String: Any]] ?? [] }
    // One key has the separator that was written for two months.
    #expect(issues.map { $0["code"] as? String } == (name.hasPrefix("gen7") ? ["jid.oldSeparator"] : []))
    let document = try projectText("Docs/Output.md")
    for record in try records(run) {
      for member in try #require(record["decoded"] as? [String: Any]).keys {
        #expect(document.contains("`\(member.replacing("Base64", with: ""))`"))
      }
    }
  }

  @Test func `text has a line for each field behind the key`() throws {
    let run = try Tool.run(["show", try FixtureCopy("annotations/messages-3.6.1.db").path, "--decode", "--limit", "1"])
    #expect(run.status == 0)
    #expect(
      run.text == """
        1\\x00/comment\\x00\\x00
          uid            1
          entry          /comment
          user           ""
          value          world
          type           text/plain
          modifiedsince  1970-01-01T00:00:00Z (0)
          modseq         17
          deleted        no

        """)
  }

  @Test func `what is odd about a record is said, and its status is that of the listing`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let text = try Tool.run(["show", copy.path, "--decode", "--kind", "seen", "--limit", "1"])
    #expect(text.status == 0)
    #expect(text.lines.dropFirst().first == "  uniqueid  keyone")
    #expect(text.lines.dropFirst(2).first == "  rawValue  val1")
    let issueLine = "  error: value.syntax, 4 bytes at 0 of the value: not the form that the value must have"
    #expect(text.lines.last == issueLine)
    let run = try Tool.run(["show", copy.path, "--decode", "--kind", "seen", "--limit", "1", "--format", "ndjson"])
    let issue = try #require((records(run)[0]["issues"] as? [[String: Any]])?.first)
    #expect(issue["code"] as? String == "value.syntax")
    #expect(issue["severity"] as? String == "error")
    #expect(issue["side"] as? String == "value")
    #expect(issue["offset"] as? Int == 0)
    #expect(issue["length"] as? Int == 4)
  }

  @Test(arguments: Fixture.all.filter { $0.verdict != "damaged" })
  func `any file is decoded as any kind`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    for kind in ["conversations", "sync-cache", "pts-cache"] {
      let run = try Tool.run(["show", copy.path, "--decode", "--kind", kind, "--format", "ndjson"])
      let plain = try Tool.run(["show", copy.path, "--format", "ndjson"])
      #expect(run.status == plain.status)
      #expect(run.lines.count == plain.lines.count)
      for line in run.lines { _ = try jsonObject(line) }
    }
  }

  @Test func `a file that nothing is known of is refused, with all kinds`() throws {
    let copy = try FixtureCopy("twoskip/ts-churn500.db")
    let run = try Tool.run(["show", copy.path, "--decode"])
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errorLines.count == 2)
    #expect(run.errors.contains("--kind"))
    #expect(run.errors.contains("mailboxes, annotations, message-annotations, conversations, "))
    let wrong = try Tool.run(["show", copy.path, "--decode", "--kind", "nonsense"])
    #expect(wrong.status == 64)
    #expect(wrong.errors.contains("'nonsense' is no kind for --kind; known are mailboxes, "))
  }

  @Test func `what a file holds is told from all of it, whatever is listed`() throws {
    // One record of each sort alone tells nothing, or something else.
    let path = try FixtureCopy("mailboxes/mailboxes.db").path
    let other = try TemporaryFolder().file("copy", Array(try Data(contentsOf: URL(filePath: path))))
    for prefix in ["I", "J", "AU", "N", "nothing"] {
      let run = try Tool.run(["show", other, "--decode", "--prefix", prefix, "--format", "ndjson"])
      #expect(run.status == 0, "\(run)")
      let whole = try Tool.run(["show", other, "--prefix", prefix, "--format", "ndjson"])
      #expect(run.lines.count == whole.lines.count)
      for record in try records(run) { #expect((record["decoded"] as? [String: Any])?["record"] is String) }
    }
  }

  @Test func `a file without a record needs no kind, and one that cannot be told is framed`() throws {
    for empty in ["ts-zero-length.db", "ts-empty.db"] {
      let run = try Tool.run(["show", try FixtureCopy("twoskip/\(empty)").path, "--decode", "--format", "ndjson"])
      #expect(run.status == 0)
      #expect(run.lines.count == 2)
    }
    for (file, status) in [("ts-churn500.db", 64), ("ts-bad-head.db", 2), ("ts-bad-header-crc.db", 2)] {
      let run = try Tool.run(["show", try FixtureCopy("twoskip/\(file)").path, "--decode", "--format", "ndjson"])
      #expect(run.status == Int32(status), "\(run)")
      #expect(run.lines.count == 2)
      #expect(try jsonObject(try #require(run.lines.last))["error"] is String)
    }
  }

  @Test(arguments: [
    ["--decode", "--format", "cyrus"], ["--decode", "--format", "csv"], ["--decode", "--keys-only"],
    ["--kind", "seen"],
  ])
  func `options that exclude each other are refused`(_ options: [String]) throws {
    let run = try Tool.run(["show", try FixtureCopy("mailboxes/mailboxes.db").path] + options)
    #expect(run.status == 64)
    #expect(run.errors.contains("--decode"))
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z (0)"), (951_782_399, "2000-02-28T23:59:59Z (951782399)"),
      (951_782_400, "2000-02-29T00:00:00Z (951782400)"), (1_704_067_206, "2024-01-01T00:00:06Z (1704067206)"),
      (4_107_542_400, "2100-03-01T00:00:00Z (4107542400)"), (253_402_300_799, "9999-12-31T23:59:59Z (253402300799)"),
      (253_402_300_800, "253402300800"), (-1, "-1"), (.max, "9223372036854775807"), (.min, "-9223372036854775808"),
    ] as [(Int64, String)])
  func `times are printed as people read them`(_ seconds: Int64, _ text: String) { #expect(time(seconds) == text) }
}
