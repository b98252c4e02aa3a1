// Getting the content out of a damaged database.
//
// A snapshot refuses what it cannot prove. A salvage takes everything that bears its own proof of being sound, and says of
// each record how sure it is that it belongs to the content. It never changes the damaged file: what is kept can
// be written to a new one.

extension Database {
  /// Everything that can be read of the file, whatever its state, and how sure it is.
  ///
  /// Of a sound file this is exactly its content. For a file whose first bytes are destroyed, so that it is not even
  /// recognised, see ``Salvage/init(path:locking:)``.
  ///
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.lockedByThisProcess`, `.unsupportedEngine`, `.busy`,
  ///   `.replaced`, `.faulted`. Damage is no error.
  /// - Complexity: O(*n* log *n*), all of it here. Memory: about 60 bytes a record while it works.
  public func salvage(locking: Locking = .auto) throws(DatabaseError) -> Salvage {
    try requireReadable()
    return try Salvage(path: path, locking: locking)
  }
}

/// What could be saved of a database file.
///
/// ```swift
/// let salvage = try Database(path: "damaged.db").salvage()
/// var records = salvage.records()
/// while let record = records.next() { print(record.offset, record.certainty) }
/// let written = try salvage.write(to: "salvaged.db")
/// ```
///
/// The rules: a record counts if its key and value have the right checksum, and either its head has, too, or it lies where
/// a record must be. Of several versions of a key the last one counts. A key is left out only if it was deleted for
/// certain. What is not committed is shown apart and never written.
///
/// Holds the file mapped, copied or locked, as was asked for, until it goes. ``write(to:keeping:replacing:seed:)`` makes sure
/// that the file has stayed the same; who does without it calls ``confirm()``.
public struct Salvage: ~Copyable, Sendable {
  /// How the committed end was found.
  public enum EndSource: String, Sendable, Hashable, CaseIterable {
    /// A sound header names it, or the file is an empty database without a header.
    case header
    /// A guess: a damaged header names it, or would be sound if it did, and by a COMMIT a transaction ends or starts there.
    /// Records can be certain.
    case confirmed
    /// A guess: the end of the last COMMIT that can be read, whether or not it was committed. No record is certain.
    case lastCommit = "last-commit"
    /// A guess: the file has no COMMIT. No record is certain.
    case fileSize = "file-size"

    /// What tells the end, in a few words.
    public var explanation: String {
      switch self {
      case .header: "the header"
      case .confirmed: "the damaged header and a COMMIT"
      case .lastCommit: "the last COMMIT"
      case .fileSize: "the end of the file"
      }
    }
  }

  /// The path, as given.
  public let path: String
  /// The state the file was in.
  public let state: FileState
  /// Size of the file in bytes.
  public let fileByteCount: UInt64
  /// How many records the content has, if a sound header says so.
  public let expectedCount: UInt64?
  /// The generation that ``write(to:keeping:replacing:seed:)`` gives to the new file: one more than the damaged file's.
  ///
  /// If the header is damaged, one more than what it seems to say, or 2.
  public let nextGeneration: UInt64

  private let whole: WholeFile
  private let outcome: TwoskipSalvage.Outcome

  /// How many damaged places are listed.
  public static let listedDamageMax = 100

  /// Salvages a twoskip file that may be damaged beyond recognition.
  ///
  /// With ``Locking/auto(wait:)`` a quiet file is looked at in place, a file that is being written in a copy made under a
  /// shared lock.
  ///
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.lockedByThisProcess`, `.busy`, `.replaced`, `.faulted`,
  ///   `.unsupportedEngine` if the file is of another engine, `.notDatabase` if nothing in it is of twoskip.
  public init(path: String, locking: Locking = .auto) throws(DatabaseError) {
    if case .auto(let wait) = locking {
      let whole = try WholeFile(path: path, locking: .none)
      try self.init(whole.isAtRest ? whole : WholeFile(path: path, locking: .copy(wait: wait)), path: path)
    } else {
      try self.init(WholeFile(path: path, locking: locking), path: path)
    }
  }

  private init(_ whole: consuming WholeFile, path: String) throws(DatabaseError) {
    let hint = try Self.hint(on: whole, path: path)
    let outcome: TwoskipSalvage.Outcome
    do throws(TwoskipError) { outcome = try Self.outcome(of: whole) } catch { throw DatabaseError(error, path: path) }
    if !outcome.hasTwoskip { throw .notDatabase(path: path, hint: hint) }
    try whole.requireUnfaulted()
    let facts = Self.header(of: whole)
    state = facts.state
    expectedCount = facts.expectedCount
    nextGeneration = facts.nextGeneration
    fileByteCount = whole.fileByteCount
    self.path = path
    self.outcome = outcome
    self.whole = whole
  }

  /// Makes sure that the file was the same all the time, as far as that can be seen.
  ///
  /// - Throws: ``DatabaseError/changed(path:)`` or ``DatabaseError/faulted(path:)``: discard what you have seen.
  public func confirm() throws(DatabaseError) { try whole.confirm() }

  // MARK: - What was found

  /// Where the committed data end, in bytes from the start of the file.
  public var committedEnd: UInt64 { outcome.end }
  /// How that was found out.
  public var endSource: EndSource { outcome.endSource }
  /// Whether the committed end is a guess.
  public var isEndGuessed: Bool { endSource != .header }

  /// How many records there are of a certainty.
  public func count(of certainty: Certainty) -> UInt64 { outcome.counts[certainty.index] }
  /// How many keys were left out because they were deleted.
  public var deletedCount: UInt64 { outcome.deletedCount }
  /// How many sound records were left out because there is a newer version of their key.
  public var supersededCount: UInt64 { outcome.supersededCount }
  /// How many live records are known to be lost. There can be more.
  public var lostLiveCount: UInt64 { outcome.lostLiveCount }
  /// How many records lists and log say different things about. A list 0 that leads back to a smaller key, and a DELETE that
  /// deletes nothing, count as one each.
  public var contradictionCount: UInt64 { outcome.contradictionCount }

  /// What is damaged, by place. At most ``listedDamageMax`` places.
  public var damage: [DamagedPlace] { outcome.damage }
  /// How many damaged places are not listed.
  public var unlistedDamageCount: UInt64 { outcome.damageCount - UInt64(outcome.damage.count) }

  /// Whether the records are all certain and it is proven that none is missing.
  public var isWhole: Bool { outcome.isWhole }
  /// Whether the file is at rest and nothing that was looked at is wrong: then there was nothing to salvage.
  public var isIntact: Bool { outcome.isIntact }

  // MARK: - Records

  /// All records that are kept, each key once, by unsigned bytes of the keys: ``KeyOrder/raw``, whatever the order of the
  /// file.
  ///
  /// - Complexity: O(1) a record.
  @_lifetime(borrow self)
  public func records() -> SalvageCursor {
    SalvageCursor(whole.bytes, outcome.offsets, outcome.verdicts, commits: outcome.commits)
  }

  /// The records of a transaction that was not committed, in the order in which they were written, all versions.
  ///
  /// - Complexity: O(1) a record.
  @_lifetime(borrow self)
  public func uncommittedRecords() -> SalvageCursor {
    SalvageCursor(whole.bytes, outcome.uncommitted, nil, commits: [])
  }

  /// Writes records to a new twoskip file.
  ///
  /// By default every record that is not deleted for certain, in the belief that a record too many is easier to remove than
  /// one too few is to restore.
  ///
  /// - Parameters:
  ///   - path: The new file. That it is this salvage's own file is always an error.
  ///   - certainties: Which records to write. `.uncommitted` ones are never written, whatever is asked for.
  ///   - replacing: Whether a file of that name may be replaced.
  ///   - seed: Of the levels of the records, see ``TwoskipWriter/init(path:generation:seed:replacing:inputs:)``.
  /// - Throws: ``DatabaseError``: `.system`, `.notRegularFile`, `.output`; `.changed` or `.faulted` if the damaged file has not
  ///   stayed the same, and then nothing is written.
  /// - Complexity: O(bytes written).
  public func write(
    to path: String, keeping certainties: Set<Certainty> = [.certain, .presentAtSomeTime, .possiblyDeleted],
    replacing: Bool = false, seed: UInt64 = 1
  ) throws(DatabaseError) -> WrittenDatabase {
    var writer = try TwoskipWriter(
      path: path, generation: nextGeneration, seed: seed, replacing: replacing, inputs: [self.path])
    var records = records()
    while let record = records.next() {
      if certainties.contains(record.certainty) { try writer.append(key: record.key, value: record.value) }
    }
    try confirm()
    return try writer.finish()
  }

  // Each borrows the file for one call: a view of it must not live on while the file is moved into place.

  /// What the file looks like, if it is of no known engine.
  private static func hint(on whole: borrowing WholeFile, path: String) throws(DatabaseError) -> String {
    let start = whole.bytes.extracting(0..<min(whole.bytes.byteCount, Detection.byteCount))
    switch Detection(start, fileByteCount: whole.fileByteCount) {
    // Anything can look like lines of text.
    case .engine(.twoskip, _), .engine(.flat, _), .empty: return ""
    case .engine(let engine, _): throw .unsupportedEngine(path: path, engine: engine)
    case .unknown(let hint): return hint
    }
  }

  private static func outcome(of whole: borrowing WholeFile) throws(TwoskipError) -> TwoskipSalvage.Outcome {
    try TwoskipSalvage.outcome(on: whole.bytes)
  }

  private static func header(
    of whole: borrowing WholeFile
  ) -> (state: FileState, expectedCount: UInt64?, nextGeneration: UInt64) {
    let bytes = whole.bytes
    let size = whole.fileByteCount
    if size == 0 { return (.empty, 0, 1) }
    if let header = try? TwoskipHeader(of: bytes) {
      return (
        FileState(header, fileByteCount: size), header.isDirty ? nil : header.recordCount,
        max(1, header.generation &+ 1)
      )
    }
    let isInterrupted = isInterruptedCreation(bytes, fileByteCount: size)
    let stated = bytes.byteCount >= TwoskipHeader.byteCount ? TwoskipHeader(unchecked: bytes).generation : 0
    // A generation that nobody reaches is damage.
    return (isInterrupted ? .interruptedCreation : .unreadable, nil, 1..<1 << 32 ~= stated ? stated + 1 : 2)
  }
}
