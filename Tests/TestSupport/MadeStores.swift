// Three made stores on some servers, below one folder as copies of all hosts lie there.

import Glibc

/// A mailbox of a made list.
public struct MadeMailbox: Sendable, Hashable {
  /// The internal name: `user.joe.Sent`, `example.com!user.joe`.
  public var name: String
  /// The unique id.
  public var id: String
  /// Letters of kind and flags.
  public var type = "e"
  /// The UIDVALIDITY.
  public var uidValidity = 1
  /// The modseq of its creation.
  public var createdModseq = 1
  /// The modseq of the last change.
  public var folderModseq = 10
  /// Identifiers and rights.
  public var acl = "joe lrswipkxtecdan"

  /// A mailbox with these.
  public init(_ name: String, _ id: String, type: String = "e") {
    self.name = name
    self.id = id
    self.type = type
  }

  /// The same with something else.
  public func with(_ change: (inout Self) -> Void) -> Self {
    var copy = self
    change(&copy)
    return copy
  }

  /// Its records as releases from 3.6 on write them, under name and id, or its record as those from 3.0 on do.
  func records(isPrefixed: Bool) -> [(key: [UInt8], value: [UInt8])] {
    let fields = "V \(uidValidity) F \(folderModseq) C \(createdModseq) M 1)"
    guard isPrefixed else {
      let mark = type == "e" ? "" : " T \(type)"
      return [(Array(name.utf8), Array("%(A %(\(acl)) I \(id) P default\(mark) \(fields)".utf8))]
    }
    let rest = "P default A %(\(acl)) \(fields)"
    let byName = (key: Array("N".utf8) + databaseName, value: Array("%(T \(type) I \(id) \(rest)".utf8))
    // That of a name which is gone is the record of what has the id now.
    if type.contains("d") { return [byName] }
    let byID = (key: Array("I\(id)".utf8), value: Array("%(T \(type) N ".utf8) + databaseName + Array(" \(rest)".utf8))
    return [byName, byID]
  }

  private var databaseName: [UInt8] {
    let start = (name.firstIndex(of: "!").map { name.index(after: $0) } ?? name.startIndex)
    let domain = name[..<start].utf8.map { $0 == UInt8(ascii: "!") ? 0x1D : $0 }
    return domain
      + name[start...].utf8.map { byte in
        byte == UInt8(ascii: ".") ? 0x1F : byte == UInt8(ascii: "^") ? UInt8(ascii: ".") : byte
      }
  }
}

/// The files of a fleet.
public struct MadeStores: Sendable {
  /// The layout: the groups of slots of the sample fleet, and three stores. The last two slots of each are replicas, and
  /// `store254` is of another branch and has no target.
  public static let layout = """
    i30      30 t15 0 1000 e 10.202.80.1
    i29      29 t15 0 1000 e 10.202.79.1
    i15      15 t15 0 1000 e 10.202.65.1
    ti1       1 t16 0 1000 e 10.205.161.1
    ti5       5 t16 0 1000 e 10.205.165.1
    store23   n 0 90 sloti30t01 sloti15t03 slotti5t02
    store254  n future 0 sloti30t15 sloti29t15 slotti1t06
    store256  n 0 90 sloti29t02 sloti15t02 slotti5t01

    """

  /// The slots of each store, the primary first.
  public static let slots = [
    "store23": ["sloti30t01", "sloti15t03", "slotti5t02"], "store254": ["sloti30t15", "sloti29t15", "slotti1t06"],
    "store256": ["sloti29t02", "sloti15t02", "slotti5t01"],
  ]

  /// The folder.
  public let root: String
  /// The file of the layout.
  public var layoutPath: String { root + "/production.dat" }

  /// A fleet below an empty folder, in which all lists are empty.
  public init(below root: String) throws {
    self.root = root
    try write(Array(Self.layout.utf8), to: layoutPath)
    for (store, slots) in Self.slots { for slot in slots { try put([], on: slot, of: store) } }
  }

  /// Where a slot keeps its metadata.
  public func configDirectory(_ slot: String, _ store: String) -> String {
    let server = slot.dropFirst("slot".count).drop { !$0.isNumber }.prefix { $0.isNumber }
    return "\(root)/mnt/ssd\(server)/\(slot)/\(store)/conf"
  }

  /// Where the list of mailboxes of a slot is.
  public func mailboxesPath(_ slot: String, _ store: String) -> String {
    configDirectory(slot, store) + "/mailboxes.db"
  }

  /// Writes the list of mailboxes of a slot.
  public func put(_ mailboxes: [MadeMailbox], on slot: String, of store: String, isPrefixed: Bool = true) throws {
    let records = mailboxes.flatMap { $0.records(isPrefixed: isPrefixed) }
    try write(Self.database(records), to: mailboxesPath(slot, store))
  }

  /// Writes the lists of mailboxes of all slots of a store.
  public func put(_ mailboxes: [MadeMailbox], onAllOf store: String) throws {
    for slot in Self.slots[store] ?? [] { try put(mailboxes, on: slot, of: store) }
  }

  /// Writes the log of a channel.
  public func log(_ text: String, for channel: String, on slot: String, of store: String) throws {
    try write(Array(text.utf8), to: "\(configDirectory(slot, store))/sync/\(channel)/log")
  }

  /// Writes a file, and the folders that it needs.
  public func write(_ bytes: [UInt8], to path: String) throws {
    var folder = ""
    for piece in path.split(separator: "/").dropLast() {
      folder += "/\(piece)"
      // Most are there already.
      _ = unsafe mkdir(folder, 0o755)
    }
    try OutputFile(path: path).write(bytes)
  }

  /// A twoskip file with these records.
  public static func database(_ records: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    var builder = TwoskipBuilder(seed: 1)
    if records.isEmpty { return builder.bytes }
    builder.begin()
    for record in records { builder.set(record.key, record.value) }
    builder.commit()
    return builder.bytes
  }
}
