// What the sync logs of a channel held at one moment.

import CyrusDatabase

/// A sync log that was read, and what file it was.
public struct SyncLogFile: Sendable {
  /// What it holds.
  public let log: SyncLog
  /// Where it was.
  public let path: String
  /// Device number and inode: together they name the file as long as it exists.
  public let device: UInt64, inode: UInt64
  /// How many bytes were read.
  public let byteCount: Int
  /// When it was last changed, in seconds since 1970. The age of a `log-run` tells how long replication has been stuck.
  public let modifiedSeconds: Int64
  /// Set if it is a `log-<pid>`: work of a sync_client of 2.3 or 2.4, which is left behind if that died.
  public let orphan: SyncLogOrphan?
}

/// Whose work a `log-<pid>` is.
public struct SyncLogOrphan: Sendable, Hashable {
  /// The number in the file's name; nil if no process can have it.
  public let process: Int32?
  /// Whether there is a process with that number, on this machine and seen from here. It may be another program's.
  public let isAlive: Bool
}

/// A diagnostic, and in which log.
public struct SyncLogFileDiagnostic: Sendable, Hashable {
  /// The log's ``SyncLog/label``.
  public let label: String
  /// What is wrong or odd there.
  public let diagnostic: SyncLogDiagnostic
}

/// What the sync logs of a channel held at one moment.
public struct SyncLogCapture: Sendable {
  /// The channel, empty for the default one; nil if the files were named one by one.
  public let channel: String?
  /// In the order in which sync_client takes them: orphans, the oldest first, `log-run`, `log`. Absent ones are left out.
  ///
  /// A line can be in two of them: sync_client puts back what it cannot do at once.
  public let files: [SyncLogFile]
  /// Whether it is proven that these were all lines at one moment. If not, files changed their names at every try; then
  /// lines can be missing.
  public let isSettled: Bool
  /// How often it was tried again.
  public let retries: Int

  /// How many lines there are.
  public var lineCount: Int { files.reduce(0) { $0 + $1.log.lines.count } }

  /// How many bytes of lines without an end there are. They may be writes under way: see ``diagnostics(since:)``.
  public var tornByteCount: Int { files.reduce(0) { $0 + $1.log.tornByteCount } }

  /// What is wrong or odd, in the order of the files, but of torn lines only those that were so before.
  ///
  /// - Parameter earlier: A capture of the same channel made before; with nil no torn line is told.
  public func diagnostics(since earlier: SyncLogCapture?) -> [SyncLogFileDiagnostic] {
    files.flatMap { file in
      let isTornStill = isTornStill(file, since: earlier)
      return file.log.diagnostics.filter { $0.problem != .torn || isTornStill }
        .map { SyncLogFileDiagnostic(label: file.log.label, diagnostic: $0) }
    }
  }

  /// Whether the end of a file is torn as it was in an earlier capture, so that nobody is writing there any more.
  ///
  /// - Parameters:
  ///   - file: A file of this capture.
  ///   - earlier: A capture of the same channel made before.
  public func isTornStill(_ file: SyncLogFile, since earlier: SyncLogCapture?) -> Bool {
    guard file.log.tornByteCount > 0, let earlier else { return false }
    return earlier.files.contains { before in
      before.device == file.device && before.inode == file.inode && before.byteCount == file.byteCount
        && before.log.tornByteCount == file.log.tornByteCount
    }
  }
}
