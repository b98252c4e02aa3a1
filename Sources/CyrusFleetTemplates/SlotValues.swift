// What templates can ask of a slot.
//
// Names are those of the layout's path templates and of `fleet report`, so that there is one word for one thing.

public import CyrusFleet

/// The values of slots.
public enum SlotValues {
  /// The words that are given to every template besides: which template a file comes from.
  public static let marker = "rendered by dbinspect fleet render"

  /// All that is known of a slot of a store.
  ///
  /// - Parameters:
  ///   - master: The slot of the store that is master now.
  ///   - paths: Where the files of the slot lie.
  public static func values(
    of slot: FleetSlot, in store: FleetStore, of layout: FleetLayout, master: FleetSlot, paths: SlotPaths
  ) -> [String: TemplateValue] {
    let all = layout.slotsByName(of: store)
    func list(without left: FleetSlot) -> TemplateValue {
      .list(all.filter { $0 != left }.map { .object(values(of: $0, master: master)) })
    }
    let own = values(of: slot, master: master)
    return own.merging([
      "this": .object(own),
      "store": .text(store.name), "branch": .text(store.branch), "target": .text("\(store.target)"),
      "masterLocation": .text(store.masterLocation),
      "paths": .object([
        "configuration": .text(paths.configuration), "configDirectory": .text(paths.configDirectory),
        "mailboxes": .text(paths.mailboxes), "sync": .text(paths.syncDirectory), "data": .text(paths.data),
        "search": .text(paths.search), "programs": .text(paths.programs),
      ]),
      "master": .object(values(of: master, master: master)),
      "others": list(without: slot), "replicas": list(without: master),
    ]) { $1 }
  }

  /// What is known of a slot whatever store it belongs to, but for whether it is master.
  private static func values(of slot: FleetSlot, master: FleetSlot) -> [String: TemplateValue] {
    [
      "slot": .text(slot.text), "channel": .text(slot.text), "prefix": .text(slot.name.prefix.text),
      "kind": .text(String(slot.name.kind)), "number": .text("\(slot.name.number)"), "nn": .text(slot.name.numberText),
      "server": .text("\(slot.group.server)"), "host": .text(slot.host),
      "address": .text(slot.address?.description ?? ""), "location": .text(slot.location),
      "place": .text(slot.site.place), "dataSize": .text("\(slot.group.dataSize)"),
      "fileSystem": .text(slot.group.fileSystem), "isMaster": .flag(slot == master), "isReplica": .flag(slot != master),
    ]
  }

  /// The names that a site cannot give to values of its own.
  public static let names: Set<String> = [
    "slot", "channel", "prefix", "kind", "number", "nn", "server", "host", "address", "location", "place", "dataSize",
    "fileSystem", "isMaster", "isReplica", "this", "store", "branch", "target", "masterLocation", "paths", "master",
    "others", "replicas", "marker",
  ]
}
