// Prints lines of sync logs as they are written, until somebody interrupts it or stops reading.
//
// A task for each channel prints under one lock; the main thread waits for a signal, for the reader to go away and for
// errors.

import CyrusSync
import Glibc
import Synchronization

/// Channels that are followed.
final class LogFollowing: Sendable {
  private struct State: ~Copyable {
    var output: Output
    var waitingCount: Int
    var lineCount = 0
    var isComplete = true
    var failure: Failure?
  }

  private let channels: [(directory: String, channel: String)]
  private let isJSON: Bool
  private let state: Mutex<State>
  /// How often it is looked whether there is a reason to end, in nanoseconds.
  private static let pause = 100_000_000

  /// - Parameter color: As for all output.
  init(_ channels: [(directory: String, channel: String)], json: Bool, color: ColorChoice) {
    self.channels = channels
    isJSON = json
    state = Mutex(State(output: Output(color: color), waitingCount: channels.count))
  }

  /// Follows until the end.
  func run() throws(Failure) -> ExitStatus {
    // Blocked in all threads that are made from now on, so that they wait for us to look at them.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let tasks = channels.map { directory, channel in
      Task.detached { await self.follow(directory, channel) }
    }
    var pause = timespec(tv_sec: 0, tv_nsec: Self.pause)
    while unsafe sigtimedwait(&signals, nil, &pause) < 0, !isReaderGone {
      // A task that waits for the reader has it locked, and must not keep us from the signals.
      if state.withLockIfAvailable({ $0.failure != nil || $0.output.hasEnded }) == true { break }
    }
    for task in tasks { task.cancel() }
    return try end()
  }

  private func end() throws(Failure) -> ExitStatus {
    let isJSON = isJSON
    // A reader that does not read keeps a task in a write, and us from the last line.
    for _ in 0..<10 {
      let result = state.withLockIfAvailable { state -> Result<ExitStatus, Failure> in
        if let failure = state.failure {
          state.output.flush()
          return .failure(failure)
        }
        if isJSON {
          let (lineCount, isComplete) = (state.lineCount, state.isComplete)
          state.output.record { output in
            output.member("lines", lineCount)
            output.member("complete", isComplete)
          }
        }
        return .success(state.output.finish(.yes))
      }
      if let result { return try result.get() }
      usleep(UInt32(Self.pause / 1000))
    }
    return .yes
  }

  /// Whether nobody reads standard output any more.
  private var isReaderGone: Bool {
    var request = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    return unsafe poll(&request, 1, 0) > 0 && Int32(request.revents) & (POLLERR | POLLHUP) != 0
  }

  private func follow(_ directory: String, _ channel: String) async {
    var events = SyncLogFollower(directory: directory, channel: channel).makeAsyncIterator()
    begin()
    do throws(SyncLogError) {
      while let event = try await events.next() { tell(event, of: channel) }
    } catch {
      state.withLock { $0.failure = $0.failure ?? Failure(error) }
    }
  }

  /// Says that lines come from now on, once all channels are looked at.
  private func begin() {
    let (channels, isJSON) = (channels, isJSON)
    state.withLock { state in
      state.waitingCount -= 1
      guard state.waitingCount == 0 else { return }
      guard isJSON else {
        return Talk.say("following \(counted(channels.count, "channel")), until interrupted", about: nil)
      }
      state.output.document("synclog-follow/1", .inline) { output in
        output.array("channels") { output in
          for (directory, channel) in channels {
            output.object(.inline) { output in
              output.member("channel", channel)
              output.member("directory", directory)
            }
          }
        }
      }
      state.output.flush()
    }
  }

  private func tell(_ event: SyncLogFollower.Event, of channel: String) {
    let isJSON = isJSON
    state.withLock { state in
      switch event {
      case .line: state.lineCount += 1
      case .problem(let found): if found.diagnostic.problem.losesLines { state.isComplete = false }
      case .gap: state.isComplete = false
      }
      if isJSON { state.output.write(event, of: channel) } else { state.output.print(event, of: channel) }
      state.output.flush()
    }
  }
}

extension Output {
  fileprivate mutating func print(_ event: SyncLogFollower.Event, of channel: String) {
    let start = channel.isEmpty ? "" : "\(printable(channel))/"
    switch event {
    case .line(let line): self.line("\(start)\(line.label):\(line.number): \(escaped(line.text.rawSpan))")
    case .problem(let found):
      append(found.diagnostic.problem.losesLines ? "lost" : "note", in: .red)
      let text = LogProblems.text(of: found.diagnostic.problem, in: nil)
      self.line(" \(start)\(found.label):\(found.diagnostic.line): \(text)")
    case .gap:
      append("gap", in: .red)
      self.line(" \(start)log: lines may be missing here")
    }
  }

  fileprivate mutating func write(_ event: SyncLogFollower.Event, of channel: String) {
    record { output in
      output.member("channel", channel)
      switch event {
      case .line(let line):
        output.member("file", line.label)
        output.member("line", line.number)
        output.member("verb", line.verb?.rawValue)
        output.array("arguments") { output in
          for argument in line.arguments { output.element(bytes: argument.rawSpan) }
        }
        output.member("text", bytes: line.text.rawSpan)
      case .problem(let found):
        output.member("file", found.label)
        output.member("line", found.diagnostic.line)
        output.member("offset", found.diagnostic.offset)
        output.member("problem", found.diagnostic.problem.rawValue)
      case .gap: output.member("gap", true)
      }
    }
  }

  /// Writes a line that is an object.
  fileprivate mutating func record(_ body: (inout Output) -> Void) {
    object(.inline, body)
    line()
  }
}
