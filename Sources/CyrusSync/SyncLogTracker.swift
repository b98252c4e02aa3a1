// Keeps hold of the logs of a channel while they grow and change their names.
//
//   look n     log ── file 1           file 1: read up to here
//   look n+1   log-run ── file 1       file 1: read on; file 2: read from its start
//              log ── file 2
//   look n+2   log ── file 2           file 1: read to its end, then let go
//
// A file is known by its inode, and held open, so its name does not matter, and after it was removed what was written
// last can still be read. Once no name leads to it, no writer of Cyrus appends to it any more: writers compare inodes
// after they got the lock, and sync_client waits for those that had it.

import CyrusDatabase

/// The logs of a channel, each read once.
struct SyncLogTracker {
  /// A log that is held open.
  fileprivate final class Held {
    let log: OpenLog
    /// What it is called now.
    var label: String
    /// How many bytes were read as lines; `rest` follows them.
    var offset = 0
    var rest: [UInt8] = []
    /// The number of the line that `rest` begins with.
    var number = 1
    /// Whether there is something that Cyrus takes for the end.
    var isAtEnd = false

    init(_ log: OpenLog) {
      self.log = log
      label = log.label
    }
  }

  let folder: SyncLogFolder
  /// How many files were found so far.
  private(set) var foundCount = 0
  private var held: [Held] = []
  private var hasLooked = false

  init(_ folder: SyncLogFolder) { self.folder = folder }

  /// Tells all lines that have come since the last look.
  ///
  /// - Parameters:
  ///   - namesMayHaveChanged: Whether to look for new files; otherwise only those that are known are read on.
  ///   - written: Gives the files that were written to since it was asked last, in the order of their first writes, if
  ///     that is known.
  mutating func look(
    namesMayHaveChanged: Bool = true, written: () throws(SyncLogError) -> [OpenLog] = { [] },
    _ tell: (SyncLogFollower.Event) -> Void
  ) throws(SyncLogError) {
    let named = namesMayHaveChanged ? try folder.openLogs().logs : nil
    // After the names: who has lost its name is written to no more, so it cannot be told of after it was let go.
    let written = try written()
    var gone: [Held] = []
    if let named {
      gone = held.filter { held in !named.contains(where: held.log.isSameFile) }
      for log in named { held.first { $0.log.isSameFile(as: log) }?.label = log.label }
    }
    for log in inOrder(named ?? [], written) where !held.contains(where: { $0.log.isSameFile(as: log) }) {
      held.append(Held(log))
      foundCount += 1
    }
    for file in held { try Self.readOn(file, tell) }
    held.removeAll { file in gone.contains { $0 === file } }
    hasLooked = true
  }

  /// All files in the order in which they were made. One to which nobody has written yet is younger than those that are
  /// gone by now; but at first nobody has told of those that were there before.
  private func inOrder(_ named: [OpenLog], _ written: [OpenLog]) -> [OpenLog] {
    let others = named.filter { log in !written.contains(where: log.isSameFile) }
    let told = written.map { log in named.first(where: log.isSameFile) ?? log }
    return hasLooked ? told + others : others + told
  }

  private static func readOn(_ file: Held, _ tell: (SyncLogFollower.Event) -> Void) throws(SyncLogError) {
    let size = try reading { () throws(DatabaseError) in try file.log.file.facts().byteCount }
    if size < UInt64(file.offset + file.rest.count) {
      // Cut by somebody. What stands there now is new.
      tell(.gap)
      (file.offset, file.rest, file.number, file.isAtEnd) = (0, [], 1, false)
    }
    guard !file.isAtEnd else { return }
    let known = file.rest.count
    while try file.log.readMore(to: &file.rest, from: file.offset) {}
    // What has no LF yet is not looked at: it can still become anything.
    guard file.rest.count > known, let last = file.rest.lastIndex(of: UInt8(ascii: "\n")), last >= known else { return }

    let done = file.tellLines(upTo: last + 1, tell)
    file.offset += done
    file.rest.removeFirst(done)
  }
}

extension SyncLogTracker.Held {
  /// Tells the lines within the first bytes of the rest.
  ///
  /// - Returns: How many bytes they take.
  fileprivate func tellLines(upTo end: Int, _ tell: (SyncLogFollower.Event) -> Void) -> Int {
    let bytes = rest
    var scanner = SyncLogScanner(bytes.rawSpan.extracting(0..<end), at: 0, number: number)
    while true {
      switch scanner.next() {
      case .line: tell(.line(SyncLogFollowedLine(scanner.line, label: label)))
      case .problem(let found) where found.problem == .torn:
        // A line break within quotes or a literal; it goes on behind.
        number = found.line
        return scanner.lineOffset
      case .problem(let found):
        isAtEnd = found.problem.endsLog
        let place = SyncLogDiagnostic(line: found.line, offset: offset + found.offset, problem: found.problem)
        tell(.problem(SyncLogFileDiagnostic(label: label, diagnostic: place)))
      case .end:
        number = scanner.number
        return end
      }
    }
  }
}
