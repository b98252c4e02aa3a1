// Programs whose costs are counted while they run.

import Foundation
import Testing

/// What doing something once with twoskip-costs took.
struct Costs {
  /// How much was met.
  let met: Int
  /// Calls of malloc and its like.
  let allocations: Int
  /// The most bytes of the heap that were held at once.
  let peak: Int
  /// Bytes of the heap that are held at the end.
  let left: Int
  /// Pages of 4096 bytes that were looked at, of files that are mapped.
  let pages: Int

  /// Whether the program is optimised: the compiler's own allocations hide what the library asks for otherwise.
  static let isOptimized = Program.optimized != nil

  /// Calls that threads make when they wait for each other.
  private static let waiting: Set<String> = ["futex", "gettid"]

  /// Counts an operation of Tests/Costs, the second time it is done.
  init(of operation: String, _ file: CostFile, _ other: String? = nil) throws {
    // Tables of Swift are of the same size at each start then.
    let settings = ["SWIFT_DETERMINISTIC_HASHING=1", "LD_PRELOAD=\(try Program.counting.get())"]
    let command = [Program.costs, "--again", operation, try file.path] + (other.map { [$0] } ?? [])
    let run = try Program.run("/usr/bin/env", settings + command)
    let words = run.errors.split { $0 == " " || $0 == "\n" }
    try #require(run.status == 0 && words.count == 9 && words[0] == "counting:", "\(operation): \(run)")
    let numbers = try [2, 4, 6, 8].map { try #require(Int(words[$0])) }
    (allocations, peak, left, pages) = (numbers[0], numbers[1], numbers[2], numbers[3])
    met = try #require(Int(run.text.filter { $0 != "\n" }))
  }
}

/// How often each system call was made.
struct SystemCalls: CustomStringConvertible {
  /// By name.
  private(set) var counts: [String: Int] = [:]
  /// What the program printed.
  private(set) var outputByteCount = 0

  /// Calls that the heap makes when it grows or shrinks.
  private static let memory: Set<String> = ["brk", "madvise", "mmap", "mprotect", "mremap", "munmap"]

  /// Calls that threads make when they wait for each other.
  private static let waiting: Set<String> = ["futex", "gettid"]

  /// Counts an operation of Tests/Costs, the second time it is done.
  init(of operation: String, _ file: CostFile, _ other: String? = nil) throws {
    let arguments = ["--again", operation, try file.path] + (other.map { [$0] } ?? [])
    let lines = try trace(Program.costs, arguments)
    let begin = try #require(lines.firstIndex { $0.contains("write(-1, \"begin\"") })
    let end = try #require(lines.lastIndex { $0.contains("write(-1, \"end\"") })
    count(lines[(begin + 1)..<end])
  }

  /// Counts all that dbinspect does, from its start to its end.
  init(ofTool command: String, _ file: CostFile, _ others: [String] = [], status: Int32 = 0) throws {
    count(try trace(Program.beside("dbinspect"), [command, try file.path] + others, status: status)[...])
  }

  /// The same of a whole command line.
  init(ofTool arguments: [String]) throws { count(try trace(Program.beside("dbinspect"), arguments)[...]) }

  subscript(name: String) -> Int { counts[name, default: 0] }

  /// How many there are.
  var total: Int { counts.values.reduce(0, +) }

  /// All but those of the heap, and of threads that wait for each other, which hang on chance.
  var withoutMemory: [String: Int] {
    counts.filter { !Self.memory.contains($0.key) && !Self.waiting.contains($0.key) }
  }

  /// Those of threads that wait for each other.
  var waitingTotal: Int { counts.filter { Self.waiting.contains($0.key) }.values.reduce(0, +) }

  /// Those of the heap, and of mapping files.
  var memoryTotal: Int { counts.filter { Self.memory.contains($0.key) }.values.reduce(0, +) }

  var description: String { counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }

  private mutating func trace(_ program: String, _ arguments: [String], status: Int32 = 0) throws -> [Substring] {
    let folder = try TemporaryFolder()
    let log = folder.url.appending(path: "calls")
    let strace = "/usr/bin/strace"
    try #require(FileManager.default.isExecutableFile(atPath: strace), "strace is not installed: run make setup")
    let run = try Program.run(strace, ["-f", "-qq", "-e", "signal=none", "-o", log.path, program] + arguments)
    let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    try #require(run.status == status && !text.isEmpty, "strace cannot count here, does ptrace(2) work? \(run)")
    outputByteCount = run.output.count
    return text.split(separator: "\n")
  }

  /// Lines are `PID NAME(…) = …`.
  private mutating func count(_ lines: ArraySlice<Substring>) {
    for line in lines {
      let call = line.drop { $0 != " " }.drop { $0 == " " }
      // Of a call that another thread interrupts, the rest comes in a line of its own; other marks are of an exit.
      guard let first = call.first, first.isLetter, let end = call.firstIndex(of: "(") else { continue }
      counts[String(call[..<end]), default: 0] += 1
    }
  }
}

/// A program that was run to its end.
struct Program: CustomStringConvertible {
  let status: Int32
  let output: [UInt8]
  let errors: String

  var text: String { String(decoding: output, as: UTF8.self) }
  var description: String { "status \(status)\n\(text.prefix(2000))\n\(errors.prefix(2000))" }

  /// An optimised twoskip-costs, if we were given one: Scripts/costs.
  static let optimized = ProcessInfo.processInfo.environment["OPTIMIZED_COSTS"]

  static var costs: String { optimized ?? beside("twoskip-costs") }

  /// Tests/Counting, made from its source.
  static let counting = Result {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Counting/counting.c")
    let library = TemporaryFolder.root.appending(path: "counting.so").path
    try FileManager.default.createDirectory(at: TemporaryFolder.root, withIntermediateDirectories: true)
    let command = """
      compiler=$(command -v clang || command -v cc) || { echo "no C compiler: clang or cc" >&2; exit 69; }
      exec "$compiler" -O2 -std=gnu17 -Wall -Wextra -Werror -shared -fPIC -o "$0" "$1"
      """
    let compiler = try run("/bin/sh", ["-c", command, library, source.standardized.path])
    try #require(compiler.status == 0, "\(compiler)")
    return library
  }

  /// A program of the package: they lie in the folder of the test bundle, which is the running program.
  static func beside(_ name: String) -> String {
    let bundle = URL(filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
    return bundle.deletingLastPathComponent().appending(path: name).path
  }

  static func run(_ path: String, _ arguments: [String]) throws -> Program {
    // Through files, so that no output is too long for a pipe.
    let folder = try TemporaryFolder()
    let files = try ["out", "err"].map { name in
      let url = folder.url.appending(path: name)
      try Data().write(to: url)
      return try FileHandle(forUpdating: url)
    }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = files[0]
    process.standardError = files[1]
    try process.run()
    process.waitUntilExit()
    return Program(
      status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
      output: Array(try Data(contentsOf: folder.url.appending(path: "out"))),
      errors: try String(contentsOf: folder.url.appending(path: "err"), encoding: .utf8))
  }
}

/// A folder of a test's own. It goes when the tests end.
struct TemporaryFolder {
  let url: URL

  init() throws {
    url = Self.root.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  static let root: URL = {
    atexit { try? FileManager.default.removeItem(at: TemporaryFolder.root) }
    return FileManager.default.temporaryDirectory.appending(path: "cyrus-cost-tests-\(getpid())")
  }()
}
