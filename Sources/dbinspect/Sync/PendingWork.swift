// The logs of some channels, what waits in them, and what is wrong with them.

import CyrusMailboxes
import CyrusSync
import Glibc

/// How logs are looked at.
struct PendingOptions {
  var client: SyncClientVersion
  var settings: NameSettings
  /// From which age on a log that nobody takes is a problem, in seconds.
  var stuckSeconds: Int64
  /// Whether the logs are copies: their ages and processes tell nothing, and torn ends stay as they are.
  var isAtRest: Bool
  /// How long to wait before an end without a line feed counts as torn.
  var settleSeconds: Double
}

/// What waits in a channel, or in files that were named.
struct PendingChannel {
  /// The directory that was given; nil for files.
  let directory: String?
  let capture: SyncLogCapture
  let problems: LogProblems
  let backlog: [Backlog]

  /// The channel; nil for files.
  var name: String? { capture.channel }
  var byteCount: Int { capture.files.reduce(0) { $0 + $1.byteCount } }
  var invisibleLineCount: Int { capture.files.reduce(0) { $0 + $1.log.invisibleLineCount } }
  /// Those with lines, seen or not.
  var occupied: [SyncLogFile] { capture.files.filter { $0.byteCount > 0 } }
}

/// What waits in all that was asked for.
struct PendingWork {
  let channels: [PendingChannel]
  /// Channels that are there and were not asked for.
  let otherChannels: [String]
  /// When the logs were read, in seconds since 1970.
  let readSeconds: Int64
  let options: PendingOptions

  var lineCount: Int { channels.reduce(0) { $0 + $1.capture.lineCount } }
  /// How many users have lines.
  var userCount: Int { Set(channels.flatMap { $0.backlog.compactMap(\.user) }).count }
  var isSettled: Bool { channels.allSatisfy(\.capture.isSettled) }
  /// The age of the log that was not changed for the longest time; nil if nothing is pending.
  var oldestAge: Int64? { channels.flatMap { $0.occupied.map(age) }.max() }

  func count(_ effect: LogProblem.Effect) -> Int { channels.reduce(0) { $0 + $1.problems.count(effect) } }

  /// How long ago a log was last changed, in seconds.
  func age(_ file: SyncLogFile) -> Int64 { max(0, readSeconds - file.modifiedSeconds) }

  /// How the command ends.
  var status: ExitStatus {
    if count(.lost) + count(.stuck) > 0 { return .broken }
    return isSettled ? .yes : .tryAgain
  }
}

/// Which logs are asked for.
struct LogSelection {
  /// Directories, or log files.
  let paths: [String]
  let channel: String
  /// Whether all channels below the directories are.
  let isAll: Bool

  /// The directories with the channels of each, and the files.
  func resolved() throws(Failure) -> (channels: [(directory: String, channel: String)], files: [String]) {
    var channels: [(String, String)] = []
    var files: [String] = []
    for path in paths {
      guard isDirectory(path) else {
        files.append(path)
        continue
      }
      guard isAll else {
        try requireSyncDirectory(path, channel: channel)
        channels.append((path, channel))
        continue
      }
      let names = try failing { () throws(SyncLogError) in try SyncLogReader(directory: path).channels() }
      channels += (names.isEmpty ? [""] : names).map { (path, $0) }
    }
    if let file = files.first, isAll || !channel.isEmpty {
      throw Self.failure(noDirectory: file, "--channel and --all-channels are for directories")
    }
    return (channels, files)
  }

  /// Why a path that does not lead to a directory is refused.
  static func failure(noDirectory path: String, _ reason: String) -> Failure {
    var facts = stat()
    guard unsafe stat(path, &facts) != 0 else { return Failure(.usage, file: path, "is no directory: \(reason)") }
    let number = errno
    // strerror of glibc never returns nil.
    return Failure(ExitStatus(errno: number), file: path, unsafe String(cString: strerror(number)))
  }
}

extension PendingWork {
  /// Reads logs.
  init(_ selection: LogSelection, _ options: PendingOptions) throws(Failure) {
    let (directories, files) = try selection.resolved()
    let sources: [Source] =
      directories.map { .channel(directory: $0.directory, name: $0.channel) } + (files.isEmpty ? [] : [.files(files)])
    var captures: [SyncLogCapture] = []
    for source in sources { captures.append(try source.capture()) }
    let earlier = captures
    if !options.isAtRest, captures.contains(where: { $0.tornByteCount > 0 }) {
      // A line that is being written has its end by then.
      usleep(UInt32(options.settleSeconds * 1_000_000))
      for (index, source) in sources.enumerated() where captures[index].tornByteCount > 0 {
        captures[index] = try source.capture()
      }
    }
    let now = secondsNow()
    channels = sources.indices.map { index in
      let capture = captures[index]
      return PendingChannel(
        directory: sources[index].directory, capture: capture,
        problems: LogProblems(capture, since: earlier[index], directory: sources[index].directory, options, now: now),
        backlog: Backlog.byUser(capture.files.map(\.log), settings: options.settings))
    }
    var others: [String] = []
    if !selection.isAll, selection.channel.isEmpty {
      for (directory, _) in directories {
        // Only for a hint: what cannot be listed is not one.
        others += ((try? SyncLogReader(directory: directory).channels()) ?? []).filter { !$0.isEmpty }
      }
    }
    otherChannels = others
    readSeconds = now
    self.options = options
  }

  private enum Source {
    case channel(directory: String, name: String)
    case files([String])

    var directory: String? {
      if case .channel(let directory, _) = self { directory } else { nil }
    }

    func capture() throws(Failure) -> SyncLogCapture {
      try failing { () throws(SyncLogError) in
        switch self {
        case .channel(let directory, let name): try SyncLogReader(directory: directory).capture(channel: name)
        case .files(let paths): try SyncLogReader.capture(paths: paths)
        }
      }
    }
  }
}

extension LogProblems {
  /// What is wrong with a channel.
  ///
  /// - Parameter directory: nil for files, of which nobody knows whether a server uses them.
  fileprivate init(
    _ capture: SyncLogCapture, since earlier: SyncLogCapture, directory: String?, _ options: PendingOptions, now: Int64
  ) {
    self.init()
    let channel = capture.channel.flatMap { $0.isEmpty ? nil : " -n \(shellQuoted($0))" } ?? ""
    let isRunning = capture.files.contains { $0.log.label == "log-run" && $0.byteCount > 0 }
    for file in capture.files {
      add(file, isTorn: file.log.tornByteCount > 0 && (options.isAtRest || capture.isTornStill(file, since: earlier)))
      guard !options.isAtRest, file.byteCount > 0 else { continue }
      if let orphan = file.orphan {
        guard !orphan.isAlive else { continue }
        let process = orphan.process.map { "process \($0)" } ?? "the process"
        add(
          .orphan, file, "\(process) that worked on it is gone, and nobody will read it",
          advice: "on the master, as its user: sync_client -r -f \(shellQuoted(file.path))\(channel), then remove it")
        continue
      }
      let age = now - file.modifiedSeconds
      guard directory != nil, age >= options.stuckSeconds else { continue }
      if file.log.label == "log-run" {
        add(
          .notProcessed, file, "taken by sync_client, but not done for \(duration(age))",
          advice:
            "either no sync_client is running\(channel.isEmpty ? "" : " for this channel"), or it fails again and "
            + "again: look for 'bailing out' in the log of the system; a new one begins with this file")
      } else if !isRunning {
        add(
          .notProcessed, file, "not taken by any sync_client for \(duration(age))",
          advice: "start sync_client -r\(channel), or whatever else reads this channel")
      }
    }
  }
}

/// What the sync library gives, with its error as one of ours.
func failing<Value>(_ body: () throws(SyncLogError) -> Value) throws(Failure) -> Value {
  do throws(SyncLogError) { return try body() } catch { throw Failure(error) }
}
