// A twoskip writer for tests, in memory, with transactions.
//
// Writes what Cyrus writes, in the order in which Cyrus writes it: the header is marked dirty, records
// are appended and the heads of their predecessors rewritten in place, a COMMIT is appended, the header
// is marked clean. `bytes` is the file at any moment, in the middle of a transaction too. Beside it a
// plain dictionary is kept, so that what the file must hold is known without reading the file.
//
// Facts: Docs/Formats/twoskip.md, "Key order", "The linked lists" and "How a file changes".

/// A twoskip database under construction.
///
///     var database = TwoskipBuilder(seed: 1)
///     database.begin()
///     database.set(Array("key".utf8), Array("value".utf8))
///     database.commit()
///     // database.bytes is the file, database.committed is what it must hold
///
/// Random are only the levels; the same seed and calls give the same bytes.
public struct TwoskipBuilder: Sendable {
  /// Which of two keys comes first.
  public enum Order: Sendable, Hashable, CaseIterable {
    /// Unsigned bytes, the shorter key first.
    case raw
    /// The old order of mailbox names: TAB and LF, then `.`, come before all else.
    case mbox

    /// The byte by which a byte is compared.
    public func rank(_ byte: UInt8) -> UInt8 {
      guard self == .mbox else { return byte }
      switch byte {
      case 0x09, 0x0A: return 1
      case 0x2E: return 2
      case 1...8: return byte + 2
      default: return byte
      }
    }

    /// The key as bytes that sort in raw order; equal for keys that are equal in this order.
    public func sortKey(_ key: [UInt8]) -> [UInt8] {
      self == .raw ? key : key.map(rank)
    }

    /// Whether each key is smaller than the one behind it.
    public func isAscending(_ keys: [[UInt8]]) -> Bool {
      zip(keys, keys.dropFirst()).allSatisfy { sortKey($0).lexicographicallyPrecedes(sortKey($1)) }
    }
  }

  /// The order of the keys. The file carries no mark of it.
  public let order: Order
  /// Whether BLANK words are written, as since Cyrus 3.2.
  public let writesBlanks: Bool
  /// Whether neither a model nor a journal is kept, for files of millions of records.
  public let isBulk: Bool

  /// The file as it is now, uncommitted parts included.
  public internal(set) var bytes: [UInt8]
  /// The steps since the last `begin()`, in order. Empty in a bulk builder.
  public internal(set) var journal: [TwoskipWrite] = []
  /// The file as it was at the last `begin()`. Empty in a bulk builder.
  public internal(set) var bytesAtBegin: [UInt8] = []

  /// The end of the committed data, `current_size` in the header.
  public internal(set) var committedEnd = TwoskipEncoding.firstRecordOffset
  /// The end of the file after the last repack.
  public internal(set) var repackSize = TwoskipEncoding.firstRecordOffset
  /// 1 at first, one more after each repack of a database that is not empty.
  public internal(set) var generation: UInt64 = 1
  /// Number of live keys, the open transaction included.
  public internal(set) var recordCount = 0
  /// Between `begin()` and `commit()` or `abort()`.
  public internal(set) var isInTransaction = false
  /// The open transaction has written something.
  public internal(set) var isDirty = false

  var random: SplitMix64
  /// Content by sort key.
  var committedModel: [[UInt8]: TwoskipPair] = [:]
  var pendingModel: [[UInt8]: TwoskipPair] = [:]
  /// Where the last search left each list: the record before the key, and what its pointer led to.
  var predecessors = [Int](repeating: 0, count: TwoskipEncoding.maxLevel)
  var successors = [Int](repeating: 0, count: TwoskipEncoding.maxLevel)
  var pointers = [UInt64](repeating: 0, count: TwoskipEncoding.maxLevel + 1)

  /// Creates an empty, initialised database of 336 bytes.
  ///
  /// - Parameters:
  ///   - seed: of the levels of the records.
  ///   - order: of the keys.
  ///   - writesBlanks: false for files as Cyrus before 3.2 wrote them.
  ///   - isBulk: true to keep neither `committed` nor `journal`.
  public init(seed: UInt64, order: Order = .raw, writesBlanks: Bool = true, isBulk: Bool = false) {
    self.order = order
    self.writesBlanks = writesBlanks
    self.isBulk = isBulk
    random = SplitMix64(seed: seed)
    let start = TwoskipEncoding.firstRecordOffset
    bytes =
      TwoskipEncoding.header(recordCount: 0, repackSize: start, currentSize: start) + TwoskipEncoding.emptyDummy
  }

  /// What the file must hold: the content after the last commit, in key order.
  ///
  /// From a dictionary kept beside the file, not from its bytes.
  ///
  /// - Precondition: not a bulk builder.
  public var committed: [TwoskipPair] { Self.sorted(committedModel, isBulk: isBulk) }

  /// What the file would hold if the open transaction were committed now, in key order.
  ///
  /// - Precondition: not a bulk builder.
  public var pending: [TwoskipPair] { Self.sorted(pendingModel, isBulk: isBulk) }

  /// The file after only the first `stepCount` steps of `journal`.
  public func bytes(afterSteps stepCount: Int) -> [UInt8] {
    precondition(!isBulk, "a bulk builder keeps no journal")
    var file = bytesAtBegin
    for step in journal.prefix(stepCount) { step.apply(to: &file) }
    return file
  }

  /// Makes room for a file of `byteCount` bytes.
  public mutating func reserveCapacity(byteCount: Int) { bytes.reserveCapacity(byteCount) }

  private static func sorted(_ model: [[UInt8]: TwoskipPair], isBulk: Bool) -> [TwoskipPair] {
    precondition(!isBulk, "a bulk builder keeps no model")
    return model.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
  }
}
