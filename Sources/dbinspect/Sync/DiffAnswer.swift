// What `diff` answers: as a document, and for people.

import CyrusMailboxes
import CyrusSync

/// What `diff` answers.
struct DiffAnswer {
  let run: ComparisonRun
  let repair: RepairLog
  var report: StoreDiffReport { run.report }

  init(_ run: ComparisonRun) {
    self.run = run
    repair = RepairLog(run.report)
  }

  /// How the command ends.
  var status: ExitStatus {
    guard run.isComplete else { return .broken }
    let worst: [StoreDifference.Status] = [.drift, .conflict, .pendingConflict, .inFlux]
    if worst.contains(where: { report.count($0) > 0 }) { return .broken }
    return report.count(.pending) > 0 ? .no : .yes
  }
}

// MARK: - JSON

extension DiffAnswer {
  /// Writes the report.
  func write(to output: inout Output) {
    output.document(Diff.schema) { output in
      output.member("syncClient", report.client.description)
      output.object("options", .inline) { writeOptions(to: &$0) }
      output.member("pendingLines", report.pendingLineCount)
      output.array("diagnostics") { output in
        for diagnostic in run.diagnostics where diagnostic.diagnostic.problem.losesLines {
          output.object(.inline) { output in
            output.member("file", diagnostic.label)
            output.member("line", diagnostic.diagnostic.line)
            output.member("problem", diagnostic.diagnostic.problem.rawValue)
          }
        }
      }
      output.object("summary", .inline) { output in
        for status in StoreDifference.Status.allCases where report.count(status) > 0 {
          output.member(status.rawValue, report.count(status))
        }
      }
      output.array("differences") { output in
        for difference in report.differences { output.element(difference) }
      }
      output.array("repairLog") { output in
        for action in repair.actions { output.element(bytes: action.text.rawSpan) }
      }
      output.member("copybackRisk", report.hasCopybackRisk)
      // Only where there is something to say.
      if !repair.omissions.isEmpty { output.array("omissions") { writeOmissions(to: &$0) } }
      if let spool = run.spool, spool.isIncomplete {
        output.object("unreadIndexes", .inline) { output in
          output.member("master", spool.unreadCount.master)
          output.member("replica", spool.unreadCount.replica)
        }
      }
      if !report.isMasterComplete || !report.isReplicaComplete {
        output.object("complete", .inline) { output in
          output.member("master", report.isMasterComplete)
          output.member("replica", report.isReplicaComplete)
        }
      }
    }
  }

  private func writeOptions(to output: inout Output) {
    output.member("partitions", run.options.partitions.rawValue)
    output.array("replicaPartitions") { output in
      for partition in report.replicaPartitions.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        output.element(bytes: partition.rawSpan)
      }
    }
    output.member("promoteThreshold", report.options.promotionThreshold)
    if let index = run.options.indexStates { output.member("index", String(index.split(separator: "/").last ?? "")) }
    output.member("channel", run.options.channel)
    // The newest release of those that write such a list.
    let (master, replica) = report.forms
    if master.keys != replica.keys, let releases = replica.generation?.releases {
      output.member("replicaGeneration", String(releases.split(separator: " ").last ?? ""))
    }
  }

  private func writeOmissions(to output: inout Output) {
    for omission in repair.omissions {
      output.object(.inline) { output in
        output.member("name", bytes: omission.name.internalName.rawSpan)
        output.member("reason", omission.reason.rawValue)
      }
    }
  }
}

extension Output {
  /// Writes a difference.
  fileprivate mutating func element(_ difference: StoreDifference) {
    object { output in
      output.member("class", difference.detail.className)
      output.member("name", bytes: difference.name.internalName.rawSpan)
      output.member("user", bytesOrNull: difference.user)
      output.member("uniqueid", bytesOrNull: difference.uniqueID)
      output.member("status", difference.status.rawValue)
      output.member("severity", difference.severity.rawValue)
      output.members(of: difference.detail)
      if let direction = difference.detail.direction { output.member("direction", direction.rawValue) }
      if let repair = difference.repair {
        output.array("repair", .inline) { output in
          for action in repair { output.element(bytes: action.text.rawSpan) }
        }
      }
      if let explanation = difference.explanation {
        output.object("explainedBy", .inline) { output in
          output.member("file", explanation.file)
          output.member("line", explanation.line)
          output.member("text", bytes: explanation.text.rawSpan)
        }
      }
    }
  }

  private mutating func members(of detail: StoreDifference.Detail) {
    switch detail {
    case .renamed(let replicaName, let isCycle):
      member("replicaName", bytes: replicaName.internalName.rawSpan)
      if isCycle { member("cycle", true) }
    case .missing(let blocker):
      if let blocker { member("blockedBy", bytes: blocker.internalName.rawSpan) }
    case .identityConflict(let id): member("replicaUniqueid", bytes: id.rawSpan)
    case .extra(let tombstone): member("tombstone", tombstone.rawValue)
    case .acl(let master, let replica):
      member("master", bytes: spaced(master).rawSpan)
      member("replica", bytes: spaced(replica).rawSpan)
    case .partition(let master, let replica):
      member("master", bytes: master.rawSpan)
      member("replica", bytes: replica.rawSpan)
    case .type(let master, let replica):
      member("master", master)
      member("replica", replica)
    case .folderModseq(let master, let replica), .createdModseqEntry(let master, let replica):
      member("master", master)
      member("replica", replica)
    case .uidValidityEntry(let master, let replica):
      member("master", master)
      member("replica", replica)
    case .content(let fields, _):
      object("fields", .inline) { output in
        for field in fields {
          output.array(field.name, .inline) { output in
            let (master, replica) = field.texts
            guard field.name == "options" else {
              output.element(field.master)
              output.element(field.replica)
              return
            }
            output.element(master)
            output.element(replica)
          }
        }
      }
    case .unreadable(let side): member("side", side.rawValue)
    case .other(let state):
      member("master", bytesOrNull: state.master)
      member("replica", bytesOrNull: state.replica)
    case .duplicateUniqueID(let side, let other):
      member("side", side.rawValue)
      member("other", bytes: other.internalName.rawSpan)
    }
  }
}

extension StoreDifference.ContentField {
  /// Both values as people read them.
  var texts: (master: String, replica: String) {
    guard name == "options" else { return (String(master), String(replica)) }
    func letters(_ value: UInt64) -> String { IndexOptions(rawValue: UInt32(truncatingIfNeeded: value)).syncLetters }
    return (letters(master), letters(replica))
  }
}

/// An ACL with spaces where Cyrus has TABs.
func spaced(_ acl: [UInt8]) -> [UInt8] {
  let text = acl.map { $0 == 0x09 ? UInt8(ascii: " ") : $0 }
  return text.last == UInt8(ascii: " ") ? text.dropLast() : text
}
