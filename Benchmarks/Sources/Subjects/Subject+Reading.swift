// Opening, listing, looking up, verifying: what CyrusDatabase does.

import CRivals
import CyrusDatabase
import Foundation

extension rv_seen {
  /// Takes a record in.
  @inline(__always)
  mutating func see(_ key: RawSpan, _ value: RawSpan) {
    key.withUnsafeBytes { key in
      value.withUnsafeBytes { value in rv_see(&self, key.baseAddress, key.count, value.baseAddress, value.count) }
    }
  }
}

/// A snapshot that is kept under a shared lock, as a transaction of libcyrus is.
final class HeldSnapshot {
  let snapshot: Snapshot

  /// - Parameter isTrusted: Whether the file is verified first, so that listings leave checksums out.
  init(_ path: String, isTrusted: Bool = false) throws {
    let database = try Database(path: path)
    let snapshot = try database.snapshot(locking: .shared)
    guard isTrusted else {
      self.snapshot = snapshot
      return
    }
    let trusted = snapshot.trusting(try database.verify())
    if trusted.comparesChecksums { throw BenchmarkFailure("\(path) is not sound") }
    self.snapshot = trusted
  }

  func scan(threads: Int) throws -> rv_seen { try threads == 1 ? see(snapshot) : see(snapshot, threads: threads) }
  func get(_ keys: KeyList) throws -> rv_seen { try see(keys, of: snapshot) }
  func list(_ prefixes: KeyList) throws -> rv_seen { try see(prefixes: prefixes, of: snapshot) }
}

// Views of a snapshot live as long as it is borrowed, so each of these borrows it for one call.

private func see(_ snapshot: borrowing Snapshot) throws -> rv_seen {
  var seen = rv_seen()
  var records = snapshot.records()
  while let record = try records.next() { seen.see(record.key, record.value) }
  return seen
}

/// What each thread sees, put together as if one had seen it all.
private func see(_ snapshot: borrowing Snapshot, threads: Int) throws -> rv_seen {
  let parts = try snapshot.inParts(threads) { records in
    var seen = rv_seen()
    while let record = try records.next() { seen.see(record.key, record.value) }
    return seen
  }
  return parts.reduce(into: rv_seen()) { rv_join(&$0, $1) }
}

private func see(_ keys: KeyList, of snapshot: borrowing Snapshot) throws -> rv_seen {
  var seen = rv_seen()
  for index in 0..<keys.count {
    let key = keys.bytes.span.bytes.extracting(keys.range(index))
    guard let record = try snapshot.record(for: key) else { throw BenchmarkFailure("a key is not there") }
    seen.see(record.key, record.value)
  }
  return seen
}

private func see(prefixes: KeyList, of snapshot: borrowing Snapshot) throws -> rv_seen {
  var seen = rv_seen()
  for index in 0..<prefixes.count {
    var records = snapshot.records(prefix: prefixes.bytes.span.bytes.extracting(prefixes.range(index)))
    while let record = try records.next() { seen.see(record.key, record.value) }
  }
  return seen
}

/// A list of all records, proven.
private final class HeldList {
  let list: RecordList

  init(_ path: String) throws { list = try Database(path: path).records(locking: .shared) }

  func read() throws -> rv_seen { try see(list) }
}

private func see(_ list: borrowing RecordList) throws -> rv_seen {
  var seen = rv_seen()
  for index in 0..<list.count {
    let record = try list.record(at: index)
    seen.see(record.key, record.value)
  }
  try list.confirm()
  return seen
}

/// A file that is held open and mapped.
private final class HeldFile {
  let database: Database
  let snapshot: Snapshot

  init(_ path: String) throws {
    database = try Database(path: path)
    snapshot = try database.snapshot(locking: .none)
  }

  func verify(_ depth: VerificationDepth, threads: Int) throws -> VerificationReport {
    try database.verify(depth, reusing: snapshot, threads: threads)
  }
}

/// An index of all records, proven.
private final class HeldIndex {
  let index: RecordIndex

  init(_ path: String) throws { index = try Database(path: path).index(locking: .shared) }

  func get(_ keys: KeyList) throws -> rv_seen { try see(keys, of: index) }
}

private func see(_ keys: KeyList, of index: borrowing RecordIndex) throws -> rv_seen {
  var seen = rv_seen()
  for number in 0..<keys.count {
    let key = keys.bytes.span.bytes.extracting(keys.range(number))
    guard let record = try index.record(for: key) else { throw BenchmarkFailure("a key is not there") }
    seen.see(record.key, record.value)
  }
  return seen
}

extension Workload {
  /// What all engines that are there come to with a store.
  func contestants(
    _ shape: Shape, _ engines: [UnsafePointer<rv_engine>?], _ body: @escaping (Store, inout rv_seen) throws -> Void
  ) throws -> [Contestant] {
    try engines.compactMap { engine in
      try store(engine, shape).map { store in
        Contestant(store.name) {
          var seen = rv_seen()
          try body(store, &seen)
          return seen
        }
      }
    }
  }

  var embeddedStores: [UnsafePointer<rv_engine>?] { [rv_lmdb, rv_sqlite, rv_berkeley] }
}

extension Subject {
  static let opening = [
    Subject("open", "open a file and take a snapshot of it", unit: "open") { workload in
      let path = try workload.file(.packed)
      let count = min(1000, workload.mailboxCount)
      let own = Contestant(Contestant.own) {
        for _ in 0..<count { _ = try Database(path: path).snapshot() }
        return rv_seen(count: UInt64(count), digest: 0)
      }
      var race = Race(own: own, rivals: [], byteCount: 0)
      if workload.hasCyrus {
        let copy = try workload.copyForCyrus(of: path, use: "open")
        race.rivals.append(
          Contestant("libcyrus") {
            guard rv_cyrus_open(copy, count) == 0 else { throw BenchmarkFailure("libcyrus cannot open \(copy)") }
            return rv_seen(count: UInt64(count), digest: 0)
          })
      }
      return race
    }
  ]

  private static func scan(
    _ name: String, _ summary: String, _ shape: Shape, isTrusted: Bool, threads: Int = 1
  ) -> Subject {
    let shapeName = threads > 1 ? "\(shape.rawValue), \(threads) threads" : shape.rawValue
    return Subject("\(name)/\(shapeName)", summary) { workload in
      let path = try workload.file(shape)
      let held = try HeldSnapshot(path, isTrusted: isTrusted)
      let own = Contestant(Contestant.own) { try held.scan(threads: threads) }
      var race = Race(own: own, rivals: [], byteCount: try byteCount(path))
      let engines = [rv_cyrus, rv_cyrus_unchecked] + (shape == .packed ? workload.embeddedStores : [])
      race.rivals = try workload.contestants(shape, engines) { try $0.scan([], &$1) }
      let bytes = try Memory(path)
      race.rivals.append(Contestant(Contestant.loop) { try bytes.list(checks: !isTrusted) })
      race.rivals.append(try .memory([path]))
      return race
    }
  }

  static let scans = Shape.allCases.flatMap { shape in
    [
      scan("scan", "list all records, every checksum compared", shape, isTrusted: false),
      scan("scan", "the same by two threads", shape, isTrusted: false, threads: 2),
      scan("trust", "list all records of a state that was verified before", shape, isTrusted: true),
      scan("trust", "the same by two threads", shape, isTrusted: true, threads: 2),
      Subject("list/\(shape.rawValue)", "find all records, prove them, read them") { workload in
        let path = try workload.file(shape)
        let own = Contestant(Contestant.own) { try see(Database(path: path).records()) }
        var race = Race(own: own, rivals: [], byteCount: try byteCount(path))
        race.rivals = try workload.contestants(shape, [rv_cyrus]) { try $0.scan([], &$1) }
        race.rivals.append(try .memory([path]))
        return race
      },
      Subject("reread/\(shape.rawValue)", "read all records of a proven list, no checksum compared") { workload in
        let path = try workload.file(shape)
        let held = try HeldList(path)
        let own = Contestant(Contestant.own) { try held.read() }
        var race = Race(own: own, rivals: [], byteCount: try byteCount(path))
        let engines = [rv_cyrus, rv_cyrus_unchecked] + (shape == .packed ? workload.embeddedStores : [])
        race.rivals = try workload.contestants(shape, engines) { try $0.scan([], &$1) }
        race.rivals.append(try .memory([path]))
        return race
      },
    ]
  }

  static let verifications = Shape.allCases.flatMap { shape in
    [
      verification("verify", "check every rule and every byte", .full, shape),
      verification("verify", "check every rule and every byte, by two threads", .full, shape, threads: 2),
      verification("verify-quick", "check what a listing relies on", .quick, shape),
    ]
  }

  private static func verification(
    _ name: String, _ summary: String, _ depth: VerificationDepth, _ shape: Shape, threads: Int = 1
  ) -> Subject {
    let shapeName = threads > 1 ? "\(shape.rawValue), \(threads) threads" : shape.rawValue
    return Subject("\(name)/\(shapeName)", summary) { workload in
      let path = try workload.file(shape)
      // Rivals keep the file open and mapped, too.
      let held = try HeldFile(path)
      let own = Contestant(Contestant.own, .success) {
        let report = try held.verify(depth, threads: threads)
        guard report.isSound else { throw BenchmarkFailure("\(path) is not sound") }
        return rv_seen(count: report.recordCount, digest: 0)
      }
      var race = Race(own: own, rivals: [], byteCount: try byteCount(path))
      if workload.hasCyrus {
        let copy = try workload.copyForCyrus(of: path, use: "consistent")
        race.rivals.append(
          Contestant("libcyrus, consistent", .success) {
            guard rv_cyrus_consistent(copy) == 0 else { throw BenchmarkFailure("\(copy) is not consistent") }
            return rv_seen()
          })
        for scan in try workload.contestants(shape, [rv_cyrus], { try $0.scan([], &$1) }) {
          race.rivals.append(Contestant(scan.name, .success, run: scan.run))
        }
      }
      race.rivals.append(try .memory([path]))
      return race
    }
  }

  static let lookups = Shape.allCases.flatMap { shape in
    [
      Subject("get/\(shape.rawValue)", "look up keys at random, of a snapshot", unit: "lookup") { workload in
        let held = try HeldSnapshot(try workload.file(shape))
        let keys = try workload.keys(shape)
        let own = Contestant(Contestant.own) { try held.get(keys) }
        var race = Race(own: own, rivals: [], byteCount: 0)
        let engines = [rv_cyrus, rv_cyrus_unchecked] + (shape == .packed ? workload.embeddedStores : [])
        race.rivals = try workload.contestants(shape, engines) { store, seen in
          try keys.withKeys { try store.get(&$0, &seen) }
        }
        return race
      },
      Subject("get-index/\(shape.rawValue)", "look up keys at random, by an index in memory", unit: "lookup") {
        workload in
        let held = try HeldIndex(try workload.file(shape))
        let keys = try workload.keys(shape)
        let own = Contestant(Contestant.own) { try held.get(keys) }
        var race = Race(own: own, rivals: [], byteCount: 0)
        race.rivals = try workload.contestants(shape, [rv_cyrus, rv_lmdb]) { store, seen in
          try keys.withKeys { try store.get(&$0, &seen) }
        }
        return race
      },
      Subject("index/\(shape.rawValue)", "make an index of all records in memory") { workload in
        let path = try workload.file(shape)
        let own = Contestant(Contestant.own, .success) {
          rv_seen(count: UInt64(try Database(path: path).index().count), digest: 0)
        }
        var race = Race(own: own, rivals: [], byteCount: try byteCount(path))
        for scan in try workload.contestants(shape, [rv_cyrus], { try $0.scan([], &$1) }) {
          race.rivals.append(Contestant(scan.name, .success, run: scan.run))
        }
        race.rivals.append(try .memory([path]))
        return race
      },
      Subject("get-sorted/\(shape.rawValue)", "look up many keys in their order, all at once", unit: "lookup") {
        workload in
        let path = try workload.file(shape)
        let keys = try workload.keys(shape).sorted()
        let selections = (0..<keys.count).map { RecordSelection.key(keys.key($0)) }
        let own = Contestant(Contestant.own) { try see(Database(path: path).records(selections)) }
        var race = Race(own: own, rivals: [], byteCount: 0)
        let engines = [rv_cyrus] + (shape == .packed ? workload.embeddedStores : [])
        race.rivals = try workload.contestants(shape, engines) { store, seen in
          try keys.withKeys { try store.get(&$0, &seen) }
        }
        return race
      },
      Subject("get-once/\(shape.rawValue)", "open a file, look up one key, close it", unit: "lookup") { workload in
        let path = try workload.file(shape)
        let keys = try workload.keys(shape, count: 1000)
        let own = Contestant(Contestant.own) { try lookUpOnce(keys, path) }
        var race = Race(own: own, rivals: [], byteCount: 0)
        for engine in [rv_cyrus] + (shape == .packed ? [rv_lmdb, rv_sqlite] : []) {
          guard let engine, workload.hasRivals else { continue }
          let store =
            engine == rv_cyrus
            ? try workload.copyForCyrus(of: path, use: "once") : try workload.storePath(engine, shape)
          race.rivals.append(
            Contestant(String(cString: engine.pointee.name)) { try lookUpOnce(keys, engine, store) })
        }
        return race
      },
      Subject("prefix/\(shape.rawValue)", "list the mailboxes of one user, of a snapshot") { workload in
        let held = try HeldSnapshot(try workload.file(shape))
        let users = try workload.users(shape)
        let own = Contestant(Contestant.own) { try held.list(users) }
        var race = Race(own: own, rivals: [], byteCount: 0)
        let engines = [rv_cyrus] + (shape == .packed ? workload.embeddedStores : [])
        race.rivals = try workload.contestants(shape, engines) { store, seen in
          for index in 0..<users.count { try store.scan(users.key(index), &seen) }
        }
        return race
      },
    ]
  }
}

private func lookUpOnce(_ keys: KeyList, _ path: String) throws -> rv_seen {
  var seen = rv_seen()
  for index in 0..<keys.count {
    let key = keys.bytes.span.bytes.extracting(keys.range(index))
    guard let record = try Database.copyOfRecord(for: key, inFileAt: path) else {
      throw BenchmarkFailure("a key is not there")
    }
    seen.see(key, record.value.span.bytes)
  }
  return seen
}

private func lookUpOnce(_ keys: KeyList, _ engine: UnsafePointer<rv_engine>, _ path: String) throws -> rv_seen {
  var seen = rv_seen()
  try keys.bytes.withUnsafeBufferPointer { bytes in
    for index in 0..<keys.count {
      try [keys.ends[index], keys.ends[index + 1]].withUnsafeBufferPointer { ends in
        var one = rv_keys(bytes: bytes.baseAddress, ends: ends.baseAddress, count: 1)
        try Store(engine, path).get(&one, &seen)
      }
    }
  }
  return seen
}
