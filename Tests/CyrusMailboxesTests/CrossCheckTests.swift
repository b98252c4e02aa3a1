// Every rule between records broken, each in a file of its own.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

/// One way to spoil a sound store, and what must be said of it.
struct Spoiling: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let expected: [String]
  var store: CheckedStore

  init(
    _ description: String, _ expected: String..., of store: CheckedStore = .prefixed,
    _ spoil: (inout CheckedStore) -> Void
  ) {
    testDescription = description
    self.expected = expected.sorted()
    self.store = store
    spoil(&self.store)
  }

  static let identities = [
    Spoiling("no record under the unique id", "damage mailboxes.missing-id-record") {
      $0.records["Ishared0000000001"] = nil
    },
    Spoiling("the record under the unique id is written a second later") {
      $0.replace("M 1700000000", with: "M 1700000001", in: "Ishared0000000001")
    },
    Spoiling("a mailbox without a unique id", "damage mailboxes.missing-id", "damage mailboxes.orphan-id-record") {
      $0.replace("I cal0000000000001", with: "I NIL", in: "Ncal")
    },
    Spoiling("a remote mailbox without a unique id", "note mailboxes.missing-id") {
      $0.records["Nfar"] = "%(T er S elsewhere M 1700000000)"
    },
    Spoiling("a record under a unique id without a mailbox", "damage mailboxes.orphan-id-record") {
      $0.records["Iorphan0000000001"] = "%(T e N nowhere M 1700000000 H ())"
    },
    Spoiling("a record under another unique id", "damage mailboxes.orphan-id-record") {
      $0.records["Iorphan0000000001"] = "%(T e N shared M 1700000000 H ())"
    },
    Spoiling(
      "two records under unique ids changed places", "damage mailboxes.id-record-differs",
      "damage mailboxes.id-record-differs", "damage mailboxes.orphan-id-record", "damage mailboxes.orphan-id-record"
    ) {
      let shared = $0.records["Ishared0000000001"]
      $0.records["Ishared0000000001"] = $0.records["Ical0000000000001"]
      $0.records["Ical0000000000001"] = shared
    },
    Spoiling("a tombstone under the unique id of a mailbox", "damage mailboxes.id-record-state") {
      $0.replace("T e", with: "T ed", in: "Ishared0000000001")
    },
    Spoiling("a mailbox under the unique id of a tombstone", "damage mailboxes.id-record-state") {
      $0.replace("T c", with: "T cd", in: "Ncal")
    },
    Spoiling("two mailboxes with a unique id", "damage mailboxes.duplicate-id", "damage mailboxes.id-record-differs") {
      $0.records["Ntwin"] = "%(T e I shared0000000001 P default V 1 M 1700000000 A %())"
    },
    Spoiling(
      "two mailboxes with a unique id, and no record under it",
      "damage mailboxes.duplicate-id", "damage mailboxes.missing-id-record", "damage mailboxes.missing-id-record"
    ) {
      $0.records["Ntwin"] = "%(T e I shared0000000001 P default V 1 M 1700000000 A %())"
      $0.records["Ishared0000000001"] = nil
    },
    Spoiling("many tombstones with the unique id of a mailbox") {
      for name in ["x", "y", "z"] { $0.records["N\(name)"] = "%(T ed I shared0000000001 M 1700000000)" }
    },
    Spoiling("no record under the JMAP id", "damage mailboxes.missing-jmap-record") { $0.records["Jjoe|Pjoe"] = nil },
    Spoiling("a JMAP id with a dot behind the owner", "warning jid.oldSeparator") {
      $0.records["Jjoe.Pjoe"] = $0.records["Jjoe|Pjoe"]
      $0.records["Jjoe|Pjoe"] = nil
    },
    Spoiling("the record under the JMAP id has another unique id", "damage mailboxes.jmap-record-differs") {
      $0.replace("I joe0000000000001", with: "I cal0000000000001", in: "Jjoe|Pjoe")
    },
    Spoiling("a record under a JMAP id without a mailbox", "damage mailboxes.orphan-jmap-record") {
      $0.records["Jjoe|Pno"] = "%(T e N nowhere I joe0000000000001 M 1700000000)"
    },
    Spoiling("a record under another JMAP id", "damage mailboxes.orphan-jmap-record") {
      $0.records["Jjoe|Pno"] = "%(T e N user/joe I joe0000000000001 M 1700000000)"
    },
    Spoiling("a record under the JMAP id for another owner", "damage mailboxes.orphan-jmap-record") {
      $0.records["Jkim|Pjoe"] = $0.records["Jjoe|Pjoe"]
    },
  ]

  static let fields = [
    "T e": "T a", "P default": "P other", "V 1": "V 2", "C 2": "C 3", "F 3": "F 4", "kim p": "kim i",
    "J Psha": "J Pshb", "P default ": "P default S elsewhere ", "T e ": "T el ",
  ].map { old, new in
    Spoiling("\(new) under the unique id, \(old) under the name", "damage mailboxes.id-record-differs") {
      $0.replace(old, with: new, in: "Ishared0000000001")
    }
  }

  static let reverse = [
    Spoiling("a reverse ACL entry is missing", "damage mailboxes.missing-reverse-acl") {
      $0.records["AU|anyone|user/joe"] = nil
    },
    Spoiling("somebody has no reverse ACL entry at all", "warning mailboxes.missing-reverse-acl") {
      $0.records["AS|joe|shared"] = nil
    },
    Spoiling("an administrator has none") {
      $0.records["AS|joe|shared"] = nil
      $0.check.admins = ["cyrus", "joe"]
    },
    Spoiling("an entry for a mailbox that is not there", "warning mailboxes.stale-reverse-acl") {
      $0.records["AS|joe|nowhere"] = ""
    },
    Spoiling("an entry for a tombstone", "warning mailboxes.stale-reverse-acl") {
      $0.records["AU|anyone|user/joe/old"] = ""
    },
    Spoiling("an entry for somebody without rights", "warning mailboxes.stale-reverse-acl") {
      $0.records["AS|kim|cal"] = ""
    },
    Spoiling("an entry for somebody who may not look", "warning mailboxes.stale-reverse-acl") {
      $0.records["AS|kim|shared"] = ""
    },
    Spoiling("an entry for the owner", "warning mailboxes.stale-reverse-acl") { $0.records["AU|joe|user/joe"] = "" },
    Spoiling(
      "an entry as if a user's mailbox were shared", "damage mailboxes.missing-reverse-acl",
      "warning mailboxes.stale-reverse-acl"
    ) {
      $0.records["AU|anyone|user/joe"] = nil
      $0.records["AS|anyone|user/joe"] = ""
    },
    Spoiling(
      "entries without the mark", "damage mailboxes.unmarked-reverse-acl", "damage mailboxes.unmarked-reverse-acl",
      "damage mailboxes.unmarked-reverse-acl"
    ) { $0.records["AS|"] = nil },
    Spoiling("an entry for a mailbox that cannot be decoded", "damage dlist.truncated") {
      $0.records["Nnew"] = "%(T e P def"
      $0.records["AS|joe|new"] = ""
    },
    Spoiling("an entry for an administrator") {
      $0.check.admins = ["joe"]
    },
    Spoiling("no mark and no entries") { store in
      for key in store.records.keys where key.hasPrefix("A") { store.records[key] = nil }
    },
    Spoiling("one side of a user and a group", "damage mailboxes.one-sided-user-group") {
      $0.records["UGgroup:team|kim"] = nil
    },
  ]

  static let alone = [
    Spoiling("a tombstone of eight days", "warning mailboxes.stale-tombstone") {
      $0.replace("M 1700000000", with: "M 1699308799", in: "Nuser/joe/old")
    },
    Spoiling("a tombstone of a week") { $0.replace("M 1700000000", with: "M 1699395200", in: "Nuser/joe/old") },
    Spoiling("a tombstone that is old by the clock", "warning mailboxes.stale-tombstone") {
      $0.check.now = 1_800_000_000
    },
    Spoiling("a value that is cut", "damage dlist.truncated") { $0.records["Nnew"] = "%(T e P def" },
    Spoiling(
      "an unknown right", "warning acl.unknownRight", "warning acl.unknownRight", "warning acl.unknownRight"
    ) {
      for key in ["Nshared", "Ishared0000000001", "J|Psha"] { $0.replace("kim p", with: "kim p_", in: key) }
    },
    Spoiling("a name with a backslash", "damage mailboxes.missing-id", "warning name.badByte") {
      $0.records["Nback\\slash"] = "%(T e M 1700000000)"
    },
    Spoiling("a unique id of two letters", "damage mailboxes.orphan-id-record", "warning id.unusual") {
      $0.records["Iab"] = "%(T e N shared M 1700000000 H ())"
    },
    Spoiling("one key of the old form", "warning file.mixedKeys", "warning key.oldGeneration") {
      $0.records["user.joe"] = "%(P default M 1700000000)"
    },
    Spoiling(
      "keys of the old form", "damage file.mixedKeys", "warning key.oldGeneration", "warning key.oldGeneration"
    ) {
      $0.records["user.joe"] = "%(P default M 1700000000)"
      $0.records["user.kim"] = "0 default kim\tlrs\t"
    },
    Spoiling("keys in the old order", "damage file.keyOrder") {
      for name in ["cal.x", "cal-x"] { $0.records["N\(name)"] = "%(T ed M 1700000000)" }
      $0.order = .mbox
    },
  ]

  static let older = [
    Spoiling("an entry under the unique id is missing", "damage mailboxes.missing-reverse-id", of: .plain) {
      $0.records["$RUNQ$old0000000000001$user.joe.old"] = nil
    },
    Spoiling("an entry under another unique id", "warning mailboxes.stale-reverse-id", of: .plain) {
      $0.records["$RUNQ$another000000001$shared"] = ""
    },
    Spoiling("an entry under a unique id for no mailbox", "warning mailboxes.stale-reverse-id", of: .plain) {
      $0.records["$RUNQ$another000000001$nowhere"] = ""
    },
    Spoiling("no mark of entries under unique ids", "warning mailboxes.stale-reverse-id", of: .plain) {
      $0.records["$RUNQ$another000000001$nowhere"] = ""
    },
    Spoiling("a reverse ACL entry is missing", "damage mailboxes.missing-reverse-acl", of: .plain) {
      $0.records["$RACL$S$anyone$shared"] = nil
    },
    Spoiling("somebody with a dollar has none", "warning mailboxes.missing-reverse-acl", of: .plain) {
      $0.records["$RACL$S$a$b$shared"] = nil
    },
    Spoiling("an entry for a mailbox that is not there", "warning mailboxes.stale-reverse-acl", of: .plain) {
      $0.records["$RACL$S$a$b$nowhere"] = ""
    },
    Spoiling("an entry for who may not look", "warning mailboxes.stale-reverse-acl", of: .plain) {
      $0.records["$RACL$S$kim$shared"] = ""
    },
    Spoiling("the same up to 3.2", of: .plain) {
      $0.records["$RACL$S$kim$shared"] = ""
      $0.records["$RACL"] = ""
    },
    Spoiling("no entry for who may not look up to 3.2", "warning mailboxes.missing-reverse-acl", of: .plain) {
      $0.records["$RACL"] = ""
    },
    Spoiling("two mailboxes with a unique id", "damage mailboxes.duplicate-id", of: .plain) {
      $0.records["twin"] = "%(A %() I shared0000000001 P default M 1700000000)"
      $0.records["$RUNQ$shared0000000001$twin"] = ""
    },
    Spoiling("a mailbox of 2.5 without a unique id", "warning mailboxes.missing-id", of: .plain) {
      $0.records["new"] = "%(A %() P default M 1700000000)"
    },
    Spoiling("a mailbox of 2.4", of: .plain) { $0.records["old"] = "0 default " },
    Spoiling("keys of the new form", "damage file.mixedKeys", of: .plain) {
      $0.records["Nuser/kim"] = "%(T e M 1700000000)"
      $0.records["Ikim0000000000001"] = "%(T e N user/kim M 1700000000)"
    },
    Spoiling("keys in the old order", "note file.keyOrder", of: .plain) {
      for name in ["shared.x", "shared-x"] { $0.records[name] = "%(T d M 1700000000)" }
      $0.order = .mbox
    },
  ]
}

extension Spoiling {
  static let all = identities + fields + reverse + alone + older + unreadable + times + odd
}

@Suite struct CrossCheckTests {
  @Test(arguments: [CheckedStore.prefixed, .plain])
  func `of a store in which all is well nothing is said`(_ store: CheckedStore) throws {
    let report = try store.report()
    #expect(report.findings == [])
    #expect(report.rules == [])
    #expect(report.isSound)
    #expect(report.isComplete)
    #expect(report.recordCount == store.records.count)
    #expect(report.mailboxCount == (report.form == .prefixed ? 3 : 2))
    #expect(report.tombstoneCount == 1)
    #expect(report.keyOrder == .raw)
  }

  @Test(arguments: Spoiling.all)
  func `a broken rule is found, and no other`(_ spoiling: Spoiling) throws {
    let report = try spoiling.store.report()
    #expect(report.brief == spoiling.expected, "\(report.findings)")
    #expect(report.isSound == !report.brief.contains { $0.hasPrefix("damage") })
    #expect(report.rules.reduce(0) { $0 + $1.count } == UInt64(report.findings.count))
    #expect(report.unlistedFindingCount == 0)
  }

  @Test func `every rule is broken by some test`() throws {
    let broken = Set(Spoiling.all.flatMap(\.expected).map { String($0.split(separator: " ")[1]) })
    #expect(Set(CrossCheckRule.allCases.map(\.rawValue)).subtracting(broken) == [CrossCheckRule.unreadable.rawValue])
  }

  @Test func `a finding has the place of its record`() throws {
    var store = CheckedStore.prefixed
    store.records["Ishared0000000001"] = nil
    try store.list { list in
      let finding = try #require(try store.check.report(on: list).findings.first)
      let indices = try (0..<list.count).filter { try list.record(at: $0).offset == finding.bytes.lowerBound }
      #expect(try indices.map { try list.record(at: $0).copyOfKey() } == [CheckedStore.bytes("Nshared")])
      #expect(!finding.bytes.isEmpty)
      #expect(finding.message.hasPrefix("Nshared: "))
    }
  }

  @Test func `many findings of a rule are counted, and damage among warnings is listed`() throws {
    var store = CheckedStore.prefixed
    for number in 0..<250 { store.records["AS|joe|no\(number)"] = "" }
    for number in 0..<130 { store.records["Nm\(number)"] = "%(T e M 1700000000 A %(joe lr))" }
    let report = try store.report()
    #expect(report.count(of: "mailboxes.stale-reverse-acl") == 250)
    #expect(report.count(of: "mailboxes.missing-reverse-acl") == 130)
    #expect(report.count(of: "mailboxes.missing-id") == 130)
    #expect(report.findings.count == 300)
    #expect(report.unlistedFindingCount == 210)
    #expect(report.damageCount == 260)
  }

  @Test(arguments: RecordFile.all)
  func `the files of all generations agree with themselves`(_ file: RecordFile) throws {
    var check = MailboxListCheck()
    check.admins = ["cyrus"]
    check.defaultDomain = "internal"
    let report = try check.report(on: try Database(path: file.path).records(locking: .none))
    let expected =
      switch file.name {
      // Put past the server's rules for names on purpose.
      case "mailboxes": Array(repeating: "warning name.badByte", count: 4) + ["warning name.notMutf7"]
      case "gen3-dlist-2.5-mboxsort": ["note file.keyOrder"]
      // One key is there with the old separator alone.
      case "gen7-dlist-3.13dev": ["damage mailboxes.orphan-jmap-record", "warning jid.oldSeparator"]
      default: [String]()
      }
    #expect(report.brief == expected)
    #expect(report.form == file.form)
    #expect(report.keyOrder == (file.name.hasSuffix("mboxsort") ? .mbox : .raw))
    #expect(report.recordCount == file.records.count)
  }

  @Test func `whatever stands in the records, they are checked to the end`() throws {
    for seed in Seed.some(6) {
      var random = seed.generator(4000)
      var records = (RecordFile.all.flatMap(\.records) + RecordFile.malformed).filter { $0.value.count < 1000 }
      random.shuffle(&records)
      let spoiled = records.prefix(200).map { record in
        var (key, value) = (record.key, record.value)
        if random.chance(1, in: 2) { spoil(&value, &random) }
        if random.chance(1, in: 8) { spoil(&key, &random) }
        return (key: key, value: value)
      }.filter { !$0.key.isEmpty }
      let file = try MadeFile(spoiled)
      for form in [MailboxKey.Form.plain, .prefixed, nil] {
        let list = try Database(path: file.path).records(locking: .none)
        let check = MailboxListCheck(form: form)
        let report = try check.report(on: list)
        #expect(report.recordCount == list.count)
        #expect(report.keyOrder == .raw)
        for release in UpgradeTarget.allCases { _ = try check.preflight(for: release, on: list) }
      }
    }
  }
}
