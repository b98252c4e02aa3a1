// What monitors are told of checked files.

import CyrusDatabase

/// What came of the files so far.
struct VerifyTally {
  private var checked = Metric("cyrus_verify_checked", "Whether the file could be checked.")
  private var verdicts = Metric("cyrus_verify_verdict", "Whether this is the verdict on the file.")
  private var findings = Metric("cyrus_verify_findings", "Findings in the file.")
  private var records = Metric("cyrus_verify_records", "Live records that were found.")
  private var sizes = Metric("cyrus_verify_size_bytes", "Size of the file.")
  private var state = NagiosState.ok
  private var damageCount = 0
  private var warningCount = 0
  private var fileCount = 0
  /// Whether all files could be checked.
  private(set) var isUp = true
  private var seen: Set<String> = []
  /// The first of those that are worst, and how many there are of them.
  private var worst: (text: String, count: Int) = ("", 0)

  private static let verdicts: [VerificationReport.Verdict] = [.sound, .recoverable, .damaged]

  mutating func add(_ check: FileChecks.Outcome, strict: Bool) {
    // A file that is named twice has the same labels.
    guard seen.insert(check.file).inserted else { return }
    fileCount += 1
    let file = check.file
    switch check.result {
    case .failure(let failure):
      isUp = false
      checked.add(0, ["file": file])
      note(.unknown, "\(file): \(failure.message)")
    case .success(let report):
      checked.add(1, ["file": file])
      for verdict in Self.verdicts {
        verdicts.add(verdict == report.verdict ? 1 : 0, ["file": file, "verdict": verdict.rawValue])
      }
      for severity in Finding.Severity.allCases {
        let count = report.count(severity)
        findings.add(count, ["file": file, "severity": severity.rawValue])
      }
      records.add(report.recordCount, ["file": file])
      sizes.add(report.fileByteCount, ["file": file])
      damageCount += report.count(.damage)
      warningCount += report.count(.warning)
      let isWarning = report.count(.warning) > 0 || (strict && report.verdict == .recoverable)
      let state: NagiosState = report.verdict == .damaged ? .critical : isWarning ? .warning : .ok
      let counts =
        "\(counted(report.count(.damage), "place")) with damage, \(counted(report.count(.warning), "warning"))"
      note(state, "\(file): \(report.verdict.rawValue), \(counts)")
    }
  }

  private mutating func note(_ state: NagiosState, _ text: String) {
    if state > self.state { worst = ("", 0) }
    self.state = max(self.state, state)
    guard state == self.state else { return }
    worst = (worst.count == 0 ? text : worst.text, worst.count + 1)
  }

  var metrics: [Metric] { [checked, verdicts, findings, records, sizes] }

  /// The line for Nagios.
  var answer: NagiosAnswer {
    let text = state == .ok ? "\(counted(fileCount, "file")) without damage" : worst.text
    let more = state == .ok || worst.count < 2 ? "" : ", and \(worst.count - 1) more"
    return NagiosAnswer(
      state, text + more,
      [
        .init(label: "files", value: fileCount), .init(label: "damage", value: damageCount),
        .init(label: "warnings", value: warningCount),
      ])
  }
}

extension VerificationReport {
  /// How many findings there are; of notes and warnings, if there are very many, those that are listed.
  fileprivate func count(_ severity: Finding.Severity) -> Int {
    severity == .damage ? Int(clamping: damageCount) : findings.count { $0.severity == severity }
  }
}
