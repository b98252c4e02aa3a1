// Following logs look by look, with everything that can happen between two of them.

import CyrusDatabase
import Foundation
import Testing

@testable import CyrusSync

@Suite("Following logs, look by look")
struct SyncLogTrackerTests {
  /// A follower that looks when told, in a folder of its own.
  private struct Looking {
    let folder: TemporaryFolder
    var tracker: SyncLogTracker

    init() throws {
      folder = try TemporaryFolder()
      tracker = SyncLogTracker(SyncLogFolder(path: folder.path))
    }

    /// What is new: `label number text`, `label number problem` or `gap`.
    mutating func look(namesMayHaveChanged: Bool = true, written: [OpenLog] = []) throws -> [String] {
      var told: [String] = []
      try tracker.look(namesMayHaveChanged: namesMayHaveChanged, written: { written }) { told.append($0.summary) }
      return told
    }
  }

  @Test("A line comes once, whatever the file is called meanwhile")
  func renames() throws {
    var looking = try Looking()
    let folder = looking.folder
    try folder.write("USER a\n", to: "log")
    #expect(try looking.look() == ["log 1 USER a"])
    try folder.append("USER b\n", to: "log")
    try folder.rename("log", to: "log-run")
    try folder.append("USER c\n", to: "log-run")
    try folder.append("USER d\n", to: "log")
    #expect(try looking.look() == ["log-run 2 USER b", "log-run 3 USER c", "log 1 USER d"])
    #expect(try looking.look() == [])
    try folder.append("USER e\n", to: "log-run")
    try folder.remove("log-run")
    try folder.rename("log", to: "log-run")
    try folder.append("USER f\n", to: "log-run")
    #expect(try looking.look() == ["log-run 4 USER e", "log-run 2 USER f"])
    try folder.remove("log-run")
    try folder.write("USER g\n", to: "log-17")
    #expect(try looking.look() == ["log-17 1 USER g"])
    #expect(looking.tracker.foundCount == 3)
  }

  @Test("A file that was handed over comes in its turn and once, with a name or without")
  func handedOver() throws {
    var looking = try Looking()
    let folder = looking.folder
    try folder.write("USER a\n", to: "log")
    #expect(try looking.look() == ["log 1 USER a"])
    try folder.remove("log")
    try folder.write("USER b\n", to: "log-run")
    let first = try OpenLog(path: folder.path("log-run"), label: "log-run")
    try folder.remove("log-run")
    try folder.write("USER c\n", to: "log")
    let second = try OpenLog(path: folder.path("log"), label: "log")
    try folder.rename("log", to: "log-run")
    try folder.write("USER d\n", to: "log")
    #expect(
      try looking.look(written: [first, second]) == ["log-run 1 USER b", "log-run 1 USER c", "log 1 USER d"])
    #expect(try looking.look(written: [second]) == [])
    try folder.append("USER e\n", to: "log")
    #expect(try looking.look(namesMayHaveChanged: false) == ["log 2 USER e"])
    #expect(looking.tracker.foundCount == 4)
  }

  @Test("Pending lines come in the order in which sync_client takes them")
  func pending() throws {
    var looking = try Looking()
    try looking.folder.write("USER c\n", to: "log")
    try looking.folder.write("USER b\n", to: "log-run")
    try looking.folder.write("USER a\n", to: "log-4")
    #expect(try looking.look() == ["log-4 1 USER a", "log-run 1 USER b", "log 1 USER c"])
  }

  @Test("A line written in pieces comes when it is whole, a dropped one as its problem, at its place")
  func pieces() throws {
    var looking = try Looking()
    let folder = looking.folder
    let text = "USER a\nFROB x y\nUSER\nSUB a \"b\\\nc\"\r\nUSER a b c\nUSER {3}\r\nd\ne\nUSER f\n"
    var told: [String] = []
    for byte in text.unicodeScalars {
      try folder.append(String(byte), to: "log")
      told += try looking.look(namesMayHaveChanged: told.isEmpty)
    }
    let whole = try Looking()
    try whole.folder.write(text, to: "log")
    var other = whole
    #expect(try other.look() == told)
    #expect(
      told == [
        "log 1 USER a", "log 2 FROB x y", "log 3 wordOnly at 16", "log 4 SUB a \"b\\\nc\"", "log 6 garbage at 43",
        "log 7 USER {3}\r\nd\ne", "log 7 literal at 51", "log 10 USER f",
      ])
  }

  @Test("Behind poison nothing comes, until the next file")
  func poison() throws {
    var looking = try Looking()
    try looking.folder.write("USER a\nUSER b \nUSER c\n", to: "log")
    #expect(try looking.look() == ["log 1 USER a", "log 2 poison at 14"])
    try looking.folder.append("USER d\n", to: "log")
    #expect(try looking.look() == [])
    try looking.folder.rename("log", to: "log-run")
    try looking.folder.append("USER e\n", to: "log")
    #expect(try looking.look() == ["log 1 USER e"])
  }

  @Test("A log that was cut is read anew, and that is said")
  func cut() throws {
    var looking = try Looking()
    try looking.folder.write("USER aaaa\n", to: "log")
    #expect(try looking.look() == ["log 1 USER aaaa"])
    try #require(truncate(looking.folder.path("log"), 0) == 0)
    try looking.folder.append("USER b\n", to: "log")
    #expect(try looking.look() == ["gap", "log 1 USER b"])
  }

  @Test("A folder that is gone is an error")
  func gone() throws {
    var looking = try Looking()
    try FileManager.default.removeItem(atPath: looking.folder.path)
    #expect(throws: SyncLogError.self) { try looking.look() }
  }
}

extension SyncLogFollower.Event {
  var summary: String {
    switch self {
    case .line(let line): "\(line.label) \(line.number) \(String(decoding: line.text, as: UTF8.self))"
    case .problem(let found):
      "\(found.label) \(found.diagnostic.line) \(found.diagnostic.problem.rawValue) at \(found.diagnostic.offset)"
    case .gap: "gap"
    }
  }
}
