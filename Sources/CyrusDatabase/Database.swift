// A database file, and how it is opened for reading.
//
// A `Database` holds no descriptor: each snapshot opens the path anew, so it sees the file that is
// there now, not one that a repack has replaced since.

/// What a snapshot does to be sure that no writer changes what it reads.
public enum Locking: Sendable, Hashable {
  /// Nothing. For files at rest: copies, backups, files of a stopped server. Under a running writer an answer may
  /// mix two states.
  case none
  /// A shared lock for the life of the snapshot, waited for no longer than `wait`.
  ///
  /// Proven consistent. While it is held no Cyrus process can write the file, so let the snapshot go soon. It is an
  /// open-file-description lock: it neither drops nor is dropped by POSIX locks of the same process. A process
  /// that itself holds a write lock on the file through other code waits here in vain.
  case shared(wait: Duration)
}

/// A Cyrus database file, recognised by its content.
///
/// ```swift
/// let database = try Database(path: "/var/lib/cyrus/mailboxes.db")
/// let snapshot = try database.snapshot()
/// var records = snapshot.records(prefix: "Nuser.")
/// while let record = try records.next() {
///   print(record.offset, record.key.byteCount)
/// }
/// ```
///
/// Nothing is ever written: not by opening, not by reading, whatever state the file is in.
///
/// One hazard: closing any descriptor of a file drops all POSIX locks that this process has on it. A process that
/// also locks the same file through other code, such as Cyrus's own library, must not open it here meanwhile.
public struct Database: Sendable, Hashable {
  /// The path, as given.
  public let path: String
  /// The engine, by content; nil for a file without a byte, which is an empty database of any engine.
  public let engine: Engine?

  /// Recognises the database at a path. Reads at most 512 bytes.
  ///
  /// - Parameter path: Of a regular file; symbolic links are followed.
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.notDatabase`. An engine that is recognised but
  ///   not read is no error here, but in ``snapshot(locking:)`` and ``verify(_:locking:progress:)``.
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

  /// One committed state of the database: the last one, as of now.
  ///
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.unsupportedEngine`, `.busy`, `.replaced`,
  ///   `.damaged` if the header cannot be trusted.
  /// - Complexity: O(1): a few system calls. The bytes are read when they are looked at.
  public func snapshot(locking: Locking = .shared(wait: .seconds(5))) throws(DatabaseError) -> Snapshot {
    try requireReadable()
    return try Snapshot(file: try openFile(locking: locking))
  }

  /// Checks the whole file against the rules of its format.
  ///
  /// Damage does not end the check, nor is it thrown: it is in the report.
  ///
  /// - Parameters:
  ///   - depth: How much to look at.
  ///   - locking: As for ``snapshot(locking:)``; held for the whole check.
  ///   - progress: Called now and then with the bytes done and the bytes to do; not at all for a small file.
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.unsupportedEngine`, `.busy`, `.replaced`.
  /// - Complexity: O(file size). Memory: two bits for each eight bytes of the file, and, if the file
  ///   has deletes or old versions of records, about 20 bytes a record besides.
  public func verify(
    _ depth: VerificationDepth = .full,
    locking: Locking = .shared(wait: .seconds(5)),
    progress: ((_ done: UInt64, _ total: UInt64) -> Void)? = nil
  ) throws(DatabaseError) -> VerificationReport {
    try requireReadable()
    let file = try openFile(locking: locking)
    let map = try file.map(byteCount: try file.facts().byteCount)
    return TwoskipVerifier.report(on: map.bytes, depth: depth, progress: progress)
  }

  /// - Throws: ``DatabaseError/unsupportedEngine(path:engine:)`` for every engine but twoskip.
  func requireReadable() throws(DatabaseError) {
    if let engine, engine != .twoskip { throw .unsupportedEngine(path: path, engine: engine) }
  }

  /// Opens the path; with a lock, until the file that is locked is the one that the path names.
  func openFile(locking: Locking) throws(DatabaseError) -> OpenFile {
    guard case .shared(let wait) = locking else { return try OpenFile(path: path) }
    // A repack renames a new file over the path while we wait for the lock of the old one.
    for _ in 0..<16 {
      let file = try OpenFile(path: path)
      try file.lockShared(wait: wait)
      if file.isStillAtPath() { return file }
    }
    throw .replaced(path: path)
  }
}
