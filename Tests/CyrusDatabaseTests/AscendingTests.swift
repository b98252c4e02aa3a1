// Whether keys of records ascend: the same as byte by byte, wherever they lie.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct AscendingTests {
  @Test(arguments: Seed.some(3))
  func `keys ascend as they do byte by byte`(_ seed: Seed) {
    var random = seed.generator(3100)
    for turn in 0..<30_000 {
      let common = random.below(150)
      let shared = random.bytes(common)
      // Few different bytes, so that keys go on alike; some end where the other one goes on.
      let left = shared + (0..<random.below(20)).map { _ in UInt8(random.below(3)) }
      let right = shared + (0..<random.below(20)).map { _ in UInt8(random.below(3)) }
      guard !left.isEmpty, !right.isEmpty else { continue }
      // What lies behind a key is no part of it, and the second one ends where the bytes do, or near it.
      var bytes = random.bytes(8 * random.below(3))
      let first = bytes.count
      bytes += left + random.bytes((8 - left.count % 8) % 8) + random.bytes(8 * random.below(12))
      let second = bytes.count
      bytes += right + random.bytes((8 - right.count % 8) % 8) + random.bytes(8 * random.below(12))
      let isAscending = bytes.rawSpan.keysAscend(first, left.count, second, right.count)
      let isDescending = bytes.rawSpan.keysAscend(second, right.count, first, left.count)
      #expect(isAscending == left.lexicographicallyPrecedes(right), "turn \(turn): \(left) \(right)")
      #expect(isDescending == right.lexicographicallyPrecedes(left), "turn \(turn): \(left) \(right)")
    }
  }
}
