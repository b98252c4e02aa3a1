// Docs/Output.md describes what is printed: every schema, and every member.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct OutputDocumentTests {
  /// The commands that print JSON, as arguments before and behind the file.
  private static let commands: [[String]] = [
    ["overview", "--json"], ["info", "--json", "--scan"], ["show", "--format", "ndjson"],
    ["get", "--json", "", "user.u010"], ["verify", "--json"], ["check", "--json"], ["dump", "--json"],
    ["explain", "--json", "", "5100"], ["history", "--json", "", "user.u010"],
    ["mailboxes", "--format", "ndjson", "--all"], ["inventory", "--json", "--by", "type"],
  ]

  /// A fixture of each kind: sound, dirty, cut, damaged, without a header to trust, empty, of another engine.
  private static let files = [
    "twoskip/ts-churn500.db", "twoskip/ts-dirty-tail.db", "twoskip/ts-truncated.db", "twoskip/ts-bad-tail.db",
    "twoskip/ts-bad-header-crc.db", "twoskip/ts-binary.db", "twoskip/ts-zero-length.db", "skiplist/sl-one.db",
    "mailboxes/mailboxes.db", "mailboxes/gen7-dlist-3.13dev.db",
  ]

  @Test(arguments: commands)
  func `every member that is printed is described under its schema`(_ command: [String]) throws {
    let document = try projectText("Docs/Output.md")
    let common = try #require(document.components(separatedBy: "\n## overview/1\n").first)
    for file in Self.files {
      let copy = try FixtureCopy(file)
      let parts = command.split(separator: "", maxSplits: 1, omittingEmptySubsequences: false)
      let run = try Tool.run(Array(parts[0]) + [copy.path] + (parts.count > 1 ? Array(parts[1]) : []))
      // An offset behind the end of the file has no document.
      if run.output.isEmpty { continue }
      let documents = command.contains("ndjson") ? try run.lines.map(jsonObject) : [try run.json]
      let schema = try #require(documents.first?["schema"] as? String)
      let description = try section(schema, of: document) + common
      for member in Self.members(documents) {
        let name = try Regex("`([a-zA-Z]+\\.)?\(member.replacing("Base64", with: ""))`")
        #expect(description.contains(name), "\(schema) of \(file): \(member)")
      }
    }
  }

  @Test func `every member about logs is described under its schema`() throws {
    let document = try projectText("Docs/Output.md")
    let common = try #require(document.components(separatedBy: "\n## overview/1\n").first)
    let sync = try SyncDirectory(["log": "USER a\nSUB b user.b\nFROB x\n\u{1}", "log-99999999": "USER  a\n"])
    for arguments in [[sync.path, "--reduce"], [sync.path + "/none"]] {
      let run = try Tool.run(["synclog", "--json", "--settle", "0"] + arguments)
      let description = try section("synclog/1", of: document) + common
      for member in Self.members(try run.json) {
        #expect(description.contains(try Regex("`([a-zA-Z]+\\.)?\(member)`")), "\(member)")
      }
    }
  }

  @Test func `every member about users of a fleet is described under its schema`() throws {
    let document = try projectText("Docs/Output.md")
    let fleet = try ToolStores()
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    let usage = try TemporaryFolder().file(
      "usage.tsv",
      Array(
        MadeStores.slots.values.joined().map { "slot\t\($0)\t\($0.hasPrefix("sloti29") ? 1 : 99)\t100\n" }.joined().utf8
      )
        + Array("user\tstore23\tjoe\t5\n".utf8))
    for (command, arguments) in [
      ("report", ["joe"]), ("report", ["nobody"]), ("report", ["store254"]), ("balance", ["--usage", usage]),
      ("move-plan", ["joe", "--to", "store256"]),
      ("verify-move", ["joe", "--from", "store23", "--to", "store256", "--at-rest"]),
    ] {
      let run = try fleet.run(command, arguments + ["--json"])
      let description = try section("fleet-\(command)/1", of: document)
      for member in Self.members(try run.json).subtracting(["schema"]) {
        #expect(description.contains("`\(member)`"), "fleet \(command): \(member)")
      }
    }
  }

  /// A section with those that it refers to.
  private func section(_ schema: String, of document: String) throws -> String {
    func own(_ schema: String) -> String? {
      document.components(separatedBy: "\n## \(schema)\n").dropFirst().first?.components(separatedBy: "\n## ").first
    }
    let section = try #require(own(schema), "\(schema) has no section")
    let others = ["info/1", "show/1", "verify/1", "dump/1"].filter { section.contains("[`\($0)`]") }
    return ([section] + others.compactMap(own)).joined(separator: "\n")
  }

  /// The names of all members, those of nested objects included.
  private static func members(_ value: Any) -> Set<String> {
    switch value {
    case let object as [String: Any]:
      object.reduce(into: Set(object.keys)) { $0.formUnion(members($1.value)) }
    case let array as [Any]: array.reduce(into: Set()) { $0.formUnion(members($1)) }
    default: []
    }
  }

  @Test func `every schema is described, and no other`() throws {
    let sources = try FileManager.default.subpathsOfDirectory(atPath: "\(Fixture.folder.path)/../../Sources/dbinspect")
    let names = try sources.filter { $0.hasSuffix(".swift") }.flatMap { file in
      try projectText("Sources/dbinspect/\(file)").matches(of: /"([a-z-]+\/[0-9]+)"/).map { String($0.output.1) }
    }
    let document = try projectText("Docs/Output.md")
    let described = document.matches(of: /\n## ([a-z-]+\/[0-9]+)\n/).map { String($0.output.1) }
    #expect(Set(names) == Set(described))
    #expect(names.contains("show/1"))
    #expect(try projectText("README.md").contains("(Docs/Output.md)"))
  }
}
