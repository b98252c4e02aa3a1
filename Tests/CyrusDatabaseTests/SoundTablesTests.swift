// The tables in which the fast way to check a sound file keeps what it has seen.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SoundTablesTests {
  private struct NoMemory: Error {}

  @Test func `a key that cannot be where its record was, as the file is written over, is none`() {
    var bytes = [UInt8](repeating: 0, count: 400)
    TwoskipSurgeon.put32(0x2B01_0003, at: 0, in: &bytes)
    bytes[32] = 1
    // The highest level, and the longest key.
    TwoskipSurgeon.put32(0x2B1F_FFFE, at: 64, in: &bytes)
    let span = bytes.rawSpan
    let isNoneFirst = span.recordKeysAscend(64, 0)
    let isNoneLast = span.recordKeysAscend(0, 64)
    #expect(isNoneFirst && !isNoneLast)
  }

  @Test(arguments: Seed.some(8))
  func `starts are numbered in file order, in however many parts they are counted`(_ seed: Seed) throws {
    var random = seed.generator(51)
    for _ in 0..<20 {
      let byteCount = 8 * (1 + random.below(4000))
      guard let places = TwoskipPlaces(byteCount: byteCount) else { throw NoMemory() }
      var starts: [UInt64: Int] = [:]
      for word in 0..<places.bitWordCount {
        var bits: UInt64 = 0
        for bit in 0..<64 where word * 64 + bit < byteCount / 8 && random.chance(1, in: 3) {
          bits |= 1 << UInt64(bit)
          starts[UInt64(word * 512 + bit * 8)] = starts.count
        }
        places[bits: word] = bits
      }
      let groups = (places.bitWordCount + 2) / 3
      let cut = random.below(groups + 1)
      places.count(groups: cut..<groups, from: starts.keys.count { $0 < UInt64(cut * 3 * 512) })
      places.count(groups: 0..<cut, from: 0)
      for pointer in 0..<UInt64(byteCount + 1600) {
        #expect(places.number(of: pointer) == starts[pointer], "seed \(seed), \(pointer) of \(byteCount)")
        #expect(places.contains(pointer) == (starts[pointer] != nil), "seed \(seed), \(pointer) of \(byteCount)")
      }
      for pointer in [UInt64.max, 1 << 63, UInt64.max & ~7] { #expect(places.number(of: pointer) == nil) }
      // Back again, some numbers left out.
      let numbered = Dictionary(uniqueKeysWithValues: starts.map { ($1, $0) })
      if starts.isEmpty { continue }
      let first = random.below(starts.count)
      var group = places.group(of: first)
      for number in first..<starts.count where number == first || random.chance(1, in: 2) {
        let place = places.place(of: number, &group)
        #expect(UInt64(place) == numbered[number], "seed \(seed), number \(number) of \(byteCount)")
      }
    }
  }

  @Test(arguments: Seed.some(4))
  func `lots give back what they got, in the order in which they got it`(_ seed: Seed) throws {
    var random = seed.generator(52)
    let counts = [random.below(5000), random.below(5000)]
    guard let table = LargeTable<UInt64>(count: TwoskipLots.room(for: 2 * (counts[0] + counts[1]), parts: 2))
    else { throw NoMemory() }
    var parts = [TwoskipLots(behind: 0, part: 0), TwoskipLots(behind: 2 * counts[0], part: 1)]
    var expected = [[[UInt64]]](repeating: [[UInt64]](repeating: [], count: 256), count: 2)
    for part in [1, 0] {
      for _ in 0..<counts[part] {
        let lot = random.chance(1, in: 2) ? 255 : random.below(256)
        let place = parts[part].place(in: lot, 2)
        let pair = [random.next(), random.next()]
        table[place] = pair[0]
        table[place + 1] = pair[1]
        expected[part][lot] += pair
      }
    }
    for part in 0..<2 {
      for lot in 0..<256 {
        var found: [UInt64] = []
        _ = parts[part].forEachRun(of: lot) { run in
          for index in run { found.append(table[index]) }
          return true
        }
        #expect(found == expected[part][lot], "seed \(seed), part \(part), lot \(lot)")
      }
    }
  }

  @Test func `elements of a table are moved to where others are, which may be some of them`() throws {
    guard let table = LargeTable<UInt32>(count: 100) else { throw NoMemory() }
    for index in 0..<100 { table[index] = UInt32(index) }
    table.move(40..<90, to: 20)
    table.move(99..<100, to: 0)
    table.move(50..<50, to: 100)
    for index in 0..<100 {
      let expected = index == 0 ? 99 : 20..<70 ~= index ? index + 20 : index
      #expect(table[index] == UInt32(expected))
    }
  }

  @Test func `what is kept of a pair holds each place of the largest file`() {
    for place in [0, UInt64(Twoskip.firstRecord), UInt64(TwoskipNext.byteCountMax) - 8] {
      let (next, ofDelete) = (TwoskipNext(ofRecord: place), TwoskipNext(ofDelete: place))
      #expect(next.place == place && !next.isOfDelete)
      #expect(ofDelete.place == place && ofDelete.isOfDelete)
      for level in [UInt64(1), 2, 31] {
        let record = TwoskipRecord(usualAt: 336, 0x2B00_0001_0000_0000 | level << 48, place, place)
        let alternate = TwoskipAlternate(of: record)
        #expect(alternate.place == place && alternate.hasUppers == (level > 1))
      }
    }
  }

  @Test func `either half of a hash tells keys apart that differ in length or in one bit`() {
    let hash = TwoskipKeyHash()
    var seen: Set<UInt64> = []
    var others: Set<UInt32> = []
    var count = 0
    for length in 1...40 {
      for bit in -1..<8 * length {
        var key = [UInt8](repeating: 0, count: 48)
        if bit >= 0 { key[bit / 8] = 1 << UInt8(bit % 8) }
        // What lies behind a key does not count.
        let (first, second) = hash(0, length, key.rawSpan)
        for index in length..<48 { key[index] = 0xA5 }
        #expect(hash(0, length, key.rawSpan) == (first, second))
        seen.insert(first)
        others.insert(second)
        count += 1
      }
    }
    #expect(seen.count == count)
    // Of so many with 32 bits two may be the same by chance.
    #expect(others.count >= count - 3)
  }
}
