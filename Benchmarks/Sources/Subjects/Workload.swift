// The files that subjects work on, and what is drawn from them.
//
// libcyrus opens for writing what it reads, and its locks are those of the whole process, so it has copies of its own. As it
// also remembers what it has open by path, each way to use it has its own name.

package import CRivals
import CyrusDatabase
import Foundation
import TestSupport

/// Keys one behind the other.
package struct KeyList: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var ends: [UInt32] = [0]

  var count: Int { ends.count - 1 }

  mutating func append(_ key: some Sequence<UInt8>) {
    bytes += key
    ends.append(UInt32(bytes.count))
  }

  func key(_ index: Int) -> [UInt8] { Array(bytes[range(index)]) }

  func range(_ index: Int) -> Range<Int> { Int(ends[index])..<Int(ends[index + 1]) }

  /// The same keys, in ascending order.
  func sorted() -> KeyList {
    var list = KeyList()
    for key in (0..<count).map(key).sorted(by: { $0.lexicographicallyPrecedes($1) }) { list.append(key) }
    return list
  }

  /// Hands the keys, or some of the first, to a rival.
  func withKeys<Result>(_ body: (inout rv_keys) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBufferPointer { bytes in
      try ends.withUnsafeBufferPointer { ends in
        var keys = rv_keys(bytes: bytes.baseAddress, ends: ends.baseAddress, count: ends.count - 1)
        return try body(&keys)
      }
    }
  }
}

/// One of the shapes that a file can have.
package enum Shape: String, Sendable, CaseIterable {
  /// As a repack leaves it.
  case packed
  /// As many transactions in random order leave it; the worst case, as Cyrus repacks in time.
  case churned
}

/// Files of some size, made when they are asked for, and the stores of rivals with the same records.
package final class Workload {
  /// How many mailboxes a file has.
  package let mailboxCount: Int
  /// Where files are kept.
  package let directory: String
  /// In how many mailboxes the replica differs.
  package let differingCount: Int
  /// Whether rivals take part, those that are there.
  package let hasRivals: Bool
  private var stores: [String: Store] = [:]
  private var drawn: [Shape: KeyList] = [:]

  package init(mailboxCount: Int, directory: String, hasRivals: Bool = true) throws {
    self.mailboxCount = mailboxCount
    self.directory = directory
    self.hasRivals = hasRivals
    differingCount = max(1, min(1000, mailboxCount / 10))
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  // MARK: - Files

  /// A list of mailboxes.
  package func file(_ shape: Shape) throws -> String {
    let count = mailboxCount
    return try make("\(shape.rawValue)-\(count).db") { path in
      switch shape {
      case .packed: _ = try BulkTwoskipFile(seed: 1).write(MailboxRecords(mailboxCount: count, seed: 1), to: path)
      case .churned: _ = try ChurnedMailboxes(mailboxCount: count, seed: 1).write(to: path)
      }
    }
  }

  /// A list that differs from the packed one in a few mailboxes, and in most records by the time alone, as that of a
  /// replica does, which writes its own.
  package func replica() throws -> String {
    let (count, differing) = (mailboxCount, differingCount)
    return try make("touched-\(count)-\(differing).db") { path in
      let records = MailboxRecords(mailboxCount: count, seed: 1)
      let changed = DifferingRecords(records, mailboxCount: records.nameCount, differingCount: differing)
      _ = try BulkTwoskipFile(seed: 1).write(changed.lazy.map(Self.touched), to: path)
    }
  }

  /// Seven records in eight, by their keys, with another time.
  private static func touched(_ pair: TwoskipPair) -> TwoskipPair {
    let mark = Array(" M ".utf8)
    guard (pair.key.last ?? 0) % 8 != 0,
      let place = pair.value.indices.first(where: { pair.value[$0...].starts(with: mark) })
    else { return pair }
    var value = pair.value
    // The second digit, so that the number keeps its length.
    value[place + mark.count + 1] ^= 1
    return (pair.key, value)
  }

  /// A sync log with a line for each mailbox.
  package func syncLog() throws -> String {
    let packed = try file(.packed)
    return try make("sync-log-\(mailboxCount)") { path in
      let list = try Database(path: packed).records(prefix: "N", locking: .none)
      var log: [UInt8] = []
      for index in 0..<list.count {
        let name = try list.record(at: index).copyOfKey().dropFirst().map { $0 == 0x1F ? UInt8(ascii: ".") : $0 }
        log += (index % 4 == 0 ? "APPEND \"" : "MAILBOX \"").utf8
        log += name.filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        log += "\"\n".utf8
      }
      try Data(log).write(to: URL(fileURLWithPath: path))
    }
  }

  /// A copy of a file that is libcyrus's own; each use has its own name of it.
  package func copyForCyrus(of path: String, use: String) throws -> String {
    let copy = try make(URL(fileURLWithPath: path).lastPathComponent + ".cyrus") { new in
      try FileManager.default.copyItem(atPath: path, toPath: new)
    }
    let name = "\(copy).\(use)"
    try? FileManager.default.removeItem(atPath: name)
    try FileManager.default.linkItem(atPath: copy, toPath: name)
    return name
  }

  /// A configuration of Cyrus in which a file is the list of mailboxes. Returns its absolute path.
  package func configuration(database: String) throws -> String {
    let folder = URL(fileURLWithPath: directory).path + "/cyrus"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let text = """
      configdirectory: \(folder)
      defaultpartition: default
      partition-default: \(folder)
      cyrus_user: \(NSUserName())
      mboxlist_db_path: \(URL(fileURLWithPath: database).path)

      """
    let path = folder + "/imapd.conf"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Makes a file unless it is there. Its time is set back: what was just written counts as busy, and would be copied.
  private func make(_ name: String, _ write: (_ path: String) throws -> Void) throws -> String {
    let path = directory + "/" + name
    if !FileManager.default.fileExists(atPath: path) {
      try write(path + ".new")
      try FileManager.default.moveItem(atPath: path + ".new", toPath: path)
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
    }
    return path
  }

  // MARK: - Rivals

  /// Whether libcyrus takes part.
  package var hasCyrus: Bool { hasRivals && rv_cyrus != nil }

  /// A rival's store with the records of a file; nil if the rival is absent. Kept open.
  package func store(_ engine: UnsafePointer<rv_engine>?, _ shape: Shape) throws -> Store? {
    guard let engine, hasRivals else { return nil }
    let name = String(cString: engine.pointee.name)
    let key = "\(name) \(shape.rawValue)"
    if let store = stores[key] { return store }
    let path = try storePath(engine, shape)
    let store = try Store(engine, path)
    stores[key] = store
    return store
  }

  /// Where a rival's store is.
  package func storePath(_ engine: UnsafePointer<rv_engine>, _ shape: Shape) throws -> String {
    let file = try file(shape)
    let name = String(cString: engine.pointee.name).filter { $0.isLetter }
    guard let create = engine.pointee.create, let put = engine.pointee.put, let close = engine.pointee.close else {
      return try copyForCyrus(of: file, use: name)
    }
    return try make("\(shape.rawValue)-\(mailboxCount).\(name)") { path in
      guard let store = create(path) else { throw BenchmarkFailure("\(name) cannot make \(path)") }
      let snapshot = try Database(path: file).snapshot(locking: .none)
      var records = snapshot.records()
      while let record = try records.next() {
        let error = record.key.withUnsafeBytes { key in
          record.value.withUnsafeBytes { value in put(store, key.baseAddress, key.count, value.baseAddress, value.count)
          }
        }
        if error != 0 { throw BenchmarkFailure("\(name) cannot store a record: \(error)") }
      }
      let error = close(store)
      if error != 0 { throw BenchmarkFailure("\(name) cannot end \(path): \(error)") }
    }
  }

  /// Lets go of all rivals' stores.
  package func closeStores() { stores = [:] }

  // MARK: - Samples

  /// Keys that are there, drawn at random.
  package func keys(_ shape: Shape, count wanted: Int = 100_000) throws -> KeyList {
    if let keys = drawn[shape], keys.count <= wanted { return keys }
    let list = try Database(path: file(shape)).records(locking: .none)
    var random = SplitMix64(seed: 42)
    var keys = KeyList()
    for _ in 0..<min(wanted, list.count) { keys.append(try list.record(at: random.below(list.count)).copyOfKey()) }
    if wanted >= 100_000 { drawn[shape] = keys }
    return keys
  }

  /// Beginnings of keys, each of them those of one user's mailboxes.
  package func users(_ shape: Shape, count wanted: Int = 200) throws -> KeyList {
    let list = try Database(path: file(shape)).records(prefix: "N", locking: .none)
    var random = SplitMix64(seed: 7)
    var users = KeyList()
    for _ in 0..<1000 * wanted where users.count < wanted {
      let key = try list.record(at: random.below(list.count)).copyOfKey()
      let parts = key.split(separator: 0x1F, maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count >= 2, parts[0].suffix(4).elementsEqual("user".utf8) else { continue }
      users.append(parts[0] + [0x1F] + parts[1])
    }
    return users
  }
}

/// A rival's store, closed when it goes.
package final class Store {
  package let engine: UnsafePointer<rv_engine>
  package let handle: OpaquePointer

  init(_ engine: UnsafePointer<rv_engine>, _ path: String) throws {
    guard let handle = engine.pointee.open?(path) else {
      throw BenchmarkFailure("\(String(cString: engine.pointee.name)) cannot open \(path)")
    }
    self.engine = engine
    self.handle = handle
  }

  deinit { _ = engine.pointee.close?(handle) }

  var name: String { String(cString: engine.pointee.name) }

  func scan(_ prefix: [UInt8] = [], _ seen: inout rv_seen) throws {
    let error = prefix.withUnsafeBytes { engine.pointee.scan?(handle, $0.baseAddress, $0.count, &seen) ?? -1 }
    if error != 0 { throw BenchmarkFailure("\(name) cannot list: \(error)") }
  }

  func get(_ keys: inout rv_keys, _ seen: inout rv_seen) throws {
    let error = engine.pointee.get?(handle, &keys, &seen) ?? -1
    if error != 0 { throw BenchmarkFailure("\(name) cannot look up: \(error)") }
  }
}

/// A file in memory, until it goes.
package final class Memory {
  private var map = rv_map()

  package init(_ path: String) throws {
    if rv_map(path, &map) != 0 { throw BenchmarkFailure("cannot map \(path)") }
  }

  deinit { rv_unmap(&map) }

  package var byteCount: Int { map.count }
  package func sum() -> UInt64 { rv_sum(&map) }

  /// All records, by a loop in C.
  func list(checks: Bool) throws -> rv_seen {
    var seen = rv_seen()
    if rv_loop(&map, checks, &seen) != 0 { throw BenchmarkFailure("the loop in C cannot list the file") }
    return seen
  }
}

extension Contestant {
  /// The limit: the sum of all words of some files, which are in memory.
  static func memory(_ paths: [String]) throws -> Contestant {
    let files = try paths.map(Memory.init)
    return Contestant(memory, .success) {
      rv_seen(count: 0, digest: files.reduce(0) { $0 &+ $1.sum() })
    }
  }
}

func byteCount(_ path: String) throws -> Int {
  let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
  return size ?? 0
}
