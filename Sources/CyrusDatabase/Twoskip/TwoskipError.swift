// What can be wrong at one place of a twoskip file, when a reader needs that place.
//
// The verifier does not throw: see TwoskipVerifier.swift. Both name the same rules.

/// Why bytes at some place of a file are not valid twoskip.
public struct TwoskipError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong. New codes may appear in minor releases.
  public enum Code: String, Hashable, Sendable, CaseIterable {
    case tooShort = "file is shorter than a header"
    case magic = "not a twoskip file"
    case headerChecksum = "header checksum differs"
    case version = "version is not supported"
    case currentSize = "committed end is impossible"
    case dummy = "no list head where it must be"
    case listEntry = "pointer leads to a place where no record can be"
    case recordType = "no record starts here"
    case level = "level is impossible for the record's type"
    case keyLength = "record has no key"
    case recordFits = "record does not fit before the end"
    case headChecksum = "record head checksum differs"
    case tailChecksum = "record tail checksum differs"
    case deleteTarget = "delete record does not lead to a record"
    case keyOrder = "keys out of order"
    case unresolvablePair = "the successor on list 0 is lost: its place holds what no commit has written"
    case truncated = "file ends before its committed end"

    /// The rule that the verifier would report.
    public var rule: TwoskipRule {
      switch self {
      case .tooShort, .magic: .magic
      case .headerChecksum: .headerChecksum
      case .version: .version
      case .currentSize: .headerSizes
      case .dummy: .dummy
      case .listEntry: .list0Entry
      case .recordType: .recordType
      case .level: .level
      case .keyLength: .lengths
      case .recordFits: .recordFits
      case .headChecksum: .headChecksum
      case .tailChecksum: .tailChecksum
      case .deleteTarget: .deleteTarget
      case .keyOrder: .keyOrder
      case .unresolvablePair: .level0Pair
      case .truncated: .fileSize
      }
    }
  }

  /// What is wrong.
  public let code: Code
  /// First byte of the structure at fault, from the start of the file.
  public let offset: UInt64
  /// What the format asks for, where that is a number.
  public let expected: UInt64?
  /// What the file holds, where that is a number.
  public let found: UInt64?

  /// Kept out of line: errors are rare, and their making must not be inlined into a walk.
  @inline(never)
  init(_ code: Code, at offset: UInt64, expected: UInt64? = nil, found: UInt64? = nil) {
    self.code = code
    self.offset = offset
    self.expected = expected
    self.found = found
  }

  /// For example `record head checksum differs at offset 0x1d90: expected 0x9f3c01d2, found 0x00000000`.
  public var description: String {
    var text = "\(code.rawValue) at offset \(hexadecimal(offset))"
    if let expected { text += ": expected \(hexadecimal(expected))" }
    if let found { text += "\(expected == nil ? ":" : ",") found \(hexadecimal(found))" }
    return text
  }
}

/// `0x` and the digits, as offsets and checksums are written everywhere.
package func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
