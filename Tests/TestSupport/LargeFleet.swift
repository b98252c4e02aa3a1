// A made-up fleet: a layout, and the files of its slots below a folder, some of which are not as they should be.

import Glibc

/// A fleet on seven servers with 80 slots each, and small real databases in its slots.
///
///     let fleet = LargeFleet(storeCount: 200, mailboxCount: 20, seed: 1, troubles: [7: .damaged])
///     try fleet.write(below: folder)
///
/// Four of five stores have three slots, the others two, so 200 stores fill it. The same arguments give the same files.
public struct LargeFleet: Sendable {
  /// What is wrong with a store, or with its last replica.
  public enum Trouble: String, Sendable, CaseIterable {
    /// The replica lacks a mailbox, and no line is about it.
    case drifted
    /// The replica lacks a mailbox, and a line is about it.
    case explained
    /// Nothing is wrong, but lines wait.
    case waiting
    /// A line of the log keeps those behind it from being seen.
    case poisoned
    /// The replica's list is damaged.
    case damaged
    /// The master's list is damaged.
    case damagedMaster
    /// The replica's list is not there.
    case missing
    /// The replica's list is no database.
    case foreign
  }

  /// A slot of a store.
  public struct Slot: Sendable {
    /// Its name.
    public let name: String
    /// Its server.
    public let host: String
    /// The path of its configuration directory on its host.
    public let directory: String
  }

  /// The servers: prefix of slots, number, host, code of the location.
  private static let servers = [
    ("i1", 1, "imap1", "n"), ("i2", 2, "imap2", "n"), ("i3", 3, "imap3", "n"), ("ti1", 1, "timap1", "i"),
    ("ti2", 2, "timap2", "i"), ("si1", 1, "simap1", "a"), ("si2", 2, "simap2", "a"),
  ]

  /// The names of the servers.
  public static let hosts = servers.map(\.2)
  /// How many slots a server has.
  public static let slotCount = 80

  /// The slots of each store, the master first; store 1 is the first.
  public let stores: [[Slot]]
  /// What is wrong, by number of the store.
  public let troubles: [Int: Trouble]
  /// The layout.
  public let layout: String
  private let mailboxCount: Int
  private let seed: UInt64

  /// A fleet; nothing is written yet.
  ///
  /// - Parameters:
  ///   - storeCount: 1 to 200.
  ///   - mailboxCount: How many mailboxes each store has, 8 or more; some tombstones besides.
  ///   - seed: What the mailboxes are made of.
  ///   - troubles: What is wrong, by number of the store from 1.
  public init(storeCount: Int, mailboxCount: Int, seed: UInt64, troubles: [Int: Trouble] = [:]) {
    precondition(1...200 ~= storeCount, "the fleet has no room for so many stores")
    var used = 0
    var stores: [[Slot]] = []
    var lines = Self.servers.enumerated().map { index, server in
      "\(server.0) \(server.1) t\(Self.slotCount) 0 1000 e 10.0.\(index).1"
    }
    for number in 1...storeCount {
      let slots = (0..<(number % 5 == 0 ? 2 : 3)).map { _ in
        defer { used += 1 }
        let server = Self.servers[used % Self.servers.count]
        let slot = used / Self.servers.count + 1
        let name = "slot\(server.0)t" + (slot < 10 ? "0\(slot)" : "\(slot)")
        return Slot(name: name, host: server.2, directory: "/mnt/ssd\(server.1)/\(name)/store\(number)/conf")
      }
      stores.append(slots)
      let location = Self.servers.first { $0.2 == slots[0].host }?.3 ?? "n"
      lines.append("store\(number) \(location) 0 90 " + slots.map(\.name).joined(separator: " "))
    }
    self.stores = stores
    self.troubles = troubles
    self.mailboxCount = mailboxCount
    self.seed = seed
    layout = lines.map { $0 + "\n" }.joined()
  }

  /// Writes the layout as `production.dat`, and the files of all slots with their whole paths, below a folder.
  ///
  /// - Throws: `SystemFailure`.
  public func write(below folder: String) throws(SystemFailure) {
    try write(Array(layout.utf8), to: folder + "/production.dat")
    for number in 1...stores.count { try write(store: number, below: folder) }
  }

  private func write(store number: Int, below folder: String) throws(SystemFailure) {
    let records = Array(MailboxRecords(mailboxCount: mailboxCount, seed: seed &+ UInt64(number) &* 1000))
    let sound = BulkTwoskipFile(seed: seed &+ UInt64(number)).bytes(of: records)
    let trouble = troubles[number]
    let slots = stores[number - 1]
    guard let lacking = records.lastIndex(where: { Self.isOwned($0) }) else {
      preconditionFailure("store \(number) has no mailbox to lack: more mailboxes are needed")
    }
    for (index, slot) in slots.enumerated() {
      let path = folder + slot.directory + "/mailboxes.db"
      try Self.makeFolder(folder + slot.directory)
      let isLast = index == slots.count - 1
      switch trouble {
      case .drifted where isLast, .explained where isLast:
        var fewer = records
        fewer.remove(at: lacking)
        try write(BulkTwoskipFile(seed: 9).bytes(of: fewer), to: path)
      case .damaged where isLast, .damagedMaster where index == 0:
        try write(Self.spoiled(sound, key: records[lacking].key), to: path)
      case .missing where isLast: break
      case .foreign where isLast: try write(Array("no database at all, but some text\n".utf8), to: path)
      default: try write(sound, to: path)
      }
    }
    let log: String
    switch trouble {
    case .explained: log = "MAILBOX \(Self.internalName(records[lacking]))\n"
    case .waiting: log = "USER someone\nMAILBOX user.someone.a\n"
    case .poisoned: log = "USER  someone\nUSER other\n"
    default: return
    }
    guard let last = slots.last else { return }
    let channel = folder + slots[0].directory + "/sync/" + last.name
    try Self.makeFolder(channel)
    try write(Array(log.utf8), to: channel + "/log")
  }

  /// Whether a record is that of a live mailbox of a user.
  private static func isOwned(_ record: TwoskipPair) -> Bool {
    guard record.key.first == UInt8(ascii: "N"), record.value.starts(with: Array("%(T e I ".utf8)) else {
      return false
    }
    let parts = record.key.split(separator: 0x1F)
    return parts.count > 1 && parts[0].suffix(4) == Array("user".utf8)[...]
  }

  /// The name as logs have it: `"example.org!user.joe^x.Sent"`.
  private static func internalName(_ record: TwoskipPair) -> String {
    let key = record.key.dropFirst()
    let start = key.firstIndex(of: 0x1D) ?? key.startIndex
    let name = key.indices.flatMap { index -> [UInt8] in
      switch key[index] {
      case 0x1D: [UInt8(ascii: "!")]
      case 0x1F: [UInt8(ascii: ".")]
      case UInt8(ascii: ".") where index > start: [UInt8(ascii: "^")]
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), key[index]]
      default: [key[index]]
      }
    }
    return "\"\(String(decoding: name, as: UTF8.self))\""
  }

  /// With another letter in the key of a record, so that its checksum is wrong.
  private static func spoiled(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    var bytes = bytes
    // The record of a name comes behind all that have the name in them.
    if let place = (0...bytes.count - key.count).last(where: { bytes[$0...].starts(with: key) }) {
      bytes[place + key.count - 1] ^= 1
    }
    return bytes
  }

  private func write(_ bytes: [UInt8], to path: String) throws(SystemFailure) {
    let file = try OutputFile(path: path)
    try file.write(bytes)
  }

  /// Makes a folder with all above it.
  private static func makeFolder(_ path: String) throws(SystemFailure) {
    var made = ""
    for name in path.split(separator: "/") {
      made += "/" + name
      if unsafe mkdir(made, 0o755) != 0, errno != EEXIST {
        throw SystemFailure(call: "mkdir", path: made, code: errno)
      }
    }
  }
}
