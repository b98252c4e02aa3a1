// Random logs: nothing ends the process, and a second reader reads the same.

import CyrusSync
import TestSupport
import Testing

@Suite("Random sync logs")
struct SyncLogPropertyTests {
  @Test("What is written is read", arguments: Seed.some(4))
  func writing(_ seed: Seed) throws {
    var random = seed.generator(1)
    var bytes: [UInt8] = []
    var expected: [[[UInt8]]] = []
    for _ in 0..<2000 {
      let verb = SyncLogVerb.allCases[random.below(SyncLogVerb.allCases.count)]
      let arguments = (0..<verb.argumentCount).map { _ in Self.name(&random) }
      try SyncLogWriter.append(verb, arguments[0], arguments.dropFirst().first, to: &bytes)
      expected.append([Array(verb.rawValue.utf8)] + arguments)
    }
    let log = SyncLog(label: "log", bytes: bytes)
    #expect(log.parsed == expected)
    #expect(log.diagnostics.isEmpty)
    #expect(SyncLogExamination.contradictions(in: bytes).isEmpty)
  }

  @Test("Random bytes are read as a second reader reads them", arguments: Seed.some(4))
  func anything(_ seed: Seed) {
    var random = seed.generator(2)
    for _ in 0..<3000 {
      let bytes = Self.log(&random)
      let contradictions = SyncLogExamination.contradictions(in: bytes)
      #expect(contradictions.isEmpty, "\(bytes)")
      if !contradictions.isEmpty { return }
    }
  }

  @Test("A hostile log is read in linear time", .timeLimit(.minutes(30)))
  func hostile() {
    // Each line has a literal that reaches to the end, where the poison is.
    var bytes: [UInt8] = []
    let lineCount = 50_000
    for line in 0..<lineCount {
      let count = String((lineCount - line) * 16 - 13)
      bytes += Array("A {\(String(repeating: "0", count: 7 - count.count) + count)}\r\n x\n".utf8)
    }
    bytes += Array(" \n".utf8)
    let log = SyncLog(label: "log", bytes: bytes)
    #expect(log.diagnostics.map(\.description) == ["line 1, byte 800001: poison"])
    #expect(log.invisibleLineCount == 1)
  }

  /// A name with everything in it that can be written.
  private static func name(_ random: inout SplitMix64) -> [UInt8] {
    let odd = Array(" \t()\\\"{}\u{0B}\u{0C}\u{01}\u{7F}ü&.%*".utf8)
    return (0..<random.below(20)).map { _ in
      if random.chance(1, in: 3) { return odd[random.below(odd.count)] }
      let byte = UInt8(1 + random.below(255))
      return byte == 0x0A || byte == 0x0D ? 0x20 : byte
    }
  }

  /// Pieces of logs, whole or not.
  private static func log(_ random: inout SplitMix64) -> [UInt8] {
    let pieces = [
      "MAILBOX ", "user.a", "\n", "\r\n", " ", "\"", "\\", "{3}\r\n", "{0}\r\n", "{", "}", "SEEN a b\n", "\t", "(",
      "\0",
      "\r", "sub \"a b\" c\n", "USER a\n", "{99999999999}", "\u{0C}", "RENAME a \"b\\\n\"\n", "ü", "USER\n",
    ].map { Array($0.utf8) }
    return (0..<random.below(30)).flatMap { _ in
      random.chance(1, in: 20) ? random.bytes(random.below(4)) : pieces[random.below(pieces.count)]
    }
  }
}
