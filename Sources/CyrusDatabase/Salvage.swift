// Getting the content out of a damaged database.
//
// A snapshot refuses what it cannot prove. A salvage takes everything that bears its own proof of being sound, and says of
// each record how sure it is that it belongs to the content. It never changes the damaged file: what is kept can
// be written to a new one.

/// How sure it is that a record belongs to the content of a damaged database.
public enum Certainty: String, Sendable, Hashable, CaseIterable {
  /// It is in the committed content, with this value.
  case certain
  /// It was, at some time. Something that cannot be read can hold a newer value, or its deletion.
  case presentAtSomeTime = "present-at-some-time"
  /// It was, at some time, and there is a deletion that can be its own.
  case possiblyDeleted = "possibly-deleted"
  /// It belongs to a transaction that was not committed. No record of the content.
  case uncommitted

  var index: Int {
    switch self {
    case .certain: 0
    case .presentAtSomeTime: 1
    case .possiblyDeleted: 2
    case .uncommitted: 3
    }
  }
}

/// A record that was salvaged, seen in place. Borrows the salvage; copy what you keep.
public struct SalvagedRecord: ~Escapable {
  /// What speaks for a record.
  public enum Source: String, Sendable, Hashable, CaseIterable {
    /// Pointers of live records lead to it.
    case list
    /// It is the last version of its key in the log.
    case log
    /// Nothing but its own checksums: it was found behind unreadable bytes, and nothing else proves that a record starts
    /// there.
    case scan
  }

  /// Why a record is not certain.
  public enum Doubt: String, Sendable, Hashable, CaseIterable {
    /// Unreadable bytes behind it can hold a newer value or its deletion.
    case unreadableBehind = "unreadable-behind"
    /// Its head is damaged, and where its key and its value end is not proven.
    case unprovenLengths = "unproven-lengths"
    /// It was found by its checksums alone, and can be part of another record's value.
    case unproven
    /// Where the committed data end is a guess.
    case guessedEnd = "guessed-end"
    /// It can be an older version of a live record whose key and value are lost.
    case olderVersion = "older-version"
    /// Lists and log contradict each other.
    case contradiction
    /// A deletion behind it can be its own.
    case undecidedDeletion = "undecided-deletion"
    /// Lists and log contradict each other about its deletion.
    case contradictedDeletion = "contradicted-deletion"
    /// Its transaction was not committed.
    case notCommitted = "not-committed"

    /// How sure a record is in spite of this doubt.
    public var certainty: Certainty {
      switch self {
      case .unreadableBehind, .unprovenLengths, .unproven, .guessedEnd, .olderVersion, .contradiction:
        .presentAtSomeTime
      case .undecidedDeletion, .contradictedDeletion: .possiblyDeleted
      case .notCommitted: .uncommitted
      }
    }

    var isContradiction: Bool { self == .contradiction || self == .contradictedDeletion }
  }

  /// The key's bytes, at least one. Not necessarily UTF-8.
  public let key: RawSpan
  /// The value's bytes. Not necessarily UTF-8.
  public let value: RawSpan
  /// Where the record starts, in bytes from the start of the file.
  public let offset: UInt64
  /// How sure it is that the record belongs to the content.
  public let certainty: Certainty
  /// What speaks for it.
  public let source: Source
  /// Why it is not certain; nil if it is.
  public let doubt: Doubt?
  /// Whether the record's head is damaged. Key and value have their own checksum.
  public let isHeadDamaged: Bool
  /// Number of its transaction, from 1, among those whose COMMIT can be read; nil if none of these comes behind it.
  public let transaction: Int?
  /// Where that transaction's COMMIT starts.
  public let commit: UInt64?

  /// The key's bytes, to keep.
  public func copyOfKey() -> [UInt8] { Array(key) }

  /// The value's bytes, to keep.
  public func copyOfValue() -> [UInt8] { Array(value) }

  @_lifetime(copy bytes)
  fileprivate init(_ record: TwoskipRecord, in bytes: RawSpan, _ verdict: TwoskipSalvage.Verdict, commits: [UInt64]) {
    key = record.key(in: bytes)
    value = record.value(in: bytes)
    offset = UInt64(record.offset)
    certainty = verdict.certainty
    source = verdict.source
    doubt = verdict.doubt
    isHeadDamaged = !record.hasSoundHead(in: bytes)
    var low = 0
    var high = verdict.certainty == .uncommitted ? 0 : commits.count
    let isCommitted = high > 0
    while low < high {
      let middle = (low + high) / 2
      if commits[middle] < offset { low = middle + 1 } else { high = middle }
    }
    let hasCommit = isCommitted && low < commits.count
    transaction = hasCommit ? low + 1 : nil
    commit = hasCommit ? commits[low] : nil
  }
}

/// A place of a file that is not as it was written.
public struct DamagedPlace: Sendable, Hashable, CustomStringConvertible {
  /// What is damaged.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The header: the committed end is not known for certain.
    case header
    /// The list head: the lists have no start.
    case listHead = "list-head"
    /// A record's head: its pointers are lost, key and value are kept.
    case recordHead = "record-head"
    /// A record's head: its pointers are lost, and where key and value end is not proven.
    case recordLengths = "record-lengths"
    /// Padding, BLANK or a checksum that is not used: no content is affected.
    case padding
    /// A COMMIT: no content is affected.
    case commit
    /// A record: key and value are lost.
    case record
    /// Bytes that are no record: what was there is lost.
    case unreadable
    /// The file ends before its committed end: what was there is lost.
    case missing

    /// What that means, in a few words.
    public var explanation: String {
      switch self {
      case .header: "header: the committed end is not known for certain"
      case .listHead: "list head: the lists have no start"
      case .recordHead: "record head: pointers are lost, key and value are kept"
      case .recordLengths: "record head: pointers are lost, and where key and value end is not proven"
      case .padding: "padding, BLANK or an unused checksum: no content is affected"
      case .commit: "COMMIT: no content is affected"
      case .record: "record: key and value are lost"
      case .unreadable: "bytes that are no record: what was there is lost"
      case .missing: "the file ends before its committed end: what was there is lost"
      }
    }
  }

  /// Where, in bytes from the start of the file.
  public let bytes: Range<UInt64>
  /// What is damaged.
  public let kind: Kind
  /// Whether a live record is known to be there; false if it is known that none is; nil if neither is known.
  public let isLive: Bool?

  /// Whether content can have been lost there.
  public var isLoss: Bool {
    switch kind {
    case .header, .listHead, .recordHead, .padding, .commit: false
    case .recordLengths, .record, .unreadable, .missing: isLive != false
    }
  }

  /// For example `96 bytes at 0x13e0: record: key and value are lost (live)`.
  public var description: String {
    let liveness = isLive.map { $0 ? " (live)" : " (dead)" } ?? ""
    return "\(bytes.count) bytes at \(hexadecimal(bytes.lowerBound)): \(kind.explanation)\(liveness)"
  }
}

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

/// A walk over salvaged records.
public struct SalvageCursor: ~Copyable, ~Escapable {
  private let bytes: RawSpan
  private let offsets: [UInt64]
  /// One for each offset; nil if none of them is committed.
  private let verdicts: [UInt8]?
  private let commits: [UInt64]
  private var index = 0

  @_lifetime(copy bytes)
  fileprivate init(_ bytes: RawSpan, _ offsets: [UInt64], _ verdicts: [UInt8]?, commits: [UInt64]) {
    self.bytes = bytes
    self.offsets = offsets
    self.verdicts = verdicts
    self.commits = commits
  }

  /// The next record; nil at the end.
  ///
  /// - Returns: A view into the salvage, valid as long as the salvage.
  @_lifetime(copy self)
  public mutating func next() -> SalvagedRecord? {
    while index < offsets.count {
      let verdict = verdicts.map { TwoskipSalvage.Verdict(code: $0[index]) } ?? .uncommitted
      let parsed = try? TwoskipRecord(at: Int(offsets[index]), in: bytes, limit: bytes.byteCount)
      index += 1
      // Always there, unless the file changes under an unlocked salvage.
      if let parsed { return SalvagedRecord(parsed, in: bytes, verdict, commits: commits) }
    }
    return nil
  }
}

extension TwoskipSalvage.Verdict {
  fileprivate static var uncommitted: Self { Self(.scan, .notCommitted) }
}
