// Findings as tests write them down.

@testable import CyrusDatabase

/// What a test knows of a finding: everything but the words.
struct Known: Hashable, Sendable, Comparable, CustomStringConvertible {
  let severity: Finding.Severity
  let rule: String
  /// The first byte of the structure at fault.
  let offset: UInt64

  init(_ severity: Finding.Severity, _ rule: TwoskipRule, _ offset: Int) {
    self.severity = severity
    self.rule = rule.name
    self.offset = UInt64(offset)
  }

  init(_ finding: Finding) {
    severity = finding.severity
    rule = finding.rule
    offset = finding.bytes.lowerBound
  }

  static func damage(_ rule: TwoskipRule, _ offset: Int) -> Known { Known(.damage, rule, offset) }
  static func warning(_ rule: TwoskipRule, _ offset: Int) -> Known { Known(.warning, rule, offset) }
  static func note(_ rule: TwoskipRule, _ offset: Int) -> Known { Known(.note, rule, offset) }

  /// All findings of a report, sorted.
  static func all(in report: VerificationReport) -> [Known] { report.findings.map(Known.init).sorted() }

  static func < (left: Known, right: Known) -> Bool {
    (left.offset, left.rule, left.severity.rawValue) < (right.offset, right.rule, right.severity.rawValue)
  }

  var description: String { "\(severity) \(rule) at \(offset)" }
}
