// How much is waiting, and for whom.

public import CyrusMailboxes

/// How much of some sync logs waits for a user, or for mailboxes without an owner.
public struct Backlog: Sendable, Hashable {
  /// The user, with the domain if there is one; nil for mailboxes without an owner, and for the server.
  public let user: [UInt8]?
  /// Lines that are about the user.
  public var lineCount = 0
  /// Different mailboxes that they name.
  public var mailboxCount = 0
  /// Whether the whole user is to be carried over.
  public var isWholeUser = false
  /// Whether the user was deleted, or renamed away.
  public var isRemoved = false

  /// Counts the lines of some logs by user. A line about two users counts for both.
  ///
  /// - Parameters:
  ///   - logs: Files of a channel.
  ///   - settings: Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and
  ///     ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  /// - Returns: Most lines first; those of the same number by user.
  /// - Complexity: O(length of the logs) expected; memory by the number of users and mailboxes.
  public static func byUser(_ logs: [SyncLog], settings: NameSettings = NameSettings()) -> [Backlog] {
    var counts: [[UInt8]: Backlog] = [:]
    var names: Set<MailboxName> = []
    for log in logs {
      for line in log.lines {
        guard let verb = line.verb, let first = log.argument(0, of: line) else { continue }
        var users: Set<[UInt8]> = []
        switch verb {
        case .user, .unuser, .meta, .sieve, .seen, .sub, .unsub: users.insert(settings.withoutDefaultDomain(first))
        case .mailbox, .unmailbox, .doubleMailbox, .append, .rename, .acl, .quota, .annotation:
          for argument in [first] + (log.argument(1, of: line).map { [$0] } ?? []) {
            let name = settings.name(inLog: argument)
            let owner = name.owner ?? []
            users.insert(owner)
            let isMailbox = verb != .quota && !argument.isEmpty
            if isMailbox, names.insert(name).inserted { counts[owner, default: Backlog(owner)].mailboxCount += 1 }
          }
        }
        for user in users {
          counts[user, default: Backlog(user)].lineCount += 1
          if verb == .user { counts[user]?.isWholeUser = true }
          if verb == .unuser { counts[user]?.isRemoved = true }
        }
      }
    }
    return counts.values.sorted { left, right in
      if left.lineCount != right.lineCount { return left.lineCount > right.lineCount }
      return (left.user ?? []).lexicographicallyPrecedes(right.user ?? [])
    }
  }

  /// - Parameter owner: Empty for none.
  private init(_ owner: [UInt8]) { user = owner.isEmpty ? nil : owner }
}
