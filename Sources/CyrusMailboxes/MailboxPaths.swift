// Where the files of mailboxes and users lie.
//
//   messages    P [ /domain/[h/]domain ] [ /h ] /piece/piece …      by name    P/uuid/1/2/12…        by id
//   user files  C [ /domain/h/domain ] /user/h/localpart.suffix                C/user/uuid/1/2/12…/suffix.db
//   sieve       S [ /domain/h/domain ] /h/localpart                            S/uuid/1/2/12…
//   search      T [ /domain/h/domain ] /h/user/localpart                       T/user/uuid/1/2/12…
//   quota       Q [ /domain/h/domain ] /quota/h/root                           (none)
//   locks       L, then as messages, and .lock                                 L [ /h ] /12….lock
//
// h is a hash letter; of messages and locks only with `hashimapspool`. Surprises: pieces have `^` for a dot, but users
// and domains have real dots. The full hash stops at the first dot, so it matters in which spelling it is taken: of
// quota roots always in the internal one, of others in that only up to 2.5. Locks by id lie below a hash letter as if
// the id were the name of a shared mailbox, and so do locks of users.
//
// Facts: Docs/Formats/names.md, section 8; for locks with `hashimapspool`, mbpath, reconstruct and cyr_expire of 3.6.1.

import CyrusDatabase

extension PathSettings {
  /// The directory of a mailbox.
  ///
  /// - Parameters:
  ///   - mailbox: By name or unique id; which one is in use stands in the record of the mailbox.
  ///   - partition: The name of the partition, which is in the record as well.
  ///   - storage: Which of its directories.
  /// - Returns: Bytes, not necessarily UTF-8. Nil if the partition has no such directory, or the name or id cannot stand
  ///   in a path: it has an empty piece or a `/` in it, for instance.
  public func messageDirectory(
    of mailbox: MailboxReference, partition: String, storage: MailboxStorage = .messages
  ) -> [UInt8]? {
    guard let partition = partitions.first(where: { $0.name == partition }),
      let root = partition.directory(for: storage)
    else { return nil }
    switch mailbox {
    case .name(let name): return Self.path(root, pieces(of: name))
    case .id(let id): return Self.path(root, Self.pieces(ofID: id))
    }
  }

  /// A file of a user.
  ///
  /// - Returns: Bytes, not necessarily UTF-8. Nil if the user or id cannot stand in a path.
  public func userFile(_ file: UserFile, of user: UserReference) -> [UInt8]? {
    let root = userDirectory ?? configDirectory
    let suffix = utf8("." + file.rawValue)
    switch user {
    case .inboxID(let id):
      return Self.path(root, [utf8("user")], Self.pieces(ofID: id), [utf8(file.rawValue + ".db")])
    case .shared(let domain): return Self.path(root, pieces(ofDomain: domain), [utf8("shared") + suffix])
    case .user(let user):
      guard let place = place(of: user) else { return nil }
      return Self.path(root, place.domain, [utf8("user"), [place.hash], place.localpart + suffix])
    }
  }

  /// The directory with the files of a user, of whose INBOX this is the unique id; nil if it cannot stand in a path.
  public func userDirectory(inboxID: [UInt8]) -> [UInt8]? {
    Self.path(userDirectory ?? configDirectory, [utf8("user")], Self.pieces(ofID: inboxID))
  }

  /// The directory of the sieve scripts of a user.
  ///
  /// - Returns: Nil if there is no ``sieveDirectory``, the user or id cannot stand in a path, or it is a domain's: scripts
  ///   for shared mailboxes are one for all.
  public func sieveDirectory(of user: UserReference) -> [UInt8]? {
    guard let root = sieveDirectory else { return nil }
    switch user {
    case .inboxID(let id): return Self.path(root, Self.pieces(ofID: id))
    case .shared(let domain): return domain == nil ? Self.path(root, [utf8("global")]) : nil
    case .user(let user):
      guard let place = place(of: user) else { return nil }
      return Self.path(root, place.domain, [[place.hash], place.localpart])
    }
  }

  /// The directory of the search indexes of a user.
  ///
  /// - Returns: Nil if there is no such tier, the user or id cannot stand in a path, or it is not a user.
  public func searchDirectory(of user: UserReference, tier: String) -> [UInt8]? {
    guard let root = searchTiers.first(where: { $0.name == tier })?.directory else { return nil }
    switch user {
    case .inboxID(let id): return Self.path(root, [utf8("user")], Self.pieces(ofID: id))
    case .shared: return nil
    case .user(let user):
      guard let place = place(of: user) else { return nil }
      return Self.path(root, place.domain, [[place.hash], utf8("user"), place.localpart])
    }
  }

  /// The file of a quota root, where each has one.
  ///
  /// - Parameter root: A mailbox; or a name with nothing behind the domain, for a quota on that.
  /// - Returns: Nil if the name cannot stand in a path.
  public func quotaFile(of root: MailboxName) -> [UInt8]? {
    let spelled = root.pieces.map(Self.internalSpelling)
    let name: [[UInt8]]
    if let first = spelled.first {
      // Each is a piece of the file's name, and none is empty in the name of a mailbox.
      guard spelled.allSatisfy(Self.isPathPiece) else { return nil }
      let hash = hashLetter(of: spelled.count > 1 ? spelled[1] : first)
      name = [[hash], Array(spelled.joined(separator: [UInt8(ascii: ".")]))]
    } else {
      if root.domain == nil { return nil }
      name = [utf8("root")]
    }
    return Self.path(quotaDirectory ?? configDirectory, pieces(ofDomain: root.domain), [utf8("quota")] + name)
  }

  /// The file by which Cyrus locks a mailbox.
  ///
  /// - Parameter mailbox: By unique id from 3.6 on, unless the mailbox has the flag `legacyDirs` or no id.
  /// - Returns: Nil if the name or id cannot stand in a path.
  public func lockFile(of mailbox: MailboxReference) -> [UInt8]? {
    switch mailbox {
    case .name(let name): lock(pieces(of: name))
    case .id(let id): Self.pieces(ofID: id) == nil ? nil : lock(pieces(of: [id]))
    }
  }

  /// The file by which Cyrus locks all that a user has; nil if the user cannot stand in a path.
  ///
  /// - Parameter user: With real dots and the domain behind the last `@`, if there is one.
  public func lockFile(ofUser user: [UInt8]) -> [UInt8]? {
    user.isEmpty ? nil : lock(pieces(of: [utf8("*U*") + user]))
  }

  private func lock(_ pieces: [[UInt8]]?) -> [UInt8]? {
    Self.path(lockDirectory ?? configDirectory + "/lock", pieces).map { $0 + utf8(".lock") }
  }
}

// MARK: - Hash letters

extension PathSettings {
  /// The letter of the directory that a name is in.
  ///
  /// - Parameter name: A user, domain or piece of a mailbox name, in the spelling that hashes there.
  public func hashLetter(of name: [UInt8]) -> UInt8 { Self.hashLetter(of: name, isFull: usesFullHash) }

  /// The letter of the directory that a name is in.
  ///
  /// - Parameters:
  ///   - name: Counts up to the first dot for the full hash, and with its first byte for the other.
  ///   - isFull: With `fulldirhash`: `A` to `W`; otherwise `a` to `z`, where `q` is for all that is no letter.
  public static func hashLetter(of name: [UInt8], isFull: Bool) -> UInt8 {
    if isFull {
      var hash: UInt32 = 0
      for byte in name {
        if byte == UInt8(ascii: ".") { break }
        hash = (hash << 3 ^ hash >> 5) ^ UInt32(byte)
      }
      return UInt8(ascii: "A") + UInt8(truncatingIfNeeded: hash % 23)
    }
    switch name.first {
    case let letter? where UInt8(ascii: "a")...UInt8(ascii: "z") ~= letter: return letter
    case let letter? where UInt8(ascii: "A")...UInt8(ascii: "Z") ~= letter: return letter | 0x20
    default: return UInt8(ascii: "q")
    }
  }
}

// MARK: - Pieces of paths

extension PathSettings {
  /// Joins pieces; nil if there are none in one of the lists, or one of them cannot be the name of a file.
  private static func path(_ root: String, _ lists: [[UInt8]]?...) -> [UInt8]? {
    var path = utf8(root)
    for list in lists {
      guard let list else { return nil }
      for piece in list {
        guard isPathPiece(piece) else { return nil }
        path.append(UInt8(ascii: "/"))
        path += piece
      }
    }
    return path
  }

  private static func isPathPiece(_ piece: [UInt8]) -> Bool {
    switch piece {
    case [], [UInt8(ascii: ".")], [UInt8(ascii: "."), UInt8(ascii: ".")]: false
    default: !piece.contains(UInt8(ascii: "/")) && !piece.contains(0)
    }
  }

  /// A piece of a database name, as it is spelled in the internal name.
  private static func internalSpelling(of piece: [UInt8]) -> [UInt8] {
    piece.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "^") : $0 }
  }

  /// Where all belonging to a domain is, but for messages and locks; nothing for none.
  private func pieces(ofDomain domain: [UInt8]?) -> [[UInt8]] {
    guard let domain else { return [] }
    return [utf8("domain"), [hashLetter(of: domain)], domain]
  }

  /// Where a mailbox is by id; nil for one that is too short.
  private static func pieces(ofID id: [UInt8]) -> [[UInt8]]? {
    id.count < 2 ? nil : [utf8("uuid"), [id[0]], [id[1]], id]
  }

  /// Where a mailbox is by name; nil for a name without pieces.
  private func pieces(of name: MailboxName) -> [[UInt8]]? {
    guard let mailbox = pieces(of: name.pieces) else { return nil }
    guard let domain = name.domain else { return mailbox }
    return [utf8("domain")] + (hashesSpool ? [[hashLetter(of: domain)]] : []) + [domain] + mailbox
  }

  /// Where a mailbox with these pieces is, within its domain.
  private func pieces(of name: [[UInt8]]) -> [[UInt8]]? {
    guard let first = name.first else { return nil }
    let spelled = name.map(Self.internalSpelling)
    guard hashesSpool else { return spelled }
    let hashed = name.count > 1 ? name[1] : first
    return [[hashLetter(of: release == .upTo2_5 ? Self.internalSpelling(of: hashed) : hashed)]] + spelled
  }

  /// The parts of the paths of a user by name; nil for nobody.
  private func place(of user: [UInt8]) -> (domain: [[UInt8]], hash: UInt8, localpart: [UInt8])? {
    let user = UserParts(user, defaultDomain: defaultDomain)
    guard var localpart = user.localpart, Self.isPathPiece(localpart) else { return nil }
    if release == .upTo2_5 { localpart = Self.internalSpelling(of: localpart) }
    return (pieces(ofDomain: user.domain), hashLetter(of: localpart), localpart)
  }
}

extension PathSettings.Partition {
  func directory(for storage: MailboxStorage) -> String? {
    switch storage {
    case .messages: directory
    case .metadata: metadataDirectory
    case .archive: archiveDirectory
    }
  }
}
