// Lines of many records, made by several threads at the same time, and written in order.
//
// Each thread makes the lines of some thousand records in memory. When all have, what they made is written, and the next
// thousands are looked at. What is written is the same, to the byte, as one thread would write.

import CyrusDatabase

/// Makes the lines of a list's records, by parts of the list.
struct OutputParts {
  /// So many records make a part: enough for the start of a thread to cost nothing beside it, few enough for the lines to
  /// stay in near memory until they are written.
  private static let recordCount = 4096
  private let threadCount: Int

  /// - Parameter threadCount: How many threads may be used, the caller's included.
  init(threadCount: Int = usualThreadCount) { self.threadCount = threadCount }

  /// Calls `body` for all numbers below `count`, a part of them at a time.
  ///
  /// - Parameters:
  ///   - count: How many records there are.
  ///   - records: What is confirmed before anything is written: a file that is cut meanwhile must not be printed as zeros.
  ///   - body: Appends the lines of some records to the output, and counts them in the listing, both its own; called at
  ///     the same time for several parts. Flushes an output that says that it is nearly full, as
  ///     ``RecordList/flush(_:)`` does.
  /// - Throws: What `body` throws, of the first part for which it does, after the lines before that were appended; what
  ///   confirming throws.
  func forEach(
    _ count: Int, of records: borrowing RecordList, _ progress: Progress, _ listing: inout Listing,
    _ output: inout Output,
    _ body: (Range<Int>, inout Listing, inout Output) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    let isAlone = threadCount == 1 || count < 2 * Self.recordCount
    var parts: [OutputPart] = []
    if !isAlone { for _ in 0..<threadCount { parts.append(OutputPart()) } }
    var start = 0
    while start < count, !output.hasEnded {
      let end = min(count, start + max(1, parts.count) * Self.recordCount)
      if isAlone {
        try body(start..<end, &listing, &output)
      } else {
        // No bytes are lent to the threads, only the list.
        let results = RawSpan().atOnce(parts.count) { _, index -> Result<Listing, DatabaseError> in
          let first = min(end, start + index * Self.recordCount)
          return parts[index].format(first..<min(end, first + Self.recordCount), body)
        }
        try records.confirm()
        for (part, result) in zip(parts, results) {
          output.append(keptBy: &part.output)
          listing.add(try result.get())
        }
      }
      start = end
      progress.update(UInt64(start), of: UInt64(count))
    }
    try records.confirm()
  }
}

/// What one thread makes; no two use the same at the same time.
private final class OutputPart {
  var output = Output(keeping: 2 << 20)

  func format(
    _ range: Range<Int>, _ body: (Range<Int>, inout Listing, inout Output) throws(DatabaseError) -> Void
  ) -> Result<Listing, DatabaseError> {
    var listing = Listing()
    do throws(DatabaseError) {
      try body(range, &listing, &output)
      return .success(listing)
    } catch {
      return .failure(error)
    }
  }
}

extension RecordList {
  /// Writes an output that is nearly full, once it is sure that all was there that was appended.
  @inline(__always)
  func flush(_ output: inout Output) throws(DatabaseError) {
    guard output.isNearlyFull else { return }
    try confirm()
    output.flush()
  }
}
