// Where a user lives: on which store's master there are mailboxes of his.
//
// No central database is asked. Each master's list is searched for the few keys that a user can have, so that the answer
// costs as many searches as there are stores, however large the lists are.
//
// What surprises: two homes are an error of the fleet, F01, and no matter of taste: a move that was not finished, or one
// whose source was not cleaned up. Tombstones and what lies in DELETED are no home: every move leaves them behind.
//
// Facts: Docs/Formats/fleet-layout.md, section 7.

public import CyrusDatabase
public import CyrusMailboxes

/// A store that a user lives on.
public struct UserHome: Sendable, Hashable {
  /// The store.
  public let store: FleetStore
  /// Its master.
  public let slot: FleetSlot
  /// The list of mailboxes that has him.
  public let path: String
  /// What it has of him.
  public let mailboxes: UserMailboxes
}

/// Where a user lives, and where that could not be found out.
public struct UserHomes: Sendable, Hashable {
  /// The user.
  public let user: [UInt8]
  /// The stores that he lives on, in the order of the layout; one, if all is well.
  public let homes: [UserHome]
  /// Stores whose master could not be asked, and lines of the layout that cannot be read: each may be that of a store.
  public let unread: [UnreadFile]

  /// Looks for a user on the masters of all stores.
  ///
  /// - Parameters:
  ///   - user: With the domain behind the last `@`, if there is one.
  ///   - files: Where the lists are.
  ///   - settings: Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and
  ///     ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  ///   - locking: As for ``/CyrusMailboxes/MailboxList``.
  ///   - progress: Called with the number of stores asked so far.
  /// - Complexity: O(log *n*) for each store, and O(mailboxes of the user).
  public init(
    of user: [UInt8], in files: FleetFiles, settings: NameSettings = NameSettings(), locking: Locking = .auto,
    progress: ((Int) -> Void)? = nil
  ) {
    var homes: [UserHome] = []
    var unread: [UnreadFile] = []
    for (index, store) in files.layout.stores.enumerated() {
      do throws(UnreadFile) {
        let slot = try files.knownMaster(of: store)
        let found = try files.mailboxes(of: user, on: slot, in: store, settings, locking)
        if found.isHome, let slot, let path = files.paths(of: slot, in: store)?.mailboxes {
          homes.append(UserHome(store: store, slot: slot, path: path, mailboxes: found))
        }
      } catch {
        unread.append(error)
      }
      progress?(index + 1)
    }
    self.user = user
    self.homes = homes
    self.unread = unread + files.layout.unreadLines
  }

  /// What is wrong if he lives on several stores; nil if he does not.
  ///
  /// For people, for example `F01: on two stores: store23 (/mnt/…/mailboxes.db), store254 (/mnt/…/mailboxes.db)`.
  public var conflict: String? {
    guard homes.count > 1 else { return nil }
    let places = homes.map { "\($0.store.name) (\($0.path))" }.joined(separator: ", ")
    return "F01: on \(homes.count == 2 ? "two" : "\(homes.count)") stores: \(places)"
  }
}
