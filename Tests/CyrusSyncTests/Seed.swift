// Seeds of random tests. A failing test names its seed; TEST_SEED=<number> runs the random tests with that one alone,
// TEST_ROUNDS=<count> with so many instead of those that a test asks for.

import Foundation
import TestSupport
import Testing

/// What the random choices of one test case start from.
struct Seed: Sendable, CustomTestStringConvertible {
  let number: UInt64

  var testDescription: String { "TEST_SEED=\(number)" }

  /// A generator for these random choices; `stream` tells those of one test from those of another.
  func generator(_ stream: UInt64) -> SplitMix64 { SplitMix64(seed: SplitMix64.mix(number &+ stream << 32)) }

  /// `count` seeds that never change, or those that the environment asks for.
  static func some(_ count: UInt64) -> [Seed] {
    func number(_ name: String) -> UInt64? { ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } }
    if let seed = number("TEST_SEED") { return [Seed(number: seed)] }
    return (1...max(number("TEST_ROUNDS") ?? count, 1)).map { Seed(number: $0) }
  }
}
