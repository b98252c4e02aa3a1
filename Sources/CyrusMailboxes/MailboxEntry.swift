// A record of mailboxes.db that is kept.
//
// Key and value are kept as they are, with the places of their fields: two allocations a record, and nothing of what was
// decoded is stored twice.

import CyrusDatabase

/// A record of mailboxes.db, to keep: what ``MailboxEntryView`` shows, without the file it came from.
///
/// Two are equal if keys and values are, byte by byte, and were decoded alike. To find out in what two of them differ,
/// compare their fields; through ``view`` that allocates nothing.
public struct MailboxEntry: Hashable, Sendable {
  /// The key's bytes.
  public let keyBytes: [UInt8]
  /// The value's bytes, whether or not they could be decoded.
  public let valueBytes: [UInt8]
  /// What the key stands for.
  public let key: MailboxKey
  /// What is wrong or odd; of very many the first, see ``MailboxEntryView/issues()``.
  public let issues: [DecodingIssue]
  let issueCount: Int
  let errorCount: Int
  let gravest: CompactIssue?
  let form: MailboxKey.Form
  let fields: MailboxFields

  /// Copies a record.
  ///
  /// - Complexity: O(length of key and value).
  public init(_ view: MailboxEntryView) {
    keyBytes = Array(view.keyBytes)
    valueBytes = Array(view.valueBytes)
    key = view.key
    issues = view.issues()
    issueCount = view.issueCount
    errorCount = view.errorCount
    gravest = view.gravest
    form = view.form
    fields = view.fields
  }

  /// Decodes a record of any kind.
  ///
  /// - Parameters:
  ///   - key: The key's bytes.
  ///   - value: The value's bytes.
  ///   - form: How the keys of the file are built.
  /// - Complexity: O(length of key and value).
  public init(key: [UInt8], value: [UInt8], form: MailboxKey.Form) {
    self.init(MailboxEntryView(key: key.rawSpan, value: value.rawSpan, form: form))
  }

  /// The record, seen in place. Nothing is decoded again.
  public var view: MailboxEntryView {
    @_lifetime(borrow self)
    get { MailboxEntryView(self) }
  }

  /// Whether keys and values are the same, and were decoded alike.
  public static func == (left: MailboxEntry, right: MailboxEntry) -> Bool {
    left.form == right.form && left.keyBytes == right.keyBytes && left.valueBytes == right.valueBytes
  }

  /// Hashes key and value.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(keyBytes)
    hasher.combine(valueBytes)
  }
}

extension MailboxEntryView {
  @_lifetime(borrow entry)
  init(_ entry: borrowing MailboxEntry) {
    keyBytes = entry.keyBytes.rawSpan
    valueBytes = entry.valueBytes.rawSpan
    key = entry.key
    form = entry.form
    valueForm = entry.key.isMailbox ? MailboxValueForm(of: entry.valueBytes.rawSpan) : nil
    gravest = entry.gravest
    issueCount = entry.issueCount
    errorCount = entry.errorCount
    fields = entry.fields
  }
}

// MARK: - Fields

extension MailboxEntry {
  /// What the mailbox holds; mail if the record does not say, `.unknown` if it could not be read.
  public var kind: MailboxKind { fields.type.kind }

  /// In which state the mailbox is.
  public var flags: MailboxFlags { fields.type.flags }

  /// The mailbox's name: that of the key, or for a record under an id that of the field.
  public var name: FieldValue<[UInt8]> {
    if case .name(let range) = key.kind { return .value(Array(keyBytes[range])) }
    return storedText(of: .name)
  }

  /// The mailbox's unique id: that of the key, or for other records that of the field.
  public var uniqueID: FieldValue<[UInt8]> {
    if case .uniqueID(let range) = key.kind { return .value(Array(keyBytes[range])) }
    return storedText(of: .uniqueID)
  }

  /// The mailbox's JMAP id: that of the key, or for other records that of the field.
  public var jmapID: FieldValue<[UInt8]> {
    if case .jmapID(_, let range) = key.kind { return .value(Array(keyBytes[range])) }
    return storedText(of: .jmapID)
  }

  /// The partition that the mailbox lies on.
  public var partition: FieldValue<[UInt8]> { storedText(of: .partition) }

  /// The server that the mailbox lives on, or is being moved to.
  public var server: FieldValue<[UInt8]> { storedText(of: .server) }

  /// The special use, which only records from before 2.5 have; for example `\Sent`.
  public var legacySpecialUse: [UInt8]? { view.legacySpecialUse?.copy() }

  /// Who may do what with the mailbox.
  public var acl: FieldValue<ACL> {
    guard let acl = view.acl else { return FieldValue(fields.state(of: .acl), nil) }
    return .value(ACL(acl))
  }

  /// The mailbox's former names, newest first. Only records under a unique id have them.
  public var history: FieldValue<[FormerName]> {
    guard var history = view.history else { return FieldValue(fields.state(of: .history), nil) }
    var names: [FormerName] = []
    while let former = history.next() { names.append(FormerName(former)) }
    return .value(names)
  }

  /// The mailbox's UIDVALIDITY.
  public var uidValidity: FieldValue<UInt32> { FieldValue(fields.state(of: .uidValidity), fields.uidValidity) }

  /// The modseq at which the mailbox was created.
  public var createdModseq: FieldValue<UInt64> { FieldValue(fields.state(of: .createdModseq), fields.createdModseq) }

  /// The modseq of the last change to this record.
  public var folderModseq: FieldValue<UInt64> { FieldValue(fields.state(of: .folderModseq), fields.folderModseq) }

  /// When this record was written, in seconds since 1970 by the clock of the server that did.
  public var mtime: FieldValue<Int64> { FieldValue(fields.state(of: .mtime), fields.mtime) }

  /// The string that the record has for a field: not for one that is a number, an ACL or history.
  public func storedText(of field: MailboxField) -> FieldValue<[UInt8]> {
    FieldValue(fields.state(of: field), view.storedText(of: field)?.copy())
  }

  /// The fields that the record has, in its order, whatever their state.
  public var fieldOrder: MailboxFieldOrder { fields.order }
}
