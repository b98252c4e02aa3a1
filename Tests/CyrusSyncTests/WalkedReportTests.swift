// Two stores compared while they are listed differ in the same as if each is listed first: whatever their form, with spoiled
// bytes, and with states that were verified before.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@testable import CyrusSync

@Suite struct WalkedReportTests {
  /// What a comparison came to, or why it did not.
  private func outcome(_ report: () throws -> StoreDiffReport) -> String {
    do {
      let report = try report()
      let facts = [
        "\(report.differences)", "\(report.mailboxCount)", "\(report.skippedCount)", "\(report.forms)",
        "\(report.isMasterComplete) \(report.isReplicaComplete)", "\(report.client)",
        "\(report.replicaPartitions.map { string($0) }.sorted())", "\(report.pendingLineCount)",
        "\(String(describing: report.refusedLine))", "\(RepairLog(report).actions)",
      ]
      return facts.joined(separator: "\n")
    } catch {
      return "\(error)"
    }
  }

  private func compare(
    _ diff: StoreDiff, _ master: String, _ replica: String, _ logs: [SyncLog], _ comment: String
  ) throws {
    let (master, replica) = (try Database(path: master), try Database(path: replica))
    let listed = outcome {
      try diff.report(
        master: StoreSnapshot(master, settings: diff.settings, locking: .none),
        replica: StoreSnapshot(replica, settings: diff.settings, locking: .none), pending: logs)
    }
    let walked = outcome {
      try diff.report(
        master: master.snapshot(locking: .none), replica: replica.snapshot(locking: .none), pending: logs)
    }
    #expect(walked == listed, "\(comment)")
    for threads in [2, 3, 8] {
      let shared = outcome {
        try diff.report(
          master: master.snapshot(locking: .none), replica: replica.snapshot(locking: .none), pending: logs,
          threads: threads)
      }
      #expect(shared == listed, "\(comment), \(threads) threads")
    }
    let gone = outcome {
      // What a snapshot has of a file it has without the path.
      let paths = [master, replica].map { $0.path + "-gone" }
      for (side, path) in zip([master, replica], paths) {
        try FileManager.default.copyItem(atPath: side.path, toPath: path)
      }
      let mine = try Database(path: paths[0]).snapshot(locking: .none)
      let theirs = try Database(path: paths[1]).snapshot(locking: .none)
      for path in paths { try FileManager.default.removeItem(atPath: path) }
      return try diff.report(master: mine, replica: theirs, pending: logs)
    }
    #expect(gone == listed, "\(comment), gone")
    let trusting = outcome {
      try diff.report(
        master: master.snapshot(locking: .none).trusting(master.verify()),
        replica: replica.snapshot(locking: .none).trusting(replica.verify()), pending: logs, threads: 2)
    }
    #expect(trusting == listed, "\(comment), trusting")
  }

  @Test(arguments: Seed.some(40)) func `of random stores it is the same`(seed: Seed) throws {
    let round = try ModelRound(seed)
    var diff = round.diff
    for _ in 0..<2 {
      try compare(diff, round.path("master"), round.path("replica"), round.pair.logs, "states \(diff.states != nil)")
      diff.states = nil
    }
    diff.settings.defaultDomain = "example.org"
    try compare(diff, round.path("master"), round.path("replica"), round.pair.logs, "default domain")
  }

  @Test(arguments: Seed.some(40)) func `several threads do it, wherever keys are names and the files are sound`(
    seed: Seed
  ) throws {
    let round = try ModelRound(seed)
    let master = try Database(path: round.path("master")).snapshot(locking: .none)
    let replica = try Database(path: round.path("replica")).snapshot(locking: .none)
    guard try MailboxListForm(of: master).keys == .prefixed, try MailboxListForm(of: replica).keys == .prefixed else {
      return
    }
    let comparison = FieldComparison(settings: NameSettings(), comparesPartitions: true, states: nil)
    let mark = [UInt8(ascii: "N")]
    for threads in 2...4 {
      let cutCount = master.cutKeys(threads, prefix: mark).count
      let parts = try StoreMergeParts(master, replica, prefix: mark, comparison, threads: threads)
      #expect(parts?.master.count ?? 1 == cutCount + 1)
      // Those of a model have some twenty mailboxes.
      #expect(cutCount > 0)
    }
  }

  @Test(arguments: [" \"\"", " "]) func `a partition without a name is one, wherever a part begins`(text: String) throws
  {
    let folder = try TemporaryFolder()
    func make(_ name: String, without partition: [UInt8]?) throws {
      var builder = TwoskipBuilder(seed: 7)
      builder.begin()
      for index in 0..<400 {
        let key = Array("Nuser\u{1F}u\(1000 + index)".utf8)
        let named = key == partition ? text : " default"
        builder.set(key, Array("%(T e I 6f00000\(1000 + index) P\(named) V 1 F 2 C 1 M 1 A %(ann lrs))".utf8))
      }
      builder.commit()
      try Data(builder.bytes).write(to: URL(filePath: folder.path(name)))
    }
    try make("master", without: nil)
    let snapshot = try Database(path: folder.path("master")).snapshot(locking: .none)
    let cuts = snapshot.cutKeys(2, prefix: [UInt8(ascii: "N")])
    #expect(cuts.count == 1)
    for key in cuts + [Array("Nuser\u{1F}u1000".utf8)] {
      try make("replica", without: key)
      try compare(StoreDiff(), folder.path("master"), folder.path("replica"), [], "empty")
    }
  }

  @Test(arguments: Seed.some(40)) func `of spoiled stores it is the same`(seed: Seed) throws {
    let round = try ModelRound(seed)
    var random = seed.generator(70)
    var diff = round.diff
    diff.states = nil
    for number in 0..<4 {
      for name in ["master", "replica"] where random.chance(2, in: 3) {
        var bytes = try [UInt8](Data(contentsOf: URL(filePath: round.path(name))))
        for _ in 0..<1 + random.below(3) {
          // Behind the header, of which any change is refused by all.
          let place = 64 + random.below(bytes.count - 64)
          bytes[place] ^= UInt8(1 + random.below(255))
        }
        // Some damage is in what is said, not in the bytes.
        if random.chance(1, in: 2) {
          for record in TwoskipSurgeon.records(in: bytes) where random.chance(1, in: 2) {
            TwoskipSurgeon.fixHeadChecksum(&bytes, at: record.offset)
            TwoskipSurgeon.fixTailChecksum(&bytes, at: record.offset)
          }
        }
        try Data(bytes).write(to: URL(filePath: round.path("spoiled-" + name)))
      }
      func path(_ name: String) -> String {
        let spoiled = round.path("spoiled-" + name)
        return FileManager.default.fileExists(atPath: spoiled) ? spoiled : round.path(name)
      }
      try compare(diff, path("master"), path("replica"), round.pair.logs, "round \(number)")
    }
  }

  @Test func `pairs that nobody writes to are walked, and come to the same`() throws {
    let rounds = try Seed.some(30).map { try ModelRound($0) }
    // From then on they count as quiet.
    Thread.sleep(forTimeInterval: 2.2)
    for round in rounds {
      var diff = round.diff
      diff.states = nil
      let listed = outcome { try round.report(diff) }
      let logs = round.pair.logs
      let pair = try StorePair(
        master: Database(path: round.path("master")), replica: Database(path: round.path("replica")), logs: { logs })
      let walked = outcome { try pair.report(diff) }
      #expect(walked == listed)
    }
  }
}
