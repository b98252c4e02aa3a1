// Digests of lists: equal for what replication carries over, whatever else differs.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@testable import CyrusFleet

@Suite struct MailboxDigestTests {
  private static let value = "%(T e I id1 P default V 7 F 3 C 2 M 1 A %(joe lrs anyone p))"

  private static func digest(
    _ records: [(String, String)], form: MailboxKey.Form = .prefixed, mindsPartitions: Bool = true
  ) -> MailboxDigest {
    var digest = MailboxDigest(mindsPartitions: mindsPartitions)
    for (name, value) in records {
      let key = form == .prefixed ? "N" + name.replacing(".", with: "\u{1F}") : name
      digest.add(MailboxEntry(key: Array(key.utf8), value: Array(value.utf8), form: form).view)
    }
    return digest
  }

  private static func one(_ value: String, mindsPartitions: Bool = true) -> MailboxDigest {
    digest([("user.joe", value)], mindsPartitions: mindsPartitions)
  }

  @Test func `the order of mailboxes makes no difference, and what replication leaves out neither`() {
    let records = (0..<20).map { ("user.joe.\($0)", Self.value.replacing("id1", with: "id\($0)")) }
    #expect(Self.digest(records) == Self.digest(records.reversed()))
    for (field, other) in [(" M 1", " M 99"), (" F 3", " F 4"), (" C 2", ""), (" M 1", " M 1 J abc")] {
      #expect(Self.one(Self.value) == Self.one(Self.value.replacing(field, with: other)), "\(other)")
    }
    let tombstone = ("user.ann", "%(T d I id9 P default)")
    let remote = ("user.bob", "%(T er I id8 S far P default)")
    #expect(Self.digest(records + [tombstone, remote]) == Self.digest(records))
    #expect(Self.digest([tombstone]) == MailboxDigest())
  }

  @Test(arguments: [
    ("T e", "T c"), ("T e", "T ei"), ("id1", "id2"), ("P default", "P other"), ("V 7", "V 8"), ("joe lrs", "joe lr"),
    ("joe lrs anyone p", "anyone p joe lrs"), ("joe lrs anyone p", "joe lrs"), ("joe", "jo"),
  ])
  func `every field that is carried over makes one`(_ field: String, _ other: String) {
    #expect(Self.one(Self.value) != Self.one(Self.value.replacing(field, with: other)))
  }

  @Test func `names do, too, and how often there is something`() {
    let other = Self.digest([("user.joe.a", Self.value)])
    #expect(Self.one(Self.value) != other)
    #expect(Self.digest([("user.joe", Self.value), ("user.joe", Self.value)]) != MailboxDigest())
    // The lengths of fields keep them apart.
    #expect(Self.one(Self.value.replacing("id1 P default", with: "id1d P efault")) != Self.one(Self.value))
  }

  @Test func `partitions can be left out`() {
    let other = Self.value.replacing("P default", with: "P other")
    #expect(Self.one(Self.value, mindsPartitions: false) == Self.one(other, mindsPartitions: false))
    #expect(Self.one(Self.value) != Self.one(other))
  }

  @Test func `the form of the file makes no difference`() {
    let records = [("user.joe.a^b", Self.value)]
    let old = Self.digest(records, form: .plain)
    var new = MailboxDigest()
    let key = Array("Nuser\u{1F}joe\u{1F}a.b".utf8)
    new.add(MailboxEntry(key: key, value: Array(Self.value.utf8), form: .prefixed).view)
    #expect(old == new)
  }

  @Test func `what cannot be decoded counts by its bytes`() {
    #expect(Self.one("%(T e I") == Self.one("%(T e I"))
    #expect(Self.one("%(T e I") != Self.one("%(T e J"))
  }

  @Test func `the hash is FNV-1a of 128 bits`() {
    // From the test vectors of its authors: nothing, "a", "foobar".
    #expect(MailboxDigest.hash([]) == 0x6c62272e07bb014262b821756295c58d)
    #expect(MailboxDigest.hash(Array("a".utf8)) == 0xd228cb696f1a8caf78912b704e4a8964)
    #expect(MailboxDigest.hash(Array("foobar".utf8)) == 0x343e1662793c64bf6f0d3597ba446f18)
  }

  @Test func `it is written with 32 digits`() {
    #expect(MailboxDigest().description == String(repeating: "0", count: 32))
    #expect(Self.one(Self.value).description.utf8.count == 32)
  }
}
