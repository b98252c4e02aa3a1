// What the comparison of a real master with its real replica says, and what sync_client then makes of it.
//
//   pending   is gone when the log was read, and nothing else is
//   drift     is gone when the repair log was read
//   conflict  stays

import CyrusSync
import Testing

@Suite(.needsCyrusReplication) struct LiveSyncDiffTests {
  @Test func `a repair log and the pending log leave the conflicts and nothing else`() throws {
    let pair = try ReplicaPair()
    for (number, scenario) in SyncScenario.all.enumerated() {
      var proof = SyncProof(pair, number: number)
      let report = try Self.begin(scenario, &proof)
      let repair = RepairLog(report)
      let repaired = try proof.carryOut(repair)
      #expect(repaired.status == 0, "\(scenario.name): \(repaired.output)")
      let read = try proof.carryOutPending()
      #expect(read.status == scenario.pendingStatus, "\(scenario.name): \(read.output)")
      #expect(proof.lines(try proof.report(pending: false)) == Set(scenario.remainder), "\(scenario.name)")
    }
  }

  @Test func `the pending log alone settles what is pending, and nothing else`() throws {
    let pair = try ReplicaPair()
    for (number, scenario) in SyncScenario.all.enumerated() where scenario.hasPendingLines {
      var proof = SyncProof(pair, number: number)
      let report = try Self.begin(scenario, &proof)
      let repair = RepairLog(report)
      let read = try proof.carryOutPending()
      #expect(read.status == scenario.pendingStatus, "\(scenario.name): \(read.output)")
      let before = proof.differences(report)
      let after = proof.differences(try proof.report(pending: false))
      for difference in before where !scenario.healsByItself {
        // Of a mailbox that was destroyed nothing else can differ.
        if scenario.destroys, difference.class != "renamed" { continue }
        let isThere = after.contains { other in
          other.name == difference.name && other.class == (scenario.destroys ? "missing" : difference.class)
        }
        let mustBe =
          difference.status != "pending"
          || scenario.remainder.contains("drift \(difference.class) \(difference.name)")
        #expect(isThere == mustBe, "\(scenario.name): \(difference)")
      }
      let repaired = try proof.carryOut(repair)
      #expect(repaired.status == 0, "\(scenario.name): \(repaired.output)")
      #expect(proof.lines(try proof.report(pending: false)) == Set(scenario.remainder), "\(scenario.name)")
    }
  }

  /// Makes the stores equal, takes the steps, and checks the report.
  private static func begin(_ scenario: SyncScenario, _ proof: inout SyncProof) throws -> StoreDiffReport {
    try proof.prepare(SyncScenario.users + scenario.start)
    #expect(proof.lines(try proof.report(pending: false)) == [], "\(scenario.name)")
    for step in scenario.steps { try proof.take(step) }
    let report = try proof.report(pending: true)
    #expect(proof.lines(report) == Set(scenario.differences), "\(scenario.name)")
    #expect(proof.lines(RepairLog(report)) == scenario.repair, "\(scenario.name)")
    return report
  }
}
