// ACLs: their entries, rights and differences.

import CyrusMailboxes
import TestSupport
import Testing

@Suite struct ACLTests {
  private func acl(_ list: String) -> ACL { entry("%(T e A %(\(list)))").acl.value ?? ACL() }

  private func pairs(_ acl: ACL) -> [String] {
    acl.map { "\(utf8(Array($0.identifier)))=\(utf8(Array($0.rights)))" }
  }

  @Test func `an ACL is kept as the exact text of Cyrus`() {
    let acl = acl("joe lrswipkxtecdan \"two words\" lr -joe p {1+}\r\n\" l")
    #expect(utf8(acl.text) == "joe\tlrswipkxtecdan\ttwo words\tlr\t-joe\tp\t\"\tl\t")
    #expect(pairs(acl) == ["joe=lrswipkxtecdan", "two words=lr", "-joe=p", "\"=l"])
    #expect(acl.map(\.isNegative) == [false, false, true, false])
    let old = entry("0 default joe\tlrswipkxtecdan\ttwo words\tlr\t-joe\tp\t\"\tl\t")
    #expect(old.acl == .value(acl))
    #expect(entry("0 default joe\tlrs").acl.value.map { utf8($0.text) } == "joe\tlrs\t")
  }

  @Test func `a minus sign takes rights away, in whatever form it is stored`() throws {
    let entry = entry("%(T e A %(\"-a\" l \"\\-a\" r -a p {2+}\r\n-a x a- l \"\" l))")
    var signs: [Bool] = []
    guard var entries = entry.view.acl?.entries() else {
      Issue.record("no ACL")
      return
    }
    while let entry = entries.next() { signs.append(entry.isNegative) }
    #expect(signs == [true, true, true, true, false, false])
    #expect(entry.acl.value?.map(\.isNegative) == signs)
  }

  @Test func `rights are those of all entries for exactly this identifier`() {
    let acl = acl("joe lr anyone 0 joe wZ -joe p")
    #expect(acl.rights(of: "joe") == [.lookup, .read, .write, ACLRights(letters: "Z".utf8)])
    #expect(acl.rights(of: "ann") == nil)
    let entry = entry("%(T e A %(joe lr anyone 0 joe wZ -joe p \"\\a\" \"\\l\"))")
    #expect(entry.view.acl?.rights(of: "joe") == acl.rights(of: "joe"))
    #expect(entry.view.acl?.rights(of: "a") == .lookup)
    #expect(entry.view.acl?.rights(of: "x") == nil)
    #expect(acl.rights(of: "anyone")?.isSubset(of: .site) == true)
  }

  @Test func `every letter has a bit of its own`() {
    let letters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!".utf8)
    #expect(Set(letters.map { ACLRights(letters: [$0]) }).count == letters.count)
    #expect(ACLRights(letters: letters).rawValue == UInt64.max >> 1)
    #expect(ACLRights(letters: "lrswipkxtecdan0123456789".utf8) == .known)
    #expect(ACLRights(letters: "\u{0}".utf8) == .other)
  }

  @Test(arguments: [
    ("a lrs b l", "a lrs b l", ACL.Difference.none),
    ("a lrs b l", "b l a lrs", .form),
    ("a lrs", "a srl", .form),
    ("a lr a s", "a lrs", .form),
    ("a lrs b \"\"", "a lrs", .form),
    ("a lrs", "a lr", .rights),
    ("a lrs", "b lrs", .rights),
    ("a lrs", "-a lrs", .rights),
    ("a l c r", "a r c l", .rights),
    ("a lc", "a lkx", .rights),
    ("a l?", "a l!", .rights),
    ("a l?!", "a ?l!", .form),
    ("", "", .none),
    ("a \"\"", "", .form),
  ])
  func `a difference is none, of form, or of rights`(_ left: String, _ right: String, _ expected: ACL.Difference) {
    #expect(acl(left).difference(from: acl(right)) == expected)
    #expect(acl(right).difference(from: acl(left)) == expected)
    let views = (entry("%(T e A %(\(left)))"), entry("%(A %(\(right)) T e)"))
    guard let first = views.0.view.acl, let second = views.1.view.acl else {
      Issue.record("no ACL")
      return
    }
    #expect(first.isIdentical(to: second) == (expected == .none))
  }

  @Test(arguments: [
    ("%(joe l joe r)", "joe=l joe=r", ["acl.duplicate joe"]),
    ("%(joe l \"\\joe\" r)", "joe=l joe=r", ["acl.duplicate \\joe"]),
    ("%(\"\\joe\" l joe r)", "joe=l joe=r", ["acl.duplicate joe"]),
    ("%(a NIL b \"\")", "a= b=", ["acl.nilRights NIL", "acl.emptyRights "]),
    ("%(a l b (x y) c (%(d )) d r)", "a=l d=r", ["!acl.nested (x y)", "!acl.nested (%(d ))"]),
    ("%(a lé)", "a=lé", ["acl.unknownRight lé"]),
    ("%(a lR)", "a=lR", ["acl.unknownRight lR"]),
    ("%(\"a\u{1}\" l)", "a\u{1}=l", ["acl.controlByte a\u{1}"]),
    ("%(\"a\tb\" \"l\tr\")", "a\tb=l\tr", ["acl.tabInIdentifier a\tb", "acl.tabInIdentifier l\tr"]),
    ("%({3+}\r\na\r\n l)", "a\r\n=l", []),
    ("%(\"\" l)", "=l", ["acl.emptyIdentifier "]),
    ("%(a l )", "a=l", ["dlist.looseSpace  "]),
    ("%(a l) A %(b r)", "a=l b=r", ["record.duplicateField A"]),
    (
      "%(a l) A %() P x A %(b r a r)", "a=l b=r a=r",
      ["record.duplicateField A", "acl.duplicate a", "record.duplicateField A"]
    ),
    (
      "%(a l) A x A (y z) A NIL Z %(A %(q q)) A %(b r)", "a=l b=r",
      [
        "!acl.notKvlist x", "record.duplicateField A", "!acl.notKvlist (y z)", "record.duplicateField A",
        "!acl.notKvlist NIL", "record.duplicateField A", "record.unknownField Z", "record.duplicateField A",
      ]
    ),
    ("x A %(b r)", "b=r", ["!acl.notKvlist x", "record.duplicateField A"]),
  ])
  func `odd entries are kept and reported`(_ list: String, _ expected: String, _ complaints: [String]) {
    let entry = entry("%(T e A \(list))")
    #expect(entry.acl.value.map { pairs($0).joined(separator: " ") } == expected)
    #expect(entry.complaints == complaints)
  }

  @Test(arguments: [
    ("a\tl\tb", "a=l", ["!acl.odd b"]), ("a\tl\t\t", "a=l =", ["acl.emptyIdentifier ", "acl.emptyRights "]),
    ("a\t\tb\t", "a= b=", ["acl.emptyRights ", "acl.emptyRights "]), ("a\tl\ta\tr", "a=l a=r", ["acl.duplicate a"]),
    ("a", "", ["!acl.odd a"]), ("", "", []), ("a \u{0}\tl\t", "a \u{0}=l", ["acl.controlByte a \u{0}"]),
  ])
  func `odd entries of a text are kept and reported`(_ list: String, _ expected: String, _ complaints: [String]) {
    let entry = entry("0 default \(list)")
    #expect(entry.acl.value.map { pairs($0).joined(separator: " ") } == expected)
    #expect(entry.complaints == complaints)
  }

  @Test(arguments: Seed.some(6))
  func `each double is found once, in ACLs of any length`(_ seed: Seed) {
    for stream in 4000..<4040 {
      var random = seed.generator(UInt64(stream))
      var identifiers: [String] = []
      let count = random.below(random.chance(1, in: 3) ? 200 : 20)
      let isText = random.chance(1, in: 3)
      var list = ""
      var doubleCount = 0
      for _ in 0..<count {
        let identifier = "user\(random.below(4 * count))@example.com"
        if identifiers.contains(identifier) { doubleCount += 1 }
        identifiers.append(identifier)
        if isText {
          list += "\(identifier)\tlrs\t"
        } else {
          list += list.isEmpty ? "" : random.chance(1, in: 50) ? ") A %(" : " "
          list += (random.chance(1, in: 20) ? "\"\\\(identifier)\"" : identifier) + " lrs"
        }
      }
      let entry = entry(isText ? "0 default \(list)" : "%(T e A %(\(list)))")
      #expect(entry.issues.count { $0.code == "acl.duplicate" } == doubleCount)
      #expect(entry.acl.value?.map { utf8(Array($0.identifier)) } == identifiers)
    }
  }
}
