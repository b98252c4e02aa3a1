// Files that `salvage` and `convert` write: never over an input, never by accident, whole or not at all.

import Foundation
import Testing

@testable import dbinspect

@Suite struct OutputFileTests {
  private let folder: URL
  private let input: String
  private let content: Data
  private let modified: timespec

  init() throws {
    let copy = try FixtureCopy("twoskip/ts-dirty-tail.db")
    folder = URL(filePath: copy.path).deletingLastPathComponent()
    input = copy.path
    content = try Data(contentsOf: URL(filePath: input))
    modified = Self.modified(input)
  }

  private static func modified(_ path: String) -> timespec {
    var status = stat()
    #expect(stat(path, &status) == 0)
    return status.st_mtim
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }
  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

  /// Runs it and checks that the input is as it was.
  private func run(_ arguments: [String]) throws -> Tool.Run {
    let run = try Tool.run(arguments)
    #expect(try Data(contentsOf: URL(filePath: input)) == content)
    let now = Self.modified(input)
    #expect(now.tv_sec == modified.tv_sec && now.tv_nsec == modified.tv_nsec)
    return run
  }

  private static let commands = ["salvage", "convert"]

  @Test(arguments: commands)
  func `the input is never replaced, by whatever name`(_ command: String) throws {
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: path("link"), withDestinationPath: input)
    try manager.createSymbolicLink(atPath: path("again"), withDestinationPath: "link")
    try manager.linkItem(atPath: input, toPath: path("hard"))
    try manager.createSymbolicLink(atPath: path("here"), withDestinationPath: ".")
    let before = try names()
    for output in [input, path("link"), path("again"), path("hard"), path("here/ts-dirty-tail.db"), path("./link")] {
      for force in [[], ["--force"]] {
        let run = try run([command, input, "-o", output] + force)
        #expect(run.status == 73, "\(output)")
        #expect(run.errors.hasPrefix("dbinspect: \(output): is a file that is being read"), "\(run)")
        #expect(try names() == before)
      }
    }
    // Read by another name it is the same file.
    #expect(try run([command, path("link"), "-o", input, "--force"]).status == 73)
    #expect(try run([command, path("hard"), "-o", input, "--force"]).status == 73)
  }

  @Test(arguments: commands)
  func `what is there is replaced only with --force`(_ command: String) throws {
    try Data("precious".utf8).write(to: URL(filePath: path("there")))
    let refused = try run([command, input, "-o", path("there")])
    #expect(refused.status == 73)
    #expect(refused.errorLines == ["dbinspect: \(path("there")): exists already", "hint: --force replaces it"])
    #expect(refused.output == [])
    #expect(try String(contentsOfFile: path("there"), encoding: .utf8) == "precious")
    #expect(try [0, 1].contains(run([command, input, "-o", path("there"), "--force"]).status))
    #expect(try Tool.run(["verify", path("there")]).status == 0)
    #expect(try names() == ["there", "ts-dirty-tail.db"])
  }

  @Test(arguments: commands)
  func `a link is replaced, not what it leads to`(_ command: String) throws {
    try Data("precious".utf8).write(to: URL(filePath: path("there")))
    for target in ["there", "nowhere"] {
      try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: target)
      #expect(try run([command, input, "-o", path("link")]).status == 73)
      #expect(try [0, 1].contains(run([command, input, "-o", path("link"), "--force"]).status))
      #expect(try Tool.run(["verify", path("link")]).status == 0)
      #expect(try String(contentsOfFile: path("there"), encoding: .utf8) == "precious")
      try FileManager.default.removeItem(atPath: path("link"))
    }
    #expect(try names() == ["there", "ts-dirty-tail.db"])
  }

  @Test(arguments: commands)
  func `an output that cannot be made ends with 73 and leaves nothing`(_ command: String) throws {
    #expect(mkfifo(path("fifo"), 0o600) == 0)
    let places = [folder.path, path("fifo"), "/dev/null", path("none/new.db"), path("fifo/new.db"), ""]
    for output in places {
      let run = try run([command, input, "-o", output, "--force"])
      #expect(run.status == 73, "\(output): \(run)")
      #expect(run.errorLines.first?.hasPrefix("dbinspect: \(output): ") == true, "\(run)")
    }
    #expect(try names() == ["fifo", "ts-dirty-tail.db"])
  }

  @Test(arguments: commands)
  func `an output that does not fit ends with 73 and leaves nothing`(_ command: String) throws {
    // As on a full disk, a write fails: the limit is 1 KiB, and the signal that comes with it is not wanted.
    for output in ["new.db", "report"] {
      let report = output == "report" && command == "salvage" ? "--report \(path("report"))" : ""
      let limited = "trap '' XFSZ; ulimit -f 1; \"$D\" \(command) \"$F\" -o \(path("new.db")) \(report); echo $?"
      let run = try Tool.shell(limited, file: input)
      #expect(run.text.hasPrefix("dbinspect: \(path("new.db")): File too large (write)"), "\(run)")
      #expect(run.text.hasSuffix("\n73\n"))
      #expect(try names() == ["ts-dirty-tail.db"])
    }
  }

  @Test(arguments: commands)
  func `the new file belongs to its owner alone`(_ command: String) throws {
    #expect(try [0, 1].contains(run([command, input, "-o", path("new.db")]).status))
    var status = stat()
    #expect(stat(path("new.db"), &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
  }

  @Test(arguments: commands)
  func `what is no database is told apart, and makes no output`(_ command: String) throws {
    let text = try TemporaryFolder().file("text", Array("hello\n".utf8))
    for (file, status) in [
      (text, 65), (try FixtureCopy("skiplist/sl-one.db").path, 65), (folder.path, 65), (path("none"), 66),
    ] {
      let run = try run([command, file, "-o", path("new.db")])
      #expect(run.status == status, "\(file): \(run)")
      #expect(run.errors.hasPrefix("dbinspect: \(file): "))
    }
    #expect(try run([command, input]).status == 64)
    #expect(try names() == ["ts-dirty-tail.db"])
  }

  @Test func `a report is refused before the database is written`() throws {
    try Data("precious".utf8).write(to: URL(filePath: path("there")))
    for (report, status) in [(path("there"), 73), (input, 73), (path("none/report"), 73), (path("new.db"), 64)] {
      let run = try run(["salvage", input, "-o", path("new.db"), "--report", report])
      #expect(run.status == Int32(status), "\(report): \(run)")
      #expect(try names() == ["there", "ts-dirty-tail.db"], "\(report)")
    }
    #expect(try run(["salvage", input, "-o", path("new.db"), "--report", input, "--force"]).status == 73)
    #expect(try names() == ["there", "ts-dirty-tail.db"])
    let run = try run(["salvage", input, "-o", path("new.db"), "--report", path("there"), "--force"])
    #expect(run.status == 1)
    #expect(
      try jsonObject(try String(contentsOfFile: path("there"), encoding: .utf8))["schema"] as? String == "salvage/1")
    #expect(try names() == ["new.db", "there", "ts-dirty-tail.db"])
  }

  @Test func `only twoskip is salvaged and written`() throws {
    let salvage = try run(["salvage", input, "-o", path("new.db"), "--engine", "skiplist"])
    #expect(salvage.status == 65)
    #expect(salvage.errors.contains("skiplist"))
    #expect(try run(["convert", input, "-o", path("new.db"), "--engine", "skiplist"]).status == 64)
    #expect(try names() == ["ts-dirty-tail.db"])
  }
}
