// Two files walked side by side by several threads, each a range of keys of both.
//
// Keys of the master cut both files, whether the replica has them or not. Each thread merges its range as one merges all,
// and what they have found is put together in the order of the ranges.
//
// Surprise: whatever is unusual, be it damage or another order of keys, ends it without a word; one thread then tells.

import CyrusDatabase

/// What several threads have found, and the lists.
struct StoreMergeParts {
  private(set) var merge: StoreMerge
  /// The records of either side, by part.
  private(set) var master: [FoundRecords] = []
  private(set) var replica: [FoundRecords] = []

  /// What one thread has found.
  private struct Part {
    let merge: StoreMerge
    let master: FoundRecords
    let replica: FoundRecords
    /// How many bytes the records have, and how many those of the files may have.
    let byteCount: (master: Int, replica: Int)
    let room: (master: Int, replica: Int)
  }

  /// Merges the names of two files with keys of the newer form.
  ///
  /// - Parameters:
  ///   - comparison: Its order of names is that of the keys; it asks for no states.
  ///   - threads: How many, the caller's included.
  /// - Returns: nil if one thread has to do it.
  /// - Throws: ``DatabaseError``: `.changed` or `.faulted`; `.system`.
  init?(
    _ master: borrowing Snapshot, _ replica: borrowing Snapshot, prefix: [UInt8], _ comparison: FieldComparison,
    threads: Int
  ) throws(DatabaseError) {
    let cuts = master.cutKeys(threads, prefix: prefix)
    guard !cuts.isEmpty else { return nil }
    // No bytes are lent to the threads, only the snapshots.
    let results = RawSpan().atOnce(cuts.count + 1) { _, index -> Result<Part?, DatabaseError> in
      let start = index > 0 ? cuts[index - 1] : nil
      let stop = index < cuts.count ? cuts[index] : nil
      do throws(DatabaseError) {
        guard
          var left = CollectingCursor(master, prefix: prefix, from: start, before: stop, partCount: cuts.count + 1),
          var right = CollectingCursor(replica, prefix: prefix, from: start, before: stop, partCount: cuts.count + 1),
          let merge = try StoreMerge(walking: &left, &right, comparison), !left.hasMetDamage, !right.hasMetDamage
        else { return .success(nil) }
        let (byteCount, room) = ((left.byteCount, right.byteCount), (left.room, right.room))
        return .success(
          Part(merge: merge, master: left.all(), replica: right.all(), byteCount: byteCount, room: room))
      } catch {
        return .failure(error)
      }
    }
    var all: StoreMerge?
    // More bytes than there are would be a circle.
    var bytesLeft: (master: Int, replica: Int)?
    var count = (master: 0, replica: 0)
    for result in results {
      guard let part = try result.get() else { return nil }
      if all == nil { all = part.merge } else { all?.append(part.merge, behind: count) }
      self.master.append(part.master)
      self.replica.append(part.replica)
      count = (count.master + part.master.count, count.replica + part.replica.count)
      let room = bytesLeft ?? part.room
      let left = (room.master - part.byteCount.master, room.replica - part.byteCount.replica)
      guard left.0 >= 0, left.1 >= 0 else { return nil }
      bytesLeft = left
    }
    guard let all else { return nil }
    merge = all
  }
}
