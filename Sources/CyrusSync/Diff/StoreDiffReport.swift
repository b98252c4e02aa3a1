// The answer to "what differs?": the differences, and what is to be done about them.

public import CyrusMailboxes

/// What two stores differ in.
public struct StoreDiffReport: Sendable {
  /// What was asked for.
  public let options: StoreDiff
  /// By the rules of which release it was judged.
  public let client: SyncClientVersion
  /// The partitions that the replica was taken to have.
  public let replicaPartitions: Set<[UInt8]>
  /// What differs, in the order of names, and for one name in that of the classes' names.
  public internal(set) var differences: [StoreDifference]
  /// How many lines of the logs sync_client would read, those that mean nothing to it included.
  public let pendingLineCount: Int
  /// Whether all records of the master could be found. If not, what only the replica has may be the master's, too.
  public let isMasterComplete: Bool
  /// Whether all records of the replica could be found. If not, what is missing there may be there.
  public let isReplicaComplete: Bool
  /// How many mailboxes either side has that are replicated.
  public let mailboxCount: (master: Int, replica: Int)
  /// How many mailboxes either side has that live on another server, or are not finished.
  public let skippedCount: (master: Int, replica: Int)
  /// How the keys of both lists are built, and which releases wrote them.
  public let forms: (master: MailboxListForm, replica: MailboxListForm)
  let facts: StoreFacts
  let narrowUsers: NarrowUsers
  /// The first line of the logs that the replica refuses, as far as that can be told. sync_client ends there, each time it
  /// reads the log, until a person has settled it.
  public let refusedLine: StoreDifference.Explanation?

  /// How many differences are of a status.
  public func count(_ status: StoreDifference.Status) -> Int {
    differences.reduce(0) { $0 + ($1.status == status ? 1 : 0) }
  }

  /// How many differences are pending by lines that sync_client may never get to, as it ends at ``refusedLine``.
  public var heldUpCount: Int { differences.count { $0.isHeldUp && $0.status == .pending } }

  /// Whether making good what differs changes the master as well, as the replica is ahead in something.
  public var hasCopybackRisk: Bool {
    differences.contains { difference in
      guard difference.status == .drift || difference.status == .pending else { return false }
      return difference.detail.direction == .replicaAhead || difference.detail.direction == .divergent
    }
  }

  /// The same of one user's mailboxes alone, whichever side calls them so.
  ///
  /// - Parameter user: With the domain behind an `@`, if there is one.
  public func restricted(toUser user: [UInt8]) -> StoreDiffReport {
    var report = self
    report.differences = differences.filter { difference in
      if difference.user == user { return true }
      if case .renamed(let replicaName, _) = difference.detail { return replicaName.owner == user }
      return false
    }
    return report
  }
}
