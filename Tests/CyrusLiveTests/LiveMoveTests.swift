// A plan for a move, carried out on three real servers, with each of its checks at its turn.

import CyrusFleet
import CyrusMailboxes
import Foundation
import Testing

@Suite(.needsCyrusReplication) struct LiveMoveTests {
  private static let layout = """
    i30  30  t1  0  1000  e  127.0.0.1
    i29  29  t1  0  1000  e  127.0.0.1
    ti1   1  t1  0  1000  e  127.0.0.1
    store1  n  0  90  sloti30t01
    store2  n  0  90  sloti29t01  slotti1t01

    """

  /// What a server's configuration has for a channel that leads to another one.
  private static func channel(_ name: String, to server: Server) -> String {
    """
    delete_mode: delayed
    virtdomains: off
    allowusermoves: yes
    sync_log: yes
    sync_log_channels: \(name)
    \(name)_sync_host: 127.0.0.1
    \(name)_sync_port: \(server.syncPort ?? 0)
    \(name)_sync_try_imap: no
    \(name)_sync_authname: admin
    \(name)_sync_realm: server.test
    \(name)_sync_password: secret
    """
  }

  private let replica: Server
  private let target: Server
  private let source: Server
  /// The layout, and links to the servers' folders where the layout has them.
  private let folder: TemporaryFolder

  init() throws {
    replica = try Server(options: "delete_mode: delayed", takesCopies: true)
    target = try Server(options: Self.channel("slotti1t01", to: replica), takesCopies: true)
    source = try Server(options: Self.channel("sloti29t01", to: target))
    folder = try TemporaryFolder()
    _ = try folder.file("production.dat", Array(Self.layout.utf8))
    for (slot, server, store) in [
      ("sloti30t01", source, "ssd30/sloti30t01/store1"), ("sloti29t01", target, "ssd29/sloti29t01/store2"),
      ("slotti1t01", replica, "ssd1/slotti1t01/store2"),
    ] {
      let place = folder.file("root/mnt/\(store)")
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: "\(place)/conf", withDestinationPath: server.home.file("conf"))
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("\(slot).conf"), withDestinationPath: server.configuration)
    }
  }

  private var options: [String] {
    [
      "--layout", folder.file("production.dat"), "--root", folder.file("root"),
      "--path", "configuration=\(folder.path)/<slot>.conf", "--path", "productionPrograms=\(Server.folder)",
    ]
  }

  /// Runs words of a plan: as the user whom they name already, for programs of Cyrus become that by themselves.
  private func run(_ words: [String], output: String? = nil) throws -> (status: Int32, text: String) {
    var words = words
    if words.starts(with: ["sudo", "-u", "cyrus"]) { words.removeFirst(3) }
    if words[0] == "dbinspect" { words[0] = Self.tool }
    let redirection = output.map { " > '\($0)'" } ?? ""
    let child = try Child(
      "/bin/sh",
      ["-c", "cd '\(folder.path)' && timeout 60 \"$0\" \"$@\"\(redirection) 2>&1"] + words)
    child.endInput()
    let text = String(decoding: child.readToEnd(), as: UTF8.self)
    return (child.wait(), text)
  }

  /// The command `dbinspect`, which is built beside the tests.
  private static let tool: String = {
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: program).deletingLastPathComponent().appending(path: "dbinspect").path
  }()

  private func verify(_ arguments: [String]) throws -> Int32 {
    let words = ["dbinspect", "fleet", "verify-move"] + options + ["joe", "--from", "store1", "--to", "store2"]
    return try run(words + ["--settle", "0"] + arguments).status
  }

  @Test func `a plan moves a user, and loses nothing`() throws {
    let admin = try source.connection(as: "admin")
    let allRights = ReplicaPair.allRights
    for command in [
      "CREATE user/joe", "SETACL user/joe admin \(allRights)", "CREATE user/joe/Sent", "CREATE \"user/joe/Sent/a b\"",
      "SETACL user/joe/Sent ann lrs", ReplicaPair.append(to: "user/joe", on: .master), "CREATE user/ann",
    ] { try admin.command(command) }
    // A server that never had a mailbox has no list of them, which is as good as one that cannot be read.
    try target.connection(as: "admin").command("CREATE user/here")
    try replica.connection(as: "admin").command("CREATE user/there")
    var plan = MovePlanOptions()
    plan.toolOptions = options
    let layout = FleetLayout(parsing: Array(Self.layout.utf8))
    var files = FleetFiles(of: layout, below: folder.file("root"))
    files.templates.configuration = "\(folder.path)/<slot>.conf"
    files.templates.productionPrograms = Server.folder
    let steps = try MovePlan(of: "joe", from: layout.stores[0], to: layout.stores[1], in: files, plan).steps
    for step in steps {
      for check in step.preconditions {
        let run = try run(check.arguments, output: check.output)
        #expect(run.status == 0, "before \(step.kind.rawValue): \(check.arguments.joined(separator: " "))\n\(run.text)")
      }
      switch step.kind {
      case .catchUp: try admin.command(ReplicaPair.append(to: "user/joe/Sent", on: .master))
      case .lockOut: try admin.command("CREATE user/joe/Late")
      case .feed:
        // Whoever is moved and does nothing is not replicated, unless he is told of: as it was in 2008.
        #expect(try verify(["--only", "V2"]) == 2)
      case .verify:
        #expect(try verify(["--only", "V2"]) == 1)
        let log = target.home.file("conf/sync/slotti1t01/log")
        #expect(try String(contentsOfFile: log, encoding: .utf8).hasSuffix("\nUSER joe\n"))
        let words = [
          "\(Server.folder)/sync_client", "-C", target.configuration, "-n", "slotti1t01", "-o", "-r", "-f", log,
        ]
        let round = try run(words)
        #expect(round.status == 0, "\(round.text)")
        try FileManager.default.removeItem(atPath: log)
      case .cleanUp: try admin.command("DELETE user/joe")
      default: break
      }
      for command in step.commands {
        let run = try run(command.arguments, output: command.output)
        #expect(run.status == 0, "\(step.kind.rawValue): \(command.arguments.joined(separator: " "))\n\(run.text)")
      }
    }
    let homes = UserHomes(of: Array("joe".utf8), in: files)
    #expect(homes.homes.map(\.store.name) == ["store2"] && homes.unread.isEmpty)
    #expect(
      homes.homes.first?.mailboxes.live.map(\.name.description).sorted() == [
        "user.joe", "user.joe.Late", "user.joe.Sent", "user.joe.Sent.a b",
      ])
    // Messages came along, those that were put there between the passes, too.
    for mailbox in homes.homes.first?.mailboxes.live ?? [] {
      let id = try #require(mailbox.uniqueID)
      let path = try #require(target.paths.indexFiles(of: .id(id), partition: "default").first)
      let index = try IndexHeader.read(path: String(decoding: path, as: UTF8.self))
      let isFilled = ["user.joe", "user.joe.Sent"].contains(mailbox.name.description)
      #expect(index.messageCount == (isFilled ? 1 : 0), "\(mailbox.name)")
    }
    #expect(UserHomes(of: Array("ann".utf8), in: files).homes.map(\.store.name) == ["store1"])
  }
}
