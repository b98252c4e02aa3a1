// What can be wrong with the header of a cyrus.index.

import CyrusDatabase

/// Why bytes are not the header of an index, or not of one that can be believed.
public struct IndexError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong. New codes may appear in minor releases.
  public enum Code: String, Hashable, Sendable, CaseIterable {
    /// The file ends before a whole header.
    case tooShort = "file is shorter than the header of an index"
    /// The version is not one of 6 to 10 and 12 to 20.
    case version = "version of the index is not supported"
    /// The header does not have the size that its version asks for.
    case startOffset = "size of the header is not that of the version"
    /// The header's checksum is not that of the bytes before it. Only from version 12 on there is one.
    case checksum = "checksum of the header differs"
    /// Records do not have the size that the version asks for.
    case recordSize = "size of a record is not that of the version"
    /// The file ends before all the records that the header counts.
    case recordCount = "file is shorter than the records that its header counts"

    /// A short, stable name, for example `index.header-checksum`.
    public var rule: String {
      switch self {
      case .tooShort: "index.header-size"
      case .version: "index.version"
      case .startOffset: "index.start-offset"
      case .checksum: "index.header-checksum"
      case .recordSize: "index.record-size"
      case .recordCount: "index.file-size"
      }
    }
  }

  /// What is wrong.
  public let code: Code
  /// First byte of the field at fault, in bytes from the start of the file; 0 if the file is too short to have one.
  public let offset: UInt64
  /// What the format asks for, where that is one number: bytes for sizes, of the whole file for ``Code/recordCount``.
  public let expected: UInt64?
  /// What the file holds, in the same unit.
  public let found: UInt64

  @inline(never)
  init(_ code: Code, at offset: Int, expected: UInt64? = nil, found: UInt64) {
    self.code = code
    self.offset = UInt64(offset)
    self.expected = expected
    self.found = found
  }

  /// For example `size of a record is not that of the version at offset 0x10: expected 112, found 104`.
  public var description: String {
    let show = { (number: UInt64) in code == .checksum ? hexadecimal(number) : String(number) }
    let expected = expected.map { " expected \(show($0))," } ?? ""
    return "\(code.rawValue) at offset \(hexadecimal(offset)):\(expected) found \(show(found))"
  }
}
