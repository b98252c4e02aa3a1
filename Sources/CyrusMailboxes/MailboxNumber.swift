// Decimal numbers of a record.
//
// Surprise: Cyrus reads what is no number as its leading digits or 0, cuts the uidvalidity to 32 bits, the time to a
// signed 32 bits, and stops other numbers at 2^64 - 1. Nothing of that is a value here.

/// A number, and whether it is one.
struct MailboxNumber: BitwiseCopyable {
  /// 0 if it is not valid.
  var magnitude: UInt64 = 0
  var isNegative = false
  var isValid = false

  /// Reads digits.
  ///
  /// Leading zeros are odd, but leave a value.
  ///
  /// - Parameters:
  ///   - max: The greatest magnitude.
  ///   - isSigned: Whether a minus sign may come first.
  ///   - bytes: Where the digits are, for the issues.
  @inline(__always)
  init(_ text: MailboxText, max: UInt64, isSigned: Bool = false, at bytes: Range<Int>, _ tally: inout IssueTally) {
    if let short = text.shortNumber, short <= max {
      magnitude = short
      isValid = true
      return
    }
    var value: UInt64 = 0
    var digitCount = 0
    var isBeyond = false
    var startsWithZero = false
    var isFirst = true
    var text = text.bytes()
    while let byte = text.next() {
      if isFirst, isSigned, byte == UInt8(ascii: "-") {
        isNegative = true
      } else {
        let digit = byte &- UInt8(ascii: "0")
        guard digit < 10 else {
          tally.warn(.fieldNumber, bytes)
          return
        }
        if digitCount == 0 { startsWithZero = digit == 0 }
        digitCount += 1
        let (product, hasOverflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, hasCarry) = product.addingReportingOverflow(UInt64(digit))
        if hasOverflow || hasCarry { isBeyond = true }
        value = sum
      }
      isFirst = false
    }
    guard digitCount > 0 else {
      tally.warn(.fieldNumber, bytes)
      return
    }
    guard !isBeyond, value <= max else {
      tally.warn(.fieldRange, bytes)
      return
    }
    if startsWithZero, digitCount > 1 || isNegative { tally.warn(.fieldNumber, bytes) }
    magnitude = value
    isValid = true
  }
}

extension MailboxText {
  /// The number, if it has 1 to 18 digits, the first not 0, and nothing else: what is nearly always there.
  fileprivate var shortNumber: UInt64? {
    @inline(__always)
    get {
      let count = storedBytes.byteCount
      guard 1...18 ~= count else { return nil }
      var value: UInt64 = 0
      var greatest: UInt8 = 0
      for place in 0..<count {
        let digit = storedBytes.byte(at: place) &- UInt8(ascii: "0")
        greatest = max(greatest, digit)
        value = value &* 10 &+ UInt64(digit)
      }
      return greatest < 10 && storedBytes.byte(at: 0) != UInt8(ascii: "0") ? value : nil
    }
  }
}
