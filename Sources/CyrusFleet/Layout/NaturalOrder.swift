// The order in which people count: imap9 before imap10.

/// Compares texts so that runs of digits count as numbers.
public enum NaturalOrder {
  /// Whether the first text comes before the second.
  ///
  /// Runs of digits are compared as numbers of any length, all else by bytes. Texts that differ in leading zeros alone
  /// are compared by bytes, so that the order is total.
  public static func isBefore(_ left: String, _ right: String) -> Bool {
    var (first, second) = (left.utf8[...], right.utf8[...])
    while let one = first.first, let other = second.first {
      if ASCII.isDigit(one), ASCII.isDigit(other) {
        let (number, otherNumber) = (takeNumber(&first), takeNumber(&second))
        if number.count != otherNumber.count { return number.count < otherNumber.count }
        if !number.elementsEqual(otherNumber) { return number.lexicographicallyPrecedes(otherNumber) }
      } else {
        if one != other { return one < other }
        first = first.dropFirst()
        second = second.dropFirst()
      }
    }
    if first.isEmpty != second.isEmpty { return first.isEmpty }
    return left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// Takes a run of digits off the front, and gives it without leading zeros.
  private static func takeNumber(_ rest: inout Substring.UTF8View) -> Substring.UTF8View {
    let end = rest.firstIndex { !ASCII.isDigit($0) } ?? rest.endIndex
    defer { rest = rest[end...] }
    return rest[..<end].drop { $0 == 0x30 }
  }
}
