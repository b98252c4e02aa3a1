// `fleet report` of a user.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct FleetUserTests {
  private let fleet: ToolStores

  init() throws { fleet = try ToolStores() }

  @Test func `a user is reported as the store that he lives on`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store254")
    let run = try fleet.run("report", ["--host", "imap30", "joe"])
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output == (try fleet.run("report", ["--host", "imap30", "store254"])).output)
    #expect(run.lines.first == "Store: store254")
    let json = try fleet.run("report", ["--json", "joe"]).json
    let homes = try #require(json["homes"] as? [[String: Any]])
    #expect(homes.map { $0["store"] as? String } == ["store254"])
    #expect(homes.first?["mailboxes"] as? Int == 2 && homes.first?["inbox"] as? Bool == true)
    #expect((json["stores"] as? [Any])?.count == 1 && json["user"] as? String == "joe")
  }

  @Test func `two homes are F01, with both stores and files`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store254")
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    let run = try fleet.run("report", ["joe"])
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(
      run.errors
        == "dbinspect: joe: F01: on two stores: store23 (\(fleet.made.mailboxesPath("sloti30t01", "store23"))), "
        + "store254 (\(fleet.made.mailboxesPath("sloti30t15", "store254")))\n")
    let json = try fleet.run("report", ["--json", "joe"])
    #expect(json.status == 2)
    #expect((try json.json["homes"] as? [Any])?.count == 2)
    #expect((try json.json["error"] as? String)?.contains("F01") == true)
  }

  @Test func `who is nowhere is not found, and only if all could be asked`() throws {
    var run = try fleet.run("report", ["joe@example.com"])
    #expect(run.status == 1 && run.output.isEmpty)
    #expect(run.errors.contains("'joe@example.com' is no store, slot or host of the layout, and lives on none"))
    // What is like a store or slot is none of a user's names.
    for word in ["store99", "sloti99t01"] {
      run = try fleet.run("report", [word])
      #expect(run.status == 1 && run.errors == "dbinspect: '\(word)' is no store, slot or host of the layout\n")
    }
    try fleet.remove("sloti30t01", "store23")
    run = try fleet.run("report", ["joe"])
    #expect(run.status == 2 && run.errors.contains("sloti30t01/store23/conf/mailboxes.db: store23 could not be asked"))
    try fleet.made.put(fleet.joe, onAllOf: "store254")
    run = try fleet.run("report", ["joe"])
    #expect(run.status == 0 && run.errors.contains("note: found on store254; whether on another one, too"))
  }
}
