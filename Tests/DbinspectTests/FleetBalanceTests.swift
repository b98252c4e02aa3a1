// `fleet balance`: what it prints, and how it ends.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct FleetBalanceTests {
  private let fleet: ToolStores

  init() throws { fleet = try ToolStores() }

  private func usage(_ users: String) throws -> String {
    let used = ["store23": 940, "store254": 100, "store256": 700]
    let slots = MadeStores.slots.sorted { $0.key < $1.key }.flatMap { store, slots in
      slots.map { "slot\t\($0)\t\(used[store] ?? 0)\t1000\n" }
    }
    return try TemporaryFolder().file("usage.tsv", Array((slots.joined() + users).utf8))
  }

  private static let users =
    [("alice", 12), ("bob", 30), ("carol", 8), ("dave", 200), ("erin", 1), ("frank", 25)]
    .map { "user\tstore23\t\($0.0)\t\($0.1)\n" }.joined()

  @Test func `users are chosen as in the worked example`() throws {
    let file = try usage(Self.users)
    let run = try fleet.run("balance", ["--usage", file, "--seed", "23"])
    #expect(run.status == 0)
    #expect(
      run.lines == [
        "store23\tdave\t200\tstays: more than twice what is too much",
        "store23\tbob\t30\tmoves to store256, excess 10", "store23\terin\t1\tmoves to store256, excess 9",
        "store23\talice\t12\tmoves to store256, excess -3",
      ])
    #expect(
      run.errorLines == [
        "store23: 940 of 1000 bytes used, target 90 %: 40 too many, 0 after these moves", "3 users to move, 43 bytes",
      ])
    let json = try fleet.run("balance", ["--usage", file, "--seed", "23", "--users", "1", "--pin", "dave", "--json"])
    #expect(json.status == 1)
    #expect(try json.json["moves"] as? Int == 1 && json.json["movedBytes"] as? Int == 30)
    let decisions = try #require(try json.json["decisions"] as? [[String: Any]])
    #expect(decisions.map { $0["outcome"] as? String } == ["held", "moves"])
    #expect(decisions.last?["to"] as? String == "store256" && decisions.last?["excess"] as? Int == 10)
    let stores = try #require(try json.json["stores"] as? [[String: Any]])
    #expect(stores.map { $0["excessAfter"] as? Int } == [10])
  }

  @Test func `nothing is planned by a table that is damaged`() throws {
    let file = try usage("user\tstore23\talice\tmany\nuser\n")
    let run = try fleet.run("balance", ["--usage", file])
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(
      run.errorLines == [
        "dbinspect: \(file): line 10: size: expected a number of bytes, found 'many'",
        "dbinspect: \(file): line 11: user: expected 4 or 5 fields with tabs between them, found 1",
        "hint: nothing was planned",
      ])
    #expect(try fleet.run("balance", []).status == 64)
    #expect(try fleet.run("balance", ["--usage", file + "x"]).status == 66)
  }

  @Test func `usage is read from quotas of all masters, or not at all`() throws {
    for (store, slots) in MadeStores.slots {
      let used = store == "store23" ? 950_000_000_000 : 1
      let quotas = [("user.\(store)", "%(S (\(used) -1))")]
      try fleet.made.write(
        MadeStores.database(quotas.map { (Array($0.0.utf8), Array($0.1.utf8)) }),
        to: fleet.made.configDirectory(slots[0], store) + "/quotas.db")
    }
    var run = try fleet.run("balance", ["--from", "quota"])
    #expect(run.status == 1, "\(run)")
    #expect(run.lines.contains("store23\tstore23\t950000000000\tstays: more than twice what is too much"))
    try fleet.made.write(
      MadeStores.database([(Array("user.store23".utf8), Array("%(S (1 -1))".utf8))]),
      to: fleet.made.configDirectory("sloti29t02", "store256") + "/quotas.db")
    #expect(
      try fleet.run("balance", ["--from", "quota"]).errorLines.first
        == "dbinspect: F01: store23 is on two stores: store23, store256")
    try FileManager.default.removeItem(atPath: fleet.made.configDirectory("sloti29t02", "store256") + "/quotas.db")
    run = try fleet.run("balance", ["--from", "quota"])
    #expect(run.status == 2 && run.output.isEmpty && run.errors.contains("store256: "))
    #expect(try fleet.run("balance", ["--from", "index"]).status == 0)
  }
}
