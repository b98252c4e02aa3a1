// Which users to move so that no store is fuller than it should be: a plan, nothing is moved here.
//
// Stores above their target give users away, taken at random but by a seed, to the emptiest store that may take them.
// A store is as full as its fullest slot. The same input gives the same plan.
//
// Facts: Docs/Formats/fleet-layout.md, section 10.

/// How full a slot is, in bytes or whatever unit all of them have.
public struct SlotUsage: Sendable, Hashable {
  /// How much fits.
  public var capacity: UInt64
  /// How much there is.
  public var used: UInt64

  /// A slot with this much of that much.
  public init(used: UInt64, capacity: UInt64) {
    self.used = used
    self.capacity = capacity
  }

  /// How much there is when it is so full, rounded down.
  func amount(atPercent percent: UInt64) -> UInt64 {
    let product = capacity.multipliedFullWidth(by: percent)
    return product.high < 100 ? UInt64(100).dividingFullWidth(product).quotient : .max
  }

  /// Whether it is less full; one without any room is fuller than all others.
  static func < (left: Self, right: Self) -> Bool {
    if left.capacity == 0 || right.capacity == 0 { return left.capacity > 0 }
    let (share, other) = (
      left.used.multipliedFullWidth(by: right.capacity), right.used.multipliedFullWidth(by: left.capacity)
    )
    return (share.high, share.low) < (other.high, other.low)
  }
}

/// A user and how much there is of him.
public struct UserUsage: Sendable, Hashable {
  /// The name.
  public var name: String
  /// How much there is, in the unit of the slots.
  public var size: UInt64
  /// Whether he stays: pinned, locked, or being moved already.
  public var isHeld: Bool

  /// A user with so much.
  public init(name: String, size: UInt64, isHeld: Bool = false) {
    self.name = name
    self.size = size
    self.isHeld = isHeld
  }
}

/// A store, how full its slots are, and who lives there.
public struct StoreUsage: Sendable, Hashable {
  /// The store.
  public var store: FleetStore
  /// Its slots; at least one.
  public var slots: [SlotUsage]
  /// Its users.
  public var users: [UserUsage]

  /// A store with these slots and users.
  public init(store: FleetStore, slots: [SlotUsage], users: [UserUsage]) {
    self.store = store
    self.slots = slots
    self.users = users
  }

  /// The slot that decides.
  public var fullest: SlotUsage {
    slots.max { $0 < $1 } ?? SlotUsage(used: 0, capacity: 0)
  }
}

/// What a balance minds.
public struct BalanceRequest: Sendable, Hashable {
  /// How far below its target a store that takes users stays, in percent points.
  public var headroom: UInt64 = 5
  /// What the order of users comes from.
  public var seed: UInt64 = 0
  /// How many users are moved at most; nil for any number.
  public var userLimit: Int?
  /// How much is moved at most; nil for any amount.
  public var sizeLimit: UInt64?

  /// The defaults.
  public init() {}
}

/// A user of a busy store, and what becomes of him.
public struct MoveDecision: Sendable, Hashable {
  /// What becomes of a user.
  public enum Outcome: Sendable, Hashable {
    /// Moves to the store of this name; so much is still above the store's target then, below 0 if nothing is.
    case moves(to: String, excess: Int64)
    /// Stays: he is pinned, locked, or being moved already.
    case isHeld
    /// Stays: more than twice what is too much.
    case isTooLarge
    /// Stays: no store can take him.
    case hasNoPlace
    /// Stays: more would be moved than may be.
    case isOverLimit
  }

  /// The store he lives on.
  public let store: String
  /// The user.
  public let user: UserUsage
  /// What becomes of him.
  public let outcome: Outcome
}

/// Plans moves.
public enum Balance {
  /// Decides on the users of all stores that are fuller than they should be, the fullest first.
  ///
  /// - Returns: A decision for each user that was looked at, in that order. A store's users are looked at until it is no
  ///   longer too full, or the limit of users is reached.
  /// - Complexity: O(users · log users + moves · stores · slots).
  public static func plan(_ stores: [StoreUsage], _ request: BalanceRequest = BalanceRequest()) -> [MoveDecision] {
    var stores = stores
    let busy = stores.indices.filter { stores[$0].isBusy }.sorted { left, right in
      let (one, other) = (stores[left].fullest, stores[right].fullest)
      if other < one || one < other { return other < one }
      return NaturalOrder.isBefore(stores[left].store.name, stores[right].store.name)
    }
    var decisions: [MoveDecision] = []
    var (movedCount, movedSize) = (0, UInt64(0))
    for source in busy {
      var users = stores[source].users.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      var random = RandomOrder(seed: request.seed)
      random.shuffle(&users)
      var excess = stores[source].signedExcess
      for user in users where excess > 0 {
        if let limit = request.userLimit, movedCount >= limit { return decisions }
        let outcome: MoveDecision.Outcome
        if user.isHeld {
          outcome = .isHeld
        } else if user.size > 2 * UInt64(excess) {
          outcome = .isTooLarge
        } else if let limit = request.sizeLimit, movedSize > limit || user.size > limit - movedSize {
          outcome = .isOverLimit
        } else if let place = destination(of: user, from: source, stores, request) {
          for slot in stores[source].slots.indices {
            stores[source].slots[slot].used -= min(user.size, stores[source].slots[slot].used)
          }
          for slot in stores[place].slots.indices { stores[place].slots[slot].used += user.size }
          // The slot that was the fullest need not be it any more.
          excess = stores[source].signedExcess
          movedCount += 1
          let (sum, overflow) = movedSize.addingReportingOverflow(user.size)
          movedSize = overflow ? .max : sum
          outcome = .moves(to: stores[place].store.name, excess: excess)
        } else {
          outcome = .hasNoPlace
        }
        decisions.append(MoveDecision(store: stores[source].store.name, user: user, outcome: outcome))
      }
    }
    return decisions
  }

  /// The emptiest store that can take a user; nil if none can.
  private static func destination(
    of user: UserUsage, from source: Int, _ stores: [StoreUsage], _ request: BalanceRequest
  ) -> Int? {
    let from = stores[source].store
    var best: Int?
    for place in stores.indices where place != source {
      let store = stores[place].store
      guard store.target > request.headroom, store.branch == from.branch, store.masterLocation == from.masterLocation,
        stores[place].slots.allSatisfy({ slot in
          let (sum, overflow) = slot.used.addingReportingOverflow(user.size)
          return !overflow && sum <= slot.amount(atPercent: store.target - request.headroom)
        })
      else { continue }
      guard let found = best else {
        best = place
        continue
      }
      let (one, other) = (stores[place].fullest, stores[found].fullest)
      let isBefore =
        one < other || !(other < one) && NaturalOrder.isBefore(store.name, stores[found].store.name)
      if isBefore { best = place }
    }
    return best
  }
}

extension StoreUsage {
  /// Whether it has a target, and is fuller.
  fileprivate var isBusy: Bool {
    let slot = fullest
    return store.target > 0 && slot.used > slot.amount(atPercent: store.target)
  }

  /// How much is above the target on the fullest slot, below 0 if there is room.
  fileprivate var signedExcess: Int64 {
    let slot = fullest
    let limit = slot.amount(atPercent: store.target)
    return slot.used < limit ? -Int64(clamping: limit - slot.used) : Int64(clamping: slot.used - limit)
  }
}
