// `dump`, `explain` and `history`: a file taken apart.

import Foundation
import Testing

@testable import dbinspect

@Suite struct LayoutTests {
  @Test(arguments: Fixture.all)
  func `dump covers every byte once, in file order`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let dump = try Tool.run(["dump", copy.path, "--json"]).json
    let structures = try #require(dump["structures"] as? [[String: Any]])
    var end = 0
    for structure in structures {
      #expect(structure["offset"] as? Int == end)
      end += structure["length"] as? Int ?? 0
    }
    #expect(end == dump["bytes"] as? Int)
    #expect(dump["count"] as? Int == structures.count)
    #expect(try Tool.run(["dump", copy.path]).lines.count == structures.count)
  }

  @Test func `dump shows live, dead and uncommitted structures and bad checksums`() throws {
    let copy = try FixtureCopy("twoskip/ts-delete.db")
    let run = try Tool.run(["dump", copy.path, "--from", "400", "--to", "0x1d8"])
    #expect(
      run.lines == [
        "0x190      RECORD       48  level 2  key 1  value 2  head ok  tail ok  dead  [0 0x1d8 0]  b",
        "0x1c0      COMMIT       24  level 0  head ok  tail ok  [0x190]",
      ])
    #expect(run.errors == "dbinspect: \(copy.path): 2 structures, 72 bytes, none damaged\n")
    let dirty = try Tool.run(["dump", try FixtureCopy("twoskip/ts-dirty-tail.db").path, "--from", "0xf70"])
    #expect(dirty.status == 0)
    #expect(dirty.lines.allSatisfy { $0.contains("uncommitted") })
    let bad = try Tool.run(["dump", try FixtureCopy("twoskip/ts-bad-head.db").path])
    #expect(bad.status == 2)
    #expect(bad.lines.count { $0.contains("head BAD") } == 1)
  }

  @Test func `explain marks the byte and names who points at the structure`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db")
    let run = try Tool.run(["explain", copy.path, "0x160"])
    #expect(run.status == 0)
    #expect(run.lines.first == "RECORD at 0x150 (336), 48 bytes, live")
    let marked = run.lines.filter { $0.hasPrefix("> ") }
    #expect(marked.count == 1)
    #expect(marked.first?.contains("00 00 00 00 00 00 01 98") == true)
    #expect(run.lines.contains { $0.contains("key ") && $0.hasSuffix("keyone") })
    #expect(run.lines.contains { $0.hasPrefix("  0x40 ") && $0.contains("DUMMY, pointer 1 (list 0)") })

    let beyond = try Tool.run(["explain", copy.path, "488"])
    #expect(beyond.status == 1)
    #expect(beyond.output.isEmpty)
    #expect(beyond.errors.contains("offset 0x1e8 (488) is behind the end of the file"))

    for offset in ["488", "100000"] {
      let dump = try Tool.run(["dump", copy.path, "--from", offset])
      #expect(dump.status == 1)
      #expect(dump.output.isEmpty)
      #expect(dump.errors == (try Tool.run(["explain", copy.path, offset]).errors))
    }

    let json = try Tool.run(["explain", copy.path, "0x160", "--json"]).json
    let structure = try #require(json["structure"] as? [String: Any])
    let fields = try #require(structure["fields"] as? [[String: Any]])
    #expect(fields.reduce(0) { $0 + ($1["length"] as? Int ?? 0) } == 48)
    #expect(fields.contains { $0["name"] as? String == "key" && $0["hex"] as? String == "6b65796f6e65" })
  }

  @Test func `explain leaves out the middle of a long value but not what was asked for`() throws {
    let copy = try FixtureCopy("twoskip/ts-longval.db")
    let run = try Tool.run(["explain", copy.path, "100000"])
    #expect(run.lines.count < 40)
    #expect(run.lines.count { $0.hasPrefix("> ") } == 1)
    #expect(run.lines.count { $0.contains(" bytes …") } == 2)
  }

  @Test func `history tells versions and deletes, oldest first`() throws {
    let copy = try FixtureCopy("twoskip/ts-delete.db")
    let run = try Tool.run(["history", copy.path, "b", "--json"])
    #expect(run.status == 0)
    let versions = try #require(try run.json["versions"] as? [[String: Any]])
    #expect(versions.map { $0["event"] as? String } == ["set", "deleted"])
    #expect(versions.map { $0["offset"] as? Int } == [400, 600])
    #expect(versions.map { $0["transaction"] as? Int } == [2, 5])
    let text = try Tool.run(["history", copy.path, "a"])
    #expect(text.lines.count == 1)
    #expect(text.lines.first?.hasPrefix("> set ") == true)
    #expect(try Tool.run(["history", copy.path, "z"]).status == 1)
  }

  @Test func `a run of empty pointers is made short`() {
    #expect(Dump.list([0, 336, 0, 0, 0]) == "0 0x150 0*3")
    #expect(Dump.list([0, 0]) == "0 0")
    #expect(Dump.list([600]) == "0x258")
  }
}
