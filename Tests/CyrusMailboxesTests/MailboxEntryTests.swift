// Single records, for what the files of other programs do not show.

import CyrusMailboxes
import TestSupport
import Testing

func entry(_ value: String, key: String = "Nuser\u{1F}joe", form: MailboxKey.Form = .prefixed) -> MailboxEntry {
  MailboxEntry(key: Array(key.utf8), value: Array(value.utf8), form: form)
}

extension MailboxEntry {
  /// Each issue's code, the text that it is about, and `!` before it if it is an error.
  var complaints: [String] {
    issues.map { issue in
      let about = utf8(Array((issue.isInKey ? keyBytes : valueBytes)[issue.bytes]))
      return "\(issue.isError ? "!" : "")\(issue.code) \(about)"
    }
  }
}

@Suite struct MailboxEntryTests {
  @Test func `of very many issues the first are kept, and all counted`() {
    let value = Array(("%(T e " + String(repeating: "? ? ", count: 5000) + "M 1)").utf8)
    let key = Array("Nuser".utf8)
    let entry = MailboxEntryView(key: key.rawSpan, value: value.rawSpan, form: .prefixed)
    let (count, kept) = (entry.issueCount, entry.issues())
    #expect(count == 5000)
    #expect(kept.count == MailboxEntryView.listedIssuesMax)
    // The first error is among them, however late it comes.
    let broken = Array(("%(T e " + String(repeating: "? ? ", count: 5000) + "M").utf8)
    let cut = MailboxEntryView(key: key.rawSpan, value: broken.rawSpan, form: .prefixed)
    let issues = cut.issues()
    #expect(issues.count == MailboxEntryView.listedIssuesMax)
    #expect(issues.filter(\.isError).map(\.code) == ["dlist.truncated"])
  }

  @Test func `absent, NIL, unreadable and empty are four things`() {
    let entry = entry("%(T e I NIL P \"\" S (x) V abc C 5 F NIL)")
    #expect(entry.uniqueID == .null)
    #expect(entry.partition == .value([]))
    #expect(entry.server == .unreadable)
    #expect(entry.jmapID == .absent)
    #expect(entry.uidValidity == .unreadable)
    #expect(entry.createdModseq == .value(5))
    #expect(entry.folderModseq == .null)
    #expect(entry.mtime == .absent)
    #expect(entry.acl == .absent)
    #expect(entry.history == .absent)
    #expect(
      entry.complaints == ["field.emptyPartition ", "!field.notString (x)", "field.number abc", "!field.number NIL"])
    #expect(entry.view.gravestIssue?.code == "field.notString")
    #expect(entry.view.issueCount == 4)
    #expect(entry.view.errorCount == 2)
    #expect(String(entry.fieldOrder.map(\.letter)) == "TIPSVCF")
  }

  @Test(arguments: [
    ("V 0", "uidvalidity=0"), ("V 4294967295", "uidvalidity=4294967295"), ("V 4294967296", "? field.range 4294967296"),
    ("V 99999999999999999999999999", "? field.range 99999999999999999999999999"),
    ("V 07", "uidvalidity=7 field.number 07"),
    ("V 00", "uidvalidity=0 field.number 00"), ("V +7", "? field.number +7"), ("V -0", "? field.number -0"),
    ("V \"7\"", "uidvalidity=7"), ("V {1}\r\n7", "uidvalidity=7"), ("V \"\\7\"", "uidvalidity=7"),
    ("V \"\"", "? field.number "), ("V \" 7\"", "? field.number  7"), ("V NIL", "NIL !field.number NIL"),
    ("V (7)", "? !field.number (7)"), ("V %(7 7)", "? !field.number %(7 7)"),
    ("V 1 V x", "? field.number x record.duplicateField V"),
    ("V x V 1", "uidvalidity=1 field.number x record.duplicateField V"),
    ("F 18446744073709551615", "foldermodseq=18446744073709551615"),
    ("F 18446744073709551616", "? field.range 18446744073709551616"), ("C 1e3", "? field.number 1e3"),
    ("M 1700000000", "mtime=1700000000"), ("M 4102444800", "mtime=4102444800"), ("M -1", "mtime=-1"),
    ("M 9223372036854775807", "mtime=9223372036854775807"), ("M -9223372036854775807", "mtime=-9223372036854775807"),
    ("M 9223372036854775808", "? field.range 9223372036854775808"), ("M -", "? field.number -"),
    ("M --1", "? field.number --1"), ("M -01", "mtime=-1 field.number -01"),
  ])
  func `a number is a value, or there is none`(_ field: String, _ expected: String) {
    let entry = entry("%(T e \(field))")
    let fields = ListedFields(entry).lines.filter {
      ["uidvalidity", "foldermodseq", "createdmodseq", "mtime"].contains($0.key)
    }
    let found = fields.map { ["?", "NIL"].contains($0.value) ? $0.value : "\($0.key)=\($0.value)" } + entry.complaints
    #expect(found.joined(separator: " ") == expected)
  }

  @Test func `what comes before an error is kept, and only whole`() {
    let cut = entry("%(T e I 0123456789abcdef P defa")
    #expect(cut.uniqueID == .value(Array("0123456789abcdef".utf8)))
    #expect(cut.partition == .absent)
    #expect(cut.complaints == ["!dlist.truncated "])
    let inACL = entry("%(T e P default A %(joe lrs ann l")
    #expect(inACL.partition == .value(Array("default".utf8)))
    #expect(inACL.acl == .absent)
    let inHistory = entry("%(T e N x H (%(N old T e) %(N older T e)", key: "I0123456789abcdef")
    #expect(inHistory.history == .absent)
    #expect(inHistory.complaints == ["!dlist.truncated "])
  }

  @Test func `what was not read is not called mail`() {
    for value in ["", "%", "%(T", "%(P x T c", "%(P x) ", "x default ", "(uniqueid x)"] {
      #expect(entry(value).kind == .unknown, "\(value)")
      #expect(entry(value).flags == [])
    }
    #expect(entry("%(T c P").kind == .calendar)
    #expect(entry("4").kind == .netnews)
  }

  @Test func `an unknown field is passed over with all that is in it`() {
    let entry = entry("%(T e Z %(P evil A %(x lrs) ) Y (P (evil ) ) PP evil P good \\S evil)")
    #expect(entry.partition == .value(Array("good".utf8)))
    #expect(entry.acl == .absent)
    #expect(entry.server == .absent)
    #expect(
      entry.complaints == [
        "record.unknownField Z", "dlist.looseSpace %(P evil A %(x lrs) )", "record.unknownField Y",
        "dlist.looseSpace (P (evil ) )", "record.unknownField PP", "record.unknownField \\S",
      ])
  }

  @Test(arguments: [
    (MailboxKey.Form.plain, "user.joe", "NJH"), (.prefixed, "Nuser\u{1F}joe", "NH"),
    (.prefixed, "I0123456789abcdef", "I"), (.prefixed, "Jjoe\u{1E}PQ", "JH"),
  ])
  func `each kind of record has its fields`(_ form: MailboxKey.Form, _ key: String, _ unexpected: String) {
    let entry = entry(
      "%(A %() C 1 F 1 H () I 0123456789abcdef J PQ M 1 N x P p S s T e V 1)", key: key, form: form)
    #expect(entry.complaints.sorted() == unexpected.map { "record.unexpectedField \($0)" }.sorted())
    #expect(entry.fieldOrder.count == MailboxField.allCases.count)
  }

  @Test func `a record under an id must have a name`() {
    let nothing = "%(T e)"
    #expect(
      entry(nothing, key: "I0123456789abcdef").complaints == ["!id.noName \(nothing)", "id.noHistory \(nothing)"])
    #expect(entry(nothing, key: "Jjoe\u{1E}PQ").complaints == ["!id.noName \(nothing)"])
    #expect(entry("%(T e N \"\")", key: "Jjoe\u{1E}PQ").issues.map(\.code) == ["id.noName"])
    #expect(entry("%(T e N NIL)", key: "Jjoe\u{1E}PQ").issues.map(\.code) == ["id.noName"])
    #expect(entry("0 default ", key: "I0123456789abcdef").issues.map(\.code) == ["id.noName"])
    // What was cut off is not missing.
    #expect(entry("%(T e", key: "I0123456789abcdef").issues.map(\.code) == ["dlist.truncated"])
  }

  @Test func `the key's name counts, not the field's`() {
    let entry = entry("%(T e N other)")
    #expect(entry.name == .value(Array("user\u{1F}joe".utf8)))
    #expect(entry.storedText(of: .name) == .value(Array("other".utf8)))
    #expect(entry.view.name?.equals("user\u{1F}joe") == true)
  }

  @Test func `history is read, whatever is in it`() throws {
    let entry = entry(
      "%(T e N x H (%(N old T ed M 5 V 7 C 1 F 2 P p) y %(T c) (z) %() NIL %(N o A %(N a) H (%(N b)) I i)))",
      key: "I0123456789abcdef")
    let history = try #require(entry.history.value)
    #expect(history.map { $0.name.map(utf8) } == [.value("old"), .absent, .absent, .value("o")])
    #expect(history[0].flags == .deleted)
    #expect(history[0].partition == .value(Array("p".utf8)))
    #expect(history[0].uidValidity == .value(7))
    #expect(history[1].kind == .calendar)
    #expect(history[3].fieldOrder.map(\.letter) == ["N", "A", "H", "I"])
    #expect(
      entry.complaints == [
        "!history.itemNotKvlist y", "history.noName %(T c)", "!history.itemNotKvlist (z)", "record.noType %()",
        "history.noName %()", "!history.itemNotKvlist NIL", "record.unexpectedField A", "record.unexpectedField H",
        "record.unexpectedField I", "id.unusual i", "record.noType %(N o A %(N a) H (%(N b)) I i)",
      ])
    for value in ["NIL", "x", "%(N a)"] {
      let entry = self.entryWithHistory(value)
      #expect(entry.complaints == ["!history.notList \(value)"])
      #expect(entry.history == (value == "NIL" ? .null : .unreadable))
    }
  }

  private func entryWithHistory(_ value: String) -> MailboxEntry {
    entry("%(T e N x H \(value))", key: "I0123456789abcdef")
  }

  @Test(arguments: [
    ("0 default joe\tlrs\t", "partition=default", []),
    ("1 back1", "server=back1", ["text.noAcl back1"]),
    ("0 back1!default ", "partition=default server=back1", []),
    ("0 a!b!c ", "partition=b!c server=a", []),
    ("1 a! ", "server=a", ["text.noPartition "]),
    ("0 !a ", "partition=a server=", ["text.emptyServer "]),
    ("0 ! ", "server=", ["text.emptyServer ", "text.noPartition "]),
    ("0", "", ["!text.noPartition 0"]),
    (" 0 default ", "", ["!text.badType "]),
    ("+1 default ", "", ["!text.badType +1"]),
    ("0\tdefault ", "", ["!text.badType 0\tdefault"]),
    ("(uniqueid a)0 default ", "", ["!text.badExtended (uniqueid a)"]),
    ("(uniqueid a) ", "", ["!text.badType "]),
    ("(uniqueid a) 0", "", ["!text.noPartition 0"]),
    ("(uniqueid a ) 0 default ", "", ["!text.badExtended (uniqueid a )"]),
    ("( uniqueid a) 0 default ", "", ["!text.badExtended ( uniqueid a)"]),
    ("(uniqueid  a) 0 default ", "", ["!text.badExtended (uniqueid  a)"]),
    ("(uniqueid a uniqueid) 0 default ", "", ["!text.badExtended (uniqueid a uniqueid)"]),
    ("(", "", ["!text.badExtended ("]), ("()", "", ["!text.badExtended ()"]), ("(a", "", ["!text.badExtended (a"]),
    ("(uniqueid a uniqueid b) 0 p ", "partition=p uniqueid=b", ["record.duplicateField uniqueid"]),
  ])
  func `text is read as far as it goes`(_ value: String, _ expected: String, _ complaints: [String]) {
    let entry = entry(value, key: "user.joe", form: .plain)
    let fields = ListedFields(entry).only(["partition", "server", "uniqueid"])
    #expect(entry.complaints == complaints)
    // Of words that do not hold together nothing more is claimed than that they do not.
    if !complaints.contains(where: { $0.hasPrefix("!text.badExtended") || value.hasPrefix("(") && $0.hasPrefix("!") }) {
      #expect(fields.description == expected)
    }
  }

  @Test func `entries are equal if their bytes and their form are`() {
    let first = entry("%(T e P a)")
    #expect(first == entry("%(T e P a)"))
    #expect(first != entry("%(P a T e)"))
    #expect(first != entry("%(T e P a)", key: "Nuser\u{1F}ann"))
    #expect(first != entry("%(T e P a)", form: .plain))
    #expect(Set([first, entry("%(T e P a)"), entry("%(T e P b)")]).count == 2)
  }

  @Test(arguments: Seed.some(4))
  func `a made-up store has nothing odd in it, not even to a strict scan`(_ seed: Seed) {
    var count = 0
    for pair in MailboxRecords(mailboxCount: 150, seed: seed.number) {
      let entry = MailboxEntry(key: pair.key, value: pair.value, form: .prefixed)
      #expect(entry.issues == [], "\(utf8(pair.key)) \(utf8(pair.value))")
      #expect(entry.key.kind != .unknown)
      if entry.key.isMailbox {
        #expect(events(pair.value, isStrict: true) == events(pair.value))
        count += 1
      }
    }
    #expect(count > 250)
  }
}
