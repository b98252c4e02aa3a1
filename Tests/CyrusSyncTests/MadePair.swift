// Pairs of small stores with the records that a test wants.

import CyrusDatabase
import CyrusMailboxes
import CyrusSync
import Foundation
import TestSupport

/// The records of two stores, by key. `/` stands for US, `|` for GS in keys and values.
struct MadePair {
  var master: [String: String] = [:]
  var replica: [String: String] = [:]
  var diff = StoreDiff()
  /// `log-run`, or nothing.
  var log = ""
  /// Whether the record of the key with `~` in the master's file is spoiled.
  var masterIsDamaged = false

  init(_ client: SyncClientVersion = SyncClientVersion(3, 6, 1)) { diff.client = client }

  /// A mailbox's value.
  static func mailbox(_ id: String, type: String = "e") -> String { "%(T \(type) I \(id) P default F 1 A %(joe lrs))" }

  static func bytes(_ text: String) -> [UInt8] {
    text.utf8.map { $0 == UInt8(ascii: "/") ? 0x1F : $0 == UInt8(ascii: "|") ? 0x1D : $0 }
  }

  private func file(_ records: [String: String]) -> [UInt8] {
    var builder = TwoskipBuilder(seed: 1)
    builder.begin()
    builder.set([0x41, 0x53, 0x1E], [])
    for (key, value) in records { builder.set(Self.bytes(key), Self.bytes(value)) }
    builder.commit()
    return builder.bytes
  }

  /// - Parameter logs: Nil for ``log``.
  func report(pending logs: [SyncLog]? = nil) throws -> StoreDiffReport {
    let folder = try TemporaryFolder()
    var bytes = file(master)
    if masterIsDamaged {
      // In a key, so that its record's checksum is wrong.
      if let place = bytes.lastIndex(of: UInt8(ascii: "~")) { bytes[place] ^= 1 }
    }
    try Data(bytes).write(to: URL(filePath: folder.path("master")))
    try Data(file(replica)).write(to: URL(filePath: folder.path("replica")))
    return try diff.report(
      master: StoreSnapshot(Database(path: folder.path("master")), settings: diff.settings, locking: .none),
      replica: StoreSnapshot(Database(path: folder.path("replica")), settings: diff.settings, locking: .none),
      pending: logs ?? (log.isEmpty ? [] : [SyncLog(label: "log-run", bytes: Array(log.utf8))]))
  }

  /// The lines that make it good.
  func repair() throws -> [String] { RepairLog(try report()).actions.map { string($0.text) } }

  /// Class, name and status of each difference.
  func brief() throws -> [String] {
    try report().differences.map {
      "\($0.detail.className) \(string($0.name.internalName)) \($0.status.rawValue)"
    }
  }
}
