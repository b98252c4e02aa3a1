// What is done to a master and its replica, and what must come of it, as text.
//
// In all of it `#` stands for what tells one run's users and mailboxes from those of the others, and the time in the name
// of a deleted mailbox is written `*`.

/// Something done to one of the sides.
struct SyncStep: Sendable {
  enum Lines: Sendable {
    case kept
    case lost
    /// Others take their place.
    case replaced([String])
  }

  /// A command of the administrator; or
  ///
  /// - `APPEND` with a mailbox alone, which gets a message;
  /// - `FORGET`, which removes for good what was deleted of a mailbox;
  /// - `RETYPE`, which makes a mailbox a calendar;
  /// - `ROTATE`, after which lines go to another file.
  let command: String
  let side: ReplicaPair.Side
  let lines: Lines

  static func kept(_ command: String) -> SyncStep { SyncStep(command: command, side: .master, lines: .kept) }

  static func lost(_ command: String) -> SyncStep { SyncStep(command: command, side: .master, lines: .lost) }

  static func replaced(_ command: String, by lines: [String]) -> SyncStep {
    SyncStep(command: command, side: .master, lines: .replaced(lines))
  }

  static func replica(_ command: String) -> SyncStep { SyncStep(command: command, side: .replica, lines: .lost) }
}

/// Steps from two equal stores to two that differ, and what a comparison must say of them.
struct SyncScenario: Sendable {
  let name: String
  /// Commands on the master before the stores are made equal, besides those that make the users `ann#` and `bob#`.
  var start: [String] = []
  let steps: [SyncStep]
  /// For each mailbox and status a line: the status, the classes in the order of letters with `+` between, the name.
  let differences: [String]
  /// The lines that make good what is not on its way.
  let repair: [String]
  /// How sync_client ends with the pending lines.
  var pendingStatus: Int32 = 0
  /// What is left in the end; nil for what was a conflict, which then is nothing else.
  var left: [String]?
  /// Whether the pending lines settle what is not on its way, too: one that the replica refuses becomes the whole user.
  var healsByItself = false
  /// Whether the pending lines change what is not on its way: they destroy it, so that it is missing then.
  var destroys = false

  /// What is left in the end.
  var remainder: [String] {
    left
      ?? differences.compactMap { line in
        let words = line.split(separator: " ", maxSplits: 1)
        switch words[0] {
        case "conflict", "pendingConflict": return "conflict \(words[1])"
        case "ignored": return line
        default: return nil
        }
      }
  }

  /// Whether any line is kept.
  var hasPendingLines: Bool {
    steps.contains { step in
      if case .lost = step.lines { return false }
      return true
    }
  }

  /// Makes the users that every scenario has.
  static let users = [
    "CREATE user/ann#", "SETACL user/ann# admin \(ReplicaPair.allRights)", "CREATE user/ann#/Sent",
    "CREATE user/ann#/Work", "CREATE user/ann#/Work/a", "APPEND user/ann#/Sent",
    "CREATE user/bob#", "SETACL user/bob# admin \(ReplicaPair.allRights)", "CREATE user/bob#/Work",
  ]
}
