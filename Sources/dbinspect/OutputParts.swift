// Lines of many records, made by several threads at the same time, and written in order.
//
// Each thread makes the lines of some hundred records in memory, waits until all before were written, writes them itself,
// and takes the next. So all make lines while one of them writes. What is written is the same, to the byte, as one thread
// would write.

import CyrusDatabase
import Glibc

/// Makes the lines of a list's records, by parts of the list.
struct OutputParts {
  /// So many records make a part: enough for waiting and writing to cost nothing beside it, few enough for the lines to
  /// stay in near memory until they are written.
  private static let recordCount = 1024
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
    func range(_ part: Int) -> Range<Int> {
      let start = part * Self.recordCount
      return start..<min(count, start + Self.recordCount)
    }
    let partCount = (count + Self.recordCount - 1) / Self.recordCount
    if threadCount == 1 || partCount < 8 {
      for part in 0..<partCount where !output.hasEnded {
        try body(range(part), &listing, &output)
        progress.update(UInt64(range(part).upperBound), of: UInt64(count))
      }
      return try records.confirm()
    }
    let turns = Turns(count: partCount)
    var failure: DatabaseError?
    // No bytes are lent to the threads, only the list.
    _ = RawSpan().atOnce(threadCount) { _, _ in
      var kept = Output(keeping: 1 << 20)
      while let part = turns.take() {
        var partListing = Listing()
        var partFailure: DatabaseError?
        do throws(DatabaseError) { try body(range(part), &partListing, &kept) } catch { partFailure = error }
        turns.wait(for: part)
        // What belongs to the caller is touched by nobody else until the turn is passed on.
        if !turns.areOver {
          do throws(DatabaseError) {
            try records.confirm()
            output.append(keptBy: &kept)
            listing.add(partListing)
            if let partFailure { throw partFailure }
            progress.update(UInt64(range(part).upperBound), of: UInt64(count))
          } catch {
            failure = error
          }
        }
        turns.pass(areOver: failure != nil || output.hasEnded)
      }
    }
    if let failure { throw failure }
    try records.confirm()
  }
}

/// Who makes which part, and whose turn it is.
// Safe: mutex and condition are allocated with it, used only by it, and gone with it; all else is read and written with
// the mutex held.
@safe private final class Turns: @unchecked Sendable {
  private let count: Int
  private var nextToMake = 0
  private var nextToWrite = 0
  private var hasEnded = false
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let hasPassed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// - Parameter count: How many parts there are.
  init(count: Int) {
    self.count = count
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(hasPassed, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(hasPassed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe hasPassed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Whether nothing more is to be written. For whose turn it is.
  var areOver: Bool { locked { hasEnded } }

  /// The number of a part that nobody makes yet; nil if there is none. Whoever gets one has to wait for its turn, and to
  /// pass it on.
  func take() -> Int? {
    locked {
      if hasEnded || nextToMake == count { return nil }
      defer { nextToMake += 1 }
      return nextToMake
    }
  }

  /// Waits until all parts before were written. They are being made: parts are taken in order.
  func wait(for part: Int) {
    locked {
      while nextToWrite != part { _ = unsafe pthread_cond_wait(hasPassed, mutex) }
    }
  }

  /// Ends one's turn.
  func pass(areOver: Bool) {
    locked {
      nextToWrite += 1
      if areOver { hasEnded = true }
      _ = unsafe pthread_cond_broadcast(hasPassed)
    }
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { _ = unsafe pthread_mutex_unlock(mutex) }
    return body()
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
