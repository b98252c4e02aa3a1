// The two orders that keys of a file can have.
//
// A file carries no mark of its order, so a reader finds it out by looking at the keys.
// Facts: Docs/Formats/twoskip.md, "Key order".

/// An order of keys.
public enum KeyOrder: String, Sendable, Hashable, CaseIterable {
  /// By unsigned bytes; of two keys of which one starts the other, the shorter comes first.
  case raw
  /// As ``raw``, but `.` before every other byte but NUL, TAB and LF: the order that Cyrus 2.5 to 3.4 used for
  /// `mailboxes.db` with `improved_mboxlist_sort: yes`. TAB and LF count as the same byte.
  case mbox

  /// Compares two keys in this order: below 0, 0 or above 0.
  ///
  /// Cost: eight bytes at a time for ``raw``, one for ``mbox``.
  public func compare(_ left: RawSpan, _ right: RawSpan) -> Int {
    switch self {
    case .raw: left.compare(with: right)
    case .mbox: Self.compareMailboxNames(left, right)
    }
  }

  /// Whether a key lies between two neighbours in every other order, too; nil for no next one.
  func agreesWithOthers(that key: RawSpan, isBehind before: RawSpan, andBefore next: RawSpan?) -> Bool {
    for other in Self.allCases where other != self {
      if other.compare(before, key) >= 0 { return false }
      if let next, other.compare(next, key) <= 0 { return false }
    }
    return true
  }

  private static func compareMailboxNames(_ left: RawSpan, _ right: RawSpan) -> Int {
    let common = min(left.byteCount, right.byteCount)
    var index = 0
    while index < common {
      let difference = Int(rank(left.byte(at: index))) - Int(rank(right.byte(at: index)))
      if difference != 0 { return difference }
      index += 1
    }
    return left.byteCount - right.byteCount
  }

  /// Where a byte sorts: TAB and LF as 1, `.` as 2, and the control characters below TAB make room for them.
  private static func rank(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x09, 0x0A: 1
    case 0x2E: 2
    case 0x01...0x08: byte + 2
    default: byte
    }
  }
}
