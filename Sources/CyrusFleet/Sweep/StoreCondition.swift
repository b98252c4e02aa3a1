// In what condition a store is, judged by the conditions of its slots alone.
//
//   slots of all hosts ─> what is wrong with each, and between master and replicas ─> the worst of it
//
// So it makes no difference whether one process saw all files, or each host its own and the conditions came together
// later: then equal digests stand for a comparison.

/// What a store was like, and why it was taken for that.
public struct StoreCondition: Sendable, Hashable {
  /// How bad it is.
  public enum Status: String, Sendable, Hashable, CaseIterable, Comparable {
    /// All lists are sound, replicas have what the master has, nothing waits.
    case ok
    /// Something waits, or differs and is on its way.
    case pending
    /// A replica differs, and nothing is about to change that; or lines of a log are lost.
    case drift
    /// A list is damaged.
    case damaged
    /// A list is missing or cannot be read, or there was no word of it; or logs or lists could not be compared.
    case unreachable

    /// 0 to 4, the worse the higher.
    public var rank: Int {
      switch self {
      case .ok: 0
      case .pending: 1
      case .drift: 2
      case .damaged: 3
      case .unreachable: 4
      }
    }

    /// Whether the first is better.
    public static func < (left: Status, right: Status) -> Bool { left.rank < right.rank }
  }

  /// The store.
  public let store: String
  /// Its slots, in natural order.
  public let slots: [SlotCondition]
  /// How bad it is.
  public private(set) var status = Status.ok
  /// Why, in one line; empty if all is well.
  public private(set) var reason = ""
  /// How many other things are as bad.
  private var otherCount = 0
  /// Differences that are not on their way, in the lists that were compared.
  public private(set) var driftCount = 0

  /// Judges a store.
  ///
  /// - Parameters:
  ///   - store: Its name.
  ///   - slots: What its slots were like; other stores' are left out, of several about one slot the newest counts.
  ///   - isPart: Whether there may be other slots, of which nothing is to be said.
  /// - Complexity: O(slots · log(slots)).
  public init(store: String, slots: [SlotCondition], isPart: Bool = false) {
    var newest: [String: SlotCondition] = [:]
    for slot in slots where slot.store == store {
      if let other = newest[slot.slot], other.time >= slot.time { continue }
      newest[slot.slot] = slot
    }
    self.store = store
    self.slots = newest.values.sorted { NaturalOrder.isBefore($0.slot, $1.slot) }
    for slot in self.slots { judge(slot) }
    let masters = self.slots.filter { $0.role == .master }
    if masters.isEmpty, !isPart { note(.unreachable, "no word of its master") }
    if masters.count > 1 { note(.unreachable, "\(masters[0].slot) and \(masters[1].slot) both count as master") }
    for master in masters {
      for channel in master.channels { judge(channel, of: master, newest[channel.channel], isPart: isPart) }
    }
    if otherCount > 0 { reason += ", and \(otherCount) more" }
  }

  private mutating func judge(_ slot: SlotCondition) {
    guard !slot.isSound else { return }
    let reason = "\(slot.slot): \(slot.verdict.rawValue): \(slot.problem ?? "no reason given")"
    note(slot.verdict == .damaged ? .damaged : .unreachable, reason)
  }

  private mutating func judge(
    _ channel: ChannelCondition, of master: SlotCondition, _ replica: SlotCondition?, isPart: Bool
  ) {
    let slot = channel.channel
    let lines = channel.lineCount ?? 0
    if lines > 0 { note(.pending, "\(slot): \(Self.counted(lines, "line")) pending") }
    if channel.lostCount > 0 {
      note(.drift, "\(slot): lines are lost at \(Self.counted(channel.lostCount, "place")) of the log")
    }
    if let differences = channel.differences {
      driftCount += differences.unexplained
      if differences.unexplained > 0 {
        let conflicts = differences.conflict > 0 ? ", \(differences.conflict) of them conflicts" : ""
        note(.drift, "\(slot): \(Self.counted(differences.unexplained, "difference")) not on their way\(conflicts)")
      } else if differences.pending > 0, lines == 0 {
        note(.pending, "\(slot): \(Self.counted(differences.pending, "difference")) on their way")
      }
      return
    }
    // A list that is not whole, or not there, was spoken of already.
    if let problem = channel.problem, master.isSound, replica?.isSound ?? true {
      return note(.unreachable, "\(slot): not compared: \(problem)")
    }
    guard let replica else {
      if !isPart { note(.unreachable, "\(slot): no word of it") }
      return
    }
    guard let digest = master.contents?.digest, let other = replica.contents?.digest, digest != other else { return }
    // That lines are pending was said.
    if lines == 0 { note(.drift, "\(slot): differs, and nothing is pending") }
  }

  private static func counted(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

  private mutating func note(_ status: Status, _ reason: String) {
    if status < self.status { return }
    if status == self.status {
      otherCount += 1
      return
    }
    self.status = status
    self.reason = reason
    otherCount = 0
  }
}

extension StoreCondition {
  /// Slots whose committed state is whole.
  public var soundCount: Int { slots.count { $0.isSound } }

  /// Lines that wait for replicas.
  public var pendingLineCount: Int {
    slots.reduce(0) { $0 + $1.channels.reduce(0) { $0 + ($1.lineCount ?? 0) } }
  }

  /// The age of the log that was not changed for the longest time, in seconds; nil if nothing waits.
  public var oldestAge: Int64? { slots.compactMap(\.oldestAge).max() }

  /// Whether a store is to be told of before another: the worse first, then in natural order of the names.
  public static func isBefore(_ left: StoreCondition, _ right: StoreCondition) -> Bool {
    if left.status != right.status { return left.status > right.status }
    return NaturalOrder.isBefore(left.store, right.store)
  }
}
