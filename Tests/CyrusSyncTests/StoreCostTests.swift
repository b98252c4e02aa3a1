// Hostile pairs and logs: what is found takes time by their size, not by its square.

import CyrusMailboxes
import CyrusSync
import Testing

@Suite struct StoreCostTests {
  private static let count = 20_000

  private static func log(_ line: (Int) -> String) -> SyncLog {
    SyncLog(label: "log", bytes: Array((0..<count).map { line($0) + "\n" }.joined().utf8))
  }

  /// Does something that would take minutes if its time was by the square of the count.
  private func quickly<Value>(_ body: () throws -> Value) rethrows -> Value {
    let start = ContinuousClock.now
    let value = try body()
    #expect(start.duration(to: .now) < .seconds(20))
    return value
  }

  @Test func `one mailbox may be renamed to any number of users`() {
    let log = Self.log { "RENAME user.joe.a user.u\($0).a" }
    let client = SyncClientVersion(3, 6, 1)
    let steps = quickly { PendingBatch(log, client: client).steps(client: client) }
    #expect(steps.count == 1 + 3 * Self.count)
    #expect(quickly { Backlog.byUser([log]) }.count == Self.count + 1)
  }

  @Test func `all lines may be of one user, or cancel each other`() {
    let log = Self.log { $0 % 2 == 0 ? "SUB joe user.joe.\($0)" : "SEEN joe \($0)" }
    let ended = SyncLog(label: "log", bytes: log.bytes + Array("UNUSER joe\n".utf8))
    let client = SyncClientVersion(3, 6, 1)
    #expect(quickly { PendingBatch(ended, client: client).steps(client: client) }.count == 1)
  }

  @Test func `one mailbox may be renamed to any number of users in file after file`() throws {
    var pair = MadePair()
    pair.master["Nuser/ann/a"] = MadePair.mailbox("a")
    pair.replica["Nuser/joe/b"] = MadePair.mailbox("a")
    pair.master["Nuser/joe"] = MadePair.mailbox("joe")
    let log = Self.log { "RENAME user.ann.a user.u\($0).a" }
    let report = try quickly { try pair.report(pending: [log, log, log]) }
    #expect(report.differences.map(\.status) == [.drift, .drift])
  }

  @Test func `a chain of renames may be of any length`() throws {
    var pair = MadePair()
    for number in 0..<Self.count {
      pair.master["Ns/\(number + 1)"] = MadePair.mailbox("id\(number)")
      pair.replica["Ns/\(number)"] = MadePair.mailbox("id\(number)")
    }
    let open = try quickly { try pair.report() }
    #expect(open.count(.drift) == Self.count)
    #expect(quickly { RepairLog(open) }.actions.count == Self.count)
    // Closed to a cycle.
    pair.master["Ns/\(Self.count)"] = nil
    pair.master["Ns/0"] = MadePair.mailbox("id\(Self.count - 1)")
    let closed = try quickly { try pair.report() }
    #expect(closed.count(.conflict) == Self.count)
  }

  @Test func `a name may have any number of levels`() throws {
    var pair = MadePair()
    let levels = String(repeating: "/a", count: 5 * Self.count)
    pair.master["Nshared"] = MadePair.mailbox("shared")
    for number in 0..<10 { pair.master["Nshared\(number)\(levels)"] = MadePair.mailbox("id\(number)") }
    let report = try pair.report()
    #expect(report.count(.drift) == 11)
    #expect(quickly { RepairLog(report) }.omissions.count == 10)
  }

  @Test func `a long line may explain all`() throws {
    var pair = MadePair()
    pair.master["Nuser/joe"] = MadePair.mailbox("joe")
    for number in 0..<Self.count { pair.master["Nuser/joe/\(number)"] = MadePair.mailbox("id\(number)") }
    pair.log = "USER joe \(String(repeating: "x", count: 100_000))\n"
    let report = try pair.report()
    #expect(report.count(.pending) == Self.count + 1)
    // One text for all: 20000 copies would be 2 GB.
    let first = report.differences[0].explanation?.text ?? []
    let last = report.differences[Self.count].explanation?.text ?? []
    #expect(first.count > 100_000)
    #expect(first.withUnsafeBufferPointer { $0.baseAddress } == last.withUnsafeBufferPointer { $0.baseAddress })
  }
}
