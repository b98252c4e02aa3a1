// Which engine a file belongs to, by its first bytes.
//
// The content decides, never a name or a configuration. Only flat files have no mark of their own.
//
// Facts: Docs/Formats/detection.md.

/// A database engine of Cyrus.
public enum Engine: String, Sendable, Hashable, CaseIterable {
  /// Cyrus 2.5 and later.
  case twoskip
  /// Cyrus 2.2 to 2.4, and some databases since.
  case skiplist
  /// Cyrus 3.13 and later.
  case twom
  /// SQLite, through Cyrus's `sql` engine.
  case sql
  /// Berkeley DB, b-tree.
  case berkeley
  /// Berkeley DB, hash.
  case berkeleyHash = "berkeley-hash"
  /// LMDB, Cyrus 3.0 only.
  case lmdb
  /// Text lines of key, TAB, value.
  case flat
}

/// What the first bytes of a file say.
enum Detection: Hashable {
  /// The file has this engine's mark. `isCut`: it is too short to be sound.
  case engine(Engine, isCut: Bool)
  /// A file without a byte: an empty database of any engine.
  case empty
  /// Nothing known; what it looks like, if anything.
  case unknown(String)

  /// How many bytes, from the start of the file, are worth looking at.
  static let byteCount = 512

  /// - Parameters:
  ///   - bytes: The first ``byteCount`` bytes of the file, or all of a shorter one.
  ///   - fileByteCount: The size of the whole file.
  init(_ bytes: RawSpan, fileByteCount: UInt64) {
    if fileByteCount == 0 || bytes.byteCount == 0 {
      self = .empty
    } else if let found = Self.marked(bytes, fileByteCount: fileByteCount) {
      self = found
    } else if let family = Self.startOfMark(bytes) {
      self = .unknown(family)
    } else if fileByteCount >= Twoskip.firstRecord, hasZeroHeader(bytes) {
      self = .engine(.twoskip, isCut: false)
    } else if Self.looksLikeFlat(bytes) {
      self = .engine(.flat, isCut: false)
    } else {
      self = .unknown(Self.transferDamage(bytes) ?? "")
    }
  }

  private struct Mark {
    let engine: Engine
    let offset: Int
    let bytes: [UInt8]
    /// The smallest file that can be sound.
    let smallest: UInt64
  }

  private static let family: [UInt8] = [0xA1, 0x02, 0x8B, 0x0D]

  private static let marks: [Mark] = [
    Mark(engine: .twoskip, offset: 0, bytes: TwoskipHeader.magic, smallest: 336),
    Mark(engine: .skiplist, offset: 0, bytes: family + Array("skiplist file".utf8) + [0, 0, 0], smallest: 144),
    Mark(engine: .twom, offset: 0, bytes: family + Array("twomfile".utf8) + [0, 0, 0, 0], smallest: 368),
    Mark(engine: .sql, offset: 0, bytes: Array("SQLite format 3".utf8) + [0], smallest: 512),
    Mark(engine: .berkeley, offset: 12, bytes: [0x62, 0x31, 0x05, 0x00], smallest: 512),
    Mark(engine: .berkeley, offset: 12, bytes: [0x00, 0x05, 0x31, 0x62], smallest: 512),
    Mark(engine: .berkeleyHash, offset: 12, bytes: [0x61, 0x15, 0x06, 0x00], smallest: 512),
    Mark(engine: .berkeleyHash, offset: 12, bytes: [0x00, 0x06, 0x15, 0x61], smallest: 512),
    Mark(engine: .lmdb, offset: 16, bytes: [0xDE, 0xC0, 0xEF, 0xBE], smallest: 8192),
  ]

  private static func marked(_ bytes: RawSpan, fileByteCount: UInt64) -> Detection? {
    for mark in marks where bytes.byteCount >= mark.offset + mark.bytes.count {
      if bytes.slice(at: mark.offset, count: mark.bytes.count).holdsSameBytes(as: mark.bytes.rawSpan) {
        return .engine(mark.engine, isCut: fileByteCount < mark.smallest)
      }
    }
    return nil
  }

  /// A file that ends within a mark at its start.
  private static func startOfMark(_ bytes: RawSpan) -> String? {
    let started = marks.filter {
      $0.offset == 0 && bytes.byteCount < $0.bytes.count && $0.bytes.rawSpan.starts(with: bytes)
    }
    guard !started.isEmpty else { return nil }
    return "the first \(bytes.byteCount) bytes of a "
      + started.map(\.engine.rawValue).joined(separator: ", ") + " file and no more"
  }

  /// Whether most complete lines have a TAB behind at least one other byte, and no byte is NUL.
  ///
  /// A damaged file may have some without. A line cut off by the end of what was read says nothing, unless it is the
  /// only one.
  private static func looksLikeFlat(_ bytes: RawSpan) -> Bool {
    var lineStart = 0
    var hasTab = false
    var linesWithTab = 0, linesWithout = 0
    for index in 0..<bytes.byteCount {
      switch bytes.byte(at: index) {
      case 0x00: return false
      case 0x09 where index > lineStart: hasTab = true
      case 0x0A:
        if hasTab { linesWithTab += 1 } else { linesWithout += 1 }
        lineStart = index + 1
        hasTab = false
      default: break
      }
    }
    return linesWithTab > linesWithout || (lineStart == 0 && hasTab)
  }

  /// Marks as a text-mode transfer leaves them.
  private static func transferDamage(_ bytes: RawSpan) -> String? {
    guard bytes.byteCount >= 4 else { return nil }
    let first = [bytes.byte(at: 0), bytes.byte(at: 1), bytes.byte(at: 2), bytes.byte(at: 3)]
    if first == [0x21, 0x02, 0x0B, 0x0D] { return "a mark with its high bits stripped: damaged in transfer" }
    if first.starts(with: [0xA1, 0x02, 0x8B]), first[3] != 0x0D {
      return "a mark with changed line ends: damaged in transfer"
    }
    return nil
  }
}
