// A database that lives a random life under the test writer.

import TestSupport
import Testing

/// A way to write: the order of keys, and whether with BLANK words.
struct Style: Sendable, CustomTestStringConvertible {
  let order: TwoskipBuilder.Order
  let writesBlanks: Bool

  var testDescription: String { "\(order) order, \(writesBlanks ? "with" : "without") BLANKs" }

  static let all = TwoskipBuilder.Order.allCases.flatMap { order in
    [true, false].map { Style(order: order, writesBlanks: $0) }
  }
}

/// A test writer with random transactions over a small set of keys, so that each key has a history.
struct RandomDatabase {
  var builder: TwoskipBuilder
  var random: SplitMix64
  /// All keys that can occur.
  let keys: [[UInt8]]

  init(_ style: Style, random: SplitMix64, keyCount: Int = 24) {
    self.random = random
    builder = TwoskipBuilder(seed: self.random.next(), order: style.order, writesBlanks: style.writesBlanks)
    keys = Self.keys(keyCount, &self.random)
  }

  /// The committed content, in key order.
  var committed: [Pair] { builder.committed.map(Pair.init) }

  /// Keys that start one another, with bytes that the two orders sort differently.
  private static func keys(_ count: Int, _ random: inout SplitMix64) -> [[UInt8]] {
    // Not LF: in mbox order it is the same as TAB.
    let letters: [UInt8] = [0x00, 0x05, 0x09, 0x20, 0x2D, 0x2E, 0x2E, 0x61, 0x62, 0xFF]
    var keys: Set<[UInt8]> = []
    var inOrder: [[UInt8]] = []
    while inOrder.count < count {
      var key = inOrder.isEmpty || random.chance(1, in: 3) ? [] : inOrder[random.below(inOrder.count)]
      for _ in 0...random.below(2) { key.append(letters[random.below(letters.count)]) }
      if key.count <= 12, keys.insert(key).inserted { inOrder.append(key) }
    }
    return inOrder
  }

  private mutating func value() -> [UInt8] {
    switch random.below(8) {
    case 0: return []
    case 1: return TwoskipEncoding.blank + TwoskipEncoding.blank
    // Looks like a COMMIT.
    case 2: return [0x24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x50]
    case 3: return random.bytes(200 + random.below(400))
    default: return random.bytes(random.below(24))
    }
  }

  /// Stores or deletes something in the open transaction.
  mutating func change() {
    let key = keys[random.below(keys.count)]
    if random.chance(1, in: 3) {
      builder.delete(key)
    } else {
      builder.set(key, value(), level: random.chance(1, in: 16) ? 1 + random.below(31) : nil)
    }
  }

  /// Begins a transaction and makes up to `changesMax` changes in it.
  mutating func beginAndChange(_ changesMax: Int) {
    builder.begin()
    for _ in 0..<random.below(changesMax + 1) { change() }
  }

  /// Makes a whole transaction; one in `abortOneIn` is given up.
  mutating func transaction(changesMax: Int = 6, abortOneIn: Int = 6) {
    beginAndChange(changesMax)
    if random.chance(1, in: abortOneIn) { builder.abort() } else { builder.commit() }
  }
}
