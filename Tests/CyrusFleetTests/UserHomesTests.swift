// Where users live.

import CyrusFleet
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@Suite struct UserHomesTests {
  private let folder: StoresFolder

  init() throws { folder = try StoresFolder() }

  private func homes(_ user: String, _ settings: NameSettings = NameSettings()) -> UserHomes {
    UserHomes(of: Array(user.utf8), in: folder.files, settings: settings)
  }

  @Test(arguments: [true, false])
  func `a user lives where his mailboxes are live, in files of either form`(_ isPrefixed: Bool) throws {
    try folder.made.put(
      joe + [MadeMailbox("user.joseph", "other"), MadeMailbox("user.ann", "ann")], on: "sloti30t01", of: "store23",
      isPrefixed: isPrefixed)
    let found = homes("joe")
    #expect(found.unread.isEmpty && found.conflict == nil)
    let home = try #require(found.homes.first)
    #expect(found.homes.count == 1 && home.store.name == "store23" && home.slot.text == "sloti30t01")
    #expect(home.path == folder.made.mailboxesPath("sloti30t01", "store23"))
    #expect(home.mailboxes.live.map(\.name.description) == joe.map(\.name))
    #expect(home.mailboxes.hasINBOX)
    #expect(homes("jo").homes.isEmpty && homes("joe.Sent").homes.isEmpty && homes("nobody").homes.isEmpty)
  }

  @Test(
    arguments: [
      ("first.last", "user.first^last"), ("bob@example.com", "example.com!user.bob"),
      ("carol@example.com", "user.carol@example^com"), ("a.b@c.d", "c.d!user.a^b"),
    ])
  func `names of users are found however Cyrus stores them`(_ user: String, _ mailbox: String) throws {
    try folder.made.put([MadeMailbox(mailbox, "id")], on: "sloti29t02", of: "store256")
    #expect(homes(user).homes.map(\.store.name) == ["store256"])
    try folder.made.put([MadeMailbox(mailbox, "id")], on: "sloti29t02", of: "store256", isPrefixed: false)
    #expect(homes(user).homes.map(\.store.name) == ["store256"])
  }

  @Test func `of a line that cannot be read, and of a master that no line gives, nothing is known`() throws {
    func unread(_ change: (String) -> String) -> [String] {
      let layout = FleetLayout(parsing: Array(change(MadeStores.layout).utf8))
      return UserHomes(of: Array("joe".utf8), in: FleetFiles(of: layout, below: folder.made.root)).unread.map(\.store)
    }
    #expect(unread { $0 } == [])
    #expect(unread { $0 + "store99 n 0 9O sloti30t05\n" } == ["line 9"])
    #expect(unread { $0.replacing("i30 ", with: "#") } == ["store23", "store254"])
  }

  @Test func `the default domain means none`() throws {
    try folder.made.put([MadeMailbox("user.joe", "id")], on: "sloti29t02", of: "store256")
    var settings = NameSettings()
    settings.defaultDomain = "example.com"
    #expect(homes("joe@example.com").homes.isEmpty)
    #expect(homes("joe@example.com", settings).homes.count == 1)
  }

  @Test(
    arguments: [
      MadeMailbox("user.joe", "id", type: "ed"), MadeMailbox("DELETED.user.joe.5F5E1000", "id"),
      MadeMailbox("user.joe", "id", type: "ez"), MadeMailbox("user.joe", "id", type: "ei"),
    ])
  func `what is deleted, reserved or intermediate is no home`(_ mailbox: MadeMailbox) throws {
    try folder.made.put([mailbox], on: "sloti30t01", of: "store23")
    #expect(homes("joe").homes.isEmpty && homes("joe").unread.isEmpty)
    // Any other mailbox makes one, INBOX or not.
    try folder.made.put([mailbox, MadeMailbox("user.joe.x", "x")], on: "sloti30t01", of: "store23")
    #expect(homes("joe").homes.map(\.mailboxes.live.count) == [1])
    #expect(homes("joe").homes.first?.mailboxes.hasINBOX == false)
  }

  @Test func `two homes are F01, with both stores and files`() throws {
    try folder.made.put(joe, on: "sloti30t01", of: "store23")
    try folder.made.put([joe[1]], on: "sloti30t15", of: "store254")
    let found = homes("joe")
    #expect(
      found.conflict
        == "F01: on two stores: store23 (\(folder.made.mailboxesPath("sloti30t01", "store23"))), "
        + "store254 (\(folder.made.mailboxesPath("sloti30t15", "store254")))")
  }

  @Test func `replicas are not asked, and whoever is said to be master is`() throws {
    try folder.made.put(joe, on: "sloti15t03", of: "store23")
    #expect(homes("joe").homes.isEmpty)
    var files = folder.files
    files.masters = try [#require(SlotName("sloti15t03"))]
    #expect(UserHomes(of: Array("joe".utf8), in: files).homes.map(\.slot.text) == ["sloti15t03"])
  }

  @Test func `what cannot be read is told, and hides nothing else`() throws {
    try folder.made.put(joe, on: "sloti29t02", of: "store256")
    try folder.remove("sloti30t01", "store23")
    try folder.made.write(
      MadeStores.database([(Array("user.joe".utf8), Array("%(S (1 2))".utf8))]),
      to: folder.made.mailboxesPath("sloti30t15", "store254"))
    let found = homes("joe")
    #expect(found.homes.map(\.store.name) == ["store256"])
    #expect(found.unread.map(\.store) == ["store23", "store254"])
    #expect(found.unread.first?.reason.contains("No such file") == true)
    #expect(found.unread.last?.reason == "not a list of mailboxes")
  }

  @Test func `damage where a user could be leaves it open, and elsewhere does not matter`() throws {
    let path = folder.made.mailboxesPath("sloti30t01", "store23")
    let mailboxes = joe + ["ann", "zoe"].map { MadeMailbox("user.\($0)", $0) }
    try folder.made.put(mailboxes, on: "sloti30t01", of: "store23")
    var bytes = try Array(Data(contentsOf: URL(filePath: path)))
    let place = try #require(Data(bytes).range(of: Data("joe-inbox".utf8)))
    bytes[place.lowerBound] ^= 1
    try folder.made.write(bytes, to: path)
    // The others are found, and so is the user by them; what the damaged one holds is not known.
    let home = try #require(homes("joe").homes.first)
    #expect(home.mailboxes.live.count == 2 && !home.mailboxes.isComplete)
    #expect(homes("ann").homes.count == 1)
    try folder.made.put([joe[0]], on: "sloti30t01", of: "store23")
    bytes = try Array(Data(contentsOf: URL(filePath: path)))
    let only = try #require(Data(bytes).range(of: Data("joe-inbox".utf8)))
    bytes[only.lowerBound] ^= 1
    try folder.made.write(bytes, to: path)
    #expect(homes("joe").homes.isEmpty)
    #expect(homes("joe").unread.map(\.store) == ["store23"])
  }
}
