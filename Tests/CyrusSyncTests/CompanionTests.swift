// Renames that a repair needs done before: on their way they go along with it, and what needs one that is not made stays.

import CyrusSync
import Testing

@Suite struct CompanionTests {
  private static let inboxes = ["user.ann i default 1", "user.bob j default 1"]

  @Test func `a rename that is on its way goes along with the end of the old owner`() throws {
    let stores = SmallStores(
      master: ["user.bob j default 1", "user.bob.Sent s default 1"],
      replica: Self.inboxes + ["user.ann.Sent s default 1"])
    let rename = "RENAME user.ann.Sent user.bob.Sent"
    let report = try stores.report(StoreDiff(), pending: [rename])
    #expect(report.lines == ["drift extra user.ann", "pending renamed user.bob.Sent"])
    #expect(report.repairLines == [rename, "UNUSER ann"])
  }

  @Test func `with a rename that does not hold still the old owner stays`() throws {
    let stores = SmallStores(
      master: ["user.bob j default 1", "user.bob.Sent s default 1", "user.bob.New n default 1"],
      replica: Self.inboxes + ["user.ann.Sent s default 1"])
    let fleeting = SmallStores(
      master: ["user.bob j default 1", "user.bob.New n default 1"], replica: Self.inboxes)
    var diff = StoreDiff()
    diff.promotionThreshold = 0
    var report = try stores.report(diff)
    report.confirm(by: try fleeting.report(diff))
    #expect(
      report.lines == ["drift extra user.ann", "drift missing user.bob.New", "inFlux renamed user.bob.Sent"])
    // Nor is anybody done as a whole.
    #expect(report.repairLines == ["MAILBOX user.bob.New"])
    #expect(RepairLog(report).omissions.map(\.reason) == [.needsOmitted])
  }

  @Test func `nothing is made below a mailbox that cannot get its name`() throws {
    var diff = StoreDiff()
    diff.replicaPartitions = [Array("default".utf8)]
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.Post s only 1", "user.ann.Post.a t default 1", "user.ann.Postage u default 1"],
      replica: Self.inboxes + ["user.ann.Sent s default 1"])
    let report = try stores.report(diff)
    #expect(report.repairLines == ["MAILBOX user.ann.Postage"])
    #expect(RepairLog(report).omissions.map { string($0.name.internalName) } == ["user.ann.Post.a"])
  }

  @Test func `no mailbox gives its name up to one that is refused`() throws {
    var diff = StoreDiff()
    diff.replicaPartitions = [Array("default".utf8)]
    let stores = SmallStores(
      master: Self.inboxes + ["user.ann.Sent s only 1", "user.bob.Sent t default 1"],
      replica: Self.inboxes + ["user.ann.Old s default 1", "user.ann.Sent t default 1"])
    let report = try stores.report(diff)
    #expect(
      report.lines == [
        "conflict partition user.ann.Sent", "conflict renamed user.ann.Sent", "drift renamed user.bob.Sent",
      ])
    #expect(report.repairLines == [])
    #expect(RepairLog(report).omissions.map(\.reason) == [.namesRefused])
  }

  @Test func `a stray stays while the master has another mailbox of that name`() throws {
    for client in [SyncClientVersion(2, 4), SyncClientVersion(3, 0), SyncClientVersion(3, 6, 1)] {
      var diff = StoreDiff()
      diff.client = client
      let stores = SmallStores(
        master: Self.inboxes + ["user.ann.Sent s default 1"],
        replica: Self.inboxes + ["user.ann.Old s default 1", "user.ann.Sent x default 1"])
      let report = try stores.report(diff)
      #expect(report.lines == ["conflict extra user.ann.Sent", "conflict renamed user.ann.Sent"])
      #expect(report.repairLines == [])
    }
  }

  @Test func `a group that fails takes along another that lacks what it was to rename`() throws {
    // bob's group cannot have Old, so that Post is not sure; without Post, ann's is given up, too.
    let stores = SmallStores(
      master: Self.inboxes + [
        "user.ann.New n default 1", "user.ann.Post p default 1", "user.bob.Old o default 1", "user.cat c default 1",
      ],
      replica: Self.inboxes + ["user.bob.Post p default 1", "user.cat c default 1", "user.cat.Old o default 1"])
    let lines = ["DOUBLEMAILBOX user.bob.Post user.ann.Post", "MAILBOX user.ann.Post", "MAILBOX user.ann.New"]
    let sure = try stores.report(StoreDiff(), pending: lines)
    #expect(
      sure.lines == [
        "pending missing user.ann.New", "pending renamed user.ann.Post", "drift renamed user.bob.Old",
      ])
    let report = try stores.report(StoreDiff(), pending: lines + ["MAILBOX user.bob.Old"])
    #expect(report.count(.drift) == 3)
  }
}
