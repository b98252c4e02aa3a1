// A mailbox of one side, as far as differences need it.

import CyrusDatabase
import CyrusMailboxes

/// A mailbox of one side that is under a name at which the lists differ.
struct StoreMailbox: Sendable {
  let name: MailboxName
  /// nil if it has none.
  let id: [UInt8]?
  /// Its place in its list.
  let index: Int

  init(_ entry: borrowing MailboxEntryView, at index: Int, _ settings: NameSettings) {
    if let name = entry.nameInKey(settings) {
      self.name = MailboxName(name)
    } else {
      // A list has only records under names.
      name = MailboxName(databaseName: entry.keyBytes, deletedPrefix: settings.deletedPrefix)
    }
    let id = entry.uniqueID?.copy()
    self.id = id?.isEmpty == false ? id : nil
    self.index = index
  }
}

/// What is under a name at which the lists differ.
struct StorePlace: Sendable {
  var master: StoreMailbox?
  var replica: StoreMailbox?
  /// The master's, if it is there and a tombstone.
  var tombstoneID: [UInt8]??
  /// The sides whose record cannot be decoded.
  var unreadable: [StoreDifference.Side] = []
  /// The sides that have something there which is not replicated.
  var skipped: Set<StoreDifference.Side> = []
  var name: MailboxName?

  init(
    _ place: DifferingPlace, _ master: borrowing MailboxList, _ replica: borrowing MailboxList,
    _ settings: NameSettings
  ) throws(DatabaseError) {
    if let index = place.master.map({ Int($0) }) {
      let entry = try master.entry(at: index)
      let mailbox = StoreMailbox(entry, at: index, settings)
      name = mailbox.name
      switch Presence(entry) {
      case .live: self.master = mailbox
      case .tombstone: tombstoneID = .some(mailbox.id)
      case .unreadable: unreadable.append(.master)
      case .skipped: skipped.insert(.master)
      }
    }
    if let index = place.replica.map({ Int($0) }) {
      let entry = try replica.entry(at: index)
      let mailbox = StoreMailbox(entry, at: index, settings)
      name = mailbox.name
      switch Presence(entry) {
      case .live: self.replica = mailbox
      case .unreadable: unreadable.append(.replica)
      case .skipped: skipped.insert(.replica)
      case .tombstone: break
      }
    }
  }
}
