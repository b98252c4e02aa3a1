// What replication carries over besides mailboxes: quotas, subscriptions, seen state, scripts, annotations.
//
// None of it stands in the lists, so it is compared only if the caller says what both sides have; as bytes, whose meaning
// is the caller's.
//
//   class                   settled by       covered by               of what only the replica has
//   quota                   QUOTA root       that, USER of its owner  USER of its owner
//   subscriptions           SUB user name    that, META, USER         the same
//   seen                    SEEN user id     that, META, USER         nothing
//   sieve                   META user        that, USER               the same
//   mailboxAnnotations      MAILBOX name     as its other fields      the same
//   serverAnnotations       ANNOTATION ""    that                     the same
//
// Surprise: ANNOTATION with a mailbox settles nothing up to 3.6.1.
//
// Facts: Docs/Formats/sync-diff.md.

import CyrusDatabase
public import CyrusMailboxes

/// Something that replication carries over and that the lists of mailboxes do not have.
public struct OtherState: Sendable, Hashable {
  /// What it is.
  public enum Kind: Sendable, Hashable {
    /// The limits of a quota root.
    case quota(root: MailboxName)
    /// Whether a user has subscribed to a mailbox.
    case subscription(user: [UInt8], MailboxName)
    /// What a user has seen of a mailbox, by its unique id.
    case seen(user: [UInt8], uniqueID: [UInt8])
    /// A user's scripts, where they are no mailboxes.
    case sieve(user: [UInt8])
    /// The annotations of a mailbox.
    case mailboxAnnotations(MailboxName)
    /// The annotations of the server.
    case serverAnnotations
  }

  /// What it is.
  public let kind: Kind
  /// As the master has it; nil if it has not.
  public let master: [UInt8]?
  /// As the replica has it; nil if it has not.
  public let replica: [UInt8]?

  /// What both sides have of something.
  public init(_ kind: Kind, master: [UInt8]?, replica: [UInt8]?) {
    self.kind = kind
    self.master = master
    self.replica = replica
  }

  /// The name of the class, as reports call it.
  public var className: String {
    switch kind {
    case .quota: "quota"
    case .subscription: "subscriptions"
    case .seen: "seen"
    case .sieve: "sieve"
    case .mailboxAnnotations: "mailboxAnnotations"
    case .serverAnnotations: "serverAnnotations"
    }
  }

  /// The user whom it is about; nil for mailboxes without an owner, and for the server.
  public var user: [UInt8]? {
    switch kind {
    case .quota(let name), .mailboxAnnotations(let name): name.owner
    case .subscription(let user, _), .seen(let user, _), .sieve(let user): user
    case .serverAnnotations: nil
    }
  }
}

extension StoreDiff {
  /// The differences among ``otherStates``.
  func otherDifferences(
    _ master: borrowing StoreSnapshot, _ batches: [PendingBatch]
  ) throws(DatabaseError) -> [StoreDifference] {
    var differences: [StoreDifference] = []
    for state in otherStates where state.master != state.replica {
      let name = name(of: state)
      let owner = try master.hasLiveInbox(of: name) ? name.owner : nil
      // Of a user's own things it is the user's INBOX that matters.
      var user: [UInt8]?
      if let someone = state.user, let inbox = MailboxName(inboxOf: someone, defaultDomain: settings.defaultDomain),
        try master.hasLiveInbox(of: inbox)
      {
        user = someone
      }
      let repair = repair(of: state, name, liveOwner: owner)
      let cover = cover(of: state, name, liveOwner: owner, liveUser: user, batches)
      let status: StoreDifference.Status =
        repair == nil ? (cover == nil ? .conflict : .pendingConflict) : (cover == nil ? .drift : .pending)
      var id: [UInt8]?
      if case .seen(_, let uniqueID) = state.kind { id = uniqueID }
      differences.append(
        StoreDifference(
          detail: .other(state), name: name, uniqueID: id, severity: .medium, status: status, repair: repair,
          explanation: cover))
    }
    return differences
  }

  /// The mailbox that stands for it: what it is about, or the user's INBOX.
  private func name(of state: OtherState) -> MailboxName {
    switch state.kind {
    case .quota(let name), .subscription(_, let name), .mailboxAnnotations(let name): name
    case .seen(let user, _), .sieve(let user):
      MailboxName(inboxOf: user, defaultDomain: settings.defaultDomain) ?? settings.name(inDatabase: user)
    case .serverAnnotations: settings.name(inDatabase: [])
    }
  }

  private func repair(of state: OtherState, _ name: MailboxName, liveOwner: [UInt8]?) -> [SyncAction]? {
    switch state.kind {
    case .quota:
      if state.master != nil { return [SyncAction(.quota, name.internalName)] }
      return liveOwner.map { [SyncAction(.user, $0)] }
    case .subscription(let user, _): return [SyncAction(.sub, user, name.internalName)]
    case .seen(let user, let id): return state.master == nil ? nil : [SyncAction(.seen, user, id)]
    case .sieve(let user): return [SyncAction(.meta, user)]
    case .mailboxAnnotations: return [SyncAction(.mailbox, name.internalName)]
    case .serverAnnotations: return [SyncAction(.annotation, [])]
    }
  }

  private func cover(
    of state: OtherState, _ name: MailboxName, liveOwner: [UInt8]?, liveUser: [UInt8]?, _ batches: [PendingBatch]
  ) -> StoreDifference.Explanation? {
    for batch in batches {
      let whole = liveUser.flatMap { batch.users.line(of: $0) }
      let line: Int32?
      switch state.kind {
      case .quota: line = batch.quotas.line(of: name.databaseName) ?? liveOwner.flatMap { batch.users.line(of: $0) }
      case .subscription(let user, _):
        line = batch.subs.line(of: PendingBatch.pair(user, name.databaseName)) ?? batch.metas.line(of: user) ?? whole
      case .seen(let user, let id):
        line = batch.seen.line(of: PendingBatch.pair(user, id)) ?? batch.metas.line(of: user) ?? whole
      case .sieve(let user): line = batch.metas.line(of: user) ?? whole
      case .mailboxAnnotations:
        line = batch.mailboxes[name]?.first.line ?? liveOwner.flatMap { batch.users.line(of: $0) }
      case .serverAnnotations: line = batch.annotations.line(of: [])
      }
      if let line { return batch.explanation(line) }
    }
    return nil
  }
}
