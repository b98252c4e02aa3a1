// Does one thing with a database once, so that its instructions can be counted: what Scripts/instructions runs.
//
//   twoskip-costs OPERATION FILE [OTHER]
//
// What is counted is `countedOperation` alone: not opening the program, nor what prepares the operation.

import CyrusDatabase
import CyrusMailboxes
import CyrusSync
import Glibc

/// What is done; it gives how much was met.
// One thread alone sets and calls it.
nonisolated(unsafe) var operation: () throws -> Int = { 0 }

@inline(never)
func countedOperation() -> Int {
  do { return try operation() } catch {
    fail("\(error)", status: 1)
  }
}

func fail(_ message: String, status: Int32) -> Never {
  let line = Array("twoskip-costs: \(message)\n".utf8)
  _ = unsafe write(STDERR_FILENO, line, line.count)
  exit(status)
}

func list(_ snapshot: borrowing Snapshot) throws -> Int {
  var count = 0
  var records = snapshot.records()
  while try records.next() != nil { count += 1 }
  return count
}

func keys(_ snapshot: borrowing Snapshot, every step: Int) throws -> [[UInt8]] {
  var keys: [[UInt8]] = []
  var count = 0
  var records = snapshot.records()
  while let record = try records.next() {
    if count % step == 0 { keys.append(record.copyOfKey()) }
    count += 1
  }
  return keys
}

func lookUp(_ keys: [[UInt8]], in snapshot: borrowing Snapshot) throws -> Int {
  var count = 0
  for key in keys where try snapshot.record(for: unsafe key.span.bytes) != nil { count += 1 }
  return count
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 2 else { fail("usage: twoskip-costs OPERATION FILE [OTHER]", status: 64) }
let database = try Database(path: arguments[2])
let snapshot = try database.snapshot(locking: .none)
let wanted = try keys(snapshot, every: 5)

switch arguments[1] {
case "list": operation = { try list(snapshot) }
case "lookup": operation = { try lookUp(wanted, in: snapshot) }
case "verify": operation = { Int(try database.verify(locking: .none).recordCount) }
case "inventory": operation = { Int(try Inventory(of: snapshot, by: [.user]).records) }
case "diff":
  guard arguments.count == 3 else { fail("diff takes two files", status: 64) }
  let other = try Database(path: arguments[3])
  operation = {
    let report = try StoreDiff().report(
      master: StoreSnapshot(database, locking: .none), replica: StoreSnapshot(other, locking: .none), pending: [])
    return report.differences.count
  }
default: fail("no operation '\(arguments[1])'", status: 64)
}
print(countedOperation())
