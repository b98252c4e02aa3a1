// The fields of a mailbox's record, and where one record has them.
//
//   A ACL              H former names     N name           T kind and flags
//   C createdmodseq    I unique id        P partition      V uidvalidity
//   F foldermodseq     J JMAP id          S server
//   M time of writing
//
// The letters are those of dlist values; a text value has the same fields without letters: A, P, S, T, and in some of
// them I and a special use.

/// A field of a mailbox's record, in the order of the letters.
public enum MailboxField: UInt8, Hashable, Sendable, CaseIterable {
  case acl, createdModseq, folderModseq, history, uniqueID, jmapID, mtime, name, partition, server, type, uidValidity

  /// The letter that stands for it in a dlist, for example `P`.
  public var letter: Character {
    switch self {
    case .acl: "A"
    case .createdModseq: "C"
    case .folderModseq: "F"
    case .history: "H"
    case .uniqueID: "I"
    case .jmapID: "J"
    case .mtime: "M"
    case .name: "N"
    case .partition: "P"
    case .server: "S"
    case .type: "T"
    case .uidValidity: "V"
    }
  }

  /// Whether its value is a number.
  var isNumber: Bool {
    @inline(__always)
    get {
      switch self {
      case .createdModseq, .folderModseq, .mtime, .uidValidity: true
      default: false
      }
    }
  }

  @inline(__always)
  init?(letter: UInt8) {
    switch letter {
    case UInt8(ascii: "A"): self = .acl
    case UInt8(ascii: "C"): self = .createdModseq
    case UInt8(ascii: "F"): self = .folderModseq
    case UInt8(ascii: "H"): self = .history
    case UInt8(ascii: "I"): self = .uniqueID
    case UInt8(ascii: "J"): self = .jmapID
    case UInt8(ascii: "M"): self = .mtime
    case UInt8(ascii: "N"): self = .name
    case UInt8(ascii: "P"): self = .partition
    case UInt8(ascii: "S"): self = .server
    case UInt8(ascii: "T"): self = .type
    case UInt8(ascii: "V"): self = .uidValidity
    default: return nil
    }
  }
}

/// Some of the fields.
struct MailboxFieldSet: OptionSet, BitwiseCopyable {
  /// Two bits for each field.
  let rawValue: UInt32

  @inline(__always)
  init(rawValue: UInt32) { self.rawValue = rawValue }

  @inline(__always)
  init(_ field: MailboxField) { self.init(rawValue: 3 << UInt32(2 * field.rawValue)) }

  /// - Parameter states: Two bits for each field, not both zero if it is one of them.
  init(states: UInt32) {
    let some = (states | states >> 1) & 0x55_5555
    self.init(rawValue: some | some << 1)
  }

  @inline(__always)
  func union(_ other: MailboxFieldSet) -> MailboxFieldSet { MailboxFieldSet(rawValue: rawValue | other.rawValue) }

  /// All fields.
  static var all: MailboxFieldSet {
    @inline(__always)
    get { MailboxFieldSet(rawValue: 0xFF_FFFF) }
  }
}

/// What a record says about a field.
public enum FieldState: UInt8, Hashable, Sendable {
  /// Nothing: the field is not there.
  case absent
  /// `NIL`: the field is there, and has no value.
  case null
  /// Something that is not a value of this field; an issue says what is wrong.
  case unreadable
  /// A value.
  case value
}

/// A field of a record that is kept: its value, or why there is none.
public enum FieldValue<Value> {
  /// The field is not there.
  case absent
  /// The field is there as `NIL`.
  case null
  /// The field is there, but has no value that it could have; an issue says what is wrong.
  case unreadable
  /// The field's value.
  case value(Value)

  /// The value, if there is one.
  public var value: Value? {
    if case .value(let value) = self { return value }
    return nil
  }

  /// The same with another value.
  public func map<Other>(_ transform: (Value) throws -> Other) rethrows -> FieldValue<Other> {
    switch self {
    case .absent: .absent
    case .null: .null
    case .unreadable: .unreadable
    case .value(let value): .value(try transform(value))
    }
  }

  /// - Parameter value: nil only if `state` is not `.value`.
  init(_ state: FieldState, _ value: Value?) {
    switch (state, value) {
    case (.value, let value?): self = .value(value)
    case (.null, _): self = .null
    case (.absent, _): self = .absent
    case (.unreadable, _), (.value, nil): self = .unreadable
    }
  }
}

extension FieldValue: Equatable where Value: Equatable {}
extension FieldValue: Hashable where Value: Hashable {}
extension FieldValue: Sendable where Value: Sendable {}

/// The fields of a record in the order in which it has them, each at its first place.
public struct MailboxFieldOrder: RandomAccessCollection, Hashable, Sendable {
  /// Four bits for each field, the first one lowest.
  private var fields: UInt64 = 0
  private var fieldCount: UInt8 = 0

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of fields.
  public var endIndex: Int { Int(fieldCount) }

  /// The field at a place.
  ///
  /// - Precondition: The place is one of the order's; checked in every build.
  public subscript(position: Int) -> MailboxField {
    precondition(indices.contains(position))
    // Only raw values of fields are ever stored.
    return MailboxField(rawValue: UInt8(truncatingIfNeeded: fields >> UInt64(4 * position) & 15)) ?? .acl
  }

  init() {}

  /// - Precondition: The field is not there yet, so that at most one of each is.
  @inline(__always)
  mutating func append(_ field: MailboxField) {
    fields |= UInt64(field.rawValue) &<< UInt64(truncatingIfNeeded: 4 &* fieldCount)
    fieldCount &+= 1
  }
  /// The same with fields behind them, these in the order in which Cyrus writes them; a function of its own, as that is
  /// hardly ever asked for.
  ///
  /// - Parameter fields: What stands here, if nothing does yet.
  @inline(never)
  func appending(_ more: MailboxFieldSet, after fields: MailboxFieldSet = MailboxFieldSet(rawValue: 0)) -> Self {
    var order = self
    if isEmpty, !fields.isEmpty { order = appending(fields) }
    // T I N J P S V C F M A H, the first one lowest.
    var usual: UInt64 = 0x3062_1B98_574A
    for _ in MailboxField.allCases {
      if let field = MailboxField(rawValue: UInt8(usual & 15)), more.contains(MailboxFieldSet(field)) {
        order.append(field)
      }
      usual >>= 4
    }
    return order
  }
}
