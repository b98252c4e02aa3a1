// What is read from a log, held against what Cyrus reads from it.

import CyrusDatabase
import CyrusSync
import Foundation
import Testing

@Suite("Reading a sync log")
struct SyncLogTests {
  @Test("Malformed lines read as sync_client 3.6.1 read them", arguments: SyncLogFixtures.badLines)
  func malformed(_ expected: SyncLogFixtures.Case) {
    let log = SyncLog(label: "log", bytes: expected.bytes)
    #expect(log.bytes.count == expected.inputLength)
    let problems = log.diagnostics.filter(\.problem.losesLines).map {
      SyncLogFixtures.Case.Diagnostic(line: $0.line, problem: $0.problem.rawValue)
    }
    guard let parsed = expected.parsed else {
      #expect(problems.map(\.problem) == ["wordTooLong"])
      #expect(log.lines.isEmpty && log.invisibleLineCount == 2)
      return
    }
    #expect(log.parsed == parsed.map { $0.map(SyncLogFixtures.bytes(of:)) })
    #expect(problems == expected.diagnostics)
  }

  @Test("All cases are there")
  func complete() { #expect(SyncLogFixtures.badLines.count == 48) }

  @Test("Every line of a real log is read, and its text is the line")
  func real() throws {
    let bytes = try SyncLogFixtures.bytes("logs/all-verbs.log")
    let log = SyncLog(label: "log", bytes: bytes)
    #expect(log.diagnostics.isEmpty)
    let texts = bytes.split(separator: 0x0A).map { Array($0) }
    #expect(log.lines.map { log.text(of: $0) } == texts)
    #expect(log.lines.map(\.number) == Array(1...texts.count))
    #expect(log.lines.allSatisfy { $0.verb != nil })
  }

  @Test("What a real Cyrus quoted is written byte for byte the same", arguments: ["quoting.log", "all-verbs.log"])
  func quoting(_ name: String) throws {
    let bytes = try SyncLogFixtures.bytes("logs/" + name)
    let log = SyncLog(label: "log", bytes: bytes)
    var written: [UInt8] = []
    for line in log.lines {
      let verb = try #require(line.verb)
      let first = try #require(log.argument(0, of: line))
      try SyncLogWriter.append(verb, first, log.argument(1, of: line), to: &written)
    }
    #expect(written == bytes)
    #expect(log.lines.count == bytes.count { $0 == 0x0A })
  }

  @Test("Both files of a channel report as expected")
  func pair() throws {
    struct Expected: Decodable {
      struct Diagnostic: Decodable, Equatable { let file: String, line: Int, problem: String }
      let pendingLines: Int
      let diagnostics: [Diagnostic]
    }
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(SyncLogFixtures.bytes("09-bad-lines/expected.json")))
    let logs = try ["log-run", "log"].map { name in
      SyncLog(label: name, bytes: try SyncLogFixtures.bytes("09-bad-lines/log/" + name))
    }
    let found = logs.flatMap { log in
      log.diagnostics.filter(\.problem.losesLines).map {
        Expected.Diagnostic(file: log.label, line: $0.line, problem: $0.problem.rawValue)
      }
    }
    #expect(found == expected.diagnostics)
    #expect(logs.reduce(0) { $0 + $1.lines.count } == expected.pendingLines)
    #expect(logs[0].text(of: logs[0].lines[1]) == Array("mailbox user.erin.n1".utf8))
    #expect(logs[1].text(of: logs[1].lines[0]) == Array("MAILBOX {12}\r\nuser.erin.n3".utf8))
    #expect(logs[1].lines[1].number == 3)
  }

  @Test("What stands behind poison is counted")
  func poison() {
    let log = SyncLog(label: "log", bytes: Array("USER a\nUSER b \nUSER c\n\nUSER (d\nUSER e\nUSER f".utf8))
    #expect(log.lines.map(\.number) == [1])
    #expect(log.diagnostics.map(\.description) == ["line 2, byte 14: poison"])
    #expect(log.invisibleBytes == 7..<44)
    #expect(log.invisibleLineCount == 4)
    #expect(log.tornByteCount == 0)
  }

  @Test("Lines that are read, but oddly, have notes")
  func notes() {
    let text = "SEEN a\nSUB a\nRENAME a\nUSER {1}\r\na\nUSER a\0b\nUSER a b\nMAIL\0 {0}\r\n \"\\\0\"\n\0\n"
    let log = SyncLog(label: "log", bytes: Array(text.utf8))
    let found = log.diagnostics.map { "\($0.line) \($0.problem.rawValue)" }
    #expect(
      found == [
        "1 missingArgument", "2 missingArgument", "3 missingArgument", "4 literal", "6 nul", "7 extraArgument",
        "8 literal", "8 nul", "10 wordOnly",
      ])
    #expect(log.diagnostics[4].offset == 40)
    #expect(log.lines.count == 7)
  }

  @Test("A CR behind the word is passed over, and LFs within quotes count as lines")
  func returns() {
    let log = SyncLog(label: "log", bytes: Array("USER\r a\nUSER \"b\\\nc\"\r\nuSeR d\n".utf8))
    #expect(log.parsed == [["USER", "a"], ["USER", "b\nc"], ["USER", "d"]].map { $0.map { Array($0.utf8) } })
    #expect(log.lines.map(\.number) == [1, 2, 4])
    #expect(log.lines.map(\.verb) == [.user, .user, .user])
  }

  @Test("Everything cut short is torn, or was whole before")
  func cut() {
    let whole = Array("USER a\r\nSUB \"b \\\"c\" {3}\r\nd\ne\r\nMAILBOX f\n".utf8)
    let ends = [8, 30, 40]
    for count in 0..<whole.count {
      let log = SyncLog(label: "log", bytes: Array(whole[..<count]))
      let lines = ends.filter { $0 <= count }
      #expect(log.lines.count == lines.count)
      #expect(log.tornByteCount == count - (lines.last ?? 0))
      let problems = log.diagnostics.map(\.problem).filter { $0 != .literal }
      #expect(problems == (log.tornByteCount > 0 ? [.torn] : []))
    }
  }

  @Test("A plain argument is seen in place, one with backslashes is not")
  func places() {
    let bytes = Array("SUB \"joe\" \"a\\\"b\"\nUSER x\n".utf8)
    var scanner = SyncLogScanner(bytes.rawSpan)
    guard case .line = scanner.next(), let second = scanner.line.second, let direct = scanner.line.first.direct else {
      return #expect(Bool(false))
    }
    #expect(Array(direct) == Array("joe".utf8))
    #expect(scanner.line.first.form == .quoted && second.isEscaped && second.direct == nil)
    #expect(second.bytes == Array("a\"b".utf8))
    guard case .line = scanner.next() else { return #expect(Bool(false)) }
    #expect(scanner.line.first.form == .atom && scanner.line.second == nil)
    #expect(Array(scanner.line.text) == Array("USER x".utf8) && Array(scanner.line.word) == Array("USER".utf8))
    #expect(scanner.next() == .end && scanner.next() == .end)
  }

  @Test("A NUL behind a backslash ends the argument as any other")
  func escapedNul() {
    let log = SyncLog(label: "log", bytes: Array("USER \"a\\\0b\"\n".utf8))
    #expect(log.parsed == [["USER", "a"].map { Array($0.utf8) }])
    #expect(log.diagnostics.map(\.description) == ["line 1, byte 7: nul"])
  }

  @Test("A line of another log gives nothing")
  func foreign() {
    let long = SyncLog(label: "a", bytes: Array("USER a\nMAILBOX user.a\n".utf8))
    let short = SyncLog(label: "b", bytes: Array("USERS bb\n".utf8))
    for line in long.lines {
      #expect(short.argument(0, of: line) == nil && short.word(of: line).isEmpty)
    }
    #expect(long.argument(1, of: long.lines[0]) == nil && long.argument(-1, of: long.lines[0]) == nil)
  }

  @Test("Of a problem that is met very often not every place is kept, but all are counted, and the end is told")
  func often() {
    let bytes = [UInt8](repeating: 0x0A, count: 10) + Array(String(repeating: "x\n", count: 5000).utf8) + [0x78]
    let log = SyncLog(label: "log", bytes: bytes)
    #expect(log.count(of: .wordOnly) == 5000)
    #expect(log.diagnostics.count == SyncLog.diagnosticCountMax + 1)
    #expect(log.diagnostics.last?.description == "line 5011, byte 10010: torn")
  }

  @Test("What harms a reader is not written")
  func refusals() {
    var log: [UInt8] = [1]
    func refusal(_ verb: SyncLogVerb, _ first: String, _ second: String? = nil) -> SyncLogWriteError? {
      do throws(SyncLogWriteError) {
        try SyncLogWriter.append(verb, Array(first.utf8), second.map { Array($0.utf8) }, to: &log)
        return nil
      } catch { return error }
    }
    #expect(refusal(.user, "a\nb") == .lineBreak && refusal(.sub, "a", "b\r") == .lineBreak)
    #expect(refusal(.user, "a\0b") == .nul)
    #expect(refusal(.seen, "a") == .argumentCount && refusal(.mailbox, "a", "b") == .argumentCount)
    #expect(refusal(.user, String(repeating: "x", count: SyncLogScanner.wordByteCountMax + 1)) == .tooLong)
    #expect(log == [1])
    #expect(refusal(.user, String(repeating: "(", count: SyncLogScanner.wordByteCountMax)) == nil)
    #expect(SyncLog(label: "", bytes: Array(log.dropFirst())).lines.count == 1)
  }
}

extension SyncLog {
  /// Word and arguments of every line.
  var parsed: [[[UInt8]]] {
    lines.map { line in [word(of: line)] + [0, 1].compactMap { argument($0, of: line) } }
  }
}
