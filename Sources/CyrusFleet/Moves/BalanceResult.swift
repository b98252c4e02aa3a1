// What a plan of moves comes to for the stores that were too full.

/// A store that was fuller than it should be.
public struct BusyStore: Sendable, Hashable {
  /// The store, its slots and users as they were.
  public let usage: StoreUsage
  /// How much was above its target on the fullest slot.
  public let excessBefore: UInt64
  /// How much is when all planned moves are done.
  public let excessAfter: UInt64
}

/// A plan of moves, and what it comes to.
public struct BalanceResult: Sendable, Hashable {
  /// What becomes of each user that was looked at.
  public let decisions: [MoveDecision]
  /// The stores that are too full, in the order of the input.
  public let busy: [BusyStore]

  /// Whether some store is too full even then.
  public var leavesExcess: Bool { busy.contains { $0.excessAfter > 0 } }

  /// The users that move.
  public var moves: [MoveDecision] { decisions.filter(\.isMove) }

  /// How much moves; if a number cannot hold it, as much as one can.
  public var movedSize: UInt64 {
    moves.reduce(0) { sum, decision in
      let (total, overflow) = sum.addingReportingOverflow(decision.user.size)
      return overflow ? .max : total
    }
  }

  /// Plans moves.
  ///
  /// - Complexity: As ``Balance/plan(_:_:)``.
  public init(_ stores: [StoreUsage], _ request: BalanceRequest = BalanceRequest()) {
    let decisions = Balance.plan(stores, request)
    var left: [String: UInt64] = [:]
    for decision in decisions {
      if case .moves(_, let excess) = decision.outcome { left[decision.store] = UInt64(max(excess, 0)) }
    }
    self.decisions = decisions
    busy = stores.compactMap { usage in
      let excess = usage.excess
      guard excess > 0 else { return nil }
      return BusyStore(usage: usage, excessBefore: excess, excessAfter: left[usage.store.name] ?? excess)
    }
  }
}

extension StoreUsage {
  /// How much is above its target on the fullest slot; 0 if nothing is, or it has no target.
  public var excess: UInt64 {
    let slot = fullest
    let limit = slot.amount(atPercent: store.target)
    return store.target > 0 && slot.used > limit ? slot.used - limit : 0
  }
}

extension MoveDecision {
  /// Whether the user moves.
  public var isMove: Bool {
    if case .moves = outcome { true } else { false }
  }
}
