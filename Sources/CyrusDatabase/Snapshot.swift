// One committed state of a database, and the ways to read it.
//
// Views borrow the snapshot: the compiler does not let them outlive it.

/// In which state a file was found.
public enum FileState: String, Sendable, Hashable, CaseIterable {
  /// At rest, or a transaction has not written yet.
  case clean
  /// A transaction is under way, or its writer died. The committed state is whole.
  case dirty
  /// Clean, but with bytes behind the committed end, which Cyrus never leaves: a copy made while a commit was going on.
  case longer
  /// Shorter than its committed end: cut.
  case truncated
  /// Without a byte: an empty database that nobody has initialised.
  case empty
  /// The list head was written, the header was not: an empty database that Cyrus cannot open.
  case interruptedCreation = "creation-interrupted"
  /// Its header cannot be trusted, so nothing more is known.
  case unreadable
}

/// One key and its value, seen in place. Borrows the snapshot; copy what you keep.
public struct RecordView: ~Escapable {
  /// The key's bytes, at least one. Not necessarily UTF-8.
  public let key: RawSpan
  /// The value's bytes. Not necessarily UTF-8.
  public let value: RawSpan
  /// Where the record starts, in bytes from the start of the file.
  public let offset: UInt64

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ record: TwoskipRecord, in bytes: RawSpan) {
    key = record.key(in: bytes)
    value = record.value(in: bytes)
    offset = UInt64(record.offset)
  }
}

/// One committed state of a database file.
///
/// Made by ``Database/snapshot(locking:)``. Holds the file mapped, and locked if so asked, until it goes.
public struct Snapshot: ~Copyable, Sendable {
  /// The path, as given.
  public var path: String { file.path }
  /// The state the file was in.
  public let state: FileState
  /// The header; nil if the file is empty or its creation was interrupted.
  public let header: TwoskipHeader?
  /// Size of the file in bytes when the snapshot was made.
  public let fileByteCount: UInt64
  /// The process that held a write lock when the snapshot was made; -1 if it cannot be named, nil if there was none.
  ///
  /// A dirty file without a writer is what a crash left.
  public let writer: Int32?

  private let file: OpenFile
  private let map: FileMap

  /// - Throws: ``DatabaseError``: `.system`, `.damaged` if the header cannot be trusted.
  init(file: consuming OpenFile) throws(DatabaseError) {
    let start = try file.read(at: 0, count: 66)
    // Asked after the header was read: the file may grow meanwhile, but a size asked for before could be too small.
    let size = try file.facts().byteCount
    var header: TwoskipHeader?
    var state = size == 0 ? FileState.empty : .interruptedCreation
    var mappedByteCount: UInt64 = 0
    if size > 0, !isInterruptedCreation(start.rawSpan, fileByteCount: size) {
      let path = file.path
      do throws(TwoskipError) {
        let sound = try TwoskipHeader(of: start.rawSpan)
        header = sound
        state = FileState(sound, fileByteCount: size)
        mappedByteCount = min(size, sound.currentSize)
      } catch {
        throw DatabaseError(error, path: path)
      }
    }
    let map = try file.map(byteCount: mappedByteCount)
    self.writer = file.writer()
    self.fileByteCount = size
    self.header = header
    self.state = state
    self.map = map
    self.file = file
  }

  /// How many records a complete listing has, if the file says so: the header's count, unless the file is dirty.
  public var expectedCount: UInt64? {
    guard let header else { return 0 }
    return header.isDirty ? nil : header.recordCount
  }

  /// Finds the record with exactly this key.
  ///
  /// Compares bytes in the order of the file, see ``KeyOrder``, which is found out by itself. A key that was deleted is
  /// not found. On a dirty file the answer is the one of the last commit.
  ///
  /// - Parameter key: 1 or more bytes; need not be UTF-8. No record has the empty key.
  /// - Returns: A view into the snapshot, valid as long as the snapshot, or nil.
  /// - Throws: ``DatabaseError/damaged(path:_:)`` when damage hides the answer. Other keys may still be readable.
  /// - Complexity: O(log *n*) expected, O(*n*) if the file's levels are degenerate; touches about 2 log₂ *n* records for
  ///   a key that is there, twice that for one that is not.
  @_lifetime(borrow self)
  public func record(for key: RawSpan) throws(DatabaseError) -> RecordView? {
    try Self.find(key, in: map.bytes, header, path: path)
  }

  /// Finds the record with exactly this key, given as text. See ``record(for:)-(RawSpan)``.
  @_lifetime(borrow self)
  public func record(for key: String) throws(DatabaseError) -> RecordView? {
    let key = Array(key.utf8)
    return try Self.find(key.rawSpan, in: map.bytes, header, path: path)
  }

  /// All records, in the order of the file.
  ///
  /// - Complexity: O(1) to start, O(1) a record.
  @_lifetime(borrow self)
  public func records() -> RecordCursor {
    guard let header else { return RecordCursor(empty: map.bytes, path: path) }
    return RecordCursor(TwoskipCursor(map.bytes, end: header.currentSize), path: path)
  }

  /// The records whose keys start with `prefix`, in the order of the file.
  ///
  /// - Parameter prefix: May be empty, which is every record.
  /// - Complexity: O(log *n*) expected to start, O(1) a record. If damage hides where they start, O(*n*).
  @_lifetime(borrow self)
  public func records(prefix: RawSpan) -> RecordCursor {
    Self.list(from: prefix, prefix: prefix, in: map.bytes, header, path: path)
  }

  /// The records whose keys start with `prefix`, given as text. See ``records(prefix:)-(RawSpan)``.
  @_lifetime(borrow self)
  public func records(prefix: String) -> RecordCursor {
    let prefix = Array(prefix.utf8)
    return Self.list(from: prefix.rawSpan, prefix: prefix.rawSpan, in: map.bytes, header, path: path)
  }

  /// The records from the first key that is not smaller than `start` on, in the order of the file.
  ///
  /// - Parameters:
  ///   - start: The lower bound; empty for the first record.
  ///   - prefix: Only keys that start with this; empty for all.
  /// - Complexity: O(log *n*) expected to start, O(1) a record. If damage hides where they start, O(*n*).
  @_lifetime(borrow self)
  public func records(from start: RawSpan, prefix: RawSpan = RawSpan()) -> RecordCursor {
    Self.list(from: start, prefix: prefix, in: map.bytes, header, path: path)
  }

  /// The order of the file's keys, by the evidence of all of them; `.raw` if both orders fit.
  ///
  /// - Throws: ``DatabaseError/damaged(path:_:)`` if the keys are in neither order, or damage hides it.
  /// - Complexity: O(*n*).
  public func keyOrder() throws(DatabaseError) -> KeyOrder {
    guard let header else { return .raw }
    do { return try TwoskipState(map.bytes, end: header.currentSize).decideOrder() } catch {
      throw DatabaseError(error, path: path)
    }
  }
}

// MARK: - Reading bytes

extension Snapshot {
  @_lifetime(copy bytes)
  private static func find(
    _ key: RawSpan, in bytes: RawSpan, _ header: TwoskipHeader?, path: String
  ) throws(DatabaseError) -> RecordView? {
    guard let header else { return nil }
    do throws(TwoskipError) {
      let found = try TwoskipState(bytes, end: header.currentSize).search(for: key).position
      guard found.isMatch, let record = found.at else { return nil }
      return RecordView(record, in: bytes)
    } catch {
      throw DatabaseError(error, path: path)
    }
  }

  @_lifetime(copy bytes)
  private static func list(
    from start: RawSpan, prefix: RawSpan, in bytes: RawSpan, _ header: TwoskipHeader?, path: String
  ) -> RecordCursor {
    guard let header else { return RecordCursor(empty: bytes, path: path) }
    let bound = start.starts(with: prefix) ? start : prefix
    let state = TwoskipState(bytes, end: header.currentSize)
    let cursor: TwoskipCursor
    if bound.byteCount > 0, let found = try? state.search(for: bound) {
      cursor = TwoskipCursor(bytes, end: header.currentSize, at: found.position, order: found.order)
    } else {
      // From the start. Where damage hides the place the walk meets the damage, and passes over what comes before.
      cursor = TwoskipCursor(bytes, end: header.currentSize)
    }
    return RecordCursor(cursor, from: Array(start), prefix: Array(prefix), path: path)
  }
}

/// A walk over records of a snapshot, in the order of the file.
///
/// ```swift
/// var records = snapshot.records()
/// while let record = try records.next() { … }
/// ```
public struct RecordCursor: ~Copyable, ~Escapable {
  private let path: String
  private var cursor: TwoskipCursor
  private let start: [UInt8]
  private let prefix: [UInt8]
  /// Whether the first record of the listing was met; until then records before it are passed over.
  private var hasStarted: Bool
  private var hasEnded = false

  @_lifetime(copy cursor)
  init(_ cursor: consuming TwoskipCursor, from start: [UInt8] = [], prefix: [UInt8] = [], path: String) {
    self.cursor = cursor
    self.start = start
    self.prefix = prefix
    self.path = path
    hasStarted = start.isEmpty && prefix.isEmpty
  }

  @_lifetime(copy bytes)
  init(empty bytes: RawSpan, path: String) {
    self.init(TwoskipCursor(bytes, end: Twoskip.firstRecord), path: path)
    hasEnded = true
  }

  /// The next record; nil at the end.
  ///
  /// A damaged record is thrown, and the call after that goes on behind it: past a damaged value by the list, past
  /// other damage by the upper lists, which may leave records out. So a listing that met an error is incomplete.
  ///
  /// - Returns: A view into the snapshot, valid as long as the snapshot.
  /// - Throws: ``DatabaseError/damaged(path:_:)``.
  /// - Complexity: O(size of the record), in which its checksums are compared.
  @_lifetime(copy self)
  public mutating func next() throws(DatabaseError) -> RecordView? {
    if hasEnded { return nil }
    do throws(TwoskipError) {
      while let record = try cursor.next() {
        let view = RecordView(record, in: cursor.state.bytes)
        let hasPrefix = prefix.isEmpty || view.key.starts(with: prefix.rawSpan)
        if !hasStarted {
          if cursor.order.compare(view.key, start.rawSpan) < 0 { continue }
          if !hasPrefix, cursor.order.compare(view.key, prefix.rawSpan) < 0 { continue }
          hasStarted = true
        }
        if !hasPrefix { break }
        return view
      }
      hasEnded = true
      return nil
    } catch {
      throw DatabaseError(error, path: path)
    }
  }
}

/// Whether a file has its list head but not yet its header: 64 zeros, then the start of the DUMMY record.
func isInterruptedCreation(_ bytes: RawSpan, fileByteCount: UInt64) -> Bool {
  guard fileByteCount >= Twoskip.firstRecord, bytes.byteCount >= 66 else { return false }
  for index in 0..<TwoskipHeader.byteCount where bytes.byte(at: index) != 0 { return false }
  return bytes.byte(at: 64) == TwoskipRecord.Kind.dummy.rawValue && bytes.byte(at: 65) == UInt8(Twoskip.levels)
}

extension FileState {
  /// The state that a sound header and the file's size make.
  init(_ header: TwoskipHeader, fileByteCount: UInt64) {
    if fileByteCount < header.currentSize {
      self = .truncated
    } else if header.isDirty {
      self = .dirty
    } else {
      self = fileByteCount > header.currentSize ? .longer : .clean
    }
  }
}
