// What one list of mailboxes has of a user.

public import CyrusDatabase
public import CyrusMailboxes

/// What a list says of a mailbox, as far as it goes along when its user moves.
///
/// A number that is 0 means nothing in Cyrus's records, and is nil here.
public struct UserMailbox: Sendable, Hashable {
  /// The name.
  public var name: MailboxName
  /// The unique id; nil in records of releases that had none there.
  public var uniqueID: [UInt8]?
  /// What it holds, in the words of ``/CyrusMailboxes/MailboxKind/name``.
  public var kind: String
  /// Who may do what with it, in Cyrus's text form: identifiers and rights, each with TAB behind it.
  public var acl: [UInt8]
  /// The UIDVALIDITY.
  public var uidValidity: UInt32?
  /// The modseq at which it was created.
  public var createdModseq: UInt64?
  /// The modseq of the last change to its record.
  public var folderModseq: UInt64?

  /// A mailbox with these properties.
  public init(
    name: MailboxName, uniqueID: [UInt8]? = nil, kind: String = MailboxKind.email.name, acl: [UInt8] = [],
    uidValidity: UInt32? = nil, createdModseq: UInt64? = nil, folderModseq: UInt64? = nil
  ) {
    self.name = name
    self.uniqueID = uniqueID
    self.kind = kind
    self.acl = acl
    self.uidValidity = uidValidity == 0 ? nil : uidValidity
    self.createdModseq = createdModseq == 0 ? nil : createdModseq
    self.folderModseq = folderModseq == 0 ? nil : folderModseq
  }

  /// The mailbox of a record under a name.
  init(_ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) {
    var acl: [UInt8] = []
    entry.acl?.appendText(to: &acl)
    self.init(
      name: MailboxName(name), uniqueID: entry.uniqueID?.copy(), kind: entry.kind.name, acl: acl,
      uidValidity: entry.uidValidity, createdModseq: entry.createdModseq, folderModseq: entry.folderModseq)
  }
}

/// What a list of mailboxes has of a user.
public struct UserMailboxes: Sendable, Hashable {
  /// Mailboxes that are there, by name. Neither tombstones nor what lies in `DELETED`, nor what is no mailbox yet or none
  /// of this server: reserved names, intermediate and remote ones.
  public private(set) var live: [UserMailbox] = []
  /// Mailboxes that were deleted and are kept for a while, by name.
  public private(set) var deleted: [UserMailbox] = []
  /// Records that say that there is no mailbox any more.
  public private(set) var tombstoneCount = 0
  /// Reserved names, intermediate and remote mailboxes.
  public private(set) var passedOverCount = 0
  /// Records that do not say what they are.
  public private(set) var unreadableCount = 0
  /// How the keys of the file are built, and which releases wrote it.
  public let form: MailboxListForm
  /// How many places are damaged among the records that were looked at.
  public let damageCount: Int

  /// Whether nothing can be missing: no place is damaged, and each record says what it is.
  public var isComplete: Bool { damageCount == 0 && unreadableCount == 0 }

  /// Whether some record is that of a mailbox, or there is none at all: else it is another database.
  public var isOfMailboxes: Bool { form.isEmpty || form.generation != nil || form.hasMetDamage }

  /// Whether the user lives there.
  public var isHome: Bool { !live.isEmpty }

  /// Whether his INBOX is there.
  public var hasINBOX: Bool { live.contains { $0.name.isINBOX } }

  /// Looks for the mailboxes of a user.
  ///
  /// - Parameters:
  ///   - user: With the domain behind the last `@`, if there is one. Names that hold the `@` as a letter are found, too.
  ///   - database: A `mailboxes.db`.
  ///   - settings: Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and
  ///     ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  ///   - locking: As for ``/CyrusMailboxes/MailboxList``.
  /// - Throws: As ``/CyrusDatabase/Database/snapshot(locking:)``. Damage is no error: see ``isComplete``.
  /// - Complexity: O(log *n*) for some eighty searches, and O(mailboxes of the user).
  public init(
    of user: [UInt8], in database: Database, settings: NameSettings = NameSettings(), locking: Locking = .auto
  ) throws(DatabaseError) {
    let list = try MailboxList(database, selecting: .user(user), settings: settings, locking: locking)
    form = list.form
    damageCount = list.records.damageCount
    for index in 0..<list.count {
      let entry = try list.entry(at: index)
      guard let name = entry.nameInKey(settings) else { continue }
      switch entry.mailboxState(named: name) {
      case .unreadable: unreadableCount += 1
      case .tombstones: tombstoneCount += 1
      case let state:
        if !entry.flags.isDisjoint(with: Self.passedOver) {
          passedOverCount += 1
        } else if state == .live {
          live.append(UserMailbox(entry, name))
        } else {
          deleted.append(UserMailbox(entry, name))
        }
      }
    }
    try list.records.confirm()
  }

  private static let passedOver: MailboxFlags = [.reserved, .intermediate, .remote]
}
