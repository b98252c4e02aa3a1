// Whole processes: what a person waits for, start and page faults included.

import CRivals
import Foundation
import Subjects

/// Two programs that answer the same question.
struct ProcessPair {
  let name: String
  let summary: String
  let own: [String]
  let rival: [String]
  let rivalName: String
  /// Whether both must write the same bytes.
  let areOutputsEqual: Bool
}

struct Processes {
  let workload: Workload
  /// Where our own program is.
  let program: String
  let cyrusPrograms = "/usr/lib/cyrus/bin"

  /// Why nothing can be run; nil if it can.
  var obstacle: String? {
    if !FileManager.default.isExecutableFile(atPath: program) { return "no program \(program)" }
    return FileManager.default.isExecutableFile(atPath: cyrusPrograms + "/cyr_dbtool") ? nil : "no cyr_dbtool"
  }

  func pairs() throws -> [ProcessPair] {
    let file = try workload.file(.packed)
    let copy = URL(fileURLWithPath: try workload.copyForCyrus(of: file, use: "tools")).path
    let configuration = try workload.configuration(database: copy)
    let tool = [cyrusPrograms + "/cyr_dbtool", "-C", configuration, copy, "twoskip"]
    return [
      ProcessPair(
        name: "process/show", summary: "list everything", own: [program, "show", "-q", "--format", "cyrus", file],
        rival: tool + ["show"], rivalName: "cyr_dbtool show", areOutputsEqual: true),
      ProcessPair(
        name: "process/verify", summary: "check a file", own: [program, "verify", file],
        rival: tool + ["consistent"], rivalName: "cyr_dbtool consistent", areOutputsEqual: false),
      ProcessPair(
        name: "process/mailboxes", summary: "list the mailboxes, decoded",
        own: [program, "mailboxes", "--all", "--format", "ndjson", file],
        rival: [cyrusPrograms + "/ctl_mboxlist", "-C", configuration, "-d"], rivalName: "ctl_mboxlist -d",
        areOutputsEqual: false),
    ]
  }

  func run(_ pair: ProcessPair, rounds: Int) throws -> SubjectResult {
    if pair.areOutputsEqual, try output(pair.own) != output(pair.rival) {
      throw BenchmarkFailure("\(pair.name): \(pair.rivalName) writes something else than \(pair.own[0])")
    }
    var times: [[Double]] = [[], []]
    for round in 0...rounds {
      for (index, arguments) in [pair.own, pair.rival].enumerated() {
        let start = Clock.wall.now()
        try spawn(arguments)
        if round > 0 { times[index].append(Clock.wall.now() - start) }
      }
    }
    let file = try workload.file(.packed)
    return SubjectResult(
      subject: pair.name, summary: pair.summary, unit: "mailbox", count: workload.mailboxCount,
      byteCount: try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0, rounds: rounds,
      contestants: Runner.figures([Contestant.own, pair.rivalName], times))
  }

  private func spawn(_ arguments: [String]) throws {
    var words = arguments.map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    let status = rv_run(&words)
    if status != 0 { throw BenchmarkFailure("\(arguments[0]) ended with \(status)") }
  }

  /// A digest of what a program writes.
  private func output(_ arguments: [String]) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "\"$@\" | cksum", "sh"] + arguments
    process.standardOutput = pipe
    try process.run()
    let text = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(bytes: text, encoding: .utf8) ?? ""
  }
}
