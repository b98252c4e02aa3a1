// What is said of many bytes of a text at once is what is said of each of them.

import CyrusDatabase
import TestSupport
import Testing

@testable import CyrusMailboxes

@Suite struct LongTextTests {
  private static let letters = Array("aZ09-- .@\u{1F}\u{0}\"".utf8) + [0x80]

  @Test(arguments: Seed.some(2))
  func `bits are those of bytes from any place on, and none behind the end`(_ seed: Seed) {
    var random = seed.generator(3000)
    for count in 16...150 {
      let bytes = (0..<count).map { _ in Self.letters[random.below(Self.letters.count)] }
      let text = LongText(bytes.rawSpan)
      for place in 0...count {
        let marks = text.marks(at: place) { vector in
          (0..<16).reduce(0) { isIDByte(vector[$1]) ? $0 : $0 | 1 << UInt32($1) }
        }
        var expected: UInt64 = 0
        for index in place..<min(place + 64, count) where !isIDByte(bytes[index]) {
          expected |= 1 << UInt64(index - place)
        }
        #expect(marks == expected, "\(bytes) from \(place) on")
      }
    }
  }

  @Test(arguments: Seed.some(2))
  func `ids are told wherever they begin and end`(_ seed: Seed) {
    var random = seed.generator(3000)
    let usual = Array("abcxyzABCXYZ0189-".utf8)
    for count in 16...100 {
      for turn in 0..<20 {
        var bytes = (0..<count).map { _ in usual[random.below(usual.count)] }
        if turn % 2 == 0 { bytes[random.below(count)] = UInt8(random.below(256)) }
        let start = random.below(count)
        let end = start + random.below(count - start + 1)
        let holds = bytes[start..<end].allSatisfy(isIDByte)
        if end - start >= 16 {
          let found = LongText(bytes.rawSpan).holdsIDBytes(from: start, count: end - start)
          #expect(found == holds, "\(bytes)")
        }
        #expect(bytes.rawSpan.isUsualID(in: start..<end) == (holds && 8...64 ~= end - start), "\(bytes)")
        let isBeyond = LongText(bytes.rawSpan).holdsIDBytes(from: start, count: count + 17 - start)
        #expect(!isBeyond)
      }
    }
  }

  @Test(arguments: Seed.some(2))
  func `numbers are told wherever they begin and end`(_ seed: Seed) {
    var random = seed.generator(3000)
    for turn in 0..<5000 {
      let count = 16 + random.below(20)
      var bytes = (0..<count).map { _ in UInt8(ascii: "0") + UInt8(random.below(10)) }
      if turn % 2 == 0 { bytes[random.below(count)] = UInt8(random.below(256)) }
      let start = random.below(count)
      let end = start + random.below(min(20, count - start + 1))
      let number = start < end && end - start <= 16 ? UInt64(utf8(Array(bytes[start..<end]))) : nil
      let isSigned = start < end && !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[start])
      let found = LongText(bytes.rawSpan).number(in: start..<end)
      #expect(found == (isSigned ? nil : number), "\(bytes)")
    }
  }
}

@Suite struct PlainNameTests {
  private static let pieces: [String] = [
    "user", "joe", "INBOX", "DELETED", "65F0C3A1", "anyone", "anonymous", "a.example", "To do", "B&APw-cher", "&", "&-",
    "(old)", "#3", "a/b", "^", "~x", "$x", "%", "\u{E4}", "\u{7F}", "\u{1}", "x!y", "Newsletter_2022-01", "", "-",
    String(repeating: "long", count: 9),
  ]

  private static func name(_ random: inout SplitMix64) -> [UInt8] {
    var name: [UInt8] = []
    if random.chance(1, in: 2) {
      name += Array(pieces[random.below(pieces.count)].utf8) + [NameForm.groupSeparator]
    }
    if random.chance(1, in: 6) { name += Array("DELETED\u{1F}".utf8) }
    if random.chance(3, in: 4) { name += Array("user\u{1F}".utf8) }
    for index in 0...random.below(6) {
      if index > 0 { name.append(NameForm.unitSeparator) }
      name += Array(pieces[random.below(random.chance(1, in: 2) ? 10 : pieces.count)].utf8)
    }
    if random.chance(1, in: 8), !name.isEmpty { name[random.below(name.count)] = UInt8(random.below(256)) }
    return name
  }

  @Test(arguments: Seed.some(4))
  func `names that are looked at together are taken apart as byte by byte`(_ seed: Seed) {
    var random = seed.generator(3000)
    var (plainCount, soundCount) = (0, 0)
    for _ in 0..<20_000 {
      let name = Self.name(&random)
      let fast = MailboxNameLayout(
        of: name.rawSpan, form: .database, deletedPrefix: "DELETED", defaultDomain: "a.example")
      var careful = MailboxNameLayout(
        inlining: name.rawSpan, form: .database, deletedPrefix: "DELETED", defaultDomain: "a.example", isCareful: true)
      #expect(!careful.isPlain && !careful.hasShifts)
      let issues = MailboxNameView(name.rawSpan, careful).issues()
      let view = MailboxNameView(name.rawSpan, fast)
      let found = view.issues()
      #expect(found == issues, "\(name)")
      let isSurelySound = view.isSurelySound
      #expect(!isSurelySound || issues.isEmpty, "\(name)")
      plainCount += fast.isPlain ? 1 : 0
      soundCount += isSurelySound ? 1 : 0
      careful.takePlainness(of: fast)
      #expect("\(fast)" == "\(careful)", "\(name)")
    }
    #expect(plainCount > 3000 && soundCount > 1000, "\(plainCount), \(soundCount)")
  }
}
