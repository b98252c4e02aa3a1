// A database of our own making, for tests that need no writer.

import TestSupport

/// The bytes of a sound twoskip file, and what it holds.
struct Sample: Sendable {
  let bytes: [UInt8]
  let pairs: [Pair]

  /// - Parameter recordCount: About how many records it has; some were replaced, some deleted.
  init(recordCount: Int, seed: UInt64 = 1) {
    var random = SplitMix64(seed: seed)
    var builder = TwoskipBuilder(seed: seed)
    for round in 0..<4 {
      builder.begin()
      for number in 0..<recordCount where round == 0 || random.chance(1, in: 8) {
        let key = Array("Nuser\u{1F}sample\u{1F}\(100_000 + number)".utf8)
        if round == 2 { _ = builder.delete(key) } else { _ = builder.set(key, random.bytes(random.below(120))) }
      }
      builder.commit()
    }
    self.init(builder)
  }

  /// What a builder has committed.
  init(_ builder: TwoskipBuilder) {
    bytes = builder.bytes
    pairs = builder.committed.map { Pair(key: $0.key, value: $0.value) }
  }
}
