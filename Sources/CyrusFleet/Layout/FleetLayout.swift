// The layout of a fleet: which slots there are on which servers, and which stores they hold.
//
// One text file, a line for each group of slots and for each store, and nothing else knows it. It is read without loss:
// what is written back is what was read, comments, padding and broken lines included.
//
// Facts: Docs/Formats/fleet-layout.md.

/// A layout, as a file has it.
///
/// ```swift
/// let layout = FleetLayout(parsing: bytes)
/// for finding in layout.findings() { print(finding) }
/// if let slot = layout.slot(named: "sloti30t15") { print(slot.host, slot.address) }
/// ```
///
/// Reading never fails: each line is read alone, and what cannot be read is a finding. Slots are not kept one by one, so
/// memory is that of the text, whatever counts its lines have.
public struct FleetLayout: Sendable {
  /// All lines, in the order of the file.
  public private(set) var lines: [LayoutLine] = []
  /// What was odd about single lines.
  private(set) var lineFindings: [LayoutFinding] = []
  /// Where sites are.
  public let locations: Locations

  /// The groups of slots, in the order of the file.
  public private(set) var groups: [SlotGroup] = []
  /// The stores, in the order of the file.
  public private(set) var stores: [FleetStore] = []
  /// On which line each group and each store is, counted from 0.
  private(set) var groupLines: [Int] = []
  private(set) var storeLines: [Int] = []

  // Of several with one name the first one counts.
  private var groupPlaces: [String: Int] = [:]
  private var storePlaces: [String: Int] = [:]
  private var storesOfSlots: [SlotName: Int] = [:]

  /// Reads a layout.
  ///
  /// - Parameters:
  ///   - bytes: The file.
  ///   - locations: Where sites are.
  /// - Complexity: O(bytes).
  public init(parsing bytes: [UInt8], locations: Locations = .standard) {
    self.locations = locations
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      // What follows the last line feed is a line only if there is something.
      if line.endIndex == bytes.endIndex { if !line.isEmpty { add(Array(line)) } } else { add(line + [0x0A]) }
    }
  }

  /// Adds a line as it would be read.
  private mutating func add(_ bytes: [UInt8]) {
    let line = LayoutLine(bytes, number: lines.count + 1, &lineFindings)
    switch line.content {
    case .empty, .unreadable: break
    case .slots(let group):
      // One that gives no slot stands in nobody's way.
      if group.count > 0, groupPlaces[group.namesKey] == nil { groupPlaces[group.namesKey] = groups.count }
      groups.append(group)
      groupLines.append(lines.count)
    case .store(let store):
      if storePlaces[store.name] == nil { storePlaces[store.name] = stores.count }
      for slot in store.slots where storesOfSlots[slot] == nil { storesOfSlots[slot] = stores.count }
      stores.append(store)
      storeLines.append(lines.count)
    }
    lines.append(line)
  }

  /// The file: exactly what was read, and lines that were added behind.
  public var bytes: [UInt8] { lines.flatMap(\.bytes) }

  /// Adds a line for a store at the end.
  public mutating func append(_ store: FleetStore) {
    if let last = lines.last, last.bytes.last != UInt8(ascii: "\n") {
      lines[lines.count - 1] = LayoutLine(endingLineOf: last)
    }
    add(Array(store.line.utf8) + [0x0A])
  }
}

extension LayoutLine {
  /// The same with a line feed at its end.
  fileprivate init(endingLineOf line: LayoutLine) {
    bytes = line.bytes + [0x0A]
    content = line.content
    columns = line.columns
  }
}

// MARK: - Slots, stores and hosts

extension FleetLayout {
  /// The slot with this name; nil if no line gives it.
  ///
  /// - Complexity: O(1).
  public func slot(named name: SlotName) -> FleetSlot? {
    guard let place = groupPlaces[name.prefix.text + String(name.kind)], name.number <= groups[place].count else {
      return nil
    }
    return FleetSlot(name: name, group: groups[place], site: locations[name.prefix.site])
  }

  /// The slot with this name, as it is written; nil if no line gives it.
  public func slot(named text: String) -> FleetSlot? { SlotName(text).flatMap { slot(named: $0) } }

  /// A slot of a group.
  ///
  /// - Precondition: `number` is 1 to the group's count.
  public func slot(_ number: UInt64, of group: SlotGroup) -> FleetSlot {
    FleetSlot(
      name: SlotName(prefix: group.prefix, kind: group.kind, number: number), group: group,
      site: locations[group.prefix.site])
  }

  /// The slots of a store that lines give, in the order of its line.
  public func slots(of store: FleetStore) -> [FleetSlot] { store.slots.compactMap { slot(named: $0) } }

  /// The same by name, byte by byte, each once.
  public func slotsByName(of store: FleetStore) -> [FleetSlot] {
    Set(slots(of: store)).sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
  }

  /// The store with this name; nil if there is none.
  public func store(named name: String) -> FleetStore? { storePlaces[name].map { stores[$0] } }

  /// The store that a slot belongs to; nil if it is empty.
  public func store(of slot: SlotName) -> FleetStore? { storesOfSlots[slot].map { stores[$0] } }

  /// The name of the server that a group of slots is on.
  public func host(of group: SlotGroup) -> String {
    locations[group.prefix.site].hostStem + group.prefix.serverDigits
  }

  /// The names of all servers, in natural order.
  public var hosts: [String] { Set(groups.map { host(of: $0) }).sorted(by: NaturalOrder.isBefore) }

  /// The stores with a slot on a server, in the order of the file.
  public func stores(onHost host: String) -> [FleetStore] {
    stores.filter { store in slots(of: store).contains { $0.host == host } }
  }

  /// How many slots all groups have; of groups that give the same names one.
  public var slotCount: UInt64 { groupPlaces.values.reduce(0) { $0 + groups[$1].count } }

  /// How many of them belong to a store.
  public var occupiedSlotCount: Int { storesOfSlots.keys.count { slot(named: $0) != nil } }

  /// The slot that should be master: the first one in the store's master location, else the first one; nil if no line
  /// gives any of its slots.
  public func primary(of store: FleetStore) -> FleetSlot? {
    let slots = slots(of: store)
    return slots.first { $0.location == store.masterLocation } ?? slots.first
  }
}
