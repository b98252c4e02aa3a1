// Collecting the fields of one record, and the small parts that many records are made of.
//
// Works on copies of key and value: records of these databases are decoded to be looked at, not by the million.

import CyrusDatabase

/// What can be wrong with a record of these databases, besides ``DListError/Code``.
enum FieldIssueCode: String, CaseIterable {
  /// The key has not the form that it must have.
  case keySyntax = "key.syntax"
  /// The key is of no known kind.
  case keyUnknown = "key.unknown"
  /// The key of an annotation lacks its user: a leftover.
  case keyNoUser = "key.noUser"
  /// The value has not the form that it must have.
  case valueSyntax = "value.syntax"
  /// The value has not the length that it must have.
  case valueLength = "value.length"
  /// No number, or one that is too large.
  case valueNumber = "value.number"
  /// Something stands behind the value's end.
  case valueTrailing = "value.trailing"
  /// A version that is not known, so that what follows it is not decoded.
  case valueVersion = "value.unknownVersion"
  /// There is a value where none belongs.
  case valueUnexpected = "value.unexpected"
  /// Bits are set that have no meaning.
  case valueBits = "value.unknownBits"
  /// The value can be read in two ways.
  case valueAmbiguous = "value.ambiguous"
  /// A list has more or fewer values than it must have.
  case listCount = "list.count"
  /// A key stands twice in a list of pairs.
  case listDuplicate = "list.duplicateKey"
  /// A list of pairs has a key that is not known.
  case listKey = "list.unknownKey"
  /// A subscription's name was cut by a release that put `INBOX` for the start of a longer name.
  case subscriptionPrefix = "subscription.inboxPrefix"
}

/// The fields of one record, while it is read.
struct DecodedFields {
  let key: [UInt8]
  let value: [UInt8]
  private(set) var fields: [DecodedField] = []
  private(set) var issues: [DecodingIssue] = []

  init(key: [UInt8], value: [UInt8]) {
    self.key = key
    self.value = value
  }

  // MARK: - Fields

  mutating func add(_ name: String, _ value: DecodedValue) { fields.append(DecodedField(name, value)) }

  mutating func add(_ name: String, _ text: some Sequence<UInt8>) { add(name, .text(Array(text))) }

  /// Puts another value in the place of a field's.
  mutating func replace(_ index: Int, _ value: DecodedValue) {
    fields[index] = DecodedField(fields[index].name, value)
  }

  mutating func add(_ name: String, _ text: String) { add(name, DecodedValue.text(text)) }

  /// Adds a decimal number, or the bytes as they are.
  mutating func addNumber(_ name: String, _ bytes: Range<Int>, isInKey: Bool = false) {
    add(name, number(bytes, isInKey: isInKey))
  }

  /// Adds a decimal number of seconds, or the bytes as they are.
  mutating func addTime(_ name: String, _ bytes: Range<Int>) { add(name, time(number(bytes))) }

  /// A decimal number; the bytes as they are, and an issue, if it is none.
  mutating func number(_ bytes: Range<Int>, isInKey: Bool = false) -> DecodedValue {
    let digits = (isInKey ? key : value)[bytes]
    if let number = Self.number(digits) { return .number(number) }
    fail(.valueNumber, bytes, isInKey: isInKey)
    return .text(Array(digits))
  }

  /// A number as a time.
  func time(_ value: DecodedValue) -> DecodedValue {
    if case .number(let seconds) = value, let seconds = Int64(exactly: seconds) { return .time(seconds) }
    return value
  }

  /// The number that decimal digits stand for.
  static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var number: UInt64 = 0
    for byte in digits {
      let digit = byte &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      let (product, hasOverflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, hasCarry) = product.addingReportingOverflow(UInt64(digit))
      guard !hasOverflow, !hasCarry else { return nil }
      number = sum
    }
    return number
  }

  /// Lowercase hexadecimal digits of bytes.
  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }

  /// The big-endian number of so many bytes, 8 at most.
  func bigEndian(_ bytes: Range<Int>) -> UInt64 { value[bytes].reduce(0) { $0 << 8 | UInt64($1) } }

  /// The little-endian number of so many bytes, 8 at most.
  func littleEndian(_ bytes: Range<Int>) -> UInt64 { value[bytes].reversed().reduce(0) { $0 << 8 | UInt64($1) } }

  /// Whether these bytes are hexadecimal digits; also if there are none.
  static func isHexadecimal(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
      default: false
      }
    }
  }

  /// Whether these bytes are a set of message numbers as IMAP has it, maybe an empty one.
  static func isNumberSet(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.allSatisfy { 0x30...0x3A ~= $0 || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "*") }
  }

  // MARK: - Issues

  var allOfKey: Range<Int> { 0..<key.count }
  var allOfValue: Range<Int> { 0..<value.count }

  /// Notes that bytes are odd, but were decoded.
  mutating func warn(_ code: FieldIssueCode, _ bytes: Range<Int>, isInKey: Bool = false) {
    issues.append(DecodingIssue(code: code.rawValue, isError: false, bytes: bytes, isInKey: isInKey))
  }

  /// Notes that bytes could not be decoded.
  mutating func fail(_ code: FieldIssueCode, _ bytes: Range<Int>, isInKey: Bool = false) {
    issues.append(DecodingIssue(code: code.rawValue, isError: true, bytes: bytes, isInKey: isInKey))
  }

  mutating func note(_ issue: DecodingIssue) { issues.append(issue) }

  /// Gives the key as it is, as it could not be decoded.
  mutating func giveUpKey(_ code: FieldIssueCode) {
    fail(code, allOfKey, isInKey: true)
    add("rawKey", key)
  }

  /// Gives the value from a place on as it is, as it could not be decoded.
  mutating func giveUpValue(_ code: FieldIssueCode, from start: Int = 0) {
    fail(code, start..<value.count)
    add("rawValue", value[start...])
  }

  // MARK: - Words

  /// Where the value's words are, between single separators. A value without bytes has one empty word.
  func words(
    from start: Int = 0, separator: UInt8 = UInt8(ascii: " "), countMax: Int = .max
  ) -> [Range<Int>] {
    value[start...].split(separator: separator, maxSplits: countMax - 1, omittingEmptySubsequences: false)
      .map { $0.startIndex..<$0.endIndex }
  }

  /// Reads a version and its space.
  ///
  /// - Returns: The version and where what follows it begins; nil if there is none, which was noted.
  mutating func version() -> (UInt64, rest: Int)? {
    let words = words(countMax: 2)
    guard words.count == 2, let version = Self.number(value[words[0]]) else {
      giveUpValue(.valueSyntax)
      return nil
    }
    add("version", .number(version))
    return (version, words[1].lowerBound)
  }
}
