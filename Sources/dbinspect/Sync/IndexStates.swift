// A file that says what the mailboxes of two servers hold, as their replication protocol tells it:
//
//   {"master": {UNIQUEID: {"last_uid": 2, "highestmodseq": 6, …}, …}, "replica": {…}}

import CyrusMailboxes
import CyrusSync
import FoundationEssentials

/// What the mailboxes of two servers hold.
struct IndexStates: Sendable {
  private let master: [[UInt8]: MailboxIndexState]
  private let replica: [[UInt8]: MailboxIndexState]

  /// Reads a file.
  init(contentsOf path: String) throws(Failure) {
    let bytes = try wholeFile(path)
    do {
      let sides = try JSONDecoder().decode(Sides.self, from: Data(bytes))
      master = sides.master.reduce(into: [:]) { $0[Array($1.key.utf8)] = $1.value.state }
      replica = sides.replica.reduce(into: [:]) { $0[Array($1.key.utf8)] = $1.value.state }
    } catch let error as DecodingError {
      throw Failure(.notDatabase, file: path, "is no list of states: \(Self.text(of: error))")
    } catch {
      throw Failure(.notDatabase, file: path, "is no list of states")
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

  private static func text(of error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? "it is no JSON of that form" : "\(path): \(context.debugDescription)"
    }
    return switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
      .dataCorrupted(let context):
      place(context)
    @unknown default: "it cannot be decoded"
    }
  }

  private struct Sides: Decodable {
    let master: [String: State]
    let replica: [String: State]
  }

  /// A mailbox's; what is not there is 0.
  private struct State: Decodable {
    let uidvalidity: UInt32?
    let last_uid: UInt32?
    let highestmodseq: UInt64?
    let recentuid: UInt32?
    let recenttime: Int64?
    let pop3_last_login: Int64?
    let pop3_show_after: Int64?
    let options: String?
    let sync_crc: UInt32?
    let sync_crc_annot: UInt32?
    let xconvmodseq: UInt64?

    var state: MailboxIndexState {
      MailboxIndexState(
        uidValidity: uidvalidity ?? 0, lastUID: last_uid ?? 0, highestModseq: highestmodseq ?? 0,
        recentUID: recentuid ?? 0, recentTime: recenttime ?? 0, pop3LastLogin: pop3_last_login ?? 0,
        pop3ShowAfter: pop3_show_after ?? 0, options: IndexOptions(syncLetters: options ?? ""), syncCRC: sync_crc ?? 0,
        annotationSyncCRC: sync_crc_annot ?? 0, xconvModseq: xconvmodseq ?? 0)
    }
  }
}
