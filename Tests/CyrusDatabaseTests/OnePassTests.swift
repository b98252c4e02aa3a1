// A check in one pass says what the others say, and gives up wherever it cannot know.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct OnePassTests {
  /// A file as a repack leaves it.
  private static func packed(_ count: Int, seed: UInt64 = 1, writesBlanks: Bool = true) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    let pairs = (0..<count).map { index in
      let value = random.bytes(Int.random(in: 0...40, using: &random))
      return TwoskipPair(utf8("Nuser\u{1F}u\(1000 + index)"), value)
    }
    return BulkTwoskipFile(seed: seed, writesBlanks: writesBlanks).bytes(of: pairs)
  }

  /// Whether one pass was enough; and that it makes no difference.
  private func isSeenInOnePass(_ bytes: [UInt8], _ what: String) -> Bool {
    let alone = TwoskipVerifier.report(on: bytes.rawSpan, depth: .full, allowsOnePass: false)
    let found = TwoskipVerifier.report(on: bytes.rawSpan, depth: .full)
    #expect(found == alone, "\(what): \(found.findings)\n\(alone.findings)\n\(found.rules)\n\(alone.rules)")
    let quickAlone = TwoskipVerifier.report(on: bytes.rawSpan, depth: .quick, allowsOnePass: false)
    let quick = TwoskipVerifier.report(on: bytes.rawSpan, depth: .quick)
    #expect(
      quick == quickAlone,
      "\(what), quick: \(quick.findings)\n\(quickAlone.findings)\n\(quick.rules)\n\(quickAlone.rules)")
    var verifier = TwoskipVerifier(bytes.rawSpan, depth: .full, progress: nil)
    let isSeen = verifier.isSeenInOnePass()
    var quickVerifier = TwoskipVerifier(bytes.rawSpan, depth: .quick, progress: nil)
    let isQuicklySeen = quickVerifier.isSeenInOnePass()
    // A quick check looks at less, so it need not doubt what a full one knows to be sound.
    #expect(isQuicklySeen || !isSeen, "\(what)")
    return isSeen
  }

  /// Makes all checksums right around a changed byte, so that other rules have to notice.
  private func fixChecksums(_ spoiled: inout [UInt8], around offset: Int, of bytes: [UInt8]) {
    for piece in TwoskipSurgeon.records(in: bytes) where piece.offset..<piece.end ~= offset {
      guard TwoskipSurgeon.piece(at: piece.offset, in: spoiled) != nil else { continue }
      TwoskipSurgeon.fixHeadChecksum(&spoiled, at: piece.offset)
      TwoskipSurgeon.fixTailChecksum(&spoiled, at: piece.offset)
      TwoskipSurgeon.fixHeadChecksum(&spoiled, at: piece.offset)
    }
    TwoskipSurgeon.fixHeaderChecksum(&spoiled)
  }

  @Test(arguments: [0, 1, 2, 3, 10, 100, 1000])
  func `a repacked file takes one pass`(_ count: Int) {
    for seed in 1...5 as ClosedRange<UInt64> {
      #expect(isSeenInOnePass(Self.packed(count, seed: seed), "\(count) records, seed \(seed)"))
    }
  }

  @Test(arguments: [1, 2, 3, 10, 100])
  func `the smallest records take one pass, whatever of them is changed`(_ count: Int) {
    let pairs = (0..<count).map { TwoskipPair([UInt8($0)], []) }
    for seed in 1...3 as ClosedRange<UInt64> {
      let bytes = BulkTwoskipFile(seed: seed).bytes(of: pairs)
      #expect(isSeenInOnePass(bytes, "\(count) records, seed \(seed)"))
      guard count < 10 else { continue }
      for offset in bytes.indices {
        var spoiled = bytes
        spoiled[offset] ^= 0x08
        fixChecksums(&spoiled, around: offset, of: bytes)
        _ = isSeenInOnePass(spoiled, "byte \(offset)")
      }
    }
  }

  @Test func `one of a release without BLANKs takes the others, for its heads that straddle blocks`() {
    let bytes = Self.packed(200, writesBlanks: false)
    #expect(!isSeenInOnePass(bytes, "without BLANKs"))
  }

  @Test func `real files are the same either way, and those that were repacked take one pass`() throws {
    var seen = 0
    for folder in ["twoskip", "mailboxes", "annotations"] {
      let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.folder.appending(path: folder).path)
      for name in files where name.hasSuffix(".db") || name.hasSuffix(".twoskip") {
        let bytes = Array(try Data(contentsOf: Fixture.folder.appending(path: "\(folder)/\(name)")))
        if isSeenInOnePass(bytes, name) { seen += 1 }
      }
    }
    #expect(seen >= 5)
  }

  @Test(arguments: [UInt8(0x01), 0x80, 0xFF])
  func `whatever byte is changed, it makes no difference which way`(_ mask: UInt8) {
    let bytes = Self.packed(12, seed: 3)
    #expect(isSeenInOnePass(bytes, "unchanged"))
    for offset in bytes.indices {
      var spoiled = bytes
      spoiled[offset] ^= mask
      _ = isSeenInOnePass(spoiled, "byte \(offset) ^ \(mask)")
      fixChecksums(&spoiled, around: offset, of: bytes)
      _ = isSeenInOnePass(spoiled, "byte \(offset) ^ \(mask), checksums right")
    }
  }

  @Test func `however short it is cut, it makes no difference which way`() {
    let bytes = Self.packed(12, seed: 4)
    for count in bytes.indices { _ = isSeenInOnePass(Array(bytes.prefix(count)), "\(count) bytes") }
    _ = isSeenInOnePass(bytes + [0], "a byte more")
  }

  @Test func `random databases are the same either way`() {
    for seed in 1...60 as ClosedRange<UInt64> {
      var random = SplitMix64(seed: seed)
      var builder = TwoskipBuilder(seed: seed)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        builder.begin()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
          let key = utf8("k\(Int.random(in: 0..<30, using: &random))")
          if Int.random(in: 0..<4, using: &random) == 0 {
            builder.delete(key)
          } else {
            builder.set(key, random.bytes(9))
          }
        }
        builder.commit()
      }
      _ = isSeenInOnePass(builder.bytes, "seed \(seed)")
    }
  }
}

extension TwoskipVerifier {
  /// Whether a file needs no more than one pass.
  fileprivate mutating func isSeenInOnePass() -> Bool {
    checkHeader() && checkPacked()
  }
}
