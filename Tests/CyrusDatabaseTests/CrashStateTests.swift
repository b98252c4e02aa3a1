// A writer that dies, or loses power, at every point: the committed state is whole, and nothing is called damage.

import TestSupport
import Testing

@testable import CyrusDatabase

@Suite struct CrashStateTests {
  @Test(arguments: Style.all, Seed.some(3))
  func `a writer can die between any two writes`(_ style: Style, _ seed: Seed) {
    var lives = Lives(style, seed.generator(11))
    for _ in 0..<30 {
      let life = lives.next()
      var bytes = life.start
      for (number, step) in life.journal.enumerated() {
        expect(bytes, isIntactIn: life, writes: number)
        step.apply(to: &bytes)
      }
      expect(bytes, isIntactIn: life, writes: life.journal.count)
    }
  }

  /// Heads that straddle two blocks, as before 3.2, can be torn for real: so only files with BLANKs.
  @Test(arguments: TwoskipBuilder.Order.allCases, Seed.some(3))
  func `the last write can be torn at any block`(_ order: TwoskipBuilder.Order, _ seed: Seed) {
    var lives = Lives(Style(order: order, writesBlanks: true), seed.generator(12))
    for _ in 0..<30 {
      let life = lives.next()
      var bytes = life.start
      for (number, step) in life.journal.enumerated() {
        let blocks = Self.blocks(of: step)
        for count in 1..<max(1, blocks.count) {
          // The first blocks arrived, or the last ones: a disk need not keep an order.
          for arrived in [blocks.prefix(count), blocks.suffix(count)] {
            var torn = bytes
            for block in arrived { block.apply(to: &torn) }
            expect(torn, isIntactIn: life, writes: number)
          }
        }
        step.apply(to: &bytes)
      }
    }
  }

  @Test(arguments: TwoskipBuilder.Order.allCases, Seed.some(3))
  func `a power cut can lose any blocks that were not synced`(_ order: TwoskipBuilder.Order, _ seed: Seed) {
    var lives = Lives(Style(order: order, writesBlanks: true), seed.generator(13))
    var random = seed.generator(14)
    for _ in 0..<30 {
      let life = lives.next()
      var synced = life.start
      var pending: [TwoskipWrite] = []
      for (number, step) in life.journal.enumerated() {
        pending.append(step)
        guard step == .synced else { continue }
        for _ in 0..<10 {
          var bytes = synced
          for write in pending {
            for block in Self.blocks(of: write) where random.chance(1, in: 2) { block.apply(to: &bytes) }
          }
          // The last write before a sync may be the clean header, alone: then it decides what is committed.
          let isEnd = number == life.journal.count - 1
          if isEnd, bytes.starts(with: life.finalHeader) {
            expect(bytes, isIntactIn: life, writes: life.journal.count)
          } else {
            expect(bytes, isIntactIn: life, writes: min(number, life.journal.count - 2))
          }
        }
        for write in pending { write.apply(to: &synced) }
        pending = []
      }
    }
  }

  /// One transaction with everything that is written for it.
  private struct Life {
    let start: [UInt8]
    let before: [Pair]
    let after: [Pair]
    let journal: [TwoskipWrite]
    let keys: [[UInt8]]
    let finalHeader: ArraySlice<UInt8>
  }

  /// Transactions of one random database; some are given up.
  private struct Lives {
    var database: RandomDatabase

    init(_ style: Style, _ random: SplitMix64) { database = RandomDatabase(style, random: random) }

    mutating func next() -> Life {
      let before = database.committed
      database.transaction(changesMax: 6, abortOneIn: 3)
      let builder = database.builder
      let life = Life(
        start: builder.bytesAtBegin, before: before, after: database.committed, journal: builder.journal,
        keys: database.keys, finalHeader: builder.bytes.prefix(64))
      if database.random.chance(1, in: 8) { database.builder.repack() }
      return life
    }
  }

  /// The parts of a write that arrive on the disk whole or not at all.
  private static func blocks(of step: TwoskipWrite) -> [TwoskipWrite] {
    guard case .write(let offset, let bytes) = step else { return [step] }
    var blocks: [TwoskipWrite] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, ((offset + start) / 512 + 1) * 512 - offset)
      blocks.append(.write(offset: offset + start, bytes: Array(bytes[start..<end])))
      start = end
    }
    return blocks
  }

  /// - Parameter writes: How many steps have been done for certain. The clean header is the one before the last.
  private func expect(_ bytes: [UInt8], isIntactIn life: Life, writes: Int) {
    let isOver = life.journal.isEmpty || writes >= life.journal.count - 1
    let pairs = isOver ? life.after : life.before
    let isAtRest = isOver || bytes == life.start
    let walk = Walk(of: bytes)
    #expect(walk.pairs == pairs, "after \(writes) of \(life.journal.count) steps")
    #expect(walk.errors == [], "after \(writes) of \(life.journal.count) steps")
    let report = report(on: bytes)
    #expect(report.verdict == (isAtRest ? .sound : .recoverable), "after \(writes) steps: \(report.findings)")
    #expect(!report.findings.contains { $0.severity != .note }, "after \(writes) steps: \(report.findings)")
    let values = Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) })
    for key in life.keys {
      let found = Result { try lookup(key, in: bytes) }
      #expect((try? found.get()) == .some(values[key]), "after \(writes) steps: \(text(key)) gives \(found)")
    }
  }
}
