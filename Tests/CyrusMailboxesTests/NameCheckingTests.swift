// What is said about names that Cyrus would not make.

import Testing

@testable import CyrusMailboxes

@Suite struct NameCheckingTests {
  /// A name, and what is said about it: codes with the bytes they concern.
  struct Odd: Sendable, CustomTestStringConvertible {
    let name: String
    var form = NameForm.database
    let issues: [String: Range<Int>]

    var testDescription: String { "\(form): \(MailboxName(databaseName: utf8(name).rawSpan))" }

    static let all = [
      Odd(name: "", issues: ["name.empty": 0..<0]),
      Odd(name: "example.com\u{1D}", issues: ["name.empty": 0..<12]),
      Odd(name: "\u{1D}user\u{1F}x", issues: ["name.emptyDomain": 0..<1]),
      Odd(name: "user\u{1F}x\u{1F}", issues: ["name.emptyComponent": 6..<7]),
      Odd(name: "user\u{1F}\u{1F}x", issues: ["name.emptyComponent": 4..<5]),
      Odd(name: "\u{1F}x", issues: ["name.emptyComponent": 0..<1]),
      Odd(name: "user..x", form: .internal, issues: ["name.emptyComponent": 4..<5]),
      Odd(name: ".x", form: .internal, issues: ["name.emptyComponent": 0..<1]),
      Odd(name: "user", issues: ["name.reserved": 0..<4]),
      Odd(name: "x\u{1D}user", issues: ["name.reserved": 2..<6]),
      Odd(name: "user.anyone", form: .internal, issues: ["name.reserved": 5..<11]),
      Odd(name: "user\u{1F}anonymous", issues: ["name.reserved": 5..<14]),
      Odd(name: "user\u{1F}anyone\u{1F}x", issues: [:]),
      Odd(name: "user\u{1F}%x\u{1F}y", issues: ["name.reserved": 5..<7, "name.badByte": 5..<6]),
      Odd(name: "$x", issues: ["name.reserved": 0..<1]),
      Odd(name: "x\u{1D}$x", issues: [:]),
      Odd(name: "x!~x", form: .internal, issues: ["name.reserved": 2..<3]),
      Odd(name: "user\u{1F}x\u{1F}~x", issues: [:]),
      Odd(name: "user\u{1F}x\u{1F}a^b", issues: ["name.caret": 8..<9]),
      Odd(name: "user.x.a^b", form: .internal, issues: [:]),
      Odd(name: "user\u{1F}x\u{1F}\u{E4}t", issues: ["name.notMutf7": 7..<9]),
      Odd(name: "user\u{1F}x\u{1F}a&b", issues: ["name.badMutf7": 8..<10]),
      Odd(name: "user\u{1F}x\u{1F}a&-b", issues: [:]),
      Odd(name: "user\u{1F}x\u{1F}a&AGE-", issues: ["name.badMutf7": 8..<12]),
      Odd(name: "user.x.&APw-.&ZeVnLIqe-", form: .internal, issues: [:]),
      Odd(name: "user\u{1F}x\u{1F}&AAEA,w-", issues: ["name.controlByte": 7..<11]),
      Odd(name: "user\u{1F}x\u{1F}a\u{0}b", issues: ["name.controlByte": 8..<9]),
      Odd(name: "user\u{1F}x\u{1F}\t\r\n", issues: ["name.controlByte": 7..<10]),
      Odd(name: "x\u{1D}a\u{1D}b", issues: ["name.controlByte": 3..<4]),
      Odd(name: "user.x.a\u{1F}b", form: .internal, issues: ["name.controlByte": 8..<9]),
      Odd(name: "user\u{1F}x\u{1F}a/b", issues: ["name.badByte": 8..<9]),
      Odd(name: "a!b", issues: ["name.badByte": 1..<2]),
      Odd(name: "a/b\u{1D}c", issues: ["name.badByte": 1..<2]),
      Odd(name: "DELETED\u{1F}user\u{1F}x\u{1F}nothex", issues: ["name.deletedSuffix": 15..<21]),
      Odd(name: "DELETED.5F0E1D2C", form: .internal, issues: ["name.deletedSuffix": 8..<16]),
      Odd(name: "DELETED\u{1F}user\u{1F}x\u{1F}5F0E1D2C", issues: [:]),
      Odd(
        name: "a\u{1F}\u{1F}b\u{1F}\u{1F}\\\u{1F}||\u{1F}^",
        issues: ["name.emptyComponent": 1..<2, "name.badByte": 6..<7, "name.caret": 11..<12]),
    ]
  }

  @Test(arguments: Odd.all)
  func `says what is wrong, and where`(_ odd: Odd) {
    let bytes = utf8(odd.name)
    let issues = MailboxNameView(bytes.rawSpan, form: odd.form).issues()
    #expect(issues.allSatisfy { !$0.isError && $0.isInKey })
    #expect(Dictionary(uniqueKeysWithValues: issues.map { ($0.code, $0.bytes) }) == odd.issues)
    let shifted = MailboxNameView(bytes.rawSpan, form: odd.form).issues(at: 7, isInKey: false)
    #expect(shifted.allSatisfy { !$0.isInKey })
    #expect(shifted.map { $0.bytes.lowerBound - 7..<$0.bytes.upperBound - 7 } == issues.map(\.bytes))
  }

  @Test func `a deleted mailbox has room for its prefix and time`() {
    let folder = String(repeating: "a", count: 483)
    #expect(codes("user.a.\(folder)") == [])
    #expect(codes("user.a.\(folder)b") == ["name.tooLong"])
    let name = MailboxName(internalName: "user.a.\(folder)b")
    #expect(name.issues(at: 1).map(\.bytes) == [491..<492])
    #expect(codes("DELETED.user.a.\(folder.dropLast(7)).5F0E1D2C") == [])
    #expect(codes("DELETED.user.a.\(folder.dropLast(2)).5F0E1D2C") == [])
    #expect(codes("DELETED.user.a.\(folder).5F0E1D2Cxxxx") == ["name.deletedSuffix", "name.tooLong"])
    let long = String(repeating: "a", count: 486)
    #expect(codes("DELETED.user.a.\(long).5F0E1D2C") == [])
    #expect(codes("DELETED.user.a.\(long)a.5F0E1D2C") == ["name.tooLong"])
  }

  @Test func `every printable character is allowed or not as in the description`() {
    let allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 #$'()*+,-.:=?@[]_~"
    for byte in UInt8(0x20)..<0x7F {
      let name = utf8("user\u{1F}x\u{1F}a") + [byte, UInt8(ascii: "b")]
      let codes = MailboxName(databaseName: name.rawSpan).issues().map(\.code)
      switch Character(Unicode.Scalar(byte)) {
      case "&": #expect(codes == ["name.badMutf7"])
      case "^": #expect(codes == ["name.caret"])
      case let character: #expect(codes == (allowed.contains(character) ? [] : ["name.badByte"]), "\(character)")
      }
    }
  }

  @Test func `a default domain in front does not make a name longer`() {
    let bytes = utf8("internal!user.a.") + [UInt8](repeating: UInt8(ascii: "a"), count: 483)
    #expect(MailboxNameView(bytes.rawSpan, form: .internal, defaultDomain: "internal").issues().isEmpty)
    #expect(MailboxNameView(bytes.rawSpan, form: .internal).issues().map(\.code) == ["name.tooLong"])
  }

  private func codes(_ name: String) -> Set<String> { Set(MailboxName(internalName: name).issues().map(\.code)) }
}
