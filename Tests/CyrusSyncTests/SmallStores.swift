// Stores of a few mailboxes, written down as text.

import CyrusDatabase
import CyrusSync
import Foundation
import TestSupport

/// A master and a replica. A line for each mailbox: its name, unique id, partition and folder modseq, and its type if that
/// is not `e`.
struct SmallStores {
  let master: [String]
  let replica: [String]

  /// Compares them; with the lines of a log, or of two, if there are.
  func report(_ diff: StoreDiff, pending lines: [String] = [], then more: [String] = []) throws -> StoreDiffReport {
    let folder = FileManager.default.temporaryDirectory.appending(path: "stores-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func snapshot(_ name: String, _ mailboxes: [String]) throws -> StoreSnapshot {
      let file = folder.appending(path: name)
      try Data(Self.bytes(mailboxes)).write(to: file)
      return try StoreSnapshot(Database(path: file.path))
    }
    let logs = [lines, more].map { SyncLog(label: "log", bytes: $0.flatMap { Array("\($0)\n".utf8) }) }
    return try diff.report(
      master: snapshot("master.db", master), replica: snapshot("replica.db", replica), pending: logs)
  }

  private static func bytes(_ mailboxes: [String]) -> [UInt8] {
    var builder = TwoskipBuilder(seed: 1)
    builder.begin()
    for mailbox in mailboxes {
      let words = mailbox.split(separator: " ")
      let key = "N" + words[0].replacing(".", with: "\u{1F}")
      let type = words.count > 4 ? words[4] : "e"
      let value = "%(T \(type) I \(words[1]) P \(words[2]) V 1 F \(words[3]) C 1 M 1 A %(ann lrswipkxtecdan))"
      _ = builder.set(Array(key.utf8), Array(value.utf8))
    }
    builder.commit()
    return builder.bytes
  }
}

extension StoreDiffReport {
  /// Each difference as its status, class and name.
  var lines: [String] {
    differences.map { "\($0.status.rawValue) \($0.detail.className) \(string($0.name.internalName))" }
  }

  /// The lines that make good what is not on its way.
  var repairLines: [String] { RepairLog(self).actions.map { string($0.text) } }
}
