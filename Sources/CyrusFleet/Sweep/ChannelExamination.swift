// Looks at what waits for a replica, and at what it lacks.

import CyrusDatabase
import CyrusSync
import Synchronization

/// What looking at a channel tells.
struct ChannelExamination {
  private let sweep: FleetSweep
  private let master: StoreSlot
  private let replica: StoreSlot

  init(_ sweep: FleetSweep, from master: StoreSlot, to replica: StoreSlot) {
    self.sweep = sweep
    self.master = master
    self.replica = replica
  }

  /// Reads the logs, and compares the lists if that is wanted.
  func condition(comparing: Bool) -> ChannelCondition {
    var condition = ChannelCondition(channel: replica.name)
    guard let directory = master.syncDirectory else {
      condition.problem = master.problem
      return condition
    }
    let captures = Captures()
    let capture: @Sendable () throws(SyncLogError) -> SyncLogCapture = {
      () throws(SyncLogError) in try captures.take(directory, channel: replica.name)
    }
    if comparing {
      do throws(StorePairError) {
        let report = try compare(capture)
        if let report, report.isMasterComplete, report.isReplicaComplete {
          condition.differences = DifferenceCounts(report)
        } else {
          // They were sound a moment ago.
          condition.problem = "records could not be found"
        }
      } catch {
        condition.problem = Self.text(of: error)
      }
    }
    do throws(SyncLogError) {
      // What the lists were compared by is what is told of.
      if captures.last == nil { _ = try capture() }
      if let last = captures.last { note(last, before: captures.first, in: &condition) }
    } catch {
      condition.problem = "\(error.path): \(error.description)"
    }
    return condition
  }

  /// Nil if there is a side that nobody knows where it is.
  private func compare(
    _ capture: @escaping @Sendable () throws(SyncLogError) -> SyncLogCapture
  ) throws(StorePairError) -> StoreDiffReport? {
    guard let master = master.mailboxes, let replica = replica.mailboxes else { return nil }
    let pair: StorePair
    do throws(DatabaseError) {
      pair = try StorePair(
        master: Database(path: master), replica: Database(path: replica), locking: sweep.locking
      ) { () throws(SyncLogError) in try capture().files.map(\.log) }
    } catch {
      throw .database(error)
    }
    return try pair.report(sweep.diff, pause: sweep.pause)
  }

  private static func text(of error: StorePairError) -> String {
    switch error {
    case .database(let error): "\(error.path): \(error.description)"
    case .log(let error): "\(error.path): \(error.description)"
    }
  }

  private func note(_ capture: SyncLogCapture, before: SyncLogCapture?, in condition: inout ChannelCondition) {
    condition.lineCount = capture.lineCount
    condition.oldestAge = capture.ages(now: sweep.now()).max()
    // At rest what is torn stays so. Else it may be a line that is being written, unless it was so before.
    let earlier = sweep.pause == nil ? capture : before
    condition.lostCount = capture.diagnostics(since: earlier).count { $0.diagnostic.problem.losesLines }
    if !capture.isSettled {
      // Lines may be missing that would explain something.
      condition.differences = nil
      condition.problem = "\(master.syncDirectory ?? ""): the logs were renamed again and again while they were read"
    }
  }
}

/// The captures of a log that a comparison has made.
private final class Captures: Sendable {
  private let all = Mutex<[SyncLogCapture]>([])

  var first: SyncLogCapture? { all.withLock { $0.count > 1 ? $0.first : nil } }
  var last: SyncLogCapture? { all.withLock { $0.last } }

  func take(_ directory: String, channel: String) throws(SyncLogError) -> SyncLogCapture {
    var capture = try SyncLogReader.capture(paths: [])
    if let found = try SyncLogReader.captureIfThere(directory, channel: channel) { capture = found }
    all.withLock { all in
      // Of many the first and the last count.
      if all.count > 1 { all.removeLast() }
      all.append(capture)
    }
    return capture
  }
}

extension DifferenceCounts {
  fileprivate init(_ report: StoreDiffReport) {
    self.init(
      pending: report.count(.pending), drift: report.count(.drift),
      conflict: report.count(.conflict) + report.count(.pendingConflict), inFlux: report.count(.inFlux))
  }
}
