// Every record of files of every generation, compared with what is known of it.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@Suite struct RecordFileTests {
  @Test(arguments: RecordFile.all)
  func `a file holds the records that are listed for it`(_ file: RecordFile) throws {
    let listed = file.records
    #expect(!listed.isEmpty)
    let snapshot = try Database(path: file.path).snapshot(locking: .none)
    var records = snapshot.records()
    var count = 0
    while let record = try records.next() {
      guard count < listed.count else { break }
      #expect(record.copyOfKey() == listed[count].key)
      #expect(record.copyOfValue() == listed[count].value)
      count += 1
    }
    #expect(count == listed.count)
  }

  @Test(arguments: RecordFile.all)
  func `keys are what they are listed as`(_ file: RecordFile) {
    for record in file.records {
      let entry = MailboxEntry(key: record.key, value: record.value, form: file.form)
      func part(_ range: Range<Int>) -> String { utf8(Array(record.key[range])) }
      let name = record.text(file.form == .plain ? "name" : "dbname")
      let scope = record.text("scope")
      switch (entry.key.kind, record.text("kind")) {
      case (.name(let range), "name"):
        #expect(part(range) == name)
        #expect(entry.name.map(utf8) == .value(part(range)))
      case (.uniqueID(let range), "uniqueid"):
        // The list of 3.13 leaves out what stands in the key.
        #expect(file.name != "mailboxes" || part(range) == record.text("uniqueid"))
        #expect(entry.uniqueID.map(utf8) == .value(part(range)))
      case (.jmapID(let owner, let id), "jmapid"):
        #expect(part(owner) == record.text("owner") ?? "")
        #expect(part(id) == record.text("jmapid"))
        #expect(entry.jmapID.map(utf8) == .value(part(id)))
      case (.raclMarker, "racl-marker"), (.legacyRACLMarker, "legacy-racl-marker"),
        (.legacyRUNQMarker, "legacy-runq-marker"):
        break
      case (.racl(let found, let identifier, let range), "racl"),
        (.legacyRACL(let found, let identifier, let range), "legacy-racl"):
        #expect((found == .users ? "user-mailboxes" : "shared-mailboxes") == scope)
        #expect(part(identifier) == record.text("identifier"))
        #expect(part(range) == name)
      case (.userGroup(let left, let right), "usergroup"):
        #expect(part(left) == record.text("left"))
        #expect(part(right) == record.text("right"))
      case (.legacyRUNQ(let id, let range), "legacy-runq"):
        #expect(part(id) == record.text("uniqueid"))
        #expect(part(range) == name)
      default: Issue.record("\(record): \(entry.key.kind)")
      }
      #expect(entry.key.form == file.form)
      #expect(entry.key.isMailbox == (record.facts["record"] != nil))
    }
  }

  @Test(arguments: RecordFile.all)
  func `fields are what they are listed as`(_ file: RecordFile) {
    for record in file.records {
      guard let facts = record.facts["record"] as? [String: Any] else { continue }
      let expected = ListedFields(facts)
      let view = MailboxEntryView(key: record.key.rawSpan, value: record.value.rawSpan, form: file.form)
      // Only one list has the order of fields.
      #expect(ListedFields(view, hasOrder: expected.lines["fieldOrder"] != nil) == expected, "\(record)")
    }
  }

  @Test(arguments: RecordFile.all)
  func `nothing is wrong with them`(_ file: RecordFile) {
    for record in file.records {
      let issues = MailboxEntry(key: record.key, value: record.value, form: file.form).issues
      // One key has the separator that was written for two months.
      let expected = record.facts["oldSeparator"] != nil ? ["jid.oldSeparator"] : []
      #expect(issues.map(\.code) == expected, "\(record)")
    }
  }

  @Test(arguments: Seed.some(6))
  func `spoiled records are decoded, and what is said of them holds together`(_ seed: Seed) {
    var records = RecordFile.all.flatMap(\.records) + RecordFile.malformed.filter { $0.value.count < 1000 }
    var random = seed.generator(3000)
    random.shuffle(&records)
    var wrongCount = 0
    for record in records.prefix(150) {
      var (key, value) = (record.key, record.value)
      for _ in 0...random.below(3) { spoil(&value, &random) }
      if random.chance(1, in: 4) { spoil(&key, &random) }
      #expect(Decoding.contradictions(inKey: key, value: value) == [], "\(utf8(key)) \(utf8(value))")
      if !MailboxEntry(key: key, value: value, form: .prefixed).issues.isEmpty { wrongCount += 1 }
    }
    #expect(wrongCount > 50)
  }
}
