// The thread that follows the logs of a channel.

import CyrusDatabase
import Glibc

/// Waits for changes of a channel's logs and tells what they bring. Used by one thread at a time.
final class SyncLogWatch: @unchecked Sendable {
  // Sendable: whoever makes it hands it over to the thread and does not touch it again.
  typealias Continuation = AsyncThrowingStream<SyncLogFollower.Event, any Error>.Continuation

  let wakeUp: WakeUp
  private let folder: SyncLogFolder
  private let pauseMilliseconds: Int32
  private let isTold: Bool
  private let continuation: Continuation
  private var tracker: SyncLogTracker
  private var directory: DirectoryWatch
  /// How many files named `log` were made, and how many logs were found since then: fewer means that some were missed.
  private var madeCount = 0
  private var foundCount = 0

  /// Looks at the logs for the first time.
  init(
    _ folder: SyncLogFolder, includesPending: Bool, pauseMilliseconds: Int32, isTold: Bool,
    _ continuation: Continuation
  ) throws(SyncLogError) {
    self.folder = folder
    self.pauseMilliseconds = pauseMilliseconds
    self.isTold = isTold
    self.continuation = continuation
    wakeUp = try reading { () throws(DatabaseError) in try WakeUp() }
    tracker = SyncLogTracker(folder)
    try tracker.look { if includesPending { continuation.yield($0) } }
    foundCount = tracker.foundCount
    directory = DirectoryWatch(path: folder.path, isTold: isTold)
  }

  /// Goes on in a thread of its own.
  func start() throws(SyncLogError) {
    let context = unsafe Unmanaged.passRetained(self)
    var thread = pthread_t()
    let error = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<SyncLogWatch>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    if error != 0 {
      unsafe context.release()
      throw .system(SystemCallFailure(call: "pthread_create", path: folder.path, errno: error))
    }
    pthread_detach(thread)
  }

  private func run() {
    do throws(SyncLogError) {
      // What came between the first look and the watching.
      try look(namesMayHaveChanged: true)
      while try waitAndLook() {}
      continuation.finish()
    } catch { continuation.finish(throwing: error) }
  }

  /// - Returns: Whether to go on.
  private func waitAndLook() throws(SyncLogError) -> Bool {
    let changes = try reading { () throws(DatabaseError) in
      try directory.wait(milliseconds: pauseMilliseconds, wakeUp: wakeUp, countingFiles: "log")
    }
    if changes.isWoken { return false }
    madeCount += changes.madeCount
    if changes.isGone { directory = DirectoryWatch(path: folder.path, isTold: isTold) }
    let isWriteOnly =
      changes.isContentChanged && !changes.areNamesChanged && !changes.isIncomplete && !changes.isGone
    let foundBefore = tracker.foundCount
    try look(namesMayHaveChanged: !isWriteOnly)

    let missed = madeCount - (tracker.foundCount - foundCount)
    let isQuiet = !changes.areNamesChanged && !changes.isContentChanged && tracker.foundCount == foundBefore
    if missed > 0 || changes.isIncomplete || changes.isGone { continuation.yield(.gap) }
    if changes.isIncomplete || changes.isGone || isQuiet {
      // If it is quiet, all that was made has been told, and counts as found.
      madeCount = 0
      foundCount = tracker.foundCount
    } else if missed > 0 {
      foundCount -= missed
    }
    return true
  }

  private func look(namesMayHaveChanged: Bool) throws(SyncLogError) {
    try tracker.look(namesMayHaveChanged: namesMayHaveChanged) { continuation.yield($0) }
  }
}
