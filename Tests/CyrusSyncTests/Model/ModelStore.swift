// One store of the model: what its mailboxes.db holds, in plain collections.

/// A mailbox of the model.
struct ModelMailbox: Hashable, Sendable {
  var id: String
  var name: ModelName
  var partition = "default"
  var acl: [[String]] = []
  var uidValidity: UInt32 = 1
  var created: UInt64 = 1
  var modseq: UInt64 = 1
  var kind = "e"
  var isIntermediate = false
  var lastUID: UInt32 = 0
  var highestModseq: UInt64 = 1
}

/// A record under an id.
struct ModelIDRecord: Sendable {
  var name: ModelName
  var isDeleted = false
  /// Newest first.
  var history: [ModelName] = []
}

/// One store.
struct ModelStore: Sendable {
  var live: [ModelName: ModelMailbox] = [:]
  var tombstones: [ModelName: String] = [:]
  /// Names that are reserved, or of another server, and the ids there.
  var skipped: [ModelName: String] = [:]
  var ids: [String: ModelIDRecord] = [:]

  var sorted: [ModelMailbox] { live.values.sorted { $0.name < $1.name } }

  func mailbox(id: String) -> ModelMailbox? { live.values.first { $0.id == id } }

  func isFree(_ name: ModelName) -> Bool { live[name] == nil && skipped[name] == nil }

  mutating func put(_ mailbox: ModelMailbox) {
    live[mailbox.name] = mailbox
    tombstones[mailbox.name] = nil
    var record = ids[mailbox.id] ?? ModelIDRecord(name: mailbox.name)
    record.name = mailbox.name
    record.isDeleted = false
    ids[mailbox.id] = record
  }

  mutating func rename(_ old: ModelName, to new: ModelName) {
    guard var mailbox = live.removeValue(forKey: old) else { return }
    tombstones[old] = mailbox.id
    ids[mailbox.id]?.history.insert(old, at: 0)
    mailbox.name = new
    mailbox.modseq += 1
    put(mailbox)
  }

  mutating func delete(_ name: ModelName) {
    guard let mailbox = live.removeValue(forKey: name) else { return }
    tombstones[name] = mailbox.id
    ids[mailbox.id]?.isDeleted = true
  }
}

/// A line of a log.
struct ModelLine: Sendable {
  var verb: String
  var first: String
  var second: String?

  /// As it is written.
  var text: String {
    ([verb] + [first, second].compactMap { $0 }.map { $0.contains(" ") || $0.isEmpty ? "\"\($0)\"" : $0 })
      .joined(separator: " ")
  }
}
