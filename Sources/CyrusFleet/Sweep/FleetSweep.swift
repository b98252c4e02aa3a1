// Looks at all stores of a fleet: is each list sound, has each replica what its master has, what waits?
//
//   stores ─ workers, each takes the next ─> condition of each store ─ in the order of the stores
//
// What goes wrong with one store is part of its condition, and no other store hears of it.

public import CyrusDatabase
import CyrusMailboxes
public import CyrusSync
import Synchronization

/// A look at stores of a fleet.
///
/// ```swift
/// var sweep = FleetSweep(FleetFiles(of: layout), now: now)
/// sweep.jobs = 4
/// let conditions = sweep.conditions(of: layout.stores)
/// for store in conditions.sorted(by: StoreCondition.isBefore) { print(store.store, store.status, store.reason) }
/// ```
///
/// Nothing is locked, but as ``locking`` says, and nothing written.
public struct FleetSweep: Sendable {
  /// Where the files are.
  public let files: FleetFiles
  /// The server whose slots alone are looked at, without comparing lists; nil for all slots.
  public var host: String?
  /// How much of each file is checked.
  public var depth = VerificationDepth.full
  /// How to keep writers from changing what is read.
  public var locking: Locking = .auto
  /// How lists are compared.
  public var diff = StoreDiff()
  /// How many stores are looked at at the same time, 1 to 64. It makes no difference to the answer.
  public var jobs = 1
  /// Waits before drift is believed, see ``/CyrusSync/StorePair/report(_:pause:)``; nil for files at rest. Called in
  /// the threads of the workers.
  public var pause: (@Sendable () -> Void)?
  /// The time, in seconds since 1970.
  public var now: @Sendable () -> Int64
  /// Called when a store is done, in the thread of a worker, with how many are and how many there are to do.
  public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?

  /// A look at the files of a fleet as they are.
  ///
  /// - Parameters:
  ///   - files: Where they are.
  ///   - now: Gives the time, in seconds since 1970.
  public init(_ files: FleetFiles, now: @escaping @Sendable () -> Int64) {
    self.files = files
    self.now = now
  }

  /// Looks at some stores.
  ///
  /// - Parameter stores: Of several with one name the first counts.
  /// - Returns: Their conditions, in natural order of the names. A store without a slot on ``host`` has none.
  /// - Complexity: O(bytes of the files): each list is gone through three times, and once more for each replica.
  ///   Memory: what one store takes, for each worker, see ``/CyrusDatabase/Database/verify(_:locking:threads:progress:)``
  ///   and ``/CyrusSync/StoreDiff/report(master:replica:pending:)-(StoreSnapshot,_,_)``; besides some hundred bytes for each
  ///   slot.
  public func conditions(of stores: [FleetStore]) -> [StoreCondition] {
    var names: Set<String> = []
    let work = stores.filter { names.insert($0.name).inserted }
      .sorted { NaturalOrder.isBefore($0.name, $1.name) }
      .map { store in (store, files.slots(of: store).filter { host == nil || $0.host == host }) }
      .filter { host == nil || !$0.1.isEmpty }
    return StoreWorkers.run(work.count, jobs: jobs, progress: progress) { index in
      condition(of: work[index].0, work[index].1)
    }
  }

  private func condition(of store: FleetStore, _ slots: [StoreSlot]) -> StoreCondition {
    var conditions = slots.map { SlotExamination(self, store, $0).condition }
    for index in slots.indices where slots[index].role == .master {
      let replicas = files.slots(of: store).filter { $0.role == .replica }
      conditions[index].channels = replicas.map { replica in
        let channel = ChannelExamination(self, from: slots[index], to: replica)
        guard host == nil else { return channel.condition(comparing: false) }
        // Of a list of which something is lost nobody knows in what it differs.
        let unsound = conditions.first { !$0.isSound && ($0.role == .master || $0.slot == replica.name) }
        var condition = channel.condition(comparing: unsound == nil)
        if let unsound, condition.problem == nil {
          condition.problem = "the list of \(unsound.slot) is \(unsound.verdict.rawValue)"
        }
        return condition
      }
    }
    return StoreCondition(store: store.name, slots: conditions, isPart: host != nil)
  }
}

/// Several threads that share the stores.
enum StoreWorkers {
  /// Calls `body` with each number below `count`, and returns what it returns, in this order.
  static func run<Result: Sendable>(
    _ count: Int, jobs: Int, progress: (@Sendable (Int, Int) -> Void)?, _ body: (Int) -> Result
  ) -> [Result] {
    guard count > 0 else { return [] }
    let next = Mutex(0)
    let done = Mutex(0)
    // No bytes are lent to the threads, only the stores.
    let parts = RawSpan().atOnce(max(1, min(jobs, count, 64))) { _, _ -> [(index: Int, result: Result)] in
      var part: [(index: Int, result: Result)] = []
      while true {
        let index = next.withLock { next in
          defer { next += 1 }
          return next
        }
        guard index < count else { return part }
        part.append((index, body(index)))
        let doneCount = done.withLock { done in
          done += 1
          return done
        }
        progress?(doneCount, count)
      }
    }
    return parts.joined().sorted { $0.index < $1.index }.map(\.result)
  }
}
