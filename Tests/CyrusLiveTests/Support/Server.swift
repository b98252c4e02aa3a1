// A real Cyrus server of its own: master and imapd, on a port of the loopback, in a folder that goes with it.

import CyrusMailboxes
import Foundation
import Glibc

/// A running IMAP server with the administrator `admin` and the user `joe`, both with the password `secret`.
final class Server: Sendable {
  static let folder = "/usr/lib/cyrus/bin"

  /// Path of its mailbox list.
  let mailboxes: String
  /// Path of its imapd.conf.
  let configuration: String
  /// Where its sync_server listens; nil if it has none.
  let syncPort: UInt16?
  /// Where all its files are.
  let home: TemporaryFolder
  private let port: UInt16
  private let master: MasterProcess

  /// - Parameters:
  ///   - options: Lines for imapd.conf besides.
  ///   - partitions: Names of partitions besides `default`.
  ///   - takesCopies: Whether it is to be a replica, with a sync_server.
  init(
    options: String = "delete_mode: immediate", partitions: [String] = [], takesCopies: Bool = false
  ) throws {
    home = try TemporaryFolder(inMemory: true)
    port = try Self.freePort()
    syncPort = takesCopies ? try Self.freePort() : nil
    mailboxes = home.file("conf/mailboxes.db")
    configuration = home.file("imapd.conf")
    for name in ["conf/socket", "conf/proc", "conf/sync", "spool", "sieve", "run"] + partitions {
      try FileManager.default.createDirectory(atPath: home.file(name), withIntermediateDirectories: true)
    }
    var text = Self.text(home.path)
    for name in partitions { text += Self.partition(name, home.path) }
    try (text + options + "\n").write(toFile: configuration, atomically: true, encoding: .utf8)
    var services = Self.service("imap", "imapd", configuration, port)
    if let syncPort { services += Self.service("sync", "sync_server", configuration, syncPort) }
    try """
    START {
    }
    SERVICES {
    \(services)
    }
    EVENTS {
    }
    """.write(toFile: home.file("cyrus.conf"), atomically: true, encoding: .utf8)
    for user in ["admin", "joe"] { try Self.setPassword(of: user, at: "server.test", in: home.file("sasldb2")) }
    _ = try Child.run("/bin/chown", ["-R", "cyrus:mail", home.path])
    master = try MasterProcess(
      configuration: configuration, services: home.file("cyrus.conf"), identity: home.file("run/master.pid"))
    try Self.waitUntilReady(port: port)
  }

  deinit { master.stop() }

  /// Makes `secret` the password of a user.
  static func setPassword(of user: String, at server: String, in database: String) throws {
    _ = try Child.run(
      "/usr/sbin/saslpasswd2", ["-f", database, "-u", server, "-c", "-p", user], input: "secret")
  }

  private static func text(_ folder: String) -> String {
    """
    configdirectory: \(folder)/conf
    defaultpartition: default
    partition-default: \(folder)/spool
    sievedir: \(folder)/sieve
    servername: server.test
    admins: admin
    unixhierarchysep: yes
    allowplaintext: yes
    sasl_mech_list: PLAIN
    sasl_pwcheck_method: auxprop
    sasl_auxprop_plugin: sasldb
    sasl_sasldb_path: \(folder)/sasldb2

    """
  }

  private static func partition(_ name: String, _ folder: String) -> String { "partition-\(name): \(folder)/\(name)\n" }

  private static func service(_ name: String, _ program: String, _ configuration: String, _ port: UInt16) -> String {
    let command = "\(folder)/\(program) -C \(configuration)"
    return #"\#(name) cmd="\#(command)" listen="127.0.0.1:\#(port)" proto="tcp4" prefork=1 maxchild=9"# + "\n"
  }

  /// Waits until an IMAP server greets.
  static func waitUntilReady(port: UInt16, address: String = "127.0.0.1") throws {
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end {
      if let connection = try? Connection(port: port, address: address), connection.greeting.hasPrefix("* OK") {
        return
      }
      usleep(20_000)
    }
    throw Child.Failure(description: "the server does not answer")
  }

  /// What Cyrus's own tool lists of a copy of the mailbox list: it opens even what it reads for writing.
  func listing(of bytes: [UInt8]) throws -> [UInt8] {
    let copy = try home.file("copy.db", bytes)
    _ = try Child.run("/bin/chown", ["cyrus:mail", copy])
    return try Child.run(Self.folder + "/cyr_dbtool", ["-C", configuration, copy, "twoskip", "show"])
  }

  /// What Cyrus's own tool says of all mailboxes, intermediates and tombstones included: a JSON object by internal name.
  func dump() throws -> [UInt8] {
    try Child.run(Self.folder + "/ctl_mboxlist", ["-C", configuration, "-d", "-y"])
  }

  /// What Cyrus's own tool says of a mailbox and its messages.
  ///
  /// - Parameter mailbox: Its name as an administrator gives it.
  func examination(of mailbox: String) throws -> String {
    let arguments = ["-C", configuration, mailbox]
    return String(decoding: try Child.run(Self.folder + "/mbexamine", arguments), as: UTF8.self)
  }

  /// Where its mailboxes are.
  var paths: PathSettings {
    PathSettings(
      configDirectory: home.file("conf"),
      partitions: [PathSettings.Partition(name: "default", directory: home.file("spool"))])
  }

  /// A connection, logged in.
  func connection(as user: String) throws -> Connection {
    let connection = try Connection(port: port)
    try connection.logIn(as: user)
    return connection
  }

  static func freePort(at address: String = "127.0.0.1") throws -> UInt16 {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = Connection.place(address, port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let error = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 ? getsockname(socket, pointer, &length) : -1
      }
    }
    guard error == 0 else { throw Child.Failure(description: "no free port: \(String(cString: strerror(errno)))") }
    return UInt16(bigEndian: address.sin_port)
  }
}

/// An IMAP connection, for one thread at a time.
final class Connection: @unchecked Sendable {
  /// The server's first line.
  let greeting: String
  private let socket: Int32
  private var count = 0

  static func place(_ address: String, port: UInt16) -> sockaddr_in {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = inet_addr(address)
    return place
  }

  init(port: UInt16, address: String = "127.0.0.1") throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.socket = socket
    var place = Self.place(address, port: port)
    let error = withUnsafePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // Nothing that a server does here takes long.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    guard error == 0 else {
      close(socket)
      throw Child.Failure(description: "connect: \(String(cString: strerror(errno)))")
    }
    greeting = Self.line(from: socket)
  }

  deinit { close(socket) }

  /// Logs in with the password `secret`.
  func logIn(as user: String) throws {
    try command("AUTHENTICATE PLAIN \(Data("\0\(user)\0secret".utf8).base64EncodedString())")
  }

  /// Sends a command and waits until it is done; a failure unless the server says OK.
  func command(_ text: String) throws {
    count += 1
    let line = Array("t\(count) \(text)\r\n".utf8)
    guard send(socket, line, line.count, Int32(MSG_NOSIGNAL)) == line.count else {
      throw Child.Failure(description: "\(text): connection lost")
    }
    while true {
      let answer = Self.line(from: socket)
      if answer.isEmpty { throw Child.Failure(description: "\(text): connection lost") }
      guard answer.hasPrefix("t\(count) ") else { continue }
      guard answer.hasPrefix("t\(count) OK") else { throw Child.Failure(description: "\(text): \(answer)") }
      return
    }
  }

  private static func line(from socket: Int32) -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while recv(socket, &byte, 1, 0) == 1 {
      bytes.append(byte)
      if byte == UInt8(ascii: "\n") { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
