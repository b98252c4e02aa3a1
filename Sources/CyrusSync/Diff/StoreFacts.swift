// What has to be known of both stores to judge a difference, besides the two records.

import CyrusDatabase
import CyrusMailboxes

/// What has to be known of both stores to judge differences.
struct StoreFacts: Sendable {
  /// Renamed ids: the master's name for each, and the replica's.
  let renames: [[UInt8]: (name: MailboxName, replicaName: MailboxName)]
  /// Names that something has on the replica which no rename moves away.
  let heldNames: Set<MailboxName>
  /// Names of mailboxes that only the replica has, and that the master has another live mailbox under.
  let replacedNames: Set<MailboxName>
  /// Renamed mailboxes by what the replica calls them.
  let movedAway: [MailboxName: (name: MailboxName, id: [UInt8])]
  /// What the replica calls those in a cycle of renames that can be led out of it over a former name.
  let breakableNames: Set<MailboxName>
  /// Users whose INBOX is missing on the replica.
  let missingOwners: Set<[UInt8]>
  /// Whether the replica is of a release that replaces a mailbox which never held a message.
  let replicaReplacesEmpty: Bool
  /// Those of the ids that only the replica has of which the master knows that they were deleted.
  let deletedIDs: Set<[UInt8]>
  /// Partitions that the replica has.
  let replicaPartitions: Set<[UInt8]>
  /// Mailboxes of both that the replica takes nothing for: it lacks the partition, or has it as one of another type.
  /// The latter it renames, but then sync_client gives up.
  let refusedNames: Set<MailboxName>
  /// Whether all records of the master were found and decoded, so that what is not there does not exist.
  let masterIsWhole: Bool
  /// For each owner of a mailbox that differs, on which sides the INBOX is.
  private let inboxes: [[UInt8]: (master: Bool, replica: Bool)]
  /// INBOXes that are not on the replica, or under another name, by their owners.
  let inboxDifferences: [[UInt8]: RawDifference]
  /// Those of the owners of whom the master has nothing but tombstones and what lies in `DELETED`.
  let goneUsers: Set<[UInt8]>

  init(
    _ join: StoreJoin, _ master: borrowing StoreSnapshot, _ replica: borrowing StoreSnapshot,
    _ client: SyncClientVersion, masterIsWhole: Bool, replicaPartitions: Set<[UInt8]>
  ) throws(DatabaseError) {
    renames = join.renames
    heldNames = join.heldNames
    replacedNames = join.replacedNames
    movedAway = join.movedAway
    missingOwners = join.missingOwners
    replicaReplacesEmpty = replica.list.form.keys == .prefixed
    self.masterIsWhole = masterIsWhole
    self.replicaPartitions = replicaPartitions
    let refused = join.differences.filter { difference in
      switch difference.detail {
      case .partition(let partition, _): !replicaPartitions.contains(partition)
      case .type: true
      default: false
      }
    }
    refusedNames = Set(refused.map(\.name))
    var inboxes: [[UInt8]: (master: Bool, replica: Bool)] = [:]
    var goneUsers: Set<[UInt8]> = []
    for difference in join.differences {
      guard let owner = difference.name.owner, inboxes[owner] == nil else { continue }
      let isLive = try (master.hasLiveInbox(of: difference.name), replica.hasLiveInbox(of: difference.name))
      inboxes[owner] = isLive
      if !isLive.0, try master.hasLost(owner) { goneUsers.insert(owner) }
    }
    // A record that says nothing may be of anything.
    for difference in join.differences {
      guard let owner = difference.name.owner, !difference.name.isDeleted else { continue }
      switch difference.detail {
      case .unreadable, .duplicateUniqueID: goneUsers.remove(owner)
      default:
        // Nor may it go along that the master has it under another user, if only half.
        if difference.isSkippedOnMaster { goneUsers.remove(owner) }
      }
    }
    var inboxDifferences: [[UInt8]: RawDifference] = [:]
    for difference in join.differences where difference.name.isINBOX {
      switch difference.detail {
      case .missing, .renamed: if let owner = difference.name.owner { inboxDifferences[owner] = difference }
      default: break
      }
    }
    self.inboxDifferences = inboxDifferences
    self.inboxes = inboxes
    self.goneUsers = goneUsers
    breakableNames = client.breaksCycles ? try Self.breakableNames(join, master, replica) : []
    deletedIDs = client.deletesByUniqueID ? try master.deletedIDs(of: join.extraIDs) : []
  }

  private static func breakableNames(
    _ join: StoreJoin, _ master: borrowing StoreSnapshot, _ replica: borrowing StoreSnapshot
  ) throws(DatabaseError) -> Set<MailboxName> {
    var names: Set<MailboxName> = []
    for (id, formerNames) in try master.formerNames(of: join.cycleIDs) {
      guard let rename = join.renames[id] else { continue }
      for name in formerNames where try replica.isFree(name) { names.insert(rename.replicaName) }
    }
    return names
  }

  /// The owner of a mailbox, if the INBOX is live on the master.
  func liveOwner(of name: MailboxName) -> [UInt8]? {
    // Nobody is no user: what a line without one would do nobody knows.
    guard name.localpart?.isEmpty == false, let owner = name.owner, inboxes[owner]?.master == true else { return nil }
    return owner
  }

  /// Whether the owner's INBOX is live on the replica.
  func hasInboxOnReplica(_ name: MailboxName) -> Bool { name.owner.map { inboxes[$0]?.replica == true } ?? false }
}
