// Plans of moves: the steps and their commands, what is refused, and what is in the way.

import CyrusDatabase
import CyrusFleet
import CyrusMailboxes
import TestSupport
import Testing

@Suite struct MovePlanTests {
  private let files = FleetFiles(of: FleetLayout(parsing: Array(MadeStores.layout.utf8)))

  private func store(_ name: String) throws -> FleetStore { try #require(files.layout.store(named: name)) }

  private func plan(_ user: String = "joe", to target: String = "store256") throws -> MovePlan {
    try MovePlan(of: user, from: store("store23"), to: store(target), in: files)
  }

  private func text(_ command: MoveCommand) -> String {
    (command.host.map { "\($0): " } ?? "") + command.arguments.joined(separator: " ")
  }

  @Test func `the steps come in an order that loses nothing`() throws {
    let plan = try plan()
    #expect(
      plan.steps.map(\.kind.rawValue) == [
        "preflight", "bulk", "index", "archive", "catch-up", "lock-out", "final", "switch", "last", "feed", "unlock",
        "verify", "clean-up", "forget", "proof",
      ])
    #expect(Set(plan.steps.map(\.kind)) == Set(MoveStep.Kind.allCases))
    #expect(plan.warnings.isEmpty)
    // What no command does is said.
    #expect(plan.steps.filter { $0.commands.isEmpty }.allSatisfy { $0.byHand != nil })
    #expect(plan.steps.allSatisfy { !$0.preconditions.isEmpty })
    #expect(plan.steps.flatMap(\.preconditions).allSatisfy { $0.host == nil && $0.arguments.first == "dbinspect" })
  }

  /// `dbinspect mailboxes` has no option for it, and would list none.
  @Test func `lists of mailboxes are asked for the user without the default domain`() throws {
    var options = MovePlanOptions()
    options.defaultDomain = "example.com"
    options.nameOptions = ["--default-domain", "example.com"]
    let plan = try MovePlan(
      of: "joe@example.com", from: store("store23"), to: store("store256"), in: files, options)
    let lists = plan.steps.flatMap(\.preconditions).map(\.arguments).filter { $0[1] == "mailboxes" }
    #expect(lists.count == 4 && lists.allSatisfy { $0[3...4] == ["--user", "joe"] }, "\(lists)")
    // All others are told of the domain.
    let diffs = plan.steps.flatMap(\.preconditions).map(\.arguments).filter { $0[1] == "diff" }
    #expect(!diffs.isEmpty && diffs.allSatisfy { $0.contains("joe@example.com") && $0.contains("--default-domain") })
  }

  @Test func `programs get the binaries, configuration and channel of their slot`() throws {
    let plan = try plan()
    func commands(_ kind: MoveStep.Kind) -> [String] {
      plan.steps.filter { $0.kind == kind }.flatMap { $0.commands.map(text) }
    }
    let pass =
      "imap30: sudo -u cyrus /usr/cyrus/bin/sync_client -C /etc/cyrus/imapd-sloti30t01.conf "
      + "-n sloti29t02 -S 10.202.79.2 -o -O -v -u joe"
    for kind in [MoveStep.Kind.bulk, .catchUp, .final, .last] { #expect(commands(kind) == [pass]) }
    let there = "/usr/cyrus/bin/"
    let configuration = "-C /etc/cyrus/imapd-sloti29t02.conf"
    #expect(commands(.index) == ["imap29: sudo -u cyrus \(there)squatter \(configuration) -v -i -u joe"])
    #expect(commands(.archive) == ["imap29: sudo -u cyrus \(there)cyr_expire \(configuration) -x -c -A 7d -v -u joe"])
    #expect(commands(.feed) == ["imap29: sudo -u cyrus \(there)cyr_synclog \(configuration) -u joe"])
    #expect(
      commands(.forget) == [
        "imap30: sudo -u cyrus /usr/cyrus/bin/cyr_synclog -C /etc/cyrus/imapd-sloti30t01.conf -U joe"
      ])
    #expect(
      commands(.verify) == [
        "dbinspect fleet verify-move joe --from store23 --to store256 --before move-joe.ndjson --only V1 --only V2 --only V4"
      ])
    #expect(
      commands(.proof) == ["dbinspect fleet verify-move joe --from store23 --to store256 --before move-joe.ndjson"])
  }

  @Test func `what the source has is kept after the lock-out, and held against the target before the switch`() throws {
    let plan = try plan()
    let final = try #require(plan.steps.first { $0.kind == .final })
    #expect(final.preconditions.map(\.output) == ["move-joe.ndjson"])
    #expect(
      final.preconditions.map(text) == [
        "dbinspect mailboxes /mnt/ssd30/sloti30t01/store23/conf/mailboxes.db --user joe --format ndjson"
      ])
    let switchOver = try #require(plan.steps.first { $0.kind == .switchOver })
    #expect(
      switchOver.preconditions.map(text) == [
        "dbinspect diff /mnt/ssd30/sloti30t01/store23/conf/mailboxes.db /mnt/ssd29/sloti29t02/store256/conf/mailboxes.db "
          + "--user joe --partitions ignore --summary",
        "dbinspect fleet verify-move joe --from store23 --to store256 --before move-joe.ndjson --only V1",
      ])
    let proof = try #require(plan.steps.first { $0.kind == .proof })
    #expect(proof.preconditions.count == 2)
    #expect(proof.preconditions.map(text)[0].contains("--channel sloti15t03 --user joe"))
  }

  @Test func `copies are looked at where they lie, programs have their own paths`() throws {
    var copies = files
    copies.root = "/copies/"
    var options = MovePlanOptions()
    options.toolOptions = ["--layout", "p.dat"]
    let plan = try MovePlan(of: "a/b joe", from: store("store23"), to: store("store256"), in: copies, options)
    let all = plan.steps.flatMap { $0.preconditions + $0.commands }
    for command in all {
      let isOurs = command.host == nil
      #expect(command.arguments.allSatisfy { !$0.contains("/mnt/") || $0.hasPrefix("/copies/mnt/") == isOurs })
      if command.arguments.dropFirst().first == "fleet" { #expect(command.arguments.contains("p.dat")) }
    }
    #expect(all.compactMap(\.output) == ["move-a_b_joe.ndjson"])
  }

  @Test func `a store of another branch, or without a target, is warned of`() throws {
    let plan = try plan(to: "store254")
    #expect(plan.warnings.count == 2)
    #expect(plan.warnings[0].hasPrefix("store23 runs branch 0, store254 branch future"))
    #expect(plan.warnings[1].hasPrefix("store254 has no target"))
    // Each side has the programs of its own branch.
    let feed = try #require(plan.steps.first { $0.kind == .feed }?.commands.first)
    #expect(feed.arguments.contains("/usr/cyrus-future/bin/cyr_synclog"))
  }

  @Test func `what cannot be planned is refused`() throws {
    #expect(throws: MovePlanError.sameStore("store23")) { try plan(to: "store23") }
    for name in ["", "-x"] { #expect(throws: MovePlanError.userName(name)) { try plan(name) } }
    let text = "i30 30 t1 5 1000 e 10.0.0.1\nstore1 n 0 90 sloti30t01\nstore2 n 0 90 sloti99t01\n"
    let small = FleetFiles(of: FleetLayout(parsing: Array(text.utf8)))
    let stores = small.layout.stores
    #expect(throws: MovePlanError.noPaths(slot: "sloti30t01")) {
      try MovePlan(of: "joe", from: stores[0], to: stores[1], in: small)
    }
    #expect(throws: MovePlanError.noSlot(store: "store2")) {
      try MovePlan(of: "joe", from: stores[1], to: stores[0], in: small)
    }
  }
}

@Suite struct MovePreflightTests {
  private let folder: StoresFolder

  init() throws {
    folder = try StoresFolder()
    try folder.made.put(joe, on: "sloti30t01", of: "store23")
  }

  /// What is in the way of joe at a target with these mailboxes.
  private func obstacles(_ mailboxes: [MadeMailbox], isPrefixed: Bool = true) throws -> [String] {
    try folder.made.put(mailboxes, on: "sloti29t02", of: "store256", isPrefixed: isPrefixed)
    let user = Array("joe".utf8)
    let source = try UserMailboxes(of: user, in: Database(path: folder.made.mailboxesPath("sloti30t01", "store23")))
    return try MovePreflight.obstacles(
      for: source, of: user, at: Database(path: folder.made.mailboxesPath("sloti29t02", "store256"))
    ).map(\.description)
  }

  @Test(arguments: [true, false])
  func `a target with others, and tombstones of an earlier stay, is free`(_ isPrefixed: Bool) throws {
    #expect(
      try obstacles(
        [
          MadeMailbox("user.ann", "ann"), MadeMailbox("user.joe", "joe-inbox", type: isPrefixed ? "ed" : "d"),
          MadeMailbox("DELETED.user.joe.5F5E1000", "another"),
        ], isPrefixed: isPrefixed) == [])
  }

  @Test func `a mailbox of his that is live is in the way`() throws {
    #expect(try obstacles([joe[1]]) == ["user.joe.Sent: is there already"])
  }

  @Test func `a unique id that is in use is in the way, also in files that keep no account of them`() throws {
    let others = [MadeMailbox("DELETED.user.joe.Sent.5F5E1000", "joe-sent"), MadeMailbox("user.ann", "joe-inbox")]
    let expected = [
      "user.joe: its unique id is that of user.ann there",
      "user.joe.Sent: its unique id is that of DELETED.user.joe.Sent.5F5E1000 there",
    ]
    for isPrefixed in [true, false] { #expect(try obstacles(others, isPrefixed: isPrefixed) == expected) }
  }
}
