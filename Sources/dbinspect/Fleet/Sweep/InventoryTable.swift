// What the inventory of a fleet comes to: a table for people, a document for programs.

import CyrusFleet
import CyrusMailboxes

/// The inventories of some stores, and what they come to.
struct InventoryTable {
  private let stores: [StoreInventory]
  private let groupings: [InventoryGrouping]
  private let limit: Int
  /// All of them together.
  private let sum: CyrusMailboxes.Inventory
  private let usage: MailboxUsage?

  /// - Parameter limit: How many groups of each grouping are told.
  init(_ stores: [StoreInventory], by groupings: [InventoryGrouping], limit: Int) {
    self.stores = stores
    self.groupings = groupings
    self.limit = limit
    sum = stores.compactMap(\.inventory).reduce(CyrusMailboxes.Inventory(by: Set(groupings))) { $0.merging($1) }
    let usages = stores.compactMap(\.usage)
    usage = usages.isEmpty ? nil : usages.reduce(MailboxUsage()) { $0.merging($1) }
  }

  private var userCount: Int { stores.reduce(0) { $0 + ($1.userCount ?? 0) } }
  private var pendingLineCount: Int { stores.reduce(0) { $0 + ($1.pendingLineCount ?? 0) } }
  private var oldestAge: Int64? { stores.compactMap(\.oldestAge).max() }

  /// How the command ends.
  var status: ExitStatus {
    stores.allSatisfy { $0.problem == nil && $0.inventory?.damageCount == 0 } ? .yes : .broken
  }

  /// Says what could not be counted.
  func tell() {
    for store in stores {
      if let problem = store.problem { Talk.say(problem, about: store.store) }
      if let count = store.inventory?.damageCount, count > 0 {
        Talk.say("damage at \(counted(count, "place")) took records away: INCOMPLETE", about: store.store)
      }
    }
  }

  // MARK: - Text

  private static let counts: [(name: String, number: @Sendable (MailboxCounts) -> UInt64)] = [
    ("live", \.live), ("deleted", \.deletedDelayed), ("tombstones", \.tombstones),
    ("intermediate", \.intermediate), ("reserved", \.reserved), ("unreadable", \.unreadable), ("remote", \.remote),
    ("moving", \.moving),
  ]

  func print(to output: inout Output) {
    // Columns of nothing but zeros tell nothing.
    let columns = Self.counts.enumerated().filter { $0 < 3 || $1.number(sum.totals) > 0 }.map(\.element)
    func row(
      _ name: String, _ users: Int?, _ counts: MailboxCounts?, _ usage: MailboxUsage?, _ lines: Int?, _ age: Int64?
    ) -> [String] {
      var row = [name, users.map { "\($0)" } ?? "-"]
      row += columns.map { column in counts.map { "\(column.number($0))" } ?? "-" }
      if self.usage != nil { row.append(usage.map(Self.text(of:)) ?? "-") }
      return row + [lines.map { "\($0)" } ?? "-", age.map(duration) ?? "-"]
    }
    var rows = [["STORE", "USERS"] + columns.map { $0.name.uppercased() }]
    if usage != nil { rows[0].append("SIZE") }
    rows[0] += ["PENDING", "OLDEST"]
    for store in stores {
      rows.append(
        row(
          printable(store.store), store.userCount, store.inventory?.totals, store.usage, store.pendingLineCount,
          store.oldestAge))
    }
    rows.append(row("total", userCount, sum.totals, usage, pendingLineCount, oldestAge))
    output.table(rows, numbers: Set(1..<rows[0].count))
    if let usage, usage.unreadCount > 0 {
      output.line("+ without \(counted(usage.unreadCount, "mailbox")) whose index cannot be read")
    }
    for grouping in groupings { print(grouping, columns, to: &output) }
  }

  /// What messages take; with a plus if some of it is not known.
  private static func text(of usage: MailboxUsage) -> String {
    usage.byteCount.map { rounded($0) + (usage.unreadCount > 0 ? "+" : "") } ?? "-"
  }

  private func print(
    _ grouping: InventoryGrouping, _ columns: [(name: String, number: @Sendable (MailboxCounts) -> UInt64)],
    to output: inout Output
  ) {
    let groups = sum.biggest(grouping, count: limit)
    var rows = [[grouping.rawValue.uppercased()] + columns.map { $0.name.uppercased() }]
    for group in groups {
      rows.append(
        [group.name.map { escaped($0.rawSpan) } ?? "-"] + columns.map { "\($0.number(group.counts))" })
    }
    output.line()
    output.table(rows, numbers: Set(1..<rows[0].count))
    let all = sum.groupCount(by: grouping)
    if groups.count < all { output.line("… of \(counted(all, "group"))") }
  }

  // MARK: - JSON

  func write(to output: inout Output) {
    output.object("totals", .inline) { output in
      output.member("stores", stores.count)
      output.member("users", userCount)
      write(sum.totals, usage, to: &output)
      output.member("lines", pendingLineCount)
      output.member("oldestAge", oldestAge)
    }
    output.array("stores") { output in
      for store in stores {
        output.object(.inline) { output in
          output.member("store", store.store)
          output.member("slot", store.slot)
          output.member("users", store.userCount)
          if let counts = store.inventory?.totals { write(counts, store.usage, to: &output) }
          output.member("damaged", store.inventory?.damageCount)
          output.member("lines", store.pendingLineCount)
          output.member("oldestAge", store.oldestAge)
          output.member("problem", store.problem)
        }
      }
    }
    output.array("groupings") { output in
      for grouping in groupings {
        output.object { output in
          output.member("by", grouping.rawValue)
          output.member("count", sum.groupCount(by: grouping))
          output.array("groups") { output in
            for group in sum.biggest(grouping, count: limit) {
              output.object(.inline) { output in
                output.member("name", bytesOrNull: group.name)
                write(group.counts, nil, to: &output)
              }
            }
          }
        }
      }
    }
  }

  private func write(_ counts: MailboxCounts, _ usage: MailboxUsage?, to output: inout Output) {
    output.member("mailboxes", counts.mailboxes)
    for (name, number) in Self.counts { output.member(name, number(counts)) }
    guard let usage else { return }
    output.member("bytes", usage.byteCount)
    output.member("unreadIndexes", usage.unreadCount)
  }
}
