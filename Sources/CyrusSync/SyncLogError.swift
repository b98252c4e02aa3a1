// What can go wrong when sync logs are read.

public import CyrusDatabase
import Glibc

/// Why sync logs cannot be read.
public enum SyncLogError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The system refused: no such directory, no permission, an input error.
  case system(SystemCallFailure)
  /// The path names a directory, or something like a fifo or a device.
  case notRegularFile(path: String, isDirectory: Bool)
  /// The log is longer than ``SyncLogReader/byteCountMax``.
  case tooLarge(path: String, byteCount: UInt64)
  /// This process itself holds a POSIX lock on the log, which opening and closing the log would have dropped.
  case lockedByThisProcess(path: String)
  /// A channel cannot have that name: it is empty within, or leads out of the directory. `path` is the directory.
  case channelName(String, path: String)

  init(_ error: DatabaseError) {
    switch error {
    case .system(let failure): self = .system(failure)
    case .notRegularFile(let path, let isDirectory): self = .notRegularFile(path: path, isDirectory: isDirectory)
    case .lockedByThisProcess(let path): self = .lockedByThisProcess(path: path)
    // The others are about databases; opening and reading a file does not end so.
    default: self = .system(SystemCallFailure(call: "read", path: error.path, errno: EIO))
    }
  }

  /// The file or directory concerned.
  public var path: String {
    switch self {
    case .system(let failure): failure.path
    case .notRegularFile(let path, _), .tooLarge(let path, _), .lockedByThisProcess(let path),
      .channelName(_, let path):
      path
    }
  }

  /// One line without the path: what is wrong.
  public var description: String {
    switch self {
    case .system(let failure): failure.description
    case .notRegularFile(_, let isDirectory): isDirectory ? "is a directory, not a file" : "is not a regular file"
    case .tooLarge(_, let byteCount):
      "has \(byteCount) bytes; a sync log of more than \(SyncLogReader.byteCountMax) is not read"
    case .lockedByThisProcess: "locked by this very process through other code, whose lock opening it would drop"
    case .channelName(let name, _): "has no channel of the name \(name.debugDescription)"
    }
  }
}

/// What a call of the database module gives, with its error as one of ours.
func reading<Value: ~Copyable>(
  _ body: () throws(DatabaseError) -> Value
) throws(SyncLogError) -> Value {
  do { return try body() } catch { throw SyncLogError(error) }
}
