// A real master and its real replica, between which nothing goes by itself: a test says what is carried over, and when.

import CyrusDatabase
import CyrusSync
import Foundation

/// Two running servers, the second of which is a replica of the first. For one thread at a time.
final class ReplicaPair {
  enum Side {
    case master, replica
  }

  /// How a run of sync_client ended.
  struct Run {
    /// Its exit status; 124 if it had to be stopped.
    let status: Int32
    let output: String
  }

  private let master: Server
  private let replica: Server
  private let onMaster: Connection
  private let onReplica: Connection
  private var fileCount = 0

  /// Rights with which the administrator can do everything to a mailbox and to those below that are made later.
  static let allRights = "lrswipkxtecdan"

  /// Partitions of the replica. The master has one more, `only`.
  static let replicaPartitions: Set<[UInt8]> = [Array("default".utf8), Array("p2".utf8)]

  private static let options = """
    delete_mode: delayed
    virtdomains: off
    allowusermoves: yes

    """

  init() throws {
    replica = try Server(options: Self.options, partitions: ["p2"], takesCopies: true)
    let target = """
      sync_log: yes
      sync_repeat_interval: 0
      sync_host: 127.0.0.1
      sync_port: \(replica.syncPort ?? 0)
      sync_try_imap: no
      sync_authname: admin
      sync_realm: server.test
      sync_password: secret

      """
    master = try Server(options: Self.options + target, partitions: ["p2", "only"])
    onMaster = try master.connection(as: "admin")
    onReplica = try replica.connection(as: "admin")
  }

  /// Gives a command of the administrator to one side, and waits until all that comes of it is done.
  func command(_ text: String, on side: Side) throws {
    let connection = side == .master ? onMaster : onReplica
    try connection.command(text)
    // A command's last line can come before its mailbox is closed, which may write to the log.
    try connection.command("NOOP")
  }

  /// Gives a command that may be refused.
  func attempt(_ text: String, on side: Side) throws {
    let connection = side == .master ? onMaster : onReplica
    do { try connection.command(text) } catch is Child.Failure {}
    // Fails if there is no connection any more.
    try connection.command("NOOP")
  }

  /// The command that puts a message into a mailbox.
  static func append(to mailbox: String, on side: Side) -> String {
    let message = "Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nSubject: \(mailbox)\r\n\r\non the \(side)\r\n"
    return "APPEND \"\(mailbox)\" {\(message.utf8.count)+}\r\n\(message)"
  }

  /// The names of a side's mailboxes, in the order of its list.
  func mailboxes(on side: Side) throws -> [String] {
    let database = try Database(path: side == .master ? master.mailboxes : replica.mailboxes)
    return try database.read { try $0.pairs() }.compactMap { pair in
      // A tombstone has `d`.
      guard pair.key.first == UInt8(ascii: "N"), pair.value.starts(with: "%(T e ".utf8) else { return nil }
      return String(decoding: pair.key.dropFirst(), as: UTF8.self).replacing("\u{1F}", with: "/")
    }
  }

  /// Removes for good what was deleted of a mailbox.
  func removeDeleted(_ mailbox: String, on side: Side) throws {
    for name in try mailboxes(on: side) where name.hasPrefix("DELETED/\(mailbox)/") {
      try command("DELETE \"\(name)\"", on: side)
    }
  }

  /// Makes a mailbox a calendar in the list alone, as no command can.
  func retype(_ mailbox: String, on side: Side) throws {
    let server = side == .master ? master : replica
    let key = "N" + mailbox.replacing("/", with: "\u{1F}")
    let pair = try Database(path: server.mailboxes).read { try $0.pairs() }.first { $0.key.elementsEqual(key.utf8) }
    let value = String(decoding: pair?.value ?? [], as: UTF8.self).replacing(
      "%(T e ", with: "%(T c ", maxReplacements: 1)
    _ = try Child.run(
      Server.folder + "/cyr_dbtool",
      ["-C", server.configuration, server.mailboxes, "twoskip", "set", key, value])
  }

  /// Takes all lines out of the master's log. To be called while the master is idle.
  func takeLog() throws -> [UInt8] {
    let path = master.home.file("conf/sync/log")
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let bytes = try Data(contentsOf: URL(filePath: path))
    try FileManager.default.removeItem(atPath: path)
    return Array(bytes)
  }

  /// Has sync_client on the master carry out the lines of a log once.
  func carryOut(_ log: [UInt8]) throws -> Run {
    fileCount += 1
    let path = try master.home.file("lines-\(fileCount)", log)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    _ = try Child.run("/bin/chown", ["cyrus:mail", path])
    return try syncClient(["-r", "-f", path])
  }

  /// Has sync_client on the master carry over users as a whole.
  func carryOver(users: [String]) throws -> Run { try syncClient(["-u"] + users) }

  private func syncClient(_ arguments: [String]) throws -> Run {
    let child = try Child(
      "/bin/sh",
      [
        "-c", #"exec timeout 30 "$0" "$@" 2>&1"#, Server.folder + "/sync_client", "-C", master.configuration, "-v",
        "-o",
      ] + arguments)
    let output = String(decoding: child.readToEnd(), as: UTF8.self)
    return Run(status: child.wait(), output: output)
  }

  /// The folder with the master's log.
  var syncFolder: String { master.home.file("conf/sync") }

  /// A connection of the administrator to the master.
  func connectionToMaster() throws -> Connection { try master.connection(as: "admin") }

  /// Has a sync_client carry out the master's log, round after round without a pause, as long as it is held.
  func rollingClient() throws -> RollingClient {
    try RollingClient(configuration: master.configuration, messages: master.home.file("rolling"))
  }

  /// Compares the two stores as they are now.
  ///
  /// - Parameter logs: The lines that are to be taken for pending.
  func report(pending logs: [SyncLog] = []) throws -> StoreDiffReport {
    var diff = StoreDiff()
    diff.replicaPartitions = Self.replicaPartitions
    return try diff.report(
      master: StoreSnapshot(Database(path: master.mailboxes)),
      replica: StoreSnapshot(Database(path: replica.mailboxes)), pending: logs)
  }
}
