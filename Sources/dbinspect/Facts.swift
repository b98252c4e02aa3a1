// What a file is: by its header, and by looking at all of its structures.

import CyrusDatabase
import CyrusMailboxes

/// What the header and the file system tell.
struct Facts {
  let file: String
  let engine: String?
  let state: FileState
  let header: TwoskipHeader?
  let fileByteCount: UInt64
  let writer: Int32?
  /// How the keys are built and which releases wrote them; nil if the records do not look like those of mailboxes.
  let mailboxes: MailboxListForm?

  /// - Throws: `DatabaseError`: `.changed`, `.faulted`: a commit came between.
  init(_ snapshot: borrowing Snapshot, engine: String?) throws(DatabaseError) {
    file = snapshot.path
    let form = try MailboxListForm(of: snapshot)
    mailboxes = form.generation == nil ? nil : form
    self.engine = engine
    state = snapshot.state
    header = snapshot.header
    fileByteCount = snapshot.fileByteCount
    writer = snapshot.writer
  }

  /// Bytes before the committed end, whether they are there or not.
  private var committedByteCount: UInt64 { header?.currentSize ?? 0 }
  /// Bytes before the committed end that are not there.
  private var missingByteCount: UInt64 { committedByteCount - min(committedByteCount, fileByteCount) }
  private var uncommittedByteCount: UInt64 { fileByteCount - min(committedByteCount, fileByteCount) }
  private var recordCount: UInt64? { header.map { $0.isDirty ? nil : $0.recordCount } ?? 0 }

  /// Prints it for people.
  func print(_ scan: Scan?, to output: inout Output) {
    func row(_ name: String, _ text: String) { output.line(name.padded(to: 14) + text) }
    row("file", printable(file))
    row("engine", (engine ?? "none: the file has no bytes") + (header.map { ", version \($0.version)" } ?? ""))
    row("state", "\(state.rawValue): \(state.meaning)")
    if state == .dirty || writer != nil { row("writer", writerText) }
    if let recordCount {
      row("records", "\(recordCount)" + (state == .truncated ? " by the header" : ""))
    } else {
      row("records", "unknown while dirty\(scan == nil ? "; --scan counts them" : "")")
    }
    if let mailboxes { row("mailboxes", "written by Cyrus \(mailboxes.text)") }
    row("size", size(fileByteCount))
    if let header {
      row("committed", size(committedByteCount))
      if missingByteCount > 0 { row("missing", size(missingByteCount)) }
      row("uncommitted", size(uncommittedByteCount))
      row("generation", "\(header.generation)")
      row("last repack", repackText(header))
    }
    scan?.print(to: &output)
  }

  private var writerText: String {
    switch writer {
    case nil: "none: the one that made it dirty has died"
    case let process? where process > 0: "process \(process)"
    default: "one that cannot be named"
    }
  }

  private func repackText(_ header: TwoskipHeader) -> String {
    guard header.generation > 1 else { return "never, or of an empty database" }
    let since = header.currentSize > header.repackSize ? header.currentSize - header.repackSize : 0
    return "left \(size(header.repackSize)); \(counted(since, "byte")) since"
      + " (\(percentage(since, of: header.repackSize)) of it)"
  }

  /// Writes its members as JSON.
  func writeMembers(to output: inout Output) {
    output.member("file", file)
    output.member("engine", engine)
    output.member("state", state.rawValue)
    output.member("version", header?.version)
    output.member("generation", header?.generation)
    output.member("records", recordCount)
    if let mailboxes {
      output.object("mailboxes", .inline) { output in
        output.member("keys", "\(mailboxes.keys)")
        output.member("releases", mailboxes.generation?.releases)
        output.member("mixed", mailboxes.isMixed)
      }
    } else {
      output.member("mailboxes", nil as String?)
    }
    output.object("bytes", .inline) { output in
      output.member("total", fileByteCount)
      output.member("committed", committedByteCount)
      output.member("missing", missingByteCount)
      output.member("uncommitted", uncommittedByteCount)
    }
    output.member("repackSize", header?.repackSize)
    output.member("writer", writer)
  }
}

/// What looking at every structure tells.
struct Scan {
  private struct Part {
    let name: String
    var count: UInt64 = 0
    var byteCount: UInt64 = 0
  }

  private var parts = [
    "header", "list head", "live records", "dead records", "records", "deletes", "commits", "blanks", "unparsed",
    "uncommitted",
  ].map { Part(name: $0) }
  private var keyOrder: KeyOrder?
  private var keyOrderProblem: String?
  private var fileByteCount: UInt64 = 0
  /// Whether all bytes make sense, all heads and tails are right, and the keys are in order.
  private(set) var isWhole = true

  init(_ database: Database, _ common: CommonOptions, _ output: inout Output) throws {
    do {
      keyOrder = try database.read(locking: common.libraryLocking) { try $0.keyOrder() }
    } catch DatabaseError.damaged(_, let damage) {
      keyOrderProblem = damage.description
      isWhole = false
    }
    let progress = Progress(database.path, .bytes)
    defer { progress.end() }
    let start = self
    self = try common.readLayout(of: database, &output) { layout, _ in
      var scan = start
      scan.fileByteCount = layout.fileByteCount
      layout.forEachStructure { structure in
        scan.add(structure)
        progress.update(structure.bytes.upperBound, of: scan.fileByteCount)
        return true
      }
      return scan
    }
  }

  private mutating func add(_ structure: Structure) {
    let name = Self.partName(of: structure)
    for index in parts.indices where parts[index].name == name {
      parts[index].count += 1
      parts[index].byteCount += UInt64(structure.bytes.count)
    }
    if structure.isDamaged { isWhole = false }
  }

  private static func partName(of structure: Structure) -> String {
    guard structure.isCommitted || structure.kind == .header else { return "uncommitted" }
    switch (structure.kind, structure.liveness) {
    case (.header, _): return "header"
    case (.dummy, _): return "list head"
    case (.record, .live): return "live records"
    case (.record, .dead): return "dead records"
    case (.record, .unknown): return "records"
    case (.delete, _): return "deletes"
    case (.commit, _): return "commits"
    case (.blank, _): return "blanks"
    case (.unparsed, _): return "unparsed"
    }
  }

  /// Prints it for people.
  func print(to output: inout Output) {
    output.line(
      "key order".padded(to: 14) + (keyOrder?.rawValue ?? "cannot be told: \(keyOrderProblem ?? "")"))
    output.append("content".padded(to: 14) + "count".rightAligned(to: 12), in: .bold)
    output.append("bytes".rightAligned(to: 16), in: .bold)
    output.line()
    for part in parts where part.count > 0 {
      output.line(
        part.name.padded(to: 14) + "\(part.count)".rightAligned(to: 12) + "\(part.byteCount)".rightAligned(to: 16)
          + percentage(part.byteCount, of: fileByteCount).rightAligned(to: 10))
    }
    if !isWhole { output.line("damage".padded(to: 14) + "was met: dbinspect verify tells all of it") }
  }

  /// Writes it as JSON.
  func write(to output: inout Output) {
    output.object("scan") { output in
      output.member("keyOrder", keyOrder?.rawValue)
      output.member("whole", isWhole)
      output.array("parts") { output in
        for part in parts {
          output.object(.inline) { output in
            output.member("name", part.name)
            output.member("count", part.count)
            output.member("bytes", part.byteCount)
          }
        }
      }
    }
  }
}

extension FileState {
  /// What it means, for people.
  fileprivate var meaning: String {
    switch self {
    case .clean: "at rest"
    case .dirty: "a transaction is under way, or its writer died; the last commit counts"
    case .longer: "bytes behind the committed end, as in a copy made while a commit was going on"
    case .truncated: "shorter than its committed end"
    case .empty: "no bytes; an empty database that nobody has initialised"
    case .interruptedCreation: "the header was never written; an empty database that Cyrus cannot open"
    case .unreadable: "the header cannot be trusted"
    }
  }
}
