// What the commands on a fleet make of a layout with something wrong in it, and of options that name its parts.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct FleetLayoutTests {
  private let fleet: ToolStores

  init() throws { fleet = try ToolStores() }

  /// Runs a command on the same fleet by a layout in which something is another text.
  private func run(_ arguments: [String], replacing text: String, with other: String) throws -> Tool.Run {
    let layout = MadeStores.layout.replacingOccurrences(of: text, with: other)
    #expect(layout != MadeStores.layout)
    let path = try TemporaryFolder().file("layout", Array(layout.utf8))
    return try Tool.run(["fleet"] + arguments + ["--layout", path, "--root", fleet.made.root])
  }

  @Test func `nothing is proven by a layout of which a store cannot be read`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store254")
    let line = try #require(MadeStores.layout.split(separator: "\n").first { $0.hasPrefix("store254") })
    let broken = line.replacingOccurrences(of: "store254", with: "store254 ?")
    for arguments in [
      ["verify-move", "joe", "--from", "store23", "--to", "store256", "--only", "V4", "--at-rest"],
      ["move-plan", "joe", "--to", "store256"], ["report", "joe"], ["sweep", "--at-rest"], ["inventory"],
      ["sweep", "--at-rest", "--format", "ndjson"],
    ] {
      let run = try run(arguments, replacing: String(line), with: broken)
      #expect(run.status == 2, "\(arguments): \(run)")
      #expect(run.errors.contains("L01"), "\(arguments): \(run)")
      if arguments.contains("ndjson") { #expect(run.lines.last?.contains("\"complete\":false") == true, "\(run)") }
    }
  }

  @Test func `a store that there is not is a slip of the fingers, and nothing that will pass`() throws {
    let run = try fleet.run("verify-move", ["joe", "--from", "store23", "--to", "store99"])
    #expect(run.status == 64)
    #expect(run.errors.contains("the layout has no 'store99'"))
  }

  @Test func `two masters of one store, or one of none, are refused`() throws {
    let layout = """
      i30 30 t3 0 1000 e 10.0.0.1
      i29 29 t3 0 1000 e 10.0.1.1
      ti1 1 t3 0 1000 e 10.0.2.1
      store1 n 0 90 sloti30t01 sloti29t01 slotti1t01

      """
    let path = try TemporaryFolder().file("layout", Array(layout.utf8))
    func errors(_ masters: String...) throws -> String {
      let run = try Tool.run(
        ["fleet", "report", "store1", "--layout", path] + masters.flatMap { ["--master", $0] })
      #expect(run.status == (masters == ["slotti1t01"] ? 0 : 64))
      return run.errors
    }
    #expect(try errors("slotti1t01").isEmpty)
    #expect(
      try errors("slotti1t01", "sloti29t01").contains("--master names two slots of store1: sloti29t01 and slotti1t01"))
    #expect(try errors("sloti30t02").contains("sloti30t02 belongs to no store, which --master names"))
    #expect(try errors("sloti31t02").contains("no line gives sloti31t02"))
  }

  @Test(arguments: [
    "data=/x/<foo>", "data=/x/<slot", "data=x", "data=", "data=/x y", "data=/$slot", "data=/{{slot}}", "mailboxes=/x",
    "data",
  ])
  func `a template that would become no path is refused`(_ template: String) throws {
    #expect(try fleet.run("report", ["store23", "--path", template]).status == 64)
  }

  @Test func `lines for new stores can be appended to a layout whose last line has no end`() throws {
    let layout = "i1 1 t2 0 5 e 10.0.1.1\nti1 1 t2 0 5 e 10.0.2.1 # last"
    let path = try TemporaryFolder().file("layout", Array(layout.utf8))
    let run = try Tool.run(["fleet", "place", "1", "--pattern", "n,i", "--layout", path])
    #expect(String(decoding: run.output, as: UTF8.self) == "\nstore1 n 0 90 sloti1t01 slotti1t01\n")
  }

  @Test func `the layout among the examples is sound, and the one that the documentation speaks of`() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Examples/production.dat")
      .path
    let run = try Tool.run(["fleet", "check", "--strict", "--layout", path])
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(
      run.text
        == "9 slot groups, 7 servers (imap15, imap29, imap30, simap1, simap2, timap1, timap5), 237 slots, 8 occupied, "
        + "2 stores\n")
    #expect(try Tool.run(["fleet", "report", "store254", "--layout", path, "--host", "imap30"]).lines.count == 16)
  }
}
