// `fleet verify-move`: what it prints, and how it ends.

import CyrusFleet
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct FleetVerifyMoveTests {
  private let fleet: ToolStores

  init() throws { fleet = try ToolStores() }

  private func verify(_ arguments: [String]) throws -> Tool.Run {
    try fleet.run("verify-move", ["joe", "--from", "store23", "--to", "store256", "--settle", "0"] + arguments)
  }

  @Test func `a move that is done holds, by a list or a listing from before`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    let folder = try TemporaryFolder()
    let list = try folder.file(
      "before.db", Array(Data(contentsOf: URL(filePath: fleet.made.mailboxesPath("sloti30t01", "store23")))))
    let listing = try folder.file(
      "before.ndjson", Tool.run(["mailboxes", list, "--user", "joe", "--format", "ndjson"]).output)
    try fleet.made.put([], onAllOf: "store23")
    try fleet.made.put(fleet.joe, onAllOf: "store256")
    for file in [list, listing] {
      let run = try verify(["--before", file])
      #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
      #expect(run.lines.count == 4 && run.lines.allSatisfy { $0.contains(" holds: ") })
    }
    #expect(try verify([]).status == 2)
    #expect(try verify(["--only", "V2", "--only", "V3"]).lines.count == 2)
    // A listing that was cut is no state.
    let cut = try folder.file("cut.ndjson", Array(Data(contentsOf: URL(filePath: listing)).dropLast(60)))
    #expect(try verify(["--before", cut]).status != 0)
    let none = try folder.file("none.ndjson", Array("{\"schema\": \"show/1\"}\n".utf8))
    #expect(try verify(["--before", none]).errors.contains("line 1: schema: expected mailboxes/1, found show/1"))
    #expect(try verify(["--before", none]).status == 65)
    #expect(try verify(["--before", list + "x"]).status == 66)
  }

  @Test func `no start of a listing passes for the whole`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    let path = fleet.made.mailboxesPath("sloti30t01", "store23")
    let listing = try Tool.run(["mailboxes", path, "--user", "joe", "--format", "ndjson"]).output
    let folder = try TemporaryFolder()
    // The last line feed is no loss.
    for count in 0..<listing.count - 1 {
      let file = try folder.file("cut", Array(listing[..<count]))
      guard let state = try? MoveSourceState(of: "joe", contentsOf: file, NameSettings()) else { continue }
      #expect(!state.isComplete || state.mailboxes.isEmpty, "\(count) bytes")
    }
    let whole = try MoveSourceState(of: "joe", contentsOf: folder.file("whole", listing), NameSettings())
    let list = try MoveSourceState(of: "joe", contentsOf: path, NameSettings())
    #expect(whole == list && whole.isComplete && whole.mailboxes.count == 2)
  }

  @Test func `a listing may come through a pipe`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    let path = fleet.made.mailboxesPath("sloti30t01", "store23")
    let folder = try TemporaryFolder()
    let listing = try folder.file(
      "listing", Tool.run(["mailboxes", path, "--user", "joe", "--format", "ndjson"]).output)
    let pipe = folder.url.appending(path: "pipe").path
    try #require(mkfifo(pipe, 0o600) == 0)
    let writer = Process()
    writer.executableURL = URL(filePath: "/bin/sh")
    writer.arguments = ["-c", #"cat "$0" > "$1""#, listing, pipe]
    try writer.run()
    let state = try MoveSourceState(of: "joe", contentsOf: pipe, NameSettings())
    writer.waitUntilExit()
    #expect(state.isComplete && state.mailboxes.count == 2)
  }

  @Test func `only one slot of a store is its master`() throws {
    let run = try verify(["--master", "sloti30t01", "--master", "sloti15t03"])
    #expect(run.status == 64 && run.errors.contains("--master names two slots of store23: sloti15t03 and sloti30t01"))
  }

  @Test func `no command changes a file`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    for slot in ["sloti15t02", "slotti5t01"] {
      try fleet.made.log("USER joe\n", for: slot, on: "sloti29t02", of: "store256")
    }
    func facts() throws -> [String: String] {
      let names = try FileManager.default.subpathsOfDirectory(atPath: fleet.made.root)
      return try names.reduce(into: [:]) { facts, name in
        let path = "\(fleet.made.root)/\(name)"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        facts[name] = "\(attributes[.modificationDate] ?? "") \(bytes.base64EncodedString())"
      }
    }
    let before = try facts()
    _ = try fleet.run("report", ["joe"])
    _ = try fleet.run("balance", ["--from", "index"])
    _ = try fleet.run("move-plan", ["joe", "--to", "store256"])
    _ = try verify([])
    #expect(try facts() == before)
  }

  @Test func `replicas that nobody was told of are broken, and pending with the line`() throws {
    try fleet.made.put(fleet.joe, on: "sloti29t02", of: "store256")
    try fleet.made.log("", for: "other", on: "sloti29t02", of: "store256")
    let run = try verify(["--only", "V2"])
    #expect(run.status == 2)
    let lack =
      "2 of 2 mailboxes are missing, and its log names neither the user nor this one: nothing will bring it there"
    #expect(
      run.lines == [
        "V2 broken (2 findings); expected: so has each replica of the destination, or its log leads there",
        "   broken: store256 sloti15t02 user.joe: \(lack)", "   broken: store256 slotti5t01 user.joe: \(lack)",
      ])
    for slot in ["sloti15t02", "slotti5t01"] {
      try fleet.made.log("USER joe\n", for: slot, on: "sloti29t02", of: "store256")
    }
    let json = try verify(["--only", "V2", "--json"])
    #expect(json.status == 1)
    #expect(try json.json["verdict"] as? String == "pending")
    let checks = try #require(try json.json["checks"] as? [[String: Any]])
    let findings = try #require(checks.first?["findings"] as? [[String: Any]])
    #expect(findings.map { $0["mailbox"] as? String } == ["user.joe", "user.joe"])
  }

  @Test func `stores that are not there, or the same, are refused`() throws {
    #expect(try fleet.run("verify-move", ["joe", "--from", "store23", "--to", "store99"]).status == 64)
    #expect(try fleet.run("verify-move", ["joe", "--from", "store23", "--to", "store23"]).status == 64)
    #expect(
      try fleet.run("verify-move", ["joe", "--from", "store23", "--to", "store256", "--only", "V5"]).status == 64)
  }
}
