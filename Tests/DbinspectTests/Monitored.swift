// A run of the tool as a monitor sees it.

import Foundation
import Testing

enum Monitored {
  /// What a run writes as metrics.
  static func metrics(_ arguments: [String], status: Int32) throws -> OpenMetricsReader {
    let path = try TemporaryFolder().url.appending(path: "m.prom").path
    let run = try Tool.run(arguments + ["--metrics", path])
    #expect(run.status == status, "\(run)")
    return try OpenMetricsReader(String(contentsOfFile: path, encoding: .utf8))
  }

  /// Runs a check and takes its line apart, strictly.
  static func check(_ arguments: [String]) throws -> (status: Int32, start: String, numbers: [String: String]) {
    let run = try Tool.run(arguments + ["--nagios"])
    #expect(run.lines.count == 1 && run.text.hasSuffix("\n"), "\(run)")
    #expect(run.errors.isEmpty, "\(run)")
    let line = try #require(run.lines.first)
    let match = try #require(
      line.wholeMatch(of: /CYRUS ([A-Z-]+) (OK|WARNING|CRITICAL|UNKNOWN) - ([^|]+?)(?: \| ([^|]+))?/), "\(line)")
    #expect(["OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3][match.2] == run.status, "\(line)")
    var numbers: [String: String] = [:]
    for number in match.4?.split(separator: " ", omittingEmptySubsequences: false) ?? [] {
      let parts = try #require(number.wholeMatch(of: /([a-z]+)=([0-9]+s?);([0-9]*);([0-9]*);0/), "\(line)")
      numbers[String(parts.1)] = String(parts.2)
    }
    return (run.status, "\(match.1) \(match.2)", numbers)
  }
}
