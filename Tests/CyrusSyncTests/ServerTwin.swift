// A writer and a reader of sync logs that follow the protocol of Cyrus, as threads of this process.
//
// Cyrus takes POSIX locks. Those would not hold between threads of one process, so these take OFD locks, which mean the
// same otherwise.

import Foundation
import Synchronization

/// Runs all at once, each in a thread of its own, waits for them, and throws the first error.
func inThreads(
  _ first: @escaping @Sendable () throws -> Void, and second: @escaping @Sendable () throws -> Void = {},
  and third: @escaping @Sendable () throws -> Void = {}
) throws {
  let failures = Mutex<[any Error]>([])
  let done = DispatchGroup()
  for body in [first, second, third] {
    done.enter()
    Thread.detachNewThread {
      // An issue in another thread would belong to no test.
      do { try body() } catch { failures.withLock { $0.append(error) } }
      done.leave()
    }
  }
  done.wait()
  if let failure = failures.withLock({ $0.first }) { throw failure }
}

/// The log of one channel with those who write and process it.
final class ServerTwin: Sendable {
  private let log: String, running: String

  init(folder: String) {
    log = folder + "/log"
    running = folder + "/log-run"
  }

  struct Failure: Error { let call: String, number: Int32 }

  private static func lock(_ descriptor: Int32) throws {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    // F_OFD_SETLKW.
    while fcntl(descriptor, 38, &lock) != 0 {
      guard errno == EINTR else { throw Failure(call: "fcntl", number: errno) }
    }
  }

  private static func unlock(_ descriptor: Int32) {
    var lock = flock()
    lock.l_type = Int16(F_UNLCK)
    lock.l_whence = Int16(SEEK_SET)
    // F_OFD_SETLK.
    _ = fcntl(descriptor, 37, &lock)
  }

  /// Appends lines in one write, as a server does.
  func write(_ text: String) throws {
    for _ in 0..<1000 {
      let descriptor = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
      guard descriptor >= 0 else { throw Failure(call: "open", number: errno) }
      defer { close(descriptor) }
      try Self.lock(descriptor)
      var opened = stat()
      var named = stat()
      guard fstat(descriptor, &opened) == 0 else { throw Failure(call: "fstat", number: errno) }
      // Renamed or removed meanwhile: once more.
      guard stat(log, &named) == 0, named.st_ino == opened.st_ino else { continue }
      let bytes = Array(text.utf8)
      guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
        throw Failure(call: "write", number: errno)
      }
      return
    }
    throw Failure(call: "lock", number: EAGAIN)
  }

  /// One round of sync_client.
  ///
  /// - Parameter processing: Gets what `log-run` holds, before it is removed.
  /// - Returns: Whether there was something.
  func process(_ processing: ([UInt8]) -> Void) throws -> Bool {
    if access(running, F_OK) != 0 {
      guard access(log, F_OK) == 0 else { return false }
      guard rename(log, running) == 0 else { throw Failure(call: "rename", number: errno) }
    }
    let descriptor = open(running, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(call: "open", number: errno) }
    defer { close(descriptor) }
    // Waits for the writer that had the lock when the file was renamed.
    try Self.lock(descriptor)
    Self.unlock(descriptor)
    processing(Array(try Data(contentsOf: URL(filePath: running))))
    guard unlink(running) == 0 else { throw Failure(call: "unlink", number: errno) }
    return true
  }
}
