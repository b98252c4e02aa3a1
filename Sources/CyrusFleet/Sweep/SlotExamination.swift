// Looks at the list of one slot.

import CyrusDatabase
import CyrusMailboxes
import Glibc

/// What looking at the list of a slot tells.
struct SlotExamination {
  private(set) var condition: SlotCondition

  init(_ sweep: FleetSweep, _ store: FleetStore, _ slot: StoreSlot) {
    condition = SlotCondition(
      store: store.name, slot: slot.name, host: slot.host, role: slot.role, time: sweep.now(), verdict: .unreadable,
      problem: slot.problem)
    guard let path = slot.mailboxes else { return }
    do throws(DatabaseError) {
      let database = try Database(path: path)
      note(try database.verify(sweep.depth, locking: sweep.locking))
      let list = try MailboxList(database, settings: sweep.diff.settings, locking: sweep.locking)
      if let kind = try list.otherKind() {
        condition.verdict = .unreadable
        condition.problem = "\(path): no list of mailboxes, but records of the kind \(kind.rawValue)"
        return
      }
      condition.contents = try SlotContents(of: list, mindsPartitions: sweep.diff.comparesPartitions)
    } catch {
      note(error)
    }
  }

  private mutating func note(_ report: VerificationReport) {
    switch report.verdict {
    case .sound: condition.verdict = .sound
    case .recoverable: condition.verdict = .recoverable
    case .damaged: condition.verdict = .damaged
    }
    condition.recordCount = report.recordCount
    let findings = report.findings.filter { $0.severity != .note }
    condition.findingCount = UInt64(findings.count) + report.unlistedFindingCount
    // The gravest, and of these the first of the file.
    if let damage = findings.first(where: { $0.severity == .damage }) {
      // The verdict says that it is damage.
      condition.problem = String(damage.description.dropFirst("\(damage.severity.rawValue) ".count))
    } else {
      condition.problem = findings.first?.description
    }
  }

  private mutating func note(_ error: DatabaseError) {
    // A list that is known to be damaged may not be listed.
    if condition.verdict == .damaged, condition.problem != nil { return }
    condition.problem = "\(error.path): \(error.description)"
    switch error {
    case .system(let failure) where failure.errno == ENOENT || failure.errno == ENOTDIR: condition.verdict = .missing
    case .damaged:
      condition.verdict = .damaged
      condition.findingCount = max(condition.findingCount, 1)
    default: condition.verdict = .unreadable
    }
  }
}
