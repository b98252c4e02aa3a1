// What sync_client makes of one file of a sync log: the file is read into sets first, then the sets are carried out.
//
//   before anything runs   USER u    cancels META, SEEN and SUB of u
//                          UNUSER u  the same, and USER u
//                          META u    cancels SEEN and SUB of u
//                          2.4: USER u also MAILBOX of u's; 2.3: also APPEND, ACL, QUOTA and ANNOTATION of u's
//   from 3.4 on            names go into a group for each owner, the second name of a line into that of the first; a
//                          RENAME between owners puts both into both
//   before                 all names are one group
//
// Surprise: the order of lines in the file means nothing.
//
// Facts: Cyrus's imap/sync_client.c of releases 2.3.0 to 3.13.7.

public import CyrusMailboxes

/// What sync_client makes of one file of a sync log.
public struct PendingBatch: Sendable {
  /// The file.
  public let log: SyncLog
  /// Names of mailboxes, and which groups they are in.
  private(set) var mailboxes: [MailboxName: Memberships] = [:]
  /// Whole users, deleted users, and users of whom only subscriptions, seen state and scripts count.
  private(set) var users = PendingSet()
  private(set) var unusers = PendingSet()
  private(set) var metas = PendingSet()
  /// Database names of mailboxes that were removed for good.
  private(set) var unmailboxes = PendingSet()
  /// Database names of quota roots.
  private(set) var quotas = PendingSet()
  /// Database names of mailboxes, or nothing for the server.
  private(set) var annotations = PendingSet()
  /// User, NUL, unique id; or up to 2.3 the name of the mailbox.
  private(set) var seen = PendingSet()
  /// User, NUL, database name.
  private(set) var subs = PendingSet()
  /// Lines that mean nothing to the release.
  public private(set) var unknownCount = 0

  /// The owners for whom there is a group; nothing for mailboxes without one.
  private var groups: [[UInt8]: Int32] = [:]
  /// The owner of each group.
  private(set) var owners: [[UInt8]] = []
  /// Up to 2.3, mailboxes that a MAILBOX names.
  private var wholeMailboxes: Set<MailboxName> = []

  /// Reads a file into sets, and cancels what its lines make needless.
  ///
  /// - Parameters:
  ///   - log: The file.
  ///   - client: The release that will read it.
  ///   - settings: Only ``/CyrusMailboxes/NameSettings/deletedPrefix`` and
  ///     ``/CyrusMailboxes/NameSettings/defaultDomain`` count.
  /// - Complexity: O(length of the file) expected.
  public init(_ log: SyncLog, client: SyncClientVersion, settings: NameSettings = NameSettings()) {
    self.log = log
    for index in log.lines.indices { add(index, client, settings) }
    cancel(client, settings)
  }

  private mutating func add(_ index: Int, _ client: SyncClientVersion, _ settings: NameSettings) {
    let line = log.lines[index]
    let first = log.argument(0, of: line) ?? []
    let second = log.argument(1, of: line)
    let place = Int32(truncatingIfNeeded: index)
    guard let verb = line.verb, client.knows(verb) else {
      unknownCount += 1
      return
    }
    switch verb {
    case .mailbox, .append, .acl, .rename, .doubleMailbox:
      let second = client.groupsByOwner ? second : nil
      if verb == .mailbox, client < SyncClientVersion(2, 4) { wholeMailboxes.insert(settings.name(inLog: first)) }
      addMailboxes(first, second, isRename: verb == .rename, place, client, settings)
    case .user: users.insert(settings.withoutDefaultDomain(first), place)
    case .unuser: unusers.insert(settings.withoutDefaultDomain(first), place)
    case .meta, .sieve: metas.insert(settings.withoutDefaultDomain(first), place)
    case .unmailbox: unmailboxes.insert(settings.name(inLog: first).databaseName, place)
    case .quota: quotas.insert(settings.name(inLog: first).databaseName, place)
    case .annotation: annotations.insert(settings.name(inLog: first).databaseName, place)
    case .seen: seen.insert(Self.pair(settings.withoutDefaultDomain(first), second ?? []), place)
    case .sub, .unsub:
      let name = settings.name(inLog: second ?? []).databaseName
      subs.insert(Self.pair(settings.withoutDefaultDomain(first), name), place)
    }
  }

  static func pair(_ user: [UInt8], _ other: [UInt8]) -> [UInt8] { user + [0] + other }

  private mutating func addMailboxes(
    _ first: [UInt8], _ second: [UInt8]?, isRename: Bool, _ place: Int32, _ client: SyncClientVersion,
    _ settings: NameSettings
  ) {
    let first = settings.name(inLog: first)
    let second = second.map(settings.name(inLog:))
    let group = group(of: client.groupsByOwner ? first.owner ?? [] : [])
    insert(first, group, place)
    guard let second else { return }
    insert(second, group, place)
    guard isRename else { return }
    let other = self.group(of: client.groupsByOwner ? second.owner ?? [] : [])
    guard other != group else { return }
    insert(first, other, place)
    insert(second, other, place)
  }

  private mutating func group(of owner: [UInt8]) -> Int32 {
    if let group = groups[owner] { return group }
    let group = Int32(truncatingIfNeeded: owners.count)
    groups[owner] = group
    owners.append(owner)
    return group
  }

  func has(_ name: MailboxName, in group: Int32) -> Bool {
    mailboxes[name]?.line(in: group) != nil
  }

  mutating func insert(_ name: MailboxName, _ group: Int32, _ place: Int32) {
    let member = Membership(group: group, line: place)
    mailboxes[name, default: Memberships(member)].insert(member)
  }

  private mutating func cancel(_ client: SyncClientVersion, _ settings: NameSettings) {
    for user in unusers.keys { users.cancel(user) }
    let whole = Set(users.keys).union(unusers.keys)
    let cancelling = whole.union(metas.keys)
    metas.cancel(where: whole.contains)
    seen.cancel { cancelling.contains(Array($0.prefix { $0 != 0 })) }
    subs.cancel { cancelling.contains(Array($0.prefix { $0 != 0 })) }
    guard client < SyncClientVersion(2, 5) else { return }
    let isOfUser: (MailboxName) -> Bool = { name in name.owner.map(whole.contains) ?? false }
    if client >= SyncClientVersion(2, 4) {
      mailboxes = mailboxes.filter { !isOfUser($0.key) }
    } else {
      // What MAILBOX named stays.
      mailboxes = mailboxes.filter { wholeMailboxes.contains($0.key) || !isOfUser($0.key) }
      quotas.cancel { isOfUser(settings.name(inDatabase: $0)) }
      annotations.cancel { isOfUser(settings.name(inDatabase: $0)) }
    }
  }
}

extension SyncClientVersion {
  func knows(_ verb: SyncLogVerb) -> Bool {
    switch verb {
    case .user, .meta, .sieve, .mailbox, .quota, .annotation, .seen, .sub, .unsub: true
    case .unuser, .unmailbox: knowsRemovals
    case .rename, .doubleMailbox: groupsByOwner
    case .append: knowsAppend
    case .acl: self < SyncClientVersion(2, 4)
    }
  }
}

extension NameSettings {
  /// A mailbox by its name in a log.
  func name(inLog bytes: [UInt8]) -> MailboxName {
    MailboxName(internalName: bytes.rawSpan, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }
}

extension NameSettings {
  func name(inDatabase bytes: [UInt8]) -> MailboxName {
    MailboxName(databaseName: bytes.rawSpan, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }
}

/// Items that are to be carried over, and the lines that first named them.
struct PendingSet: Sendable {
  /// The place of the first line, and whether it was cancelled.
  private var items: [[UInt8]: (line: Int32, isCancelled: Bool)] = [:]

  var count: Int { items.count }
  /// All of them, cancelled ones too.
  var keys: Dictionary<[UInt8], (line: Int32, isCancelled: Bool)>.Keys { items.keys }

  mutating func insert(_ item: [UInt8], _ line: Int32) {
    if items[item] == nil { items[item] = (line, false) }
  }

  mutating func cancel(_ item: [UInt8]) { items[item]?.isCancelled = true }

  mutating func cancel(where matches: ([UInt8]) -> Bool) {
    for (item, _) in items where matches(item) { items[item]?.isCancelled = true }
  }

  /// The line that first named an item which was not cancelled.
  func line(of item: [UInt8]) -> Int32? {
    guard let found = items[item], !found.isCancelled else { return nil }
    return found.line
  }

  /// Those that were not cancelled, with their lines, in the order of these.
  var active: [(item: [UInt8], line: Int32)] {
    items.filter { !$0.value.isCancelled }.map { ($0.key, $0.value.line) }.sorted { $0.line < $1.line }
  }
}
