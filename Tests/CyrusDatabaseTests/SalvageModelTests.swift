// Random databases with random damage: what a salvage says must be true of the database before the damage.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct SalvageModelTests {
  @Test(arguments: Style.all, Seed.some(3))
  func `whenever a writer dies, the last commit is certain, and the rest is apart`(_ style: Style, _ seed: Seed) throws
  {
    var database = RandomDatabase(style, random: seed.generator(71))
    for number in 0..<25 {
      let before = database.committed.inRawOrder
      database.beginAndChange(6)
      var bytes = database.builder.bytesAtBegin
      for (step, write) in database.builder.journal.enumerated() {
        write.apply(to: &bytes)
        let model = SalvageModel(bytes, style)
        let salvaged = try Salvaged(bytes)
        #expect(salvaged.certainPairs == before, "transaction \(number), step \(step)")
        #expect(salvaged.pairs == before, "transaction \(number), step \(step)")
        #expect(salvaged.outcome.isWhole && !salvaged.outcome.isIntact)
        #expect(salvaged.uncommitted.map(\.offset) == model.uncommitted, "transaction \(number), step \(step)")
        model.check(salvaged, bytes, "transaction \(number), step \(step)")
      }
      if database.random.chance(1, in: 5) { database.builder.abort() } else { database.builder.commit() }
      if database.random.chance(1, in: 10) { database.builder.repack() }
      let salvaged = try Salvaged(database.builder.bytes)
      #expect(salvaged.certainPairs == database.committed.inRawOrder, "after transaction \(number)")
      #expect(salvaged.outcome.isIntact, "after transaction \(number)")
      #expect(salvaged.uncommitted.isEmpty && salvaged.outcome.damage.isEmpty)
    }
  }

  @Test(arguments: Style.all, Seed.some(3))
  func `a copy of a file that is being written holds what was committed when it began`(
    _ style: Style, _ seed: Seed
  ) throws {
    var random = seed.generator(74)
    for number in 0..<40 {
      var database = RandomDatabase(style, random: SplitMix64(seed: random.next()), keyCount: 4 + random.below(20))
      for _ in 0...random.below(15) { database.transaction() }
      let before = database.builder.bytes
      let model = SalvageModel(before, style)
      for _ in 0...random.below(4) { database.transaction() }
      // Read from its start to its end, while the writer was at work; between two records, so that no head is torn.
      let cuts = TwoskipSurgeon.records(in: before).map(\.end)
      let cut = random.chance(1, in: 4) ? 64 : cuts[random.below(cuts.count)]
      var copy = Array(before.prefix(cut) + database.builder.bytes.dropFirst(cut))
      let salvaged = try Salvaged(copy)
      #expect(salvaged.certainPairs == model.pairs, "copy \(number), \(cut)")
      #expect(salvaged.pairs == model.pairs && salvaged.outcome.isWhole, "copy \(number), \(cut)")
      let what = copy.damageAnywhere(&random)
      model.check(try Salvaged(copy), copy, "copy \(number), \(cut): \(what)", isCopy: true)
    }
  }

  @Test(arguments: Style.all, Seed.some(3))
  func `what is called certain is committed, and nothing sound is lost`(_ style: Style, _ seed: Seed) throws {
    try damageDatabases(style, seed.generator(72), holdRecords: false)
  }

  @Test(arguments: Style.all, Seed.some(3))
  func `values that hold records change nothing about what is certain`(_ style: Style, _ seed: Seed) throws {
    try damageDatabases(style, seed.generator(73), holdRecords: true)
  }

  private func damageDatabases(_ style: Style, _ random: SplitMix64, holdRecords: Bool) throws {
    var random = random
    for number in 0..<40 {
      var database = RandomDatabase(style, random: SplitMix64(seed: random.next()), keyCount: 4 + random.below(20))
      for _ in 0...random.below(20) {
        database.beginAndChange(6)
        if holdRecords, random.chance(1, in: 2) { database.storeImage(&random) }
        if random.chance(1, in: 6) { database.builder.abort() } else { database.builder.commit() }
        if random.chance(1, in: 14) { database.builder.repack() }
      }
      let bytes = Self.moment(&database, &random)
      let model = SalvageModel(bytes, style, holdsRecords: holdRecords)
      for round in 0..<3 {
        var damaged = bytes
        var what: [String] = []
        for _ in 0...random.below(5) { what.append(damaged.damageAnywhere(&random)) }
        model.check(try Salvaged(damaged), damaged, "database \(number), round \(round): \(what)")
      }
    }
  }

  /// The file at rest, in a transaction, or with the COMMIT of one that the header does not know of yet.
  private static func moment(_ database: inout RandomDatabase, _ random: inout SplitMix64) -> [UInt8] {
    switch random.below(4) {
    case 0:
      database.beginAndChange(6)
      return database.builder.bytes
    case 1:
      database.beginAndChange(6)
      database.builder.commit()
      return database.builder.bytes(afterSteps: max(0, database.builder.journal.count - 2))
    default:
      return database.builder.bytes
    }
  }
}

extension RandomDatabase {
  /// Stores the image of a record of the file, or of one like it, in the open transaction.
  fileprivate mutating func storeImage(_ random: inout SplitMix64) {
    let records = TwoskipSurgeon.records(in: builder.bytes).filter { $0.offset >= 336 }
    let place = UInt64(records.isEmpty ? 336 : records[random.below(records.count)].offset)
    let key = keys[random.below(keys.count)]
    let image: [UInt8] =
      switch random.below(5) {
      case 0: TwoskipEncoding.record(.delete, level: 0, pointers: [place])
      case 1: TwoskipEncoding.record(.commit, level: 0, pointers: [place])
      case 2: TwoskipEncoding.record(.record, level: 1, key: key, value: utf8("no record"), pointers: [0, place])
      default: records.last.map { Array(builder.bytes[$0.offset..<$0.end]) } ?? []
      }
    guard !image.isEmpty else { return }
    // In the place of a record: at a multiple of 8, or as a key right behind the smallest head.
    if random.chance(1, in: 6) {
      builder.set(image, [], level: 1)
    } else {
      builder.set(key, [UInt8](repeating: 1, count: (8 - key.count % 8) % 8) + image)
    }
  }
}

extension [UInt8] {
  /// Changes something as a failing disk, cable or program would, and says what.
  fileprivate mutating func damageAnywhere(_ random: inout SplitMix64) -> String {
    let records = TwoskipSurgeon.records(in: self).filter { $0.offset >= 336 }
    let start = random.chance(1, in: 10) ? 0 : random.chance(1, in: 8) ? 64 : 336
    guard count > start, let record = records.isEmpty ? nil : records[random.below(records.count)] else {
      return "none"
    }
    let place = start + random.below(count - start)
    switch random.below(10) {
    case 0...2:
      self[place] ^= 1 << UInt8(random.below(8))
      return "a bit of \(place)"
    case 3:
      for index in place..<Swift.min(count, place + 1 + random.below(8)) { self[index] = UInt8(random.below(256)) }
      return "bytes from \(place)"
    case 4:
      for index in place..<Swift.min(count, place + 1 + random.below(300)) { self[index] = 0 }
      return "zeros from \(place)"
    case 5:
      for index in place / 512 * 512..<Swift.min(count, place / 512 * 512 + 512) {
        self[index] = UInt8(random.below(256))
      }
      return "the sector of \(place)"
    case 6, 7:
      let index = record.offset + random.below(8)
      self[index] ^= UInt8(1 + random.below(255))
      return "the first word of the \(record.type) at \(record.offset), at \(index)"
    case 8:
      for _ in 0..<2 { self[record.offset + random.below(record.headLength)] ^= UInt8(1 + random.below(255)) }
      return "the head at \(record.offset)"
    default:
      guard random.chance(1, in: 3) else { return "none" }
      removeLast(Swift.min(count - 336, 1 + random.below(400)))
      return "the end, down to \(count)"
    }
  }
}
