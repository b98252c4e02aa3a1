// What can be wrong at one place of a twoskip file, when a reader needs that place.
//
// The verifier does not throw: see TwoskipVerifier.swift. Both name the same rules.

/// Why bytes at some place of a file are not valid twoskip.
public struct TwoskipError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong. New codes may appear in minor releases.
  public enum Code: String, Hashable, Sendable, CaseIterable {
    /// The file ends before a whole header.
    case tooShort = "file is shorter than a header"
    /// The file does not start with the twoskip magic.
    case magic = "not a twoskip file"
    /// The header's checksum is not that of its first 60 bytes.
    case headerChecksum = "header checksum differs"
    /// The header has a version above 1.
    case version = "version is not supported"
    /// The committed end is below 336, no multiple of 8, or beyond any file.
    case currentSize = "committed end is impossible"
    /// The record at 64 is not the list head.
    case dummy = "no list head where it must be"
    /// A pointer of list 0 leads before the first record, between words, or to what is no RECORD or DELETE.
    case listEntry = "pointer leads to a place where no record can be"
    /// The first byte is that of no type of record.
    case recordType = "no record starts here"
    /// The level does not fit the record's type.
    case level = "level is impossible for the record's type"
    /// A RECORD has no key, or another record has a key or a value.
    case keyLength = "record has no key"
    /// The record would end beyond the committed end or the end of the file.
    case recordFits = "record does not fit before the end"
    /// The head's checksum is not that of its bytes: type, lengths and pointers cannot be trusted.
    case headChecksum = "record head checksum differs"
    /// The tail's checksum is not that of key, value and padding.
    case tailChecksum = "record tail checksum differs"
    /// A DELETE on list 0 leads to something else than a RECORD.
    case deleteTarget = "delete record does not lead to a record"
    /// A key on list 0 does not come after the one before it.
    case keyOrder = "keys out of order"
    /// List 0 goes on behind the committed end, or ends there before all records were met.
    case unresolvablePair = "the successor on list 0 is lost: its place holds what no commit has written"
    /// The file is cut before what had to be read.
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
  /// What the format asks for, where that is one number and not a limit.
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
