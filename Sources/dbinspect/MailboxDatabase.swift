// Whether a database is a list of mailboxes at all. Nothing in a file says so, and all of Cyrus's databases are alike.
//
// It is not if its records are told to be those of another database, or if none of them so much as resembles a mailbox.
// One that resembles is enough, decodable or not: a damaged or foreign list of mailboxes is still to be looked at.

import CyrusDatabase
import CyrusMailboxes

/// Refuses databases that are no lists of mailboxes.
enum MailboxDatabase {
  /// Makes sure that a file is a list of mailboxes.
  ///
  /// - Parameter form: What its keys and some of its records tell.
  /// - Throws: `Failure` if it is none; `DatabaseError`.
  static func require(_ form: MailboxListForm, in database: Database, _ locking: Locking) throws {
    if isSure(form) { return }
    // If some were seen, it is enough that not all of the first ones are another database's.
    let limit = form.generation == nil ? .max : sampleLimit
    try require(form, among: try database.records(limit: limit, locking: locking), of: database, locking)
  }

  private static let sampleLimit = 1000

  /// The same of a file whose records are found already.
  static func require(
    _ form: MailboxListForm, among records: borrowing RecordList, of database: Database, _ locking: Locking
  ) throws {
    // Of what cannot be read nobody knows.
    if isSure(form) || records.count == 0 { return }
    let other = DatabaseKind(records: try sample(of: records))
    if other == nil || other == .mailboxes, try form.generation != nil || hasMailbox(records, form.keys) { return }
    let whole = records.isLimited ? try Completeness(of: database, locking) : Completeness(records)
    let reason =
      other.map { "it holds records of the kind \($0.rawValue)" }
      ?? "none of \(counted(UInt64(records.count), "record")) is that of a mailbox"
    throw Failure(
      whole.isComplete ? .notDatabase : .broken, file: database.path, "not a mailboxes.db: \(reason)",
      hint: "dbinspect show \(shellQuoted(database.path)) lists its records", engine: .twoskip)
  }

  /// Whether no other database has such records as were seen: dlists with partition or time under names.
  private static func isSure(_ form: MailboxListForm) -> Bool {
    form.isEmpty || (form.generation.map { $0 >= .release25 } ?? false)
  }

  /// Whether the record of any mailbox is there, be it one that cannot be decoded.
  private static func hasMailbox(_ records: borrowing RecordList, _ form: MailboxKey.Form) throws -> Bool {
    for index in 0..<records.count {
      let record = try records.record(at: index)
      let entry = MailboxEntryView(key: record.key, value: record.value, form: form)
      guard entry.key.isMailbox else { continue }
      switch entry.valueForm {
      case .dlist: if entry.fieldOrder.first.map({ $0 != .server }) ?? beginsWithField(entry.valueBytes) { return true }
      case .text, .extendedText: if entry.errorCount == 0, entry.partition != nil { return true }
      case nil: break
      }
    }
    return false
  }

  /// Whether a dlist begins with a field that has one letter and a value, as in `%(A …`. In quotas a list comes next.
  private static func beginsWithField(_ value: RawSpan) -> Bool {
    let bytes = Span<UInt8>(_bytes: value)
    guard bytes.count > 4, bytes[0] == UInt8(ascii: "%"), bytes[1] == UInt8(ascii: "(") else { return false }
    return 0x41...0x5A ~= bytes[2] && bytes[3] == UInt8(ascii: " ") && bytes[4] != UInt8(ascii: "(")
  }
}

/// Some records from all over a list, for those of one sort lie together.
func sample(of records: borrowing RecordList) throws(DatabaseError) -> [(key: [UInt8], value: [UInt8])] {
  var sample: [(key: [UInt8], value: [UInt8])] = []
  for index in stride(from: 0, to: records.count, by: max(1, records.count / 20)) {
    let record = try records.record(at: index)
    sample.append((record.copyOfKey(), record.copyOfValue()))
  }
  return sample
}
