// What is used, from a master's own files: its quotas, or the indexes of its mailboxes.
//
//   quota   quotas.db beside the list of mailboxes: what each quota root uses, and so each user with one
//   index   the header of each mailbox's index, below the directory of messages: `quota_mailbox_used`
//
// What surprises: neither is what `df` says. Both count messages and not what their metadata take, and the replicas are
// taken to hold as much as the master. The capacity is that of the layout. Of indexes what lies in DELETED, and what
// belongs to nobody, counts for the slot, and for no user: it does not go along.

public import CyrusDatabase
public import CyrusMailboxes

/// What a store uses, as its master's files say.
public struct UsageReading: Sendable, Hashable {
  /// What it uses, and its users by name.
  public let usage: StoreUsage
  /// Files that could not be read, and records that do not say what they should: there may be more than was counted.
  public let problems: [UsageProblem]
}

/// Reads what stores use.
public struct UsageReader: Sendable {
  /// Where from.
  public enum Source: String, Sendable, Hashable, CaseIterable {
    /// The quota database.
    case quota
    /// The headers of the mailboxes' indexes.
    case index
  }

  /// Where the files are.
  public var files: FleetFiles
  /// Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  public var settings = NameSettings()
  /// `hashimapspool`: whether directories of mailboxes by name lie below a letter.
  public var hashesSpool = true
  /// `fulldirhash`: whether the letter is taken of the whole name.
  public var usesFullHash = false
  /// How to keep writers from changing what is read.
  public var locking: Locking = .auto

  /// At most so many problems of a store are told one by one.
  public static let problemCountMax = 20

  /// A reader of these files.
  public init(_ files: FleetFiles) { self.files = files }

  /// What a store uses.
  ///
  /// - Throws: ``UnreadFile`` if the quota database or list of mailboxes cannot be read at all, nothing says where it is,
  ///   or no line of the layout gives a slot of the store.
  /// - Complexity: O(records of the file); one file more is read for each mailbox with ``Source/index``.
  public func usage(of store: FleetStore, from source: Source) throws(UnreadFile) -> UsageReading {
    guard let master = files.master(of: store) else {
      throw UnreadFile(store: store.name, path: nil, reason: "no line gives any of its slots")
    }
    guard let paths = files.paths(of: master, in: store) else {
      throw UnreadFile(
        store: store.name, path: nil, reason: "no template says where the metadata of \(master.text) are")
    }
    var tally = UsageTally(settings)
    let path = source == .quota ? paths.configDirectory + "/quotas.db" : paths.mailboxes
    do throws(DatabaseError) {
      switch source {
      case .quota: try readQuotas(path, &tally)
      case .index: try readIndexes(path, paths.data, &tally)
      }
    } catch {
      throw UnreadFile(store: store.name, path: path, reason: error.description)
    }
    let slots = files.layout.slots(of: store).map { slot in
      let (capacity, overflow) = slot.group.dataSize.multipliedReportingOverflow(by: 1_000_000_000)
      return SlotUsage(used: tally.used, capacity: overflow ? .max : capacity)
    }
    return UsageReading(
      usage: StoreUsage(store: store, slots: slots, users: tally.users), problems: tally.problems(of: store))
  }

  private func readQuotas(_ path: String, _ tally: inout UsageTally) throws(DatabaseError) {
    let decoder = RecordDecoder(.quota)
    let records = try Database(path: path).records(locking: locking)
    if records.damageCount > 0 { tally.note("\(path): damaged at \(records.damageCount) places") }
    for index in 0..<records.count {
      let record = try records.record(at: index)
      let root = record.copyOfKey()
      let decoded = decoder.decode(key: record.key, value: record.value)
      let name = MailboxName(
        internalName: root.rawSpan, deletedPrefix: settings.deletedPrefix, defaultDomain: settings.defaultDomain)
      guard let used = Self.usedBytes(decoded) else {
        tally.note("\(path): \(name): does not say what is used")
        continue
      }
      tally.add(used, of: name)
    }
    try records.confirm()
  }

  private static func usedBytes(_ quota: DecodedRecord) -> UInt64? {
    guard case .record(let fields)? = quota["storage"],
      case .number(let used)? = fields.first(where: { $0.name == "usedBytes" })?.value
    else { return nil }
    return used
  }

  private func readIndexes(_ path: String, _ spool: String, _ tally: inout UsageTally) throws(DatabaseError) {
    let list = try MailboxList(Database(path: path), settings: settings, locking: locking)
    if list.records.damageCount > 0 { tally.note("\(path): damaged at \(list.records.damageCount) places") }
    var place = PathSettings(
      configDirectory: "/", partitions: [PathSettings.Partition(name: "", directory: spool)])
    place.hashesSpool = hashesSpool
    place.usesFullHash = usesFullHash
    place.defaultDomain = settings.defaultDomain
    place.deletedPrefix = settings.deletedPrefix
    if list.form.keys == .plain { place.release = .from3_0 }
    for index in 0..<list.count {
      let entry = try list.entry(at: index)
      guard let view = entry.nameInKey(settings) else { continue }
      let name = MailboxName(view)
      guard entry.isTypeReadable else {
        tally.note("\(path): \(name): does not say what it is")
        continue
      }
      guard entry.flags.isDisjoint(with: [.deleted, .reserved, .intermediate, .remote]) else { continue }
      let reference = place.reference(
        name: name, uniqueID: entry.uniqueID?.copy(),
        hasLegacyDirectories: entry.flags.contains(.legacyDirectories))
      guard let file = place.indexFiles(of: reference, partition: "").first,
        let file = String(validating: file, as: UTF8.self)
      else {
        tally.note("\(path): \(name): no path leads to it")
        continue
      }
      do throws(DatabaseError) {
        tally.add(try IndexHeader.read(path: file).quotaMailboxUsed, of: name)
      } catch {
        tally.note("\(file): \(name): \(error.description)")
      }
    }
    try list.records.confirm()
  }
}

extension UsageReader {
  /// Users who are on several stores: error F01, for nobody can say which of them gives him away.
  public static func doubleHomes(in stores: [StoreUsage]) -> [UsageProblem] {
    var homes: [String: String] = [:]
    var problems: [UsageProblem] = []
    for usage in stores {
      for user in usage.users {
        if let other = homes.updateValue(usage.store.name, forKey: user.name) {
          problems.append(UsageProblem(message: "F01: \(user.name) is on two stores: \(other), \(usage.store.name)"))
        }
      }
    }
    return problems
  }
}

/// Adds up what is used.
private struct UsageTally {
  private(set) var used: UInt64 = 0
  private var sizes: [[UInt8]: UInt64] = [:]
  private var notes: [String] = []
  private var noteCount = 0
  private let settings: NameSettings

  init(_ settings: NameSettings) { self.settings = settings }

  /// Adds what a mailbox or quota root uses; more than a number can hold is as much as it can.
  mutating func add(_ size: UInt64, of name: MailboxName) {
    used = Self.sum(used, size)
    guard !name.isDeleted, let owner = name.owner else { return }
    sizes[owner] = Self.sum(sizes[owner] ?? 0, size)
  }

  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  mutating func note(_ text: String) {
    noteCount += 1
    if notes.count < UsageReader.problemCountMax { notes.append(text) }
  }

  /// By name. Those that a table could not name, as they are not UTF-8, count for the slot alone.
  var users: [UserUsage] {
    sizes.compactMap { name, size in
      String(validating: name, as: UTF8.self).map { UserUsage(name: $0, size: size) }
    }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  func problems(of store: FleetStore) -> [UsageProblem] {
    let unnamed = sizes.keys.count { String(validating: $0, as: UTF8.self) == nil }
    var texts = notes
    if noteCount > notes.count { texts.append("\(noteCount - notes.count) more such places") }
    if unnamed > 0 { texts.append("\(unnamed) users whose names are not UTF-8 are left out") }
    return texts.map { UsageProblem(message: "\(store.name): \($0)") }
  }
}
