// `verify`, `info` and the overview: verdicts and exit status.

import Foundation
import Testing

@testable import dbinspect

@Suite struct VerifyTests {
  @Test(arguments: Fixture.all)
  func `verify ends as the verdict says`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let run = try Tool.run(["verify", copy.path, "--json"])
    let report = try run.json
    #expect(report["schema"] as? String == "verify/1")
    #expect(report["verdict"] as? String == fixture.verdict)
    #expect(run.status == (fixture.verdict == "damaged" ? 2 : 0))
    let bytes = try #require(report["bytes"] as? [String: Any])
    let covered = try #require(bytes["covered"] as? [String: Int])
    #expect(covered.values.reduce(0, +) == bytes["total"] as? Int)
    for finding in try #require(report["findings"] as? [[String: Any]]) {
      #expect(finding.keys.sorted() == ["expected", "found", "length", "message", "offset", "rule", "severity"])
    }

    let strict = try Tool.run(["verify", copy.path, "--strict"])
    #expect(strict.status == (fixture.verdict == "damaged" ? 2 : fixture.verdict == "recoverable" ? 1 : 0))
    #expect(strict.lines.last?.hasPrefix("\(copy.path): \(fixture.verdict): ") == true)
  }

  @Test(arguments: Fixture.all)
  func `dbinspect with a file alone says what it is and what to try`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let run = try Tool.run([copy.path])
    #expect(run.text.contains("engine "))
    #expect(run.text.contains("state "))
    #expect(run.text.contains("quick check "))
    #expect(run.text.contains("\n  dbinspect verify "))
    #expect([0, 2].contains(run.status))
    if fixture.verdict != "damaged" { #expect(run.status == 0, "\(run)") }

    let document = try Tool.run([copy.path, "--json"])
    #expect(document.status == run.status)
    #expect(try document.json["schema"] as? String == "overview/1")
    let check = try #require(try document.json["quickCheck"] as? [String: Any])
    let quick = try Tool.run(["verify", "--quick", "--json", copy.path]).json
    for (name, value) in check { #expect(value as? NSObject == quick[name] as? NSObject, "\(name)") }
    #expect(check["verdict"] != nil)
    let info = try Tool.run(["info", copy.path, "--json"]).json
    for (name, value) in info where name != "schema" && name != "scan" {
      #expect(try document.json[name] as? NSObject == value as? NSObject, "\(name)")
    }
  }

  @Test func `a finding is a line with rule, place, expected and found`() throws {
    let copy = try FixtureCopy("twoskip/ts-bad-count.db")
    let run = try Tool.run(["verify", copy.path])
    #expect(
      run.lines.first?.hasPrefix("damage twoskip.record-count at 0x20 (32): ") == true
        && run.lines.first?.hasSuffix(": expected 100 (0x64), found 101 (0x65)") == true, "\(run)")
    #expect(run.lines.last?.contains("100 of 101 records, 12600 bytes, 1 finding (1 damage)") == true, "\(run)")
  }

  @Test func `findings are counted in the plural where there are several`() throws {
    let torn = try Tool.run(["verify", try FixtureCopy("twoskip/ts-torncopy-1.db").path])
    #expect(torn.lines.last?.hasSuffix("9 findings (8 warnings, 1 note)") == true, "\(torn)")
  }

  @Test func `the tables of --rules add up to the file`() throws {
    let copy = try FixtureCopy("twoskip/ts-churn500.db")
    let run = try Tool.run(["verify", copy.path, "--rules"])
    #expect(run.status == 0)
    let words = run.lines.map { $0.split(separator: " ") }
    #expect(words.contains { $0.first == "twoskip.tail-checksum" && $0.count == 4 })
    #expect(words.contains { $0 == ["file", "37392"] })
  }

  @Test func `of several files the worst counts, in the order given, with any number of threads`() throws {
    let names = ["ts-one.db", "ts-bad-tail.db", "ts-dirty-tail.db"]
    let copies = try names.map { try FixtureCopy("twoskip/\($0)") }
    for threads in ["1", "3"] {
      let run = try Tool.run(["verify", "--threads", threads] + copies.map(\.path))
      #expect(run.status == 2)
      let summaries = run.lines.filter { $0.contains(" bytes, ") }
      #expect(summaries.count == 3)
      for (summary, copy) in zip(summaries, copies) { #expect(summary.hasPrefix(copy.path + ": ")) }
    }
    let files = try #require(
      try Tool.run(["verify", "--json", "--threads", "2"] + copies.map(\.path)).json["files"] as? [[String: Any]])
    #expect(files.map { $0["verdict"] as? String } == ["sound", "damaged", "recoverable"])
    #expect(try Tool.run(["verify", copies[0].path, "/nonexistent"]).status == 66)
    #expect(try Tool.run(["verify", copies[1].path, "/nonexistent"]).status == 2)
    #expect(try Tool.run(["verify", copies[0].path, copies[2].path, "--strict"]).status == 1)
  }

  @Test func `what is not a database has that for a verdict`() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("text", Array("hello\n".utf8))
    let run = try Tool.run(["verify", file, "--json"])
    #expect(run.status == 65)
    #expect(try run.json["verdict"] as? String == "notDatabase")
    #expect(run.errorLines.first == "dbinspect: \(file): not a Cyrus database")
  }

  @Test func `verify names the engine of a file that it cannot check`() throws {
    let skiplist = try FixtureCopy("skiplist/sl-one.db").path
    for arguments in [["verify", "--json", skiplist], ["verify", "--json", skiplist, "--engine", "twoskip"]] {
      let run = try Tool.run(arguments)
      #expect(run.status == 65)
      #expect(try run.json["engine"] as? String == "skiplist")
      #expect(try run.json["verdict"] is NSNull)
      #expect(try run.json["error"] as? String != nil)
    }
  }

  @Test func `a database whose magic is destroyed is no dead end`() throws {
    let folder = try TemporaryFolder()
    var bytes = Array(try Data(contentsOf: Fixture.folder.appending(path: "twoskip/ts-two.db")))
    bytes[0] = 0
    let file = try folder.file("lost.db", bytes)
    for command in [[], ["info"], ["show"], ["verify"], ["dump"]] {
      let run = try Tool.run(command + [file])
      #expect(run.status == 65)
      #expect(run.errorLines.last?.contains("dbinspect salvage \(file) -o OUT") == true, "\(run)")
      #expect(run.errorLines.last?.contains("--engine twoskip") == true, "\(run)")
    }
    let forced = try Tool.run([file, "--engine", "twoskip"])
    #expect(forced.status == 2)
    #expect(forced.text.contains("\n  dbinspect salvage \(file) -o OUT "))
    let text = try Tool.run(["salvage", try folder.file("text", Array("hello\n".utf8)), "-o", file + ".out"])
    #expect(text.status == 65)
    #expect(!text.errors.contains("salvage"), "no way round in circles: \(text)")
    #expect(try Tool.run(["salvage", file, "-o", folder.url.appending(path: "out.db").path]).status == 1)
  }

  @Test func `of a file that is cut the header's committed end is told, and no place beyond the file`() throws {
    let file = try FixtureCopy("twoskip/ts-truncated-commit.db").path
    let bytes = try #require(try Tool.run(["info", file, "--json"]).json["bytes"] as? [String: Int])
    #expect(bytes == ["total": 12590, "committed": 12600, "missing": 10, "uncommitted": 0])
    #expect(try Tool.run(["info", file]).lines.contains { $0.hasPrefix("committed ") && $0.contains(" 12600 bytes") })
    let overview = try Tool.run([file])
    #expect(overview.status == 2)
    #expect(!overview.text.contains("dbinspect explain"))
    // Cut further, so that a record is lost as well.
    let cut = try FixtureCopy("twoskip/ts-truncated.db").path
    #expect(try Tool.run([cut]).text.contains("\n  dbinspect explain \(cut) 0x2728 "))
  }

  @Test func `info tells the header, and with --scan live from dead bytes`() throws {
    let copy = try FixtureCopy("twoskip/ts-churn500.db")
    let info = try Tool.run(["info", copy.path, "--json"]).json
    #expect(info["engine"] as? String == "twoskip")
    #expect(info["records"] as? Int == 428)
    #expect(info["scan"] is NSNull)
    let scan = try #require(try Tool.run(["info", copy.path, "--json", "--scan"]).json["scan"] as? [String: Any])
    let parts = try #require(scan["parts"] as? [[String: Any]])
    let counts = Dictionary(
      uniqueKeysWithValues: parts.map { ($0["name"] as? String ?? "", $0["count"] as? Int ?? 0) })
    #expect(counts["live records"] == 428)
    #expect(counts["dead records"] == 167)
    #expect(counts["deletes"] == 77)
    #expect(parts.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) } == 37392)
    #expect(scan["keyOrder"] as? String == "raw")

    let dirty = try FixtureCopy("twoskip/ts-dirty-tail.db")
    #expect(try Tool.run(["info", dirty.path, "--json"]).json["records"] is NSNull)
    #expect(try Tool.run(["info", dirty.path]).status == 0)
    #expect(try Tool.run(["info", try FixtureCopy("twoskip/ts-truncated.db").path]).status == 2)
  }

  @Test func `each verdict has its exit status`() {
    #expect(Verify.status(.sound, strict: false) == .yes)
    #expect(Verify.status(.sound, strict: true) == .yes)
    #expect(Verify.status(.recoverable, strict: false) == .yes)
    #expect(Verify.status(.recoverable, strict: true) == .no)
    #expect(Verify.status(.damaged, strict: false) == .broken)
  }
}
