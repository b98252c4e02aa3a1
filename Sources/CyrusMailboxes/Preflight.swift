// What an upgrade would do to the records of a mailboxes.db.
//
// From 3.6 on `ctl_cyrusdb -r` makes a new file with prefixed keys at every start that finds an old one. On the way it
// leaves out, misreads or stumbles over records that an older release could live with, and says little of it:
//
//   no unique id            looked for in the mailbox's cyrus.header; if that cannot be read, the record is left out
//   a number for the type   taken for the bits of 3.6, so that a tombstone becomes a remote mailbox
//   letters for the type    others than it expects, or in another order than kind and then flags, abort it
//   NIL                     as a number or as rights, crashes it
//   a first name like News  makes it take the old file for an upgraded one
//   DELETED, but no time    at the end of a name: taken for user.joe if it is DELETED.user.joe.x
//
// Facts: Cyrus's imap/mboxlist.c and imap/dlist.c of releases 2.5.17 to 3.13.7, and what 3.6.1 did with such records.

public import CyrusDatabase

extension MailboxListCheck {
  /// Finds what an upgrade would leave out, misread or stumble over.
  ///
  /// - Parameters:
  ///   - release: The release to upgrade to. For a file of that release already, what its programs would stumble over.
  ///   - list: All records of the file.
  /// - Throws: As ``report(on:progress:)``.
  /// - Complexity: As ``report(on:progress:)``.
  public func preflight(
    for release: UpgradeTarget, on list: borrowing RecordList
  ) throws(DatabaseError) -> MailboxListReport {
    let form = try form(of: list)
    var preflight = Preflight(self, form, release, count: list.count)
    try preflight.run(list)
    try list.confirm()
    return MailboxListReport(
      form: form, keyOrder: preflight.order.order, recordCount: UInt64(list.count),
      mailboxCount: preflight.mailboxCount, tombstoneCount: preflight.tombstoneCount,
      isComplete: list.damageCount == 0 && !list.isLimited, rules: preflight.findings.rules,
      findings: preflight.findings.sorted)
  }
}

/// The state of a run.
private struct Preflight {
  let settings: MailboxListCheck
  let form: MailboxKey.Form
  let release: UpgradeTarget
  var findings = MailboxListFindings()
  var order = OrderEvidence()
  var mailboxCount: UInt64 = 0
  var tombstoneCount: UInt64 = 0
  private var ids: RecordTable
  /// Whether the record was met by which the upgrade tells an old file from a new one.
  private var hasMetFirst = false

  init(_ settings: MailboxListCheck, _ form: MailboxKey.Form, _ release: UpgradeTarget, count: Int) {
    self.settings = settings
    self.form = form
    self.release = release
    ids = RecordTable(count: form == .plain ? count : 0)
  }

  mutating func run(_ list: borrowing RecordList) throws(DatabaseError) {
    for index in 0..<list.count {
      let record = try list.record(at: index)
      if index > 0 {
        let previous = try list.record(at: index - 1)
        order.note(previous.key, record)
      }
      let entry = MailboxEntryView(key: record.key, value: record.value, form: form)
      if form == .plain { checkFirst(record, entry) }
      if entry.isForeign {
        findings.add(.invisible, record, "the server looks for no such keys")
        continue
      }
      switch entry.key.kind {
      case .legacyRACLMarker, .legacyRUNQMarker:
        if !record.value.isNumber(in: 0..<record.value.byteCount) {
          findings.add(.markVersion, record, "the version is no number: 3.4 aborts on it")
        }
      case .name(let range):
        if entry.flags.contains(.deleted) { tombstoneCount += 1 } else { mailboxCount += 1 }
        checkName(record, record.key.extracting(range))
        try checkValue(list, index, record, entry)
      case .uniqueID, .jmapID: try checkValue(list, index, record, entry)
      default: break
      }
    }
    if let place = order.firstRawViolation {
      // An upgrade goes through the old file from end to end, and writes the new one in byte order.
      let severity: Finding.Severity = form == .plain && order.order == .mbox ? .warning : .damage
      findings.add(
        PreflightRule.keyOrder.rawValue, severity, at: place,
        "keys are not in byte order, in which \(release.rawValue) looks for them")
    }
  }

  /// An old file is known by the first key that looks like one of either form.
  private mutating func checkFirst(_ record: borrowing RecordView, _ entry: borrowing MailboxEntryView) {
    guard !hasMetFirst else { return }
    switch record.key.byte(at: 0) {
    case UInt8(ascii: "$"): hasMetFirst = true
    case UInt8(ascii: "A"), UInt8(ascii: "I"), UInt8(ascii: "N"):
      // What cannot be decoded is passed over.
      guard entry.errorCount == 0 else { return }
      hasMetFirst = true
      findings.add(.takenForUpgraded, record, "begins as keys of new files do, so that the file is not upgraded")
    default: break
    }
  }

  private mutating func checkName(_ record: borrowing RecordView, _ name: RawSpan) {
    let view = MailboxNameView(
      name, form: form == .plain ? .internal : .database, deletedPrefix: settings.deletedPrefix,
      defaultDomain: settings.defaultDomain)
    let most = view.isDeleted ? MailboxNameView.deletedByteCountMax : MailboxNameView.byteCountMax
    if name.byteCount > most {
      findings.add(.nameTooLong, record, "the name has \(name.byteCount) bytes, and may have \(most)")
    }
    // The prefix and one piece more are a name as any other.
    if form == .plain, !view.isSpelledByCyrus, view.isDeleted || view.depth > 2 {
      findings.add(
        .renamed, record, "ends in no time of deletion as Cyrus writes it: gets another name, even that of a mailbox")
    }
  }

  private mutating func checkValue(
    _ list: borrowing RecordList, _ index: Int, _ record: borrowing RecordView, _ entry: borrowing MailboxEntryView
  ) throws(DatabaseError) {
    if entry.valueForm == .dlist {
      guard checkDList(record) else { return }
      checkNulls(record, entry)
      if let letters = entry.typeText, let letter = letters.firstUnexpected(in: release) {
        findings.add(
          .typeAborts, record, "\(release.rawValue) aborts on the type \(readable(letters.storedBytes)), at \(letter)")
      }
    } else if entry.valueForm == nil {
      return findings.add(.undecodable, record, "the value is empty: \(fate)")
    } else {
      checkNumber(record, entry)
    }
    if form == .plain { try checkID(list, index, record, entry) }
  }

  /// What becomes of a record that cannot be decoded.
  private var fate: String { form == .plain ? "the record is left out" : "the server does not see the record" }

  /// Whether the value is a dlist to its end.
  private mutating func checkDList(_ record: borrowing RecordView) -> Bool {
    var scanner = DListScanner(record.value)
    var hasLiteral = false
    do throws(DListError) {
      scan: while true {
        switch try scanner.next() {
        case .key(let string), .string(let string): if string.form == .literal { hasLiteral = true }
        case .end: break scan
        default: break
        }
      }
    } catch {
      findings.add(.undecodable, record, "\(error.description): \(fate)")
      return false
    }
    // A new file goes back to no release before 3.6 anyway.
    if hasLiteral, form == .plain {
      findings.add(.literal, record, "has a string with its length before it: 2.5 and 3.0 hang on it")
    }
    return true
  }

  private mutating func checkNulls(_ record: borrowing RecordView, _ entry: borrowing MailboxEntryView) {
    let numbers: [MailboxField] = [.uidValidity, .createdModseq, .folderModseq, .mtime]
    // The decoder takes NIL for a number that cannot be read, or for none.
    let hasNumber = numbers.contains { entry.state(of: $0) == .null }
    let hasOther =
      entry.issueCount > 0
      && entry.issues().contains { issue in
        if issue.isInKey { return false }
        return issue.code == "acl.nilRights" || issue.code == "field.number" && record.holdsNull(in: issue.bytes)
      }
    if hasNumber || hasOther {
      findings.add(.nilCrashes, record, "NIL stands for a number or rights: \(release.rawValue) crashes on it")
    }
  }

  private mutating func checkNumber(_ record: borrowing RecordView, _ entry: borrowing MailboxEntryView) {
    guard let digits = entry.typeText else { return }
    var bits: UInt64 = 0
    var bytes = digits.bytes()
    while let byte = bytes.next() {
      let digit = byte &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      bits = min(bits, 1 << 40) * 10 + UInt64(digit)
    }
    guard bits != 0 else { return }
    findings.add(.numericType, record, "the type \(bits) is taken for another one: \(misreading(of: bits))")
  }

  /// What a release makes of a number that an old one wrote.
  private func misreading(of bits: UInt64) -> String {
    var kinds = [
      0: "mail", 1: "netnews", 2: "submission", 3: "push subscriptions", 5: "Sieve scripts", 8: "a collection",
      9: "a calendar", 10: "an address book",
    ]
    if release > .v36 { kinds[4] = "notifications" }
    guard let kind = kinds[Int(bits & 15)] else { return "\(release.rawValue) aborts on it" }
    let flags: [(bit: UInt64, name: String)] = [
      (16, "remote"), (32, "reserved"), (64, "moving"), (128, "a tombstone"), (256, "intermediate"),
    ]
    let names = flags.filter { bits & $0.bit != 0 }.map(\.name)
    return ([kind] + names).joined(separator: ", ")
  }

  private mutating func checkID(
    _ list: borrowing RecordList, _ index: Int, _ record: borrowing RecordView, _ entry: borrowing MailboxEntryView
  ) throws(DatabaseError) {
    guard let id = entry.uniqueID else {
      if entry.flags.isDisjoint(with: [.deleted, .remote, .intermediate, .reserved]) {
        return findings.add(.needsHeader, record, "no unique id: left out if cyrus.header of the mailbox is not read")
      }
      return findings.add(.noUniqueID, record, "no unique id, and no cyrus.header to look for it: left out")
    }
    if entry.flags.contains(.deleted) { return }
    let copy = id.copy()
    let hash = RecordTable.hash(copy.rawSpan)
    var probe = ids.probe(hash)
    while let other = ids.next(&probe) {
      let double = try list.record(at: other)
      let mailbox = MailboxEntryView(key: double.key, value: double.value, form: form)
      guard let otherID = mailbox.uniqueID, otherID.equals(id) else { continue }
      return findings.add(.duplicateID, record, "has the unique id of \(readable(double.key)), too")
    }
    ids.insert(hash, index)
  }
}

extension MailboxListFindings {
  /// Adds a finding about a record.
  fileprivate mutating func add(_ rule: PreflightRule, _ record: borrowing RecordView, _ message: String) {
    add(rule.rawValue, rule.severity, at: record.bytes, "\(readable(record.key)): \(message)")
  }
}

extension RecordView {
  /// Whether the bytes of the value are `NIL`.
  fileprivate func holdsNull(in range: Range<Int>) -> Bool {
    range.upperBound <= value.byteCount && range.count == 3 && value.extracting(range).starts(with: "NIL")
  }
}

extension MailboxText {
  /// The first letter of a type at which a release aborts: anything but a kind and then flags.
  ///
  /// `f` is also taken behind another kind.
  func firstUnexpected(in release: UpgradeTarget) -> Unicode.Scalar? {
    var isFirst = true
    var letters = bytes()
    while let letter = letters.next() {
      let kind = MailboxKind(letter: letter)
      let isKind = kind != nil && (kind != .notification || release > .v36)
      let isTaken = isFirst && isKind || MailboxFlags(letter: letter) != nil || kind == .sieve
      if !isTaken { return Unicode.Scalar(letter) }
      isFirst = false
    }
    return nil
  }
}
