// Single keys, and what they stand for.

import CyrusMailboxes
import Testing

/// A key, what it stands for, and what is wrong with it.
struct KeyCase: Sendable, CustomTestStringConvertible {
  let key: String
  var value = ""
  let kind: MailboxKey.Kind
  /// The form of the key; that of the file unless it is a left-over.
  var form: MailboxKey.Form?
  var codes: [String] = []

  var testDescription: String { key.debugDescription + (value.isEmpty ? "" : " with \(value.debugDescription)") }
}

@Suite struct MailboxKeyTests {
  static let plain = [
    KeyCase(key: "user.joe", kind: .name(0..<8)),
    KeyCase(key: "Notes", kind: .name(0..<5)),
    KeyCase(key: "Archive.2024", kind: .name(0..<12)),
    KeyCase(key: "$RACL", kind: .legacyRACLMarker),
    KeyCase(key: "$RACL", value: "3", kind: .legacyRACLMarker),
    KeyCase(key: "$RACL", value: "3x", kind: .legacyRACLMarker, codes: ["racl.value"]),
    KeyCase(key: "$RACL$U$joe$user.ann", kind: .legacyRACL(.users, identifier: 8..<11, name: 12..<20)),
    KeyCase(key: "$RACL$S$anyone$news", kind: .legacyRACL(.shared, identifier: 8..<14, name: 15..<19)),
    KeyCase(key: "$RACL$S$a$b$news", kind: .legacyRACL(.shared, identifier: 8..<9, name: 10..<16)),
    KeyCase(
      key: "$RACL$S$a$n", value: "1", kind: .legacyRACL(.shared, identifier: 8..<9, name: 10..<11),
      codes: ["racl.value"]),
    KeyCase(key: "$RACL$X$joe$user.ann", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "$RACL$U", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "$RACL$U$joe", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "$RACL$U$joe$", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "$RUNQ", value: "1", kind: .legacyRUNQMarker),
    KeyCase(key: "$RUNQ", value: "-", kind: .legacyRUNQMarker, codes: ["runq.value"]),
    KeyCase(key: "$RUNQ$1a2b$user.joe", kind: .legacyRUNQ(uniqueID: 6..<10, name: 11..<19)),
    KeyCase(key: "$RUNQ$1a2b", kind: .unknown, codes: ["runq.key"]),
    KeyCase(key: "$RUNQ$$user.joe", kind: .unknown, codes: ["runq.key"]),
    KeyCase(key: "$RACLS", kind: .unknown, codes: ["key.unknown"]),
    KeyCase(key: "$", kind: .unknown, codes: ["key.unknown"]),
  ]

  static let prefixed = [
    KeyCase(key: "Nuser\u{1F}joe", kind: .name(1..<9)),
    KeyCase(key: "N", kind: .name(1..<1), codes: ["key.emptyName"]),
    KeyCase(key: "I1a2b3c016553f101", kind: .uniqueID(1..<17)),
    KeyCase(key: "I1a2b", kind: .uniqueID(1..<5), codes: ["id.unusual"]),
    KeyCase(key: "I1a2b3c01/../etc", kind: .uniqueID(1..<16), codes: ["id.unusual"]),
    KeyCase(key: "I", kind: .uniqueID(1..<1), codes: ["key.emptyId"]),
    KeyCase(key: "Jjoe.smith\u{1E}PQ", kind: .jmapID(owner: 1..<10, id: 11..<13)),
    KeyCase(key: "J\u{1E}PQ", kind: .jmapID(owner: 1..<1, id: 2..<4)),
    KeyCase(key: "Jjoe.smith.PQ", kind: .jmapID(owner: 1..<10, id: 11..<13), codes: ["jid.oldSeparator"]),
    KeyCase(key: "J.PQ", kind: .jmapID(owner: 1..<1, id: 2..<4), codes: ["jid.oldSeparator"]),
    KeyCase(key: "JPQ", kind: .jmapID(owner: 1..<1, id: 1..<3), codes: ["jid.key"]),
    KeyCase(key: "Jjoe\u{1E}", kind: .jmapID(owner: 1..<1, id: 1..<5), codes: ["jid.key"]),
    KeyCase(key: "Jjoe.", kind: .jmapID(owner: 1..<1, id: 1..<5), codes: ["jid.key"]),
    KeyCase(key: "AS\u{1E}", kind: .raclMarker),
    KeyCase(key: "AS\u{1E}", value: "1", kind: .raclMarker, codes: ["racl.value"]),
    KeyCase(key: "AU\u{1E}", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "AU\u{1E}joe\u{1E}user\u{1F}x", kind: .racl(.users, identifier: 3..<6, name: 7..<13)),
    KeyCase(key: "AS\u{1E}two words\u{1E}news", kind: .racl(.shared, identifier: 3..<12, name: 13..<17)),
    KeyCase(key: "AS\u{1E}a\u{1E}b\u{1E}news", kind: .racl(.shared, identifier: 3..<6, name: 7..<11)),
    KeyCase(key: "AS\u{1E}joe", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "AS\u{1E}joe\u{1E}", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "AX\u{1E}joe\u{1E}news", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "A", kind: .unknown, codes: ["racl.key"]),
    KeyCase(key: "UGjoe\u{1E}group:team", kind: .userGroup(left: 2..<5, right: 6..<16)),
    KeyCase(
      key: "UGjoe\u{1E}group:team", value: "1", kind: .userGroup(left: 2..<5, right: 6..<16), codes: ["usergroup.value"]
    ),
    KeyCase(key: "UGjoe", kind: .unknown, codes: ["usergroup.key"]),
    KeyCase(key: "UG\u{1E}joe", kind: .unknown, codes: ["usergroup.key"]),
    KeyCase(key: "UGjoe\u{1E}", kind: .unknown, codes: ["usergroup.key"]),
    KeyCase(key: "U", kind: .unknown, codes: ["key.unknown"]),
    KeyCase(key: "Xany", kind: .unknown, codes: ["key.unknown"]),
    KeyCase(key: "", kind: .unknown, codes: ["key.unknown"]),
    KeyCase(key: "user.joe", value: "%(T e)", kind: .name(0..<8), form: .plain, codes: ["key.oldGeneration"]),
    KeyCase(key: "user.joe", value: "0 default ", kind: .name(0..<8), form: .plain, codes: ["key.oldGeneration"]),
    KeyCase(
      key: "user.joe", value: "(uniqueid a) 0 default ", kind: .name(0..<8), form: .plain, codes: ["key.oldGeneration"]),
    KeyCase(key: "$RACL", kind: .legacyRACLMarker, form: .plain, codes: ["key.oldGeneration"]),
  ]

  @Test(arguments: plain)
  func `a key of an old file is recognised`(_ test: KeyCase) { check(test, .plain) }

  @Test(arguments: prefixed)
  func `a key of a new file is recognised`(_ test: KeyCase) { check(test, .prefixed) }

  private func check(_ test: KeyCase, _ form: MailboxKey.Form) {
    let key = Array(test.key.utf8)
    let entry = MailboxEntry(key: key, value: Array(test.value.utf8), form: form)
    #expect(entry.key.kind == test.kind)
    #expect(entry.key.form == test.form ?? form)
    #expect(MailboxKey(key.rawSpan, value: Array(test.value.utf8).rawSpan, form: form) == entry.key)
    // A mailbox's key comes with a value here only to be recognised.
    let codes = entry.issues.filter { $0.isInKey || !entry.key.isMailbox }.map(\.code)
    #expect(codes == test.codes)
  }
}
