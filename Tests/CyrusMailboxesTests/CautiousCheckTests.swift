// What a check must not say: that something is wrong which only cannot be read, or which Cyrus itself makes so.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

extension Spoiling {
  /// Of what a broken record does not say nothing follows.
  static let unreadable = [
    Spoiling("the record under a name is cut", "damage dlist.truncated") { $0.records["Nuser/joe"] = "%(T e" },
    Spoiling("the record under a name of 3.4 is cut", "damage dlist.truncated", of: .plain) {
      $0.records["user.joe"] = "%(A %(joe lr"
    },
    Spoiling(
      "the record under a name is cut behind another unique id", "damage dlist.truncated",
      "damage mailboxes.orphan-id-record"
    ) { $0.records["Nshared"] = "%(T e I other00000000001 P def" },
    Spoiling("the record under a name is cut, and that under its unique id a tombstone", "damage dlist.truncated") {
      $0.records["Nuser/joe"] = "%(I joe0000000000001 T e"
      $0.replace("T e ", with: "T ed ", in: "Ijoe0000000000001")
    },
    Spoiling("a list for the unique id", "damage field.notString") {
      $0.replace("I joe0000000000001", with: "I (x)", in: "Nuser/joe")
    },
    Spoiling("who may see a mailbox that is cut, by a name with a dollar", "damage dlist.truncated", of: .plain) {
      $0.records["shared"] = "%(A %(anyone lrs a$b r kim p) I shared0000000001 P def"
    },
  ]

  static let times = [
    Spoiling("records that are written in the far future by the clock") {
      $0.replace("M 1700000000", with: "M 9223372036854775", in: "Ncal")
      $0.replace("M 1700000000", with: "M 9223372036854775", in: "Ical0000000000001")
      $0.check.clock = 1_700_000_000
    },
    Spoiling("a tombstone that is old by records of today", "warning mailboxes.stale-tombstone") {
      $0.replace("M 1700000000", with: "M 1699308799", in: "Nuser/joe/old")
      $0.check.clock = 1_700_000_000
    },
    Spoiling("a tombstone that is old by the clock alone") { $0.check.clock = 1_800_000_000 },
    Spoiling("a record of tomorrow by the clock") {
      $0.replace("M 1700000000", with: "M 1700086400", in: "Ncal")
      $0.check.clock = 1_700_000_000
    },
  ]

  private static let value = "P default V 1 C 2 F 3 M 1700000000 A %(joe lrs kim lr)"

  /// Cyrus reads these names otherwise than they are written, and keeps its reverse ACLs under what it read.
  static let odd = [
    Spoiling("a name that only looks deleted", "warning name.deletedSuffix") {
      $0.records["NDELETED/user/joe/nothex"] = "%(T e I old0000000000001 J NIL \(value))"
      $0.records["Iold0000000000001"] = "%(T e N DELETED/user/joe/nothex J NIL \(value) H ())"
    },
    Spoiling("a time of deletion in small letters") {
      $0.records["NDELETED/user/joe/x/6b029a94"] = "%(T e I old0000000000001 J NIL \(value))"
      $0.records["Iold0000000000001"] = "%(T e N DELETED/user/joe/x/6b029a94 J NIL \(value) H ())"
    },
    Spoiling("a deleted mailbox without its entry", "warning mailboxes.missing-reverse-acl") {
      $0.records["NDELETED/user/joe/x/6B029A94"] = "%(T e I old0000000000001 J NIL \(value))"
      $0.records["Iold0000000000001"] = "%(T e N DELETED/user/joe/x/6B029A94 J NIL \(value) H ())"
    },
    Spoiling("a name of 5000 bytes", "note mailboxes.unchecked-reverse-acl", "warning name.tooLong") {
      let name = String(repeating: "x", count: 5000)
      $0.records["N\(name)"] = "%(T e I long000000000001 J NIL \(value))"
      $0.records["Ilong000000000001"] = "%(T e N \(name) J NIL \(value) H ())"
      $0.records["AS|joe|\(name)"] = ""
    },
    Spoiling(
      "who has no entry but one of before an upgrade", "warning file.mixedKeys", "warning key.oldGeneration",
      "warning mailboxes.missing-reverse-acl"
    ) {
      $0.records["AS|joe|shared"] = nil
      $0.records["$RACL$S$joe$shared"] = ""
    },
    Spoiling("the mark of before an upgrade", "warning file.mixedKeys", "warning key.oldGeneration") {
      $0.records["$RACL"] = "3"
    },
  ]
}

@Suite(.timeLimit(.minutes(30))) struct CautiousCheckTests {
  @Test func `a long name with a long ACL is checked in time`() throws {
    var store = CheckedStore.prefixed
    let name = String(repeating: "x", count: 30_000)
    let acl = (0..<30_000).map { "u\($0) lr" }.joined(separator: " ")
    store.records["N\(name)"] = "%(T e I long000000000001 M 1700000000 A %(\(acl)))"
    #expect(try store.report().count(of: "mailboxes.unchecked-reverse-acl") == 1)
  }

  @Test func `an entry for a mailbox that is not there is stale beside one that cannot be decoded`() throws {
    var store = CheckedStore.plain
    store.records["shared"] = "%(A %(anyone lrs a$b r kim p) I shared0000000001 P def"
    store.records["$RACL$S$a$b$nowhere"] = ""
    #expect(try store.report().brief == ["damage dlist.truncated", "warning mailboxes.stale-reverse-acl"])
  }
}
