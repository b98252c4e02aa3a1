// Placing stores: the worked example, refusals, and the hard rules on random fleets.

import TestSupport
import Testing

@testable import CyrusFleet

@Suite struct PlacementTests {
  private let sample = FleetLayout(parsing: Array(sampleFleet.utf8))

  @Test func `places five stores in the sample fleet`() throws {
    let lines = try Placement.place(PlacementRequest(count: 5), in: sample).map(\.store.line)
    #expect(
      lines == [
        "store255 n 0 90 sloti15t01 sloti29t01 slotti1t01 slotsi2d1t01",
        "store256 n 0 90 sloti29t02 sloti15t02 slotti5t01 slotsi1d1t01",
        "store257 n 0 90 sloti30t02 sloti15t04 slotti1t02 slotsi1d1t02",
        "store258 n 0 90 sloti29t03 sloti30t03 slotti5t03 slotsi2d1t02",
        "store259 n 0 90 sloti15t05 sloti29t04 slotti1t03 slotsi2d1t03",
      ])
  }

  @Test func `tells why`() throws {
    let store = try #require(Placement.place(PlacementRequest(count: 1), in: sample).first)
    #expect(store.choices.map(\.used) == [1, 1, 1, 1])
    #expect(store.choices.map(\.total) == [15, 15, 16, 80])
    #expect(store.choices[0].masters == 0)
    #expect(store.choices.map(\.largestPair) == [0, 0, 1, 1])
    #expect(store.choices.map(\.pairSum) == [0, 0, 1, 1])
  }

  @Test(arguments: [
    (["n", "n"], false, PlacementError.oneLocation("n")),
    (["n", "n", "n", "n"], true, .unplaceable(store: "store255", position: 4, location: "n", rule: .otherServer)),
    (["i", "i", "i"], true, .unplaceable(store: "store255", position: 3, location: "i", rule: .otherServer)),
    (["n", "x"], false, .unplaceable(store: "store255", position: 2, location: "x", rule: .location)),
    ([], false, .noPattern),
  ])
  func `refuses`(_ pattern: [String], _ allowsOneLocation: Bool, _ expected: PlacementError) {
    var request = PlacementRequest(count: 1, pattern: pattern)
    request.allowsOneLocation = allowsOneLocation
    #expect(throws: expected) { try Placement.place(request, in: sample) }
  }

  @Test func `refuses where servers are full, unlike, or share too much`() throws {
    let lines = "i1 1 t1 0 10 e 10.0.0.1\ni2 2 t1 0 5 e 10.0.1.1\nti1 1 t1 0 10 e 10.0.2.1\nti2 2 u1 0 10 e 10.0.3.1\n"
    let layout = FleetLayout(parsing: Array(lines.utf8))
    func refusal(_ pattern: [String], _ change: (inout PlacementRequest) -> Void = { _ in }) -> PlacementError? {
      var request = PlacementRequest(count: 1, pattern: pattern)
      change(&request)
      return #expect(throws: PlacementError.self) { try Placement.place(request, in: layout) }
    }
    // From imap1 nothing on imap2 is large enough, from imap2 all is.
    #expect(
      try Placement.place(PlacementRequest(count: 1, pattern: ["n", "n", "i"]), in: layout)[0].store.line
        == "store1 n 0 90 sloti2t01 sloti1t01 slotti1t01")
    #expect(refusal(["n", "i", "i"]) == .unplaceable(store: "store1", position: 3, location: "i", rule: .likeFirst))
    #expect(
      refusal(["n", "i"]) { $0.excludedHosts = ["imap1", "imap2"] }
        == .unplaceable(store: "store1", position: 1, location: "n", rule: .empty))
    #expect(
      refusal(["n", "i"]) { $0.pairLimit = 0 }
        == .unplaceable(store: "store1", position: 2, location: "i", rule: .pairLimit))
    #expect(
      refusal(["n", "i"]) { $0.count = 2 }
        == .unplaceable(store: "store2", position: 2, location: "i", rule: .likeFirst))
  }

  @Test func `refuses a layout with an error`() {
    let layout = FleetLayout(parsing: Array((sampleFleet + "nonsense\n").utf8))
    let error = #expect(throws: PlacementError.self) { try Placement.place(PlacementRequest(count: 1), in: layout) }
    #expect(error?.description.contains("L01") == true)
  }

  /// Seeds of each part: a hundred.
  @Test(arguments: 0..<30)
  func `keeps every hard rule, and places the same again`(_ part: Int) throws {
    for seed in 100 * part..<100 * (part + 1) { try checkPlacement(seed: UInt64(seed)) }
  }

  private func checkPlacement(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let layout = RandomFleet.layout(&random)
    var request = PlacementRequest(
      count: 1 + random.below(6), pattern: (0...(1 + random.below(3))).map { _ in ["n", "i", "a"][random.below(3)] })
    request.allowsOneLocation = random.chance(1, in: 2)
    if random.chance(1, in: 2) { request.pairLimit = random.below(4) }
    if random.chance(1, in: 3) { request.excludedHosts = ["imap1", "timap2"] }
    if random.chance(1, in: 3), let slot = SlotName("sloti2t01") { request.excludedSlots = [slot] }
    let placed: [PlacedStore]
    do throws(PlacementError) {
      placed = try Placement.place(request, in: layout)
    } catch {
      #expect(throws: error) { try Placement.place(request, in: layout) }
      return
    }
    #expect(try Placement.place(request, in: layout) == placed)
    #expect(placed.count == request.count, "seed \(seed)")
    var after = layout
    for store in placed {
      let slots = after.slots(of: store.store)
      #expect(slots.count == request.pattern.count)
      #expect(slots.allSatisfy { after.store(of: $0.name) == nil && !request.excludedSlots.contains($0.name) })
      #expect(Set(slots.map(\.host)).count == slots.count)
      #expect(request.excludedHosts.isDisjoint(with: slots.map(\.host)))
      #expect(slots.map(\.location) == request.pattern)
      #expect(Set(slots.map(\.location)).count > 1 || request.allowsOneLocation)
      #expect(slots.allSatisfy { $0.name.kind == slots[0].name.kind && $0.group.dataSize >= slots[0].group.dataSize })
      after.append(store.store)
    }
    // What a check of the whole finds is nothing that was not there before, but what was allowed.
    let allowed: Set<LayoutRule> = [.oneDataCentre, .fewSlots, .pairLimit]
    let new = after.findings(pairLimit: request.pairLimit).filter { $0.line > layout.lines.count }
    #expect(new.allSatisfy { allowed.contains($0.rule) }, "\(new)")
    if let limit = request.pairLimit {
      let pairs = { (layout: FleetLayout) in Set(layout.findings(pairLimit: limit).filter { $0.rule == .pairLimit }) }
      #expect(pairs(after) == pairs(layout))
    }
  }
}

/// Fleets made up at random.
enum RandomFleet {
  /// A layout without errors, some slots of which are used.
  static func layout(_ random: inout SplitMix64) -> FleetLayout {
    var lines: [String] = []
    var address = 0
    for site in ["i", "ti", "si"] {
      for server in 1...(1 + random.below(4)) {
        let disks = random.chance(1, in: 3) ? ["d1", "d2"] : [""]
        for disk in disks {
          let kind = random.chance(1, in: 5) ? "u" : "t"
          let size = [500, 1000][random.below(2)]
          lines.append(
            "\(site)\(server)\(disk) \(server) \(kind)\(1 + random.below(6)) 0 \(size) e 10.0.\(address).1")
          address += 1
        }
      }
    }
    var layout = FleetLayout(parsing: Array(lines.map { $0 + "\n" }.joined().utf8))
    var number: UInt64 = 1
    for _ in 0..<random.below(8) {
      var slots: [SlotName] = []
      var hosts: Set<String> = []
      for group in layout.groups where random.chance(1, in: 3) {
        let slot = layout.slot(1 + UInt64(random.below(Int(group.count))), of: group)
        if layout.store(of: slot.name) == nil, hosts.insert(slot.host).inserted { slots.append(slot.name) }
      }
      if slots.isEmpty { continue }
      layout.append(FleetStore(number: number, masterLocation: "n", slots: slots))
      number += 1 + UInt64(random.below(3))
    }
    return layout
  }
}
