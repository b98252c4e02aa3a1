// Waiting for changes in a directory.

import CCyrusShim
import Glibc

/// Ends the waiting of another thread.
package final class WakeUp: Sendable {
  fileprivate let descriptor: Int32

  /// - Throws: ``DatabaseError``: `.system` as eventfd(2) says.
  package init() throws(DatabaseError) {
    var descriptor: Int32 = -1
    let error = unsafe ccs_wake_open(&descriptor)
    guard error == 0 else { throw .system(SystemCallFailure(call: "eventfd", path: "", errno: error)) }
    self.descriptor = descriptor
  }

  deinit { ccs_close(descriptor) }

  /// Ends the waiting, now or when it begins, for good.
  package func signal() { ccs_wake(descriptor) }
}

/// A directory whose changes are waited for. Where the system does not tell them, time passing is all there is.
package struct DirectoryWatch: ~Copyable, Sendable {
  /// What has happened.
  package struct Changes {
    /// How many files of the name that was asked for were made or moved there.
    package let madeCount: Int
    /// Whether names may have come or gone.
    package let areNamesChanged: Bool
    /// Whether a file may have been written to.
    package let isContentChanged: Bool
    /// Whether changes were lost.
    package let isIncomplete: Bool
    /// Whether the directory must be watched anew, because it was removed or renamed.
    package let isGone: Bool
    /// Whether the waiting was ended.
    package let isWoken: Bool
  }

  private let path: String
  /// -1 if the system does not tell.
  private let descriptor: Int32

  /// Whether the system tells of changes.
  package var isTold: Bool { descriptor >= 0 }

  /// Begins to watch, if the system can, and if that is asked for.
  package init(path: String, isTold: Bool = true) {
    self.path = path
    var descriptor: Int32 = -1
    if isTold { _ = unsafe path.withCString { unsafe ccs_watch_open($0, &descriptor) } }
    self.descriptor = descriptor
  }

  deinit { if descriptor >= 0 { ccs_close(descriptor) } }

  /// Waits for a change, but no longer than `milliseconds`.
  ///
  /// - Parameter name: The files that are counted.
  /// - Throws: ``DatabaseError``: `.system` as poll(2) says.
  package func wait(
    milliseconds: Int32, wakeUp: WakeUp, countingFiles name: String
  ) throws(DatabaseError) -> Changes {
    var changes = ccs_changes()
    let error = unsafe name.withCString {
      unsafe ccs_watch_wait(descriptor, wakeUp.descriptor, milliseconds, $0, &changes)
    }
    guard error == 0 else { throw .system(SystemCallFailure(call: "poll", path: path, errno: error)) }
    return Changes(
      madeCount: Int(changes.made_count), areNamesChanged: changes.are_names_changed,
      isContentChanged: changes.is_content_changed, isIncomplete: changes.is_incomplete, isGone: changes.is_gone,
      isWoken: changes.is_woken)
  }
}
