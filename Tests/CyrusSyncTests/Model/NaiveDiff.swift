// The difference of two stores of the model, by the rules and nothing else: slow, and of no shared code.

/// A difference, in words of its own.
struct NaiveDifference {
  var kind: String
  var name: ModelName
  var id: String?
  var detail = ""
  /// Of a rename.
  var oldName: ModelName?
  /// What the replica calls it.
  var source: ModelName { oldName ?? name }
  var isCycle = false
  var isBlocked = false
  /// Of an extra: sameId, otherId or none.
  var tombstone = ""
  var direction = ""
  var master = ""

  var severity = ""
  var isRepairable = false
  var repair: [String] = []
  var explanation: String?
  var status = ""
}

/// The two stores as a comparison sees them, and who is whose counterpart.
struct NaiveDiff {
  struct Options {
    var release = (3, 6, 1)
    var comparesPartitions = true
    /// Nil if the caller does not know.
    var replicaPartitions: Set<String>?
    var allowsForeignDelete = false
    var threshold = 8
    var hasStates = true
    var masterForm = ModelStore.Form()
    var replicaForm = ModelStore.Form()
  }

  let master: ModelStore
  let replica: ModelStore
  let options: Options
  var differences: [NaiveDifference] = []

  /// 1: up to 2.4; 2: to 3.2; 3: to 3.10; 4: 3.12 and on.
  var generation: Int {
    options.release < (2, 5, 0) ? 1 : options.release < (3, 3, 0) ? 2 : options.release < (3, 12, 0) ? 3 : 4
  }
  var hasIDs: Bool { options.masterForm.hasIDs && options.replicaForm.hasIDs }

  init(_ pair: ModelPair, _ options: Options) {
    master = pair.master
    replica = pair.replica
    self.options = options
    findMastersSide()
    findReplicasSide()
    markCycles()
    let severities = differences.map(severity)
    for index in differences.indices { differences[index].severity = severities[index] }
    let answers = differences.map(isRepairable)
    for index in differences.indices { differences[index].isRepairable = answers[index] }
    var files: [NaiveProgress] = []
    for (number, lines) in pair.pending.enumerated() {
      files.append(NaiveProgress(NaiveBatch(lines, master, options), number: number, after: files.last, self))
    }
    differences = differences.map { settled($0, files) }
    let repairs = differences.map { $0.isRepairable ? repair($0) : [] }
    for index in differences.indices { differences[index].repair = repairs[index] }
    differences.sort { ($0.name.database, $0.kind) < ($1.name.database, $1.kind) }
  }

  // MARK: - Counterparts

  private func counterpart(of mine: ModelMailbox) -> ModelMailbox? {
    hasIDs ? replica.mailbox(id: mine.id) : replica.live[mine.name]
  }

  private func counterpart(ofReplicas theirs: ModelMailbox) -> ModelMailbox? {
    hasIDs ? master.mailbox(id: theirs.id) : master.live[theirs.name]
  }

  private mutating func findMastersSide() {
    for mine in master.live.values {
      if let theirs = counterpart(of: mine) {
        if theirs.name != mine.name {
          add("renamed", mine) { $0.oldName = theirs.name }
        }
        compare(mine, theirs)
      } else if replica.skipped[mine.name] != nil {
        continue
      } else if let holder = replica.live[mine.name] {
        if let blocker = master.mailbox(id: holder.id) {
          add("missing", mine, "by \(blocker.name)") { $0.isBlocked = true }
        } else {
          add("identityConflict", mine, holder.id)
        }
      } else {
        add("missing", mine)
      }
    }
  }

  private mutating func findReplicasSide() {
    for theirs in replica.live.values where counterpart(ofReplicas: theirs) == nil {
      if master.skipped[theirs.name] != nil { continue }
      if hasIDs, let mine = master.live[theirs.name], counterpart(of: mine) == nil { continue }
      var tombstone = "none"
      if let id = master.tombstones[theirs.name] { tombstone = hasIDs && id == theirs.id ? "sameId" : "otherId" }
      let hasID = options.replicaForm.hasIDs
      add("extra", theirs, tombstone) {
        $0.tombstone = tombstone
        if !hasID { $0.id = nil }
      }
    }
  }

  private mutating func add(
    _ kind: String, _ mailbox: ModelMailbox, _ detail: String = "",
    _ change: (inout NaiveDifference) -> Void = { _ in }
  ) {
    var difference = NaiveDifference(kind: kind, name: mailbox.name, id: mailbox.id, detail: detail)
    change(&difference)
    differences.append(difference)
  }

  private mutating func compare(_ mine: ModelMailbox, _ theirs: ModelMailbox) {
    func text(_ acl: [[String]]) -> String { acl.map { "\($0[0])\t\($0[1])\t" }.joined() }
    let isPlain = !mine.isIntermediate && !theirs.isIntermediate
    if isPlain, mine.acl != theirs.acl {
      add("acl", mine, text(mine.acl) + "/" + text(theirs.acl))
    }
    if isPlain, options.comparesPartitions, mine.partition != theirs.partition {
      add("partition", mine, mine.partition + "/" + theirs.partition) { $0.master = mine.partition }
    }
    if mine.kind != theirs.kind || mine.isIntermediate != theirs.isIntermediate { add("mbtype", mine) }
    func number(_ kind: String, _ left: UInt64, _ right: UInt64) {
      guard left != 0, right != 0, left != right else { return }
      add(kind, mine, "\(left)/\(right)") { $0.direction = left > right ? "masterAhead" : "replicaAhead" }
    }
    number("foldermodseq", mine.modseq, theirs.modseq)
    number("uidvalidityEntry", UInt64(mine.uidValidity), UInt64(theirs.uidValidity))
    number("createdmodseqEntry", mine.created, theirs.created)
    guard options.hasStates, hasIDs, isPlain else { return }
    let pairs = [(UInt64(mine.lastUID), UInt64(theirs.lastUID)), (mine.highestModseq, theirs.highestModseq)]
    let names = ["last_uid", "highestmodseq"]
    let fields = zip(names, pairs).filter { $0.1.0 != $0.1.1 }
    guard !fields.isEmpty else { return }
    let (ahead, behind) = (fields.contains { $0.1.0 > $0.1.1 }, fields.contains { $0.1.0 < $0.1.1 })
    add("content", mine, fields.map { "\($0.0) \($0.1.0)/\($0.1.1)" }.joined(separator: " ")) {
      $0.direction = ahead ? behind ? "divergent" : "masterAhead" : "replicaAhead"
    }
  }

  // MARK: - Cycles

  /// The rename of the mailbox that the replica calls so.
  func rename(from oldName: ModelName) -> NaiveDifference? { differences.first { $0.oldName == oldName } }

  /// The renames that a name leads through, up to one that was met before.
  func chain(from oldName: ModelName) -> [NaiveDifference] {
    var chain: [NaiveDifference] = []
    var current = oldName
    while let rename = rename(from: current), !chain.contains(where: { $0.oldName == current }) {
      chain.append(rename)
      current = rename.name
    }
    return chain
  }

  private mutating func markCycles() {
    let answers = differences.map { rename in rename.oldName.map { chain(from: $0).last?.name == $0 } ?? false }
    for index in differences.indices { differences[index].isCycle = answers[index] }
  }
}
