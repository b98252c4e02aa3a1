// Docs/Monitoring.md describes what monitors read.

import Foundation
import Testing

@Suite struct MonitoringDocumentTests {
  @Test func `every name and every fixed label is in the document, and no other name`() throws {
    let document = try projectText("Docs/Monitoring.md").components(separatedBy: "\n### Alerts").first ?? ""
    let sync = try SyncDirectory(["log": "USER joe\n"])
    let stores = StoresAndLog("04-mixed", 2)
    let all = [
      try Monitored.metrics(["synclog", sync.path], status: 0),
      try Monitored.metrics(["diff"] + stores.arguments, status: 2),
      try Monitored.metrics(["failover-check"] + stores.arguments, status: 2),
      try Monitored.metrics(["verify", FixtureCopy("twoskip/ts-two.db").path], status: 0),
      try Monitored.metrics(["fleet", "sweep"] + FleetCopy.troubled.get().arguments, status: 2),
    ]
    let common = /_(up|exit_status|run_timestamp_seconds)$/
    let names = Set(all.flatMap(\.families.keys))
    let described = Set(document.matches(of: /`(cyrus_[a-z_]+)`/).map { String($0.1) })
    #expect(names.filter { !$0.contains(common) } == described.filter { !$0.contains(common) })
    for name in ["up", "exit_status", "run_timestamp_seconds"] { #expect(document.contains("`cyrus_NAME_\(name)`")) }
    let output = try projectText("Docs/Output.md")
    for (name, family) in all.flatMap(\.families) {
      for (label, value) in family.samples.keys.joined() where !["channel", "file", "store"].contains(label) {
        let text = label == "problem" ? output : document
        #expect(text.contains("`\(value)`"), "\(name) \(label) \(value)")
      }
    }
  }
}
