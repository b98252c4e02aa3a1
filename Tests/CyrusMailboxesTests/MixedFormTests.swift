// Files with keys of both forms: what was left over is no mailbox, whoever asks.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@Suite struct MixedFormTests {
  /// A file of 3.4 that was upgraded, and then used by 3.4 again.
  private static let plain: CheckedStore = {
    var store = CheckedStore.plain
    store.records["Nuser/joe"] = "%(T e I joe0000000000001 P default V 1 C 2 F 3 M 1700000000 A %(joe lrswip))"
    store.records["Ijoe0000000000001"] = "%(T e N user/joe P default V 1 C 2 F 3 M 1700000000 A %(joe lrswip) H ())"
    store.records["AU|anyone|user/joe"] = ""
    store.records["Ncal"] = "%(T c I cal0000000000001 P default M 1700000000)"
    store.records["user.joe/x"] = "%(A %(joe lrs) I joe0000000000002 P default M 1700000000)"
    return store
  }()

  private static let leftOver = ["Nuser/joe", "Ijoe0000000000001", "AU|anyone|user/joe", "Ncal", "user.joe/x"]

  @Test func `what is left over in an old file is no mailbox for anybody`() throws {
    let store = Self.plain
    let file = try store.made()
    let inventory = try Database(path: file.path).inventory(by: [.user], locking: .none)
    #expect(inventory.totals.mailboxes == 3)
    #expect(inventory.records == UInt64(store.records.count))
    #expect(inventory.anomalies["file.mixedKeys"] == 1)
    let list = try MailboxList(try Database(path: file.path), locking: .none)
    #expect(list.form.keys == .plain)
    #expect(list.form.isMixed)
    #expect(try list.names.map(\.description) == ["shared", "user.joe", "user.joe.old"])
    let user = try MailboxList(
      try Database(path: file.path), selecting: .user(CheckedStore.bytes("joe")), locking: .none)
    let group = inventory.groups(by: .user).first { $0.name == CheckedStore.bytes("joe") }
    #expect(user.count == 2)
    #expect(group?.counts.mailboxes == 2)
    let report = try store.report()
    #expect(report.mailboxCount + report.tombstoneCount == 3)
    let preflight = try store.preflight(for: .v36)
    #expect(preflight.mailboxCount + preflight.tombstoneCount == 3)
    #expect(preflight.brief == Array(repeating: "damage preflight.invisible", count: 5))
  }

  @Test(arguments: leftOver)
  func `one record that is left over is told`(_ key: String) throws {
    var store = CheckedStore.plain
    store.records[key] = Self.plain.records[key]
    #expect(try store.report().brief == ["warning file.mixedKeys"])
    #expect(try store.preflight(for: .v36).brief == ["damage preflight.invisible"])
    let file = try store.made()
    let inventory = try Database(path: file.path).inventory(locking: .none)
    #expect(inventory.totals.mailboxes == 3)
    #expect(inventory.anomalies["file.mixedKeys"] == 1)
    let entry = MailboxEntry(
      key: CheckedStore.bytes(key), value: CheckedStore.bytes(store.records[key] ?? ""), form: .plain)
    #expect(entry.isForeign)
  }

  @Test func `mailboxes of an old file with names like new keys are none of these`() throws {
    let value = "%(A %(joe lrs) I joe0000000000002 P default M 1700000000)"
    for key in ["News", "Inbox", "Announce", "Jokes", "UGly", "user.joe", "Nuser.joe"] {
      let entry = MailboxEntry(key: CheckedStore.bytes(key), value: CheckedStore.bytes(value), form: .plain)
      #expect(!entry.isForeign, "\(key)")
    }
    let named = MailboxEntry(
      key: CheckedStore.bytes("user.joe"), value: CheckedStore.bytes("%(T e N user.joe M 1)"), form: .plain)
    #expect(!named.isForeign)
  }

  @Test func `bookkeeping that an upgrade left over makes no old file of a new one`() throws {
    for leftOver in [["$RACL"], ["$RUNQ", "$RUNQ$joe0000000000001$user.joe"], ["$RACL", "user.joe"]] {
      for hasReverseACLs in [true, false] {
        var store = CheckedStore.prefixed
        for key in leftOver { store.records[key] = CheckedStore.plain.records[key] }
        if !hasReverseACLs { for key in store.records.keys where key.hasPrefix("A") { store.records[key] = nil } }
        let file = try store.made()
        let list = try MailboxList(
          try Database(path: file.path), selecting: .user(CheckedStore.bytes("joe")), locking: .none)
        #expect(list.form.keys == .prefixed, "\(leftOver)")
        #expect(list.form.disagreementCount == leftOver.count)
        #expect(list.count == 2)
        #expect(try store.report().mailboxCount == 3)
      }
    }
  }
}
