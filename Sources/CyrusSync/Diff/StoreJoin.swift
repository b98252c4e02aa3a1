// The second join: what differs by name is matched by unique id.
//
//   both have the id, under two names                                   renamed
//   only the master has it; the replica has a mailbox of that name,
//     whose id the master has not                                       identityConflict
//   only the master has it otherwise                                    missing
//   only the replica has it, and is in no identityConflict              extra
//   a side has it twice                                                 duplicateUniqueID, and joined by name
//
// Memory is by the number of differences.

import CyrusDatabase
import CyrusMailboxes

/// A difference before it is judged.
struct RawDifference {
  let detail: StoreDifference.Detail
  let name: MailboxName
  let id: [UInt8]?
  /// The partition on which the replica has to make it, if it has to.
  var newPartition: [UInt8]?
  /// Whether the replica's mailbox is known never to have held a message.
  var replicaIsEmpty = false
  /// Whether the master has a mailbox of this id that is not replicated.
  var isSkippedOnMaster = false

  /// Whether the replica refuses it, if no repair settles it. What only the replica has is just left, or removed.
  var isRefused: Bool {
    if case .extra = detail { return false }
    return true
  }
}

/// Two lists joined by names and then by ids.
struct StoreJoin {
  private(set) var differences: [RawDifference] = []
  /// Renamed ids: the master's name for each, and the replica's.
  private(set) var renames: [[UInt8]: (name: MailboxName, replicaName: MailboxName)] = [:]
  /// Names that something has on the replica which no rename moves away.
  private(set) var heldNames: Set<MailboxName> = []
  /// Names of mailboxes that only the replica has, and that another live mailbox of the master has.
  private(set) var replacedNames: Set<MailboxName> = []
  /// Ids of the mailboxes that only the replica has.
  private(set) var extraIDs: Set<[UInt8]> = []
  /// Renamed mailboxes by what the replica calls them.
  private(set) var movedAway: [MailboxName: (name: MailboxName, id: [UInt8])] = [:]
  /// Renamed mailboxes that are part of a cycle.
  private(set) var cycleIDs: Set<[UInt8]> = []
  /// Users whose INBOX is missing on the replica.
  private(set) var missingOwners: Set<[UInt8]> = []

  private let comparison: FieldComparison
  private var places: [StorePlace] = []
  /// Places by the ids of those mailboxes that found no match under their name.
  private var masterIDs: [[UInt8]: Int] = [:]
  private var replicaIDs: [[UInt8]: Int] = [:]
  private var duplicates: [StoreDifference.Side: [Int: MailboxName]] = [:]
  /// Ids of mailboxes of the replica that the master has, too, but does not replicate.
  private var skippedIDs: Set<[UInt8]> = []

  init(
    _ merge: borrowing StoreMerge, _ master: borrowing MailboxList, _ replica: borrowing MailboxList,
    _ comparison: FieldComparison
  ) throws(DatabaseError) {
    self.comparison = comparison
    places.reserveCapacity(merge.places.count)
    for place in merge.places { places.append(try StorePlace(place, master, replica, comparison.settings)) }
    indexIDs()
    try findDuplicates(merge, master)
    for place in merge.skippedPlaces {
      guard let id = try master.entry(at: Int(place)).uniqueID?.copy(), replicaIDs[id] != nil else { continue }
      skippedIDs.insert(id)
    }
    for index in places.indices { try join(index, master, replica) }
    markCycles()
  }

  /// Whether both mailboxes of a place are one by their ids, or for want of them.
  private static func isPair(_ place: StorePlace) -> Bool {
    guard let mine = place.master, let theirs = place.replica else { return false }
    return mine.id == nil || theirs.id == nil || mine.id == theirs.id
  }

  private mutating func indexIDs() {
    for (index, place) in places.enumerated() {
      // Those that are one by name are in the table, too, to find ids that are there twice.
      if let mailbox = place.master, let id = mailbox.id {
        if let other = masterIDs[id] { note(.master, index, other) } else { masterIDs[id] = index }
      }
      if let mailbox = place.replica, let id = mailbox.id {
        if let other = replicaIDs[id] { note(.replica, index, other) } else { replicaIDs[id] = index }
      }
    }
  }

  private mutating func note(_ side: StoreDifference.Side, _ index: Int, _ other: Int) {
    func name(_ index: Int) -> MailboxName? {
      side == .master ? places[index].master?.name : places[index].replica?.name
    }
    if let name = name(other) { duplicates[side, default: [:]][index] = name }
    if let name = name(index) { duplicates[side, default: [:]][other] = name }
  }

  /// Finds ids that mailboxes in which nothing differs have, too.
  private mutating func findDuplicates(
    _ merge: borrowing StoreMerge, _ master: borrowing MailboxList
  ) throws(DatabaseError) {
    var wanted: Set<UInt32> = []
    for place in places where !Self.isPair(place) {
      if let id = place.master?.id { wanted.insert(StoreMerge.hash(id.rawSpan)) }
      if let id = place.replica?.id { wanted.insert(StoreMerge.hash(id.rawSpan)) }
    }
    guard !wanted.isEmpty else { return }
    // Most are told from the few that are wanted by some of their bits.
    var mayBeWanted = [Bool](repeating: false, count: 1 << 16)
    for hash in wanted { mayBeWanted[Int(hash & 0xFFFF)] = true }
    for (index, hash) in merge.joined.enumerated()
    where hash != 0 && mayBeWanted[Int(hash & 0xFFFF)] && wanted.contains(hash) {
      let entry = try master.entry(at: index)
      guard case .live = Presence(entry) else { continue }
      let mailbox = StoreMailbox(entry, at: index, comparison.settings)
      guard let id = mailbox.id else { continue }
      // Places know their own.
      if let place = masterIDs[id], places[place].master?.index != index {
        duplicates[.master, default: [:]][place] = mailbox.name
      }
      if let place = replicaIDs[id], places[place].replica?.name != mailbox.name {
        duplicates[.replica, default: [:]][place] = mailbox.name
      }
    }
  }

  private func isDuplicate(_ side: StoreDifference.Side, _ index: Int) -> Bool { duplicates[side]?[index] != nil }

  // MARK: - Classes

  private mutating func join(
    _ index: Int, _ master: borrowing MailboxList, _ replica: borrowing MailboxList
  ) throws(DatabaseError) {
    let place = places[index]
    guard let name = place.name else { return }
    let isHeld = place.unreadable.contains(.replica) || place.skipped.contains(.replica)
    if isHeld || isDuplicate(.replica, index) { heldNames.insert(name) }
    if !place.unreadable.isEmpty {
      for side in place.unreadable {
        let mailbox = place.master ?? place.replica
        differences.append(RawDifference(detail: .unreadable(side), name: name, id: mailbox?.id))
      }
      return
    }
    for side in [StoreDifference.Side.master, .replica] {
      guard let other = duplicates[side]?[index] else { continue }
      let id = side == .master ? place.master?.id : place.replica?.id
      differences.append(RawDifference(detail: .duplicateUniqueID(side, other: other), name: name, id: id))
    }
    let hasDuplicate = isDuplicate(.master, index) || isDuplicate(.replica, index)
    if let mine = place.master, let theirs = place.replica, Self.isPair(place) || hasDuplicate {
      try compare(mine, theirs, master, replica)
      return
    }
    // Of an id that is there twice nothing else is certain.
    if hasDuplicate { return }
    if let mine = place.master { try join(mine, place, master, replica) }
    if let theirs = place.replica, let id = theirs.id, let other = masterIDs[id], Self.isPair(places[other]) {
      // By name this id is another mailbox's already.
      tellAmbiguous(.replica, theirs, by: places[other])
      heldNames.insert(theirs.name)
    } else if let theirs = place.replica, !isMatched(theirs, at: place), !place.skipped.contains(.master) {
      let tombstone: StoreDifference.Tombstone
      switch place.tombstoneID {
      case .none: tombstone = .none
      case .some(let id): tombstone = id != nil && id == theirs.id ? .sameID : .otherID
      }
      heldNames.insert(theirs.name)
      if place.master != nil { replacedNames.insert(theirs.name) }
      if let id = theirs.id { extraIDs.insert(id) }
      var difference = RawDifference(detail: .extra(tombstone), name: theirs.name, id: theirs.id)
      difference.isSkippedOnMaster = theirs.id.map(skippedIDs.contains) == true
      differences.append(difference)
    }
  }

  private mutating func tellAmbiguous(
    _ side: StoreDifference.Side, _ mailbox: StoreMailbox, by place: StorePlace
  ) {
    guard let other = place.name else { return }
    differences.append(
      RawDifference(detail: .duplicateUniqueID(side, other: other), name: mailbox.name, id: mailbox.id))
  }

  /// Whether a mailbox of the replica is the same as one of the master, or in conflict with one.
  private func isMatched(_ theirs: StoreMailbox, at place: StorePlace) -> Bool {
    if let id = theirs.id, masterIDs[id] != nil { return true }
    // In conflict with the master's mailbox of that name, if the replica has that nowhere else.
    guard let mine = place.master, let id = mine.id else { return false }
    return replicaIDs[id] == nil
  }

  private mutating func join(
    _ mine: StoreMailbox, _ place: StorePlace, _ master: borrowing MailboxList, _ replica: borrowing MailboxList
  ) throws(DatabaseError) {
    if let id = mine.id, let other = replicaIDs[id], let theirs = places[other].replica {
      // A side that has the id twice says nothing about a name.
      if isDuplicate(.replica, other) { return }
      if Self.isPair(places[other]) {
        tellAmbiguous(.master, mine, by: places[other])
        return
      }
      renames[id] = (mine.name, theirs.name)
      movedAway[theirs.name] = (mine.name, id)
      differences.append(
        RawDifference(detail: .renamed(replicaName: theirs.name, isCycle: false), name: mine.name, id: id))
      try compare(mine, theirs, master, replica)
      return
    }
    if place.skipped.contains(.replica) { return }
    let partition = try master.entry(at: mine.index).partition?.copy()
    guard let theirs = place.replica, let otherID = theirs.id else {
      if mine.name.isINBOX, let owner = mine.name.owner { missingOwners.insert(owner) }
      differences.append(
        RawDifference(detail: .missing(blockedBy: nil), name: mine.name, id: mine.id, newPartition: partition))
      return
    }
    if let holder = masterIDs[otherID] {
      if mine.name.isINBOX, let owner = mine.name.owner { missingOwners.insert(owner) }
      differences.append(
        RawDifference(
          detail: .missing(blockedBy: places[holder].master?.name), name: mine.name, id: mine.id,
          newPartition: partition))
    } else {
      let state = comparison.states?(.replica, try replica.entry(at: theirs.index))
      differences.append(
        RawDifference(
          detail: .identityConflict(replicaUniqueID: otherID), name: mine.name, id: mine.id, newPartition: partition,
          replicaIsEmpty: state?.lastUID == 0))
    }
  }

  /// The fields of a mailbox that both have.
  private mutating func compare(
    _ mine: StoreMailbox, _ theirs: StoreMailbox, _ master: borrowing MailboxList, _ replica: borrowing MailboxList
  ) throws(DatabaseError) {
    let entry = try master.entry(at: mine.index)
    let other = try replica.entry(at: theirs.index)
    for detail in comparison.details(entry, other) {
      differences.append(RawDifference(detail: detail, name: mine.name, id: mine.id ?? theirs.id))
    }
  }

  // MARK: - Cycles

  /// Marks those renames that close on themselves: each wants the name that the next one has on the replica.
  private mutating func markCycles() {
    var inCycle: Set<MailboxName> = []
    var seen: Set<MailboxName> = []
    for (start, _) in movedAway where !seen.contains(start) {
      var path: [MailboxName] = []
      var onPath: Set<MailboxName> = []
      var current = start
      while let next = movedAway[current], seen.insert(current).inserted {
        path.append(current)
        onPath.insert(current)
        current = next.name
      }
      if onPath.contains(current), let first = path.firstIndex(of: current) { inCycle.formUnion(path[first...]) }
    }
    guard !inCycle.isEmpty else { return }
    for index in differences.indices {
      if case .renamed(let replicaName, _) = differences[index].detail, inCycle.contains(replicaName) {
        if let id = differences[index].id { cycleIDs.insert(id) }
        differences[index] = RawDifference(
          detail: .renamed(replicaName: replicaName, isCycle: true), name: differences[index].name,
          id: differences[index].id)
      }
    }
  }
}
