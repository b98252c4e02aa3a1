// The fast way to check a sound file says what the passes say, with one thread and with several, and what is not sound is
// left to them.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SoundFileTests {
  /// Whether the fast way was enough; and that no way makes a difference.
  @discardableResult
  private func isSeenFast(_ bytes: [UInt8], _ what: String) -> Bool {
    let alone = TwoskipVerifier.report(on: bytes.rawSpan, depth: .full, allowsOnePass: false)
    for threads in 1...3 {
      let found = TwoskipVerifier.report(on: bytes.rawSpan, depth: .full, threads: threads)
      #expect(
        found == alone,
        "\(what), \(threads) threads: \(found.findings)\n\(alone.findings)\n\(found.rules)\n\(alone.rules)")
    }
    let seen = (1...2).map { threads in
      var verifier = TwoskipVerifier(bytes.rawSpan, depth: .full, progress: nil)
      verifier.threads = threads
      return verifier.isSeenFast(alsoPacked: true)
    }
    #expect(seen[0] == seen[1], "\(what)")
    let isQuicklySeen = isSeenQuickly(bytes, what)
    // What a full check knows to be sound a quick one need not doubt.
    #expect(isQuicklySeen || !seen[0], "\(what)")
    // What the header counts is compared after either way.
    #expect(!seen[0] || alone.findings.allSatisfy { $0.rule == TwoskipRule.recordCount.name }, "\(what)")
    return seen[0]
  }

  /// Whether the fast way was enough for a quick check; and that no way makes a difference.
  private func isSeenQuickly(_ bytes: [UInt8], _ what: String) -> Bool {
    let alone = TwoskipVerifier.report(on: bytes.rawSpan, depth: .quick, allowsOnePass: false)
    for threads in 1...3 {
      let found = TwoskipVerifier.report(on: bytes.rawSpan, depth: .quick, threads: threads)
      #expect(
        found == alone,
        "\(what), quick, \(threads) threads: \(found.findings)\n\(alone.findings)\n\(found.rules)\n\(alone.rules)")
    }
    var verifier = TwoskipVerifier(bytes.rawSpan, depth: .quick, progress: nil)
    let isSeen = verifier.isQuicklySeen()
    #expect(!isSeen || alone.findings.allSatisfy { $0.rule == TwoskipRule.recordCount.name }, "\(what)")
    return isSeen
  }

  @Test(arguments: Seed.some(8))
  func `random databases are checked the fast way, as long as their order is raw`(_ seed: Seed) {
    for style in Style.all {
      var database = RandomDatabase(style, random: seed.generator(31))
      var seen = 0
      for number in 0..<24 {
        database.transaction()
        if database.random.chance(1, in: 10) { database.builder.repack() }
        if isSeenFast(database.builder.bytes, "\(style), transaction \(number)") { seen += 1 }
      }
      #expect(seen > 0 || !style.writesBlanks || style.order == .mbox)
    }
  }

  @Test(arguments: Seed.some(4))
  func `files with many lists and deletes are checked the fast way`(_ seed: Seed) {
    var random = seed.generator(32)
    for count in [1, 40, 400, 3000] {
      var builder = TwoskipBuilder(seed: random.next())
      for _ in 0..<1 + random.below(8) {
        builder.begin()
        for _ in 0..<count {
          let key = utf8("Nuser\u{1F}u\(random.below(count))")
          if random.chance(1, in: 3) { builder.delete(key) } else { builder.set(key, random.bytes(random.below(40))) }
        }
        builder.commit()
      }
      #expect(isSeenFast(builder.bytes, "\(count) keys"))
      builder.repack()
      #expect(isSeenFast(builder.bytes, "\(count) keys, repacked"))
      // A repacked base with a tail: the usual state of a file.
      builder.begin()
      for number in 0..<1 + count / 8 { builder.set(utf8("Nuser\u{1F}u\(random.below(count)).\(number % 2)"), [1]) }
      builder.delete(utf8("Nuser\u{1F}u0"))
      builder.commit()
      #expect(isSeenFast(builder.bytes, "\(count) keys, with a tail"))
    }
  }

  @Test func `a churned list of mailboxes is checked the fast way`() {
    let bytes = ChurnedMailboxes(mailboxCount: 3000, seed: 5).build().bytes
    #expect(isSeenFast(bytes, "churned"))
  }

  @Test(arguments: [UInt8(0x01), 0x80, 0xFF])
  func `whatever byte of a file with a past is changed, it makes no difference which way`(_ mask: UInt8) {
    var random = SplitMix64(seed: 9)
    var builder = TwoskipBuilder(seed: 9)
    for _ in 0..<3 {
      builder.begin()
      for _ in 0..<6 {
        let key = utf8("k\(random.below(8))")
        if random.chance(1, in: 3) { builder.delete(key) } else { builder.set(key, random.bytes(random.below(9))) }
      }
      builder.commit()
    }
    let bytes = builder.bytes
    #expect(isSeenFast(bytes, "unchanged"))
    let pieces = TwoskipSurgeon.records(in: bytes)
    for offset in bytes.indices {
      var spoiled = bytes
      spoiled[offset] ^= mask
      isSeenFast(spoiled, "byte \(offset) ^ \(mask)")
      // With all checksums right, so that other rules have to notice.
      for piece in pieces where piece.offset..<piece.end ~= offset {
        guard TwoskipSurgeon.piece(at: piece.offset, in: spoiled) != nil else { continue }
        TwoskipSurgeon.fixHeadChecksum(&spoiled, at: piece.offset)
        TwoskipSurgeon.fixTailChecksum(&spoiled, at: piece.offset)
        TwoskipSurgeon.fixHeadChecksum(&spoiled, at: piece.offset)
      }
      TwoskipSurgeon.fixHeaderChecksum(&spoiled)
      isSeenFast(spoiled, "byte \(offset) ^ \(mask), checksums right")
    }
  }

  @Test(arguments: Seed.some(6))
  func `pointers and keys that are forged make no difference which way`(_ seed: Seed) {
    var random = seed.generator(33)
    for round in 0..<400 {
      var builder = TwoskipBuilder(seed: random.next())
      for _ in 0..<1 + random.below(4) {
        builder.begin()
        for _ in 0..<random.below(20) {
          let key = utf8("k\(random.below(16))")
          if random.chance(1, in: 3) { builder.delete(key) } else { builder.set(key, random.bytes(random.below(9))) }
        }
        builder.commit()
      }
      var bytes = builder.bytes
      let pieces = TwoskipSurgeon.records(in: bytes)
      let places = [0] + pieces.map(\.offset)
      for _ in 0..<1 + random.below(2) {
        let piece = pieces[random.below(pieces.count)]
        if random.chance(1, in: 3), piece.keyLength > 0 {
          // A key that another record may have, too: what dies, and what a DELETE means, is then another one.
          bytes[piece.keyRange.upperBound - 1] = UInt8(ascii: "0") + UInt8(random.below(10))
          TwoskipSurgeon.fixTailChecksum(&bytes, at: piece.offset)
          TwoskipSurgeon.fixHeadChecksum(&bytes, at: piece.offset)
        } else {
          let target = UInt64(places[random.below(places.count)])
          TwoskipSurgeon.setPointer(piece, random.below(piece.level + 1), to: target, in: &bytes)
        }
      }
      isSeenFast(bytes, "round \(round)")
    }
  }

  @Test(arguments: Seed.some(6))
  func `pointers to where nothing starts, and circles, make no difference which way`(_ seed: Seed) {
    var random = seed.generator(35)
    for round in 0..<120 {
      var builder = TwoskipBuilder(seed: random.next())
      let keyCount = round % 20 == 0 ? 300 : 16
      for _ in 0..<1 + random.below(4) {
        builder.begin()
        for _ in 0..<keyCount {
          let key = utf8("k\(random.below(keyCount))")
          if random.chance(1, in: 3) { builder.delete(key) } else { builder.set(key, random.bytes(random.below(40))) }
        }
        builder.commit()
      }
      var bytes = builder.bytes
      let pieces = TwoskipSurgeon.records(in: bytes)
      let piece = pieces[random.below(pieces.count)]
      let other = pieces[random.below(pieces.count)]
      let (own, start, behind) = (UInt64(piece.offset), UInt64(other.offset), UInt64(other.end))
      let end = UInt64(bytes.count)
      var targets: [UInt64] = [own, start, start + 8, behind - 8, start + 1, 8, 64, end - 24, end - 8, end, end + 8]
      for bit in [31, 34, 35, 63] { targets += [start | 1 << UInt64(bit), 1 << UInt64(bit)] }
      targets += [UInt64.max, UInt64.max - 7]
      let target = targets[random.below(targets.count)]
      // One pointer of it, both of list 0, or all.
      let count = piece.level + 1
      let pointers = [random.below(count)..<count, 0..<min(2, count), 0..<count][random.below(3)]
      for index in pointers.prefix(random.chance(1, in: 2) ? 1 : 32) {
        TwoskipSurgeon.setPointer(piece, index, to: target, in: &bytes)
      }
      isSeenFast(bytes, "seed \(seed), round \(round), \(piece.offset) to \(target)")
    }
  }

  @Test func `however short a file with a past is cut, it makes no difference which way`() {
    var random = SplitMix64(seed: 4)
    var builder = TwoskipBuilder(seed: 4)
    for _ in 0..<4 {
      builder.begin()
      for _ in 0..<4 { builder.set(utf8("k\(random.below(6))"), random.bytes(5)) }
      builder.commit()
    }
    let bytes = builder.bytes
    for count in bytes.indices { isSeenFast(Array(bytes.prefix(count)), "\(count) bytes") }
  }

  @Test(arguments: Seed.some(4))
  func `records that claim what lies behind them make no difference which way`(_ seed: Seed) {
    var random = seed.generator(34)
    for round in 0..<100 {
      var builder = TwoskipBuilder(seed: random.next())
      builder.begin()
      for index in 0..<10 { builder.set(utf8("k\(index)"), random.bytes(random.below(40))) }
      builder.commit()
      var bytes = builder.bytes
      for piece in TwoskipSurgeon.records(in: bytes) where piece.keyLength > 0 && random.chance(1, in: 2) {
        let room = bytes.count - piece.offset - piece.headLength - piece.keyLength
        let claimed = random.chance(1, in: 4) ? random.below(room + 9) : room
        TwoskipSurgeon.put32(UInt32(claimed), at: piece.offset + 4, in: &bytes)
        TwoskipSurgeon.fixHeadChecksum(&bytes, at: piece.offset)
      }
      isSeenFast(bytes, "round \(round)")
    }
  }

  @Test func `real files are the same either way`() throws {
    for folder in ["twoskip", "mailboxes", "annotations"] {
      let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.folder.appending(path: folder).path)
      for name in files where name.hasSuffix(".db") || name.hasSuffix(".twoskip") {
        isSeenFast(Array(try Data(contentsOf: Fixture.folder.appending(path: "\(folder)/\(name)"))), name)
      }
    }
  }
}

extension TwoskipVerifier {
  /// Whether a file needs no more than the fast way.
  fileprivate mutating func isSeenFast(alsoPacked: Bool) -> Bool {
    checkHeader() && (alsoPacked && checkPacked() || checkSound())
  }

  /// Whether a quick check needs no more than the fast way.
  fileprivate mutating func isQuicklySeen() -> Bool { checkHeader() && (checkPacked() || checkQuickly()) }
}
