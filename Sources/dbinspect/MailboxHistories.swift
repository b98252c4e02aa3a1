// The names that mailboxes had before.
//
// From 3.6 on they stand in the record under the unique id, not in the one under the name. Few mailboxes have any, so
// only those are kept; and the few that are asked for are looked up, but of many the records are read in a row.

import CyrusDatabase
import CyrusMailboxes

/// The names that the mailboxes of a list had before, by unique id.
struct MailboxHistories {
  /// The records under unique ids that have former names.
  private var records: [[UInt8]: MailboxEntry] = [:]

  /// By some bits of an id, whether there may be a record: most ids have none, and are not looked up.
  private var marks = IDMarks()
  private var isMarked = true

  /// Whether a record may be one under a unique id that has former names: false for nearly all that have none.
  @Sendable static func mayHaveHistory(_ record: borrowing RecordView) -> Bool {
    record.key.byteCount > 0 && record.key.byte(at: 0) == UInt8(ascii: "I") && mayHaveHistory(record.value)
  }

  /// Whether the name of the field may stand somewhere, with anything but an empty list as its value: `H`, in whatever
  /// form, with a space or an end of quotes behind it.
  private static func mayHaveHistory(_ value: RawSpan) -> Bool {
    var rest = value
    while let place = rest.first(UInt8(ascii: "H")), place + 1 < rest.byteCount {
      rest = rest.extracting(droppingFirst: place + 1)
      let next = Span<UInt8>(_bytes: rest)[0]
      // Most have ` ()` there, which is no name whatever it belongs to.
      if rest.byteCount >= 4, rest.bigEndian(UInt32.self, at: 0) >> 8 == 0x20_28_29 { continue }
      if next <= 0x20 || next == UInt8(ascii: "\"") { return true }
    }
    return false
  }

  /// That of mailboxes that had no other names.
  init() {}

  /// So many records are looked up one by one.
  private static let lookupsMax = 1000

  /// Finds them.
  ///
  /// - Throws: As a listing: `DatabaseError`.
  init(of list: borrowing MailboxList, in database: Database, _ locking: Locking) throws(DatabaseError) {
    guard list.form.keys == .prefixed, list.count > 0 else { return }
    var selections: [RecordSelection] = []
    if list.count > Self.lookupsMax {
      selections = [.prefix(Array("I".utf8))]
    } else {
      for index in 0..<list.count {
        let entry = try list.entry(at: index)
        if let id = entry.uniqueID { selections.append(.key(Array("I".utf8) + id.copy())) }
      }
    }
    let found = try database.records(selections, locking: locking)
    for record in try Self.find(in: found, 0..<found.count) { insert(record) }
    try found.confirm()
  }

  /// Finds those of a list whose records are all of the file; of those marked, if some are.
  ///
  /// - Throws: As a listing: `DatabaseError`.
  init(ofAllIn list: borrowing MailboxList, threads: Int) throws(DatabaseError) {
    guard list.form.keys == .prefixed, let all = try list.records.places(ofPrefix: Array("I".utf8)) else { return }
    let marked = list.records.marked
    let count = marked?.count ?? all.count
    let parts = count > Self.lookupsMax ? threads : 1
    // No bytes are lent to the threads, only the list.
    let found = RawSpan().atOnce(parts) { _, part -> Result<[MailboxEntry], DatabaseError> in
      let range = count * part / parts..<count * (part + 1) / parts
      do throws(DatabaseError) {
        if let marked { return .success(try Self.find(in: list.records, marked[range].lazy.map { Int($0) })) }
        return .success(
          try Self.find(in: list.records, all.lowerBound + range.lowerBound..<all.lowerBound + range.upperBound))
      } catch {
        return .failure(error)
      }
    }
    for part in found {
      for record in try part.get() { insert(record) }
    }
    try list.records.confirm()
  }

  /// The records under unique ids that have former names.
  private static func find(
    in records: borrowing RecordList, _ places: some Sequence<Int>
  ) throws(DatabaseError) -> [MailboxEntry] {
    var found: [MailboxEntry] = []
    for index in places {
      let record = try records.record(at: index)
      guard mayHaveHistory(record) else { continue }
      let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
      if var history = entry.history, history.next() != nil { found.append(MailboxEntry(entry)) }
    }
    return found
  }

  private mutating func insert(_ record: MailboxEntry) {
    guard let id = record.view.uniqueID else { return }
    records[id.copy()] = record
    if !id.isEscaped { marks.insert(id.storedBytes) } else { isMarked = false }
  }

  /// Whether the mailbox with a unique id may have had other names: false for most that had none.
  func mayHave(_ id: MailboxText) -> Bool {
    !records.isEmpty && (!isMarked || id.isEscaped || marks.mayContain(id.storedBytes))
  }

  /// Writes the member `history`, and what parts it from those before, as ``write(_:to:)`` does; gives up if it has
  /// anything that few have.
  func writePlain(_ id: MailboxText, to line: inout PlainLine) {
    guard let record = records[id.copy()], var history = record.view.history else { return }
    line.append(#", "history":["#)
    var isFirst = true
    while let former = history.next() {
      line.append(isFirst ? "{" : ", {")
      isFirst = false
      if let stored = former.name {
        // Whatever is odd about it is told by other means.
        if stored.isEscaped { return line.fail() }
        let name = MailboxNameView(stored.storedBytes, form: .database)
        if !name.issues().isEmpty { return line.fail() }
        line.append(#""name":""#)
        line.append(bothNamesOf: name)
        line.append(#"", "#)
      }
      line.append(#""kind":""#)
      line.append(word: former.kind.name)
      line.append(#"", "flags":["#)
      line.append(former.flags)
      line.append("]")
      if let partition = former.partition { line.append(#", "partition":""#, quoting: partition) }
      if let number = former.uidValidity { line.append(#", "uidvalidity":"#, UInt64(number)) }
      if let number = former.createdModseq { line.append(#", "createdmodseq":"#, number) }
      if let number = former.folderModseq { line.append(#", "foldermodseq":"#, number) }
      if let number = former.mtime {
        guard let number = UInt64(exactly: number) else { return line.fail() }
        line.append(#", "mtime":"#, number)
      }
      line.append("}")
    }
    line.append("]")
  }

  /// Writes the member `history` of the mailbox with a unique id, if it had other names.
  func write(_ id: MailboxText, to output: inout Output) {
    guard mayHave(id) else { return }
    guard let record = records[id.copy()], var history = record.view.history else { return }
    output.array("history") { output in
      while let former = history.next() {
        output.object { output in Self.write(former, to: &output) }
      }
    }
  }

  private static func write(_ former: borrowing FormerNameView, to output: inout Output) {
    if let stored = former.name?.copy() {
      let name = MailboxName(databaseName: stored.rawSpan)
      output.member("name", bytes: name.internalName.rawSpan)
      output.member("dbname", bytes: name.databaseName.rawSpan)
    }
    output.member("kind", former.kind.name)
    output.flags(former.flags)
    if let partition = former.partition { output.member("partition", partition) }
    output.present("uidvalidity", former.uidValidity)
    output.present("createdmodseq", former.createdModseq)
    output.present("foldermodseq", former.folderModseq)
    output.present("mtime", former.mtime)
  }
}

/// A set of ids of which each is kept as two bits of 64, in one of some thousand words: it has what was put in, and
/// little else. Small enough to stay in near memory, where it is looked at for each mailbox.
private struct IDMarks {
  private var words = [UInt64](repeating: 0, count: 1 << 12)

  /// The last bytes tell ids apart as well as any: they are random.
  private static func place(_ id: RawSpan) -> (word: Int, bits: UInt64) {
    var word: UInt64 = 0
    if id.byteCount >= 8 {
      word = id.bigEndian(UInt64.self, at: id.byteCount - 8)
    } else {
      for index in 0..<id.byteCount { word = word << 8 | UInt64(id.byte(at: index)) }
    }
    let hash = word &* 0x9E37_79B9_7F4A_7C15
    return (Int(hash >> 52), 1 << (hash >> 46 & 63) | 1 << (hash >> 40 & 63))
  }

  mutating func insert(_ id: RawSpan) {
    let (word, bits) = Self.place(id)
    words[word] |= bits
  }

  func mayContain(_ id: RawSpan) -> Bool {
    let (word, bits) = Self.place(id)
    return words[word] & bits == bits
  }
}
