// `fleet move-plan`: what it prints and refuses, and its checks as a move goes on.

import Foundation
import TestSupport
import Testing

@testable import dbinspect

@Suite struct FleetMovePlanTests {
  private let fleet: ToolStores

  init() throws { fleet = try ToolStores() }

  @Test func `a plan is printed as lines to paste`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    let run = try fleet.run("move-plan", ["joe", "--to", "store256"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
    #expect(run.lines.first == "# move joe from store23 (sloti30t01 on imap30) to store256 (sloti29t02 on imap29)")
    let start = try #require(run.lines.firstIndex { $0.hasPrefix("# 2. bulk") })
    #expect(
      run.lines[(start + 1)...].prefix(5) == [
        "# must end with 0 first:",
        "dbinspect fleet move-plan --layout \(fleet.made.layoutPath) --root \(fleet.made.root) joe --to store256 --check",
        "# then:", "# on imap30",
        "sudo -u cyrus /usr/cyrus/bin/sync_client -C /etc/cyrus/imapd-sloti30t01.conf "
          + "-n sloti29t02 -S 10.202.79.2 -o -O -v -u joe",
      ])
    #expect(run.lines.count { $0.hasPrefix("# by hand: ") } == 4)
    // All that is not a command is a comment.
    #expect(run.lines.allSatisfy { $0.hasPrefix("# ") || $0.hasPrefix("sudo ") || $0.hasPrefix("dbinspect ") })
    let json = try fleet.run("move-plan", ["joe", "--to", "store254", "--json"]).json
    #expect((json["steps"] as? [[String: Any]])?.count == 15 && (json["warnings"] as? [Any])?.count == 2)
    #expect((json["from"] as? [String: Any])?["slot"] as? String == "sloti30t01")
  }

  @Test func `the commands of a plan by dbinspect itself end with 0 as a move goes on`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    let folder = try TemporaryFolder().url.path
    let json = try fleet.run("move-plan", ["joe", "--to", "store256", "--json"]).json
    let steps = try #require(json["steps"] as? [[String: Any]])
    for step in steps {
      let name = try #require(step["step"] as? String)
      for command in try #require(step["preconditions"] as? [[String: Any]]) {
        let line = try #require(command["command"] as? String).replacing("dbinspect ", with: "$D ", maxReplacements: 1)
        let result = try Tool.shell("cd \(folder) && \(line)")
        #expect(result.status == 0, "\(name): \(line)\n\(result.text)")
      }
      switch name {
      case "bulk":
        try fleet.made.put(fleet.joe, on: "sloti29t02", of: "store256")
        for slot in ["sloti15t02", "slotti5t01"] { try fleet.made.log("", for: slot, on: "sloti29t02", of: "store256") }
      case "feed":
        for slot in ["sloti15t02", "slotti5t01"] {
          try fleet.made.log("USER joe\n", for: slot, on: "sloti29t02", of: "store256")
        }
      case "unlock": try fleet.made.put(fleet.joe, onAllOf: "store256")
      case "clean-up":
        try fleet.made.put([MadeMailbox("DELETED.user.joe.5F5E1000", "joe-inbox")], onAllOf: "store23")
        for slot in ["sloti15t03", "slotti5t02"] { try fleet.made.log("", for: slot, on: "sloti30t01", of: "store23") }
      default: break
      }
    }
    let last = try #require((steps.last?["commands"] as? [[String: Any]])?.first?["command"] as? String)
    let proof = try Tool.shell("cd \(folder) && \(last.replacing("dbinspect ", with: "$D ", maxReplacements: 1))")
    #expect(proof.status == 0, "\(proof.text)")
  }

  @Test func `what cannot be moved is refused`() throws {
    try fleet.made.put(fleet.joe, onAllOf: "store23")
    func refusal(_ arguments: String..., status: Int32 = 1) throws -> String {
      let run = try fleet.run("move-plan", arguments)
      #expect(run.status == status && run.output.isEmpty, "\(run)")
      return run.errors
    }
    #expect(try refusal("joe", "--to", "store99", status: 64).contains("the layout has no 'store99'"))
    #expect(try refusal("joe", "--to", "store23").contains("joe: the user lives on store23 already"))
    #expect(try refusal("ann", "--to", "store256").contains("'ann' lives nowhere"))
    try fleet.made.put([MadeMailbox("DELETED.user.joe.Sent.5F5E1000", "joe-sent")], onAllOf: "store256")
    #expect(
      try refusal("joe", "--to", "store256", "--check").contains("user.joe.Sent: its unique id is that of DELETED"))
    try fleet.made.put(fleet.joe, onAllOf: "store256")
    #expect(try refusal("joe", "--to", "store256", status: 2).contains("F01"))
    try fleet.remove("sloti29t02", "store256")
    #expect(
      try refusal("joe", "--to", "store256", status: 2).contains("whether store256 is free for him cannot be told"))
    #expect(try fleet.run("move-plan", ["joe", "--to", "store256", "--archive-after", "x"]).status == 64)
  }
}
