// `check`: findings, summary and exit status.

import Foundation
import Testing

@Suite struct CheckTests {
  @Test func `a sound file has warnings at most, and a summary at the end`() throws {
    let copy = try FixtureCopy("mailboxes/mailboxes.db")
    let run = try Tool.run(["check", copy.path, "--admin", "cyrus", "--default-domain", "internal"])
    #expect(run.status == 0)
    #expect(run.lines.count == 6)
    #expect(run.lines.dropLast().allSatisfy { $0.hasPrefix("warning name.") }, "\(run)")
    #expect(
      run.lines.last
        == "\(copy.path): prefixed keys, 290 records, 131 mailboxes, 15 of them tombstones, 5 findings (5 warnings)")
    let start = "warning name.badByte at 0xaec8 (44744): Nuser\\x1fodd\\x1f100% sure: "
    #expect(run.lines.first == start + "key, byte 13: a character that is not allowed in names")
  }

  @Test func `damage ends with 2`() throws {
    let run = try Tool.run(["check", try FixtureCopy("mailboxes/gen7-dlist-3.13dev.db").path])
    #expect(run.status == 2)
    #expect(run.lines.contains { $0.hasPrefix("damage mailboxes.orphan-jmap-record at 0x3bf8 (15352): ") }, "\(run)")
  }

  @Test func `a preflight says what an upgrade would do`() throws {
    let copy = try FixtureCopy("mailboxes/gen1-text-2.2-to-2.4.db")
    #expect(try Tool.run(["check", copy.path]).status == 0)
    let run = try Tool.run(["check", copy.path, "--preflight", "3.6"])
    #expect(run.status == 2)
    #expect(
      run.lines.contains { $0.hasSuffix("news.alt.test: the type 4 is taken for another one: 3.6 aborts on it") })
    #expect(run.lines.last?.hasSuffix("27 findings (8 damage, 19 warnings)") == true, "\(run)")
    let wrong = try Tool.run(["check", copy.path, "--preflight", "2.5"])
    #expect(wrong.status == 64)
    #expect(wrong.errors.contains("known are 3.6, 3.8, 3.10, 3.12, 3.13"))
  }

  @Test func `the document says the same`() throws {
    let copy = try FixtureCopy("mailboxes/gen5-dlist-3.4.db")
    let document = try Tool.run(["check", copy.path, "--json", "--preflight", "3.12"]).json
    #expect(document["schema"] as? String == "check/1")
    #expect(document["form"] as? String == "plain")
    #expect(document["keyOrder"] as? String == "raw")
    #expect(document["records"] as? Int == 74)
    #expect(document["mailboxes"] as? Int == 28)
    #expect(document["tombstones"] as? Int == 1)
    #expect(document["complete"] as? Bool == true)
    #expect(document["sound"] as? Bool == true)
    #expect(document["preflight"] as? String == "3.12")
    #expect(document["unlistedFindings"] as? Int == 0)
    let findings = try #require(document["findings"] as? [[String: Any]])
    #expect(findings.map { $0["rule"] as? String } == ["preflight.literal"])
    #expect(findings.first?["severity"] as? String == "note")
    #expect(findings.first?["offset"] as? Int == 0x1258)
    let rules = try #require(document["rules"] as? [[String: Any]])
    #expect(rules.map { $0["notes"] as? Int } == [1])
  }

  @Test func `records that damage took away are missed`() throws {
    let copy = try FixtureCopy("twoskip/ts-truncated.db")
    let run = try Tool.run(["check", copy.path])
    #expect(run.status == 2)
    #expect(run.lines.contains { $0.hasPrefix("damage file.unreadable at ") }, "\(run)")
    #expect(run.lines.last?.hasSuffix(", records may be missing") == true)
  }

  @Test func `a file that is not there, or empty, or of another engine`() throws {
    #expect(try Tool.run(["check", "/nonexistent"]).status == 66)
    #expect(try Tool.run(["check", try FixtureCopy("skiplist/sl-one.db").path]).status == 65)
    let empty = try Tool.run(["check", try FixtureCopy("twoskip/ts-zero-length.db").path])
    #expect(empty.status == 0)
    let nothing = "0 records, 0 mailboxes, 0 of them tombstones, no findings"
    #expect(empty.lines.last?.hasSuffix(nothing) == true, "\(empty)")
  }

  @Test func `as many mailboxes are checked as are counted`() throws {
    let path = try FixtureCopy("mailboxes/mailboxes.db").path
    let totals = try #require(try Tool.run(["inventory", path, "--json"]).json["totals"] as? [String: Any])
    let counts = [totals["mailboxes"] as? Int ?? 0, totals["tombstones"] as? Int ?? 0]
    let summary = try #require(try Tool.run(["check", path]).lines.last)
    #expect(summary.contains(", \(counts[0]) mailboxes, \(counts[1]) of them tombstones, "), "\(summary)")
  }

  @Test(arguments: ["check", "inventory"])
  func `quiet says nothing if all is well, and everything if not`(_ command: String) throws {
    let empty = try FixtureCopy("twoskip/ts-zero-length.db").path
    #expect(try Tool.run([command, empty]).errors.contains("note: the file has no bytes"))
    #expect(try Tool.run([command, empty, "-q"]).errors.isEmpty)
    let cut = try FixtureCopy("twoskip/ts-truncated-commit.db").path
    #expect(try Tool.run([command, cut, "-q"]).errors.contains("note: the file is cut"))
  }

  @Test(arguments: [
    ["check", "--deleted-prefix", ""], ["inventory", "--top", "0"], ["inventory", "--top", "-1"],
    ["inventory", "--top=-1"], ["inventory", "--by", "user", "--by", "user"],
  ])
  func `options that make no sense are refused`(_ command: [String]) throws {
    let run = try Tool.run(command + [try FixtureCopy("mailboxes/mailboxes.db").path])
    #expect(run.status == 64, "\(run)")
    #expect(run.output.isEmpty)
  }
}
