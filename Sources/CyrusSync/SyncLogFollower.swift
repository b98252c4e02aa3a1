// New lines of a channel's logs as they are written, over renames and removals.
//
// A thread of its own waits and reads, so that a slow user neither makes it miss a file nor blocks the threads of the
// concurrency runtime. It ends when the iterator goes or its task is cancelled.

import CyrusDatabase
import Glibc

/// A line that was written to a log, with everything that it says.
public struct SyncLogFollowedLine: Sendable, Hashable {
  /// What has changed; nil if the first word is unknown.
  public let verb: SyncLogVerb?
  /// The arguments, without quotes and backslashes: one or two.
  public let arguments: [[UInt8]]
  /// The line as it is written, without its end.
  public let text: [UInt8]
  /// What the log was called when the line was read: a line written to `log` may be read from `log-run`.
  public let label: String
  /// The number of the line in its file, from 1.
  public let number: Int

  init(_ view: borrowing SyncLogLineView, label: String) {
    verb = view.line.verb
    var arguments = [view.first.bytes]
    if let second = view.second { arguments.append(second.bytes) }
    self.arguments = arguments
    text = Array(view.text)
    self.label = label
    number = view.line.number
  }
}

/// New lines of a channel's logs as they are written: none is missed and none comes twice while sync_client renames and
/// removes the logs. A line that sync_client puts back is written once more, and so comes once more.
///
/// ```swift
/// for try await event in SyncLogFollower(directory: "/var/lib/cyrus/sync") {
///   if case .line(let line) = event { … }
/// }
/// ```
///
/// Takes no lock and changes nothing. The superuser misses nothing: the system keeps for it every file that was written to
/// (fanotify, with CAP_SYS_ADMIN), but for a ``Event/gap`` after some 16,000 writes without a look. For others a file that
/// is made, processed and removed before it could be opened is lost, as happens under a sync_client without pauses; where
/// the system tells of changes that is noticed and told as ``Event/gap``.
///
/// Each iterator has a thread and, where the system tells of changes, an inotify instance, and a fanotify group where that
/// may be had. Events that are not asked for wait in memory, without limit.
public struct SyncLogFollower: AsyncSequence, Sendable {
  /// What comes.
  public enum Event: Sendable, Hashable {
    /// A line that Cyrus acts on, or passes over because of its verb.
    case line(SyncLogFollowedLine)
    /// Something wrong or odd. Never `.torn`: a line without an end may still get one.
    case problem(SyncLogFileDiagnostic)
    /// Lines may be missing here: a file came and went unseen, or was cut.
    case gap
  }

  /// ``Event``.
  public typealias Element = Event
  /// ``SyncLogError``.
  public typealias Failure = SyncLogError

  private let folder: Result<SyncLogFolder, SyncLogError>
  private let includesPending: Bool
  private let pauseMilliseconds: Int32
  private let isTold: Bool
  private let isKept: Bool

  /// A sequence of what comes from the moment on at which an iterator is made.
  ///
  /// - Parameters:
  ///   - directory: The path of `sync` below the server's configuration directory.
  ///   - channel: A name as the configuration has it; the default channel is the empty string.
  ///   - includesPending: Whether lines that are there already come, too, first.
  ///   - pause: How long to wait at most before looking again. It matters where the system does not tell of changes, as
  ///     of those that other machines make; from 1 ms to a day.
  public init(
    directory: String, channel: String = "", includesPending: Bool = false, pause: Duration = .milliseconds(500)
  ) {
    self.init(
      directory: directory, channel: channel, includesPending: includesPending, pause: pause, isTold: true, isKept: true
    )
  }

  /// The same, if asked for without being told of changes, or without having files kept. For tests.
  init(
    directory: String, channel: String = "", includesPending: Bool, pause: Duration, isTold: Bool, isKept: Bool
  ) {
    let reader = SyncLogReader(directory: directory)
    folder = Result { () throws(SyncLogError) in try reader.folder(of: channel) }
    self.includesPending = includesPending
    let seconds = Swift.min(Swift.max(pause.components.seconds, 0), 86_400)
    let milliseconds = seconds * 1000 + pause.components.attoseconds / 1_000_000_000_000_000
    pauseMilliseconds = Int32(Swift.max(1, milliseconds))
    self.isTold = isTold
    self.isKept = isKept
  }

  /// Begins to follow: the logs are looked at before this returns, so that every line written afterwards comes.
  public func makeAsyncIterator() -> AsyncIterator {
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: Event.self, throwing: (any Error).self)
    do throws(SyncLogError) {
      let watch = try SyncLogWatch(
        folder.get(), includesPending: includesPending, pauseMilliseconds: pauseMilliseconds, isTold: isTold,
        isKept: isKept, continuation)
      let wakeUp = watch.wakeUp
      continuation.onTermination = { _ in wakeUp.signal() }
      try watch.start()
    } catch { continuation.finish(throwing: error) }
    return AsyncIterator(events: stream.makeAsyncIterator())
  }

  /// Gives out the events one after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var events: AsyncThrowingStream<Event, any Error>.Iterator
    private var isOver = false

    fileprivate init(events: AsyncThrowingStream<Event, any Error>.Iterator) { self.events = events }

    /// The next event; nil once the task is cancelled.
    ///
    /// - Throws: ``SyncLogError`` if the logs cannot be read or their directory is gone. Nothing comes after it.
    public mutating func next() async throws(SyncLogError) -> Event? { try await next(isolation: nil) }

    /// The next event; nil once the task is cancelled.
    ///
    /// - Throws: ``SyncLogError`` if the logs cannot be read or their directory is gone. Nothing comes after it.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(SyncLogError) -> Event? {
      // A stream that fails while it is waited for would fail once more.
      if isOver { return nil }
      do {
        let event = try await events.next(isolation: actor)
        isOver = event == nil
        return event
      } catch {
        isOver = true
        // Nothing else is thrown into the stream.
        throw error as? SyncLogError ?? .system(SystemCallFailure(call: "read", path: "", errno: EIO))
      }
    }
  }
}
