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
struct StoreMerge {
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
  /// The first that was met, which most are on.
  private var firstPartition: [UInt8]?
  /// Some that were met first of late, this one among them.
  private var recentPartitions: [[UInt8]] = []
  private static let recentPartitionsMax = 8

  private init(_ comparison: FieldComparison, count: Int) {
    self.comparison = comparison
    joined = [UInt32](repeating: 0, count: count)
  }

  /// Merges two lists.
  init(
    _ master: borrowing MailboxList, _ replica: borrowing MailboxList, _ comparison: FieldComparison
  ) throws(DatabaseError) {
    self.init(comparison, count: master.count)
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
        if addBenign(left, mine, theirs) {
          left += 1
          right += 1
          continue
        }
        order = mine.key.compare(with: theirs.key)
      } else {
        order = try Self.compare(left, in: master, right, in: replica, comparison.settings)
      }
      if order == 0 {
        try addPair(left, master.entry(at: left), right, replica.entry(at: right))
      } else if order < 0 {
        try addAlone(master.entry(at: left), DifferingPlace(master: UInt32(left), replica: nil))
      } else {
        try addAlone(replica.entry(at: right), DifferingPlace(master: nil, replica: UInt32(right)))
      }
      if order <= 0 { left += 1 }
      if order >= 0 { right += 1 }
    }
  }

  /// Merges two lists while they are found, each record as it comes.
  ///
  /// - Parameters:
  ///   - master: A walk over the names of a file with keys of the newer form; it ends.
  ///   - replica: One over those of another such file.
  ///   - comparison: Its order of names is that of the keys.
  /// - Returns: nil if the keys of a file are in another order: then nothing is told.
  init?(
    walking master: inout CollectingCursor, _ replica: inout CollectingCursor, _ comparison: FieldComparison
  ) throws(DatabaseError) {
    self.init(comparison, count: 0)
    joined.reserveCapacity(master.countMax)
    var (leftCount, rightCount) = (0, 0)
    var mine = try master.next()
    var theirs = try replica.next()
    while let left = mine, let right = theirs {
      if joined.count == leftCount { joined.append(0) }
      if addBenign(leftCount, left, right) {
        leftCount &+= 1
        rightCount &+= 1
        mine = try master.next()
        theirs = try replica.next()
        continue
      }
      let order = left.key.compare(with: right.key)
      if order == 0 {
        addPair(leftCount, Self.entry(left), rightCount, Self.entry(right))
      } else if order < 0 {
        addAlone(Self.entry(left), DifferingPlace(master: UInt32(leftCount), replica: nil))
      } else {
        addAlone(Self.entry(right), DifferingPlace(master: nil, replica: UInt32(rightCount)))
      }
      if order <= 0 {
        leftCount &+= 1
        mine = try master.next()
      }
      if order >= 0 {
        rightCount &+= 1
        theirs = try replica.next()
      }
    }
    while let left = mine {
      addAlone(Self.entry(left), DifferingPlace(master: UInt32(leftCount), replica: nil))
      leftCount &+= 1
      mine = try master.next()
    }
    while let right = theirs {
      addAlone(Self.entry(right), DifferingPlace(master: nil, replica: UInt32(rightCount)))
      rightCount &+= 1
      theirs = try replica.next()
    }
    guard master.order == .raw, replica.order == .raw else { return nil }
  }

  /// Takes in what was found behind it.
  ///
  /// - Parameter count: How many records of either side come before that.
  mutating func append(_ next: StoreMerge, behind count: (master: Int, replica: Int)) {
    let (left, right) = (UInt32(count.master), UInt32(count.replica))
    for place in next.places {
      places.append(
        DifferingPlace(master: place.master.map { $0 + left }, replica: place.replica.map { $0 + right }))
    }
    joined += repeatElement(0, count: count.master - joined.count)
    joined += next.joined
    skippedPlaces += next.skippedPlaces.map { $0 + left }
    skippedCount.master += next.skippedCount.master
    skippedCount.replica += next.skippedCount.replica
    liveCount.master += next.liveCount.master
    liveCount.replica += next.liveCount.replica
    replicaPartitions.formUnion(next.replicaPartitions)
    if !next.isMasterReadable { isMasterReadable = false }
  }

  @_lifetime(copy record)
  private static func entry(_ record: RecordView) -> MailboxEntryView {
    MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
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
    _ left: Int, _ mine: borrowing MailboxEntryView, _ right: Int, _ theirs: borrowing MailboxEntryView
  ) {
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
  private mutating func addBenign(
    _ left: Int, _ master: borrowing RecordView, _ replica: borrowing RecordView
  ) -> Bool {
    // What the messages of two mailboxes come to can differ although the records do not.
    guard comparison.states == nil, let common = BenignDifference(master, replica) else { return false }
    let bytes = master.keyAndValue
    joined[left] = Self.hash(bytes.extracting(common.id))
    liveCount.master += 1
    liveCount.replica += 1
    note(partition: bytes.extracting(common.partition))
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

  /// Notes one of the partitions, of which there are few.
  private mutating func note(partition: RawSpan) {
    if let first = firstPartition, partition.byteCount == first.count, partition.starts(with: first.rawSpan) { return }
    for known in recentPartitions where known.count == partition.byteCount {
      if partition.starts(with: known.rawSpan) { return }
    }
    let copy = Array(partition)
    replicaPartitions.insert(copy)
    if recentPartitions.count == Self.recentPartitionsMax { recentPartitions.removeFirst() }
    recentPartitions.append(copy)
    if firstPartition == nil { firstPartition = copy }
  }

  /// Never 0.
  static func hash(_ id: borrowing MailboxText) -> UInt32 {
    if id.isEscaped { return hash(id.copy().rawSpan) }
    return hash(id.storedBytes)
  }

  /// Never 0. Of ids, which are made at random, the two ends will do.
  @inline(__always)
  static func hash(_ id: RawSpan) -> UInt32 {
    let count = id.byteCount
    var hash = UInt64(truncatingIfNeeded: count)
    if count >= 8 {
      hash ^= id.bigEndian(UInt64.self, at: 0) &* 0x9E37_79B9_7F4A_7C15
      hash ^= id.bigEndian(UInt64.self, at: count &- 8) &* 0xC2B2_AE3D_27D4_EB4F
    } else {
      for place in 0..<count { hash = hash << 8 ^ UInt64(id.byte(at: place)) }
    }
    hash = (hash ^ hash >> 31) &* 0x9E37_79B9_7F4A_7C15
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
