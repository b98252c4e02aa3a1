// Which release of sync_client carries changes over, and what the releases do differently.
//
//   2.3, 2.4       delete on the replica what a line names and the master has not
//   2.5 to 3.2     never delete for a MAILBOX line; know UNMAILBOX and UNUSER
//   3.4 to 3.10    collect names in groups by owner; delete only what the master has a tombstone of
//   3.12 and on    delete by unique id; break a cycle of renames over a former name
//
// What counts is the release on the master: it is sync_client that decides.
//
// Facts: Cyrus's imap/sync_client.c and imap/sync_support.c of releases 2.3.0 to 3.13.7; what 3.6.1 did was observed.

public import CyrusMailboxes

/// A release of Cyrus, by whose rules a replica is fed.
public struct SyncClientVersion: Sendable, Hashable {
  /// The first number of the release.
  public let major: Int
  /// The second number.
  public let minor: Int
  /// The third number.
  public let patch: Int

  /// A release, for example 3.6.1.
  public init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// What to assume of a master whose list has records of a form: the oldest release that writes it and is in use.
  ///
  /// - Parameter form: The master's form.
  public init(master form: MailboxListForm) {
    switch form.generation {
    case .text, .extendedText: self.init(2, 4)
    case .release25: self.init(2, 5)
    case .release30: self.init(3, 0)
    case .release33: self.init(3, 4)
    case .release36: self.init(3, 6, 1)
    case .release313: self.init(3, 13)
    case nil: self = form.keys == .plain ? SyncClientVersion(3, 0) : SyncClientVersion(3, 6, 1)
    }
  }
}

extension SyncClientVersion: Comparable {
  /// Whether the first is older.
  public static func < (left: SyncClientVersion, right: SyncClientVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }
}

extension SyncClientVersion: LosslessStringConvertible {
  /// The numbers with dots between them.
  public var description: String { "\(major).\(minor).\(patch)" }

  /// Two or three numbers with dots between them; nil for anything else, or numbers above 999.
  public init?(_ description: String) {
    var numbers: [Int] = []
    for piece in description.split(separator: ".", omittingEmptySubsequences: false) {
      guard (1...3).contains(piece.utf8.count), let number = Int(piece), number >= 0, piece.first != "+" else {
        return nil
      }
      numbers.append(number)
    }
    guard (2...3).contains(numbers.count) else { return nil }
    self.init(numbers[0], numbers[1], numbers.count > 2 ? numbers[2] : 0)
  }
}

// MARK: - What it does

extension SyncClientVersion {
  /// Whether it knows `UNUSER` and `UNMAILBOX`.
  public var knowsRemovals: Bool { self >= SyncClientVersion(2, 5) }

  /// Whether it knows `RENAME` and `DOUBLEMAILBOX`, collects names in groups by owner, and takes a second name of any
  /// line for a mailbox as well.
  public var groupsByOwner: Bool { self >= SyncClientVersion(3, 3) }

  /// Whether it knows `APPEND`.
  public var knowsAppend: Bool { self < SyncClientVersion(2, 4) || self >= SyncClientVersion(3, 0) }

  /// Whether a mailbox that is named and is not on the master goes from the replica, too.
  public var deletesNamedMailboxes: Bool { self < SyncClientVersion(2, 5) }

  /// Whether a mailbox that only the replica has is kept there unless the master has a tombstone of it.
  public var needsTombstones: Bool { self >= SyncClientVersion(3, 3) }

  /// Whether it looks for the unique id of what it deletes, not for a tombstone of that name.
  public var deletesByUniqueID: Bool { self >= SyncClientVersion(3, 12) }

  /// Whether it adds the former names of each mailbox that is named.
  public var addsFormerNames: Bool { self >= SyncClientVersion(3, 6) }

  /// Whether it gets out of a cycle of renames over a former name that is free.
  public var breaksCycles: Bool { self >= SyncClientVersion(3, 12) }

  /// Whether it keeps a cache of what the replica has, which hides drift from a repair.
  public var hasCache: Bool { self >= SyncClientVersion(3, 3, 1) }

  /// Whether it dies of a mailbox without an owner that is newer on the replica.
  public var abortsOnSharedMailboxes: Bool { self >= SyncClientVersion(3, 6) && self < SyncClientVersion(3, 6, 7) }
}
