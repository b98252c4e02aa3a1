// Single dlists, and what a scan says to them.

import CyrusDatabase
import CyrusMailboxes
import Testing

/// What a scan meets, as text; an error is the last line.
func events(_ bytes: [UInt8], isStrict: Bool = false) -> [String] {
  var scanner = DListScanner(bytes.rawSpan, isStrict: isStrict)
  var lines: [String] = []
  func string(_ string: DListString) -> String {
    var output: [UInt8] = []
    string.append(to: &output, from: bytes.rawSpan)
    return utf8(output)
  }
  do throws(DListError) {
    while true {
      switch try scanner.next() {
      case .kvlistStart: lines.append("%(")
      case .listStart: lines.append("(")
      case .listEnd: lines.append(")")
      case .key(let key): lines.append(string(key) + ":")
      case .string(let value): lines.append(string(value))
      case .null: lines.append("-")
      case .looseSpace(let offset): lines.append("loose \(offset)")
      case .unusualForm(let range): lines.append("unusual \(range)")
      case .end: return lines
      }
    }
  } catch {
    return lines + [error.description]
  }
}

func events(_ text: String, isStrict: Bool = false) -> [String] { events(Array(text.utf8), isStrict: isStrict) }

@Suite struct DListScannerTests {
  @Test func `lists, strings and nothing are told apart`() {
    let value = "%(T e I NIL A %(joe lrs \"two words\" \"\" {3+}\r\na\"b l) H (%(N old) (x y) NIL z) E () F %())"
    #expect(
      events(value) == [
        "%(", "T:", "e", "I:", "-", "A:", "%(", "joe:", "lrs", "two words:", "", "a\"b:", "l", ")", "H:", "(", "%(",
        "N:", "old", ")", "(", "x", "y", ")", "-", "z", ")", "E:", "(", ")", "F:", "%(", ")", ")",
      ])
    #expect(events(value, isStrict: true) == events(value))
  }

  @Test(arguments: [
    ("%(a b c d)", ["%(", "a:", "b", "c:", "d", ")"]),
    ("%( )", ["%(", ":", "", ")"]),
    ("%(a )", ["%(", "a:", "", ")"]),
    ("%(a b )", ["%(", "a:", "b", "loose 5", ")"]),
    ("%(a (b ) )", ["%(", "a:", "(", "b", "loose 6", ")", "loose 8", ")"]),
    ("%(a b)c)", ["%(", "a:", "b)c", ")"]),
    ("%(a b\"c{1}%(d)", ["%(", "a:", "b\"c{1}%(d", ")"]),
    ("%(a \"b\\\"c\\\\d\\e)\" f \"\")", ["%(", "a:", "b\"c\\de)", "f:", "", ")"]),
    ("%(\"NIL\" \"NIL\" nil nil)", ["%(", "NIL:", "NIL", "nil:", "nil", ")"]),
    ("%(a {2}\r\nNI b {0}\r\n c {}\r\n)", ["%(", "a:", "NI", "b:", "", "c:", "", ")"]),
    ("%(a {+}\r\n b {1+}\r\n) c {00002}\r\n{})", ["%(", "a:", "", "b:", ")", "c:", "{}", ")"]),
    ("%(a\tb\nc d)", ["%(", "a\tb\nc:", "d", ")"]),
    ("%(a ()(b))", ["%(", "a:", "(", ")", "dlist.syntax at byte 6"]),
  ])
  func `what Cyrus reads is read`(_ value: String, _ expected: [String]) {
    #expect(events(value) == expected)
  }

  /// A value that is refused, why, and where.
  static let refused: [(String, String)] = [
    ("", "dlist.truncated at byte 0"),
    ("%", "dlist.truncated at byte 1"),
    ("%(", "dlist.truncated at byte 2"),
    ("%(a", "dlist.truncated at byte 3"),
    ("%(a ", "dlist.truncated at byte 4"),
    ("%(a b", "dlist.truncated at byte 5"),
    ("%(a b ", "dlist.truncated at byte 6"),
    ("%(a \"b\"", "dlist.truncated at byte 7"),
    ("%(a %(b c)", "dlist.truncated at byte 10"),
    ("%(a %(b c)d", "dlist.truncated at byte 11"),
    ("(a b)", "dlist.syntax at byte 0"),
    ("a", "dlist.syntax at byte 0"),
    ("%(a b) ", "dlist.trailing at byte 6"),
    ("%(a b))", "dlist.trailing at byte 6"),
    ("%(a b)\n", "dlist.trailing at byte 6"),
    ("%(a %(b c))\n", "dlist.trailing at byte 11"),
    ("%(a ())x", "dlist.trailing at byte 7"),
    ("%(a)", "dlist.syntax at byte 3"),
    ("%(a b c)", "dlist.syntax at byte 7"),
    ("%(a b  c d)", "dlist.syntax at byte 10"),
    ("%(\"a\"b c)", "dlist.syntax at byte 5"),
    ("%(a \"b\"c)", "dlist.syntax at byte 7"),
    ("%(a {1}\r\nbc)", "dlist.syntax at byte 10"),
    ("%(a \"b)", "dlist.string at byte 4"),
    ("%(a \"b\\", "dlist.string at byte 4"),
    ("%(a {1)", "dlist.literal at byte 4"),
    ("%(a {1}b)", "dlist.literal at byte 4"),
    ("%(a {1}\nb)", "dlist.literal at byte 4"),
    ("%(a {1}\r\nb", "dlist.literal at byte 4"),
    ("%(a {2}\r\nb)", "dlist.literal at byte 4"),
    ("%(a {1++}\r\nb)", "dlist.literal at byte 4"),
    ("%(a {+1}\r\nb)", "dlist.literal at byte 4"),
    ("%(a {-1}\r\nb)", "dlist.literal at byte 4"),
    ("%(a {9223372036854775808}\r\nb)", "dlist.literal at byte 4"),
    ("%(a {18446744073709551617}\r\nb)", "dlist.literal at byte 4"),
    ("%(a {340282366920938463463374607431768211457+}\r\nb)", "dlist.literal at byte 4"),
    ("%(a %)", "dlist.unknownPercent at byte 4"),
    ("%[a b]", "dlist.unknownPercent at byte 0"),
    ("%(a %{default 1}\r\nb)", "dlist.unknownPercent at byte 4"),
    ("%(NIL b)", "dlist.nilKey at byte 2"),
    ("%(a b NIL c)", "dlist.nilKey at byte 6"),
  ]

  @Test(arguments: refused)
  func `what Cyrus refuses is refused, with its place`(_ value: String, _ error: String) {
    #expect(events(value).last == error)
  }

  @Test func `sixteen lists may be within each other, and no more`() {
    func nested(_ count: Int) -> String {
      "%(a " + String(repeating: "(", count: count - 1) + String(repeating: ")", count: count)
    }
    #expect(events(nested(16)).last == ")")
    #expect(events(nested(17)).last == "dlist.tooDeep at byte 19")
    #expect(events(nested(5000)).last == "dlist.tooDeep at byte 19")
  }

  @Test func `an error is final, and so is the end`() throws {
    let broken = Array("%(a)".utf8)
    var scanner = DListScanner(broken.rawSpan)
    _ = try scanner.next()
    for _ in 0..<3 {
      do throws(DListError) {
        _ = try scanner.next()
        Issue.record("no error")
      } catch {
        #expect(error.code == .syntax)
        #expect(error.offset == 3)
      }
    }
    let sound = Array("%()".utf8)
    scanner = DListScanner(sound.rawSpan)
    _ = try scanner.next()
    _ = try scanner.next()
    for _ in 0..<3 { #expect(try scanner.next() == .end) }
  }

  @Test func `a list can be passed over`() throws {
    let value = Array("%(Z %(P (evil ) Q () ) P good)".utf8)
    var scanner = DListScanner(value.rawSpan)
    _ = try scanner.next()
    _ = try scanner.next()
    #expect(try scanner.next() == .kvlistStart(at: 4))
    #expect(try scanner.skipList() == 2)
    #expect(scanner.depth == 1)
    guard case .key(let key) = try scanner.next() else {
      Issue.record("no key")
      return
    }
    #expect(key.bytes == 23..<24)
  }

  @Test(arguments: [
    ("%(a \"b\")", ["unusual 4..<7"]),
    ("%(\"a\" b)", ["unusual 2..<5"]),
    ("%(a {1+}\r\nb)", ["unusual 4..<11"]),
    ("%(a {1}\r\n\" b {1+}\r\n\")", []),
    ("%(a {01}\r\n\")", ["unusual 4..<11"]),
    ("%(a )", ["unusual 4..<4"]),
    ("%(a b\"c d a)b)", ["unusual 4..<7", "unusual 10..<13"]),
    ("%(a user\u{1F}joe b \"user\u{1F}joe\")", []),
    ("%(a \u{1D} b \"\u{1D}\")", ["unusual 4..<5"]),
    ("%(a \"b\\\"c\" d \"\\e f\")", ["unusual 4..<10", "unusual 13..<19"]),
    ("%(a \"NIL\" b \"\" c NIL)", []),
    ("%(a \u{7F} b \"\u{7F}\" c ü d \"ü\" e {2+}\r\nü)", ["unusual 4..<5", "unusual 14..<16", "unusual 19..<23"]),
    ("%(a b* c \"b*\" d [x] e a/b@c:d#e~f)", ["unusual 4..<6"]),
    ("%(a b )", ["loose 5"]),
  ])
  func `a strict scan says what Cyrus would have written in another way`(_ value: String, _ expected: [String]) {
    let found = events(value, isStrict: true)
    #expect(found.filter { $0.hasPrefix("unusual") || $0.hasPrefix("loose") } == expected)
    #expect(found.filter { !$0.hasPrefix("unusual") } == events(value))
  }

  @Test func `from 1024 bytes on a string is a literal`() {
    let long = String(repeating: "g", count: 1023)
    #expect(events("%(a \(long))", isStrict: true).count == 4)
    #expect(events("%(a \(long)g)", isStrict: true).contains("unusual 4..<1028"))
    #expect(events("%(a {1024+}\r\n\(long)g)", isStrict: true).count == 4)
    #expect(events("%(a {1023+}\r\n\(long))", isStrict: true).count == 5)
  }
}
