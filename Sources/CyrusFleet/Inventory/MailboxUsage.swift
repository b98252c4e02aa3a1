// How much the messages of a list's mailboxes take, by the headers of their indexes.

import CyrusDatabase
import CyrusMailboxes

/// How much messages take.
public struct MailboxUsage: Sendable, Hashable {
  private var sum: UInt64 = 0
  /// Mailboxes whose index was read.
  public private(set) var readCount: UInt64 = 0
  /// Mailboxes whose index could not be read, so that they are not in the sum.
  public private(set) var unreadCount: UInt64 = 0

  /// Bytes of messages that count for quotas; nil if there are mailboxes, and none of their indexes could be read.
  public var byteCount: UInt64? { readCount == 0 && unreadCount > 0 ? nil : sum }

  /// Nothing.
  public init() {}

  /// Asks the indexes of all mailboxes that live here.
  ///
  /// - Complexity: O(mailboxes): a file is opened for each.
  init(of database: Database, below data: String, _ inventory: FleetInventory) throws(DatabaseError) {
    let list = try MailboxList(database, settings: inventory.settings, locking: inventory.locking)
    var paths = inventory.paths
    paths.partitions = [PathSettings.Partition(name: "", directory: data)]
    if list.form.keys == .plain { paths.release = .from3_0 }
    for index in 0..<list.count {
      let entry = try list.entry(at: index)
      let homeless: MailboxFlags = [.deleted, .reserved, .intermediate, .remote]
      guard entry.flags.isDisjoint(with: homeless), let name = entry.nameInKey(list.settings) else { continue }
      let mailbox = paths.reference(
        name: MailboxName(name), uniqueID: entry.uniqueID?.copy(),
        hasLegacyDirectories: entry.flags.contains(.legacyDirectories))
      add(paths.indexFiles(of: mailbox, partition: ""))
    }
    try list.records.confirm()
  }

  private mutating func add(_ paths: [[UInt8]]) {
    for path in paths {
      guard let path = String(validating: path, as: UTF8.self), let header = try? IndexHeader.read(path: path) else {
        continue
      }
      // A header that was forged may say anything.
      sum = sum.addingReportingOverflow(header.quotaMailboxUsed).partialValue
      readCount += 1
      return
    }
    unreadCount += 1
  }

  /// What both take together.
  public func merging(_ other: MailboxUsage) -> MailboxUsage {
    var both = self
    both.sum = sum.addingReportingOverflow(other.sum).partialValue
    both.readCount += other.readCount
    both.unreadCount += other.unreadCount
    return both
  }
}
