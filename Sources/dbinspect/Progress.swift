// A bar on standard error for work that takes long.

import Synchronization

/// Shows how far some work has come: only on a terminal, and only if it takes longer than half a second.
///
/// Sendable: what changes is behind a lock.
final class Progress: Sendable {
  private struct Shown {
    var last: ContinuousClock.Instant
    var isShown = false
  }

  private let label: String
  private let unit: Unit
  private let isOn: Bool
  private let start = ContinuousClock.now
  private let shown: Mutex<Shown>

  /// What is counted.
  enum Unit {
    case bytes, records, files
  }

  /// - Parameters:
  ///   - label: What is worked on.
  ///   - unit: What is counted.
  ///   - isOn: Whether it may be shown at all.
  init(_ label: String, _ unit: Unit, isOn: Bool = true) {
    self.label = label
    self.unit = unit
    self.isOn = isOn && Talk.isTerminal
    // So that half a second passes before it is shown for the first time, and a tenth between changes.
    shown = Mutex(Shown(last: start + .milliseconds(400)))
  }

  /// Says how much is done; `total` is nil if unknown.
  func update(_ done: UInt64, of total: UInt64?) {
    guard isOn else { return }
    let now = ContinuousClock.now
    shown.withLock { shown in
      guard now - shown.last >= .milliseconds(100) else { return }
      shown.last = now
      shown.isShown = true
      let line = Self.fitted(printable(label), numbers(done, of: total, after: now - start), columns: Talk.columns)
      Talk.write("\r\u{1B}[K" + line)
    }
  }

  /// Takes the bar away.
  func end() {
    guard isOn else { return }
    shown.withLock { shown in
      if shown.isShown { Talk.write("\r\u{1B}[K") }
      shown.isShown = false
    }
  }

  /// What fits into one line of a terminal: of a long label the end, which is a file's name.
  static func fitted(_ label: String, _ numbers: String, columns: Int) -> String {
    // A terminal may go to the next line once the last column is filled.
    let room = max(0, columns - 1)
    let left = room - numbers.unicodeScalars.count
    var label = label
    if label.unicodeScalars.count > left {
      label = left > 1 ? "…" + String(String.UnicodeScalarView(label.unicodeScalars.suffix(left - 1))) : ""
    }
    return String(String.UnicodeScalarView((label + numbers).unicodeScalars.prefix(room)))
  }

  private func numbers(_ done: UInt64, of total: UInt64?, after elapsed: Duration) -> String {
    let seconds = max(elapsed / .seconds(1), 0.001)
    let rate = Double(done) / seconds
    var line = ""
    if let total, total > 0 {
      let share = min(1, Double(done) / Double(total))
      let filled = Int(share * 24)
      line += " [\(String(repeating: "#", count: filled))\(String(repeating: ".", count: 24 - filled))] "
      line += "\(Int(share * 100)) %"
    }
    switch unit {
    case .bytes: line += "  \(rounded(UInt64(rate)))/s"
    case .records: line += "  \(done) records, \(UInt64(rate))/s"
    case .files: line += "  \(counted(done, "file"))"
    }
    if let total, done > 0, total > done {
      line += ", \(duration(Double(total - done) / rate)) left"
    }
    return line
  }

  private func duration(_ seconds: Double) -> String {
    let seconds = Int(min(seconds.rounded(.up), 359_999))
    return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
  }
}
