// One thing in which a replica differs from its master, and what is to be made of it.

public import CyrusMailboxes

/// One thing in which a replica differs from its master.
public struct StoreDifference: Sendable, Hashable {
  /// In what they differ.
  public let detail: Detail
  /// The mailbox, as the master calls it; for one that only the replica has, as the replica does.
  public let name: MailboxName
  /// The mailbox's unique id; nil if a side has none.
  public let uniqueID: [UInt8]?
  /// How bad it is.
  public let severity: Severity
  /// What becomes of it.
  public internal(set) var status: Status
  /// Lines of a sync log that make it good; nil if none does.
  public let repair: [SyncAction]?
  /// The first line of the pending log that covers it.
  public let explanation: Explanation?
  /// Whether it is pending by a line that sync_client may never get to, as the replica refuses another.
  public internal(set) var isHeldUp = false

  /// The user whose mailbox it is or was, or whom it is about, with the domain if there is one; nil if there is none.
  public var user: [UInt8]? {
    if case .other(let state) = detail { return state.user }
    return name.owner
  }

  /// How bad a difference is.
  public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// No difference that anyone would miss.
    case info
    /// Seen by nobody but administrators.
    case low
    /// Seen by users.
    case medium
    /// Mail or whole mailboxes.
    case high

    /// Whether the first is less bad.
    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .info: 0
      case .low: 1
      case .medium: 2
      case .high: 3
      }
    }
  }

  /// What becomes of a difference.
  public enum Status: String, Sendable, Hashable, CaseIterable {
    /// Meant to be so, or of no account.
    case ignored
    /// A line of the log will settle it.
    case pending
    /// A line of the log is about it, but what it does will be refused, or costs a mailbox that the master never knew.
    case pendingConflict
    /// No line is about it. A repair settles it.
    case drift
    /// No line is about it and no repair settles it: a person has to decide.
    case conflict
    /// Did not hold still while it was looked at.
    case inFlux
  }

  /// Which side is ahead.
  public enum Direction: String, Sendable, Hashable {
    /// The master.
    case masterAhead
    /// The replica: a repair changes the master.
    case replicaAhead
    /// Each in something.
    case divergent
  }

  /// What the master has under the name of a mailbox that only the replica has.
  public enum Tombstone: String, Sendable, Hashable {
    /// A tombstone of this very mailbox.
    case sameID = "sameId"
    /// A tombstone of another one.
    case otherID = "otherId"
    /// No tombstone.
    case none
  }

  /// In what a replica differs, and the values of both sides, the master's first.
  public enum Detail: Sendable, Hashable {
    /// The same mailbox has another name on the replica.
    case renamed(replicaName: MailboxName, isCycle: Bool)
    /// Only the master has it. Its name may be taken on the replica by a mailbox that the master calls otherwise.
    case missing(blockedBy: MailboxName?)
    /// Both have a mailbox of this name, and they have nothing to do with each other.
    case identityConflict(replicaUniqueID: [UInt8])
    /// Only the replica has it.
    case extra(Tombstone)
    /// Rights, as Cyrus's text: each identifier and its rights followed by TAB.
    case acl(master: [UInt8], replica: [UInt8])
    /// Partitions.
    case partition(master: [UInt8], replica: [UInt8])
    /// Kinds, with the state of an intermediate one.
    case type(master: String, replica: String)
    /// The modseqs of the last change of the record.
    case folderModseq(master: UInt64, replica: UInt64)
    /// UIDVALIDITY of the records.
    case uidValidityEntry(master: UInt32, replica: UInt32)
    /// The modseqs of the creation.
    case createdModseqEntry(master: UInt64, replica: UInt64)
    /// What the mailboxes hold.
    case content(fields: [ContentField], Direction)
    /// A record of the list cannot be decoded on one side, so that nothing can be said.
    case unreadable(Side)
    /// Two mailboxes of one side have the same unique id; the other one's name.
    case duplicateUniqueID(Side, other: MailboxName)
    /// Something besides mailboxes.
    case other(OtherState)
  }

  /// A side of a pair.
  public enum Side: String, Sendable, Hashable {
    /// The side that changes are made on.
    case master
    /// The side that they are carried over to.
    case replica
  }

  /// A field of two mailboxes' contents that differs.
  public struct ContentField: Sendable, Hashable {
    /// As Cyrus's protocol calls it, for example `highestmodseq`.
    public let name: String
    /// The master's.
    public let master: UInt64
    /// The replica's.
    public let replica: UInt64
  }

  /// A line that covers a difference.
  public struct Explanation: Sendable, Hashable {
    /// What the file was called.
    public let file: String
    /// The line's number, from 1.
    public let line: Int
    /// The line, without its end.
    public let text: [UInt8]
  }
}

extension StoreDifference.Detail {
  /// The name of the class: what reports call it and sort by.
  public var className: String {
    switch self {
    case .renamed: "renamed"
    case .missing: "missing"
    case .identityConflict: "identityConflict"
    case .extra: "extra"
    case .acl: "acl"
    case .partition: "partition"
    case .type: "mbtype"
    case .folderModseq: "foldermodseq"
    case .uidValidityEntry: "uidvalidityEntry"
    case .createdModseqEntry: "createdmodseqEntry"
    case .content: "content"
    case .unreadable: "unreadable"
    case .duplicateUniqueID: "duplicateUniqueid"
    case .other(let state): state.className
    }
  }

  /// Which side is ahead; nil where that means nothing.
  public var direction: StoreDifference.Direction? {
    switch self {
    case .folderModseq(let master, let replica), .createdModseqEntry(let master, let replica):
      master > replica ? .masterAhead : .replicaAhead
    case .uidValidityEntry(let master, let replica): master > replica ? .masterAhead : .replicaAhead
    case .content(_, let direction): direction
    default: nil
    }
  }
}
