// What a list of mailboxes holds, counted in one pass and without keeping any of it.

import CyrusDatabase
import CyrusMailboxes

/// What the list of a slot holds.
public struct SlotContents: Sendable, Hashable {
  /// Mailboxes that are neither deleted nor tombstones, intermediate and remote ones included.
  public var mailboxCount: UInt64 = 0
  /// Mailboxes that were deleted and are kept for a while.
  public var deletedCount: UInt64 = 0
  /// Tombstones.
  public var tombstoneCount: UInt64 = 0
  /// Records that do not say which of these they are.
  public var unreadableCount: UInt64 = 0
  /// The ``MailboxDigest``, as 32 hexadecimal digits; nil if damage hides records.
  public var digest: String?

  /// These counts.
  public init(
    mailboxCount: UInt64 = 0, deletedCount: UInt64 = 0, tombstoneCount: UInt64 = 0, unreadableCount: UInt64 = 0,
    digest: String? = nil
  ) {
    self.mailboxCount = mailboxCount
    self.deletedCount = deletedCount
    self.tombstoneCount = tombstoneCount
    self.unreadableCount = unreadableCount
    self.digest = digest
  }

  /// Counts a list.
  ///
  /// - Throws: As ``/CyrusDatabase/RecordList/record(at:)``.
  /// - Complexity: O(size of the records), each decoded once; no memory by their number.
  init(of list: borrowing MailboxList, mindsPartitions: Bool) throws(DatabaseError) {
    var digest = MailboxDigest(mindsPartitions: mindsPartitions)
    for index in 0..<list.count {
      let entry = try list.entry(at: index)
      switch entry.mailboxState(list.settings) {
      case .unreadable: unreadableCount += 1
      case .tombstones: tombstoneCount += 1
      case .deletedDelayed: deletedCount += 1
      default: mailboxCount += 1
      }
      digest.add(entry, list.settings)
    }
    try list.records.confirm()
    self.digest = list.records.damageCount == 0 ? digest.description : nil
  }
}

extension MailboxList {
  /// What other database this is, if it is none of mailboxes; nil if it may be one.
  ///
  /// - Complexity: O(1): the records that told the form, or some twenty.
  func otherKind() throws(DatabaseError) -> DatabaseKind? {
    // No other database has such records as were seen then: dlists with partition or time under names.
    if form.isEmpty || (form.generation.map { $0 >= .release25 } ?? false) || records.count == 0 { return nil }
    var sample: [(key: [UInt8], value: [UInt8])] = []
    for index in stride(from: 0, to: records.count, by: max(1, records.count / 20)) {
      let record = try records.record(at: index)
      sample.append((record.copyOfKey(), record.copyOfValue()))
    }
    let kind = DatabaseKind(records: sample)
    return kind == .mailboxes ? nil : kind
  }
}
