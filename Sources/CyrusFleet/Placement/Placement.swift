// Where new stores go: empty slots on the least used servers, spread so that no two servers share too much.
//
// A search, position by position, depth first. At each position servers are tried in the order of a key: the share of
// their slots that is used, then (for the master) how many masters they have, then how many stores they share with the
// servers chosen already, then their name. It depends on nothing but what is given: the same layout places the same.
//
// What surprises: on a server only the lowest empty slot is tried, so a later position that finds no slot of its kind
// leads to another server, never to another slot of the same one.
//
// Facts: Docs/Formats/fleet-layout.md, section 9.

/// What is asked for.
public struct PlacementRequest: Sendable, Hashable {
  /// How many stores.
  public var count: Int
  /// The codes of the data centres of a store's slots, the one of the master first.
  public var pattern: [String]
  /// Which Cyrus they will run; `0` is the one of production.
  public var branch = "0"
  /// How full they may be, in percent.
  public var target: UInt64 = 90
  /// Servers that are left out.
  public var excludedHosts: Set<String> = []
  /// Slots that are left out.
  public var excludedSlots: Set<SlotName> = []
  /// How many stores two servers may have in common; nil for any number.
  public var pairLimit: Int?
  /// Whether all slots may be in one data centre.
  public var allowsOneLocation = false

  /// Stores of the usual shape: two slots in New York, one in Iceland and one in Amsterdam.
  public init(count: Int, pattern: [String] = ["n", "n", "i", "a"]) {
    self.count = count
    self.pattern = pattern
  }
}

/// What a slot has to fulfil, in the order in which it is asked.
public enum PlacementRule: Int, Sendable, Hashable, CaseIterable {
  /// Its server is in the location of the position; a pattern has two locations at least, unless one is allowed.
  case location = 3
  /// It is in no store and not excluded.
  case empty = 1
  /// Its server holds no slot chosen for this store already.
  case otherServer = 2
  /// It is of the first slot's kind, and has at least as much room.
  case likeFirst = 4
  /// No two servers have more stores in common than they may.
  case pairLimit = 5

  /// For people.
  public var meaning: String {
    switch self {
    case .empty: "it is in no store and not excluded"
    case .otherServer: "its server holds no slot of the store already"
    case .location: "it is in the location of its position, and locations differ"
    case .likeFirst: "it has the first slot's kind, and at least its size"
    case .pairLimit: "its server does not share more stores with another one than it may"
    }
  }
}

/// A slot that was chosen, and why: the key of its server at the time.
public struct PlacementChoice: Sendable, Hashable {
  /// The slot.
  public let slot: FleetSlot
  /// How many slots of its server were used, of how many.
  public let used: UInt64, total: UInt64
  /// How many masters its server had; counts for the first slot alone.
  public let masters: Int
  /// How many stores its server shared with a server chosen before, at most and in sum.
  public let largestPair: Int, pairSum: Int
}

/// A store with its slots.
public struct PlacedStore: Sendable, Hashable {
  /// The store.
  public let store: FleetStore
  /// Its slots, in the order of its line.
  public let choices: [PlacementChoice]
}

/// Why stores cannot be placed.
public enum PlacementError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The layout has an error, so that nobody knows which slots are empty.
  case layout(LayoutFinding)
  /// No position was asked for.
  case noPattern
  /// All positions are in one location, which is not allowed.
  case oneLocation(String)
  /// No store has a higher number.
  case noNumber
  /// A store found no slot for a position, counted from 1; the rule removed the last ones that were left.
  case unplaceable(store: String, position: Int, location: String, rule: PlacementRule)
  /// A store was not placed after ``Placement/stepsMax`` choices, of which none fitted.
  case tooManySteps(store: String)

  /// For people, for example `store255: no slot for position 4 (n), rule 2: its server holds …`.
  public var description: String {
    switch self {
    case .layout(let finding): "the layout has an error: \(finding)"
    case .noPattern: "the pattern names no location"
    case .oneLocation(let location):
      "the pattern has one location, \(location), rule 3: replicas belong in more than one"
    case .noNumber: "there is no higher number for a store"
    case .unplaceable(let store, let position, let location, let rule):
      "\(store): no slot for position \(position) (\(location)), rule \(rule.rawValue): \(rule.meaning)"
    case .tooManySteps(let store): "\(store): none of \(Placement.stepsMax) choices fitted; raise the pair limit"
    }
  }
}

/// Places new stores.
public enum Placement {
  /// How many choices are tried for a store before it is given up. Only a pair limit leads to so many.
  public static let stepsMax = 1_000_000

  /// Places new stores in a layout, one after the other.
  ///
  /// The first one gets the number after the largest of the layout.
  ///
  /// - Returns: The stores, in the order placed.
  /// - Throws: ``PlacementError``, for the first store that finds no place; those before it are not told.
  /// - Complexity: O(stores · positions · servers), as long as no position is gone back to.
  public static func place(
    _ request: PlacementRequest, in layout: FleetLayout, _ templates: PathTemplates = .standard
  ) throws(PlacementError) -> [PlacedStore] {
    if let error = layout.findings(templates).first(where: { $0.severity == .error }) { throw .layout(error) }
    guard let first = request.pattern.first else { throw .noPattern }
    if !request.allowsOneLocation, request.pattern.allSatisfy({ $0 == first }) { throw .oneLocation(first) }
    var servers = PlacementServers(layout, request)
    var placed: [PlacedStore] = []
    var number = layout.stores.map(\.number).max() ?? 0
    for _ in 0..<max(request.count, 0) {
      guard number < UInt64(Int64.max) else { throw .noNumber }
      number += 1
      var search = PlacementSearch(request, servers, store: "store\(number)")
      let choices = try search.run()
      servers.take(choices)
      placed.append(
        PlacedStore(
          store: FleetStore(
            number: number, masterLocation: first, branch: request.branch, target: request.target,
            slots: choices.map(\.slot.name)),
          choices: choices))
    }
    return placed
  }
}
