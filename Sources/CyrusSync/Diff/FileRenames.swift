// Which renames the groups of one file make, and which of its groups sync_client gives up.
//
//   moves     renames to another user, or of a user without an INBOX on the master: only a group makes them
//   others    the rest: where a group cannot, the user is done as a whole instead, which may
//
//   a group has the new name of a move that nothing makes by then       the group is given up
//   a group has the new name of another that it cannot make             the users of its mailboxes are done instead;
//                                                                       it is given up if the mailbox's is narrow
//   a user is to get a mailbox by a move that nothing makes by then     narrow: the replica refuses the whole user
//   one of the user's is to get a name that is not free by then         narrow
//   a group is given up                                                 it makes no move; so the above again
//
// Surprise: a group that is given up may have made its renames before that. But there is no telling, so they do not count.

import CyrusMailboxes

/// What the groups of one file do about renames.
struct FileRenames {
  typealias ID = [UInt8]

  private let batch: PendingBatch
  private let store: StoreFacts
  private let kinds: RenameKinds
  /// Renames that earlier files make.
  private let done: [ID: Cover]

  /// Groups that sync_client gives up.
  private(set) var failingGroups: Set<Int32> = []
  /// Users who cannot be done as a whole.
  private(set) var narrowOwners: Set<[UInt8]> = []
  /// The moves that each group makes.
  private var moves: [Int32: Set<ID>] = [:]
  /// How many groups make a move.
  private var moverCounts: [ID: Int] = [:]
  /// Groups that have a mailbox's new name and cannot make its rename, and whose these are.
  private var waitingOwners: [Int32: Set<[UInt8]>] = [:]
  private var waitingGroups: [[UInt8]: Set<Int32>] = [:]
  /// Moves that waiting groups make, by whom they are to.
  private var waitingMoves: [[UInt8]: [(group: Int32, id: ID)]] = [:]
  private var answers: [Step: Bool] = [:]
  private var events: [Event] = []

  private struct Step: Hashable {
    let id: ID
    let group: Int32
  }

  private enum Event {
    case notMoved(ID)
    case failed(Int32)
    case narrow([UInt8])
  }

  init(_ batch: PendingBatch, _ kinds: RenameKinds, done: [ID: Cover], _ store: StoreFacts) {
    self.batch = batch
    self.kinds = kinds
    self.store = store
    self.done = done
    for id in kinds.others where done[id] == nil { findWaiting(id) }
    for id in kinds.moves where done[id] == nil { findMovers(id) }
    for owner in kinds.hinderedOwners { events.append(.narrow(owner)) }
    while let event = events.popLast() { follow(event) }
  }

  /// Groups instead of which the users of their mailboxes are done as a whole.
  var promotedGroups: Set<Int32> { Set(waitingOwners.keys).subtracting(failingGroups) }

  /// Whether a group makes a rename, and gets to it.
  func moves(_ id: ID, in group: Int32) -> Bool { moves[group]?.contains(id) == true }

  /// Whether a group has both names of a mailbox, and makes the rename of what has the new one on the replica, unless an
  /// earlier file does.
  mutating func renames(_ id: ID, in group: Int32) -> Bool {
    var path: [Step] = []
    var current = id
    var answer = true
    while let (new, old) = store.renames[current] {
      let step = Step(id: current, group: group)
      if let known = answers[step] {
        answer = known
        break
      }
      guard batch.has(new, in: group), batch.has(old, in: group) else {
        answer = !path.isEmpty && done[current] != nil
        break
      }
      path.append(step)
      // What closes on itself here is no matter of lines.
      answers[step] = true
      guard let holder = store.movedAway[new] else { break }
      current = holder.id
    }
    for step in path { answers[step] = answer }
    return answer
  }

  private mutating func findWaiting(_ id: ID) {
    guard let name = store.renames[id]?.name, let owner = name.owner else { return }
    for member in batch.mailboxes[name]?.all ?? [] where !renames(id, in: member.group) {
      waitingOwners[member.group, default: []].insert(owner)
      waitingGroups[owner, default: []].insert(member.group)
    }
  }

  private mutating func findMovers(_ id: ID) {
    guard let name = store.renames[id]?.name else { return }
    let owner = store.liveOwner(of: name)
    for member in batch.mailboxes[name]?.all ?? [] where renames(id, in: member.group) {
      if waitingOwners[member.group] != nil {
        guard let owner else { continue }
        waitingMoves[owner, default: []].append((member.group, id))
      }
      moves[member.group, default: []].insert(id)
      moverCounts[id, default: 0] += 1
    }
    if moverCounts[id] == nil { events.append(.notMoved(id)) }
  }

  private mutating func follow(_ event: Event) {
    switch event {
    case .notMoved(let id):
      guard let (new, old) = store.renames[id] else { return }
      for member in batch.mailboxes[new]?.all ?? [] { events.append(.failed(member.group)) }
      if let owner = new.owner { events.append(.narrow(owner)) }
      // Its old name may be what another of the same user is to get.
      if let owner = old.owner, kinds.otherNames.contains(old) { events.append(.narrow(owner)) }
    case .failed(let group):
      guard failingGroups.insert(group).inserted else { return }
      for id in moves[group] ?? [] { unmake(id, in: group) }
    case .narrow(let owner):
      guard narrowOwners.insert(owner).inserted else { return }
      for group in waitingGroups[owner] ?? [] { events.append(.failed(group)) }
      for (group, id) in waitingMoves[owner] ?? [] { unmake(id, in: group) }
    }
  }

  private mutating func unmake(_ id: ID, in group: Int32) {
    guard moves[group]?.remove(id) != nil, let count = moverCounts[id] else { return }
    moverCounts[id] = count - 1
    if count == 1 { events.append(.notMoved(id)) }
  }
}

/// Renames, by what makes them.
struct RenameKinds {
  /// Those that only a group makes.
  private(set) var moves: [FileRenames.ID] = []
  /// Those that doing the whole user makes, too.
  private(set) var others: [FileRenames.ID] = []
  /// What the latter are to be called.
  private(set) var otherNames: Set<MailboxName> = []
  /// Users one of whose mailboxes is to get a name that nothing takes away from what has it on the replica.
  private(set) var hinderedOwners: Set<[UInt8]> = []

  init(_ store: StoreFacts) {
    for (id, (new, old)) in store.renames {
      guard new.owner == old.owner, let owner = store.liveOwner(of: new) else {
        moves.append(id)
        continue
      }
      others.append(id)
      otherNames.insert(new)
      if store.heldNames.contains(new) { hinderedOwners.insert(owner) }
    }
  }
}
