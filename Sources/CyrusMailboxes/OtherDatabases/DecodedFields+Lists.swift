// Lists of these databases, which are dlists; most of them have no keys, and mean something by position.

import CyrusDatabase

extension DecodedFields {
  /// What a position of a list means.
  enum Place {
    case text(String), number(String), time(String)
    /// A time in seconds or, from release 3.13 on, in nanoseconds.
    case fineTime(String)
    /// A list, of which nothing more is known.
    case list(String)
    /// A list of lists with these positions.
    case lists(String, [Place])
  }

  /// Reads the list that begins at a place.
  ///
  /// - Returns: The list and where it ends; nil if it is none, which was noted, and the value was given as it is.
  mutating func list(from start: Int) -> (value: DecodedValue, end: Int)? {
    do throws(DListError) {
      return try readList(from: start)
    } catch {
      let offset = min(error.offset, value.count)
      note(DecodingIssue(code: error.code.rawValue, isError: true, bytes: offset..<value.count))
      add("rawValue", value[start...])
      return nil
    }
  }

  /// Reads a list with which the value must end.
  mutating func lastList(from start: Int) -> DecodedValue? {
    guard let list = list(from: start) else { return nil }
    if list.end < value.count {
      fail(.valueTrailing, list.end..<value.count)
      add("rawValue", value[list.end...])
    }
    return list.value
  }

  /// A list that is open: of pairs if it has names.
  private struct Open {
    let isPairs: Bool
    var name = ""
    var items: [DecodedValue] = []
    var fields: [DecodedField] = []
    /// How often each name was met.
    var counts: [String: Int] = [:]

    mutating func append(_ value: DecodedValue) {
      if isPairs { fields.append(DecodedField(name, value)) } else { items.append(value) }
    }

    var value: DecodedValue { isPairs ? .record(fields) : .list(items) }
  }

  private mutating func readList(from start: Int) throws(DListError) -> (value: DecodedValue, end: Int) {
    guard start < value.count, value[start] == UInt8(ascii: "(") || value[start] == UInt8(ascii: "%") else {
      throw DListError(code: start < value.count ? .syntax : .truncated, offset: start)
    }
    let bytes = value
    var scanner = DListScanner(bytes.rawSpan, beforeValueAt: start)
    var open: [Open] = []
    while true {
      switch try scanner.next() {
      case .kvlistStart: open.append(Open(isPairs: true))
      case .listStart: open.append(Open(isPairs: false))
      case .listEnd:
        guard let closed = open.popLast() else { throw DListError(code: .syntax, offset: scanner.offset) }
        guard let last = open.indices.last else { return (closed.value, scanner.offset) }
        open[last].append(closed.value)
      case .key(let string):
        guard let last = open.indices.last else { throw DListError(code: .syntax, offset: scanner.offset) }
        nameField(&open[last], string, bytes)
      case .string(let string):
        guard let last = open.indices.last else { throw DListError(code: .syntax, offset: scanner.offset) }
        open[last].append(.text(Self.contents(string, bytes)))
      case .null:
        guard let last = open.indices.last else { throw DListError(code: .syntax, offset: scanner.offset) }
        open[last].append(.null)
      case .looseSpace, .unusualForm: break
      case .end: throw DListError(code: .truncated, offset: scanner.offset)
      }
    }
  }

  private static func contents(_ string: DListString, _ bytes: [UInt8]) -> [UInt8] {
    var contents: [UInt8] = []
    string.append(to: &contents, from: bytes.rawSpan)
    return contents
  }

  /// Takes a key for a name, one that no other pair of the list has.
  private mutating func nameField(_ open: inout Open, _ string: DListString, _ bytes: [UInt8]) {
    let name = Self.fieldName(Self.contents(string, bytes))
    let count = open.counts[name, default: 0]
    open.counts[name] = count + 1
    if count > 0 { warn(.listDuplicate, string.contents) }
    // No key leads to such a name: a tilde in one is escaped.
    open.name = count > 0 ? "\(name)~\(count + 1)" : name
  }

  /// A key as a name: what JSON and people take as it is, the rest escaped.
  private static func fieldName(_ key: [UInt8]) -> String {
    var name = ""
    for byte in key {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "/"), UInt8(ascii: "$"):
        name.unicodeScalars.append(Unicode.Scalar(byte))
      default: name += "%" + String(decoding: hexadecimal([byte]), as: UTF8.self)
      }
    }
    return name.isEmpty ? "%" : name
  }

  /// Adds what has a key that says nothing to us.
  mutating func addUnknown(_ pairs: [DecodedField], _ bytes: Range<Int>) {
    guard !pairs.isEmpty else { return }
    warn(.listKey, bytes)
    add("more", .record(pairs))
  }

  // MARK: - Positions

  /// Adds the values of a list as fields, by their positions. What is left over is given as `more`.
  ///
  /// - Parameter required: How many there must be; all of them if nil.
  mutating func addPlaces(
    _ list: DecodedValue, _ places: [Place], required: Int? = nil, at bytes: Range<Int>
  ) {
    for field in self.fields(list, places, required: required, at: bytes) { add(field.name, field.value) }
  }

  /// The values of a list as fields, by their positions.
  ///
  /// - Parameter allowsMore: Whether it is as Cyrus writes it if values are left over.
  mutating func fields(
    _ list: DecodedValue, _ places: [Place], required: Int? = nil, allowsMore: Bool = false, at bytes: Range<Int>
  ) -> [DecodedField] {
    guard let items = list.items else {
      fail(.valueSyntax, bytes)
      return [DecodedField("more", list)]
    }
    let isTooLong = items.count > places.count && !allowsMore
    if items.count < required ?? places.count || isTooLong { warn(.listCount, bytes) }
    var fields: [DecodedField] = []
    for (item, place) in zip(items, places) {
      switch place {
      case .text(let name): fields.append(DecodedField(name, item))
      case .number(let name): fields.append(DecodedField(name, asNumber(item, bytes)))
      case .time(let name): fields.append(DecodedField(name, time(asNumber(item, bytes))))
      case .fineTime(let name): fields += fineTime(name, asNumber(item, bytes))
      case .list(let name):
        if item.items == nil { fail(.valueSyntax, bytes) }
        fields.append(DecodedField(name, item))
      case .lists(let name, let inner):
        guard let lists = item.items else {
          fail(.valueSyntax, bytes)
          fields.append(DecodedField(name, item))
          continue
        }
        let records = lists.map { DecodedValue.record(self.fields($0, inner, required: inner.count, at: bytes)) }
        fields.append(DecodedField(name, .list(records)))
      }
    }
    if items.count > places.count { fields.append(DecodedField("more", .list(Array(items[places.count...])))) }
    return fields
  }

  /// A time and, if it has them, its nanoseconds as a field of their own. No time of Cyrus has so many seconds.
  func fineTime(_ name: String, _ value: DecodedValue) -> [DecodedField] {
    let nanosecond: UInt64 = 1_000_000_000
    guard case .number(let number) = value, number >= 100_000 * nanosecond else {
      return [DecodedField(name, time(value))]
    }
    return [
      DecodedField(name, time(.number(number / nanosecond))),
      DecodedField("nanoseconds", .number(number % nanosecond)),
    ]
  }

  /// A string of digits as a number; what it is, and an issue, if it is none.
  mutating func asNumber(_ value: DecodedValue, _ bytes: Range<Int>) -> DecodedValue {
    if case .text(let digits) = value, let number = Self.number(digits[...]) { return .number(number) }
    fail(.valueNumber, bytes)
    return value
  }

  /// A list of strings; what it is, and an issue, if it is none.
  mutating func texts(_ value: DecodedValue, _ bytes: Range<Int>) -> DecodedValue {
    let isTexts = value.items?.allSatisfy { if case .text = $0 { true } else { false } } ?? false
    if !isTexts { fail(.valueSyntax, bytes) }
    return value
  }
}
