// What all stores hold, counted.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@testable import CyrusFleet

@Suite struct FleetInventoryTests {
  @Test func `stores are counted by their masters, and come to what each list holds`() throws {
    let folder = try LargeFleetFolder(
      LargeFleet(storeCount: 10, mailboxCount: 30, seed: 7, troubles: [3: .waiting, 4: .missing, 5: .damagedMaster]))
    var inventory = FleetInventory(folder.files) { 2_000_000_000 }
    inventory.groupings = [.partition]
    inventory.locking = .none
    inventory.jobs = 3
    let stores = inventory.stores(folder.layout.stores)
    #expect(stores.map(\.store) == (1...10).map { "store\($0)" })
    for (index, store) in stores.enumerated() {
      let path = folder.path + folder.fleet.stores[index][0].directory + "/mailboxes.db"
      let alone = try Database(path: path).inventory(by: [.user, .partition], locking: .none)
      #expect(store.inventory?.totals == alone.totals)
      #expect(store.inventory?.groupings == [.partition])
      #expect(store.userCount == alone.groups(by: .user).count { $0.name != nil && $0.counts.live > 0 })
      #expect(store.pendingLineCount == (index == 2 ? 2 : 0))
      #expect((store.oldestAge != nil) == (index == 2))
      #expect(store.problem == nil && store.usage == nil)
      #expect(((store.inventory?.damageCount ?? 0) > 0) == (index == 4))
    }
  }

  @Test func `a list that is not there hides no other`() throws {
    let folder = try LargeFleetFolder(LargeFleet(storeCount: 3, mailboxCount: 8, seed: 8, troubles: [2: .missing]))
    var files = folder.files
    files.masters = [try #require(SlotName(folder.fleet.stores[1][2].name))]
    let stores = FleetInventory(files) { 0 }.stores(folder.layout.stores)
    #expect(stores.map { $0.inventory != nil } == [true, false, true])
    #expect(stores[1].problem?.contains("No such file") == true)
    #expect(stores[1].pendingLineCount == nil || stores[1].pendingLineCount == 0)
  }

  @Test func `indexes tell what messages take, and those that cannot be read are counted`() throws {
    let folder = try LargeFleetFolder(LargeFleet(storeCount: 1, mailboxCount: 8, seed: 9))
    var inventory = FleetInventory(folder.files) { 0 }
    inventory.locking = .none
    inventory.asksIndexes = true
    func usage() throws -> MailboxUsage? { try #require(inventory.stores(folder.layout.stores).first).usage }
    let none = try #require(try usage())
    #expect(none.byteCount == nil && none.readCount == 0 && none.unreadCount >= 8)

    // The indexes of all mailboxes but one.
    let header = try #require(IndexFields(version: 17)).header(["quotaMailboxUsed": 1000])
    let slot = folder.fleet.stores[0][0]
    let ids = [RecordSelection.range(from: [0x49], prefix: [0x49])]
    let list = try Database(path: folder.path + slot.directory + "/mailboxes.db").records(ids, locking: .none)
    for index in 1..<list.count {
      let id = String(decoding: try list.record(at: index).copyOfKey().dropFirst(), as: UTF8.self)
      let path = "\(folder.path)/mnt/i1t01/uuid/\(id.prefix(1))/\(id.dropFirst().prefix(1))/\(id)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data(header).write(to: URL(filePath: path + "/cyrus.index"))
    }
    let some = try #require(try usage())
    #expect(some.readCount == UInt64(list.count - 1) && some.unreadCount == none.unreadCount - some.readCount)
    #expect(some.byteCount == 1000 * some.readCount)
    #expect(some.merging(none).byteCount == some.byteCount && none.merging(none).byteCount == nil)
  }
}
