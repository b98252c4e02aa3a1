// Names of mailboxes: taken apart, put together, converted and sorted.

import CyrusDatabase
import TestSupport
import Testing

@testable import CyrusMailboxes

/// A name in both forms, and its parts.
struct NameSample: Sendable, CustomTestStringConvertible {
  let database: String
  let `internal`: String
  var domain: String?
  var deletedAt: UInt64?
  var localpart: String?
  var components: [String] = []

  var testDescription: String { `internal` }

  /// The names of the tables in sections 2 and 3 of the format description.
  static let documented = [
    NameSample(database: "user\u{1F}joe", internal: "user.joe", localpart: "joe"),
    NameSample(database: "user\u{1F}joe.smith", internal: "user.joe^smith", localpart: "joe.smith"),
    NameSample(
      database: "user\u{1F}joe\u{1F}dots.in.name", internal: "user.joe.dots^in^name", localpart: "joe",
      components: ["dots.in.name"]),
    NameSample(
      database: "shared\u{1F}news\u{1F}2024.q1", internal: "shared.news.2024^q1",
      components: ["shared", "news", "2024.q1"]),
    NameSample(
      database: "example.com\u{1D}user\u{1F}ann\u{1F}Inbox2", internal: "example.com!user.ann.Inbox2",
      domain: "example.com", localpart: "ann", components: ["Inbox2"]),
    NameSample(
      database: "example.com\u{1D}announce", internal: "example.com!announce", domain: "example.com",
      components: ["announce"]),
    NameSample(
      database: "DELETED\u{1F}user\u{1F}joe\u{1F}gone.dots\u{1F}6B029A94",
      internal: "DELETED.user.joe.gone^dots.6B029A94", deletedAt: 0x6B02_9A94, localpart: "joe",
      components: ["gone.dots"]),
    NameSample(
      database: "example.com\u{1D}DELETED\u{1F}user\u{1F}ann\u{1F}x\u{1F}5F0E1D2D",
      internal: "example.com!DELETED.user.ann.x.5F0E1D2D", domain: "example.com", deletedAt: 0x5F0E_1D2D,
      localpart: "ann", components: ["x"]),
    NameSample(
      database: "mail.example.org\u{1D}user\u{1F}bob.b\u{1F}x.y.z", internal: "mail.example.org!user.bob^b.x^y^z",
      domain: "mail.example.org", localpart: "bob.b", components: ["x.y.z"]),
    NameSample(
      database: "user\u{1F}jim\u{1F}work", internal: "user.jim.work", localpart: "jim", components: ["work"]),
    // `user` alone is a shared name.
    NameSample(database: "user", internal: "user", components: ["user"]),
    // Not deleted: the time is missing, or there is nothing before it.
    NameSample(
      database: "DELETED\u{1F}user\u{1F}x\u{1F}nothex", internal: "DELETED.user.x.nothex",
      components: ["DELETED", "user", "x", "nothex"]),
    NameSample(database: "DELETED\u{1F}5F0E1D2C", internal: "DELETED.5F0E1D2C", components: ["DELETED", "5F0E1D2C"]),
  ]
}

@Suite struct MailboxNameTests {
  @Test(arguments: NameSample.documented, NameForm.allCases)
  func `takes a documented name apart`(_ sample: NameSample, _ form: NameForm) throws {
    let bytes = utf8(form == .database ? sample.database : sample.internal)
    let view = MailboxNameView(bytes.rawSpan, form: form)
    let name = MailboxName(view)
    #expect(name.databaseName == utf8(sample.database))
    #expect(name.internalName == utf8(sample.internal))
    #expect(name.domain == sample.domain.map(utf8))
    #expect(name.localpart == sample.localpart.map(utf8))
    #expect(name.components == sample.components.map(utf8))
    #expect(name.deletedAt == sample.deletedAt && name.isDeleted == (sample.deletedAt != nil))
    #expect(name.owner == sample.localpart.map { utf8($0 + (sample.domain.map { "@\($0)" } ?? "")) })
    #expect(name.depth == sample.components.count && view.depth == name.depth)
    let isINBOX = sample.localpart != nil && sample.components.isEmpty && sample.deletedAt == nil
    #expect(name.isINBOX == isINBOX && view.isINBOX == isINBOX)
    #expect(view.isOwned == (sample.localpart != nil))
  }

  @Test(arguments: NameSample.documented)
  func `puts a documented name together`(_ sample: NameSample) throws {
    let name = MailboxName(
      domain: sample.domain.map(utf8), localpart: sample.localpart.map(utf8), components: sample.components.map(utf8),
      deletedAt: sample.deletedAt)
    #expect(name?.databaseName == utf8(sample.database))
  }

  @Test func `makes no name of parts that would read as others`() {
    let shared = { (pieces: [String]) in MailboxName(components: pieces.map(utf8)) }
    #expect(shared(["user", "joe"]) == nil)
    #expect(shared(["DELETED", "x", "5F0E1D2C"]) == nil)
    #expect(shared(["a\u{1F}b"]) == nil)
    #expect(shared(["a\u{1D}b"]) == nil)
    #expect(shared([""]) == nil)
    #expect(shared(["", ""]) != nil)
    #expect(MailboxName(domain: utf8("x\u{1D}"), components: [utf8("a")]) == nil)
    #expect(MailboxName(domain: utf8("x"), components: [utf8("a\u{1D}b")]) != nil)
  }

  @Test func `the default domain is no domain`() {
    let plain = MailboxName(internalName: "user.joe")
    let given = MailboxName(internalName: "internal!user.joe", defaultDomain: "internal")
    #expect(given == plain && given.domain == nil && given.owner == utf8("joe"))
    #expect(MailboxName(internalName: "internal!user.joe").domain == utf8("internal"))
    #expect(MailboxName(domain: utf8("internal"), localpart: utf8("joe"), defaultDomain: "internal") == plain)
    let stored = utf8("internal\u{1D}user\u{1F}joe")
    let view = MailboxNameView(stored.rawSpan, form: .database, defaultDomain: "internal")
    #expect(view.compare(with: plain.view) == 0 && view.hasSameOwner(as: plain.view))
  }

  @Test func `the prefix of deleted names is the one that is configured`() {
    let name = MailboxName(internalName: "GONE.user.joe.x.5F", deletedPrefix: "GONE")
    #expect(name.deletedAt == 0x5F && name.owner == utf8("joe"))
    #expect(MailboxName(internalName: "DELETED.user.joe.x.5F", deletedPrefix: "GONE").deletedAt == nil)
    #expect(MailboxName(internalName: "..5F", deletedPrefix: "").deletedAt == nil)
  }

  @Test(arguments: ["5F0E1D2", "0", "5f0e1d2c", "FFFFFFFFFFFFFFFF", "0000000000000001"])
  func `up to 16 hexadecimal digits are a time`(_ digits: String) {
    let name = MailboxName(internalName: "DELETED.user.joe.\(digits)")
    #expect(name.deletedAt == UInt64(digits, radix: 16))
    #expect(name.owner == utf8("joe") && name.components.isEmpty && !name.isINBOX)
    #expect(name.internalName == utf8("DELETED.user.joe.\(digits)"), "the digits stay as they are")
  }

  @Test(arguments: ["", "00000000000000001", "5F0E1D2G", "0x5F", " 5F", "5F "])
  func `anything else at the end of a deleted name is a folder`(_ piece: String) {
    let name = MailboxName(internalName: "DELETED.user.joe.\(piece)")
    #expect(name.deletedAt == nil && name.owner == nil && name.depth == 4)
  }

  @Test func `the INBOX of a user has the domain of the user`() {
    #expect(MailboxName(inboxOf: utf8("joe.smith")) == MailboxName(internalName: "user.joe^smith"))
    #expect(MailboxName(inboxOf: utf8("a@b@example.com")) == MailboxName(internalName: "example.com!user.a@b"))
    #expect(MailboxName(inboxOf: utf8("joe@x"), defaultDomain: "x") == MailboxName(internalName: "user.joe"))
    #expect(MailboxName(inboxOf: []) == nil && MailboxName(inboxOf: utf8("@x")) == nil)
    #expect(MailboxName(inboxOf: utf8("a\u{1F}b")) == nil)
  }

  @Test func `a caret in a stored name comes back as a dot`() {
    let stored = utf8("user\u{1F}x\u{1F}a^b")
    let name = MailboxName(databaseName: stored.rawSpan)
    #expect(name.internalName == utf8("user.x.a^b"))
    #expect(MailboxName(internalName: name.internalName.rawSpan).components == [utf8("a.b")])
  }

  @Test func `is described by its internal name, in printable characters`() {
    let name = MailboxName(internalName: "user.uml\u{E4}ut.a\u{1}b\\")
    #expect(name.description == "user.uml\\xc3\\xa4ut.a\\x01b\\x5c")
  }

  @Test(arguments: NameForm.allCases)
  func `belongs to its owner and to nobody else`(_ form: NameForm) {
    #expect(belongs("example.com!user.joe^smith.x", to: "joe.smith@example.com", form))
    let others = [
      "", "joe.smith", "joe.smith@", "joe.smith@example.co", "joe.smith@example.comx", "joe^smith@example.com",
    ]
    for user in others { #expect(!belongs("example.com!user.joe^smith.x", to: user, form)) }
    #expect(belongs("DELETED.user.joe.5F", to: "joe", form))
    #expect(!belongs("user.joe", to: "joe@x", form))
    #expect(!belongs("shared", to: "shared", form))
  }

  private func belongs(_ name: String, to user: String, _ form: NameForm) -> Bool {
    let name = MailboxName(internalName: name)
    let bytes = form == .database ? name.databaseName : name.internalName
    return MailboxNameView(bytes.rawSpan, form: form).belongs(to: utf8(user).rawSpan)
  }

  // MARK: - Order

  @Test func `a mailbox is followed by all below it, and then by its siblings`() {
    let sorted = ["user.joe", "user.joe.a-b", "user.joe-x", "user.joe^smith"]
    #expect(sorted.reversed().map { MailboxName(internalName: $0) }.sorted().map(\.description) == sorted)
    let shared = ["example.com", "example.com!user.ann", "example.com.child"].map { name in
      MailboxName(databaseName: utf8(name.replacing("!", with: "\u{1D}").replacing(".child", with: "\u{1F}c")).rawSpan)
    }
    #expect(shared.shuffled().sorted() == shared)
  }

  @Test(arguments: Seed.some(4))
  func `any two names compare as their database names do, in any forms`(_ seed: Seed) {
    var names = HostileNames(random: seed.generator(1))
    let all = (0..<60).map { _ in names.name() }
    for left in all {
      for right in all {
        let (first, second) = (NaiveName(internalName: left).databaseName, NaiveName(databaseName: right).databaseName)
        let expected = first == second ? 0 : first.lexicographicallyPrecedes(second) ? -1 : 1
        let view = MailboxNameView(left.rawSpan, form: .internal)
        let other = MailboxNameView(right.rawSpan, form: .database)
        #expect(view.compare(with: other).signum() == expected && other.compare(with: view).signum() == -expected)
      }
    }
    let sorted = all.map { MailboxName(databaseName: $0.rawSpan) }.sorted().map(\.databaseName)
    #expect(sorted == all.sorted { $0.lexicographicallyPrecedes($1) })
  }
}
