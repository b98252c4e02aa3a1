// One committed state of a database, and the ways to read it.
//
// Views borrow the snapshot: the compiler does not let them outlive it.

import Synchronization

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

// Four words, so that a function returns it in registers. Safe: it is made of a record that lies within the bytes, and
// lives no longer than they.

/// One key and its value, seen in place. Borrows the snapshot; copy what you keep.
@safe public struct RecordView: ~Escapable {
  @usableFromInline let keyStart: UnsafeRawPointer
  /// How many bytes the key has, behind 16 bits for how many lie before it in the record.
  @usableFromInline let keyLengths: UInt64
  @usableFromInline let valueByteCount: Int
  /// Where the record starts, in bytes from the start of the file.
  public let offset: UInt64

  @inlinable
  @inline(__always)
  var keyByteCount: Int { Int(truncatingIfNeeded: keyLengths >> 16) }

  /// The key's bytes, at least one. Not necessarily UTF-8.
  @inlinable
  public var key: RawSpan {
    @_lifetime(copy self)
    @inline(__always)
    get {
      // Lies within the bytes, see above.
      unsafe _overrideLifetime(RawSpan(_unsafeStart: keyStart, byteCount: keyByteCount), copying: self)
    }
  }

  /// The value's bytes. Not necessarily UTF-8.
  @inlinable
  public var value: RawSpan {
    @_lifetime(copy self)
    @inline(__always)
    get {
      // Lies within the bytes, see above.
      let span = unsafe RawSpan(_unsafeStart: keyStart + keyByteCount, byteCount: valueByteCount)
      return unsafe _overrideLifetime(span, copying: self)
    }
  }

  /// The key's bytes and the value's behind them.
  @inlinable
  package var keyAndValue: RawSpan {
    @_lifetime(copy self)
    @inline(__always)
    get {
      // Lie side by side within the bytes, see above.
      let span = unsafe RawSpan(_unsafeStart: keyStart, byteCount: keyByteCount + valueByteCount)
      return unsafe _overrideLifetime(span, copying: self)
    }
  }

  /// All bytes of the record, from the start of the file.
  package var bytes: Range<UInt64> {
    let headByteCount = Int(keyLengths & 0xFFFF)
    let tailByteCount = (keyByteCount &+ valueByteCount &+ 7) & ~7
    return offset..<offset + UInt64(headByteCount + tailByteCount)
  }

  /// The key's bytes, to keep.
  public func copyOfKey() -> [UInt8] { Array(key) }

  /// The value's bytes, to keep.
  public func copyOfValue() -> [UInt8] { Array(value) }

  /// - Parameters:
  ///   - record: Parsed in the very bytes that `base` is the start of.
  ///   - base: Lives as long as `bytes`.
  @_lifetime(copy bytes)
  @inline(__always)
  @unsafe init(_ record: TwoskipRecord, at base: UnsafeRawPointer, of bytes: RawSpan) {
    unsafe keyStart = base + record.tailOffset
    keyLengths = UInt64(truncatingIfNeeded: record.keyByteCount << 16 | record.headByteCount)
    valueByteCount = record.valueByteCount
    offset = UInt64(truncatingIfNeeded: record.offset)
  }

  /// - Precondition: the record was parsed in these very bytes.
  @_lifetime(copy bytes)
  @inline(__always)
  init(_ record: TwoskipRecord, in bytes: RawSpan) {
    // There are bytes, as there is a record.
    unsafe self.init(record, at: bytes.withUnsafeBytes { unsafe $0.baseAddress.unsafelyUnwrapped }, of: bytes)
  }
}

/// One committed state of a database file.
///
/// Made by ``Database/snapshot(locking:)``. Holds the file mapped, copied or locked, as was asked for, until it goes.
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
  /// Whether nothing that a writer of Cyrus does from now on can change what is read here.
  ///
  /// If not, results are proven by ``confirm()``, or by the end of a listing.
  public let isProven: Bool
  /// Whether listings compare the checksums of what they read: unless ``trusting(_:)`` was given a report on this state.
  public private(set) var comparesChecksums = true

  private let file: OpenFile
  private let storage: FileBytes
  let isLive: Bool
  /// The order of the keys, once a lookup had to find it out for all of them.
  private let knownOrder = KnownOrder()

  private init(
    _ file: consuming OpenFile, _ storage: consuming FileBytes, _ moment: TwoskipMoment, isProven: Bool, isLive: Bool
  ) {
    state = moment.state
    header = moment.header
    fileByteCount = moment.fileByteCount
    writer = file.writer()
    self.isProven = isProven || moment.header == nil
    self.isLive = isLive
    self.file = file
    self.storage = storage
  }

  private init(sharing other: borrowing Snapshot) {
    state = other.state
    header = other.header
    fileByteCount = other.fileByteCount
    writer = other.writer
    isProven = other.isProven
    isLive = other.isLive
    comparesChecksums = other.comparesChecksums
    file = other.file.shared()
    storage = other.storage.shared()
  }

  /// The same state once more, in the same bytes, for who has to hold on to what is only lent.
  func shared() -> Snapshot { Snapshot(sharing: self) }

  /// The same snapshot, of which listings do not compare the checksums of records, if the report covers it.
  ///
  /// For who reads the same state again and again: verify it once, then read at the speed of memory. Each listing still
  /// looks at the shape of every record and at the order of the keys. If the report does not cover this state, see
  /// ``VerificationReport/covers(_:)``, checksums are compared as ever; ``comparesChecksums`` tells.
  ///
  /// ```swift
  /// let report = try database.verify()
  /// let snapshot = try database.snapshot().trusting(report)
  /// ```
  public consuming func trusting(_ report: VerificationReport) -> Snapshot {
    if report.covers(self) { comparesChecksums = false }
    return self
  }

  /// Makes sure that all that was read from this snapshot belongs to one committed state.
  ///
  /// Reads the header once more: if generation and committed end are what they were, no commit came between. Does
  /// nothing for a snapshot that is proven as it is, and cannot prove one made with ``Locking/none``.
  ///
  /// - Throws: ``DatabaseError``: `.changed` or `.faulted`: discard what you have read; `.system`.
  /// - Complexity: O(1): two system calls, for the size of the file and for its header, as far as anything hangs on them.
  public func confirm() throws(DatabaseError) { try proof.confirm() }

  var proof: TwoskipProof {
    TwoskipProof(
      path: file.path, descriptor: file.descriptor, header: isLive ? header : nil,
      mappedByteCount: storage.isCopy ? 0 : storage.byteCount, faultMark: storage.faultMark)
  }

  /// How many records a complete listing has, if the file says so: the header's count, unless the file is dirty.
  public var expectedCount: UInt64? {
    guard let header else { return 0 }
    return header.isDirty ? nil : header.recordCount
  }

  /// How many records there may be: as many as the header says, but not more than fit; 0 if it says nothing. Not a promise.
  var countMax: Int { Int(min(expectedCount ?? 0, UInt64(bytes.byteCount / Twoskip.smallestRecord))) }

  /// Finds the record with exactly this key.
  ///
  /// Compares bytes in the order of the file, see ``KeyOrder``, which is found out by itself. A key that was deleted is
  /// not found. On a dirty file the answer is the one of the last commit.
  ///
  /// - Parameter key: 1 or more bytes; need not be UTF-8. No record has the empty key.
  /// - Returns: A view into the snapshot, valid as long as the snapshot, or nil.
  /// - Throws: ``DatabaseError/damaged(path:_:)`` when damage hides the answer. Other keys may still be readable.
  /// - Complexity: O(log *n*) expected, O(*n*) if the file's levels are degenerate; touches about 2 log₂ *n* records for
  ///   a key that is there, twice that for one that is not. No system call if the key is
  ///   found, or would stand before another one; else those of ``confirm()``, as the end of the list hangs on the header.
  @_lifetime(borrow self)
  public func record(for key: RawSpan) throws(DatabaseError) -> RecordView? {
    try Self.find(key, in: storage.bytes, header, proof, knownOrder, isLive: isLive)
  }

  /// Finds the record with exactly this key, given as text. See ``record(for:)-(RawSpan)``.
  @_lifetime(borrow self)
  public func record(for key: String) throws(DatabaseError) -> RecordView? {
    let key = Array(key.utf8)
    return try Self.find(key.rawSpan, in: storage.bytes, header, proof, knownOrder, isLive: isLive)
  }

  /// All records, in the order of the file.
  ///
  /// - Complexity: O(1) to start, O(1) a record.
  @_lifetime(borrow self)
  public func records() -> RecordCursor {
    let nothing: [UInt8] = []
    return Self.list(
      from: nothing.rawSpan, prefix: nothing.rawSpan, in: storage.bytes, header, proof, isLive: isLive,
      comparesChecksums)
  }

  /// The records whose keys start with `prefix`, in the order of the file.
  ///
  /// - Parameter prefix: May be empty, which is every record.
  /// - Complexity: O(log *n*) expected to start, O(1) a record. If damage hides where they start, O(*n*).
  @_lifetime(borrow self)
  public func records(prefix: RawSpan) -> RecordCursor {
    Self.list(from: prefix, prefix: prefix, in: storage.bytes, header, proof, isLive: isLive, comparesChecksums)
  }

  /// The records whose keys start with `prefix`, given as text. See ``records(prefix:)-(RawSpan)``.
  @_lifetime(borrow self)
  public func records(prefix: String) -> RecordCursor {
    let prefix = Array(prefix.utf8)
    return Self.list(
      from: prefix.rawSpan, prefix: prefix.rawSpan, in: storage.bytes, header, proof, isLive: isLive, comparesChecksums)
  }

  /// The records from the first key that is not smaller than `start` on, in the order of the file.
  ///
  /// - Parameters:
  ///   - start: The lower bound; empty for the first record.
  ///   - prefix: Only keys that start with this; empty for all.
  /// - Complexity: O(log *n*) expected to start, O(1) a record. If damage hides where they start, O(*n*).
  @_lifetime(borrow self)
  public func records(from start: RawSpan, prefix: RawSpan = RawSpan()) -> RecordCursor {
    Self.list(from: start, prefix: prefix, in: storage.bytes, header, proof, isLive: isLive, comparesChecksums)
  }

  /// The order of the file's keys, by the evidence of all of them; `.raw` if both orders fit.
  ///
  /// - Throws: ``DatabaseError/damaged(path:_:)`` if the keys are in neither order, or damage hides it.
  /// - Complexity: O(*n*).
  public func keyOrder() throws(DatabaseError) -> KeyOrder {
    guard let header else { return .raw }
    let order: KeyOrder
    do throws(TwoskipError) {
      order = try TwoskipState(storage.bytes, end: header.currentSize, isLive: isLive).decideOrder()
    } catch {
      throw try proof.confirm(error)
    }
    try proof.confirm()
    return order
  }
}

// MARK: - Reading bytes

extension Snapshot {
  /// The committed bytes, as many as there are, from the start of the file.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { storage.bytes }
  }

  /// Whether some bytes could not be read: then nothing that is not proven by a checksum may be believed.
  var haveFaulted: Bool { storage.haveFaulted }

  /// Whether these are the bytes of a file, all that it has, as they are there at any moment.
  func isMapping(of whole: borrowing WholeFile) -> Bool {
    !storage.isCopy && !storage.haveFaulted && storage.byteCount == whole.fileByteCount
      && file.openingFacts.isSameFile(as: whole.openingFacts)
  }

  /// The record at a place where one was found before; nil if there is none any more.
  @inline(__always)
  @_lifetime(copy bytes)
  static func record(at offset: Int, in bytes: RawSpan) -> RecordView? {
    guard let record = TwoskipRecord(anyAt: offset, in: bytes, limit: bytes.byteCount) else { return nil }
    return RecordView(record, in: bytes)
  }

  /// - Throws: ``DatabaseError``: `.faulted` if bytes could not be read, `.system`.
  func requireWhole() throws(DatabaseError) { try proof.requireReadable() }

  @_lifetime(copy bytes)
  private static func find(
    _ key: RawSpan, in bytes: RawSpan, _ header: TwoskipHeader?, _ proof: TwoskipProof,
    _ knownOrder: borrowing KnownOrder, isLive: Bool
  ) throws(DatabaseError) -> RecordView? {
    guard let header else { return nil }
    let found: TwoskipState.Position
    let order: KeyOrder?
    do throws(TwoskipError) {
      let answer = try TwoskipState(bytes, end: header.currentSize, isLive: isLive)
        .search(for: key, known: knownOrder.value)
      found = answer.position
      order = answer.isOrderProven ? answer.order : nil
    } catch {
      throw try proof.confirm(error)
    }
    // That a list ends hangs on the header, too, which need not have been read.
    if found.at != nil { try proof.confirmLookup(in: bytes) } else { try proof.confirm() }
    if let order { knownOrder.note(order) }
    guard found.isMatch, let record = found.at else { return nil }
    return RecordView(record, in: bytes)
  }

  /// Where the record with exactly this key lies, looked for from where the lookup before ended, if that was for a
  /// smaller key. Unlike ``record(for:)-(RawSpan)`` it is yet to be confirmed, and so is whatever else is found later.
  ///
  /// - Throws: ``DatabaseError``: `.damaged` when damage hides the answer, `.changed`, `.faulted`, `.system`.
  func offset(of key: RawSpan, along path: inout TwoskipPath) throws(DatabaseError) -> UInt64? {
    guard let header else { return nil }
    do throws(TwoskipError) {
      let answer = try TwoskipState(storage.bytes, end: header.currentSize, isLive: isLive)
        .search(for: key, known: knownOrder.value, along: &path)
      if answer.isOrderProven { knownOrder.note(answer.order) }
      guard answer.position.isMatch, let record = answer.position.at else { return nil }
      return UInt64(record.offset)
    } catch {
      throw try proof.confirm(error)
    }
  }

  @_lifetime(copy bytes)
  private static func list(
    from start: RawSpan, prefix: RawSpan, in bytes: RawSpan, _ header: TwoskipHeader?, _ proof: TwoskipProof,
    isLive: Bool, _ comparesChecksums: Bool
  ) -> RecordCursor {
    guard let header else { return RecordCursor(empty: bytes, proof) }
    let state = TwoskipState(bytes, end: header.currentSize, isLive: isLive)
    let bound: RawSpan
    switch Bounds(from: start, prefix: prefix, state) {
    case .nothing: return RecordCursor(empty: bytes, proof)
    case .start: bound = start
    case .prefix: bound = prefix
    }
    if bound.byteCount == 0 {
      let cursor = TwoskipCursor(
        bytes, end: header.currentSize, isLive: isLive, comparesChecksums: comparesChecksums)
      return RecordCursor(cursor, proof)
    }
    if let found = try? state.search(for: bound) {
      let cursor = TwoskipCursor(
        bytes, end: header.currentSize, isLive: isLive, comparesChecksums: comparesChecksums, at: found.position,
        order: found.order)
      return RecordCursor(cursor, from: Array(bound), prefix: Array(prefix), proof)
    }
    // Damage hides the place: all records are looked at, so that the damage is met and said. Which ones lie behind
    // `start` hangs on the order of the keys; those with the prefix are themselves in any order.
    var order = KeyOrder.raw
    if !prefix.starts(with: start) {
      order = TwoskipCursor(bytes, end: header.currentSize, isLive: isLive).orderOfReachableKeys()
    }
    let cursor = TwoskipCursor(bytes, end: header.currentSize, isLive: isLive, order: order)
    return RecordCursor(cursor, from: Array(start), prefix: Array(prefix), looksAtAll: true, proof)
  }

  /// Where a listing with a lower bound and a prefix starts.
  private enum Bounds {
    /// No key with the prefix comes at or after the lower bound.
    case nothing
    case start
    case prefix

    init(from start: RawSpan, prefix: RawSpan, _ state: borrowing TwoskipState) {
      if start.starts(with: prefix) {
        self = .start
      } else if prefix.starts(with: start) {
        self = .prefix
      } else {
        // They differ at some byte, so the keys with the prefix come all before the bound, or all behind it.
        let raw = KeyOrder.raw.compare(start, prefix) < 0
        let mbox = KeyOrder.mbox.compare(start, prefix) < 0
        // Damage that hides the order is met by the listing.
        let isMbox = raw != mbox && (try? state.decideOrder()) == .mbox
        self = (isMbox ? mbox : raw) ? .prefix : .nothing
      }
    }
  }
}

// MARK: - Opening

extension Snapshot {
  /// How often a copy without a lock is tried before the lock is taken.
  private static let tries = 3

  /// - Throws: ``DatabaseError``, as ``Database/snapshot(locking:)``.
  static func open(path: String, locking: Locking) throws(DatabaseError) -> Snapshot {
    switch locking {
    case .none:
      let file = try OpenFile(path: path)
      let moment = try TwoskipMoment(of: file)
      let storage = try file.map(byteCount: moment.readableByteCount)
      return Snapshot(file, storage, moment, isProven: false, isLive: false)
    case .shared(let wait):
      let file = try OpenFile.openShared(path: path, wait: wait)
      let moment = try TwoskipMoment(of: file)
      let storage = try file.map(byteCount: moment.readableByteCount)
      return Snapshot(file, storage, moment, isProven: true, isLive: false)
    case .copy(let wait):
      for _ in 0..<tries {
        if let snapshot = try copyWithoutLock(path: path) { return snapshot }
      }
      return try copyUnderLock(path: path, wait: wait)
    case .auto(let wait):
      if let snapshot = try inPlace(path: path, evenIfBusy: false) { return snapshot }
      return try open(path: path, locking: .copy(wait: wait))
    }
  }

  /// A snapshot read in place, yet to be proven; nil if its header cannot be read, or if the file is being written and
  /// that matters.
  static func inPlace(path: String, evenIfBusy: Bool) throws(DatabaseError) -> Snapshot? {
    let file = try OpenFile(path: path)
    guard let moment = try? TwoskipMoment(of: file), file.isStillAtPath() else { return nil }
    if !evenIfBusy {
      let facts = try file.facts()
      guard facts.quietMilliseconds > WholeFile.quietMilliseconds, file.writer() == nil else { return nil }
    }
    let storage = try file.map(byteCount: moment.readableByteCount)
    return Snapshot(file, storage, moment, isProven: false, isLive: true)
  }

  /// A private copy, proven to be of one state; nil if a commit came between or a head was caught in mid-write.
  private static func copyWithoutLock(path: String) throws(DatabaseError) -> Snapshot? {
    let file = try OpenFile(path: path)
    guard let moment = try? TwoskipMoment(of: file), file.isStillAtPath() else { return nil }
    let storage = try file.copy(byteCount: moment.readableByteCount)
    let proof = TwoskipProof(
      path: path, descriptor: file.descriptor, header: moment.header, mappedByteCount: 0, faultMark: storage.faultMark)
    do { try proof.confirm() } catch {
      if error.isOvertaken { return nil }
      throw error
    }
    // Fewer bytes than the header promised, or a damaged list, may be the writer's doing: look again under the lock.
    guard storage.byteCount == moment.readableByteCount, isWalkable(storage, moment.header) else { return nil }
    return Snapshot(file, storage, moment, isProven: true, isLive: false)
  }

  private static func isWalkable(_ storage: borrowing FileBytes, _ header: TwoskipHeader?) -> Bool {
    guard let header else { return true }
    return TwoskipState(storage.bytes, end: header.currentSize).orderEvidence().damage == nil
  }

  /// A private copy made under a shared lock, which is dropped at once.
  private static func copyUnderLock(path: String, wait: Duration) throws(DatabaseError) -> Snapshot {
    let file = try OpenFile.openShared(path: path, wait: wait)
    let moment = try TwoskipMoment(of: file)
    let storage = try file.copy(byteCount: moment.readableByteCount)
    file.unlock()
    return Snapshot(file, storage, moment, isProven: true, isLive: false)
  }
}

/// The order of a file's keys, as soon as it is known. Written by whoever finds it out; all find the same.
private struct KnownOrder: ~Copyable, Sendable {
  private let order = Atomic<UInt8>(0)

  var value: KeyOrder? {
    switch order.load(ordering: .relaxed) {
    case 1: .raw
    case 2: .mbox
    default: nil
    }
  }

  func note(_ known: KeyOrder) { order.store(known == .raw ? 1 : 2, ordering: .relaxed) }
}
