// Paths and internal names against Cyrus's own: `mbpath` of a real server, asked about random names.

import CyrusDatabase
import Foundation
import TestSupport
import Testing

@testable import CyrusMailboxes

@Suite(.enabled(if: CyrusPaths.isWanted, CyrusPaths.absence)) struct PathOracleTests {
  /// The hashing that a server can be configured with.
  static let hashing = [(false, false), (true, false), (false, true), (true, true)]

  @Test(arguments: hashing, Seed.some(2))
  func `finds the files of random mailboxes where Cyrus does`(_ hashing: (Bool, Bool), _ seed: Seed) throws {
    let cyrus = try CyrusPaths(hashed: hashing.0, full: hashing.1)
    defer { cyrus.remove() }
    var names = SoundNames(random: seed.generator(5))
    var mailboxes: [(name: MailboxName, id: [UInt8]?)] = []
    for number in 0..<40 {
      let id = names.random.chance(1, in: 2) ? nil : utf8("id\(number)" + String(repeating: "x", count: 14))
      mailboxes.append((names.name(), id))
    }
    // Each name once, and each user with his INBOX.
    var seen: Set<MailboxName> = []
    mailboxes = mailboxes.filter { seen.insert($0.name).inserted }
    try cyrus.make(mailboxes)
    let settings = cyrus.settings
    for (name, id) in mailboxes {
      let answer = try cyrus.ask(name)
      #expect(answer.mbname.intname.map(utf8) == name.internalName)
      #expect(answer.mbname.userid.map(utf8) == name.owner)
      #expect(answer.mbname.localpart.map(utf8) == name.localpart)
      #expect(answer.mbname.domain.map(utf8) == name.domain)
      #expect(answer.mbname.boxes.map(utf8) == name.components)
      #expect(answer.mbname.isdeleted == name.deletedAt)
      let mailbox = id.map { MailboxReference.id($0) } ?? .name(name)
      for (path, storage) in [(answer.data, MailboxStorage.messages), (answer.archive, .archive)] {
        #expect(settings.messageDirectory(of: mailbox, partition: "default", storage: storage).map(text) == path)
        #expect(
          settings.locate(utf8(path)) == .mailbox(mailbox, partition: "default", storage: storage, file: nil))
      }
      guard let owner = name.owner, let files = answer.user else { continue }
      let inbox = mailboxes.first { $0.name == MailboxName(inboxOf: owner) }
      let user = inbox?.id.map { UserReference.inboxID($0) } ?? .user(owner)
      for file in [UserFile.seen, .sub, .conversations, .counters, .dav, .xapianactive] {
        let path = try #require(files[file.rawValue])
        #expect(settings.userFile(file, of: user).map(text) == path)
        #expect(settings.locate(utf8(path)) == .user(user, file: file))
      }
      // Cyrus tells these of users with an INBOX alone.
      if let path = files["sieve"], !path.isEmpty {
        #expect(settings.sieveDirectory(of: user).map(text) == path)
        #expect(settings.locate(utf8(path)) == .sieve(user, file: nil))
      }
      for (tier, path) in answer.xapian ?? [:] {
        #expect(settings.searchDirectory(of: user, tier: tier).map(text) == path)
        #expect(settings.locate(utf8(path)) == .search(user, tier: tier, file: nil))
      }
    }
  }

  private func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}

/// Makes random names that Cyrus would let somebody create.
private struct SoundNames {
  var random: SplitMix64

  private mutating func pick(_ words: [String]) -> String { words[random.below(words.count)] }

  mutating func name() -> MailboxName {
    let user = pick(["joe", "joe.smith", "Ann", "7up", "x+y", "...", "a.b.c", "#x", "zoe-1"])
    let domain = pick(["", "", "example.com", "mail.example.org", "x", "9.de"])
    let folders = (0..<random.below(4)).map { _ in
      utf8(
        pick(["Sent Items", "a.b", "&ZeVnLIqe-", "DELETED", "user", "domain", "INBOX2", "(1)", "5F", "#cal", "..."]))
    }
    let isDeleted = random.chance(1, in: 5)
    let isShared = random.chance(1, in: 3)
    let shared = [utf8(pick(["shared", "news.x", "Public Stuff", ".lead"]))]
    let name = MailboxName(
      domain: domain.isEmpty ? nil : utf8(domain), localpart: isShared ? nil : utf8(user),
      components: isShared ? shared + folders : folders,
      deletedAt: isDeleted ? UInt64(1 + random.below(0x7FFF_FFFF)) : nil)
    return name ?? MailboxName(internalName: "user.joe")
  }
}

/// `mbpath` of Debian's cyrus-common, with a configuration and a `mailboxes.db` of its own.
private struct CyrusPaths {
  /// What `mbpath -j` prints.
  struct Answer: Decodable {
    struct Name: Decodable {
      let boxes: [String]
      let domain: String?
      let intname: String?
      let isdeleted: UInt64?
      let localpart: String?
      let userid: String?
    }

    let archive: String
    let data: String
    let mbname: Name
    let user: [String: String]?
    let xapian: [String: String]?
  }

  private static let programs = "/usr/lib/cyrus/bin/"

  static let isWanted =
    FileManager.default.isExecutableFile(atPath: programs + "mbpath")
    || ProcessInfo.processInfo.environment["REQUIRE_CYRUS"] == "1"
  static let absence: Comment = "mbpath of cyrus-common is not installed; REQUIRE_CYRUS=1 makes that a failure"

  private let folder: String
  let settings: PathSettings

  init(hashed: Bool, full: Bool) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "mbpath-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var settings = PathSettings(
      configDirectory: folder,
      partitions: [
        PathSettings.Partition(name: "default", directory: folder + "/spool", archiveDirectory: folder + "/archive")
      ])
    settings.sieveDirectory = folder + "/sieve"
    settings.searchTiers = [PathSettings.SearchTier(name: "t1", directory: folder + "/search")]
    settings.hashesSpool = hashed
    settings.usesFullHash = full
    self.settings = settings
    let configuration = """
      configdirectory: \(folder)
      partition-default: \(folder)/spool
      defaultpartition: default
      archivepartition-default: \(folder)/archive
      archive_enabled: yes
      sievedir: \(folder)/sieve
      search_engine: xapian
      defaultsearchtier: t1
      t1searchpartition-default: \(folder)/search
      cyrus_user: \(NSUserName())
      virtdomains: userid
      unixhierarchysep: yes
      hashimapspool: \(hashed ? "yes" : "no")
      fulldirhash: \(full ? "yes" : "no")

      """
    try configuration.write(toFile: folder + "/imapd.conf", atomically: true, encoding: .utf8)
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  /// Makes `mailboxes.db` with these mailboxes, by name unless they have a unique id.
  func make(_ mailboxes: [(name: MailboxName, id: [UInt8]?)]) throws {
    var commands: [UInt8] = []
    for (name, id) in mailboxes {
      let identity = id.map { "e I \(String(decoding: $0, as: UTF8.self))" } ?? "el"
      let key = utf8("\"N") + name.databaseName + utf8("\"")
      commands += utf8("SET ") + key + utf8(" \"%(T \(identity) P default V 1 M 1 A %(joe lrs))\"\n")
    }
    _ = try run("cyr_dbtool", ["-n", folder + "/mailboxes.db", "twoskip", "batch"], input: commands)
  }

  func ask(_ name: MailboxName) throws -> Answer {
    var settings = NameSettings()
    settings.virtualDomains = true
    let external = try #require(name.externalName(for: .admin, settings: settings))
    let output = try run("mbpath", ["-j", "-7", String(decoding: external, as: UTF8.self)])
    return try JSONDecoder().decode(Answer.self, from: output)
  }

  private func run(_ program: String, _ arguments: [String], input: [UInt8] = []) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: Self.programs + program)
    process.arguments = ["-C", folder + "/imapd.conf"] + arguments
    // Files, not pipes: nobody has to read while it runs.
    try Data(input).write(to: URL(filePath: folder + "/input"))
    try Data().write(to: URL(filePath: folder + "/output"))
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: folder + "/input"))
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder + "/output"))
    try process.run()
    process.waitUntilExit()
    let output = try Data(contentsOf: URL(filePath: folder + "/output"))
    #expect(process.terminationStatus == 0, "\(program) \(arguments): \(String(decoding: output, as: UTF8.self))")
    return output
  }
}
