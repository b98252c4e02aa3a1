// What was salvaged, in front of Cyrus's own tool; and what Cyrus itself salvages.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.enabled(if: CyrusTool.isWanted, CyrusTool.absence)) struct SalvageOracleTests {
  private let folder: TemporaryFolder
  private let tool: CyrusTool

  init() throws {
    folder = try TemporaryFolder()
    tool = try CyrusTool(folder)
  }

  /// Has Cyrus look at a file, store into it and repack it.
  private func expectAccepted(_ path: String, _ pairs: [Pair]) throws {
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    let verdict = try tool.run("consistent", on: path)
    #expect(String(decoding: verdict, as: UTF8.self) == "Yes, consistent\n")
    #expect(try tool.run("show", on: path) == CyrusTool.shown(pairs))
    #expect(try Array(Data(contentsOf: URL(filePath: path))) == bytes)
    #expect(try Database(path: path).verify().findings == [])
    try tool.run("batch", on: path, input: "BEGIN\nSET zzzz later\nCOMMIT\n")
    try tool.run("repack", on: path)
    let database = try Database(path: path)
    #expect(try database.verify().verdict == .sound)
    #expect(Listing(try database.snapshot()).pairs.count == pairs.count + 1)
    let generation = TwoskipSurgeon.get64(bytes, at: TwoskipEncoding.HeaderField.generation)
    #expect(try database.snapshot().header?.generation == generation + 1)
  }

  @Test(arguments: Fixture.all.filter { $0.verdict != "sound" })
  func `Cyrus accepts what is salvaged of each fixture that is not sound`(_ fixture: Fixture) throws {
    let salvage = try Salvage(path: fixture.path, locking: .none)
    let written = try salvage.write(to: folder.path("new.db"))
    let bytes = try fixture.bytes
    let salvaged = try Salvaged(bytes)
    #expect(written.recordCount == UInt64(salvaged.pairs.count))
    let old = bytes.count < 64 ? 1 : TwoskipSurgeon.get64(bytes, at: TwoskipEncoding.HeaderField.generation)
    #expect(written.generation == 1 + max(1, old))
    try expectAccepted(written.path, salvaged.pairs)
  }

  @Test func `Cyrus's own salvage brings back what was deleted, and takes away its neighbour`() throws {
    let path = try folder.write(Fixture.bytes(of: "ts-salvage-before.db"))
    let salvage = try Salvage(path: path, locking: .none)
    let written = try salvage.write(to: folder.path("new.db"))
    let ours = Listing(try Database(path: written.path).snapshot()).pairs
    #expect(ours.map(\.key) == ["a", "c", "d", "e"].map(utf8))
    try expectAccepted(written.path, ours)
    // Cyrus salvages when it opens the file; b was deleted, c and e were not.
    let shown = try tool.run("show", on: path)
    let theirs = String(decoding: shown, as: UTF8.self).split(separator: "\n").map { $0.prefix(1) }
    #expect(theirs == ["a", "b", "d"])
  }

  @Test(arguments: Style.all, Seed.some(2))
  func `Cyrus accepts what is salvaged of random databases with random damage`(_ style: Style, _ seed: Seed) throws {
    var random = seed.generator(91)
    var database = RandomDatabase(style, random: seed.generator(92))
    for number in 0..<4 {
      for _ in 0..<5 { database.transaction() }
      var bytes = database.builder.bytes
      for _ in 0...random.below(6) { bytes[336 + random.below(bytes.count - 336)] ^= UInt8(1 + random.below(255)) }
      let path = try folder.write(bytes, to: "\(number).db")
      let written = try Salvage(path: path, locking: .none).write(to: folder.path("new.db"), replacing: true)
      try expectAccepted(written.path, try Salvaged(bytes).pairs)
    }
  }
}
