// Two stores while servers change them: what to read in which order, and what to make of what moves meanwhile.
//
//   master ─ pause ─ log ─ replica        a change that the master had and the replica lacks has its line in the log
//   the same again, if something seems to be drift
//
// What is drift or a conflict in both passes, and the same, is so. What is not held still: another pass may tell.
//
// Surprise: in any other order a change slips between, and looks like drift. A line is written after its change, and
// removed after the replica has it.

public import CyrusDatabase

/// Why two stores could not be compared.
public enum StorePairError: Error, Sendable, CustomStringConvertible {
  /// One of the lists.
  case database(DatabaseError)
  /// The log.
  case log(SyncLogError)

  /// What is wrong, without the file's name.
  public var description: String {
    switch self {
    case .database(let error): error.description
    case .log(let error): error.description
    }
  }
}

/// Two stores, one of which is to be a copy of the other, while servers change them.
public struct StorePair: Sendable {
  /// The side that changes are made on.
  public var master: Database
  /// The side that they are carried over to.
  public var replica: Database
  /// Captures what is pending on the channel that feeds the replica.
  public var logs: @Sendable () throws(SyncLogError) -> [SyncLog]
  /// What is done to be sure that no writer changes a list while it is read.
  public var locking: Locking
  /// How many threads may be used to compare lists that nobody writes to, the caller's included; 1 or more.
  public var threads = 1

  /// A pair.
  public init(
    master: Database, replica: Database, locking: Locking = .auto,
    logs: @escaping @Sendable () throws(SyncLogError) -> [SyncLog]
  ) {
    self.master = master
    self.replica = replica
    self.locking = locking
    self.logs = logs
  }

  /// Compares the stores.
  ///
  /// - Parameters:
  ///   - diff: How.
  ///   - pause: Waits between reading the master and capturing the log, for lines whose changes were just committed: one
  ///     second is ample. It is called only if something seems to be drift or a conflict, before that is believed. Nil for
  ///     stores at rest, which are looked at once.
  /// - Returns: Differences that were not the same in both passes are in flux.
  /// - Throws: ``StorePairError``.
  /// - Complexity: As ``StoreDiff/report(master:replica:pending:)-(StoreSnapshot,_,_)``, at most three times: twice if
  ///   somebody writes meanwhile, and once more if that was noticed late. The logs are captured as often.
  public func report(_ diff: StoreDiff, pause: (() -> Void)? = nil) throws(StorePairError) -> StoreDiffReport {
    let first: StoreDiffReport
    if let walked = walk(diff) { first = walked } else { first = try pass(diff) {} }
    guard let pause, first.differences.contains(where: { $0.status == .drift || $0.status == .conflict }) else {
      return first
    }
    var second = try pass(diff, pause)
    second.confirm(by: first)
    return second
  }

  /// The same for lists that nobody writes to, each looked at once; nil if that does not do.
  ///
  /// Why not is told by the other way, if it is still so.
  private func walk(_ diff: StoreDiff) -> StoreDiffReport? {
    guard case .auto = locking else { return nil }
    do {
      guard let master = try master.quietSnapshot() else { return nil }
      let logs = try self.logs()
      guard let replica = try replica.quietSnapshot() else { return nil }
      return try diff.report(master: master, replica: replica, pending: logs, threads: threads)
    } catch {
      return nil
    }
  }

  private func pass(_ diff: StoreDiff, _ pause: () -> Void) throws(StorePairError) -> StoreDiffReport {
    let master = try snapshot(of: master, diff)
    pause()
    let logs: [SyncLog]
    do throws(SyncLogError) { logs = try self.logs() } catch { throw .log(error) }
    let replica = try snapshot(of: replica, diff)
    do throws(DatabaseError) {
      return try diff.report(master: master, replica: replica, pending: logs)
    } catch {
      throw .database(error)
    }
  }

  private func snapshot(of database: Database, _ diff: StoreDiff) throws(StorePairError) -> StoreSnapshot {
    do throws(DatabaseError) {
      return try StoreSnapshot(database, settings: diff.settings, locking: locking)
    } catch {
      throw .database(error)
    }
  }
}

extension StoreDiffReport {
  /// Takes for in flux what an earlier report, of lists and log that were captured in the same order, does not have
  /// just so.
  ///
  /// - Parameter earlier: A report on the same pair.
  public mutating func confirm(by earlier: StoreDiffReport) {
    let before = Set(earlier.differences)
    for index in differences.indices {
      let status = differences[index].status
      guard status == .drift || status == .conflict else { continue }
      if !before.contains(differences[index]) { differences[index].status = .inFlux }
    }
  }
}
