// Files made to hurt, with right checksums: each ends in its error, soon, and nothing is read beyond its bounds.

import TestSupport
import Testing

@testable import CyrusDatabase

/// A file with right checksums that asks a reader to go where it must not.
struct Trap: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var bytes: [UInt8]
  /// The rule that a listing meets, or ``anyRule``; nil if it is whole all the same.
  var listingRule: String?

  static let anyRule = "any"

  static var all: [Trap] { lengths + ends + pointers + circles }

  /// Key and value lengths in their long forms, of a file with one record at 336.
  private static var lengths: [Trap] {
    let cases: [(UInt64, UInt64)] = [
      (.max, 0), (.max, .max), (1, .max), (1 << 63, 1 << 63), (.max - 6, 0), (.max - 7, 8), (5, .max - 4),
      (UInt64(Int64.max), 0), (UInt64(Int64.max), 1), (UInt64(Int64.max), UInt64(Int64.max)), (1 << 62, 1 << 62),
      (1 << 32, 0), (1, 1 << 32), (65536, 0), (57, 0), (1, 56),
    ]
    let traps = cases.map { key, value in
      Trap(
        testDescription: "lengths \(key) and \(value)", bytes: file(keyLength: key, valueLength: value),
        listingRule: "twoskip.record-fits")
    }
    let noKey = file(keyLength: 0, valueLength: 8)
    return traps + [Trap(testDescription: "no key", bytes: noKey, listingRule: "twoskip.lengths")]
  }

  /// A record of level 1 in both long forms, with 56 bytes behind its head.
  private static func file(keyLength: UInt64, valueLength: UInt64) -> [UInt8] {
    var record: [UInt8] = [TwoskipEncoding.PieceType.record.rawValue, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
    for word in [keyLength, valueLength, 0, 0] { TwoskipEncoding.append(word, to: &record) }
    let checksum = testCRC32(record, in: 0..<record.count)
    TwoskipEncoding.append(checksum, to: &record)
    TwoskipEncoding.append(UInt32(0), to: &record)
    record += Array(repeating: 0, count: 56)
    var pointers = [UInt64](repeating: 0, count: 32)
    pointers[1] = 336
    pointers[2] = 336
    let dummy = TwoskipEncoding.record(.dummy, level: 31, pointers: pointers)
    return TwoskipEncoding.header(recordCount: 1, repackSize: 336, currentSize: 336 + record.count) + dummy + record
  }

  /// Committed ends in the header.
  private static var ends: [Trap] {
    let beyond: [UInt64] = [1 << 20, 1 << 40, UInt64(Int.max / 4) & ~7]
    let impossible: [UInt64] = [UInt64(Int.max / 4) + 8 & ~7, 1 << 62, 1 << 63, .max & ~7, .max, 0, 64, 328, 337]
    let traps = { (ends: [UInt64], rule: String?) in
      ends.map { Trap(testDescription: "committed end \($0)", bytes: file(end: $0), listingRule: rule) }
    }
    return traps(beyond, nil) + traps(impossible, "twoskip.header-sizes")
  }

  private static func file(end: UInt64) -> [UInt8] {
    var bytes = Trap.letters.bytes
    TwoskipSurgeon.setHeader64(TwoskipEncoding.HeaderField.currentSize, to: end, in: &bytes)
    return bytes
  }

  /// Ten keys, `a` to `j`, each on two lists but the fourth, which is on four.
  static let letters: TwoskipBuilder = {
    var builder = TwoskipBuilder(seed: 1)
    builder.begin()
    for (index, letter) in "abcdefghij".utf8.enumerated() {
      _ = builder.set([letter], [UInt8](repeating: letter, count: 20), level: index == 3 ? 4 : 2)
    }
    builder.commit()
    return builder
  }()

  private static func record(_ letter: Character) -> TwoskipSurgeon.Piece {
    guard let piece = TwoskipSurgeon.record(withKey: Array(String(letter).utf8), in: letters.bytes) else {
      preconditionFailure("no record \(letter)")
    }
    return piece
  }

  /// The file with both of a record's level-0 pointers, or one of another list, leading elsewhere.
  private static func file(_ piece: TwoskipSurgeon.Piece?, list: Int, leadsTo target: UInt64) -> [UInt8] {
    var bytes = letters.bytes
    guard let holder = piece ?? TwoskipSurgeon.piece(at: TwoskipEncoding.dummyOffset, in: bytes) else { return [] }
    for index in list == 0 ? [0, 1] : [list + 1] { TwoskipSurgeon.setPointer(holder, index, to: target, in: &bytes) }
    return bytes
  }

  /// Pointers that lead out of the file, or between its records.
  private static var pointers: [Trap] {
    let end = UInt64(letters.bytes.count)
    let targets: [UInt64] = [8, 64, 328, 337, 340, end - 8, end - 16]
    let beyond: [UInt64] = [end, end + 8, 1 << 62, 1 << 63, .max, .max & ~7]
    let middle = record("e")
    let traps = { (list: Int, targets: [UInt64], rule: String?) in
      targets.map { target in
        let bytes = file(middle, list: list, leadsTo: target)
        return Trap(testDescription: "list \(list) leads to \(target)", bytes: bytes, listingRule: rule)
      }
    }
    return traps(0, targets, anyRule) + traps(0, beyond, "twoskip.level0-pair") + traps(1, targets + beyond, nil)
  }

  private static var circles: [Trap] {
    let order = "twoskip.key-order"
    let (first, middle, last) = (record("a"), record("e"), record("j"))
    var deletes = letters
    deletes.begin()
    _ = deletes.delete(Array("e".utf8))
    deletes.commit()
    var circle = deletes.bytes
    let mark = TwoskipSurgeon.records(in: circle).first { $0.type == .delete }
    if let mark { TwoskipSurgeon.setPointer(mark, 0, to: UInt64(mark.offset), in: &circle) }
    func circling(_ name: String, _ piece: TwoskipSurgeon.Piece?, _ list: Int, _ target: TwoskipSurgeon.Piece) -> Trap {
      Trap(
        testDescription: name, bytes: file(piece, list: list, leadsTo: UInt64(target.offset)),
        listingRule: list == 0 ? order : nil)
    }
    return [
      circling("list 0 ends in its start", last, 0, first),
      circling("list 0 turns back in its midst", middle, 0, first),
      circling("a record leads to itself on list 0", middle, 0, middle),
      circling("list 1 ends in its start", last, 1, first),
      circling("list 1 turns back in its midst", middle, 1, first),
      circling("a record leads to itself on list 1", middle, 1, middle),
      circling("list 1 starts at its end", nil, 1, last),
      circling("list 30 starts at a record that is not on it", nil, 30, last),
      circling("a record leads to itself on list 3", record("d"), 3, record("d")),
      Trap(testDescription: "a DELETE leads to itself", bytes: circle, listingRule: "twoskip.delete-target"),
    ]
  }
}

@Suite(.timeLimit(.minutes(30))) struct TrapTests {
  @Test(arguments: Trap.all)
  func `a file made to hurt ends in an error or is read right, and soon`(_ trap: Trap) throws {
    let folder = try TemporaryFolder(inMemory: true)
    let path = try folder.file("trap.db", trap.bytes)
    let database = try Database(path: path)
    let start = ContinuousClock.now
    for locking in [Locking.none, .shared, .copy] {
      let rule = try Self.firstRule(database, locking)
      if trap.listingRule == Trap.anyRule {
        #expect(rule != nil)
      } else {
        #expect(rule == trap.listingRule, "\(locking)")
      }
    }
    // Every damage is seen by the verifier, and so is a file that is too short.
    let report = try database.verify(locking: .none)
    #expect(report.verdict == .damaged)
    #expect(report.parts.reduce(0) { $0 + $1.byteCount } == report.fileByteCount)
    _ = try database.verify(.quick, locking: .none)
    try database.layout(locking: .none).forEachStructure { _ in true }
    Self.lookUpAll(database)
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  /// The rule of the first damage that a listing meets; nil if it meets none, and then it must be whole.
  private static func firstRule(_ database: Database, _ locking: Locking) throws -> String? {
    do {
      let listing = try database.snapshot(locking: locking).pairs()
      #expect(listing == Sample(Trap.letters).pairs)
      return nil
    } catch {
      guard case .damaged(_, let damage) = error else { throw error }
      // A listing that goes on behind damage ends as well.
      if let snapshot = try? database.snapshot(locking: locking) {
        var cursor = snapshot.records()
        var steps = 0
        while steps < 1000 {
          steps += 1
          do { if try cursor.next() == nil { break } } catch { continue }
        }
        #expect(steps < 1000, "the listing does not end")
      }
      return damage.rule
    }
  }

  /// Every lookup ends, and what it finds is right.
  private static func lookUpAll(_ database: Database) {
    guard let snapshot = try? database.snapshot(locking: .none) else { return }
    for letter in "@abcdefghijk".utf8 {
      guard let value = try? snapshot.value(for: [letter]) else { continue }
      #expect(value == [UInt8](repeating: letter, count: 20))
    }
  }
}
