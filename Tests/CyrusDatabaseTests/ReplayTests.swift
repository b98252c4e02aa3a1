// Replaying logs: the fast way with ranks against a dictionary.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct ReplayTests {
  @Test(arguments: Style.all, Seed.some(4))
  func `the log of a random database replays as with a dictionary`(_ style: Style, _ seed: Seed) {
    var database = RandomDatabase(style, random: seed.generator(21))
    for number in 0..<30 {
      database.transaction()
      let bytes = database.builder.bytes
      let log = NaiveLog(bytes, order: style.order)
      // The naive way itself: the log and the writer's dictionary agree.
      #expect(Set(log.live.keys) == Set(database.committed.map(\.key)))
      // With the help of list 0, and without.
      for liveEnd in [UInt64(bytes.count), nil] {
        expectSameReplay(bytes, log, style.order, liveEnd: liveEnd, "transaction \(number)")
      }
      if database.random.chance(1, in: 12) { database.builder.repack() }
    }
  }

  @Test(arguments: TwoskipBuilder.Order.allCases, Seed.some(6))
  func `a log that no writer wrote replays as with a dictionary`(_ order: TwoskipBuilder.Order, _ seed: Seed) {
    var random = seed.generator(22)
    for round in 0..<40 {
      let bytes = Self.randomLog(&random)
      expectSameReplay(bytes, NaiveLog(bytes, order: order), order, liveEnd: nil, "round \(round)")
    }
  }

  /// RECORDs, DELETEs, COMMITs and BLANKs at random; what pointers name is random, too.
  private static func randomLog(_ random: inout SplitMix64) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64) + TwoskipEncoding.emptyDummy
    let letters: [UInt8] = [0x09, 0x2D, 0x2E, 0x61, 0x62]
    var places: [Int] = [0, 0, 8, 64, 336, 1 << 40]
    for _ in 0..<1 + random.below(60) {
      places.append(bytes.count)
      switch random.below(8) {
      case 0: bytes += TwoskipEncoding.blank
      case 1: bytes += TwoskipEncoding.record(.commit, level: 0, pointers: [336])
      case 2, 3, 4:
        // What follows is as likely as what came before.
        let target = random.chance(1, in: 8) ? bytes.count + 24 : places[random.below(places.count)]
        bytes += TwoskipEncoding.record(.delete, level: 0, pointers: [UInt64(target)])
      default:
        let key = (0...random.below(2)).map { _ in letters[random.below(letters.count)] }
        bytes += TwoskipEncoding.record(
          .record, level: 1, key: key, value: random.bytes(random.below(9)), pointers: [0, 0])
      }
    }
    return bytes
  }

  private func expectSameReplay(
    _ bytes: [UInt8], _ log: NaiveLog, _ order: TwoskipBuilder.Order, liveEnd: UInt64?, _ what: String
  ) {
    var starts = BitMap(byteCount: bytes.count)
    for entry in log.entries { starts.insert(entry.offset) }
    let replay = TwoskipReplay(
      bytes.rawSpan, starts: starts, order: order == .raw ? .raw : .mbox, liveEnd: liveEnd)
    let keys = log.keys(in: order)
    #expect(replay.keyCount == keys.count, "\(what)")
    var entries: [LogEntry] = []
    replay.run { event in
      switch event {
      case .set(let rank, let offset): entries.append(LogEntry(offset: offset, isSet: true, key: keys[rank]))
      case .deleted(let rank, let offset): entries.append(LogEntry(offset: offset, isSet: false, key: keys[rank]))
      case .deletedNothing(let offset): entries.append(LogEntry(offset: offset, isSet: false, key: nil))
      }
    }
    #expect(entries == log.entries, "\(what)")
    for (rank, key) in keys.enumerated() {
      #expect(replay.rank(of: key.rawSpan) == rank, "\(what): \(text(key))")
    }
    #expect(replay.rank(of: utf8("never set").rawSpan) == nil)
  }

  @Test(arguments: [1, 63, 64, 65, 4096])
  func `the last of any number of keys can be deleted`(_ count: Int) {
    let keys = (0..<count).map { index in [UInt8(index >> 8), UInt8(index & 0xFF)] }
    let builder = Sample.builder { builder in
      builder.transaction { for key in keys { $0.set(key, []) } }
      builder.transaction { $0.delete(keys[count - 1]) }
    }
    #expect(Known.all(in: report(on: builder.bytes)) == [])
  }

  @Test(arguments: [0, 1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 262_144, 262_145])
  func `a set of ranks finds the greatest member below any bound`(_ count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    var ranks = RankSet(count: count)
    // Sorted; what is looked for is looked for in it.
    var members: [Int] = []
    #expect(ranks.last(below: count) == nil)
    guard count > 0 else { return }
    for round in 0..<600 {
      let rank = random.below(count)
      let place = members.firstIndex { $0 >= rank } ?? members.count
      let isMember = place < members.count && members[place] == rank
      #expect(ranks.contains(rank) == isMember)
      // More and more members at first, then fewer and fewer.
      if random.chance(round < 300 ? 3 : 1, in: 4) {
        ranks.insert(rank)
        if !isMember { members.insert(rank, at: place) }
      } else if let victim = members.isEmpty ? nil : members[random.below(members.count)] {
        ranks.remove(victim)
        members.removeAll { $0 == victim }
      }
      for bound in [0, count, random.below(count + 1), members.first ?? 0, members.last.map { $0 + 1 } ?? 0] {
        #expect(ranks.last(below: bound) == members.last { $0 < bound }, "below \(bound)")
      }
    }
  }
}
