// What must hold after a user was moved, and whether it does.
//
//   V1  the destination's master has every mailbox that the source had: unique id, UIDVALIDITY, ACL and type are the
//       same, mod-sequences are not lower
//   V2  each replica of the destination has them alike, or the log of its channel names the user, or each that differs
//   V3  the source's master has no live mailbox of his
//   V4  neither has that of any other store
//
// What surprises: V2 is no matter of time alone. A server that receives a user by replication does not log that: unless
// the mover writes a USER line, replicas get nothing of a user who never does anything. That happened, in 2008.
//
// Facts: Docs/Formats/fleet-layout.md, section 10.

public import CyrusDatabase
public import CyrusMailboxes

/// Something that must hold after a move.
public enum MoveCheck: String, Sendable, Hashable, CaseIterable {
  /// The destination has all mailboxes.
  case destination = "V1"
  /// So have its replicas, or they will.
  case replicas = "V2"
  /// The source has none.
  case source = "V3"
  /// No other store has any.
  case elsewhere = "V4"

  /// For people.
  public var meaning: String {
    switch self {
    case .destination: "the destination has every mailbox as the source had it"
    case .replicas: "so has each replica of the destination, or its log leads there"
    case .source: "the source has no live mailbox of the user"
    case .elsewhere: "no other store has one"
    }
  }
}

/// Whether something holds, from good to bad.
public enum MoveVerdict: String, Sendable, Hashable, CaseIterable, Comparable {
  /// It does.
  case holds
  /// It will, once a log was worked off. Only of ``MoveCheck/replicas``.
  case pending
  /// It cannot be told: something could not be read, or was not given.
  case unknown
  /// It does not.
  case broken

  /// Whether the first is better.
  public static func < (left: MoveVerdict, right: MoveVerdict) -> Bool { left.rank < right.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What a check found.
public struct MoveFinding: Sendable, Hashable {
  /// What it means for the check; `holds` for what is only worth knowing.
  public let verdict: MoveVerdict
  /// The store it is about.
  public let store: String
  /// The slot it is about; nil if it has none.
  public let slot: String?
  /// The mailbox it is about; nil if it is about the store.
  public let mailbox: MailboxName?
  /// What is so, for people: expected and found where there are two of it.
  public let message: String
}

/// What the source had of a user before he was moved.
public struct MoveSourceState: Sendable, Hashable {
  /// His mailboxes.
  public var mailboxes: [UserMailbox]
  /// Whether these are surely all.
  public var isComplete: Bool

  /// A state with these mailboxes.
  public init(mailboxes: [UserMailbox], isComplete: Bool = true) {
    self.mailboxes = mailboxes
    self.isComplete = isComplete
  }
}

/// Whether a move of a user lost nothing and left nothing behind.
public struct MoveProof: Sendable, Hashable {
  /// What came of a check.
  public struct Outcome: Sendable, Hashable {
    /// Which one.
    public let check: MoveCheck
    /// What its findings found the worst.
    public let verdict: MoveVerdict
    /// What it found, in the order in which it looked.
    public let findings: [MoveFinding]
  }

  /// What came of each check, in their order.
  public let outcomes: [Outcome]

  /// The worst of them.
  public var verdict: MoveVerdict { outcomes.map(\.verdict).max() ?? .holds }

  /// Looks at all that a move touches. Nothing is changed.
  ///
  /// Reads the source first, then the destination's master, then for each of its replicas the log and the replica, so
  /// that on running servers what is under way is seen in one of them.
  ///
  /// - Parameters:
  ///   - user: With the domain behind the last `@`, if there is one.
  ///   - source: The store that he was on.
  ///   - destination: The store that he is to be on.
  ///   - files: Where the lists and logs are.
  ///   - before: What the source had; nil for what it has now, of which little is left after a move.
  ///   - checks: What to look at.
  ///   - settings: Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and
  ///     ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  ///   - locking: As for ``/CyrusMailboxes/MailboxList``.
  /// - Complexity: O(log *n*) for each list, O(mailboxes of the user), and O(length) of the logs of replicas that differ.
  public init(
    of user: [UInt8], from source: FleetStore, to destination: FleetStore, in files: FleetFiles,
    before: MoveSourceState? = nil, checks: Set<MoveCheck> = Set(MoveCheck.allCases),
    settings: NameSettings = NameSettings(), locking: Locking = .auto
  ) {
    let scene = MoveScene(
      user: user, source: source, destination: destination, files: files, settings: settings, locking: locking)
    let left = checks.isDisjoint(with: [.source, .destination]) ? nil : scene.mailboxes(of: source)
    let arrived = checks.isDisjoint(with: [.replicas, .destination]) ? nil : scene.mailboxes(of: destination)
    outcomes = MoveCheck.allCases.filter(checks.contains).map { check in
      let findings =
        switch check {
        case .destination: scene.destinationFindings(left, arrived, before)
        case .replicas: scene.replicaFindings(arrived)
        case .source: scene.sourceFindings(left)
        case .elsewhere: scene.otherFindings()
        }
      return Outcome(check: check, verdict: findings.map(\.verdict).max() ?? .holds, findings: findings)
    }
  }
}
