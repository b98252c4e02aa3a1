// A record of mailboxes.db, decoded in place.
//
// The form of a value is decided for each record by its first byte, as files hold records of many releases: `%` a dlist
// (2.5 and later), `(` extended text (before 2.5), anything else text (up to 2.4).

import CyrusDatabase

/// The form of a mailbox record's value.
public enum MailboxValueForm: UInt8, Hashable, Sendable {
  /// `0 default joe TAB lrs TAB`: releases up to 2.4.
  case text
  /// The same after words in parentheses: development before 2.5.
  case extendedText
  /// `%(T e P default …)`: release 2.5 and later.
  case dlist
}

/// A record of mailboxes.db, decoded in place. Valid as long as the bytes of key and value; copy what you keep, or make
/// a ``MailboxEntry`` of it.
///
/// Decoding never fails: what can be read is given, and what cannot is counted as an issue. ``errorCount`` says whether
/// something is missing, ``issues()`` says what. The fields before an error are whole; those behind it are absent.
///
/// Names are given as they are stored, whatever they hold.
///
/// ```swift
/// while let record = try records.next() {
///   let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
///   guard case .name = entry.key.kind, !entry.flags.contains(.deleted) else { continue }
///   if let partition = entry.partition { … }
/// }
/// ```
///
/// Nothing is allocated, unless a record has two ACLs, or one of more than 64 entries of which two look alike.
public struct MailboxEntryView: ~Escapable {
  /// The key, as given.
  public let keyBytes: RawSpan
  /// The value, as given.
  public let valueBytes: RawSpan
  /// What the key stands for.
  public internal(set) var key: MailboxKey
  /// The form of the value; nil if it is empty or the record does not describe a mailbox.
  public internal(set) var valueForm: MailboxValueForm?
  /// The first error; if there is none the first warning, nil if there is neither.
  public var gravestIssue: DecodingIssue? { gravest?.issue }
  /// How many things are wrong or odd.
  public internal(set) var issueCount = 0
  /// How many of them are errors, so that something could not be decoded.
  public internal(set) var errorCount = 0

  /// How the keys of the file are built, as was said.
  let form: MailboxKey.Form
  @usableFromInline var fields: MailboxFields
  var gravest: CompactIssue?

  /// Decodes a record of any kind.
  ///
  /// - Parameters:
  ///   - key: The key's bytes.
  ///   - value: The value's bytes.
  ///   - form: How the keys of the file are built.
  /// - Complexity: O(length of key and value). A value as Cyrus writes nearly all is looked at 64 bytes at a time; any
  ///   other takes several times as long.
  @_lifetime(copy key, copy value)
  public init(key: RawSpan, value: RawSpan, form: MailboxKey.Form) {
    // All is put into the entry at once, at the end: one that is made in memory would be copied.
    var fields = MailboxFields()
    if let context = MailboxFieldContext(usual: key, form), fields.readWritten(value, as: context) {
      keyBytes = key
      valueBytes = value
      self.form = form
      self.key = MailboxKey(usual: key, context)
      valueForm = .dlist
      self.fields = fields
    } else {
      self = MailboxEntryView(other: key, value: value, form: form)
    }
  }

  /// Decodes a record that is not as Cyrus writes nearly all.
  @_lifetime(copy key, copy value)
  @inline(never)
  private init(other key: RawSpan, value: RawSpan, form: MailboxKey.Form) {
    keyBytes = key
    valueBytes = value
    self.form = form
    let context = MailboxFieldContext(usual: key, form)
    self.key = MailboxKey(usual: key, context)
    valueForm = .dlist
    fields = MailboxFields()
    if let context, fields.readUsualInAnyOrder(value, as: context) { return }
    fields = MailboxFields()
    scan()
  }

  /// Decodes a record of any kind without looking first whether it is as usual: what that is held against by tests.
  @_lifetime(copy key, copy value)
  @inline(never)
  init(scanning key: RawSpan, value: RawSpan, form: MailboxKey.Form) {
    keyBytes = key
    valueBytes = value
    self.form = form
    self.key = MailboxKey(usual: key, nil)
    valueForm = nil
    fields = MailboxFields()
    scan()
  }

  /// Decodes the record, whatever it is like.
  @inline(never)
  private mutating func scan() {
    var tally = IssueTally()
    key = MailboxKey(keyBytes, value: valueBytes, form: form, &tally)
    fields = MailboxFields(of: key, valueBytes, &tally)
    valueForm = key.isMailbox ? MailboxValueForm(of: valueBytes) : nil
    gravest = tally.gravest
    issueCount = tally.count
    errorCount = tally.errorCount
  }

  /// How many issues ``issues()`` gives at most. More are only counted.
  public static let listedIssuesMax = 1000

  /// What is wrong or odd, in the order in which it was met: the key's issues, then the value's. At most
  /// ``listedIssuesMax``, the first error among them.
  ///
  /// - Complexity: O(length of key and value) if there is any: the record is decoded again. O(1) otherwise.
  public func issues() -> [DecodingIssue] {
    guard issueCount > 0 else { return [] }
    var tally = IssueTally(keeping: Self.listedIssuesMax)
    let key = MailboxKey(keyBytes, value: valueBytes, form: form, &tally)
    _ = MailboxFields(of: key, valueBytes, &tally)
    return tally.kept
  }
}

// MARK: - Fields

extension MailboxEntryView {
  /// What the mailbox holds; mail if the record does not say, `.unknown` if it could not be read.
  public var kind: MailboxKind { fields.type.kind }

  /// In which state the mailbox is.
  public var flags: MailboxFlags {
    @inline(__always)
    get { fields.type.flags }
  }

  /// Whether kind and flags could be read, or are left out as they may be. If not, ``flags`` has none.
  public var isTypeReadable: Bool {
    @inline(__always)
    get { fields.type.isReadable }
  }

  /// Kind and flags as they are stored: letters in a dlist, otherwise a number.
  public var typeText: MailboxText? {
    @_lifetime(copy self)
    get { storedText(of: .type) }
  }

  /// The mailbox's name: that of the key, or for a record under an id that of the field. In the form that ``MailboxKey``
  /// says.
  public var name: MailboxText? {
    @_lifetime(copy self)
    get {
      if case .name(let range) = key.kind { return MailboxText(keyBytes.extracting(range)) }
      return storedText(of: .name)
    }
  }

  /// The mailbox's unique id: that of the key, or for other records that of the field.
  public var uniqueID: MailboxText? {
    @_lifetime(copy self)
    get {
      if case .uniqueID(let range) = key.kind { return MailboxText(keyBytes.extracting(range)) }
      return storedText(of: .uniqueID)
    }
  }

  /// The mailbox's JMAP id: that of the key, or for other records that of the field.
  public var jmapID: MailboxText? {
    @_lifetime(copy self)
    get {
      if case .jmapID(_, let range) = key.kind { return MailboxText(keyBytes.extracting(range)) }
      return storedText(of: .jmapID)
    }
  }

  /// The partition that the mailbox lies on.
  public var partition: MailboxText? {
    @_lifetime(copy self)
    get { storedText(of: .partition) }
  }

  /// The server that the mailbox lives on, or is being moved to.
  public var server: MailboxText? {
    @_lifetime(copy self)
    get { storedText(of: .server) }
  }

  /// The special use, which only records from before 2.5 have; for example `\Sent`.
  public var legacySpecialUse: MailboxText? {
    @_lifetime(copy self)
    get {
      guard let place = fields.specialUse else { return nil }
      return MailboxText(valueBytes.extracting(place.range))
    }
  }

  /// Who may do what with the mailbox.
  public var acl: ACLView? {
    @_lifetime(copy self)
    get {
      guard state(of: .acl) == .value else { return nil }
      let range = fields[.acl].range
      let identifierCount = Int(fields.loneIdentifierCount)
      if identifierCount > 0 {
        let entry = range.lowerBound &+ 2..<range.upperBound &- 1
        return ACLView(.pair(identifierCount: identifierCount), in: valueBytes.extracting(entry))
      }
      if fields.isACLPlain { return ACLView(.atoms(range.lowerBound + 2..<range.upperBound - 1), in: valueBytes) }
      if valueForm == .dlist {
        return ACLView(.dlist(at: range.lowerBound, count: Int(fields.aclCount)), in: valueBytes)
      }
      return ACLView(.text(range), in: valueBytes)
    }
  }

  /// The mailbox's former names, newest first. Only records under a unique id have them.
  public var history: MailboxHistoryView? {
    @_lifetime(copy self)
    get {
      guard state(of: .history) == .value else { return nil }
      return MailboxHistoryView(valueBytes, at: fields[.history].range.lowerBound)
    }
  }

  /// The mailbox's UIDVALIDITY.
  public var uidValidity: UInt32? {
    @inlinable
    @inline(__always)
    get { fields.hasUIDValidity ? fields.uidValidity : nil }
  }

  /// The modseq at which the mailbox was created.
  public var createdModseq: UInt64? {
    @inlinable
    @inline(__always)
    get { fields.hasCreatedModseq ? fields.createdModseq : nil }
  }

  /// The modseq of the last change to this record.
  public var folderModseq: UInt64? {
    @inlinable
    @inline(__always)
    get { fields.hasFolderModseq ? fields.folderModseq : nil }
  }

  /// When this record was written, in seconds since 1970 by the clock of the server that did. The records of one mailbox
  /// can differ by a second or two.
  public var mtime: Int64? {
    @inlinable
    @inline(__always)
    get { fields.hasMtime ? fields.mtime : nil }
  }

  /// What the record says about a field. A name or id that stands in the key does not count here.
  public func state(of field: MailboxField) -> FieldState { fields.state(of: field) }

  /// The string that the record has for a field: not for one that is a number, an ACL or history.
  @_lifetime(copy self)
  @inline(__always)
  public func storedText(of field: MailboxField) -> MailboxText? {
    switch field {
    case .name, .uniqueID, .jmapID, .partition, .server, .type:
      guard fields.state(of: field) == .value else { return nil }
      return MailboxText(valueBytes.extracting(fields[field].range), isEscaped: fields.isEscaped(field))
    case .acl, .history, .createdModseq, .folderModseq, .mtime, .uidValidity: return nil
    }
  }

  /// The fields that the record has, in its order, whatever their state.
  public var fieldOrder: MailboxFieldOrder { fields.order }
}

// MARK: - Decoding

extension MailboxValueForm {
  /// nil for an empty value.
  init?(of value: RawSpan) {
    guard value.byteCount > 0 else { return nil }
    switch value.byte(at: 0) {
    case UInt8(ascii: "%"): self = .dlist
    case UInt8(ascii: "("): self = .extendedText
    default: self = .text
    }
  }
}

extension MailboxFields {
  /// Reads the value of any record; nothing, if it does not describe a mailbox.
  init(of key: MailboxKey, _ value: RawSpan, _ tally: inout IssueTally) {
    self.init()
    let context: MailboxFieldContext
    switch key.kind {
    case .name: context = key.form == .plain ? .plainName : .name
    case .uniqueID: context = .uniqueID
    case .jmapID: context = .jmapID
    default: return
    }
    // Offsets are kept in 32 bits. Cyrus's own lengths have no more.
    guard value.byteCount <= UInt32.max else {
      tally.fail(.valueTooLong, 0..<value.byteCount)
      type = .unreadable
      return
    }
    let form = MailboxValueForm(of: value)
    switch form {
    case .dlist: readDList(value, as: context, &tally)
    case .extendedText, .text:
      readText(value, isExtended: form == .extendedText, &tally)
      // Text has no place for a name.
      if context == .uniqueID || context == .jmapID { tally.fail(.idNoName, 0..<value.byteCount) }
    case nil:
      tally.fail(.valueEmpty, 0..<0)
      type = .unreadable
    }
  }
}
