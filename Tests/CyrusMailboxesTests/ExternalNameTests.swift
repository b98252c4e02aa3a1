// What mailboxes are called in front of people, and what people mean.

import Testing

@testable import CyrusMailboxes

/// How one mailbox is called under the settings that the description has columns for, by joe but for the last.
private struct Row: Sendable, CustomTestStringConvertible {
  let name: String
  /// Separator `/` with and without altnamespace, separator `.` with and without it, and the admin with `/`.
  let shown: [String?]

  var testDescription: String { name }

  init(_ name: String, _ shown: String?...) {
    self.name = name
    self.shown = shown
  }

  /// The table of section 4.
  static let all = [
    Row("user.joe", "INBOX", "INBOX", "INBOX", "INBOX", "user/joe"),
    Row(
      "user.joe.Sent Items", "Sent Items", "INBOX/Sent Items", "Sent Items", "INBOX.Sent Items", "user/joe/Sent Items"),
    Row(
      "user.joe.dots^in^name", "dots.in.name", "INBOX/dots.in.name", "dots^in^name", "INBOX.dots^in^name",
      "user/joe/dots.in.name"),
    Row("user.jim", "Other Users/jim", "user/jim", "Other Users.jim", "user.jim", "user/jim"),
    Row(
      "shared.news.2024^q1", "Shared Folders/shared/news/2024.q1", "shared/news/2024.q1",
      "Shared Folders.shared.news.2024^q1", "shared.news.2024^q1", "shared/news/2024.q1"),
    Row("example.com!user.ann", nil, nil, nil, nil, "user/ann@example.com"),
    Row("example.com!user.ann.Inbox2", nil, nil, nil, nil, "user/ann/Inbox2@example.com"),
    Row("example.com!announce", nil, nil, nil, nil, "announce@example.com"),
    Row("DELETED.user.joe.gone^dots.6B029A94", nil, nil, nil, nil, "DELETED/user/joe/gone.dots/6B029A94"),
    Row("example.com!DELETED.user.dd.y.6B029AE1", nil, nil, nil, nil, "DELETED/user/dd/y/6B029AE1@example.com"),
  ]
}

@Suite struct ExternalNameTests {
  private let joe = NameAsker.user(utf8("joe"))

  private static func settings(separator: Character = "/", alt: Bool = true, cross: Bool = false) -> NameSettings {
    var settings = NameSettings()
    settings.unixHierarchySeparator = separator == "/"
    settings.altNamespace = alt
    settings.virtualDomains = true
    settings.crossDomains = cross
    settings.defaultDomain = "internal"
    return settings
  }

  private func shown(_ name: String, to asker: NameAsker, _ settings: NameSettings) -> String? {
    MailboxName(internalName: name, defaultDomain: settings.defaultDomain)
      .externalName(for: asker, settings: settings)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private func meant(_ name: String, by asker: NameAsker, _ settings: NameSettings) -> String? {
    MailboxName(externalName: utf8(name), for: asker, settings: settings)?.description
  }

  @Test(arguments: Row.all)
  private func `shows the names of the description, and takes them back`(_ row: Row) {
    let columns: [(NameAsker, NameSettings)] = [
      (joe, Self.settings()), (joe, Self.settings(alt: false)),
      (joe, Self.settings(separator: ".")), (joe, Self.settings(separator: ".", alt: false)),
      (.admin, Self.settings()),
    ]
    for (column, expected) in zip(columns, row.shown) {
      #expect(shown(row.name, to: column.0, column.1) == expected)
      if let expected { #expect(meant(expected, by: column.0, column.1) == row.name) }
    }
    // The admin never has the alternative namespace.
    #expect(shown(row.name, to: .admin, Self.settings(alt: false)) == row.shown[4])
  }

  @Test(arguments: [
    ("example.com!announce", "Shared Folders/announce@example.com"), ("user.jim", "Other Users/jim@internal"),
    ("shared.news", "Shared Folders/shared@internal/news"), ("user.joe.x", "x"),
    ("example.com!user.ann.x", "Other Users/ann@example.com/x"),
  ])
  func `across domains, users see the domain behind the user or the topmost shared folder`(
    _ name: String, _ expected: String
  ) {
    let settings = Self.settings(cross: true)
    #expect(shown(name, to: joe, settings) == expected)
    #expect(meant(expected, by: joe, settings) == name)
  }

  @Test func `across domains and with a dot between folders, the dots of domains are shown as carets`() {
    let settings = Self.settings(separator: ".", cross: true)
    #expect(shown("example.com!user.ann", to: joe, settings) == "Other Users.ann@example^com")
    #expect(meant("Other Users.ann@example^com", by: joe, settings) == "example.com!user.ann")
  }

  @Test func `without the alternative namespace, shared folders of other domains have no name`() {
    let settings = Self.settings(alt: false, cross: true)
    #expect(shown("example.com!announce", to: joe, settings) == nil)
    #expect(shown("example.com!user.ann", to: joe, settings) == "user/ann@example.com")
  }

  @Test(arguments: [
    ("user.joe.INBOX", "Alt Folders/INBOX"), ("user.joe.INBOX.x", "INBOX/x"), ("user.joe.Inbox", "Alt Folders/Inbox"),
    ("user.joe.Inbox.x", "Alt Folders/Inbox/x"), ("user.joe.Other Users", "Alt Folders/Other Users"),
    ("user.joe.Shared Folders.x", "Alt Folders/Shared Folders/x"), ("user.joe.Alt Folders", "Alt Folders/Alt Folders"),
    ("user.joe.other users", "other users"),
  ])
  func `own folders that would be taken for something else are below a prefix of their own`(
    _ name: String, _ expected: String
  ) {
    #expect(shown(name, to: joe, Self.settings()) == expected)
    #expect(meant(expected, by: joe, Self.settings()) == name)
  }

  @Test func `a user of a domain sees only that, without its name`() {
    let ann = NameAsker.user(utf8("ann@example.com"))
    #expect(shown("example.com!user.ann.x", to: ann, Self.settings()) == "x")
    #expect(shown("example.com!user.bob", to: ann, Self.settings()) == "Other Users/bob")
    #expect(shown("example.com!announce", to: ann, Self.settings(alt: false)) == "announce")
    #expect(shown("user.joe", to: ann, Self.settings()) == nil)
    #expect(meant("announce", by: ann, Self.settings(alt: false)) == "example.com!announce")
    #expect(meant("Other Users/bob", by: ann, Self.settings()) == "example.com!user.bob")
    #expect(shown("user.joe.x", to: .user(utf8("joe@internal")), Self.settings()) == "x")
  }

  @Test func `without virtual domains an at sign is a character`() {
    var settings = Self.settings()
    settings.virtualDomains = false
    #expect(shown("example.com!user.ann", to: .admin, settings) == nil)
    #expect(meant("user/ann@example.com", by: .admin, settings) == "user.ann@example^com")
    #expect(meant("user/ann@internal", by: .admin, Self.settings()) == "user.ann")
  }

  @Test func `the word INBOX may be in any case`() {
    #expect(meant("inBox", by: joe, Self.settings()) == "user.joe")
    #expect(meant("inbox/x", by: joe, Self.settings()) == "user.joe.INBOX.x")
    #expect(meant("inbox/x", by: joe, Self.settings(alt: false)) == "user.joe.x")
    #expect(meant("INBOX", by: .admin, Self.settings()) == nil)
  }

  @Test(arguments: ["", "/", "a//b", "a/", "/a", "a^b", "Other Users", "Shared Folders", "Alt Folders"])
  func `refuses what is no name`(_ name: String) {
    #expect(meant(name, by: joe, Self.settings()) == nil)
  }

  @Test func `refuses a slash where a dot is between folders`() {
    #expect(meant("a/b", by: joe, Self.settings(separator: ".")) == nil)
    #expect(meant("a^b", by: joe, Self.settings(separator: ".")) == "user.joe.a^b")
  }

  @Test func `users cannot call a deleted mailbox, or that of another as a shared one`() {
    #expect(meant("DELETED/user/joe/x/5F0E1D2C", by: joe, Self.settings(alt: false)) == nil)
    #expect(meant("Shared Folders/user/jim", by: joe, Self.settings()) == nil)
  }

  @Test func `prefixes are those that are configured`() {
    var settings = Self.settings()
    settings.userPrefix = "user"
    settings.sharedPrefix = "shared"
    settings.altPrefix = "more"
    #expect(shown("user.jim.x", to: joe, settings) == "user/jim/x")
    #expect(shown("news", to: joe, settings) == "shared/news")
    #expect(shown("user.joe.shared", to: joe, settings) == "more/shared")
  }
}
