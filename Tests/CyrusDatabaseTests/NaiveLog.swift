// The log of a file replayed the simple way, without the code under test.

import TestSupport

@testable import CyrusDatabase

/// One RECORD or DELETE of a log, and the key it is about.
struct LogEntry: Hashable {
  let offset: Int
  let isSet: Bool
  /// Nil for a DELETE that finds nothing to delete.
  let key: [UInt8]?
}

/// Everything a log says, found with a dictionary.
struct NaiveLog {
  private(set) var entries: [LogEntry] = []
  /// Where COMMITs start.
  private(set) var commits: [Int] = []
  /// By key: the entry that the log leaves in force.
  private(set) var live: [[UInt8]: LogEntry] = [:]

  /// - Parameter end: Where to stop; nil for the end of the file.
  init(_ bytes: [UInt8], order: TwoskipBuilder.Order, upTo end: Int? = nil) {
    for piece in TwoskipSurgeon.records(in: bytes, upTo: end) {
      switch piece.type {
      case .record:
        let entry = LogEntry(offset: piece.offset, isSet: true, key: Array(bytes[piece.keyRange]))
        entries.append(entry)
        live[Array(bytes[piece.keyRange])] = entry
      case .delete:
        let next = Int(clamping: TwoskipSurgeon.get64(bytes, at: piece.offset + 8))
        let key = Self.deleted(next, live.keys, bytes, order)
        entries.append(LogEntry(offset: piece.offset, isSet: false, key: key))
        if let key { live[key] = nil }
      case .commit: commits.append(piece.offset)
      case .dummy, .blank: break
      }
    }
  }

  /// The greatest key present that is smaller than the key of the record at `next`.
  private static func deleted(
    _ next: Int, _ present: some Sequence<[UInt8]>, _ bytes: [UInt8], _ order: TwoskipBuilder.Order
  ) -> [UInt8]? {
    let precedes: ([UInt8], [UInt8]) -> Bool = { order.sortKey($0).lexicographicallyPrecedes(order.sortKey($1)) }
    if next == 0 { return present.max(by: precedes) }
    guard next % 8 == 0, let piece = TwoskipSurgeon.piece(at: next, in: bytes), piece.type == .record else {
      return nil
    }
    let bound = Array(bytes[piece.keyRange])
    return present.filter { precedes($0, bound) }.max(by: precedes)
  }

  /// All keys that were ever set, in order.
  func keys(in order: TwoskipBuilder.Order) -> [[UInt8]] {
    Set(entries.compactMap(\.key)).sorted { order.sortKey($0).lexicographicallyPrecedes(order.sortKey($1)) }
  }
}
