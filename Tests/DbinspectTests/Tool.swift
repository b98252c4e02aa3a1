// The built command, run as its users run it.

import Foundation
import Testing

/// The binary `dbinspect` beside the tests.
enum Tool {
  /// What a run of it came to.
  struct Run: CustomStringConvertible {
    let status: Int32
    let output: [UInt8]
    let errors: String

    /// Standard output as text; empty if it is not UTF-8.
    var text: String { String(validating: output, as: UTF8.self) ?? "" }
    /// The lines of standard output.
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    /// The lines of standard error.
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    /// Standard output as a JSON document.
    var json: [String: Any] {
      get throws { try jsonObject(text) }
    }

    var description: String { "status \(status)\n\(text)\n\(errors)" }
  }

  static let path: String = {
    // The test bundle is the running program; what the package builds lies in the same folder.
    let bundle = URL(filePath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
    return bundle.deletingLastPathComponent().appending(path: "dbinspect").path
  }()

  /// Runs it and waits for its end.
  ///
  /// - Parameter input: What it finds on standard input.
  static func run(_ arguments: [String], input: [UInt8] = []) throws -> Run {
    // Through files, so that no output is too long for a pipe.
    let folder = try TemporaryFolder()
    let files = try ["in", "out", "err"].map { name in
      let url = folder.url.appending(path: name)
      try Data(name == "in" ? input : []).write(to: url)
      return try FileHandle(forUpdating: url)
    }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardInput = files[0]
    process.standardOutput = files[1]
    process.standardError = files[2]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "ended by a signal: \(arguments)")
    return Run(
      status: process.terminationStatus,
      output: Array(try Data(contentsOf: folder.url.appending(path: "out"))),
      errors: try String(contentsOf: folder.url.appending(path: "err"), encoding: .utf8))
  }

  /// Runs a shell command in which `$D` is the tool and `$F` a file.
  ///
  /// - Returns: The exit status and all output.
  static func shell(_ command: String, file: String = "") throws -> (status: Int32, text: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", command]
    process.environment = ProcessInfo.processInfo.environment.merging(["D": path, "F": file]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}

/// The text of a document of this project.
func projectText(_ path: String) throws -> String {
  try String(contentsOf: Fixture.folder.appending(path: "../../\(path)"), encoding: .utf8)
}

/// A line or document of JSON.
func jsonObject(_ text: String) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}

/// A folder of a test's own. It goes when the tests end: files are used by name, so nothing else would keep it.
struct TemporaryFolder {
  let url: URL

  init() throws {
    url = Self.root.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  private static let root: URL = {
    atexit { try? FileManager.default.removeItem(at: TemporaryFolder.root) }
    return FileManager.default.temporaryDirectory.appending(path: "dbinspect-tests-\(getpid())")
  }()

  /// Writes a file and returns its path.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = url.appending(path: name)
    try Data(bytes).write(to: file)
    return file.path
  }
}

/// A copy of a fixture, so that what is given to the tool lies in no folder of ours.
struct FixtureCopy {
  let path: String

  init(_ name: String) throws {
    let folder = try TemporaryFolder()
    path = folder.url.appending(path: (name as NSString).lastPathComponent).path
    try FileManager.default.copyItem(atPath: Fixture.folder.appending(path: name).path, toPath: path)
  }

  init(_ fixture: Fixture) throws { try self.init("twoskip/\(fixture.file)") }
}

/// A twoskip file of Tests/Fixtures with what is known about it.
struct Fixture: Decodable, Sendable, CustomTestStringConvertible {
  let file: String
  let verdict: String
  let content: Bool

  var testDescription: String { file }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/").standardized

  static let all: [Fixture] = {
    guard let data = try? Data(contentsOf: folder.appending(path: "twoskip/manifest.json")),
      let fixtures = try? JSONDecoder().decode([Fixture].self, from: data)
    else { return [] }
    return fixtures
  }()

  /// Files whose whole content is known byte for byte.
  static let readable = all.filter { $0.content && $0.verdict != "damaged" && !$0.hasLongContent }

  private var hasLongContent: Bool { file == "ts-longkeys.db" || file == "ts-longval.db" }

  /// The records that a reader must deliver, in the order of the file.
  var records: [(key: [UInt8], value: [UInt8])] {
    get throws {
      let url = Fixture.folder.appending(path: "twoskip/\(file).kv.tsv")
      return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { line in
        let sides = line.split(separator: "\t", omittingEmptySubsequences: false)
        return (bytes(hexadecimal: sides[0]), bytes(hexadecimal: sides[1]))
      }
    }
  }
}

/// Bytes from pairs of hexadecimal digits.
func bytes(hexadecimal digits: some StringProtocol) -> [UInt8] {
  let digits = Array(digits.utf8)
  return stride(from: 0, to: digits.count, by: 2).compactMap { index in
    UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
  }
}
