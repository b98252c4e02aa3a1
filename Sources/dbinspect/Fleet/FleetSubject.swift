// What a command on a fleet is asked about: a store, a slot or a host.

import CyrusFleet

/// What one can ask about.
enum FleetSubject {
  case store(FleetStore)
  case slot(FleetSlot)
  case host(String)

  /// Finds out what a word names.
  ///
  /// - Throws: `Failure` if the layout has nothing of this name.
  init(_ word: String, in layout: FleetLayout) throws(Failure) {
    if let store = layout.store(named: word) {
      self = .store(store)
    } else if let slot = layout.slot(named: word) {
      self = .slot(slot)
    } else if layout.hosts.contains(word) {
      self = .host(word)
    } else {
      throw Failure(.no, "'\(printable(word))' is no store, slot or host of the layout")
    }
  }

  /// The stores that are meant.
  ///
  /// - Throws: `Failure` if there are none.
  func stores(_ layout: FleetLayout, _ fleet: FleetOptions) throws(Failure) -> [FleetStore] {
    switch self {
    case .store(let store): return [store]
    case .slot(let slot):
      guard let store = layout.store(of: slot.name) else { throw Failure(.no, "\(slot.text) belongs to no store") }
      return [store]
    case .host(let host):
      let stores = layout.stores(onHost: host)
      if stores.isEmpty { throw Failure(.no, "no store has a slot on \(host)") }
      return stores
    }
  }
}
