// The rules that hold between the records of a mailboxes.db, and how grave it is to break one.
//
// What is odd about one record alone has the name of its ``DecodingIssue``, and what an upgrade would do `preflight.…`.
//
// Facts: Cyrus's imap/mboxlist.c of releases 3.0 to 3.13.7.

public import CyrusDatabase

/// A rule that holds between the records of a `mailboxes.db`. New ones may come in minor releases.
public enum CrossCheckRule: String, Sendable, Hashable, CaseIterable {
  /// Keys are in byte order. Before 3.6 the server may be set to another one.
  case keyOrder = "file.keyOrder"
  /// All keys are of one form. The server does not see those of the other.
  case mixedKeys = "file.mixedKeys"
  /// The file was read without meeting damage.
  case unreadable = "file.unreadable"

  /// A mailbox has a unique id.
  case missingID = "mailboxes.missing-id"
  /// No two mailboxes have the same unique id.
  case duplicateID = "mailboxes.duplicate-id"
  /// A mailbox has a record under its unique id.
  case missingIDRecord = "mailboxes.missing-id-record"
  /// The records under name and unique id say the same, but for the time.
  case idRecordDiffers = "mailboxes.id-record-differs"
  /// The record under a unique id names a mailbox that has this id.
  case orphanIDRecord = "mailboxes.orphan-id-record"
  /// The record under a unique id and that of the name it gives are tombstones, or neither is.
  case idRecordState = "mailboxes.id-record-state"

  /// A mailbox with a JMAP id has a record under it.
  case missingJMAPRecord = "mailboxes.missing-jmap-record"
  /// The records under name and JMAP id give the same name and unique id.
  case jmapRecordDiffers = "mailboxes.jmap-record-differs"
  /// The record under a JMAP id names a mailbox of this owner that has this id.
  case orphanJMAPRecord = "mailboxes.orphan-jmap-record"

  /// Who may see a mailbox has a reverse ACL entry for it.
  case missingReverseACL = "mailboxes.missing-reverse-acl"
  /// A reverse ACL entry is for somebody who may see the mailbox.
  case staleReverseACL = "mailboxes.stale-reverse-acl"
  /// A name is short enough for its reverse ACL entries to be looked for.
  case uncheckedReverseACL = "mailboxes.unchecked-reverse-acl"
  /// Without the mark there are no reverse ACL entries.
  case unmarkedReverseACL = "mailboxes.unmarked-reverse-acl"

  /// A mailbox or tombstone has an entry under its unique id: 3.3 and 3.4.
  case missingReverseID = "mailboxes.missing-reverse-id"
  /// An entry under a unique id is for a mailbox or tombstone that has it: 3.3 and 3.4.
  case staleReverseID = "mailboxes.stale-reverse-id"

  /// A user and a group are paired both ways.
  case oneSidedUserGroup = "mailboxes.one-sided-user-group"
  /// Tombstones are removed after 7 days.
  case staleTombstone = "mailboxes.stale-tombstone"

  /// How grave it is, if nothing speaks for less.
  public var severity: Finding.Severity {
    switch self {
    case .uncheckedReverseACL: .note
    case .staleReverseACL, .staleReverseID, .staleTombstone: .warning
    default: .damage
    }
  }
}
