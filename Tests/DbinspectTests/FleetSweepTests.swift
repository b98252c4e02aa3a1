// `fleet sweep`, `fleet merge` and `fleet inventory`, run as their users run them.

import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import dbinspect

/// A made-up fleet below a folder.
struct FleetCopy {
  let fleet: LargeFleet
  let path: String

  init(_ fleet: LargeFleet) throws {
    self.fleet = fleet
    path = try TemporaryFolder().url.path
    try fleet.write(below: path)
  }

  /// The arguments that lead to it.
  var arguments: [String] { ["--layout", path + "/production.dat", "--root", path, "--at-rest"] }

  func sweep(_ arguments: [String] = []) throws -> Tool.Run {
    try Tool.run(["fleet", "sweep"] + self.arguments + arguments)
  }

  /// What each host prints for itself, as files.
  func hostStreams() throws -> [String] {
    let folder = try TemporaryFolder()
    return try LargeFleet.hosts.map { host in
      let run = try sweep(["--local", "--host", host, "--format", "ndjson"])
      return try folder.file("\(host).ndjson", run.output)
    }
  }

  /// One store of each trouble among fourteen.
  static let troubled = Result {
    let troubles = Dictionary(uniqueKeysWithValues: LargeFleet.Trouble.allCases.enumerated().map { ($0 + 2, $1) })
    return try FleetCopy(LargeFleet(storeCount: 14, mailboxCount: 8, seed: 11, troubles: troubles))
  }

  static let sound = Result { try FleetCopy(LargeFleet(storeCount: 7, mailboxCount: 8, seed: 12)) }
}

@Suite struct FleetSweepTests {
  @Test func `a table has the worst stores first, and a line for all`() throws {
    let copy = try FleetCopy.troubled.get()
    let run = try copy.sweep()
    #expect(run.status == 2 && run.errors.isEmpty, "\(run)")
    #expect(run.lines.count == 16)
    #expect(run.lines[0].hasPrefix("STORE    STATUS       SLOTS  PENDING  OLDEST  DRIFT  REASON"), "\(run)")
    let statuses = run.lines[1...14].map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    #expect(
      statuses == [
        "store8 unreachable", "store9 unreachable", "store6 damaged", "store7 damaged", "store2 drift",
        "store5 drift", "store3 pending", "store4 pending", "store1 ok", "store10 ok", "store11 ok", "store12 ok",
        "store13 ok", "store14 ok",
      ])
    #expect(run.lines[1].contains("2/3") && run.lines[1].contains("No such file or directory"), "\(run)")
    #expect(run.lines[5].contains("1 difference not on their way"), "\(run)")
    #expect(
      run.lines[15].hasPrefix(
        "14 stores: 2 unreachable, 2 damaged, 2 drift, 2 pending, 6 ok; 40 slots, 36 sound; 3 lines pending"), "\(run)")
  }

  @Test func `a fleet without trouble ends with 0, what waits with 1`() throws {
    let sound = try FleetCopy.sound.get().sweep(["--quick", "--jobs", "1"])
    #expect(sound.status == 0, "\(sound)")
    #expect(sound.lines.last == "7 stores: 7 ok; 20 slots, 20 sound; 0 lines pending")
    let copy = try FleetCopy.troubled.get()
    #expect(try copy.sweep(["store1", "store4"]).status == 1)
    #expect(try copy.sweep(["store1", "store10"]).lines.count == 4)
    let unknown = try copy.sweep(["store99"])
    #expect(unknown.status == 1 && unknown.errors.contains("'store99' is no store, slot or host"), "\(unknown)")
    #expect(try copy.sweep(["--jobs", "65"]).status == 64)
    #expect(try copy.sweep(["--local", "--host", "nobody"]).status == 64)
  }

  @Test func `a document has all that a table tells, and more`() throws {
    let run = try FleetCopy.troubled.get().sweep(["--json"])
    #expect(run.status == 2)
    let document = try run.json
    #expect(document["schema"] as? String == "fleet-sweep/1")
    let totals = try #require(document["totals"] as? [String: Any])
    #expect(totals["stores"] as? Int == 14 && totals["unreachable"] as? Int == 2 && totals["lines"] as? Int == 3)
    let stores = try #require(document["stores"] as? [[String: Any]])
    #expect(stores.map { $0["store"] as? String }.prefix(3) == ["store8", "store9", "store6"])
    let slots = try #require(stores[4]["slots"] as? [[String: Any]])
    let master = try #require(slots.first { $0["role"] as? String == "master" })
    let channels = try #require(master["channels"] as? [[String: Any]])
    #expect(channels.map { $0["drift"] as? Int } == [1, 0])
    #expect(master["drift"] as? Int == 1 && master["lines"] as? Int == 0)
  }

  @Test func `hosts that sweep for themselves and merge come to the same table`() throws {
    let copy = try FleetCopy.troubled.get()
    let whole = try copy.sweep()
    let streams = try copy.hostStreams()
    for stream in streams {
      let lines = try String(contentsOfFile: stream, encoding: .utf8).split(separator: "\n").map(String.init)
      #expect(lines.first == #"{"schema":"fleet-sweep/1"}"#)
      let trailer = try jsonObject(#require(lines.last))
      #expect(trailer["slots"] as? Int == lines.count - 2 && trailer["complete"] as? Bool == true)
    }
    let merged = try Tool.run(["fleet", "merge", "--table"] + streams)
    #expect(merged.status == 2 && merged.errors.isEmpty, "\(merged)")
    func statuses(_ run: Tool.Run) -> [String] {
      run.lines.dropFirst().dropLast().map { $0.split(separator: " ").prefix(4).joined(separator: " ") }
    }
    #expect(statuses(merged) == statuses(whole), "\(merged)")

    // Merged in two steps, in another order, some of it twice: the same bytes.
    let once = try Tool.run(["fleet", "merge"] + streams)
    #expect(once.status == 0 && once.errors.isEmpty, "\(once)")
    let folder = try TemporaryFolder()
    let part = try folder.file("part", Tool.run(["fleet", "merge"] + streams.suffix(4).reversed()).output)
    let twice = try Tool.run(["fleet", "merge", streams[5]] + streams.prefix(3) + [part, part])
    #expect(twice.output == once.output)
    #expect(try Tool.run(["fleet", "merge", "--json", part]).json["schema"] as? String == "fleet-sweep/1")
  }

  @Test func `the newest of several lines about a slot is kept`() throws {
    let folder = try TemporaryFolder()
    func stream(_ name: String, time: Int, verdict: String) throws -> String {
      let slot =
        #"{"store":"s1","slot":"m","role":"master","time":\#(time),"verdict":"\#(verdict)","problem":"x"}"#
      let lines = [#"{"schema":"fleet-sweep/1"}"#, slot, #"{"slots":1, "stores":1, "complete":true}"#, ""]
      return try folder.file(name, Array(lines.joined(separator: "\n").utf8))
    }
    let old = try stream("old", time: 1, verdict: "damaged")
    let new = try stream("new", time: 2, verdict: "sound")
    for files in [[old, new], [new, old], [old, new, old]] {
      let run = try Tool.run(["fleet", "merge"] + files)
      #expect(run.output == Array(try Data(contentsOf: URL(filePath: new))), "\(run)")
      #expect(try Tool.run(["fleet", "merge", "--table"] + files).status == 0)
    }
  }

  /// What is wrong with a stream, and what is told of it.
  private static let broken: [(lines: [String], message: String)] = [
    ([], "FILE:1: expected a last line with counts, found the end: the stream is cut"),
    (["HEAD", "A"], "FILE:3: expected a last line with counts, found the end: the stream is cut"),
    (["A", "TAIL1"], "FILE:1: expected a first line with the schema fleet-sweep/1, found none"),
    (["HEAD", "A", "A", "TAIL1"], "FILE:4: expected 1 slots, found 2"),
    (["HEAD", "A", "nonsense", "TAIL1"], "FILE:3: no JSON object on one line"),
    (["HEAD", "B", "A", "TAIL2"], "FILE:3: expected what comes behind s1 b, found s1 a"),
    (["HEAD", "A", "TAIL1", "A"], "FILE:4: a line behind the last one"),
    (["HEAD", "A", "HEAD", "TAIL1"], "FILE:3: a first line within the stream"),
    (["HEAD", "A", #"{"slots":1,"stores":1,"complete":false}"#], "FILE:3: the stream says that it is incomplete"),
    ([#"{"schema":"fleet-sweep/9"}"#, "TAIL0"], "FILE:1: expected the schema fleet-sweep/1, found fleet-sweep/9"),
    (["HEAD", #"{"store":"s1","slot":"a"}"#, "TAIL0"], "FILE:2: role is missing, or not as expected"),
    (["HEAD", #"{"store":5}"#, "TAIL0"], "FILE:2: store is not as expected"),
  ]

  @Test(arguments: broken.indices) func `a stream that is cut or broken is told of, and the rest is merged`(
    index: Int
  ) throws {
    let slot = #"{"store":"s1","slot":"a","host":"h","role":"master","time":5,"verdict":"sound"}"#
    let texts = [
      "HEAD": #"{"schema":"fleet-sweep/1"}"#, "A": slot, "B": slot.replacing(#":"a""#, with: #":"b""#),
    ]
    let (lines, message) = Self.broken[index]
    let text = lines.map { line in
      let trailer = line.hasPrefix("TAIL") ? #"{"slots":\#(line.dropFirst(4)),"stores":1,"complete":true}"# : line
      return (texts[line] ?? trailer) + "\n"
    }
    let folder = try TemporaryFolder()
    let file = try folder.file("broken", Array(text.joined().utf8))
    let other = try folder.file(
      "whole", Array("\(texts["HEAD"] ?? "")\n{\"slots\":0,\"stores\":0,\"complete\":true}\n".utf8))
    let run = try Tool.run(["fleet", "merge", other, file])
    #expect(run.status == 2, "\(run)")
    #expect(run.errorLines.contains("dbinspect: \(message.replacing("FILE", with: file))"), "\(run)")
    #expect(try jsonObject(#require(run.lines.last))["complete"] as? Bool == false)
    #expect(run.lines.count - 2 == (lines.contains("A") || lines.contains("B") ? 1 : 0), "\(run)")
    #expect(try Tool.run(["fleet", "merge", file + ".none"]).status == 66)
  }

  @Test func `a line that is too long for one is told of, and not kept`() throws {
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
    let bytes =
      Array("{\"schema\":\"fleet-sweep/1\"}\n".utf8) + long
      + Array("\n{\"slots\":0,\"stores\":0,\"complete\":true}\n".utf8)
    let file = try TemporaryFolder().file("long", bytes)
    let run = try Tool.run(["fleet", "merge", file])
    #expect(run.status == 2)
    #expect(
      run.errors
        == "dbinspect: \(file):2: expected a line of at most 1048576 bytes (1.0 MiB), found a longer one\n")
    #expect(run.lines.count == 2)
  }

  @Test(arguments: ["sweep", "merge", "inventory"])
  func `the help has an example and the exit status`(_ command: String) throws {
    let run = try Tool.run(["fleet", command, "--help"])
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.text.contains("\nEXAMPLE\n  dbinspect fleet \(command) "))
    #expect(run.text.contains("\nEXIT STATUS\n  0 "))
    let commands: [any ParsableCommand.Type] = [FleetSweep.self, FleetMerge.self, FleetInventory.self]
    for line in commands.flatMap({ $0.configuration.discussion.split(separator: "\n") }) {
      #expect(line.count <= 79, "\(line)")
    }
  }

  @Test func `monitors are told`() throws {
    let copy = try FleetCopy.troubled.get()
    let arguments = ["fleet", "sweep"] + copy.arguments
    let metrics = try Monitored.metrics(arguments, status: 2)
    let stores = try #require(metrics.families["cyrus_fleet_sweep_stores"])
    #expect(stores.samples[["status": "unreachable"]] == 2 && stores.samples[["status": "ok"]] == 6)
    let statuses = try #require(metrics.families["cyrus_fleet_sweep_status"])
    #expect(statuses.samples[["store": "store6", "status": "damaged"]] == 1)
    #expect(statuses.samples[["store": "store6", "status": "ok"]] == 0)
    #expect(metrics.families["cyrus_fleet_sweep_pending_lines"]?.samples[["store": "store4"]] == 2)
    #expect(metrics.families["cyrus_fleet_sweep_up"]?.samples[[:]] == 0)
    let labels = Set(metrics.families.values.flatMap { $0.samples.keys.flatMap(\.keys) })
    #expect(labels == ["store", "status"])

    let critical = try Monitored.check(arguments)
    #expect(critical.start == "FLEET-SWEEP CRITICAL" && critical.numbers["unreachable"] == "2")
    let fine = try Monitored.check(arguments + ["store1", "store4"])
    #expect(fine.start == "FLEET-SWEEP OK" && fine.numbers["lines"] == "2")
    #expect(
      try Monitored.check(arguments + ["store1", "store4", "--warning-lines", "1"]).start == "FLEET-SWEEP WARNING")
    #expect(try Monitored.check(["fleet", "sweep", "--layout", "/none"]).start == "FLEET-SWEEP UNKNOWN")
    let layout = copy.path + "/production.dat"
    #expect(try Tool.run(arguments + ["--metrics", layout]).status == 73)
  }

  @Test func `an inventory counts all stores and what they come to`() throws {
    let copy = try FleetCopy.troubled.get()
    let run = try Tool.run(["fleet", "inventory"] + copy.arguments.dropLast() + ["--by", "partition"])
    // The list of a master is damaged.
    #expect(run.status == 2 && run.errors.contains("store7: damage at"), "\(run)")
    #expect(run.lines[0].hasPrefix("STORE    USERS  LIVE  DELETED  TOMBSTONES"), "\(run)")
    #expect(run.lines[15].hasPrefix("total "))
    #expect(run.lines[16].hasPrefix("PARTITION"))
    let json = try Tool.run(["fleet", "inventory", "--json"] + copy.arguments.dropLast() + ["store1", "store4"])
    #expect(json.status == 0, "\(json)")
    let document = try json.json
    let stores = try #require(document["stores"] as? [[String: Any]])
    let totals = try #require(document["totals"] as? [String: Any])
    #expect(document["schema"] as? String == "fleet-inventory/1")
    for name in ["users", "mailboxes", "tombstones", "lines"] {
      #expect(totals[name] as? Int == stores.reduce(0) { $0 + ($1[name] as? Int ?? 0) }, "\(name)")
    }
    #expect(totals["lines"] as? Int == 2 && totals["stores"] as? Int == 2)
  }

  @Test func `nothing is changed by looking`() throws {
    let troubles = [2: LargeFleet.Trouble.explained, 3: .damaged]
    let copy = try FleetCopy(LargeFleet(storeCount: 4, mailboxCount: 8, seed: 13, troubles: troubles))
    let facts = "cd \(copy.path) && find . -printf '%p %s %T@ %C@\\n' | sort && find . -type f | sort | xargs md5sum"
    let before = try Tool.shell(facts)
    _ = try copy.sweep()
    _ = try copy.sweep(["--local", "--host", "imap1", "--format", "ndjson"])
    _ = try Tool.run(["fleet", "inventory", "--indexes"] + copy.arguments.dropLast())
    let after = try Tool.shell(facts)
    #expect(before.text == after.text && before.status == 0)
  }

  @Test func `every member that is printed is described under its schema`() throws {
    let document = try projectText("Docs/Output.md")
    let copy = try FleetCopy.troubled.get()
    func section(_ schema: String) throws -> String {
      let parts = document.components(separatedBy: "\n## \(schema)\n")
      return try #require(parts.last?.components(separatedBy: "\n## ").first)
    }
    let stream = try copy.sweep(["--format", "ndjson"]).lines.map(jsonObject)
    let inventory = try Tool.run(
      ["fleet", "inventory", "--json", "--indexes", "--by", "user"] + copy.arguments.dropLast())
    for (schema, value) in [
      ("fleet-sweep/1", stream as Any), ("fleet-sweep/1", try copy.sweep(["--json"]).json as Any),
      ("fleet-inventory/1", try inventory.json as Any),
    ] {
      let description = try section(schema)
      for member in Self.members(value) {
        let name = member.replacing("Base64", with: "")
        #expect(description.contains("`\(name)`") || document.contains("| `\(name)` |"), "\(schema): \(member)")
      }
    }
  }

  private static func members(_ value: Any) -> Set<String> {
    switch value {
    case let object as [String: Any]: object.reduce(into: Set(object.keys)) { $0.formUnion(members($1.value)) }
    case let array as [Any]: array.reduce(into: Set()) { $0.formUnion(members($1)) }
    default: []
    }
  }
}
