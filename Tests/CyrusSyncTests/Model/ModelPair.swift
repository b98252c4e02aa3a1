// A master and a replica that random operations are done on, and the log that their lines are kept or lost in.

import TestSupport

/// A pair of stores, and what is pending between them.
struct ModelPair: Sendable {
  var master = ModelStore()
  var replica = ModelStore()
  /// `log-run`, then `log`.
  var pending: [[ModelLine]] = [[], []]

  private var lastID = 0
  private var lastTime = 0x6B02_A000
  private var random: SplitMix64

  private static let users = ["joe", "ann", "b.c", "max-x", "o neil"]
  private static let folders = ["a", "a-b", "a.b", "x y", "Sent", "Work", "a b-c.d"]
  private static let domains: [String?] = [nil, nil, nil, "two.example"]

  init(_ random: SplitMix64) {
    self.random = random
    for _ in 0..<12 {
      let mailbox = newMailbox(randomName())
      guard master.isFree(mailbox.name) else { continue }
      master.put(mailbox)
      replica.put(mailbox)
    }
    for owner in Set(master.live.keys.compactMap(\.inbox)).sorted() where master.isFree(owner) {
      if self.random.chance(1, in: 8) { continue }
      let inbox = newMailbox(owner)
      master.put(inbox)
      replica.put(inbox)
    }
    let count = self.random.below(18)
    for step in 0..<count { operate(isLate: step * 2 >= count) }
    addNoise()
  }

  // MARK: - Operations

  private mutating func operate(isLate: Bool) {
    let isOnReplica = random.chance(1, in: 5)
    var store = isOnReplica ? replica : master
    var (lines, touched) = change(&store)
    if isOnReplica {
      replica = store
      return
    }
    master = store
    let isReplicated = random.chance(1, in: 3)
    if isReplicated { touched.forEach { replicate($0) } }
    switch random.below(4) {
    case 0: lines = []
    case 1: lines.removeSubrange(..<random.below(lines.count + 1))
    default: if isReplicated, random.chance(2, in: 3) { lines = [] }
    }
    pending[isLate ? 1 : 0] += lines
  }

  /// Makes the replica's mailbox like the master's, if its name is free.
  private mutating func replicate(_ id: String) {
    let old = replica.mailbox(id: id)
    guard let new = master.mailbox(id: id) else {
      if let old { replica.delete(old.name) }
      return
    }
    guard new.name == old?.name || replica.isFree(new.name) else { return }
    if let old, old.name != new.name { replica.rename(old.name, to: new.name) }
    replica.put(new)
  }

  /// Changes a store.
  ///
  /// - Returns: The lines of the change, and the ids of the mailboxes that it was about.
  private mutating func change(_ store: inout ModelStore) -> ([ModelLine], [String]) {
    guard let mailbox = pick(store.sorted) else { return ([], []) }
    let name = mailbox.name
    switch random.below(18) {
    case 0, 1:
      let new = newMailbox(randomName())
      guard store.isFree(new.name) else { return ([], []) }
      store.put(new)
      return ([line("MAILBOX", new.name)], [new.id])
    case 2:
      // The name of one that is gone.
      guard let name = pick(store.tombstones.keys.sorted()), store.isFree(name), name.deletedAt == nil else {
        return ([], [])
      }
      let new = newMailbox(name)
      store.put(new)
      return ([line("MAILBOX", name)], [new.id])
    case 3, 4:
      let new = randomName()
      return rename([name], in: &store) { _ in new }
    case 5, 6:
      var new = name
      new.folders = [one(of: Self.folders)]
      return rename([name], in: &store) { _ in new }
    case 7, 8: return deleteLater([name], in: &store)
    case 9:
      store.delete(name)
      return ([line("UNMAILBOX", name), line("MAILBOX", name)], [mailbox.id])
    case 10: return renameUser(of: name, in: &store)
    case 11:
      guard let owner = name.owner else { return ([], []) }
      let (lines, ids) = deleteLater(names(of: name, in: store), in: &store)
      return (lines + [ModelLine(verb: "UNUSER", first: owner)], ids)
    case 12: return expire(&store)
    case 13: return exchange(name, in: &store)
    case 14:
      // On both sides, by two who do not know of each other.
      let (new, other) = (newMailbox(randomName()), newID())
      guard store.isFree(new.name), replica.isFree(new.name) else { return ([], []) }
      store.put(new)
      var theirs = new
      theirs.id = other
      replica.put(theirs)
      return ([line("MAILBOX", new.name)], [])
    default: return changeFields(of: mailbox, in: &store)
    }
  }

  private mutating func rename(
    _ names: [ModelName], in store: inout ModelStore, _ newName: (ModelName) -> ModelName
  ) -> ([ModelLine], [String]) {
    var (lines, ids): ([ModelLine], [String]) = ([], [])
    for name in names {
      let new = newName(name)
      guard store.isFree(new), let id = store.live[name]?.id else { continue }
      store.rename(name, to: new)
      lines += [ModelLine(verb: "RENAME", first: "\(name)", second: "\(new)"), line("MAILBOX", name)]
      lines.append(line("MAILBOX", new))
      ids.append(id)
    }
    return (lines, ids)
  }

  private mutating func deleteLater(_ names: [ModelName], in store: inout ModelStore) -> ([ModelLine], [String]) {
    lastTime += 1
    let time = String(lastTime, radix: 16, uppercase: true)
    return rename(names.filter { $0.deletedAt == nil }, in: &store) { name in
      var new = name
      new.deletedAt = time
      return new
    }
  }

  /// Gives two mailboxes each other's names.
  private mutating func exchange(_ name: ModelName, in store: inout ModelStore) -> ([ModelLine], [String]) {
    var between = name
    between.folders = ["between"]
    let ids = store.ids
    guard let other = pick(store.sorted)?.name, other != name, store.isFree(between) else { return ([], []) }
    var (lines, touched): ([ModelLine], [String]) = ([], [])
    for (old, new) in [(name, between), (other, name), (between, other)] {
      let (more, id) = rename([old], in: &store) { _ in new }
      lines += more
      touched += id
    }
    if random.chance(1, in: 3) {
      // Nobody remembers how.
      for id in touched { store.ids[id]?.history = ids[id]?.history ?? [] }
    }
    return (lines, touched)
  }

  private mutating func renameUser(of name: ModelName, in store: inout ModelStore) -> ([ModelLine], [String]) {
    let other = one(of: Self.users)
    guard let owner = name.owner, other != name.user, name.deletedAt == nil else { return ([], []) }
    var (lines, ids) = rename(names(of: name, in: store), in: &store) { name in
      var new = name
      new.user = other
      return new
    }
    let new = ModelName(domain: name.domain, user: other)
    lines += [ModelLine(verb: "UNUSER", first: owner), ModelLine(verb: "USER", first: new.owner ?? "")]
    return (lines, ids)
  }

  private mutating func expire(_ store: inout ModelStore) -> ([ModelLine], [String]) {
    if random.chance(1, in: 2) {
      for name in store.tombstones.keys.sorted() where random.chance(1, in: 2) { store.tombstones[name] = nil }
    }
    guard let old = pick(store.sorted.filter { $0.name.deletedAt != nil }) else { return ([], []) }
    store.delete(old.name)
    store.tombstones[old.name] = nil
    return ([line("UNMAILBOX", old.name), line("MAILBOX", old.name)], [old.id])
  }

  private mutating func changeFields(
    of mailbox: ModelMailbox, in store: inout ModelStore
  ) -> ([ModelLine], [String]) {
    var mailbox = mailbox
    switch random.below(10) {
    case 0: mailbox.partition = one(of: ["default", "second", "third"])
    case 1: mailbox.kind = one(of: ["e", "c"])
    case 2: mailbox.isIntermediate.toggle()
    case 3: mailbox.uidValidity += UInt32(random.below(3))
    case 4: mailbox.created += UInt64(random.below(3))
    case 5, 6: mailbox.lastUID += UInt32(random.below(3))
    default:
      mailbox.acl.append([one(of: Self.users) + "\(mailbox.acl.count)", one(of: ["lrs", "l", "lrswipkxtecdan"])])
    }
    mailbox.modseq = random.chance(1, in: 6) ? 0 : mailbox.modseq + 1
    mailbox.highestModseq += UInt64(random.below(2))
    store.put(mailbox)
    return ([line(random.chance(1, in: 4) ? "APPEND" : "MAILBOX", mailbox.name)], [mailbox.id])
  }

  /// Lines that have no cause, and records that are not replicated.
  private mutating func addNoise() {
    for _ in 0..<random.below(4) {
      let liveNames = Set(master.live.keys).union(replica.live.keys)
      let users = Set(liveNames.compactMap(\.owner)).sorted()
      let names = liveNames.union(master.tombstones.keys).sorted()
      guard let user = pick(users), let name = pick(names), let other = pick(names) else { return }
      let lines = [
        ModelLine(verb: "USER", first: user), ModelLine(verb: "UNUSER", first: user),
        ModelLine(verb: "META", first: user), ModelLine(verb: "SUB", first: user, second: "\(name)"),
        ModelLine(verb: "QUOTA", first: "\(name)"), line("MAILBOX", name), line("APPEND", name), line("FROB", name),
        line("UNMAILBOX", name), ModelLine(verb: "DOUBLEMAILBOX", first: "\(name)", second: "\(other)"),
        ModelLine(verb: "MAILBOX", first: "\(name)", second: "\(other)"),
      ]
      let line = one(of: lines)
      let file = random.below(2)
      pending[file].insert(line, at: random.below(pending[file].count + 1))
    }
    guard random.chance(1, in: 4) else { return }
    for isMaster in [true, false] where random.chance(1, in: 2) {
      let name = randomName()
      var store = isMaster ? master : replica
      if store.live[name] == nil {
        store.tombstones[name] = nil
        // Sometimes the id of a mailbox of the other side.
        let other = pick(isMaster ? replica.sorted : master.sorted)
        let isUsed = other.map { store.mailbox(id: $0.id) != nil } ?? true
        store.skipped[name] = random.chance(1, in: 2) || isUsed ? newID() : other?.id
      }
      if isMaster { master = store } else { replica = store }
    }
  }

  // MARK: - Choices

  private mutating func newID() -> String {
    lastID += 1
    return "id\(1_000_000 + lastID)"
  }

  private mutating func newMailbox(_ name: ModelName) -> ModelMailbox {
    ModelMailbox(id: newID(), name: name, acl: [[name.user ?? "anyone", "lrs"]], lastUID: UInt32(random.below(2)))
  }

  private mutating func randomName() -> ModelName {
    var name = ModelName(domain: one(of: Self.domains), user: pick(Self.users))
    if random.chance(1, in: 8) { name.user = nil }
    for _ in 0..<(name.user == nil ? 1 : 0) + random.below(3) { name.folders.append(one(of: Self.folders)) }
    return name
  }

  private func names(of name: ModelName, in store: ModelStore) -> [ModelName] {
    store.live.keys.filter { $0.deletedAt == nil && $0.owner == name.owner }.sorted()
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element? {
    elements.isEmpty ? nil : elements[random.below(elements.count)]
  }

  /// - Precondition: There is one.
  private mutating func one<Element>(of elements: [Element]) -> Element { elements[random.below(elements.count)] }

  private func line(_ verb: String, _ name: ModelName) -> ModelLine { ModelLine(verb: verb, first: "\(name)") }
}
