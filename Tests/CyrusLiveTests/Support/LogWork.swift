// What happens to a real sync log while it is followed: it is written to, captured, and taken away.

import CyrusSync
import Foundation
import Synchronization

/// Writers, an imapd and captures at work on the log of a master whose sync_client is rolling.
final class LogWork: Sendable {
  /// What there is to say of it all.
  struct Result: Sendable {
    /// By writer.
    var records: [[LogWriter.Entry]] = []
    /// How long they took.
    var milliseconds = 0
    /// What captures held, in the order in which they were made.
    var notes: [CaptureNote] = []
    /// How many messages imapd has put away.
    var appendCount = 0
  }

  /// To be set when a last line was seen.
  let isSeenToTheEnd = Flag()
  private let folder: String
  private let connection: Connection
  private let names: [String]
  private let options: [String]
  private let records: TemporaryFolder

  private static let lastName = "last"

  /// - Parameters:
  ///   - folder: That of the log.
  ///   - connection: To an imapd of the master, which has a mailbox `user/joe`.
  ///   - names: Of the writers.
  ///   - seconds: How long they are to write.
  ///   - pause: Microseconds from one line of a writer to the next, on average.
  init(folder: String, connection: Connection, names: [String], seconds: Int, pause: Int) throws {
    self.folder = folder
    self.connection = connection
    self.names = names
    options = ["--seconds", "\(seconds)", "--pause", "\(pause)"]
    records = try TemporaryFolder()
  }

  /// Does it all until sync_client has taken every line; then has last lines written until one was seen.
  func run() async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        let result = Swift.Result { try self.work() }
        continuation.resume(with: Swift.Result { try self.writeLast() }.flatMap { result })
      }
    }
  }

  /// Whether a line is a last one.
  static func isLast(_ line: SyncLogFollowedLine) -> Bool {
    LogWriter.number(in: line.arguments[0], of: lastName) != nil
  }

  private func work() throws -> Result {
    let areWritersOver = Flag()
    let isTaken = Flag()
    let parts = try onThreads(3) { index in
      switch index {
      case 0:
        defer { areWritersOver.set() }
        return try self.write()
      case 1:
        defer { isTaken.set() }
        let part = try self.append(until: areWritersOver)
        try self.waitUntilTaken()
        return part
      default: return try self.capture(until: isTaken)
      }
    }
    return Result(
      records: parts[0].records, milliseconds: parts[0].milliseconds, notes: parts[2].notes,
      appendCount: parts[1].appendCount)
  }

  private func write() throws -> Result {
    let start = ContinuousClock.now
    let writers = try names.map { try LogWriter($0, folder: folder, record: records.file($0), options) }
    let entries = try writers.map { try $0.entries() }
    return Result(records: entries, milliseconds: Int((ContinuousClock.now - start) / .milliseconds(1)))
  }

  private func append(until isOver: Flag) throws -> Result {
    var part = Result()
    while !isOver.isSet {
      try connection.command(ReplicaPair.append(to: "user/joe", on: .master))
      part.appendCount += 1
      usleep(20_000)
    }
    return part
  }

  private func capture(until isOver: Flag) throws -> Result {
    let reader = SyncLogReader(directory: folder)
    var part = Result()
    while !isOver.isSet { part.notes.append(try CaptureNote(reader, of: names)) }
    return part
  }

  /// Waits until no line is left.
  private func waitUntilTaken() throws {
    let end = ContinuousClock.now + .seconds(60)
    // In this order, as the one becomes the other.
    while ["log", "log-run"].contains(where: { access(folder + "/" + $0, F_OK) == 0 }) {
      if ContinuousClock.now > end { throw Child.Failure(description: "sync_client does not take the log") }
      usleep(1000)
    }
  }

  /// Has lines written until one was seen: a single one would be missed if its file came and went unseen.
  private func writeLast() throws {
    for _ in 0..<200 where !isSeenToTheEnd.isSet {
      let writer = try LogWriter(Self.lastName, folder: folder, record: records.file(Self.lastName), ["--lines", "1"])
      _ = try writer.entries()
      usleep(100_000)
    }
  }
}

/// Something that happens once.
final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }

  func set() { value.store(true, ordering: .sequentiallyConsistent) }
}
