// What an upgrade would do, one file for each.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@Suite struct PreflightTests {
  private static let old = [
    Spoiling("mailboxes of 2.4 have no unique ids", "warning preflight.needs-header", of: .plain) {
      $0.records["old"] = "0 default "
    },
    Spoiling("a tombstone without a unique id", "damage preflight.no-unique-id", of: .plain) {
      $0.records["old"] = "%(T d M 1)"
    },
    Spoiling("a remote mailbox without a unique id", "damage preflight.no-unique-id", of: .plain) {
      $0.records["old"] = "%(S elsewhere T r M 1)"
    },
    Spoiling("a number for the type", "damage preflight.numeric-type", of: .plain) {
      $0.records["old"] = "(uniqueid old0000000000002) 16 default "
    },
    Spoiling("a deleted calendar as 2.5 writes it", "damage preflight.type-aborts", of: .plain) {
      $0.records["old"] = "%(I old0000000000002 T dc M 1)"
    },
    Spoiling("a letter that nobody knows", "damage preflight.type-aborts", of: .plain) {
      $0.records["old"] = "%(I old0000000000002 T q M 1)"
    },
    Spoiling("NIL for a number", "damage preflight.nil-crashes", of: .plain) {
      $0.records["old"] = "%(I old0000000000002 V NIL M 1)"
    },
    Spoiling("NIL for rights", "damage preflight.nil-crashes", of: .plain) {
      $0.records["old"] = "%(A %(joe NIL) I old0000000000002 M 1)"
    },
    Spoiling("NIL for strings") { $0.records["Nold"] = "%(T e I NIL P NIL S NIL M 1)" },
    Spoiling("a value that is cut", "damage preflight.undecodable", of: .plain) {
      $0.records["old"] = "%(I old0000000000002 P def"
    },
    Spoiling("an empty value", "damage preflight.undecodable", of: .plain) { $0.records["old"] = "" },
    Spoiling("a name of 491 bytes", "warning preflight.name-too-long", of: .plain) {
      $0.records[String(repeating: "x", count: 491)] = "%(I old0000000000002 M 1)"
    },
    Spoiling("a name of 490 bytes", of: .plain) {
      $0.records[String(repeating: "x", count: 490)] = "%(I old0000000000002 M 1)"
    },
    Spoiling("a mark that is no number", "warning preflight.mark-version", of: .plain) { $0.records["$RACL"] = "x" },
    Spoiling("two mailboxes with a unique id", "damage preflight.duplicate-id", of: .plain) {
      $0.records["twin"] = "%(I shared0000000001 M 1)"
    },
    Spoiling("a literal", "note preflight.literal", of: .plain) {
      $0.records["old"] = "%(A %({3}\r\na%b lrs) I old0000000000002 M 1)"
    },
    Spoiling("a shared mailbox called News behind bookkeeping", of: .plain) {
      $0.records["News"] = "%(I old0000000000002 M 1)"
    },
    Spoiling("a shared mailbox called News", "damage preflight.taken-for-upgraded", of: .plain) { store in
      for key in store.records.keys where key.hasPrefix("$") { store.records[key] = nil }
      store.records["News"] = "%(I old0000000000002 M 1)"
    },
    Spoiling("keys in the old order", "warning preflight.key-order", of: .plain) {
      for name in ["shared.x", "shared-x"] { $0.records[name] = "%(I \(name.count)old0000000001 T d M 1)" }
      $0.order = .mbox
    },
    Spoiling("a name that only looks deleted, and is taken for user.joe", "damage preflight.renamed", of: .plain) {
      $0.records["DELETED.user.joe.nothex"] = "%(I old0000000000002 M 1)"
    },
    Spoiling("a deleted mailbox", of: .plain) {
      $0.records["DELETED.user.joe.6B029A94"] = "%(I old0000000000002 M 1)"
    },
    Spoiling("a record that an earlier upgrade left over", "damage preflight.invisible") {
      $0.records["user.kim"] = "0 default kim\tlrs\t"
    },
  ]

  @Test(arguments: old)
  func `what an upgrade would stumble over is found, and nothing else`(_ spoiling: Spoiling) throws {
    for release in UpgradeTarget.allCases {
      let report = try spoiling.store.preflight(for: release)
      #expect(report.brief == spoiling.expected, "\(report.findings)")
    }
  }

  @Test func `every rule is broken by some test`() {
    let broken = Set(Self.old.flatMap(\.expected).map { String($0.split(separator: " ")[1]) })
    #expect(Set(PreflightRule.allCases.map(\.rawValue)) == broken)
  }

  @Test(arguments: UpgradeTarget.allCases)
  func `3.6 alone aborts on notifications`(_ release: UpgradeTarget) throws {
    var store = CheckedStore.prefixed
    store.records["Nnotes"] = "%(T j I notes00000000001 M 1)"
    #expect(try store.preflight(for: release).brief == (release == .v36 ? ["damage preflight.type-aborts"] : []))
    store.records["Nnotes"] = "(uniqueid notes00000000001) 4 default "
    let message = try #require(try store.preflight(for: release).findings.first?.message)
    #expect(message.hasSuffix(release == .v36 ? "3.6 aborts on it" : "notifications"))
  }

  /// What 3.6.1 did with single records: those it aborted on or was killed by are the ones that are told.
  @Test(arguments: RecordFile.malformed)
  func `3.6 stumbles over what it is said to`(_ record: ListedRecord) throws {
    guard let outcome = (record.facts["cyrus361"] as? [String: Any])?["outcome"] as? String, !record.key.isEmpty else {
      return
    }
    let file = try MadeFile([(record.key, record.value)])
    let check = MailboxListCheck(form: record.key.starts(with: [UInt8(ascii: "N")]) ? .prefixed : .plain)
    guard check.form == .prefixed else { return }
    let report = try check.preflight(for: .v36, on: try Database(path: file.path).records(locking: .none))
    let isTold = report.findings.contains {
      let fatal: [PreflightRule] = [.typeAborts, .nilCrashes]
      return fatal.map(\.rawValue).contains($0.rule) || $0.message.hasSuffix("aborts on it")
    }
    #expect(isTold == (outcome == "fatal" || outcome.hasPrefix("killed")), "\(outcome) \(report.findings)")
  }

  @Test func `a file of 3.6 itself gives no offence`() throws {
    let file = try #require(RecordFile.all.first { $0.name == "mailboxes" })
    let list = try Database(path: file.path).records(locking: .none)
    #expect(try MailboxListCheck().preflight(for: .v36, on: list).findings == [])
  }
}
