// `convert`: the same content in a new file, or none.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct ConvertCommandTests {
  private let folder: URL

  init() throws { folder = try TemporaryFolder().url }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Files about whose content Cyrus and we do not disagree.
  @Test(arguments: Fixture.all.filter { $0.verdict != "damaged" })
  func `the new file is sound and has the same content`(_ fixture: Fixture) throws {
    let copy = try FixtureCopy(fixture)
    let old = try Tool.run(["show", copy.path, "-q", "--format", "cyrus"])
    let run = try Tool.run(["convert", copy.path, "-o", path("new.db"), "--engine", "twoskip"])
    #expect(run.status == 0, "\(run)")
    #expect(run.lines.count == 1)
    let new = try Tool.run(["show", path("new.db"), "-q", "--format", "cyrus"])
    #expect(new.status == 0)
    if fixture.file == "ts-mboxorder.db" {
      #expect(old.output.count == new.output.count)
    } else {
      #expect(old.output == new.output)
    }
    let verified = try Tool.run(["verify", path("new.db"), "--json"]).json
    #expect(verified["verdict"] as? String == "sound")
    #expect((verified["findings"] as? [Any])?.count == 0)
    let info = try Tool.run(["info", path("new.db"), "--json"]).json
    let oldInfo = try Tool.run(["info", copy.path, "--json"]).json
    #expect(info["generation"] as? Int == (oldInfo["generation"] as? Int ?? 0) + 1)
    // The content of the new one gives the same file but for the generation.
    #expect(try Tool.run(["convert", path("new.db"), "-o", path("newer.db")]).status == 0)
    let files = try ["new.db", "newer.db"].map { Array(try Data(contentsOf: URL(filePath: path($0)))) }
    #expect(files[0].dropFirst(64) == files[1].dropFirst(64))
  }

  @Test(arguments: [
    "ts-bad-header-crc", "ts-bad-order", "ts-bad-tail", "ts-cycle0", "ts-lost-record", "ts-short", "ts-truncated",
  ])
  func `a file whose content is not known for certain is refused`(_ name: String) throws {
    let copy = try FixtureCopy("twoskip/\(name).db")
    let run = try Tool.run(["convert", copy.path, "-o", path("new.db"), "--force"])
    #expect(run.status == 2, "\(run)")
    #expect(run.output == [])
    #expect(run.errorLines.count == 2)
    #expect(run.errorLines.last == "hint: dbinspect salvage \(copy.path) -o \(path("new.db")) writes what can be saved")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test(arguments: [
    "ts-bad-count", "ts-bad-dead-tail", "ts-bad-head", "ts-bad-level3", "ts-bad-padding", "ts-zerofilled",
  ])
  func `damage that leaves no doubt about the content does not matter`(_ name: String) throws {
    let copy = try FixtureCopy("twoskip/\(name).db")
    let run = try Tool.run(["convert", copy.path, "-o", path("new.db")])
    #expect(run.status == 0, "\(run)")
    let count = name == "ts-bad-dead-tail" ? 428 : 100
    #expect(run.text.hasPrefix("\(path("new.db")): \(count) records, "))
    #expect(try Tool.run(["verify", path("new.db")]).status == 0)
  }

  @Test func `what is not committed is left out, and that is said`() throws {
    let copy = try FixtureCopy("twoskip/ts-dirty-tail.db")
    let run = try Tool.run(["convert", copy.path, "-o", path("new.db")])
    #expect(run.status == 0)
    #expect(run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("dbinspect: \(copy.path): what is not committed is left out"))
    #expect(run.text.hasPrefix("\(path("new.db")): 30 records, "))
  }
}
