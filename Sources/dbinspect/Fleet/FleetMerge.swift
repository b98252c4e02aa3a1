// `fleet merge`: what the hosts of a fleet found out, each for itself, brought together.

import ArgumentParser
import CyrusFleet

/// Merges streams.
struct FleetMerge: ToolCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Bring together what `fleet sweep --format ndjson` printed on many hosts.",
    discussion: """
      Merges streams of slots into one of the same form, in constant memory: a line
      of each file. Of several lines about one slot the newest is kept, so streams
      can be merged in any order and grouping, and more than once. With --table or
      --json the stores are judged by all of it: a replica whose list has another
      digest than its master's is taken for pending if lines are, else for drift.

      EXAMPLE
        dbinspect fleet merge hosts/*.ndjson > all.ndjson
        dbinspect fleet merge --table hosts/*.ndjson

      EXIT STATUS
        0   merged; with --table and --json: all stores are ok
        1   with --table and --json: the worst store is pending
        2   a stream is cut or broken, so that something may be missing; or with
            --table and --json: the worst store is worse than pending
        66  no such file
      """)

  @Flag(help: "Print a line for each store, the worst first, instead.")
  var table = false

  @Flag(help: "Print one JSON document, as fleet sweep --json does, instead.")
  var json = false

  @Option(help: "Colour the output: auto, always or never.")
  var color = ColorChoice.auto

  @Argument(help: ArgumentHelp("The streams.", valueName: "file"), completion: .file())
  var files: [String]

  func validate() throws {
    if table, json { throw ValidationError("--table and --json exclude each other") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    var readers: [SweepStreamReader] = []
    for file in files { readers.append(try SweepStreamReader(path: file)) }
    var merge = SweepMerge(readers.map { reader in { reader.next() } })
    if table || json {
      let stores = StoreTable(Self.stores(&merge))
      if json { output.document(FleetSweep.schema) { stores.write(to: &$0) } } else { stores.print(to: &output) }
      return readers.allSatisfy(\.isWhole) ? stores.status : .broken
    }
    var writer = SweepStreamWriter(to: &output)
    while !output.hasEnded, let line = merge.next() {
      output.append(line.bytes.rawSpan)
      output.line()
      writer.count(store: line.store)
    }
    // A reader that went away does not want to know what is behind.
    if output.hasEnded { return .yes }
    let isWhole = readers.allSatisfy(\.isWhole)
    writer.end(isComplete: isWhole, to: &output)
    return isWhole ? .yes : .broken
  }

  /// The stores of a stream, each judged once its last slot was met.
  private static func stores(_ merge: inout SweepMerge) -> [StoreCondition] {
    var stores: [StoreCondition] = []
    var slots: [SlotCondition] = []
    while let line = merge.next() {
      // It was read once already.
      guard case .slot(let slot)? = try? SweepStreamLine(line.bytes) else { continue }
      if let last = slots.last, last.store != slot.store {
        stores.append(StoreCondition(store: last.store, slots: slots))
        slots = []
      }
      slots.append(slot)
    }
    if let last = slots.last { stores.append(StoreCondition(store: last.store, slots: slots)) }
    return stores
  }
}
