// The header of a cyrus.index: what a mailbox is like, without its messages.
//
// 76 to 192 bytes, big-endian. See IndexLayout.swift for what lies where.
//
// Cyrus rewrites it in place with every change of the mailbox, after the records and under the mailbox's lock. Who
// reads without the lock can meet half of one; from version 12 on the checksum tells.
//
// Surprises: `exists` and the like are nil where a version has no such field, which is not the same as 0. Up to version
// 10 nothing in a header proves that it is right.
//
// Facts: Docs/Formats/index.md.

import CyrusDatabase

/// The header of a `cyrus.index`, as stored. A field is nil if the version of the index does not have it.
public struct IndexHeader: Sendable, Hashable, BitwiseCopyable {
  // MARK: The file

  /// How many times the file was written anew, as far as that is kept up: it says nothing about age.
  public let generation: UInt32
  /// 0 in every index known. Not checked.
  public let format: UInt32
  /// The version, which decides what a header and a record are: 6 to 10, 12 to 20.
  public let version: UInt32
  /// Bytes of the header, and the offset of the first record.
  public let startOffset: UInt32
  /// Bytes of each record.
  public let recordByteCount: UInt32
  /// Records in the file, those of expunged messages included, from version 12 on; before, they are in a file of their
  /// own.
  public let recordCount: UInt32

  // MARK: What every version has

  /// When a message was last added.
  public let lastAppendTime: IndexTime
  /// The greatest UID that was ever given out; 0 if none was.
  public let lastUID: UInt32
  /// Bytes of the messages that are not expunged. Releases up to 2.2 keep no more than the low 32 bits.
  public let quotaMailboxUsed: UInt64
  /// When somebody last logged in by POP3.
  public let pop3LastLogin: IndexTime
  /// The UIDVALIDITY. That of the mailbox's record in `mailboxes.db` is a copy, which may be old.
  public let uidValidity: UInt32
  /// Messages with `\Deleted` that are not expunged.
  public let deletedCount: UInt32
  /// Messages with `\Answered` that are not expunged.
  public let answeredCount: UInt32
  /// Messages with `\Flagged` that are not expunged.
  public let flaggedCount: UInt32
  /// All options that are set, unknown ones too. Of versions 6 and 7 only ``IndexOptions/pop3NewUIDL``, all they have.
  public let options: IndexOptions
  /// Records of the cache that nothing refers to any more.
  public let leakedCacheRecordCount: UInt32

  // MARK: From version 8 on

  /// The greatest modseq of the mailbox and its messages. From version 8 on.
  public let highestModseq: UInt64?

  // MARK: From version 12 on

  /// The greatest modseq of what is gone without a record: to who is behind it, what vanished cannot be told. From
  /// version 12 on; Cyrus takes ``highestModseq`` for it before.
  public let deletedModseq: UInt64?
  /// Messages that are not expunged. From version 12 on; see ``messageCount``.
  public let existsCount: UInt32?
  /// When the first of the expunged messages was expunged that still have a record. From version 12 on.
  public let firstExpunged: IndexTime?
  /// When records of expunged messages were last dropped. From version 12 on.
  public let lastRepackTime: IndexTime?
  /// CRC-32 of the mailbox's whole `cyrus.header`. From version 12 on.
  public let headerFileCRC: UInt32?
  /// The replication checksum of messages and flags; 0 means unknown, or that there are none. From version 12 on.
  public let syncCRC: UInt32?
  /// The greatest UID that the owner has been shown as recent. From version 12 on.
  public let recentUID: UInt32?
  /// When ``recentUID`` was last written. From version 12 on.
  public let recentTime: IndexTime?

  // MARK: From later versions on

  /// POP3 shows only what came later than this. From version 13 on.
  public let pop3ShowAfter: IndexTime?
  /// Bytes of all annotations. From version 13 on.
  public let quotaAnnotationsUsed: UInt64?
  /// The replication checksum of the messages' annotations; 0 means unknown. From version 13 on.
  public let annotationSyncCRC: UInt32?
  /// Messages that the owner has not seen. From version 14 on.
  public let unseenCount: UInt32?
  /// The modseq at which the mailbox was created. From version 16 on.
  public let createdModseq: UInt64?
  /// Since when changes of the mailbox can be told. From version 17 on; Cyrus takes ``lastRepackTime`` for it before.
  public let changesEpoch: IndexTime?
  /// Bytes of the messages with `\Deleted`. From version 18 on.
  public let quotaDeletedUsed: UInt64?
  /// Bytes of expunged messages whose files are still there. From version 18 on.
  public let quotaExpungedUsed: UInt64?
  /// CRC-32 of the header's bytes before it, which was found to be right. From version 12 on.
  public let checksum: UInt32?

  /// Messages that are not expunged, from any version.
  ///
  /// Up to version 10 all records count, as in such a file they should all be of messages that are there. A newer Cyrus
  /// that has brought a mailbox down to such a version leaves expunged ones among them.
  public var messageCount: UInt32 { existsCount ?? recordCount }

  /// How large the file is at least, in bytes: header and records. What comes after belongs to nothing.
  public var fileByteCountMin: UInt64 { UInt64(startOffset) + UInt64(recordCount) * UInt64(recordByteCount) }
}
