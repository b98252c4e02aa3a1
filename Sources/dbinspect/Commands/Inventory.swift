// `inventory`: what a mailboxes.db holds, counted.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes

/// Counts mailboxes.
struct Inventory: DatabaseCommand, JSONCommand {
  static let schema = "inventory/1"

  static let configuration = CommandConfiguration(
    abstract: "Count the mailboxes of a mailboxes.db: in all, and by user, domain, partition and so on.",
    usage: "dbinspect inventory FILE [--by GROUPING]… [--top N] [options]",
    discussion: """
      Every mailbox is one of: live, intermediate (stands for a missing parent),
      reserved (its creation did not end), deleted (and kept for a while), tombstone,
      unreadable (its record does not say which). Remote ones and those being moved
      are counted besides. Without --by, the ten biggest users. Groups with most live
      mailboxes come first; a mailbox is in a group of each identifier in its ACL.

      GROUPINGS
        user, domain, partition, server, type, acl-identifier; - stands for mailboxes
        that have none

      JSON
        {"schema": "inventory/1", "file", "engine", "state", "keys", "releases",
        "records", "expected", "complete", "damaged", "totals",
        "anomalies": [{"code", "count"}], "groupings": [{"by", "count",
        "groups": [{"name", …}]}]}; totals and groups have "mailboxes", "live",
        "intermediate", "reserved", "deleted", "tombstones", "unreadable", "remote",
        "moving", "oldestMtime", "newestMtime", "createdmodseqMax",
        "foldermodseqMax", "depthMax"

      EXAMPLE
        dbinspect inventory mailboxes.db --by partition --by domain

      EXIT STATUS
        0   counted
        2   damage took records away that are not counted, the file is cut, or the
            header counts more of them
        65  not a list of mailboxes
      """)

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Option(
    help: ArgumentHelp("What to count by, besides all.", valueName: "grouping"),
    completion: .list(InventoryGrouping.allCases.map(\.rawValue)),
    transform: InventoryGrouping.init(argument:))
  var by: [InventoryGrouping] = []

  @Option(
    help: ArgumentHelp("At most so many groups of each grouping.", valueName: "count"),
    transform: { text in
      guard let count = UInt32(text), count > 0 else {
        throw ValidationError("'\(text)' is no number of groups for --top: it takes 1 and more")
      }
      return count
    })
  var top: UInt32?

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @Flag(name: .shortAndLong, help: "Say nothing on standard error if all is well.")
  var quiet = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if Set(by).count < by.count { throw ValidationError("a grouping can be given to --by only once") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let groupings = by.isEmpty ? [.user] : by
    let limit = top.map { Int($0) } ?? (by.isEmpty ? 10 : .max)
    let database = try common.database(at: file)
    let progress = Progress(file, .records)
    let (inventory, form, state, whole, stateNote) = try database.read(locking: common.libraryLocking) { snapshot in
      let expected = snapshot.expectedCount
      let inventory = try CyrusMailboxes.Inventory(of: snapshot, by: Set(groupings), threads: usualThreadCount) {
        progress.update($0, of: expected)
      }
      let whole = Completeness(
        found: inventory.records, expected: expected, damageCount: Int(clamping: inventory.damageCount),
        isCut: snapshot.state == .truncated)
      return (inventory, try MailboxListForm(of: snapshot), snapshot.state, whole, note(on: snapshot))
    }
    progress.end()
    try MailboxDatabase.require(form, in: database, common.libraryLocking)
    if json {
      output.document(Self.schema) { output in
        output.member("file", file)
        output.member("engine", common.engineName(of: database))
        output.member("state", state.rawValue)
        output.member("keys", "\(form.keys)")
        output.member("releases", form.generation?.releases)
        output.member("records", inventory.records)
        output.member("expected", whole.expected)
        output.member("complete", whole.isComplete)
        write(inventory, groupings, limit, to: &output)
      }
    } else {
      print(inventory, whole, form, groupings, limit, to: &output)
    }
    output.flush()
    if let stateNote, !(quiet && whole.isComplete) { Talk.say("note: \(stateNote)", about: file) }
    if !whole.isComplete {
      let damage = whole.damageCount > 0 ? ", damage at \(counted(whole.damageCount, "place"))" : ""
      Talk.say("\(whole.description) counted\(damage): INCOMPLETE", about: file)
      Completeness.tellWhatHelps(file)
    }
    return whole.status
  }

  // MARK: - JSON

  private func write(
    _ inventory: CyrusMailboxes.Inventory, _ groupings: [InventoryGrouping], _ limit: Int, to output: inout Output
  ) {
    output.member("damaged", inventory.damageCount)
    output.object("totals", .inline) { write(inventory.totals, to: &$0) }
    output.array("anomalies") { output in
      for (code, count) in inventory.anomalies.sorted(by: { $0.key < $1.key }) {
        output.object(.inline) { output in
          output.member("code", code)
          output.member("count", count)
        }
      }
    }
    output.array("groupings") { output in
      for grouping in groupings {
        output.object { output in
          output.member("by", grouping.rawValue)
          output.member("count", inventory.groupCount(by: grouping))
          output.array("groups") { output in
            for group in inventory.biggest(grouping, count: limit) {
              output.object(.inline) { output in
                if let name = group.name {
                  output.member("name", bytes: name.rawSpan)
                } else {
                  output.member("name", nil as String?)
                }
                write(group.counts, to: &output)
              }
            }
          }
        }
      }
    }
  }

  private func write(_ counts: MailboxCounts, to output: inout Output) {
    output.member("mailboxes", counts.mailboxes)
    for (name, number) in Self.columns { output.member(name, number(counts)) }
    output.member("oldestMtime", counts.oldestMtime)
    output.member("newestMtime", counts.newestMtime)
    output.member("createdmodseqMax", counts.createdModseqMax)
    output.member("foldermodseqMax", counts.folderModseqMax)
    output.member("depthMax", counts.depthMax)
  }

  // MARK: - Text

  private static let columns: [(name: String, number: @Sendable (MailboxCounts) -> UInt64)] = [
    ("live", \.live), ("intermediate", \.intermediate), ("reserved", \.reserved), ("deleted", \.deletedDelayed),
    ("tombstones", \.tombstones), ("unreadable", \.unreadable), ("remote", \.remote), ("moving", \.moving),
  ]

  private func print(
    _ inventory: CyrusMailboxes.Inventory, _ whole: Completeness, _ form: MailboxListForm,
    _ groupings: [InventoryGrouping], _ limit: Int, to output: inout Output
  ) {
    let totals = inventory.totals
    func row(_ name: String, _ text: String) { output.line(name.padded(to: 16) + text) }
    row("file", printable(file))
    row("releases", form.text)
    row("records", "\(inventory.records)" + (whole.isShort ? " of \(whole.expected ?? 0) by the header" : ""))
    row("mailboxes", "\(totals.mailboxes)")
    for (name, number) in Self.columns where number(totals) > 0 { row("  \(name)", "\(number(totals))") }
    if let oldest = totals.oldestMtime, let newest = totals.newestMtime {
      row("written", "\(timestamp(oldest)) to \(timestamp(newest))")
    }
    if let modseq = totals.folderModseqMax { row("modseq", "at most \(modseq)") }
    row("depth", "at most \(totals.depthMax)")
    for (code, count) in inventory.anomalies.sorted(by: { $0.key < $1.key }) { row("anomaly", "\(code): \(count)") }
    for grouping in groupings { print(inventory, grouping, limit, to: &output) }
  }

  private func print(
    _ inventory: CyrusMailboxes.Inventory, _ grouping: InventoryGrouping, _ limit: Int, to output: inout Output
  ) {
    let all = inventory.groupCount(by: grouping)
    let groups = inventory.biggest(grouping, count: limit)
    // Columns of nothing but zeros tell nothing.
    let columns = Self.columns.filter { column in
      column.name == "live" || groups.contains { column.number($0.counts) > 0 }
    }
    let names = groups.map { $0.name.map { escaped($0.rawSpan) } ?? "-" }
    let width = max(grouping.rawValue.count, min(MailboxTable.widthMax, names.map(\.unicodeScalars.count).max() ?? 0))
    let widths = columns.map { column in
      max(column.name.count, groups.map { "\(column.number($0.counts))".count }.max() ?? 0)
    }
    output.line()
    var heading = grouping.rawValue.padded(to: width)
    for (column, width) in zip(columns, widths) { heading += "  " + column.name.rightAligned(to: width) }
    output.append(heading, in: .bold)
    output.line()
    for (name, group) in zip(names, groups) {
      var row = name.padded(to: width)
      for (column, width) in zip(columns, widths) {
        row += "  " + "\(column.number(group.counts))".rightAligned(to: width)
      }
      output.line(row)
    }
    if groups.count < all { output.line("… of \(counted(all, "group"))") }
  }
}

extension MailboxListForm {
  /// In words: `3.6 to 3.12, prefixed keys`.
  var text: String {
    let form = "\(keys) keys\(isMixed ? ", but some of the other form" : "")"
    guard let generation else { return isEmpty ? "unknown: no records" : "unknown, \(form)" }
    return "\(generation.releases), \(form)"
  }
}

extension InventoryGrouping {
  /// A grouping as it is given.
  init(argument name: String) throws {
    guard let grouping = InventoryGrouping(rawValue: name) else {
      let known = InventoryGrouping.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("'\(name)' is nothing to count by; known are \(known)")
    }
    self = grouping
  }
}
