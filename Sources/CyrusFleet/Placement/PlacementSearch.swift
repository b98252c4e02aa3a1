// The search for the slots of one store.

struct PlacementSearch {
  private let request: PlacementRequest
  private let servers: PlacementServers
  private let store: String
  private var steps = 0
  /// The places of the servers chosen, and the choices.
  private var chosen: [Int] = []
  private var choices: [PlacementChoice] = []
  /// Where the search came to nothing, farthest from the first position.
  private var failure: (position: Int, rule: PlacementRule)?

  init(_ request: PlacementRequest, _ servers: PlacementServers, store: String) {
    self.request = request
    self.servers = servers
    self.store = store
  }

  mutating func run() throws(PlacementError) -> [PlacementChoice] {
    if try fill(0) { return choices }
    let (position, rule) = failure ?? (0, .location)
    throw .unplaceable(store: store, position: position + 1, location: request.pattern[position], rule: rule)
  }

  /// Fills a position and all behind it.
  private mutating func fill(_ position: Int) throws(PlacementError) -> Bool {
    guard position < request.pattern.count else { return true }
    if let missing = missingPosition(from: position) {
      note(missing)
      return false
    }
    for candidate in candidates(position).sorted(by: Self.isBefore) {
      steps += 1
      guard steps <= Placement.stepsMax else { throw .tooManySteps(store: store) }
      chosen.append(candidate.place)
      choices.append(candidate.choice)
      if try fill(position + 1) { return true }
      chosen.removeLast()
      choices.removeLast()
    }
    return false
  }

  private mutating func note(_ position: Int) {
    guard failure.map({ $0.position < position }) ?? true else { return }
    failure = (position, ruleThatRemovedTheLast(position))
  }

  /// The first position that cannot be filled, whatever is chosen before it: of those in one location there must not be
  /// more than servers that could be chosen.
  private func missingPosition(from position: Int) -> Int? {
    var needed: [String: Int] = [:]
    var available: [String: Int] = [:]
    for later in position..<request.pattern.count {
      let location = request.pattern[later]
      needed[location, default: 0] += 1
      // All positions behind the first ask for the same, so they are counted once.
      let count = available[location] ?? candidates(later).count
      available[location] = count
      if needed[location, default: 0] > count { return later }
    }
    return nil
  }

  /// Which rule leaves no slot for a position, rules being asked one after the other.
  private func ruleThatRemovedTheLast(_ position: Int) -> PlacementRule {
    var places = servers.servers.indices.filter { servers.servers[$0].location == request.pattern[position] }
    if places.isEmpty { return .location }
    places.removeAll { servers.isExcluded($0) || servers.lowestEmptySlot($0) == nil }
    if places.isEmpty { return .empty }
    // Other positions before this one, in its location, take servers, too.
    let before = request.pattern[chosen.count..<position].count { $0 == request.pattern[position] }
    places.removeAll(where: chosen.contains)
    if places.count <= before { return .otherServer }
    if let first = choices.first?.slot { places.removeAll { servers.lowestEmptySlot($0, like: first) == nil } }
    return places.count <= before ? .likeFirst : .pairLimit
  }

  private struct Candidate {
    let place: Int
    let choice: PlacementChoice
    let isFirst: Bool
  }

  /// The servers that can be chosen for a position after those that are.
  private func candidates(_ position: Int) -> [Candidate] {
    let first = choices.first?.slot
    return servers.servers.indices.compactMap { place in
      let server = servers.servers[place]
      guard server.location == request.pattern[position], !servers.isExcluded(place), !chosen.contains(place) else {
        return nil
      }
      let pairs = chosen.map { servers.pairCount(place, $0) }
      let largest = pairs.max() ?? 0
      if let limit = request.pairLimit, !chosen.isEmpty, largest >= limit { return nil }
      guard let slot = servers.lowestEmptySlot(place, like: first) else { return nil }
      let choice = PlacementChoice(
        slot: slot, used: server.used, total: server.total, masters: server.masters, largestPair: largest,
        pairSum: pairs.reduce(0, +))
      return Candidate(place: place, choice: choice, isFirst: position == 0)
    }
  }

  /// By the key; places are in the natural order of hosts.
  private static func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
    let (one, other) = (left.choice, right.choice)
    let share = one.used.multipliedFullWidth(by: other.total)
    let otherShare = other.used.multipliedFullWidth(by: one.total)
    if share != otherShare { return (share.high, share.low) < (otherShare.high, otherShare.low) }
    if left.isFirst, one.masters != other.masters { return one.masters < other.masters }
    return (one.largestPair, one.pairSum, left.place) < (other.largestPair, other.pairSum, right.place)
  }
}
