// What has to be so before a user can move to a store: the target knows nothing that a replica would refuse him for.
//
//   lives there        a mailbox of the user is live on the target: a move that was begun, or a second home
//   unique id in use   a mailbox of somebody else, or one in DELETED, has the id of one of his: the target refuses it as
//                      it would under another name
//
// Tombstones of an earlier stay harm nobody.

public import CyrusDatabase
public import CyrusMailboxes

/// Why a user cannot move to a store now.
public struct MoveObstacle: Sendable, Hashable, CustomStringConvertible {
  /// What is in the way.
  public enum Reason: String, Sendable, Hashable {
    /// A mailbox of his is live there.
    case livesThere
    /// Another mailbox has the unique id of one of his.
    case uniqueIDInUse
  }

  /// What is in the way.
  public let reason: Reason
  /// His mailbox.
  public let mailbox: MailboxName
  /// The one of the target that is in the way.
  public let other: MailboxName

  /// For people, for example `user.joe.Sent: its unique id is that of DELETED.user.joe.Sent.5F5E1000 there`.
  public var description: String {
    switch reason {
    case .livesThere: "\(mailbox): is there already"
    case .uniqueIDInUse: "\(mailbox): its unique id is that of \(other) there"
    }
  }
}

/// What the target of a move has that is in its way.
public enum MovePreflight {
  /// Looks for obstacles on the target's master.
  ///
  /// - Parameters:
  ///   - mailboxes: What the source has of the user.
  ///   - user: The user.
  ///   - database: The list of mailboxes of the target's master.
  ///   - settings: Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and
  ///     ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  ///   - locking: As for ``/CyrusMailboxes/MailboxList``.
  /// - Returns: Obstacles, by the names of his mailboxes; none if he can move.
  /// - Throws: As ``/CyrusDatabase/Database/snapshot(locking:)``; `.damaged` also if damage hides what was asked for.
  /// - Complexity: O(log *n*) for each mailbox of the user; one pass over the target if its release keeps no account of
  ///   unique ids.
  public static func obstacles(
    for mailboxes: UserMailboxes, of user: [UInt8], at database: Database, settings: NameSettings = NameSettings(),
    locking: Locking = .auto
  ) throws(DatabaseError) -> [MoveObstacle] {
    let there = try UserMailboxes(of: user, in: database, settings: settings, locking: locking)
    var obstacles = there.live.map { MoveObstacle(reason: .livesThere, mailbox: $0.name, other: $0.name) }
    let names = Dictionary(
      mailboxes.live.compactMap { mailbox in mailbox.uniqueID.map { ($0, mailbox.name) } },
      uniquingKeysWith: { first, _ in first })
    let livingNames = Set(there.live.map(\.name))
    for (id, others) in try holders(of: Array(names.keys), in: database, settings, locking) {
      guard let mailbox = names[id] else { continue }
      for other in others where !livingNames.contains(other) {
        obstacles.append(MoveObstacle(reason: .uniqueIDInUse, mailbox: mailbox, other: other))
      }
    }
    return obstacles.sorted { ($0.mailbox, $0.other) < ($1.mailbox, $1.other) }
  }

  /// Which mailboxes, live or in DELETED, have some unique ids.
  private static func holders(
    of ids: [[UInt8]], in database: Database, _ settings: NameSettings, _ locking: Locking
  ) throws(DatabaseError) -> [[UInt8]: [MailboxName]] {
    var found: [[UInt8]: [MailboxName]] = [:]
    for id in ids {
      let list = try MailboxList(
        database, selecting: .uniqueID(id), states: [.live, .deletedDelayed], settings: settings, locking: locking)
      // One look at all mailboxes is enough for all ids.
      if list.isScan { return try scan(database, for: Set(ids), settings, locking) }
      if let damage = list.records.damage.first?.damage { throw .damaged(path: database.path, damage) }
      found[id] = try names(of: list)
    }
    return found
  }

  private static func scan(
    _ database: Database, for ids: Set<[UInt8]>, _ settings: NameSettings, _ locking: Locking
  ) throws(DatabaseError) -> [[UInt8]: [MailboxName]] {
    let list = try MailboxList(database, states: [.live, .deletedDelayed], settings: settings, locking: locking)
    var found: [[UInt8]: [MailboxName]] = [:]
    for index in 0..<list.count {
      let entry = try list.entry(at: index)
      guard let id = entry.uniqueID?.copy(), ids.contains(id), let name = entry.nameInKey(settings) else { continue }
      found[id, default: []].append(MailboxName(name))
    }
    return found
  }

  private static func names(of list: borrowing MailboxList) throws(DatabaseError) -> [MailboxName] {
    var names: [MailboxName] = []
    for index in 0..<list.count {
      let entry = try list.entry(at: index)
      if let name = entry.nameInKey(list.settings) { names.append(MailboxName(name)) }
    }
    return names
  }
}
