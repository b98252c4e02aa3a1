// The logs of one channel, as files.

import CyrusDatabase
import Glibc

/// A log that is open for reading.
final class OpenLog: Sendable {
  let file: OpenFile
  let label: String
  /// Set if it is a `log-<pid>`: the number.
  let processText: Substring?

  /// Opens a log.
  init(path: String, label: String) throws(SyncLogError) {
    file = try reading { () throws(DatabaseError) in try OpenFile(path: path) }
    self.label = label
    processText = SyncLogFolder.processText(of: label)
  }

  /// A log that is open already, and is called as its path ends.
  init(_ file: consuming OpenFile) {
    label = file.path.split(separator: "/").last.map(String.init) ?? ""
    self.file = file
    processText = SyncLogFolder.processText(of: label)
  }

  func isSameFile(as other: OpenLog) -> Bool { file.openingFacts.isSameFile(as: other.file.openingFacts) }

  /// Everything that it holds by now.
  func read() throws(SyncLogError) -> SyncLogFile {
    var bytes: [UInt8] = []
    while try readMore(to: &bytes, from: 0) {}
    let facts = try reading { () throws(DatabaseError) in try file.facts() }
    return SyncLogFile(
      log: SyncLog(label: label, bytes: bytes), path: file.path, device: facts.device, inode: facts.inode,
      byteCount: bytes.count, modifiedSeconds: facts.modifiedSeconds,
      orphan: processText.map { SyncLogOrphan(process: Int32($0)) })
  }

  /// Appends what follows, whose first byte is at `offset` plus the number of the bytes.
  ///
  /// - Returns: Whether there may be more.
  func readMore(to bytes: inout [UInt8], from offset: Int) throws(SyncLogError) -> Bool {
    let place = UInt64(offset + bytes.count)
    let size = try reading { () throws(DatabaseError) in try file.facts().byteCount }
    try check(max(size, place))
    // More than there is, so that one read suffices to see the end.
    let wanted = Int(max(size, place) - place) + 4096
    let piece = try reading { () throws(DatabaseError) in try file.read(at: place, count: wanted) }
    if bytes.isEmpty { bytes = piece } else { bytes += piece }
    return piece.count == wanted
  }

  private func check(_ byteCount: UInt64) throws(SyncLogError) {
    if byteCount > SyncLogReader.byteCountMax { throw .tooLarge(path: file.path, byteCount: byteCount) }
  }
}

extension SyncLogOrphan {
  /// The process with that number, as it is now.
  init(process: Int32?) {
    // 0 would mean our own group.
    let process = process.flatMap { $0 > 0 ? $0 : nil }
    self.process = process
    isAlive = process.map { kill($0, 0) == 0 || errno == EPERM } ?? false
  }
}

extension [OpenLog] {
  /// The logs, but each file only once, where it came first.
  func withoutRepetitions() -> [OpenLog] {
    var kept: [OpenLog] = []
    for log in self where !kept.contains(where: log.isSameFile) { kept.append(log) }
    return kept
  }
}

/// A directory with the logs of a channel.
package struct SyncLogFolder: Sendable {
  /// The logs that were open at one moment.
  struct Opened {
    /// Each file once, in the order in which sync_client takes them.
    let logs: [OpenLog]
    /// All names that led to a log, some perhaps to the same; `log` not if it was renamed meanwhile.
    let named: [OpenLog]
  }

  let path: String

  /// Whether a file of that name is a log.
  package static func isLog(_ name: String) -> Bool {
    name == "log" || name == "log-run" || processText(of: name) != nil
  }

  /// The number at the end of `log-<pid>`; nil if the name is not like that.
  static func processText(of name: String) -> Substring? {
    guard name.hasPrefix("log-") else { return nil }
    let digits = name.dropFirst(4)
    return !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? digits : nil
  }

  /// The names of all that is in it.
  func names() throws(SyncLogError) -> [String] {
    try reading { () throws(DatabaseError) in try Directory.names(in: path) }
  }

  /// The same; nil if it is not a directory, or not there any more.
  func namesIfDirectory() throws(SyncLogError) -> [String]? {
    do { return try names() } catch {
      if case .system(let failure) = error, failure.errno == ENOTDIR || failure.errno == ENOENT { return nil }
      throw error
    }
  }

  /// Opens all logs that there are.
  ///
  /// - Throws: ``SyncLogError`` `.system` also if the directory is not there.
  func openLogs(at moment: (SyncLogReader.Moment) -> Void = { _ in }) throws(SyncLogError) -> Opened {
    moment(.started)
    // In this order: a file that is renamed in between is then found twice, and not missed.
    var waiting = try open("log")
    moment(.openedLog)
    let running = try open("log-run")
    moment(.openedRun)
    var orphans: [OpenLog] = []
    for name in try names() where Self.processText(of: name) != nil {
      if let orphan = try open(name) { orphans.append(orphan) }
    }
    moment(.openedAll)
    orphans.sort { ($0.file.openingFacts.modifiedSeconds, $0.label) < ($1.file.openingFacts.modifiedSeconds, $1.label) }
    let named = orphans + [running].compactMap { $0 }
    if let log = waiting, named.contains(where: log.isSameFile) { waiting = nil }
    let all = named + [waiting].compactMap { $0 }
    return Opened(logs: all.withoutRepetitions(), named: all)
  }

  /// Whether the same names lead to the same files as when they were opened, and no other name to a log.
  func isStill(_ opened: Opened) throws(SyncLogError) -> Bool {
    guard opened.named.allSatisfy({ $0.file.isStillAtPath() }) else { return false }
    let labels = Set(opened.named.map(\.label))
    // The names are listed before `log` is looked for: what is renamed meanwhile is then missing at one of them.
    for name in try names() where Self.isLog(name) && !labels.contains(name) { return false }
    for name in ["log-run", "log"] where !labels.contains(name) {
      if try reading({ () throws(DatabaseError) in try FileFacts.ofPath(path + "/" + name) }) != nil { return false }
    }
    return true
  }

  /// Opens a log; nil if it is not there.
  private func open(_ name: String) throws(SyncLogError) -> OpenLog? {
    do { return try OpenLog(path: path + "/" + name, label: name) } catch {
      if case .system(let failure) = error, failure.errno == ENOENT { return nil }
      throw error
    }
  }
}
