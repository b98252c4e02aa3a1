// Does one thing with a database, so that what it costs can be counted: by Scripts/instructions, and by CyrusCostTests.
//
//   twoskip-costs [--again] OPERATION FILE [OTHER]
//
// What is counted is `countedOperation` alone: not opening the program, nor what prepares the operation. With `--again` the
// operation is done once before, so that what the runtime of Swift does at a first time is not counted, either.
//
// For who counts system calls, two of them that fail mark the place: write(-1, "begin") and write(-1, "end"). Who counts
// something else loads counting_begin and counting_end before the program: Tests/Counting/counting.c.

import CyrusDatabase
import Glibc

// One thread alone sets and calls it.
nonisolated(unsafe) var operation: Operation = { 0 }

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

/// A function that was loaded before the program; one that does nothing if there is none.
func loadedFunction(_ name: String) -> @convention(c) () -> Void {
  guard let address = unsafe dlsym(nil, name) else { return {} }
  // Those of Tests/Counting take nothing and give nothing.
  return unsafe unsafeBitCast(address, to: (@convention(c) () -> Void).self)
}

var arguments = Array(CommandLine.arguments.dropFirst())
let isAgain = arguments.first == "--again"
if isAgain { arguments.removeFirst() }
guard 2...3 ~= arguments.count else { fail("usage: twoskip-costs [--again] OPERATION FILE [OTHER]", status: 64) }
let other = arguments.count == 3 ? arguments[2] : ""
guard let prepared = try operation(arguments[0], on: arguments[1], other) else {
  fail("no operation '\(arguments[0])', or it takes something else", status: 64)
}
operation = prepared
if isAgain { _ = countedOperation() }

let begin = loadedFunction("counting_begin")
let end = loadedFunction("counting_end")
_ = unsafe write(-1, "begin", 5)
begin()
let met = countedOperation()
end()
_ = unsafe write(-1, "end", 3)
print(met)
