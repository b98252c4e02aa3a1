// One key looked up in every way there is: all of them say what a scan says, or the same error.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

/// The ways to look up a key, but for a snapshot's own.
enum LookupWay: CaseIterable {
  case once, onceByPath, index, batch

  /// The value; nil if there is no such key.
  func value(of key: [UInt8], path: String) throws -> [UInt8]? {
    let database = Database(path: path, engine: .twoskip)
    switch self {
    case .once: return try database.copyOfRecord(for: key.rawSpan, locking: .none)?.value
    case .onceByPath:
      return try Database.copyOfRecord(for: key.rawSpan, inFileAt: path, locking: .none)?.value
    case .index: return try database.index(locking: .none).value(of: key)
    case .batch:
      // The key in front of it leaves a way to go on from.
      let smaller = RecordSelection.key(key.count > 1 ? key.dropLast() : [0])
      let front = try database.records([smaller], locking: .none)
      let list = try database.records([smaller, .key(key)], locking: .none)
      if list.damageCount > front.damageCount, let met = list.damage.last {
        throw DatabaseError.damaged(path: path, met.damage)
      }
      let found = try (0..<list.count).map { Pair(try list.record(at: $0)) }
      return found.last { $0.key == key }?.value
    }
  }
}

extension RecordIndex {
  /// A copy of the value under a key; nil if there is no such key.
  func value(of key: [UInt8]) throws(DatabaseError) -> [UInt8]? {
    guard let record = try record(for: key.rawSpan) else { return nil }
    return [UInt8](record.value)
  }
}

extension Pair {
  init(_ record: borrowing RecordView) { self.init(record.copyOfKey(), record.copyOfValue()) }
}

@Suite(.timeLimit(.minutes(30))) struct LookupTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: Style.all, Seed.some(3))
  func `all ways agree with the content of a random file, also in the middle of a transaction`(
    _ style: Style, _ seed: Seed
  ) throws {
    var database = RandomDatabase(style, random: seed.generator(61), keyCount: 120)
    for round in 0..<12 {
      for _ in 0..<8 { database.transaction(changesMax: 30) }
      if round % 4 == 3 { database.builder.repack() }
      let content = Dictionary(uniqueKeysWithValues: database.committed.map { ($0.key, $0.value) })
      var open = database
      if round % 2 == 1 { open.beginAndChange(20) }
      let path = try folder.write(open.builder.bytes)
      let index = try Database(path: path).index(locking: .none)
      #expect(index.count == content.count)
      let snapshot = try Database(path: path).snapshot(locking: .none)
      for key in database.keys + [[0x2E, 0x2E, 0x09, 0x61], [0xFF, 0xFF, 0xFF], [0x01]] {
        let expected = content[key]
        #expect(try snapshot.value(of: key) == expected, "\(text(key))")
        #expect(try index.value(of: key) == expected, "\(text(key))")
        for way in [LookupWay.once, .onceByPath, .batch] {
          #expect(try way.value(of: key, path: path) == expected, "\(way), \(text(key))")
        }
      }
      // A batch in the order of the file, one against it, and one at random.
      let sorted = database.committed.map(\.key)
      for keys in [sorted, sorted.reversed(), sorted.shuffled(using: &database.random)] {
        let list = try Database(path: path).records(keys.map { .key($0) }, locking: .none)
        #expect(list.damageCount == 0)
        #expect(try (0..<list.count).map { Pair(try list.record(at: $0)).key } == keys)
      }
    }
  }

  @Test(arguments: SmallFile.all)
  func `a changed byte leads to the right answer or to the error that the lists give`(_ file: SmallFile) throws {
    let path = try folder.write(file.bytes)
    let writer = try OtherWriter(path)
    for mask in file.masks.prefix(1) {
      for offset in stride(from: 64, to: file.bytes.count, by: file.bytes.count > 1500 ? 7 : 1) {
        var spoiled = file.bytes
        spoiled[offset] ^= mask
        writer.replaceContent(spoiled)
        let index = try Database(path: path, engine: .twoskip).index(locking: .none)
        let some = offset % max(1, file.pairs.count)
        let keys = file.pairs.map(\.key)
        for key in (keys.count > 8 ? [keys[some]] : keys) + file.absentKeys {
          let right = file.pairs.first { $0.key == key }?.value
          let byLists = Result { () throws(DatabaseError) in
            do throws(TwoskipError) { return try lookup(key, in: spoiled) } catch {
              throw DatabaseError(error, path: path)
            }
          }
          for way in [LookupWay.once, .onceByPath, .batch] {
            let found = Result { try way.value(of: key, path: path) }
            switch (found, byLists) {
            case (.success(let value), _):
              #expect(value == right, "\(way), byte \(offset) ^ \(mask), \(text(key))")
            case (.failure(let error as DatabaseError), .failure(let expected)):
              #expect(error == expected, "\(way), byte \(offset) ^ \(mask), \(text(key))")
            case (.failure(let error), _):
              Issue.record("\(way), byte \(offset) ^ \(mask), \(text(key)): \(error)")
            }
          }
          if let found = try? index.value(of: key) {
            #expect(found == right, "index, byte \(offset) ^ \(mask), \(text(key))")
          } else if case .success(let value) = byLists, value != nil {
            Issue.record("index, byte \(offset) ^ \(mask), \(text(key)): not found")
          }
        }
      }
    }
  }

  @Test(arguments: SmallFile.smallest)
  func `a file cut to any length gives the right answer or an error`(_ file: SmallFile) throws {
    let path = try folder.write(file.bytes)
    let writer = try OtherWriter(path)
    for count in 0..<file.bytes.count {
      writer.replaceContent(Array(file.bytes.prefix(count)))
      for key in file.pairs.map(\.key) + file.absentKeys {
        let right = file.pairs.first { $0.key == key }?.value
        for way in [LookupWay.once, .index] {
          guard let found = try? way.value(of: key, path: path) else { continue }
          #expect(found == right, "\(way), \(count) bytes, \(text(key))")
        }
      }
    }
  }

  @Test func `what is no database, or not one that is read, is told as opening it tells it`() throws {
    let key = utf8("a")
    for bytes in [utf8("From: nobody\n\nno database"), [UInt8](repeating: 0, count: 4096)] {
      let path = try folder.write(bytes)
      let expected = #expect(throws: DatabaseError.self) { _ = try Database(path: path) }
      let found = #expect(throws: DatabaseError.self) {
        _ = try Database.copyOfRecord(for: key.rawSpan, inFileAt: path)
      }
      #expect(found == expected)
    }
    let empty = try folder.write([])
    #expect(try Database.copyOfRecord(for: key.rawSpan, inFileAt: empty) == nil)
    let skiplist = Database(path: empty, engine: .skiplist)
    #expect(throws: DatabaseError.unsupportedEngine(path: empty, engine: .skiplist)) {
      _ = try skiplist.copyOfRecord(for: "a")
    }
    #expect(throws: DatabaseError.self) { _ = try Database.copyOfRecord(for: key.rawSpan, inFileAt: empty + ".not") }
  }

  /// Upper lists in a circle, all checksums right: nobody but a forger makes them.
  @Test func `upper lists that lead in a circle hold no search`() throws {
    var builder = TwoskipBuilder(seed: 9)
    builder.transaction { builder in
      for number in 0..<60 { builder.set(utf8("key \(100 + number)"), utf8("v"), level: number == 30 ? 8 : 4) }
    }
    let records = TwoskipSurgeon.records(in: builder.bytes).filter { $0.type == .record }
    var bytes = builder.bytes
    // From list 3 of record 10 back to record 3, from where it leads to 10 again, and so on.
    for (from, to) in [(10, 3), (3, 10), (40, 3), (30, 10)] {
      TwoskipSurgeon.put64(UInt64(records[to].offset), at: records[from].offset + 8 + 8 * 4, in: &bytes)
      TwoskipSurgeon.fixHeadChecksum(&bytes, at: records[from].offset)
    }
    let path = try folder.write(bytes)
    for number in 0..<60 {
      let key = utf8("key \(100 + number)")
      #expect(try lookup(key, in: bytes) == utf8("v"))
      #expect(try lookup(key + [0], in: bytes) == nil)
      for way in LookupWay.allCases {
        #expect(try way.value(of: key, path: path) == utf8("v"))
        #expect(try way.value(of: key + [0], path: path) == nil)
      }
    }
  }

  @Test func `long keys and values are found, too`() throws {
    var builder = TwoskipBuilder(seed: 4)
    let lengths = [1, 200, 255, 256, 500, 511, 512, 4095, 4096, 4097, 8192, 65_534, 65_535, 70_000]
    builder.transaction { builder in
      for length in lengths {
        builder.set([UInt8](repeating: 0x61, count: length), [UInt8](repeating: 0x62, count: length))
      }
      builder.set(utf8("b"), [UInt8](repeating: 0x63, count: 2 << 20))
    }
    let path = try folder.write(builder.bytes)
    for way in LookupWay.allCases {
      for length in lengths {
        let found = try way.value(of: [UInt8](repeating: 0x61, count: length), path: path)
        #expect(found == [UInt8](repeating: 0x62, count: length), "\(way), \(length)")
        #expect(try way.value(of: [UInt8](repeating: 0x61, count: length) + [1], path: path) == nil)
      }
      #expect(try way.value(of: utf8("b"), path: path)?.count == 2 << 20)
    }
  }

  @Test func `an index of what a listing cannot reach says so, and finds the rest`() throws {
    let builder = Sample.five
    let lost = try #require(TwoskipSurgeon.record(withKey: utf8("c"), in: builder.bytes))
    let path = try folder.write(builder.bytes { $0[lost.valueRange.lowerBound] ^= 1 })
    let index = try Database(path: path).index(locking: .none)
    #expect(index.damageCount == 1)
    #expect(index.count == builder.committed.count - 1)
    #expect(try index.value(of: utf8("b")) != nil)
    #expect(throws: DatabaseError.self) { try index.value(of: utf8("c")) }
    #expect(try index.value(of: utf8("zz")) == nil)
  }

  @Test func `an index holds what was committed when it was made, whatever is committed later`() throws {
    var builder = Sample.three
    let path = try folder.write(builder.bytes)
    setModified(path, secondsAgo: 60)
    let before = builder.committed.map(Pair.init)
    let index = try Database(path: path).index()
    let writer = try OtherWriter(path)
    for round in 0..<5 {
      builder.transaction { builder in
        for pair in before { builder.set(pair.key, utf8("new \(round)")) }
        builder.set(utf8("added \(round)"), utf8("v"))
      }
      for step in builder.journal { writer.apply(step) }
      for pair in before { #expect(try index.value(of: pair.key) == pair.value) }
      #expect(try index.value(of: utf8("added \(round)")) == nil)
      #expect(try Database.copyOfRecord(for: utf8("a").rawSpan, inFileAt: path)?.value == utf8("new \(round)"))
    }
  }

  @Test func `an index finds a record whose head is half replaced, and none whose tail is not what it was`() throws {
    let builder = Sample.three
    let path = try folder.write(builder.bytes)
    setModified(path, secondsAgo: 60)
    let index = try Database(path: path).index()
    let writer = try OtherWriter(path)
    let record = try #require(TwoskipSurgeon.record(withKey: utf8("b"), in: builder.bytes))
    let pointer = record.offset + 15
    writer.apply(.write(offset: pointer, bytes: [builder.bytes[pointer] ^ 8]))
    #expect(try index.value(of: utf8("b")) == utf8("v"))
    for place in [record.keyRange.lowerBound, record.valueRange.lowerBound] {
      writer.apply(.write(offset: place, bytes: [builder.bytes[place] ^ 1]))
      #expect(throws: DatabaseError.self) { try index.value(of: utf8("b")) }
      #expect(try index.value(of: utf8("a")) == utf8("v"))
      writer.apply(.write(offset: place, bytes: [builder.bytes[place]]))
    }
    #expect(try index.value(of: utf8("b")) == utf8("v"))
  }

  // MARK: - Costs

  private static func key(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(number >> (8 * (7 - $0)) & 0xFF) } }

  private static let many: [UInt8] = {
    var builder = TwoskipBuilder(seed: 6, isBulk: true)
    builder.begin()
    for number in 0..<50_000 { builder.set(key(2 * number), [UInt8](repeating: 7, count: 100)) }
    builder.commit()
    return builder.bytes
  }()

  @Test func `a search that goes on from the one before looks at few heads`() throws {
    let state = TwoskipState(Self.many.rawSpan, end: UInt64(Self.many.count))
    for distance in [1, 2, 20, 300] {
      var path = TwoskipPath()
      var sum = 0
      let numbers = Array(stride(from: 0, to: 50_000, by: distance))
      for number in numbers {
        // Absent ones among them.
        let position = try state.search(for: Self.key(2 * number + number % 2).rawSpan, in: .raw, along: &path)
        #expect(position.isMatch == (number % 2 == 0))
        sum += position.headCount
      }
      let logarithm = Double(Int.bitWidth - distance.leadingZeroBitCount)
      let average = Double(sum) / Double(numbers.count)
      #expect(average < 3 * logarithm + 5, "\(average) for a distance of \(distance)")
    }
  }

  @Test func `a single lookup in a packed file reads fewer than twenty pieces`() throws {
    let path = try folder.write(Self.many)
    var random = SplitMix64(seed: 8)
    var sum = 0
    var openCount = 0
    for _ in 0..<500 {
      let number = random.below(100_000)
      guard var lookup = try OneLookup(try OpenFile(path: path)) else {
        Issue.record("no lookup")
        return
      }
      let answer = try lookup.answer(for: Self.key(number).rawSpan)
      // Beside some bytes the two orders differ: then all keys have to be looked at, and not this way.
      if let answer { #expect((answer.record != nil) == (number % 2 == 0)) } else { openCount += 1 }
      sum += lookup.readCount
    }
    #expect(sum < 20 * 500, "\(Double(sum) / 500)")
    #expect(openCount < 20, "\(openCount)")
  }

  @Test func `an index outgrows a header that says too little, and keys alike in parts do not crowd it`() throws {
    var builder = TwoskipBuilder(seed: 11, isBulk: true)
    builder.begin()
    for number in 0..<20_000 { builder.set(Self.key(number << 20), []) }
    builder.commit()
    var bytes = builder.bytes
    bytes.setHeader(recordCount: 3)
    let index = try Database(path: try folder.write(bytes)).index(locking: .none)
    #expect(index.count == 20_000)
    for number in 0..<20_000 {
      if try index.value(of: Self.key(number << 20)) != [] { Issue.record("\(number)") }
      if try index.value(of: Self.key(number << 20 + 1)) != nil { Issue.record("\(number), absent") }
    }
  }
}
