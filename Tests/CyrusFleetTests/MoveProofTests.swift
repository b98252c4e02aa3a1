// Proofs of moves: a sound one, and each of the things that must hold broken once.

import CyrusFleet
import CyrusMailboxes
import TestSupport
import Testing

@Suite struct MoveProofTests {
  /// Something that goes wrong, and what the checks say then.
  struct Trouble: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var cause: @Sendable (MadeStores) throws -> Void
    var verdicts: [MoveVerdict]
    /// What some finding says.
    var message: String

    private static func changed(_ change: @Sendable @escaping (inout MadeMailbox) -> Void) -> [MadeMailbox] {
      [joe[0], joe[1].with(change), joe[2]]
    }

    /// A mailbox at the destination that is not as it was.
    private static func arrival(
      _ what: String, _ message: String, _ change: @Sendable @escaping (inout MadeMailbox) -> Void
    ) -> Trouble {
      Trouble(
        testDescription: what, cause: { try $0.put(changed(change), onAllOf: "store256") },
        verdicts: [.broken, .holds, .holds, .holds], message: message)
    }

    static let all: [Trouble] = [
      Trouble(
        testDescription: "a mailbox did not arrive",
        cause: { try $0.put([joe[0], joe[2]], onAllOf: "store256") },
        verdicts: [.broken, .holds, .holds, .holds], message: "is not there"),
      Trouble(
        testDescription: "a mailbox was deleted at the destination",
        cause: {
          let deleted = joe[1].with { $0.name = "DELETED.user.joe.Sent.5F5E1000" }
          try $0.put([joe[0], joe[2], deleted], onAllOf: "store256")
        },
        verdicts: [.broken, .holds, .holds, .holds], message: "is deleted there, as DELETED.user.joe.Sent.5F5E1000"),
      arrival("another unique id", "unique id: expected joe-sent, found other") { $0.id = "other" },
      arrival("another uidvalidity", "uidvalidity: expected 1, found 2") { $0.uidValidity = 2 },
      arrival("another ACL", "acl: expected joe lrswipkxtecdan, found joe lrs") { $0.acl = "joe lrs" },
      arrival("another type", "type: expected email, found calendar") { $0.type = "c" },
      arrival("a lower modseq", "foldermodseq: expected 10 or more, found 9") { $0.folderModseq = 9 },
      arrival("no modseq", "createdmodseq: expected 1 or more, found none") { $0.createdModseq = 0 },
      Trouble(
        testDescription: "a replica lacks a mailbox, and no line says so",
        cause: { try $0.put([joe[0], joe[2]], on: "slotti5t01", of: "store256") },
        verdicts: [.holds, .broken, .holds, .holds], message: "names neither the user nor this one"),
      Trouble(
        testDescription: "a replica's mailbox differs, and the lines are about others",
        cause: {
          try $0.put(changed { $0.acl = "joe lrs" }, on: "slotti5t01", of: "store256")
          try $0.log("USER ann\nMAILBOX user.joe\n", for: "slotti5t01", on: "sloti29t02", of: "store256")
          // The user's line in the log of another channel brings it elsewhere.
          try $0.log("USER joe\n", for: "sloti15t02", on: "sloti29t02", of: "store256")
        },
        verdicts: [.holds, .broken, .holds, .holds], message: "1 of 3 mailboxes are missing or differ"),
      Trouble(
        testDescription: "a replica lacks all, and the log names the user",
        cause: {
          try $0.put([], on: "slotti5t01", of: "store256")
          try $0.log("MAILBOX user.ann\nUSER joe\n", for: "slotti5t01", on: "sloti29t02", of: "store256")
        },
        verdicts: [.holds, .pending, .holds, .holds], message: "log:2"),
      Trouble(
        testDescription: "a replica lacks two, and the log names each",
        cause: {
          try $0.put([joe[0]], on: "slotti5t01", of: "store256")
          try $0.log(
            "MAILBOX user.joe.calendar\nMAILBOX user.joe.Sent\n", for: "slotti5t01", on: "sloti29t02", of: "store256")
        },
        verdicts: [.holds, .pending, .holds, .holds], message: "each on its way"),
      Trouble(
        testDescription: "the line for the user was cancelled by another",
        cause: {
          try $0.put([], on: "slotti5t01", of: "store256")
          try $0.log("USER joe\nUNUSER joe\n", for: "slotti5t01", on: "sloti29t02", of: "store256")
        },
        verdicts: [.holds, .broken, .holds, .holds], message: "3 of 3 mailboxes are missing"),
      Trouble(
        testDescription: "the source keeps a mailbox",
        cause: { try $0.put([joe[2]], on: "sloti30t01", of: "store23") },
        verdicts: [.holds, .holds, .broken, .holds], message: "the store has a live mailbox"),
      Trouble(
        testDescription: "another store has some",
        cause: { try $0.put(joe, on: "sloti30t15", of: "store254") },
        verdicts: [.holds, .holds, .holds, .broken], message: "the store has 3 live mailboxes, the first of them this"),
    ]
  }

  private let folder: StoresFolder

  /// A move from store23 to store256 that is all done.
  init() throws {
    folder = try StoresFolder()
    try folder.made.put(joe, onAllOf: "store256")
    try folder.made.put(
      [MadeMailbox("DELETED.user.joe.5F5E1000", "joe-inbox"), MadeMailbox("user.joe", "joe-inbox", type: "ed")],
      onAllOf: "store23")
    // Of the other channels there were lines once.
    try folder.made.log("", for: "sloti15t02", on: "sloti29t02", of: "store256")
  }

  private static var before: MoveSourceState {
    MoveSourceState(
      mailboxes: joe.map { mailbox in
        UserMailbox(
          name: MailboxName(internalName: mailbox.name), uniqueID: Array(mailbox.id.utf8),
          kind: mailbox.type == "c" ? "calendar" : "email", acl: Array("joe\tlrswipkxtecdan\t".utf8),
          uidValidity: 1, createdModseq: 1, folderModseq: 10)
      })
  }

  private func prove(
    before: MoveSourceState? = Self.before, checks: Set<MoveCheck> = Set(MoveCheck.allCases)
  ) throws -> MoveProof {
    MoveProof(
      of: Array("joe".utf8), from: try folder.store("store23"), to: try folder.store("store256"), in: folder.files,
      before: before, checks: checks)
  }

  @Test func `a move that is done holds`() throws {
    let proof = try prove()
    #expect(proof.verdict == .holds, "\(proof)")
    #expect(proof.outcomes.map(\.check) == MoveCheck.allCases)
    #expect(proof.outcomes.flatMap(\.findings) == [])
  }

  @Test(arguments: Trouble.all)
  func `what goes wrong is found by its check, and by no other`(_ trouble: Trouble) throws {
    try trouble.cause(folder.made)
    let proof = try prove()
    #expect(proof.outcomes.map(\.verdict) == trouble.verdicts, "\(proof)")
    #expect(proof.verdict == trouble.verdicts.max())
    #expect(proof.outcomes.contains { $0.findings.contains { $0.message.contains(trouble.message) } }, "\(proof)")
  }

  /// In 2008 the mover wrote no line for the user, so those who did nothing were never replicated.
  @Test func `a moved user whom nobody has told the replicas of is found`() throws {
    for slot in ["sloti15t02", "slotti5t01"] { try folder.made.put([], on: slot, of: "store256") }
    let proof = try prove()
    #expect(proof.outcomes.map(\.verdict) == [.holds, .broken, .holds, .holds])
    #expect(proof.outcomes[1].findings.map(\.slot) == ["sloti15t02", "slotti5t01"])
    // As the mover does now.
    for slot in ["sloti15t02", "slotti5t01"] {
      try folder.made.log("USER joe\n", for: slot, on: "sloti29t02", of: "store256")
    }
    #expect(try prove().outcomes.map(\.verdict) == [.holds, .pending, .holds, .holds])
    // And when that is worked off.
    for slot in ["sloti15t02", "slotti5t01"] { try folder.made.put(joe, on: slot, of: "store256") }
    #expect(try prove().verdict == .holds)
  }

  /// Each seed: a replica that lacks some mailboxes or has others, a log of some lines, and the rule applied by hand.
  @Test func `replicas and logs made up at random are judged by the rule`() throws {
    let master = joe + (0..<4).map { MadeMailbox("user.joe.f\($0)", "joe-\($0)") }
    try folder.made.put(master, on: "sloti29t02", of: "store256")
    try folder.made.put(master, on: "sloti15t02", of: "store256")
    for seed in 0..<150 {
      var random = SplitMix64(seed: UInt64(seed))
      var replica: [MadeMailbox] = []
      var differing: Set<String> = []
      for mailbox in master {
        let fate = random.below(8)
        if fate == 0 || fate == 1 { differing.insert(mailbox.name) }
        if fate == 0 { continue }
        replica.append(fate == 1 ? mailbox.with { $0.folderModseq = 3 } : mailbox)
      }
      // What only the replica has takes nothing away.
      if random.chance(1, in: 4) { replica.append(MadeMailbox("user.joe.extra", "joe-extra")) }
      let choices = ["USER joe", "UNUSER joe", "USER ann", "MAILBOX user.ann", "META joe", "SUB joe user.joe"]
      let lines = (0..<random.below(14)).map { _ in
        let choice = random.below(24)
        return choice < choices.count ? choices[choice] : "MAILBOX \(master[choice % master.count].name)"
      }
      let isWhole = lines.contains("USER joe") && !lines.contains("UNUSER joe")
      let isNamed = differing.allSatisfy { lines.contains("MAILBOX \($0)") }
      let expected: MoveVerdict = differing.isEmpty ? .holds : isWhole || isNamed ? .pending : .broken
      try folder.made.put(replica, on: "slotti5t01", of: "store256")
      try folder.made.log(lines.map { $0 + "\n" }.joined(), for: "slotti5t01", on: "sloti29t02", of: "store256")
      let proof = try prove(checks: [.replicas])
      #expect(proof.verdict == expected, "seed \(seed): \(differing.sorted()) \(lines) \(proof)")
    }
  }

  @Test func `higher modseqs and a new name are no loss`() throws {
    let later = [joe[0].with { $0.folderModseq = 99 }, joe[1].with { $0.name = "user.joe.Gone" }, joe[2]]
    try folder.made.put(later, onAllOf: "store256")
    let proof = try prove()
    #expect(proof.verdict == .holds)
    #expect(proof.outcomes[0].findings.map(\.message) == ["is called user.joe.Gone there by now"])
  }

  /// Lists with an id twice are what `dbinspect check` finds; a mailbox of such an id is no other one that is there.
  @Test func `of two mailboxes with one unique id none stands for the other`() throws {
    let twice = [joe[0], joe[1].with { $0.id = joe[0].id }, joe[2]]
    var before = Self.before
    before.mailboxes[1].uniqueID = before.mailboxes[0].uniqueID
    try putPlain([joe[0], joe[2]])
    let proof = try prove(before: before)
    #expect(proof.outcomes.map(\.verdict) == [.broken, .holds, .holds, .holds], "\(proof)")
    #expect(proof.outcomes[0].findings.map(\.message) == ["is not there"])
    try putPlain(twice)
    #expect(try prove(before: before).outcomes.flatMap(\.findings) == [])
  }

  /// Lists of releases that keep no record under the unique id.
  private func putPlain(_ mailboxes: [MadeMailbox]) throws {
    for slot in MadeStores.slots["store256"] ?? [] {
      try folder.made.put(mailboxes, on: slot, of: "store256", isPrefixed: false)
    }
  }

  private func proveElsewhere(_ change: (String) -> String) throws -> MoveProof {
    let layout = FleetLayout(parsing: Array(change(MadeStores.layout).utf8))
    return MoveProof(
      of: Array("joe".utf8), from: try folder.store("store23"), to: try folder.store("store256"),
      in: FleetFiles(of: layout, below: folder.made.root), checks: [.source, .elsewhere])
  }

  @Test func `what a line that cannot be read holds is not known`() throws {
    #expect(try proveElsewhere { $0 }.verdict == .holds)
    let proof = try proveElsewhere { $0 + "store99 n 0 9O sloti30t05\n" }
    #expect(proof.outcomes.map(\.verdict) == [.holds, .unknown], "\(proof)")
    // The replica that is asked instead of a master that no line gives may lack what that has.
    #expect(try proveElsewhere { $0.replacing("i30 ", with: "i3O ") }.outcomes.map(\.verdict) == [.unknown, .unknown])
  }

  @Test func `another store of the same name is another store`() throws {
    try folder.made.put(joe, on: "sloti30t15", of: "store254")
    let proof = try proveElsewhere { $0.replacing("store254 ", with: "store256 ") }
    #expect(proof.verdict > .pending, "\(proof)")
  }

  @Test func `without a state given the source must have something left`() throws {
    let proof = try prove(before: nil)
    #expect(proof.outcomes.map(\.verdict) == [.unknown, .holds, .holds, .holds])
    #expect(proof.outcomes[0].findings.first?.message.contains("of 1 deleted ones that it keeps, 1 are") == true)
    // Before it is cleaned up it has.
    try folder.made.put(joe, onAllOf: "store23")
    #expect(try prove(before: nil).outcomes.map(\.verdict) == [.holds, .holds, .broken, .holds])
    try folder.made.put(joe + [MadeMailbox("user.joe.New", "new")], onAllOf: "store23")
    #expect(try prove(before: nil).outcomes.map(\.verdict) == [.broken, .holds, .broken, .holds])
  }

  @Test func `a state that is empty or not complete proves nothing`() throws {
    #expect(try prove(before: MoveSourceState(mailboxes: [])).outcomes.first?.verdict == .unknown)
    let half = MoveSourceState(mailboxes: [Self.before.mailboxes[0]], isComplete: false)
    #expect(try prove(before: half).outcomes.first?.verdict == .unknown)
  }

  @Test(
    arguments: [
      ("sloti29t02", "store256", [MoveVerdict.unknown, .unknown, .holds, .holds]),
      ("slotti5t01", "store256", [.holds, .unknown, .holds, .holds]),
      ("sloti30t01", "store23", [.holds, .holds, .unknown, .holds]),
      ("sloti30t15", "store254", [.holds, .holds, .holds, .unknown]),
    ])
  func `a file that is missing leaves its check open`(_ slot: String, _ store: String, _ verdicts: [MoveVerdict]) throws
  {
    try folder.remove(slot, store)
    let proof = try prove()
    #expect(proof.outcomes.map(\.verdict) == verdicts, "\(proof)")
    #expect(proof.outcomes.flatMap(\.findings).allSatisfy { $0.message.contains("No such file") })
  }

  @Test func `a replica that lacks something is open if the logs are not there`() throws {
    let empty = try StoresFolder()
    try empty.made.put(joe, on: "sloti29t02", of: "store256")
    let proof = MoveProof(
      of: Array("joe".utf8), from: try empty.store("store23"), to: try empty.store("store256"), in: empty.files,
      checks: [.replicas])
    #expect(proof.outcomes.map(\.verdict) == [.unknown])
    #expect(proof.outcomes[0].findings.allSatisfy { $0.message.contains("and its log:") })
  }

  @Test func `only what is asked for is looked at`() throws {
    try folder.remove("sloti30t15", "store254")
    let proof = try prove(checks: [.replicas, .source])
    #expect(proof.outcomes.map(\.check) == [.replicas, .source] && proof.verdict == .holds)
  }
}
