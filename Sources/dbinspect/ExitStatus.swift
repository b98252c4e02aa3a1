// How a command ends, as scripts see it.

import CyrusDatabase
import Glibc

/// The exit status of a command.
enum ExitStatus: Int32, CaseIterable, Sendable {
  /// Sound, found, listed completely.
  case yes = 0
  /// Not found; with `verify --strict` also: dirty, or longer than its committed end.
  case no = 1
  /// Damage was found, or a listing is incomplete.
  case broken = 2
  /// With `--nagios` alone: it cannot be told.
  case unknown = 3
  /// The arguments make no sense.
  case usage = 64
  /// Not a Cyrus database, one of an engine that is recognised but not read, not a list of mailboxes where one is
  /// needed, or not a file; a template that cannot be used.
  case notDatabase = 65
  /// No such file.
  case noInput = 66
  /// A bug in us.
  case software = 70
  /// An output file cannot be created.
  case cannotCreate = 73
  /// The system failed to read or write.
  case inputOutput = 74
  /// In use or changing for too long.
  case tryAgain = 75
  /// No permission.
  case noPermission = 77

  /// The status of a failed system call.
  init(errno: Int32) {
    switch errno {
    case ENOENT, ENOTDIR: self = .noInput
    case EACCES, EPERM: self = .noPermission
    default: self = .inputOutput
    }
  }

  /// The status of an error of the library.
  init(_ error: DatabaseError) {
    switch error {
    case .system(let failure): self.init(errno: failure.errno)
    case .notRegularFile, .notDatabase, .unsupportedEngine: self = .notDatabase
    case .damaged: self = .broken
    case .output: self = .cannotCreate
    case .busy, .lockedByThisProcess, .replaced, .changed, .faulted: self = .tryAgain
    }
  }

  /// The status of a command that did all it was asked for on a file in this state.
  init(_ state: FileState) {
    switch state {
    case .clean, .dirty, .longer, .empty, .interruptedCreation: self = .yes
    case .truncated, .unreadable: self = .broken
    }
  }

  /// The one to report of several: damage that was seen weighs more than a file that could not be looked at.
  static func worst(_ statuses: some Sequence<ExitStatus>) -> ExitStatus {
    let order: [ExitStatus] = [
      .yes, .no, .unknown, .tryAgain, .noInput, .noPermission, .notDatabase, .usage, .cannotCreate, .inputOutput,
      .broken, .software,
    ]
    let present = Set(statuses)
    return order.last { present.contains($0) } ?? .yes
  }
}
