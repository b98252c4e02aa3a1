// What monitors read of sync logs.

import Foundation
import Testing

@Suite struct SynclogMonitoringTests {
  @Test func `of logs, by channel`() throws {
    let log = StoresAndLog("07-channels", 0).path("log")
    let found = try Monitored.metrics(["synclog", log, "--all-channels", "--at-rest"], status: 0)
    #expect(found.value("cyrus_synclog_up") == 1 && found.value("cyrus_synclog_exit_status") == 0)
    let now = Int(Date().timeIntervalSince1970)
    #expect((now - 60...now).contains(found.value("cyrus_synclog_run_timestamp_seconds") ?? 0))
    #expect(found.value("cyrus_synclog_lines", ["channel": "far", "file": "log-run"]) == 3)
    #expect(found.value("cyrus_synclog_lines", ["channel": "", "file": "log"]) == 3)
    #expect(found.value("cyrus_synclog_lines", ["channel": "", "file": "log-run"]) == 0)
    #expect(found.value("cyrus_synclog_size_bytes", ["channel": "far", "file": "log-run"]) == 66)
    #expect(found.value("cyrus_synclog_age_seconds", ["channel": "", "file": "log-run"]) == nil)
    #expect(found.value("cyrus_synclog_problems", ["channel": "far", "problem": "poison"]) == 0)
    #expect(found.value("cyrus_synclog_settled", ["channel": "squatter"]) == 1)
  }

  @Test func `of bad logs, every problem with its number`() throws {
    let log = StoresAndLog("09-bad-lines", 0).path("log")
    let found = try Monitored.metrics(["synclog", log, log + "/log", "--at-rest"], status: 2)
    // The log that is named as well is added to the channel without a name.
    #expect(found.value("cyrus_synclog_lines", ["channel": "", "file": "log"]) == 4)
    #expect(found.value("cyrus_synclog_problems", ["channel": "", "problem": "torn"]) == 2)
    #expect(found.value("cyrus_synclog_problems", ["channel": "", "problem": "unknownVerb"]) == 1)
    #expect(found.value("cyrus_synclog_invisible_lines", ["channel": ""]) == 2)
    #expect(found.value("cyrus_synclog_lost", ["channel": ""]) == 7)
    #expect(found.value("cyrus_synclog_stuck", ["channel": ""]) == 0)
    #expect(found.value("cyrus_synclog_exit_status") == 2)
  }

  @Test func `given labels are on every value`() throws {
    let sync = try SyncDirectory(["log": "USER joe\n"])
    let labels = ["--metrics-label", "host=a\"b\\c", "--metrics-label", "cluster_2="]
    let found = try Monitored.metrics(["synclog", sync.path] + labels, status: 0)
    for (name, family) in found.families {
      for labels in family.samples.keys {
        #expect(labels["host"] == "a\"b\\c" && labels["cluster_2"] == "", "\(name)")
      }
    }
    for wrong in ["host", "=x", "2x=y", "__x=y", "channel=x", "a-b=c", "é=x"] {
      let run = try Tool.run(["synclog", sync.path, "--metrics", sync.path + "/m", "--metrics-label", wrong])
      #expect(run.status == 64, "\(wrong)")
    }
  }

  @Test(arguments: [
    (["synclog", "NONE"], 66), (["synclog", "SYNC", "--channel", "no"], 66), (["synclog", "NONE", "--nagios"], 3),
  ])
  func `of a run that fails, that it did`(_ arguments: [String], _ status: Int) throws {
    let sync = try SyncDirectory()
    let path = sync.path + "/m.prom"
    try Data("old".utf8).write(to: URL(filePath: path))
    let places = ["NONE": sync.path + "/none", "SYNC": sync.path]
    let run = try Tool.run(arguments.map { places[$0] ?? $0 } + ["--metrics", path])
    #expect(run.status == Int32(status), "\(run)")
    let found = try OpenMetricsReader(String(contentsOfFile: path, encoding: .utf8))
    #expect(found.value("cyrus_synclog_up") == 0)
    #expect(found.value("cyrus_synclog_exit_status") == status)
    #expect(found.families.count == 3)
  }

  @Test func `the line for Nagios goes by limits for lines and age`() throws {
    let sync = try SyncDirectory(["log": "USER a\nUSER b\nUSER c\n"])
    try sync.age("log", 100)
    let rows: [(String, Int32)] = [
      ("", 0), ("--warning-lines 3", 0), ("--warning-lines 2", 1), ("--critical-lines 2", 2), ("--warning-age 50", 1),
      ("--warning-age 50 --critical-age 90", 2), ("--critical-age 5000", 0),
      ("--warning-lines 0 --critical-lines 9", 1),
      ("--stuck-age 60", 2),
    ]
    for (options, status) in rows {
      let found = try Monitored.check(["synclog", sync.path] + options.split(separator: " ").map(String.init))
      #expect(found.status == status, "\(options)")
      #expect(found.numbers["lines"] == "3" && found.numbers["age"]?.hasSuffix("s") == true)
    }
    for wrong in [
      "--warning-lines 5 --critical-lines 4", "--warning-age=-1", "--json", "--follow", "--nonsense", "--warning-age x",
    ] {
      let found = try Monitored.check(["synclog", sync.path] + wrong.split(separator: " ").map(String.init))
      #expect(found.start == "SYNCLOG UNKNOWN", "\(wrong)")
    }
    try sync.write("log", "USER  a\n")
    #expect(try Monitored.check(["synclog", sync.path]).start == "SYNCLOG CRITICAL")
    #expect(try Monitored.check(["synclog", sync.path + "/a|b"]).start == "SYNCLOG UNKNOWN")
  }

  @Test(.enabled(if: getuid() != 0, "root may read everything"))
  func `what may not be read is unknown`() throws {
    let sync = try SyncDirectory(["log": "USER a\n"])
    #expect(chmod(sync.path + "/log", 0) == 0)
    #expect(try Monitored.check(["synclog", sync.path]).start == "SYNCLOG UNKNOWN")
    #expect(try Monitored.check(["verify", sync.path + "/log"]).start == "VERIFY UNKNOWN")
  }
}
