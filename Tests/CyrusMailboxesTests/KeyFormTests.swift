// Telling how the keys of a file are built, and by which releases.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

@Suite struct KeyFormTests {
  static let generations: [(name: String, generation: MailboxGeneration)] = [
    ("gen1-text-2.2-to-2.4", .text), ("gen2-exttext-2.5pre", .extendedText), ("gen3-dlist-2.5", .release25),
    ("gen3-dlist-2.5-mboxsort", .release25), ("gen4-dlist-3.0", .release30), ("gen5-dlist-3.4", .release33),
    ("mailboxes", .release36), ("gen7-dlist-3.13dev", .release313),
  ]

  @Test(arguments: RecordFile.all)
  func `the form and the releases of a file are found`(_ file: RecordFile) throws {
    let form = try MailboxListForm(of: try Database(path: file.path).snapshot(locking: .none))
    #expect(form.keys == file.form)
    let expected = Self.generations.first { $0.name == file.name }?.generation
    #expect(form.generation == expected)
    #expect(form.generation?.keys == file.form)
    #expect(form.disagreementCount == 0)
    #expect(form.firstDisagreement == nil)
    #expect(!form.isEmpty)
    #expect(!form.hasMetDamage)
  }

  @Test func `a shared mailbox of an old file is not taken for a record of a new one`() throws {
    for name in ["News", "Notes", "Inbox", "Announce", "AS", "Jokes", "UG"] {
      for value in [
        "0 default\tanyone\tlrs\t", "0 default anyone\tlrs\t", "%(A %(anyone lrs) P default M 1)", "%(T d M 1)",
        "%(I 0123456789abcdef T d M 1)",
      ] {
        let form = try self.form(of: [name: value, "user.joe": "%(A %(joe lrs) P default M 1)"])
        #expect(form.keys == .plain, "\(name) \(value)")
        #expect(!form.isMixed)
      }
    }
  }

  @Test func `a new file is recognised by any of its marks`() throws {
    let value = "%(T e I 0123456789abcdef P default M 1)"
    #expect(try form(of: ["Nuser\u{1F}joe": value]).keys == .prefixed)
    #expect(try form(of: ["Nshared": value]).keys == .prefixed)
    #expect(try form(of: ["AS\u{1E}": "", "Nuser.joe": "0 default "]).keys == .prefixed)
    #expect(try form(of: ["I0123456789abcdef": "%(T e N user\u{1F}joe M 1)"]).keys == .prefixed)
    // This is `joe` below a shared mailbox `Nuser`.
    #expect(try form(of: ["Nuser.joe": value]).keys == .plain)
  }

  @Test func `keys of both forms are noticed, and where`() throws {
    let prefixed = "%(T e I 0123456789abcdef P default M 1)"
    let plain = "%(A %(joe lrs) P default M 1)"
    let one = try form(of: ["Nuser\u{1F}joe": prefixed, "user.ann": plain])
    #expect(one.keys == .prefixed)
    #expect(one.disagreementCount == 1)
    #expect(one.firstDisagreement != nil)
    #expect(!one.isMixed)
    let two = try form(of: ["Nuser\u{1F}joe": prefixed, "user.ann": plain, "user.bob": plain])
    #expect(two.isMixed)
    let old = try form(of: [
      "$RACL": "", "user.ann": plain, "user.bob": plain, "Nuser\u{1F}joe": prefixed,
      "I0123456789abcdef": "%(T e N x M 1)",
    ])
    #expect(old.keys == .plain)
    #expect(old.isMixed)
    #expect(old.generation == .release30)
  }

  @Test func `an empty file is what one says it is`() throws {
    let form = try form(of: [:])
    #expect(form.isEmpty)
    #expect(form.keys == .prefixed)
    #expect(form.generation == nil)
  }

  private func form(of records: [String: String]) throws -> MailboxListForm {
    let file = try MadeFile(records)
    return try MailboxListForm(of: try Database(path: file.path).snapshot(locking: .none))
  }
}
