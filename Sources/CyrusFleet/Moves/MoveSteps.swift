// Each step of a move: what for, after what, and how.

import CyrusMailboxes

struct MoveSteps {
  let user: String
  let from: MoveSide
  let to: MoveSide
  let address: IPv4Address
  let options: MovePlanOptions

  var all: [MoveStep] {
    whileHeWorks + whileHeWaits + atTheDestination + atTheSource
  }

  // MARK: - Commands

  /// `dbinspect` itself.
  private func inspect(_ arguments: [String], output: String? = nil) -> MoveCommand {
    MoveCommand(["dbinspect"] + arguments, output: output)
  }

  private func fleet(_ command: String, _ arguments: [String]) -> MoveCommand {
    inspect(["fleet", command] + options.toolOptions + options.nameOptions + arguments)
  }

  /// A pass of replication from source to target.
  ///
  /// `-S`, as the channel need not be configured, and would then lead to another server; `-O`, so that the source is never
  /// changed from there; `-o`, so that it does not wait for a server that is not up.
  private var pass: MoveCommand {
    from.command("sync_client", ["-n", to.slot.text, "-S", "\(address)", "-o", "-O", "-v", "-u", user])
  }

  private var isFree: MoveCommand { fleet("move-plan", [user, "--to", to.store.name, "--check"]) }
  private var hasArrived: MoveCommand { inspect(["mailboxes", to.found.mailboxes, "--user", listedUser]) }
  private var logsAreSound: MoveCommand { inspect(["synclog", to.found.syncDirectory, "--all-channels"]) }

  /// That nothing of the user differs between source and target.
  private var isEqual: MoveCommand {
    inspect(
      ["diff", from.found.mailboxes, to.found.mailboxes, "--user", user, "--partitions", "ignore", "--summary"]
        + options.nameOptions)
  }

  /// The user as names of mailboxes have him, without the default domain.
  private var listedUser: String {
    var settings = NameSettings()
    settings.defaultDomain = options.defaultDomain
    return String(decoding: settings.withoutDefaultDomain(Array(user.utf8)), as: UTF8.self)
  }

  /// Where the state of the source is kept.
  private var keptFile: String {
    let word = String(
      decoding: user.utf8.map { byte in
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || "@._-+".utf8.contains(byte) ? byte : UInt8(ascii: "_")
      }, as: UTF8.self)
    return "move-\(word).ndjson"
  }

  private func verify(_ checks: [MoveCheck]) -> MoveCommand {
    let isWhole = checks == MoveCheck.allCases
    let needsState = checks.contains(.destination)
    return fleet(
      "verify-move",
      [user, "--from", from.store.name, "--to", to.store.name] + (needsState ? ["--before", keptFile] : [])
        + (isWhole ? [] : checks.flatMap { ["--only", $0.rawValue] }))
  }

  private func step(
    _ kind: MoveStep.Kind, _ purpose: String, after preconditions: [MoveCommand], _ commands: [MoveCommand] = [],
    byHand: String? = nil
  ) -> MoveStep {
    MoveStep(kind: kind, purpose: purpose, preconditions: preconditions, commands: commands, byHand: byHand)
  }

  // MARK: - Steps

  private var whileHeWorks: [MoveStep] {
    [
      step(
        .preflight, "the target has nothing of the user, and no unique id of his mailboxes",
        after: [fleet("report", [user])], [isFree]),
      step(.bulk, "the first pass carries over nearly all, however long it takes", after: [isFree], [pass]),
      step(
        .index, "a search index at the destination", after: [hasArrived],
        [to.command("squatter", ["-v", "-i", "-u", user])]),
      step(
        .archive, "old messages go where the destination archives them", after: [hasArrived],
        [to.command("cyr_expire", ["-x", "-c", "-A", options.archiveAfter, "-v", "-u", user])]),
      step(.catchUp, "the second pass carries over what changed meanwhile", after: [hasArrived], [pass]),
    ]
  }

  private var whileHeWaits: [MoveStep] {
    [
      step(
        .lockOut, "from here on the user waits", after: [logsAreSound],
        byHand: "lock the user out in the site's own database: no logins, no deliveries; end what is connected"),
      step(
        .final, "the third pass carries over the rest; what the source has now is kept for the proof",
        after: [
          inspect(["mailboxes", from.found.mailboxes, "--user", listedUser, "--format", "ndjson"], output: keptFile)
        ], [pass]),
      step(
        .switchOver, "the user belongs to the destination", after: [isEqual, verify([.destination])],
        byHand: "say in the site's own database that the user lives on \(to.store.name), still locked out; "
          + "drop what is cached of it"),
      step(
        .last, "a last pass, for a delivery that was under way when he was locked out",
        after: [verify([.destination, .elsewhere])], [pass]),
    ]
  }

  private var atTheDestination: [MoveStep] {
    let feeds = to.command("cyr_synclog", ["-u", user])
    return [
      step(
        .feed,
        "the destination's replicas get the user: one line for each channel in sync_log_channels; if sync_log is off "
          + "there is none, and the program says nothing", after: [isEqual, logsAreSound], [feeds]),
      step(
        .unlock, "from here on the user works again", after: [verify([.destination, .elsewhere])],
        byHand: "let the user in again"),
      step(
        .verify, "exit status 1: replicas are not done yet; 2: something is missing, and the source stays as it is",
        after: [logsAreSound], [verify([.destination, .replicas, .elsewhere])]),
    ]
  }

  private var atTheSource: [MoveStep] {
    let replicas = from.replicas.compactMap { replica in
      from.mailboxes(of: replica).map { path in
        inspect(
          [
            "diff", from.found.mailboxes, path, "--synclog", from.found.syncDirectory, "--channel", replica.text,
            "--user", user, "--summary",
          ] + options.nameOptions)
      }
    }
    return [
      step(
        .cleanUp, "the source gives the user up", after: [verify([.destination, .replicas, .elsewhere])],
        byHand: "delete the mailboxes of the user as an admin of \(from.slot.text)"
          + "\(from.slot.address.map { " (\($0))" } ?? ""), over IMAP, as cyradm's deletemailbox does"),
      step(
        .forget, "so do its replicas: the deletion has logged that, once more does no harm", after: [verify([.source])],
        [from.command("cyr_synclog", ["-U", user])]),
      step(.proof, "nothing was lost, nothing is left", after: replicas, [verify(MoveCheck.allCases)]),
    ]
  }
}
