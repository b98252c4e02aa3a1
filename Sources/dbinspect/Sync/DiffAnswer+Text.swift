// What `diff` tells people: differences by user, worst first within one, then how many there are of what.
//
//   alice
//     drift    high    missing       user.alice.New
//     pending  medium  acl           user.alice.Work: 'alice lrs' is 'alice lr' on the replica
//                                    by log:3: MAILBOX user.alice.Work

import CyrusMailboxes
import CyrusSync

extension DiffAnswer {
  /// Prints what differs.
  func print(isSummary: Bool, to output: inout Output) {
    let shown = report.differences.filter { $0.status != .ignored }
    if isSummary {
      printCounts(to: &output)
    } else {
      let widths = (
        status: shown.map(\.status.rawValue.count).max() ?? 0, name: shown.map(\.detail.className.count).max() ?? 0
      )
      for (user, differences) in byUser(shown) {
        output.append(user.map { escaped($0.rawSpan) } ?? "(no owner)", in: .bold)
        output.line()
        for difference in differences { print(difference, widths, to: &output) }
      }
    }
    output.line(conclusion)
  }

  /// In the order of users, those without an owner last.
  private func byUser(_ differences: [StoreDifference]) -> [([UInt8]?, [StoreDifference])] {
    let groups = Dictionary(grouping: differences) { $0.user ?? [] }
    return groups.sorted { left, right in
      if left.key.isEmpty != right.key.isEmpty { return right.key.isEmpty }
      return left.key.lexicographicallyPrecedes(right.key)
    }.map { user, differences in
      (
        user.isEmpty ? nil : user,
        differences.enumerated().sorted { left, right in
          if left.element.severity != right.element.severity { return left.element.severity > right.element.severity }
          return left.offset < right.offset
        }.map(\.element)
      )
    }
  }

  private func print(_ difference: StoreDifference, _ widths: (status: Int, name: Int), to output: inout Output) {
    let status = difference.status
    output.append("  ")
    output.append(status.rawValue.padded(to: widths.status), in: status == .pending ? .green : .red)
    let severity = difference.severity.rawValue.padded(to: 6)
    let start = "  \(severity)  \(difference.detail.className.padded(to: widths.name))  "
    output.line(start + escaped(difference.name.internalName.rawSpan) + difference.detail.text)
    guard let explanation = difference.explanation else { return }
    let indentation = String(repeating: " ", count: 2 + widths.status + start.count)
    output.line(
      "\(indentation)by \(printable(explanation.file)):\(explanation.line): \(escaped(explanation.text.rawSpan))")
  }

  /// Prints how many differences there are of each class and status.
  private func printCounts(to output: inout Output) {
    let statuses = StoreDifference.Status.allCases.filter { report.count($0) > 0 }
    guard !statuses.isEmpty else { return }
    let classes = Dictionary(grouping: report.differences, by: \.detail.className)
    let width = classes.keys.map(\.count).max() ?? 0
    output.append("CLASS".padded(to: max(width, 5)) + statuses.map { "  " + $0.rawValue }.joined(), in: .bold)
    output.line()
    for (name, differences) in classes.sorted(by: { $0.key < $1.key }) {
      var line = name.padded(to: max(width, 5))
      for status in statuses {
        let count = differences.count { $0.status == status }
        line += "  " + (count == 0 ? "-" : String(count)).rightAligned(to: status.rawValue.count)
      }
      output.line(line)
    }
  }

  /// One line: whether the replica is equal, and if not, in how much.
  var conclusion: String {
    let counts = StoreDifference.Status.allCases.filter { report.count($0) > 0 }
      .map { "\(report.count($0)) \($0.rawValue)" }
    let real = report.differences.count { $0.status != .ignored }
    let sizes =
      "\(counted(report.mailboxCount.master, "mailbox")) on the master, "
      + "\(report.mailboxCount.replica) on the replica; \(counted(report.pendingLineCount, "line")) pending"
    if real == 0, !report.isMasterComplete || !report.isReplicaComplete {
      return "no difference in what could be read (\(sizes))"
    }
    if real == 0, !run.isComplete {
      return "no difference in the lists, but not all indexes could be read (\(sizes))"
    }
    if report.differences.isEmpty { return "the replica is equal (\(sizes))" }
    if real == 0 { return "the replica is equal but for \(counts.joined(separator: ", ")) (\(sizes))" }
    return "\(counted(real, "difference")): \(counts.joined(separator: ", ")) (\(sizes))"
  }

  /// Says what to do about drift, and what to mind.
  func tellAdvice(_ emitted: String?) {
    let lines = counted(repair.actions.count, "line")
    if let emitted {
      Talk.line("wrote \(lines) to \(printable(emitted))")
      if !repair.actions.isEmpty {
        let channel = run.options.channel.isEmpty ? "" : " -n \(shellQuoted(run.options.channel))"
        Talk.line("hint: on the master, as its user: sync_client -r -f \(shellQuoted(emitted))\(channel)")
        tellHazards()
      }
    } else if !repair.actions.isEmpty {
      Talk.line("hint: --emit-log FILE writes what settles the drift: \(lines)")
    }
    for omission in repair.omissions {
      Talk.line("note: no line for \(escaped(omission.name.internalName.rawSpan)): \(omission.reason.text)")
    }
    if report.heldUpCount > 0, let line = report.refusedLine {
      Talk.line(
        "note: sync_client may never get to \(report.heldUpCount) pending: the replica refuses "
          + "\(printable(line.file)):\(line.line): \(escaped(line.text.rawSpan))")
    }
    let conflicts = report.differences.filter { $0.status == .conflict || $0.status == .pendingConflict }
    var told: Set<String> = []
    for difference in conflicts {
      guard let advice = difference.advice, told.insert(advice).inserted else { continue }
      let others = conflicts.count { $0.advice == advice } - 1
      let more = others == 0 ? "" : ", and \(others) more"
      Talk.line("hint: \(escaped(difference.name.internalName.rawSpan))\(more): \(advice)")
    }
  }

  private func tellHazards() {
    if report.hasCopybackRisk {
      Talk.line("note: the replica is ahead in something: this changes the master, too, unless sync_client has -O")
    }
    if report.client.hasCache, !run.options.cacheInUse {
      Talk.line("note: with a sync_cache_db these lines do nothing; remove it first, or use --cache-in-use")
    }
  }
}

extension StoreDifference.Detail {
  /// What is to be said behind the name.
  fileprivate var text: String {
    func quoted(_ bytes: [UInt8]) -> String { "'\(escaped(bytes.rawSpan))'" }
    return switch self {
    case .renamed(let replicaName, let isCycle):
      ": the replica calls it \(quoted(replicaName.internalName))\(isCycle ? ", in a cycle of renames" : "")"
    case .missing(nil): ""
    case .missing(let blocker?): ": its name has, on the replica, what is \(quoted(blocker.internalName)) here"
    case .identityConflict(let id): ": the replica has another mailbox there, \(quoted(id))"
    case .extra(let tombstone): tombstone.text
    case .acl(let master, let replica): ": \(quoted(spaced(master))) is \(quoted(spaced(replica))) on the replica"
    case .partition(let master, let replica): ": \(quoted(master)) is \(quoted(replica)) on the replica"
    case .type(let master, let replica): ": \(master) is \(replica) on the replica"
    case .folderModseq(let master, let replica), .createdModseqEntry(let master, let replica):
      ": \(master) is \(replica) on the replica"
    case .uidValidityEntry(let master, let replica): ": \(master) is \(replica) on the replica"
    case .content(let fields, let direction):
      ": \(direction.rawValue): "
        + fields.map { "\($0.name) \($0.texts.master) is \($0.texts.replica)" }.joined(separator: ", ")
    case .unreadable(let side): ": its record on the \(side.rawValue) cannot be decoded"
    case .other: ": differs"
    case .duplicateUniqueID(let side, let other):
      ": on the \(side.rawValue) \(quoted(other.internalName)) has the same unique id"
    }
  }
}

extension StoreDifference.Tombstone {
  fileprivate var text: String {
    switch self {
    case .sameID: ": the master has a tombstone of it"
    case .otherID: ": the master has a tombstone of another mailbox there"
    case .none: ""
    }
  }
}

extension StoreDifference {
  /// What a person can do about a conflict.
  fileprivate var advice: String? {
    switch detail {
    case .identityConflict:
      "decide which of the two lives; sync_client -O -r -f with this MAILBOX line destroys the replica's"
    case .renamed(_, let isCycle):
      isCycle
        ? "rename it to a free name on the master, sync, rename it back, sync"
        : "free the name on the replica first"
    case .extra:
      "nothing on the master proves that it was deleted: if it was, delete it on the replica as administrator"
    case .partition:
      "create that partition on the replica, or sync with -p; if it is there, name all with --replica-partitions"
    case .type: "delete it on the replica as administrator, and sync it anew"
    case .unreadable: "dbinspect check tells what is wrong with the record"
    case .duplicateUniqueID: "one of the two has to go, or to get another id"
    default: nil
    }
  }
}

extension RepairLog.Omission.Reason {
  /// Why, for people.
  var text: String {
    switch self {
    case .abortsClient: "sync_client 3.6.0 to 3.6.6 dies of a shared mailbox that is newer on the replica"
    case .unwritable: "a name with such bytes cannot stand in a log"
    case .needsOmitted: "a mailbox has to be renamed before, for which there is no line"
    case .namesRefused: "its old name is that of a mailbox that the replica refuses"
    }
  }
}
