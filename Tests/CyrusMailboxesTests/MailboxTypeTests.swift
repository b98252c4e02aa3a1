// Kinds and flags from letters and from numbers.

import CyrusMailboxes
import Testing

/// What letters or a number mean.
struct TypeCase: Sendable, CustomTestStringConvertible {
  let text: String
  let kind: MailboxKind
  var flags: MailboxFlags = []
  var codes: [String] = []

  var testDescription: String { text.isEmpty ? "nothing" : text }
}

@Suite struct MailboxTypeTests {
  static let kinds: [(String, MailboxKind, String)] = [
    ("e", .email, "email"), ("n", .netnews, "netnews"), ("c", .calendar, "calendar"),
    ("a", .addressBook, "addressbook"), ("b", .collection, "collection"), ("s", .submission, "jmapsubmit"),
    ("p", .pushSubscription, "jmappushsub"), ("f", .sieve, "sieve"), ("j", .notification, "jmapnotify"),
  ]

  @Test(arguments: kinds)
  func `each kind has a letter and a name`(_ letter: String, _ kind: MailboxKind, _ name: String) {
    #expect(entry("%(T \(letter))", .prefixed).kind == kind)
    #expect(entry("%(T \(letter)d)", .prefixed).kind == kind)
    #expect(entry("%(T d\(letter))", .plain).kind == kind)
    #expect(kind.name == name)
  }

  static let letters = [
    TypeCase(text: "e", kind: .email),
    TypeCase(text: "d", kind: .email, flags: .deleted),
    TypeCase(
      text: "edmrzil", kind: .email, flags: [.deleted, .moving, .remote, .reserved, .intermediate, .legacyDirectories]),
    TypeCase(text: "cl", kind: .calendar, flags: .legacyDirectories),
    TypeCase(text: "eldd", kind: .email, flags: [.deleted, .legacyDirectories]),
    TypeCase(text: "dc", kind: .calendar, flags: .deleted, codes: ["type.order"]),
    TypeCase(text: "ca", kind: .calendar, codes: ["type.twoKinds"]),
    TypeCase(text: "ef", kind: .sieve, codes: ["type.twoKinds"]),
    TypeCase(text: "ee", kind: .email, codes: ["type.twoKinds"]),
    TypeCase(text: "q", kind: .unknown, codes: ["type.unknownLetter"]),
    TypeCase(text: "qd", kind: .unknown, flags: .deleted, codes: ["type.unknownLetter"]),
    TypeCase(text: "edQ", kind: .email, flags: .deleted, codes: ["type.unknownLetter"]),
    TypeCase(
      text: "dQec", kind: .calendar, flags: .deleted, codes: ["type.unknownLetter", "type.twoKinds", "type.order"]),
    TypeCase(text: "\"\"", kind: .email, codes: ["record.noType"]),
    TypeCase(text: "NIL", kind: .email, codes: ["record.noType"]),
    TypeCase(text: "(e)", kind: .unknown, codes: ["field.notString"]),
    TypeCase(text: "\"\\c\\d\"", kind: .calendar, flags: .deleted),
    TypeCase(text: "\"c d\"", kind: .calendar, flags: .deleted, codes: ["type.unknownLetter"]),
  ]

  @Test(arguments: letters)
  func `letters of releases since 3.6 begin with the kind`(_ test: TypeCase) {
    let entry = entry("%(T \(test.text))", .prefixed)
    #expect(entry.kind == test.kind)
    #expect(entry.flags == test.flags)
    #expect(entry.issues.map(\.code) == test.codes)
  }

  @Test(arguments: letters)
  func `letters of releases before 3.6 come in any order`(_ test: TypeCase) {
    let entry = entry("%(T \(test.text))", .plain)
    #expect(entry.kind == test.kind)
    #expect(entry.flags == test.flags)
    #expect(entry.issues.map(\.code) == test.codes.filter { $0 != "type.order" })
  }

  @Test func `no letters mean mail, and are only odd since 3.6`() {
    #expect(entry("%(P x)", .plain).issues == [])
    #expect(entry("%(P x)", .plain).kind == .email)
    #expect(entry("%(P x)", .prefixed).issues.map(\.code) == ["record.noType"])
  }

  @Test func `the last letters count`() {
    let twice = entry("%(T cd T a)", .prefixed)
    #expect(twice.kind == .addressBook)
    #expect(twice.flags == [])
    #expect(twice.issues.map(\.code) == ["record.duplicateField"])
    let gone = entry("%(T cd T NIL)", .prefixed)
    #expect(gone.kind == .email)
    #expect(gone.flags == [])
    let list = entry("%(T cd T (a))", .prefixed)
    #expect(list.kind == .unknown)
    #expect(list.flags == [])
    #expect(list.storedText(of: .type) == .unreadable)
  }

  @Test(arguments: [
    TypeCase(text: "0", kind: .email),
    TypeCase(text: "1", kind: .email, flags: .remote),
    TypeCase(text: "2", kind: .email, flags: .reserved),
    TypeCase(text: "4", kind: .netnews),
    TypeCase(text: "8", kind: .email, flags: .moving),
    TypeCase(text: "16", kind: .email, flags: .deleted),
    TypeCase(text: "31", kind: .netnews, flags: [.remote, .reserved, .moving, .deleted]),
    TypeCase(text: "33", kind: .email, flags: .remote, codes: ["type.unknownBits"]),
    TypeCase(text: "2147483648", kind: .email, codes: ["type.unknownBits"]),
    TypeCase(text: "4294967296", kind: .unknown, codes: ["type.unknownBits"]),
    TypeCase(text: "18446744073709551617", kind: .unknown, codes: ["type.unknownBits"]),
  ])
  func `a number has the bits that it had when it was written, in every file`(_ test: TypeCase) {
    for form in [MailboxKey.Form.plain, .prefixed] {
      let entry = entry("\(test.text) server!default ", form)
      #expect(entry.kind == test.kind)
      #expect(entry.flags == test.flags)
      #expect(entry.issues.map(\.code) == test.codes)
      #expect(entry.storedText(of: .type) == .value(Array(test.text.utf8)))
    }
  }

  private func entry(_ value: String, _ form: MailboxKey.Form) -> MailboxEntry {
    MailboxEntry(key: Array("Nuser\u{1F}joe".utf8), value: Array(value.utf8), form: form)
  }
}
