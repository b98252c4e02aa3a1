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
  private let isKept: Bool
  private let continuation: Continuation
  private var tracker: SyncLogTracker
  private var directory: DirectoryWatch
  /// nil if the system does not keep them for us.
  private var written: WrittenFiles?
  /// How many files named `log` were made, and how many logs were found since then: fewer means that some were missed.
  private var madeCount = 0
  private var foundCount = 0

  /// Looks at the logs for the first time.
  init(
    _ folder: SyncLogFolder, includesPending: Bool, pauseMilliseconds: Int32, isTold: Bool, isKept: Bool,
    _ continuation: Continuation
  ) throws(SyncLogError) {
    self.folder = folder
    self.pauseMilliseconds = pauseMilliseconds
    self.isTold = isTold
    self.isKept = isKept
    self.continuation = continuation
    wakeUp = try reading { () throws(DatabaseError) in try WakeUp() }
    tracker = SyncLogTracker(folder)
    written = isKept ? WrittenFiles(path: folder.path) : nil
    // Watched only after the look: otherwise a file that is found at once would count as made, too, but not as found.
    directory = DirectoryWatch(path: folder.path, isTold: false)
    try look(namesMayHaveChanged: true) { if includesPending { continuation.yield($0) } }
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
    if changes.isGone {
      directory = DirectoryWatch(path: folder.path, isTold: isTold)
      written = isKept ? WrittenFiles(path: folder.path) : nil
    }
    let isWriteOnly =
      changes.isContentChanged && !changes.areNamesChanged && !changes.isIncomplete && !changes.isGone
    let foundBefore = tracker.foundCount
    try look(namesMayHaveChanged: !isWriteOnly)

    let missed = madeCount - (tracker.foundCount - foundCount)
    let isQuiet = !changes.areNamesChanged && !changes.isContentChanged && tracker.foundCount == foundBefore
    // No file is missed that was written to, if they are kept for us.
    let isMissed = written == nil && (missed > 0 || changes.isIncomplete)
    if isMissed || changes.isGone { continuation.yield(.gap) }
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
    try look(namesMayHaveChanged: namesMayHaveChanged) { continuation.yield($0) }
  }

  private func look(
    namesMayHaveChanged: Bool, _ tell: (SyncLogFollower.Event) -> Void
  ) throws(SyncLogError) {
    try tracker.look(
      namesMayHaveChanged: namesMayHaveChanged, written: { () throws(SyncLogError) in try takeWritten(tell) }, tell)
  }

  /// The logs that were written to since the last time.
  private func takeWritten(_ tell: (SyncLogFollower.Event) -> Void) throws(SyncLogError) -> [OpenLog] {
    var logs: [OpenLog] = []
    var isIncomplete = false
    // As many as there can have been at the beginning: more may come all the time.
    take: for _ in 0..<WrittenFiles.countMax {
      let next = try reading { () throws(DatabaseError) in try written?.next(where: SyncLogFolder.isLog) ?? .nothing }
      switch consume next {
      case .file(let file):
        let log = OpenLog(file)
        if !logs.contains(where: log.isSameFile) { logs.append(log) }
      case .other: continue
      case .loss: isIncomplete = true
      case .nothing: break take
      }
    }
    if isIncomplete { tell(.gap) }
    return logs
  }
}
