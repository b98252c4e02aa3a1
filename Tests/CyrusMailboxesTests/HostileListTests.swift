// Lists of mailboxes in files that somebody meant harm with, or that went through much: nobody gets another's mailbox, and
// nobody's is left out.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(30))) struct HostileListTests {
  private let value = "%(T e I 0123456789abcdef P default M 1)"
  private let text = "0 default a\tl\t"

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func count(
    _ records: [String: String], _ selection: MailboxSelection, defaultDomain: String = ""
  ) throws -> Int {
    let made = try MadeFile(records)
    var settings = NameSettings()
    settings.defaultDomain = defaultDomain
    let list = try MailboxList(
      try Database(path: made.path), selecting: selection, settings: settings, locking: .none)
    let count = list.count
    return count
  }

  @Test func `thousands of ACLs in one record are decoded in time`() {
    let value = Array(("%(T e" + (0..<20_000).map { " A %(a\($0) r)" }.joined() + " M 1)").utf8)
    let entry = MailboxEntryView(key: bytes("Nx").span.bytes, value: value.span.bytes, form: .prefixed)
    #expect(entry.issueCount > 0)
    #expect(entry.mtime == 1)
  }

  @Test func `a user with an @ in the name has mailboxes, too`() throws {
    let user = MailboxSelection.user(bytes("joe@example.com"))
    #expect(try count(["Nuser\u{1F}joe@example.com": value, "Nuser\u{1F}joe@example.com\u{1F}x": value], user) == 2)
    #expect(try count(["user.joe@example^com": text, "user.joe@example^com.x": text], user) == 2)
    #expect(try count(["Nexample.com\u{1D}user\u{1F}joe": value, "Nuser\u{1F}joe": value], user) == 1)
  }

  @Test func `a stale unique id leads to no mailbox of another id`() throws {
    let records = [
      "Nshared": "%(T e I bbbbbbbbbbbbbbbb P default M 1)", "Iaaaaaaaaaaaaaaaa": "%(T e N shared M 1 H ())",
      "Ibbbbbbbbbbbbbbbb": "%(T e N shared M 1 H ())",
    ]
    #expect(try count(records, .uniqueID(bytes("aaaaaaaaaaaaaaaa"))) == 0)
    #expect(try count(records, .uniqueID(bytes("bbbbbbbbbbbbbbbb"))) == 1)
  }

  @Test func `two broken values do not tell how the keys of a file are built`() throws {
    var records = ["N00": "%(T", "I0000000000000000": "%(T e N us"]
    for number in 10..<60 {
      records["Nuser\u{1F}joe\u{1F}\(number)"] = value
      records["I00000000000000\(number)"] = "%(T e N user\u{1F}joe\u{1F}\(number) M 1 H ())"
    }
    #expect(try count(records, .user(bytes("joe"))) == 50)
  }

  @Test func `a domain and a name are what the parsed name says`() throws {
    #expect(try count(["a!b!x": text, "$RUNQ": "1"], .domain(bytes("a!b"))) == 0)
    #expect(try count(["N\u{1D}x": value], .domain([])) == 1)
    let dotted = MailboxName(databaseName: bytes("user\u{1F}a.b").span.bytes)
    let other = MailboxName(databaseName: bytes("user\u{1F}a^b").span.bytes)
    #expect(try count(["user.a^b": text, "$RUNQ": "1"], .name(dotted)) == 1)
    #expect(try count(["user.a^b": text, "$RUNQ": "1"], .name(other)) == 0)
  }

  @Test func `what names start with counts without the default domain`() throws {
    let new = [
      "Nuser\u{1F}joe": value, "Nhere\u{1D}user\u{1F}joe\u{1F}x": value, "Nthere\u{1D}user\u{1F}joe": value,
    ]
    let old = ["user.joe": text, "here!user.joe.x": text, "there!user.joe": text, "$RUNQ": "1"]
    for records in [new, old] {
      func count(_ prefix: String) throws -> Int {
        try self.count(records, .prefix(bytes(prefix)), defaultDomain: "here")
      }
      #expect(try count("user\u{1F}joe") == 2)
      #expect(try count("user") == 2)
      #expect(try count("") == 3)
      #expect(try count("h") == 0)
      #expect(try count("there") == 1)
      // Who gives the default domain means the names without one.
      #expect(try count("here\u{1D}user\u{1F}joe") == 2)
      #expect(try count("here\u{1D}") == 2)
    }
    // The name that starts like the default domain, and one that has it, each once.
    #expect(try count(["Nhh": value, "Nh\u{1D}hh": value], .prefix(bytes("h")), defaultDomain: "h") == 2)
  }

  @Test func `a stale JMAP id leads to no mailbox of another id or owner`() throws {
    let mailbox = "%(T e I 0123456789abcdef J Pa P default M 1)"
    let records = [
      "Nuser\u{1F}joe": mailbox, "Nshared": mailbox, "Jjoe\u{1E}Pa": "%(T e N user\u{1F}joe M 1)",
      "J\u{1E}Pa": "%(T e N shared M 1)", "Jjoe\u{1E}Pb": "%(T e N user\u{1F}joe M 1)",
      "Jkim\u{1E}Pa": "%(T e N user\u{1F}joe M 1)", "J\u{1E}Pc": "%(T e N user\u{1F}joe M 1)",
      "Jkim\u{1E}Pd": "%(T e N shared M 1)", "Nuser\u{1F}ann": mailbox, "Jann.Pa": "%(T e N user\u{1F}ann M 1)",
    ]
    func count(_ id: String, _ owner: String?) throws -> Int {
      try self.count(records, .jmapID(bytes(id), owner: owner.map(bytes)), defaultDomain: "here")
    }
    #expect(try count("Pa", "joe") == 1)
    #expect(try count("Pa", "joe@here") == 1)
    #expect(try count("Pa", nil) == 1)
    #expect(try count("Pa", "ann") == 1)
    #expect(try count("Pb", "joe") == 0)
    #expect(try count("Pa", "kim") == 0)
    #expect(try count("Pc", nil) == 0)
    #expect(try count("Pd", "kim") == 0)
  }
}
