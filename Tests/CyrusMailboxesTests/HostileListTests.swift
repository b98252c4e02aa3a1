// Lists of mailboxes in files that somebody meant harm with, or that went through much: nobody gets another's mailbox, and
// nobody's is left out.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct HostileListTests {
  private let value = "%(T e I 0123456789abcdef P default M 1)"
  private let text = "0 default a\tl\t"

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func count(_ records: [String: String], _ selection: MailboxSelection) throws -> Int {
    let made = try MadeFile(records)
    let list = try MailboxList(try Database(path: made.path), selecting: selection, locking: .none)
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
}
