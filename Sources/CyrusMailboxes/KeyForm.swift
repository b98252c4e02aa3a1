// How the keys of a whole file are built, and which releases of Cyrus wrote it: found out with a few lookups.
//
// Nothing in a file says it: there is no version. In this order, each step a lookup:
//
//   $RACL…, $RUNQ…                                     plain: bookkeeping of 3.0 to 3.4; if there are signs of prefixed
//                                                      keys as well, the form of which more mailboxes are
//   A S RS                                             prefixed: the mark of reverse ACLs
//   the first I…, if it is a dlist with a name         prefixed: a mailbox under its unique id
//   the first N…, if it is a dlist that begins with    prefixed: a mailbox under its name
//   T and a kind, and the rest is no `user.…`
//   anything else                                      plain
//
// Surprise: Cyrus's own test, by the first letter of a key alone, takes an old file with a shared mailbox `News` for one
// that is upgraded already. And a tombstone of 2.5 may begin with T, too, but has no letter for its kind.
//
// Some keys are then looked at where keys of the other form would be. A file with both is what an interrupted or
// hand-made upgrade leaves; the server sees only those of its own form.
//
// Facts: Cyrus's imap/mboxlist.c of releases 2.2.13 to 3.13.7.

public import CyrusDatabase

/// How the keys of a `mailboxes.db` are built, and which releases wrote it.
///
/// ```swift
/// let form = try MailboxListForm(of: snapshot)
/// let entry = MailboxEntryView(key: record.key, value: record.value, form: form.keys)
/// ```
public struct MailboxListForm: Hashable, Sendable {
  /// How the keys are built.
  public let keys: MailboxKey.Form
  /// The newest releases that a record of the sample is of; nil if there is none that describes a mailbox without an error.
  ///
  /// A server that has not changed a record since it was upgraded is not seen: the true one may be newer.
  public let generation: MailboxGeneration?
  /// Whether the file has no record. ``keys`` is then what was said to assume.
  public let isEmpty: Bool
  /// How many keys of the sample are not of the form ``keys``.
  public let disagreementCount: Int
  /// Where the first of them is, in bytes from the start of the file.
  public let firstDisagreement: UInt64?
  /// Whether records were left out because they are damaged, so that the answers are worth less.
  public let hasMetDamage: Bool

  /// Whether keys of both forms are there: more than one disagrees. The rule is called ``mixedKeysRule``.
  public var isMixed: Bool { disagreementCount > 1 }

  /// What reports call a file with keys of both forms.
  public static let mixedKeysRule = CrossCheckRule.mixedKeys.rawValue

  /// Finds out how the keys of a file are built.
  ///
  /// Damaged records are passed over.
  ///
  /// - Parameters:
  ///   - snapshot: A `mailboxes.db`. Of another database the answer means nothing.
  ///   - emptyForm: What to assume of a file without records.
  /// - Throws: ``/CyrusDatabase/DatabaseError``: `.changed`, `.faulted`: as any lookup.
  /// - Complexity: O(log *n*): some eighty lookups, and two records decoded for each.
  public init(of snapshot: borrowing Snapshot, ifEmpty emptyForm: MailboxKey.Form = .prefixed) throws(DatabaseError) {
    var sample = Sample()
    let isPlain = try sample.hasLegacyBookkeeping(snapshot)
    var isPrefixed = try sample.hasPrefixedKeys(snapshot)
    // Either can be what an upgrade, or the way back from one, left over.
    if isPlain, isPrefixed { isPrefixed = try sample.hasMostlyPrefixedKeys(snapshot) }
    isEmpty = try sample.isEmpty(snapshot)
    keys = isEmpty ? emptyForm : isPrefixed ? .prefixed : .plain
    if keys == .prefixed {
      try sample.readPrefixed(snapshot)
    } else {
      try sample.readPlain(snapshot)
    }
    generation = sample.generation
    disagreementCount = sample.disagreementCount
    firstDisagreement = sample.firstDisagreement
    hasMetDamage = sample.hasMetDamage
  }
}

extension MailboxListForm {
  /// That of a file without records.
  init(ofEmpty keys: MailboxKey.Form) {
    self.keys = keys
    generation = nil
    isEmpty = true
    disagreementCount = 0
    firstDisagreement = nil
    hasMetDamage = false
  }
}

/// What is learned from the records that are looked at.
private struct Sample {
  private(set) var generation: MailboxGeneration?
  private(set) var disagreementCount = 0
  private(set) var firstDisagreement: UInt64?
  private(set) var hasMetDamage = false

  /// How many records are looked at from one place on.
  private static let recordsEach = 8

  /// Looks at records from `start` on, those with `prefix`, until `body` says that it is enough.
  private mutating func look(
    at snapshot: borrowing Snapshot, from start: String = "", prefix: String = "", limit: Int = recordsEach,
    _ body: (inout Sample, borrowing RecordView) -> Bool
  ) throws(DatabaseError) {
    let start = Array(start.utf8)
    let prefix = Array(prefix.utf8)
    var records = snapshot.records(from: start.rawSpan, prefix: prefix.rawSpan)
    var count = 0
    while count < limit {
      count += 1
      do throws(DatabaseError) {
        guard let record = try records.next(), body(&self, record) else { return }
      } catch {
        guard case .damaged = error else { throw error }
        hasMetDamage = true
      }
    }
  }

  // MARK: - Telling the form

  mutating func isEmpty(_ snapshot: borrowing Snapshot) throws(DatabaseError) -> Bool {
    var isEmpty = true
    try look(at: snapshot, limit: 1) { _, _ in
      isEmpty = false
      return false
    }
    // Damage is something, too.
    return isEmpty && !hasMetDamage
  }

  /// Whether there is bookkeeping of 3.0 to 3.4; notes which of these it is of.
  mutating func hasLegacyBookkeeping(_ snapshot: borrowing Snapshot) throws(DatabaseError) -> Bool {
    var hasAny = false
    try look(at: snapshot, prefix: "$RACL", limit: 1) { sample, record in
      hasAny = true
      // The mark comes first. It has a version from 3.3 on.
      sample.note(record.key.byteCount == 5 && record.value.byteCount > 0 ? .release33 : .release30)
      return false
    }
    try look(at: snapshot, prefix: "$RUNQ", limit: 1) { sample, _ in
      hasAny = true
      sample.note(.release33)
      return false
    }
    return hasAny
  }

  mutating func hasPrefixedKeys(_ snapshot: borrowing Snapshot) throws(DatabaseError) -> Bool {
    var isPrefixed = false
    try look(at: snapshot, prefix: "AS\u{1E}", limit: 1) { _, record in
      isPrefixed = record.key.byteCount == 3
      return false
    }
    if isPrefixed { return true }
    // Not one alone: its value may be broken.
    for prefix in ["I", "N"] where !isPrefixed {
      try look(at: snapshot, prefix: prefix) { _, record in
        let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
        isPrefixed = entry.hasValueOfPrefixedForm
        return !isPrefixed && entry.errorCount > 0
      }
    }
    return isPrefixed
  }

  /// Whether of a file with signs of both forms more mailboxes have prefixed keys.
  ///
  /// Users are counted by their first letters, so that not all of the one form have to be gone through to meet the other.
  mutating func hasMostlyPrefixedKeys(_ snapshot: borrowing Snapshot) throws(DatabaseError) -> Bool {
    var (prefixedCount, plainCount) = (0, 0)
    try look(at: snapshot, prefix: "AS\u{1E}", limit: 1) { _, record in
      if record.key.byteCount == 3 { prefixedCount += 1 }
      return false
    }
    for letter in Self.alphabet {
      try look(at: snapshot, prefix: "Nuser\u{1F}\(letter)", limit: 1) { _, _ in
        prefixedCount += 1
        return false
      }
      try look(at: snapshot, prefix: "user.\(letter)", limit: 1) { _, _ in
        plainCount += 1
        return false
      }
    }
    try look(at: snapshot, prefix: "N") { _, record in
      let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
      if entry.hasValueOfPrefixedForm { prefixedCount += 1 }
      return true
    }
    var sharedCount = 0
    // Behind the bookkeeping, of which there may be much.
    for (start, end) in [("%", UInt8(ascii: "A"))] + Self.gaps.dropFirst() where sharedCount < Self.recordsEach {
      try look(at: snapshot, from: start) { _, record in
        guard record.key.byte(at: 0) < end, sharedCount < Self.recordsEach else { return false }
        let key = MailboxKey(record.key, value: record.value, form: .prefixed)
        if key.isMailbox { sharedCount += 1 }
        return true
      }
    }
    return prefixedCount > plainCount + sharedCount
  }

  /// Where keys lie that begin with none of A, I, J, N and U.
  private static let gaps: [(start: String, end: UInt8)] = [
    ("", UInt8(ascii: "A")), ("B", UInt8(ascii: "I")), ("K", UInt8(ascii: "N")), ("O", UInt8(ascii: "U")),
    ("V", 0xFF),
  ]

  // MARK: - The rest of the sample

  /// Looks at a file of the prefixed form: at some mailboxes, and where plain keys would lie.
  mutating func readPrefixed(_ snapshot: borrowing Snapshot) throws(DatabaseError) {
    try look(at: snapshot, prefix: "J", limit: 1) { sample, record in
      sample.noteGeneration(of: record, form: .prefixed)
      return false
    }
    for start in Self.alphabet.flatMap({ ["N\($0)", "Nuser\u{1F}\($0)"] }) {
      try look(at: snapshot, from: start, prefix: "N", limit: 2) { sample, record in
        sample.noteGeneration(of: record, form: .prefixed)
        return true
      }
    }
    for (start, end) in Self.gaps {
      try look(at: snapshot, from: start) { sample, record in
        guard record.key.byte(at: 0) < end else { return false }
        sample.disagree(record)
        return true
      }
    }
    for prefix in ["A", "U"] {
      try look(at: snapshot, prefix: prefix) { sample, record in
        let key = MailboxKey(record.key, value: record.value, form: .prefixed)
        if key.form == .plain || key.kind == .unknown { sample.disagree(record) }
        return true
      }
    }
  }

  /// Looks at a file of the plain form: at some mailboxes, and where prefixed keys would lie.
  mutating func readPlain(_ snapshot: borrowing Snapshot) throws(DatabaseError) {
    for start in [""] + Self.alphabet.flatMap({ ["\($0)", "user.\($0)"] }) {
      try look(at: snapshot, from: start, limit: 2) { sample, record in
        sample.noteGeneration(of: record, form: .plain)
        return true
      }
    }
    for prefix in ["A", "I", "J", "N", "UG"] {
      try look(at: snapshot, prefix: prefix) { sample, record in
        sample.noteGeneration(of: record, form: .plain)
        let entry = MailboxEntryView(key: record.key, value: record.value, form: .plain)
        if entry.isForeign { sample.disagree(record) }
        return true
      }
    }
  }

  /// What users' names begin with.
  private static let alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

  private mutating func disagree(_ record: borrowing RecordView) {
    disagreementCount += 1
    if firstDisagreement == nil { firstDisagreement = record.offset }
  }

  private mutating func noteGeneration(of record: borrowing RecordView, form: MailboxKey.Form) {
    let entry = MailboxEntryView(key: record.key, value: record.value, form: form)
    // Other databases have text and dlists, too. Every mailbox has a partition or a time.
    guard entry.key.form == form, entry.errorCount == 0,
      entry.state(of: .partition) == .value || entry.state(of: .mtime) == .value,
      let generation = MailboxGeneration(of: entry)
    else { return }
    note(generation)
  }

  private mutating func note(_ found: MailboxGeneration) {
    if let generation, generation >= found { return }
    generation = found
  }
}
