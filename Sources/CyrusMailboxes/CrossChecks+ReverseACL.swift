// Reverse ACLs: who may see which mailbox, as keys of their own, so that a user's shared mailboxes are found at once.
//
// Up to 3.2, version 1, everybody has an entry whom the ACL names; from 3.4 on, version 3, who may look or read. What
// has version 2 may do either.
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

/// Where the key of a reverse ACL entry up to 3.4 may be parted into identifier and name, both of which can have dollars;
/// not so many.
private struct LegacyDollars {
  private var dollar = 7
  private var remaining = 16

  /// The place of the next one; nil at the end.
  mutating func next(in key: RawSpan) -> Int? {
    guard remaining > 0, dollar < key.byteCount else { return nil }
    remaining -= 1
    dollar = key.first(UInt8(ascii: "$"), in: dollar + 1..<key.byteCount)
    return dollar < key.byteCount ? dollar : nil
  }
}

extension CrossChecks {
  private static let seeing: ACLRights = [.lookup, .read]
  /// Names that are longer, as no release writes them, would make a long ACL slow: each of its entries is put together
  /// with the name.
  private static let nameByteCountMax = 4096

  /// Looks for the entries that a mailbox must have.
  mutating func checkReverseACL(
    _ list: borrowing RecordList, _ index: Int, _ entry: borrowing MailboxEntryView, _ name: RawSpan, _ version: Int
  ) throws(DatabaseError) {
    guard let acl = entry.acl else { return }
    guard name.byteCount <= Self.nameByteCountMax else {
      Self.set(index, &unjudged)
      let record = try list.record(at: index)
      return findings.add(
        .uncheckedReverseACL, nil, record, "so long a name that reverse ACL entries were not looked for")
    }
    let view = nameView(name)
    // Cyrus keeps the entries of such a mailbox under the name that it takes it for.
    guard view.isSpelledByCyrus else { return Self.set(index, &unjudged) }
    var entries = acl.entries()
    while let right = entries.next() {
      let canSee = !ACLRights(right.rights).isDisjoint(with: Self.seeing)
      if version > 2, !canSee { continue }
      let identifier = right.identifier.copy()
      if view.belongs(to: identifier.rawSpan) { continue }
      scratch.removeAll(keepingCapacity: true)
      let isPlain = form == .plain
      let separator = isPlain ? UInt8(ascii: "$") : 0x1E
      append(isPlain ? "$RACL$" : "A")
      append(view.isOwned ? "U" : "S")
      scratch.append(separator)
      scratch.append(contentsOf: identifier)
      scratch.append(separator)
      append(name)
      if let place = try findScratch(list) {
        Self.set(place, &derived)
      } else if version == 1 || canSee, !isAdmin(identifier.rawSpan) {
        missing.note(identifier, index)
      }
    }
  }

  /// Tells which entries are there, but follow from no ACL.
  mutating func tellStale(_ list: borrowing RecordList) throws(DatabaseError) {
    guard raclVersion != nil else { return }
    let rule = CrossCheckRule.staleReverseACL
    for index in 0..<list.count where !Self.isSet(index, derived) {
      let record = try list.record(at: index)
      let key = MailboxKey(record.key, value: record.value, form: form)
      guard key.form == form else { continue }
      switch key.kind {
      case .racl(_, _, let name):
        if try isUnjudged(list, record.key.extracting(name)) { continue }
      case .legacyRACL:
        if try isPartedUnjudged(list, record.key) { continue }
      default: continue
      }
      findings.add(rule, nil, record, "no ACL of such a mailbox says that they may see it")
    }
  }

  /// Whether it is not known who may see the mailbox with this name.
  private mutating func isUnjudged(_ list: borrowing RecordList, _ name: RawSpan) throws(DatabaseError) -> Bool {
    guard let place = try findName(list, MailboxText(name)) else { return false }
    return Self.isSet(place, unjudged)
  }

  /// Whether what stands behind one of the dollars of an old key is the name of such a mailbox.
  private mutating func isPartedUnjudged(_ list: borrowing RecordList, _ key: RawSpan) throws(DatabaseError) -> Bool {
    var dollars = LegacyDollars()
    while let dollar = dollars.next(in: key) {
      if try isUnjudged(list, key.extracting(droppingFirst: dollar + 1)) { return true }
    }
    return false
  }

  mutating func addUnmarked(_ record: borrowing RecordView) {
    findings.add(.unmarkedReverseACL, nil, record, "reverse ACL entry in a file without the mark that there are some")
  }

  /// Tells which entries are missing, once it is known whether there is any for their identifiers.
  mutating func tellMissing(_ list: borrowing RecordList) throws(DatabaseError) {
    if missing.entries.isEmpty { return }
    for index in 0..<list.count {
      let record = try list.record(at: index)
      let key = MailboxKey(record.key, value: record.value, form: form)
      guard key.form == form else { continue }
      switch key.kind {
      case .racl(_, let identifier, _): noteIdentifier(record.key.extracting(identifier))
      case .legacyRACL:
        var dollars = LegacyDollars()
        while let dollar = dollars.next(in: record.key) { noteIdentifier(record.key.extracting(8..<dollar)) }
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
