// Where a record has its fields: what one pass over it leaves behind.
//
// Of a fixed size, so that a record can be decoded without allocating. Strings are kept as places, numbers as numbers.

/// Where a record has its fields, and what is decoded of them at once.
///
/// Of a fixed size. Offsets are of the value, which is below 4 GiB.
@usableFromInline
struct MailboxFields: Sendable {
  /// Where a string's bytes are stored.
  struct Place: BitwiseCopyable, Sendable {
    // The start below, the count above, in one number: so it is written in the piece in which it is read. From two that
    // were just written nothing can be read at once before both are out of the processor.
    private var startAndCount: UInt64 = 0

    init() {}

    @inline(__always)
    init(_ range: Range<Int>) {
      // Of a value below 4 GiB.
      let start = UInt32(truncatingIfNeeded: range.lowerBound)
      startAndCount = UInt64(start) | UInt64(truncatingIfNeeded: range.upperBound &- range.lowerBound) &<< 32
    }

    var range: Range<Int> {
      @inline(__always)
      get {
        let start = Int(UInt32(truncatingIfNeeded: startAndCount))
        return start..<start + Int(startAndCount >> 32)
      }
    }
  }

  /// Two bits for each field: a raw value of ``FieldState``.
  @usableFromInline private(set) var states: UInt32 = 0
  /// A bit for each field: whether its string is escaped.
  private var escaped: UInt16 = 0
  /// None, if they come in the usual order.
  private var otherOrder = MailboxFieldOrder()

  private var name = Place()
  private var uniqueID = Place()
  private var jmapID = Place()
  private var partition = Place()
  private var server = Place()
  private var typeText = Place()
  /// From the first `%(` or identifier on; the end says nothing for a dlist.
  private var acl = Place()
  private var history = Place()
  /// How many ACLs a dlist has. Cyrus appends the entries of a second one to those of the first.
  var aclCount: UInt32 = 0
  /// Whether the ACL is one list of atoms, each entry with rights, and spaces just where they must be.
  var isACLPlain = false
  /// How many bytes the identifier of a plain ACL has, which then has only this entry; 0 if that is not known.
  var loneIdentifierCount: UInt16 = 0
  var specialUse: Place?

  var type = MailboxType()
  @usableFromInline var uidValidity: UInt32 = 0
  @usableFromInline var createdModseq: UInt64 = 0
  @usableFromInline var folderModseq: UInt64 = 0
  @usableFromInline var mtime: Int64 = 0

  // A number is asked for by modules that see no raw values; so its two bits of the states stand here.

  @inlinable var hasUIDValidity: Bool { states & 0xC0_0000 == 0xC0_0000 }
  @inlinable var hasCreatedModseq: Bool { states & 0xC == 0xC }
  @inlinable var hasFolderModseq: Bool { states & 0x30 == 0x30 }
  @inlinable var hasMtime: Bool { states & 0x3000 == 0x3000 }

  @inline(__always)
  func state(of field: MailboxField) -> FieldState {
    switch states >> UInt32(2 * field.rawValue) & 3 {
    case 0: .absent
    case 1: .null
    case 2: .unreadable
    default: .value
    }
  }

  /// Notes that a field is there. What an earlier one of the same letter said is forgotten.
  @inline(__always)
  mutating func note(_ field: MailboxField, _ state: FieldState) {
    let shift = UInt32(2 * field.rawValue)
    if states >> shift & 3 == 0 {
      otherOrder.append(field)
    } else {
      states &= ~(3 << shift)
      escaped &= ~(1 << UInt16(field.rawValue))
    }
    states |= UInt32(state.rawValue) << shift
  }

  /// Notes that fields are there, each with a value; in the usual order, unless another was noted.
  ///
  /// - Precondition: None was noted before.
  @inline(__always)
  mutating func note(values fields: MailboxFieldSet) { states = fields.rawValue }

  /// Notes that fields came in the usual order, but behind others.
  ///
  /// - Parameter fields: Those before, in the usual order unless another was noted.
  @inline(__always)
  mutating func noteOrder(of more: MailboxFieldSet, after fields: MailboxFieldSet) {
    otherOrder = otherOrder.appending(more, after: fields)
  }

  /// The fields that there are, in their order.
  var order: MailboxFieldOrder {
    otherOrder.isEmpty ? MailboxFieldOrder().appending(MailboxFieldSet(states: states)) : otherOrder
  }

  /// Where a field's bytes are; an empty place for one without.
  subscript(field: MailboxField) -> Place {
    @inline(__always)
    get {
      switch field {
      case .acl: acl
      case .history: history
      case .name: name
      case .uniqueID: uniqueID
      case .jmapID: jmapID
      case .partition: partition
      case .server: server
      case .type: typeText
      case .createdModseq, .folderModseq, .mtime, .uidValidity: Place()
      }
    }
  }

  /// Keeps where a field's bytes are.
  @inline(__always)
  mutating func place(_ field: MailboxField, at range: Range<Int>, isEscaped: Bool = false) {
    let place = Place(range)
    if isEscaped { escaped |= 1 << UInt16(field.rawValue) }
    switch field {
    case .acl: acl = place
    case .history: history = place
    case .name: name = place
    case .uniqueID: uniqueID = place
    case .jmapID: jmapID = place
    case .partition: partition = place
    case .server: server = place
    case .type: typeText = place
    case .createdModseq, .folderModseq, .mtime, .uidValidity: break
    }
  }

  @inline(__always)
  func isEscaped(_ field: MailboxField) -> Bool { escaped >> UInt16(field.rawValue) & 1 != 0 }
}
