// What a command on a fleet is asked about: a store, a slot, a host, or a user.

import CyrusFleet

/// What one can ask about.
enum FleetSubject {
  case store(FleetStore)
  case slot(FleetSlot)
  case host(String)
  /// Any other word.
  case user(String)

  /// Finds out what a word names.
  ///
  /// - Throws: `Failure` if it is like the name of a slot or store, and the layout has none of this name: no user is meant.
  init(_ word: String, in layout: FleetLayout) throws(Failure) {
    if let store = layout.store(named: word) {
      self = .store(store)
    } else if let slot = layout.slot(named: word) {
      self = .slot(slot)
    } else if layout.hosts.contains(word) {
      self = .host(word)
    } else if word.isEmpty || Self.isLikeStoreOrSlot(word) {
      throw Failure(.no, "'\(printable(word))' is no store, slot or host of the layout")
    } else {
      self = .user(word)
    }
  }

  private static func isLikeStoreOrSlot(_ word: String) -> Bool {
    if SlotName(word) != nil { return true }
    let digits = word.dropFirst("store".count)
    return word.hasPrefix("store") && !digits.isEmpty && digits.utf8.allSatisfy { 0x30...0x39 ~= $0 }
  }

  /// The stores that are meant.
  ///
  /// - Throws: `Failure` if there are none; of a user also if there are several.
  func stores(
    _ layout: FleetLayout, _ fleet: FleetOptions, _ names: NameOptions? = nil
  ) throws(Failure) -> [FleetStore] {
    switch self {
    case .store(let store): return [store]
    case .slot(let slot):
      guard let store = layout.store(of: slot.name) else { throw Failure(.no, "\(slot.text) belongs to no store") }
      return [store]
    case .host(let host):
      let stores = layout.stores(onHost: host)
      if stores.isEmpty { throw Failure(.no, "no store has a slot on \(host)") }
      return stores
    case .user(let user):
      return [try fleet.homes(of: user, in: layout, names ?? NameOptions()).onlyHome(of: user, isAnyWord: true).store]
    }
  }
}
