// `fleet balance`: whom to move so that no store is fuller than it should be.

import ArgumentParser
import CyrusFleet
import CyrusMailboxes

/// Plans moves of users away from stores that are too full.
struct FleetBalance: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "balance",
    abstract: "Choose users to move away from stores that are too full.",
    discussion: """
      A store is as full as the fullest of its slots. Of one above its target users
      are taken at random, by the seed, to the emptiest store of the same branch and
      location that stays --headroom below its own target. Stores with target 0 take
      no part. The same input gives the same plan; nothing is moved.

      Prints a line for each user that was looked at, with tabs between fields:
      store, user, bytes, and what becomes of him.

      USAGE
        --usage takes a table, with tabs between fields, in bytes:
          slot  sloti30t01  940000000000  1000000000000   used, capacity
          user  store23     alice         12000000000
          user  store23     bob           30000000000     held
        --from reads it from the masters' files instead: quota from quotas.db, index
        from the indexes of all mailboxes. Then all slots of a store are as full, and
        as large as the layout says.

      EXAMPLE
        dbinspect fleet balance --usage usage.tsv --seed 23
        dbinspect fleet balance --from quota --root /copies --users 10 --json

      EXIT STATUS
        0  no store is too full, or none is any more
        1  some store stays too full
        2  the layout, the table or a file has errors: nothing is planned
      """)

  /// What masters have that tells.
  enum Source: String, ExpressibleByArgument, CaseIterable {
    case quota, index

    fileprivate var library: UsageReader.Source { self == .quota ? .quota : .index }
  }

  @OptionGroup var fleet: FleetOptions

  @Option(help: ArgumentHelp("The table of what is used.", valueName: "file"), completion: .file())
  var usage: String?

  @Option(help: "Read what is used from the masters: quota or index.")
  var from: Source?

  @Option(help: ArgumentHelp("How far below its target a store that takes users stays.", valueName: "percent"))
  var headroom: UInt64 = 5

  @Option(help: ArgumentHelp("What the order of users comes from.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Move at most so many users.", valueName: "count"))
  var users: Int?

  @Option(help: ArgumentHelp("Move at most so many bytes.", valueName: "count"))
  var bytes: UInt64?

  @Option(help: ArgumentHelp("A user who stays; may be given more than once.", valueName: "user"))
  var pin: [String] = []

  @Flag(name: .customLong("hashimapspool"), inversion: .prefixedNo, help: "Directories lie below a letter.")
  var hashesSpool = true

  @Flag(name: .customLong("fulldirhash"), help: "The letter is taken of the whole name.")
  var usesFullHash = false

  @Flag(help: "Print one JSON document.")
  var json = false

  @OptionGroup var names: NameOptions

  func validate() throws {
    if (usage == nil) == (from == nil) { throw ValidationError("one of --usage and --from is needed") }
    guard headroom <= 100 else { throw ValidationError("--headroom takes 0 to 100") }
    if let users, users < 0 { throw ValidationError("--users takes numbers from 0 on") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readSoundLayout()
    let (stores, unknown) = try readUsage(layout)
    var request = BalanceRequest()
    request.headroom = headroom
    request.seed = seed
    request.userLimit = users
    request.sizeLimit = bytes
    let result = BalanceResult(hold(pin, in: stores), request)
    if json { write(result, unknown, to: &output) } else { print(result, to: &output) }
    output.flush()
    tell(result, unknown)
    return Self.status(of: result)
  }

  /// How the command ends.
  static func status(of result: BalanceResult) -> ExitStatus { result.leavesExcess ? .no : .yes }

  // MARK: - Usage

  private func readUsage(_ layout: FleetLayout) throws(Failure) -> (known: [StoreUsage], unknown: [String]) {
    guard let from else {
      let file = usage ?? ""
      let table = UsageTable(parsing: try wholeFile(file), for: layout)
      try refuse(table.problems, about: file)
      return table.stores(of: layout)
    }
    var reader = UsageReader(fleet.files(of: layout))
    reader.settings = names.settings
    reader.hashesSpool = hashesSpool
    reader.usesFullHash = usesFullHash
    let progress = Progress("stores", .files)
    var stores: [StoreUsage] = []
    var problems: [UsageProblem] = []
    for (index, store) in layout.stores.enumerated() {
      do throws(UnreadFile) {
        let reading = try reader.usage(of: store, from: from.library)
        stores.append(reading.usage)
        problems += reading.problems
      } catch {
        problems.append(UsageProblem(message: error.description))
      }
      progress.update(UInt64(index + 1), of: UInt64(layout.stores.count))
    }
    progress.end()
    try refuse(problems + UsageReader.doubleHomes(in: stores), about: nil)
    return (stores, [])
  }

  /// Says what is wrong.
  ///
  /// - Throws: `Failure` if something is: whom to move is not planned by half.
  private func refuse(_ problems: [UsageProblem], about file: String?) throws(Failure) {
    guard let last = problems.last else { return }
    for problem in problems.dropLast() { Talk.say(problem.description, about: file) }
    throw Failure(.broken, file: file, last.description, hint: "nothing was planned")
  }

  /// Holds users back.
  private func hold(_ pinned: [String], in stores: [StoreUsage]) -> [StoreUsage] {
    var stores = stores
    var left = Set(pinned)
    for store in stores.indices {
      for user in stores[store].users.indices where pinned.contains(stores[store].users[user].name) {
        stores[store].users[user].isHeld = true
        left.remove(stores[store].users[user].name)
      }
    }
    for user in left.sorted() { Talk.line("note: --pin \(shellWord(user)): there is no such user") }
    return stores
  }

  // MARK: - Printing

  private func print(_ result: BalanceResult, to output: inout Output) {
    for decision in result.decisions {
      output.line(
        "\(decision.store)\t\(printable(decision.user.name))\t\(decision.user.size)\t\(decision.outcome.text)")
    }
  }

  private func tell(_ result: BalanceResult, _ unknown: [String]) {
    if !unknown.isEmpty {
      Talk.line("note: nothing is known of \(counted(unknown.count, "store")), such as \(unknown[0])")
    }
    for store in result.busy {
      let slot = store.usage.fullest
      Talk.line(
        "\(store.usage.store.name): \(slot.used) of \(slot.capacity) bytes used, target \(store.usage.store.target) %: "
          + "\(store.excessBefore) too many, \(store.excessAfter) after these moves")
    }
    Talk.line("\(counted(result.moves.count, "user")) to move, \(size(result.movedSize))")
  }

  private func write(_ result: BalanceResult, _ unknown: [String], to output: inout Output) {
    output.document("fleet-balance/1") { output in
      output.member("headroom", headroom)
      output.member("seed", seed)
      output.array("stores") { output in
        for store in result.busy {
          output.object(.inline) { output in
            output.member("store", store.usage.store.name)
            output.member("target", store.usage.store.target)
            output.member("used", store.usage.fullest.used)
            output.member("capacity", store.usage.fullest.capacity)
            output.member("excessBefore", store.excessBefore)
            output.member("excessAfter", store.excessAfter)
          }
        }
      }
      output.array("unknown") { output in for store in unknown { output.element(store) } }
      output.array("decisions") { output in
        for decision in result.decisions {
          output.object(.inline) { output in
            output.member("store", decision.store)
            output.member("user", decision.user.name)
            output.member("bytes", decision.user.size)
            output.member("outcome", decision.outcome.name)
            if case .moves(let store, let excess) = decision.outcome {
              output.member("to", store)
              output.member("excess", excess)
            }
          }
        }
      }
      output.member("moves", result.moves.count)
      output.member("movedBytes", result.movedSize)
    }
  }
}

extension MoveDecision.Outcome {
  /// For programs.
  fileprivate var name: String {
    switch self {
    case .moves: "moves"
    case .isHeld: "held"
    case .isTooLarge: "tooLarge"
    case .hasNoPlace: "noPlace"
    case .isOverLimit: "overLimit"
    }
  }

  /// For people.
  fileprivate var text: String {
    switch self {
    case .moves(let store, let excess): "moves to \(store), excess \(excess)"
    case .isHeld: "stays: held"
    case .isTooLarge: "stays: more than twice what is too much"
    case .hasNoPlace: "stays: no store can take him"
    case .isOverLimit: "stays: over the limit of bytes"
    }
  }
}
