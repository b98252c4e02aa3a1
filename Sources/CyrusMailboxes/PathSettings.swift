// What decides where the files of mailboxes and users lie.
//
// Facts: Docs/Formats/names.md, section 8.

/// The options of a server that paths depend on. Directories are given without a `/` at the end.
public struct PathSettings: Sendable, Hashable {
  /// The releases that differ in where files lie.
  public enum Release: Int, Sendable, Hashable, CaseIterable, Comparable {
    /// Up to 2.5: users are spelled with `^` for a dot in the names of their files, and the full hash is taken of that.
    case upTo2_5
    /// 3.0 to 3.4.
    case from3_0
    /// From 3.6 on: there are files by unique id as well.
    case from3_6

    /// Whether the first is older.
    public static func < (left: Release, right: Release) -> Bool { left.rawValue < right.rawValue }
  }

  /// A partition: where the messages of some mailboxes are.
  public struct Partition: Sendable, Hashable {
    /// Its name, as records of mailboxes have it.
    public var name: String
    /// `partition-<name>`.
    public var directory: String
    /// `metapartition-<name>`: where the files named by `metapartition_files` are. Nil if they are beside the messages.
    public var metadataDirectory: String?
    /// `archivepartition-<name>`: where archived messages are. Nil if nothing is archived.
    public var archiveDirectory: String?

    /// A partition with this name and these directories.
    public init(
      name: String, directory: String, metadataDirectory: String? = nil, archiveDirectory: String? = nil
    ) {
      self.name = name
      self.directory = directory
      self.metadataDirectory = metadataDirectory
      self.archiveDirectory = archiveDirectory
    }
  }

  /// A place for search indexes.
  public struct SearchTier: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// `<name>searchpartition-<partition>`.
    public var directory: String

    /// A tier with this name and directory.
    public init(name: String, directory: String) {
      self.name = name
      self.directory = directory
    }
  }

  /// `configdirectory`.
  public var configDirectory: String
  /// All partitions.
  public var partitions: [Partition]
  /// All places for search indexes.
  public var searchTiers: [SearchTier] = []
  /// `sievedir`; nil if there is none to look at.
  public var sieveDirectory: String?
  /// The directory part of `quota_db_path`; nil for ``configDirectory``.
  public var quotaDirectory: String?
  /// `mboxname_lockpath`; nil for `lock` in ``configDirectory``.
  public var lockDirectory: String?
  /// `mboxname_userpath`, from 3.13.7 on; nil for ``configDirectory``.
  public var userDirectory: String?
  /// `hashimapspool`: whether directories of messages and locks by name lie below a hash letter.
  public var hashesSpool = false
  /// `fulldirhash`: whether hash letters are taken of whole names.
  public var usesFullHash = false
  /// The release that has written the files.
  public var release = Release.from3_6
  /// `defaultdomain`: what means the same as no domain. Empty for none.
  public var defaultDomain = ""
  /// `deletedprefix`: what names of deleted mailboxes start with.
  public var deletedPrefix = "DELETED"

  /// The defaults of Cyrus 3.6 with these directories; change what is different.
  public init(configDirectory: String, partitions: [Partition] = []) {
    self.configDirectory = configDirectory
    self.partitions = partitions
  }
}

/// Which of the directories of a mailbox.
public enum MailboxStorage: String, Sendable, Hashable, CaseIterable {
  /// Messages, and all else that has no directory of its own.
  case messages
  /// Some of the files that are not messages.
  case metadata
  /// Archived messages.
  case archive
}

/// By what a mailbox is known to the file system.
public enum MailboxReference: Sendable, Hashable {
  /// Its name: up to 3.4, and of mailboxes with the flag `legacyDirs`.
  case name(MailboxName)
  /// Its unique id.
  case id([UInt8])
}

/// By what a user is known to the file system.
public enum UserReference: Sendable, Hashable {
  /// The name of the user, with real dots and the domain behind the last `@`, if there is one: up to 3.4, and of users
  /// whose INBOX is missing, has no unique id, or has the flag `legacyDirs`.
  case user([UInt8])
  /// The unique id of the INBOX.
  case inboxID([UInt8])
  /// No user: the files of shared mailboxes, of one domain or of none.
  case shared(domain: [UInt8]?)
}

/// A file of a user that is not a mailbox.
public enum UserFile: String, Sendable, Hashable, CaseIterable {
  /// What has been read in the mailboxes of others.
  case seen
  /// The mailboxes that are subscribed to.
  case sub
  /// Threads.
  case conversations
  /// The highest numbers given out to the user's mailboxes.
  case counters
  /// Calendars and address books, for searching.
  case dav
  /// The search indexes in use.
  case xapianactive
  /// Keys for URLs.
  case mboxkey
}

/// A file in a directory of a mailbox.
public enum MailboxFile: Sendable, Hashable {
  /// A message, with its UID.
  case message(UInt32)
  /// `cyrus.header`.
  case header
  /// `cyrus.index`.
  case index
  /// `cyrus.cache`.
  case cache
  /// `cyrus.annotations`.
  case annotations
  /// `cyrus.expunge`, up to 2.3.
  case expunge
  /// `cyrus.squat`.
  case squat
  /// `cyrus.dav`.
  case dav
  /// Any other, with its name.
  case other([UInt8])
}

/// What a path leads to.
public enum PathMeaning: Sendable, Hashable {
  /// The directory of a mailbox, or a file in it.
  case mailbox(MailboxReference, partition: String, storage: MailboxStorage, file: MailboxFile?)
  /// A file of a user; nil for the directory of them, which there is by id alone.
  case user(UserReference, file: UserFile?)
  /// The file of a quota root. A name without anything behind the domain is the whole domain.
  case quota(MailboxName)
  /// The sieve scripts of a user, or one of them.
  case sieve(UserReference, file: [UInt8]?)
  /// The search indexes of a user in a tier, or one of the files and directories there.
  case search(UserReference, tier: String, file: [UInt8]?)
  /// The lock of a mailbox.
  case mailboxLock(MailboxReference)
  /// The lock of all that a user has.
  case userLock([UInt8])
}
