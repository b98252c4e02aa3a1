// Where the index of a mailbox can be.
//
// Surprise: a mailbox can have left an older index behind where Cyrus does not look any more, under its name after it
// was moved to its id. So a path that Cyrus would not use is not tried.
//
// Facts: Docs/Formats/names.md, section 8.

import CyrusDatabase

extension PathSettings {
  /// By what a mailbox is known to the file system of a server of this release.
  ///
  /// - Parameters:
  ///   - name: The mailbox's name.
  ///   - uniqueID: Its unique id, if its record has one.
  ///   - hasLegacyDirectories: Whether its record has the flag ``MailboxFlags/legacyDirectories``.
  /// - Returns: Its id from 3.6 on, unless it has none or has the flag; its name otherwise.
  public func reference(
    name: MailboxName, uniqueID: [UInt8]?, hasLegacyDirectories: Bool
  ) -> MailboxReference {
    guard release >= .from3_6, !hasLegacyDirectories, let uniqueID, !uniqueID.isEmpty else { return .name(name) }
    return .id(uniqueID)
  }

  /// The paths where the index of a mailbox can be.
  ///
  /// With a `metapartition` two: whether indexes are there depends on `metapartition_files`, which these settings do
  /// not have. Where Cyrus would not look there is no path, though there may be a file: of a mailbox that is gone.
  ///
  /// - Parameters:
  ///   - mailbox: By name or id, see ``reference(name:uniqueID:hasLegacyDirectories:)``.
  ///   - partition: The name of the partition, which is in the record as well.
  /// - Returns: The likelier first; bytes, not necessarily UTF-8. None if there is no such partition, or the name or id
  ///   cannot stand in a path.
  public func indexFiles(of mailbox: MailboxReference, partition: String) -> [[UInt8]] {
    [MailboxStorage.metadata, .messages].compactMap { storage in
      path(to: .mailbox(mailbox, partition: partition, storage: storage, file: .index))
    }
  }

  /// The paths where the index of the mailbox of a record can be.
  ///
  /// - Parameter entry: A record under a name or a unique id.
  /// - Returns: As ``indexFiles(of:partition:)``. None if the record is not of a mailbox that lives here: if it is a
  ///   tombstone, a reserved name, an intermediate or remote mailbox, or lacks a name or partition.
  public func indexFiles(of entry: MailboxEntry) -> [[UInt8]] {
    let homeless: MailboxFlags = [.deleted, .reserved, .intermediate, .remote]
    guard entry.flags.isDisjoint(with: homeless), let bytes = entry.name.value, let partition = entry.partition.value
    else { return [] }
    let view = MailboxNameView(
      bytes.rawSpan, form: entry.form == .plain ? .internal : .database, deletedPrefix: deletedPrefix,
      defaultDomain: defaultDomain)
    let reference = reference(
      name: MailboxName(view), uniqueID: entry.uniqueID.value,
      hasLegacyDirectories: entry.flags.contains(.legacyDirectories))
    return indexFiles(of: reference, partition: String(decoding: partition, as: UTF8.self))
  }
}
