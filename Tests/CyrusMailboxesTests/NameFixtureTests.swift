// Names of real and composed files, against what is written down about each.

import Testing

@testable import CyrusMailboxes

@Suite struct NameFixtureTests {
  @Test(arguments: RecordFile.all)
  func `the names of a file mean what is written down`(_ file: RecordFile) throws {
    var count = 0
    for record in file.records {
      guard let text = record.text("name") else { continue }
      let name = MailboxName(internalName: text)
      #expect(name.internalName == utf8(text))
      if let dbname = record.text("dbname") {
        #expect(name.databaseName == utf8(dbname))
        #expect(MailboxName(databaseName: utf8(dbname).rawSpan) == name)
      }
      guard record.text("kind") == "name" else { continue }
      count += 1
      #expect(record.key == (file.form == .plain ? name.internalName : utf8("N") + name.databaseName))
      #expect(name.owner == record.text("owner").map(utf8))
      #expect(name.domain == record.text("domain").map(utf8))
      #expect(name.deletedAt == record.facts["deletedAt"] as? UInt64)
      #expect(name.components == (record.facts["components"] as? [String])?.map(utf8))
    }
    #expect(count >= 20)
  }

  @Test func `real names sort as the file they are in`() throws {
    let file = try #require(RecordFile.all.first { $0.name == "mailboxes" })
    let names = file.records.filter { $0.text("kind") == "name" }
      .map { MailboxName(databaseName: Array($0.key.dropFirst()).rawSpan) }
    #expect(names.count == 131 && names.sorted() == names)
  }

  @Test func `of the real names only those are odd that were forced in`() throws {
    let file = try #require(RecordFile.all.first { $0.name == "mailboxes" })
    var odd: [String: [String]] = [:]
    for record in file.records where record.text("kind") == "name" {
      let issues = issues(inKey: record.key)
      if !issues.isEmpty { odd[record.text("name") ?? ""] = issues.map(\.code) }
    }
    #expect(
      odd == [
        "user.odd.100% sure": ["name.badByte"], "user.odd.back\\slash": ["name.badByte"],
        "user.odd.brace{5}": ["name.badByte"], "user.odd.quote\"x": ["name.badByte"],
        "user.odd.uml\u{E4}ut": ["name.notMutf7"],
      ])
  }

  private static func code(expectedOf record: ListedRecord) -> String {
    (record.facts["expect"] as? [String: Any])?["code"] as? String ?? ""
  }

  @Test(arguments: RecordFile.malformed.filter { code(expectedOf: $0).hasPrefix("name.") })
  func `an odd name is reported as written down`(_ record: ListedRecord) throws {
    let issues = issues(inKey: record.key)
    #expect(issues.map(\.code) == [Self.code(expectedOf: record)])
    #expect(issues.allSatisfy { !$0.isError && $0.isInKey && $0.bytes.upperBound <= record.key.count })
  }

  @Test func `names without anything wrong are not reported`() {
    let sound = RecordFile.malformed.filter {
      !Self.code(expectedOf: $0).hasPrefix("name.") && $0.key.first == UInt8(ascii: "N") && $0.key.count > 1
    }
    #expect(sound.count > 20)
    for record in sound { #expect(issues(inKey: record.key) == [], "\(record.testDescription)") }
  }

  /// What is wrong with the name in a key that starts with `N`.
  private func issues(inKey key: [UInt8]) -> [DecodingIssue] {
    MailboxNameView(key.rawSpan.extracting(droppingFirst: 1), form: .database).issues(at: 1)
  }
}
