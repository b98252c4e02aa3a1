// What monitors are told of sync logs.

import CyrusSync

extension PendingWork {
  /// What a log is, however many there are of its kind.
  private static func role(of file: SyncLogFile) -> String {
    if file.orphan != nil { return "orphan" }
    return file.log.label.hasSuffix("log-run") ? "log-run" : "log"
  }

  /// One value for each channel, whatever directories there are: names of channels are few, those of users are not.
  var metrics: [Metric] {
    var lines = Metric("cyrus_synclog_lines", "Lines that sync_client gets to see.")
    var sizes = Metric("cyrus_synclog_size_bytes", "Bytes of the log.")
    var ages = Metric("cyrus_synclog_age_seconds", "Seconds since the log was last changed; absent without a byte.")
    var users = Metric("cyrus_synclog_users", "Users with lines.")
    var invisible = Metric("cyrus_synclog_invisible_lines", "Lines behind one that ends the log for sync_client.")
    var problems = Metric("cyrus_synclog_problems", "Lines, or logs, with this problem.")
    var lost = Metric("cyrus_synclog_lost", "Places where sync_client loses lines.")
    var stuck = Metric("cyrus_synclog_stuck", "Places where sync_client does not get on.")
    var settled = Metric("cyrus_synclog_settled", "Whether the reading is proven to be complete.")
    let groups = Dictionary(grouping: channels) { $0.name ?? "" }.sorted { $0.key < $1.key }
    for (name, channels) in groups {
      let files = Dictionary(grouping: channels.flatMap(\.capture.files), by: Self.role)
      for role in ["log", "log-run", "orphan"] {
        let labels: KeyValuePairs = ["channel": name, "file": role]
        let files = files[role] ?? []
        lines.add(files.reduce(0) { $0 + $1.log.lines.count }, labels)
        sizes.add(files.reduce(0) { $0 + $1.byteCount }, labels)
        if let age = files.filter({ $0.byteCount > 0 }).map(age).max() { ages.add(age, labels) }
      }
      users.add(Set(channels.flatMap { $0.backlog.compactMap(\.user) }).count, ["channel": name])
      invisible.add(channels.reduce(0) { $0 + $1.invisibleLineCount }, ["channel": name])
      for kind in LogProblem.Kind.all {
        problems.add(channels.reduce(0) { $0 + $1.problems.count(kind) }, ["channel": name, "problem": kind.name])
      }
      lost.add(channels.reduce(0) { $0 + $1.problems.count(.lost) }, ["channel": name])
      stuck.add(channels.reduce(0) { $0 + $1.problems.count(.stuck) }, ["channel": name])
      settled.add(channels.allSatisfy(\.capture.isSettled) ? 1 : 0, ["channel": name])
    }
    return [lines, sizes, ages, users, invisible, problems, lost, stuck, settled]
  }

  /// The line for Nagios.
  func answer(ages: Threshold, counts: Threshold) -> NagiosAnswer {
    var state = isSettled ? NagiosState.ok : .unknown
    if count(.lost) + count(.stuck) > 0 { state = .critical }
    let unsettled = isSettled ? "" : "; renamed again and again while being read"
    return NagiosAnswer(
      state, conclusion + unsettled,
      [
        .init(label: "lines", value: lineCount, threshold: counts),
        .init(label: "age", value: Int(oldestAge ?? 0), unit: "s", threshold: ages),
        .init(label: "lost", value: count(.lost)), .init(label: "stuck", value: count(.stuck)),
        .init(label: "users", value: userCount),
      ])
  }
}
