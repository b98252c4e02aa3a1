// Whether a record is of the form that its file has, or one that the server does not see.
//
// An upgrade that was interrupted or made by hand, or taken back, leaves records of the other form in a file. In one with
// prefixed keys the others are known by what they begin with. In one with plain keys anything can be a name, so that it
// takes the value to know:
//
//   N user US joe     a byte that no plain name has
//   I id              a dlist with a name in it
//   N shared          a dlist that begins with T and a kind, which before 3.6 nobody wrote
//
// Facts: Cyrus's imap/mboxlist.c of releases 2.5.17 to 3.13.7.

import CyrusDatabase

extension MailboxEntryView {
  /// Whether the record is not of the form of the file's keys, so that the server does not see it.
  ///
  /// A shared mailbox of an old file is not taken for a new key by a name like `News` alone.
  ///
  /// - Complexity: O(length of the key) in a file with plain keys, otherwise O(1).
  public var isForeign: Bool {
    @inline(__always)
    get { key.form != form || form == .plain && isNewKeyAmongOld }
  }

  private var isNewKeyAmongOld: Bool {
    guard case .name = key.kind else { return false }
    return keyBytes.hasKeySeparators || hasValueOfPrefixedForm
  }

  /// Whether the value is one that is only written under a prefixed key like this one.
  var hasValueOfPrefixedForm: Bool {
    guard valueForm == .dlist, keyBytes.byteCount > 0 else { return false }
    switch keyBytes.byte(at: 0) {
    case UInt8(ascii: "I"), UInt8(ascii: "J"): return state(of: .name) == .value
    case UInt8(ascii: "N"):
      guard fieldOrder.first == .type, let type = typeText else { return false }
      var letters = type.bytes()
      guard let first = letters.next(), MailboxKind(letter: first) != nil else { return false }
      // Or a mailbox below a shared one that is called `Nuser`.
      return !keyBytes.starts(with: "Nuser.") || keyBytes.hasKeySeparators
    default: return false
    }
  }
}

extension MailboxKey {
  /// Whether a key of a file with plain keys can be one for which ``MailboxEntryView/isForeign`` has to see the value.
  static func canBeForeign(_ key: RawSpan) -> Bool {
    guard key.byteCount > 0 else { return false }
    switch key.byte(at: 0) {
    case UInt8(ascii: "I"), UInt8(ascii: "J"), UInt8(ascii: "N"): return true
    default: return key.hasKeySeparators
    }
  }
}

extension MailboxEntry {
  /// Whether the record is not of the form of the file's keys. See ``MailboxEntryView/isForeign``.
  public var isForeign: Bool { view.isForeign }
}
