// Reads the sync logs of a running server without disturbing it.
//
//   sync/log                    being written, default channel      sync/<channel>/log       of a named one
//   sync/log-run                being processed                     sync/<channel>/log-run
//   sync/log-<pid>              the same up to release 2.4          sync/<channel>/log-<pid>
//
// sync_client renames `log` to `log-run`, processes that and removes it. A reader must not lose the lines that move, so:
// `log` is opened first, then what it may be renamed to. If the rename comes between, the same file is opened twice,
// which its inode shows. After reading, the names are looked at again; if they lead elsewhere, all is tried again. All
// descriptors stay open until then, so no inode can be used anew meanwhile.
//
// Nothing is locked: a shared lock would make writers wait. Nothing is renamed, created or written.

import CyrusDatabase
import Glibc

/// Reads the sync logs below a directory.
///
/// ```swift
/// let reader = SyncLogReader(directory: "/var/lib/cyrus/sync")
/// let capture = try reader.capture()
/// for file in capture.files { for line in file.log.lines { … } }
/// ```
public struct SyncLogReader: Sendable {
  /// How long a log may be, in bytes. Whoever has more has another problem.
  public static var byteCountMax: Int { 1 << 30 }
  /// How often a capture is tried again while files change their names.
  public static var retryCountMax: Int { 7 }

  /// Moments of a capture between which something can happen.
  enum Moment: Sendable, Hashable, CaseIterable {
    case started, openedLog, openedRun, openedAll, readSome, readAll
  }

  /// The path of the directory `sync` of the server.
  public let directory: String

  /// A reader of the logs below a directory. Nothing is looked at yet.
  ///
  /// - Parameter directory: The path of `sync` below the server's configuration directory.
  public init(directory: String) { self.directory = directory }

  /// The channels that have a log, sorted; the default one is the empty string.
  ///
  /// Not every channel is replication: `squatter`, for one, is for the search index.
  ///
  /// - Throws: ``SyncLogError`` `.system` if a directory cannot be read.
  public func channels() throws(SyncLogError) -> [String] {
    let folder = SyncLogFolder(path: directory)
    var channels: Set<String> = []
    for name in try folder.names() {
      if let inside = try SyncLogFolder(path: directory + "/" + name).namesIfDirectory() {
        if inside.contains(where: SyncLogFolder.isLog) { channels.insert(name) }
      } else if SyncLogFolder.isLog(name) {
        channels.insert("")
      }
    }
    return channels.sorted()
  }

  /// All lines that are pending in a channel at one moment.
  ///
  /// Takes no lock and changes nothing. A channel without logs has no files, but its directory must be there.
  ///
  /// - Parameter channel: A name as the configuration has it; the default channel is the empty string.
  /// - Throws: ``SyncLogError``: `.system`, `.notRegularFile`, `.tooLarge`, `.lockedByThisProcess`, `.channelName`.
  /// - Complexity: O(bytes), all of them held in memory; up to ``retryCountMax`` times more reading on a busy server.
  public func capture(channel: String = "") throws(SyncLogError) -> SyncLogCapture {
    try capture(channel: channel) { _ in }
  }

  /// The same, with something done at each moment. For tests.
  func capture(channel: String, at moment: (Moment) -> Void) throws(SyncLogError) -> SyncLogCapture {
    let folder = try folder(of: channel)
    return try Self.capture(channel: channel) { () throws(SyncLogError) in
      let opened = try folder.openLogs(at: moment)
      let files = try Self.read(opened.logs, at: moment)
      return (files, try folder.isStill(opened))
    }
  }

  /// All lines of some logs, for example of copies, at one moment.
  ///
  /// - Parameter paths: The logs in the order in which they are to be taken: `log-run` before `log`. A file that is named
  ///   twice is read once. Labels are the paths as they are given.
  /// - Throws: As ``capture(channel:)``; `.system` if a file is not there.
  public static func capture(paths: [String]) throws(SyncLogError) -> SyncLogCapture {
    try capture(channel: nil) { () throws(SyncLogError) in
      // What is to be taken later may be renamed to what is to be taken before, so it is opened first.
      var logs: [OpenLog] = []
      for path in paths.reversed() { logs.append(try OpenLog(path: path, label: path)) }
      logs.reverse()
      let files = try read(logs.withoutRepetitions()) { _ in }
      return (files, logs.allSatisfy { $0.file.isStillAtPath() })
    }
  }

  /// The folder with the logs of a channel.
  func folder(of channel: String) throws(SyncLogError) -> SyncLogFolder {
    if channel.isEmpty { return SyncLogFolder(path: directory) }
    guard channel != ".", channel != "..", !channel.utf8.contains(UInt8(ascii: "/")), !channel.utf8.contains(0) else {
      throw .channelName(channel, path: directory)
    }
    return SyncLogFolder(path: directory + "/" + channel)
  }

  /// Tries until the files are the same after reading as before.
  private static func capture(
    channel: String?, reading: () throws(SyncLogError) -> (files: [SyncLogFile], isSettled: Bool)
  ) throws(SyncLogError) -> SyncLogCapture {
    var retries = 0
    while true {
      let (files, isSettled) = try reading()
      if isSettled || retries == retryCountMax {
        return SyncLogCapture(channel: channel, files: files, isSettled: isSettled, retries: retries)
      }
      retries += 1
    }
  }

  private static func read(
    _ logs: [OpenLog], at moment: (Moment) -> Void
  ) throws(SyncLogError) -> [SyncLogFile] {
    var files: [SyncLogFile] = []
    for log in logs {
      if !files.isEmpty { moment(.readSome) }
      files.append(try log.read())
    }
    moment(.readAll)
    return files
  }
}
