// The file header: what a reader refuses, and with which words.

import TestSupport
import Testing

@testable import CyrusDatabase

/// One way to spoil a sound header, and the error it must lead to.
struct SpoiledHeader: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let spoil: @Sendable (inout [UInt8]) -> Void
  let code: TwoskipError.Code
  let offset: UInt64
  var expected: UInt64?
  var found: UInt64?
  /// Which rule the verifier names, at which place.
  let finding: Known

  private typealias Field = TwoskipEncoding.HeaderField

  static let all = [
    SpoiledHeader(
      testDescription: "cut to 63 bytes", spoil: { $0.removeLast() }, code: .tooShort, offset: 0, expected: 64,
      found: 63, finding: .damage(.magic, 0)),
    SpoiledHeader(
      testDescription: "one byte", spoil: { $0.removeLast(63) }, code: .tooShort, offset: 0, expected: 64, found: 1,
      finding: .damage(.magic, 0)),
    SpoiledHeader(
      testDescription: "the first bit of the magic", spoil: { $0[0] ^= 0x80 }, code: .magic, offset: 0,
      finding: .damage(.magic, 0)),
    SpoiledHeader(
      testDescription: "the last byte of the magic", spoil: { $0[19] = 1 }, code: .magic, offset: 0,
      finding: .damage(.magic, 0)),
    SpoiledHeader(
      testDescription: "skiplist's magic", spoil: { $0.replaceSubrange(4..<12, with: utf8("skiplist")) }, code: .magic,
      offset: 0, finding: .damage(.magic, 0)),
    SpoiledHeader(
      testDescription: "one bit of the generation", spoil: { $0[31] ^= 1 }, code: .headerChecksum, offset: 60,
      expected: sum(afterFlipping: 31), found: sum, finding: .damage(.headerChecksum, 0)),
    SpoiledHeader(
      testDescription: "one bit of the flags", spoil: { $0[59] ^= 1 }, code: .headerChecksum, offset: 60,
      expected: sum(afterFlipping: 59), found: sum, finding: .damage(.headerChecksum, 0)),
    SpoiledHeader(
      testDescription: "one bit of the checksum", spoil: { $0[63] ^= 1 }, code: .headerChecksum, offset: 60,
      expected: sum, found: sum ^ 1, finding: .damage(.headerChecksum, 0)),
    SpoiledHeader(
      testDescription: "version 2", spoil: { TwoskipSurgeon.setHeader32(Field.version, to: 2, in: &$0) },
      code: .version, offset: 20, expected: 1, found: 2, finding: .damage(.version, 20)),
    SpoiledHeader(
      testDescription: "version 1 in the wrong byte order",
      spoil: { TwoskipSurgeon.setHeader32(Field.version, to: 0x0100_0000, in: &$0) }, code: .version, offset: 20,
      expected: 1, found: 0x0100_0000, finding: .damage(.version, 20)),
    size("a current size within the list head", 328),
    size("a current size of 0", 0),
    size("a current size that is no multiple of 8", 337),
    size("a current size beyond all files", 1 << 63),
    size("the greatest current size", UInt64.max - 7),
  ]

  /// The checksum of the sound header.
  static let sum = UInt64(TwoskipSurgeon.get32(sound, at: Field.checksum))

  /// What the checksum should be once the lowest bit of a byte is flipped.
  private static func sum(afterFlipping offset: Int) -> UInt64 {
    var bytes = sound
    bytes[offset] ^= 1
    return UInt64(testCRC32(bytes[..<Field.checksum]))
  }

  /// 64 bytes of header: an empty database.
  static let sound = TwoskipEncoding.header(recordCount: 0, repackSize: 336, currentSize: 336)

  private static func size(_ description: String, _ size: UInt64) -> SpoiledHeader {
    SpoiledHeader(
      testDescription: description, spoil: { TwoskipSurgeon.setHeader64(Field.currentSize, to: size, in: &$0) },
      code: .currentSize, offset: 48, found: size, finding: .damage(.headerSizes, 48))
  }
}

@Suite struct HeaderTests {
  @Test(arguments: SpoiledHeader.all)
  func `refuses a spoiled header`(_ spoiled: SpoiledHeader) {
    var bytes = SpoiledHeader.sound
    spoiled.spoil(&bytes)
    let error = #expect(throws: TwoskipError.self) { try TwoskipHeader(of: bytes.rawSpan) }
    #expect(error?.code == spoiled.code)
    #expect(error?.offset == spoiled.offset)
    #expect(error?.expected == spoiled.expected)
    #expect(error?.found == spoiled.found)
  }

  @Test(arguments: SpoiledHeader.all)
  func `verification names the same fault in a whole file`(_ spoiled: SpoiledHeader) {
    var bytes = SpoiledHeader.sound
    spoiled.spoil(&bytes)
    // The cut ones stay cut.
    if bytes.count == 64 { bytes += TwoskipEncoding.emptyDummy }
    #expect(Known.all(in: report(on: bytes)).contains(spoiled.finding))
    #expect(Known.all(in: report(on: bytes, .quick)).contains(spoiled.finding))
    #expect(Walk(of: bytes).isRefused)
    #expect(report(on: bytes).verdict == .damaged)
  }

  @Test func `takes what is unusual but possible`() throws {
    let bytes = TwoskipEncoding.header(
      version: 0, generation: .max, recordCount: .max, repackSize: 0, currentSize: Int.max / 4 & ~7, flags: .max)
    let header = try TwoskipHeader(of: bytes.rawSpan)
    #expect(header.version == 0)
    #expect(header.generation == .max)
    #expect(header.recordCount == UInt64(Int.max))
    #expect(header.repackSize == 0)
    #expect(header.currentSize == UInt64(Int.max / 4 & ~7))
    #expect(header.flags == .max)
    #expect(header.isDirty)
  }

  @Test func `the text of an error has its place and numbers in hexadecimal`() {
    var bytes = SpoiledHeader.sound
    TwoskipSurgeon.setHeader64(TwoskipEncoding.HeaderField.currentSize, to: 328, in: &bytes)
    let error = #expect(throws: TwoskipError.self) { try TwoskipHeader(of: bytes.rawSpan) }
    #expect(error?.description == "committed end is impossible at offset 0x30: found 0x148")
    #expect(error?.code.rule == .headerSizes)
  }
}
