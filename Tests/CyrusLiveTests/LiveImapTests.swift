// Reading the mailbox list of a real IMAP server while it is at work.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CyrusDatabase

@Suite(.needsCyrusServer) struct LiveImapTests {
  @Test func `every read beside a working imapd is the state before or after its present command`() throws {
    let server = try Server()
    try server.connection(as: "admin").command("CREATE user/joe")
    let joe = try server.connection(as: "joe")
    let commands = Commands(count: 400, seed: 1)
    let watch = Watch(server.mailboxes, commands)

    // Of three readers one reads in the way that is the default, one copies, and one verifies.
    let works = try onThreads(4) { index in
      guard index == 0 else { return try watch.look(by: index == 1 ? .auto : .copy, verifying: index == 3) }
      defer { watch.isOver.store(true, ordering: .releasing) }
      for (number, command) in commands.all.enumerated() {
        watch.begun.add(1, ordering: .sequentiallyConsistent)
        try joe.command(command)
        watch.done.add(1, ordering: .sequentiallyConsistent)
        if number % 4 == 0 { usleep(5000) }
      }
      return Watch.Tally()
    }
    let all = works.reduce(into: Watch.Tally()) { $0.add($1) }
    #expect(all.reads > 200)
    #expect(all.exact > 20)
    #expect(all.states.count > 50)
    #expect(all.verifications > 20)
    Figures.show(
      "imapd: \(commands.all.count) commands, \(all.reads) reads of \(all.states.count) different states, 0 wrong, "
        + "\(all.exact) of them between two commands; \(all.verifications) verifications, 0 damaged")

    let database = try Database(path: server.mailboxes)
    let listing = try database.read { try $0.pairs() }
    let bytes = try Data(contentsOf: URL(filePath: server.mailboxes))
    let expected = try server.listing(of: Array(bytes))
    let lines = listing.map { pair in pair.key + [UInt8(ascii: "\t")] + pair.value + [UInt8(ascii: "\n")] }
    #expect(Array(lines.joined()) == expected)
    #expect(try database.verify().verdict == .sound)
  }
}

/// IMAP commands drawn from a seed, and the mailboxes that exist after each.
private struct Commands {
  private(set) var all: [String] = []
  /// Names below the user's, after so many commands.
  private(set) var states: [Set<String>] = [[]]

  init(count: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var names: [String] = []
    for number in 0..<count {
      let new = "box \(number)"
      switch random.below(10) {
      case 0..<2 where !names.isEmpty:
        all.append("DELETE \"\(names.remove(at: random.below(names.count)))\"")
      case 2..<4 where !names.isEmpty:
        let index = random.below(names.count)
        all.append("RENAME \"\(names[index])\" \"\(new)\"")
        names[index] = new
      default:
        all.append("CREATE \"\(new)\"")
        names.append(new)
      }
      states.append(Set(names))
    }
  }
}

/// Readers of a mailbox list, and how far the commands have come that change it.
private final class Watch: Sendable {
  struct Tally {
    var reads = 0
    /// Reads while no command was under way, so that one state alone was right.
    var exact = 0
    var verifications = 0
    var states: Set<Int> = []

    mutating func add(_ other: Tally) {
      reads += other.reads
      exact += other.exact
      verifications += other.verifications
      states.formUnion(other.states)
    }
  }

  struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  let begun = Atomic(0)
  let done = Atomic(0)
  let isOver = Atomic(false)
  private let path: String
  private let commands: Commands

  init(_ path: String, _ commands: Commands) {
    self.path = path
    self.commands = commands
  }

  /// Reads again and again until the commands are over.
  func look(by locking: Locking, verifying: Bool) throws -> Tally {
    let database = try Database(path: path)
    var tally = Tally()
    while !isOver.load(ordering: .acquiring) {
      defer { usleep(1000) }
      if verifying {
        let report = try database.verify()
        guard report.verdict == .sound || report.verdict == .recoverable else {
          throw Wrong(description: "verdict \(report.verdict): \(report.findings)")
        }
        tally.verifications += 1
        continue
      }
      let first = done.load(ordering: .sequentiallyConsistent)
      let pairs = try database.read(locking: locking) { try $0.pairs() }
      let last = begun.load(ordering: .sequentiallyConsistent)
      let names = try mailboxes(in: pairs)
      guard let state = (first...last).first(where: { commands.states[$0] == names }) else {
        let near = (first...last).map { commands.states[$0].symmetricDifference(names) }
        throw Wrong(description: "no state after \(first) to \(last) commands; the differences are \(near)")
      }
      tally.reads += 1
      tally.exact += first == last ? 1 : 0
      tally.states.insert(state)
    }
    return tally
  }

  /// The names of the user's mailboxes in a listing, which must agree with itself.
  ///
  /// Each mailbox has a record by name, which holds its id, and one by id, which holds its name, written together.
  private func mailboxes(in pairs: [Pair]) throws -> Set<String> {
    let prefix = "user\u{1F}joe"
    var ids: [String: String] = [:]
    var names: Set<String> = []
    for pair in pairs {
      let key = String(decoding: pair.key, as: UTF8.self)
      let value = String(decoding: pair.value, as: UTF8.self)
      guard let kind = key.first, "NI".contains(kind), value.hasPrefix("%("), value.hasSuffix(")") else {
        throw Wrong(description: "ill-formed record \(key): \(value)")
      }
      let name = kind == "N" ? String(key.dropFirst()) : Self.field("N", of: value)
      guard let name, name.hasPrefix(prefix) else { throw Wrong(description: "strange name in \(key): \(value)") }
      // Of a mailbox that is gone a record with `d` stays.
      guard Self.field("T", of: value) == "e" else { continue }
      if kind == "I" {
        ids[String(key.dropFirst())] = name
      } else {
        guard let id = Self.field("I", of: value), ids.removeValue(forKey: id) == name else {
          throw Wrong(description: "\(key) has an id that is not its own")
        }
        if name != prefix { names.insert(String(name.dropFirst(prefix.count + 1))) }
      }
    }
    guard ids.isEmpty else { throw Wrong(description: "ids without names: \(ids)") }
    return names
  }

  /// A field of a value, for example `e` for `T` in `%(T e I …)`; an atom, or a string in quotes.
  private static func field(_ name: String, of value: String) -> String? {
    guard let start = value.range(of: value.hasPrefix("%(\(name) ") ? "%(\(name) " : " \(name) ") else { return nil }
    let rest = value[start.upperBound...]
    if rest.hasPrefix("\"") { return rest.dropFirst().split(separator: "\"").first.map(String.init) }
    return rest.split(whereSeparator: { " )".contains($0) }).first.map(String.init)
  }
}
