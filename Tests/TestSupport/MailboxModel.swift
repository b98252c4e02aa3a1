// A made-up mail store, from which the records of a mailboxes.db follow.
//
// Users with folders, some in domains; shared folders; a few access rights for others; renamed and
// deleted folders with the tombstones they leave; calendars and address books. All of it is a function
// of the seed and the number of mailboxes. A mailbox takes some 70 bytes, its records are spelled when
// asked for.
//
//   name record   N name                       %(T kind I id P partition V .. C .. F .. M .. A %(identifier rights ..))
//   id record     I id                         the same with N name for I id, and H (former names) at the end
//   tombstone     N former name                %(T kind+d I id V .. C .. F .. M ..)
//   reverse ACL   A U|S RS identifier RS name  empty
//   marker        A S RS                       empty
//
// A name is [domain GS] [DELETED US] [user US localpart] then folders, each after US; a deleted one ends
// in US and the time in hexadecimal. RS, GS and US are 0x1E, 0x1D and 0x1F.

/// A store of mailboxes and the records Cyrus 3.6 keeps of them.
public struct MailboxModel: Sendable {
  /// Byte between the components of a name.
  static let unitSeparator: UInt8 = 0x1F
  /// Byte after a domain.
  static let groupSeparator: UInt8 = 0x1D
  /// Byte between the parts of a reverse ACL key.
  static let recordSeparator: UInt8 = 0x1E

  /// What kind of record of a mailbox; the order in which they are written.
  enum RecordKind: UInt8, Sendable {
    /// `N` and the name.
    case name
    /// `N` and a former name.
    case tombstone
    /// `I` and the unique id.
    case id
    /// `A` and an identifier with rights of its own.
    case acl
    /// The record that says that reverse ACLs are kept; belongs to no mailbox.
    case aclMarker
  }

  /// One record, to be spelled.
  struct Entry: Sendable {
    var mailbox: UInt32
    var kind: RecordKind
    /// Which entry of the ACL.
    var position: UInt8 = 0
  }

  /// One mailbox.
  struct Mailbox: Sendable {
    /// Number of the owner, -1 for a shared mailbox.
    var user: Int32
    /// Where the components after the user's name are in `names`; empty for an INBOX.
    var folder: Range<UInt32>
    /// The same for the name before a rename or deletion; empty for none.
    var formerFolder: Range<UInt32>
    /// `folderModSeq` and `modified` at that rename or deletion; a tombstone does not change any more.
    var formerModSeq: UInt32 = 0
    var formerModified: UInt32 = 0
    /// Determines the unique id and the ACL.
    var identity: UInt64
    var uidValidity: UInt32
    var createdModSeq: UInt32
    var folderModSeq: UInt32
    /// Seconds since 1970.
    var modified: UInt32
    var partition: UInt8 = 0
    /// Type letter.
    var kind: UInt8 = UInt8(ascii: "e")
    /// How many times the ACL was changed.
    var aclRevision: UInt8 = 0
    /// Deleted, but kept under another name for a while.
    var isDeleted = false
    /// There is no record of it.
    var isGone = false
  }

  private(set) var mailboxes: [Mailbox] = []
  private var names: [UInt8] = []
  private var userCount = 0
  private let seed: UInt64
  private let domainCount: Int
  private var random: SplitMix64

  /// Makes up a store.
  ///
  /// - Parameters:
  ///   - mailboxCount: how many mailboxes, at least 1. Their former names are not counted.
  ///   - seed: of everything.
  public init(mailboxCount: Int, seed: UInt64) {
    precondition(mailboxCount >= 1 && mailboxCount < Int(Int32.max))
    self.seed = seed
    domainCount = max(1, mailboxCount / 8000)
    random = SplitMix64(seed: seed)
    mailboxes.reserveCapacity(mailboxCount)
    names.reserveCapacity(mailboxCount * 18)
    addShared(min(mailboxCount - 1, mailboxCount / 2000 + 1))
    while mailboxes.count < mailboxCount { addUser(upTo: mailboxCount) }
  }
}

// MARK: - Making up

extension MailboxModel {
  private static let standardFolders = [
    "Drafts", "Sent", "Trash", "Spam", "Archive", "Templates", "Outbox", "Notes",
  ]
  private static let folderWords = [
    "Invoices", "Travel", "Family", "Projects", "Orders", "Newsletter", "Tickets", "Contracts", "Offers", "Bank",
    "Old mail", "To do", "Holiday 2019", "2020", "2021", "2022", "2023", "2024", "Club", "School", "Recipes",
    "B&APw-cher", "M&APw-ller GmbH", "Caf&AOk-", "Backup (old)", "v1.2", "mailing-lists", "swift", "Q&-A", "House",
  ]
  private static let firstNames = [
    "anna", "ben", "clara", "david", "emma", "felix", "greta", "hugo", "ida", "jonas", "katja", "leo", "mia", "nils",
    "olga", "paul", "ronja", "simon", "tilda", "ute", "vera", "wim", "yara", "zoe",
  ]
  private static let lastNames = [
    "albers", "becker", "conti", "dupont", "eriksen", "fischer", "gruber", "horvat", "ivanova", "jansen", "kowalski",
    "lindqvist", "moreau", "novak", "olsen", "peeters", "ricci", "schulze", "tanaka", "urban",
  ]

  private mutating func addShared(_ count: Int) {
    for number in 0..<count {
      let text = number == 0 ? "shared" : "shared/lists/\(Self.folderWords[number % 12])-\(number)"
      addMailbox(user: -1, folder: addName(text))
    }
  }

  private mutating func addUser(upTo limit: Int) {
    let user = Int32(userCount)
    userCount += 1
    addMailbox(user: user, folder: 0..<0)
    var parents: [Range<UInt32>] = []
    let count = drawFolderCount()
    for number in 0..<count where mailboxes.count < limit {
      let folder: Range<UInt32>
      if number < Self.standardFolders.count {
        folder = addName(Self.standardFolders[number])
        if number > 3 { parents.append(folder) }
      } else {
        folder = addFolder(number: number - Self.standardFolders.count, parents: &parents)
      }
      addMailbox(user: user, folder: folder)
      if number >= 8 && parents.last != folder { retireSometimes() }
    }
    if random.chance(1, in: 6) {
      for (name, kind) in [("#calendars", "c"), ("#calendars/Default", "c"), ("#addressbooks/Default", "a")]
      where mailboxes.count < limit {
        addMailbox(user: user, folder: addName(name))
        mailboxes[mailboxes.count - 1].kind = Array(kind.utf8)[0]
      }
    }
  }

  /// Most users have a dozen folders, some hundreds, very few thousands.
  private mutating func drawFolderCount() -> Int {
    switch random.below(1000) {
    case 0: 500 + random.below(3000)
    case 1..<20: 80 + random.below(300)
    case 20..<170: 16 + random.below(40)
    default: 3 + random.below(11)
    }
  }

  /// A folder at the top or below an earlier one. Its number makes the name unique among the user's.
  private mutating func addFolder(number: Int, parents: inout [Range<UInt32>]) -> Range<UInt32> {
    let words = Self.folderWords
    var path: [UInt8] = []
    var depth = 0
    if !parents.isEmpty && random.chance(2, in: 3) {
      let parent = parents[max(0, parents.count - 1 - random.below(12))]
      path = Array(names[Int(parent.lowerBound)..<Int(parent.upperBound)])
      depth = path.count { $0 == Self.unitSeparator } + 1
      path.append(Self.unitSeparator)
    }
    path += words[number < words.count ? number : random.below(words.count)].utf8
    if number >= words.count { path += "\(random.chance(1, in: 4) ? "." : " ")\(number)".utf8 }
    let folder = addName(path)
    if depth < 3 && random.chance(1, in: 4) { parents.append(folder) }
    return folder
  }

  /// Renames or deletes the mailbox added last, now and then.
  private mutating func retireSometimes() {
    let index = mailboxes.count - 1
    let folder = mailboxes[index].folder
    let path = Array(names[Int(folder.lowerBound)..<Int(folder.upperBound)])
    mailboxes[index].formerModSeq = mailboxes[index].folderModSeq
    mailboxes[index].formerModified = mailboxes[index].modified
    switch random.below(250) {
    case 0:
      let time = String(mailboxes[index].modified, radix: 16, uppercase: true)
      mailboxes[index].formerFolder = folder
      mailboxes[index].folder = addName(path + [Self.unitSeparator] + time.utf8)
      mailboxes[index].isDeleted = true
    case 1...3:
      mailboxes[index].formerFolder = addName(path + " before".utf8)
    default:
      break
    }
  }

  private mutating func addMailbox(user: Int32, folder: Range<UInt32>) {
    let uidValidity = UInt32(1_400_000_000 + random.below(330_000_000))
    let createdModSeq = UInt32(1 + random.below(300))
    mailboxes.append(
      Mailbox(
        user: user, folder: folder, formerFolder: 0..<0, identity: random.next(), uidValidity: uidValidity,
        createdModSeq: createdModSeq, folderModSeq: createdModSeq + UInt32(1 + random.below(9000)),
        modified: uidValidity + UInt32(random.below(30_000_000))))
    if random.chance(1, in: 12) { mailboxes[mailboxes.count - 1].partition = UInt8(1 + random.below(2)) }
  }

  private mutating func addName(_ text: String) -> Range<UInt32> {
    addName(text.utf8.map { $0 == UInt8(ascii: "/") ? Self.unitSeparator : $0 })
  }

  private mutating func addName(_ path: [UInt8]) -> Range<UInt32> {
    let start = UInt32(names.count)
    names += path
    return start..<UInt32(names.count)
  }

  /// The user's name without domain; the number at its end makes it unique.
  private func appendLocalPart(_ user: Int32, to text: inout [UInt8]) {
    let draw = SplitMix64.mix(UInt64(user) &+ seed &* 31)
    let first = Self.firstNames[Int(draw % UInt64(Self.firstNames.count))]
    let last = Self.lastNames[Int((draw >> 16) % UInt64(Self.lastNames.count))]
    switch (draw >> 32) % 5 {
    case 0, 1:
      text += first.utf8
      text.append(UInt8(ascii: "."))
      text += last.utf8
    case 2:
      text += last.utf8
      text.append(UInt8(ascii: "-"))
      text += first.utf8
    case 3: text += first.utf8
    default: text += "kunde".utf8
    }
    appendDecimal(UInt32(user), to: &text)
  }

  /// The user's domain, if any; small numbers are drawn more often.
  private func domain(_ user: Int32) -> [UInt8]? {
    let draw = SplitMix64.mix(UInt64(user) &+ seed &* 37)
    guard draw % 100 < 66 else { return nil }
    let count = UInt64(domainCount)
    let number = min((draw >> 8 & 0xFF_FFFF) % count, (draw >> 36) % count)
    var text = Array("firma".utf8)
    appendDecimal(UInt32(number), to: &text)
    text += ".example".utf8
    return text
  }

  private func appendIdentifier(_ user: Int32, to text: inout [UInt8]) {
    appendLocalPart(user, to: &text)
    if let domain = domain(user) {
      text.append(UInt8(ascii: "@"))
      text += domain
    }
  }
}

// MARK: - Changing

extension MailboxModel {
  /// Something happened to a mailbox: its name and id records change.
  mutating func touch(_ index: Int, using random: inout SplitMix64) {
    mailboxes[index].folderModSeq += UInt32(1 + random.below(30))
    mailboxes[index].modified += UInt32(1 + random.below(4000))
  }

  /// Gives a mailbox other rights for others: its reverse ACL records change, too.
  mutating func changeACL(_ index: Int, using random: inout SplitMix64) {
    touch(index, using: &random)
    mailboxes[index].aclRevision &+= 1
  }

  /// Drops a mailbox and all records of it.
  mutating func remove(_ index: Int) { mailboxes[index].isGone = true }

  /// Creates a dropped mailbox again: a new one under the same name.
  mutating func recreate(_ index: Int, using random: inout SplitMix64) {
    mailboxes[index].isGone = false
    mailboxes[index].formerFolder = 0..<0
    mailboxes[index].identity = random.next()
    mailboxes[index].uidValidity += UInt32(1 + random.below(1000))
    touch(index, using: &random)
  }
}

// MARK: - Spelling

extension MailboxModel {
  /// The records of one mailbox, in the order in which they are written; none for one that is gone.
  func entries(of index: Int) -> [Entry] {
    let mailbox = mailboxes[index]
    guard !mailbox.isGone else { return [] }
    var entries = [Entry(mailbox: UInt32(index), kind: .name), Entry(mailbox: UInt32(index), kind: .id)]
    if !mailbox.formerFolder.isEmpty { entries.append(Entry(mailbox: UInt32(index), kind: .tombstone)) }
    for (position, right) in acl(of: mailbox).enumerated() where !right.isOwner && right.isReversed {
      entries.append(Entry(mailbox: UInt32(index), kind: .acl, position: UInt8(position)))
    }
    return entries
  }

  /// Key and value of a record.
  func pair(_ entry: Entry) -> TwoskipPair { (key(entry), value(entry)) }

  /// The key of a record.
  func key(_ entry: Entry) -> [UInt8] {
    var key: [UInt8] = []
    appendKey(entry, to: &key)
    return key
  }

  func appendKey(_ entry: Entry, to key: inout [UInt8]) {
    if entry.kind == .aclMarker {
      key += "AS".utf8
      key.append(Self.recordSeparator)
      return
    }
    let mailbox = mailboxes[Int(entry.mailbox)]
    switch entry.kind {
    case .name, .tombstone:
      key.append(UInt8(ascii: "N"))
      appendName(mailbox, isFormer: entry.kind == .tombstone, to: &key)
    case .id:
      key.append(UInt8(ascii: "I"))
      appendUniqueID(mailbox.identity, to: &key)
    case .acl, .aclMarker:
      key += (mailbox.user < 0 ? "AS" : "AU").utf8
      key.append(Self.recordSeparator)
      key += acl(of: mailbox)[Int(entry.position)].identifier
      key.append(Self.recordSeparator)
      appendName(mailbox, isFormer: false, to: &key)
    }
  }

  /// The value of a record.
  func value(_ entry: Entry) -> [UInt8] {
    guard entry.kind != .acl, entry.kind != .aclMarker else { return [] }
    let mailbox = mailboxes[Int(entry.mailbox)]
    let isTombstone = entry.kind == .tombstone
    var value: [UInt8] = []
    value.reserveCapacity(256)
    value += "%(T ".utf8
    value.append(mailbox.kind)
    if isTombstone { value.append(UInt8(ascii: "d")) }
    if entry.kind == .id {
      value += " N ".utf8
      appendString(name(mailbox, isFormer: false), to: &value)
    } else {
      value += " I ".utf8
      appendUniqueID(mailbox.identity, to: &value)
    }
    if !isTombstone { value += Self.partitions[Int(mailbox.partition)].utf8 }
    appendNumbers(mailbox, isFormer: isTombstone, to: &value)
    if !isTombstone { appendACL(mailbox, to: &value) }
    if entry.kind == .id { appendHistory(mailbox, to: &value) }
    value.append(UInt8(ascii: ")"))
    return value
  }

  private static let partitions = [" P default", " P archive", " P store2"]

  private func appendNumbers(_ mailbox: Mailbox, isFormer: Bool, to value: inout [UInt8]) {
    value += " V ".utf8
    appendDecimal(mailbox.uidValidity, to: &value)
    value += " C ".utf8
    appendDecimal(mailbox.createdModSeq, to: &value)
    value += " F ".utf8
    appendDecimal(isFormer ? mailbox.formerModSeq : mailbox.folderModSeq, to: &value)
    value += " M ".utf8
    appendDecimal(isFormer ? mailbox.formerModified : mailbox.modified, to: &value)
  }

  private func appendACL(_ mailbox: Mailbox, to value: inout [UInt8]) {
    value += " A %(".utf8
    for (position, right) in acl(of: mailbox).enumerated() {
      if position > 0 { value.append(UInt8(ascii: " ")) }
      appendString(right.identifier, to: &value)
      value.append(UInt8(ascii: " "))
      value += right.rights.utf8
    }
    value.append(UInt8(ascii: ")"))
  }

  private func appendHistory(_ mailbox: Mailbox, to value: inout [UInt8]) {
    value += " H (".utf8
    if !mailbox.formerFolder.isEmpty {
      value += "%(N ".utf8
      appendString(name(mailbox, isFormer: true), to: &value)
      value += " M ".utf8
      appendDecimal(mailbox.formerModified, to: &value)
      value += " V ".utf8
      appendDecimal(mailbox.uidValidity, to: &value)
      value += " C ".utf8
      appendDecimal(mailbox.createdModSeq, to: &value)
      value += " F ".utf8
      appendDecimal(mailbox.formerModSeq, to: &value)
      value += " T ".utf8
      value.append(mailbox.kind)
      value += "d)".utf8
    }
    value.append(UInt8(ascii: ")"))
  }

  private func name(_ mailbox: Mailbox, isFormer: Bool) -> [UInt8] {
    var name: [UInt8] = []
    appendName(mailbox, isFormer: isFormer, to: &name)
    return name
  }

  private func appendName(_ mailbox: Mailbox, isFormer: Bool, to text: inout [UInt8]) {
    if mailbox.user >= 0 {
      if let domain = domain(mailbox.user) {
        text += domain
        text.append(Self.groupSeparator)
      }
      if mailbox.isDeleted && !isFormer {
        text += "DELETED".utf8
        text.append(Self.unitSeparator)
      }
      text += "user".utf8
      text.append(Self.unitSeparator)
      appendLocalPart(mailbox.user, to: &text)
    }
    let folder = isFormer ? mailbox.formerFolder : mailbox.folder
    if folder.isEmpty { return }
    if mailbox.user >= 0 { text.append(Self.unitSeparator) }
    text += names[Int(folder.lowerBound)..<Int(folder.upperBound)]
  }

  /// A UUID in lower case.
  private func appendUniqueID(_ identity: UInt64, to text: inout [UInt8]) {
    let first = SplitMix64.mix(identity) & ~0xF000 | 0x4000
    let second = SplitMix64.mix(identity &+ 1) & ~(3 << 62) | 2 << 62
    for position in 0..<32 {
      if position == 8 || position == 12 || position == 16 || position == 20 { text.append(UInt8(ascii: "-")) }
      let word = position < 16 ? first : second
      let digit = UInt8(word >> UInt64(60 - position % 16 * 4) & 15)
      text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  /// As Cyrus spells a string: bare if it can be, else in quotes. None here needs more than that.
  private func appendString(_ string: [UInt8], to text: inout [UInt8]) {
    let isAtom = string.allSatisfy { byte in
      switch byte {
      case 0..<0x1F, 0x7F...: false
      case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "\""): false
      case UInt8(ascii: "%"), UInt8(ascii: "*"), UInt8(ascii: "\\"): false
      default: true
      }
    }
    if !isAtom { text.append(UInt8(ascii: "\"")) }
    text += string
    if !isAtom { text.append(UInt8(ascii: "\"")) }
  }

  private func appendDecimal(_ number: UInt32, to text: inout [UInt8]) {
    var divisor: UInt32 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      text.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }
}

// MARK: - Rights

extension MailboxModel {
  private struct Right {
    var identifier: [UInt8]
    var rights: String
    var isOwner = false
    /// Whether a reverse ACL record is kept of it: the mailbox can be listed or read.
    var isReversed: Bool { rights.utf8.contains { $0 == UInt8(ascii: "l") || $0 == UInt8(ascii: "r") } }
  }

  private static let otherRights = ["lrs", "lrswipkxte", "lr", "p", "lrswip"]

  /// The rights of a mailbox: the owner's, and for one in forty those of others.
  private func acl(of mailbox: Mailbox) -> [Right] {
    var rights: [Right] = []
    if mailbox.user < 0 {
      rights.append(Right(identifier: Array("anyone".utf8), rights: "lrs"))
    } else {
      var owner: [UInt8] = []
      appendIdentifier(mailbox.user, to: &owner)
      rights.append(Right(identifier: owner, rights: "lrswipkxtecdan", isOwner: true))
    }
    var random = SplitMix64(seed: mailbox.identity &+ UInt64(mailbox.aclRevision))
    guard mailbox.aclRevision > 0 || random.chance(1, in: 40) else { return rights }
    for _ in 0..<1 + random.below(2) {
      var identifier: [UInt8] = []
      switch random.below(12) {
      case 0: identifier = Array("anyone".utf8)
      case 1: identifier = Array("group:team\(random.below(40))".utf8)
      default: appendIdentifier(Int32(random.below(max(1, userCount))), to: &identifier)
      }
      let right = Self.otherRights[random.below(Self.otherRights.count)]
      if rights.contains(where: { $0.identifier == identifier }) { continue }
      rights.append(Right(identifier: identifier, rights: right))
    }
    return rights
  }
}
