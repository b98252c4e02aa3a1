// Random pairs of stores: what the comparison finds is what the rules say of the model, and repairs repair.

import CyrusDatabase
import CyrusMailboxes
import CyrusSync
import Foundation
import TestSupport
import Testing

/// A random pair, its files, and how it is compared.
struct ModelRound {
  let pair: ModelPair
  let options: NaiveDiff.Options
  let diff: StoreDiff
  private let folder: TemporaryFolder

  init(_ seed: Seed) throws {
    var random = seed.generator(10)
    pair = ModelPair(seed.generator(12))
    options = Self.options(seed)
    folder = try TemporaryFolder()
    for (store, form, name) in [
      (pair.master, options.masterForm, "master"), (pair.replica, options.replicaForm, "replica"),
    ] {
      try Data(store.file(form, &random)).write(to: URL(filePath: folder.path(name)))
    }
    var diff = StoreDiff()
    diff.client = SyncClientVersion(options.release.0, options.release.1, options.release.2)
    diff.comparesPartitions = options.comparesPartitions
    diff.replicaPartitions = options.replicaPartitions.map { Set($0.map { Array($0.utf8) }) }
    diff.allowsForeignDelete = options.allowsForeignDelete
    diff.promotionThreshold = options.threshold
    if options.hasStates { diff.states = pair.states }
    self.diff = diff
  }

  /// How a pair is written and compared.
  static func options(_ seed: Seed) -> NaiveDiff.Options {
    var random = seed.generator(11)
    var options = NaiveDiff.Options()
    let releases = [(2, 4, 0), (3, 0, 0), (3, 4, 0), (3, 6, 1), (3, 6, 1), (3, 12, 0)]
    options.release = releases[random.below(releases.count)]
    options.comparesPartitions = random.chance(4, in: 5)
    if random.chance(1, in: 4) { options.replicaPartitions = ["default", "second"] }
    options.allowsForeignDelete = random.chance(1, in: 4)
    options.threshold = [2, 4, 8][random.below(3)]
    options.hasStates = random.chance(1, in: 2)
    let order: TwoskipBuilder.Order = random.chance(1, in: 2) ? .raw : .mbox
    let form = random.below(8)
    if form == 0 || form == 7 { options.masterForm = ModelStore.Form(isPrefixed: false, order: order) }
    if form < 3 || form == 7 {
      options.replicaForm = ModelStore.Form(isPrefixed: false, order: order, hasIDs: form != 1)
    }
    return options
  }

  func path(_ name: String) -> String { folder.path(name) }

  func snapshot(_ name: String) throws -> StoreSnapshot {
    try StoreSnapshot(Database(path: folder.path(name)), locking: .none)
  }

  /// By lists, in some other way than the round says.
  func report(_ diff: StoreDiff) throws -> StoreDiffReport {
    try diff.report(master: snapshot("master"), replica: snapshot("replica"), pending: pair.logs)
  }

  func report(_ logs: [SyncLog]) throws -> StoreDiffReport {
    try diff.report(master: snapshot("master"), replica: snapshot("replica"), pending: logs)
  }
}

@Suite struct StoreModelTests {
  @Test(arguments: Seed.some(300)) func `what is found is what the rules say`(seed: Seed) throws {
    let round = try ModelRound(seed)
    let report = try round.report(round.pair.logs)
    let naive = NaiveDiff(round.pair, round.options)
    let found = report.differences.map(describe)
    let wanted = naive.differences.map(describe)
    for line in found where !wanted.contains(line) { Issue.record("not by the rules: \(line)") }
    for line in wanted where !found.contains(line) { Issue.record("not found: \(line)") }
    #expect(found == wanted)
    let repair = RepairLog(report)
    #expect(repair.actions.map { string($0.text) } == naive.repairLog)
    #expect(Set(repair.omissions.map { string($0.name.internalName) }) == Set(naive.leftOut.names.map { "\($0)" }))
  }

  @Test(arguments: Seed.some(100)) func `with the repair log nothing is drift, and each line is needed`(
    seed: Seed
  ) throws {
    let round = try ModelRound(seed)
    let master = try round.snapshot("master")
    let replica = try round.snapshot("replica")
    let report = try round.diff.report(master: master, replica: replica, pending: round.pair.logs)
    let repair = RepairLog(report)
    func drift(_ actions: [SyncAction]) throws -> [String] {
      var bytes: [UInt8] = []
      for action in actions { try action.append(to: &bytes) }
      let logs = round.pair.logs + [SyncLog(label: "repair", bytes: bytes)]
      return try round.diff.report(master: master, replica: replica, pending: logs).differences
        .filter { difference in
          difference.status == .drift && !repair.omissions.contains { $0.name == difference.name }
        }.map(describe)
    }
    let left = try drift(repair.actions)
    #expect(left == [], "\(left) is left by \(repair.actions.map { string($0.text) })")
    // Before there were groups a rename is two lines, of which one may stand for another difference, too.
    guard round.options.release >= (3, 3, 0) else { return }
    // What is on its way goes along if it has to be done before.
    let pending = Set(report.differences.filter { $0.status == .pending }.flatMap { $0.repair ?? [] })
    for action in repair.actions where !pending.contains(action) {
      let others = repair.actions.filter { $0 != action }
      if isImplied(action, by: others, round.pair) { continue }
      #expect(
        try drift(others) != [], "\(string(action.text)) is needless in \(repair.actions.map { string($0.text) })")
    }
  }

  /// Whether a line may do nothing that others do not do as well, which are there for other mailboxes.
  private func isImplied(_ action: SyncAction, by others: [SyncAction], _ pair: ModelPair) -> Bool {
    // Its names, and those that sync_client adds to another line, as it is a former name of what that names.
    let added = others.flatMap { other in
      [other.first, other.second].compactMap { $0 }.flatMap { name in
        pair.master.ids.values.filter { "\($0.name)" == string(name) }.flatMap(\.history).map { "\($0)" }
      }
    }
    let renamed = others.filter { $0.verb == .rename }.flatMap { [$0.first, $0.second ?? []] }.map(string)
    let names = [action.first, action.second].compactMap { $0 }.map(string)
    if action.verb == .user {
      return renamed.contains { MailboxName(internalName: $0).owner == action.first }
    }
    let owner = MailboxName(internalName: names.last ?? "").owner
    return names.contains { renamed.contains($0) || added.contains($0) }
      || others.contains { $0.verb == .user && $0.first == owner }
  }

  @Test func `the rounds have a bit of everything`() {
    var met: [String: Int] = [:]
    for number in 1...200 as ClosedRange<UInt64> {
      let seed = Seed(number: number)
      let naive = NaiveDiff(ModelPair(seed.generator(12)), ModelRound.options(seed))
      for difference in naive.differences {
        let cycle = difference.isCycle ? "cycle" : difference.isBlocked ? "blocked" : difference.tombstone
        met["\(difference.kind) \(difference.status) \(cycle)", default: 0] += 1
      }
      let left = naive.leftOut
      if !left.names.isEmpty { met["left out", default: 0] += 1 }
      let awaited = naive.differences.filter { $0.kind == "renamed" && $0.status == "pending" }.flatMap(\.repair)
      if !awaited.isEmpty, naive.repairLog.contains(where: awaited.contains) { met["goes along", default: 0] += 1 }
      for line in naive.repairLog { met["\(naive.generation) \(line.prefix { $0 != " " })", default: 0] += 1 }
    }
    let wanted = [
      "acl drift ", "acl pending ", "content drift ", "content pending ", "createdmodseqEntry ignored ",
      "extra conflict none", "extra conflict otherId", "extra drift none", "extra drift otherId", "extra drift sameId",
      "extra ignored none", "extra pending sameId", "foldermodseq conflict ", "foldermodseq drift ",
      "foldermodseq pending ", "identityConflict conflict ", "identityConflict pendingConflict ", "mbtype conflict ",
      "mbtype pendingConflict ", "missing conflict ", "missing drift ", "missing drift blocked", "missing pending ",
      "missing pending blocked", "missing pendingConflict ", "partition conflict ", "partition drift ",
      "renamed conflict cycle", "renamed drift ", "renamed drift cycle", "renamed pending ",
      "renamed pendingConflict cycle", "uidvalidityEntry ignored ", "1 MAILBOX", "1 USER", "2 MAILBOX", "2 UNMAILBOX",
      "2 UNUSER", "3 MAILBOX", "3 RENAME", "3 UNMAILBOX", "3 UNUSER", "3 USER", "4 MAILBOX", "4 RENAME",
      "4 UNMAILBOX", "4 UNUSER", "4 USER", "left out", "goes along",
    ]
    for key in wanted { #expect(met[key, default: 0] > 0, "\(key)") }
  }

  @Test(arguments: Seed.some(50)) func `a store does not differ from itself`(seed: Seed) throws {
    let round = try ModelRound(seed)
    var diff = round.diff
    diff.states = nil
    for name in ["master", "replica"] {
      let report = try diff.report(master: round.snapshot(name), replica: round.snapshot(name))
      #expect(report.differences.isEmpty)
    }
  }

  @Test(arguments: Seed.some(100)) func `the other way round the same differs`(seed: Seed) throws {
    let round = try ModelRound(seed)
    var diff = round.diff
    diff.states = nil
    let there = try diff.report(master: round.snapshot("master"), replica: round.snapshot("replica"))
    let back = try diff.report(master: round.snapshot("replica"), replica: round.snapshot("master"))
    #expect(
      there.differences.map { mirrored($0, false) }.sorted() == back.differences.map { mirrored($0, true) }.sorted())
  }

  /// What a difference says of both sides, with the sides changed over or not.
  private func mirrored(_ difference: StoreDifference, _ isSwapped: Bool) -> String {
    let name = string(difference.name.internalName)
    func pair<Value>(_ left: Value, _ right: Value) -> String {
      isSwapped ? "\(right) \(left)" : "\(left) \(right)"
    }
    func values() -> String {
      switch difference.detail {
      case .acl(let master, let replica), .partition(let master, let replica): pair(master, replica)
      case .type(let master, let replica): pair(master, replica)
      case .folderModseq(let master, let replica), .createdModseqEntry(let master, let replica): pair(master, replica)
      case .uidValidityEntry(let master, let replica): pair(master, replica)
      default: ""
      }
    }
    let id = difference.uniqueID.map(string) ?? ""
    switch difference.detail {
    case .renamed(let replicaName, let isCycle):
      return "renamed \(pair(name, string(replicaName.internalName))) \(isCycle)"
    case .missing: return "\(isSwapped ? "right" : "left") \(name)"
    case .extra: return "\(isSwapped ? "left" : "right") \(name)"
    case .identityConflict(let other): return "conflict \(name) \(pair(id, string(other)))"
    // Of a renamed mailbox the name depends on the side.
    default: return "\(difference.detail.className) \(id.isEmpty ? name : id) \(values())"
    }
  }

  // MARK: - In words

  private func describe(_ difference: StoreDifference) -> String {
    var words = [difference.detail.className, string(difference.name.internalName)]
    words.append(difference.uniqueID.map(string) ?? "-")
    switch difference.detail {
    case .renamed(let replicaName, let isCycle):
      words.append("from \(string(replicaName.internalName))\(isCycle ? " cycle" : "")")
    case .missing(let blocker): words.append(blocker.map { "by \(string($0.internalName))" } ?? "")
    case .identityConflict(let id): words.append(string(id))
    case .extra(let tombstone): words.append(tombstone.rawValue)
    case .acl(let master, let replica), .partition(let master, let replica):
      words.append(string(master) + "/" + string(replica))
    case .folderModseq(let master, let replica), .createdModseqEntry(let master, let replica):
      words.append("\(master)/\(replica)")
    case .uidValidityEntry(let master, let replica): words.append("\(master)/\(replica)")
    case .content(let fields, _):
      words.append(fields.map { "\($0.name) \($0.master)/\($0.replica)" }.joined(separator: " "))
    case .type, .unreadable, .duplicateUniqueID, .other: words.append("")
    }
    words.append(difference.detail.direction?.rawValue ?? "")
    words += [difference.severity.rawValue, difference.status.rawValue]
    words.append("\((difference.repair ?? []).map { string($0.text) })")
    words.append(difference.explanation.map { "\($0.file):\($0.line) \(string($0.text))" } ?? "-")
    return words.joined(separator: " | ")
  }

  private func describe(_ difference: NaiveDifference) -> String {
    var detail = difference.detail
    if let old = difference.oldName { detail = "from \(old)\(difference.isCycle ? " cycle" : "")" }
    return [
      difference.kind, "\(difference.name)", difference.id ?? "-", detail, difference.direction, difference.severity,
      difference.status, "\(difference.repair)", difference.explanation ?? "-",
    ].joined(separator: " | ")
  }
}
