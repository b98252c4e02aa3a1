// `locate`: which mailbox, user or quota a path belongs to.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes

/// Tells what paths lead to.
struct Locate: DatabaseCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say which mailbox, user or quota a path belongs to.",
    usage: "dbinspect locate PATH... [--mailboxes FILE] [options]",
    discussion: """
      By the path alone: nothing is looked up on disk, so the paths can be those of
      another machine, and any bytes. With --mailboxes a unique id is given its
      mailbox's name.
      The options are named after those of imapd.conf; without them they are those
      of Debian's Cyrus 3.6.

      JSON
        {"schema": "locate/1", "paths": [{"path", "kind", "name", "user",
        "uniqueid", "partition", "storage", "file", "mailbox"}]}

      EXAMPLE
        dbinspect locate /var/spool/cyrus/mail/j/user/joe/cyrus.index --release 3.4

      EXIT STATUS
        0   each path belongs to something
        1   some path belongs to no mailbox, user or quota that these options know,
            or --mailboxes has no mailbox with its unique id
        64  usage; a path that is not absolute
      """)

  @Argument(help: "The paths, absolute.", completion: .file())
  var paths: [String]

  @Option(
    help: ArgumentHelp("Where unique ids are looked up.", valueName: "file"), completion: .file())
  var mailboxes: String?

  @Option(help: "The directory configdirectory.", completion: .directory)
  var configDirectory = "/var/lib/cyrus"

  @Option(help: ArgumentHelp("A partition and its directory; can be repeated.", valueName: "name=directory"))
  var partition: [String] = ["default=/var/spool/cyrus/mail"]

  @Option(help: "The directory sievedir.", completion: .directory)
  var sieveDirectory: String?

  @Flag(name: .customLong("hashimapspool"), inversion: .prefixedNo, help: "Directories lie below a letter.")
  var hashesSpool = true

  @Flag(name: .customLong("fulldirhash"), help: "The letter is taken of the whole name.")
  var usesFullHash = false

  @Option(name: .customLong("defaultdomain"), help: "The domain that names do not show.")
  var defaultDomain = ""

  @Option(help: "Which release has made the files: 2.5, 3.4 or 3.6, or the next one after it.")
  var release = ReleaseChoice.from3_6

  @Flag(help: "Print a JSON document instead.")
  var json = false

  @OptionGroup var common: CommonOptions

  /// Releases by the last one, or the first one, of those that are alike.
  enum ReleaseChoice: String, ExpressibleByArgument, CaseIterable {
    case upTo2_5 = "2.5"
    case from3_0 = "3.4"
    case from3_6 = "3.6"

    var release: PathSettings.Release {
      switch self {
      case .upTo2_5: .upTo2_5
      case .from3_0: .from3_0
      case .from3_6: .from3_6
      }
    }
  }

  /// The options that take no value.
  static let flags = ["--hashimapspool", "--no-hashimapspool", "--fulldirhash", "--json"]

  func validate() throws {
    for path in paths where !path.hasPrefix("/") {
      throw ValidationError("'\(path)' is not an absolute path")
    }
    for text in partition where !text.dropFirst().contains("=") {
      throw ValidationError("'\(text)' is no partition: give its name, =, and its directory")
    }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let settings = settings
    let names = try mailboxes.map { try common.database(at: $0) }
    if let names {
      let form = try names.read(locking: common.libraryLocking) { try MailboxListForm(of: $0) }
      try MailboxDatabase.require(form, in: names, common.libraryLocking)
    }
    var found: [Found] = []
    for path in RawArguments.bytes(of: paths) {
      var place = settings.locate(Self.normalized(path)).map(Place.init)
      if let names, let id = place?.uniqueID {
        let name = try name(of: id, in: names)
        place?.name = name
        place?.isMailboxKnown = name != nil
      }
      found.append(Found(path: path, place: place))
    }
    if json { write(found, to: &output) } else { print(found, to: &output) }
    return Self.status(areAllFound: found.allSatisfy(\.isFound))
  }

  /// A path and what it leads to.
  private struct Found {
    let path: [UInt8]
    let place: Place?

    var isFound: Bool { place.map { $0.isMailboxKnown != false } ?? false }
  }

  /// A path without what means nothing: slashes behind slashes, and `.` between them.
  static func normalized(_ path: [UInt8]) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    let pieces = path.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
    let isFolder = path.last == slash && !pieces.isEmpty
    return [slash] + Array(pieces.joined(separator: [slash])) + (isFolder ? [slash] : [])
  }

  /// How the command ends.
  static func status(areAllFound: Bool) -> ExitStatus { areAllFound ? .yes : .no }

  private var settings: PathSettings {
    let partitions = partition.compactMap { text -> PathSettings.Partition? in
      guard let equals = text.firstIndex(of: "=") else { return nil }
      return PathSettings.Partition(
        name: String(text[..<equals]), directory: String(text[text.index(after: equals)...]))
    }
    var settings = PathSettings(configDirectory: configDirectory, partitions: partitions)
    settings.sieveDirectory = sieveDirectory
    settings.hashesSpool = hashesSpool
    settings.usesFullHash = usesFullHash
    settings.defaultDomain = defaultDomain
    settings.release = release.release
    return settings
  }

  /// The name of the mailbox with a unique id, as mailboxes.db of 3.6 and later has it; nil if it has none.
  private func name(of id: [UInt8], in database: Database) throws -> [UInt8]? {
    try database.read(locking: common.libraryLocking) { snapshot in
      let key = [UInt8(ascii: "I")] + id
      guard let record = try snapshot.record(for: key.rawSpan) else { return nil }
      let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
      guard let stored = entry.name?.copy() else { return nil }
      return MailboxName(databaseName: stored.rawSpan).internalName
    }
  }

  // MARK: - Printing

  /// What a path leads to, as it is printed.
  private struct Place {
    let kind: String
    var name: [UInt8]?
    var user: [UInt8]?
    var uniqueID: [UInt8]?
    var partition: String?
    var storage: String?
    var file: [UInt8]?
    /// Whether the list of mailboxes has one with the unique id; nil if it was not asked.
    var isMailboxKnown: Bool?

    init(_ meaning: PathMeaning) {
      switch meaning {
      case .mailbox(let mailbox, let partition, let storage, let file):
        kind = "mailbox"
        self.partition = partition
        self.storage = storage.rawValue
        self.file = file?.name
        set(mailbox)
      case .user(let user, let file):
        kind = "user"
        self.file = file.map { Array($0.rawValue.utf8) }
        set(user)
      case .quota(let root):
        kind = "quota"
        name = root.internalName
      case .sieve(let user, let file):
        kind = "sieve"
        self.file = file
        set(user)
      case .search(let user, let tier, let file):
        kind = "search"
        partition = tier
        self.file = file
        set(user)
      case .mailboxLock(let mailbox):
        kind = "mailbox lock"
        set(mailbox)
      case .userLock(let user):
        kind = "user lock"
        self.user = user
      }
    }

    private mutating func set(_ mailbox: MailboxReference) {
      switch mailbox {
      case .name(let name):
        self.name = name.internalName
        user = name.owner
      case .id(let id): uniqueID = id
      }
    }

    private mutating func set(_ user: UserReference) {
      switch user {
      case .user(let user): self.user = user
      case .inboxID(let id): uniqueID = id
      case .shared(let domain): name = domain
      }
    }

    /// For example `mailbox user.joe (default), file cyrus.index`.
    var text: String {
      var text = kind
      if let name { text += " " + escaped(name.rawSpan) }
      if name == nil, let user { text += " " + escaped(user.rawSpan) }
      if let uniqueID {
        text += name == nil ? " with id \(escaped(uniqueID.rawSpan))" : ", id \(escaped(uniqueID.rawSpan))"
      }
      if let partition { text += ", on \(printable(partition))" }
      if let storage, storage != MailboxStorage.messages.rawValue { text += " (\(storage))" }
      if let file { text += ", file \(escaped(file.rawSpan))" }
      if isMailboxKnown == false { text += ": no mailbox has this id" }
      return text
    }
  }

  private func print(_ found: [Found], to output: inout Output) {
    for found in found {
      if paths.count > 1 {
        output.appendEscaped(found.path.rawSpan)
        output.append(": ")
      }
      output.line(found.place?.text ?? "of no mailbox, user or quota")
    }
  }

  private func write(_ found: [Found], to output: inout Output) {
    output.document("locate/1") { output in
      output.array("paths") { output in
        for found in found {
          output.object(.inline) { output in
            output.member("path", bytes: found.path.rawSpan)
            output.member("kind", found.place?.kind)
            guard let place = found.place else { return }
            if let name = place.name { output.member("name", bytes: name.rawSpan) }
            if let user = place.user { output.member("user", bytes: user.rawSpan) }
            if let id = place.uniqueID { output.member("uniqueid", bytes: id.rawSpan) }
            if let isKnown = place.isMailboxKnown { output.member("mailbox", isKnown) }
            if let partition = place.partition { output.member("partition", partition) }
            if let storage = place.storage { output.member("storage", storage) }
            if let file = place.file { output.member("file", bytes: file.rawSpan) }
          }
        }
      }
    }
  }
}
