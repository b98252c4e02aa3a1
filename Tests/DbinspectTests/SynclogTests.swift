// `synclog`: what waits, for whom, what is lost or stuck, and the exit status.

import Foundation
import Testing

/// A directory `sync` of a test's own.
struct SyncDirectory {
  let folder: TemporaryFolder
  var path: String { folder.url.path }

  init(_ logs: [String: String] = [:]) throws {
    folder = try TemporaryFolder()
    for (name, text) in logs { try write(name, text) }
  }

  /// Writes a log, also one of a channel.
  func write(_ name: String, _ text: String) throws {
    let url = folder.url.appending(path: name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Makes a log look as though it had last been changed so many seconds ago.
  func age(_ name: String, _ seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: "\(path)/\(name)")
  }
}

@Suite struct SynclogTests {
  private func fixture(_ name: String) -> String { StoresAndLog(name, 0).path("log") }

  private func channels(_ run: Tool.Run) throws -> [[String: Any]] {
    try #require(run.json["channels"] as? [[String: Any]])
  }

  /// The problems of all channels: name, effect, line.
  private func problems(_ run: Tool.Run) throws -> [String] {
    try channels(run).flatMap { $0["problems"] as? [[String: Any]] ?? [] }.map { problem in
      let line = (problem["line"] as? Int).map { ":\($0)" } ?? ""
      return "\(problem["effect"] ?? "") \(problem["file"] ?? "")\(line) \(problem["problem"] ?? "")"
    }
  }

  @Test func `people read files, users and a conclusion`() throws {
    let sync = try SyncDirectory([
      "log-run": "USER joe\nMAILBOX user.ann.a\nMAILBOX shared\n", "log": "MAILBOX user.ann.a\nMAILBOX user.ann.b\n",
    ])
    let run = try Tool.run(["synclog", sync.path])
    #expect(run.status == 0, "\(run)")
    #expect(run.lines[0] == sync.path)
    #expect(run.lines[1] == "FILE     LINES  BYTES  CHANGED               AGE")
    #expect(run.lines[2].hasPrefix("log-run      3     43  20"), "\(run)")
    #expect(run.lines[3].hasPrefix("log          2     38  20"), "\(run)")
    #expect(
      run.lines[4...7] == [
        "USER        LINES  MAILBOXES", "ann             3          2", "(no owner)      1          1",
        "joe             1          0  whole user",
      ])
    #expect(run.lines[8].hasPrefix("5 lines pending for 2 users; the oldest log was changed "), "\(run)")
    #expect(run.errors.isEmpty)
  }

  @Test func `steps are those of sync_client, with the line that first asked`() throws {
    let sync = try SyncDirectory([
      "log": """
      SUB joe user.joe
      MAILBOX user.joe.b
      MAILBOX shared
      MAILBOX user.joe.b
      META joe
      QUOTA user.joe
      UNUSER ann

      """
    ])
    let run = try Tool.run(["synclog", sync.path, "--reduce"])
    #expect(
      run.lines[3..<12] == [
        "log, as sync_client 3.6.1 carries it out: 7 lines make 5 steps", "  group joe", "    2  MAILBOX user.joe.b",
        "  group of those without an owner", "    3  MAILBOX shared", "  then", "    6  QUOTA user.joe",
        "    5  META joe", "    7  UNUSER ann",
      ], "\(run)")
    let old = try Tool.run(["synclog", sync.path, "--reduce", "--sync-client", "2.4"])
    #expect(old.lines.contains("  passed over: 1 line"), "\(old)")
    #expect(old.lines.firstIndex(of: "    6  QUOTA user.joe") == 4)

    let json = try Tool.run(["synclog", sync.path, "--reduce", "--json"])
    let files = try #require(channels(json).first?["files"] as? [[String: Any]])
    let steps = try #require(files.first?["steps"] as? [[String: Any]])
    #expect(steps.map { $0["line"] as? Int } == [2, 3, 6, 5, 7])
    #expect(steps[0]["group"] as? String == "joe" && steps[1]["group"] is NSNull && steps[2]["group"] == nil)
  }

  @Test func `lines of a real log that sync_client loses are told, each with its effect`() throws {
    let run = try Tool.run(["synclog", "--json", "--at-rest", fixture("09-bad-lines")])
    #expect(run.status == 2)
    #expect(
      try problems(run) == [
        "lost log-run:2 unknownVerb", "lost log-run:3 wordOnly", "lost log-run:5 garbage",
        "lost log-run:6 invalidInput",
        "lost log-run:7 poison", "note log:1 literal", "lost log:4 torn",
      ], "\(run)")
    let text = try Tool.run(["synclog", "--at-rest", fixture("09-bad-lines")])
    #expect(text.text.contains("lost   log-run:7: sync_client takes this for the end of the log: 2 lines from here on"))
    #expect(text.lines.last?.contains("2 lines that sync_client does not see; 6 places where lines are lost") == true)
    #expect(text.errors.contains("hint: "))
  }

  @Test func `real logs without bad lines have no problems`() throws {
    for name in ["01-noise", "02-pending", "04-mixed", "05-users", "06-conflicts", "08-index", "11-domains"] {
      let run = try Tool.run(["synclog", "--json", "--at-rest", fixture(name)])
      #expect(run.status == 0, "\(run)")
      #expect(try problems(run).isEmpty)
    }
  }

  @Test func `what ends sync_client is stuck`() throws {
    let seen = try SyncDirectory(["log": "MAILBOX user.a\nSEEN joe\nSUB joe\n"])
    let run = try Tool.run(["synclog", "--json", seen.path])
    #expect(run.status == 2)
    #expect(try problems(run) == ["stuck log:2 abortingLine", "note log:3 missingArgument"])
    #expect(
      try Tool.run(["synclog", seen.path]).errors.contains("hint: \(seen.path)/log: with sync_client stopped, take"))
    let long = try SyncDirectory(["log": "MAILBOX user.\(String(repeating: "x", count: 140_000))\nUSER joe\n"])
    #expect(try problems(Tool.run(["synclog", "--json", long.path])) == ["stuck log:1 wordTooLong"])
  }

  @Test func `a log that nobody takes is stuck from an age on`() throws {
    let sync = try SyncDirectory(["log": "USER joe\n", "far/log-run": "USER ann\n", "far/log": "USER ann\n"])
    for name in ["log", "far/log-run", "far/log"] { try sync.age(name, 4000) }
    let run = try Tool.run(["synclog", "--json", "--all-channels", sync.path])
    #expect(run.status == 2)
    #expect(try problems(run) == ["stuck log notProcessed", "stuck log-run notProcessed"])
    #expect(try run.json["oldestAge"] as? Int ?? 0 >= 4000)
    #expect(try Tool.run(["synclog", "--all-channels", "--stuck-age", "9999", sync.path]).status == 0)
    #expect(try Tool.run(["synclog", "--all-channels", "--at-rest", sync.path]).status == 0)
    // Files may be copies.
    #expect(try Tool.run(["synclog", sync.path + "/log"]).status == 0)
    let text = try Tool.run(["synclog", "--channel", "far", sync.path])
    #expect(text.text.contains("stuck  log-run: taken by sync_client, but not done for 66 min"), "\(text)")
    #expect(text.errors.contains("hint: \(sync.path)/far/log-run: either no sync_client is running"), "\(text)")
    // An empty one is what a sync_client leaves that has just been started.
    let empty = try SyncDirectory(["log": ""])
    try empty.age("log", 4000)
    #expect(try Tool.run(["synclog", empty.path]).status == 0)
  }

  @Test func `a log of a dead process has a command that saves it, one of a living process not`() throws {
    let sync = try SyncDirectory(["far/log-99999999": "USER joe\n", "far/log-\(getpid())": "USER ann\n"])
    let run = try Tool.run(["synclog", "--channel", "far", sync.path])
    #expect(run.status == 2)
    let path = "\(sync.path)/far/log-99999999"
    #expect(
      run.errors.contains("hint: \(path): on the master, as its user: sync_client -r -f \(path) -n far"), "\(run)")
    #expect(run.text.contains("process \(getpid()) is there"))
    #expect(run.text.contains("stuck  log-99999999: process 99999999 that worked on it is gone"))
    #expect(try problems(Tool.run(["synclog", "--json", "--channel", "far", sync.path])).count == 1)
  }

  @Test func `an end without line feed is torn only if it stays so`() throws {
    let sync = try SyncDirectory(["log": "USER joe\nMAILBOX user.jo"])
    let growing = try Tool.shell(
      """
      (sleep 0.4; echo e >> "$F/log") & "$D" synclog "$F" --settle 1.5 --json; echo "status $?"; wait
      """, file: sync.path)
    #expect(growing.text.contains("status 0"), "\(growing.text)")
    #expect(growing.text.contains("\"lines\": 2"))
    try sync.write("log", "USER joe\nMAILBOX user.jo")
    let torn = try Tool.run(["synclog", sync.path, "--settle", "0.1", "--json"])
    #expect(torn.status == 2)
    #expect(try problems(torn) == ["lost log:2 torn"])
  }

  @Test func `channels are looked at one by one, or all`() throws {
    let log = fixture("07-channels")
    let one = try Tool.run(["synclog", "--at-rest", log])
    #expect(one.errors == "note: other channels: far, squatter; --all-channels shows them, too\n")
    func lines(_ arguments: String...) throws -> [Int?] {
      try channels(Tool.run(["synclog", "--json", "--at-rest"] + arguments)).map { $0["lines"] as? Int }
    }
    #expect(try lines(log) == [3])
    #expect(try lines(log, "--channel", "far") == [4])
    #expect(try lines(log, "--all-channels") == [3, 4, 4])
    #expect(try lines(log + "/far") == [4])
    #expect(try lines(log + "/far/log-run", log + "/far/log", log) == [3, 4])
    #expect(try Tool.run(["synclog", log, "--channel", "near"]).status == 66)
    #expect(try Tool.run(["synclog", log, "--channel", "../log"]).status == 66)
  }

  @Test func `users are limited if asked for, and it is said`() throws {
    let lines = (0..<15).map { "USER u\($0 + 10)\n" }.joined()
    let sync = try SyncDirectory(["log": lines])
    let few = try Tool.run(["synclog", sync.path])
    #expect(few.text.contains("\nand 5 more users; --by-user shows all\n"), "\(few)")
    #expect(try Tool.run(["synclog", sync.path, "--by-user"]).lines.count == 20)
    #expect(try Tool.run(["synclog", sync.path, "--top", "1"]).text.contains("\nand 14 more users;"))
    let json = try channels(Tool.run(["synclog", sync.path, "--json", "--top", "2"]))
    #expect((json.first?["backlog"] as? [Any])?.count == 2 && json.first?["unlistedUsers"] as? Int == 13)
    #expect((try channels(Tool.run(["synclog", sync.path, "--json"])).first?["backlog"] as? [Any])?.count == 15)
  }

  @Test func `of many bad lines some are shown, and all are counted`() throws {
    let sync = try SyncDirectory(["log": String(repeating: "MAILBOX a b c\nFROB x\n", count: 1200)])
    let run = try Tool.run(["synclog", sync.path])
    #expect(run.lines.count { $0.hasPrefix("lost ") } == 20, "\(run)")
    #expect(run.text.contains("\nand 2380 more lines of these kinds\n"))
    let json = try Tool.run(["synclog", sync.path, "--json"])
    #expect(try problems(json).count == 2000)
    #expect(try channels(json).first?["unlistedProblems"] as? Int == 400)
    #expect(try json.json["lost"] as? Int == 2400)
  }

  @Test func `nothing pending is said, and so is what cannot be read`() throws {
    let sync = try SyncDirectory()
    let run = try Tool.run(["synclog", sync.path])
    #expect(run.status == 0)
    #expect(run.lines == [sync.path, "no logs", "nothing is pending"])
    #expect(try Tool.run(["synclog", sync.path + "/none"]).status == 66)
    #expect(try Tool.run(["synclog", sync.path + "/none", "--channel", "far"]).status == 66)
    #expect(try Tool.run(["synclog", sync.path + "/none", "--all-channels"]).status == 66)
    #expect(try Tool.run(["synclog", "--json", sync.path + "/none"]).json["error"] is String)
    try FileManager.default.createDirectory(atPath: sync.path + "/log", withIntermediateDirectories: true)
    #expect(try Tool.run(["synclog", sync.path]).status == 65)
  }

  @Test func `names and lines reach a terminal without control characters`() throws {
    let sync = try SyncDirectory(["\u{1B}c/log": "USER a\u{1B}[31m\n\u{1B}x y\n"])
    for arguments in [["--all-channels"], ["--channel", "\u{1B}c", "--reduce"], ["--all-channels", "--json"]] {
      let run = try Tool.run(["synclog", sync.path] + arguments)
      #expect(run.status == 2)
      #expect(!run.text.contains("\u{1B}") && !run.errors.contains("\u{1B}"), "\(run)")
    }
  }

  @Test func `logs stay as they are, times included`() throws {
    let sync = try SyncDirectory(["log": "USER joe\nMAIL", "log-run": "SEEN x\n", "log-4": "USER a\n"])
    func state() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: sync.path).sorted().map { name in
        var facts = stat()
        #expect(stat("\(sync.path)/\(name)", &facts) == 0)
        let bytes = try Data(contentsOf: URL(filePath: "\(sync.path)/\(name)"))
        return "\(name) \(facts.st_mtim) \(facts.st_ctim) \(facts.st_ino) \(bytes)"
      }
    }
    let before = try state()
    _ = try Tool.run(["synclog", sync.path, "--reduce", "--settle", "0"])
    #expect(try state() == before)
  }

  @Test func `what makes no sense is refused`() throws {
    let sync = try SyncDirectory(["log": "USER joe\n"])
    for wrong in [
      ["--channel", "far", "--all-channels"], ["--by-user", "--top", "3"], ["--settle", "-1"], ["--top", "-1"],
      ["--follow", "--reduce"], ["--follow", "--at-rest"], ["--sync-client", "new"], ["--deleted-prefix", ""],
      ["--warning-age", "5"], ["--metrics-label", "a=b"], ["--stuck-age", "x"],
    ] {
      let run = try Tool.run(["synclog", sync.path] + wrong)
      #expect(run.status == 64, "\(wrong): \(run)")
      #expect(run.output.isEmpty && run.errorLines.count <= 2)
    }
    #expect(try Tool.run(["synclog", sync.path + "/log", "--channel", "far"]).status == 64)
    #expect(try Tool.run(["synclog", sync.path + "/log", "--follow"]).status == 64)
  }
}
