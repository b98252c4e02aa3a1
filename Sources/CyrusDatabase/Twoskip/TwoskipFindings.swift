// Collecting what a verification finds and covers, within bounded memory.

/// Findings and coverage, by rule.
struct TwoskipFindings {
  private struct Tally {
    var records: UInt64 = 0
    var bytes: UInt64 = 0
    /// By severity.
    var findings = InlineArray<3, UInt64>(repeating: 0)
    var skipped: String?
  }

  private var tallies = [Tally](repeating: Tally(), count: TwoskipRule.allCases.count + 1)
  private var listed: [Finding] = []

  /// Notes that a rule was applied to records that make up so many bytes.
  @inline(__always)
  mutating func cover(_ rule: TwoskipRule, records: UInt64 = 1, bytes: Int) {
    tallies[rule.rawValue].records += records
    tallies[rule.rawValue].bytes += UInt64(bytes)
  }

  /// Notes why a rule was not applied, or not everywhere. The first reason stands.
  mutating func skip(_ rule: TwoskipRule, _ reason: String) {
    if tallies[rule.rawValue].skipped == nil { tallies[rule.rawValue].skipped = reason }
  }

  /// Adds a finding, of the rule's own severity if no other is given.
  @inline(never)
  mutating func add(
    _ rule: TwoskipRule, _ severity: Finding.Severity? = nil, at bytes: Range<Int>, _ message: String,
    expected: UInt64? = nil, found: UInt64? = nil
  ) {
    let severity = severity ?? rule.severity
    tallies[rule.rawValue].findings[severity.rank] += 1
    // Counted by severity, so that a hundred warnings do not hide damage.
    guard tallies[rule.rawValue].findings[severity.rank] <= VerificationReport.listedFindingsMax else { return }
    listed.append(
      Finding(
        severity: severity, rule: rule.name,
        bytes: UInt64(bytes.lowerBound)..<UInt64(bytes.upperBound),
        expected: expected, found: found, message: message))
  }

  /// How often a rule was broken so far.
  func count(of rule: TwoskipRule) -> UInt64 {
    let counts = tallies[rule.rawValue].findings
    return counts[0] + counts[1] + counts[2]
  }

  /// How many findings there are of a severity.
  func count(of severity: Finding.Severity) -> UInt64 { tallies.reduce(0) { $0 + $1.findings[severity.rank] } }

  /// The findings that are listed, by place, each changed by `edit`.
  func findings(_ edit: (Finding) -> Finding) -> [Finding] {
    // By place, and at one place by the order in which they were found: sorted by position to be stable.
    listed.enumerated()
      .sorted { ($0.element.bytes.lowerBound, $0.offset) < ($1.element.bytes.lowerBound, $1.offset) }
      .map { edit($0.element) }
  }

  /// How many findings are not listed.
  var unlistedCount: UInt64 { TwoskipRule.allCases.reduce(0) { $0 + count(of: $1) } - UInt64(listed.count) }

  /// Every rule with what was covered of it.
  var coverage: [VerificationReport.Coverage] {
    TwoskipRule.allCases.map { rule in
      let tally = tallies[rule.rawValue]
      return VerificationReport.Coverage(
        rule: rule.name, recordCount: tally.records, byteCount: tally.bytes, findingCount: count(of: rule),
        skipped: tally.skipped)
    }
  }
}
