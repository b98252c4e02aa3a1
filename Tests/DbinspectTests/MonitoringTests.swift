// What monitors read: metrics, and the line for Nagios.

import Foundation
import Testing

@testable import dbinspect

@Suite struct MetricsTests {
  @Test func `the reader of the tests refuses what is not well formed`() throws {
    let start = "# TYPE a gauge\n# HELP a Text.\n"
    #expect(try OpenMetricsReader(start + "a 1\n# EOF\n").value("a") == 1)
    #expect(try OpenMetricsReader(start + "a{b=\"x\\\\\\\"\\n\"} 1\n# EOF\n").value("a", ["b": "x\\\"\n"]) == 1)
    for wrong in [
      start + "a 1\n", start + "a 1\n# EOF", start + "a 1\n# EOF\n\n", start + "a 1\na 2\n# EOF\n",
      start + "\na 1\n# EOF\n", start + "a{b=\"\\t\"} 1\n# EOF\n", start + "a{b=\"1\"} 1\na{c=\"1\"} 1\n# EOF\n",
      start + "a{b=\"1\",b=\"2\"} 1\n# EOF\n", start + "a 1.5x\n# EOF\n", start + "b 1\n# EOF\n",
      start + "# EOF\n", start + "a{b=\"\"\"} 1\n# EOF\n", "# TYPE a gauge\na 1\n# EOF\n",
      "# TYPE a_bytes gauge\n# HELP a_bytes T\na_bytes 1\n# EOF\n", start + "a 1\n# TYPE a gauge\n# EOF\n",
    ] {
      #expect(throws: OpenMetricsReader.Problem.self, "\(wrong)") { try OpenMetricsReader(wrong) }
    }
  }

  @Test(arguments: StoresAndLog.all) func `of two stores, as in the expected report`(pair: StoresAndLog) throws {
    let expected = try pair.expectedReport
    let found = try Monitored.metrics(["diff"] + pair.arguments, status: pair.status)
    let summary = expected["summary"] as? [String: Int] ?? [:]
    for status in ["pending", "drift", "conflict", "pendingConflict", "inFlux", "ignored"] {
      #expect(found.value("cyrus_diff_differences", ["status": status]) == summary[status] ?? 0)
    }
    #expect(found.value("cyrus_diff_pending_lines") == expected["pendingLines"] as? Int)
    #expect(found.value("cyrus_diff_repair_lines") == (expected["repairLog"] as? [Any])?.count)
    #expect(found.value("cyrus_diff_lost_lines") == (expected["diagnostics"] as? [Any])?.count)
  }

  @Test func `of a failover and of checked files`() throws {
    let failover = try Monitored.metrics(["failover-check"] + StoresAndLog("04-mixed", 2).arguments, status: 2)
    #expect(failover.value("cyrus_failover_check_verdict", ["verdict": "unsafe"]) == 1)
    #expect(failover.value("cyrus_failover_check_verdict", ["verdict": "ready"]) == 0)
    #expect(failover.value("cyrus_failover_check_unexplained") == 2)
    #expect(failover.value("cyrus_failover_check_mailboxes", ["side": "replica"]) == 28)

    let damaged = try FixtureCopy("twoskip/ts-bad-tail.db").path
    let odd = try FixtureCopy("twoskip/ts-two.db").path + "\"\\|\n.db"
    try FileManager.default.copyItem(atPath: FixtureCopy("twoskip/ts-two.db").path, toPath: odd)
    let found = try Monitored.metrics(["verify", damaged, odd, damaged, "none"], status: 2)
    #expect(found.value("cyrus_verify_up") == 0)
    #expect(found.value("cyrus_verify_checked", ["file": "none"]) == 0)
    #expect(found.value("cyrus_verify_verdict", ["file": damaged, "verdict": "damaged"]) == 1)
    #expect(found.value("cyrus_verify_findings", ["file": damaged, "severity": "damage"]) == 1)
    #expect(found.value("cyrus_verify_records", ["file": odd]) == 2)
    #expect(try Monitored.metrics(["verify", odd], status: 0).value("cyrus_verify_up") == 1)
  }

  @Test func `a file is replaced whole, is readable for others, and is never an input or a log`() throws {
    let copy = try FixtureCopy("twoskip/ts-two.db").path
    let folder = URL(filePath: copy).deletingLastPathComponent()
    let path = folder.appending(path: "m.prom").path
    for (mask, expected) in [("022", 0o644), ("077", 0o600), ("027", 0o640)] {
      #expect(try Tool.shell("umask \(mask); \"$D\" verify \"$F\" --metrics '\(path)'", file: copy).status == 0)
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == expected)
    }
    let before = try Data(contentsOf: URL(filePath: copy))
    let link = folder.appending(path: "link").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: copy)
    for wrong in [copy, link, folder.path, folder.path + "/none/m.prom"] {
      let run = try Tool.run(["verify", copy, "--metrics", wrong])
      #expect(run.status == 73, "\(run)")
      // What was found is printed all the same.
      #expect(run.text.contains("sound"))
      #expect(try Tool.run(["verify", copy, "--metrics", wrong, "--nagios"]).lines.count == 1)
    }
    #expect(try Data(contentsOf: URL(filePath: copy)) == before)
    for name in ["log", "log-run", "log-12"] {
      #expect(try Tool.run(["verify", copy, "--metrics", folder.path + "/" + name]).status == 64)
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["link", "m.prom", "ts-two.db"])
  }

  @Test(arguments: [
    (["diff", "NONE", "NONE", "--json"], 66, "diff"), (["diff", "FOLDER", "FOLDER"], 65, "diff"),
    (["failover-check", "NONE", "NONE", "--synclog", "FOLDER"], 66, "failover_check"),
    (["diff", "NONE", "NONE", "--nagios"], 3, "diff"),
  ])
  func `a run that fails says so in the file`(_ arguments: [String], _ status: Int, _ name: String) throws {
    let folder = try TemporaryFolder().url.path
    let path = folder + "/m.prom"
    try Data("old".utf8).write(to: URL(filePath: path))
    let places = ["NONE": folder + "/none", "FOLDER": folder]
    let run = try Tool.run(arguments.map { places[$0] ?? $0 } + ["--metrics", path])
    #expect(run.status == Int32(status), "\(run)")
    let found = try OpenMetricsReader(String(contentsOfFile: path, encoding: .utf8))
    #expect(found.value("cyrus_\(name)_up") == 0)
    #expect(found.value("cyrus_\(name)_exit_status") == status)
    #expect(found.families.count == 3)
  }
}

@Suite struct NagiosTests {
  @Test func `a number above a limit counts, one at it does not`() {
    let threshold = Threshold(warning: 5, critical: 10)
    #expect([0, 5, 6, 10, 11].map(threshold.state) == [.ok, .ok, .warning, .warning, .critical])
    #expect(Threshold().state(.max) == .ok)
    #expect(Threshold(warning: nil, critical: 0).state(1) == .critical)
    #expect([NagiosState.ok, .warning, .unknown, .critical].sorted() == [.ok, .warning, .unknown, .critical])
  }

  @Test func `a line has one bar, whatever the text is`() {
    let answer = NagiosAnswer(
      .ok, "a|b\nc\u{1B}", [.init(label: "x", value: 3, unit: "s", threshold: Threshold(warning: 2))])
    #expect(answer.line(service: "synclog") == "CYRUS SYNCLOG WARNING - a/b\\nc\\x1b | x=3s;2;;0")
    #expect(NagiosAnswer(.unknown, "x").line(service: "failover-check") == "CYRUS FAILOVER-CHECK UNKNOWN - x")
  }

  @Test(arguments: StoresAndLog.all) func `of two stores, drift is critical by itself`(pair: StoresAndLog) throws {
    let summary = try pair.expectedReport["summary"] as? [String: Int] ?? [:]
    let drift = ["drift", "conflict", "pendingConflict"].reduce(0) { $0 + (summary[$1] ?? 0) }
    let lost = (try pair.expectedReport["diagnostics"] as? [Any])?.isEmpty == false
    let found = try Monitored.check(["diff"] + pair.arguments)
    #expect(found.status == (drift > 0 ? 2 : lost ? 1 : 0))
    #expect(found.numbers["drift"] == "\(drift)")
    let tolerant = try Monitored.check(["diff", "--critical-drift", "999"] + pair.arguments)
    #expect(tolerant.status == (lost ? 1 : 0))
  }

  @Test func `of two stores, by limits`() throws {
    let arguments = ["diff"] + StoresAndLog("04-mixed", 2).arguments
    #expect(try Monitored.check(arguments + ["--warning-drift", "0"]).start == "DIFF WARNING")
    #expect(
      try Monitored.check(arguments + ["--warning-drift", "0", "--critical-drift", "5"]).start == "DIFF CRITICAL")
    #expect(
      try Monitored.check(arguments + ["--warning-drift", "9", "--warning-pending", "3"]).start == "DIFF WARNING")
    #expect(
      try Monitored.check(arguments + ["--warning-drift", "9", "--critical-pending", "3"]).start == "DIFF CRITICAL")
    #expect(try Monitored.check(arguments + ["--warning-drift", "9", "--critical-pending", "4"]).start == "DIFF OK")
    #expect(try Monitored.check(["diff", "/none", "/none"]).start == "DIFF UNKNOWN")
  }

  @Test func `of a failover, by verdict`() throws {
    let behind = ["failover-check"] + StoresAndLog("02-pending", 1).arguments
    let verdict = try Tool.run(behind).status
    #expect(verdict == 1)
    #expect(try Monitored.check(behind).start == "FAILOVER-CHECK WARNING")
    #expect(try Monitored.check(behind + ["--warning-pending", "1000"]).start == "FAILOVER-CHECK OK")
    #expect(try Monitored.check(behind + ["--critical-pending", "1"]).start == "FAILOVER-CHECK CRITICAL")
    let unsafe = ["failover-check"] + StoresAndLog("04-mixed", 2).arguments
    #expect(try Monitored.check(unsafe + ["--warning-pending", "1000"]).start == "FAILOVER-CHECK CRITICAL")
    #expect(try Monitored.check(["failover-check", "/none", "/none"]).start == "FAILOVER-CHECK UNKNOWN")
  }

  @Test func `of checked files, the worst of them`() throws {
    let sound = try FixtureCopy("twoskip/ts-two.db").path
    let dirty = try FixtureCopy("twoskip/ts-dirty-tail.db").path
    let damaged = try FixtureCopy("twoskip/ts-bad-tail.db").path
    let odd = try FixtureCopy("twoskip/ts-odd-padding.db").path
    #expect(try Monitored.check(["verify", sound, dirty]).start == "VERIFY OK")
    #expect(try Monitored.check(["verify", "--strict", sound, dirty]).start == "VERIFY WARNING")
    #expect(try Monitored.check(["verify", sound, odd]).start == "VERIFY WARNING")
    #expect(try Monitored.check(["verify", odd, "/none"]).start == "VERIFY UNKNOWN")
    let worst = try Monitored.check(["verify", sound, "/none", damaged, "--threads", "2"])
    #expect(worst.start == "VERIFY CRITICAL" && worst.numbers == ["files": "3", "damage": "1", "warnings": "0"])
  }
}
