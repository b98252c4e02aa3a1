// A store of a layout whose configuration `dbinspect fleet render` made, and the servers that run from it.
//
// A master in one place and a replica in another; their addresses are ones of the loopback, as a layout gives them.

import Foundation
import Glibc

/// A store of two slots. For one thread at a time.
final class RenderedStore {
  static let master = "sloti1t01", replica = "slotti2t01"
  private static let addresses = [master: "127.0.0.11", replica: "127.0.0.12"]

  /// How a program ended.
  struct Run {
    let status: Int32
    /// What it wrote, errors included.
    let output: String
  }

  let home: TemporaryFolder
  private let imapPort: UInt16
  private let syncPort: UInt16
  private var servers: [String: MasterProcess] = [:]

  init() throws {
    home = try TemporaryFolder(inMemory: true)
    (imapPort, syncPort) = try (Self.commonPort(), Self.commonPort())
    _ = try home.file(
      "production.dat",
      Array(
        """
        i1  1 t1 0 1 e \(Self.addresses[Self.master] ?? "")
        ti2 2 t1 0 1 e \(Self.addresses[Self.replica] ?? "")
        store1 n 0 90 \(Self.master) \(Self.replica)

        """.utf8))
    _ = try home.file("secrets.json", Array(#"{"syncPassword": "secret"}"#.utf8))
  }

  deinit { for server in servers.values { server.stop() } }

  /// A port that is free at both addresses.
  private static func commonPort() throws -> UInt16 {
    for _ in 0..<100 {
      let port = try Server.freePort(at: "127.0.0.11")
      if (try? Connection(port: port, address: "127.0.0.12")) == nil { return port }
    }
    throw Child.Failure(description: "no port is free at both addresses")
  }

  /// Runs the command that was built beside the tests.
  func dbinspect(_ arguments: [String]) throws -> Run {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let tool = URL(filePath: tests).deletingLastPathComponent().appending(path: "dbinspect").path
    return try Self.run([tool] + arguments)
  }

  /// What tells every command of a fleet where things are.
  var fleetOptions: [String] {
    let paths = [
      "configuration": home.file("etc/cyrus/imapd-<slot>.conf"), "configDirectory": home.file("<slot>/conf"),
      "data": home.file("<slot>/spool"), "productionPrograms": Server.folder,
    ]
    return ["--layout", home.file("production.dat")]
      + paths.sorted { $0.key < $1.key }.flatMap { ["--path", "\($0.key)=\($0.value)"] }
  }

  /// Renders the sample templates into the folder.
  func render(rolling: Bool, _ options: [String] = []) throws -> Run {
    let templates = URL(filePath: #filePath + "/../../../../Examples/FleetTemplates").standardized.path
    let values = [
      "imapPort=\(imapPort)", "syncPort=\(syncPort)", "rolling=\(rolling)", "admin=admin",
      "saslDatabase=\(home.file("sasldb2"))",
    ]
    return try dbinspect(
      ["fleet", "render", templates, "-o", home.path, "--values", home.file("secrets.json")] + fleetOptions
        + values.flatMap { ["--set", $0] } + options)
  }

  /// Starts the servers of both slots, with the configuration as it is.
  func start() throws {
    for slot in [Self.master, Self.replica] {
      for name in ["conf/socket", "conf/proc", "conf/sync", "conf/sieve", "spool", "run"] {
        try FileManager.default.createDirectory(
          atPath: home.file("\(slot)/\(name)"), withIntermediateDirectories: true)
      }
      for user in ["admin", "joe"] { try Server.setPassword(of: user, at: slot, in: home.file("sasldb2")) }
    }
    _ = try Child.run("/bin/chown", ["-R", "cyrus:mail", home.path])
    try start(Self.replica)
    try start(Self.master)
  }

  /// Starts the server of a slot, again if it runs.
  func start(_ slot: String) throws {
    servers.removeValue(forKey: slot)?.stop()
    servers[slot] = try MasterProcess(
      configuration: configuration(of: slot), services: home.file("etc/cyrus/cyrus-\(slot).conf"),
      identity: home.file("\(slot)/run/master.pid"))
    try Server.waitUntilReady(port: imapPort, address: Self.addresses[slot] ?? "")
  }

  /// A connection of the administrator to the server of a slot.
  func connection(to slot: String) throws -> Connection {
    let connection = try Connection(port: imapPort, address: Self.addresses[slot] ?? "")
    try connection.logIn(as: "admin")
    return connection
  }

  /// Has sync_client carry out what waits in the log for the replica, once.
  func synchronize() throws -> Run {
    try Self.run([
      "/usr/bin/timeout", "30", Server.folder + "/sync_client", "-C", configuration(of: Self.master), "-v", "-o", "-R",
      "-1", "-n", Self.replica,
    ])
  }

  func configuration(of slot: String) -> String { home.file("etc/cyrus/imapd-\(slot).conf") }
  func mailboxes(of slot: String) -> String { home.file("\(slot)/conf/mailboxes.db") }
  /// Where the master's log for the replica is.
  var channel: String { home.file("\(Self.master)/conf/sync/\(Self.replica)") }

  private static func run(_ command: [String]) throws -> Run {
    let child = try Child("/bin/sh", ["-c", #"exec "$0" "$@" 2>&1"#] + command)
    child.endInput()
    let output = String(decoding: child.readToEnd(), as: UTF8.self)
    return Run(status: child.wait(), output: output)
  }
}
