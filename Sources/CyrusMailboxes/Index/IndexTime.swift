// A time in an index: whole seconds up to version 19, nanoseconds in version 20.

/// A moment, as an index stores it. Zero stands for "never", or for "not known".
public struct IndexTime: Sendable, Hashable, Comparable, BitwiseCopyable {
  /// Seconds since 1970, never negative.
  public let seconds: Int64
  /// Nanoseconds within the second, below 1 000 000 000; 0 up to version 19.
  public let nanoseconds: UInt32

  /// A whole second: how times are stored up to version 19.
  public init(seconds: UInt32) {
    self.seconds = Int64(seconds)
    nanoseconds = 0
  }

  /// Nanoseconds since 1970: how times are stored in version 20.
  public init(nanosecondsSince1970 value: UInt64) {
    // The quotient of the greatest value is far below that of a signed number.
    seconds = Int64(value / 1_000_000_000)
    nanoseconds = UInt32(value % 1_000_000_000)
  }

  /// Whether the first is earlier.
  public static func < (left: IndexTime, right: IndexTime) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}
