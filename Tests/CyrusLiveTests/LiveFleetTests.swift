// Whether real servers can live with what is made for a fleet.

import CyrusDatabase
import Foundation
import Testing

@Suite(.needsCyrusReplication) struct LiveFleetTests {
  private typealias Slots = RenderedStore

  @Test func `two servers start from rendered configuration, and replicate`() throws {
    let store = try RenderedStore()
    let missing = try store.render(rolling: false, ["--check"])
    #expect(missing.status == 1, "\(missing.output)")
    let rendered = try store.render(rolling: false)
    #expect(rendered.status == 0, "\(rendered.output)")
    #expect(rendered.output.hasSuffix("6 files of 2 slots, 6 created\n"), "\(rendered.output)")
    try store.start()

    let connection = try store.connection(to: Slots.master)
    for command in [
      "CREATE user/joe", "SETACL user/joe admin \(ReplicaPair.allRights)", "CREATE user/joe/Work",
      ReplicaPair.append(to: "user/joe/Work", on: .master), "NOOP",
    ] { try connection.command(command) }

    // What the replica lacks is on its way, by the log of the channel that the configuration names.
    let before = try diff(store)
    #expect(before.status == 1, "\(before.output)")
    let pending = try store.dbinspect(["fleet", "sweep"] + store.fleetOptions)
    #expect(pending.status == 1, "\(pending.output)")
    let run = try store.synchronize()
    #expect(run.status == 0, "\(run.output)")
    let after = try diff(store)
    #expect(after.status == 0, "\(after.output)")
    let names = try mailboxes(of: Slots.replica, store)
    #expect(names == ["user/joe", "user/joe/Work"])
    #expect(try mailboxes(of: Slots.master, store) == names)
    let verified = try store.dbinspect([
      "verify", store.mailboxes(of: Slots.master), store.mailboxes(of: Slots.replica),
    ])
    #expect(verified.status == 0, "\(verified.output)")
    let swept = try store.dbinspect(["fleet", "sweep"] + store.fleetOptions)
    #expect(swept.status == 0, "\(swept.output)")
    #expect(swept.output.hasSuffix("1 store: 1 ok; 2 slots, 2 sound; 0 lines pending\n"), "\(swept.output)")
  }

  @Test func `a changed value changes only the files that have it, and the master replicates by itself`() throws {
    let store = try RenderedStore()
    _ = try store.render(rolling: false)
    try store.start()
    let before = try times(store)
    let changed = try store.render(rolling: true)
    let file = "etc/cyrus/cyrus-\(Slots.master).conf"
    #expect(changed.output.contains("6 files of 2 slots, 1 changed, 5 unchanged"), "\(changed.output)")
    #expect(changed.output.contains("changed   \(file): line "), "\(changed.output)")
    let after = try times(store)
    for (path, time) in after { #expect((time == before[path]) == (path != file), "\(path)") }

    try store.start(Slots.master)
    let connection = try store.connection(to: Slots.master)
    try connection.command("CREATE user/joe")
    let end = ContinuousClock.now + .seconds(20)
    while try mailboxes(of: Slots.replica, store) != ["user/joe"], ContinuousClock.now < end { usleep(50_000) }
    #expect(try mailboxes(of: Slots.replica, store) == ["user/joe"])
  }

  private func diff(_ store: RenderedStore) throws -> RenderedStore.Run {
    try store.dbinspect([
      "diff", store.mailboxes(of: Slots.master), store.mailboxes(of: Slots.replica), "--synclog", store.channel,
    ])
  }

  /// The users' mailboxes of a slot, in the order of its list.
  private func mailboxes(of slot: String, _ store: RenderedStore) throws -> [String] {
    try Database(path: store.mailboxes(of: slot)).read { try $0.pairs() }.compactMap { pair in
      let key = String(decoding: pair.key, as: UTF8.self).replacing("\u{1F}", with: "/")
      return key.hasPrefix("Nuser/") ? String(key.dropFirst()) : nil
    }
  }

  /// When each file of the configuration was last changed, by its path.
  private func times(_ store: RenderedStore) throws -> [String: Date] {
    let paths = try #require(FileManager.default.enumerator(atPath: store.home.file("etc"))).compactMap {
      $0 as? String
    }
    return try paths.filter { $0.contains(".") }.reduce(into: [:]) { times, path in
      let facts = try FileManager.default.attributesOfItem(atPath: store.home.file("etc/" + path))
      times["etc/" + path] = facts[.modificationDate] as? Date
    }
  }
}
