// What a line of a sync log says that has changed.
//
//   argument   M internal mailbox name, U user id, Q quota root, I unique id
//
//   USER U       UNUSER U            META U     SIEVE U      whole users
//   MAILBOX M    UNMAILBOX M         APPEND M   ACL M        mailboxes
//   RENAME M M   DOUBLEMAILBOX M M
//   QUOTA Q      ANNOTATION M or ""
//   SEEN U I     SUB U M             UNSUB U M
//
// Facts: Cyrus's imap/sync_log.c, imap/sync_log.h and imap/sync_client.c of releases 2.3.0 to 3.13.7.

/// The first word of a line: what has changed.
public enum SyncLogVerb: String, Sendable, Hashable, CaseIterable {
  /// A whole user.
  case user = "USER"
  /// A user was deleted, or renamed away.
  case unuser = "UNUSER"
  /// Subscriptions, seen state and sieve scripts of a user.
  case meta = "META"
  /// As `META`. No release writes it, all read it.
  case sieve = "SIEVE"
  /// A mailbox was changed or created, or is gone.
  case mailbox = "MAILBOX"
  /// A mailbox was removed for good.
  case unmailbox = "UNMAILBOX"
  /// Two mailboxes between which messages were copied or moved. From 3.4 on.
  case doubleMailbox = "DOUBLEMAILBOX"
  /// Messages were added to a mailbox.
  case append = "APPEND"
  /// A mailbox was renamed; with two equal names it changed its partition. From 3.4 on.
  case rename = "RENAME"
  /// The rights on a mailbox. Only 2.3.
  case acl = "ACL"
  /// The limits of a quota root.
  case quota = "QUOTA"
  /// Annotations of a mailbox, or of the server if the argument is empty.
  case annotation = "ANNOTATION"
  /// What a user has seen of a mailbox.
  case seen = "SEEN"
  /// A user's subscription of a mailbox, whether on or off.
  case sub = "SUB"
  /// As `SUB`. Only 2.3.
  case unsub = "UNSUB"
}
