// Following the logs of a server that is at work.

import CyrusDatabase
import Foundation
import Synchronization
import Testing

@testable import CyrusSync

@Suite("Following logs", .timeLimit(.minutes(30)))
struct SyncLogFollowerTests {
  /// How a follower learns of changes, the best first.
  enum Means: CaseIterable {
    case keeping, telling, time
  }

  private static let canKeep = WrittenFiles(path: "/tmp") != nil

  @Test("Every line of a busy server comes once", arguments: Means.allCases)
  func busy(_ means: Means) async throws {
    let folder = try TemporaryFolder()
    let server = ServerTwin(folder: folder.path)
    let lineCount = 2000
    let follower = SyncLogFollower(
      directory: folder.path, includesPending: false, pause: .milliseconds(means == .time ? 1 : 500),
      isTold: means != .time, isKept: means == .keeping)
    try server.write("USER before\n")
    var events = follower.makeAsyncIterator()
    let isWritten = Flag()
    let seen = Count()
    let work = Thread.running {
      try inThreads {
        for number in 0..<lineCount {
          try server.write("SUB u\(number) \"b \(number)\"\n")
          if number % 16 == 0 { usleep(500) }
        }
        isWritten.set()
      } and: {
        // Processing takes until the follower has seen it all: as long as nothing was seen, it cannot be asked for.
        while try server.process({ seen.wait(forCount: Self.numbers(in: $0).last.map { $0 + 1 } ?? 0) })
          || !isWritten.isSet
        { usleep(500) }
      }
    }

    var numbers: [Int] = []
    var gapCount = 0
    while numbers.count < lineCount, let event = try await events.next() {
      switch event {
      case .line(let line):
        let number = numbers.count
        try #require(line.arguments == ["u\(number)", "b \(number)"].map { Array($0.utf8) })
        numbers.append(number)
        seen.add()
      case .gap: gapCount += 1
      case .problem(let problem): Issue.record("\(problem)")
      }
    }
    try await work.value
    #expect(numbers == Array(0..<lineCount))
    #expect(gapCount == 0)
  }

  @Test(
    "A file that goes as soon as it was written to is not missed if the system keeps it",
    .enabled(if: canKeep, "needs CAP_SYS_ADMIN"))
  func short() async throws {
    let folder = try TemporaryFolder()
    var events = SyncLogFollower(directory: folder.path).makeAsyncIterator()
    for number in 0..<500 {
      try folder.write("USER other\n", to: "log-in")
      try folder.append("USER \(number)\n", to: "log")
      try folder.rename("log", to: "log-run")
      try folder.append("USER \(number)-again\n", to: "log-run")
      try folder.remove("log-run")
    }
    for number in 0..<500 {
      for text in ["USER \(number)", "USER \(number)-again"] {
        let event = try #require(try await events.next())
        guard case .line(let line) = event else {
          Issue.record("\(event) instead of \(text)")
          return
        }
        try #require(String(decoding: line.text, as: UTF8.self) == text)
      }
    }
  }

  @Test("A file that goes as soon as it was written to is not missed silently if the system does not keep it")
  func shortUnkept() async throws {
    let folder = try TemporaryFolder()
    var events = SyncLogFollower(
      directory: folder.path, includesPending: false, pause: .milliseconds(500), isTold: true, isKept: false
    ).makeAsyncIterator()
    for number in 0..<500 {
      try folder.append("USER \(number)\n", to: "log")
      try folder.rename("log", to: "log-run")
      try folder.remove("log-run")
    }
    try folder.append("USER end\n", to: "log")
    var lines: [String] = []
    var isGapTold = false
    while lines.last != "USER end", let event = try await events.next() {
      if case .line(let line) = event { lines.append(String(decoding: line.text, as: UTF8.self)) }
      isGapTold = isGapTold || event == .gap
    }
    // A gap can be told after the line behind it.
    if lines.count < 501, !isGapTold { isGapTold = try await events.next() == .gap }
    #expect(lines.count == 501 || isGapTold)
    #expect(lines.count <= 501 && Set(lines).count == lines.count)
  }

  @Test("Lines that are there already come first, if asked for")
  func pending() async throws {
    let folder = try TemporaryFolder()
    try folder.write("USER a\n", to: "far/log-run")
    try folder.write("USER b\nUSER c", to: "far/log")
    var events = SyncLogFollower(directory: folder.path, channel: "far", includesPending: true).makeAsyncIterator()
    #expect(try await events.next()?.summary == "log-run 1 USER a")
    #expect(try await events.next()?.summary == "log 1 USER b")
    var others = SyncLogFollower(directory: folder.path, channel: "far").makeAsyncIterator()
    try folder.append("c\n", to: "far/log")
    #expect(try await events.next()?.summary == "log 2 USER cc")
    #expect(try await others.next()?.summary == "log 2 USER cc")
  }

  @Test("Cancellation ends it at once, and so does letting it go", arguments: [true, false])
  func cancellation(_ isTold: Bool) async throws {
    let folder = try TemporaryFolder()
    let follower = SyncLogFollower(
      directory: folder.path, includesPending: true, pause: .seconds(3600), isTold: isTold, isKept: isTold)
    let task = Task {
      var count = 0
      for try await _ in follower { count += 1 }
      return count
    }
    try await Task.sleep(for: .milliseconds(50))
    let clock = ContinuousClock()
    let start = clock.now
    task.cancel()
    #expect(try await task.value == 0)
    #expect(clock.now - start < .seconds(10))

    try folder.write("USER a\n", to: "log")
    for try await event in follower {
      #expect(event.summary == "log 1 USER a")
      break
    }
    // Their threads end, and close what they have open.
    for _ in 0..<500 where Self.openCount(below: folder.path) > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(Self.openCount(below: folder.path) == 0)
  }

  @Test("A folder that goes away ends it with an error, and one that is not there as well")
  func gone() async throws {
    let folder = try TemporaryFolder()
    var events = SyncLogFollower(directory: folder.path).makeAsyncIterator()
    // It is waited for when it fails.
    let removal = Thread.running {
      usleep(20_000)
      try FileManager.default.removeItem(atPath: folder.path)
    }
    await #expect(throws: SyncLogError.self) {
      while try await events.next() != nil {}
    }
    try await removal.value
    #expect(try await events.next() == nil)
    #expect(try await events.next() == nil)
    var others = SyncLogFollower(directory: folder.path, channel: "a/b").makeAsyncIterator()
    await #expect(throws: SyncLogError.channelName("a/b", path: folder.path)) { try await others.next() }
  }

  @Test("Waiting ends by changes, by waking and by time, and not by looking")
  func waiting() throws {
    let folder = try TemporaryFolder()
    try folder.write("USER a\n", to: "log")
    var tracker = SyncLogTracker(SyncLogFolder(path: folder.path))
    let watch = DirectoryWatch(path: folder.path)
    let wakeUp = try WakeUp()
    let isTold = watch.isTold
    try #require(isTold)
    try tracker.look { _ in }
    let clock = ContinuousClock()
    let start = clock.now
    let quiet = try watch.wait(milliseconds: 100, wakeUp: wakeUp, countingFiles: "log")
    #expect(clock.now - start >= .milliseconds(100))
    #expect(!quiet.areNamesChanged && !quiet.isContentChanged && !quiet.isWoken && quiet.madeCount == 0)

    try folder.append("USER b\n", to: "log")
    let written = try watch.wait(milliseconds: 60_000, wakeUp: wakeUp, countingFiles: "log")
    #expect(written.isContentChanged && !written.areNamesChanged)
    try folder.rename("log", to: "log-run")
    try #require(symlink("x", folder.path("log")) == 0)
    let renamed = try watch.wait(milliseconds: 60_000, wakeUp: wakeUp, countingFiles: "log")
    #expect(renamed.areNamesChanged && renamed.madeCount == 1 && !renamed.isContentChanged)
    wakeUp.signal()
    #expect(try watch.wait(milliseconds: 60_000, wakeUp: wakeUp, countingFiles: "log").isWoken)
    #expect(try watch.wait(milliseconds: 60_000, wakeUp: wakeUp, countingFiles: "log").isWoken)
  }

  private static func numbers(in bytes: [UInt8]) -> [Int] {
    bytes.split(separator: 0x0A).compactMap { line in
      line.split(separator: 0x20).dropFirst().first.flatMap { Int(String(decoding: $0.dropFirst(), as: UTF8.self)) }
    }
  }

  /// How many descriptors of this process are open of files below a folder.
  private static func openCount(below path: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.count { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
      return target?.hasPrefix(path + "/") ?? false
    }
  }
}

/// Something that happens once.
private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }

  func set() { value.store(true, ordering: .sequentiallyConsistent) }
}

/// How many things there have been.
private final class Count: Sendable {
  private let value = Atomic<Int>(0)

  func add() { value.add(1, ordering: .sequentiallyConsistent) }

  /// Waits until there were so many, but not for ever.
  func wait(forCount count: Int) {
    for _ in 0..<100_000 where value.load(ordering: .sequentiallyConsistent) < count { usleep(200) }
  }
}

extension Thread {
  /// What runs in a thread of its own, so that it may block, as something that can be waited for.
  fileprivate static func running(_ body: @escaping @Sendable () throws -> Void) -> Task<Void, any Error> {
    Task {
      try await withCheckedThrowingContinuation { continuation in
        detachNewThread { continuation.resume(with: Result(catching: body)) }
      }
    }
  }
}
