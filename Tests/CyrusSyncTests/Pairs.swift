// The fixtures of the comparison of stores.

import CyrusMailboxes
import CyrusSync
import Foundation

let syncFixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/sync").standardized

func jsonObject(at url: URL) throws -> [String: Any] {
  try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
}

func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The files of a channel in the order in which they are read.
func pendingLogs(at folder: URL) throws -> [SyncLog] {
  try ["log-run", "log"].compactMap { name in
    let url = folder.appending(path: name)
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    return SyncLog(label: name, bytes: Array(try Data(contentsOf: url)))
  }
}

/// What mailboxes hold, from a file with the states of both sides by unique id.
func stateSource(at url: URL) throws -> MailboxStateSource {
  let sides = try jsonObject(at: url)
  func states(_ side: String) -> [[UInt8]: MailboxIndexState] {
    var states: [[UInt8]: MailboxIndexState] = [:]
    for (id, fields) in sides[side] as? [String: [String: Any]] ?? [:] {
      func number(_ name: String) -> Int64 { (fields[name] as? NSNumber)?.int64Value ?? 0 }
      states[Array(id.utf8)] = MailboxIndexState(
        uidValidity: UInt32(number("uidvalidity")), lastUID: UInt32(number("last_uid")),
        highestModseq: UInt64(number("highestmodseq")), recentUID: UInt32(number("recentuid")),
        recentTime: number("recenttime"), pop3LastLogin: number("pop3_last_login"),
        pop3ShowAfter: number("pop3_show_after"),
        options: IndexOptions(syncLetters: fields["options"] as? String ?? ""),
        syncCRC: UInt32(number("sync_crc")), annotationSyncCRC: UInt32(number("sync_crc_annot")),
        xconvModseq: UInt64(number("xconvmodseq")))
    }
    return states
  }
  let (master, replica) = (states("master"), states("replica"))
  return { side, mailbox in
    guard let id = mailbox.uniqueID?.copy() else { return nil }
    return side == .master ? master[id] : replica[id]
  }
}
