// The records of mailboxes.db, as fields like those of the other databases.

import CyrusDatabase

extension DecodedFields {
  mutating func readMailbox(_ key: RawSpan, _ value: RawSpan, _ form: MailboxKey.Form) {
    let entry = MailboxEntryView(key: key, value: value, form: form)
    for issue in entry.issues() { note(issue) }
    if case .name(let range) = entry.key.kind, let name = entry.nameInKey() {
      for issue in name.issues(at: range.lowerBound) { note(issue) }
    }
    readKey(of: entry.key.kind)
    guard entry.key.isMailbox else {
      guard value.byteCount > 0 else { return }
      return add(Self.isMarker(entry.key.kind) ? "version" : "rawValue", self.value)
    }
    if let name = entry.name { add("name", name.copy()) }
    if let id = entry.uniqueID { add("uniqueid", id.copy()) }
    if let id = entry.jmapID { add("jmapid", id.copy()) }
    add("kind", entry.kind.name)
    add("flags", Self.flags(entry.flags))
    if let partition = entry.partition { add("partition", partition.copy()) }
    if let server = entry.server { add("server", server.copy()) }
    if let use = entry.legacySpecialUse { add("specialUse", use.copy()) }
    if let acl = entry.acl { add("acl", Self.acl(acl)) }
    let numbers = [
      ("uidvalidity", entry.uidValidity.map(UInt64.init)), ("createdmodseq", entry.createdModseq),
      ("foldermodseq", entry.folderModseq),
    ]
    for (name, number) in numbers { if let number { add(name, .number(number)) } }
    if let time = entry.mtime { add("mtime", .time(time)) }
    if let history = entry.history { add("history", Self.history(history)) }
    if entry.errorCount > 0 { add("rawValue", self.value) }
  }

  /// What the key stands for, and its parts but for name and id, which stand with the fields of the value.
  private mutating func readKey(of kind: MailboxKey.Kind) {
    switch kind {
    case .name: add("record", "name")
    case .uniqueID: add("record", "uniqueid")
    case .jmapID(let owner, _):
      add("record", "jmapid")
      add("owner", key[owner])
    case .raclMarker, .legacyRACLMarker: add("record", "racl-marker")
    case .racl(let scope, let identifier, let name), .legacyRACL(let scope, let identifier, let name):
      add("record", "racl")
      add("scope", scope == .users ? "users" : "shared")
      add("identifier", key[identifier])
      add("name", key[name])
    case .userGroup(let left, let right):
      add("record", "usergroup")
      add("left", key[left])
      add("right", key[right])
    case .legacyRUNQMarker: add("record", "runq-marker")
    case .legacyRUNQ(let id, let name):
      add("record", "runq")
      add("uniqueid", key[id])
      add("name", key[name])
    case .unknown:
      add("record", "unknown")
      add("rawKey", key)
    }
  }

  private static func isMarker(_ kind: MailboxKey.Kind) -> Bool {
    kind == .raclMarker || kind == .legacyRACLMarker || kind == .legacyRUNQMarker
  }

  private static func flags(_ flags: MailboxFlags) -> DecodedValue {
    .list(MailboxFlags.names.filter { flags.contains($0.flag) }.map { .text($0.name) })
  }

  private static func acl(_ acl: ACLView) -> DecodedValue {
    var entries: [DecodedValue] = []
    var cursor = acl.entries()
    while let entry = cursor.next() {
      entries.append(
        .record([
          DecodedField("identifier", .text(entry.identifier.copy())),
          DecodedField("rights", .text(entry.rights.copy())),
        ]))
    }
    return .list(entries)
  }

  private static func history(_ history: MailboxHistoryView) -> DecodedValue {
    var names: [DecodedValue] = []
    var history = history
    while let former = history.next() {
      var fields: [DecodedField] = []
      if let name = former.name { fields.append(DecodedField("name", .text(name.copy()))) }
      fields.append(DecodedField("kind", .text(former.kind.name)))
      fields.append(DecodedField("flags", flags(former.flags)))
      if let partition = former.partition { fields.append(DecodedField("partition", .text(partition.copy()))) }
      let numbers = [
        ("uidvalidity", former.uidValidity.map(UInt64.init)), ("createdmodseq", former.createdModseq),
        ("foldermodseq", former.folderModseq),
      ]
      for (name, number) in numbers { if let number { fields.append(DecodedField(name, .number(number))) } }
      if let time = former.mtime { fields.append(DecodedField("mtime", .time(time))) }
      names.append(.record(fields))
    }
    return .list(names)
  }
}
