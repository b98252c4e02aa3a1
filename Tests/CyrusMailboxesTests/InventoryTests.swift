// What files hold, counted: against their lists, and piece by piece.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@Suite struct InventoryTests {
  @Test(arguments: RecordFile.all)
  func `every mailbox is counted once, and in the right group`(_ file: RecordFile) throws {
    let inventory = try Database(path: file.path).inventory(by: Set(InventoryGrouping.allCases), locking: .none)
    let mailboxes = file.mailboxes
    #expect(inventory.records == UInt64(file.records.count))
    #expect(inventory.totals.mailboxes == UInt64(mailboxes.count))
    #expect(inventory.damageCount == 0)
    for grouping in InventoryGrouping.allCases where grouping != .aclIdentifier {
      var expected: [String?: UInt64] = [:]
      for mailbox in mailboxes { expected[text(grouping, mailbox.record), default: 0] += 1 }
      var found: [String?: UInt64] = [:]
      for group in inventory.groups(by: grouping) {
        found[group.name.map { String(decoding: $0, as: UTF8.self) }] = group.counts.mailboxes
      }
      #expect(found == expected, "\(grouping)")
      let sum = inventory.groups(by: grouping).reduce(MailboxCounts()) { $0.merging($1.counts) }
      #expect(sum == inventory.totals)
    }
    var identifiers: [String: UInt64] = [:]
    for mailbox in mailboxes {
      let acl = fields(mailbox.record)["acl"] as? [[String]] ?? []
      for identifier in Set(acl.compactMap(\.first)) { identifiers[identifier, default: 0] += 1 }
    }
    for group in inventory.groups(by: .aclIdentifier) {
      guard let name = group.name else { continue }
      #expect(group.counts.mailboxes == identifiers.removeValue(forKey: String(decoding: name, as: UTF8.self)))
    }
    #expect(identifiers.isEmpty)
  }

  @Test(arguments: RecordFile.all)
  func `times, modseqs, depth and states are those of the records`(_ file: RecordFile) throws {
    let totals = try Database(path: file.path).inventory(locking: .none).totals
    let facts = file.mailboxes.map { fields($0.record) }
    #expect(totals.newestMtime == facts.compactMap { $0["mtime"] as? Int64 }.max())
    #expect(totals.oldestMtime == facts.compactMap { $0["mtime"] as? Int64 }.min())
    #expect(totals.folderModseqMax == facts.compactMap { UInt64($0["foldermodseq"] as? String ?? "") }.max())
    #expect(totals.createdModseqMax == facts.compactMap { UInt64($0["createdmodseq"] as? String ?? "") }.max())
    #expect(totals.depthMax == file.mailboxes.map(\.name.depth).max())
    func count(_ flag: String) -> UInt64 {
      UInt64(facts.count { (($0["mbtype"] as? [String: Any])?["flags"] as? [String] ?? []).contains(flag) })
    }
    #expect(totals.tombstones == count("deleted"))
    #expect(totals.remote == count("remote"))
    #expect(totals.moving == count("moving"))
    #expect(totals.intermediate <= count("intermediate"))
    #expect(totals.reserved <= count("reserve"))
  }

  @Test func `in whatever order inventories are merged, the outcome is the same`() throws {
    let all = try RecordFile.all.map {
      try Database(path: $0.path).inventory(by: Set(InventoryGrouping.allCases), locking: .none)
    }
    let nothing = Inventory(by: Set(InventoryGrouping.allCases))
    let forward = all.reduce(nothing) { $0.merging($1) }
    let backward = all.reversed().reduce(nothing) { $1.merging($0) }
    #expect(forward == backward)
    #expect(forward.hashValue == backward.hashValue)
    for index in 0..<all.count - 2 {
      let (a, b, c) = (all[index], all[index + 1], all[index + 2])
      #expect(a.merging(b).merging(c) == a.merging(b.merging(c)))
      #expect(a.merging(b) == b.merging(a))
      #expect(a.merging(nothing) == a)
    }
    #expect(forward.totals.mailboxes == all.map(\.totals.mailboxes).reduce(0, +))
    #expect(forward.groupings == Set(InventoryGrouping.allCases))
    // A grouping that one of them does not have is not the whole truth.
    #expect(forward.merging(Inventory(by: [.user])).groupings == [.user])
  }

  @Test func `the biggest users come first`() throws {
    var records: [String: String] = [:]
    for (user, count) in [("ann", 3), ("bob", 5), ("cid", 3), ("dan", 1)] {
      for number in 0..<count { records["Nuser\u{1F}\(user)\u{1F}\(number)"] = "%(T e I 0123456789abcdef P p M 1)" }
      records["Nuser\u{1F}\(user)\u{1F}gone"] = "%(T ed I 0123456789abcdef M 1)"
    }
    let file = try MadeFile(records)
    let inventory = try Database(path: file.path).inventory(by: [.user], locking: .none)
    let biggest = inventory.biggest(.user, count: 3)
    #expect(biggest.map { utf8($0.name ?? []) } == ["bob", "ann", "cid"])
    #expect(biggest.map(\.counts.live) == [5, 3, 3])
    #expect(biggest.map(\.counts.tombstones) == [1, 1, 1])
    #expect(inventory.biggest(.domain, count: 3).isEmpty)
    #expect(inventory.groups(by: .user).map { utf8($0.name ?? []) } == ["ann", "bob", "cid", "dan"])
  }

  @Test func `anomalies are counted by code`() throws {
    let good = "%(T e I 0123456789abcdef P p M 1)"
    let file = try MadeFile([
      "Nuser\u{1F}joe": good, "Nuser\u{1F}joe\u{1F}a": "%(T e I 0123456789abcdef P p M x)",
      "Nuser\u{1F}joe\u{1F}b": "%(T e", "Nuser\u{1F}joe\u{1F}": good, "user.ann": good, "user.bob": good, "zzz": "?",
    ])
    let inventory = try Database(path: file.path).inventory(locking: .none)
    #expect(inventory.anomalies["field.number"] == 1)
    #expect(inventory.anomalies["dlist.truncated"] == 1)
    #expect(inventory.anomalies["name.emptyComponent"] == 1)
    #expect(inventory.anomalies["key.oldGeneration"] == 2)
    #expect(inventory.anomalies["key.unknown"] == 1)
    #expect(inventory.anomalies["file.mixedKeys"] == 1)
    #expect(inventory.totals.mailboxes == 4)
    #expect(inventory.records == 7)
  }

  @Test func `what a record under an id says again is not counted again`() throws {
    let id = "0123456789abcdef"
    let file = try MadeFile([
      "Nuser\u{1F}joe": "%(T e I \(id) P p M x)", "I\(id)": "%(T e N user\u{1F}joe P p M x)", "I": "%(T e M 1)",
    ])
    let inventory = try Database(path: file.path).inventory(locking: .none)
    #expect(inventory.records == 3)
    #expect(inventory.totals.mailboxes == 1)
    // That of the name, and that of a key which is no id.
    #expect(inventory.anomalies["field.number"] == 1)
    #expect(inventory.anomalies.keys.contains { $0.hasPrefix("key.") })
  }

  @Test func `a mailbox whose state cannot be read is in none`() throws {
    for (key, value) in [
      ("Nuser\u{1F}joe", "%(T (x) I 0123456789abcdef P p M 1)"), ("Nuser\u{1F}joe", "%(I 0123456789abcdef P p"),
      ("Nuser\u{1F}joe", "x default a\tl\t"), ("NDELETED\u{1F}user\u{1F}joe\u{1F}6B029A94", "%(I 01234"),
    ] {
      let file = try MadeFile([key: value, "Nuser\u{1F}ann": "%(T e I 0123456789abcdef P p M 1)"])
      let totals = try Database(path: file.path).inventory(locking: .none).totals
      #expect(totals.mailboxes == 2)
      #expect(totals.live == 1)
      #expect(totals.unreadable == 1)
      let live = try MailboxList(try Database(path: file.path), states: .live, locking: .none)
      let unreadable = try MailboxList(try Database(path: file.path), states: .unreadable, locking: .none)
      #expect(live.count == 1)
      #expect(unreadable.count == 1)
    }
  }

  @Test func `the same mailboxes with the same fields as Cyrus lists`() throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/mailboxes/mailboxes.ctl_mboxlist.json").standardized
    let listed = try #require(try JSONSerialization.jsonObject(with: try Data(contentsOf: url)) as? [String: Any])
    let file = try #require(RecordFile.all.first { $0.name == "mailboxes" })
    let list = try MailboxList(try Database(path: file.path), locking: .none)
    #expect(listed.count == list.count)
    for (entry, mailbox) in zip(try list.entries, try list.names) {
      let name = utf8(mailbox.internalName)
      let facts = try #require(listed[name] as? [String: Any], "\(name)")
      #expect(facts["mbtype"] as? String == entry.storedText(of: .type).value.map(utf8))
      #expect(facts["uniqueid"] as? String == entry.uniqueID.value.map(utf8))
      #expect(facts["partition"] as? String == entry.partition.value.map(utf8))
      #expect(facts["mtime"] as? String == entry.mtime.value.map { "\($0)" })
      #expect(facts["uidvalidity"] as? String == "\(entry.uidValidity.value ?? 0)")
      #expect(facts["createdmodseq"] as? String == "\(entry.createdModseq.value ?? 0)")
      #expect(facts["foldermodseq"] as? String == "\(entry.folderModseq.value ?? 0)")
      var acl: [String: String] = [:]
      for item in entry.acl.value ?? ACL() { acl[utf8(Array(item.identifier))] = utf8(Array(item.rights)) }
      #expect(facts["acl"] as? [String: String] ?? [:] == acl)
    }
  }

  private func fields(_ record: ListedRecord) -> [String: Any] { record.facts["record"] as? [String: Any] ?? [:] }

  private func text(_ grouping: InventoryGrouping, _ record: ListedRecord) -> String? {
    switch grouping {
    case .user: record.text("owner")
    case .domain: record.text("domain")
    case .partition: fields(record)["partition"] as? String
    case .server: fields(record)["server"] as? String
    case .type: (fields(record)["mbtype"] as? [String: Any])?["kind"] as? String
    case .aclIdentifier: nil
    }
  }
}
