// How a file's bytes are laid out: every structure in file order, who points at it, and what its log tells.
//
// For looking into a file, as opposed to reading its content: slower, and nothing is left out. What is dead, damaged
// or not committed is shown as such.

/// Something that lies in a database file.
public struct Structure: Sendable, Hashable {
  /// What lies there.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The file's header.
    case header
    /// The list head.
    case dummy = "DUMMY"
    /// A key and its value.
    case record = "RECORD"
    /// The mark of a deletion; stands on list 0.
    case delete = "DELETE"
    /// The end of a transaction.
    case commit = "COMMIT"
    /// One or more BLANK words in a row.
    case blank = "BLANK"
    /// Bytes that are none of these.
    case unparsed
  }

  /// Whether a record is part of the committed content.
  public enum Liveness: String, Sendable, Hashable, CaseIterable {
    /// On list 0.
    case live
    /// On no list any more.
    case dead
    /// Not a record, or list 0 is broken so that it cannot be told.
    case unknown
  }

  /// A checksum as the file has it, and as it should be.
  public struct Checksum: Sendable, Hashable {
    /// As the file has it.
    public let stored: UInt32
    /// As it should be.
    public let computed: UInt32
    /// Whether they are the same.
    public var isRight: Bool { stored == computed }
  }

  /// A named part of a structure.
  public struct Field: Sendable, Hashable {
    /// As the format's description calls it, for example `key length` or `pointer 1 (list 0)`.
    public let name: String
    /// Where it lies, in bytes from the start of the file.
    public let bytes: Range<UInt64>
    /// What it says, for people; empty for keys, values and padding, which speak for themselves.
    public let meaning: String
  }

  /// What lies there.
  public let kind: Kind
  /// Where it lies, in bytes from the start of the file.
  public let bytes: Range<UInt64>
  /// Whether it lies before the committed end.
  public let isCommitted: Bool
  /// Whether it is part of the committed content.
  public let liveness: Liveness
  /// The level byte; nil if it has none.
  public let level: Int?
  /// The key's bytes, from the start of the file; empty if it has none.
  public let key: Range<UInt64>
  /// The value's bytes, from the start of the file; empty if it has none.
  public let value: Range<UInt64>
  /// Offsets that its pointers name, 0 for none: the pair of list 0 first, then lists 1 and up. One for DELETE and COMMIT.
  public let pointers: [UInt64]
  /// The checksum of its head, or of the header; nil if it has none.
  public let headChecksum: Checksum?
  /// The checksum of its tail; nil if it has none.
  public let tailChecksum: Checksum?
  /// What is wrong with bytes that are `unparsed`, or with a header.
  public let problem: String?
}

/// A pointer that leads to some place.
public struct Reference: Sendable, Hashable {
  /// Where the record with the pointer starts.
  public let holder: UInt64
  /// What the holder is.
  public let holderKind: Structure.Kind
  /// Which of the holder's pointers it is, from 0.
  public let pointerIndex: Int
  /// The list it belongs to; nil for the pointer of a COMMIT, which names the start of its transaction.
  public let list: Int?
  /// Whether the holder is part of the committed content.
  public let holderLiveness: Structure.Liveness
}

/// One thing that happened to a key.
public struct Version: Sendable, Hashable {
  /// What happened.
  public enum Event: String, Sendable, Hashable, CaseIterable {
    /// The key was given a value.
    case set
    /// The key was deleted.
    case deleted
  }

  /// What happened.
  public let event: Event
  /// Where the RECORD or DELETE starts.
  public let offset: UInt64
  /// The value's bytes, from the start of the file; empty for a delete.
  public let value: Range<UInt64>
  /// Number of the transaction in the file, from 1; nil if it is not committed. A repack makes one of all before it.
  public let transaction: Int?
  /// Where that transaction's COMMIT starts; nil if it has none.
  public let commit: UInt64?
  /// Whether this is what a reader sees now.
  public let isCurrent: Bool
  /// Whether all checksums of the record are right.
  public let isSound: Bool
}

/// What a file still knows about a key.
public struct History: Sendable, Hashable {
  /// What happened to the key, oldest first.
  public let versions: [Version]
  /// Why a delete may be missing or belong to another key; nil if the log is whole.
  public let doubt: String?
}

extension Database {
  /// The whole file, to be taken apart.
  ///
  /// - Throws: As ``snapshot(locking:)``, but a header that cannot be trusted is no error here.
  /// With ``Locking/auto(wait:)`` a quiet file is looked at in place, a file that is being written in a copy made under a
  /// shared lock. ``Layout/confirm()`` tells whether a file looked at in place has stayed the same.
  ///
  /// - Complexity: O(*n*): list 0 is walked once to know what is live. Memory: an eighth of a bit for each byte.
  public func layout(locking: Locking = .auto) throws(DatabaseError) -> Layout {
    try requireReadable()
    if case .auto(let wait) = locking {
      let whole = try WholeFile(path: path, locking: .none)
      return try Layout(whole.isAtRest ? whole : WholeFile(path: path, locking: .copy(wait: wait)))
    }
    return try Layout(WholeFile(path: path, locking: locking))
  }
}

/// A file taken apart, structure by structure.
///
/// Made by ``Database/layout(locking:)``. Holds the file mapped, and locked if so asked, until it goes.
public struct Layout: ~Copyable, Sendable {
  /// The state the file was in.
  public let state: FileState
  /// Size of the file in bytes.
  public let fileByteCount: UInt64
  /// The committed end, in bytes from the start of the file; nil if there is no header that can be trusted.
  public let committedEnd: UInt64?

  private let whole: WholeFile
  private let live: TwoskipLiveness

  init(_ whole: consuming WholeFile) throws(DatabaseError) {
    let header = Self.header(of: whole)
    state = Self.state(header, of: whole)
    committedEnd = header?.currentSize
    live = Self.live(whole, header)
    fileByteCount = whole.fileByteCount
    self.whole = whole
  }

  /// Makes sure that the file was the same all the time, as far as that can be seen.
  ///
  /// - Throws: ``DatabaseError/changed(path:)`` or ``DatabaseError/faulted(path:)``: discard what you have seen.
  public func confirm() throws(DatabaseError) { try whole.confirm() }

  /// Calls `body` for every structure in file order, starting with the one that covers `from`.
  ///
  /// Structures before the committed end cover every byte up to it, those behind it the rest of the file.
  ///
  /// - Parameters:
  ///   - from: Structures that end here or before are left out.
  ///   - to: Structures that start here or behind are left out.
  ///   - body: Says whether to go on.
  /// - Complexity: O(bytes before `to`): structures are found from the start of the file on.
  public func forEachStructure(
    from: UInt64 = 0, to: UInt64 = .max, _ body: (Structure) throws -> Bool
  ) rethrows {
    try TwoskipLayout(whole.bytes, end: committedEnd).forEachStructure(from: from, to: to, live, body)
  }

  /// The structure that covers a byte; nil beyond the end of the file.
  ///
  /// - Complexity: O(`offset`).
  public func structure(covering offset: UInt64) -> Structure? {
    var found: Structure?
    guard offset < fileByteCount else { return nil }
    forEachStructure(from: offset, to: offset + 1) {
      found = $0
      return false
    }
    return found
  }

  /// The parts of a structure of this file, in file order, which cover all of its bytes.
  ///
  /// - Complexity: O(1); allocates.
  public func fields(of structure: Structure) -> [Structure.Field] {
    TwoskipLayout(whole.bytes, end: committedEnd).fields(of: structure)
  }

  /// Every pointer that leads to the structure that starts at `offset`, in file order.
  ///
  /// - Parameters:
  ///   - offset: Bytes from the start of the file.
  ///   - progress: Called now and then with the bytes done and the bytes to do; not at all for a small file.
  /// - Complexity: O(file size).
  public func references(
    to offset: UInt64, progress: ((_ done: UInt64, _ total: UInt64) -> Void)? = nil
  ) -> [Reference] {
    TwoskipLayout(whole.bytes, end: committedEnd).references(to: offset, live, Steps(to: fileByteCount, progress))
  }

  /// Every version of a key that the file still has, deletes included, oldest first.
  ///
  /// A repack leaves only what was live, so a file tells nothing of the time before its last one.
  ///
  /// - Parameters:
  ///   - key: The key; need not be there.
  ///   - progress: Called now and then with the bytes done and the bytes to do; not at all for a small file.
  /// - Complexity: O(*n* log *n*) in the records of the file, and about 40 bytes of memory for each.
  public func history(
    of key: RawSpan, progress: ((_ done: UInt64, _ total: UInt64) -> Void)? = nil
  ) -> History {
    // Nothing was ever committed, and that is certain.
    if state == .empty || state == .interruptedCreation { return History(versions: [], doubt: nil) }
    // The bytes are looked at to find the records, and the records to replay them.
    let steps = Steps(to: 2 * fileByteCount, progress)
    return TwoskipHistory(whole.bytes, end: committedEnd).versions(of: key, live, steps)
  }

  /// Bytes of the file, as many of the range as there are.
  @_lifetime(borrow self)
  public func bytes(_ range: Range<UInt64>) -> RawSpan {
    let start = Int(min(range.lowerBound, fileByteCount))
    return whole.bytes.extracting(start..<max(start, Int(min(range.upperBound, fileByteCount))))
  }

  // Each borrows the file for one call: a view of it must not live on while the file is moved into place.

  private static func header(of whole: borrowing WholeFile) -> TwoskipHeader? { try? TwoskipHeader(of: whole.bytes) }

  private static func live(_ whole: borrowing WholeFile, _ header: TwoskipHeader?) -> TwoskipLiveness {
    TwoskipLiveness(whole.bytes, end: header?.currentSize)
  }

  private static func state(_ header: TwoskipHeader?, of whole: borrowing WholeFile) -> FileState {
    if let header { return FileState(header, fileByteCount: whole.fileByteCount) }
    if whole.fileByteCount == 0 { return .empty }
    return isInterruptedCreation(whole.bytes, fileByteCount: whole.fileByteCount) ? .interruptedCreation : .unreadable
  }
}
