// `fleet move-plan`: the steps that a move of a user takes.

import ArgumentParser
import CyrusDatabase
import CyrusFleet

/// Plans a move.
struct FleetMovePlan: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "move-plan",
    abstract: "Print the steps that a move of a user takes, as commands to paste.",
    usage: "dbinspect fleet move-plan USER --to STORE [options]",
    discussion: """
      Nothing is carried out. Each step has what must end with 0 first, and the host
      that its commands belong on; what only the site knows how to do, such as to
      lock the user out, is a line `# by hand`. The whole can be pasted line by line,
      but is no script to be run.

      The user is looked for on the masters of all stores. A target that has a live
      mailbox of his, or the unique id of one, is refused.

      EXAMPLE
        dbinspect fleet move-plan --layout production.dat alice --to store256

      EXIT STATUS
        0  planned; with --check: he can move there
        1  there is no such user or store, or he cannot move there
        2  the user lives on two stores (F01), or it cannot be told whether he can
           move: a file could not be read
      """)

  @OptionGroup var fleet: FleetOptions

  @Option(help: ArgumentHelp("The store that he is to live on.", valueName: "store"))
  var to: String

  @Option(help: ArgumentHelp("Archive messages older than this, as cyr_expire -A takes it.", valueName: "time"))
  var archiveAfter = "7d"

  @Flag(help: "Only say whether he can move there.")
  var check = false

  @Flag(help: "Print one JSON document.")
  var json = false

  @OptionGroup var names: NameOptions

  @Argument(help: ArgumentHelp("The user, with the domain if there is one.", valueName: "user"))
  var user: String

  func validate() throws {
    if check, json { throw ValidationError("--check and --json exclude each other") }
    if user.isEmpty { throw ValidationError("a user is expected") }
    let units = archiveAfter.utf8.drop { 0x30...0x39 ~= $0 || $0 == UInt8(ascii: ".") }
    if archiveAfter.utf8.first.map({ 0x30...0x39 ~= $0 }) != true || !["", "d", "h", "m", "s"].contains(String(units)) {
      throw ValidationError("--archive-after takes a number and one of d, h, m and s")
    }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readLayout()
    try fleet.requireWhole(layout)
    let target = try fleet.store(to, in: layout)
    let homes = fleet.homes(of: user, in: layout, names)
    let home = try homes.onlyHome(of: user)
    if let unread = homes.unread.first(where: { $0.store == target.name }) {
      throw Failure(.broken, file: unread.path, Self.untold(target, unread.reason))
    }
    let files = fleet.files(of: layout)
    let plan = try plan(home, target, files)
    try requireFree(home, target, files)
    if check {
      output.line("\(printable(user)) can move from \(home.store.name) to \(target.name)")
      for warning in plan.warnings { Talk.line("note: \(warning)") }
      return .yes
    }
    if json { plan.write(to: &output) } else { output.append(plan.text) }
    return .yes
  }

  private func plan(
    _ home: UserHome, _ target: FleetStore, _ files: FleetFiles
  ) throws(Failure) -> MovePlan {
    var options = MovePlanOptions()
    options.archiveAfter = archiveAfter
    options.toolOptions = fleet.words
    options.nameOptions = names.words
    options.defaultDomain = names.defaultDomain
    do throws(MovePlanError) {
      return try MovePlan(of: user, from: home.store, to: target, in: files, options)
    } catch {
      throw Failure(.no, "\(printable(user)): \(error)")
    }
  }

  private static func untold(_ target: FleetStore, _ reason: String) -> String {
    "whether \(target.name) is free for him cannot be told: \(reason)"
  }

  /// - Throws: `Failure` if something at the target is in the way, or nobody can tell.
  private func requireFree(_ home: UserHome, _ target: FleetStore, _ files: FleetFiles) throws(Failure) {
    let path = files.master(of: target).flatMap { files.paths(of: $0, in: target)?.mailboxes } ?? ""
    let obstacles: [MoveObstacle]
    do throws(DatabaseError) {
      obstacles = try MovePreflight.obstacles(
        for: home.mailboxes, of: Array(user.utf8), at: Database(path: path), settings: names.settings)
    } catch {
      throw Failure(.broken, file: path, Self.untold(target, error.description))
    }
    guard let first = obstacles.first else { return }
    for obstacle in obstacles.dropFirst() { Talk.say(obstacle.description, about: path) }
    throw Failure(
      .no, file: path, first.description,
      hint: obstacles.contains { $0.reason == .uniqueIDInUse }
        ? "what lies in DELETED goes by cyr_expire -D 0 on the master and replicas of \(target.name)" : nil)
  }
}

extension MovePlan {
  /// The plan as lines to paste.
  var text: String {
    func place(_ store: FleetStore, _ slot: FleetSlot) -> String { "\(store.name) (\(slot.text) on \(slot.host))" }
    var lines = ["# move \(printable(user)) from \(place(source, sourceSlot)) to \(place(target, targetSlot))"]
    lines += warnings.map { "# warning: \($0)" }
    for (index, step) in steps.enumerated() {
      lines += ["", "# \(index + 1). \(step.kind.rawValue): \(step.purpose)"]
      if !step.preconditions.isEmpty { lines.append("# must end with 0 first:") }
      lines += step.preconditions.flatMap(\.lines)
      if let byHand = step.byHand { lines.append("# by hand: \(byHand)") }
      if !step.preconditions.isEmpty, !step.commands.isEmpty { lines.append("# then:") }
      lines += step.commands.flatMap(\.lines)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The plan for programs.
  fileprivate func write(to output: inout Output) {
    func write(_ name: String, _ store: FleetStore, _ slot: FleetSlot, to output: inout Output) {
      output.object(name, .inline) { output in
        output.member("store", store.name)
        output.member("slot", slot.text)
        output.member("host", slot.host)
        output.member("ip", slot.address?.description)
      }
    }
    output.document("fleet-move-plan/1") { output in
      output.member("user", user)
      write("from", source, sourceSlot, to: &output)
      write("to", target, targetSlot, to: &output)
      output.array("warnings") { output in for warning in warnings { output.element(warning) } }
      output.array("steps") { output in
        for step in steps {
          output.object { output in
            output.member("step", step.kind.rawValue)
            output.member("purpose", step.purpose)
            output.member("byHand", step.byHand)
            output.array("preconditions") { output in for command in step.preconditions { command.write(to: &output) } }
            output.array("commands") { output in for command in step.commands { command.write(to: &output) } }
          }
        }
      }
    }
  }
}

extension MoveCommand {
  /// As a shell takes it, and where it belongs.
  fileprivate var lines: [String] { (host.map { ["# on \($0)"] } ?? []) + [line] }

  private var line: String {
    arguments.map(shellWord).joined(separator: " ") + (output.map { " > \(shellQuoted($0))" } ?? "")
  }

  fileprivate func write(to output: inout Output) {
    output.object(.inline) { output in
      output.member("host", host)
      output.member("command", line)
      output.array("arguments") { output in for argument in arguments { output.element(argument) } }
      output.member("output", self.output)
    }
  }
}
