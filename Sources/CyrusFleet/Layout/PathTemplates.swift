// Where the files of a slot lie: templates, filled in from the layout.
//
// `<slot>` and the like stand for what the layout says; what is no such name stays as it is.
//
// Facts: Docs/Formats/fleet-layout.md, section 6.

/// The paths of a slot's files, with names in angle brackets for what differs from slot to slot.
///
/// | name | stands for | example |
/// |---|---|---|
/// | `<slot>` | the slot | `sloti30t15` |
/// | `<store>` | its store | `store254` |
/// | `<prefix>` | what is between `slot` and the kind | `i30` |
/// | `<server>` | the number of the server | `30` |
/// | `<host>` | the name of the server | `imap30` |
/// | `<branch>` | which Cyrus the store runs | `future` |
/// | `<kind>`, `<nn>` | the kind and number of the slot | `t`, `15` |
/// | `<channel>` | the channel of a log, which is the name of a slot | `sloti29t15` |
public struct PathTemplates: Sendable, Hashable {
  /// The configuration of the instance.
  public var configuration = "/etc/cyrus/imapd-<slot>.conf"
  /// Its `configdirectory`, where metadata is on the server's SSD.
  public var configDirectory = "/mnt/ssd<server>/<slot>/<store>/conf"
  /// Its `configdirectory`, where there is a drive for metadata; nil if nobody has said.
  public var metadataConfigDirectory: String?
  /// Where its messages are.
  public var data = "/mnt/<prefix><kind><nn>"
  /// Where its search indexes are.
  public var search = "/mnt/<prefix>search"
  /// The programs of a branch.
  public var programs = "/usr/cyrus-<branch>/bin"
  /// The programs of production, which is branch `0`.
  public var productionPrograms = "/usr/cyrus/bin"

  /// The layout's own paths.
  public init() {}

  /// The layout's own paths.
  public static let standard = PathTemplates()

  /// The names that can stand in angle brackets.
  public static let names = ["slot", "store", "prefix", "server", "host", "branch", "kind", "nn", "channel"]

  /// What stands in angle brackets first and is no name; nil if nothing does.
  public static func unknownName(in template: String) -> String? {
    for part in template.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
      guard let end = part.firstIndex(of: ">") else { return "<\(part)" }
      if !names.contains(String(part[..<end])) { return "<\(part[...end])" }
    }
    return nil
  }

  /// Fills in a template; `store` and `channel` where there is one.
  public func filled(_ template: String, _ slot: FleetSlot, _ store: FleetStore?, channel: String? = nil) -> String {
    var text = ""
    var rest = template[...]
    while let start = rest.firstIndex(of: "<") {
      text += rest[..<start]
      rest = rest[start...]
      guard let end = rest.firstIndex(of: ">") else { break }
      let name = rest[rest.index(after: start)..<end]
      guard let value = Self.value(of: name, slot, store, channel) else {
        text += "<"
        rest = rest.dropFirst()
        continue
      }
      text += value
      rest = rest[rest.index(after: end)...]
    }
    return text + rest
  }

  private static func value(
    of name: Substring, _ slot: FleetSlot, _ store: FleetStore?, _ channel: String?
  ) -> String? {
    switch name {
    case "slot": slot.text
    case "store": store?.name
    case "prefix": slot.name.prefix.text
    case "server": "\(slot.group.server)"
    case "host": slot.host
    case "branch": store?.branch
    case "kind": String(slot.name.kind)
    case "nn": slot.name.numberText
    case "channel": channel
    default: nil
    }
  }

  /// The paths of a slot of a store; nil if its group has a drive for metadata, and no template says where.
  public func paths(of slot: FleetSlot, in store: FleetStore) -> SlotPaths? {
    let template = slot.group.metadataSize > 0 ? metadataConfigDirectory : configDirectory
    guard let template else { return nil }
    return SlotPaths(
      configuration: filled(configuration, slot, store), configDirectory: filled(template, slot, store),
      data: filled(data, slot, store), search: filled(search, slot, store),
      programs: filled(store.branch == "0" ? productionPrograms : programs, slot, store))
  }
}

/// Where the files of a slot lie.
public struct SlotPaths: Sendable, Hashable {
  /// The configuration of the instance.
  public let configuration: String
  /// Its `configdirectory`.
  public let configDirectory: String
  /// Where its messages are.
  public let data: String
  /// Where its search indexes are.
  public let search: String
  /// Where its programs are.
  public let programs: String

  /// The list of its mailboxes.
  public var mailboxes: String { configDirectory + "/mailboxes.db" }
  /// The directory of the sync logs of all channels.
  public var syncDirectory: String { configDirectory + "/sync" }
  /// The directory of the sync logs for another slot.
  public func channelDirectory(_ channel: String) -> String { syncDirectory + "/" + channel }
}
