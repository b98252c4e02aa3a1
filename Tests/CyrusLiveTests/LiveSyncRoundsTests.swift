// Rounds of random changes to a real master and its real replica. A failing one names its seed: TEST_SEED=<number> runs
// that one alone.

import CyrusSync
import Foundation
import Testing

@Suite(.needsCyrusReplication) struct LiveSyncRoundsTests {
  private static var seeds: [UInt64] {
    let text = ProcessInfo.processInfo.environment["TEST_SEED"]
    return text.flatMap { UInt64($0) }.map { [$0] } ?? Array(1...12)
  }

  @Test func `after random changes the pending log settles what is pending, and a repair log the rest`() throws {
    let pair = try ReplicaPair()
    for (number, seed) in Self.seeds.enumerated() {
      var proof = SyncProof(pair, number: number)
      try proof.prepare(SyncScenario.users)
      var steps = RandomSteps(seed: seed)
      var story = "TEST_SEED=\(seed)"
      for _ in 0..<steps.count() {
        let side = steps.side()
        let command = steps.command(for: try proof.mailboxes(on: side))
        let keeps = steps.keepsLines()
        try proof.attempt(command, on: side) { keeps ?? steps.coin() }
        story += "\n\(side) \(keeps.map { $0 ? "kept" : "lost" } ?? "torn apart"): \(command)"
      }
      let before = try proof.report(pending: true)
      let repair = RepairLog(before)
      story += "\n" + (proof.lines(before).sorted() + ["repair:"] + proof.lines(repair)).joined(separator: "\n")
      // Every other time only what is pending is carried out.
      if steps.coin() {
        let repaired = try proof.carryOut(repair)
        #expect(repaired.status == 0, "\(story)\n\(repaired.output)")
        let read = try proof.carryOutPending()
        let unsettled = try Self.unsettled(["drift", "pending"], before, proof)
        #expect(unsettled == [], "\(story)\n\(read.output)")
      } else {
        let read = try proof.carryOutPending()
        let unsettled = try Self.unsettled(["pending"], before, proof)
        #expect(unsettled == [], "only pending, \(story)\n\(read.output)")
      }
    }
  }

  /// What could be settled, had one of some statuses, and is not settled.
  private static func unsettled(
    _ statuses: [String], _ before: StoreDiffReport, _ proof: SyncProof
  ) throws -> [String] {
    // Where one line is refused, those that come later are not done, be they for the same mailbox.
    let isStuck = proof.differences(before).contains { $0.status == "pendingConflict" && $0.class != "extra" }
    let after = proof.differences(try proof.report(pending: false)).filter { $0.status == "drift" }
    return after.compactMap { difference in
      let earlier = proof.differences(before).filter { $0.name == difference.name }
      if isStuck, earlier.contains(where: { $0.status.hasPrefix("pending") }) { return nil }
      // Whatever is left must not be new; with one of the statuses it must be gone. A rename may be done in part, or what
      // is not renamed may be destroyed by a user's end, or that of a name.
      let isKnown = earlier.contains { other in
        !statuses.contains(other.status) && (other.class == difference.class || other.class == "renamed")
      }
      return isKnown ? nil : "\(difference.class) \(difference.name)"
    }
  }
}
