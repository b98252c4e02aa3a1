// Where each record lies, by its key: for who looks up many keys of one state.
//
// A table of slots in memory of our own, twice as many as there are records, each a word: 27 bits of a hash of the key, and
// the offset in units of 8. A key's record is in the slot that its hash leads to, or not far behind it. So a lookup waits
// twice for memory, for the slot and for the record, where a search along the lists waits some twenty times.
//
// What surprises: that a key is absent follows from the table alone, as the listing that filled it was proven. What has no
// place in it, be it for damage or for a collision of many hashes, makes the table incomplete: then what is not found in
// it is looked for along the lists.

/// The records of one committed state, to be looked up by key, proven before the first is given out.
///
/// Made by ``Database/index(locking:)``. As with ``RecordList`` nothing that a writer of Cyrus does from now on can spoil
/// it; it does not follow the file either.
///
/// ```swift
/// let index = try database.index()
/// if let record = try index.record(for: "Nuser\u{1F}joe") { print(record.offset) }
/// ```
public struct RecordIndex: ~Copyable, Sendable {
  /// Where the records are read from. Its own lookups and listings have to be proven for themselves.
  public let snapshot: Snapshot
  /// How many records were found.
  public let count: Int
  /// How often damage was met while they were listed. If it was, a key that is not found among them is looked for in
  /// ``snapshot``, which may throw what is wrong.
  public let damageCount: Int

  private let slots: Slots

  /// Lists all records, and proves that they are of one state.
  init(of snapshot: consuming Snapshot) throws(DatabaseError) {
    var slots = Slots(recordCount: Self.probableCount(snapshot))
    let counts = try Self.fill(&slots, with: snapshot)
    try snapshot.confirm()
    count = counts.count
    damageCount = counts.damageCount
    self.slots = slots
    self.snapshot = snapshot
  }

  /// How many records there seem to be: what the header says, as far as the file has room for them.
  private static func probableCount(_ snapshot: borrowing Snapshot) -> Int {
    min(Int(clamping: snapshot.header?.recordCount ?? 0), snapshot.bytes.byteCount / 40)
  }

  private static func fill(
    _ slots: inout Slots, with snapshot: borrowing Snapshot
  ) throws(DatabaseError) -> (count: Int, damageCount: Int) {
    var counts = (count: 0, damageCount: 0)
    var records = snapshot.records()
    while true {
      do throws(DatabaseError) {
        guard let record = try records.next() else { return counts }
        counts.count += 1
        slots.add(record.key, at: record.offset, in: snapshot.bytes)
      } catch {
        guard error.isDamage else { throw error }
        counts.damageCount += 1
        slots.isComplete = false
      }
    }
  }

  /// Finds the record with exactly this key.
  ///
  /// - Parameter key: 1 or more bytes; need not be UTF-8. No record has the empty key.
  /// - Returns: A view, valid as long as the index, its checksums compared; or nil.
  /// - Throws: ``DatabaseError``: `.damaged` or `.faulted` if the file was spoiled, by something other than Cyrus, since it
  ///   was listed. If damage was met then, `.damaged` and `.changed` for keys that were not found.
  /// - Complexity: O(size of the record), whatever the number of records.
  @_lifetime(borrow self)
  public func record(for key: RawSpan) throws(DatabaseError) -> RecordView? {
    switch slots.find(key, in: snapshot) {
    case .record(let record): return RecordView(record, in: snapshot.bytes)
    case .nothing: return nil
    case .unknown: return try snapshot.record(for: key)
    }
  }

  /// Finds the record with exactly this key, given as text. See ``record(for:)-(RawSpan)``.
  @_lifetime(borrow self)
  public func record(for key: String) throws(DatabaseError) -> RecordView? {
    let key = Array(key.utf8)
    return try record(for: key.rawSpan)
  }
}

extension Database {
  /// An index of all records, which are proven to be those of one committed state.
  ///
  /// For thousands of lookups or more: to make it takes as long as a listing, or a few hundred thousand lookups in a
  /// snapshot. With ``Locking/auto(wait:)`` the records are listed in place, also while the file is being written, and
  /// again if a commit comes between; only if that goes on is a copy made.
  ///
  /// - Parameter locking: How to keep writers from changing what is read. With ``Locking/none`` nothing is proven.
  /// - Throws: As ``snapshot(locking:)``. Damage is in the index.
  /// - Complexity: O(*n*), each record with its checksums compared. Memory: 16 bytes for each record; up to twice that if
  ///   the header does not say how many there are.
  public func index(locking: Locking = .auto) throws(DatabaseError) -> RecordIndex {
    try proven(locking: locking, damageCount: { $0.damageCount }) { snapshot throws(DatabaseError) in
      try RecordIndex(of: snapshot)
    }
  }
}

/// A hash table of places.
struct Slots: ~Copyable, Sendable {
  /// What a lookup comes to.
  enum Finding {
    case record(TwoskipRecord)
    case nothing
    /// The table does not know.
    case unknown
  }

  /// Whether every record that was to be added is in the table.
  var isComplete = true
  private var words: [UInt64]
  private var usedCount = 0
  private let hash = KeyHash()

  /// Of a word the upper bits are of the hash, the lower ones the place.
  private static let placeBits: UInt64 = 37
  /// How many slots are looked at. Twice as many slots as records leave runs of a few; only who knew the seed could make
  /// longer ones.
  private static let probesMax = 128

  init(recordCount: Int) { words = [UInt64](inLargePages: 0, count: max(16, 2 * recordCount)) }

  mutating func add(_ key: RawSpan, at offset: UInt64, in bytes: RawSpan) {
    if usedCount >= words.count / 4 * 3 { grow(bytes) }
    insert(hash.value(of: key), offset)
  }

  private mutating func insert(_ value: UInt64, _ offset: UInt64) {
    guard offset / 8 < 1 << Self.placeBits else {
      isComplete = false
      return
    }
    var slot = firstSlot(value)
    for _ in 0..<Self.probesMax {
      if words[slot] == 0 {
        words[slot] = value << Self.placeBits | offset / 8
        usedCount += 1
        return
      }
      slot = slot + 1 < words.count ? slot + 1 : 0
    }
    isComplete = false
  }

  /// Doubles the table, for which all keys have to be looked at once more.
  @inline(never)
  private mutating func grow(_ bytes: RawSpan) {
    var former = [UInt64](inLargePages: 0, count: 2 * words.count)
    swap(&former, &words)
    usedCount = 0
    for slot in 0..<former.count where former[slot] != 0 {
      let offset = Self.offset(former[slot])
      guard let record = try? TwoskipRecord(at: Int(offset), in: bytes, limit: bytes.byteCount) else {
        isComplete = false
        continue
      }
      insert(hash.value(of: record.key(in: bytes)), offset)
    }
  }

  /// Looks up a key among the records of a snapshot.
  @inline(__always)
  func find(_ key: RawSpan, in snapshot: borrowing Snapshot) -> Finding {
    let bytes = snapshot.bytes
    let value = hash.value(of: key)
    var slot = firstSlot(value)
    for _ in 0..<Self.probesMax {
      let word = words[slot]
      if word == 0 { return isComplete ? .nothing : .unknown }
      if (word ^ value << Self.placeBits) >> Self.placeBits == 0 {
        let offset = Int(truncatingIfNeeded: Self.offset(word))
        bytes.prefetch(at: offset)
        // Proven before the keys are compared: one that is not what it was is no proof that this record is another's.
        guard let record = record(at: offset, in: bytes), !snapshot.haveFaulted else { return .unknown }
        if record.key(in: bytes).holdsSameBytes(as: key) { return .record(record) }
      }
      slot = slot + 1 < words.count ? slot + 1 : 0
    }
    return .unknown
  }

  /// The record at a place where one was listed, if its key and value still are what they were.
  ///
  /// Its head was proven then. Now it may be half of one that a writer replaces, in which pointers are all that changes.
  @inline(__always)
  private func record(at offset: Int, in bytes: RawSpan) -> TwoskipRecord? {
    guard let record = TwoskipRecord(anyAt: offset, in: bytes, limit: bytes.byteCount),
      record.tailChecksum(in: bytes) == record.storedTailChecksum(in: bytes)
    else { return nil }
    return record
  }

  @inline(__always)
  private func firstSlot(_ value: UInt64) -> Int {
    Int(truncatingIfNeeded: value.multipliedFullWidth(by: UInt64(truncatingIfNeeded: words.count)).high)
  }

  @inline(__always)
  private static func offset(_ word: UInt64) -> UInt64 { (word & (1 << placeBits - 1)) * 8 }
}

/// A hash of keys that nobody can foresee.
struct KeyHash: Sendable {
  private let first = UInt64.random(in: .min ... .max)
  private let second = UInt64.random(in: .min ... .max)
  private let third = UInt64.random(in: .min ... .max)

  @inline(__always)
  func value(of key: RawSpan) -> UInt64 {
    let count = key.byteCount
    var value = first ^ UInt64(truncatingIfNeeded: count)
    var index = 0
    while count - index > 8 {
      value = mixed(value ^ key.bigEndian(UInt64.self, at: index), second)
      index += 8
    }
    // The last eight bytes, some of them for the second time, or fewer if there are no more.
    var last: UInt64 = 0
    if count >= 8 {
      last = key.bigEndian(UInt64.self, at: count - 8)
    } else {
      while index < count {
        last = last << 8 | UInt64(key.byte(at: index))
        index += 1
      }
    }
    return mixed(mixed(value ^ last, second), third)
  }

  /// The two halves of the product, put together.
  @inline(__always)
  private func mixed(_ value: UInt64, _ by: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: by | 1)
    return product.high ^ product.low
  }
}
