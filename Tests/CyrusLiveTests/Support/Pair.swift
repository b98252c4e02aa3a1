// Records as values, which outlive their snapshots.

import CyrusDatabase

/// A key and its value.
struct Pair: Hashable, Sendable {
  let key: [UInt8]
  let value: [UInt8]
}

extension Pair {
  init(_ record: RecordView) {
    key = record.key.withUnsafeBytes { Array($0) }
    value = record.value.withUnsafeBytes { Array($0) }
  }

  init(_ key: String, _ value: String) {
    self.init(key: Array(key.utf8), value: Array(value.utf8))
  }
}

extension Snapshot {
  /// All records; the first error ends it.
  func pairs() throws(DatabaseError) -> [Pair] {
    var pairs: [Pair] = []
    var cursor = records()
    while let record = try cursor.next() { pairs.append(Pair(record)) }
    return pairs
  }

  /// The value of a key; nil if it is not there.
  func value(for key: [UInt8]) throws(DatabaseError) -> [UInt8]? {
    guard let record = try record(for: key.span.bytes) else { return nil }
    return Pair(record).value
  }
}
