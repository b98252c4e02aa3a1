// What the replica refuses, nothing else that differs in the same mailbox can be got past; and no user can be done as a
// whole who has such a one. All of this was seen of sync_client 3.6.1.

import CyrusSync
import Testing

@Suite struct RefusalTests {
  private static let inboxes = ["user.ann i default 1", "user.bob j default 1"]
  /// More than are done one by one.
  private static let many = (1...9).map { "user.ann.b\($0) n\($0) default 1" }
  private static let manyLines = (1...9).map { "MAILBOX user.ann.b\($0)" }

  private static var diff: StoreDiff {
    var diff = StoreDiff()
    diff.replicaPartitions = [Array("default".utf8)]
    return diff
  }

  @Test func `nothing is repaired in a mailbox whose partition the replica lacks`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.Post s only 2"], replica: Self.inboxes + ["user.ann.Post s default 1"])
    let report = try stores.report(Self.diff)
    #expect(report.lines == ["conflict foldermodseq user.ann.Post", "conflict partition user.ann.Post"])
    #expect(report.repairLines == [])
  }

  @Test func `a mailbox is not renamed whose partition the replica lacks, nor what waits for its name`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.Post s only 1", "user.ann.Sent t default 1"],
      replica: Self.inboxes + ["user.ann.Sent s default 1", "user.ann.Work t default 1"])
    let report = try stores.report(Self.diff)
    #expect(
      report.lines == [
        "conflict partition user.ann.Post", "conflict renamed user.ann.Post", "conflict renamed user.ann.Sent",
      ])
  }

  @Test func `a mailbox is not made on a partition that the replica is known to lack`() throws {
    let stores = SmallStores(master: Self.inboxes + ["user.ann.New s only 1"], replica: Self.inboxes)
    #expect(try stores.report(Self.diff).lines == ["conflict missing user.ann.New"])
    // What the replica's mailboxes lie on is not all that it may have.
    #expect(try stores.report(StoreDiff()).lines == ["drift missing user.ann.New"])
    var loose = Self.diff
    loose.comparesPartitions = false
    #expect(try stores.report(loose).lines == ["drift missing user.ann.New"])
  }

  @Test func `nothing is repaired in a mailbox that is of two types`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.Post s default 2 c"], replica: Self.inboxes + ["user.ann.Sent s default 1"])
    let report = try stores.report(Self.diff)
    #expect(
      report.lines == [
        "conflict foldermodseq user.ann.Post", "conflict mbtype user.ann.Post", "conflict renamed user.ann.Post",
      ])
  }

  @Test func `a user is not done as a whole with a mailbox that was made on both sides`() throws {
    let stores = SmallStores(
      master: Self.inboxes + Self.many + ["user.ann.New x default 1"],
      replica: Self.inboxes + ["user.ann.New y default 1"])
    #expect(try stores.report(Self.diff).repairLines == Self.manyLines)
  }

  @Test func `a user is done as a whole with a mailbox that only the replica has`() throws {
    let stores = SmallStores(
      master: Self.inboxes + Self.many, replica: Self.inboxes + ["user.ann.Stray y default 1"])
    #expect(try stores.report(Self.diff).repairLines == ["USER ann"])
  }

  @Test func `a user is not done as a whole before a rename from or to another's is through`() throws {
    for (master, replica) in [("user.bob.Sent", "user.ann.Sent"), ("user.ann.Sent", "user.bob.Sent")] {
      let stores = SmallStores(
        master: Self.inboxes + Self.many + ["\(master) s default 1"], replica: Self.inboxes + ["\(replica) s default 1"]
      )
      let report = try stores.report(Self.diff, pending: ["RENAME \(replica) \(master)"])
      #expect(report.lines.contains("pending renamed \(master)"))
      #expect(report.repairLines == Self.manyLines)
    }
  }

  @Test func `a new user with a mailbox that is refused is made mailbox by mailbox`() throws {
    let stores = SmallStores(
      master: ["user.ann i default 1", "user.ann.New n default 1", "user.ann.Sent x default 1"],
      replica: ["user.ann.Sent y default 1"])
    let report = try stores.report(Self.diff)
    #expect(
      report.lines == [
        "drift missing user.ann", "drift missing user.ann.New", "conflict identityConflict user.ann.Sent",
      ])
    #expect(report.repairLines == ["MAILBOX user.ann", "MAILBOX user.ann.New"])
  }

  @Test func `a user who got another's mailbox is not done before the old one of that name is out of the way`() throws {
    // bob was deleted, of which no line is left, and ann became bob.
    let stores = SmallStores(
      master: ["user.bob i default 2", "DELETED.user.bob.6B07A40D j default 2"],
      replica: ["user.ann i default 1", "user.bob j default 1"])
    let deletion = "RENAME user.bob DELETED.user.bob.6B07A40D"
    let report = try stores.report(Self.diff, pending: ["RENAME user.ann user.bob", "USER bob", "UNUSER ann"])
    #expect(report.count(.drift) == report.differences.count)
    #expect(report.repairLines == ["RENAME user.ann user.bob", deletion])
    let whole = try stores.report(Self.diff, pending: [deletion, "RENAME user.ann user.bob", "USER bob", "UNUSER ann"])
    #expect(whole.count(.pending) == whole.differences.count)
  }

  @Test func `a rename that is on its way goes along with what lies below`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.Post s default 1", "user.ann.Post.a.b t default 1"],
      replica: Self.inboxes + ["user.ann.Sent s default 1"])
    let rename = "RENAME user.ann.Sent user.ann.Post"
    let report = try stores.report(Self.diff, pending: [rename])
    #expect(report.lines == ["pending renamed user.ann.Post", "drift missing user.ann.Post.a.b"])
    #expect(report.repairLines == [rename, "MAILBOX user.ann.Post.a.b"])
  }

  @Test func `nothing is made for a user whose INBOX is another's yet, and whom no line makes the owner`() throws {
    let stores = SmallStores(
      master: ["user.ann i default 1", "user.ann.New n default 1"], replica: ["user.cat i default 1"])
    let report = try stores.report(Self.diff, pending: ["MAILBOX user.ann.New"])
    #expect(report.lines == ["drift renamed user.ann", "drift missing user.ann.New"])
    let whole = try stores.report(Self.diff, pending: ["MAILBOX user.ann.New", "RENAME user.cat user.ann"])
    #expect(whole.lines == ["pending renamed user.ann", "pending missing user.ann.New"])
  }

  @Test func `nothing is on its way beside a mailbox of another user that no line renames`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.New n default 1", "user.ann.Sent s default 1"],
      replica: Self.inboxes + ["user.bob.Sent s default 1"])
    let report = try stores.report(Self.diff, pending: ["MAILBOX user.ann.New", "MAILBOX user.ann.Sent"])
    #expect(report.lines == ["drift missing user.ann.New", "drift renamed user.ann.Sent"])
  }

  @Test func `nothing is on its way beside a mailbox of a deleted user that no line renames`() throws {
    let stores = SmallStores(
      master: ["DELETED.user.ann.Sent.6B07A40D s default 1", "DELETED.user.ann.6B07A40D i default 2"],
      replica: ["user.ann i default 1", "user.ann.Other s default 1"])
    let report = try stores.report(
      Self.diff,
      pending: [
        "RENAME user.ann DELETED.user.ann.6B07A40D", "RENAME user.ann.Sent DELETED.user.ann.Sent.6B07A40D",
      ])
    #expect(report.count(.drift) == report.differences.count)
  }

  @Test func `a user is not done as a whole whose mailbox wants the name of one that is yet another's`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.New n default 1", "user.ann.Work w default 1", "user.bob.Work x default 1"],
      replica: Self.inboxes + ["user.ann.Old w default 1", "user.ann.Work x default 1"])
    let lines = ["RENAME user.ann.Old user.ann.Work", "MAILBOX user.ann.New", "USER ann"]
    let report = try stores.report(Self.diff, pending: lines)
    #expect(report.count(.drift) == report.differences.count)
    let whole = try stores.report(Self.diff, pending: lines + ["RENAME user.ann.Work user.bob.Work"])
    #expect(whole.count(.pending) == whole.differences.count)
  }

  @Test func `a user is not done as a whole whose mailbox wants the name of a stray`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.Sent s default 1", "user.ann.Work w default 1"],
      replica: Self.inboxes + ["user.ann.Work s default 1", "user.ann.Old w default 1", "user.ann.Sent x default 1"])
    let report = try stores.report(Self.diff, pending: ["USER ann"])
    #expect(report.count(.pending) == 0)
  }

  @Test func `what is pending behind a line that is refused is told`() throws {
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.New x default 1", "user.bob.New n default 1"],
      replica: Self.inboxes + ["user.ann.New y default 1"])
    let lines = ["MAILBOX user.bob.New", "MAILBOX user.ann.New"]
    let report = try stores.report(Self.diff, pending: lines)
    #expect(report.lines == ["pendingConflict identityConflict user.ann.New", "pending missing user.bob.New"])
    // Within a file nobody knows which comes first.
    #expect(report.heldUpCount == 1)
    #expect(report.refusedLine?.line == 2)
    #expect(try stores.report(Self.diff, pending: ["MAILBOX user.bob.New"]).heldUpCount == 0)
    let sole = try stores.report(Self.diff, pending: ["MAILBOX user.bob.New"], then: ["MAILBOX user.ann.New"])
    #expect(sole.heldUpCount == 0)
  }

  @Test func `with a user who is done as a whole instead, a deleted one is not`() throws {
    let stores = SmallStores(
      master: ["user.bob j default 1", "user.bob.c c default 1", "DELETED.user.ann.6B07A40D i default 2"],
      replica: ["user.ann i default 1", "user.bob j default 1", "user.bob.d c default 1"])
    let report = try stores.report(
      Self.diff, pending: ["RENAME user.ann DELETED.user.ann.6B07A40D", "RENAME user.ann.x user.bob.c"])
    #expect(
      report.lines == [
        "drift foldermodseq DELETED.user.ann.6B07A40D", "drift renamed DELETED.user.ann.6B07A40D",
        "pending renamed user.bob.c",
      ])
  }
}
