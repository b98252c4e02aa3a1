// The program Tests/Cyrus/log-writer, and its record of what it wrote into a sync log when.

import Foundation
import Synchronization

/// A process that writes numbered lines to a log.
final class LogWriter: Sendable {
  /// A line of its record.
  struct Entry: Sendable {
    /// From 1, without a gap.
    let number: Int
    /// When it was begun, and when it was in the file, in nanoseconds of the monotonic clock.
    let begin, end: UInt64
    /// The inode of the file.
    let inode: UInt64
  }

  /// Its lines are `MAILBOX user.NAME.1` and so on.
  let name: String
  private let child: Child
  private let record: String
  /// Whether it was waited for, so that its process number may be another's.
  private let isOver = Mutex(false)

  /// Starts it.
  ///
  /// - Parameters:
  ///   - folder: That of the log.
  ///   - record: Path of the file for its record.
  ///   - options: When to end, and how long to pause.
  init(_ name: String, folder: String, record: String, _ options: [String]) throws {
    self.name = name
    self.record = record
    child = try Child(Cyrus.program("log-writer"), [folder + "/log", record, name] + options)
  }

  deinit {
    if isOver.withLock({ $0 }) { return }
    child.terminate()
    _ = child.wait()
  }

  /// Waits until it has ended by itself, and gives its record. To be called once.
  func entries() throws -> [Entry] {
    let status = child.wait()
    isOver.withLock { $0 = true }
    guard status == 0 else { throw Child.Failure(description: "log-writer \(name): exit status \(status)") }
    return try String(contentsOfFile: record, encoding: .utf8).split(separator: "\n").enumerated().map { index, line in
      let numbers = line.split(separator: " ").compactMap { UInt64($0) }
      guard numbers.count == 4, numbers[0] == UInt64(index + 1) else {
        throw Child.Failure(description: "log-writer \(name): its record has \(line)")
      }
      return Entry(number: index + 1, begin: numbers[1], end: numbers[2], inode: numbers[3])
    }
  }

  /// Now, as the record has it.
  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The number of the line that names a mailbox; nil if it is no line of a writer of that name.
  static func number(in mailbox: [UInt8], of name: String) -> Int? {
    let prefix = Array("user.\(name).".utf8)
    guard mailbox.starts(with: prefix) else { return nil }
    return Int(String(decoding: mailbox.dropFirst(prefix.count), as: UTF8.self))
  }
}
