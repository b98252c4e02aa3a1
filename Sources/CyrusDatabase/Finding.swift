// What a verification has to say about one place of a file.

/// A rule of the format that the file breaks, or something about the file worth knowing.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
  /// How much a reader has to care.
  public enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Worth knowing; normal in some state of a sound file.
    case note
    /// Not as Cyrus writes it, but no content is in doubt.
    case warning
    /// The file is broken here.
    case damage

    /// By how much a reader has to care.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    /// 0 to 2, by how much a reader has to care.
    package var rank: Int {
      switch self {
      case .note: 0
      case .warning: 1
      case .damage: 2
      }
    }
  }

  /// How much a reader has to care.
  public let severity: Severity
  /// Short, stable name of the rule, for example `twoskip.head-checksum`.
  public let rule: String
  /// The bytes concerned, from the start of the file; starts with the structure at fault.
  public let bytes: Range<UInt64>
  /// What the rule asks for, where that is one number and not a limit.
  public let expected: UInt64?
  /// What the file holds, where that is a number.
  public let found: UInt64?
  /// What is wrong, for people. Numbers that `bytes`, `expected` and `found` hold are not repeated.
  public let message: String

  package init(
    severity: Severity, rule: String, bytes: Range<UInt64>, expected: UInt64? = nil, found: UInt64? = nil,
    message: String
  ) {
    self.severity = severity
    self.rule = rule
    self.bytes = bytes
    self.expected = expected
    self.found = found
    self.message = message
  }

  /// For example `damage twoskip.head-checksum at 0x1d90: record head checksum differs: expected …, found …`.
  public var description: String {
    var text = "\(severity.rawValue) \(rule) at \(hexadecimal(bytes.lowerBound)): \(message)"
    if let expected { text += ": expected \(hexadecimal(expected))" }
    if let found { text += "\(expected == nil ? ":" : ",") found \(hexadecimal(found))" }
    return text
  }
}
