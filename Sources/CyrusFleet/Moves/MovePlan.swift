// The steps that a move of a user takes, as commands to paste: nothing is carried out here.
//
//   bulk, index, archive, catch-up      while the user works on the source
//   lock-out, final, switch, last       while he waits: seconds, if catch-up has left little
//   feed, unlock, verify                on the destination
//   clean-up, forget, proof             on the source
//
// What surprises: the line that `cyr_synclog -u` writes is what makes the destination's replicas get the user at all; see
// MoveProof. It goes into the logs of all channels in `sync_log_channels` at once, and with `sync_log` off into none,
// without a word: so what comes behind it looks whether it is there.
//
// How a user is locked out, switched and unlocked is the site's own affair, in its own database.
//
// Facts: Docs/Fleet.md; options of programs: the manual pages of Cyrus 3.6.1, and what these programs did.

/// A command of a plan.
public struct MoveCommand: Sendable, Hashable {
  /// The host to run it on; nil for `dbinspect`, which runs where the files it names can be read.
  public let host: String?
  /// The program and its arguments, none of them quoted.
  public let arguments: [String]
  /// The file that its output goes to; nil if it goes nowhere.
  public let output: String?

  init(on host: String? = nil, _ arguments: [String], output: String? = nil) {
    self.host = host
    self.arguments = arguments
    self.output = output
  }
}

/// A step of a move.
public struct MoveStep: Sendable, Hashable {
  /// Which one, in the order of the plan.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case preflight, bulk, index, archive, final, last, feed, unlock, verify, forget, proof
    case catchUp = "catch-up"
    case lockOut = "lock-out"
    case switchOver = "switch"
    case cleanUp = "clean-up"
  }

  /// Which one.
  public let kind: Kind
  /// What it is for.
  public let purpose: String
  /// What has to end with 0 first, all of it.
  public let preconditions: [MoveCommand]
  /// What to run then.
  public let commands: [MoveCommand]
  /// What to do by hand, as there is no command that is the same everywhere; nil if there is nothing.
  public let byHand: String?
}

/// Why there is no plan.
public enum MovePlanError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The user is there already.
  case sameStore(String)
  /// No line of the layout gives any slot of a store.
  case noSlot(store: String)
  /// No template says where the metadata of a slot are.
  case noPaths(slot: String)
  /// The target's master has no address that the layout knows.
  case noAddress(slot: String)
  /// Programs would take the user's name for an option, or not for one word.
  case userName(String)

  /// For people.
  public var description: String {
    switch self {
    case .sameStore(let store): "the user lives on \(store) already"
    case .noSlot(let store): "no line gives any slot of \(store)"
    case .noPaths(let slot): "no template says where the metadata of \(slot) are"
    case .noAddress(let slot): "\(slot) has no address"
    case .userName: "the name of the user is none that a command line can have: it begins with '-', or is empty"
    }
  }
}

/// What a plan minds.
public struct MovePlanOptions: Sendable, Hashable {
  /// What the target's `cyr_expire` archives: messages older than this, as its `-A` takes it.
  public var archiveAfter = "7d"
  /// The layout's file, and the other options that each `dbinspect fleet` command is to have.
  public var toolOptions: [String] = []
  /// `defaultdomain` and `deletedprefix`, if other commands of `dbinspect` need them; as options.
  public var nameOptions: [String] = []
  /// `defaultdomain`: `dbinspect mailboxes` knows the user by the name without it.
  public var defaultDomain = ""

  /// The defaults.
  public init() {}
}

/// The steps of a move.
public struct MovePlan: Sendable, Hashable {
  /// The user.
  public let user: String
  /// Where he lives.
  public let source: FleetStore
  /// The master of that.
  public let sourceSlot: FleetSlot
  /// Where he is to live.
  public let target: FleetStore
  /// The master of that.
  public let targetSlot: FleetSlot
  /// What to think about before the first step.
  public let warnings: [String]
  /// The steps, in their order.
  public let steps: [MoveStep]

  /// Plans a move.
  ///
  /// Reads no file: whether the target is free for the user is for ``MovePreflight``, which the first step repeats.
  ///
  /// - Parameters:
  ///   - user: As Cyrus calls him, with the domain if there is one.
  ///   - source: The store he lives on.
  ///   - target: The store he is to live on.
  ///   - files: The layout, who is master, and where `dbinspect` finds the files. Programs of Cyrus get the paths of
  ///     their hosts.
  ///   - options: What else to mind.
  /// - Throws: ``MovePlanError``.
  public init(
    of user: String, from source: FleetStore, to target: FleetStore, in files: FleetFiles,
    _ options: MovePlanOptions = MovePlanOptions()
  ) throws(MovePlanError) {
    if user.isEmpty || user.hasPrefix("-") { throw .userName(user) }
    if source.name == target.name { throw .sameStore(target.name) }
    let from = try MoveSide(source, files)
    let to = try MoveSide(target, files)
    guard let address = to.slot.address else { throw .noAddress(slot: to.slot.text) }
    self.user = user
    self.source = source
    self.target = target
    sourceSlot = from.slot
    targetSlot = to.slot
    warnings = Self.warnings(from, to)
    steps = MoveSteps(user: user, from: from, to: to, address: address, options: options).all
  }

  private static func warnings(_ from: MoveSide, _ to: MoveSide) -> [String] {
    var warnings: [String] = []
    if from.store.branch != to.store.branch {
      warnings.append(
        "\(from.store.name) runs branch \(from.store.branch), \(to.store.name) branch \(to.store.branch): "
          + "the two have to understand each other, and mixed generations are slow")
    }
    if to.store.target == 0 { warnings.append("\(to.store.name) has no target: nothing is moved there by itself") }
    if to.replicas.isEmpty { warnings.append("\(to.store.name) has no replica") }
    return warnings
  }
}

/// One of the stores of a move.
struct MoveSide {
  let store: FleetStore
  let slot: FleetSlot
  let replicas: [FleetSlot]
  /// Where its programs find things.
  let paths: SlotPaths
  /// Where `dbinspect` finds them.
  let found: SlotPaths
  private let files: FleetFiles

  init(_ store: FleetStore, _ files: FleetFiles) throws(MovePlanError) {
    guard let slot = files.master(of: store) else { throw .noSlot(store: store.name) }
    guard let paths = files.templates.paths(of: slot, in: store), let found = files.paths(of: slot, in: store) else {
      throw .noPaths(slot: slot.text)
    }
    self.store = store
    self.slot = slot
    self.paths = paths
    self.found = found
    self.files = files
    replicas = files.replicas(of: store)
  }

  /// Where `dbinspect` finds the list of a replica; nil if no template says it.
  func mailboxes(of replica: FleetSlot) -> String? { files.paths(of: replica, in: store)?.mailboxes }

  /// A command of Cyrus on the master.
  func command(_ program: String, _ arguments: [String]) -> MoveCommand {
    MoveCommand(
      on: slot.host, ["sudo", "-u", "cyrus", "\(paths.programs)/\(program)", "-C", paths.configuration] + arguments)
  }
}
