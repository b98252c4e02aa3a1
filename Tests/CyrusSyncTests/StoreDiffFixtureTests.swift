// Pairs of real stores with their pending logs, and what a comparison of each must come to.

import CyrusDatabase
import CyrusMailboxes
import CyrusSync
import Foundation
import Testing

@Suite struct StoreDiffFixtureTests {
  static let pairs: [(folder: String, channel: String, expected: String)] = [
    ("01-noise", "", "expected"), ("02-pending", "", "expected"), ("03-lost", "", "expected"),
    ("04-mixed", "", "expected"), ("05-users", "", "expected"), ("06-conflicts", "", "expected"),
    ("07-channels", "", "expected"), ("07-channels", "far", "expected-far"), ("08-index", "", "expected"),
    ("09-bad-lines", "", "expected"), ("10-generations", "", "expected"), ("11-domains", "", "expected"),
  ]

  @Test(arguments: pairs) func `a pair differs in what is expected of it`(
    pair: (folder: String, channel: String, expected: String)
  ) throws {
    let folder = syncFixtures.appending(path: pair.folder)
    let expected = try jsonObject(at: folder.appending(path: pair.expected + ".json"))
    let options = try #require(expected["options"] as? [String: Any])
    var diff = StoreDiff()
    diff.client = SyncClientVersion(try #require(expected["syncClient"] as? String))
    diff.promotionThreshold = try #require(options["promoteThreshold"] as? Int)
    let partitions = try #require(options["replicaPartitions"] as? [String])
    diff.replicaPartitions = Set(partitions.map { Array($0.utf8) })
    if pair.folder == "11-domains" { diff.settings.defaultDomain = "default.example" }
    if let index = options["index"] as? String {
      diff.states = try stateSource(at: folder.appending(path: index))
    }
    let logs = try pendingLogs(at: folder.appending(path: "log").appending(path: pair.channel))
    let report = try diff.report(
      master: StoreSnapshot(Database(path: folder.appending(path: "master.db").path), settings: diff.settings),
      replica: StoreSnapshot(Database(path: folder.appending(path: "replica.db").path), settings: diff.settings),
      pending: logs)

    let found = report.differences.map { describe($0) }
    let wanted = try #require(expected["differences"] as? [[String: Any]])
    #expect(found.count == wanted.count)
    for (found, wanted) in zip(found, wanted) {
      #expect(NSDictionary(dictionary: found) == NSDictionary(dictionary: wanted), "\(found)\nis not\n\(wanted)")
    }
    let summary = Dictionary(grouping: report.differences, by: \.status.rawValue).mapValues(\.count)
    #expect(summary == expected["summary"] as? [String: Int])
    #expect(report.pendingLineCount == expected["pendingLines"] as? Int)
    #expect(report.hasCopybackRisk == expected["copybackRisk"] as? Bool)
    #expect(RepairLog(report).actions.map { string($0.text) } == expected["repairLog"] as? [String])
  }

  /// A difference as the expected documents spell it.
  private func describe(_ difference: StoreDifference) -> [String: Any] {
    var object: [String: Any] = [
      "class": difference.detail.className, "name": string(difference.name.internalName),
      "user": difference.user.map { string($0) as Any } ?? NSNull(),
      "uniqueid": difference.uniqueID.map { string($0) as Any } ?? NSNull(), "status": difference.status.rawValue,
      "severity": difference.severity.rawValue,
    ]
    switch difference.detail {
    case .renamed(let replicaName, let isCycle):
      object["replicaName"] = string(replicaName.internalName)
      if isCycle { object["cycle"] = true }
    case .missing(let blocker): object["blockedBy"] = blocker.map { string($0.internalName) }
    case .identityConflict(let id): object["replicaUniqueid"] = string(id)
    case .extra(let tombstone): object["tombstone"] = tombstone.rawValue
    case .acl(let master, let replica):
      object["master"] = spaced(master)
      object["replica"] = spaced(replica)
    case .partition(let master, let replica):
      object["master"] = string(master)
      object["replica"] = string(replica)
    case .folderModseq(let master, let replica), .createdModseqEntry(let master, let replica):
      object["master"] = master
      object["replica"] = replica
    case .uidValidityEntry(let master, let replica):
      object["master"] = master
      object["replica"] = replica
    case .content(let fields, _):
      object["fields"] = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, [$0.master, $0.replica]) })
    case .type, .unreadable, .duplicateUniqueID, .other: break
    }
    if let direction = difference.detail.direction { object["direction"] = direction.rawValue }
    object["repair"] = difference.repair?.map { string($0.text) }
    if let explanation = difference.explanation {
      object["explainedBy"] = [
        "file": explanation.file, "line": explanation.line, "text": string(explanation.text),
      ]
    }
    return object
  }

  private func spaced(_ acl: [UInt8]) -> String {
    string(acl).split(separator: "\t").joined(separator: " ")
  }
}
