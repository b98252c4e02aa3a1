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

import CyrusDatabase

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

extension SyncLogVerb {
  /// How many arguments Cyrus writes after it: 1 or 2. Its reader takes a second one after any verb.
  public var argumentCount: Int {
    switch self {
    case .doubleMailbox, .rename, .seen, .sub, .unsub: 2
    case .user, .unuser, .meta, .sieve, .mailbox, .unmailbox, .append, .acl, .quota, .annotation: 1
    }
  }

  /// The verb that a word is, small letters taken for capitals; nil if there is none.
  init?(word: RawSpan) {
    func isWord(_ verb: SyncLogVerb) -> Bool {
      var place = 0
      // Verbs are short enough to be held without an allocation.
      for letter in verb.rawValue.utf8 {
        let byte = word.byte(at: place)
        guard byte == letter || byte == letter | 0x20 else { return false }
        place += 1
      }
      return true
    }
    let candidates: (SyncLogVerb, SyncLogVerb?, SyncLogVerb?)
    switch word.byteCount {
    case 3: candidates = (.sub, .acl, nil)
    case 4: candidates = (.seen, .user, .meta)
    case 5: candidates = (.quota, .sieve, .unsub)
    case 6: candidates = (.append, .rename, .unuser)
    case 7: candidates = (.mailbox, nil, nil)
    case 9: candidates = (.unmailbox, nil, nil)
    case 10: candidates = (.annotation, nil, nil)
    case 13: candidates = (.doubleMailbox, nil, nil)
    default: return nil
    }
    if isWord(candidates.0) {
      self = candidates.0
    } else if let second = candidates.1, isWord(second) {
      self = second
    } else if let third = candidates.2, isWord(third) {
      self = third
    } else {
      return nil
    }
  }
}
