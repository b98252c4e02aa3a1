// Cyrus's own tool, for tests that ask it for a second opinion.

import Foundation
import Testing

/// `cyr_dbtool` of Debian's cyrus-common, with a configuration of its own.
///
/// It changes files: it repairs what is dirty. So it only ever gets copies.
struct CyrusTool {
  private static let path = "/usr/lib/cyrus/bin/cyr_dbtool"

  /// Whether to run tests that need it: if it is there, or if it has to be.
  static let isWanted =
    FileManager.default.isExecutableFile(atPath: path)
    || ProcessInfo.processInfo.environment["REQUIRE_CYRUS"] == "1"

  /// Why tests that need it are not run.
  static let absence: Comment = "cyr_dbtool of cyrus-common is not installed; REQUIRE_CYRUS=1 makes that a failure"

  private let folder: TemporaryFolder

  init(_ folder: TemporaryFolder) throws {
    self.folder = folder
    // With its own directory it does not touch an installation's; without the user's name it tries to become "cyrus".
    let configuration = "configdirectory: \(folder.path)\ncyrus_user: \(NSUserName())\n"
    try folder.write(Array(configuration.utf8), to: "imapd.conf")
  }

  /// Runs an action on a twoskip file and gives what it prints.
  ///
  /// - Parameters:
  ///   - options: before the path, for example `-M`: keys are in mbox order.
  ///   - input: for `batch`: a command a line.
  @discardableResult
  func run(_ action: String, on path: String, options: [String] = [], input: String = "") throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: Self.path)
    process.arguments = ["-C", folder.path("imapd.conf")] + options + [path, "twoskip", action]
    // Files, not pipes: nobody has to read while it runs.
    let inputPath = try folder.write(Array(input.utf8), to: "input")
    let outputPath = try folder.write([], to: "output")
    let errorPath = try folder.write([], to: "errors")
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: inputPath))
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputPath))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errorPath))
    try process.run()
    process.waitUntilExit()
    let errors = try String(contentsOfFile: errorPath, encoding: .utf8)
    #expect(process.terminationStatus == 0 && errors.isEmpty, "\(action): \(process.terminationStatus) \(errors)")
    return Array(try Data(contentsOf: URL(filePath: outputPath)))
  }

  /// What `show` prints for these records.
  static func shown(_ pairs: [Pair]) -> [UInt8] {
    pairs.flatMap { $0.key + [0x09] + $0.value + [0x0A] }
  }
}
