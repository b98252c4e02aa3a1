// Files that break one rule each, and what verification must say of them.
//
// Checksums are set right again wherever a checksum is not the point.

import TestSupport
import Testing

@testable import CyrusDatabase

/// A file that breaks a rule, with every finding it must lead to and no other.
struct BrokenFile: CustomTestStringConvertible, Sendable {
  let rule: TwoskipRule
  let what: String
  let bytes: [UInt8]
  /// Sorted.
  let findings: [Known]

  /// - Parameters:
  ///   - findings: of the rule that is broken, and those that cannot but follow from it.
  init(_ rule: TwoskipRule, _ what: String, _ bytes: [UInt8], _ findings: Known...) {
    self.rule = rule
    self.what = what
    self.bytes = bytes
    self.findings = findings.sorted()
  }

  var testDescription: String { "\(rule.name): \(what)" }

  static let all = header + pieces + records + lists + pairs + log
}

// MARK: - The header

extension BrokenFile {
  private typealias Field = TwoskipEncoding.HeaderField

  static let header = [
    BrokenFile(.magic, "one bit", Sample.three.bytes { $0[7] ^= 1 }, .damage(.magic, 0)),
    BrokenFile(.magic, "63 bytes", Array(Sample.three.bytes.prefix(63)), .damage(.magic, 0)),
    BrokenFile(
      .magic, "creation was interrupted", [UInt8](repeating: 0, count: 64) + TwoskipEncoding.emptyDummy,
      .damage(.magic, 0)),
    BrokenFile(
      .version, "version 2", Sample.three.bytes { TwoskipSurgeon.setHeader32(Field.version, to: 2, in: &$0) },
      .damage(.version, 20)),
    BrokenFile(
      .version, "version 0, which Cyrus takes",
      Sample.three.bytes { TwoskipSurgeon.setHeader32(Field.version, to: 0, in: &$0) }, .warning(.version, 20)),
    BrokenFile(.headerChecksum, "one bit", Sample.three.bytes { $0[60] ^= 1 }, .damage(.headerChecksum, 0)),
    BrokenFile(.flags, "an unknown flag", Sample.three.bytes { $0.setHeader(flags: 2) }, .warning(.flags, 56)),
    BrokenFile(
      .flags, "an unknown flag of a dirty file", Sample.three.bytes { $0.setHeader(flags: 0x8000_0001) },
      .warning(.flags, 56), .note(.dirty, 56)),
    BrokenFile(
      .dirty, "nothing appended yet", Sample.three.bytes { $0.setHeader(flags: 1) }, .note(.dirty, 56)),
    BrokenFile(
      .dirty, "with a count that means nothing", Sample.three.bytes { $0.setHeader(recordCount: 2, flags: 1) },
      .note(.dirty, 56)),
    BrokenFile(
      .fileSize, "longer", Sample.three.bytes { $0 += [0, 1, 2] }, .note(.fileSize, 536)),
    BrokenFile(
      .fileSize, "longer, dirty",
      Sample.three.bytes {
        $0.setHeader(flags: 1)
        $0 += [UInt8](repeating: 0, count: 100)
      }, .note(.fileSize, 536), .note(.dirty, 56)),
    BrokenFile(
      .fileSize, "the last COMMIT cut off", Array(Sample.three.bytes.dropLast(24)), .damage(.fileSize, 512)),
    BrokenFile(
      .headerSizes, "repack size beyond the end", Sample.three.bytes { $0.setHeader(repackSize: 544) },
      .damage(.headerSizes, 40)),
    BrokenFile(
      .headerSizes, "repack size of 0", Sample.three.bytes { $0.setHeader(repackSize: 0) }, .damage(.headerSizes, 40)),
    BrokenFile(
      .headerSizes, "generation 0",
      Sample.three.bytes { TwoskipSurgeon.setHeader64(Field.generation, to: 0, in: &$0) }, .damage(.headerSizes, 24)),
    BrokenFile(
      .headerSizes, "current size no multiple of 8", Sample.three.bytes { $0.setHeader(currentSize: 535) },
      .damage(.headerSizes, 48)),
    BrokenFile(
      .headerSizes, "current size below the list head's end", Sample.three.bytes { $0.setHeader(currentSize: 328) },
      .damage(.headerSizes, 48)),
  ]
}

// MARK: - What lies in the file

extension BrokenFile {
  static let pieces = [
    BrokenFile(
      .dummy, "another type", Sample.three.bytes { $0.setHead([0x3E], at: 64, ofRecordAt: 64) }, .damage(.dummy, 64),
      .damage(.tiling, 64)),
    BrokenFile(
      .dummy, "level 30",
      Sample.three.bytes { $0.setHead([30], at: 65, ofRecordAt: 64) }, .damage(.dummy, 64), .damage(.tiling, 64)),
    BrokenFile(
      .dummy, "a RECORD of the same size", recordForDummy, .damage(.dummy, 64)),
    BrokenFile(
      .tiling, "a BLANK with a wrong byte", Sample.blanks.bytes { $0[416 + 7] ^= 1 }, .damage(.recordType, 416),
      .damage(.tiling, 416)),
    BrokenFile(
      .tiling, "a word of zeros",
      Sample.blanks.bytes { $0.replaceSubrange(496..<504, with: repeatElement(0, count: 8)) },
      .damage(.recordType, 496), .damage(.tiling, 496)),
    BrokenFile(
      .recordType, "an unknown type", Sample.replaced.bytes { $0.setHead(utf8("X"), at: 336, ofRecordAt: 336) },
      .damage(.recordType, 336), .damage(.tiling, 336)),
    BrokenFile(
      .recordType, "a second list head", secondDummy, .damage(.recordType, 376),
      .note(.headPlacement, 376)),
    BrokenFile(
      .level, "a dead RECORD of level 0", Sample.replaced.bytes { $0.setHead([0], at: 337, ofRecordAt: 336) },
      .damage(.level, 336), .damage(.tiling, 336)),
    BrokenFile(
      // The level comes before the checksum, whose place depends on it.
      .level, "a dead RECORD of level 32", Sample.replaced.bytes { $0[337] = 32 },
      .damage(.level, 336), .damage(.tiling, 336)),
    BrokenFile(
      .level, "a COMMIT of level 1", Sample.three.bytes { $0[377] = 1 },
      .damage(.level, 376), .damage(.tiling, 376)),
    BrokenFile(
      .level, "a live RECORD of level 0", Sample.five.bytes { $0.setHead([0], at: 337, ofRecordAt: 336) },
      .damage(.level, 336), .damage(.tiling, 336), .damage(.list0Entry, 64)),
    BrokenFile(
      .lengths, "a RECORD without a key", Sample.replaced.bytes { $0.setHead([0, 0], at: 338, ofRecordAt: 336) },
      .damage(.lengths, 336), .damage(.tiling, 336)),
    BrokenFile(
      .lengths, "a COMMIT with a value", Sample.three.bytes { $0.setHead([0, 0, 0, 8], at: 380, ofRecordAt: 376) },
      .damage(.lengths, 376), .damage(.tiling, 376)),
    BrokenFile(.lengths, "a COMMIT with a long form of 0", longFormCommit, .damage(.lengths, 376)),
    BrokenFile(.lengths, "the long form for a short key", longForm(key: true), .warning(.lengths, 336)),
    BrokenFile(.lengths, "the long form for a short value", longForm(key: false), .warning(.lengths, 336)),
    BrokenFile(
      .recordFits, "a value that goes on behind the end",
      Sample.replaced.bytes { $0.setHead([0, 0, 1, 0], at: 340, ofRecordAt: 336) }, .damage(.recordFits, 336),
      .damage(.tiling, 336)),
    BrokenFile(
      .recordFits, "a key of 2 to the power of 64 minus 1, and a value of 2",
      Sample.replaced.bytes {
        $0.setHead([0xFF, 0xFF, 0, 0, 0, 2] + [UInt8](repeating: 0xFF, count: 8), at: 338, ofRecordAt: 336)
      }, .damage(.recordFits, 336), .damage(.tiling, 336)),
    BrokenFile(
      .recordFits, "a file that is cut within a live record", Array(Sample.three.bytes.prefix(480)),
      .damage(.fileSize, 480), .damage(.recordFits, 472), .damage(.tiling, 472), .damage(.list0Entry, 400)),
  ]

  /// The list head replaced by a RECORD of level 30, which has as many bytes with one of key.
  private static let recordForDummy = Sample.three.bytes {
    $0.replaceSubrange(
      64..<336,
      with: TwoskipEncoding.record(
        .record, level: 30, key: utf8("x"), pointers: [UInt64](repeating: 0, count: TwoskipEncoding.maxLevel)))
  }

  private static let secondDummy: [UInt8] = {
    var file = AssembledFile(dummy: [0, 336])
    file.append(.record, level: 1, key: "a", value: "v", pointers: [0, 0])
    file.append(TwoskipEncoding.emptyDummy)
    file.commit(from: 336, recordCount: 1)
    return file.bytes
  }()

  private static let longFormCommit: [UInt8] = {
    var file = AssembledFile(dummy: [0, 336])
    file.append(.record, level: 1, key: "a", value: "v", pointers: [0, 0])
    // Type, level, key length FFFF, value length, the long key length, pointer, checksums.
    var commit: [UInt8] = [0x24, 0, 0xFF, 0xFF, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 24)
    TwoskipSurgeon.put64(336, at: 16, in: &commit)
    TwoskipSurgeon.fixHeadChecksum(&commit, at: 0)
    file.append(commit)
    file.commit(from: file.bytes.count, recordCount: 1)
    return file.bytes
  }()

  /// A RECORD that has one of its lengths in the long form without need.
  private static func longForm(key: Bool) -> [UInt8] {
    var file = AssembledFile(dummy: [0, 336])
    var record: [UInt8] = [0x2B, 1] + (key ? [0xFF, 0xFF, 0, 0, 0, 1] : [0, 1, 0xFF, 0xFF, 0xFF, 0xFF])
    record += [0, 0, 0, 0, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 24) + utf8("av") + [0, 0, 0, 0, 0, 0]
    TwoskipSurgeon.fixHeadChecksum(&record, at: 0)
    TwoskipSurgeon.fixTailChecksum(&record, at: 0)
    file.append(record)
    file.commit(from: 336, recordCount: 1)
    return file.bytes
  }

  static let records = [
    BrokenFile(
      .headChecksum, "a pointer of a dead record", Sample.replaced.bytes { $0[350] ^= 1 }, .damage(.headChecksum, 336)),
    BrokenFile(
      .headChecksum, "a COMMIT, which then proves nothing", Sample.three.bytes { $0[399 - 7] ^= 1 },
      .damage(.headChecksum, 376), .damage(.commitChain, 376)),
    BrokenFile(
      .headChecksum, "the list head", Sample.three.bytes { $0[100] ^= 1 }, .damage(.headChecksum, 64)),
    BrokenFile(
      .headChecksum, "a live record, which list 0 then cannot enter", Sample.five.bytes { $0[350] ^= 1 },
      .damage(.headChecksum, 336), .damage(.list0Entry, 64)),
    BrokenFile(
      .tailChecksum, "the value of a dead record", Sample.replaced.bytes { $0[336 + 33] ^= 1 },
      .damage(.tailChecksum, 336)),
    BrokenFile(
      .tailChecksum, "the value of a live record", Sample.three.bytes { $0[400 + 41] ^= 1 }, .damage(.tailChecksum, 400)
    ),
    BrokenFile(
      .tailChecksum, "the checksum itself", Sample.three.bytes { $0[400 + 39] ^= 1 }, .damage(.tailChecksum, 400)),
    BrokenFile(
      .padding, "checksum right", Sample.three.bytes { $0.setTail([1], at: 375, ofRecordAt: 336) },
      .warning(.padding, 336)),
    BrokenFile(
      .padding, "checksum wrong", Sample.three.bytes { $0[370] = 1 }, .warning(.padding, 336),
      .damage(.tailChecksum, 336)),
    BrokenFile(
      .emptyTailChecksum, "of a COMMIT", Sample.three.bytes { $0[399] = 1 }, .damage(.emptyTailChecksum, 376)),
    BrokenFile(
      .emptyTailChecksum, "of the list head", Sample.three.bytes { $0[335] = 1 }, .damage(.emptyTailChecksum, 64)),
    BrokenFile(
      .emptyTailChecksum, "of a DELETE",
      Sample.deleted.bytes { $0[Sample.deleted.offsets(of: .delete)[0] + 20] = 1 },
      .damage(.emptyTailChecksum, Sample.deleted.offsets(of: .delete)[0])),
  ]
}

// MARK: - The lists

extension BrokenFile {
  private static let five = (
    a: Sample.five.offset(of: "a"), b: Sample.five.offset(of: "b"), c: Sample.five.offset(of: "c"),
    d: Sample.five.offset(of: "d"), e: Sample.five.offset(of: "e"), commit: Sample.five.offsets(of: .commit)[0],
    end: Sample.five.bytes.count
  )
  private static let deleted = (
    a: Sample.deleted.offset(of: "a"), b: Sample.deleted.offset(of: "b"), c: Sample.deleted.offset(of: "c"),
    first: Sample.deleted.offsets(of: .delete)[0], second: Sample.deleted.offsets(of: .delete)[1]
  )

  static let lists = [
    BrokenFile(
      .list0Entry, "a COMMIT", Sample.five.bytes { $0.setPointer(1, ofRecordAt: five.a, to: five.commit) },
      .damage(.list0Entry, five.a)),
    BrokenFile(
      .list0Entry, "the middle of a record", Sample.five.bytes { $0.setPointer(1, ofRecordAt: five.a, to: five.b + 8) },
      .damage(.list0Entry, five.a)),
    BrokenFile(
      .list0Entry, "no multiple of 8", Sample.five.bytes { $0.setPointer(1, ofRecordAt: five.a, to: five.b + 1) },
      .damage(.list0Entry, five.a)),
    BrokenFile(
      .list0Entry, "the list head", Sample.five.bytes { $0.setPointer(1, ofRecordAt: five.a, to: 64) },
      .damage(.list0Entry, five.a)),
    BrokenFile(
      .list0Entry, "a DELETE that leads to a COMMIT",
      Sample.deleted.bytes {
        $0.setPointer(0, ofRecordAt: deleted.first, to: Sample.deleted.offsets(of: .commit)[0])
      }, .damage(.list0Entry, deleted.first)),
    BrokenFile(
      .deleteTarget, "another DELETE",
      Sample.deleted.bytes { $0.setPointer(0, ofRecordAt: deleted.first, to: deleted.second) },
      .damage(.deleteTarget, deleted.first), .damage(.recordCount, 32), .damage(.replay, deleted.first),
      .damage(.replay, deleted.b), .damage(.replay, deleted.c)),
    BrokenFile(
      .keyOrder, "a greater key in the middle",
      Sample.five.bytes { $0.setTail(utf8("z"), at: five.b + 40, ofRecordAt: five.b) }, .damage(.keyOrder, five.c)),
    BrokenFile(
      .keyOrder, "the same key twice",
      Sample.five.bytes { $0.setTail(utf8("c"), at: five.b + 40, ofRecordAt: five.b) }, .damage(.keyOrder, five.c),
      .damage(.replay, five.b)),
    BrokenFile(.keyOrder, "mbox order", mboxOrder, .note(.keyOrder, 376)),
    BrokenFile(
      .list0Cycle, "the last record leads to the first",
      Sample.five.bytes { $0.setPointer(1, ofRecordAt: five.e, to: five.a) }, .damage(.keyOrder, five.a),
      .damage(.list0Cycle, five.e)),
    BrokenFile(
      .list0Cycle, "a record that leads to itself",
      Sample.five.bytes { $0.setPointer(1, ofRecordAt: five.e, to: five.e) }, .damage(.keyOrder, five.e),
      .damage(.list0Cycle, five.e)),
    BrokenFile(
      .list0Cycle, "a DELETE that leads to itself",
      Sample.deleted.bytes { $0.setPointer(0, ofRecordAt: deleted.first, to: deleted.first) },
      .damage(.deleteTarget, deleted.first), .damage(.list0Cycle, deleted.first)),
    BrokenFile(
      .list0Cycle, "a DELETE that leads back",
      Sample.deleted.bytes { $0.setPointer(0, ofRecordAt: deleted.second, to: deleted.c) },
      .damage(.keyOrder, deleted.c), .damage(.list0Cycle, deleted.second)),
    BrokenFile(
      .levelLinks, "list 1 leads past a record", Sample.five.bytes { $0.setPointer(2, ofRecordAt: five.b, to: five.e) },
      .damage(.levelLinks, five.b)),
    BrokenFile(
      .levelLinks, "list 1 ends too early", Sample.five.bytes { $0.setPointer(2, ofRecordAt: five.c, to: 0) },
      .damage(.levelLinks, five.c)),
    BrokenFile(
      .levelLinks, "list 1 leads to a record of level 1",
      Sample.five.bytes { $0.setPointer(2, ofRecordAt: five.c, to: five.d) }, .damage(.levelLinks, five.c)),
    BrokenFile(
      .levelLinks, "list 2 goes on behind its last record",
      Sample.five.bytes { $0.setPointer(3, ofRecordAt: five.c, to: five.e) }, .damage(.levelLinks, five.c)),
    BrokenFile(
      .levelLinks, "a list that no record reaches", Sample.five.bytes { $0.setPointer(31, ofRecordAt: 64, to: five.c) },
      .damage(.levelLinks, 64)),
    BrokenFile(
      .levelLinks, "list 1 leads past a record, on a longer file",
      Sample.five.bytes {
        $0.setPointer(2, ofRecordAt: five.b, to: five.e)
        $0 += [0]
      }, .warning(.levelLinks, five.b), .note(.fileSize, five.end)),
    BrokenFile(
      .levelLinks, "not looked at on a dirty file",
      Sample.five.bytes {
        $0.setPointer(2, ofRecordAt: five.b, to: five.e)
        $0.setHeader(flags: 1)
      }, .note(.dirty, 56)),
    BrokenFile(
      .recordCount, "one too many", Sample.three.bytes { $0.setHeader(recordCount: 4) }, .damage(.recordCount, 32)),
    BrokenFile(
      .recordCount, "list 0 ends too early",
      Sample.five.bytes {
        $0.setPointer(1, ofRecordAt: five.d, to: 0)
        $0.setPointer(2, ofRecordAt: five.c, to: 0)
      }, .damage(.recordCount, 32), .damage(.replay, five.e)),
  ]

  /// `a.b` before `a-b`, which only the mbox order has.
  private static let mboxOrder = Sample.builder(order: .mbox) {
    $0.transaction {
      $0.set(utf8("a.b"), utf8("v"), level: 1)
      $0.set(utf8("a-b"), utf8("v"), level: 1)
    }
  }.bytes

  static let pairs = [
    BrokenFile(
      .level0Pair, "the unused pointer beyond the end",
      Sample.five.bytes { $0.setPointer(0, ofRecordAt: five.b, to: five.end) }, .damage(.level0Pair, five.b)),
    BrokenFile(
      .level0Pair, "both pointers beyond the end",
      Sample.five.bytes {
        $0.setPointer(0, ofRecordAt: five.a, to: five.end)
        $0.setPointer(1, ofRecordAt: five.a, to: five.end + 64)
      }, .damage(.level0Pair, five.a)),
    BrokenFile(
      .level0Pair, "the unused pointer beyond the end, on a longer file",
      Sample.five.bytes {
        $0.setPointer(0, ofRecordAt: five.b, to: five.end)
        $0 += [0]
      }, .warning(.level0Pair, five.b), .note(.fileSize, five.end)),
    BrokenFile(
      .level0Pair, "both pointers beyond the end, on a longer file",
      Sample.five.bytes {
        $0.setPointer(0, ofRecordAt: five.a, to: five.end)
        $0.setPointer(1, ofRecordAt: five.a, to: five.end + 64)
        $0 += [0]
      }, .damage(.level0Pair, five.a), .note(.fileSize, five.end)),
    BrokenFile(
      .level0Pair, "the unused pointer beyond the end, as it may be on a dirty file",
      Sample.five.bytes {
        $0.setPointer(0, ofRecordAt: five.b, to: five.end)
        $0.setHeader(flags: 1)
      }, .note(.dirty, 56)),
    BrokenFile(
      .level0Pair, "both pointers beyond the end, on a dirty file",
      Sample.five.bytes {
        $0.setPointer(0, ofRecordAt: five.a, to: five.end)
        $0.setPointer(1, ofRecordAt: five.a, to: five.end + 64)
        $0.setHeader(flags: 1)
      }, .damage(.level0Pair, five.a), .note(.dirty, 56)),
    BrokenFile(
      .level0Alternate, "the middle of a record",
      Sample.five.bytes { $0.setPointer(0, ofRecordAt: five.b, to: five.a + 8) }, .warning(.level0Alternate, five.b)),
    BrokenFile(
      .level0Alternate, "a COMMIT",
      Sample.deleted.bytes {
        $0.setPointer(1, ofRecordAt: deleted.c, to: Sample.deleted.offsets(of: .commit)[0])
      }, .warning(.level0Alternate, deleted.c)),
    BrokenFile(
      .level0Alternate, "of the list head", Sample.five.bytes { $0.setPointer(0, ofRecordAt: 64, to: 64) },
      .warning(.level0Alternate, 64)),
    BrokenFile(
      .pointerTarget, "an upper pointer of a live record",
      Sample.five.bytes { $0.setPointer(3, ofRecordAt: five.c, to: five.e + 8) }, .damage(.pointerTarget, five.c),
      .damage(.levelLinks, five.c)),
    BrokenFile(
      .pointerTarget, "an upper pointer of a live record to the list head",
      Sample.five.bytes { $0.setPointer(3, ofRecordAt: five.c, to: 64) }, .damage(.pointerTarget, five.c),
      .damage(.levelLinks, five.c)),
    BrokenFile(
      .pointerTarget, "a pointer of a dead record",
      Sample.replaced.bytes { $0.setPointer(1, ofRecordAt: 336, to: 344) }, .warning(.pointerTarget, 336)),
    BrokenFile(
      .pointerTarget, "a pointer of a dead record to beyond the end",
      Sample.replaced.bytes { $0.setPointer(1, ofRecordAt: 336, to: 528) }, .warning(.pointerTarget, 336)),
  ]
}

// MARK: - The log

extension BrokenFile {
  static let log = [
    BrokenFile(
      .commitChain, "the first COMMIT names another place",
      Sample.three.bytes { $0.setPointer(0, ofRecordAt: 376, to: 344) }, .damage(.commitChain, 376)),
    BrokenFile(
      .commitChain, "the second COMMIT names the start of the first",
      Sample.three.bytes { $0.setPointer(0, ofRecordAt: 448, to: 336) }, .damage(.commitChain, 448)),
    BrokenFile(.commitChain, "a record behind the last COMMIT", withoutCommit, .damage(.commitChain, 536)),
    BrokenFile(
      .commitChain, "a BLANK behind the last COMMIT",
      Sample.three.bytes {
        $0 += TwoskipEncoding.blank
        $0.setHeader(currentSize: 544)
      }, .damage(.commitChain, 544)),
    BrokenFile(
      .commitChain, "a BLANK and no COMMIT at all",
      TwoskipBuilder(seed: 1).bytes {
        $0 += TwoskipEncoding.blank
        $0.setHeader(currentSize: 344)
      }, .damage(.commitChain, 344)),
    BrokenFile(
      .replay, "list 0 leads past a record, which the header does not count either",
      Sample.five.bytes {
        $0.setPointer(1, ofRecordAt: five.c, to: five.e)
        $0.setHeader(recordCount: 4)
      }, .damage(.replay, five.d)),
    BrokenFile(.replay, "a deleted record is back on list 0", undeleted.bytes, .damage(.replay, undeleted.dead)),
    BrokenFile(.replay, "a DELETE that finds nothing to delete", deleteOfNothing, .damage(.replay, 336)),
    BrokenFile(
      .deadPointerOrder, "list 1 leads to a smaller key", deadBackwards.bytes,
      .warning(.deadPointerOrder, deadBackwards.dead)),
    BrokenFile(
      .repackedRegion, "a COMMIT", Sample.three.bytes { $0.setHeader(repackSize: 400) }, .note(.repackedRegion, 376)),
    BrokenFile(.repackedRegion, "records out of order", packedOutOfOrder, .note(.repackedRegion, 376)),
    BrokenFile(.headPlacement, "no BLANK words", straddling, .note(.headPlacement, 400)),
  ]

  private static let withoutCommit: [UInt8] = {
    var builder = Sample.three
    builder.begin()
    builder.set(utf8("d"), utf8("v"), level: 1)
    return builder.bytes { $0.setHeader(recordCount: 4, currentSize: $0.count, flags: 0) }
  }()

  /// `b` deleted, and the pointer to the DELETE taken back.
  private static let undeleted: (bytes: [UInt8], dead: Int) = {
    let builder = Sample.builder { builder in
      builder.transaction { for key in ["a", "b", "c"] { $0.set(utf8(key), utf8("v"), level: 1) } }
      builder.transaction { $0.delete(utf8("b")) }
    }
    let bytes = builder.bytes {
      $0.setPointer(0, ofRecordAt: builder.offset(of: "a"), to: 0)
      $0.setHeader(recordCount: 3)
    }
    return (bytes, builder.offset(of: "b"))
  }()

  private static let deleteOfNothing: [UInt8] = {
    var file = AssembledFile(dummy: [0, 336])
    file.append(.delete, pointers: [360])
    file.append(.record, level: 1, key: "a", value: "v", pointers: [0, 0])
    file.commit(from: 336, recordCount: 1)
    return file.bytes
  }()

  /// The first of three records with the key `m` leads to `a` on list 1.
  private static let deadBackwards: (bytes: [UInt8], dead: Int) = {
    let builder = Sample.builder { builder in
      for (key, value) in [("m", "1"), ("a", "1"), ("m", "2"), ("m", "3")] {
        builder.transaction { $0.set(utf8(key), utf8(value), level: 2) }
      }
    }
    return (
      builder.bytes { $0.setPointer(2, ofRecordAt: 336, to: builder.offset(of: "a")) }, builder.offset(of: "m")
    )
  }()

  private static let packedOutOfOrder: [UInt8] = {
    var file = AssembledFile(dummy: [0, 376])
    file.append(.record, level: 1, key: "b", value: "v", pointers: [0, 0])
    file.append(.record, level: 1, key: "a", value: "v", pointers: [0, 336])
    let end = file.bytes.count
    file.commit(from: 336, recordCount: 2)
    var bytes = file.bytes
    bytes.setHeader(repackSize: end)
    return bytes
  }()

  /// As ``Sample/blanks``, without the BLANKs.
  private static let straddling = Sample.builder(writesBlanks: false) { builder in
    builder.transaction { $0.set(utf8("a"), utf8("v"), level: 1) }
    builder.transaction { $0.set(utf8("b"), utf8("v"), level: 20) }
  }.bytes
}
