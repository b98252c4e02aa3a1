// The former names of a mailbox, which its record under the unique id keeps since release 3.6.
//
//   H (%(N dbname M mtime V uidvalidity C createdmodseq F foldermodseq T type P partition) %(…) …)
//
// Newest first, and never shortened: a mailbox renamed back and forth has the same name many times, even its present
// one. After an ordinary rename the newest one is marked as deleted and has no partition.
//
// Facts: Cyrus's imap/mboxlist.c of releases 3.6.1 to 3.13.7, and files of 3.6.1.

import CyrusDatabase

/// The former names of a mailbox, seen in place. Valid as long as the bytes that were decoded.
///
/// ```swift
/// while let former = history.next() { … }
/// ```
public struct MailboxHistoryView: ~Escapable {
  private let bytes: RawSpan
  private var scanner: DListScanner
  private var isInList = false

  /// - Parameter offset: Where the list begins, which was found to be whole.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) {
    self.bytes = bytes
    scanner = DListScanner(bytes, beforeValueAt: offset)
  }

  /// The next older name; nil at the end. What is no former name was reported, and is passed over.
  ///
  /// - Complexity: O(length of what is given); nothing is allocated.
  @_lifetime(copy self)
  public mutating func next() -> FormerNameView? {
    // The list was found whole when the record was decoded, so there is no error to lose here.
    while let token = try? scanner.advance() {
      switch token {
      case .listStart where !isInList: isInList = true
      case .kvlistStart:
        var fields = MailboxFields()
        do throws(DListError) { try fields.readFormerName(&scanner, bytes) } catch { return nil }
        return FormerNameView(fields, in: bytes)
      case .listStart:
        guard (try? scanner.skipList()) != nil else { return nil }
      case .listEnd, .end:
        // Nothing comes after the list.
        scanner = DListScanner(bytes, beforeValueAt: bytes.byteCount)
        return nil
      case .key, .string, .null, .looseSpace: break
      }
    }
    return nil
  }
}

/// A former name of a mailbox, seen in place. Valid as long as the bytes that were decoded.
public struct FormerNameView: ~Escapable {
  private let bytes: RawSpan
  private let fields: MailboxFields

  @_lifetime(copy bytes)
  init(_ fields: MailboxFields, in bytes: RawSpan) {
    self.fields = fields
    self.bytes = bytes
  }

  /// The name, as its key has it after the letter.
  public var name: MailboxText? {
    @_lifetime(copy self)
    get { text(of: .name) }
  }

  /// Kind and flags as they are stored: letters.
  public var typeText: MailboxText? {
    @_lifetime(copy self)
    get { text(of: .type) }
  }

  /// The partition that the mailbox lay on.
  public var partition: MailboxText? {
    @_lifetime(copy self)
    get { text(of: .partition) }
  }

  /// What the mailbox held.
  public var kind: MailboxKind { fields.type.kind }

  /// In which state the name was.
  public var flags: MailboxFlags { fields.type.flags }

  /// The mailbox's UIDVALIDITY under this name.
  public var uidValidity: UInt32? { state(of: .uidValidity) == .value ? fields.uidValidity : nil }

  /// The modseq at which the mailbox was created.
  public var createdModseq: UInt64? { state(of: .createdModseq) == .value ? fields.createdModseq : nil }

  /// The modseq of the last change under this name.
  public var folderModseq: UInt64? { state(of: .folderModseq) == .value ? fields.folderModseq : nil }

  /// When the record of this name was last written, in seconds since 1970.
  public var mtime: Int64? { state(of: .mtime) == .value ? fields.mtime : nil }

  /// What the history says about a field.
  public func state(of field: MailboxField) -> FieldState { fields.state(of: field) }

  /// The fields that there are, in their order, whatever their state.
  public var fieldOrder: MailboxFieldOrder { fields.order }

  @_lifetime(copy self)
  private func text(of field: MailboxField) -> MailboxText? {
    guard fields.state(of: field) == .value else { return nil }
    return MailboxText(bytes.extracting(fields[field].range), isEscaped: fields.isEscaped(field))
  }
}

/// A former name of a mailbox, to keep.
public struct FormerName: Hashable, Sendable {
  /// The name, as its key has it after the letter.
  public let name: FieldValue<[UInt8]>
  /// What the mailbox held.
  public let kind: MailboxKind
  /// In which state the name was.
  public let flags: MailboxFlags
  /// Kind and flags as they are stored: letters.
  public let typeText: FieldValue<[UInt8]>
  /// The partition that the mailbox lay on.
  public let partition: FieldValue<[UInt8]>
  /// The mailbox's UIDVALIDITY under this name.
  public let uidValidity: FieldValue<UInt32>
  /// The modseq at which the mailbox was created.
  public let createdModseq: FieldValue<UInt64>
  /// The modseq of the last change under this name.
  public let folderModseq: FieldValue<UInt64>
  /// When the record of this name was last written, in seconds since 1970.
  public let mtime: FieldValue<Int64>
  /// The fields that there are, in their order, whatever their state.
  public let fieldOrder: MailboxFieldOrder

  /// Copies a former name.
  public init(_ view: FormerNameView) {
    name = FieldValue(view.state(of: .name), view.name?.copy())
    kind = view.kind
    flags = view.flags
    typeText = FieldValue(view.state(of: .type), view.typeText?.copy())
    partition = FieldValue(view.state(of: .partition), view.partition?.copy())
    uidValidity = FieldValue(view.state(of: .uidValidity), view.uidValidity)
    createdModseq = FieldValue(view.state(of: .createdModseq), view.createdModseq)
    folderModseq = FieldValue(view.state(of: .folderModseq), view.folderModseq)
    mtime = FieldValue(view.state(of: .mtime), view.mtime)
    fieldOrder = view.fieldOrder
  }
}
