// `locate`: from a path to what it belongs to.

import TestSupport
import Testing

@testable import dbinspect

@Suite struct LocateTests {
  private let mailboxes: FixtureCopy

  init() throws { mailboxes = try FixtureCopy("mailboxes/mailboxes.db") }

  @Test func `a path by name says whose it is`() throws {
    let run = try Tool.run(["locate", "/var/spool/cyrus/mail/j/user/joe^smith/Sent/cyrus.index"])
    #expect(run.status == 0)
    #expect(run.text == "mailbox user.joe^smith.Sent, on default, file cyrus.index\n")
  }

  @Test func `a unique id is given its mailbox's name`() throws {
    let id = "uewsf0eitrpvxmvuy6eppr0g"
    for (path, text) in [
      ("/var/spool/cyrus/mail/uuid/u/e/\(id)/17.", "mailbox user.joe, id \(id), on default, file 17."),
      ("/var/lib/cyrus/user/uuid/u/e/\(id)/seen.db", "user user.joe, id \(id), file seen"),
    ] {
      #expect(try Tool.run(["locate", path, "--mailboxes", mailboxes.path]).text == text + "\n")
      #expect(try Tool.run(["locate", path]).text.contains("with id \(id)"))
    }
  }

  @Test func `the options of the server decide`() throws {
    let path = "/srv/two/domain/O/example.com/N/user/ann"
    #expect(try Tool.run(["locate", path]).status == 1)
    let run = try Tool.run(["locate", path, "--partition", "second=/srv/two", "--fulldirhash", "--release", "3.4"])
    #expect(run.status == 0)
    #expect(run.text == "mailbox example.com!user.ann, on second\n")
  }

  @Test func `what belongs to nothing is said, and is no error`() throws {
    let run = try Tool.run(["locate", "/etc/passwd", "/var/lib/cyrus/quota/j/user.joe", "--json"])
    #expect(run.status == 1)
    let document = try jsonObject(run.text)
    let paths = try #require(document["paths"] as? [[String: Any]])
    #expect(paths.map { $0["kind"] as? String } == [nil, "quota"])
    #expect(paths[1]["name"] as? String == "user.joe")
    #expect(try Tool.run(["locate", "/x", "--partition", "default"]).status == 64)
  }
}
