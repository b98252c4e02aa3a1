// Where files lie, and what lies at a path.

import Testing

@testable import CyrusMailboxes

@Suite struct MailboxPathTests {
  private static func settings(
    hashed: Bool = false, full: Bool = false, release: PathSettings.Release = .from3_6
  ) -> PathSettings {
    var settings = PathSettings(
      configDirectory: "C",
      partitions: [
        PathSettings.Partition(name: "default", directory: "P", metadataDirectory: "M", archiveDirectory: "A"),
        PathSettings.Partition(name: "second", directory: "P/second"),
      ])
    settings.sieveDirectory = "S"
    settings.searchTiers = [PathSettings.SearchTier(name: "t1", directory: "T")]
    settings.hashesSpool = hashed
    settings.usesFullHash = full
    settings.release = release
    settings.defaultDomain = "internal"
    return settings
  }

  private func text(_ path: [UInt8]?) -> String? { path.map { String(decoding: $0, as: UTF8.self) } }

  private func mailbox(_ name: String) -> MailboxReference {
    .name(MailboxName(internalName: name, defaultDomain: "internal"))
  }

  // MARK: - Tables of the description

  @Test(arguments: [
    ("joe", "j", "B"), ("joe.smith", "j", "B"), ("jim", "j", "J"), ("ann", "a", "N"), ("example.com", "e", "O"),
    ("news", "n", "E"), ("alt", "a", "H"), ("user", "u", "C"), ("shared", "s", "T"), ("announce", "a", "B"),
    // Of the internal spelling, which has no dot to stop at; of a letter above ASCII; of nothing.
    ("joe^smith", "j", "H"), ("^lead", "q", "I"), ("JOE", "j", "H"), ("7", "q", "J"), ("\u{E9}a", "q", "E"),
    ("", "q", "A"),
  ])
  func `hash letters are those of Cyrus`(_ name: String, _ letter: String, _ full: String) {
    #expect(text([PathSettings.hashLetter(of: utf8(name), isFull: false)]) == letter)
    #expect(text([PathSettings.hashLetter(of: utf8(name), isFull: true)]) == full)
  }

  @Test(arguments: [
    ("user.joe.Sent Items", "P/user/joe/Sent Items", "P/j/user/joe/Sent Items", "P/B/user/joe/Sent Items"),
    ("user.joe^smith", "P/user/joe^smith", "P/j/user/joe^smith", "P/B/user/joe^smith"),
    ("shared", "P/shared", "P/s/shared", "P/T/shared"),
    ("shared.news.2024^q1", "P/shared/news/2024^q1", "P/n/shared/news/2024^q1", "P/E/shared/news/2024^q1"),
    (
      "example.com!user.ann", "P/domain/example.com/user/ann", "P/domain/e/example.com/a/user/ann",
      "P/domain/O/example.com/N/user/ann"
    ),
    (
      "example.com!announce", "P/domain/example.com/announce", "P/domain/e/example.com/a/announce",
      "P/domain/O/example.com/B/announce"
    ),
    (
      "DELETED.user.joe.old.5F0E1D2C", "P/DELETED/user/joe/old/5F0E1D2C", "P/u/DELETED/user/joe/old/5F0E1D2C",
      "P/C/DELETED/user/joe/old/5F0E1D2C"
    ),
    (
      "example.com!DELETED.user.ann.x.5F0E1D2D", "P/domain/example.com/DELETED/user/ann/x/5F0E1D2D",
      "P/domain/e/example.com/u/DELETED/user/ann/x/5F0E1D2D", "P/domain/O/example.com/C/DELETED/user/ann/x/5F0E1D2D"
    ),
  ])
  func `finds the directory of a mailbox by name, and back`(
    _ name: String, _ plain: String, _ hashed: String, _ full: String
  ) {
    let columns = [
      (Self.settings(), plain), (Self.settings(full: true), plain), (Self.settings(hashed: true), hashed),
      (Self.settings(hashed: true, full: true), full),
    ]
    for (settings, path) in columns {
      for release in PathSettings.Release.allCases where release != .upTo2_5 || !name.contains("^") {
        var settings = settings
        settings.release = release
        #expect(text(settings.messageDirectory(of: mailbox(name), partition: "default")) == path)
        #expect(
          settings.locate(utf8(path))
            == .mailbox(mailbox(name), partition: "default", storage: .messages, file: nil))
        #expect(
          settings.locate(utf8("/\(path)//12./"))
            == .mailbox(mailbox(name), partition: "default", storage: .messages, file: .message(12)))
      }
    }
  }

  @Test func `up to 2_5 the full hash of a user is taken of the internal spelling`() {
    let old = Self.settings(hashed: true, full: true, release: .upTo2_5)
    #expect(text(old.messageDirectory(of: mailbox("user.joe^smith"), partition: "default")) == "P/H/user/joe^smith")
    #expect(text(old.userFile(.sub, of: .user(utf8("joe.smith")))) == "C/user/H/joe^smith.sub")
    #expect(text(old.sieveDirectory(of: .user(utf8("joe.smith")))) == "S/H/joe^smith")
    #expect(old.locate(utf8("C/user/H/joe^smith.sub")) == .user(.user(utf8("joe.smith")), file: .sub))
    #expect(old.locate(utf8("P/B/user/joe^smith")) == nil, "that is where 3.0 has it")
    let new = Self.settings(hashed: true, full: true, release: .from3_0)
    #expect(text(new.messageDirectory(of: mailbox("user.joe^smith"), partition: "default")) == "P/B/user/joe^smith")
    #expect(text(new.userFile(.sub, of: .user(utf8("joe.smith")))) == "C/user/B/joe.smith.sub")
    #expect(new.locate(utf8("P/H/user/joe^smith")) == nil)
  }

  @Test(arguments: [false, true])
  func `finds what is kept by unique id, and back`(_ hashed: Bool) {
    let settings = Self.settings(hashed: hashed, full: hashed)
    let id = utf8("w6ofbsaw1akd866hvs4ib589")
    let directory = "uuid/w/6/w6ofbsaw1akd866hvs4ib589"
    let found: [(PathMeaning, String)] = [
      (.mailbox(.id(id), partition: "default", storage: .messages, file: nil), "P/\(directory)"),
      (.mailbox(.id(id), partition: "second", storage: .messages, file: .index), "P/second/\(directory)/cyrus.index"),
      (.mailbox(.id(id), partition: "default", storage: .metadata, file: .cache), "M/\(directory)/cyrus.cache"),
      (.mailbox(.id(id), partition: "default", storage: .archive, file: .message(9)), "A/\(directory)/9."),
      (.user(.inboxID(id), file: nil), "C/user/\(directory)"),
      (.user(.inboxID(id), file: .conversations), "C/user/\(directory)/conversations.db"),
      (.sieve(.inboxID(id), file: nil), "S/\(directory)"),
      (.sieve(.inboxID(id), file: utf8("defaultbc")), "S/\(directory)/defaultbc"),
      (.search(.inboxID(id), tier: "t1", file: utf8("xapian.1/glass")), "T/user/\(directory)/xapian.1/glass"),
      (
        .mailboxLock(.id(id)),
        hashed ? "C/lock/D/w6ofbsaw1akd866hvs4ib589.lock" : "C/lock/w6ofbsaw1akd866hvs4ib589.lock"
      ),
    ]
    for (meaning, path) in found {
      #expect(text(settings.path(to: meaning)) == path)
      #expect(settings.locate(utf8(path)) == meaning)
    }
    var old = settings
    old.release = .from3_0
    #expect(old.locate(utf8("C/user/\(directory)/seen.db")) == nil)
    #expect(settings.locate(utf8("P/uuid/w/7/w6ofbsaw1akd866hvs4ib589")) == nil || !hashed)
  }

  @Test(arguments: [
    ("user.bob", "C/quota/b/user.bob", "C/quota/E/user.bob"),
    ("user.joe", "C/quota/j/user.joe", "C/quota/B/user.joe"),
    ("user.joe^smith", "C/quota/j/user.joe^smith", "C/quota/H/user.joe^smith"),
    ("shared", "C/quota/s/shared", "C/quota/T/shared"),
    ("shared.a^b.c", "C/quota/a/shared.a^b.c", "C/quota/K/shared.a^b.c"),
    ("DELETED.user.joe.5F", "C/quota/u/DELETED.user.joe.5F", "C/quota/C/DELETED.user.joe.5F"),
    ("example.com!user.ann", "C/domain/e/example.com/quota/a/user.ann", "C/domain/O/example.com/quota/N/user.ann"),
    (
      "example.com!user.ann^x", "C/domain/e/example.com/quota/a/user.ann^x", "C/domain/O/example.com/quota/W/user.ann^x"
    ),
    ("exa.mple.com!announce", "C/domain/e/exa.mple.com/quota/a/announce", "C/domain/G/exa.mple.com/quota/B/announce"),
    ("example.com!", "C/domain/e/example.com/quota/root", "C/domain/O/example.com/quota/root"),
  ])
  func `finds the file of a quota root, and back`(_ root: String, _ path: String, _ full: String) {
    let name = MailboxName(internalName: root)
    for (settings, path) in [(Self.settings(), path), (Self.settings(full: true), full)] {
      #expect(text(settings.quotaFile(of: name)) == path)
      #expect(settings.locate(utf8(path)) == .quota(name))
    }
  }

  @Test func `finds what is kept of a user by name, and back`() {
    let settings = Self.settings()
    let joe = UserReference.user(utf8("joe.smith"))
    let ann = UserReference.user(utf8("ann@example.com"))
    let found: [(PathMeaning, String)] = [
      (.user(joe, file: .seen), "C/user/j/joe.smith.seen"),
      (.user(ann, file: .sub), "C/domain/e/example.com/user/a/ann.sub"),
      (.user(.shared(domain: nil), file: .counters), "C/shared.counters"),
      (.user(.shared(domain: utf8("example.com")), file: .counters), "C/domain/e/example.com/shared.counters"),
      (.sieve(joe, file: utf8("default")), "S/j/joe.smith/default"),
      (.sieve(ann, file: nil), "S/domain/e/example.com/a/ann"),
      (.sieve(.shared(domain: nil), file: nil), "S/global"),
      (.search(joe, tier: "t1", file: utf8("xapian")), "T/j/user/joe.smith/xapian"),
      (.search(ann, tier: "t1", file: nil), "T/domain/e/example.com/a/user/ann"),
      (.userLock(utf8("joe.smith")), "C/lock/*U*joe^smith.lock"),
      (.userLock(utf8("ann.x@example.com")), "C/lock/*U*ann^x@example^com.lock"),
      (.mailboxLock(mailbox("user.joe^smith.a^b")), "C/lock/user/joe^smith/a^b.lock"),
      (.mailboxLock(mailbox("example.com!user.ann")), "C/lock/domain/example.com/user/ann.lock"),
    ]
    for (meaning, path) in found {
      #expect(text(settings.path(to: meaning)) == path)
      #expect(settings.locate(utf8(path)) == meaning)
    }
    for file in UserFile.allCases {
      #expect(settings.locate(utf8("C/user/j/joe.\(file.rawValue)")) == .user(.user(utf8("joe")), file: file))
    }
    #expect(text(settings.userFile(.seen, of: .user(utf8("joe@internal")))) == "C/user/j/joe.seen")
  }

  @Test func `with hash letters, locks have them as well`() {
    let settings = Self.settings(hashed: true, full: true)
    #expect(text(settings.lockFile(ofUser: utf8("ann.x@example.com"))) == "C/lock/J/*U*ann^x@example^com.lock")
    #expect(text(settings.lockFile(ofUser: utf8("joe.smith"))) == "C/lock/U/*U*joe^smith.lock")
    #expect(text(Self.settings(hashed: true).lockFile(ofUser: utf8("joe"))) == "C/lock/q/*U*joe.lock")
    #expect(
      text(settings.lockFile(of: mailbox("example.com!user.ann^x.q")))
        == "C/lock/domain/O/example.com/N/user/ann^x/q.lock")
  }

  /// The whole example in section 9.
  @Test func `finds all of jim's mailbox`() {
    let name = MailboxName(internalName: "user.jim.work")
    let settings = Self.settings()
    #expect(name.owner == utf8("jim") && name.components == [utf8("work")])
    #expect(name.externalName(for: .admin) == utf8("user/jim/work"))
    #expect(name.externalName(for: .user(utf8("jim"))) == utf8("work"))
    #expect(
      text(settings.messageDirectory(of: .id(utf8("niudncro7fj98tcgmytr6mji")), partition: "second"))
        == "P/second/uuid/n/i/niudncro7fj98tcgmytr6mji")
    let inbox = utf8("ixqobnqy63jciig3rz4t9wdt")
    #expect(text(settings.userDirectory(inboxID: inbox)) == "C/user/uuid/i/x/ixqobnqy63jciig3rz4t9wdt")
  }

  // MARK: - What is nothing

  @Test(arguments: [
    "", "/", "C", "P", "X/user/joe", "C/user/k/joe.sub", "C/user/j/joe.nothing", "C/user/j/joe", "C/mailboxes.db",
    "P/../P/user/joe", "C/quota/k/user.joe", "C/quota", "C/domain/e/example.com/quota/x", "S/k/joe", "T/j/joe",
    "C/lock/x", "C/lock/.lock", "P/user/joe/cyrus.index/x", "C/domain/f/example.com/user/a/ann.sub",
    "P/domain/example.com", "C/user/uuid/u/e/uewsf0eitrpvxmvuy6eppr0g/what.db",
  ])
  func `is silent about what Cyrus does not keep`(_ path: String) {
    #expect(Self.settings().locate(utf8(path)) == nil)
  }

  @Test func `a name that cannot stand in a path has none`() {
    let settings = Self.settings(hashed: true)
    for name in ["", "user.joe.a/b", "user.joe.a\u{0}b", "user..x", "..!user.joe", "!user.joe", "a/b!user.joe"] {
      #expect(settings.messageDirectory(of: mailbox(name), partition: "default") == nil, "\(name)")
    }
    for user in ["", "..", ".", "a/b", "x@..", "x@"] {
      #expect(settings.userFile(.sub, of: .user(utf8(user))) == nil, "\(user)")
      #expect(settings.sieveDirectory(of: .user(utf8(user))) == nil, "\(user)")
    }
    for id in ["", "a", "..", "../..", "./x", "a/b", ".abcdefghijklmno", "a.bc"] {
      #expect(settings.userDirectory(inboxID: utf8(id)) == nil, "\(id)")
    }
    #expect(settings.messageDirectory(of: mailbox("user.joe"), partition: "third") == nil)
    #expect(settings.messageDirectory(of: mailbox("user.joe"), partition: "second", storage: .archive) == nil)
    let file = PathMeaning.mailbox(
      mailbox("user.joe"), partition: "default", storage: .messages, file: .other(utf8("..")))
    #expect(settings.path(to: file) == nil)
  }

  @Test(arguments: [
    ("cyrus.header", MailboxFile.header), ("cyrus.expunge", .expunge), ("1.", .message(1)),
    ("4294967295.", .message(.max)), ("4294967296.", .other(utf8("4294967296."))), ("0.", .other(utf8("0."))),
    ("01.", .other(utf8("01."))), ("+1.", .other(utf8("+1."))), ("cyrus.index.NEW", .other(utf8("cyrus.index.NEW"))),
  ])
  func `knows the files of a mailbox by name`(_ name: String, _ file: MailboxFile) {
    #expect(MailboxFile(name: utf8(name)) == file)
    #expect(file.name == utf8(name))
  }

  @Test func `directories of their own take precedence`() {
    var settings = Self.settings()
    settings.quotaDirectory = "Q"
    settings.lockDirectory = "L"
    settings.userDirectory = "U"
    #expect(settings.locate(utf8("Q/quota/j/user.joe")) == .quota(MailboxName(internalName: "user.joe")))
    #expect(settings.locate(utf8("L/*U*joe.lock")) == .userLock(utf8("joe")))
    #expect(settings.locate(utf8("U/user/j/joe.sub")) == .user(.user(utf8("joe")), file: .sub))
    #expect(settings.locate(utf8("C/user/j/joe.sub")) == nil)
  }
}
