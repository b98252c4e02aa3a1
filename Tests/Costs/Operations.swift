// What can be done once.

import CyrusDatabase
import CyrusMailboxes
import CyrusSync

/// What is done; it gives how much was met.
typealias Operation = () throws -> Int

/// An open database and some of its keys.
final class Subject {
  let database: Database
  /// Read without a lock or proof.
  let snapshot: Snapshot
  /// Every fifth key.
  let keys: [[UInt8]]

  init(path: String) throws {
    database = try Database(path: path)
    let snapshot = try database.snapshot(locking: .none)
    var keys: [[UInt8]] = []
    var count = 0
    var records = snapshot.records()
    while let record = try records.next() {
      if count % 5 == 0 { keys.append(record.copyOfKey()) }
      count += 1
    }
    self.keys = keys
    self.snapshot = try database.snapshot(locking: .none)
  }
}

/// An operation by its name; nil if there is none of that name with such arguments.
///
/// - Parameter other: What the operation needs besides the file; empty for nothing.
func operation(_ name: String, on path: String, _ other: String) throws -> Operation? {
  let subject = try Subject(path: path)
  let needsOther = ["diff", "prefix", "user"].contains(name)
  guard needsOther == !other.isEmpty else { return nil }
  return try reading(name, subject, other) ?? proven(name, subject) ?? meaning(name, subject, other)
    ?? checking(name, subject)
}

/// What reads records of a snapshot that is held.
private func reading(_ name: String, _ subject: Subject, _ other: String) throws -> Operation? {
  let prefix = Array(other.utf8)
  switch name {
  case "list": return { try list(subject.snapshot) }
  case "prefix": return { try list(subject.snapshot, prefix: prefix) }
  case "lookup": return { try lookUp(subject.keys, in: subject.snapshot) }
  case "lookup-one":
    let key = [subject.keys[subject.keys.count / 2]]
    return { try lookUp(key, in: subject.snapshot) }
  case "lookup-absent":
    let key = [subject.keys[subject.keys.count / 2] + [1]]
    return { try lookUp(key, in: subject.snapshot) }
  default: return nil
  }
}

/// What opens a file, or proves that what it read in place is of one state.
private func proven(_ name: String, _ subject: Subject) throws -> Operation? {
  let database = subject.database
  switch name {
  case "open": return { Int(try Database(path: database.path).snapshot().fileByteCount % 2) }
  case "copy": return { Int(try database.snapshot(locking: .copy).fileByteCount % 2) }
  case "shared": return { Int(try database.snapshot(locking: .shared).fileByteCount % 2) }
  case "confirm", "list-in-place", "lookup-in-place":
    let held = Held(try database.snapshot())
    if held.snapshot.isProven { fail("\(database.path) is being written", status: 1) }
    switch name {
    case "confirm":
      return {
        try held.snapshot.confirm()
        return 1
      }
    case "list-in-place": return { try list(held.snapshot) }
    default: return { try lookUp(subject.keys, in: held.snapshot) }
    }
  case "records": return { try database.records().count }
  case "first-ten": return { try database.records(limit: 10).count }
  case "records-read":
    let held = HeldList(try database.records())
    return { try read(held.list) }
  default: return nil
  }
}

/// What looks at the meaning of records.
private func meaning(_ name: String, _ subject: Subject, _ other: String) throws -> Operation? {
  let database = subject.database
  switch name {
  case "decode": return { try decode(subject.snapshot) }
  case "totals": return { Int(try Inventory(of: subject.snapshot).records) }
  case "inventory": return { Int(try Inventory(of: subject.snapshot, by: [.user]).records) }
  case "groups": return { try Inventory(of: subject.snapshot, by: [.user]).groups(by: .user).count }
  case "form":
    return { try MailboxListForm(of: subject.snapshot).keys == .prefixed ? 1 : 0 }
  case "mailboxes": return { try MailboxList(database).count }
  case "mailboxes-read":
    let held = HeldMailboxes(try MailboxList(database))
    return { try read(held.list) }
  case "user": return { try MailboxList(database, selecting: .user(Array(other.utf8))).count }
  case "diff":
    let replica = try Database(path: other)
    return {
      let report = try StoreDiff().report(
        master: StoreSnapshot(database, locking: .none), replica: StoreSnapshot(replica, locking: .none), pending: [])
      return report.differences.count
    }
  case "log":
    // A line for each key.
    let bytes = subject.keys.flatMap { Array("MAILBOX user.".utf8) + $0.filter { $0 > 0x20 && $0 < 0x7F } + [0x0A] }
    return { SyncLog(label: "log", bytes: bytes).lines.count }
  default: return nil
  }
}

/// What looks at whole files.
private func checking(_ name: String, _ subject: Subject) throws -> Operation? {
  let database = subject.database
  switch name {
  case "verify": return { Int(try database.verify(locking: .none).recordCount) }
  case "verify-two": return { Int(try database.verify(locking: .none, threads: 2).recordCount) }
  case "salvage": return { Int(try database.salvage(locking: .none).count(of: .certain)) }
  case "history":
    let held = HeldLayout(try database.layout(locking: .none))
    let key = subject.keys[subject.keys.count / 2]
    return { held.layout.history(of: key.rawSpan).versions.count }
  case "layout": return { Int(try database.layout(locking: .none).fileByteCount % 2) }
  case "check":
    let held = HeldList(try database.records(locking: .none))
    return { Int(try MailboxListCheck().report(on: held.list).recordCount) }
  default: return nil
  }
}

// MARK: - What several do

func list(_ snapshot: borrowing Snapshot, prefix: [UInt8] = []) throws -> Int {
  var count = 0
  var records = snapshot.records(prefix: prefix.rawSpan)
  while try records.next() != nil { count += 1 }
  return count
}

func lookUp(_ keys: [[UInt8]], in snapshot: borrowing Snapshot) throws -> Int {
  var count = 0
  for key in keys where try snapshot.record(for: key.rawSpan) != nil { count += 1 }
  return count
}

/// Reads all records of a list.
func read(_ records: borrowing RecordList) throws -> Int {
  var count = 0
  for index in 0..<records.count {
    let record = try records.record(at: index)
    if record.value.byteCount > 0 { count += 1 }
  }
  return count
}

/// Decodes all mailboxes of a list.
func read(_ mailboxes: borrowing MailboxList) throws -> Int {
  var count = 0
  for index in 0..<mailboxes.count {
    let entry = try mailboxes.entry(at: index)
    if entry.partition != nil { count += 1 }
  }
  return count
}

/// Looks at what the library says of a record without allocation.
func decode(_ snapshot: borrowing Snapshot) throws -> Int {
  var sum = 0
  var records = snapshot.records()
  while let record = try records.next() {
    let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
    sum &+= Int(truncatingIfNeeded: entry.folderModseq ?? 0)
    if let id = entry.uniqueID, let partition = entry.partition, id.equals(partition) { sum &+= 1 }
    if let acl = entry.acl { sum &+= acl.count }
    if let name = entry.nameInKey() { sum &+= name.depth }
  }
  return sum
}

// MARK: - What is held while an operation is done again

final class Held {
  let snapshot: Snapshot
  init(_ snapshot: consuming Snapshot) { self.snapshot = snapshot }
}

final class HeldList {
  let list: RecordList
  init(_ list: consuming RecordList) { self.list = list }
}

final class HeldMailboxes {
  let list: MailboxList
  init(_ list: consuming MailboxList) { self.list = list }
}

final class HeldLayout {
  let layout: Layout
  init(_ layout: consuming Layout) { self.layout = layout }
}
