// What is used: tables that somebody gives, and what masters' own files say.

import CyrusFleet
import Foundation
import TestSupport
import Testing

@Suite struct UsageTableTests {
  private let layout = FleetLayout(parsing: Array(MadeStores.layout.utf8))

  private func table(_ text: String) -> UsageTable { UsageTable(parsing: Array(text.utf8), for: layout) }

  /// All slots of a store, as full.
  private func slots(_ store: String, _ used: Int, _ capacity: Int = 1000) -> String {
    (MadeStores.slots[store] ?? []).map { "slot\t\($0)\t\(used)\t\(capacity)\n" }.joined()
  }

  @Test func `a table has slots, users and comments`() throws {
    let text =
      "# made\n\n" + slots("store23", 940) + "user\tstore23\talice\t12\r\nuser\tstore23\t#bob b\t30\theld\n"
    let table = table(text)
    #expect(table.problems.isEmpty)
    let (known, unknown) = table.stores(of: layout)
    #expect(known.map(\.store.name) == ["store23"] && unknown == ["store254", "store256"])
    #expect(known[0].slots == Array(repeating: SlotUsage(used: 940, capacity: 1000), count: 3))
    #expect(
      known[0].users == [UserUsage(name: "alice", size: 12), UserUsage(name: "#bob b", size: 30, isHeld: true)])
  }

  @Test(
    arguments: [
      ("host\tx\t1\t2", "line 1: expected slot or user, found 'host'"),
      ("slot\tsloti30t01\t1", "line 1: slot: expected 4 fields with tabs between them, found 3"),
      ("user store23 alice 1", "line 1: expected slot or user, found 'user store23 alice 1'"),
      ("slot\tsloti99t01\t1\t2", "line 1: slot: no line of the layout gives 'sloti99t01'"),
      ("slot\tsloti30t01\t-1\t2", "line 1: used: expected a number of bytes, found '-1'"),
      (
        "slot\tsloti30t01\t1\t18446744073709551616",
        "capacity: expected a number of bytes, found '18446744073709551616'"
      ),
      ("slot\tsloti30t01\t1\t0", "line 1: capacity: expected 1 or more, found 0"),
      ("user\tstore99\talice\t1", "line 1: store: the layout has no 'store99'"),
      ("user\tstore23\t\t1", "line 1: user: expected a name, found nothing"),
      ("user\tstore23\talice\t12k", "line 1: size: expected a number of bytes, found '12k'"),
      ("user\tstore23\talice\t", "line 1: size: expected a number of bytes, found ''"),
      ("user\tstore23\talice\t1\tlocked", "line 1: expected held or nothing, found 'locked'"),
      ("user\tstore23\talice\t1", "store23 has users (1), and no slot"),
      ("user\tstore23\talice\t1\nuser\tstore23\talice\t1", "line 2: alice comes twice"),
      ("user\tstore23\talice\t1\nuser\tstore256\talice\t1", "line 2: F01: alice is on two stores: store23, store256"),
      ("slot\tsloti30t01\t1\t2\nslot\tsloti30t01\t1\t2", "line 2: sloti30t01 comes twice"),
      ("slot\tsloti30t01\t1\t2", "no line has sloti15t03, which store23 has"),
      ("# \n\n\nx", "line 4: expected slot or user, found 'x'"),
    ])
  func `what is wrong is told with its line`(_ text: String, _ problem: String) {
    let problems = table(text).problems.map(\.description)
    #expect(problems.contains { $0.hasSuffix(problem) }, "\(problems)")
  }

  @Test func `bytes that are no text are told, and other lines are read`() {
    let bytes = Array("user\tstore23\t".utf8) + [0xFF, 0x09, 0x31, 0x0A] + Array(slots("store23", 1).utf8)
    let table = UsageTable(parsing: bytes, for: layout)
    #expect(table.problems.map(\.description) == ["line 1: is not UTF-8"])
    #expect(table.slots.count == 3)
  }

  @Test func `random bytes are read without harm`() {
    for seed in 0..<200 {
      var random = SplitMix64(seed: UInt64(seed))
      let words = ["slot", "user", "\t", "\t", "\n", "store23", "sloti30t01", "9", "held", "#", "\r"]
      let text = (0..<random.below(60)).map { _ in words[random.below(words.count)] }.joined()
      let table = table(text)
      #expect(table.stores(of: layout).known.allSatisfy { $0.slots.count == 3 }, "seed \(seed)")
    }
  }

  @Test func `a result tells what is left of the excess`() {
    let users = [("alice", 12), ("bob", 30), ("carol", 8), ("dave", 200), ("erin", 1), ("frank", 25)]
    let lines = users.map { "user\tstore23\t\($0.0)\t\($0.1)\n" }.joined()
    let table = table(slots("store23", 940) + slots("store254", 100) + slots("store256", 700) + lines)
    #expect(table.problems.isEmpty)
    var request = BalanceRequest()
    request.seed = 23
    let result = BalanceResult(table.stores(of: layout).known, request)
    #expect(result.busy.map(\.excessBefore) == [40] && result.busy.map(\.excessAfter) == [0])
    #expect(result.moves.map(\.user.name) == ["bob", "erin", "alice"] && result.movedSize == 43)
    #expect(!result.leavesExcess)
    request.userLimit = 1
    let limited = BalanceResult(table.stores(of: layout).known, request)
    #expect(limited.busy.map(\.excessAfter) == [10] && limited.leavesExcess)
    #expect(BalanceResult([]).busy.isEmpty)
  }
}

@Suite struct UsageReaderTests {
  private let folder: StoresFolder

  init() throws { folder = try StoresFolder() }

  private func quotas(_ records: [(String, String)]) throws {
    try folder.made.write(
      MadeStores.database(records.map { (Array($0.0.utf8), Array($0.1.utf8)) }),
      to: folder.made.configDirectory("sloti30t01", "store23") + "/quotas.db")
  }

  /// The index of a mailbox by its id.
  private func index(_ id: String, _ size: UInt64) throws {
    let fields = try #require(IndexFields(version: 17))
    let letters = Array(id)
    try folder.made.write(
      fields.header(["quotaMailboxUsed": size]),
      to: "\(folder.made.root)/mnt/i30t01/uuid/\(letters[0])/\(letters[1])/\(id)/cyrus.index")
  }

  @Test func `quotas are added up by user`() throws {
    try quotas([
      ("user.joe", "%(S (100 2000) M (3 -1))"), ("user.joe.Archive", "%(S (50 -1))"), ("user.first^last", "7 100"),
      ("example.com!user.ann", "%(S (9 -1))"), ("shared", "%(S (1000 -1))"),
    ])
    let reading = try UsageReader(folder.files).usage(of: folder.store("store23"), from: .quota)
    #expect(reading.problems.isEmpty)
    #expect(
      reading.usage.users == [
        UserUsage(name: "ann@example.com", size: 9), UserUsage(name: "first.last", size: 7),
        UserUsage(name: "joe", size: 150),
      ])
    #expect(
      reading.usage.slots == Array(repeating: SlotUsage(used: 1166, capacity: 1_000_000_000_000), count: 3))
  }

  @Test func `quotas that say nothing, and files that are not there, are told`() throws {
    try quotas([("user.joe", "x"), ("user.ann", "%(S (5 -1))"), ("user.max", "%(S (18446744073709551615 -1))")])
    let reading = try UsageReader(folder.files).usage(of: folder.store("store23"), from: .quota)
    #expect(reading.problems.count == 1)
    #expect(reading.problems[0].message.hasSuffix("user.joe: does not say what is used"))
    // More than fits is as much as fits.
    #expect(reading.usage.slots[0].used == .max)
    let error = #expect(throws: UnreadFile.self) {
      try UsageReader(folder.files).usage(of: folder.store("store256"), from: .quota)
    }
    #expect(error?.description.contains("quotas.db: No such file") == true)
  }

  @Test func `indexes are added up by user, deleted mailboxes for the slot alone`() throws {
    try folder.made.put(
      joe + [
        MadeMailbox("DELETED.user.joe.x.5F5E1000", "old-one"), MadeMailbox("shared", "sh-shared"),
        MadeMailbox("user.gone", "tombstone", type: "ed"),
      ], on: "sloti30t01", of: "store23")
    for (id, size) in [("joe-inbox", 1), ("joe-sent", 2), ("joe-calendar", 4), ("old-one", 8), ("sh-shared", 16)] {
      try index(id, UInt64(size))
    }
    var reading = try UsageReader(folder.files).usage(of: folder.store("store23"), from: .index)
    #expect(reading.problems.isEmpty)
    #expect(reading.usage.users == [UserUsage(name: "joe", size: 7)])
    #expect(reading.usage.fullest.used == 31)
    try FileManager.default.removeItem(atPath: "\(folder.made.root)/mnt/i30t01/uuid/j/o/joe-sent/cyrus.index")
    reading = try UsageReader(folder.files).usage(of: folder.store("store23"), from: .index)
    #expect(reading.problems.count == 1)
    #expect(reading.problems[0].message.contains("joe-sent/cyrus.index: user.joe.Sent: No such file"))
  }
}
