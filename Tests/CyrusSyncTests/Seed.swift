// Seeds of random tests. A failing test names its seed; TEST_SEED=<number> runs the random tests with that one alone.

import Foundation
import TestSupport
import Testing

/// What the random choices of one test case start from.
struct Seed: Sendable, CustomTestStringConvertible {
  let number: UInt64

  var testDescription: String { "TEST_SEED=\(number)" }

  /// A generator for these random choices; `stream` tells those of one test from those of another.
  func generator(_ stream: UInt64) -> SplitMix64 { SplitMix64(seed: SplitMix64.mix(number &+ stream << 32)) }

  /// `count` seeds that never change, or the one of the environment.
  static func some(_ count: UInt64) -> [Seed] {
    if let text = ProcessInfo.processInfo.environment["TEST_SEED"], let number = UInt64(text) {
      return [Seed(number: number)]
    }
    return (1...count).map { Seed(number: $0) }
  }
}
