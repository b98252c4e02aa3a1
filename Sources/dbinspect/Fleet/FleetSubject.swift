// What a command on a fleet is asked about: a store, a slot or a host. What is none of them can be a user.

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
      let unread = layout.lines.count { $0.content == .unreadable }
      throw Failure(
        .no, "'\(printable(word))' is no store, slot or host of the layout",
        hint: unread > 0 ? "\(counted(unread, "line")) cannot be read: dbinspect fleet check" : nil)
    }
  }

  /// Whether a word is taken for a user: if the layout has nothing of this name, and it is not like that of a store or
  /// slot, so that a slip of the fingers is not looked for in all lists of the fleet.
  static func isUser(_ word: String, in layout: FleetLayout) -> Bool {
    if word.isEmpty || SlotName(word) != nil || layout.hosts.contains(word) { return false }
    let digits = word.hasPrefix("store") ? word.dropFirst("store".count) : ""
    return digits.isEmpty || !digits.utf8.allSatisfy { 0x30...0x39 ~= $0 }
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
