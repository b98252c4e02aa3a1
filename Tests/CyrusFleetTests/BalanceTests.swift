// Choosing users to move: the worked example, and the rules on random fleets.

import TestSupport
import Testing

@testable import CyrusFleet

@Suite struct BalanceTests {
  private static func store(
    _ number: UInt64, used: UInt64, target: UInt64, branch: String = "0", _ users: [(String, UInt64)] = []
  ) -> StoreUsage {
    StoreUsage(
      store: FleetStore(number: number, masterLocation: "n", branch: branch, target: target, slots: []),
      slots: [SlotUsage(used: used, capacity: 1000)], users: users.map { UserUsage(name: $0.0, size: $0.1) })
  }

  @Test func `the generator gives the numbers that are known`() {
    var random = RandomOrder(seed: 0)
    #expect(
      [random.next(), random.next(), random.next()] == [
        0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F,
      ])
  }

  @Test func `plans the worked example`() {
    let users: [(String, UInt64)] = [
      ("alice", 12), ("bob", 30), ("carol", 8), ("dave", 200), ("erin", 1), ("frank", 25),
    ]
    let stores = [
      Self.store(23, used: 940, target: 90, users), Self.store(255, used: 860, target: 90),
      Self.store(256, used: 700, target: 90), Self.store(254, used: 100, target: 0),
    ]
    var request = BalanceRequest()
    request.seed = 23
    let plan = Balance.plan(stores, request)
    #expect(plan.map(\.user.name) == ["dave", "bob", "erin", "alice"])
    #expect(
      plan.map(\.outcome) == [
        .isTooLarge, .moves(to: "store256", excess: 10), .moves(to: "store256", excess: 9),
        .moves(to: "store256", excess: -3),
      ])
    #expect(plan.allSatisfy { $0.store == "store23" })
    // The whole order, as it is when nobody can be moved.
    var names = users.map(\.0)
    var random = RandomOrder(seed: 23)
    random.shuffle(&names)
    #expect(names == ["dave", "bob", "erin", "alice", "carol", "frank"])
  }

  @Test func `minds limits, branches and who is held`() {
    let users: [(String, UInt64)] = [("a", 10), ("b", 10), ("c", 10), ("d", 10)]
    let stores = [Self.store(1, used: 940, target: 90, users), Self.store(2, used: 0, target: 90)]
    var request = BalanceRequest()
    request.userLimit = 2
    #expect(Balance.plan(stores, request).count == 2)
    request = BalanceRequest()
    request.sizeLimit = 25
    let outcomes = Balance.plan(stores, request).map(\.outcome)
    #expect(outcomes.count == 4)
    #expect(outcomes.suffix(2) == [.isOverLimit, .isOverLimit])
    let others = [stores[0], Self.store(2, used: 0, target: 90, branch: "future")]
    #expect(Balance.plan(others).allSatisfy { $0.outcome == .hasNoPlace })
    var held = stores
    for index in held[0].users.indices { held[0].users[index].isHeld = true }
    #expect(Balance.plan(held).map(\.outcome) == [.isHeld, .isHeld, .isHeld, .isHeld])
    #expect(Balance.plan([Self.store(1, used: 900, target: 90, users)]).isEmpty)
    #expect(Balance.plan([Self.store(1, used: 990, target: 0, users), stores[1]]).isEmpty)
  }

  /// The fullest slot is soon below its target, and then another is the fullest.
  @Test func `a store is too full as long as any of its slots is`() {
    var source = Self.store(1, used: 940, target: 90, [("a", 5), ("b", 5), ("c", 5)])
    source.slots.append(SlotUsage(used: 95, capacity: 100))
    let result = BalanceResult([source, Self.store(2, used: 0, target: 90)])
    #expect(
      result.decisions.map(\.outcome) == [
        .moves(to: "store2", excess: 35), .moves(to: "store2", excess: 30), .moves(to: "store2", excess: 25),
      ])
    #expect(result.leavesExcess && result.busy.map(\.excessBefore) == [5] && result.busy.map(\.excessAfter) == [25])
  }

  @Test func `numbers may be as large as they get`() {
    var full = Self.store(1, used: .max, target: 100, [("a", .max), ("b", 1)])
    full.slots = [SlotUsage(used: .max, capacity: 0)]
    #expect(full.fullest == SlotUsage(used: .max, capacity: 0))
    var empty = Self.store(2, used: .max, target: 100)
    empty.slots = [SlotUsage(used: .max - 1, capacity: .max)]
    var request = BalanceRequest()
    request.headroom = 0
    #expect(Balance.plan([full, empty], request).count == 2)
  }

  /// Seeds of each part: a hundred.
  @Test(arguments: 0..<20)
  func `keeps every rule, and plans the same again`(_ part: Int) {
    for seed in 100 * part..<100 * (part + 1) { checkPlan(seed: UInt64(seed)) }
  }

  private func checkPlan(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var stores: [StoreUsage] = []
    for number in 0..<(2 + random.below(6)) {
      var store = Self.store(
        UInt64(number), used: UInt64(random.below(1000)), target: [0, 80, 90][random.below(3)],
        branch: ["0", "future"][random.below(2)],
        (0..<random.below(20)).map { ("user\($0)", UInt64(random.below(120))) })
      if random.chance(1, in: 2) { store.slots.append(SlotUsage(used: UInt64(random.below(900)), capacity: 900)) }
      for index in store.users.indices where random.chance(1, in: 8) { store.users[index].isHeld = true }
      stores.append(store)
    }
    var request = BalanceRequest()
    request.seed = random.next()
    request.headroom = UInt64(random.below(10))
    if random.chance(1, in: 3) { request.userLimit = random.below(5) }
    if random.chance(1, in: 3) { request.sizeLimit = UInt64(random.below(300)) }
    let plan = Balance.plan(stores, request)
    #expect(Balance.plan(stores, request) == plan, "seed \(seed)")
    var after = stores
    var moved = 0
    var size: UInt64 = 0
    for decision in plan {
      guard case .moves(let name, _) = decision.outcome,
        let from = after.firstIndex(where: { $0.store.name == decision.store }),
        let to = after.firstIndex(where: { $0.store.name == name })
      else { continue }
      let target = after[from].store.target
      #expect(target > 0 && after[from].slots.contains { $0.used * 100 > $0.capacity * target })
      #expect(!decision.user.isHeld && from != to)
      #expect(after[to].store.branch == after[from].store.branch && after[to].store.target > 0)
      for index in after[from].slots.indices {
        after[from].slots[index].used -= min(after[from].slots[index].used, decision.user.size)
      }
      for index in after[to].slots.indices { after[to].slots[index].used += decision.user.size }
      #expect(after[to].slots.allSatisfy { $0.used * 100 <= $0.capacity * (after[to].store.target - request.headroom) })
      moved += 1
      size += decision.user.size
    }
    #expect(moved <= request.userLimit ?? .max && size <= request.sizeLimit ?? .max)
  }
}
