// Reverse ACLs: who may see which mailbox, as keys of their own, so that a user's shared mailboxes are found at once.
//
// Up to 3.2, version 1, everybody has an entry whom the ACL names; from 3.4 on, version 3, who may look or read. Between
// them some version 2 may have either.
//
// Facts: Cyrus's imap/mboxlist.c of releases 3.0 to 3.13.7.

import CyrusDatabase

/// Reverse ACL entries that are missing, by identifier, within bounded memory.
struct MissingEntries {
  /// What is missing for one identifier.
  struct Entry {
    /// How many mailboxes have no entry.
    var count: UInt64 = 0
    /// The indices of the first of them.
    var indices: [Int] = []
    /// Whether there is an entry for some other mailbox.
    var hasSome = false
  }

  var entries: [[UInt8]: Entry] = [:]
  private var indexCount = 0
  /// How many more are missing, for identifiers that were not kept.
  private(set) var furtherCount: UInt64 = 0

  private static let identifiersMax = 10_000
  private static let indicesMax = 100_000

  mutating func note(_ identifier: [UInt8], _ index: Int) {
    guard entries[identifier] != nil || entries.count < Self.identifiersMax else {
      furtherCount += 1
      return
    }
    var entry = entries[identifier] ?? Entry()
    entry.count += 1
    if entry.indices.count < MailboxListReport.listedFindingsMax, indexCount < Self.indicesMax {
      entry.indices.append(index)
      indexCount += 1
    }
    entries[identifier] = entry
  }
}

extension CrossChecks {
  private static let seeing: ACLRights = [.lookup, .read]

  /// Looks for the entries that a mailbox must have.
  mutating func checkReverseACL(
    _ list: borrowing RecordList, _ index: Int, _ entry: borrowing MailboxEntryView, _ name: RawSpan, _ version: Int
  ) throws(DatabaseError) {
    guard let acl = entry.acl else { return }
    let isOwned = nameView(name).isOwned
    var entries = acl.entries()
    while let right = entries.next() {
      if version > 1, ACLRights(right.rights).isDisjoint(with: Self.seeing) { continue }
      let identifier = right.identifier.copy()
      if isExempt(identifier.rawSpan, name: name) { continue }
      scratch.removeAll(keepingCapacity: true)
      let isPlain = form == .plain
      let separator = isPlain ? UInt8(ascii: "$") : 0x1E
      append(isPlain ? "$RACL$" : "A")
      append(isOwned ? "U" : "S")
      scratch.append(separator)
      scratch.append(contentsOf: identifier)
      scratch.append(separator)
      append(name)
      if try findScratch(list) == nil { missing.note(identifier, index) }
    }
  }

  /// Whether an entry is for somebody who may not see the mailbox, or for none.
  mutating func isStale(
    _ list: borrowing RecordList, _ scope: MailboxKey.Scope, _ identifier: RawSpan, name: RawSpan
  ) throws(DatabaseError) -> Bool {
    guard let place = try findName(list, MailboxText(name)) else { return true }
    let under = try list.record(at: place)
    let mailbox = MailboxEntryView(key: under.key, value: under.value, form: form)
    // Of what cannot be decoded it cannot be told.
    if mailbox.errorCount > 0 { return false }
    guard !mailbox.flags.contains(.deleted), let acl = mailbox.acl else { return true }
    let view = nameView(name)
    if view.isOwned != (scope == .users) || view.belongs(to: identifier) { return true }
    var entries = acl.entries()
    while let right = entries.next() {
      guard right.identifier.equals(MailboxText(identifier)) else { continue }
      if (raclVersion ?? 3) < 3 || !ACLRights(right.rights).isDisjoint(with: Self.seeing) { return false }
    }
    return true
  }

  /// Checks an entry of older releases, in which the identifier may have dollars.
  mutating func checkLegacyRACL(
    _ list: borrowing RecordList, _ record: borrowing RecordView, _ scope: MailboxKey.Scope
  ) throws(DatabaseError) {
    guard raclVersion != nil else { return addUnmarked(record) }
    let count = record.key.byteCount
    for separator in 8..<count where record.key.byte(at: separator) == UInt8(ascii: "$") {
      let isStale = try isStale(
        list, scope, record.key.extracting(8..<separator), name: record.key.extracting(separator + 1..<count))
      if !isStale { return }
    }
    addStale(record)
  }

  mutating func addUnmarked(_ record: borrowing RecordView) {
    findings.add(.unmarkedReverseACL, nil, record, "reverse ACL entry in a file without the mark that there are some")
  }

  mutating func addStale(_ record: borrowing RecordView) {
    findings.add(.staleReverseACL, nil, record, "no ACL of such a mailbox says that they may see it")
  }

  /// Tells which entries are missing, once it is known whether there is any for their identifiers.
  mutating func tellMissing(_ list: borrowing RecordList) throws(DatabaseError) {
    if missing.entries.isEmpty { return }
    for index in 0..<list.count {
      let record = try list.record(at: index)
      let key = MailboxKey(record.key, value: record.value, form: form)
      switch key.kind {
      case .racl(_, let identifier, _): noteIdentifier(record.key.extracting(identifier))
      case .legacyRACL:
        let count = record.key.byteCount
        for separator in 8..<count where record.key.byte(at: separator) == UInt8(ascii: "$") {
          noteIdentifier(record.key.extracting(8..<separator))
        }
      default: break
      }
    }
    let rule = CrossCheckRule.missingReverseACL
    for (identifier, entry) in missing.entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let name = readable(identifier.rawSpan)
      guard entry.hasSome else {
        guard let first = entry.indices.first else {
          _ = findings.count(rule.rawValue, .warning)
          continue
        }
        let record = try list.record(at: first)
        findings.add(
          rule, .warning, record,
          "\(name) has no entry for this or any mailbox, but rights to \(entry.count); probably an administrator")
        continue
      }
      for index in entry.indices {
        let record = try list.record(at: index)
        findings.add(rule, nil, record, "\(name) has no entry for it, but rights")
      }
      for _ in 0..<entry.count - UInt64(entry.indices.count) { _ = findings.count(rule.rawValue, rule.severity) }
    }
    for _ in 0..<missing.furtherCount { _ = findings.count(rule.rawValue, rule.severity) }
  }

  private mutating func noteIdentifier(_ identifier: RawSpan) {
    missing.entries[Array(identifier)]?.hasSome = true
  }
}
