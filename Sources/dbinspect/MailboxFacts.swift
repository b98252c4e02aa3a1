// What is told about a mailbox: by which names, and in what form.
//
// This is the inner loop of a listing of a million mailboxes: the record is decoded in place, and what has to be spelled
// out goes into bytes that are used again for the next one.

import CyrusDatabase
import CyrusMailboxes

/// A member of what is told about a mailbox that is one value, or a list of values.
enum MailboxMember: String, CaseIterable {
  case name, dbname, uniqueid, kind, flags, owner, domain, partition, server, acl, uidvalidity, createdmodseq
  case foldermodseq, mtime, deletedAt, jmapid, issues
}

extension MailboxMember {
  /// Appends the member's bytes, nothing if it is not known. Several flags, or codes of issues, are parted by spaces; an
  /// ACL is in Cyrus's own form.
  func append(
    _ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView, to bytes: inout [UInt8]
  ) {
    switch self {
    case .name: name.appendInternalName(to: &bytes)
    case .dbname: name.appendDatabaseName(to: &bytes)
    case .owner: if let owner = name.copyOfOwner() { bytes.append(contentsOf: owner) }
    case .domain: if let domain = name.domain { bytes.append(contentsOf: Array(domain)) }
    case .kind: bytes.append(contentsOf: entry.kind.name.utf8)
    case .flags: bytes.append(contentsOf: entry.flags.words.joined(separator: " ").utf8)
    case .issues: bytes.append(contentsOf: allIssues(of: entry, name).map(\.code).joined(separator: " ").utf8)
    case .acl: if let acl = entry.acl { acl.appendText(to: &bytes) }
    case .uniqueid: if let text = entry.uniqueID { text.append(to: &bytes) }
    case .partition: if let text = entry.partition { text.append(to: &bytes) }
    case .server: if let text = entry.server { text.append(to: &bytes) }
    case .jmapid: if let text = entry.jmapID { text.append(to: &bytes) }
    case .uidvalidity: if let number = entry.uidValidity { bytes.append(decimal: UInt64(number)) }
    case .createdmodseq: if let number = entry.createdModseq { bytes.append(decimal: number) }
    case .foldermodseq: if let number = entry.folderModseq { bytes.append(decimal: number) }
    case .mtime: if let number = entry.mtime { bytes.append(contentsOf: "\(number)".utf8) }
    case .deletedAt: if let number = name.deletedAt { bytes.append(decimal: number) }
    }
  }

  /// The member's values, each for itself: of an ACL the identifiers.
  func values(of entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) -> [[UInt8]] {
    switch self {
    case .flags: return entry.flags.words.map { Array($0.utf8) }
    case .issues: return allIssues(of: entry, name).map { Array($0.code.utf8) }
    case .acl:
      var identifiers: [[UInt8]] = []
      if let acl = entry.acl {
        var entries = acl.entries()
        while let entry = entries.next() { identifiers.append(entry.identifier.copy()) }
      }
      return identifiers
    default:
      var bytes: [UInt8] = []
      append(entry, name, to: &bytes)
      return bytes.isEmpty ? [] : [bytes]
    }
  }
}

/// All issues: those of the record, then those of the name.
func allIssues(of entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) -> [DecodingIssue] {
  var offset = 0
  if case .name(let range) = entry.key.kind { offset = range.lowerBound }
  return entry.issues() + name.issues(at: offset)
}

extension MailboxFlags {
  /// Each flag and what it is called here.
  static let known: [(flag: MailboxFlags, word: String)] = [
    (.deleted, "tombstone"), (.intermediate, "intermediate"), (.remote, "remote"), (.moving, "moving"),
    (.reserved, "reserved"), (.legacyDirectories, "legacyDirs"),
  ]

  /// What the flags are called here.
  var words: [String] { isEmpty ? [] : Self.known.filter { contains($0.flag) }.map(\.word) }
}

extension [UInt8] {
  /// Appends a number in decimal digits.
  mutating func append(decimal number: UInt64) {
    let start = count
    var rest = number
    repeat {
      append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }
}
