// Decoding records of the databases of Cyrus.
//
// Facts: Cyrus of releases 2.2.13 to 3.13.7, and files that 3.6.1 wrote.

import CyrusDatabase

/// Takes the records of a database apart, one at a time.
///
/// Decoding never fails: what can be read is given, and what cannot is given raw, with an issue that says why.
///
/// ```swift
/// guard let kind = DatabaseKind(path: path) else { … }
/// let decoder = RecordDecoder(kind)
/// while let record = try records.next() {
///   for field in decoder.decode(key: record.key, value: record.value).fields { … }
/// }
/// ```
public struct RecordDecoder: Hashable, Sendable {
  /// What the records are of.
  public let kind: DatabaseKind
  /// How the keys of the file are built. Matters for ``DatabaseKind/mailboxes`` and ``DatabaseKind/subscriptions`` alone.
  public let keyForm: MailboxKey.Form

  /// Makes a decoder for the records of one file.
  public init(_ kind: DatabaseKind, keyForm: MailboxKey.Form = .prefixed) {
    self.kind = kind
    self.keyForm = keyForm
  }

  /// Takes a record apart.
  ///
  /// - Parameters:
  ///   - key: The key's bytes.
  ///   - value: The value's bytes.
  /// - Complexity: O(length of key and value).
  public func decode(key: RawSpan, value: RawSpan) -> DecodedRecord {
    var fields = DecodedFields(key: Array(key), value: Array(value))
    switch kind {
    case .mailboxes: fields.readMailbox(key, value, keyForm)
    case .annotations: fields.readAnnotation(isOfMessage: false)
    case .messageAnnotations: fields.readAnnotation(isOfMessage: true)
    case .conversations: fields.readConversations()
    case .seen: fields.readSeen()
    case .subscriptions: fields.readSubscription(keyForm)
    case .quota: fields.readQuota()
    case .statusCache: fields.readStatus()
    case .deliver: fields.readDelivery()
    case .tlsSessions: fields.readTLSSession()
    case .ptsCache: fields.readGroups()
    case .userDeny: fields.readDenial()
    case .mailboxKeys: fields.readMailboxKey()
    case .zoneInfo: fields.readZone()
    case .searchIndexed: fields.readIndexed()
    case .syncCache: fields.readSyncState()
    case .backups: fields.readBackup()
    }
    return DecodedRecord(fields: fields.fields, issues: fields.issues)
  }

  /// What one record tells of how the keys of the file are built; nil if it tells nothing.
  ///
  /// Show it records until it tells something. If none does, the keys are plain, unless the file is known to be of a
  /// release that has no such keys.
  ///
  /// - Parameters:
  ///   - kind: What the record is of.
  ///   - key: The key's bytes.
  ///   - value: The value's bytes.
  public static func keyForm(of kind: DatabaseKind, key: RawSpan, value: RawSpan) -> MailboxKey.Form? {
    switch kind {
    case .mailboxes: mailboxKeyForm(Array(key), value)
    case .subscriptions: Array(key) == DecodedFields.subscriptionVersionKey ? .prefixed : nil
    default: .prefixed
    }
  }

  private static func mailboxKeyForm(_ key: [UInt8], _ value: RawSpan) -> MailboxKey.Form? {
    if key.starts(with: "$RACL".utf8) || key.starts(with: "$RUNQ".utf8) { return .plain }
    // Only keys that begin with a letter have separators in them: no name may hold one.
    if key.contains(0x1E) { return .prefixed }
    switch key.first {
    case UInt8(ascii: "I"):
      let entry = MailboxEntryView(key: key.rawSpan, value: value, form: .prefixed)
      return entry.valueForm == .dlist && entry.state(of: .name) == .value ? .prefixed : nil
    case UInt8(ascii: "N"):
      if key.contains(where: { $0 == 0x1F || $0 == 0x1D }) { return .prefixed }
      // Before 3.6, the fields of a record came in alphabetical order, so that the type was never first.
      return Array(value).starts(with: "%(T ".utf8) && !key.contains(UInt8(ascii: ".")) ? .prefixed : nil
    // Names of old files have no such bytes, and dots between their components.
    case UInt8(ascii: "u") where key.starts(with: "user.".utf8): return .plain
    default: return nil
    }
  }
}
