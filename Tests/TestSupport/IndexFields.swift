// The header of an index by the letter of the format description: its fields one behind the other, slow and obvious.
//
// Shares no code with the library. Tests and the fuzzer compare the two, and make indexes with it.

/// The header of an index of one version, as a list of fields.
public struct IndexFields: Sendable {
  /// A field: its name and its width in bytes. One without a name is spare.
  public typealias Field = (name: String, byteCount: Int)

  /// Every version that there is.
  public static let versions: [UInt64] = [6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20]
  /// What every version starts with.
  private static let base: [Field] = [
    ("generation", 4), ("format", 4), ("minorVersion", 4), ("startOffset", 4), ("recordSize", 4), ("numRecords", 4),
  ]
  /// Fields that are times.
  public static let times: Set<String> = [
    "lastAppendDate", "pop3LastLogin", "firstExpunged", "lastRepackTime", "recentTime", "pop3ShowAfter", "changesEpoch",
  ]

  /// The version.
  public let version: UInt64
  /// In the order of the file. They fill the header.
  public let fields: [Field]
  /// Bytes of a record.
  public let recordByteCount: Int

  /// Bytes of the header.
  public var headerByteCount: Int { fields.reduce(0) { $0 + $1.byteCount } }
  /// Whether the last field is a CRC-32 of all before it.
  public var hasChecksum: Bool { fields.last?.name == "headerCrc" }

  /// Nil for a version that there is not.
  public init?(version: UInt64) {
    guard Self.versions.contains(version) else { return nil }
    self.version = version
    let recordByteCounts: [UInt64: Int] = [
      6: 60, 7: 72, 8: 80, 9: 80, 10: 88, 12: 96, 13: 104, 14: 104, 15: 104, 20: 144,
    ]
    recordByteCount = recordByteCounts[version] ?? 112
    fields = Self.base + (version == 20 ? Self.fieldsOf20 : Self.fields(upTo19: version))
  }

  private static func fields(upTo19 version: UInt64) -> [Field] {
    var fields: [Field] = [
      ("lastAppendDate", 4), ("lastUid", 4), ("quotaMailboxUsed", 8), ("pop3LastLogin", 4), ("uidvalidity", 4),
      ("deleted", 4), ("answered", 4), ("flagged", 4),
    ]
    if version == 19 { return fields + rearrangedFieldsOf19 }
    fields += [("options", 4), ("leakedCacheRecords", 4)]
    if version < 8 { return fields + [("", 8)] }
    fields += [("highestmodseq", 8)]
    if version < 12 { return fields + [("", version == 8 ? 16 : 20)] }
    fields += [
      ("deletedmodseq", 8), ("exists", 4), ("firstExpunged", 4), ("lastRepackTime", 4), ("headerFileCrc", 4),
      ("syncCrcBasic", 4), ("recentUid", 4), ("recentTime", 4),
    ]
    if version == 12 { return fields + [("", 12), ("headerCrc", 4)] }
    fields += [("pop3ShowAfter", 4), ("quotaAnnotUsed", 4), ("syncCrcAnnot", 4)]
    if version == 13 { return fields + [("headerCrc", 4)] }
    fields += [("unseen", 4)]
    switch version {
    case 14, 15: fields += [("", 28)]
    case 16: fields += [("createdmodseq", 8), ("", 20)]
    case 17: fields += [("createdmodseq", 8), ("changesEpoch", 4), ("", 16)]
    default:
      fields += [
        ("createdmodseq", 8), ("changesEpoch", 4), ("quotaDeletedUsed", 8), ("quotaExpungedUsed", 8),
      ]
    }
    return fields + [("headerCrc", 4)]
  }

  private static let rearrangedFieldsOf19: [Field] = [
    ("exists", 4), ("options", 4), ("leakedCacheRecords", 4), ("highestmodseq", 8), ("deletedmodseq", 8),
    ("firstExpunged", 4), ("lastRepackTime", 4), ("headerFileCrc", 4), ("syncCrcBasic", 4), ("recentUid", 4),
    ("recentTime", 4), ("pop3ShowAfter", 4), ("quotaAnnotUsed", 4), ("syncCrcAnnot", 4), ("unseen", 4),
    ("createdmodseq", 8), ("quotaDeletedUsed", 8), ("quotaExpungedUsed", 8), ("changesEpoch", 4), ("headerCrc", 4),
  ]

  private static let fieldsOf20: [Field] = [
    ("lastAppendDate", 8), ("quotaMailboxUsed", 8), ("pop3LastLogin", 8), ("deleted", 4), ("answered", 4),
    ("flagged", 4), ("exists", 4), ("options", 4), ("leakedCacheRecords", 4), ("highestmodseq", 8),
    ("deletedmodseq", 8), ("lastUid", 4), ("uidvalidity", 4), ("headerFileCrc", 4), ("syncCrcBasic", 4),
    ("recentTime", 8), ("pop3ShowAfter", 8), ("syncCrcAnnot", 4), ("unseen", 4), ("createdmodseq", 8),
    ("quotaDeletedUsed", 8), ("quotaExpungedUsed", 8), ("quotaAnnotUsed", 8), ("changesEpoch", 8),
    ("firstExpunged", 8), ("lastRepackTime", 8), ("recentUid", 4), ("headerCrc", 4),
  ]
}

// MARK: - Reading

extension IndexFields {
  /// The fields of the index that these bytes are, by name; nil if there is something wrong with it.
  public static func read(_ bytes: [UInt8]) -> [String: UInt64]? {
    guard bytes.count >= 24, let layout = IndexFields(version: number(bytes[8..<12])),
      bytes.count >= layout.headerByteCount
    else { return nil }
    var values: [String: UInt64] = [:]
    var offset = 0
    for field in layout.fields {
      if !field.name.isEmpty { values[field.name] = number(bytes[offset..<offset + field.byteCount]) }
      offset += field.byteCount
    }
    let recordByteCount = values["recordSize"] ?? 0
    let isOdd19 = layout.version == 19 && recordByteCount == 144
    let checksum = UInt64(testCRC32(bytes[0..<offset - 4]))
    guard values["startOffset"] == UInt64(offset), isOdd19 || recordByteCount == UInt64(layout.recordByteCount),
      !layout.hasChecksum || values["headerCrc"] == checksum,
      (UInt64(bytes.count) - UInt64(offset)) / recordByteCount >= values["numRecords"] ?? 0
    else { return nil }
    if layout.version < 8, let options = values["options"] { values["options"] = options & 1 }
    return values
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

// MARK: - Writing

extension IndexFields {
  /// A header with these fields; sizes, version and checksum are right, and what is not given is 0.
  public func header(_ values: [String: UInt64], spare: UInt8 = 0) -> [UInt8] {
    var values = values
    values["minorVersion"] = version
    values["startOffset"] = UInt64(headerByteCount)
    values["recordSize"] = values["recordSize"] ?? UInt64(recordByteCount)
    var bytes: [UInt8] = []
    for field in fields {
      let value = values[field.name] ?? 0
      for index in (0..<field.byteCount).reversed() {
        let isSpare = field.name.isEmpty
        bytes.append(isSpare ? spare : index < 8 ? UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) : 0)
      }
    }
    return Self.withRightChecksum(bytes)
  }

  /// The bytes of an index with the checksum set right, if its version has one and it is all there.
  public static func withRightChecksum(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 24, let layout = IndexFields(version: number(bytes[8..<12])), layout.hasChecksum,
      bytes.count >= layout.headerByteCount
    else { return bytes }
    return replacing(layout.headerByteCount - 4, in: bytes, testCRC32(bytes[0..<layout.headerByteCount - 4]))
  }

  /// The bytes taken for an index: with a version that there is, and sizes and checksum that belong to it.
  public static func mended(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 24 else { return bytes }
    let version = versions[Int(bytes[11]) % versions.count]
    guard let layout = IndexFields(version: version) else { return bytes }
    var mended = replacing(8, in: bytes, UInt32(version))
    mended = replacing(12, in: mended, UInt32(layout.headerByteCount))
    mended = replacing(16, in: mended, UInt32(layout.recordByteCount))
    // One in two keeps a number of records that there is hardly room for.
    if bytes[23] & 1 == 0 { mended = replacing(20, in: mended, UInt32(bytes[23] / 64)) }
    return withRightChecksum(mended)
  }

  /// The bytes with four of them replaced by a number.
  public static func replacing(_ offset: Int, in bytes: [UInt8], _ value: UInt32) -> [UInt8] {
    var bytes = bytes
    for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)) }
    return bytes
  }
}
