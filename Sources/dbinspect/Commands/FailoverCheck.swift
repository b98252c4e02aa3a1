// `failover-check`: what would be lost if the replica took over now.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes
import CyrusSync

/// Says what a failover would lose.
struct FailoverCheck: DatabaseCommand, JSONCommand, MonitoredCommand {
  static let schema = "failover-check/1"
  static let service = "failover-check"

  static let configuration = CommandConfiguration(
    commandName: "failover-check",
    abstract: "Tell what would be lost if a replica took over from its master now.",
    usage: "dbinspect failover-check MASTER REPLICA --synclog PATH… [options]",
    discussion: """
      Compares two mailboxes.db as `diff` does, and gives one verdict:

        ready   the replica has all that the master has, and no line is pending
        behind  what it lacks is on its way: wait until the log is empty
        unsafe  it lacks something that is not on its way, or that cannot be told

      and by user what is at stake: mailboxes that the replica has not, or not under
      that name; other changes it lacks, such as of rights; and mailboxes with lines
      pending, whose newest messages may not be there. What only the replica has is
      not lost. Messages are compared only with --index-states, or both spools; an
      index there that cannot be read is unsafe.

      JSON
        {"schema": "failover-check/1", "verdict", "master", "replica", "channel",
        "pendingLines", "differences", "users": [{"user", "mailboxes", "changes",
        "pendingMailboxes", "pendingLines", "unexplained"}]}

      EXAMPLE
        dbinspect failover-check m/mailboxes.db r/mailboxes.db --synclog m/sync

      EXIT STATUS
        0  ready
        1  behind
        2  unsafe
        With --nagios: 0 OK (ready), 1 WARNING (behind; with limits if above one),
        2 CRITICAL (unsafe, or above a limit), 3 UNKNOWN.
      """)

  @Argument(help: ArgumentHelp("The mailboxes.db of the master.", valueName: "master"), completion: .file())
  var file: String

  @Argument(help: "The mailboxes.db of the replica.", completion: .file())
  var replica: String

  @OptionGroup var comparison: ComparisonOptions

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @OptionGroup var monitoring: MonitoringOptions
  @OptionGroup var pending: PendingLimits
  @OptionGroup var common: CommonOptions

  var inputs: [String] { comparison.inputs + [file, replica] }

  func validate() throws {
    if monitoring.nagios, json { throw ValidationError("--nagios and --json exclude each other") }
    try monitoring.requireNagios([("pending", pending.threshold)])
    if comparison.synclog.isEmpty {
      throw ValidationError("--synclog is needed: without the log nothing says what is on its way")
    }
  }

  func observe(_ output: inout Output) throws -> Observation {
    let run = try comparison.compare(file, replica, common)
    let stakes = Stakes(run)
    if json {
      output.document(Self.schema) { stakes.write(to: &$0, master: file, replica: replica) }
    } else if !monitoring.nagios {
      stakes.print(to: &output)
    }
    if !monitoring.nagios {
      output.flush()
      run.tell(about: file, replica)
    }
    return Observation(
      status: stakes.verdict.status, metrics: stakes.metrics, answer: stakes.nagiosAnswer(pending: pending.threshold))
  }
}

/// What is at stake in a failover.
struct Stakes {
  /// Whether the replica can take over.
  enum Verdict: String, CaseIterable {
    case ready, behind, unsafe

    var status: ExitStatus {
      switch self {
      case .ready: .yes
      case .behind: .no
      case .unsafe: .broken
      }
    }
  }

  /// What is at stake for a user, or for mailboxes without an owner.
  struct User {
    let user: [UInt8]?
    /// Mailboxes that the replica has not, or not under that name.
    var mailboxCount = 0
    /// Other changes that it lacks.
    var changeCount = 0
    /// Mailboxes with lines pending.
    var pendingMailboxCount = 0
    var pendingLineCount = 0
    /// Differences that no line explains.
    var unexplainedCount = 0
  }

  let verdict: Verdict
  let users: [User]
  let run: ComparisonRun
  /// How many differences there are in which the replica lacks something.
  let lossCount: Int

  /// How many of them no line explains.
  var unexplainedCount: Int { users.reduce(0) { $0 + $1.unexplainedCount } }

  init(_ run: ComparisonRun) {
    self.run = run
    var users: [[UInt8]: User] = [:]
    var isUnsafe = !run.report.isMasterComplete || !run.report.isReplicaComplete
    // Lines that nobody will read are no way for anything.
    if run.diagnostics.contains(where: { $0.diagnostic.problem.losesLines }) { isUnsafe = true }
    // Messages were asked for, and nothing is known of them.
    if run.spool?.isIncomplete == true { isUnsafe = true }
    var lossCount = 0
    for difference in run.report.differences where difference.isLoss {
      lossCount += 1
      var user = users[difference.user ?? []] ?? User(user: difference.user)
      switch difference.detail {
      case .missing, .renamed, .identityConflict, .unreadable, .duplicateUniqueID: user.mailboxCount += 1
      default: user.changeCount += 1
      }
      if difference.status != .pending {
        user.unexplainedCount += 1
        isUnsafe = true
      }
      users[difference.user ?? []] = user
    }
    for backlog in Backlog.byUser(run.capture?.files.map(\.log) ?? [], settings: run.report.options.settings) {
      var user = users[backlog.user ?? []] ?? User(user: backlog.user)
      user.pendingLineCount = backlog.lineCount
      user.pendingMailboxCount = backlog.mailboxCount
      users[backlog.user ?? []] = user
    }
    self.lossCount = lossCount
    self.users = users.values.sorted { left, right in
      let (mine, theirs) = (left.weight, right.weight)
      if mine != theirs { return theirs.lexicographicallyPrecedes(mine) }
      return (left.user ?? []).lexicographicallyPrecedes(right.user ?? [])
    }
    verdict = isUnsafe ? .unsafe : lossCount > 0 || run.report.pendingLineCount > 0 ? .behind : .ready
  }

  /// What the verdict is by.
  var reason: String {
    let pending = "\(counted(run.report.pendingLineCount, "line")) pending"
    switch verdict {
    case .ready: return "nothing would be lost"
    case .behind: return "\(counted(lossCount, "difference")) on their way, \(pending)"
    case .unsafe:
      let others = lossCount - unexplainedCount
      let heldUp = run.report.heldUpCount
      let refused = heldUp > 0 ? ", \(heldUp) of them behind a line that the replica refuses" : ""
      let unread = run.spool?.isIncomplete == true ? ", and indexes that cannot be read" : ""
      return
        "\(counted(unexplainedCount, "difference")) not on their way, \(others) that are\(refused), \(pending)\(unread)"
    }
  }

  /// Prints the verdict, and a table of those who would lose something.
  func print(to output: inout Output) {
    let color: Color = verdict == .ready ? .green : verdict == .behind ? .yellow : .red
    output.append(verdict.rawValue, in: color)
    output.line(": \(reason)")
    guard !users.isEmpty else { return }
    let names = users.map { $0.user.map { escaped($0.rawSpan) } ?? "(no owner)" }
    let headings = ["MAILBOXES", "CHANGES", "NOT ON THEIR WAY", "PENDING MAILBOXES", "LINES"]
    let width = max(4, names.map(\.count).max() ?? 0)
    output.append("USER".padded(to: width) + headings.map { "  " + $0 }.joined(), in: .bold)
    output.line()
    for (name, user) in zip(names, users) {
      let counts = [
        user.mailboxCount, user.changeCount, user.unexplainedCount, user.pendingMailboxCount, user.pendingLineCount,
      ]
      output.line(
        name.padded(to: width) + zip(counts, headings).map { "  " + String($0).rightAligned(to: $1.count) }.joined())
    }
  }

  /// Writes the members of a document.
  func write(to output: inout Output, master: String, replica: String) {
    output.member("verdict", verdict.rawValue)
    output.member("master", master)
    output.member("replica", replica)
    output.member("channel", run.options.channel)
    output.member("pendingLines", run.report.pendingLineCount)
    output.member("differences", lossCount)
    output.array("users") { output in
      for user in users {
        output.object(.inline) { output in
          output.member("user", bytesOrNull: user.user)
          output.member("mailboxes", user.mailboxCount)
          output.member("changes", user.changeCount)
          output.member("pendingMailboxes", user.pendingMailboxCount)
          output.member("pendingLines", user.pendingLineCount)
          output.member("unexplained", user.unexplainedCount)
        }
      }
    }
  }
}

extension Stakes.User {
  /// Who loses most comes first.
  fileprivate var weight: [Int] { [unexplainedCount, mailboxCount, changeCount, pendingLineCount] }
}

extension StoreDifference {
  /// Whether the master has something that the replica has not.
  fileprivate var isLoss: Bool {
    if status == .ignored { return false }
    if case .extra = detail { return false }
    return detail.direction != .replicaAhead
  }
}
