// In what condition a slot of a store is: what a sweep finds out about one mailboxes.db, and about the logs beside it.
//
// A value without the file: it is sent from host to host, and a fleet is judged by such values alone.

/// What is known of the mailboxes.db of a slot.
public enum SlotVerdict: String, Sendable, Hashable, CaseIterable {
  /// No rule of the format is broken.
  case sound
  /// Dirty, or longer than its committed end; what was committed is whole.
  case recoverable
  /// Some rule is broken in a way that puts content or use in danger.
  case damaged
  /// It is not there.
  case missing
  /// It is there, or may be, and cannot be looked at: no permission, locked, no database, no list of mailboxes; or
  /// nobody knows where it is.
  case unreadable
}

/// What a slot is to its store.
public enum SlotRole: String, Sendable, Hashable, CaseIterable {
  /// Users work on it.
  case master
  /// It is to be a copy of the master.
  case replica
}

/// What a slot of a store was like when it was looked at.
public struct SlotCondition: Sendable, Hashable {
  /// The store.
  public var store: String
  /// The slot.
  public var slot: String
  /// Its server; nil if no line of the layout gives the slot.
  public var host: String?
  /// What it is to the store.
  public var role: SlotRole
  /// When it was looked at, in seconds since 1970.
  public var time: Int64
  /// What is known of its mailboxes.db.
  public var verdict: SlotVerdict
  /// Live records of the file, bookkeeping included; nil if they could not be counted.
  public var recordCount: UInt64?
  /// What the list holds; nil if it could not be listed.
  public var contents: SlotContents?
  /// How many findings there were that are warnings or damage.
  public var findingCount: UInt64
  /// The first of them, or why the file could not be looked at, in one line; nil if all is well.
  public var problem: String?
  /// The logs for the other slots of the store, in natural order of their names. Only the master has some.
  public var channels: [ChannelCondition]

  /// A condition with these values.
  public init(
    store: String, slot: String, host: String?, role: SlotRole, time: Int64, verdict: SlotVerdict,
    recordCount: UInt64? = nil, contents: SlotContents? = nil, findingCount: UInt64 = 0, problem: String? = nil,
    channels: [ChannelCondition] = []
  ) {
    self.store = store
    self.slot = slot
    self.host = host
    self.role = role
    self.time = time
    self.verdict = verdict
    self.recordCount = recordCount
    self.contents = contents
    self.findingCount = findingCount
    self.problem = problem
    self.channels = channels
  }

  /// Whether the committed state of the file is whole.
  public var isSound: Bool { verdict == .sound || verdict == .recoverable }

  /// Lines that wait in all channels; nil if there are no channels, or the logs of one could not be read.
  public var lineCount: Int? {
    if channels.isEmpty || channels.contains(where: { $0.lineCount == nil }) { return nil }
    return channels.reduce(0) { $0 + ($1.lineCount ?? 0) }
  }

  /// The age of the log that was not changed for the longest time, in seconds; nil if nothing waits.
  public var oldestAge: Int64? { channels.compactMap(\.oldestAge).max() }

  /// At how many places of all logs sync_client loses lines.
  public var lostCount: Int { channels.reduce(0) { $0 + $1.lostCount } }

  /// Differences of all replicas that are not on their way; nil if there are no channels, or one was not compared.
  public var driftCount: Int? {
    if channels.isEmpty || channels.contains(where: { $0.differences == nil }) { return nil }
    return channels.reduce(0) { $0 + ($1.differences?.unexplained ?? 0) }
  }
}

/// What waits for a replica, and in what it differs.
public struct ChannelCondition: Sendable, Hashable {
  /// The channel, which is the name of the replica's slot.
  public var channel: String
  /// How many lines sync_client would read; nil if the logs could not be read.
  public var lineCount: Int?
  /// How long ago the log was changed that was not changed for the longest time, in seconds; nil if none has a byte.
  public var oldestAge: Int64?
  /// At how many places of the logs sync_client loses lines.
  public var lostCount: Int
  /// In what the lists of master and replica differ; nil if they were not compared.
  public var differences: DifferenceCounts?
  /// Why the logs could not be read, or the lists not be compared, in one line.
  public var problem: String?

  /// A condition with these values.
  public init(
    channel: String, lineCount: Int? = nil, oldestAge: Int64? = nil, lostCount: Int = 0,
    differences: DifferenceCounts? = nil, problem: String? = nil
  ) {
    self.channel = channel
    self.lineCount = lineCount
    self.oldestAge = oldestAge
    self.lostCount = lostCount
    self.differences = differences
    self.problem = problem
  }
}

/// How many differences a replica has, by what becomes of them.
public struct DifferenceCounts: Sendable, Hashable {
  /// On their way.
  public var pending: Int
  /// No line is about them; a repair would settle them.
  public var drift: Int
  /// No line would settle them, or one is about them and will be refused: a person has to decide.
  public var conflict: Int
  /// They did not hold still while they were looked at.
  public var inFlux: Int

  /// These counts.
  public init(pending: Int = 0, drift: Int = 0, conflict: Int = 0, inFlux: Int = 0) {
    self.pending = pending
    self.drift = drift
    self.conflict = conflict
    self.inFlux = inFlux
  }

  /// How many are not on their way.
  public var unexplained: Int { drift + conflict + inFlux }
}
