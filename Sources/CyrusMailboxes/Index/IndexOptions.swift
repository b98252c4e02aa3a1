// The options of a mailbox, a bit each, and the letters that stand for those that are replicated.
//
// Facts: Docs/Formats/index.md, "Options".

/// What has been set for a mailbox as a whole.
public struct IndexOptions: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The bits as an index stores them.
  public let rawValue: UInt32

  /// A set of bits, known or not.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// POP3 names messages by UIDVALIDITY and UID, not by UID alone.
  public static let pop3NewUIDL = IndexOptions(rawValue: 1 << 0)
  /// Changes are counted. Without a meaning since 2.4, which always counts them.
  public static let condstore = IndexOptions(rawValue: 1 << 1)
  /// What has been seen is the same for all users.
  public static let sharedSeen = IndexOptions(rawValue: 1 << 2)
  /// The same message may be delivered twice.
  public static let duplicateDelivery = IndexOptions(rawValue: 1 << 3)
  /// There are alarms to be sent. From 3.2 on.
  public static let hasAlarms = IndexOptions(rawValue: 1 << 4)
  /// There are files of removed messages to delete.
  public static let needsUnlink = IndexOptions(rawValue: 1 << 29)
  /// There are records to drop.
  public static let needsRepack = IndexOptions(rawValue: 1 << 30)
  /// The mailbox has been deleted, and its files are about to go.
  public static let deleted = IndexOptions(rawValue: 1 << 31)

  /// Those that replication carries over and compares. All others are each server's own.
  public static let syncable: IndexOptions = [.pop3NewUIDL, .sharedSeen, .duplicateDelivery, .hasAlarms]

  private static let letters: [(option: IndexOptions, letter: Character)] = [
    (.pop3NewUIDL, "P"), (.sharedSeen, "S"), (.duplicateDelivery, "D"), (.hasAlarms, "A"),
  ]

  /// The letters for ``syncable`` options that are set, as the replication protocol has them; for example `PS`.
  public var syncLetters: String { String(Self.letters.filter { contains($0.option) }.map(\.letter)) }

  /// The options that the letters of the replication protocol stand for, in any order.
  ///
  /// Other letters are passed over, as Cyrus does.
  public init(syncLetters: String) {
    self = Self.letters.reduce(into: []) { if syncLetters.contains($1.letter) { $0.insert($1.option) } }
  }
}
