// The result of a verification: a value that accounts for every byte and every rule.

/// How much a verification looks at.
public enum VerificationDepth: String, Sendable, Hashable, CaseIterable {
  /// Every rule, every byte.
  case full
  /// What a reader of list 0 relies on: the header, and the heads, keys and links of the live records. No tail
  /// checksum, no dead record, no log.
  case quick
}

/// What a verification found.
public struct VerificationReport: Sendable, Hashable {
  /// The file in one word.
  public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// At rest, and nothing is wrong but perhaps for warnings.
    case sound
    /// Dirty, or longer than its committed end; the committed state is whole.
    case recoverable
    /// Some rule is broken in a way that puts content or use in danger.
    case damaged
  }

  /// A kind of bytes, and how many there are. The parts of a report add up to the file.
  public struct Part: Sendable, Hashable {
    /// `header`, `heads`, `tails`, `blanks`, `unparsed`, `uncommitted` or `unvisited`.
    public let name: String
    /// Bytes of this kind.
    public let byteCount: UInt64
    /// How many structures they make.
    public let count: UInt64
  }

  /// How far one rule was checked.
  public struct Coverage: Sendable, Hashable {
    /// The rule's name.
    public let rule: String
    /// Records the rule was applied to; 1 for a rule about the file as a whole.
    public let recordCount: UInt64
    /// Bytes the rule was applied to.
    public let byteCount: UInt64
    /// How often the rule was broken, findings that are not listed included.
    public let findingCount: UInt64
    /// Why the rule was not applied, or not everywhere; nil if it was.
    public let skipped: String?
  }

  /// The engine; nil for an empty file.
  public let engine: Engine?
  /// The state the file was in.
  public let state: FileState
  /// How much was looked at.
  public let depth: VerificationDepth
  /// Live records met on list 0.
  public let recordCount: UInt64
  /// Live records by the header; nil if the file is dirty or has no header to trust.
  public let expectedRecordCount: UInt64?
  /// Size of the file in bytes.
  public let fileByteCount: UInt64
  /// The header that the file had; nil if there was none.
  public let header: TwoskipHeader?
  /// Every byte of the file, by kind. The byte counts add up to ``fileByteCount``.
  public let parts: [Part]
  /// Every rule, in the order of the format's description.
  public let rules: [Coverage]
  /// What was found, by place. At most ``listedFindingsMax`` for each rule and severity.
  public let findings: [Finding]
  /// How many findings are not listed, because there are so many of their rule.
  public let unlistedFindingCount: UInt64
  /// How many findings are damage, those included that are not listed.
  public let damageCount: UInt64

  /// How many findings of one rule and severity a report lists.
  public static let listedFindingsMax = 100

  /// The file in one word.
  public var verdict: Verdict {
    if damageCount > 0 { return .damaged }
    return state == .dirty || state == .longer ? .recoverable : .sound
  }

  /// Whether this is a full report on just the state that a snapshot has, and a sound one: header and size are the same.
  ///
  /// Nothing that Cyrus does leaves both as they are and changes a record. What else happens to the bytes of a file, on
  /// a disk or by other hands, is not seen by this.
  public func covers(_ snapshot: borrowing Snapshot) -> Bool {
    isSound && depth == .full && header == snapshot.header && fileByteCount == snapshot.fileByteCount
  }

  /// Whether the file is at rest and every rule was checked and kept but for notes and warnings.
  public var isSound: Bool { verdict == .sound }
}
