// Which mailboxes are wanted, and where in a file they can be.
//
//   user joe      N user US joe       N user US joe US …     N DELETED US user US joe US …     3.6 and later
//                 user.joe            user.joe.…             DELETED.user.joe.…                before
//   domain d      N d GS …            d!…
//
// Each of these lies together in the order of its file, so it takes one search for each, however large the file is. What
// they hold besides, such as names that only look deleted, is left out afterwards.

import CyrusDatabase

/// Which mailboxes a list is to have.
public enum MailboxSelection: Hashable, Sendable {
  /// All of them.
  case all
  /// Those of a user, with the domain behind the last `@` if there is one, deleted ones included.
  case user([UInt8])
  /// Those of a virtual domain; empty for those without one, which takes looking at all.
  case domain([UInt8])
  /// Those whose database name starts with these bytes: from 3.6 on what comes behind the `N` of keys. The default domain
  /// in front means the same as none, in names and here.
  case prefix([UInt8])
  /// The one with this name.
  case name(MailboxName)
  /// The one with this unique id. From 3.6 on found by its record under the id; in files of 3.3 and 3.4, which keep
  /// account of ids, tombstones with the id as well; in older ones only by looking at all.
  case uniqueID([UInt8])
  /// The one with this JMAP id, which is unique for its owner; nil for a shared mailbox. Only from 3.13 on.
  case jmapID([UInt8], owner: [UInt8]?)
}

/// In which states mailboxes are wanted.
public struct MailboxStates: OptionSet, Hashable, Sendable {
  /// A bit for each.
  public let rawValue: UInt8

  /// A set of bits as ``rawValue`` has them.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Neither of the others. Reserved names, intermediate and remote mailboxes are among them.
  public static let live = MailboxStates(rawValue: 1)
  /// Deleted but kept for a while, under a name that begins with `DELETED`.
  public static let deletedDelayed = MailboxStates(rawValue: 2)
  /// Records that say that there is no mailbox any more.
  public static let tombstones = MailboxStates(rawValue: 4)
  /// Records that are so broken that they do not say whether they are tombstones.
  public static let unreadable = MailboxStates(rawValue: 8)
  /// All of them.
  public static let all: MailboxStates = [.live, .deletedDelayed, .tombstones, .unreadable]
}

/// Where the records of a selection are to be looked for, and which of them to keep.
struct MailboxPlan {
  var form = MailboxListForm(ofEmpty: .prefixed)
  var records: [RecordSelection] = []
  /// Whether all mailboxes have to be looked at.
  var isScan = false

  init() {}

  /// - Throws: ``/CyrusDatabase/DatabaseError``: as any lookup, also if damage hides the record under a unique id.
  init(
    _ selection: MailboxSelection, _ settings: NameSettings, _ snapshot: borrowing Snapshot
  ) throws(DatabaseError) {
    form = try MailboxListForm(of: snapshot)
    let keys = KeyMaker(form: form.keys, settings: settings)
    switch selection {
    case .all: records = [.prefix(keys.mark)]
    case .user(let user):
      for inbox in keys.inboxes(of: user) {
        records += [.key(keys.key(of: inbox)), .prefix(keys.key(of: inbox) + [keys.separator])]
      }
      for inbox in keys.inboxes(of: user) { records.append(.prefix(keys.prefix(ofDeleted: inbox))) }
    case .domain(let domain):
      if domain.isEmpty || domain.elementsEqual(settings.defaultDomain.utf8) {
        records = [.prefix(keys.mark)]
        isScan = true
      } else {
        records = [.prefix(keys.mark + domain + [keys.domainMark])]
      }
    case .prefix(let prefix): records = keys.spellings(ofPrefix: prefix).map { .prefix(keys.mark + $0) }
    case .name(let name): records = keys.spellings(of: name).map { .key(keys.key(of: $0)) }
    case .uniqueID(let id):
      if form.keys == .prefixed {
        records = try Self.name(under: Array("I".utf8) + id, keys, snapshot)
      } else if try snapshot.record(for: "$RUNQ") != nil {
        records = try Self.names(withID: id, keys, snapshot)
      } else {
        records = [.prefix(keys.mark)]
        isScan = true
      }
    case .jmapID(let id, let owner):
      // For two months of 2025 a dot stood there.
      let owner = settings.withoutDefaultDomain(owner ?? [])
      for separator: UInt8 in form.keys == .prefixed ? [0x1E, UInt8(ascii: ".")] : [] where records.isEmpty {
        records = try Self.name(under: Array("J".utf8) + owner + [separator] + id, keys, snapshot)
      }
    }
  }

  /// The mailbox whose name the record with this key has.
  private static func name(
    under key: [UInt8], _ keys: KeyMaker, _ snapshot: borrowing Snapshot
  ) throws(DatabaseError) -> [RecordSelection] {
    guard let record = try snapshot.record(for: key.rawSpan) else { return [] }
    let entry = MailboxEntryView(key: record.key, value: record.value, form: .prefixed)
    guard let name = entry.storedText(of: .name) else { return [] }
    return [.key(keys.mark + name.copy())]
  }

  /// The mailboxes that bookkeeping of 3.3 and 3.4 has under a unique id.
  private static func names(
    withID id: [UInt8], _ keys: KeyMaker, _ snapshot: borrowing Snapshot
  ) throws(DatabaseError) -> [RecordSelection] {
    let prefix = Array("$RUNQ$".utf8) + id + [UInt8(ascii: "$")]
    var names: [RecordSelection] = []
    var records = snapshot.records(prefix: prefix.rawSpan)
    while let record = try records.next() { names.append(.key(Array(record.copyOfKey().dropFirst(prefix.count)))) }
    return names
  }
}

/// Makes keys of mailboxes in the form of a file.
private struct KeyMaker {
  let form: MailboxKey.Form
  let settings: NameSettings

  /// What stands before the name.
  var mark: [UInt8] { form == .prefixed ? Array("N".utf8) : [] }
  var separator: UInt8 { nameForm.separator }
  var domainMark: UInt8 { nameForm.domainMark }
  private var nameForm: NameForm { form.nameForm }

  func key(of name: MailboxName) -> [UInt8] { mark + (form == .prefixed ? name.databaseName : name.internalName) }

  /// The INBOX of a user in all spellings that mean the same; none for a user that can have none.
  func inboxes(of user: [UInt8]) -> [MailboxName] {
    var inboxes: [MailboxName] = []
    if let inbox = MailboxName(inboxOf: user, defaultDomain: settings.defaultDomain) {
      inboxes = spellings(of: inbox)
    }
    // A user's name may hold an `@` that parts no domain from it.
    if user.contains(UInt8(ascii: "@")), let inbox = MailboxName(domain: nil, localpart: user, components: []) {
      inboxes.append(inbox)
    }
    return inboxes
  }

  /// A name, and if it has no domain also the one with the default domain.
  func spellings(of name: MailboxName) -> [MailboxName] {
    let domain = utf8(settings.defaultDomain)
    guard name.domain == nil, !domain.isEmpty else { return [name] }
    let bytes = domain + [NameForm.groupSeparator] + name.databaseName
    return [name, MailboxName(databaseName: bytes.rawSpan)]
  }

  /// What the names of deleted mailboxes of a user start with.
  func prefix(ofDeleted inbox: MailboxName) -> [UInt8] {
    var pieces = inbox.pieces
    pieces.insert(utf8(settings.deletedPrefix), at: 0)
    let deleted = MailboxName(
      domain: inbox.domain, pieces: pieces, deletedPrefix: settings.deletedPrefix, defaultDomain: "")
    return key(of: deleted) + [separator]
  }

  /// How a file can spell what database names start with. None of them starts with another.
  func spellings(ofPrefix prefix: [UInt8]) -> [[UInt8]] {
    var spelled = spellings(withDomainOf: prefix)
    if let rest = settings.withoutDefaultDomain(inFrontOf: prefix) {
      spelled += spellings(withDomainOf: rest)
    } else if !settings.defaultDomain.isEmpty {
      spelled += spellings(withDomainOf: utf8(settings.defaultDomain) + [NameForm.groupSeparator] + prefix)
    }
    return spelled.enumerated().filter { index, bytes in
      !spelled.enumerated().contains { other, start in
        bytes.starts(with: start) && (bytes.count > start.count || other < index)
      }
    }.map(\.element)
  }

  /// How a file can spell this, default domain or not. Without the end of a domain it may be that of one.
  private func spellings(withDomainOf prefix: [UInt8]) -> [[UInt8]] {
    guard form == .plain else { return [prefix] }
    let domainEnd = prefix.firstIndex(of: NameForm.groupSeparator)
    let start = domainEnd.map { $0 + 1 } ?? 0
    var spelled = prefix[..<start] + prefix[start...].map(NameForm.internalByte)
    if let domainEnd { spelled[domainEnd] = domainMark }
    return domainEnd != nil || spelled.elementsEqual(prefix) ? [Array(spelled)] : [Array(spelled), prefix]
  }
}

extension NameSettings {
  /// A user without the default domain, which names leave out.
  package func withoutDefaultDomain(_ user: [UInt8]) -> [UInt8] {
    let end = utf8("@" + defaultDomain)
    guard end.count > 1, user.count > end.count, user.suffix(end.count).elementsEqual(end) else { return user }
    return user.dropLast(end.count)
  }

  /// What comes behind the default domain; nil if something else is in front.
  func withoutDefaultDomain(inFrontOf prefix: [UInt8]) -> [UInt8]? {
    let start = utf8(defaultDomain) + [NameForm.groupSeparator]
    guard start.count > 1, prefix.starts(with: start) else { return nil }
    return Array(prefix.dropFirst(start.count))
  }
}

extension MailboxKey.Form {
  /// How names in keys of this form are spelled.
  public var nameForm: NameForm { self == .prefixed ? .database : .internal }
}
