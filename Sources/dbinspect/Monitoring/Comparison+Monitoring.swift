// What monitors are told of two stores.

import CyrusMailboxes
import CyrusSync

extension ComparisonRun {
  /// How many lines of the log, or logs, are lost to sync_client.
  var lostLineCount: Int { diagnostics.count { $0.diagnostic.problem.losesLines } }

  /// Whether all that was to be compared could be: all records were found, and all indexes read that were asked for.
  var isComplete: Bool { report.isMasterComplete && report.isReplicaComplete && spool?.isIncomplete != true }

  /// What `diff` and `failover-check` have in common.
  fileprivate func metrics(_ prefix: String) -> [Metric] {
    var mailboxes = Metric("\(prefix)_mailboxes", "Mailboxes that are replicated.")
    mailboxes.add(report.mailboxCount.master, ["side": "master"])
    mailboxes.add(report.mailboxCount.replica, ["side": "replica"])
    var complete = Metric("\(prefix)_complete", "Whether all records could be found.")
    complete.add(report.isMasterComplete ? 1 : 0, ["side": "master"])
    complete.add(report.isReplicaComplete ? 1 : 0, ["side": "replica"])
    return [
      mailboxes, complete,
      Metric("\(prefix)_pending_lines", "Lines of the log that sync_client gets to see.", report.pendingLineCount),
      Metric("\(prefix)_lost_lines", "Places of the log where sync_client loses lines.", lostLineCount),
    ]
  }

  /// What is to be said behind a conclusion.
  fileprivate var remarks: String {
    (report.isMasterComplete && report.isReplicaComplete ? "" : "; damaged: not all records could be found")
      + (spool?.isIncomplete == true ? "; indexes cannot be read" : "")
      + (lostLineCount > 0 ? "; \(counted(lostLineCount, "place")) where the log loses lines" : "")
  }

  /// The state that damage and a bad log alone make.
  fileprivate var state: NagiosState { isComplete ? lostLineCount > 0 ? .warning : .ok : .critical }
}

extension DiffAnswer {
  var metrics: [Metric] {
    var differences = Metric("cyrus_diff_differences", "Differences with this status.")
    for status in StoreDifference.Status.allCases { differences.add(report.count(status), ["status": status.rawValue]) }
    let repair = Metric("cyrus_diff_repair_lines", "Lines that settle what is drift.", repair.actions.count)
    return [differences, repair] + run.metrics("cyrus_diff")
  }

  /// The line for Nagios.
  func nagiosAnswer(drift: Threshold, pending: Threshold) -> NagiosAnswer {
    let driftCount = [.drift, .conflict, .pendingConflict].reduce(0) { $0 + report.count($1) }
    let inFlux = report.count(.inFlux)
    return NagiosAnswer(
      max(run.state, inFlux > 0 ? .warning : .ok), conclusion + run.remarks,
      [
        .init(label: "drift", value: driftCount, threshold: drift),
        .init(label: "influx", value: inFlux),
        .init(label: "pending", value: report.pendingLineCount, threshold: pending),
        .init(label: "mailboxes", value: report.mailboxCount.master),
      ])
  }
}

extension Stakes {
  var metrics: [Metric] {
    var verdicts = Metric("cyrus_failover_check_verdict", "Whether this is the verdict.")
    for each in Verdict.allCases { verdicts.add(each == verdict ? 1 : 0, ["verdict": each.rawValue]) }
    return [
      verdicts,
      Metric("cyrus_failover_check_differences", "Differences in which the replica lacks something.", lossCount),
      Metric("cyrus_failover_check_unexplained", "Those of them that are not on their way.", unexplainedCount),
      Metric("cyrus_failover_check_users", "Users who would lose something.", users.count),
    ] + run.metrics("cyrus_failover_check")
  }

  /// The line for Nagios.
  func nagiosAnswer(pending: Threshold) -> NagiosAnswer {
    let hasLimits = pending.warning != nil || pending.critical != nil
    let state: NagiosState =
      switch verdict {
      case .ready: .ok
      case .behind: hasLimits ? .ok : .warning
      case .unsafe: .critical
      }
    return NagiosAnswer(
      state, "\(verdict.rawValue): \(reason)\(run.remarks)",
      [
        .init(label: "unexplained", value: unexplainedCount), .init(label: "differences", value: lossCount),
        .init(label: "pending", value: run.report.pendingLineCount, threshold: pending),
        .init(label: "users", value: users.count),
      ])
  }
}
