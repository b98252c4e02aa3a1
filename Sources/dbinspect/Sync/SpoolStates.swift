// What mailboxes hold, from their indexes below the spools of both servers.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes
import CyrusSync

/// Where the spools of both servers are.
struct SpoolOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the master's mailboxes lie, to compare what they hold; can be repeated.",
      discussion: "A directory for all partitions, or the name of one, =, and its directory.",
      valueName: "name=directory"))
  var masterSpool: [String] = []

  @Option(help: ArgumentHelp("The same of the replica.", valueName: "name=directory"))
  var replicaSpool: [String] = []

  @Flag(name: .customLong("hashimapspool"), inversion: .prefixedNo, help: "Directories lie below a letter.")
  var hashesSpool = true

  @Flag(name: .customLong("fulldirhash"), help: "The letter is taken of the whole name.")
  var usesFullHash = false

  func validate() throws {
    if masterSpool.isEmpty != replicaSpool.isEmpty {
      throw ValidationError("--master-spool and --replica-spool go together: what one side holds is no difference")
    }
    for side in [masterSpool, replicaSpool] where side.count > 1 && side.contains(where: { !$0.contains("=") }) {
      throw ValidationError("of several directories each takes the name of its partition and =")
    }
  }
}

/// Reads indexes.
// Safe: used by one thread, for as long as a comparison runs.
final class SpoolStates: @unchecked Sendable {
  private let master: Spool
  private let replica: Spool
  /// Mailboxes of either side whose index could not be read.
  private(set) var unreadCount = (master: 0, replica: 0)
  /// Whether there is one.
  var isIncomplete: Bool { unreadCount.master + unreadCount.replica > 0 }
  /// One of them, and why.
  private(set) var firstFailure: DatabaseError?

  /// nil if no spools are given.
  init?(_ options: SpoolOptions, defaultDomain: String, deletedPrefix: String) {
    guard !options.masterSpool.isEmpty else { return nil }
    var settings = PathSettings(configDirectory: "/")
    settings.hashesSpool = options.hashesSpool
    settings.usesFullHash = options.usesFullHash
    settings.defaultDomain = defaultDomain
    settings.deletedPrefix = deletedPrefix
    master = Spool(settings, options.masterSpool)
    replica = Spool(settings, options.replicaSpool)
  }

  /// What a mailbox holds; nil if its index cannot be read.
  func state(_ side: StoreDifference.Side, of mailbox: borrowing MailboxEntryView) -> MailboxIndexState? {
    let entry = MailboxEntry(copy mailbox)
    for path in (side == .master ? master : replica).indexFiles(of: entry) {
      guard let path = String(validating: path, as: UTF8.self) else { continue }
      do throws(DatabaseError) { return MailboxIndexState(try IndexHeader.read(path: path)) } catch {
        firstFailure = firstFailure ?? error
      }
    }
    if side == .master { unreadCount.master += 1 } else { unreadCount.replica += 1 }
    return nil
  }

  /// Starts to count anew.
  func startOver() {
    unreadCount = (0, 0)
    firstFailure = nil
  }

  /// Says what could not be compared.
  func tell() {
    guard isIncomplete else { return }
    let reason = firstFailure.map { ", such as \($0.path): \($0.description)" } ?? ""
    Talk.say(
      "note: what they hold was not compared, as their index cannot be read: \(unreadCount.master) on the master, "
        + "\(unreadCount.replica) on the replica\(reason)",
      about: nil)
  }
}

/// The directories of a server's partitions.
private struct Spool {
  /// Of releases from 3.6 on, and of those before.
  private var settings: PathSettings
  private let isAnyPartition: Bool

  init(_ settings: PathSettings, _ directories: [String]) {
    self.settings = settings
    isAnyPartition = directories.allSatisfy { !$0.contains("=") }
    self.settings.partitions = directories.map { text in
      guard let equals = text.firstIndex(of: "=") else { return PathSettings.Partition(name: "", directory: text) }
      return PathSettings.Partition(
        name: String(text[..<equals]), directory: String(text[text.index(after: equals)...]))
    }
  }

  func indexFiles(of entry: MailboxEntry) -> [[UInt8]] {
    var settings = settings
    if entry.key.form == .plain { settings.release = .from3_0 }
    guard isAnyPartition else { return settings.indexFiles(of: entry) }
    let view = entry.view
    guard !view.flags.contains(.intermediate), let name = view.nameInKey(NameSettings(of: settings)) else { return [] }
    let mailbox = settings.reference(
      name: MailboxName(name), uniqueID: entry.uniqueID.value,
      hasLegacyDirectories: view.flags.contains(.legacyDirectories))
    return settings.indexFiles(of: mailbox, partition: "")
  }
}

extension NameSettings {
  fileprivate init(of settings: PathSettings) {
    self.init()
    deletedPrefix = settings.deletedPrefix
    defaultDomain = settings.defaultDomain
  }
}
