// What is said of many bytes of a text at once is what is said of each of them.

import CyrusDatabase
import TestSupport
import Testing

@testable import CyrusMailboxes

@Suite struct LongTextTests {
  private static let letters = Array("aZ09-- .@\u{1F}\u{0}\"".utf8) + [0x80]

  private static func isIDByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  @Test(arguments: Seed.some(2))
  func `bits are those of bytes from any place on, and none behind the end`(_ seed: Seed) {
    var random = seed.generator(3000)
    for count in 16...150 {
      let bytes = (0..<count).map { _ in Self.letters[random.below(Self.letters.count)] }
      let text = LongText(bytes.rawSpan)
      for place in 0...count {
        let marks = text.marks(at: place) { vector in
          (0..<16).reduce(0) { Self.isIDByte(vector[$1]) ? $0 : $0 | 1 << UInt32($1) }
        }
        var expected: UInt64 = 0
        for index in place..<min(place + 64, count) where !Self.isIDByte(bytes[index]) {
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
        let holds = bytes[start..<end].allSatisfy(Self.isIDByte)
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
