// Findings and reports of a verification, as text and as JSON.

import CyrusDatabase

// MARK: - Text

extension Output {
  /// Appends a finding as a line: severity, rule, place, what is wrong, expected and found.
  mutating func append(_ finding: Finding) {
    append(finding.severity.rawValue, in: finding.severity.color)
    append(" \(finding.rule) at \(place(finding.bytes.lowerBound)): \(printable(finding.message))")
    let numbers = [("expected", finding.expected), ("found", finding.found)].compactMap { name, number in
      number.map { "\(name) \(self.number($0, of: finding.rule))" }
    }
    line(numbers.isEmpty ? "" : ": " + numbers.joined(separator: ", "))
  }

  /// Checksums are read as hexadecimal digits; all else may be a place or a count, so both forms are given.
  private func number(_ value: UInt64, of rule: String) -> String {
    rule.hasSuffix("checksum") ? hexadecimal(value) : "\(value) (\(hexadecimal(value)))"
  }

  /// Appends a report in one line: verdict, state, records, bytes, findings.
  mutating func appendSummary(of report: VerificationReport) {
    append(report.verdict.rawValue, in: report.verdict.color)
    var parts = ["file \(report.state.rawValue)"]
    if let expected = report.expectedRecordCount, expected != report.recordCount {
      parts.append("\(report.recordCount) of \(counted(expected, "record"))")
    } else {
      parts.append(counted(report.recordCount, "record"))
    }
    parts.append(counted(report.fileByteCount, "byte"))
    parts.append(findingCounts(of: report))
    if report.depth == .quick { parts.append("quick check only") }
    line(": " + parts.joined(separator: ", "))
  }

  private func findingCounts(of report: VerificationReport) -> String {
    let total = UInt64(report.findings.count) + report.unlistedFindingCount
    guard total > 0 else { return "no findings" }
    let counts = Finding.Severity.allCases.reversed().compactMap { severity in
      let count = report.findings.count { $0.severity == severity }
      // Damage has no plural.
      let text = severity == .damage ? "\(count) damage" : counted(count, severity.rawValue)
      return count > 0 ? text : nil
    }
    let listed = report.unlistedFindingCount > 0 ? "listed: " : ""
    return "\(counted(total, "finding")) (\(listed)\(counts.joined(separator: ", ")))"
  }

  /// Appends how far each rule was checked, and what the bytes are; these add up to the file.
  mutating func appendTables(of report: VerificationReport) {
    let width = max(4, report.rules.map(\.rule.count).max() ?? 0)
    row("rule".padded(to: width), "records", "bytes", "findings", in: .bold)
    for rule in report.rules {
      row(rule.rule.padded(to: width), "\(rule.recordCount)", "\(rule.byteCount)", "\(rule.findingCount)")
      if let skipped = rule.skipped { line("  not checked, or not everywhere: \(printable(skipped))") }
    }
    row("part".padded(to: width), "count", "bytes", nil, in: .bold)
    for part in report.parts { row(part.name.padded(to: width), "\(part.count)", "\(part.byteCount)", nil) }
    row("file".padded(to: width), "", "\(report.parts.reduce(0) { $0 + $1.byteCount })", nil)
  }

  private mutating func row(
    _ name: String, _ first: String, _ second: String, _ third: String?, in color: Color? = nil
  ) {
    let text =
      name + first.rightAligned(to: 12) + second.rightAligned(to: 16) + (third?.rightAligned(to: 10) ?? "")
    if let color { append(text, in: color) } else { append(text) }
    line()
  }
}

extension Finding.Severity {
  /// Its colour on a terminal.
  fileprivate var color: Color {
    switch self {
    case .note: .faint
    case .warning: .yellow
    case .damage: .red
    }
  }
}

extension VerificationReport.Verdict {
  /// Its colour on a terminal.
  fileprivate var color: Color {
    switch self {
    case .sound: .green
    case .recoverable: .yellow
    case .damaged: .red
    }
  }
}

// MARK: - JSON

extension Output {
  /// Writes a report's members behind the file and the engine.
  mutating func members(of report: VerificationReport) {
    member("state", report.state.rawValue)
    member("verdict", report.verdict.rawValue)
    member("depth", report.depth.rawValue)
    member("records", report.recordCount)
    member("expectedRecords", report.expectedRecordCount)
    object("bytes") { output in
      output.member("total", report.fileByteCount)
      output.object("covered", .inline) { output in
        for part in report.parts { output.member(part.name, part.byteCount) }
      }
    }
    array("findings") { output in
      for finding in report.findings { output.element(finding) }
    }
    member("unlistedFindings", report.unlistedFindingCount)
    array("rules") { output in
      for rule in report.rules {
        output.object(.inline) { output in
          output.member("rule", rule.rule)
          output.member("records", rule.recordCount)
          output.member("bytes", rule.byteCount)
          output.member("findings", rule.findingCount)
          output.member("skipped", rule.skipped)
        }
      }
    }
  }

  /// Writes a finding as an element of an array.
  mutating func element(_ finding: Finding) {
    object(.inline) { output in
      output.member("rule", finding.rule)
      output.member("severity", finding.severity.rawValue)
      output.member("offset", finding.bytes.lowerBound)
      output.member("length", finding.bytes.count)
      output.member("expected", finding.expected)
      output.member("found", finding.found)
      output.member("message", finding.message)
    }
  }
}
