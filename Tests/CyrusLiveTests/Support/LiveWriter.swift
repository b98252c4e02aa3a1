// The program Tests/Cyrus/writer, which commits without pause, and what its database holds after each transaction.

import Foundation
import TestSupport

/// A writer at work on a database of its own.
final class LiveWriter: Sendable {
  let path: String
  private let folder: TemporaryFolder
  private let child: Child

  /// Starts it and waits for its first commit. It ends with this object, and after a minute in any case.
  init(_ options: [String]) throws {
    folder = try TemporaryFolder()
    path = folder.file("live.db")
    child = try Child(Cyrus.program("writer"), [path, "--seconds", "60"] + options)
    guard child.readLine() == "ready" else { throw Child.Failure(description: "the writer did not start") }
  }

  deinit {
    child.terminate()
    _ = child.wait()
  }
}

/// The rule by which the writer's transactions follow from their numbers, as its source states it.
struct WriterModel {
  private let seed: UInt64
  /// Values by the number of their keys.
  private var values: [[UInt8]?]
  /// The last transaction that counts.
  private(set) var number: UInt64 = 0
  private let keys: [[UInt8]]

  init(seed: UInt64 = 1, keyCount: Int = 300) {
    self.seed = seed
    values = Array(repeating: nil, count: keyCount)
    keys = (0..<keyCount).map { Array(String(format: "key.%04d", $0).utf8) }
  }

  /// The value of a key after transaction ``number``.
  subscript(key: [UInt8]) -> [UInt8]? { keys.firstIndex(of: key).flatMap { values[$0] } }

  /// Goes on to the state after transaction `target`.
  mutating func advance(to target: UInt64) {
    while number < target {
      number += 1
      transact()
    }
  }

  private mutating func transact() {
    var random = SplitMix64(seed: seed << 32 | number)
    if random.below(16) == 0 { return }
    for _ in 0..<(1 + random.below(8)) {
      let key = random.below(values.count)
      if random.below(3) == 0 {
        values[key] = nil
      } else {
        let length = random.below(8) == 0 ? random.below(3000) : random.below(120)
        let letter = UInt8(ascii: "a") + UInt8(random.below(26))
        values[key] = Array("\(number):".utf8) + Array(repeating: letter, count: length)
      }
    }
  }

  /// Whether a listing is the content of a state, and of which: the one that it names itself.
  ///
  /// - Returns: The number of the state; nil if the listing is not what that state holds.
  mutating func state(of listing: [Pair]) -> UInt64? {
    guard let last = listing.last, last.key == Array("serial".utf8),
      let named = UInt64(String(decoding: last.value, as: UTF8.self)), named >= number
    else { return nil }
    advance(to: named)
    var index = 0
    for (key, value) in values.enumerated() {
      guard let value else { continue }
      guard index < listing.count, listing[index].key == keys[key], listing[index].value == value else { return nil }
      index += 1
    }
    return index == listing.count - 1 ? named : nil
  }
}
