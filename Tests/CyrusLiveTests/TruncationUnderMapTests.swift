// A file that is cut, replaced or made longer while it is mapped: an error or the old content, never a signal.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.serialized) struct TruncationUnderMapTests {
  /// What somebody else does to the file while it is read.
  enum Disturbance: String, CaseIterable, CustomTestStringConvertible {
    case cut, replaced, extended
    var testDescription: String { rawValue }

    func happen(to path: String, _ random: inout SplitMix64, _ sample: Sample) throws {
      switch self {
      case .cut:
        // Every other time at the border of a page, where not even zeros are left behind it. Never to nothing: a file
        // without a byte is an empty database.
        let size = random.below(sample.bytes.count)
        truncate(path, max(1, random.chance(1, in: 2) ? size & ~4095 : size))
      case .replaced:
        try Data(sample.bytes.reversed()).write(to: URL(filePath: path + ".new"))
        rename(path + ".new", path)
      case .extended:
        truncate(path, sample.bytes.count + random.below(100_000))
      }
    }
  }

  /// How a file can be read.
  enum Way: CaseIterable {
    case inPlace, unproven, shared, auto, verified

    /// Reads all records; nil if it was only verified.
    func read(_ path: String) throws -> [Pair]? {
      let database = try Database(path: path)
      switch self {
      case .inPlace:
        guard let snapshot = try Snapshot.inPlace(path: path, evenIfBusy: true) else { return nil }
        return try snapshot.pairs()
      case .unproven: return try database.snapshot(locking: .none).pairs()
      case .shared: return try database.snapshot(locking: .shared).pairs()
      case .auto: return try database.read { try $0.pairs() }
      case .verified:
        _ = try database.verify(locking: .none)
        return nil
      }
    }
  }

  @Test(arguments: Disturbance.allCases)
  func `a file disturbed at any moment of a read shows its old content or an error`(
    _ disturbance: Disturbance
  ) throws {
    try FaultGuard.install()
    let folder = try TemporaryFolder(inMemory: true)
    let sample = Sample(recordCount: 150)
    var random = SplitMix64(seed: 7)
    var outcomes: [String: Int] = [:]
    for turn in 0..<1000 {
      let path = try folder.file("disturbed.db", sample.bytes)
      let way = Way.allCases[turn % Way.allCases.count]
      let seed = random.next()
      // Every other read begins so late that it may be disturbed before it opens the file.
      let delay = turn / Way.allCases.count % 2 == 0 ? 0 : random.below(1000)
      let outcome = try onThreads(2) { index in
        guard index == 0 else {
          var random = SplitMix64(seed: seed)
          usleep(UInt32(random.below(400)))
          try disturbance.happen(to: path, &random, sample)
          return ""
        }
        if delay > 0 { usleep(UInt32(delay)) }
        do {
          let pairs = try way.read(path)
          return pairs == nil || pairs == sample.pairs ? "right" : "wrong"
        } catch let error as DatabaseError {
          return Self.name(of: error)
        }
      }[0]
      outcomes[outcome, default: 0] += 1
      if outcome == "wrong" { Issue.record("\(way) in turn \(turn)") }
    }
    #expect(outcomes["right", default: 0] > 50)
    if disturbance != .extended { #expect(outcomes.count > 1, "the file was never disturbed in time") }
    Figures.show("\(disturbance.rawValue) 1000 times while being read: \(outcomes)")
  }

  private static func name(of error: DatabaseError) -> String {
    String(describing: Mirror(reflecting: error).children.first?.label ?? "\(error)")
  }

  @Test func `a listing of a file that is cut at or near a page border tells that it is not whole`() throws {
    try FaultGuard.install()
    let folder = try TemporaryFolder(inMemory: true)
    let sample = Sample(recordCount: 400)
    var faults = 0
    for page in 1...sample.bytes.count / 4096 {
      for size in [page * 4096 - 1, page * 4096, page * 4096 + 1] where size < sample.bytes.count {
        let path = try folder.file("cut.db", sample.bytes)
        let snapshot = try Database(path: path).snapshot(locking: .none)
        truncate(path, size)
        var listed: [Pair] = []
        var errors: [DatabaseError] = []
        var cursor = snapshot.records()
        while true {
          do {
            guard let record = try cursor.next() else { break }
            listed.append(Pair(record))
          } catch {
            // Zeros in the rest of the page look like damage. The walk goes on behind it, and meets the fault.
            errors.append(error)
          }
        }
        let isWhole = listed == sample.pairs
        #expect(isWhole || !errors.isEmpty, "cut to \(size)")
        #expect(Set(listed).isSubset(of: sample.pairs), "cut to \(size)")
        if errors.contains(.faulted(path: path)) { faults += 1 }
      }
    }
    #expect(faults > 10)
  }

  @Test(arguments: [true, false])
  func `a value that turns to zeros, because the file is cut within its page, is not taken for good`(
    _ isInPlace: Bool
  ) throws {
    try FaultGuard.install()
    let folder = try TemporaryFolder(inMemory: true)
    let sample = Sample(recordCount: 20)
    let path = try folder.file("cut.db", sample.bytes)
    let made: Snapshot? =
      if isInPlace { try Snapshot.inPlace(path: path, evenIfBusy: true) } else {
        try Database(path: path).snapshot(locking: .shared)
      }
    guard let snapshot = made else {
      Issue.record("no snapshot")
      return
    }
    var cursor = snapshot.records()
    var last: Pair?
    for _ in sample.pairs.dropLast() { _ = try cursor.next() }
    if let record = try cursor.next() {
      // Nothing but the head is left of the last record in key order, whose checksums were right. No page is missing.
      truncate(path, Int(record.offset) + 40)
      last = Pair(record)
    }
    #expect(last != sample.pairs.last)
    #expect(throws: DatabaseError.faulted(path: path)) { try snapshot.confirm() }
    do {
      while try cursor.next() != nil {}
      Issue.record("the listing ended as if all were well")
    } catch {
      #expect(error == .faulted(path: path))
    }
  }

  @Test(arguments: [30_000, 4096, 336, 1, 0, 1_000_000])
  func `a file that shrinks between being opened and being mapped is an error, and a grown one is not`(
    _ size: Int
  ) throws {
    try FaultGuard.install()
    let folder = try TemporaryFolder(inMemory: true)
    let sample = Sample(recordCount: 400)
    let path = try folder.file("resized.db", sample.bytes)
    let file = try OpenFile(path: path)
    let moment = try TwoskipMoment(of: file)
    truncate(path, size)
    let storage = try file.map(byteCount: moment.readableByteCount)
    let damage = TwoskipState(storage.bytes, end: moment.readableByteCount).orderEvidence().damage
    #expect((damage == nil) == (size >= sample.bytes.count))
  }

  @Test func `a host's own handler still gets the faults of its own mappings`() async throws {
    let sample = Sample(recordCount: 400)
    let folder = try TemporaryFolder(inMemory: true)
    let path = try folder.file("cut.db", sample.bytes)
    await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in _exit(7) }
      sigaction(SIGBUS, &action, nil)
      try FaultGuard.install()

      let snapshot = try Database(path: path).snapshot(locking: .none)
      let own = open(path, O_RDONLY)
      let mapping = mmap(nil, 8192, PROT_READ, MAP_SHARED, own, 0)
      truncate(path, 4096)
      // A fault of ours is no business of the host's.
      do {
        _ = try snapshot.pairs()
        _exit(1)
      } catch DatabaseError.faulted {}
      // The host's own is.
      let byte = mapping?.load(fromByteOffset: 4096, as: UInt8.self)
      _exit(byte == 0 ? 2 : 3)
    }
  }

  @Test func `a fault that is nobody's ends the process as it would without the guard`() async throws {
    let folder = try TemporaryFolder(inMemory: true)
    let path = try folder.file("cut.bin", [UInt8](repeating: 1, count: 8192))
    await #expect(processExitsWith: .signal(SIGBUS)) { [path = path as String] in
      try FaultGuard.install()
      let own = open(path, O_RDONLY)
      let mapping = mmap(nil, 8192, PROT_READ, MAP_SHARED, own, 0)
      truncate(path, 4096)
      let byte = mapping?.load(fromByteOffset: 4096, as: UInt8.self)
      _exit(byte == 0 ? 2 : 3)
    }
  }
}
