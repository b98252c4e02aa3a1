// What the mailboxes of two servers hold: from a file that says so, or from the indexes below their spools.
//
//   {"master": {UNIQUEID: {"last_uid": 2, "highestmodseq": 6, …}, …}, "replica": {…}}

import CyrusDatabase
import CyrusMailboxes
import CyrusSync

/// What the mailboxes of two servers hold, by unique ids, as their replication protocol tells it.
struct IndexStates: Sendable {
  private var master: [[UInt8]: MailboxIndexState] = [:]
  private var replica: [[UInt8]: MailboxIndexState] = [:]

  /// Reads a file.
  init(contentsOf path: String) throws(Failure) {
    var reader = JSONReader(try wholeFile(path))
    do throws(JSONError) {
      try reader.object { reader, side throws(JSONError) in
        switch side {
        case "master": master = try Self.states(&reader)
        case "replica": replica = try Self.states(&reader)
        default: try reader.skip()
        }
      }
      try reader.end()
    } catch {
      throw Failure(
        .notDatabase, file: path, "is no list of states: at \(error.offset) there is not \(error.expected)")
    }
  }

  /// As a comparison asks for them.
  var source: MailboxStateSource {
    let (master, replica) = (master, replica)
    return { side, mailbox in
      guard let id = mailbox.uniqueID?.copy() else { return nil }
      return side == .master ? master[id] : replica[id]
    }
  }

  private static func states(_ reader: inout JSONReader) throws(JSONError) -> [[UInt8]: MailboxIndexState] {
    var states: [[UInt8]: MailboxIndexState] = [:]
    try reader.object { reader, id throws(JSONError) in states[Array(id.utf8)] = try state(&reader) }
    return states
  }

  /// A mailbox's; what is not there is 0.
  private static func state(_ reader: inout JSONReader) throws(JSONError) -> MailboxIndexState {
    var state = MailboxIndexState(uidValidity: 0, lastUID: 0, highestModseq: 0)
    try reader.object { reader, field throws(JSONError) in
      switch field {
      case "uidvalidity": state.uidValidity = try reader.integer(UInt32.self)
      case "last_uid": state.lastUID = try reader.integer(UInt32.self)
      case "highestmodseq": state.highestModseq = try reader.integer(UInt64.self)
      case "recentuid": state.recentUID = try reader.integer(UInt32.self)
      case "recenttime": state.recentTime = try reader.integer(Int64.self)
      case "pop3_last_login": state.pop3LastLogin = try reader.integer(Int64.self)
      case "pop3_show_after": state.pop3ShowAfter = try reader.integer(Int64.self)
      case "options": state.options = IndexOptions(syncLetters: try reader.string())
      case "sync_crc": state.syncCRC = try reader.integer(UInt32.self)
      case "sync_crc_annot": state.annotationSyncCRC = try reader.integer(UInt32.self)
      case "xconvmodseq": state.xconvModseq = try reader.integer(UInt64.self)
      default: try reader.skip()
      }
    }
    return state
  }
}
