// `fleet inventory`: what all stores hold, counted.

import ArgumentParser
import CyrusFleet
import CyrusMailboxes

/// Counts what stores hold.
struct FleetInventory: FleetCommand {
  static let schema = "fleet-inventory/1"

  static let configuration = CommandConfiguration(
    commandName: "inventory",
    abstract: "Count what all stores hold: users, mailboxes, tombstones, and what waits.",
    discussion: """
      Counts the mailboxes.db of each store's master, and the lines that wait for its
      replicas. USERS are those with a live mailbox; one on two stores counts twice
      in the total. With --indexes the index of each mailbox is asked how much its
      messages take, below the path of the template `data`.

      EXAMPLE
        dbinspect fleet inventory --layout production.dat
        dbinspect fleet inventory --by domain --top 20 store23 store254

      EXIT STATUS
        0  all stores are counted
        2  a list cannot be read, or damage took records away
      """)

  @OptionGroup var fleet: FleetOptions

  @Option(
    help: ArgumentHelp("What to count by over all stores, besides each store.", valueName: "grouping"),
    completion: .list(InventoryGrouping.allCases.map(\.rawValue)),
    transform: InventoryGrouping.init(argument:))
  var by: [InventoryGrouping] = []

  @Option(help: ArgumentHelp("At most so many groups of each grouping.", valueName: "count"))
  var top: UInt32?

  @Flag(help: "Ask the index of each mailbox how much its messages take.")
  var indexes = false

  @Flag(name: .customLong("hashimapspool"), inversion: .prefixedNo, help: "Directories lie below a letter.")
  var hashesSpool = true

  @Flag(name: .customLong("fulldirhash"), help: "The letter is taken of the whole name.")
  var usesFullHash = false

  @Flag(help: "Print one JSON document.")
  var json = false

  @OptionGroup var names: NameOptions
  @OptionGroup var reading: FleetReading

  @Argument(help: ArgumentHelp("A store, a slot or a host; all stores if none is given.", valueName: "store"))
  var subjects: [String] = []

  func validate() throws {
    if Set(by).count < by.count { throw ValidationError("a grouping can be given to --by only once") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readLayout()
    let isWhole = fleet.isWhole(layout)
    let chosen = try fleet.stores(subjects, layout)
    let progress = Progress(counted(chosen.count, "store"), .files)
    var inventory = CyrusFleet.FleetInventory(fleet.files(of: layout), now: { secondsNow() })
    inventory.groupings = Set(by)
    inventory.locking = reading.libraryLocking
    inventory.settings = names.settings
    inventory.asksIndexes = indexes
    inventory.paths.hashesSpool = hashesSpool
    inventory.paths.usesFullHash = usesFullHash
    inventory.paths.defaultDomain = names.defaultDomain
    inventory.paths.deletedPrefix = names.deletedPrefix
    inventory.jobs = reading.jobs
    inventory.progress = { done, total in progress.update(UInt64(done), of: UInt64(total)) }
    let table = InventoryTable(inventory.stores(chosen), by: by, limit: top.map { Int($0) } ?? .max)
    progress.end()
    if json { output.document(Self.schema) { table.write(to: &$0) } } else { table.print(to: &output) }
    output.flush()
    table.tell()
    return isWhole ? table.status : .broken
  }
}
