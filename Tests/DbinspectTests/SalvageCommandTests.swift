// `salvage`: a sound new file, a report that accounts for every record, and the exit status.

import Foundation
import Testing

@testable import dbinspect

@Suite struct SalvageCommandTests {
  private let folder: URL

  init() throws { folder = try TemporaryFolder().url }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  @Test(arguments: Fixture.all)
  func `of every file it makes a sound one, and says what became of each record`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let run = try Tool.run(["salvage", copy.path, "-o", path("new.db"), "--report", path("report.json")])
    let report = try jsonObject(try String(contentsOfFile: path("report.json"), encoding: .utf8))
    #expect(report["schema"] as? String == "salvage/1")
    #expect(report["file"] as? String == copy.path)
    let isIntact = try #require(report["intact"] as? Bool)
    let isWhole = try #require(report["whole"] as? Bool)
    #expect(run.status == (isIntact ? 0 : isWhole ? 1 : 2), "\(run)")
    #expect(isIntact == (fixture.verdict == "sound"))
    if fixture.verdict == "recoverable" { #expect(isWhole) }
    #expect(run.errors == "")

    let counts = try #require(report["records"] as? [String: Int])
    let provenance = try #require(report["provenance"] as? [[String: Any]])
    let uncommitted = try #require(report["uncommitted"] as? [[String: Any]])
    #expect(counts.keys.sorted() == ["certain", "possibly-deleted", "present-at-some-time", "uncommitted"])
    let listed = provenance + uncommitted
    let certainties = listed.compactMap { $0["certainty"] as? String }
    for (certainty, count) in counts { #expect(certainties.filter { $0 == certainty }.count == count) }
    for record in listed {
      #expect((record["key"] == nil) != (record["keyBase64"] == nil))
      let isCertain = record["certainty"] as? String == "certain"
      #expect((record["doubt"] == nil) == isCertain)
      #expect(record["written"] as? Bool == (record["certainty"] as? String != "uncommitted"))
    }

    let output = try #require(report["output"] as? [String: Any])
    #expect(output["file"] as? String == path("new.db"))
    #expect(output["records"] as? Int == provenance.count)
    let size = try Data(contentsOf: URL(filePath: path("new.db"))).count
    #expect(output["bytes"] as? Int == size)
    let verified = try Tool.run(["verify", path("new.db"), "--json"]).json
    #expect(verified["verdict"] as? String == "sound")
    #expect(verified["records"] as? Int == provenance.count)
    #expect((verified["findings"] as? [Any])?.count == 0)
  }

  @Test(arguments: Fixture.readable)
  func `of a file that can be read the new one has the same content, in raw order`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let old = try Tool.run(["show", copy.path, "-q", "--format", "cyrus"])
    #expect(try [0, 1].contains(Tool.run(["salvage", copy.path, "-o", path("new.db")]).status))
    let new = try Tool.run(["show", path("new.db"), "-q", "--format", "cyrus"])
    #expect(new.status == 0)
    let records = try fixture.records.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let lines: [[UInt8]] = records.map { $0.key + [0x09] + $0.value + [0x0A] }
    #expect(new.output == Array(lines.joined()))
    #expect(old.output.count == new.output.count)
  }

  @Test func `it says what is damaged, what is kept, and where that went`() throws {
    let copy = try FixtureCopy("twoskip/ts-truncated.db")
    let run = try Tool.run(["salvage", copy.path, "-o", path("new.db")])
    #expect(run.status == 2)
    #expect(run.lines.first?.hasPrefix("damaged  20 bytes at 0x2728: bytes that are no record") == true, "\(run)")
    #expect(run.lines.contains("       80  certain"))
    #expect(run.lines.contains("      100  there should be, by the header"))
    #expect(run.lines.suffix(2).first == "\(path("new.db")): 80 records, 10008 bytes, generation 3")
    #expect(run.lines.last == "records are missing, or may be: \(path("new.db")) has what is left")
  }

  @Test func `it says if lists and log contradict each other, or the header counts otherwise`() throws {
    for (name, line) in [
      ("ts-bad-count", "      101  there should be, by the header"),
      ("ts-lost-record", "        1  contradictions between lists and log"),
    ] {
      let copy = try FixtureCopy("twoskip/\(name).db")
      let run = try Tool.run(["salvage", copy.path, "-o", path(name)])
      #expect(run.status == 1)
      #expect(run.lines.contains(line), "\(run)")
    }
    let sound = try Tool.run(["salvage", try FixtureCopy("twoskip/ts-two.db").path, "-o", path("sound")])
    #expect(sound.lines.first == "        2  certain")
    #expect(sound.lines.count == 3)
  }

  @Test func `the records to keep can be chosen`() throws {
    // No list head, a hole in the log, and a record whose head does not tell whether it was deleted.
    let copy = try FixtureCopy("twoskip/ts-churn500.db")
    var bytes = Array(try Data(contentsOf: URL(filePath: copy.path)))
    bytes[100] ^= 1
    for place in 20_000..<20_200 { bytes[place] = 0 }
    bytes[336 + 16] ^= 1
    let damaged = try TemporaryFolder().file("damaged.db", bytes)
    var counts: [Int] = []
    for keeping in ["certain", "likely", "all"] {
      let arguments = ["-o", path(keeping), "--report", path("\(keeping).json"), "--keep", keeping]
      let run = try Tool.run(["salvage", damaged] + arguments)
      #expect(run.status == 2)
      let report = try jsonObject(try String(contentsOfFile: path("\(keeping).json"), encoding: .utf8))
      let records = try #require(report["provenance"] as? [[String: Any]])
      let written = records.filter { $0["written"] as? Bool == true }
      #expect((report["output"] as? [String: Any])?["records"] as? Int == written.count)
      #expect(try Tool.run(["verify", path(keeping)]).status == 0)
      counts.append(written.count)
    }
    #expect(Set(counts).count == 3, "\(counts)")
    #expect(counts == counts.sorted())
  }

  @Test func `a file whose start is destroyed is salvaged without being recognised`() throws {
    let copy = try FixtureCopy("twoskip/ts-packed100.db")
    var bytes = Array(try Data(contentsOf: URL(filePath: copy.path)))
    for place in 0..<300 { bytes[place] = 0x55 }
    let damaged = try TemporaryFolder().file("damaged.db", bytes)
    let run = try Tool.run(["salvage", damaged, "-o", path("new.db")])
    #expect(run.status == 2)
    #expect(run.lines.contains("guessed  the committed end, by the last COMMIT"))
    #expect(run.lines.contains("      100  present at some time"))
  }

  @Test func `each outcome has its exit status`() {
    #expect(Salvage.status(isIntact: true, isWhole: true) == .yes)
    #expect(Salvage.status(isIntact: false, isWhole: true) == .no)
    #expect(Salvage.status(isIntact: false, isWhole: false) == .broken)
  }
}
