// Results as text: for the terminal, and as Markdown for the documentation.

import Foundation
import Subjects

extension Double {
  /// Three digits.
  var short: String {
    switch self {
    case ..<10: String(format: "%.2f", self)
    case ..<100: String(format: "%.1f", self)
    default: String(format: "%.0f", self)
    }
  }

  /// Nanoseconds as a time.
  var time: String {
    switch self {
    case ..<1e3: "\(short) ns"
    case ..<1e6: "\((self / 1e3).short) µs"
    case ..<1e9: "\((self / 1e6).short) ms"
    default: "\((self / 1e9).short) s"
    }
  }
}

struct Table {
  let results: Results
  /// Results of other runs, of fewer subjects, that the documentation also shows: more or fewer mailboxes, or checksums
  /// as on a processor that has less.
  var others: [Results] = []

  static let columns = ["subject", "contestant", "median", "each", "GB/s", "× own time", "own × memory"]

  /// A row for each contestant of each subject.
  var rows: [[String]] {
    results.subjects.flatMap { subject in subject.contestants.map { row($0, of: subject) } }
  }

  private func row(_ figures: Figures, of subject: SubjectResult) -> [String] {
    let isOwn = figures.contestant == Contestant.own
    let isLimit = figures.contestant == Contestant.memory
    let each = figures.median / Double(max(subject.count, 1))
    let speed = subject.byteCount > 0 ? (Double(subject.byteCount) / figures.median).short : ""
    let memory = subject[Contestant.memory].map { (1 / $0.ratio).short } ?? ""
    return [
      isOwn ? subject.subject : "", figures.contestant, figures.median.time, isLimit ? "" : each.time, speed,
      isOwn ? "" : figures.ratio.short, isOwn ? memory : "",
    ]
  }

  /// For the terminal.
  var text: String {
    var lines = [heading, ""]
    lines += Self.align([Self.columns] + rows)
    lines += ["", "goals"]
    lines += Self.align(
      goals.map { [$0.subject, $0.goal, $0.found, $0.isMet ? "met" : "MISSED, \($0.shortfall.short) × too slow"] })
    if !results.absent.isEmpty { lines += ["", "absent: " + results.absent.joined(separator: ", ")] }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Subjects with what they are, one a line.
  var goals: [GoalResult] { Goal.all(for: results).compactMap { $0.result(results) } }

  var heading: String {
    "\(results.mailboxCount) mailboxes, hot, \(results.clock) time; "
      + "\(results.processorCount) × \(results.processor); \(results.release)"
      + (results.checksums.map { "; checksums: \($0)" } ?? "")
  }

  static func align(_ rows: [[String]]) -> [String] {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).enumerated().map { index, cell in
        let padding = String(repeating: " ", count: cell.1 - cell.0.count)
        return index < 2 ? cell.0 + padding : padding + cell.0
      }
      return cells.joined(separator: "  ")
    }
  }

  /// For the documentation.
  func markdown(chart: String?) -> String {
    var lines = [
      "# Performance", "", "Made by `Scripts/compare render`; do not edit. \(heading).", "",
      "Contestants take turns in one process; *× own time* is the median, over the rounds, of how many times as long a",
      "rival took as we did in the same round, so more is better for us. *memory* is the sum of all words of the file in",
      "memory, the limit of this machine; *own × memory* is how many times as long we took, so less is better. Later tables",
      "have *× memory* among the rivals. Who reads records saw the same ones as we did, or the run would have failed.",
      "Whole processes (`process/…`) are timed by the clock on the wall, start and page faults included.", "",
    ]
    if let chart { lines += ["![How many times as long rivals take](\(chart))", ""] }
    lines += Self.markdownRows([Self.columns] + rows, rightFrom: 2)
    lines += ["", "| subject | what is done |", "|---|---|"]
    lines += results.subjects.map { "| \($0.subject) | \($0.summary) |" }
    lines += ["", "## Goals", "", "[Bounds.md](Bounds.md) has what stops those that are missed.", ""]
    lines += Self.markdownRows(
      [["subject", "goal", "found", "", "too slow by"]]
        + goals.map {
          [$0.subject, $0.goal, $0.found, $0.isMet ? "met" : "missed", $0.isMet ? "" : $0.shortfall.short]
        },
      rightFrom: 4)
    for other in others { lines += other.section }
    lines += ["", "## What is not here"]
    lines += ["", "Not measured, as there is no function for it: " + Goal.unoffered.joined(separator: "; ") + "."]
    if !results.absent.isEmpty { lines += ["", "Absent: " + results.absent.joined(separator: ", ") + "."] }
    return lines.joined(separator: "\n") + "\n"
  }

  fileprivate static func markdownRows(_ rows: [[String]], rightFrom: Int) -> [String] {
    var lines = rows.map { "| " + $0.joined(separator: " | ") + " |" }
    let rule = (rows.first ?? []).indices.map { $0 < rightFrom ? "---" : "---:" }
    lines.insert("|" + rule.joined(separator: "|") + "|", at: 1)
    return lines
  }
}

extension Results {
  /// What one of these runs came to, in short.
  fileprivate var title: String {
    switch checksums {
    case "table"?: "Checksums without carry-less multiplication, by tables"
    case "folding"?: "Checksums on processors without VPCLMULQDQ"
    case let way?: "Checksums: \(way)"
    case nil: "\(mailboxCount) mailboxes"
    }
  }

  /// Our own figures, and how many times as long each rival took.
  fileprivate var section: [String] {
    let rivals = subjects.flatMap { $0.contestants.dropFirst().map(\.contestant) }
    let columns = rivals.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let rows = subjects.map { subject in
      let own = subject.contestants[0]
      return [subject.subject, own.median.time, (own.median / Double(max(subject.count, 1))).time]
        + columns.map { subject[$0]?.ratio.short ?? "" }
    }
    var lines = ["", "## \(title)", ""]
    lines += Table.markdownRows([["subject", "median", "each"] + columns.map { "× \($0)" }] + rows, rightFrom: 1)
    let goals = checksums == nil ? [] : Table(results: self).goals
    if !goals.isEmpty { lines.append("") }
    lines += goals.map {
      "\($0.subject): goal \($0.goal), found \($0.found)" + ($0.isMet ? "." : ": missed by \($0.shortfall.short).")
    }
    return lines
  }
}
