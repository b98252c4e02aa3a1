// What is salvaged of the files that Cyrus wrote, sound and damaged.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageFixtureTests {
  /// Found without the code under test: every place of the file is tried.
  @Test(arguments: Fixture.all)
  func `every record whose checksums hold is kept or accounted for`(_ fixture: Fixture) throws {
    let bytes = try fixture.bytes
    let salvaged = try Salvaged(bytes)
    let end = min(Int(salvaged.outcome.end), bytes.count)
    var sound: [[UInt8]: [Int]] = [:]
    for place in stride(from: 336, to: max(336, end), by: 8) where bytes[place] == 0x2B {
      guard let piece = TwoskipSurgeon.piece(at: place, in: bytes), piece.type == .record, piece.end <= end,
        testCRC32(bytes, in: place..<piece.headChecksumOffset)
          == TwoskipSurgeon.get32(bytes, at: piece.headChecksumOffset),
        testCRC32(bytes, in: place + piece.headLength..<piece.end)
          == TwoskipSurgeon.get32(bytes, at: piece.tailChecksumOffset)
      else { continue }
      sound[Array(bytes[piece.keyRange]), default: []].append(place)
    }
    let kept = Dictionary(uniqueKeysWithValues: salvaged.records.map { ($0.pair.key, $0.offset) })
    var left = 0
    for (key, places) in sound {
      if let offset = kept[key] { #expect(offset >= places.max() ?? 0, "\(text(key))") } else { left += 1 }
    }
    #expect(left <= Int(salvaged.outcome.deletedCount))
    let count = sound.values.reduce(0) { $0 + $1.count }
    let accounted = salvaged.records.count + Int(salvaged.outcome.deletedCount + salvaged.outcome.supersededCount)
    #expect(accounted >= count)
    // Of those in no file with deletions but the packed ones, none is left out.
    if fixture.file.hasPrefix("ts-bad-"), fixture.file != "ts-bad-dead-tail.db" { #expect(left == 0) }
    if fixture.content { #expect(Set(try pairs(of: fixture)).isSubset(of: salvaged.certainPairs)) }
  }

  /// The committed records, where their list gives them in full.
  private func pairs(of fixture: Fixture) throws -> [Pair] {
    try fixture.lines.contains { $0.contains("sha256:") } ? [] : Fixture.pairs(of: fixture.file)
  }
}
