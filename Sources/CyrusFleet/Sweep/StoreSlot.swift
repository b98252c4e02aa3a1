// The slots of a store as a sweep looks at them: those that cannot be found are among them.

/// A slot of a store, and where its files are.
struct StoreSlot: Sendable {
  let name: String
  let host: String?
  let role: SlotRole
  /// The list of its mailboxes; nil if nobody knows where it is.
  let mailboxes: String?
  let syncDirectory: String?
  let data: String?
  /// Why nobody knows where they are.
  let problem: String?
}

extension FleetFiles {
  /// The slots of a store, in natural order of their names, each once.
  func slots(of store: FleetStore) -> [StoreSlot] {
    let master = master(of: store)?.name
    return Set(store.slots).sorted { NaturalOrder.isBefore($0.text, $1.text) }.map { name in
      let slot = layout.slot(named: name)
      let paths = slot.flatMap { self.paths(of: $0, in: store) }
      let problem = slot == nil ? "no line of the layout gives it" : paths == nil ? Self.noTemplate : nil
      return StoreSlot(
        name: name.text, host: slot?.host, role: name == master ? .master : .replica, mailboxes: paths?.mailboxes,
        syncDirectory: paths?.syncDirectory, data: paths?.data, problem: problem)
    }
  }

  private static let noTemplate = "it has a drive for metadata, and no template says where"

  /// The lists of mailboxes of a store's slots, those that nobody knows the place of left out.
  public func mailboxPaths(of store: FleetStore) -> [String] { slots(of: store).compactMap(\.mailboxes) }
}
