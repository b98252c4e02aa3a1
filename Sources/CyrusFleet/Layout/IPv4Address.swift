// The address of a slot: 32 bits, so that the next slot has the next one.

/// An address of IPv4.
public struct IPv4Address: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The four bytes, the first one highest.
  public let value: UInt32

  /// The address with this value.
  public init(value: UInt32) { self.value = value }

  /// Reads four decimal numbers of at most 255, without leading zeros; nil if the text is something else.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      // A leading zero means octal to some programs.
      guard part.utf8.allSatisfy({ ASCII.isDigit($0) }), let byte = UInt8(part), String(byte) == part else {
        return nil
      }
      value = value << 8 | UInt32(byte)
    }
    self.value = value
  }

  /// For example `10.202.80.1`.
  public var description: String {
    [24, 16, 8, 0].map { "\(value >> UInt32($0) & 0xFF)" }.joined(separator: ".")
  }

  /// Which one is lower.
  public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
