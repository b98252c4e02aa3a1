// `fleet verify-move`: whether a move of a user lost nothing and left nothing behind.

import ArgumentParser
import CyrusFleet
import CyrusMailboxes
import Glibc

/// Proves a move.
struct FleetVerifyMove: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-move",
    abstract: "Tell whether a move of a user lost nothing and left nothing behind.",
    usage: "dbinspect fleet verify-move USER --from STORE --to STORE [--before FILE] [options]",
    discussion: """
      V1  the destination's master has every mailbox that the source had: unique id,
          uidvalidity, ACL and type the same, mod-sequences not lower
      V2  each replica of the destination has them alike, or the log of its channel
          names the user, or each mailbox that differs
      V3  the source's master has no live mailbox of the user
      V4  no other store has one

      What the source had is in --before: a copy of its mailboxes.db from before the
      move, or what `dbinspect mailboxes FILE --user USER --format ndjson` printed.
      Without it V1 goes by what the source has still; if that is nothing, it cannot
      be told. The lists say nothing of messages: `diff` with both spools does.

      What is not so is looked at once more, after --settle seconds.

      EXAMPLE
        dbinspect fleet verify-move alice --from store23 --to store256 \\
          --before move-alice.ndjson

      EXIT STATUS
        0  all of it holds
        1  only V2 does not, and will once a log was worked off
        2  something does not hold, or cannot be told
      """)

  @OptionGroup var fleet: FleetOptions

  @Option(help: ArgumentHelp("The store that he was on.", valueName: "store"))
  var from: String

  @Option(help: ArgumentHelp("The store that he is on now.", valueName: "store"))
  var to: String

  @Option(help: ArgumentHelp("What the source had before.", valueName: "file"), completion: .file())
  var before: String?

  @Option(
    help: ArgumentHelp("Only this of V1 to V4; may be given more than once.", valueName: "check"),
    transform: { name in
      guard let check = MoveCheck(rawValue: name) else {
        throw ValidationError("'\(name)' is no check; there are V1, V2, V3 and V4")
      }
      return check
    })
  var only: [MoveCheck] = []

  @Option(help: ArgumentHelp("How long to wait before what is not so is believed, in seconds.", valueName: "seconds"))
  var settle = 1.0

  @Flag(help: "Look once: all files are at rest.")
  var atRest = false

  @Flag(help: "Print one JSON document.")
  var json = false

  @OptionGroup var names: NameOptions

  @Argument(help: ArgumentHelp("The user, with the domain if there is one.", valueName: "user"))
  var user: String

  func validate() throws {
    if user.isEmpty { throw ValidationError("a user is expected") }
    guard settle >= 0, settle <= 3600 else { throw ValidationError("--settle takes 0 to 3600 seconds") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readLayout()
    try fleet.requireWhole(layout)
    let source = try fleet.store(from, in: layout)
    let destination = try fleet.store(to, in: layout)
    if source.name == destination.name { throw Failure(.usage, "--from and --to name the same store") }
    let files = fleet.files(of: layout)
    let state = try before.map { try MoveSourceState(of: user, contentsOf: $0, names.settings) }
    func prove() -> MoveProof {
      MoveProof(
        of: Array(user.utf8), from: source, to: destination, in: files, before: state,
        checks: only.isEmpty ? Set(MoveCheck.allCases) : Set(only), settings: names.settings)
    }
    var proof = prove()
    if proof.verdict > .pending, !atRest {
      usleep(UInt32(settle * 1_000_000))
      proof = prove()
    }
    if json { write(proof, to: &output) } else { print(proof, to: &output) }
    return Self.status(of: proof)
  }

  /// How the command ends.
  static func status(of proof: MoveProof) -> ExitStatus {
    switch proof.verdict {
    case .holds: .yes
    case .pending: .no
    case .unknown, .broken: .broken
    }
  }

  // MARK: - Printing

  private func print(_ proof: MoveProof, to output: inout Output) {
    for outcome in proof.outcomes {
      output.append("\(outcome.check.rawValue) ")
      output.append(outcome.verdict.rawValue, in: outcome.verdict.color)
      let count = outcome.findings.count { $0.verdict != .holds }
      let findings = count > 1 ? " (\(count) findings)" : ""
      output.line(
        outcome.verdict == .holds ? ": \(outcome.check.meaning)" : "\(findings); expected: \(outcome.check.meaning)")
      for finding in outcome.findings {
        let place = [finding.store, finding.slot, finding.mailbox?.description].compactMap { $0 }
        output.line("   \(finding.verdict.rawValue): \(place.joined(separator: " ")): \(printable(finding.message))")
      }
    }
  }

  private func write(_ proof: MoveProof, to output: inout Output) {
    output.document("fleet-verify-move/1") { output in
      output.member("user", user)
      output.member("from", from)
      output.member("to", to)
      output.member("before", before)
      output.member("verdict", proof.verdict.rawValue)
      output.array("checks") { output in
        for outcome in proof.outcomes {
          output.object { output in
            output.member("check", outcome.check.rawValue)
            output.member("verdict", outcome.verdict.rawValue)
            output.array("findings") { output in
              for finding in outcome.findings {
                output.object(.inline) { output in
                  output.member("verdict", finding.verdict.rawValue)
                  output.member("store", finding.store)
                  output.member("slot", finding.slot)
                  output.member("mailbox", bytesOrNull: finding.mailbox?.internalName)
                  output.member("message", finding.message)
                }
              }
            }
          }
        }
      }
    }
  }
}

extension MoveVerdict {
  fileprivate var color: Color {
    switch self {
    case .holds: .green
    case .pending: .yellow
    case .unknown, .broken: .red
    }
  }
}
