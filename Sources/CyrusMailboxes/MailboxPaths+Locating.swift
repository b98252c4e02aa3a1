// What a path leads to.
//
// A path is read in the few ways its directories allow, and of each reading it is asked which path that would have: only
// a reading that gives the very same path back is believed. So a file in a directory with the wrong hash letter, where
// Cyrus would not look for it, is nothing.
//
// A few names cannot be told apart, and the likelier is taken: below a partition without hash letters `domain` and
// `uuid` are what Cyrus makes of them, not shared mailboxes; and of the locks from 3.6 on, what looks like a unique id
// is one.
//
// Facts: Docs/Formats/names.md, section 8.

import CyrusDatabase

extension PathSettings {
  /// What a path leads to, by its bytes alone: nothing is looked up on disk.
  ///
  /// - Parameter path: Like the directories of these settings, absolute. Slashes may meet or stand at the end.
  /// - Returns: Nil if Cyrus keeps nothing of a mailbox or user there under these settings. The file may be missing, and
  ///   so may the mailbox.
  /// - Complexity: O(size of the path and of the settings).
  public func locate(_ path: [UInt8]) -> PathMeaning? {
    guard let pieces = Self.pieces(of: path) else { return nil }
    var found: PathMeaning?
    var depth = -1
    for root in roots {
      // Of directories within each other the innermost that makes sense of the path.
      guard let start = Self.pieces(of: utf8(root.directory)), start.count > depth, start.count < pieces.count,
        pieces.starts(with: start)
      else { continue }
      let rest = Array(pieces[start.count...])
      for meaning in candidates(for: rest, in: root.kind)
      where self.path(to: meaning).flatMap({ Self.pieces(of: $0) }) == pieces {
        (found, depth) = (meaning, start.count)
        break
      }
    }
    return found
  }

  /// The path of what ``locate(_:)`` finds; nil if it has none under these settings.
  public func path(to meaning: PathMeaning) -> [UInt8]? {
    switch meaning {
    case .mailbox(let mailbox, let partition, let storage, let file):
      let directory = messageDirectory(of: mailbox, partition: partition, storage: storage)
      return Self.append(file?.name, to: directory)
    case .user(let user, let file?): return userFile(file, of: user)
    case .user(.inboxID(let id), nil): return userDirectory(inboxID: id)
    case .user: return nil
    case .quota(let root): return quotaFile(of: root)
    case .sieve(let user, let file): return Self.append(file, to: sieveDirectory(of: user))
    case .search(let user, let tier, let file): return Self.append(file, to: searchDirectory(of: user, tier: tier))
    case .mailboxLock(let mailbox): return lockFile(of: mailbox)
    case .userLock(let user): return lockFile(ofUser: user)
    }
  }

  private static func append(_ file: [UInt8]?, to directory: [UInt8]?) -> [UInt8]? {
    guard let directory, let file else { return directory }
    guard let pieces = pieces(of: file), !pieces.isEmpty else { return nil }
    return directory + utf8("/") + pieces.joined(separator: utf8("/"))
  }

  /// The names in a path; nil if it leads anywhere but down.
  private static func pieces(of path: [UInt8]) -> [[UInt8]]? {
    let pieces = path.split(separator: UInt8(ascii: "/")).map(Array.init)
    return pieces.contains { $0 == utf8(".") || $0 == utf8("..") } ? nil : pieces
  }
}

// MARK: - Readings

extension PathSettings {
  /// What is below a directory.
  private enum Kind {
    case mailboxes(partition: String, MailboxStorage)
    case users
    case quotas
    case scripts
    case indexes(tier: String)
    case locks
  }

  private var roots: [(directory: String, kind: Kind)] {
    var roots: [(directory: String, kind: Kind)] = []
    for partition in partitions {
      for storage in MailboxStorage.allCases {
        guard let directory = partition.directory(for: storage) else { continue }
        roots.append((directory, .mailboxes(partition: partition.name, storage)))
      }
    }
    roots.append((userDirectory ?? configDirectory, .users))
    roots.append((quotaDirectory ?? configDirectory, .quotas))
    roots.append((lockDirectory ?? configDirectory + "/lock", .locks))
    if let sieveDirectory { roots.append((sieveDirectory, .scripts)) }
    for tier in searchTiers { roots.append((tier.directory, .indexes(tier: tier.name))) }
    return roots
  }

  /// All that the names below a directory can be read as, the likeliest first.
  private func candidates(for rest: [[UInt8]], in kind: Kind) -> [PathMeaning] {
    switch kind {
    case .mailboxes(let partition, let storage):
      var found: [PathMeaning] = []
      if let (id, file) = Self.id(in: rest), file.count <= 1, release >= .from3_6 {
        found.append(
          .mailbox(.id(id), partition: partition, storage: storage, file: file.first.map { MailboxFile(name: $0) }))
      }
      // Names of mailboxes have no dot on disk, and those of the files in them have one.
      let hasFile = rest.count > 1 && rest.last?.contains(UInt8(ascii: ".")) == true
      let file = hasFile ? rest.last.map { MailboxFile(name: $0) } : nil
      for name in names(in: hasFile ? Array(rest.dropLast()) : rest) {
        // The directory of a domain is not a file of a mailbox that is called `domain`.
        if name.databaseName == utf8("domain"), !hashesSpool, case .other? = file { continue }
        found.append(.mailbox(.name(name), partition: partition, storage: storage, file: file))
      }
      return found
    case .users: return userFiles(in: rest)
    case .quotas: return quotas(in: rest)
    case .scripts:
      if let (id, file) = Self.id(in: rest) { return [.sieve(.inboxID(id), file: Self.joined(file))] }
      if rest[0] == utf8("global") { return [.sieve(.shared(domain: nil), file: Self.joined(rest.dropFirst()))] }
      let (domain, rest) = Self.domain(in: rest)
      guard rest.count >= 2 else { return [] }
      return [.sieve(user(rest[1], domain), file: Self.joined(rest[2...]))]
    case .indexes(let tier):
      if rest[0] == utf8("user"), let (id, file) = Self.id(in: Array(rest.dropFirst())) {
        return [.search(.inboxID(id), tier: tier, file: Self.joined(file))]
      }
      let (domain, rest) = Self.domain(in: rest)
      guard rest.count >= 3 else { return [] }
      return [.search(user(rest[2], domain), tier: tier, file: Self.joined(rest[3...]))]
    case .locks: return locks(in: rest)
    }
  }

  /// The unique id that the names start with, and what comes behind it.
  private static func id(in rest: [[UInt8]]) -> (id: [UInt8], file: ArraySlice<[UInt8]>)? {
    rest.count >= 4 && rest[0] == utf8("uuid") ? (rest[3], rest[4...]) : nil
  }

  /// The domain that the names start with, always hashed, and the names behind it.
  private static func domain(in rest: [[UInt8]]) -> (domain: [UInt8]?, rest: [[UInt8]]) {
    rest.count > 3 && rest[0] == utf8("domain") ? (rest[2], Array(rest[3...])) : (nil, rest)
  }

  private static func joined(_ file: ArraySlice<[UInt8]>) -> [UInt8]? {
    file.isEmpty ? nil : Array(file.joined(separator: utf8("/")))
  }

  private static func realSpelling(of piece: [UInt8]) -> [UInt8] {
    piece.map { $0 == UInt8(ascii: "^") ? UInt8(ascii: ".") : $0 }
  }

  private func user(_ localpart: [UInt8], _ domain: [UInt8]?) -> UserReference {
    let localpart = release == .upTo2_5 ? Self.realSpelling(of: localpart) : localpart
    return .user(domain.map { localpart + utf8("@") + $0 } ?? localpart)
  }

  /// The mailboxes whose directories the names can lead to.
  private func names(in rest: [[UInt8]]) -> [MailboxName] {
    var found: [MailboxName] = []
    func add(_ domain: [UInt8]?, _ pieces: ArraySlice<[UInt8]>) {
      let pieces = pieces.dropFirst(hashesSpool ? 1 : 0).map(Self.realSpelling)
      if !pieces.isEmpty { found.append(name(domain, pieces)) }
    }
    if rest.first == utf8("domain") {
      let start = hashesSpool ? 3 : 2
      if rest.count > start { add(rest[start - 1], rest[start...]) }
    }
    add(nil, rest[...])
    return found
  }

  private func name(_ domain: [UInt8]?, _ pieces: [[UInt8]]) -> MailboxName {
    MailboxName(domain: domain, pieces: pieces, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }

  private func userFiles(in rest: [[UInt8]]) -> [PathMeaning] {
    if rest[0] == utf8("user"), let (id, file) = Self.id(in: Array(rest.dropFirst())), release >= .from3_6 {
      guard let name = file.first else { return [.user(.inboxID(id), file: nil)] }
      return UserFile.allCases.filter { utf8($0.rawValue + ".db") == name }.map { .user(.inboxID(id), file: $0) }
    }
    let (domain, rest) = Self.domain(in: rest)
    guard let name = rest.last, let dot = name.lastIndex(of: UInt8(ascii: ".")),
      let file = UserFile.allCases.first(where: { utf8($0.rawValue) == Array(name[(dot + 1)...]) })
    else { return [] }
    return [.user(rest.count == 1 ? .shared(domain: domain) : user(Array(name[..<dot]), domain), file: file)]
  }

  private func quotas(in rest: [[UInt8]]) -> [PathMeaning] {
    let (domain, rest) = Self.domain(in: rest)
    guard let last = rest.last, rest[0] == utf8("quota") else { return [] }
    let dot = UInt8(ascii: ".")
    let pieces = rest.count == 2 ? [] : last.split(separator: dot, omittingEmptySubsequences: false).map(Array.init)
    return [.quota(name(domain, pieces.map(Self.realSpelling)))]
  }

  private func locks(in rest: [[UInt8]]) -> [PathMeaning] {
    let suffix = utf8(".lock")
    guard let last = rest.last, last.count > suffix.count, last.suffix(suffix.count).elementsEqual(suffix) else {
      return []
    }
    let spelled = Array(last.dropLast(suffix.count))
    let isAlone = rest.count == (hashesSpool ? 2 : 1)
    let user = utf8("*U*")
    if isAlone, spelled.starts(with: user) {
      return [.userLock(Self.realSpelling(of: Array(spelled.dropFirst(user.count))))]
    }
    if isAlone, release >= .from3_6, Self.looksLikeID(spelled) { return [.mailboxLock(.id(spelled))] }
    return names(in: rest.dropLast() + [spelled]).map { .mailboxLock(.name($0)) }
  }

  /// Whether it has a shape in which unique ids are made: 16 hexadecimal digits, 24 digits and small letters, or a UUID.
  private static func looksLikeID(_ bytes: [UInt8]) -> Bool {
    func isHexadecimal(_ byte: UInt8) -> Bool {
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
    }
    switch bytes.count {
    case 16: return bytes.allSatisfy(isHexadecimal)
    case 24:
      return bytes.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
      }
    case 36:
      return bytes.indices.allSatisfy {
        [8, 13, 18, 23].contains($0) ? bytes[$0] == UInt8(ascii: "-") : isHexadecimal(bytes[$0])
      }
    default: return false
    }
  }
}

extension MailboxFile {
  private static let named: [(file: MailboxFile, name: String)] = [
    (.header, "cyrus.header"), (.index, "cyrus.index"), (.cache, "cyrus.cache"),
    (.annotations, "cyrus.annotations"), (.expunge, "cyrus.expunge"), (.squat, "cyrus.squat"), (.dav, "cyrus.dav"),
  ]

  /// The file with this name.
  ///
  /// - Parameter name: One piece of a path; ``other(_:)`` if it is none that Cyrus has.
  public init(name: [UInt8]) {
    if let named = Self.named.first(where: { utf8($0.name) == name }) {
      self = named.file
    } else if let uid = Self.uid(in: name) {
      self = .message(uid)
    } else {
      self = .other(name)
    }
  }

  /// The name of the file in its directory.
  public var name: [UInt8] {
    switch self {
    case .message(let uid): return utf8("\(uid).")
    case .other(let name): return name
    default: return Self.named.first { $0.file == self }.map { utf8($0.name) } ?? []
    }
  }

  /// The UID of a message: digits without a zero in front, and a dot.
  private static func uid(in name: [UInt8]) -> UInt32? {
    guard name.last == UInt8(ascii: "."), let uid = UInt32(String(decoding: name.dropLast(), as: UTF8.self)), uid > 0
    else { return nil }
    return utf8("\(uid).") == name ? uid : nil
  }
}
