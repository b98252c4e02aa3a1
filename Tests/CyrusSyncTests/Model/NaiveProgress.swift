// How far sync_client gets with a file of the model: which renames it makes, and which of its groups come to nothing.
//
// Everything starts as done, and what cannot be is taken away until nothing changes any more.

/// A file, and what comes of it.
struct NaiveProgress {
  let batch: NaiveBatch
  /// Groups that are given up.
  private(set) var failing: Set<String> = []
  /// Groups that lack the old name of a mailbox, and its owner: the users of all their mailboxes are done instead.
  private(set) var waiting: [String: Set<String>] = [:]
  /// Users who cannot be done as a whole.
  private(set) var narrow: Set<String> = []
  /// The lines that make renames, by id; those of earlier files, too.
  private(set) var done: [String: (file: Int, line: Int)]

  private let diff: NaiveDiff
  private let renames: [NaiveDifference]
  /// By ids: who has the new name on the replica.
  private let holders: [String: NaiveDifference]

  init(_ batch: NaiveBatch, number: Int, after earlier: NaiveProgress?, _ diff: NaiveDiff) {
    self.batch = batch
    self.diff = diff
    let renames = diff.differences.filter { $0.kind == "renamed" }
    self.renames = renames
    done = earlier?.done ?? [:]
    holders = Dictionary(
      uniqueKeysWithValues: renames.compactMap { rename in
        renames.first { $0.source == rename.name }.map { (rename.id ?? "", $0) }
      })
    let open = renames.filter { done[$0.id ?? ""] == nil }
    for rename in open where isOfUser(rename) {
      for (group, _) in batch.groups(of: rename.name) where !makes(rename, group) {
        waiting[group, default: []].insert(rename.name.owner ?? "")
      }
    }
    narrow = Set(renames.filter { isOfUser($0) && diff.isHeld($0.name) }.compactMap(\.name.owner))
    settle(open)
    var made: [String: (file: Int, line: Int)] = [:]
    for rename in open {
      if let line = line(of: rename) { made[rename.id ?? ""] = (number, line) }
    }
    done.merge(made) { first, _ in first }
  }

  /// Takes away what cannot be.
  private mutating func settle(_ open: [NaiveDifference]) {
    var before = (-1, -1)
    while before != (failing.count, narrow.count) {
      before = (failing.count, narrow.count)
      for rename in open where !isOfUser(rename) {
        if usable(rename.name).contains(where: { makes(rename, $0.group) }) { continue }
        failing.formUnion(batch.groups(of: rename.name).map(\.group))
        if let owner = rename.name.owner { narrow.insert(owner) }
        if let owner = rename.source.owner, renames.contains(where: { isOfUser($0) && $0.name == rename.source }) {
          narrow.insert(owner)
        }
      }
      for (group, owners) in waiting where !owners.isDisjoint(with: narrow) { failing.insert(group) }
    }
  }

  /// Whether doing the whole user makes a rename, too.
  private func isOfUser(_ rename: NaiveDifference) -> Bool {
    rename.name.owner == rename.source.owner && diff.hasInbox(rename.name, diff.master)
  }

  /// Whether a group has all names that it takes.
  private func makes(_ rename: NaiveDifference, _ group: String) -> Bool {
    var met: [String] = []
    var current = rename
    while !met.contains(current.id ?? "") {
      guard batch.has(current.name, in: group), batch.has(current.source, in: group) else {
        return !met.isEmpty && done[current.id ?? ""] != nil
      }
      met.append(current.id ?? "")
      guard let holder = holders[current.id ?? ""] else { return true }
      current = holder
    }
    return true
  }

  /// Whether a user is done if there is a line for that, or if it comes to that.
  func isWhole(_ name: ModelName) -> Bool {
    diff.hasInbox(name, diff.master) && !narrow.contains(name.owner ?? "")
  }

  /// The line for a mailbox's whole user, if it does something.
  func lineOfUser(of name: ModelName) -> Int? { isWhole(name) ? batch.lineOfUser(name.owner ?? "") : nil }

  /// The groups that see to a mailbox.
  func usable(_ name: ModelName) -> [(group: String, line: Int)] {
    batch.groups(of: name).filter { group, _ in
      !failing.contains(group) && (waiting[group] == nil || isWhole(name))
    }
  }

  private func line(of rename: NaiveDifference) -> Int? {
    let groups = usable(rename.name)
    guard isOfUser(rename), isWhole(rename.name) else { return groups.first { makes(rename, $0.group) }?.line }
    if let both = groups.first(where: { batch.has(rename.source, in: $0.group) }) { return both.line }
    return lineOfUser(of: rename.name) ?? groups.first?.line
  }
}
