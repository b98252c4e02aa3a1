// Databases of a server that can be made anew, and secrets.
//
//   status cache     name%               I SP version SP (…)[SP id]      counts of a mailbox
//                    name%%user          S SP version SP (…)             counts of a user in it; up to 3.0 both in one
//   deliver          id NUL to NUL [date NUL]      time and uid, in the machine's own form
//   TLS sessions     id                  time in the machine's own form, then the session
//   mboxkey          name                version u16be, then the key
//   zoneinfo         zone                1 SP type SP time SP string[TAB string…]
//   search           *M*id* or name.uidvalidity    2 SP set of uids; 1 SP greatest uid
//   sync cache       name                pairs, as they go over the wire to a replica
//
// Keys of TLS sessions and of URLAUTH are secrets: only their lengths are given.

extension DecodedFields {
  // MARK: - Status

  mutating func readStatus() {
    guard let first = value.first else {
      readStatusKey()
      return giveUpValue(.valueSyntax)
    }
    readStatusKey()
    let isOfMailbox = first == UInt8(ascii: "I")
    guard isOfMailbox || first == UInt8(ascii: "S") else { return readOldStatus() }
    let words = words(countMax: 3)
    guard words.count == 3, words[0].count == 1, let version = Self.number(value[words[1]]) else {
      return giveUpValue(.valueSyntax)
    }
    add("version", .number(version))
    let start = words[2].lowerBound
    guard let list = list(from: start) else { return }
    let places: [Place] =
      isOfMailbox
      ? [
        .number("messages"), .number("uidnext"), .number("uidvalidity"), .number("options"), .number("size"),
        .number("createdmodseq"), .number("highestmodseq"), .number("deleted"), .number("deletedsize"),
      ]
      : [.number("recent"), .number("unseen"), .number("highestmodseq")]
    addPlaces(list.value, places, required: isOfMailbox && version < 9 ? 7 : places.count, at: start..<list.end)
    guard list.end < value.count else { return }
    guard isOfMailbox, value[list.end] == UInt8(ascii: " ") else { return giveUpValue(.valueTrailing, from: list.end) }
    add("mailboxid", value[(list.end + 1)...])
  }

  private mutating func readStatusKey() {
    let percent = UInt8(ascii: "%")
    let pair = key.indices.dropLast().last { key[$0] == percent && key[$0 + 1] == percent }
    if let pair {
      add("name", key[..<pair])
      add("user", key[(pair + 2)...])
    } else if key.last == percent {
      add("name", key.dropLast())
    } else if let separator = key.firstIndex(of: 0) {
      add("name", key[..<separator])
      add("user", key[(separator + 1)...])
    } else {
      giveUpKey(.keySyntax)
    }
  }

  /// A record of 2.4 to 3.0. What 2.3 wrote is not taken apart.
  private mutating func readOldStatus() {
    var words = words(countMax: 10)
    guard let version = Self.number(value[words[0]]) else { return giveUpValue(.valueSyntax) }
    add("version", .number(version))
    guard version == 4 else { return giveUpValue(.valueVersion, from: words[0].upperBound) }
    if words.last?.isEmpty == true { words.removeLast() }
    let names = ["items", "messages", "recent", "uidnext", "uidvalidity", "unseen", "highestmodseq"]
    guard words.count == names.count + 1 else { return giveUpValue(.valueSyntax, from: words[0].upperBound) }
    for (name, word) in zip(names, words.dropFirst()) { addNumber(name, word) }
  }

  // MARK: - Deliveries

  mutating func readDelivery() {
    readDeliveryKey()
    guard value.count == 16 || value.count == 8 else { return giveUpValue(.valueLength) }
    let half = value.count / 2
    // Times of a machine with the other order of bytes are beyond any that Cyrus knew.
    let isLittle = littleEndian(0..<half) <= bigEndian(0..<half)
    add("time", time(.number(isLittle ? littleEndian(0..<half) : bigEndian(0..<half))))
    add("uid", .number(isLittle ? littleEndian(half..<value.count) : bigEndian(half..<value.count)))
  }

  /// The id can be a hash, and hold NUL; what stands behind it cannot.
  private mutating func readDeliveryKey() {
    let parts = key.split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count >= 3, parts.last?.isEmpty == true else { return giveUpKey(.keySyntax) }
    if parts.count == 3 {
      add("id", parts[0])
      return add("to", parts[1])
    }
    let to = parts[parts.count - 3]
    add("id", key[..<(to.startIndex - 1)])
    add("to", to)
    add("date", parts[parts.count - 2])
  }

  // MARK: - Secrets

  mutating func readTLSSession() {
    add("session", Self.hexadecimal(key))
    guard value.count >= 8 else { return giveUpValue(.valueLength) }
    let isLittle = littleEndian(0..<8) <= bigEndian(0..<8)
    add("expires", time(.number(isLittle ? littleEndian(0..<8) : bigEndian(0..<8))))
    add("sessionByteCount", .number(UInt64(value.count - 8)))
    // Every ASN.1 sequence begins so.
    if value.count == 8 || value[8] != 0x30 { warn(.valueSyntax, 8..<value.count) }
  }

  mutating func readMailboxKey() {
    add("name", key)
    guard value.count >= 2 else { return giveUpValue(.valueLength) }
    let version = bigEndian(0..<2)
    add("version", .number(version))
    if version != 1 { warn(.valueVersion, 0..<2) }
    add("keyByteCount", .number(UInt64(value.count - 2)))
  }

  // MARK: - Zones, searches, replicas

  mutating func readZone() {
    add("zone", key)
    let words = words(countMax: 4)
    guard words.count == 4, Self.number(value[words[0]]) == 1 else { return giveUpValue(.valueSyntax) }
    add("version", .number(1))
    let types = ["zone", "link", "info", "leap seconds"]
    if let number = Self.number(value[words[1]]), number < 4 {
      add("type", types[Int(number)])
    } else {
      fail(.valueSyntax, words[1])
      add("type", value[words[1]])
    }
    addTime("dtstamp", words[2])
    let strings = value[words[3]].split(separator: 0x09, omittingEmptySubsequences: false)
    add("strings", .list(strings.map { .text(Array($0)) }))
  }

  mutating func readIndexed() {
    var rest = key[...]
    if rest.starts(with: "#c.".utf8), let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "#")) {
      add("tier", rest[3..<end])
      rest = rest[(end + 1)...]
    }
    if rest.elementsEqual("*V*".utf8) { return addNumber("version", allOfValue) }
    if rest.elementsEqual("*HIGHEST_CREATEDMODSEQ*".utf8) {
      let words = words(separator: UInt8(ascii: ":"), countMax: 3)
      guard words.count == 2 else { return giveUpValue(.valueSyntax) }
      addNumber("modseq", words[0])
      return addNumber("generation", words[1])
    }
    if rest.starts(with: "*M*".utf8), rest.count > 4, rest.last == UInt8(ascii: "*") {
      add("uniqueid", rest.dropFirst(3).dropLast())
    } else if let dot = rest.lastIndex(of: UInt8(ascii: ".")), Self.number(rest[(dot + 1)...]) != nil {
      add("name", rest[..<dot])
      addNumber("uidvalidity", dot + 1..<rest.endIndex, isInKey: true)
    } else {
      giveUpKey(.keyUnknown)
    }
    readIndexedValue()
  }

  private mutating func readIndexedValue() {
    guard let (version, rest) = version() else { return }
    switch version {
    case 1: addNumber("maxuid", rest..<value.count)
    case 2:
      add("uids", value[rest...])
      if !Self.isNumberSet(value[rest...]) { fail(.valueSyntax, rest..<value.count) }
    default: giveUpValue(.valueVersion, from: rest)
    }
  }

  mutating func readSyncState() {
    add("name", key)
    guard let list = lastList(from: 0) else { return }
    guard case .record(let pairs) = list else {
      fail(.valueSyntax, allOfValue)
      return add("more", list)
    }
    add("state", .record(pairs.map { DecodedField($0.name, Self.typed($0, time)) }))
  }

  private static let numbersOfState: Set<String> = [
    "SYNC_CRC", "SYNC_CRC_ANNOT", "LAST_UID", "HIGHESTMODSEQ", "RECENTUID", "XCONVMODSEQ", "RACLMODSEQ",
    "UIDVALIDITY", "CREATEDMODSEQ", "FOLDERMODSEQ", "DELETEDMODSEQ", "VERSION",
  ]

  private static let timesOfState: Set<String> = [
    "RECENTTIME", "LAST_APPENDDATE", "POP3_LAST_LOGIN", "POP3_SHOW_AFTER",
  ]

  /// What is known to be a number, as one.
  private static func typed(_ field: DecodedField, _ time: (DecodedValue) -> DecodedValue) -> DecodedValue {
    guard case .text(let digits) = field.value, let number = number(digits[...]) else { return field.value }
    if numbersOfState.contains(field.name) { return .number(number) }
    return timesOfState.contains(field.name) ? time(.number(number)) : field.value
  }
}
