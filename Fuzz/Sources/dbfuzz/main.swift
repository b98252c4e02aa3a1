// Feeds the library with bytes that nobody would write.
//
//   dbfuzz TARGET [FOLDER …] [-OPTION=VALUE …]     libFuzzer on one target; its options, for example -max_total_time=60
//   dbfuzz mutate --files N [--seed S] FILE …      N files, each a sound one with a known change: the change is reported
//   dbfuzz targets                                 the names of the targets
//
// See Docs/Fuzzing.md.

import CLibFuzzer
import Glibc

/// The target of this process.
nonisolated(unsafe) var target = Target.all[0]

func fail(_ text: String) -> Never {
  let bytes = Array((text + "\n").utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
  abort()
}

let arguments = CommandLine.arguments
switch arguments.dropFirst().first {
case "targets":
  for target in Target.all { print(target.name) }
case "mutate":
  do { try mutate(Array(arguments.dropFirst(2))) } catch { fail("dbfuzz: \(error)") }
case let name?:
  guard let found = Target.all.first(where: { $0.name == name }) else { fail("dbfuzz: no target \(name)") }
  target = found
  var pointers = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) } + [nil]
  var count = Int32(pointers.count - 1)
  let status = pointers.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    return LLVMFuzzerRunDriver(&count, &start) { bytes, count in
      let contradictions = target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
      if !contradictions.isEmpty { fail(contradictions.joined(separator: "\n")) }
      return 0
    }
  }
  exit(status)
case nil:
  fail("usage: dbfuzz TARGET | mutate | targets")
}
