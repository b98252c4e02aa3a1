// A database file, and how it is opened for reading.
//
// A `Database` holds no descriptor: each snapshot opens the path anew, so it sees the file that is
// there now, not one that a repack has replaced since.

/// What is done to be sure that no writer changes what is read.
///
/// | | delays writers | proven | memory | file cut underneath |
/// |---|---|---|---|---|
/// | ``auto(wait:)`` | seldom, for the time of a copy | yes | the file's size, if it is being written | error, with ``FaultGuard`` |
/// | ``copy(wait:)`` | seldom, for the time of a copy | yes | the file's size | error |
/// | ``shared(wait:)`` | as long as the snapshot lives | yes | none | error, with ``FaultGuard`` |
/// | ``none`` | never | no | none | error, with ``FaultGuard`` |
public enum Locking: Sendable, Hashable {
  /// Reads in place, without a lock, while the file is quiet, and proves at the end that no commit came between. A file
  /// that is being written is copied as with ``copy(wait:)``.
  ///
  /// A snapshot that reads in place is proven by ``Snapshot/confirm()``, which cursors and lookups call by themselves;
  /// ``Database/read(locking:_:)`` tries again by itself.
  case auto(wait: Duration)
  /// Works on a private copy. It is made without a lock if no commit comes between, and otherwise under a shared lock, for
  /// which a writer is waited for no longer than `wait`.
  case copy(wait: Duration)
  /// A shared lock for the life of the snapshot; a writer is waited for no longer than `wait`.
  ///
  /// While it is held no Cyrus process can write the file, so let the snapshot go soon. It is an
  /// open-file-description lock: it neither drops nor is dropped by POSIX locks of the same process. A process
  /// that itself holds a write lock on the file through other code waits here in vain.
  case shared(wait: Duration)
  /// Nothing. For files at rest: copies, backups, files of a stopped server. Under a running writer an answer may
  /// mix two states, and nothing says so.
  case none

  /// ``auto(wait:)`` with five seconds.
  public static var auto: Locking { .auto(wait: .seconds(5)) }
  /// ``copy(wait:)`` with five seconds.
  public static var copy: Locking { .copy(wait: .seconds(5)) }
  /// ``shared(wait:)`` with five seconds.
  public static var shared: Locking { .shared(wait: .seconds(5)) }
}

/// A Cyrus database file, recognised by its content.
///
/// ```swift
/// let database = try Database(path: "/var/lib/cyrus/mailboxes.db")
/// let snapshot = try database.snapshot()
/// var records = snapshot.records(prefix: "Nuser\u{1F}joe")
/// while let record = try records.next() {
///   print(record.offset, record.key.byteCount)
/// }
/// ```
///
/// Nothing is ever written: not by opening, not by reading, whatever state the file is in.
///
/// One hazard remains: closing any descriptor of a file drops all POSIX locks that this process has on it. A process
/// that also locks the same file through other code, such as Cyrus's own library, must not open it here meanwhile.
/// Where such a lock is seen at opening, ``DatabaseError/lockedByThisProcess(path:)`` is thrown instead.
public struct Database: Sendable, Hashable {
  /// The path, as given.
  public let path: String
  /// The engine, by content; nil for a file without a byte, which is an empty database of any engine.
  public let engine: Engine?

  /// Recognises the database at a path. Reads at most 512 bytes.
  ///
  /// - Parameter path: Of a regular file; symbolic links are followed.
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.notDatabase`. An engine that is recognised but
  ///   not read is no error here, but in ``snapshot(locking:)`` and ``verify(_:locking:threads:progress:)``.
  public init(path: String) throws(DatabaseError) {
    let file = try OpenFile(path: path)
    let size = file.openingFacts.byteCount
    let start = try file.read(at: 0, count: Int(min(size, UInt64(Detection.byteCount))))
    self.path = path
    switch Detection(start.rawSpan, fileByteCount: size) {
    case .engine(let engine, _): self.engine = engine
    case .empty: self.engine = nil
    case .unknown(let hint): throw .notDatabase(path: path, hint: hint)
    }
  }

  /// Takes the file at a path for one of the given engine, whatever its content says. Does not look at the file.
  ///
  /// For files whose mark is damaged: a verification then says what else is.
  public init(path: String, engine: Engine) {
    self.path = path
    self.engine = engine
  }

  /// One committed state of the database: the last one, as of now.
  ///
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.lockedByThisProcess`, `.unsupportedEngine`, `.busy`,
  ///   `.replaced`, `.damaged` if the header cannot be trusted.
  /// - Complexity: O(1): a few system calls, the bytes are read when they are looked at. O(file size) if it is copied.
  public func snapshot(locking: Locking = .auto) throws(DatabaseError) -> Snapshot {
    try requireReadable()
    return try Snapshot.open(path: path, locking: locking)
  }

  /// Reads from a snapshot, again if a commit came between, so that what is returned is proven.
  ///
  /// With ``Locking/auto(wait:)`` the first tries read in place, also under a running writer, for as long as they are
  /// over in milliseconds; then a copy is made. So a lookup costs microseconds on a busy file, too.
  ///
  /// - Parameters:
  ///   - locking: How to keep writers from changing what is read.
  ///   - body: Takes what it needs from the snapshot. May be called several times; only the last outcome counts.
  /// - Throws: As ``snapshot(locking:)``, and what `body` throws.
  public func read<Result>(
    locking: Locking = .auto, _ body: (borrowing Snapshot) throws -> Result
  ) throws -> Result {
    guard case .auto(let wait) = locking else {
      let snapshot = try snapshot(locking: locking)
      let result = try body(snapshot)
      try snapshot.confirm()
      return result
    }
    try requireReadable()
    if let quiet = try Snapshot.inPlace(path: path, evenIfBusy: false) {
      do {
        let result = try body(quiet)
        try quiet.confirm()
        return result
      } catch let error as DatabaseError where error.isOvertaken {
        // Somebody has begun to write: go on as with any busy file.
      }
    }
    let start = ContinuousClock.now
    repeat {
      guard let busy = try Snapshot.inPlace(path: path, evenIfBusy: true) else { continue }
      do {
        let result = try body(busy)
        try busy.confirm()
        return result
      } catch let error as DatabaseError where error.isOvertaken || error.isDamage {
        // Damage seen in place may be a writer's half-done work: only what a copy shows as well is damage.
      }
    } while ContinuousClock.now - start < .milliseconds(20)
    return try read(locking: .copy(wait: wait), body)
  }

  /// A snapshot read in place, yet to be proven by ``Snapshot/confirm()`` or the end of a listing; nil if the file is being
  /// written, or was within the last two seconds.
  ///
  /// - Throws: As ``snapshot(locking:)``.
  package func quietSnapshot() throws(DatabaseError) -> Snapshot? {
    try requireReadable()
    return try Snapshot.inPlace(path: path, evenIfBusy: false)
  }

  /// Makes something of a snapshot that proves itself, again if a commit came between: in place while it may, then of a copy.
  ///
  /// - Parameters:
  ///   - damageCount: How often what was made met damage.
  ///   - make: Makes it, and throws `.changed` if it is not of one state.
  func proven<Made: ~Copyable>(
    locking: Locking, damageCount: (borrowing Made) -> Int,
    _ make: (consuming Snapshot) throws(DatabaseError) -> Made
  ) throws(DatabaseError) -> Made {
    guard case .auto(let wait) = locking else { return try make(try snapshot(locking: locking)) }
    try requireReadable()
    let begin = ContinuousClock.now
    var attempt = 0
    repeat {
      let isFirst = attempt == 0
      attempt += 1
      guard let snapshot = try Snapshot.inPlace(path: path, evenIfBusy: !isFirst) else { continue }
      do throws(DatabaseError) {
        let made = try make(snapshot)
        // Damage seen in a busy file may be a writer's half-done work: only what a copy shows as well is damage.
        if isFirst || damageCount(made) == 0 { return made }
      } catch {
        guard error.isOvertaken || error.isDamage && !isFirst else { throw error }
      }
    } while attempt < 4 || ContinuousClock.now - begin < .milliseconds(20)
    return try make(try snapshot(locking: .copy(wait: wait)))
  }

  /// Checks the whole file against the rules of its format.
  ///
  /// Damage does not end the check, nor is it thrown: it is in the report. With ``Locking/auto(wait:)`` a file that is
  /// being written is checked in a copy made under a shared lock.
  ///
  /// - Parameters:
  ///   - depth: How much to look at.
  ///   - locking: How to keep writers from changing what is checked.
  ///   - threads: How many may be used to check a sound file, the caller's included; 1 or more. They are gone when the
  ///     check is over, and make no difference to the report. A damaged file is checked by one.
  ///   - progress: Called now and then, in the caller's thread, with the bytes done and the bytes to do; not at all for a
  ///     small file.
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.lockedByThisProcess`, `.unsupportedEngine`, `.busy`,
  ///   `.replaced`, `.faulted`.
  /// - Complexity: O(file size). Memory: next to nothing for a file that a repack has just left. For any other up to 40
  ///   bytes for each live record, 28 for each dead one, up to 60 for each delete, and a fiftieth of the size; by several
  ///   threads up to a fifth more. Tables lie in large pages, so that it is some megabytes more of a small file. 36 bytes
  ///   more for each record if nearly all have the same key.
  public func verify(
    _ depth: VerificationDepth = .full, locking: Locking = .auto, threads: Int = 1,
    progress: ((_ done: UInt64, _ total: UInt64) -> Void)? = nil
  ) throws(DatabaseError) -> VerificationReport {
    precondition(threads > 0, "at least the caller's thread is needed")
    try requireReadable()
    if case .auto(let wait) = locking {
      if let report = try verifyQuietly(depth, threads, progress) { return report }
      return try verify(depth, locking: .copy(wait: wait), threads: threads, progress: progress)
    }
    let whole = try WholeFile(path: path, locking: locking)
    let report = TwoskipVerifier.report(on: whole.bytes, depth: depth, threads: threads, progress: progress)
    try whole.requireUnfaulted()
    return report
  }

  /// Checks the whole file as ``verify(_:locking:threads:progress:)`` does, in what a snapshot has mapped.
  ///
  /// For who holds a snapshot anyway. A file that is mapped anew costs up to half of a check of its own, as each page has
  /// to be found once more. The mapping is used where it is of the whole file that the path names now and has met no
  /// fault, and the file is neither locked nor copied. Otherwise, and in all that the report says, this is as without the
  /// snapshot: the report is on what the file is now, not on what it was when the snapshot was made.
  ///
  /// ```swift
  /// var snapshot = try database.snapshot()
  /// let report = try database.verify(reusing: snapshot)
  /// snapshot = snapshot.trusting(report)
  /// ```
  ///
  /// - Parameters:
  ///   - depth: How much to look at.
  ///   - snapshot: Of the same path, if it is to be of use.
  ///   - locking: How to keep writers from changing what is checked.
  ///   - threads: As there.
  ///   - progress: As there.
  /// - Throws: As there.
  /// - Complexity: As there.
  public func verify(
    _ depth: VerificationDepth = .full, reusing snapshot: borrowing Snapshot, locking: Locking = .auto,
    threads: Int = 1, progress: ((_ done: UInt64, _ total: UInt64) -> Void)? = nil
  ) throws(DatabaseError) -> VerificationReport {
    precondition(threads > 0, "at least the caller's thread is needed")
    try requireReadable()
    let mustBeQuiet: Bool
    switch locking {
    case .auto: mustBeQuiet = true
    case .none: mustBeQuiet = false
    case .copy, .shared: return try verify(depth, locking: locking, threads: threads, progress: progress)
    }
    let whole = try WholeFile(unmapped: path)
    guard whole.isQuiet || !mustBeQuiet, snapshot.isMapping(of: whole) else {
      return try verify(depth, locking: locking, threads: threads, progress: progress)
    }
    let report = TwoskipVerifier.report(on: snapshot.bytes, depth: depth, threads: threads, progress: progress)
    let isValid = mustBeQuiet ? try whole.isUnchanged() : try whole.isNotCut()
    if isValid, !snapshot.haveFaulted { return report }
    return try verify(depth, locking: locking, threads: threads, progress: progress)
  }

  /// A report on a quiet file, made in place; nil if the file is being written, or was meanwhile.
  private func verifyQuietly(
    _ depth: VerificationDepth, _ threads: Int, _ progress: ((UInt64, UInt64) -> Void)?
  ) throws(DatabaseError) -> VerificationReport? {
    let whole = try WholeFile(path: path, locking: .none)
    guard whole.isQuiet else { return nil }
    let report = TwoskipVerifier.report(on: whole.bytes, depth: depth, threads: threads, progress: progress)
    return try whole.isUnchanged() ? report : nil
  }

  /// - Throws: ``DatabaseError/unsupportedEngine(path:engine:)`` for every engine but twoskip.
  func requireReadable() throws(DatabaseError) {
    if let engine, engine != .twoskip { throw .unsupportedEngine(path: path, engine: engine) }
  }
}

extension DatabaseError {
  /// Whether the trouble is only that the file was changed meanwhile.
  var isOvertaken: Bool {
    switch self {
    case .changed, .faulted: true
    default: false
    }
  }

  /// Whether the trouble is in the bytes of the file.
  var isDamage: Bool {
    if case .damaged = self { return true }
    return false
  }
}

extension OpenFile {
  /// Opens a path and locks the file, until the file that is locked is the one that the path names.
  ///
  /// - Throws: ``DatabaseError``: as ``init(path:)`` and ``lockShared(wait:)``, `.replaced`.
  static func openShared(path: String, wait: Duration) throws(DatabaseError) -> OpenFile {
    let end = ContinuousClock.now + wait
    // A repack renames a new file over the path while we wait for the lock of the old one.
    for _ in 0..<16 {
      let file = try OpenFile(path: path)
      try file.lockShared(wait: max(.zero, end - ContinuousClock.now))
      if file.isStillAtPath() { return file }
    }
    throw .replaced(path: path)
  }
}

/// All bytes of a file, for who looks at more than its committed content.
struct WholeFile: ~Copyable {
  private let file: OpenFile
  private let storage: FileBytes
  private let openingHeader: [UInt8]
  /// Taken after the header was read.
  let openingFacts: FileFacts
  /// Whether the bytes are our own.
  private let isCopy: Bool
  /// Size of the file in bytes when it was opened.
  let fileByteCount: UInt64
  /// Whether nobody seems to be writing the file.
  let isQuiet: Bool
  /// Whether, besides, nothing lies behind the committed end: what a crash left there Cyrus may cut off at any moment.
  let isAtRest: Bool

  /// How long a file must not have been changed to count as quiet.
  static let quietMilliseconds: UInt64 = 2000

  /// - Parameter locking: ``Locking/auto(wait:)`` and ``Locking/none`` are alike here: in place, without a lock.
  init(path: String, locking: Locking) throws(DatabaseError) {
    switch locking {
    case .none, .auto:
      let file = try OpenFile(path: path)
      let storage = try file.map(byteCount: try file.facts().byteCount)
      try self.init(file, storage)
    case .shared(let wait):
      let file = try OpenFile.openShared(path: path, wait: wait)
      let storage = try file.map(byteCount: try file.facts().byteCount)
      try self.init(file, storage)
    case .copy(let wait):
      let file = try OpenFile.openShared(path: path, wait: wait)
      let storage = try file.copy(byteCount: try file.facts().byteCount)
      file.unlock()
      try self.init(file, storage)
    }
  }

  /// The file without its bytes, which somebody else has mapped.
  init(unmapped path: String) throws(DatabaseError) {
    let file = try OpenFile(path: path)
    let byteCount = file.openingFacts.byteCount
    try self.init(file, FileBytes(), byteCount: byteCount, isCopy: false)
  }

  private init(_ file: consuming OpenFile, _ storage: consuming FileBytes) throws(DatabaseError) {
    let (byteCount, isCopy) = (storage.byteCount, storage.isCopy)
    try self.init(file, storage, byteCount: byteCount, isCopy: isCopy)
  }

  private init(
    _ file: consuming OpenFile, _ storage: consuming FileBytes, byteCount: UInt64, isCopy: Bool
  ) throws(DatabaseError) {
    let header = try file.read(at: 0, count: TwoskipHeader.byteCount)
    let facts = try file.facts()
    openingHeader = header
    openingFacts = facts
    isQuiet = facts.quietMilliseconds > Self.quietMilliseconds && file.writer() == nil
    let end = (try? TwoskipHeader(of: header.rawSpan))?.currentSize
    isAtRest = isQuiet && (end.map { $0 >= byteCount } ?? true)
    fileByteCount = byteCount
    self.isCopy = isCopy
    self.file = file
    self.storage = storage
  }

  /// The bytes, from the start of the file.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { storage.bytes }
  }

  /// - Throws: ``DatabaseError/faulted(path:)`` if some bytes could not be read, or were zeros because the file was cut.
  func requireUnfaulted() throws(DatabaseError) {
    if isCopy { return }
    let isNotCut = try isNotCut()
    if storage.haveFaulted || !isNotCut { throw .faulted(path: file.path) }
  }

  /// Whether the file is at least as long as when it was opened.
  func isNotCut() throws(DatabaseError) -> Bool { try file.facts().byteCount >= fileByteCount }

  /// Whether the file is the same as when it was opened, as far as a writer of Cyrus would have changed it.
  func isUnchanged() throws(DatabaseError) -> Bool {
    if isCopy { return true }
    let facts = try file.facts()
    let header = try file.read(at: 0, count: TwoskipHeader.byteCount)
    return !storage.haveFaulted && facts.byteCount == fileByteCount && header == openingHeader
      && facts.isUnchanged(since: openingFacts)
  }

  /// - Throws: ``DatabaseError``: `.faulted` if bytes could not be read, `.changed` if the file is not the same any more.
  func confirm() throws(DatabaseError) {
    try requireUnfaulted()
    if try !isUnchanged() { throw .changed(path: file.path) }
  }
}
