// Decoding, counting, comparing, saving: what CyrusMailboxes and CyrusSync do with the records.

import CRivals
import CyrusDatabase
import CyrusMailboxes
import CyrusSync
import Foundation

/// The records under names, proven.
private final class HeldNames {
  let list: RecordList

  init(_ path: String) throws { list = try Database(path: path).records(prefix: "N", locking: .shared) }

  func decode() throws -> rv_seen { try decoded(list) }
  func decodeWithCyrus() throws -> rv_seen { try decodedByCyrus(list) }
}

private func decoded(_ list: borrowing RecordList) throws -> rv_seen {
  var fields = rv_fields()
  for index in 0..<list.count {
    let record = try list.record(at: index)
    fields.add(MailboxEntryView(key: record.key, value: record.value, form: .prefixed))
  }
  return fields.decoded
}

private func decodedByCyrus(_ list: borrowing RecordList) throws -> rv_seen {
  var fields = rv_fields()
  for index in 0..<list.count {
    let record = try list.record(at: index)
    let error = record.value.withUnsafeBytes { rv_cyrus_decode($0.baseAddress, $0.count, &fields) }
    if error != 0 { throw BenchmarkFailure("libcyrus cannot decode a record: \(error)") }
  }
  return fields.decoded
}

extension rv_fields {
  mutating func add(_ entry: borrowing MailboxEntryView) {
    mailboxes += 1
    uidvalidity &+= UInt64(entry.uidValidity ?? 0)
    created &+= entry.createdModseq ?? 0
    folder &+= entry.folderModseq ?? 0
    mtime &+= UInt64(entry.mtime ?? 0)
    partition += UInt64(entry.partition?.byteCount ?? 0)
    guard let list = entry.acl else { return }
    var entries = list.entries()
    while let entry = entries.next() { acl += UInt64(entry.identifier.byteCount + entry.rights.byteCount) }
  }

  /// What both saw who decoded the same records.
  var decoded: rv_seen {
    var digest: UInt64 = 0
    for sum in [uidvalidity, created, folder, mtime, partition, acl] { digest = digest &* 31 &+ sum }
    return rv_seen(count: mailboxes, digest: digest)
  }

  /// What both saw who counted the same mailboxes.
  var counted: rv_seen {
    var digest: UInt64 = 0
    for number in [mailboxes, created_max, folder_max, mtime_max] { digest = digest &* 31 &+ number }
    return rv_seen(count: records, digest: digest)
  }
}

extension Subject {
  static let meanings = [
    Subject("decode", "decode the value of every mailbox", unit: "mailbox") { workload in
      let held = try HeldNames(try workload.file(.packed))
      var race = Race(own: Contestant(Contestant.own) { try held.decode() }, rivals: [], byteCount: 0)
      if workload.hasCyrus { race.rivals.append(Contestant("libcyrus") { try held.decodeWithCyrus() }) }
      return race
    },
    inventory("inventory", "list all records, decode and count the mailboxes") { path in
      let held = try HeldSnapshot(path)
      return { try Inventory(of: held.snapshot) }
    },
    inventory("inventory-trust", "the same of a state that was verified before") { path in
      let held = try HeldSnapshot(path, isTrusted: true)
      return { try Inventory(of: held.snapshot) }
    },
    inventory("inventory, 2 threads", "count by two threads") { path in
      let held = try HeldSnapshot(path)
      return { try Inventory(of: held.snapshot, threads: 2) }
    },
    inventory("inventory-trust, 2 threads", "the same of a state that was verified before") { path in
      let held = try HeldSnapshot(path, isTrusted: true)
      return { try Inventory(of: held.snapshot, threads: 2) }
    },
    inventory("inventory-opened", "open a file, count, close it") { path in
      return { try Database(path: path).inventory() }
    },
    diff("diff", "compare two lists by what they mean; times differ mostly") { master, replica in
      let held = (try HeldSnapshot(master), try HeldSnapshot(replica))
      return { try StoreDiff().report(master: held.0.snapshot, replica: held.1.snapshot) }
    },
    diff("diff-trust", "the same of states that were verified before") { master, replica in
      let held = (try HeldSnapshot(master, isTrusted: true), try HeldSnapshot(replica, isTrusted: true))
      return { try StoreDiff().report(master: held.0.snapshot, replica: held.1.snapshot) }
    },
    diff("diff, 2 threads", "compare two lists by two threads") { master, replica in
      let held = (try HeldSnapshot(master), try HeldSnapshot(replica))
      return { try StoreDiff().report(master: held.0.snapshot, replica: held.1.snapshot, threads: 2) }
    },
    diff("diff-trust, 2 threads", "the same of states that were verified before") { master, replica in
      let held = (try HeldSnapshot(master, isTrusted: true), try HeldSnapshot(replica, isTrusted: true))
      return { try StoreDiff().report(master: held.0.snapshot, replica: held.1.snapshot, threads: 2) }
    },
    diff("diff-listed", "open two files, list each, compare the lists") { master, replica in
      return {
        try StoreDiff().report(
          master: StoreSnapshot(Database(path: master)), replica: StoreSnapshot(Database(path: replica)))
      }
    },
    Subject("sync-log", "go through a sync log in memory", unit: "line") { workload in
      let path = try workload.syncLog()
      let log = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
      var race = Race(own: Contestant(Contestant.own) { try scan(log) }, rivals: [], byteCount: log.count)
      if workload.hasCyrus {
        _ = rv_cyrus_configure(try workload.configuration(database: path))
        let text = log.map { CChar(bitPattern: $0) } + [0]
        race.rivals.append(
          Contestant("libcyrus") {
            var seen = rv_seen()
            let error = rv_cyrus_sync_log(text, &seen)
            if error != 0 { throw BenchmarkFailure("libcyrus cannot read the log: \(error)") }
            return seen
          })
      }
      race.rivals.append(try .memory([path]))
      return race
    },
    Subject("salvage", "judge all records as if the file were damaged") { workload in
      let path = try workload.file(.packed)
      let own = Contestant(Contestant.own, .success) {
        let salvage = try Database(path: path).salvage()
        guard salvage.isIntact else { throw BenchmarkFailure("\(path) is not intact") }
        return rv_seen(count: salvage.count(of: .certain), digest: 0)
      }
      var race = Race(own: own, rivals: [], byteCount: try byteCount(path))
      race.rivals.append(try .memory([path]))
      return race
    },
  ]
}

extension Subject {
  /// - Parameter prepare: Gives what counts the mailboxes of a file.
  private static func inventory(
    _ name: String, _ summary: String, _ prepare: @escaping @Sendable (String) throws -> () throws -> Inventory
  ) -> Subject {
    Subject(name, summary) { workload in
      let path = try workload.file(.packed)
      let count = try prepare(path)
      let own = Contestant(Contestant.own) {
        let inventory = try count()
        var fields = rv_fields()
        fields.records = inventory.records
        fields.mailboxes = inventory.totals.mailboxes
        fields.created_max = inventory.totals.createdModseqMax ?? 0
        fields.folder_max = inventory.totals.folderModseqMax ?? 0
        fields.mtime_max = UInt64(inventory.totals.newestMtime ?? 0)
        return fields.counted
      }
      var race = Race(own: own, rivals: [], byteCount: try byteCount(path))
      if let store = try workload.store(rv_cyrus, .packed) {
        race.rivals.append(
          Contestant("libcyrus") {
            var fields = rv_fields()
            let error = rv_cyrus_inventory(store.handle, &fields)
            if error != 0 { throw BenchmarkFailure("libcyrus cannot list: \(error)") }
            return fields.counted
          })
      }
      race.rivals.append(try .memory([path]))
      return race
    }
  }

  /// - Parameter prepare: Gives what compares two files.
  private static func diff(
    _ name: String, _ summary: String,
    _ prepare: @escaping @Sendable (_ master: String, _ replica: String) throws -> () throws -> StoreDiffReport
  ) -> Subject {
    Subject(name, summary, unit: "mailbox") { workload in
      let (master, replica) = (try workload.file(.packed), try workload.replica())
      let mailboxCount = UInt64(workload.mailboxCount)
      let compare = try prepare(master, replica)
      let own = Contestant(Contestant.own) {
        rv_seen(count: 2 * mailboxCount, digest: UInt64(try compare().differences.count))
      }
      let bytes = try byteCount(master) + byteCount(replica)
      var race = Race(own: own, rivals: [], byteCount: bytes)
      if let first = try workload.store(rv_cyrus, .packed), let engine = rv_cyrus {
        let second = try Store(engine, workload.copyForCyrus(of: replica, use: "second"))
        race.rivals.append(
          Contestant("libcyrus") {
            var difference = rv_difference()
            let error = rv_cyrus_diff(first.handle, second.handle, &difference)
            if error != 0 { throw BenchmarkFailure("libcyrus cannot compare: \(error)") }
            let count = difference.only_first + difference.only_second + difference.changed
            return rv_seen(count: 2 * mailboxCount, digest: count)
          })
      }
      race.rivals.append(try .memory([master, replica]))
      return race
    }
  }
}

private func scan(_ bytes: [UInt8]) throws -> rv_seen {
  var seen = rv_seen()
  var scanner = SyncLogScanner(bytes.span.bytes)
  while true {
    switch scanner.next() {
    case .line:
      let line = scanner.line
      let length = line.first.raw.byteCount + (line.second?.raw.byteCount ?? 0)
      seen.digest = seen.digest &* 31 &+ UInt64(length)
      seen.count += 1
    case .problem(let problem): throw BenchmarkFailure("the log has a problem: \(problem)")
    case .end: return seen
    }
  }
}
