// Writes large, realistic mailboxes.db files for benchmarks and stress tests.

import Glibc
import TestSupport

let usage = """
  usage: twoskip-generate --mailboxes N [--churned] [--differing D] [--seed S] -o FILE
         twoskip-generate --mailboxes N --stores C [--seed S] -o FOLDER

  Writes a mailboxes.db of N made-up mailboxes to FILE, as a repack leaves it, or
  with --churned as it is after many transactions in random order. The same N and
  seed give the same file. Prints one line of facts.

  With --differing D mailboxes, evenly spread, are not as in the file without:
  every third of them is missing, the others have another modseq or partition.

  With --stores the files of a whole fleet of C stores, 1 to 200, with N mailboxes
  each, are written below FOLDER, with their whole paths, and their layout as
  production.dat.

    twoskip-generate --mailboxes 1000000 -o /tmp/sorted.db
    twoskip-generate --mailboxes 1000 --stores 200 -o /tmp/fleet

  exit status: 0 written, 1 the system said no, 2 wrong arguments

  """

func fail(_ message: String, status: Int32) -> Never {
  _ = unsafe write(STDERR_FILENO, message, message.utf8.count)
  exit(status)
}

struct Arguments {
  var mailboxCount = 0
  var isChurned = false
  var differingCount = 0
  var storeCount = 0
  var seed: UInt64 = 1
  var path = ""

  init?(_ words: some Sequence<String>) {
    var words = words.makeIterator()
    while let word = words.next() {
      switch word {
      case "--mailboxes":
        guard let count = words.next().flatMap({ Int($0) }), 1..<100_000_000 ~= count else { return nil }
        mailboxCount = count
      case "--churned":
        isChurned = true
      case "--differing":
        guard let count = words.next().flatMap({ Int($0) }), count > 0 else { return nil }
        differingCount = count
      case "--stores":
        guard let count = words.next().flatMap({ Int($0) }), 1...200 ~= count else { return nil }
        storeCount = count
      case "--seed":
        guard let number = words.next().flatMap({ UInt64($0) }) else { return nil }
        seed = number
      case "-o":
        guard let name = words.next() else { return nil }
        path = name
      default:
        return nil
      }
    }
    guard mailboxCount > 0, !path.isEmpty, differingCount <= mailboxCount, differingCount == 0 || !isChurned else {
      return nil
    }
    if storeCount > 0, isChurned || differingCount > 0 { return nil }
  }
}

func generate(_ arguments: Arguments) throws -> GeneratedFile {
  if arguments.isChurned {
    return try ChurnedMailboxes(mailboxCount: arguments.mailboxCount, seed: arguments.seed).write(to: arguments.path)
  }
  let records = MailboxRecords(mailboxCount: arguments.mailboxCount, seed: arguments.seed)
  let writer = BulkTwoskipFile(seed: arguments.seed)
  guard arguments.differingCount > 0 else { return try writer.write(records, to: arguments.path) }
  let changed = DifferingRecords(records, mailboxCount: records.nameCount, differingCount: arguments.differingCount)
  return try writer.write(changed, to: arguments.path)
}

if CommandLine.arguments.dropFirst().elementsEqual(["--help"]) {
  print(usage, terminator: "")
  exit(0)
}
guard let arguments = Arguments(CommandLine.arguments.dropFirst()) else { fail(usage, status: 2) }
do {
  if arguments.storeCount > 0 {
    let fleet = LargeFleet(
      storeCount: arguments.storeCount, mailboxCount: arguments.mailboxCount, seed: arguments.seed)
    try fleet.write(below: arguments.path)
    print("\(arguments.path): \(fleet.stores.count) stores, \(fleet.stores.reduce(0) { $0 + $1.count }) slots")
    exit(0)
  }
  let facts = try generate(arguments)
  print(
    "\(arguments.path): \(facts.recordCount) records, \(facts.byteCount) bytes, \(facts.commitCount) commits,",
    "\(facts.deadRecordCount) dead records, \(facts.deleteCount) deletes")
} catch {
  fail("twoskip-generate: \(error)\n", status: 1)
}
