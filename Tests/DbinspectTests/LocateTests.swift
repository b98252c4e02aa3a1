// `locate`: from a path to what it belongs to.

import Foundation
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

  @Test func `an id that no mailbox has is said, and is a no`() throws {
    let path = "/var/spool/cyrus/mail/uuid/z/z/zzzzzzzzzzzzzzzzzzzzzzzz/17."
    let run = try Tool.run(["locate", path, "--mailboxes", mailboxes.path])
    #expect(run.status == 1)
    #expect(
      run.text == "mailbox with id zzzzzzzzzzzzzzzzzzzzzzzz, on default, file 17.: no mailbox has this id\n", "\(run)")
    #expect(try Tool.run(["locate", path]).status == 0)
    let document = try Tool.run(["locate", path, "--mailboxes", mailboxes.path, "--json"]).json
    #expect((document["paths"] as? [[String: Any]])?.first?["mailbox"] as? Bool == false)
  }

  @Test func `paths are any bytes`() throws {
    let run = try Tool.shell(
      """
      "$D" locate --json --partition default=/p $'/p/j/user/joe/caf\\xe9' $'/p/j/user/joe/caf\\xe8'; echo $?
      "$D" locate /etc/passwd $'/etc/\\xff'; "$D" locate --partition $'\\xff' /x; echo $?
      """)
    #expect(run.text.contains("\"pathBase64\":\"\(Data("/p/j/user/joe/caf".utf8 + [0xE9]).base64EncodedString())\""))
    #expect(run.text.contains("\"pathBase64\":\"\(Data("/p/j/user/joe/caf".utf8 + [0xE8]).base64EncodedString())\""))
    #expect(run.text.contains("/etc/passwd: of no mailbox, user or quota\n/etc/\\xff: of no "), "\(run.text)")
    #expect(run.text.hasSuffix("argument 3, \\xff, is not UTF-8\n64\n"), "\(run.text)")
  }

  @Test func `a path has a root, and slashes count once`() throws {
    for path in ["", "var/spool/cyrus/mail/j/user/joe", "."] {
      let run = try Tool.run(["locate", path])
      #expect(run.status == 64, "\(path) \(run)")
    }
    let run = try Tool.run(["locate", "//var/spool/./cyrus//mail/j/user/joe///Sent/cyrus.index"])
    #expect(run.text == "mailbox user.joe.Sent, on default, file cyrus.index\n", "\(run)")
    #expect(try Tool.run(["locate", "/var/lib/cyrus/mailboxes.db"]).text == "of no mailbox, user or quota\n")
  }
}
