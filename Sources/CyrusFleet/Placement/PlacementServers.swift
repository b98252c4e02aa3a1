// What a placement knows of servers: their slots, which of them are used, and what they have in common.

/// A server with its slots.
struct PlacementServer {
  let host: String
  let location: String
  let groups: [SlotGroup]
  let total: UInt64
  var used: UInt64 = 0
  var masters = 0
}

/// All servers, and what is used of them.
struct PlacementServers {
  private let layout: FleetLayout
  private let excludedHosts: Set<String>
  private(set) var servers: [PlacementServer] = []
  private var places: [String: Int] = [:]
  /// Slots of stores, and excluded ones.
  private var taken: Set<SlotName>
  /// By what names of slots of a group have in common: a number below which all of them are taken.
  private var lowestNumbers: [String: UInt64] = [:]
  /// How many stores two servers have in common, by their places, the lower one first.
  private var pairs: [[Int]: Int] = [:]

  init(_ layout: FleetLayout, _ request: PlacementRequest) {
    self.layout = layout
    excludedHosts = request.excludedHosts
    taken = request.excludedSlots
    var groups: [String: [SlotGroup]] = [:]
    for group in layout.groups { groups[layout.host(of: group), default: []].append(group) }
    for host in groups.keys.sorted(by: NaturalOrder.isBefore) {
      let own = (groups[host] ?? []).sorted { $0.prefix.disk ?? 0 < $1.prefix.disk ?? 0 }
      places[host] = servers.count
      servers.append(
        PlacementServer(
          host: host, location: layout.locations[own[0].prefix.site].code, groups: own,
          total: own.reduce(0) { $0 + $1.count }))
    }
    for store in layout.stores { take(layout.slots(of: store)) }
  }

  /// Takes in a store that was placed.
  mutating func take(_ choices: [PlacementChoice]) { take(choices.map(\.slot)) }

  private mutating func take(_ slots: [FleetSlot]) {
    let hosts = slots.compactMap { places[$0.host] }
    for (index, (slot, place)) in zip(slots, hosts).enumerated() {
      taken.insert(slot.name)
      lowestNumbers[slot.group.namesKey] = lowestEmptySlot(of: slot.group)?.name.number ?? slot.group.count + 1
      servers[place].used += 1
      if index == 0 { servers[place].masters += 1 }
    }
    let unique = Set(hosts).sorted()
    for (index, place) in unique.enumerated() {
      for other in unique[(index + 1)...] { pairs[[place, other], default: 0] += 1 }
    }
  }

  /// How many stores two servers have in common.
  func pairCount(_ one: Int, _ other: Int) -> Int { pairs[[min(one, other), max(one, other)]] ?? 0 }

  /// Whether a server may be chosen at all.
  func isExcluded(_ place: Int) -> Bool { excludedHosts.contains(servers[place].host) }

  /// The empty slot of a server with the lowest disk group and number; nil if there is none.
  ///
  /// - Parameter first: A slot whose kind it must have, and at least its size.
  func lowestEmptySlot(_ place: Int, like first: FleetSlot? = nil) -> FleetSlot? {
    var lowest: FleetSlot?
    for group in servers[place].groups {
      if let first, group.kind != first.name.kind || group.dataSize < first.group.dataSize { continue }
      if let found = lowest, group.prefix.disk ?? 0 > found.name.prefix.disk ?? 0 { break }
      guard let slot = lowestEmptySlot(of: group) else { continue }
      if let found = lowest, (found.name.number, found.text) <= (slot.name.number, slot.text) { continue }
      lowest = slot
    }
    return lowest
  }

  private func lowestEmptySlot(of group: SlotGroup) -> FleetSlot? {
    var number = lowestNumbers[group.namesKey] ?? 1
    while number <= group.count {
      let slot = layout.slot(number, of: group)
      if !taken.contains(slot.name) { return slot }
      number += 1
    }
    return nil
  }
}
