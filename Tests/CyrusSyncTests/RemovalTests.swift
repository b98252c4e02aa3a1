// A repair must not remove from a replica what the master may still have: odd and damaged lists, and what comes of them.

import CyrusMailboxes
import CyrusSync
import Testing

@Suite struct RemovalTests {
  private typealias Pair = MadePair

  /// The replica has a user with a folder, of whom the master has nothing; and both have somebody else.
  private static func stray(_ client: SyncClientVersion = SyncClientVersion(3, 6, 1)) -> MadePair {
    var pair = MadePair(client)
    pair.master["Nuser/ann"] = Pair.mailbox("ann1")
    pair.replica["Nuser/ann"] = Pair.mailbox("ann1")
    pair.replica["Nuser/joe"] = Pair.mailbox("joe1")
    pair.replica["Nuser/joe/a"] = Pair.mailbox("joe2")
    return pair
  }

  @Test func `a user of whom the master has nothing is removed`() throws {
    #expect(try Self.stray().repair() == ["UNUSER joe"])
    var pair = Self.stray()
    pair.master["Nuser/joe/b"] = "%(T ed I joe3)"
    pair.master["NDELETED/user/joe/c/6B02A05A"] = Pair.mailbox("joe4")
    pair.replica["NDELETED/user/joe/c/6B02A05A"] = Pair.mailbox("joe4")
    #expect(try pair.repair() == ["UNUSER joe"])
  }

  @Test(arguments: [
    // Decodes not at all, to a user who moved to another server, to one who is being created, to no mailbox.
    ("Nuser/joe", "%(T e I joe1"), ("Nuser/joe", "%(T er I joe1 S other)"), ("Nuser/joe", "%(T ez I joe9)"),
    ("Nuser/joe", "%(T ei I joe9)"),
    // Another folder that is there, or may be.
    ("Nuser/joe/b", Pair.mailbox("joe3")), ("Nuser/joe/b", "%(T em I joe3 S other)"), ("Nuser/joe/b", "%("),
    // As a server without domains spells it.
    ("Nann/b", "%(T e I x1"),
  ])
  func `a user of whom the master has anything is not`(_ key: String, _ value: String) throws {
    var pair = Self.stray()
    pair.master[key] = value
    #expect(try pair.repair().filter { $0.hasPrefix("UN") } == [])
    pair.diff.client = SyncClientVersion(3, 0)
    #expect(try pair.repair().filter { $0.hasPrefix("UNUSER") } == [])
  }

  @Test func `a user and one of a domain who are spelled alike are both kept`() throws {
    for (there, here) in [("Nb|user/a", "Nuser/a@b"), ("Nuser/a@b", "Nb|user/a")] {
      var pair = MadePair()
      pair.master["Nshared"] = Pair.mailbox("shared")
      pair.master[there + "/x"] = Pair.mailbox("x")
      pair.replica[here] = Pair.mailbox("stray")
      #expect(try pair.repair().filter { $0.hasPrefix("UN") } == [])
    }
  }

  @Test func `nobody is no user`() throws {
    var pair = MadePair()
    pair.master["Nshared"] = Pair.mailbox("shared")
    for (number, key) in ["Nuser/", "Nuser//a", "Nb|user/", "Nb|user//a"].enumerated() {
      pair.replica[key] = Pair.mailbox("id\(number)")
    }
    #expect(try pair.report().count(.conflict) == 4)
    #expect(try pair.repair().filter { $0.hasPrefix("UNUSER") } == [])
    pair.master["Nuser/"] = Pair.mailbox("nobody")
    pair.master["Nuser//b"] = Pair.mailbox("nobodys")
    pair.diff.promotionThreshold = 0
    #expect(try pair.repair().filter { $0.hasPrefix("U") } == [])
  }

  @Test func `from an empty or damaged master nothing is concluded`() throws {
    var pair = Self.stray()
    pair.master = ["Nuser/joe/a": "%(T ed I joe2)"]
    #expect(try pair.repair() == [])
    pair = Self.stray()
    pair.master["Nuser/joe/a"] = "%(T ed I joe2)"
    pair.master["Nzz~"] = Pair.mailbox("z")
    pair.masterIsDamaged = true
    let report = try pair.report()
    #expect(!report.isMasterComplete)
    #expect(RepairLog(report).actions.filter { ["UNUSER", "UNMAILBOX"].contains($0.verb.rawValue) } == [])
  }

  @Test func `a tombstone counts only if the mailbox is nowhere else on the master`() throws {
    var pair = MadePair()
    pair.master = ["Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": "%(T ed I joe2)"]
    pair.replica = ["Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": Pair.mailbox("joe2")]
    #expect(try pair.repair() == ["UNMAILBOX user.joe.a"])
    // Not finished there, or moved away, or not to be read.
    for value in ["%(T ez I joe2)", "%(T er I joe2 S other)", "%(T e I joe2 P"] {
      pair.master["Nuser/joe/b"] = value
      #expect(try pair.repair() == [])
    }
    // A reserved name on the replica does not hide the mailbox.
    pair.master["Nuser/joe/b"] = Pair.mailbox("joe2")
    pair.replica["Nuser/joe/b"] = "%(T ez I joe9)"
    #expect(try pair.brief() == ["renamed user.joe.b conflict"])
  }

  @Test func `a user is not removed whose mailbox cannot be renamed away before`() throws {
    var pair = Self.stray()
    pair.master["Nuser/ann/a"] = Pair.mailbox("joe2")
    #expect(try pair.repair() == ["RENAME user.joe.a user.ann.a", "UNUSER joe"])
    pair.replica["Nuser/ann/a"] = Pair.mailbox("ann9")
    #expect(try pair.repair() == [])
  }

  @Test func `a user is not removed whose mailbox another is to get, but has not wholly`() throws {
    for value in ["%(T ez I joe2)", "%(T er I joe2 S other)"] {
      var pair = Self.stray()
      pair.master["Nuser/ann/a"] = value
      #expect(try pair.repair() == [])
    }
  }

  @Test func `one id twice keeps a user from being removed`() throws {
    var pair = Self.stray()
    pair.replica["Nuser/joe/b"] = Pair.mailbox("joe2")
    #expect(try pair.repair() == [])
    pair = Self.stray()
    pair.replica["Nuser/joe/a"] = Pair.mailbox("ann1")
    #expect(try pair.repair() == [])
    pair.replica["Nuser/joe/a"] = "%(T e I"
    #expect(try pair.repair() == [])
  }

  @Test func `a name twice, with the default domain and without, leads to no removal`() throws {
    for (client, ids) in [(SyncClientVersion(2, 5), "ab"), (SyncClientVersion(3, 6), "ba")] {
      var pair = MadePair(client)
      pair.diff.settings.defaultDomain = "b.example"
      pair.master = ["Nuser/joe": Pair.mailbox("a")]
      pair.replica = [
        "Nuser/joe": Pair.mailbox("\(ids.first!)"), "Nb.example|user/joe": Pair.mailbox("\(ids.last!)"),
      ]
      #expect(try pair.repair().filter { $0.hasPrefix("UNUSER") || $0.hasPrefix("RENAME") } == [])
      swap(&pair.master, &pair.replica)
      #expect(try pair.repair().filter { $0.hasPrefix("UN") || $0.hasPrefix("RENAME") } == [])
    }
  }

  @Test func `a user with a conflict is not carried over as a whole`() throws {
    var pair = MadePair()
    pair.diff.promotionThreshold = 1
    pair.master = [
      "Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": Pair.mailbox("a"), "Nuser/joe/b": Pair.mailbox("b"),
    ]
    pair.replica = ["Nuser/joe": Pair.mailbox("joe1")]
    #expect(try pair.repair() == ["USER joe"])
    // A tombstone of another mailbox of that name would take this one.
    pair.master["Nuser/joe/c"] = "%(T ed I other)"
    pair.replica["Nuser/joe/c"] = Pair.mailbox("c")
    #expect(try pair.repair() == ["MAILBOX user.joe.a", "MAILBOX user.joe.b"])
    // Also if the INBOX is missing.
    pair.replica["Nuser/joe"] = nil
    #expect(try pair.repair() == ["MAILBOX user.joe", "MAILBOX user.joe.a", "MAILBOX user.joe.b"])
    // Before 2.5 to 3.2 a whole user would lose the replica's copy.
    pair.diff.client = SyncClientVersion(3, 0)
    pair.replica["Nuser/joe"] = Pair.mailbox("joe1")
    pair.master["Nuser/joe/c"] = Pair.mailbox("other")
    #expect(try pair.repair() == ["MAILBOX user.joe.a", "MAILBOX user.joe.b"])
  }

  @Test func `no line means another mailbox`() throws {
    // In a log `^` is a dot, and what stands before `!` a domain.
    var pair = MadePair()
    pair.master = ["Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a^b": "%(T ed I joe2)"]
    pair.replica = ["Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a^b": Pair.mailbox("joe2")]
    pair.replica["Nuser/a^b"] = Pair.mailbox("x")
    pair.replica["Nb!user/joe"] = Pair.mailbox("y")
    let repair = RepairLog(try pair.report())
    #expect(repair.actions.isEmpty)
    #expect(repair.omissions.map(\.reason) == [.unwritable, .unwritable])
  }

  @Test func `what needs a line that is left out is left out`() throws {
    // The client would die of the shared one, which is newer on the replica.
    var pair = Self.stray()
    pair.master["Nshared"] = "%(T e I joe2 P default F 1 A %(joe lrs))"
    pair.replica["Nuser/joe/a"] = "%(T e I joe2 P default F 2 A %(joe lrs))"
    pair.master["Nuser/ann/b"] = Pair.mailbox("joe3")
    pair.replica["Nuser/joe/b"] = Pair.mailbox("joe3")
    let repair = RepairLog(try pair.report())
    #expect(repair.actions.map { string($0.text) } == ["RENAME user.joe.b user.ann.b"])
    #expect(
      repair.omissions.map { "\(string($0.name.internalName)) \($0.reason)" } == [
        "shared abortsClient", "user.joe needsOmitted",
      ])
    pair.diff.client = SyncClientVersion(3, 6, 7)
    #expect(try pair.repair().last == "UNUSER joe")
    // Its old name waits.
    pair.diff.client = SyncClientVersion(3, 6, 1)
    pair.master["Nuser/joe/a"] = Pair.mailbox("joe4")
    pair.master["Nuser/joe"] = Pair.mailbox("joe1")
    #expect(RepairLog(try pair.report()).omissions.map(\.reason) == [.abortsClient, .needsOmitted])
  }

  @Test func `a master with keys of two forms shows only half`() throws {
    var pair = Self.stray()
    pair.master["user.joe"] = "%(I joe1 P default F 1 A %(joe lrs))"
    #expect(try pair.repair() == [])
  }

  @Test func `a line is one that the release acts on`() throws {
    // The name is the master's again: no removal by name will do.
    var pair = MadePair(SyncClientVersion(3, 0))
    pair.master = ["Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": Pair.mailbox("a")]
    pair.replica = [
      "Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": Pair.mailbox("b"), "Nuser/joe/c": Pair.mailbox("a"),
    ]
    #expect(try pair.brief() == ["extra user.joe.a conflict", "renamed user.joe.a conflict"])
    // Known to be deleted, but without a tombstone.
    pair = MadePair(SyncClientVersion(3, 12))
    pair.master = ["Nuser/joe": Pair.mailbox("joe1"), "Ia1234567": "%(T ed N user/joe/a I a1234567 H ())"]
    pair.replica = ["Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": Pair.mailbox("a1234567")]
    #expect(try pair.repair() == ["MAILBOX user.joe.a"])
    // An intermediate INBOX is no user.
    pair = MadePair()
    pair.master = ["Nuser/joe": "%(T ei I joe1)", "Nuser/joe/a": Pair.mailbox("a")]
    pair.replica = ["Nshared": "%(T ed I x)"]
    #expect(try !pair.repair().contains("USER joe"))
  }

  @Test func `a cycle is broken over a name that is free, tombstones or not`() throws {
    var pair = MadePair(SyncClientVersion(3, 12))
    pair.master = [
      "Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": Pair.mailbox("a1234567"),
      "Nuser/joe/b": Pair.mailbox("b1234567"),
      "Ia1234567": "%(T e N user/joe/a P default H (%(N user/joe/c M 1 T e)))",
      "Ib1234567": "%(T e N user/joe/b P default H ())",
    ]
    pair.replica = [
      "Nuser/joe": Pair.mailbox("joe1"), "Nuser/joe/a": Pair.mailbox("b1234567"),
      "Nuser/joe/b": Pair.mailbox("a1234567"),
      "Nuser/joe/c": "%(T ed I x)",
    ]
    #expect(try pair.repair().count == 2)
    pair.replica["Nuser/joe/c"] = "%(T e P default A %())"
    #expect(try pair.repair().filter { $0.hasPrefix("RENAME") } == [])
  }
}
