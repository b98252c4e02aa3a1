// Which database of Cyrus a file is.
//
// Nothing in a file says so. Cyrus knows by the name, which an administrator can choose for most of them, and a copy has
// any name. So the name is looked at first, then the records; only what fits one kind and no other is an answer.

import CyrusDatabase

/// What the records of a file are about.
public enum DatabaseKind: String, Hashable, Sendable, CaseIterable {
  /// The mailboxes of a server: `mailboxes.db`.
  case mailboxes
  /// Annotations of the server and of mailboxes: `annotations.db`.
  case annotations
  /// Annotations of the messages of a mailbox: `cyrus.annotations`.
  case messageAnnotations = "message-annotations"
  /// The conversations of a user.
  case conversations
  /// What a user has seen in the mailboxes of others.
  case seen
  /// What a user has subscribed to.
  case subscriptions
  /// Quotas: used and limits.
  case quota
  /// What STATUS answers: `statuscache.db`.
  case statusCache = "statuscache"
  /// Messages that were delivered, to suppress duplicates: `deliver.db`.
  case deliver
  /// TLS sessions, to resume: `tls_sessions.db`.
  case tlsSessions = "tls-sessions"
  /// Which groups a user is in: `ptscache.db`.
  case ptsCache = "pts-cache"
  /// Who may not use which service: `user_deny.db`.
  case userDeny = "user-deny"
  /// The keys of URLAUTH of a user's mailboxes.
  case mailboxKeys = "mboxkey"
  /// Time zones: `zoneinfo.db`.
  case zoneInfo = "zoneinfo"
  /// Which messages are indexed for searches: `cyrus.indexed.db`.
  case searchIndexed = "search-indexed"
  /// What a replica is believed to hold.
  case syncCache = "sync-cache"
  /// Where the backups of users lie: `backups.db`.
  case backups

  /// Guesses from the name of a file.
  ///
  /// Takes the names that Cyrus uses if not told otherwise: for a server's databases the whole name, for those of a
  /// user also what stands behind the last dot (`joe.seen`).
  ///
  /// - Parameter path: The file's path. Only its last component counts.
  /// - Returns: nil if the name is none of these.
  public init?(path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    if let kind = Self.names[name] {
      self = kind
    } else if let dot = name.lastIndex(of: "."), dot != name.startIndex,
      let kind = Self.suffixes[String(name[name.index(after: dot)...])]
    {
      self = kind
    } else {
      return nil
    }
  }

  /// Guesses from some records of a file.
  ///
  /// Conservative: every record must be sound as one of a kind, one of them must look like no other kind, and only one
  /// kind may fit. TLS sessions, groups, keys of mailboxes, time zones and backups are never guessed; their records have
  /// too little about them.
  ///
  /// - Parameter records: Keys and values; 20 or so from all over a file will do.
  /// - Returns: nil if that is not certain, and for no records.
  /// - Complexity: O(bytes), for each kind.
  public init?(records: [(key: [UInt8], value: [UInt8])]) {
    let fitting = Self.allCases.filter { kind in
      guard records.contains(where: { kind.isTypical($0.key, $0.value) }) else { return false }
      let forms = kind == .mailboxes ? [MailboxKey.Form.prefixed, .plain] : [.prefixed]
      return forms.contains { form in
        let decoder = RecordDecoder(kind, keyForm: form)
        return records.allSatisfy { record in
          decoder.decode(key: record.key.rawSpan, value: record.value.rawSpan).issues.isEmpty
        }
      }
    }
    guard let kind = fitting.first, fitting.count == 1 else { return nil }
    self = kind
  }

  private static let names: [String: DatabaseKind] = [
    "mailboxes.db": .mailboxes, "annotations.db": .annotations, "cyrus.annotations": .messageAnnotations,
    "conversations.db": .conversations, "seen.db": .seen, "sub.db": .subscriptions, "quotas.db": .quota,
    "statuscache.db": .statusCache, "deliver.db": .deliver, "tls_sessions.db": .tlsSessions,
    "ptscache.db": .ptsCache, "user_deny.db": .userDeny, "mboxkey.db": .mailboxKeys, "zoneinfo.db": .zoneInfo,
    "cyrus.indexed.db": .searchIndexed, "backups.db": .backups,
  ]

  private static let suffixes: [String: DatabaseKind] = [
    "conversations": .conversations, "seen": .seen, "sub": .subscriptions, "mboxkey": .mailboxKeys,
  ]

  /// Whether a record is a mailbox with a type, or says who may see one.
  private static func isTypicalMailbox(_ key: [UInt8], _ value: [UInt8]) -> Bool {
    let bookkeeping = ["AS\u{1E}", "AU\u{1E}", "$RACL", "$RUNQ"]
    if bookkeeping.contains(where: { key.starts(with: $0.utf8) }) { return true }
    let entry = MailboxEntryView(key: key.rawSpan, value: value.rawSpan, form: .plain)
    guard entry.issueCount == 0, entry.state(of: .type) == .value else { return false }
    return entry.valueForm == .dlist || value.last == 0x09
  }

  /// Whether a key's first part, up to a NUL, is a number.
  private static func startsWithNumber(_ key: [UInt8]) -> Bool { DecodedFields.number(key.prefix { $0 != 0 }) != nil }

  /// Whether a record has what no other kind has.
  private func isTypical(_ key: [UInt8], _ value: [UInt8]) -> Bool {
    switch self {
    case .mailboxes: Self.isTypicalMailbox(key, value)
    // Their form alone is telling: parts that end in NUL, lengths that add up, sets of numbers.
    case .annotations: key.contains(0) && !Self.startsWithNumber(key)
    case .messageAnnotations: Self.startsWithNumber(key)
    case .conversations: key.starts(with: "$FOLDER_".utf8) || key.first == UInt8(ascii: "B")
    case .seen: value.starts(with: "1 ".utf8)
    case .subscriptions: key == DecodedFields.subscriptionVersionKey
    case .quota: value.starts(with: "%(S (".utf8)
    case .statusCache: value.starts(with: "I ".utf8) || value.starts(with: "S ".utf8)
    case .deliver: key.contains(0) && (value.count == 16)
    case .userDeny: value.starts(with: "2\t".utf8)
    case .searchIndexed: key.starts(with: "*M*".utf8) || key == Array("*V*".utf8)
    case .syncCache: value.starts(with: "%(UNIQUEID ".utf8) || value.starts(with: "%(JMAPID ".utf8)
    case .tlsSessions, .ptsCache, .mailboxKeys, .zoneInfo, .backups: false
    }
  }
}
