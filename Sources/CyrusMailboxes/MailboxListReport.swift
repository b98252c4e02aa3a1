// What the checks of a whole mailboxes.db found, counted by rule.

public import CyrusDatabase

/// What the checks of a whole `mailboxes.db`, or a preflight of an upgrade, found.
public struct MailboxListReport: Sendable, Hashable {
  /// How often one rule was broken, findings that are not listed included.
  public struct RuleCount: Sendable, Hashable {
    /// The rule's name.
    public let rule: String
    /// Findings that are worth knowing.
    public let noteCount: UInt64
    /// Findings that are odd.
    public let warningCount: UInt64
    /// Findings that are damage.
    public let damageCount: UInt64

    /// All of them.
    public var count: UInt64 { noteCount + warningCount + damageCount }
  }

  /// How the keys of the file are built.
  public let form: MailboxKey.Form
  /// The order of the keys; nil if they are in none.
  public let keyOrder: KeyOrder?
  /// Records that were looked at.
  public let recordCount: UInt64
  /// Mailboxes: records under a name that are no tombstones.
  public let mailboxCount: UInt64
  /// Records under a name that are tombstones.
  public let tombstoneCount: UInt64
  /// Whether all records of the file were found. If not, what is said to be missing may be what was lost.
  public let isComplete: Bool
  /// The rules that were broken, by name.
  public let rules: [RuleCount]
  /// What was found, by place. At most ``listedFindingsMax`` for each rule and severity.
  public let findings: [Finding]

  /// How many findings of one rule and severity a report lists.
  public static let listedFindingsMax = 100

  /// How many findings are damage, those included that are not listed.
  public var damageCount: UInt64 { rules.reduce(0) { $0 + $1.damageCount } }

  /// How many findings are not listed, because there are so many of their rule.
  public var unlistedFindingCount: UInt64 { rules.reduce(0) { $0 + $1.count } - UInt64(findings.count) }

  /// Whether all records were found, and nothing is damage.
  public var isSound: Bool { isComplete && damageCount == 0 }

  /// How often a rule was broken.
  public func count(of rule: String) -> UInt64 { rules.first { $0.rule == rule }?.count ?? 0 }
}

/// Collects findings within bounded memory.
struct MailboxListFindings {
  private var counts: [String: InlineArray<3, UInt64>] = [:]
  private var listed: [Finding] = []

  /// Counts a finding.
  ///
  /// - Returns: Whether it is to be listed, so that a message is worth making.
  mutating func count(_ rule: String, _ severity: Finding.Severity) -> Bool {
    var count = counts[rule] ?? InlineArray(repeating: 0)
    count[severity.rank] += 1
    counts[rule] = count
    return count[severity.rank] <= MailboxListReport.listedFindingsMax
  }

  /// Lists a finding that was counted.
  mutating func list(_ rule: String, _ severity: Finding.Severity, at bytes: Range<UInt64>, _ message: String) {
    listed.append(Finding(severity: severity, rule: rule, bytes: bytes, message: message))
  }

  /// Counts a finding, and lists it if there are not too many of its rule.
  mutating func add(_ rule: String, _ severity: Finding.Severity, at bytes: Range<UInt64>, _ message: String) {
    if count(rule, severity) { list(rule, severity, at: bytes, message) }
  }

  /// Adds a finding about a record.
  mutating func add(
    _ rule: CrossCheckRule, _ severity: Finding.Severity? = nil, _ record: borrowing RecordView, _ message: String
  ) {
    add(rule.rawValue, severity ?? rule.severity, at: record.bytes, "\(readable(record.key)): \(message)")
  }

  /// The findings that are listed, by place, and at one place in the order in which they were found.
  var sorted: [Finding] {
    listed.enumerated()
      .sorted { ($0.element.bytes.lowerBound, $0.offset) < ($1.element.bytes.lowerBound, $1.offset) }
      .map(\.element)
  }

  var rules: [MailboxListReport.RuleCount] {
    counts.sorted { $0.key < $1.key }.map { rule, count in
      MailboxListReport.RuleCount(rule: rule, noteCount: count[0], warningCount: count[1], damageCount: count[2])
    }
  }
}

/// Bytes for people: what is not printable ASCII stands as `\x` and two digits, and what is long is cut.
func readable(_ bytes: RawSpan, byteCountMax: Int = 100) -> String {
  var text = ""
  var place = 0
  while place < min(bytes.byteCount, byteCountMax) {
    let byte = bytes.byte(at: place)
    if 0x20..<0x7F ~= byte, byte != UInt8(ascii: "\\") {
      text.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      text += byte < 0x10 ? "\\x0" : "\\x"
      text += String(byte, radix: 16)
    }
    place += 1
  }
  return bytes.byteCount > byteCountMax ? text + "…" : text
}
