// What a list says about a record's fields, and what is decoded of it, in a form that can be compared.

import CyrusMailboxes

/// The fields of a mailbox's record or of a former name, by the names that the lists have for them.
struct ListedFields: Equatable, CustomStringConvertible {
  /// A line for each field that is there.
  var lines: [String: String] = [:]

  var description: String { lines.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }

  init() {}

  /// What is decoded in place.
  ///
  /// - Parameter hasOrder: Whether the order of the fields is of interest.
  init(_ view: MailboxEntryView, hasOrder: Bool = true) {
    lines["kind"] = view.kind.name
    lines["flags"] = Self.names(view.flags)
    add("type", view.state(of: .type), (view.typeText?.copy()).map(utf8))
    add("dbname", view.state(of: .name), (view.storedText(of: .name)?.copy()).map(utf8))
    add("uniqueid", view.state(of: .uniqueID), (view.storedText(of: .uniqueID)?.copy()).map(utf8))
    add("jmapid", view.state(of: .jmapID), (view.storedText(of: .jmapID)?.copy()).map(utf8))
    add("partition", view.state(of: .partition), (view.partition?.copy()).map(utf8))
    add("server", view.state(of: .server), (view.server?.copy()).map(utf8))
    add("uidvalidity", view.state(of: .uidValidity), view.uidValidity.map { "\($0)" })
    add("createdmodseq", view.state(of: .createdModseq), view.createdModseq.map { "\($0)" })
    add("foldermodseq", view.state(of: .folderModseq), view.folderModseq.map { "\($0)" })
    add("mtime", view.state(of: .mtime), view.mtime.map { "\($0)" })
    lines["legacySpecialuse"] = (view.legacySpecialUse?.copy()).map(utf8)
    if hasOrder { lines["fieldOrder"] = String(view.fieldOrder.map(\.letter)) }
    var pairs: [[String]] = []
    if let acl = view.acl {
      var entries = acl.entries()
      while let entry = entries.next() { pairs.append([utf8(entry.identifier.copy()), utf8(entry.rights.copy())]) }
    }
    add("acl", view.state(of: .acl), "\(pairs)")
    var former: [ListedFields] = []
    if var history = view.history {
      while let item = history.next() { former.append(ListedFields(item, hasOrder: hasOrder)) }
    }
    add("history", view.state(of: .history), "\(former)")
  }

  private init(_ view: FormerNameView, hasOrder: Bool) {
    lines["kind"] = view.kind.name
    lines["flags"] = Self.names(view.flags)
    add("type", view.state(of: .type), (view.typeText?.copy()).map(utf8))
    add("dbname", view.state(of: .name), (view.name?.copy()).map(utf8))
    add("partition", view.state(of: .partition), (view.partition?.copy()).map(utf8))
    add("uidvalidity", view.state(of: .uidValidity), view.uidValidity.map { "\($0)" })
    add("createdmodseq", view.state(of: .createdModseq), view.createdModseq.map { "\($0)" })
    add("foldermodseq", view.state(of: .folderModseq), view.folderModseq.map { "\($0)" })
    add("mtime", view.state(of: .mtime), view.mtime.map { "\($0)" })
    if hasOrder { lines["fieldOrder"] = String(view.fieldOrder.map(\.letter)) }
  }

  /// What is kept.
  init(_ entry: MailboxEntry) {
    lines["kind"] = entry.kind.name
    lines["flags"] = Self.names(entry.flags)
    add("type", entry.storedText(of: .type).map(utf8))
    add("dbname", entry.storedText(of: .name).map(utf8))
    add("uniqueid", entry.storedText(of: .uniqueID).map(utf8))
    add("jmapid", entry.storedText(of: .jmapID).map(utf8))
    add("partition", entry.partition.map(utf8))
    add("server", entry.server.map(utf8))
    add("uidvalidity", entry.uidValidity.map { "\($0)" })
    add("createdmodseq", entry.createdModseq.map { "\($0)" })
    add("foldermodseq", entry.folderModseq.map { "\($0)" })
    add("mtime", entry.mtime.map { "\($0)" })
    lines["legacySpecialuse"] = entry.legacySpecialUse.map(utf8)
    lines["fieldOrder"] = String(entry.fieldOrder.map(\.letter))
    add("acl", entry.acl.map { acl in "\(acl.map { [utf8(Array($0.identifier)), utf8(Array($0.rights))] })" })
    add("history", entry.history.map { names in "\(names.map(ListedFields.init))" })
  }

  private init(_ former: FormerName) {
    lines["kind"] = former.kind.name
    lines["flags"] = Self.names(former.flags)
    add("type", former.typeText.map(utf8))
    add("dbname", former.name.map(utf8))
    add("partition", former.partition.map(utf8))
    add("uidvalidity", former.uidValidity.map { "\($0)" })
    add("createdmodseq", former.createdModseq.map { "\($0)" })
    add("foldermodseq", former.folderModseq.map { "\($0)" })
    add("mtime", former.mtime.map { "\($0)" })
    lines["fieldOrder"] = String(former.fieldOrder.map(\.letter))
  }

  private mutating func add(_ name: String, _ state: FieldState, _ value: String?) {
    switch state {
    case .absent: break
    case .null: lines[name] = "NIL"
    case .unreadable: lines[name] = "?"
    case .value: lines[name] = value ?? "no value"
    }
  }

  private mutating func add(_ name: String, _ value: FieldValue<String>) {
    switch value {
    case .absent: break
    case .null: lines[name] = "NIL"
    case .unreadable: lines[name] = "?"
    case .value(let value): lines[name] = value
    }
  }

  /// Leaves out what the other side does not speak of.
  func only(_ names: some Sequence<String>) -> ListedFields {
    let names = Set(names)
    var fields = ListedFields()
    fields.lines = lines.filter { names.contains($0.key) }
    return fields
  }

  private static func names(_ flags: MailboxFlags) -> String {
    MailboxFlags.names.filter { flags.contains($0.flag) }.map(\.name).sorted().joined(separator: ",")
  }
}
