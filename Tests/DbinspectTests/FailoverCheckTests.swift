// `failover-check`: the verdict, who would lose what, and the exit status.

import Foundation
import Testing

@Suite struct FailoverCheckTests {
  @Test(arguments: StoresAndLog.all) func `a verdict follows from the expected report`(pair: StoresAndLog) throws {
    let expected = try pair.expectedReport
    let differences = try #require(expected["differences"] as? [[String: Any]])
    let losses = differences.filter { difference in
      difference["status"] as? String != "ignored" && difference["class"] as? String != "extra"
        && difference["direction"] as? String != "replicaAhead"
    }
    let isUnsafe =
      losses.contains { $0["status"] as? String != "pending" }
      || (expected["diagnostics"] as? [Any])?.isEmpty == false
    let isBehind = !losses.isEmpty || expected["pendingLines"] as? Int != 0
    let verdict = isUnsafe ? "unsafe" : isBehind ? "behind" : "ready"

    let run = try Tool.run(["failover-check", "--json"] + pair.arguments)
    #expect(try run.json["verdict"] as? String == verdict, "\(run)")
    #expect(run.status == ["ready": 0, "behind": 1, "unsafe": 2][verdict])
    #expect(try run.json["differences"] as? Int == losses.count)
    let users = try #require(run.json["users"] as? [[String: Any]])
    let unexplained = users.reduce(0) { $0 + ($1["unexplained"] as? Int ?? 0) }
    #expect(unexplained == losses.count { $0["status"] as? String != "pending" })
  }

  @Test func `a table says who would lose what`() throws {
    let run = try Tool.run(["failover-check"] + StoresAndLog("04-mixed", 2).arguments)
    #expect(run.status == 2)
    #expect(
      run.lines.prefix(3) == [
        "unsafe: 2 differences not on their way, 4 that are, 4 lines pending",
        "USER   MAILBOXES  CHANGES  NOT ON THEIR WAY  PENDING MAILBOXES  LINES",
        "erin           2        0                 1                  1      1",
      ], "\(run)")
  }

  @Test func `what waits behind a line that is refused is told`() throws {
    let pair = StoresAndLog("06-conflicts", 2)
    let folder = try TemporaryFolder()
    let log = "MAILBOX DELETED.user.first^last.Q.6B02A0E2\nMAILBOX user.bob.New\n"
    try log.write(toFile: folder.url.appending(path: "log").path, atomically: true, encoding: .utf8)
    let arguments = [
      pair.path("master.db"), pair.path("replica.db"), "--synclog", folder.url.appending(path: "log").path, "--at-rest",
    ]
    let run = try Tool.run(["failover-check"] + arguments)
    #expect(run.lines.first?.contains("1 that are, 1 of them behind a line that the replica refuses") == true, "\(run)")
    let diff = try Tool.run(["diff"] + arguments)
    #expect(
      diff.errors.contains("sync_client may never get to 1 pending: the replica refuses")
        && diff.errors.contains("log:2: MAILBOX user.bob.New"),
      "\(diff)")
  }

  @Test func `equal stores without lines are ready`() throws {
    let pair = StoresAndLog("08-index", 0)
    let folder = try TemporaryFolder()
    let run = try Tool.run([
      "failover-check", pair.path("master.db"), pair.path("master.db"), "--synclog", folder.url.path,
    ])
    #expect(run.status == 0, "\(run)")
    #expect(run.lines == ["ready: nothing would be lost"])
    #expect(run.errors == "note: master and replica are the same file\n")
  }

  @Test(arguments: ["diff", "failover-check"]) func `a channel that nobody chose is doubted`(command: String) throws {
    let note = "note: other channels: far, squatter; --channel takes the one that feeds this replica"
    let pair = StoresAndLog("07-channels", 2)
    let stores = [pair.path("master.db"), pair.path("replica.db")]
    let arguments = [command] + stores + ["--at-rest", "--synclog", pair.path("log")]
    #expect(try Tool.run(arguments).errorLines.contains(note))
    #expect(try !Tool.run(arguments + ["--channel", "far"]).errorLines.contains(note))
    #expect(try Tool.run(arguments + ["--nagios"]).errors.isEmpty)
  }

  @Test func `messages that were to be compared and cannot be are unsafe`() throws {
    let pair = StoresAndLog("08-index", 0)
    let folder = try TemporaryFolder()
    let run = try Tool.run([
      "failover-check", pair.path("master.db"), pair.path("master.db"), "--synclog", folder.url.path, "--at-rest",
      "--master-spool", folder.url.path, "--replica-spool", folder.url.path,
    ])
    #expect(run.status == 2, "\(run)")
    #expect(run.lines.first?.hasPrefix("unsafe: ") == true)
    #expect(run.lines.first?.hasSuffix(", and indexes that cannot be read") == true, "\(run)")
  }

  @Test func `without a log there is no verdict`() throws {
    let pair = StoresAndLog("08-index", 0)
    #expect(try Tool.run(["failover-check", pair.path("master.db"), pair.path("replica.db")]).status == 64)
  }
}
