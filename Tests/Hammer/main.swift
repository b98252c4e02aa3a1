// Reads a database again and again, as fast as it goes: the load under which Scripts/latency times a writer.
//
//   twoskip-hammer FILE SECONDS auto|copy|shared
//
// Prints how often it read all records, and how often it could not.

import CyrusDatabase
import Glibc

guard CommandLine.arguments.count == 4, let seconds = Int(CommandLine.arguments[2]),
  let locking = ["auto": Locking.auto, "copy": .copy, "shared": .shared][CommandLine.arguments[3]]
else {
  let usage = Array("usage: twoskip-hammer FILE SECONDS auto|copy|shared\n".utf8)
  _ = write(STDERR_FILENO, usage, usage.count)
  exit(64)
}

func hammer(
  _ path: String, for duration: Duration, _ locking: Locking
) throws(DatabaseError) -> (reads: Int, failures: Int) {
  let database = try Database(path: path)
  let end = ContinuousClock.now + duration
  var counts = (reads: 0, failures: 0)
  while ContinuousClock.now < end {
    do {
      try database.read(locking: locking) { snapshot in
        var records = snapshot.records()
        while try records.next() != nil {}
      }
      counts.reads += 1
    } catch {
      counts.failures += 1
    }
  }
  return counts
}

do {
  let counts = try hammer(CommandLine.arguments[1], for: .seconds(seconds), locking)
  print("reads \(counts.reads) failures \(counts.failures)")
} catch {
  let text = Array("twoskip-hammer: \(error.path): \(error)\n".utf8)
  _ = write(STDERR_FILENO, text, text.count)
  exit(1)
}
