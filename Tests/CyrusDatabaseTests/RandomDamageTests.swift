// Damage that checksums do not show: anything may be said of such a file, but everything has to end, to add up, and
// to agree with itself.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct RandomDamageTests {
  @Test(arguments: Style.all, Seed.some(6))
  func `whatever is in a file, every operation ends, and verification and reading agree`(_ style: Style, _ seed: Seed) {
    var random = seed.generator(61)
    var database = RandomDatabase(style, random: seed.generator(62), keyCount: 16)
    for round in 0..<60 {
      database.transaction()
      var bytes = database.builder.bytes
      for _ in 0...random.below(4) { Self.damage(&bytes, &random) }
      #expect(Examination(bytes: bytes, keys: database.keys).contradictions == [], "round \(round)")
      if round % 15 == 14 { database.builder.repack() }
    }
  }

  /// Changes something at random; head and header checksums stay right.
  private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let records = TwoskipSurgeon.records(in: bytes)
    guard bytes.count >= 336, !records.isEmpty else { return }
    let record = records[random.below(records.count)]
    var places = records.map(\.offset) + records.map(\.end)
    places += [0, 8, 64, 336, bytes.count, bytes.count + 8, record.offset + 8, record.offset + 4]
    let place = places[random.below(places.count)]
    switch random.below(12) {
    case 0...4:
      let index = random.chance(2, in: 3) ? random.below(min(2, record.level + 1)) : random.below(record.level + 1)
      bytes.setPointer(index, ofRecordAt: record.offset, to: place)
    case 5: bytes.setHeader(currentSize: random.chance(1, in: 4) ? random.below(bytes.count + 64) : place)
    case 6: bytes.setHeader(repackSize: place, flags: UInt32(random.below(3)))
    case 7: bytes.setHeader(recordCount: random.below(30))
    case 8:
      // Another type or level, or other lengths.
      bytes[record.offset + random.below(8)] = UInt8(random.below(40))
      if record.headChecksumOffset + 300 < bytes.count { TwoskipSurgeon.fixHeadChecksum(&bytes, at: record.offset) }
    case 9: if !record.keyRange.isEmpty { bytes[record.keyRange.lowerBound] = UInt8(random.below(256)) }
    case 10: bytes.removeLast(random.below(min(bytes.count - 300, 200)))
    default: bytes += random.bytes(random.below(100))
    }
    if record.end <= bytes.count, random.chance(1, in: 2), TwoskipSurgeon.piece(at: record.offset, in: bytes) == record
    {
      TwoskipSurgeon.fixTailChecksum(&bytes, at: record.offset)
    }
  }
}
