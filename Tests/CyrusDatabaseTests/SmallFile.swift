// Small files whose every byte is spoiled, and what they must hold.

import TestSupport
import Testing

@testable import CyrusDatabase

/// A file small enough to try every place, with its content, which was not found by reading it.
struct SmallFile: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  /// The committed content, in key order.
  let pairs: [Pair]
  /// Keys that are not there: deleted, never set, or not committed.
  let absentKeys: [[UInt8]]
  let committedEnd: Int
  let verdict: VerificationReport.Verdict
  let order: KeyOrder
  /// What to change bytes with.
  let masks: [UInt8]

  private init(
    _ description: String, _ bytes: [UInt8], pairs: [Pair], absentKeys: [[UInt8]],
    verdict: VerificationReport.Verdict = .sound, order: KeyOrder = .raw, masks: [UInt8] = [0x01, 0xFF]
  ) {
    testDescription = description
    self.bytes = bytes
    self.pairs = pairs
    self.absentKeys = absentKeys
    committedEnd = Int(TwoskipSurgeon.get64(bytes, at: TwoskipEncoding.HeaderField.currentSize))
    self.verdict = verdict
    self.order = order
    self.masks = masks
  }

  /// Those below 2000 bytes.
  static let smallest = all.filter { $0.bytes.count < 2000 }

  /// The worked example, a database with a deletion, and two of the test writer's with everything that there is.
  static let all = [two, delete, churned, dirty, mbox, aborted]

  static let two = SmallFile(
    "ts-two.db", Fixture.bytes(of: "ts-two.db"), pairs: Fixture.pairs(of: "ts-two.db"),
    absentKeys: [utf8("a"), utf8("keyp"), utf8("z")],
    masks: (0..<8).map { 1 << $0 } + [0xFF])

  static let delete = SmallFile(
    "ts-delete.db", Fixture.bytes(of: "ts-delete.db"), pairs: Fixture.pairs(of: "ts-delete.db"),
    absentKeys: [utf8("b"), utf8("aa"), utf8("f")])

  static let aborted = SmallFile(
    "ts-aborted.db", Fixture.bytes(of: "ts-aborted.db"), pairs: Fixture.pairs(of: "ts-aborted.db"),
    absentKeys: [utf8("A"), utf8("user.u015x"), utf8("z")], masks: [0x10])

  static let mbox = SmallFile(
    "ts-mboxorder.db", Fixture.bytes(of: "ts-mboxorder.db"), pairs: Fixture.pairs(of: "ts-mboxorder.db"),
    absentKeys: [utf8("A"), utf8("user.a-"), utf8("z")], order: .mbox)

  /// With BLANKs, a replacement, deletions, also of the last key, and upper lists.
  static let churned = SmallFile(
    "churned", churnedBuilder.bytes, pairs: churnedBuilder.committed.map(Pair.init),
    absentKeys: [utf8("b"), utf8("z"), utf8("A"), utf8("dd")])

  /// The same in the middle of a transaction that replaces, deletes and adds.
  static let dirty: SmallFile = {
    var builder = churnedBuilder
    builder.begin()
    builder.set(utf8("c"), utf8("not committed"), level: 3)
    builder.delete(utf8("a"))
    builder.set(utf8("m"), utf8("new"), level: 1)
    return SmallFile(
      "churned, dirty", builder.bytes, pairs: builder.committed.map(Pair.init),
      absentKeys: [utf8("b"), utf8("m"), utf8("z"), utf8("A")], verdict: .recoverable)
  }()

  private static let churnedBuilder: TwoskipBuilder = {
    var builder = TwoskipBuilder(seed: 7)
    builder.begin()
    for (key, level) in [("a", 1), ("b", 3), ("c", 2), ("z", 1)] {
      builder.set(utf8(key), utf8("1" + key), level: level)
    }
    builder.commit()
    builder.begin()
    builder.set(utf8("c"), utf8("2c"), level: 4)
    builder.delete(utf8("b"))
    builder.delete(utf8("z"))
    builder.set(utf8("e"), utf8("padded..."), level: 2)
    builder.commit()
    return builder
  }()
}

/// The bytes of a text.
func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Checks that a walk gave only committed pairs, in order, all of them up to the first error, and without an error all.
func expectOnlyRight(
  _ walk: Walk, _ file: SmallFile, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  let before = walk.pairs.prefix(walk.pairsBeforeError)
  #expect(
    Array(before) == Array(file.pairs.prefix(before.count)), "\(what): wrong before any error",
    sourceLocation: sourceLocation)
  var rest = file.pairs[...]
  for pair in walk.pairs {
    guard let index = rest.firstIndex(of: pair) else {
      Issue.record("\(what): \(pair) is wrong or out of place", sourceLocation: sourceLocation)
      return
    }
    rest = rest[(index + 1)...]
  }
  if walk.errors.isEmpty {
    #expect(walk.pairs == file.pairs, "\(what): incomplete without an error", sourceLocation: sourceLocation)
  }
}

/// Checks that no lookup gives a wrong answer: damage may hide an answer, never change it.
func expectRightLookups(
  _ bytes: [UInt8], _ file: SmallFile, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  for pair in file.pairs {
    if case .success(let value) = Result(catching: { try lookup(pair.key, in: bytes) }) {
      #expect(value == pair.value, "\(what): lookup of \(text(pair.key))", sourceLocation: sourceLocation)
    }
  }
  for key in file.absentKeys {
    if case .success(let value) = Result(catching: { try lookup(key, in: bytes) }) {
      #expect(value == nil, "\(what): lookup of \(text(key))", sourceLocation: sourceLocation)
    }
  }
}
