// Looking at a whole fleet: exactly what was planted is found, by one process or by many hosts.

import CyrusDatabase
import CyrusSync
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CyrusFleet

@Suite struct SweepTests {
  /// Two of each trouble, on stores with three slots and with two.
  private static let troubles = Dictionary(
    uniqueKeysWithValues: LargeFleet.Trouble.allCases.enumerated().flatMap { index, trouble in
      [(index * 20 + 3, trouble), (index * 20 + 15, trouble)]
    })

  @Test func `a sweep of 200 stores finds exactly what was planted`() throws {
    let folder = try LargeFleetFolder(
      LargeFleet(storeCount: 200, mailboxCount: 8, seed: 1, troubles: Self.troubles))
    #expect(folder.layout.slotCount == 560 && folder.layout.occupiedSlotCount == 560)
    let stores = folder.sweep(jobs: 2).conditions(of: folder.layout.stores)
    #expect(stores.map(\.store) == (1...200).map { "store\($0)" })
    var found: [Int: StoreCondition] = [:]
    for (index, store) in stores.enumerated() where store.status != .ok { found[index + 1] = store }
    #expect(found.keys.sorted() == Self.troubles.keys.sorted())
    for (number, trouble) in Self.troubles {
      let store = try #require(found[number])
      #expect(store.status == trouble.status, "store\(number) \(trouble): \(store.reason)")
      let slots = folder.fleet.stores[number - 1]
      let culprit = trouble == .damagedMaster ? slots[0] : try #require(slots.last)
      #expect(store.reason.contains(culprit.name), "store\(number) \(trouble): \(store.reason)")
      let unsound: Set<LargeFleet.Trouble> = [.damaged, .damagedMaster, .missing, .foreign]
      #expect(store.soundCount == slots.count - (unsound.contains(trouble) ? 1 : 0))
      #expect(store.driftCount == (trouble == .drifted ? 1 : 0), "store\(number) \(trouble): \(store.reason)")
    }
    for store in stores where store.status == .ok {
      #expect(store.reason.isEmpty && store.soundCount == store.slots.count)
      #expect(Set(store.slots.map { $0.contents?.digest }).count == 1)
    }
  }

  @Test func `the number of jobs makes no difference`() throws {
    let troubles = Dictionary(
      uniqueKeysWithValues: LargeFleet.Trouble.allCases.enumerated().map { ($0 * 3 + 1, $1) })
    let folder = try LargeFleetFolder(LargeFleet(storeCount: 30, mailboxCount: 8, seed: 2, troubles: troubles))
    let alone = folder.sweep(jobs: 1).conditions(of: folder.layout.stores)
    #expect(alone.count == 30)
    for jobs in [2, 5, 64] {
      let done = Mutex<Set<Int>>([])
      var sweep = folder.sweep(jobs: jobs)
      sweep.progress = { count, total in if total == 30 { _ = done.withLock { $0.insert(count) } } }
      #expect(Self.withoutAges(sweep.conditions(of: folder.layout.stores)) == Self.withoutAges(alone))
      #expect(done.withLock { $0 } == Set(1...30))
    }
    #expect(folder.sweep().conditions(of: folder.layout.stores.reversed() + folder.layout.stores).count == 30)
  }

  /// The files were written a moment ago, and by the clock of the tests that is any time.
  private static func withoutAges(_ stores: [StoreCondition]) -> [[SlotCondition]] {
    stores.map { store in
      store.slots.map { slot in
        var slot = slot
        for index in slot.channels.indices { slot.channels[index].oldestAge = nil }
        return slot
      }
    }
  }

  @Test func `what hosts find out each for itself comes to the same`() throws {
    let troubles = Dictionary(
      uniqueKeysWithValues: LargeFleet.Trouble.allCases.enumerated().map { ($0 * 2 + 1, $1) })
    let folder = try LargeFleetFolder(LargeFleet(storeCount: 20, mailboxCount: 8, seed: 3, troubles: troubles))
    let whole = folder.sweep().conditions(of: folder.layout.stores)
    let parts = LargeFleet.hosts.flatMap { host in
      folder.sweep(host: host).conditions(of: folder.layout.stores).flatMap(\.slots)
    }
    #expect(parts.count == folder.layout.occupiedSlotCount)
    #expect(parts.flatMap(\.channels).allSatisfy { $0.differences == nil })
    for store in whole {
      let merged = StoreCondition(store: store.store, slots: parts)
      #expect(merged.status == store.status, "\(store.store): \(store.reason) / \(merged.reason)")
      #expect(merged.slots.map(\.slot) == store.slots.map(\.slot))
      #expect(merged.pendingLineCount == store.pendingLineCount)
    }
  }

  @Test func `a store whose slots nobody knows, or which lie nowhere, is told of`() throws {
    let folder = try LargeFleetFolder(LargeFleet(storeCount: 1, mailboxCount: 8, seed: 4))
    let lines = "i9 9 t2 100 1000 e 10.1.0.1\nstore7 n 0 90 sloti9t01 sloti8t01\nstore8 n 0 90 slotx\n"
    let layout = FleetLayout(parsing: Array((folder.fleet.layout + lines).utf8))
    let stores = FleetSweep(FleetFiles(of: layout, below: folder.path)) { 0 }.conditions(of: layout.stores)
    #expect(stores.map(\.store) == ["store1", "store7"])
    #expect(stores[0].status == .ok)
    #expect(stores[1].status == .unreachable)
    #expect(
      stores[1].slots.map(\.problem) == [
        "no line of the layout gives it", "it has a drive for metadata, and no template says where",
      ])
    #expect(stores[1].slots.map(\.role) == [.replica, .master])
  }

  @Test func `another slot can be said to be master`() throws {
    let folder = try LargeFleetFolder(LargeFleet(storeCount: 1, mailboxCount: 8, seed: 5, troubles: [1: .drifted]))
    var files = folder.files
    files.masters = [try #require(SlotName(folder.fleet.stores[0][2].name))]
    let store = try #require(FleetSweep(files) { 0 }.conditions(of: folder.layout.stores).first)
    #expect(store.slots.filter { $0.role == .master }.map(\.slot) == [folder.fleet.stores[0][2].name])
    // Now both others have a mailbox that it has not.
    #expect(store.driftCount == 2)
  }

  @Test func `a second look is taken before drift is believed`() throws {
    let folder = try LargeFleetFolder(LargeFleet(storeCount: 1, mailboxCount: 8, seed: 6, troubles: [1: .drifted]))
    let slots = folder.fleet.stores[0]
    let pauses = Mutex(0)
    var sweep = folder.sweep(jobs: 1)
    let path = folder.path
    sweep.pause = {
      pauses.withLock { $0 += 1 }
      // The replica catches up meanwhile.
      let replica = path + slots[2].directory + "/mailboxes.db"
      try? FileManager.default.removeItem(atPath: replica)
      try? FileManager.default.copyItem(atPath: path + slots[0].directory + "/mailboxes.db", toPath: replica)
    }
    let store = try #require(sweep.conditions(of: folder.layout.stores).first)
    #expect(pauses.withLock { $0 } == 1)
    #expect(store.driftCount == 0)
  }
}
