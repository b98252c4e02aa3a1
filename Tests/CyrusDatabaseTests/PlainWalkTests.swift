// The plain steps of a walk give what its careful steps give, whatever the bytes are.
//
// Both walk the same spoiled files here: all of the list, from a key on, by a prefix, up to a record; with checksums
// compared and without, and as if a writer were at work.

import CCyrusShim
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct PlainWalkTests {
  /// What is listed.
  private enum Selection {
    case all
    case from([UInt8], prefix: [UInt8])
    case until([UInt8])
  }

  /// The records that a cursor gives, and what it throws.
  private struct Listing: Equatable {
    var pairs: [Pair] = []
    var places: [Range<UInt64>] = []
    var errors: [DatabaseError] = []

    init(
      _ bytes: [UInt8], _ selection: Selection, isLive: Bool, comparesChecksums: Bool, isCareful: Bool,
      proof: TwoskipProof
    ) {
      let span = bytes.rawSpan
      guard let end = try? TwoskipHeader(of: span).currentSize else { return }
      let mapped = span.slice(at: 0, count: min(bytes.count, Int(end)))
      let state = TwoskipState(mapped, end: end, isLive: isLive)
      let cursor = TwoskipCursor(
        mapped, end: end, isLive: isLive, comparesChecksums: comparesChecksums, isCareful: isCareful)
      var records = RecordCursor(cursor, proof)
      switch selection {
      case .all: break
      case .from(let start, let prefix):
        let bound = start.isEmpty ? prefix : start
        guard let found = try? state.search(for: bound.rawSpan) else { return }
        let cursor = TwoskipCursor(
          mapped, end: end, isLive: isLive, comparesChecksums: comparesChecksums, at: found.position,
          order: found.order, isCareful: isCareful)
        records = RecordCursor(cursor, from: bound, prefix: prefix, proof)
      case .until(let key):
        let stop = (try? state.search(for: key.rawSpan))?.position.at
        let cursor = TwoskipCursor(
          mapped, end: end, isLive: isLive, comparesChecksums: comparesChecksums, isCareful: isCareful)
        records = RecordCursor(cursor, until: stop, proof)
      }
      // The last call again: what has ended stays so.
      var callsLeft = 2
      while errors.count < 100_000, callsLeft > 0 {
        do throws(DatabaseError) {
          guard let record = try records.next() else {
            callsLeft -= 1
            continue
          }
          if callsLeft < 2 { places.append(0..<0) }
          pairs.append(Pair([UInt8](record.key), [UInt8](record.value)))
          places.append(record.bytes)
        } catch {
          errors.append(error)
        }
      }
    }
  }

  /// Keys of all lengths, many of which start alike, or one as all of another.
  private static func records(_ random: inout SplitMix64, count: Int) -> [TwoskipPair] {
    var keys: Set<[UInt8]> = []
    let starts = (0..<12).map { number in random.bytes(number * 8 + random.below(8)) }
    let ends: [UInt8] = [0x00, 0x09, 0x0A, 0x2E, 0x2F, 0x61, 0x80, 0xFF]
    while keys.count < count {
      var key = starts[random.below(starts.count)]
      for _ in 0..<1 + random.below(6) { key.append(ends[random.below(ends.count)]) }
      keys.insert(key)
    }
    return keys.sorted { $0.lexicographicallyPrecedes($1) }.map { ($0, random.bytes(random.below(90))) }
  }

  /// The same in mbox order, in which TAB and LF are equal.
  private static func inMboxOrder(_ pairs: [TwoskipPair]) -> [TwoskipPair] {
    var keys: Set<[UInt8]> = []
    let model = TwoskipBuilder.Order.mbox
    return pairs.map { ($0.key.map { $0 == 0x0A ? 0x09 : $0 }, $0.value) }.filter { keys.insert($0.0).inserted }
      .sorted { model.sortKey($0.0).lexicographicallyPrecedes(model.sortKey($1.0)) }
  }

  private static func spoil(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let records = TwoskipSurgeon.records(in: bytes).filter { $0.type == .record }
    for _ in 0..<random.below(5) {
      let record = records[random.below(records.count)]
      let other = records[random.below(records.count)]
      switch random.below(6) {
      case 0: bytes[336 + random.below(bytes.count - 336)] = UInt8(random.below(256))
      case 1, 2:
        let targets: [UInt64] = [
          0, 8, 64, UInt64(bytes.count), UInt64(bytes.count - 16), UInt64(record.offset), UInt64(other.offset),
          UInt64(record.end + 8 * random.below(40)), random.next() & ~7, random.next(),
        ]
        TwoskipSurgeon.setPointer(record, random.below(2), to: targets[random.below(targets.count)], in: &bytes)
      case 3: bytes[record.keyRange.lowerBound + random.below(record.keyLength)] = UInt8(random.below(256))
      case 4: bytes[record.offset + random.below(8)] = [0, 1, 0x2B, 0x2D, 0xFF][random.below(5)]
      default: for index in record.offset..<record.offset + 8 where index % 4 > 1 { bytes[index] = 0xFF }
      }
      // Mostly so that no checksum tells.
      if random.below(4) > 0, let piece = TwoskipSurgeon.piece(at: record.offset, in: bytes), piece.type == .record {
        TwoskipSurgeon.fixHeadChecksum(&bytes, at: record.offset)
        TwoskipSurgeon.fixTailChecksum(&bytes, at: record.offset)
      }
    }
    if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count - 336)) }
  }

  private static func selection(_ pairs: [TwoskipPair], _ random: inout SplitMix64) -> Selection {
    let key = pairs[random.below(pairs.count)].key
    let prefix = Array(key.prefix(random.below(key.count + 1)))
    switch random.below(4) {
    case 0: return .all
    case 1: return .from([], prefix: prefix)
    case 2: return .from(key, prefix: random.below(2) == 0 ? [] : prefix)
    default: return .until(key)
    }
  }

  @Test(arguments: Seed.some(6))
  func `spoiled files are listed as by careful steps`(_ seed: Seed) throws {
    var random = seed.generator(1)
    let folder = try TemporaryFolder()
    let database = try Database(path: folder.write(TwoskipBuilder(seed: 1).bytes))
    // Of a copy nothing is left to be proven.
    let proof = try database.snapshot(locking: .copy(wait: .seconds(5))).proof
    for round in 0..<100 {
      let pairs: [TwoskipPair]
      var bytes: [UInt8]
      if round % 6 == 2 {
        pairs = Self.inMboxOrder(Self.records(&random, count: 20 + random.below(500)))
        bytes = BulkTwoskipFile(seed: seed.number, order: .mbox).bytes(of: pairs)
      } else if round % 2 == 0 {
        pairs = Self.records(&random, count: 20 + random.below(500))
        bytes = BulkTwoskipFile(seed: seed.number).bytes(of: pairs)
      } else {
        let churned = ChurnedMailboxes(mailboxCount: 20 + random.below(150), seed: random.next()).build()
        pairs = Array(churned.records)
        bytes = churned.bytes
      }
      // Without checksums only what no checksum tells is the same.
      let spoils = round % 8 > 0
      if spoils { Self.spoil(&bytes, &random) }
      let selection = spoils ? Self.selection(pairs, &random) : .all
      for isLive in round % 5 > 0 ? [false] : [false, true] {
        let careful = Listing(
          bytes, selection, isLive: isLive, comparesChecksums: true, isCareful: true, proof: proof)
        let plain = Listing(
          bytes, selection, isLive: isLive, comparesChecksums: true, isCareful: false, proof: proof)
        #expect(plain == careful, "round \(round), \(selection), live: \(isLive)")
        if !spoils { #expect(plain.pairs == pairs.map { Pair($0) }) }
        let trusting = Listing(
          bytes, selection, isLive: isLive, comparesChecksums: false, isCareful: false, proof: proof)
        if careful.errors.allSatisfy({ $0.description.contains("checksum") == false }) {
          #expect(trusting == careful, "round \(round), \(selection), live: \(isLive), trusting")
        }
      }
    }
  }

  @Test func `in a file in mbox order keys that only raw order has are damage`() throws {
    let names = ["a.b", "a-b", "m1", "m2"] + (1...9).map { "z\($0)" }
    let pairs: [TwoskipPair] = names.map { (utf8($0), [UInt8](repeating: 7, count: 40)) }
    var bytes = BulkTwoskipFile(seed: 1, order: .mbox).bytes(of: pairs)
    // In mbox order "m." comes before "m-".
    for (name, byte) in [("m1", UInt8(ascii: "-")), ("m2", UInt8(ascii: "."))] {
      let record = try #require(TwoskipSurgeon.record(withKey: utf8(name), in: bytes))
      bytes[record.keyRange.lowerBound + 1] = byte
      TwoskipSurgeon.fixTailChecksum(&bytes, at: record.offset)
    }
    let span = bytes.rawSpan
    var cursor = TwoskipCursor(span, end: try TwoskipHeader(of: span).currentSize, order: .mbox)
    for _ in 0..<3 { _ = try cursor.next() }
    var code: TwoskipError.Code?
    do throws(TwoskipError) { _ = try cursor.next() } catch { code = error.code }
    #expect(code == .keyOrder)
  }

  @Test(arguments: Seed.some(2))
  func `bytes that are the same are counted`(_ seed: Seed) {
    var random = seed.generator(2)
    for _ in 0..<2000 {
      let left = random.bytes(64)
      var right = left
      for _ in 0..<random.below(3) { right[random.below(64)] ^= UInt8(1 << random.below(8)) }
      let expected = zip(left, right).prefix { $0 == $1 }.count
      let count = left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in ccs_same_of_64(left.baseAddress!, right.baseAddress!) }
      }
      #expect(count == expected)
    }
  }
}
