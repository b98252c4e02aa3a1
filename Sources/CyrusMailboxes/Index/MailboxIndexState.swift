// What replication compares of two servers' indexes of a mailbox.
//
// Not all that it compares of a mailbox: type, ACL, folder modseq and annotations stand elsewhere.
//
// Facts: Docs/Formats/index.md, "What replication compares".

/// The state of a mailbox's messages as one server has it, small enough to keep for every mailbox.
///
/// Times are whole seconds since 1970, as the replication protocol has them. What a version does not store is 0.
public struct MailboxIndexState: Sendable, Hashable, BitwiseCopyable {
  /// The UIDVALIDITY.
  public var uidValidity: UInt32
  /// The greatest UID that was ever given out; 0 if none was.
  public var lastUID: UInt32
  /// The greatest modseq of the mailbox and its messages.
  public var highestModseq: UInt64
  /// The greatest UID that the owner has been shown as recent.
  public var recentUID: UInt32
  /// When ``recentUID`` was last written.
  public var recentTime: Int64
  /// When somebody last logged in by POP3.
  public var pop3LastLogin: Int64
  /// POP3 shows only what came later than this.
  public var pop3ShowAfter: Int64
  /// The options that are set, of those that replication compares: never others.
  public var options: IndexOptions { didSet { options.formIntersection(.syncable) } }
  /// The replication checksum of messages and flags. 0 means unknown, and is like any other.
  public var syncCRC: UInt32
  /// The replication checksum of the messages' annotations. 0 means unknown, and is like any other.
  public var annotationSyncCRC: UInt32
  /// The modseq of the mailbox's conversations, which an index does not have: it stands in the database of the owner's
  /// conversations. 0 means unknown, and is like any other.
  public var xconvModseq: UInt64

  /// A state that is known from elsewhere. Of the options those that replication does not compare are left out.
  public init(
    uidValidity: UInt32, lastUID: UInt32, highestModseq: UInt64, recentUID: UInt32 = 0, recentTime: Int64 = 0,
    pop3LastLogin: Int64 = 0, pop3ShowAfter: Int64 = 0, options: IndexOptions = [], syncCRC: UInt32 = 0,
    annotationSyncCRC: UInt32 = 0, xconvModseq: UInt64 = 0
  ) {
    self.uidValidity = uidValidity
    self.lastUID = lastUID
    self.highestModseq = highestModseq
    self.recentUID = recentUID
    self.recentTime = recentTime
    self.pop3LastLogin = pop3LastLogin
    self.pop3ShowAfter = pop3ShowAfter
    self.options = options.intersection(.syncable)
    self.syncCRC = syncCRC
    self.annotationSyncCRC = annotationSyncCRC
    self.xconvModseq = xconvModseq
  }

  /// The state that the header of an index tells.
  ///
  /// Before version 13, and before 12 even more, some fields are not stored: they are 0 here.
  ///
  /// - Parameters:
  ///   - header: Of the mailbox's index.
  ///   - xconvModseq: From the conversations, if they were looked at.
  public init(_ header: IndexHeader, xconvModseq: UInt64 = 0) {
    self.init(
      uidValidity: header.uidValidity, lastUID: header.lastUID, highestModseq: header.highestModseq ?? 0,
      recentUID: header.recentUID ?? 0, recentTime: header.recentTime?.seconds ?? 0,
      pop3LastLogin: header.pop3LastLogin.seconds, pop3ShowAfter: header.pop3ShowAfter?.seconds ?? 0,
      options: header.options, syncCRC: header.syncCRC ?? 0, annotationSyncCRC: header.annotationSyncCRC ?? 0,
      xconvModseq: xconvModseq)
  }
}
