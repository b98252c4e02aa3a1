// What another program does to a file: locking and writing it.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import CyrusDatabase

/// A file opened for reading and writing, as a writer of Cyrus has it.
final class OtherWriter: Sendable {
  private let descriptor: Int32

  /// The numbers of fcntl(2) on Linux: Swift's Glibc has no names for those of open file descriptions.
  private enum Command {
    static let getLock: Int32 = 36
    static let setLock: Int32 = 37
  }

  init(_ path: String) throws {
    descriptor = open(path, O_RDWR | O_CLOEXEC)
    try #require(descriptor >= 0)
  }

  deinit { close(descriptor) }

  /// Takes or drops a lock on the whole file that belongs to this descriptor, without waiting.
  ///
  /// - Parameter type: `F_WRLCK`, `F_RDLCK` or `F_UNLCK`.
  @discardableResult
  func lock(_ type: Int32) -> Bool { control(Command.setLock, type) == type }

  /// Takes a lock on the whole file that belongs to the process, as Cyrus does.
  @discardableResult
  func lockForProcess(_ type: Int32) -> Bool { control(F_SETLK, type) == type }

  /// The lock that is in the way of writing, and the process that has it; `F_UNLCK` if none is.
  func obstacle() -> (type: Int32, process: Int32) {
    var lock = Self.wholeFile(F_WRLCK)
    _ = fcntl(descriptor, Command.getLock, &lock)
    return (Int32(lock.l_type), lock.l_pid)
  }

  /// - Returns: the type, or -1 if it was refused.
  private func control(_ command: Int32, _ type: Int32) -> Int32 {
    var lock = Self.wholeFile(type)
    return fcntl(descriptor, command, &lock) == 0 ? type : -1
  }

  private static func wholeFile(_ type: Int32) -> flock {
    var lock = flock()
    lock.l_type = Int16(type)
    lock.l_whence = Int16(SEEK_SET)
    return lock
  }

  /// Does one step of a writer to the file itself.
  func apply(_ step: TwoskipWrite) {
    switch step {
    case .write(let offset, let bytes):
      #expect(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
    case .truncate(let byteCount): #expect(ftruncate(descriptor, off_t(byteCount)) == 0)
    case .synced: break
    }
  }

  /// Makes the file hold these bytes and no others.
  func replaceContent(_ bytes: [UInt8]) {
    #expect(ftruncate(descriptor, 0) == 0)
    #expect(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count)
  }
}
