// Lists of mailboxes: against what is known of files of every generation, and against a plain look at every record.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@Suite struct MailboxListTests {
  // MARK: - Files of every generation

  @Test(arguments: RecordFile.all)
  func `all mailboxes are listed, in the order of database names`(_ file: RecordFile) throws {
    let listed = file.mailboxes
    #expect(!listed.isEmpty)
    let list = try MailboxList(try Database(path: file.path), locking: .none)
    #expect(list.form.keys == file.form)
    #expect(list.records.damageCount == 0)
    #expect(try list.names == listed.map(\.name).sorted())
    // From 3.6 on the file is in this order.
    #expect(list.isInFileOrder || file.form == .plain)
    for entry in try list.entries {
      let record = try #require(listed.first { $0.record.key == entry.keyBytes })
      let facts = try #require(record.record.facts["record"] as? [String: Any])
      var expected = ListedFields(facts)
      let fields = ListedFields(entry)
      // Only one list has the order of fields.
      if expected.lines["fieldOrder"] == nil { expected.lines["fieldOrder"] = fields.lines["fieldOrder"] }
      #expect(fields == expected, "\(record.name)")
    }
  }

  @Test(arguments: RecordFile.all)
  func `every mailbox is found by its name, and by its unique id`(_ file: RecordFile) throws {
    let database = try Database(path: file.path)
    let all = try MailboxList(database, locking: .none)
    let entries = try all.entries
    for (name, record) in file.mailboxes {
      let index = try #require(try all.index(of: name))
      #expect(entries[index].keyBytes == record.key)
      #expect(try keys(database, .name(name)) == [record.key])
      let entry = MailboxEntry(key: record.key, value: record.value, form: file.form)
      guard let id = entry.uniqueID.value, !entry.flags.contains(.deleted) else { continue }
      let found = try MailboxList(database, selecting: .uniqueID(id), states: [.live, .deletedDelayed], locking: .none)
      #expect(found.count == 1, "\(name)")
      #expect(try found.names == [name])
      // Only files without bookkeeping of ids are looked through.
      #expect(found.isScan == (found.form.generation ?? .text < .release33))
    }
    #expect(try all.index(of: MailboxName(internalName: "user.nobody.at.all")) == nil)
    #expect(try keys(database, .name(MailboxName(internalName: "user.nobody.at.all"))) == [])
    #expect(try keys(database, .uniqueID(Array("nosuchid".utf8))) == [])
  }

  @Test(arguments: RecordFile.all)
  func `the mailboxes of a user are those that the user owns`(_ file: RecordFile) throws {
    let database = try Database(path: file.path)
    let owners = Set(file.mailboxes.compactMap { $0.record.text("owner") })
    #expect(owners.count > 1)
    for owner in owners {
      let expected = file.mailboxes.filter { $0.record.text("owner") == owner }.map(\.name).sorted()
      let list = try MailboxList(database, selecting: .user(Array(owner.utf8)), locking: .none)
      #expect(try list.names == expected, "\(owner)")
      // Nothing else was even met.
      #expect(list.records.count == list.count)
    }
    for nobody in ["", "nobody", "joe@nowhere", "@", "jo", "a\u{1F}b"] {
      #expect(try keys(database, .user(Array(nobody.utf8))) == [], "\(nobody)")
    }
  }

  @Test(arguments: RecordFile.all)
  func `the mailboxes of a domain, of none and with a prefix are those that have it`(_ file: RecordFile) throws {
    let database = try Database(path: file.path)
    let domains = Set(file.mailboxes.map { $0.record.text("domain") ?? "" })
    for domain in domains.union(["nowhere.example"]) {
      let expected = file.mailboxes.filter { $0.record.text("domain") ?? "" == domain }.map(\.name).sorted()
      let list = try MailboxList(database, selecting: .domain(Array(domain.utf8)), locking: .none)
      #expect(try list.names == expected, "\(domain)")
    }
    for prefix in ["", "user\u{1F}", "user\u{1F}joe", "example.com", "example.com\u{1D}user", "s", "DELETED\u{1F}"] {
      let expected = file.mailboxes.map(\.name).filter { $0.databaseName.starts(with: prefix.utf8) }.sorted()
      let list = try MailboxList(database, selecting: .prefix(Array(prefix.utf8)), locking: .none)
      #expect(try list.names == expected, "\(prefix)")
    }
  }

  @Test(arguments: RecordFile.all)
  func `states part the mailboxes`(_ file: RecordFile) throws {
    let database = try Database(path: file.path)
    var count = 0
    for states in [MailboxStates.live, .deletedDelayed, .tombstones] {
      let list = try MailboxList(database, states: states, locking: .none)
      let expected = file.mailboxes.filter { mailbox in
        let type = (mailbox.record.facts["record"] as? [String: Any])?["mbtype"] as? [String: Any]
        let isTombstone = (type?["flags"] as? [String] ?? []).contains("deleted")
        let isDeleted = (mailbox.record.facts["deletedAt"] as? Int) != nil
        return states == (isTombstone ? .tombstones : isDeleted ? .deletedDelayed : .live)
      }
      #expect(try list.names == expected.map(\.name).sorted())
      count += list.count
    }
    #expect(count == file.mailboxes.count)
  }

  @Test func `a mailbox is found by its JMAP id`() throws {
    let file = try #require(RecordFile.all.first { $0.name.hasPrefix("gen7") })
    let database = try Database(path: file.path)
    var count = 0
    for record in file.records where record.text("kind") == "jmapid" {
      let id = Array(try #require(record.text("jmapid")).utf8)
      let name = MailboxEntry(key: record.key, value: record.value, form: .prefixed).name.value ?? []
      let found = try keys(database, .jmapID(id, owner: (record.text("owner")).map { Array($0.utf8) }))
      // One record has the separator of some weeks of development, and an id that its mailbox has not.
      #expect(found == (record.key.contains(0x1E) ? [Array("N".utf8) + name] : []))
      count += 1
    }
    #expect(count > 3)
    #expect(try keys(database, .jmapID(Array("none".utf8), owner: nil)) == [])
  }

  @Test func `a default domain means the same as none`() throws {
    let value = "%(T e I 0123456789abcdef P default M 1)"
    let file = try MadeFile([
      "Nuser\u{1F}joe": value, "Nhere\u{1D}user\u{1F}joe\u{1F}x": value, "Nthere\u{1D}user\u{1F}joe": value,
    ])
    let database = try Database(path: file.path)
    var settings = NameSettings()
    settings.defaultDomain = "here"
    for user in ["joe", "joe@here"] {
      let list = try MailboxList(
        database, selecting: .user(Array(user.utf8)), settings: settings, locking: .none)
      #expect(list.count == 2, "\(user)")
    }
    #expect(try MailboxList(database, selecting: .domain([]), settings: settings, locking: .none).count == 2)
    let all = try MailboxList(database, settings: settings, locking: .none)
    #expect(all.isInFileOrder == false)
  }

  @Test func `what only looks deleted is not the user's`() throws {
    let value = "%(T e I 0123456789abcdef P default M 1)"
    let file = try MadeFile([
      "Nuser\u{1F}joe": value, "NDELETED\u{1F}user\u{1F}joe\u{1F}x\u{1F}6B029A94": value,
      "NDELETED\u{1F}user\u{1F}joe\u{1F}nothex": value,
    ])
    let list = try MailboxList(try Database(path: file.path), selecting: .user(Array("joe".utf8)), locking: .none)
    #expect(list.count == 2)
    #expect(list.records.count == 3)
  }

  private func keys(_ database: Database, _ selection: MailboxSelection) throws -> [[UInt8]] {
    let list = try MailboxList(database, selecting: selection, locking: .none)
    return try list.entries.map(\.keyBytes)
  }

  // MARK: - Among all records

  @Test(arguments: RecordFile.all, [1, 2, 3])
  func `going through all records gives the same list`(_ file: RecordFile, _ threads: Int) throws {
    let database = try Database(path: file.path)
    let list = try MailboxList(database, locking: .none)
    guard let other = try MailboxList.amongAllRecords(of: database, locking: .none, threads: threads) else {
      #expect(file.form == .plain)
      return
    }
    #expect(other.hasAllRecords == true)
    #expect(other.records.count == file.records.count)
    #expect(other.form == list.form)
    #expect(try other.entries == list.entries)
    for (index, name) in try list.names.enumerated() { #expect(try other.index(of: name) == index) }
  }

  @Test func `a default domain, mixed keys and no mailboxes do not confuse who goes through all records`() throws {
    let value = "%(T e I 0123456789abcdef P default M 1)"
    let files = [
      ["Nuser\u{1F}joe": value, "Nhere\u{1D}user\u{1F}joe\u{1F}x": value, "A": "", "O": ""],
      ["Nuser\u{1F}joe": value, "Nuser\u{1F}joe\u{1F}x": value, "user.joe": "0 default joe\tlrs\t", "M": "", "Zz": ""],
      ["I0123456789abcdef": "%(T e N user\u{1F}joe P default M 1 H ())"], [:],
    ]
    var settings = NameSettings()
    for records in files {
      let file = try MadeFile(records)
      let database = try Database(path: file.path)
      for domain in ["", "here"] {
        settings.defaultDomain = domain
        let list = try MailboxList(database, settings: settings, locking: .none)
        guard
          let other = try MailboxList.amongAllRecords(of: database, settings: settings, locking: .none, threads: 2)
        else {
          #expect(domain != "" || list.form.keys == .plain)
          continue
        }
        #expect(domain.isEmpty)
        #expect(other.records.count == records.count)
        #expect(try other.entries == list.entries)
      }
    }
  }

  @Test(arguments: Seed.some(3))
  func `of a damaged file the same list comes of all records, or none`(_ seed: Seed) throws {
    var random = seed.generator(61)
    let sound = BulkTwoskipFile(seed: seed.number).bytes(of: MailboxRecords(mailboxCount: 150, seed: seed.number))
    let url = FileManager.default.temporaryDirectory.appending(path: "cyrus-list-\(UUID().uuidString).db")
    defer { try? FileManager.default.removeItem(at: url) }
    var (listCount, damagedCount) = (0, 0)
    for turn in 0..<150 {
      var bytes = sound
      for _ in 0..<turn % 3 { bytes[64 + random.below(bytes.count - 64)] = UInt8(random.below(256)) }
      if turn % 7 == 6 { bytes.removeLast(random.below(2000)) }
      try Data(bytes).write(to: url)
      let database = Database(path: url.path, engine: .twoskip)
      let list = try MailboxList(database, locking: .none)
      damagedCount += list.records.damageCount > 0 ? 1 : 0
      guard let other = try MailboxList.amongAllRecords(of: database, locking: .none, threads: 1 + turn % 3) else {
        continue
      }
      listCount += 1
      #expect(list.records.damageCount == 0)
      #expect(other.records.snapshot.state == list.records.snapshot.state)
      #expect(try other.entries == list.entries)
    }
    #expect(listCount > 20)
    #expect(damagedCount > 20)
  }

  // MARK: - Large files

  @Test func `only the mailboxes of a user are met in a large file`() throws {
    let records = MailboxRecords(mailboxCount: 20_000, seed: 7)
    let url = FileManager.default.temporaryDirectory.appending(path: "cyrus-list-\(UUID().uuidString).db")
    defer { try? FileManager.default.removeItem(at: url) }
    try Data(BulkTwoskipFile(seed: 7).bytes(of: records)).write(to: url)
    let database = try Database(path: url.path)
    let all = try MailboxList(database, locking: .none)
    #expect(all.count == records.nameCount)
    #expect(all.isInFileOrder == true)
    var byOwner: [[UInt8]: [MailboxName]] = [:]
    for name in try all.names { byOwner[name.owner ?? [], default: []].append(name) }
    #expect(byOwner.count > 100)
    for (owner, names) in byOwner.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }).dropFirst().prefix(50) {
      let list = try MailboxList(database, selecting: .user(owner), locking: .none)
      #expect(try list.names == names)
      #expect(list.records.count == names.count)
      #expect(list.isScan == false)
    }
    let inventory = try database.inventory(by: [.user], locking: .none)
    #expect(inventory.totals.mailboxes == UInt64(all.count))
    #expect(inventory.totals.tombstones == UInt64(records.tombstoneCount))
    #expect(inventory.groups(by: .user).count == byOwner.count)
  }
}

extension RecordFile {
  /// The records of mailboxes under their names.
  var mailboxes: [(name: MailboxName, record: ListedRecord)] {
    records.filter { $0.text("kind") == "name" }.map { record in
      if form == .prefixed { return (MailboxName(databaseName: Array(record.key.dropFirst()).rawSpan), record) }
      return (MailboxName(internalName: record.key.rawSpan), record)
    }
  }
}

extension MailboxList {
  /// All mailboxes, kept.
  var entries: [MailboxEntry] {
    get throws {
      var entries: [MailboxEntry] = []
      for index in 0..<count {
        let record = try record(at: index)
        entries.append(MailboxEntry(key: record.copyOfKey(), value: record.copyOfValue(), form: form.keys))
      }
      return entries
    }
  }

  /// The names of all mailboxes.
  var names: [MailboxName] {
    get throws {
      var names: [MailboxName] = []
      for index in 0..<count {
        let entry = try entry(at: index)
        if let name = entry.nameInKey(settings) { names.append(MailboxName(name)) }
      }
      return names
    }
  }
}
