// The checks of one record against the others.

import CyrusDatabase

extension CrossChecks {
  /// Checks one record.
  mutating func check(_ list: borrowing RecordList, _ index: Int) throws(DatabaseError) {
    let record = try list.record(at: index)
    let entry = MailboxEntryView(key: record.key, value: record.value, form: form)
    let isForeign = entry.isForeign
    // A new key among old ones was decoded as a name: what is odd about that means nothing.
    if entry.issueCount > 0, !isForeign || form == .prefixed {
      for issue in entry.issues() { add(issue, record) }
    }
    if isForeign {
      foreignCount += 1
      if firstForeign == nil { firstForeign = record.bytes }
      return
    }
    if let mtime = entry.mtime, mtime <= settings.latest { newest = max(newest, mtime) }
    switch entry.key.kind {
    case .name(let range): try checkName(list, index, record, entry, record.key.extracting(range))
    case .uniqueID: try checkUniqueID(list, record, entry)
    case .jmapID(let owner, _): try checkJMAPID(list, record, entry, owner: record.key.extracting(owner))
    case .racl, .legacyRACL:
      // Whether they follow from the ACLs is known when all of these are read.
      if raclVersion == nil { addUnmarked(record) }
    case .userGroup(let left, let right):
      scratch.removeAll(keepingCapacity: true)
      append("UG")
      append(record.key.extracting(right))
      scratch.append(0x1E)
      append(record.key.extracting(left))
      if try findScratch(list) == nil { findings.add(.oneSidedUserGroup, nil, record, "the reverse pair is missing") }
    case .legacyRUNQ(let id, let name):
      let (id, name) = (MailboxText(record.key.extracting(id)), MailboxText(record.key.extracting(name)))
      _ = try follow(list, record, to: name, id, .uniqueID, .staleReverseID)
    case .raclMarker, .legacyRACLMarker, .legacyRUNQMarker, .unknown: break
    }
  }

  private mutating func add(_ issue: DecodingIssue, _ record: borrowing RecordView) {
    let severity: Finding.Severity = issue.isError ? .damage : .warning
    guard findings.count(issue.code, severity) else { return }
    let place = "\(issue.isInKey ? "key" : "value"), byte \(issue.bytes.lowerBound)"
    findings.list(issue.code, severity, at: record.bytes, "\(readable(record.key)): \(place): \(issue.meaning)")
  }

  // MARK: - Names

  private mutating func checkName(
    _ list: borrowing RecordList, _ index: Int, _ record: borrowing RecordView, _ entry: borrowing MailboxEntryView,
    _ name: RawSpan
  ) throws(DatabaseError) {
    let start = record.key.byteCount - name.byteCount
    for issue in nameView(name).issues(at: start) { add(issue, record) }
    let isTombstone = entry.flags.contains(.deleted)
    if isTombstone { tombstones.append(UInt32(truncatingIfNeeded: index)) } else { mailboxCount += 1 }
    if hasReverseIDs, let id = entry.uniqueID {
      scratch.removeAll(keepingCapacity: true)
      append("$RUNQ$")
      id.append(to: &scratch)
      scratch.append(UInt8(ascii: "$"))
      append(name)
      if try findScratch(list) == nil { findings.add(.missingReverseID, nil, record, "no entry under its unique id") }
    }
    // What cannot be decoded is told already.
    if entry.errorCount > 0 { Self.set(index, &unjudged) }
    if isTombstone || entry.errorCount > 0 { return }
    try checkID(list, index, record, entry, name)
    if form == .prefixed, let id = entry.jmapID { try checkJMAPRecord(list, record, entry, id, name) }
    if let version = raclVersion { try checkReverseACL(list, index, entry, name, version) }
  }

  private mutating func checkID(
    _ list: borrowing RecordList, _ index: Int, _ record: borrowing RecordView, _ entry: borrowing MailboxEntryView,
    _ name: RawSpan
  ) throws(DatabaseError) {
    guard let id = entry.uniqueID else {
      // Up to 2.4 nobody has one; what lives elsewhere or is not there yet needs none.
      if entry.valueForm != .dlist && form == .plain { return }
      let isElsewhere = !entry.flags.isDisjoint(with: [.remote, .intermediate, .reserved])
      let severity: Finding.Severity = isElsewhere ? .note : form == .plain ? .warning : .damage
      return findings.add(.missingID, severity, record, "mailbox without a unique id")
    }
    scratch.removeAll(keepingCapacity: true)
    id.append(to: &scratch)
    let hash = RecordTable.hash(scratch.rawSpan)
    var probe = ids.probe(hash)
    var isKnown = false
    while let other = ids.next(&probe) {
      let double = try list.record(at: other)
      let mailbox = MailboxEntryView(key: double.key, value: double.value, form: form)
      guard let otherID = mailbox.uniqueID, otherID.equals(id) else { continue }
      isKnown = true
      findings.add(
        .duplicateID, nil, record, "has the unique id \(readable(scratch.rawSpan)) of \(readable(double.key)), too")
      break
    }
    // One of them is enough to find the others.
    if !isKnown { ids.insert(hash, index) }
    guard form == .prefixed else { return }
    scratch.insert(UInt8(ascii: "I"), at: 0)
    guard let place = try findScratch(list) else {
      return findings.add(.missingIDRecord, nil, record, "no record under its unique id")
    }
    let under = try list.record(at: place)
    let other = MailboxEntryView(key: under.key, value: under.value, form: form)
    guard other.errorCount == 0, let otherName = other.name else { return }
    guard otherName.equals(MailboxText(name)) else {
      return findings.add(
        .idRecordDiffers, nil, record, "its record under the unique id names \(readable(otherName.storedBytes))")
    }
    let differences = Self.differences(entry, other)
    if !differences.isEmpty {
      findings.add(
        .idRecordDiffers, nil, record,
        "differs from the record under its unique id in \(differences.joined(separator: ", "))")
    }
  }

  /// The fields in which the records of one mailbox differ.
  private static func differences(
    _ left: borrowing MailboxEntryView, _ right: borrowing MailboxEntryView
  ) -> [String] {
    var fields: [String] = []
    if left.kind != right.kind { fields.append("kind") }
    // Whether both are tombstones is looked at from the other side.
    if left.flags.symmetricDifference(right.flags).subtracting(.deleted) != [] { fields.append("flags") }
    if !isSame(left.partition, right.partition) { fields.append("partition") }
    if !isSame(left.server, right.server) { fields.append("server") }
    if left.uidValidity != right.uidValidity { fields.append("uidvalidity") }
    if left.createdModseq != right.createdModseq { fields.append("createdmodseq") }
    if left.folderModseq != right.folderModseq { fields.append("foldermodseq") }
    if !isSame(left.jmapID, right.jmapID) { fields.append("JMAP id") }
    if !isSame(left.acl, right.acl) { fields.append("ACL") }
    return fields
  }

  private static func isSame(_ left: MailboxText?, _ right: MailboxText?) -> Bool {
    if let left {
      guard let right else { return false }
      return left.equals(right)
    }
    return right == nil
  }

  private static func isSame(_ left: ACLView?, _ right: ACLView?) -> Bool {
    if let left {
      guard let right else { return false }
      return left.isIdentical(to: right)
    }
    return right == nil
  }

  // MARK: - Records under other keys

  /// Whether the mailbox that another record names has the id of that record.
  ///
  /// - Parameters:
  ///   - field: Which of the mailbox's ids.
  ///   - rule: What is broken if there is no such mailbox, or it has another id.
  /// - Returns: The index of the mailbox's record; nil if it is not there, has another id, or does not say.
  private mutating func follow(
    _ list: borrowing RecordList, _ record: borrowing RecordView, to name: MailboxText, _ id: MailboxText,
    _ field: MailboxField, _ rule: CrossCheckRule
  ) throws(DatabaseError) -> Int? {
    guard let place = try findName(list, name) else {
      findings.add(rule, nil, record, "there is no mailbox \(readable(name.storedBytes))")
      return nil
    }
    let under = try list.record(at: place)
    let other = MailboxEntryView(key: under.key, value: under.value, form: form)
    if let found = other.storedText(of: field), found.equals(id) { return place }
    // What is cut away, or cannot be read, may have been right; that is told of the mailbox's record.
    if other.errorCount > 0, other.state(of: field) == .absent || other.state(of: field) == .unreadable { return nil }
    let word = field == .jmapID ? "JMAP" : "unique"
    findings.add(rule, nil, record, "\(readable(under.key)) has not this \(word) id")
    return nil
  }

  private mutating func checkUniqueID(
    _ list: borrowing RecordList, _ record: borrowing RecordView, _ entry: borrowing MailboxEntryView
  ) throws(DatabaseError) {
    guard entry.errorCount == 0, let name = entry.name, let id = entry.uniqueID,
      let place = try follow(list, record, to: name, id, .uniqueID, .orphanIDRecord)
    else { return }
    let under = try list.record(at: place)
    let other = MailboxEntryView(key: under.key, value: under.value, form: form)
    if other.errorCount == 0, entry.flags.contains(.deleted) != other.flags.contains(.deleted) {
      let text = entry.flags.contains(.deleted) ? "is a tombstone, but not" : "is no tombstone, but"
      findings.add(.idRecordState, nil, record, "\(text) \(readable(under.key))")
    }
  }

  private mutating func checkJMAPRecord(
    _ list: borrowing RecordList, _ record: borrowing RecordView, _ entry: borrowing MailboxEntryView,
    _ id: MailboxText, _ name: RawSpan
  ) throws(DatabaseError) {
    let view = nameView(name)
    // For whose it is kept depends on what Cyrus takes it for.
    guard view.isSpelledByCyrus else { return }
    let owner = view.copyOfOwner() ?? []
    var found: Int?
    // The second one was written for two months.
    for separator in [0x1E, UInt8(ascii: ".")] where found == nil {
      scratch.removeAll(keepingCapacity: true)
      scratch.append(UInt8(ascii: "J"))
      scratch.append(contentsOf: owner)
      scratch.append(separator)
      id.append(to: &scratch)
      found = try findScratch(list)
    }
    guard let found else { return findings.add(.missingJMAPRecord, nil, record, "no record under its JMAP id") }
    let under = try list.record(at: found)
    let other = MailboxEntryView(key: under.key, value: under.value, form: form)
    guard other.errorCount == 0 else { return }
    var fields: [String] = []
    if !Self.isSame(other.name, MailboxText(name)) { fields.append("name") }
    if !Self.isSame(other.uniqueID, entry.uniqueID) { fields.append("unique id") }
    if !fields.isEmpty {
      findings.add(
        .jmapRecordDiffers, nil, record,
        "differs from the record under its JMAP id in \(fields.joined(separator: ", "))")
    }
  }

  private mutating func checkJMAPID(
    _ list: borrowing RecordList, _ record: borrowing RecordView, _ entry: borrowing MailboxEntryView, owner: RawSpan
  ) throws(DatabaseError) {
    guard entry.errorCount == 0, let name = entry.name, let id = entry.jmapID,
      let place = try follow(list, record, to: name, id, .jmapID, .orphanJMAPRecord)
    else { return }
    let under = try list.record(at: place)
    let view = nameView(under.key.extracting(droppingFirst: 1))
    if view.isSpelledByCyrus, owner.byteCount == 0 ? view.isOwned : !view.belongs(to: owner) {
      findings.add(.orphanJMAPRecord, nil, record, "\(readable(under.key)) has another owner")
    }
  }

  mutating func append(_ text: String) { scratch.append(contentsOf: text.utf8) }

  mutating func append(_ bytes: RawSpan) { MailboxText(bytes).append(to: &scratch) }
}
