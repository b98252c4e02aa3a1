// Databases about users: what they have seen, subscribed to and may use.
//
//   seen             id                  1 SP lastread SP lastuid SP lastchange SP set of uids
//   subscriptions    name                empty; up to 3.4
//                    N dbname            empty; from 3.6 on, with INBOX for the user's own
//                    US V E R US         version: 2 in 3.6 to 3.10, 3 from 3.12 on
//   quota            root                %(S (used limit) M (…) AS (…) NF (…) …); used SP limit up to 2.4, in files of
//                                        the engine quotalegacy with LF
//   user deny        user                2 TAB services TAB message; version 1 has no message
//   pts cache        user                a structure of the machine's memory
//   backups          user                path
//
// Surprise: version 2 of subscriptions replaced the name of the user's INBOX at the start of longer names, too: `matt`
// subscribing to `user.matthew.a` has `NINBOXhew` US `a`.

extension DecodedFields {
  static let subscriptionVersionKey: [UInt8] = [0x1F] + Array("VER".utf8) + [0x1F]

  mutating func readSeen() {
    add("uniqueid", key)
    if key.isEmpty { fail(.keySyntax, allOfKey, isInKey: true) }
    let words = words(countMax: 5)
    guard words.count == 5 else { return giveUpValue(.valueSyntax) }
    addNumber("version", words[0])
    addTime("lastread", words[1])
    addNumber("lastuid", words[2])
    addTime("lastchange", words[3])
    add("seen", value[words[4]])
    if !Self.isNumberSet(value[words[4]]) { fail(.valueSyntax, words[4]) }
  }

  mutating func readSubscription(_ keyForm: MailboxKey.Form) {
    if key == Self.subscriptionVersionKey { return addNumber("version", allOfValue) }
    if keyForm == .plain {
      add("name", key)
    } else if key.first == UInt8(ascii: "N") {
      add("dbname", key[1...])
      let inbox = Array("NINBOX".utf8)
      if key.starts(with: inbox), key.count > inbox.count, key[inbox.count] != 0x1F {
        warn(.subscriptionPrefix, inbox.count..<key.count, isInKey: true)
        add("behindInbox", key[inbox.count...])
      }
    } else {
      giveUpKey(.keyUnknown)
    }
    if !value.isEmpty {
      warn(.valueUnexpected, allOfValue)
      add("rawValue", value)
    }
  }

  // MARK: - Quota

  private static let resources = ["S": "storage", "M": "messages", "AS": "annotationStorage", "NF": "folders"]

  mutating func readQuota() {
    add("root", key)
    guard value.starts(with: "%(".utf8) else { return readOldQuota() }
    guard case .record(let pairs)? = lastList(from: 0) else { return }
    var unknown: [DecodedField] = []
    for pair in pairs {
      if let resource = Self.resources[pair.name] {
        add(resource, usage(pair.value.items ?? [pair.value], resource, allOfValue))
      } else if pair.name == "MODSEQ" {
        add("modseq", asNumber(pair.value, allOfValue))
      } else if pair.name == "SCAN", case .record(let counts) = pair.value {
        add("scan", .record(counts.map { scanned($0) }))
      } else {
        unknown.append(pair)
      }
    }
    addUnknown(unknown, allOfValue)
  }

  /// What was counted so far, and up to which mailbox. Names in capitals are none of ours.
  private mutating func scanned(_ pair: DecodedField) -> DecodedField {
    if pair.name == "MBOX" { return DecodedField("mailbox", pair.value) }
    guard let resource = Self.resources[pair.name] else {
      warn(.listKey, allOfValue)
      return DecodedField("unknown-\(pair.name)", pair.value)
    }
    return DecodedField(resource, asNumber(pair.value, allOfValue))
  }

  /// What is used, and the limit if there is one. Storage is counted in bytes, and limited in KiB.
  private mutating func usage(_ items: [DecodedValue], _ resource: String, _ bytes: Range<Int>) -> DecodedValue {
    let isStorage = resource == "storage" || resource == "annotationStorage"
    let names = isStorage ? ["usedBytes", "limitKiB", "scannedBytes"] : ["used", "limit", "scanned"]
    if items.isEmpty || items.count > 3 { fail(.listCount, bytes) }
    var fields: [DecodedField] = []
    for (name, item) in zip(names, items) {
      // Minus one stands for none.
      if name == names[1], item == .text("-1") { continue }
      fields.append(DecodedField(name, asNumber(item, bytes)))
    }
    if items.count > 3 { fields.append(DecodedField("more", .list(Array(items[3...])))) }
    return .record(fields)
  }

  private mutating func readOldQuota() {
    // One line feed ends the last line.
    let text = value.last == 0x0A ? value.dropLast() : value[...]
    let words = text.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: " ") || $0 == 0x0A }
    guard words.count >= 2 else { return giveUpValue(.valueSyntax) }
    var resource = "storage"
    var group: [DecodedValue] = []
    var start = 0
    for word in words {
      if let next = Self.resources[String(decoding: word, as: UTF8.self)], next != "storage" {
        add(resource, usage(group, resource, start..<word.startIndex))
        // One that came before already is not taken for another.
        guard !fields.contains(where: { $0.name == next }) else {
          return giveUpValue(.valueSyntax, from: word.startIndex)
        }
        (resource, group, start) = (next, [], word.startIndex)
      } else {
        group.append(.text(Array(word)))
      }
    }
    add(resource, usage(group, resource, start..<value.count))
  }

  // MARK: - Access

  mutating func readDenial() {
    add("user", key)
    let words = words(separator: 0x09, countMax: 3)
    guard let version = Self.number(value[words[0]]) else { return giveUpValue(.valueSyntax) }
    add("version", .number(version))
    guard 1...2 ~= version else { return giveUpValue(.valueVersion, from: words[0].upperBound) }
    guard words.count == Int(version) + 1 else { return giveUpValue(.valueSyntax, from: words[0].upperBound) }
    add("services", .list(value[words[1]].split(separator: UInt8(ascii: ",")).map { .text(Array($0)) }))
    if words.count == 3 { add("message", value[words[2]]) }
  }

  mutating func readGroups() {
    add("user", key)
    let groupByteCount = 516
    guard value.count >= 532 else { return giveUpValue(.valueLength) }
    add("identifier", cString(4..<516))
    add("time", time(.number(littleEndian(520..<528))))
    let count = (value.count - 532) / groupByteCount
    add("groups", .list((0..<count).map { .text(cString(536 + groupByteCount * $0..<1048 + groupByteCount * $0)) }))
    if littleEndian(528..<532) != UInt64(count) || value.count != 532 + groupByteCount * count {
      fail(.valueLength, 528..<532)
    }
  }

  /// The bytes before the first NUL.
  private func cString(_ bytes: Range<Int>) -> [UInt8] { Array(value[bytes].prefix { $0 != 0 }) }

  mutating func readBackup() {
    add("user", key)
    add("path", value)
    if value.isEmpty || value.contains(0) { fail(.valueSyntax, allOfValue) }
  }
}
