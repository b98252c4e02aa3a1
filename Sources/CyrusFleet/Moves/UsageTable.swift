// A table of what is used, by slots and users, as somebody else has measured it.
//
//     # what df and quota say
//     slot  sloti30t01  940000000000  1000000000000
//     user  store23     alice         12000000000
//     user  store23     bob           30000000000    held
//
// A tab between fields, bytes in decimal. A line that begins with # is a comment.
//
// What surprises: a store counts only if all of its slots are there, for the fullest of them decides. Of a store with no
// line at all nothing is known: it neither gives nor takes users.
//
// Facts: Docs/Fleet.md.

/// Something wrong with a table, or with what was read instead of one.
public struct UsageProblem: Sendable, Hashable, CustomStringConvertible {
  /// Which line, counted from 1; 0 if it is about none.
  public let line: Int
  /// What is wrong: expected and found.
  public let message: String

  /// A problem of a line, or of none.
  public init(line: Int = 0, message: String) {
    self.line = line
    self.message = message
  }

  /// For example `line 3: bytes: expected a number, found '12k'`.
  public var description: String { line > 0 ? "line \(line): \(message)" : message }
}

/// A table of what is used.
public struct UsageTable: Sendable, Hashable {
  /// How full slots are.
  public private(set) var slots: [SlotName: SlotUsage] = [:]
  /// Users by the names of stores, in the order of the table.
  public private(set) var users: [String: [UserUsage]] = [:]
  /// What is wrong. What is not named here can be relied on.
  public private(set) var problems: [UsageProblem] = []

  private var storesOfUsers: [String: String] = [:]

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - bytes: The file.
  ///   - layout: Which slots and stores there are.
  /// - Complexity: O(bytes).
  public init(parsing bytes: [UInt8], for layout: FleetLayout) {
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let text = line.last == 0x0D ? line.dropLast() : line
      if text.isEmpty || text.first == UInt8(ascii: "#") { continue }
      if let message = read(text, layout) { problems.append(UsageProblem(line: index + 1, message: message)) }
    }
    for store in layout.stores {
      let missing = layout.slots(of: store).filter { slots[$0.name] == nil }
      if missing.count == layout.slots(of: store).count {
        if let count = users[store.name]?.count {
          problems.append(UsageProblem(message: "\(store.name) has users (\(count)), and no slot"))
        }
      } else if let first = missing.first {
        problems.append(UsageProblem(message: "no line has \(first.text), which \(store.name) has"))
      }
    }
  }

  /// Reads a line.
  ///
  /// - Returns: What is wrong with it; nil if nothing is.
  private mutating func read(_ line: ArraySlice<UInt8>, _ layout: FleetLayout) -> String? {
    guard let text = String(validating: line, as: UTF8.self) else { return "is not UTF-8" }
    let fields = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    switch fields[0] {
    case "slot":
      guard fields.count == 4 else { return "slot: expected 4 fields with tabs between them, found \(fields.count)" }
      return readSlot(fields, layout)
    case "user":
      guard fields.count == 4 || fields.count == 5 else {
        return "user: expected 4 or 5 fields with tabs between them, found \(fields.count)"
      }
      return readUser(fields, layout)
    default: return "expected slot or user, found '\(fields[0])'"
    }
  }

  private mutating func readSlot(_ fields: [String], _ layout: FleetLayout) -> String? {
    guard let slot = layout.slot(named: fields[1]) else { return "slot: no line of the layout gives '\(fields[1])'" }
    guard let used = Self.number(fields[2]) else { return Self.noNumber("used", fields[2]) }
    guard let capacity = Self.number(fields[3]) else { return Self.noNumber("capacity", fields[3]) }
    guard capacity > 0 else { return "capacity: expected 1 or more, found 0" }
    if slots[slot.name] != nil { return "\(slot.text) comes twice" }
    slots[slot.name] = SlotUsage(used: used, capacity: capacity)
    return nil
  }

  private mutating func readUser(_ fields: [String], _ layout: FleetLayout) -> String? {
    guard layout.store(named: fields[1]) != nil else { return "store: the layout has no '\(fields[1])'" }
    if fields[2].isEmpty { return "user: expected a name, found nothing" }
    guard let size = Self.number(fields[3]) else { return Self.noNumber("size", fields[3]) }
    if fields.count == 5, fields[4] != "held" { return "expected held or nothing, found '\(fields[4])'" }
    if let other = storesOfUsers[fields[2]] {
      return other == fields[1]
        ? "\(fields[2]) comes twice" : "F01: \(fields[2]) is on two stores: \(other), \(fields[1])"
    }
    storesOfUsers[fields[2]] = fields[1]
    users[fields[1], default: []].append(UserUsage(name: fields[2], size: size, isHeld: fields.count == 5))
    return nil
  }

  private static func noNumber(_ what: String, _ text: String) -> String {
    "\(what): expected a number of bytes, found '\(text)'"
  }

  private static func number(_ text: String) -> UInt64? {
    // A sign would be taken, too.
    text.utf8.allSatisfy { ASCII.isDigit($0) } ? UInt64(text) : nil
  }

  /// The stores whose slots are all there, in the order of the layout, and the names of the others.
  public func stores(of layout: FleetLayout) -> (known: [StoreUsage], unknown: [String]) {
    var known: [StoreUsage] = []
    var unknown: [String] = []
    for store in layout.stores {
      let usages = layout.slots(of: store).map { slots[$0.name] }
      if usages.isEmpty || usages.contains(where: { $0 == nil }) {
        unknown.append(store.name)
      } else {
        known.append(StoreUsage(store: store, slots: usages.compactMap { $0 }, users: users[store.name] ?? []))
      }
    }
    return (known, unknown)
  }
}
