// The files of a directory that are written to, open from then on.

import CCyrusShim
import Glibc

/// Keeps the files of a directory that somebody writes to until they are asked for, even if they are removed at once.
///
/// Nobody waits for it, and no lock is taken. Only the superuser can have it, and only on Linux's own file systems.
package struct WrittenFiles: ~Copyable, Sendable {
  /// What comes next.
  package enum Next: ~Copyable {
    /// Somebody wrote to a file. Its path ends with the name that it has, or had last.
    case file(OpenFile)
    /// Something that is of no concern.
    case other
    /// Something was lost.
    case loss
    /// Nothing was written since.
    case nothing
  }

  /// How many there can be at most: the system keeps so many, and one more for the loss of others.
  package static var countMax: Int { 16_385 }

  private let path: String
  private let descriptor: Int32

  /// Begins to keep them; nil if that cannot be.
  package init?(path: String) {
    var descriptor: Int32 = -1
    guard unsafe path.withCString({ unsafe ccs_written_open($0, &descriptor) }) == 0 else { return nil }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { ccs_close(descriptor) }

  /// Takes out the next, in the order in which they were first written to; one can come several times.
  ///
  /// - Parameter isWanted: Whether a file of a name is of concern.
  /// - Throws: ``DatabaseError``: `.system` as read(2) says, `.lockedByThisProcess`.
  package func next(where isWanted: (String) -> Bool) throws(DatabaseError) -> Next {
    var opened: Int32 = -1
    var isIncomplete = false
    var bytes = [CChar](repeating: 0, count: 256)
    var span = bytes.mutableSpan
    let error = unsafe ccs_written_next(descriptor, &span, &opened, &isIncomplete)
    guard error == 0 else { throw .system(SystemCallFailure(call: "read", path: path, errno: error)) }
    if isIncomplete { return .loss }
    if opened < 0 { return .nothing }
    let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
      // Adopted before anything else, as merely closing it could drop a lock of this process.
      let file = try OpenFile(path: path + "/" + name, opened: opened)
      return isWanted(name) ? .file(file) : .other
    } catch {
      if case .system = error { throw error }
      if isWanted(name) { throw error }
      return .other
    }
  }
}
