// A table that finds records by what they hold, in some ten bytes for each.
//
// Open addressing; a slot holds 32 bits of a hash and 32 bits of a record's index. What is looked up may be another
// record with a hash that looks the same: who asks reads the record again.

import CyrusDatabase

/// Finds records by hashes.
struct RecordTable {
  /// 0, or half a hash above an index and one.
  private var slots: [UInt64]
  /// How many records may still be inserted.
  private var room: Int

  /// - Parameter count: At most so many records are inserted; below 2³² − 1.
  init(count: Int) {
    slots = [UInt64](repeating: 0, count: count + count / 4 + 8)
    room = count
  }

  private func start(_ hash: UInt64) -> Int { Int(hash.multipliedFullWidth(by: UInt64(slots.count)).high) }

  /// Puts a record in; leaves it out if there are more than were announced.
  ///
  /// That happens only if a file that is read without a lock is rewritten between two passes, by something else than
  /// Cyrus. The table must not be full then: a search ends at a free slot.
  mutating func insert(_ hash: UInt64, _ index: Int) {
    guard room > 0 else { return }
    room -= 1
    var slot = start(hash)
    while slots[slot] != 0 { slot = slot + 1 == slots.count ? 0 : slot + 1 }
    slots[slot] = hash << 32 | UInt64(index + 1)
  }

  /// Goes through the records that may be meant.
  struct Probe {
    fileprivate let tag: UInt64
    fileprivate var slot: Int
  }

  func probe(_ hash: UInt64) -> Probe { Probe(tag: hash << 32, slot: start(hash)) }

  /// The index of the next record that may be meant; nil if there is none.
  func next(_ probe: inout Probe) -> Int? {
    // The table is never full.
    while slots[probe.slot] != 0 {
      let entry = slots[probe.slot]
      probe.slot = probe.slot + 1 == slots.count ? 0 : probe.slot + 1
      if entry & ~0xFFFF_FFFF == probe.tag { return Int(entry & 0xFFFF_FFFF) - 1 }
    }
    return nil
  }

  /// A hash that nobody can foresee, so that no names can be chosen to be slow.
  static func hash(_ bytes: RawSpan) -> UInt64 {
    var hasher = Hasher()
    var place = 0
    while bytes.byteCount - place >= 8 {
      hasher.combine(bytes.bigEndian(UInt64.self, at: place))
      place += 8
    }
    var rest = UInt64(bytes.byteCount)
    while place < bytes.byteCount {
      rest = rest << 8 | UInt64(bytes.byte(at: place))
      place += 1
    }
    hasher.combine(rest)
    return UInt64(truncatingIfNeeded: hasher.finalize())
  }
}
