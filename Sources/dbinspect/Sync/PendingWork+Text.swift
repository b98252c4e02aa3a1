// What `synclog` tells people.
//
//   /var/lib/cyrus/sync
//   FILE     LINES  BYTES  CHANGED               AGE
//   log-run     30   1120  2026-11-26T03:09:15Z  4 min
//   log         48   1829  2026-11-26T03:13:10Z  3 s
//   USER        LINES  MAILBOXES
//   alice          12          4  whole user
//   lost  log:4: sync_client takes this for the end of the log: 3 lines from here on (71 bytes) …

import CyrusMailboxes
import CyrusSync

extension PendingWork {
  /// What of it people want to see.
  struct Display {
    /// How many users; nil for none.
    var userCountMax: Int?
    /// Whether to show what sync_client does for each file.
    var hasSteps = false
    /// How many problems of a kind are shown for each file.
    static let problemCountMax = 10
  }

  /// Prints all of it.
  func print(_ display: Display, to output: inout Output) {
    for channel in channels {
      output.append(channel.title, in: .bold)
      output.line()
      printFiles(of: channel, to: &output)
      if let userCountMax = display.userCountMax { printUsers(of: channel, userCountMax, to: &output) }
      if display.hasSteps { for file in channel.capture.files { printSteps(of: file, to: &output) } }
      printProblems(of: channel, to: &output)
    }
    output.line(conclusion)
  }

  private func printFiles(of channel: PendingChannel, to output: inout Output) {
    guard !channel.capture.files.isEmpty else { return output.line("no logs") }
    var rows = [["FILE", "LINES", "BYTES", "CHANGED", "AGE"]]
    for file in channel.capture.files {
      var age = duration(age(file))
      if let orphan = file.orphan {
        let process = orphan.process.map { "process \($0)" } ?? "no process"
        age += "  \(process)\(orphan.isAlive ? " is there" : " is gone")"
      }
      rows.append([
        printable(file.log.label), "\(file.log.lines.count)", "\(file.byteCount)", timestamp(file.modifiedSeconds), age,
      ])
    }
    output.table(rows, numbers: [1, 2])
  }

  private func printUsers(of channel: PendingChannel, _ countMax: Int, to output: inout Output) {
    guard !channel.backlog.isEmpty, countMax > 0 else { return }
    var rows = [["USER", "LINES", "MAILBOXES", ""]]
    for backlog in channel.backlog.prefix(countMax) {
      let remarks = (backlog.isWholeUser ? ["whole user"] : []) + (backlog.isRemoved ? ["deleted or renamed"] : [])
      rows.append([
        backlog.user.map { escaped($0.rawSpan) } ?? "(no owner)", "\(backlog.lineCount)", "\(backlog.mailboxCount)",
        remarks.joined(separator: ", "),
      ])
    }
    output.table(rows, numbers: [1, 2])
    let rest = channel.backlog.count - countMax
    if rest > 0 { output.line("and \(counted(rest, "more user")); --by-user shows all") }
  }

  private func printSteps(of file: SyncLogFile, to output: inout Output) {
    let batch = PendingBatch(file.log, client: options.client, settings: options.settings)
    let steps = batch.steps(client: options.client)
    let label = printable(file.log.label)
    let made = "\(counted(file.log.lines.count, "line")) make \(counted(steps.count, "step"))"
    output.append("\(label), as sync_client \(options.client) carries it out: \(made)", in: .bold)
    output.line()
    let width = steps.map { String($0.line).utf8.count }.max() ?? 0
    var last: String?
    for step in steps {
      let heading = step.group.map {
        $0.isEmpty ? "  group of those without an owner" : "  group \(escaped($0.rawSpan))"
      }
      if let heading, heading != last { output.line(heading) }
      if heading == nil, last != nil { output.line("  then") }
      last = heading
      output.line(
        "    \("\(step.line)".rightAligned(to: width))  \(escaped(step.action.displayText.rawSpan))")
    }
    if batch.unknownCount > 0 { output.line("  passed over: \(counted(batch.unknownCount, "line"))") }
  }

  private func printProblems(of channel: PendingChannel, to output: inout Output) {
    var shown: [String: Int] = [:]
    for problem in channel.problems.kept {
      let count = shown["\(problem.kind.name) \(problem.file)", default: 0] + 1
      shown["\(problem.kind.name) \(problem.file)"] = count
      guard count <= Display.problemCountMax else { continue }
      output.append(problem.effect.rawValue.padded(to: 5), in: problem.effect == .note ? .yellow : .red)
      let place = printable(problem.file) + (problem.line.map { ":\($0)" } ?? "")
      output.line("  \(place): \(problem.text)")
    }
    let rest = channel.problems.count - shown.values.reduce(0) { $0 + min($1, Display.problemCountMax) }
    if rest > 0 { output.line("and \(counted(rest, "more line")) of these kinds") }
    if !channel.capture.isSettled {
      output.line("the logs were renamed again and again while they were read: lines may be missing here")
    }
  }

  /// One line: how much waits, for how long, and whether all of it will be seen.
  var conclusion: String {
    let users = userCount == 0 ? "" : " for \(counted(userCount, "user"))"
    var parts = [lineCount == 0 ? "nothing is pending" : "\(counted(lineCount, "line")) pending\(users)"]
    if let oldestAge { parts.append("the oldest log was changed \(duration(oldestAge)) ago") }
    let invisible = channels.reduce(0) { $0 + $1.invisibleLineCount }
    if invisible > 0 { parts.append("\(counted(invisible, "line")) that sync_client does not see") }
    if count(.lost) > 0 { parts.append("\(counted(count(.lost), "place")) where lines are lost") }
    if count(.stuck) > 0 { parts.append("stuck") }
    return parts.joined(separator: "; ")
  }

  /// Says what to do, and what was not looked at.
  func tellAdvice() {
    var told: Set<String> = []
    for channel in channels {
      for problem in channel.problems.kept {
        if let advice = problem.advice, told.insert(advice).inserted {
          Talk.line("hint: \(problem.path): \(advice)")
        }
      }
    }
    if count(.lost) > 0 {
      Talk.line("hint: what such lines were about can differ for good: dbinspect diff finds it, --emit-log settles it")
    }
    if !otherChannels.isEmpty {
      Talk.line("note: other channels: \(otherChannels.joined(separator: ", ")); --all-channels shows them, too")
    }
  }
}

extension PendingChannel {
  /// For people.
  fileprivate var title: String {
    guard let directory, let name else { return "files" }
    return printable(directory) + (name.isEmpty ? "" : ", channel \(printable(name))")
  }
}

extension SyncAction {
  /// The line, or if no line can say it its words with spaces between them.
  var displayText: [UInt8] {
    if !isUnwritable { return text }
    return Array(verb.rawValue.utf8) + [UInt8(ascii: " ")] + first + (second.map { [UInt8(ascii: " ")] + $0 } ?? [])
  }
}

extension Output {
  /// Prints rows in columns; the first row is the headings.
  ///
  /// - Parameter numbers: Which columns are aligned to the right.
  mutating func table(_ rows: [[String]], numbers: Set<Int>) {
    let widths = (rows.first ?? []).indices.map { column in rows.map(\.[column].unicodeScalars.count).max() ?? 0 }
    for (index, row) in rows.enumerated() {
      let cells = row.enumerated().map { column, text in
        numbers.contains(column) ? text.rightAligned(to: widths[column]) : text.padded(to: widths[column])
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      if index == 0 { append(line, in: .bold) } else { append(line) }
      self.line()
    }
  }
}
