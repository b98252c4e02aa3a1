// Which database a file is, from its name and from its records.

import CyrusDatabase
import CyrusMailboxes
import Testing

@Suite struct DatabaseKindTests {
  @Test(arguments: [
    ("/var/lib/cyrus/mailboxes.db", DatabaseKind.mailboxes), ("annotations.db", .annotations),
    ("spool/a/cyrus.annotations", .messageAnnotations), ("user/uuid/u/e/x/conversations.db", .conversations),
    ("user/j/joe.conversations", .conversations), ("joe.smith.seen", .seen), ("joe.sub", .subscriptions),
    ("sub.db", .subscriptions), ("statuscache.db", .statusCache), ("deliver.db", .deliver),
    ("tls_sessions.db", .tlsSessions), ("ptscache.db", .ptsCache), ("user_deny.db", .userDeny),
    ("joe.mboxkey", .mailboxKeys), ("zoneinfo.db", .zoneInfo), ("cyrus.indexed.db", .searchIndexed),
    ("backups.db", .backups),
  ])
  func `a name tells the kind`(_ path: String, _ kind: DatabaseKind) { #expect(DatabaseKind(path: path) == kind) }

  @Test(arguments: ["", "/", "copy.db", "mailboxes", "seen", ".seen", "seen.db.old", "mailboxes.db/x", "joe.counters"])
  func `other names tell nothing`(_ path: String) { #expect(DatabaseKind(path: path) == nil) }

  /// Kinds whose records are enough about them.
  private static let tellable: Set<DatabaseKind> = [
    .mailboxes, .annotations, .messageAnnotations, .conversations, .seen, .subscriptions, .quota, .statusCache,
    .deliver, .userDeny, .searchIndexed, .syncCache,
  ]

  @Test(arguments: RecordSample.written + RecordSample.described + RecordSample.wrong)
  func `a record is never taken for that of another kind`(_ sample: RecordSample) {
    let kind = DatabaseKind(records: [(sample.key, sample.value)])
    #expect(kind == nil || kind == sample.kind)
  }

  @Test(arguments: tellable.subtracting([.mailboxes]))
  func `some record of each kind tells it`(_ kind: DatabaseKind) {
    let samples = (RecordSample.written + RecordSample.described).filter { $0.kind == kind && $0.keyForm == .prefixed }
    #expect(samples.contains { DatabaseKind(records: [($0.key, $0.value)]) == kind })
  }

  @Test(arguments: RecordFile.all)
  func `the records of mailboxes tell the kind, and how keys are built`(_ file: RecordFile) {
    let records = file.records.map { (key: $0.key, value: $0.value) }
    #expect(DatabaseKind(records: Array(records.prefix(20))) == .mailboxes)
    let forms = records.lazy.compactMap { record in
      RecordDecoder.keyForm(of: .mailboxes, key: record.key.rawSpan, value: record.value.rawSpan)
    }
    #expect(forms.first ?? .plain == file.form)
    #expect(Set(forms).count <= 1)
  }

  @Test func `records of two kinds, odd ones and none tell nothing`() {
    #expect(DatabaseKind(records: []) == nil)
    #expect(DatabaseKind(records: [([0x61], [0x62])]) == nil)
    let seen = RecordSample.written.filter { $0.kind == .seen }[0]
    let deny = RecordSample.written.filter { $0.kind == .userDeny }[0]
    #expect(DatabaseKind(records: [(seen.key, seen.value)]) == .seen)
    #expect(DatabaseKind(records: [(seen.key, seen.value), (deny.key, deny.value)]) == nil)
  }
}
