// `mailboxes` and `inventory`: what a mailboxes.db holds, decoded and counted.

import Foundation
import Testing

@testable import dbinspect

@Suite struct MailboxesTests {
  /// Files of every generation, the releases that they are of, and their lists.
  static let files: [(name: String, releases: String)] = [
    ("gen1-text-2.2-to-2.4", "2.0 to 2.4"), ("gen2-exttext-2.5pre", "before 2.5"), ("gen3-dlist-2.5", "2.5"),
    ("gen3-dlist-2.5-mboxsort", "2.5"), ("gen4-dlist-3.0", "3.0 to 3.2"), ("gen5-dlist-3.4", "3.3 to 3.4"),
    ("mailboxes", "3.6 to 3.12"), ("gen7-dlist-3.13dev", "3.13"),
  ]

  @Test(arguments: files)
  func `all mailboxes are listed with the fields that are known of them`(
    _ file: (name: String, releases: String)
  ) throws {
    let copy = try FixtureCopy("mailboxes/\(file.name).db")
    let run = try Tool.run(["mailboxes", copy.path, "--all", "--format", "ndjson"])
    #expect(run.status == 0, "\(run)")
    #expect(run.errors.isEmpty)
    let lines = try run.lines.map(jsonObject)
    #expect(lines.first?["schema"] as? String == "mailboxes/1")
    #expect(lines.first?["releases"] as? String == file.releases)
    let trailer = try #require(lines.last)
    #expect(trailer["complete"] as? Bool == true)
    let mailboxes = lines.dropFirst().dropLast()
    #expect(trailer["records"] as? Int == mailboxes.count)
    let listed = try Self.listed(file.name)
    #expect(mailboxes.count == listed.count)
    for mailbox in mailboxes {
      // Two names are no text.
      guard let name = mailbox["name"] as? String else { continue }
      let known = try #require(listed[name], "\(name)")
      let record = try #require(known["record"] as? [String: Any])
      let type = try #require(record["mbtype"] as? [String: Any])
      #expect(mailbox["kind"] as? String == type["kind"] as? String)
      let flags = Set(type["flags"] as? [String] ?? []).map {
        ["deleted": "tombstone", "reserve": "reserved"][$0] ?? $0
      }
      #expect(Set(mailbox["flags"] as? [String] ?? []) == Set(flags))
      for member in ["owner", "domain"] { #expect(mailbox[member] as? String == known[member] as? String) }
      for member in ["uniqueid", "partition", "server"] {
        #expect(mailbox[member] as? String == record[member] as? String, "\(name) \(member)")
      }
      for member in ["uidvalidity", "mtime"] { #expect(mailbox[member] as? Int == record[member] as? Int) }
      for member in ["createdmodseq", "foldermodseq"] {
        #expect((mailbox[member] as? UInt64).map { "\($0)" } == record[member] as? String)
      }
      #expect(mailbox["deletedAt"] as? Int == known["deletedAt"] as? Int)
      let acl = (mailbox["acl"] as? [[String: String]] ?? []).map { [$0["identifier"], $0["rights"]] }
      #expect(acl == record["acl"] as? [[String]] ?? [], "\(name)")
    }
    let dbnames = mailboxes.compactMap { ($0["dbname"] as? String).map { Array($0.utf8) } }
    #expect(zip(dbnames, dbnames.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
    let info = try Tool.run(["info", copy.path, "--json"]).json
    #expect((info["mailboxes"] as? [String: Any])?["releases"] as? String == file.releases)
  }

  @Test func `a user or an id that is not there is a no`() throws {
    let copy = try FixtureCopy("mailboxes/mailboxes.db")
    for arguments in [["--user", "nobody"], ["--id", "0000000000000000"]] {
      let run = try Tool.run(["mailboxes", copy.path] + arguments)
      #expect(run.status == 1)
    }
    #expect(try Tool.run(["mailboxes", copy.path, "--user", "joe", "-q"]).status == 0)
  }

  @Test func `user, domain, id and conditions choose`() throws {
    let path = try FixtureCopy("mailboxes/mailboxes.db").path
    let listed = try Self.listed("mailboxes").values
    func count(_ arguments: String...) throws -> Int {
      let run = try Tool.run(["mailboxes", path, "--format", "ndjson"] + arguments)
      let count = run.lines.count - 2
      let isAsked = arguments.contains("--user") || arguments.contains("--id")
      #expect(run.status == (isAsked && count == 0 ? 1 : 0), "\(run)")
      return count
    }
    #expect(try count("--all", "--user", "joe") == listed.count { $0["owner"] as? String == "joe" })
    #expect(try count("--all", "--where", "owner=joe") == listed.count { $0["owner"] as? String == "joe" })
    #expect(try count("--all", "--where", "owner!=joe") == listed.count { $0["owner"] as? String != "joe" })
    #expect(try count("--all", "--where", "owner=") == listed.count { $0["owner"] is NSNull })
    #expect(try count("--all", "--domain", "example.com") == listed.count { $0["domain"] as? String == "example.com" })
    #expect(try count("--all") == listed.count)
    #expect(try count() + count("--deleted") == listed.count)
    #expect(try count("--id", "kq9b1w1mn3qml6vaplvzgssx") == 1)
    #expect(try count("--user", "nobody") == 0)
    let calendars = listed.count { mailbox in
      let record = mailbox["record"] as? [String: Any]
      let type = record?["mbtype"] as? [String: Any]
      let isAllowed = (record?["acl"] as? [[String]] ?? []).contains { $0.first == "joe" }
      return type?["kind"] as? String == "calendar" && isAllowed
    }
    #expect(calendars > 0)
    #expect(try count("--all", "--where", "kind=calendar", "--where", "acl=joe") == calendars)
    #expect(try count("--escaped", "--where", "dbname=user\\x1fjoe") == 1)
    for wrong in [
      ["--where", "kind"], ["--where", "nothing=1"], ["--user", "a", "--id", "b"], ["--all", "--deleted"],
    ] {
      #expect(try Tool.run(["mailboxes", path] + wrong).status == 64)
    }
  }

  @Test func `an id is looked for among those that are asked for`() throws {
    let path = try madeDatabase([
      ("Iaaaaaaaaaaaaaaaaaaaaaaaa", "%(N user\u{1F}a T e P default)"),
      ("Ibbbbbbbbbbbbbbbbbbbbbbbb", "%(N user\u{1F}b T d)"),
      ("Nuser\u{1F}a", "%(T e I aaaaaaaaaaaaaaaaaaaaaaaa P default M 6)"),
      ("Nuser\u{1F}b", "%(T d I bbbbbbbbbbbbbbbbbbbbbbbb M 6)"),
    ])
    let live = ["--id", "aaaaaaaaaaaaaaaaaaaaaaaa"], gone = ["--id", "bbbbbbbbbbbbbbbbbbbbbbbb"]
    for (options, status) in [
      (live, 0), (live + ["--all"], 0), (live + ["--deleted"], 1), (gone, 0), (gone + ["--all"], 0),
      (gone + ["--deleted"], 0), (["--user", "b"], 1), (["--user", "b", "--all"], 0),
    ] {
      let run = try Tool.run(["mailboxes", path] + options)
      #expect(run.status == Int32(status), "\(options) \(run)")
      let isHidden = options == ["--user", "b"]
      #expect(run.errors.contains("hint: 1 mailbox there, but deleted: --deleted or --all") == isHidden, "\(run)")
    }
  }

  @Test func `former names are told, whether few or all mailboxes are listed`() throws {
    let path = try FixtureCopy("mailboxes/mailboxes.db").path
    let shown = try Tool.run(["show", path, "--decode", "--format", "ndjson", "--prefix", "I"])
    var known: [String: [[String: Any]]] = [:]
    for line in shown.lines.dropFirst().dropLast() {
      let decoded = try #require(try jsonObject(line)["decoded"] as? [String: Any])
      let id = try #require(decoded["uniqueid"] as? String)
      if let history = decoded["history"] as? [[String: Any]], !history.isEmpty { known[id] = history }
    }
    #expect(!known.isEmpty)
    func listed(_ options: [String]) throws -> [String: [[String: Any]]] {
      let run = try Tool.run(["mailboxes", path, "--format", "ndjson"] + options)
      return try run.lines.dropFirst().dropLast().map(jsonObject).reduce(into: [:]) { listed, mailbox in
        if let id = mailbox["uniqueid"] as? String { listed[id] = mailbox["history"] as? [[String: Any]] }
      }
    }
    let all = try listed(["--all"])
    #expect(Set(all.keys) == Set(known.keys))
    for (id, history) in known {
      #expect(all[id]?.map { $0["dbname"] as? String } == history.map { $0["name"] as? String })
      #expect(all[id]?.allSatisfy { ($0["name"] as? String)?.contains("\u{1F}") == false } == true)
      #expect(all[id]?.map { $0["mtime"] as? Int } == history.map { $0["mtime"] as? Int })
      #expect(try listed(["--all", "--id", id])[id]?.count == history.count)
    }
  }

  @Test func `issues have the form that they have everywhere`() throws {
    let path = try FixtureCopy("twoskip/ts-packed100.db").path
    func issues(_ command: [String]) throws -> NSArray {
      let run = try Tool.run([command[0], path, "--format", "ndjson"] + command.dropFirst())
      return try #require(try jsonObject(run.lines[1])["issues"] as? NSArray)
    }
    #expect(try issues(["mailboxes"]) == issues(["show", "--decode", "--kind", "mailboxes"]))
  }

  @Test func `a condition that no mailbox can meet is refused, and times are read`() throws {
    let path = try FixtureCopy("mailboxes/gen5-dlist-3.4.db").path
    func count(_ condition: String, _ options: String...) throws -> Int {
      let run = try Tool.run(["mailboxes", path, "--format", "ndjson", "--where", condition] + options)
      #expect(run.status == 0, "\(run)")
      return run.lines.count - 2
    }
    #expect(try count("mtime=2023-11-14T22:30:14Z") == 1)
    #expect(try count("mtime=1700001014") == 1)
    #expect(try count("uidvalidity=01700000014") == 1)
    #expect(try count("mtime!=2023-11-14T22:30:14Z") == count("name!=") - 1)
    for impossible in [
      "kind=mail", "flags=deleted", "uidvalidity=x", "uidvalidity=4294967296", "mtime=yesterday", "deletedAt=-1",
      "mtime=2023-02-30T00:00:00Z", "mtime=2023-11-14", "foldermodseq=1.5", "issues=odd", "kind!=mail",
    ] {
      let run = try Tool.run(["mailboxes", path, "--where", impossible])
      #expect(run.status == 64, "\(impossible) \(run)")
      #expect(run.errors.hasPrefix("dbinspect: no mailbox has '"), "\(run)")
    }
    let hidden = try Tool.run(["mailboxes", path, "--where", "flags=tombstone"])
    #expect(hidden.errorLines.last == "hint: deleted mailboxes are left out: --deleted or --all lists them")
    #expect(try count("flags=tombstone", "--all") == 1)
  }

  @Test func `a user may be given with the domain, and neither user nor id is empty`() throws {
    let path = try FixtureCopy("mailboxes/gen5-dlist-3.4.db").path
    for (user, domain, names) in [
      ("ann", "example.com", 2), ("ann@example.com", "example.com", 2), ("ann@example.com", "other.org", 0),
      ("ann@example.com", "", 0), ("ann", "", 0),
    ] {
      let run = try Tool.run(["mailboxes", path, "--user", user, "--domain", domain, "--format", "ndjson"])
      #expect(run.lines.count - 2 == names, "\(user) \(domain) \(run)")
      #expect(run.status == (names > 0 ? 0 : 1))
    }
    for empty in [["--user", ""], ["--id", ""]] { #expect(try Tool.run(["mailboxes", path] + empty).status == 64) }
  }

  @Test func `the table is as wide as what is in it, with numbers to the right`() throws {
    let path = try FixtureCopy("mailboxes/gen5-dlist-3.4.db").path
    let run = try Tool.run(["mailboxes", path, "--domain", "example.com"])
    #expect(run.status == 0)
    #expect(
      run.lines == [
        "MAILBOX                      TYPE   PLACE    UIDVALIDITY  MODSEQ  WRITTEN               UNIQUE ID",
        "example.com!announce         email  default   1700000014     114  2023-11-14T22:30:14Z  1a2b3c0e6553f10e",
        "example.com!user.ann         email  default   1700000012     112  2023-11-14T22:30:12Z  1a2b3c0c6553f10c",
        "example.com!user.ann.Inbox2  email  default   1700000013     113  2023-11-14T22:30:13Z  1a2b3c0d6553f10d",
      ])
    #expect(run.errors.hasSuffix(": 3 mailboxes listed\n"))
  }

  @Test func `a very long name moves its own row only`() throws {
    let long = String(repeating: "x", count: 300)
    let path = try madeDatabase([
      ("Nuser\u{1F}joe", "%(T e P default V 7 M 6 A %(joe lrs))"),
      ("Nuser\u{1F}joe\u{1F}\(long)", "%(T e P default V 8 M 6 A %(\(long) lrs))"),
    ])
    let lines = try Tool.run(["mailboxes", path]).lines
    #expect(lines.count == 3)
    #expect(lines.first?.count ?? 0 < 150)
    #expect(lines.last?.hasPrefix("user.joe.\(long)  email  default") == true)
    let inventory = try Tool.run(["inventory", path, "--by", "acl-identifier"]).lines
    #expect(inventory.contains { $0.hasPrefix("acl-identifier") && $0.count < 80 })
    #expect(inventory.contains { $0.hasPrefix("joe ") && $0.count < 80 })
    #expect(inventory.last == "\(long)     1")
  }

  @Test func `cells are as wide as what is printed, with escapes`() throws {
    let path = try madeDatabase([
      ("Nuser\u{1F}a\u{7}\u{1F}\"q\"", "%(T e P default V 7 M 6 A %(joe lrs))"),
      ("Nuser\u{1F}a\u{E4}", "%(T ed P default M 6)"),
    ])
    let lines = try Tool.run(["mailboxes", path, "--all"]).lines
    #expect(lines.first?.hasPrefix("MAILBOX         TYPE             PLACE    ") == true, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("user.a\\x07.\"q\"  email            default  ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("user.a\u{E4}         email tombstone  default  ") }, "\(lines)")
  }

  @Test func `csv has all fields, and none twice`() throws {
    let path = try FixtureCopy("mailboxes/gen5-dlist-3.4.db").path
    let run = try Tool.run(["mailboxes", path, "--user", "ann@example.com", "--format", "csv", "--quiet"])
    let lines = run.text.split(separator: "\r\n")
    #expect(lines.count == 3)
    #expect(lines.first?.hasPrefix("name,dbname,uniqueid,kind,flags,owner,") == true)
    #expect(lines.last?.contains("user.ann.Inbox2,example.com\\x1duser\\x1fann\\x1fInbox2,") == true)
    #expect(lines.last?.contains(",ann@example.com\\tlrswipkxtecdan\\tjoe@example.com\\tlrs\\t,") == true)
    #expect(run.errors.isEmpty)
  }

  @Test func `a listing of a damaged file says that it is not complete`() throws {
    let path = try FixtureCopy("twoskip/ts-bad-tail.db").path
    let run = try Tool.run(["mailboxes", path, "--format", "ndjson", "--all"])
    #expect(run.status == 2)
    #expect(try jsonObject(try #require(run.lines.last))["complete"] as? Bool == false)
    #expect(run.errors.contains("INCOMPLETE"))
    let inventory = try Tool.run(["inventory", path, "--json"])
    #expect(inventory.status == 2)
    #expect(try inventory.json["complete"] as? Bool == false)
    #expect(try inventory.json["damaged"] as? Int == 1)
  }

  @Test(arguments: files)
  func `an inventory adds up`(_ file: (name: String, releases: String)) throws {
    let path = try FixtureCopy("mailboxes/\(file.name).db").path
    let groupings = ["user", "domain", "partition", "server", "type"]
    let run = try Tool.run(["inventory", path, "--json"] + groupings.flatMap { ["--by", $0] })
    #expect(run.status == 0, "\(run)")
    let document = try run.json
    let totals = try #require(document["totals"] as? [String: Any])
    #expect(totals["mailboxes"] as? Int == (try Self.listed(file.name)).count)
    let states = ["live", "intermediate", "reserved", "deleted", "tombstones"]
    func sum(_ counts: [String: Any]) -> Int { states.reduce(0) { $0 + (counts[$1] as? Int ?? 0) } }
    #expect(sum(totals) == totals["mailboxes"] as? Int)
    let found = try #require(document["groupings"] as? [[String: Any]])
    #expect(found.compactMap { $0["by"] as? String } == groupings)
    for grouping in found {
      let groups = try #require(grouping["groups"] as? [[String: Any]])
      #expect(grouping["count"] as? Int == groups.count)
      #expect(groups.reduce(0) { $0 + sum($1) } == sum(totals))
    }
    let text = try Tool.run(["inventory", path, "--top", "2"])
    #expect(text.status == 0)
    #expect(text.text.contains("releases        \(file.releases), "))
    #expect(text.lines.last?.hasPrefix("… of ") == true)
  }

  @Test func `times are those of the calendar`() {
    #expect(timestamp(0) == "1970-01-01T00:00:00Z")
    #expect(timestamp(951_827_696) == "2000-02-29T12:34:56Z")
    #expect(timestamp(1_700_001_014) == "2023-11-14T22:30:14Z")
    #expect(timestamp(253_402_300_799) == "9999-12-31T23:59:59Z")
    #expect(timestamp(253_402_300_800) == "253402300800")
    #expect(timestamp(.min) == "\(Int64.min)")
    for time in [0, 951_782_399, 951_827_696, 1_700_001_014, 4_107_542_400, 253_402_300_799] as [Int64] {
      #expect(seconds(ofTimestamp: timestamp(time)) == time)
    }
  }

  /// What is known of the mailboxes of a file, by internal name.
  private static func listed(_ name: String) throws -> [String: [String: Any]] {
    let document = try jsonObject(try projectText("Tests/Fixtures/mailboxes/\(name).json"))
    let records = try #require(document["records"] as? [[String: Any]])
    var mailboxes: [String: [String: Any]] = [:]
    for record in records where record["kind"] as? String == "name" {
      mailboxes[record["name"] as? String ?? ""] = record
    }
    return mailboxes
  }
}
