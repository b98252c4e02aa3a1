// Whether what a comparison says of two real stores becomes true when sync_client runs.

import CyrusSync
import Foundation
import Testing

/// One run of a scenario, with users and mailboxes of its own.
struct SyncProof {
  private let pair: ReplicaPair
  /// What `#` stands for in this run. None is part of another.
  private let tag: String
  private var files: [[UInt8]] = [[]]

  init(_ pair: ReplicaPair, number: Int) {
    self.pair = pair
    tag = "-\(number)-"
  }

  // MARK: - Steps

  /// Makes users and mailboxes on both sides.
  func prepare(_ commands: [String]) throws {
    _ = try pair.takeLog()
    for command in commands { try perform(command, on: .master) }
    let run = try pair.carryOut(pair.takeLog())
    try #require(run.status == 0, "\(run.output)")
  }

  mutating func take(_ step: SyncStep) throws {
    if step.command == "ROTATE" { return files.append([]) }
    try perform(step.command, on: step.side)
    let log = try pair.takeLog()
    switch step.lines {
    case .lost: break
    case .kept: files[files.count - 1] += log
    case .replaced(let lines): files[files.count - 1] += lines.flatMap { Array("\(own($0))\n".utf8) }
    }
  }

  /// Takes a step that may be refused, and keeps those of its lines that are wanted.
  mutating func attempt(_ command: String, on side: ReplicaPair.Side, keeping isWanted: () -> Bool) throws {
    let words = own(command).split(separator: " ", maxSplits: 1).map(String.init)
    try pair.attempt(words[0] == "APPEND" ? ReplicaPair.append(to: words[1], on: side) : own(command), on: side)
    let log = try pair.takeLog()
    for line in log.split(separator: UInt8(ascii: "\n")) where isWanted() {
      files[files.count - 1] += line + [UInt8(ascii: "\n")]
    }
  }

  /// The names of this run's mailboxes on a side, but for deleted ones.
  func mailboxes(on side: ReplicaPair.Side) throws -> [String] {
    try pair.mailboxes(on: side).filter { $0.hasPrefix("user/") && $0.contains(tag) }.map(plain)
  }

  private func perform(_ command: String, on side: ReplicaPair.Side) throws {
    let words = own(command).split(separator: " ", maxSplits: 1).map(String.init)
    switch words[0] {
    case "APPEND": try pair.command(ReplicaPair.append(to: words[1], on: side), on: side)
    case "FORGET": try pair.removeDeleted(words[1], on: side)
    case "RETYPE": try pair.retype(words[1], on: side)
    default: try pair.command(own(command), on: side)
    }
  }

  // MARK: - Answers

  /// Compares the stores; with the lines that were kept, or with none.
  func report(pending: Bool) throws -> StoreDiffReport {
    let logs = files.enumerated().map { SyncLog(label: "log-\($0)", bytes: $1) }
    return try pair.report(pending: pending ? logs : [])
  }

  /// Has the lines that were kept carried out, file by file; gives the first status that is not 0.
  func carryOutPending() throws -> ReplicaPair.Run {
    var last = ReplicaPair.Run(status: 0, output: "")
    for file in files where last.status == 0 { last = try pair.carryOut(file) }
    return last
  }

  /// Has those lines of a repair carried out that are of this run.
  func carryOut(_ repair: RepairLog) throws -> ReplicaPair.Run {
    var log: [UInt8] = []
    for action in repair.actions where String(decoding: action.text, as: UTF8.self).contains(tag) {
      try action.append(to: &log)
    }
    return try pair.carryOut(log)
  }

  // MARK: - Text

  /// A text with this run's names.
  func own(_ text: String) -> String { text.replacing("#", with: tag) }

  /// A text of this run as scenarios spell it.
  func plain(_ text: String) -> String {
    text.replacing(tag, with: "#").replacing(/(DELETED\.\S+)\.[0-9A-F]{8}/) { "\($0.1).*" }
  }

  /// This run's differences, each as its status, class and name.
  func differences(_ report: StoreDiffReport) -> [(status: String, class: String, name: String)] {
    report.differences.compactMap { difference in
      let name = String(decoding: difference.name.internalName, as: UTF8.self)
      guard name.contains(tag) else { return nil }
      return (difference.status.rawValue, difference.detail.className, plain(name))
    }
  }

  /// This run's differences as scenarios spell them.
  func lines(_ report: StoreDiffReport) -> Set<String> {
    let groups = Dictionary(grouping: differences(report)) { "\($0.status) + \($0.name)" }
    return Set(
      groups.map { key, group in key.replacing(" + ", with: " \(group.map(\.class).sorted().joined(separator: "+")) ") }
    )
  }

  func lines(_ repair: RepairLog) -> [String] {
    repair.actions.map { String(decoding: $0.text, as: UTF8.self) }.filter { $0.contains(tag) }.map(plain)
  }
}
