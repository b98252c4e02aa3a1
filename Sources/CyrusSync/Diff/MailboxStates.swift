// What mailboxes hold, as far as replication compares it.
//
// The order of the fields is that in which reports give them.

public import CyrusMailboxes

/// Tells what a mailbox of a side holds; nil if that is not known.
///
/// Asked for every mailbox that both sides have, so it decides what a comparison costs.
public typealias MailboxStateSource =
  @Sendable (_ side: StoreDifference.Side, _ mailbox: borrowing MailboxEntryView) -> MailboxIndexState?

extension StoreDifference {
  /// The fields in which two states differ, and which side is ahead by them; nil if there is none.
  static func contents(_ master: MailboxIndexState, _ replica: MailboxIndexState) -> StoreDifference.Detail? {
    if master == replica { return nil }
    var fields: [ContentField] = []
    func add(_ name: String, _ mine: some BinaryInteger, _ theirs: some BinaryInteger) {
      guard mine != theirs else { return }
      fields.append(
        ContentField(name: name, master: UInt64(truncatingIfNeeded: mine), replica: UInt64(truncatingIfNeeded: theirs)))
    }
    add("uidvalidity", master.uidValidity, replica.uidValidity)
    add("last_uid", master.lastUID, replica.lastUID)
    add("highestmodseq", master.highestModseq, replica.highestModseq)
    add("recentuid", master.recentUID, replica.recentUID)
    add("recenttime", master.recentTime, replica.recentTime)
    add("pop3_last_login", master.pop3LastLogin, replica.pop3LastLogin)
    add("pop3_show_after", master.pop3ShowAfter, replica.pop3ShowAfter)
    add("options", master.options.rawValue, replica.options.rawValue)
    add("sync_crc", master.syncCRC, replica.syncCRC)
    add("sync_crc_annot", master.annotationSyncCRC, replica.annotationSyncCRC)
    if master.xconvModseq != 0, replica.xconvModseq != 0 {
      add("xconvmodseq", master.xconvModseq, replica.xconvModseq)
    }
    return fields.isEmpty ? nil : .content(fields: fields, direction(of: fields))
  }

  private static func direction(of fields: [ContentField]) -> Direction {
    let counters = fields.filter { ["uidvalidity", "last_uid", "highestmodseq", "xconvmodseq"].contains($0.name) }
    let masterIsAhead = counters.contains { $0.master > $0.replica }
    let replicaIsAhead = counters.contains { $0.master < $0.replica }
    switch (masterIsAhead, replicaIsAhead) {
    case (true, true): return .divergent
    case (true, false): return .masterAhead
    case (false, true): return .replicaAhead
    case (false, false): return fields.contains { $0.name.hasPrefix("sync_crc") } ? .divergent : .masterAhead
    }
  }
}
