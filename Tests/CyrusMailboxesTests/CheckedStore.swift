// A small store in which all is well, to spoil.

import CyrusDatabase
import CyrusMailboxes
import TestSupport

/// The records of a mailboxes.db, by key. `/` stands for US and `|` for RS in keys and values.
struct CheckedStore: Sendable {
  var records: [String: String]
  var order = TwoskipBuilder.Order.raw
  var check = MailboxListCheck()

  /// As 3.13 writes it: a user, a shared mailbox, a calendar, a tombstone, reverse ACLs and a group.
  static let prefixed = CheckedStore(records: [
    "Nuser/joe": "%(T e I joe0000000000001 J Pjoe \(common) A %(joe lrswip anyone lr))",
    "Ijoe0000000000001": "%(T e N user/joe J Pjoe \(common) A %(joe lrswip anyone lr) H (%(N user/joe/old T ed)))",
    "Jjoe|Pjoe": "%(T e N user/joe I joe0000000000001 \(common) A %(joe lrswip anyone lr))",
    "Nuser/joe/old": "%(T ed I joe0000000000001 J NIL V 1 C 2 F 3 M 1700000000)",
    "Nshared": "%(T e I shared0000000001 J Psha \(common) A %(anyone lrs joe r kim p))",
    "Ishared0000000001": "%(T e N shared J Psha \(common) A %(anyone lrs joe r kim p) H ())",
    "J|Psha": "%(T e N shared I shared0000000001 \(common) A %(anyone lrs joe r kim p))",
    "Ncal": "%(T c I cal0000000000001 J NIL \(common) A %())",
    "Ical0000000000001": "%(T c N cal J NIL \(common) A %() H ())",
    "AS|": "", "AU|anyone|user/joe": "", "AS|anyone|shared": "", "AS|joe|shared": "",
    "UGkim|group:team": "", "UGgroup:team|kim": "",
  ])

  /// As 3.4 writes it.
  static let plain = CheckedStore(records: [
    "user.joe": "%(A %(joe lrswip anyone lr) I joe0000000000001 \(common))",
    "user.joe.old": "%(I old0000000000001 T d M 1700000000)",
    "shared": "%(A %(anyone lrs a$b r kim p) I shared0000000001 \(common))",
    "$RACL": "3", "$RACL$U$anyone$user.joe": "", "$RACL$S$anyone$shared": "", "$RACL$S$a$b$shared": "",
    "$RUNQ": "1", "$RUNQ$joe0000000000001$user.joe": "", "$RUNQ$old0000000000001$user.joe.old": "",
    "$RUNQ$shared0000000001$shared": "",
  ])

  private static let common = "P default V 1 C 2 F 3 M 1700000000"

  /// The file.
  func made() throws -> MadeFile {
    try MadeFile(
      records.map { (Self.bytes($0.key), Self.bytes($0.value)) }.sorted { $0.0.lexicographicallyPrecedes($1.0) },
      order: order)
  }

  /// The records of the file, for as long as `body` runs.
  func list<Result>(_ body: (borrowing RecordList) throws -> Result) throws -> Result {
    let file = try made()
    let list = try Database(path: file.path).records(locking: .none)
    return try body(list)
  }

  func report() throws -> MailboxListReport { try list { try check.report(on: $0) } }

  func preflight(for release: UpgradeTarget) throws -> MailboxListReport {
    try list { try check.preflight(for: release, on: $0) }
  }

  static func bytes(_ text: String) -> [UInt8] {
    text.utf8.map { $0 == UInt8(ascii: "/") ? 0x1F : $0 == UInt8(ascii: "|") ? 0x1E : $0 }
  }

  /// Changes the value of a record that must be there.
  mutating func replace(_ old: String, with new: String, in key: String) {
    precondition(records[key]?.contains(old) == true)
    records[key] = records[key]?.replacing(old, with: new)
  }
}

extension MailboxListReport {
  /// Severity and rule of each finding, sorted.
  var brief: [String] { findings.map { "\($0.severity.rawValue) \($0.rule)" }.sorted() }
}
