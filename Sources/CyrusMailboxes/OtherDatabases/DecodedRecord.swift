// What a record of any database of Cyrus says, as named fields.
//
// The databases have little in common, so their records are given in one form that fits all: fields with names, in an
// order, whose values can be lists and fields again.

/// What a field of a record holds.
public indirect enum DecodedValue: Hashable, Sendable {
  /// A string. Need not be UTF-8, and may hold any byte.
  case text([UInt8])
  /// A number.
  case number(UInt64)
  /// A time in seconds since 1970.
  case time(Int64)
  /// Yes or no.
  case flag(Bool)
  /// The word `NIL`: a string that is said not to be there.
  case null
  /// Values without names.
  case list([DecodedValue])
  /// Values with names, which differ from each other.
  case record([DecodedField])

  /// A string of ours.
  static func text(_ text: String) -> DecodedValue { .text(Array(text.utf8)) }

  /// What is in a list; nil if it is something else.
  var items: [DecodedValue]? {
    if case .list(let items) = self { return items }
    return nil
  }
}

/// A value with a name.
public struct DecodedField: Hashable, Sendable {
  /// The name: letters, digits and some of `._-/$`. Where it comes from the record, as in the cache of replication,
  /// any other byte is written as `%` and two hexadecimal digits, and a second one of the same name ends with `~2`.
  public let name: String
  /// What it holds.
  public let value: DecodedValue

  /// Makes a field from its parts.
  public init(_ name: String, _ value: DecodedValue) {
    self.name = name
    self.value = value
  }
}

/// A record of a database, taken apart.
public struct DecodedRecord: Hashable, Sendable {
  /// What the record says: the key's fields, then the value's. Their names differ from each other.
  ///
  /// What could not be decoded is given as it is, as `rawKey` or `rawValue`, and there is an issue that says why.
  public let fields: [DecodedField]
  /// Everything that is wrong or odd, in the order in which it was met.
  public let issues: [DecodingIssue]

  /// How many issues are errors, so that something could not be decoded.
  public var errorCount: Int { issues.count(where: \.isError) }

  /// The value of the field with this name.
  public subscript(name: String) -> DecodedValue? { fields.first { $0.name == name }?.value }
}
