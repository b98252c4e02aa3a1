// `diff`: the report, what people read, the emitted log, and the exit status.

import Foundation
import Testing

/// A pair of real stores with the log that is pending.
struct StoresAndLog: CustomTestStringConvertible, Sendable {
  let folder: String
  let channel: String
  let expected: String
  let status: Int32

  var testDescription: String { folder + (channel.isEmpty ? "" : " " + channel) }

  static let all = [
    StoresAndLog("01-noise", 0), StoresAndLog("02-pending", 1), StoresAndLog("03-lost", 2), StoresAndLog("04-mixed", 2),
    StoresAndLog("05-users", 2), StoresAndLog("06-conflicts", 2), StoresAndLog("07-channels", 2),
    StoresAndLog("07-channels", 1, channel: "far", expected: "expected-far"), StoresAndLog("08-index", 2),
    StoresAndLog("09-bad-lines", 2), StoresAndLog("10-generations", 2), StoresAndLog("11-domains", 2),
  ]

  init(_ folder: String, _ status: Int32, channel: String = "", expected: String = "expected") {
    self.folder = folder
    self.channel = channel
    self.expected = expected
    self.status = status
  }

  func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/sync/\(folder)/\(name)")
      .standardized.path
  }

  var expectedReport: [String: Any] {
    get throws { try jsonObject(String(contentsOfFile: path(expected + ".json"), encoding: .utf8)) }
  }

  /// Both stores and the log, as arguments.
  var arguments: [String] {
    var arguments = [path("master.db"), path("replica.db"), "--synclog", path("log"), "--at-rest"]
    if !channel.isEmpty { arguments += ["--channel", channel] }
    if folder == "08-index" { arguments += ["--index-states", path("index.json")] }
    if folder == "11-domains" { arguments += ["--default-domain", "default.example"] }
    // The server has one more than its mailboxes show.
    return arguments + ["--replica-partitions", "default,p2", "--sync-client", "3.6.1"]
  }
}

@Suite struct DiffTests {
  @Test(arguments: StoresAndLog.all) func `the report of a real pair is the expected one`(pair: StoresAndLog) throws {
    let run = try Tool.run(["diff", "--json"] + pair.arguments)
    #expect(run.status == pair.status, "\(run)")
    #expect(NSDictionary(dictionary: try run.json) == NSDictionary(dictionary: try pair.expectedReport), "\(run)")
  }

  @Test(arguments: StoresAndLog.all) func `the emitted log is that of the report`(pair: StoresAndLog) throws {
    let folder = try TemporaryFolder()
    let log = folder.url.appending(path: "repair").path
    let run = try Tool.run(["diff", "--emit-log", log] + pair.arguments)
    #expect(run.status == pair.status, "\(run)")
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
    #expect(lines == (try pair.expectedReport["repairLog"] as? [String]))
    let attributes = try FileManager.default.attributesOfItem(atPath: log)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    // Metrics do not replace it.
    let again = try Tool.run(["diff", "--emit-log", log, "--force", "--metrics", log] + pair.arguments)
    #expect(again.status == 73, "\(again)")
    #expect(try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init) == lines)
  }

  @Test func `people read differences by user, and what settles them`() throws {
    let pair = StoresAndLog("04-mixed", 2)
    let run = try Tool.run(["diff"] + pair.arguments)
    #expect(run.status == 2)
    #expect(
      run.lines.prefix(4) == [
        "alice",
        "  pending   high    renamed       user.alice.Entwurf: the replica calls it 'user.alice.Drafts'",
        "                                  by log:2: MAILBOX user.alice.Entwurf",
        "  pending   low     foldermodseq  user.alice.Entwurf: 2 is 1 on the replica",
      ], "\(run)")
    #expect(
      run.lines.last == "10 differences: 4 pending, 5 drift, 1 conflict (27 mailboxes on the master, "
        + "28 on the replica; 4 lines pending)")
    #expect(run.errorLines.contains("hint: --emit-log FILE writes what settles the drift: 3 lines"), "\(run)")
  }

  @Test func `a summary counts`() throws {
    let run = try Tool.run(["diff", "--summary"] + StoresAndLog("04-mixed", 2).arguments)
    #expect(run.lines.first == "CLASS         pending  drift  conflict")
    #expect(run.lines[2] == "extra               -      2         1", "\(run)")
  }

  @Test func `one user's differences are those of that user`() throws {
    let run = try Tool.run(["diff", "--user", "erin", "--json"] + StoresAndLog("04-mixed", 2).arguments)
    let differences = try #require(run.json["differences"] as? [[String: Any]])
    #expect(differences.map { $0["name"] as? String } == ["user.erin.one", "user.erin.two"])
    #expect(try run.json["repairLog"] as? [String] == ["MAILBOX user.erin.two"])
    // Nobody's mailboxes differ in nothing.
    #expect(try Tool.run(["diff", "--user", "nobody"] + StoresAndLog("04-mixed", 2).arguments).status == 0)
  }

  @Test func `without the log nothing is pending`() throws {
    let pair = StoresAndLog("02-pending", 1)
    let run = try Tool.run([
      "diff", "--json", "--at-rest", pair.path("master.db"), pair.path("replica.db"), "--replica-partitions",
      "default,p2",
    ])
    #expect(run.status == 2)
    #expect(try run.json["summary"] as? [String: Int] == ["drift": 34], "\(run)")
  }

  @Test func `damage is said, and nothing is removed for it`() throws {
    let pair = StoresAndLog("05-users", 2)
    let folder = try TemporaryFolder()
    let damaged = folder.url.appending(path: "master.db")
    var bytes = try Data(contentsOf: URL(filePath: pair.path("master.db")))
    let name = try #require(bytes.range(of: Data("Nuser\u{1F}alice".utf8)))
    bytes[name.lowerBound + 2] ^= 0xFF
    try bytes.write(to: damaged)
    let run = try Tool.run(["diff", "--json", "--at-rest", damaged.path, pair.path("replica.db")])
    #expect(run.status == 2)
    #expect(run.errors.contains("master.db: damaged: what only the replica has may be there, too"), "\(run)")
    #expect(try run.json["complete"] as? [String: Bool] == ["master": false, "replica": true])
    let repair = try #require(run.json["repairLog"] as? [String])
    #expect(!repair.contains { $0.hasPrefix("UNUSER") || $0.hasPrefix("UNMAILBOX") }, "\(repair)")
  }

  @Test(arguments: ["log", "log-run", "log-123"]) func `no sync log is replaced or made`(name: String) throws {
    let pair = StoresAndLog("04-mixed", 2)
    let sync = try SyncDirectory(["log": "MAILBOX user.erin.one\n"])
    let run = try Tool.run([
      "diff", pair.path("master.db"), pair.path("replica.db"), "--synclog", sync.path, "--at-rest", "--force",
      "--emit-log", "\(sync.path)/\(name)",
    ])
    #expect(run.status == 64, "\(run)")
    #expect(run.errors.contains("--emit-log takes no file with the name of a sync log"), "\(run)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: sync.path) == ["log"])
    #expect(try String(contentsOfFile: "\(sync.path)/log", encoding: .utf8) == "MAILBOX user.erin.one\n")
  }

  @Test func `a configuration directory is not taken for its sync directory`() throws {
    let stores = [StoresAndLog("04-mixed", 2).path("master.db"), StoresAndLog("04-mixed", 2).path("replica.db")]
    let config = try SyncDirectory(["sync/log": "MAILBOX user.erin.one\n"])
    for command in [["synclog"], ["synclog", "--follow"], ["diff"] + stores + ["--synclog"]]
      + [["failover-check"] + stores + ["--synclog"]]
    {
      let run = try Tool.run(command + [config.path])
      #expect(run.status == 66, "\(run)")
      #expect(
        run.errorLines == [
          "dbinspect: \(config.path): has no sync logs, but a directory sync/", "hint: give \(config.path)/sync",
        ])
    }
    let check = try Tool.run(["synclog", "--nagios", config.path])
    #expect(check.status == 3, "\(check)")
    // A channel may have that name.
    try config.write("log", "MAILBOX user.erin.two\n")
    #expect(try Tool.run(["synclog", "--at-rest", config.path]).status == 0)
    #expect(try Tool.run(["synclog", "--at-rest", "--channel", "sync", config.path]).status == 0)
  }

  @Test func `of several paths to a log none is a directory`() throws {
    let pair = StoresAndLog("04-mixed", 2)
    let run = try Tool.run(["diff"] + pair.arguments + ["--synclog", pair.path("log")])
    #expect(run.status == 64, "\(run)")
    #expect(run.errors.contains("--synclog takes one directory, or log files"), "\(run)")
  }

  @Test func `what is wrong with the log is told in words, and not without end`() throws {
    let pair = StoresAndLog("09-bad-lines", 2)
    let run = try Tool.run(["diff"] + pair.arguments)
    #expect(run.errors.contains("dbinspect: log-run:3: a word alone, sync_client drops the line\n"), "\(run)")
    #expect(run.errors.contains("end of the log: 2 lines from here on (43 bytes) will be thrown away unseen"))
    let folder = try SyncDirectory(["log": String(repeating: "MAILBOX\n", count: 12)])
    let many = try Tool.run([
      "diff", pair.path("master.db"), pair.path("replica.db"), "--at-rest", "--synclog", folder.path,
    ])
    #expect(many.errorLines.count { $0.contains("a word alone") } == 10, "\(many)")
    #expect(many.errorLines.contains("note: 2 more such places: dbinspect synclog lists them"))
  }

  @Test(arguments: [["diff"], ["failover-check", "--synclog", "/"]])
  func `a database of another kind is refused on either side`(command: [String]) throws {
    let store = StoresAndLog("04-mixed", 2).path("master.db")
    let copy = try FixtureCopy("annotations/messages-3.6.1.db")
    let other = copy.path
    for sides in [[store, other], [other, store]] {
      let run = try Tool.run(command + sides + ["--at-rest"])
      #expect(run.status == 65, "\(run)")
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("dbinspect: \(other): not a mailboxes.db: "), "\(run)")
    }
  }

  @Test func `indexes that cannot be read are no equality`() throws {
    let pair = StoresAndLog("08-index", 2)
    let folder = try TemporaryFolder()
    let arguments = [
      "diff", pair.path("master.db"), pair.path("master.db"), "--at-rest", "--master-spool", folder.url.path,
      "--replica-spool", folder.url.path,
    ]
    let run = try Tool.run(arguments)
    #expect(run.status == 2, "\(run)")
    #expect(
      run.lines.last?.hasPrefix("no difference in the lists, but not all indexes could be read (") == true, "\(run)")
    let unread = try #require(try Tool.run(arguments + ["--json"]).json["unreadIndexes"] as? [String: Int])
    #expect(unread["master"] ?? 0 > 20, "\(unread)")
    #expect(try Tool.run(arguments + ["--nagios"]).text.hasPrefix("CYRUS DIFF CRITICAL - "))
  }

  @Test func `what makes no sense is refused`() throws {
    let pair = StoresAndLog("04-mixed", 2)
    let stores = [pair.path("master.db"), pair.path("replica.db")]
    for wrong in [
      ["--channel", "far"], ["--sync-client", "3"], ["--sync-client", "3.x"], ["--settle", "-1"], ["--user", ""],
      ["--force"], ["--deleted-prefix", ""], ["--partitions", "some"], ["--promote-threshold", "-1"],
    ] {
      let run = try Tool.run(["diff"] + stores + wrong)
      #expect(run.status == 64, "\(wrong): \(run)")
      #expect(run.errorLines.count == 2)
    }
    #expect(try Tool.run(["diff"] + stores + ["--synclog", "/nowhere"]).status == 66)
    #expect(try Tool.run(["diff"] + stores + ["--at-rest", "--index-states", stores[0]]).status == 65)
  }
}
