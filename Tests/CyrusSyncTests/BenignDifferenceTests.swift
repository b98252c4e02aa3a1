// What is seen by bytes alone is what the decoder says: on records as Cyrus writes them, and on spoiled ones.

import CyrusDatabase
import CyrusMailboxes
import TestSupport
import Testing

@testable import CyrusSync

@Suite struct BenignDifferenceTests {
  /// Records of a mailbox on both sides, key and value behind each other.
  private struct Pair {
    var key: [UInt8]
    var master: [UInt8]
    var replica: [UInt8]
  }

  private static let comparison = FieldComparison(settings: NameSettings(), comparesPartitions: true, states: nil)

  /// Whether a pair is seen through; an issue if the decoder does not say that nothing differs.
  private func isSeenThrough(_ pair: Pair, _ number: Int) -> Bool {
    let mine = pair.key + pair.master
    let theirs = pair.key + pair.replica
    guard mine.count == theirs.count, pair.key.count > 1, pair.master.count > 24,
      let common = BenignDifference(mine.rawSpan, theirs.rawSpan, from: pair.key.count)
    else { return false }
    let entry = MailboxEntryView(key: pair.key.rawSpan, value: pair.master.rawSpan, form: .prefixed)
    let other = MailboxEntryView(key: pair.key.rawSpan, value: pair.replica.rawSpan, form: .prefixed)
    let isLive = (Presence(entry), Presence(other)) == (.live, .live)
    let isSame = MailboxJoin(entry, other) == .sameID && Self.comparison.differences(entry, other).isEmpty
    let id = entry.uniqueID?.copy()
    let partition = other.partition?.copy()
    if !isLive || !isSame || id != Array(mine[common.id]) || partition != Array(mine[common.partition]) {
      Issue.record("round \(number): \(string(pair.key)) \(string(pair.master)) and \(string(pair.replica))")
    }
    return true
  }

  private func word(_ random: inout SplitMix64, _ count: Int) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789-._@ABCMNOZ")
    return String((0..<count).map { _ in letters[random.below(letters.count - (random.chance(1, in: 3) ? 0 : 8))] })
  }

  /// A pair as it mostly is.
  private func pair(_ random: inout SplitMix64) -> Pair {
    var fields: [String] = []
    for letter in ["V", "C", "F"] where !random.chance(1, in: 6) {
      fields.append("\(letter) \(random.below(random.chance(1, in: 2) ? 4_000_000_000 : 1000))")
    }
    var time = (master: "", replica: "")
    if !random.chance(1, in: 8) {
      let now = 1_000_000_000 + random.below(900_000_000)
      time = (" M \(now)", " M \(random.chance(1, in: 4) ? now : 1_000_000_000 + random.below(900_000_000))")
    }
    var acl = ""
    if !random.chance(1, in: 8) {
      let entries = (0..<1 + random.below(random.chance(1, in: 8) ? 30 : 3)).map { _ in
        "\(word(&random, 1 + random.below(20))) \(random.chance(1, in: 2) ? "lrswipkxtecdan" : "lrs")"
      }
      acl = " A %(\(entries.joined(separator: " ")))"
    }
    let kind = ["a", "b", "c", "e", "f", "j", "n", "p", "s", "d", "l", "le"][random.below(12)]
    let id = word(&random, random.chance(1, in: 6) ? 1 + random.below(70) : 36)
    let start = "%(T \(kind) I \(id) P \(word(&random, 1 + random.below(9)))"
    let numbers = fields.map { " " + $0 }.joined()
    return Pair(
      key: Array("Nuser\u{1F}\(word(&random, random.below(random.chance(1, in: 9) ? 300 : 30)))".utf8),
      master: Array((start + numbers + time.master + acl + ")").utf8),
      replica: Array((start + numbers + time.replica + acl + ")").utf8))
  }

  @Test(arguments: Seed.some(20)) func `pairs of which nothing is spoiled are mostly seen through`(seed: Seed) {
    var random = seed.generator(60)
    var count = 0
    for number in 0..<500 where isSeenThrough(pair(&random), number) { count += 1 }
    #expect(count > 100)
  }

  @Test(arguments: Seed.some(60)) func `what is seen through differs in nothing, whatever is spoiled`(seed: Seed) {
    var random = seed.generator(61)
    var count = 0
    let odd = Array(" ()%{}\"\\NILnil+*\0\u{1F}\u{7F}AMTI0123456789&`/'".utf8) + [0x80, 0xFF]
    for number in 0..<1000 {
      var pair = pair(&random)
      // In both alike, or in one.
      for _ in 0..<1 + random.below(3) {
        let place = random.below(pair.master.count)
        let byte = random.chance(1, in: 4) ? UInt8(random.below(256)) : odd[random.below(odd.count)]
        let side = random.below(4)
        switch random.below(4) {
        case 0:
          pair.master.insert(byte, at: place)
          pair.replica.insert(byte, at: min(place, pair.replica.count))
        case 1 where pair.master.count > 1 && place < pair.replica.count:
          pair.master.remove(at: place)
          pair.replica.remove(at: place)
        default:
          if side != 1 { pair.master[place] = byte }
          if side != 2, place < pair.replica.count { pair.replica[place] = byte }
        }
        if pair.master.isEmpty { pair.master = [byte] }
      }
      if isSeenThrough(pair, number) { count += 1 }
    }
    #expect(count > 10)
  }

  @Test func `each byte of a pair may be any`() {
    let value = "%(T e I 0k3abc P default V 1700000001 C 5 F 9 M 1700001001 A %(joe lrs ann lr))"
    var other = value
    other.replace("1700001001", with: "1700001002")
    let pair = Pair(key: Array("Nuser\u{1F}joe".utf8), master: Array(value.utf8), replica: Array(other.utf8))
    #expect(isSeenThrough(pair, 0))
    for place in pair.master.indices {
      for byte in UInt8.min...UInt8.max {
        var spoiled = pair
        spoiled.master[place] = byte
        _ = isSeenThrough(spoiled, place)
        spoiled.replica[place] = byte
        _ = isSeenThrough(spoiled, place)
        spoiled.master[place] = pair.master[place]
        let isSeen = isSeenThrough(spoiled, place)
        let isDigitOfTime = 48..<58 ~= place && UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        #expect(isSeen == (isDigitOfTime || byte == pair.replica[place]), "\(place) \(byte)")
      }
    }
  }
}
