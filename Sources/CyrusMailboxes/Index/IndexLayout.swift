// Where the header of a cyrus.index has which field, by its version.
//
//   0 generation   4 format   8 version   12 start offset   16 record size   20 record count   24 … by version
//
//   versions    header   record   CRC
//   6 … 10          76 to 96      none     fields are only added
//   12 … 18       128 or 160      last 4   fields are only added
//   19             160     112    last 4   from 60 on in another order
//   20             192     144    last 4   in another order from the start; times of 8 bytes, in nanoseconds
//
// Surprises: a field can lie where an older version has spare bytes, which need not be zero; and the UID and the
// UIDVALIDITY lie elsewhere in version 20. So nothing may be read before the version.
//
// Facts: Docs/Formats/index.md, "Header".

/// The sizes of a version, and the offsets of its fields. Nil for a field that the version does not have.
struct IndexLayout: Sendable {
  /// Bytes of the smallest header there is: every version is told by less.
  static let headerByteCountMin = 76
  /// Bytes of the largest header there is.
  static let headerByteCountMax = 192

  let headerByteCount: Int
  /// Sizes that a record may have, the right one first.
  var recordByteCounts: [UInt32]
  /// Whether times take 8 bytes and count nanoseconds, and the bytes of annotations take 8 as well.
  var isWide = false

  var lastAppendTime = 24
  var lastUID = 28
  var quotaMailboxUsed = 32
  var pop3LastLogin = 40
  var uidValidity = 44
  var deletedCount = 48
  var answeredCount = 52
  var flaggedCount = 56
  var options = 60
  var leakedCacheRecordCount = 64
  var highestModseq: Int?
  var deletedModseq: Int?
  var existsCount: Int?
  var firstExpunged: Int?
  var lastRepackTime: Int?
  var headerFileCRC: Int?
  var syncCRC: Int?
  var recentUID: Int?
  var recentTime: Int?
  var pop3ShowAfter: Int?
  var quotaAnnotationsUsed: Int?
  var annotationSyncCRC: Int?
  var unseenCount: Int?
  var createdModseq: Int?
  var changesEpoch: Int?
  var quotaDeletedUsed: Int?
  var quotaExpungedUsed: Int?
  /// The last field of the header; its CRC-32 covers all bytes before it.
  var checksum: Int?

  /// The layout of a version; nil for one that is not known. Version 11 was never released.
  init?(version: UInt32) {
    switch version {
    case 6: self.init(header: 76, record: 60)
    case 7: self.init(header: 76, record: 72)
    case 8: self.init(header: 92, record: 80)
    case 9: self.init(header: 96, record: 80)
    case 10: self.init(header: 96, record: 88)
    case 12: self.init(header: 128, record: 96)
    case 13: self.init(header: 128, record: 104)
    case 14, 15: self.init(header: 160, record: 104)
    case 16, 17, 18, 19: self.init(header: 160, record: 112)
    case 20: self.init(header: 192, record: 144)
    default: return nil
    }
    switch version {
    case 19: placeFieldsOf19()
    case 20: placeFieldsOf20()
    default: placeFields(upTo18: version)
    }
  }

  private init(header: Int, record: UInt32) {
    headerByteCount = header
    recordByteCounts = [record]
  }

  private mutating func placeFields(upTo18 version: UInt32) {
    if version >= 8 { highestModseq = 68 }
    if version >= 12 {
      deletedModseq = 76
      existsCount = 84
      firstExpunged = 88
      lastRepackTime = 92
      headerFileCRC = 96
      syncCRC = 100
      recentUID = 104
      recentTime = 108
      checksum = headerByteCount - 4
    }
    if version >= 13 {
      pop3ShowAfter = 112
      quotaAnnotationsUsed = 116
      annotationSyncCRC = 120
    }
    if version >= 14 { unseenCount = 124 }
    if version >= 16 { createdModseq = 128 }
    if version >= 17 { changesEpoch = 136 }
    if version >= 18 {
      quotaDeletedUsed = 140
      quotaExpungedUsed = 148
    }
  }

  private mutating func placeFieldsOf19() {
    // There are files of this version with records of the next.
    recordByteCounts.append(144)
    existsCount = 60
    options = 64
    leakedCacheRecordCount = 68
    highestModseq = 72
    deletedModseq = 80
    firstExpunged = 88
    lastRepackTime = 92
    headerFileCRC = 96
    syncCRC = 100
    recentUID = 104
    recentTime = 108
    pop3ShowAfter = 112
    quotaAnnotationsUsed = 116
    annotationSyncCRC = 120
    unseenCount = 124
    createdModseq = 128
    quotaDeletedUsed = 136
    quotaExpungedUsed = 144
    changesEpoch = 152
    checksum = 156
  }

  private mutating func placeFieldsOf20() {
    isWide = true
    existsCount = 60
    options = 64
    leakedCacheRecordCount = 68
    highestModseq = 72
    deletedModseq = 80
    lastUID = 88
    uidValidity = 92
    headerFileCRC = 96
    syncCRC = 100
    recentTime = 104
    pop3ShowAfter = 112
    annotationSyncCRC = 120
    unseenCount = 124
    createdModseq = 128
    quotaDeletedUsed = 136
    quotaExpungedUsed = 144
    quotaAnnotationsUsed = 152
    changesEpoch = 160
    firstExpunged = 168
    lastRepackTime = 176
    recentUID = 184
    checksum = 188
  }
}
