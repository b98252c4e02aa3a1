// What all stores of a fleet hold, counted: by the lists of their masters.

public import CyrusDatabase
public import CyrusMailboxes
import CyrusSync

/// What a store holds, and what of it waits for replicas.
public struct StoreInventory: Sendable {
  /// The store.
  public let store: String
  /// The slot that is master; nil if no line gives any of the store's slots.
  public let slot: String?
  /// What its list holds; nil if it cannot be read.
  public fileprivate(set) var inventory: Inventory?
  /// How many users have a live mailbox; nil if the list cannot be read.
  public fileprivate(set) var userCount: Int?
  /// What the indexes say that messages take; nil if they were not asked.
  public fileprivate(set) var usage: MailboxUsage?
  /// Lines that wait for replicas; nil if the logs of one cannot be read.
  public fileprivate(set) var pendingLineCount: Int?
  /// The age of the log that was not changed for the longest time, in seconds; nil if nothing waits.
  public fileprivate(set) var oldestAge: Int64?
  /// Why something is not known, in one line.
  public fileprivate(set) var problem: String?
}

/// A count of what stores of a fleet hold.
public struct FleetInventory: Sendable {
  /// Where the files are.
  public let files: FleetFiles
  /// What to count by, besides all.
  public var groupings: Set<InventoryGrouping> = []
  /// How to keep writers from changing what is read.
  public var locking: Locking = .auto
  /// Which names are deleted ones, and which domain means none.
  public var settings = NameSettings()
  /// Whether the index of each mailbox is asked how much its messages take.
  public var asksIndexes = false
  /// How indexes lie below the data of a slot; partitions and configuration directory do not count.
  public var paths = PathSettings(configDirectory: "/")
  /// How many stores are looked at at the same time, 1 to 64.
  public var jobs = 1
  /// The time, in seconds since 1970.
  public var now: @Sendable () -> Int64
  /// Called when a store is done, in the thread of a worker, with how many are and how many there are to do.
  public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?

  /// A count of the files of a fleet as they are.
  ///
  /// - Parameters:
  ///   - files: Where they are.
  ///   - now: Gives the time, in seconds since 1970.
  public init(_ files: FleetFiles, now: @escaping @Sendable () -> Int64) {
    self.files = files
    self.now = now
  }

  /// Counts what some stores hold.
  ///
  /// - Parameter stores: Of several with one name the first counts.
  /// - Returns: Theirs, in natural order of the names.
  /// - Complexity: O(records of the masters); memory by groups, see ``/CyrusMailboxes/Inventory``, and for each worker
  ///   by the users of a store. With ``asksIndexes`` a file is opened for each mailbox.
  public func stores(_ stores: [FleetStore]) -> [StoreInventory] {
    var names: Set<String> = []
    let work = stores.filter { names.insert($0.name).inserted }.sorted { NaturalOrder.isBefore($0.name, $1.name) }
    return StoreWorkers.run(work.count, jobs: jobs, progress: progress) { count(work[$0]) }
  }

  private func count(_ store: FleetStore) -> StoreInventory {
    let slots = files.slots(of: store)
    guard let master = slots.first(where: { $0.role == .master }) else {
      return StoreInventory(store: store.name, slot: nil, problem: "no line of the layout gives any of its slots")
    }
    var result = StoreInventory(store: store.name, slot: master.name, problem: master.problem)
    guard let path = master.mailboxes, let sync = master.syncDirectory else { return result }
    do {
      let database = try Database(path: path)
      let counted = try database.inventory(by: groupings.union([.user]), settings: settings, locking: locking)
      result.userCount = counted.groups(by: .user).count { $0.name != nil && $0.counts.live > 0 }
      result.inventory = counted.merging(Inventory(by: groupings))
      if asksIndexes, let data = master.data { result.usage = try MailboxUsage(of: database, below: data, self) }
    } catch let error as DatabaseError {
      result.problem = "\(error.path): \(error.description)"
    } catch {
      result.problem = "\(path): \(error)"
    }
    addBacklog(of: slots.filter { $0.role == .replica }, sync, to: &result)
    return result
  }

  private func addBacklog(of replicas: [StoreSlot], _ sync: String, to result: inout StoreInventory) {
    var count = 0
    var ages: [Int64] = []
    for replica in replicas {
      do throws(SyncLogError) {
        guard let capture = try SyncLogReader.captureIfThere(sync, channel: replica.name) else { continue }
        count += capture.lineCount
        ages += capture.ages(now: now())
      } catch {
        result.problem = result.problem ?? "\(error.path): \(error.description)"
        return
      }
    }
    result.pendingLineCount = count
    result.oldestAge = ages.max()
  }
}
