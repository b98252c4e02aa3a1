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
      check(bytes, database.keys, "round \(round)")
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

  private func check(_ bytes: [UInt8], _ keys: [[UInt8]], _ what: String) {
    let walk = Walk(of: bytes)
    let listed = walk.pairs.map(\.key)
    #expect(
      TwoskipBuilder.Order.raw.isAscending(listed) || TwoskipBuilder.Order.mbox.isAscending(listed),
      "\(what): \(listed.map(text))")
    let full = report(on: bytes)
    let quick = report(on: bytes, .quick)
    for report in [full, quick] {
      #expect(report.parts.reduce(0) { $0 + $1.byteCount } == UInt64(bytes.count), "\(what): \(report.parts)")
      #expect(report.findings.allSatisfy { $0.bytes.lowerBound <= $0.bytes.upperBound }, "\(what)")
    }
    #expect(full.state == quick.state, "\(what)")
    if quick.verdict == .damaged { #expect(full.verdict == .damaged, "\(what): \(quick.findings)") }
    if !walk.errors.isEmpty { #expect(full.verdict == .damaged, "\(what): \(walk.errors)") }
    if full.verdict != .damaged {
      #expect(UInt64(walk.pairs.count) == full.recordCount, "\(what)")
      let values = Dictionary(uniqueKeysWithValues: walk.pairs.map { ($0.key, $0.value) })
      for key in keys {
        let found = Result { try lookup(key, in: bytes) }
        #expect((try? found.get()) == .some(values[key]), "\(what): lookup of \(text(key)) gives \(found)")
      }
    }
    takeApart(bytes, keys, what)
  }

  private func takeApart(_ bytes: [UInt8], _ keys: [[UInt8]], _ what: String) {
    let end = (try? TwoskipHeader(of: bytes.rawSpan))?.currentSize
    let live = TwoskipLiveness(bytes.rawSpan, end: end)
    let layout = TwoskipLayout(bytes.rawSpan, end: end)
    var place: UInt64 = 0
    layout.forEachStructure(from: 0, to: .max, live) { structure in
      #expect(structure.bytes.lowerBound == place, "\(what)")
      place = structure.bytes.upperBound
      return true
    }
    #expect(place == UInt64(bytes.count), "\(what)")
    _ = layout.references(to: 336, live)
    let key = keys[0]
    let history = TwoskipHistory(bytes.rawSpan, end: end).versions(of: key.rawSpan, live)
    #expect(history.versions.filter(\.isCurrent).count <= 1 || history.doubt != nil, "\(what): \(history)")
  }
}
