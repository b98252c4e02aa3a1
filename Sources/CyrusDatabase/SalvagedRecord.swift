// What a salvage says of one record, and of one place that is damaged.

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
  init(_ record: TwoskipRecord, in bytes: RawSpan, _ verdict: TwoskipSalvage.Verdict, commits: [UInt64]) {
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

/// A walk over salvaged records.
public struct SalvageCursor: ~Copyable, ~Escapable {
  private let bytes: RawSpan
  private let offsets: [UInt64]
  /// One for each offset; nil if none of them is committed.
  private let verdicts: [UInt8]?
  private let commits: [UInt64]
  private var index = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ offsets: [UInt64], _ verdicts: [UInt8]?, commits: [UInt64]) {
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
