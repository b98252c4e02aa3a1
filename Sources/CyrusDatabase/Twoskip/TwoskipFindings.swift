// Collecting what a verification finds and covers, within bounded memory.

/// Findings and coverage, by rule.
struct TwoskipFindings {
  private struct Tally {
    var records: UInt64 = 0
    var bytes: UInt64 = 0
    var findings: UInt64 = 0
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
    tallies[rule.rawValue].findings += 1
    guard tallies[rule.rawValue].findings <= VerificationReport.listedFindingsMax else { return }
    listed.append(
      Finding(
        severity: severity ?? rule.severity, rule: rule.name,
        bytes: UInt64(bytes.lowerBound)..<UInt64(bytes.upperBound),
        expected: expected, found: found, message: message))
  }

  /// How often a rule was broken so far.
  func count(of rule: TwoskipRule) -> UInt64 { tallies[rule.rawValue].findings }

  /// The findings that are listed, by place, each changed by `edit`.
  func findings(_ edit: (Finding) -> Finding) -> [Finding] {
    // By place, and at one place by the order in which they were found: sorted by position to be stable.
    listed.enumerated()
      .sorted { ($0.element.bytes.lowerBound, $0.offset) < ($1.element.bytes.lowerBound, $1.offset) }
      .map { edit($0.element) }
  }

  /// How many findings are not listed.
  var unlistedCount: UInt64 { tallies.reduce(0) { $0 + $1.findings } - UInt64(listed.count) }

  /// Every rule with what was covered of it.
  var coverage: [VerificationReport.Coverage] {
    TwoskipRule.allCases.map { rule in
      let tally = tallies[rule.rawValue]
      return VerificationReport.Coverage(
        rule: rule.name, recordCount: tally.records, byteCount: tally.bytes, findingCount: tally.findings,
        skipped: tally.skipped)
    }
  }
}
