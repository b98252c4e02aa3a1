// The fields of a record that replication carries over, compared in place.
//
//   compared       T but for `l`, P, A; F, V and C if both are there and not zero
//   not compared   M, H, J, and records under ids: local matters

import CyrusDatabase
import CyrusMailboxes

/// Compares the records of two mailboxes.
struct FieldComparison: Sendable {
  let settings: NameSettings
  let comparesPartitions: Bool
  let states: MailboxStateSource?

  /// Whether keys that begin with a letter are in the order of names as they are.
  var hasRawOrder: Bool { settings.defaultDomain.isEmpty }

  /// Fields that differ.
  struct Fields: OptionSet {
    let rawValue: UInt8

    static let type = Fields(rawValue: 1)
    static let acl = Fields(rawValue: 2)
    static let partition = Fields(rawValue: 4)
    static let folderModseq = Fields(rawValue: 8)
    static let uidValidity = Fields(rawValue: 16)
    static let createdModseq = Fields(rawValue: 32)
    static let content = Fields(rawValue: 64)
  }

  /// Compares two live mailboxes.
  func differences(_ master: borrowing MailboxEntryView, _ replica: borrowing MailboxEntryView) -> Fields {
    var fields: Fields = []
    let isIntermediate = (master.flags.contains(.intermediate), replica.flags.contains(.intermediate))
    if master.kind != replica.kind || isIntermediate.0 != isIntermediate.1 { fields.insert(.type) }
    if !isIntermediate.0, !isIntermediate.1 {
      if !Self.sameACL(master, replica) { fields.insert(.acl) }
      if comparesPartitions, !Self.samePartition(master, replica) { fields.insert(.partition) }
    }
    if Self.differ(master.folderModseq, replica.folderModseq) { fields.insert(.folderModseq) }
    if Self.differ(master.uidValidity, replica.uidValidity) { fields.insert(.uidValidity) }
    if Self.differ(master.createdModseq, replica.createdModseq) { fields.insert(.createdModseq) }
    if states != nil, contents(master, replica) != nil { fields.insert(.content) }
    return fields
  }

  /// The differences of two live mailboxes, with the values of both sides.
  func details(
    _ master: borrowing MailboxEntryView, _ replica: borrowing MailboxEntryView
  ) -> [StoreDifference.Detail] {
    let fields = differences(master, replica)
    var details: [StoreDifference.Detail] = []
    if fields.contains(.acl) {
      details.append(.acl(master: Self.aclText(master), replica: Self.aclText(replica)))
    }
    if fields.contains(.content), let contents = contents(master, replica) { details.append(contents) }
    if fields.contains(.createdModseq), let mine = master.createdModseq, let theirs = replica.createdModseq {
      details.append(.createdModseqEntry(master: mine, replica: theirs))
    }
    if fields.contains(.folderModseq), let mine = master.folderModseq, let theirs = replica.folderModseq {
      details.append(.folderModseq(master: mine, replica: theirs))
    }
    if fields.contains(.type) {
      details.append(.type(master: Self.typeText(master), replica: Self.typeText(replica)))
    }
    if fields.contains(.partition), let mine = master.partition, let theirs = replica.partition {
      details.append(.partition(master: mine.copy(), replica: theirs.copy()))
    }
    if fields.contains(.uidValidity), let mine = master.uidValidity, let theirs = replica.uidValidity {
      details.append(.uidValidityEntry(master: mine, replica: theirs))
    }
    return details
  }

  private func contents(
    _ master: borrowing MailboxEntryView, _ replica: borrowing MailboxEntryView
  ) -> StoreDifference.Detail? {
    guard let states, !master.flags.contains(.intermediate), !replica.flags.contains(.intermediate),
      let mine = states(.master, master), let theirs = states(.replica, replica)
    else { return nil }
    return StoreDifference.contents(mine, theirs)
  }

  private static func aclText(_ entry: borrowing MailboxEntryView) -> [UInt8] {
    var text: [UInt8] = []
    entry.acl?.appendText(to: &text)
    return text
  }

  private static func typeText(_ entry: borrowing MailboxEntryView) -> String {
    entry.flags.contains(.intermediate) ? entry.kind.name + ", intermediate" : entry.kind.name
  }

  private static func differ<Number: FixedWidthInteger>(_ left: Number?, _ right: Number?) -> Bool {
    guard let left, let right else { return false }
    return left != 0 && right != 0 && left != right
  }

  private static func sameACL(_ left: borrowing MailboxEntryView, _ right: borrowing MailboxEntryView) -> Bool {
    guard let acl = left.acl else { return isEmpty(right) }
    guard let other = right.acl else { return acl.count == 0 }
    return acl.isIdentical(to: other)
  }

  private static func isEmpty(_ entry: borrowing MailboxEntryView) -> Bool {
    guard let acl = entry.acl else { return true }
    return acl.count == 0
  }

  private static func samePartition(_ left: borrowing MailboxEntryView, _ right: borrowing MailboxEntryView) -> Bool {
    guard let partition = left.partition, let other = right.partition else { return true }
    return partition.equals(other)
  }
}
