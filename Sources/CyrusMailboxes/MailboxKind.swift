// What sort of mailbox a record is about, and in which state.
//
// Two codings, never mixed up here:
//
//   letters   dlist values, all releases from 2.5 on. From 3.6 on a letter for the kind, then letters for flags; before,
//             no letter for mail, and the kind's letter anywhere among those of flags
//   number    text values, up to 2.4: 1 remote, 2 reserved, 4 netnews, 8 moving, 16 deleted
//
// Surprise: Cyrus 3.6 and later read the number of an old text value with their own table of bits, in which 1 is netnews
// and 8 a WebDAV collection. Whatever release stored such a value, it meant the table above.
//
// Facts: Cyrus's imap/mboxlist.c and imap/mboxlist.h of releases 2.2.13 to 3.13.7, and what 3.6.1 did with such values.

import CyrusDatabase

/// What a mailbox holds.
public enum MailboxKind: UInt8, Hashable, Sendable, CaseIterable {
  /// Mail: `e`, or no letter.
  case email
  /// Netnews, which is not used any more: `n`.
  case netnews
  /// A CalDAV calendar: `c`.
  case calendar
  /// A CardDAV address book: `a`.
  case addressBook
  /// A WebDAV collection: `b`.
  case collection
  /// JMAP mail submission: `s`.
  case submission
  /// JMAP push subscriptions: `p`.
  case pushSubscription
  /// Sieve scripts: `f`.
  case sieve
  /// JMAP notifications: `j`.
  case notification
  /// There is a letter, but it is none of these, or a number with more bits than old Cyrus had; or it cannot be read.
  case unknown

  /// The name in the words of Cyrus's own listings, for example `jmapsubmit`.
  public var name: String {
    switch self {
    case .email: "email"
    case .netnews: "netnews"
    case .calendar: "calendar"
    case .addressBook: "addressbook"
    case .collection: "collection"
    case .submission: "jmapsubmit"
    case .pushSubscription: "jmappushsub"
    case .sieve: "sieve"
    case .notification: "jmapnotify"
    case .unknown: "unknown"
    }
  }

  @inline(__always)
  init?(letter: UInt8) {
    switch letter {
    case UInt8(ascii: "e"): self = .email
    case UInt8(ascii: "n"): self = .netnews
    case UInt8(ascii: "c"): self = .calendar
    case UInt8(ascii: "a"): self = .addressBook
    case UInt8(ascii: "b"): self = .collection
    case UInt8(ascii: "s"): self = .submission
    case UInt8(ascii: "p"): self = .pushSubscription
    case UInt8(ascii: "f"): self = .sieve
    case UInt8(ascii: "j"): self = .notification
    default: return nil
    }
  }
}

/// In which state a mailbox is.
public struct MailboxFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// A bit for each flag, which has nothing to do with those that Cyrus stores.
  public let rawValue: UInt8

  /// A set of bits as ``rawValue`` has them.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A tombstone: the mailbox is gone from this name. `d`, or 16 in a number.
  public static let deleted = MailboxFlags(rawValue: 1)
  /// Being moved to another server. `m`, or 8 in a number.
  public static let moving = MailboxFlags(rawValue: 2)
  /// Lives on another server. `r`, or 1 in a number.
  public static let remote = MailboxFlags(rawValue: 4)
  /// The name is reserved: creation has not ended. `z`, or 2 in a number.
  public static let reserved = MailboxFlags(rawValue: 8)
  /// Stands for a missing parent; there is no mailbox. `i`.
  public static let intermediate = MailboxFlags(rawValue: 16)
  /// Its files lie in directories named after it, not after its unique id. `l`. Each server has its own.
  public static let legacyDirectories = MailboxFlags(rawValue: 32)

  /// Each flag and its name in the words of Cyrus's own listings, in the order Cyrus writes the letters.
  public static let names: [(flag: MailboxFlags, name: String)] = [
    (.deleted, "deleted"), (.moving, "moving"), (.remote, "remote"), (.reserved, "reserve"),
    (.intermediate, "intermediate"), (.legacyDirectories, "legacyDirs"),
  ]

  @inline(__always)
  init?(letter: UInt8) {
    switch letter {
    case UInt8(ascii: "d"): self = .deleted
    case UInt8(ascii: "m"): self = .moving
    case UInt8(ascii: "r"): self = .remote
    case UInt8(ascii: "z"): self = .reserved
    case UInt8(ascii: "i"): self = .intermediate
    case UInt8(ascii: "l"): self = .legacyDirectories
    default: return nil
    }
  }
}

/// Kind and flags as one field of a record gives them.
struct MailboxType: Sendable {
  var kind = MailboxKind.email
  var flags: MailboxFlags = []
  /// Whether it is known which flags there are.
  private(set) var isReadable = true

  init() {}

  @inline(__always)
  init(_ kind: MailboxKind) { self.kind = kind }

  /// What is said of a record whose kind cannot be read.
  static var unreadable: MailboxType {
    var type = MailboxType()
    type.kind = .unknown
    type.isReadable = false
    return type
  }

  /// What is odd about letters.
  struct Oddities: OptionSet, BitwiseCopyable {
    let rawValue: UInt8
    static let unknownLetter = Oddities(rawValue: 1)
    static let twoKinds = Oddities(rawValue: 2)
    static let order = Oddities(rawValue: 4)
  }

  /// Reads letters.
  ///
  /// Of two kinds the first counts, unless it is that of mail, with which Cyrus begins from 3.6 on: then the other, as
  /// in Cyrus's own reading of `ef`.
  ///
  /// - Parameters:
  ///   - isKindFirst: Whether the kind's letter must come before all flags, as from 3.6 on.
  ///   - oddities: What is odd is put in.
  @inline(__always)
  init(letters: MailboxText, isKindFirst: Bool, _ oddities: inout Oddities) {
    var kind: MailboxKind?
    var letters = letters.bytes()
    while let letter = letters.next() {
      if let flag = MailboxFlags(letter: letter) {
        flags.insert(flag)
      } else if let found = MailboxKind(letter: letter) {
        if kind != nil { oddities.insert(.twoKinds) }
        if kind == nil || kind == .email { kind = found }
        if isKindFirst, !flags.isEmpty { oddities.insert(.order) }
      } else {
        oddities.insert(.unknownLetter)
      }
    }
    self.kind = kind ?? (oddities.contains(.unknownLetter) ? .unknown : .email)
  }

  /// Reads letters as ``init(letters:isKindFirst:_:)``, and notes what is odd about them.
  ///
  /// - Parameter bytes: Where the letters are, for the issues.
  init(letters: MailboxText, isKindFirst: Bool, at bytes: Range<Int>, _ tally: inout IssueTally) {
    var oddities = Oddities()
    self.init(letters: letters, isKindFirst: isKindFirst, &oddities)
    if oddities.contains(.unknownLetter) { tally.warn(.typeUnknownLetter, bytes) }
    if oddities.contains(.twoKinds) { tally.warn(.typeTwoKinds, bytes) }
    if oddities.contains(.order) { tally.warn(.typeOrder, bytes) }
  }

  /// Reads the number of a text value.
  ///
  /// - Parameter number: nil if it has more than 32 bits.
  init(number: UInt32?, at bytes: Range<Int>, _ tally: inout IssueTally) {
    guard let number else {
      self = .unreadable
      tally.warn(.typeUnknownBits, bytes)
      return
    }
    if number & 1 != 0 { flags.insert(.remote) }
    if number & 2 != 0 { flags.insert(.reserved) }
    if number & 4 != 0 { kind = .netnews }
    if number & 8 != 0 { flags.insert(.moving) }
    if number & 16 != 0 { flags.insert(.deleted) }
    if number & ~31 != 0 { tally.warn(.typeUnknownBits, bytes) }
  }
}
