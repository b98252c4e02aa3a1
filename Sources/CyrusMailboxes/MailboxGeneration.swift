// Which releases of Cyrus write records of a form.
//
//   text           0 default joe TAB lrs TAB            3.0 to 3.2    %(A … P … V … F … M …), with C from 3.1.5 on
//   extended text  (uniqueid …) 0 default …             3.3, 3.4      the same, and `$RUNQ` keys
//   2.5            %(A … P … V … M …)                   3.6 to 3.12   prefixed keys, and %(T e …)
//                                                       3.13          the same, and a J in each record
//
// Surprise: a record is rewritten only when its mailbox changes, so a file holds records of all releases that ever ran
// on it. The newest one among them is the least release that has written the file.
//
// Facts: Cyrus's imap/mboxlist.c of releases 2.2.13 to 3.13.7.

import CyrusDatabase

/// The releases of Cyrus that write a form of records, from the oldest to the newest.
public enum MailboxGeneration: UInt8, Hashable, Sendable, CaseIterable {
  /// Text, of releases up to 2.4.
  case text = 1
  /// Text behind words in parentheses, of development before 2.5.
  case extendedText
  /// Dlists without modseqs, of 2.5.
  case release25
  /// Dlists with modseqs under plain keys, of 3.0 to 3.2.
  case release30
  /// The same, and records for unique ids or versions of bookkeeping, of 3.3 and 3.4.
  case release33
  /// Keys that begin with a letter, of 3.6 to 3.12.
  case release36
  /// The same with JMAP ids, from development of 3.13 on.
  case release313

  /// The releases in words, for example `3.6 to 3.12`.
  public var releases: String {
    switch self {
    case .text: "2.0 to 2.4"
    case .extendedText: "before 2.5"
    case .release25: "2.5"
    case .release30: "3.0 to 3.2"
    case .release33: "3.3 to 3.4"
    case .release36: "3.6 to 3.12"
    case .release313: "3.13"
    }
  }

  /// How these releases build keys.
  public var keys: MailboxKey.Form { self < .release36 ? .plain : .prefixed }

  /// The oldest releases that a record is of; nil for one that does not describe a mailbox, or has no value.
  ///
  /// A record without modseqs, as few newer ones are, counts as one of 2.5. Under plain keys nothing in a mailbox's
  /// record tells 3.3 from 3.0.
  public init?(of entry: borrowing MailboxEntryView) {
    switch entry.valueForm {
    case nil: return nil
    case .text: self = .text
    case .extendedText: self = .extendedText
    case .dlist where entry.key.form == .prefixed:
      let hasJMAPID =
        if case .jmapID = entry.key.kind { true } else { entry.state(of: .jmapID) != .absent }
      self = hasJMAPID ? .release313 : .release36
    case .dlist:
      let hasModseq = entry.state(of: .folderModseq) != .absent || entry.state(of: .createdModseq) != .absent
      self = hasModseq ? .release30 : .release25
    }
  }
}

extension MailboxGeneration: Comparable {
  /// Whether the first is older.
  public static func < (left: MailboxGeneration, right: MailboxGeneration) -> Bool { left.rawValue < right.rawValue }
}
