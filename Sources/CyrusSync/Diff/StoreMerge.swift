// Both lists side by side, in the order of names: where do they differ?
//
//   master    a  b     d  e(tombstone)
//   replica   a  b' c     e             -> b, c, d and e are kept as places, a is forgotten
//
// For each mailbox that both have under the same name and id, four bytes of a hash of the id are kept, by which an id that
// is met elsewhere, too, is found out.

import CyrusDatabase
import CyrusMailboxes

/// What a record of a list means to replication.
enum Presence {
  /// A mailbox, also an intermediate one.
  case live
  case tombstone
  /// Of another server, or not finished: not replicated.
  case skipped
  /// Cannot be decoded whole.
  case unreadable

  init(_ entry: borrowing MailboxEntryView) {
    if entry.errorCount > 0 {
      self = .unreadable
    } else if entry.flags.contains(.deleted) {
      self = .tombstone
    } else if !entry.flags.isDisjoint(with: [.remote, .moving, .reserved]) {
      self = .skipped
    } else {
      self = .live
    }
  }
}

/// A name under which the lists differ.
struct DifferingPlace: Sendable {
  /// Where it is in the master's list, and in the replica's.
  let master: UInt32?
  let replica: UInt32?
}

/// The places in which two lists differ.
struct StoreMerge: ~Copyable {
  private(set) var places: [DifferingPlace] = []
  /// By place in the master's list, a hash of the id of each that both have under one name; 0 for the others.
  private(set) var joined: [UInt32]
  /// How many of each side are not replicated.
  private(set) var skippedCount = (master: 0, replica: 0)
  /// How many live mailboxes of each side were compared.
  private(set) var liveCount = (master: 0, replica: 0)
  private(set) var replicaPartitions: Set<[UInt8]> = []
  /// Where in the master's list those are that are not replicated.
  private(set) var skippedPlaces: [UInt32] = []
  /// Whether all of the master's records could be decoded.
  private(set) var isMasterReadable = true

  private let comparison: FieldComparison
  private var lastPartition: [UInt8] = []

  init(
    _ master: borrowing MailboxList, _ replica: borrowing MailboxList, _ comparison: FieldComparison
  ) throws(DatabaseError) {
    self.comparison = comparison
    joined = [UInt32](repeating: 0, count: master.count)
    let isRaw = comparison.hasRawOrder && master.form.keys == .prefixed && replica.form.keys == .prefixed
    var (left, right) = (0, 0)
    while left < master.count || right < replica.count {
      var order = 0
      if left == master.count {
        order = 1
      } else if right == replica.count {
        order = -1
      } else if isRaw {
        let mine = try master.record(at: left)
        let theirs = try replica.record(at: right)
        order = mine.key.compare(with: theirs.key)
        if order == 0, addBenign(left, mine.value, theirs.value) {
          left += 1
          right += 1
          continue
        }
      } else {
        order = try Self.compare(left, in: master, right, in: replica, comparison.settings)
      }
      if order == 0 {
        try addPair(left, master, right, replica)
      } else if order < 0 {
        try addAlone(master.entry(at: left), DifferingPlace(master: UInt32(left), replica: nil))
      } else {
        try addAlone(replica.entry(at: right), DifferingPlace(master: nil, replica: UInt32(right)))
      }
      if order <= 0 { left += 1 }
      if order >= 0 { right += 1 }
    }
  }

  private static func compare(
    _ left: Int, in master: borrowing MailboxList, _ right: Int, in replica: borrowing MailboxList,
    _ settings: NameSettings
  ) throws(DatabaseError) -> Int {
    let mine = try master.entry(at: left)
    let theirs = try replica.entry(at: right)
    guard let name = mine.nameInKey(settings), let other = theirs.nameInKey(settings) else { return 0 }
    return name.compare(with: other)
  }

  private mutating func addAlone(_ entry: borrowing MailboxEntryView, _ place: DifferingPlace) {
    switch Presence(entry) {
    case .live:
      count(entry, isMaster: place.master != nil)
      places.append(place)
    case .unreadable:
      if place.master != nil { isMasterReadable = false }
      places.append(place)
    case .skipped: skip(at: place.master)
    case .tombstone: break
    }
  }

  private mutating func addPair(
    _ left: Int, _ master: borrowing MailboxList, _ right: Int, _ replica: borrowing MailboxList
  ) throws(DatabaseError) {
    let mine = try master.entry(at: left)
    let theirs = try replica.entry(at: right)
    let (presence, other) = (Presence(mine), Presence(theirs))
    if presence == .skipped { skip(at: UInt32(left)) }
    if other == .skipped { skip(at: nil) }
    if presence == .unreadable { isMasterReadable = false }
    if presence == .live { count(mine, isMaster: true) }
    if other == .live { count(theirs, isMaster: false) }
    switch (presence, other) {
    // The live one may have another name on the other side.
    case (.skipped, .live), (.live, .skipped): break
    case (.skipped, _), (_, .skipped), (.tombstone, .tombstone): return
    case (.live, .live):
      let isJoined = MailboxJoin(mine, theirs)
      if isJoined != .differentIDs {
        if let id = mine.uniqueID { joined[left] = StoreMerge.hash(id) }
        if comparison.differences(mine, theirs).isEmpty { return }
      }
    case (.unreadable, .unreadable):
      // Nothing differs if they are the same bytes.
      if mine.valueBytes.holdsSameBytes(as: theirs.valueBytes) { return }
    default: break
    }
    places.append(DifferingPlace(master: UInt32(left), replica: UInt32(right)))
  }

  /// Takes account of a pair that nearly all pairs are like.
  ///
  /// - Returns: Whether it is such a pair.
  @inline(__always)
  private mutating func addBenign(_ left: Int, _ mine: RawSpan, _ theirs: RawSpan) -> Bool {
    // What the messages of two mailboxes come to can differ although the records do not.
    guard comparison.states == nil, let common = BenignDifference(mine, theirs) else { return false }
    joined[left] = Self.hash(mine.extracting(common.id))
    liveCount.master += 1
    liveCount.replica += 1
    note(partition: mine.extracting(common.partition))
    return true
  }

  /// - Parameter place: Where it is in the master's list; nil for one of the replica.
  private mutating func skip(at place: UInt32?) {
    if let place {
      skippedCount.master += 1
      skippedPlaces.append(place)
    } else {
      skippedCount.replica += 1
    }
  }

  private mutating func count(_ entry: borrowing MailboxEntryView, isMaster: Bool) {
    if isMaster {
      liveCount.master += 1
      return
    }
    liveCount.replica += 1
    guard let partition = entry.partition else { return }
    if partition.isEscaped {
      replicaPartitions.insert(partition.copy())
    } else {
      note(partition: partition.storedBytes)
    }
  }

  private mutating func note(partition: RawSpan) {
    // Nearly always the one before.
    if partition.holdsSameBytes(as: lastPartition.rawSpan) { return }
    lastPartition = Array(partition)
    replicaPartitions.insert(lastPartition)
  }

  /// Never 0.
  static func hash(_ id: borrowing MailboxText) -> UInt32 {
    if id.isEscaped { return hash(id.copy().rawSpan) }
    return hash(id.storedBytes)
  }

  /// Never 0. Eight bytes at a time.
  static func hash(_ id: RawSpan) -> UInt32 {
    var hash = UInt64(truncatingIfNeeded: id.byteCount)
    var place = 0
    while id.byteCount &- place >= 8 {
      hash = (hash ^ id.bigEndian(UInt64.self, at: place)) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
      place &+= 8
    }
    while place < id.byteCount {
      hash = (hash ^ UInt64(id.byte(at: place))) &* 0x9E37_79B9_7F4A_7C15
      place &+= 1
    }
    return max(UInt32(truncatingIfNeeded: hash >> 32), 1)
  }
}

/// Whether two mailboxes of one name are the same.
enum MailboxJoin {
  case sameID
  /// A side has no id.
  case nameOnly
  case differentIDs

  init(_ master: borrowing MailboxEntryView, _ replica: borrowing MailboxEntryView) {
    guard let id = master.uniqueID, let other = replica.uniqueID, !id.isEmpty, !other.isEmpty else {
      self = .nameOnly
      return
    }
    self = id.equals(other) ? .sameID : .differentIDs
  }
}
