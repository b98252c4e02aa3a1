// A store as an operator wants it: where its slots are, and commands ready to paste.
//
// What surprises: commands are the beginnings of commands, to be completed by hand. `cyr_synclog … -v` is not verbose, but
// wants a user; it is printed as operators know it, and nothing here ever runs it.
//
// Facts: Docs/Formats/fleet-layout.md, section 7.

/// Where the slots of a store are, seen from a host, and commands for one of them.
public struct StoreReport: Sendable, Hashable {
  /// The store.
  public let store: FleetStore
  /// The slot that is master now.
  public let master: FleetSlot
  /// The slot that should be master.
  public let primary: FleetSlot
  /// The store's slot on the host; nil if there is none.
  public let this: FleetSlot?
  /// The slots that are neither master nor on the host, by name.
  public let others: [FleetSlot]
  /// Slots of the store that no line of the layout gives.
  public let unknownSlots: [SlotName]
  /// Beginnings of commands for ``this``, or for ``master`` if there is none.
  public let commands: [String]

  /// Describes a store; nil if no line of the layout gives any of its slots.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - layout: Where its slots are.
  ///   - host: The host it is seen from.
  ///   - master: The slot that is master now; the primary if it is nil or no slot of the store.
  ///   - templates: Where files lie. Where they do not say it (``LayoutRule/metadataDrive``) there are no commands.
  public init?(
    on store: FleetStore, in layout: FleetLayout, host: String, master: SlotName? = nil,
    templates: PathTemplates = .standard
  ) {
    guard let primary = layout.primary(of: store) else { return nil }
    let slots = layout.slotsByName(of: store)
    self.store = store
    self.primary = primary
    let current = slots.first { $0.name == master } ?? primary
    self.master = current
    let this = current.host == host ? current : slots.first { $0.host == host }
    self.this = this
    others = slots.filter { $0 != current && $0 != this }
    unknownSlots = store.slots.filter { layout.slot(named: $0) == nil }
    let used = this ?? current
    commands =
      templates.paths(of: used, in: store).map { paths in
        Self.commands(paths, channels: used == current ? slots.filter { $0 != used }.map(\.text) : [])
      } ?? []
  }

  private static func commands(_ paths: SlotPaths, channels: [String]) -> [String] {
    func command(_ program: String, _ rest: String = "") -> String {
      "sudo -u cyrus \(paths.programs)/\(program) -C \(paths.configuration)\(rest)"
    }
    return [
      command("cyr_dbtool", " \(paths.mailboxes) twoskip"), command("reconstruct"), command("dav_reconstruct"),
      command("cyr_synclog", " -v"), command("ctl_conversationsdb"), command("squatter", " -v -i"),
    ] + channels.map { command("sync_client", " -n \($0) -v") }
  }

  /// The report as text, with a line feed at the end of each line.
  public var text: String {
    func line(_ title: String, _ slot: FleetSlot) -> String {
      "\(title): \(slot.text) (\(slot.host)) \(slot.address?.description ?? "no address")"
    }
    var lines = ["Store: \(store.name)", line("Master", master), line("Primary", primary)]
    if let this { lines.append(line("This", this)) }
    lines += others.map { line("Other", $0) }
    lines.append("")
    if this == nil { lines.append("# on \(master.host)") }
    return (lines + commands).map { $0 + "\n" }.joined()
  }
}
