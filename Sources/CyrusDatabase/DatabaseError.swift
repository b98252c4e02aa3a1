// What can go wrong when a database is opened or read, for every engine.
//
// Three kinds of trouble stay apart: the system said no, the file is not what it should be, and a
// misuse by the caller, which is a precondition and not an error.

import Glibc

/// A system call that failed.
public struct SystemCallFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The call, as its manual page is named.
  public let call: String
  /// The file it was made for.
  public let path: String
  /// The system's reason.
  public let errno: Int32

  package init(call: String, path: String, errno: Int32) {
    self.call = call
    self.path = path
    self.errno = errno
  }

  /// For example `No such file or directory (open)`.
  public var description: String {
    // strerror of glibc is thread-safe since 2.32 and never returns nil.
    "\(unsafe String(cString: strerror(errno))) (\(call))"
  }
}

/// Damage at one place of a file.
public struct Damage: Error, Hashable, Sendable, CustomStringConvertible {
  /// The rule that is broken, for example `twoskip.head-checksum`.
  public let rule: String
  /// First byte of the structure at fault, from the start of the file.
  public let offset: UInt64
  /// What the rule asks for, where that is one number and not a limit.
  public let expected: UInt64?
  /// What the file holds, where that is a number.
  public let found: UInt64?
  /// What is wrong, where, expected, found.
  public let description: String

  init(_ error: TwoskipError) {
    self.init(
      rule: error.code.rule.name, offset: error.offset, expected: error.expected, found: error.found,
      description: error.description)
  }

  /// Damage that another module has found in a file of a format of its own.
  package init(rule: String, offset: UInt64, expected: UInt64?, found: UInt64?, description: String) {
    self.rule = rule
    self.offset = offset
    self.expected = expected
    self.found = found
    self.description = description
  }
}

/// Why a database cannot be opened or read.
public enum DatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The system refused: no such file, no permission, an input error.
  case system(SystemCallFailure)
  /// The path names a directory, or something like a fifo or a device.
  case notRegularFile(path: String, isDirectory: Bool)
  /// The content is that of no engine known; `hint` tells what it looks like, if anything.
  case notDatabase(path: String, hint: String)
  /// The file belongs to an engine that is recognised but not read.
  case unsupportedEngine(path: String, engine: Engine)
  /// The file breaks a rule of its format where it had to be read.
  case damaged(path: String, Damage)
  /// A writer held the file for longer than allowed; `process` is its pid, -1 if it has no name, nil if it just went.
  case busy(path: String, process: Int32?)
  /// This process itself holds a POSIX lock on the file, which opening and closing the file would have dropped.
  case lockedByThisProcess(path: String)
  /// The path was given to another file again and again while it was being opened.
  case replaced(path: String)
  /// A commit came while the file was being read without a lock: what was read must be discarded. Try again.
  case changed(path: String)
  /// Bytes of the file vanished or became unreadable while it was being read: what was read must be discarded.
  case faulted(path: String)
  /// A new file cannot be made there, or not of what it was given.
  case output(path: String, OutputProblem)

  init(_ error: TwoskipError, path: String) { self = .damaged(path: path, Damage(error)) }

  /// The file concerned.
  public var path: String {
    switch self {
    case .system(let failure): failure.path
    case .notRegularFile(let path, _), .notDatabase(let path, _), .unsupportedEngine(let path, _),
      .damaged(let path, _), .busy(let path, _), .lockedByThisProcess(let path), .replaced(let path),
      .changed(let path), .faulted(let path), .output(let path, _):
      path
    }
  }

  /// One line without the path: what is wrong and where.
  public var description: String {
    switch self {
    case .system(let failure): failure.description
    case .notRegularFile(_, let isDirectory): isDirectory ? "is a directory, not a file" : "is not a regular file"
    case .notDatabase(_, let hint): hint.isEmpty ? "not a Cyrus database" : "not a Cyrus database: \(hint)"
    case .unsupportedEngine(_, let engine):
      "is a \(engine.rawValue) database, which is recognised but not read; only twoskip is"
    case .damaged(_, let damage): damage.description
    case .busy(_, let process):
      switch process {
      case let process? where process > 0: "locked by a writer (process \(process))"
      default: "locked by a writer"
      }
    case .lockedByThisProcess: "locked by this very process through other code, whose lock opening it would drop"
    case .output(_, let problem): problem.rawValue
    case .changed: "changed while it was being read"
    case .faulted: "was cut, or could not be read, while it was being read"
    case .replaced: "was replaced by another file again and again"
    }
  }
}
