// Agreement with Cyrus's own tool: its files are read as it reads them, and files like its own are taken by it.

import Foundation
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.enabled(if: CyrusTool.isWanted, CyrusTool.absence)) struct OracleTests {
  private let folder: TemporaryFolder
  private let tool: CyrusTool

  init() throws {
    folder = try TemporaryFolder()
    tool = try CyrusTool(folder)
  }

  /// Not the torn copy of three commits, and nothing that is damaged: there Cyrus and we differ on purpose.
  @Test(arguments: Fixture.all.filter { $0.verdict != "damaged" })
  func `shows what we list, for every fixture that is whole`(_ fixture: Fixture) throws {
    let listing = Listing(try Database(path: fixture.path).snapshot())
    #expect(listing.errors == [])
    let copy = try folder.write(try fixture.bytes)
    // It repairs the copy if it is not clean; the content must be the same.
    let shown = try tool.run("show", on: copy)
    #expect(shown == CyrusTool.shown(listing.pairs))
    let repaired = try Database(path: copy).verify()
    #expect(repaired.verdict == .sound, "\(repaired.findings)")
    #expect(Listing(try Database(path: copy).snapshot()).pairs == listing.pairs)
  }

  @Test func `a large database that Cyrus made is sound and holds what was stored`() throws {
    let path = try folder.write([])
    var model: [String: String] = [:]
    var random = SplitMix64(seed: 20_000)
    let value: (inout SplitMix64) -> String = { random in
      String(repeating: "v", count: random.below(30)) + String(random.next(), radix: 36)
    }
    var script = "BEGIN\n"
    var numbers = Array(0..<20_000)
    random.shuffle(&numbers)
    for number in numbers {
      let key = "user.u\(number).folder"
      model[key] = value(&random)
      script += "SET \(key) \(model[key] ?? "")\n"
    }
    script += "COMMIT\nBEGIN\n"
    // A fifth of the keys are given another value, or taken away.
    for number in numbers.prefix(4_000) {
      let key = "user.u\(number).folder"
      if number % 2 == 0 {
        model[key] = nil
        script += "DELETE \(key)\n"
      } else {
        model[key] = value(&random)
        script += "SET \(key) \(model[key] ?? "")\n"
      }
    }
    script += "COMMIT\n"
    try tool.run("batch", on: path, input: script)

    let database = try Database(path: path)
    let report = try database.verify()
    #expect(report.verdict == .sound)
    #expect(report.findings == [])
    #expect(report.rules.filter { $0.skipped != nil } == [])
    #expect(report.recordCount == UInt64(model.count))
    let snapshot = try database.snapshot()
    let pairs = model.map { Pair(utf8($0.key), utf8($0.value)) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    #expect(Listing(snapshot).pairs == pairs)
    #expect(try tool.run("show", on: path) == CyrusTool.shown(pairs))
    for number in numbers.prefix(6_000) {
      let key = "user.u\(number).folder"
      if try snapshot.value(of: utf8(key)) != model[key].map(utf8) { Issue.record("\(key)") }
    }
    // The same after a repack, which writes another file.
    try tool.run("repack", on: path)
    let repacked = try database.verify()
    #expect(repacked.verdict == .sound)
    #expect(repacked.findings == [])
    #expect(Listing(try database.snapshot()).pairs == pairs)
  }

  @Test(arguments: Style.all, Seed.some(2))
  func `files of the test writer are consistent for Cyrus, and hold the same`(_ style: Style, _ seed: Seed) throws {
    let options = style.order == .mbox ? ["-M"] : []
    var database = RandomDatabase(style, random: seed.generator(51))
    for number in 0..<8 {
      for _ in 0..<3 { database.transaction() }
      if number % 3 == 2 { database.builder.repack() }
      let path = try folder.write(database.builder.bytes)
      let verdict = try tool.run("consistent", on: path, options: options)
      #expect(String(decoding: verdict, as: UTF8.self) == "Yes, consistent\n")
      #expect(try tool.run("show", on: path, options: options) == CyrusTool.shown(database.committed))
      #expect(try Array(Data(contentsOf: URL(filePath: path))) == database.builder.bytes)
      // Repacked by Cyrus the content is the same.
      try tool.run("repack", on: path, options: options)
      #expect(try Database(path: path).verify().verdict == .sound)
      #expect(Listing(try Database(path: path).snapshot()).pairs == database.committed)
    }
  }

  @Test(arguments: [true, false], Seed.some(2))
  func `Cyrus's recovery of an unfinished transaction leaves what we read before it`(
    _ writesBlanks: Bool, _ seed: Seed
  ) throws {
    var database = RandomDatabase(Style(order: .raw, writesBlanks: writesBlanks), random: seed.generator(52))
    for _ in 0..<8 {
      for _ in 0..<2 { database.transaction() }
      database.beginAndChange(6)
      let path = try folder.write(database.builder.bytes)
      let before = Listing(try Database(path: path).snapshot()).pairs
      #expect(before == database.committed)
      #expect(try tool.run("show", on: path) == CyrusTool.shown(before))
      let report = try Database(path: path).verify()
      #expect(report.verdict == .sound, "\(report.findings)")
      #expect(Listing(try Database(path: path).snapshot()).pairs == before)
      // The test writer's own recovery is the same, byte for byte.
      database.builder.abort()
      #expect(try Array(Data(contentsOf: URL(filePath: path))) == database.builder.bytes)
    }
  }
}
