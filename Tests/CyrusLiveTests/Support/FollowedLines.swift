// What a follower of a sync log told of numbered lines, and whether each came once and in its turn.

import CyrusSync

/// The lines that came so far.
struct FollowedLines {
  /// A line of a writer that came where another was expected.
  struct Slip: CustomStringConvertible {
    let writer: Int
    let expected, found: Int

    var description: String { "writer \(writer): \(found) instead of \(expected)" }
  }

  /// How many lines came, those of others included.
  private(set) var lineCount = 0
  /// How many lines came of `APPEND`, which only a server writes.
  private(set) var appendCount = 0
  private(set) var gapCount = 0
  private(set) var problems: [SyncLogFileDiagnostic] = []
  /// How many lines did not come, or came once more or too late.
  private(set) var missedCount = 0, doubledCount = 0
  private(set) var slips: [Slip] = []
  /// The last number of each writer.
  private(set) var last: [Int]
  private let names: [String]

  init(of names: [String]) {
    self.names = names
    last = names.map { _ in 0 }
  }

  mutating func add(_ event: SyncLogFollower.Event) {
    switch event {
    case .gap: gapCount += 1
    case .problem(let problem): problems.append(problem)
    case .line(let line):
      lineCount += 1
      if line.verb == .append { appendCount += 1 }
      guard line.verb == .mailbox else { return }
      for (writer, name) in names.enumerated() {
        if let number = LogWriter.number(in: line.arguments[0], of: name) { add(number, of: writer) }
      }
    }
  }

  /// Takes it that no more will come: what each writer has written besides is missing.
  mutating func end(_ counts: [Int]) { for (writer, count) in counts.enumerated() { add(count + 1, of: writer) } }

  private mutating func add(_ number: Int, of writer: Int) {
    let expected = last[writer] + 1
    if number != expected { slips.append(Slip(writer: writer, expected: expected, found: number)) }
    missedCount += max(0, number - expected)
    if number < expected { doubledCount += 1 }
    last[writer] = max(last[writer], number)
  }
}
