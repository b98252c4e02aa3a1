// The conversations of a user. The first byte of a key says what it is:
//
//   $VERSION $COUNTED_FLAGS $FOLDER_NAMES $FOLDER_IDS $COMPACT_EMAILIDS      about the file
//   <message-id>      0 SP cid[,cid…] SP time                                conversations with a message
//   B cid             version SP list                                        a conversation
//   F folder          version SP list                                        counts of a mailbox, by name or id
//   G guid:folder:uid[[part]]    binary; G guid: a list of these, in 3.0     where a message or part of one is
//   J id              guid                                                   from 3.13 on
//   Q                 1 SP list                                              totals
//
// Surprises: the lists have no keys, and have grown at their ends. Times are in nanoseconds from 3.13 on.

extension DecodedFields {
  mutating func readConversations() {
    switch key.first {
    case UInt8(ascii: "$"): readConversationsHead()
    case UInt8(ascii: "<"): readMessageID()
    case UInt8(ascii: "B") where key.count == 17 && Self.isHexadecimal(key[1...]): readConversation()
    case UInt8(ascii: "F") where key.count > 1: readFolderCounts()
    case UInt8(ascii: "G") where key.count > 40 && Self.isHexadecimal(key[1..<41]): readGUID()
    case UInt8(ascii: "J") where key.count > 1:
      add("jmapid", key[1...])
      add("guid", value)
      if value.count != 40 || !Self.isHexadecimal(value) { fail(.valueSyntax, allOfValue) }
    case UInt8(ascii: "Q") where key.count == 1: readTotals()
    default:
      giveUpKey(.keyUnknown)
      add("rawValue", value)
    }
  }

  private mutating func readConversationsHead() {
    switch String(decoding: key, as: UTF8.self) {
    case "$VERSION": addNumber("version", allOfValue)
    case "$COUNTED_FLAGS":
      add("countedFlags", .list(value.split(separator: UInt8(ascii: " ")).map { .text(Array($0)) }))
    case "$FOLDER_NAMES": addTexts("folderNames")
    case "$FOLDER_IDS": addTexts("folderIds")
    case "$COMPACT_EMAILIDS": add("compactEmailIds", value)
    default:
      giveUpKey(.keyUnknown)
      add("rawValue", value)
    }
  }

  private mutating func addTexts(_ name: String) {
    if let list = lastList(from: 0) { add(name, texts(list, allOfValue)) }
  }

  private mutating func readMessageID() {
    add("messageId", key)
    let words = words(countMax: 4)
    guard words.count == 3 else { return giveUpValue(.valueSyntax) }
    addNumber("version", words[0])
    let ids = value[words[1]].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    if !ids.allSatisfy({ $0.count == 16 && Self.isHexadecimal($0) }) { fail(.valueSyntax, words[1]) }
    add("cids", .list(ids.map { .text(Array($0)) }))
    addTime("time", words[2])
  }

  private mutating func readConversation() {
    add("cid", key[1...])
    guard let (_, rest) = version(), let list = lastList(from: rest) else { return }
    addPlaces(
      list,
      [
        .number("modseq"), .number("numrecords"), .number("exists"), .number("unseen"), .list("counts"),
        .lists(
          "folders",
          [.number("folder"), .number("modseq"), .number("numrecords"), .number("exists"), .number("unseen")]),
        .lists(
          "senders",
          [
            .text("name"), .text("route"), .text("mailbox"), .text("domain"), .time("lastseen"), .number("exists"),
          ]),
        .text("subject"), .number("size"), .list("threads"), .number("createdmodseq"),
      ], required: 10, at: rest..<value.count)
    readThreads(rest..<value.count)
  }

  /// Names what is in the items of a thread, of which some releases have more than others.
  private mutating func readThreads(_ bytes: Range<Int>) {
    guard let index = fields.firstIndex(where: { $0.name == "threads" }), let threads = fields[index].value.items
    else { return }
    let places: [Place] = [.text("guid"), .number("exists"), .fineTime("internaldate")]
    var records: [DecodedValue] = []
    for thread in threads {
      let count = thread.items?.count ?? 0
      // Five are of 3.0, which has two hashes more.
      let places = count == 4 ? places + [.number("createdmodseq")] : places
      records.append(.record(fields(thread, places, required: 3, allowsMore: count == 5, at: bytes)))
    }
    replace(index, .list(records))
  }

  private mutating func readFolderCounts() {
    add("folder", key[1...])
    guard let (_, rest) = version(), let list = lastList(from: rest) else { return }
    let isOld = list.items?.count == 3
    let names =
      isOld
      ? ["modseq", "exists", "unseen"]
      : ["threadmodseq", "threadexists", "threadunseen", "emailexists", "emailunseen"]
    addPlaces(list, names.map { .number($0) }, at: rest..<value.count)
  }

  private mutating func readTotals() {
    guard let (_, rest) = version(), let list = lastList(from: rest) else { return }
    guard case .record(let totals) = list else {
      fail(.valueSyntax, rest..<value.count)
      return add("more", list)
    }
    var unknown: [DecodedField] = []
    for total in totals {
      switch total.name {
      case "E": add("emails", asNumber(total.value, rest..<value.count))
      case "S": add("bytes", asNumber(total.value, rest..<value.count))
      default: unknown.append(total)
      }
    }
    addUnknown(unknown, rest..<value.count)
  }

  // MARK: - Messages

  private mutating func readGUID() {
    add("guid", key[1..<41])
    guard key.count > 41 else {
      let items = value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      return add("places", .list(items.map { .text(Array($0)) }))
    }
    readPlaceOfGUID()
    readGUIDValue()
  }

  /// `:folder:uid` or `:folder:uid[part]`.
  private mutating func readPlaceOfGUID() {
    let colon = UInt8(ascii: ":")
    let parts = key[41...].split(separator: colon, maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty else { return giveUpKey(.keySyntax) }
    var uid = parts[2]
    var part: ArraySlice<UInt8>?
    if let bracket = uid.firstIndex(of: UInt8(ascii: "[")) {
      guard uid.last == UInt8(ascii: "]") else { return giveUpKey(.keySyntax) }
      part = uid[(bracket + 1)...].dropLast()
      uid = uid[..<bracket]
    }
    addNumber("folder", parts[1].startIndex..<parts[1].endIndex, isInKey: true)
    addNumber("uid", uid.startIndex..<uid.endIndex, isInKey: true)
    if let part { add("part", part) }
  }

  private mutating func readGUIDValue() {
    guard let first = value.first, first & 0x80 != 0 else {
      // Before 3.1: the conversation's id, or nothing.
      if value.isEmpty { return }
      guard value.count == 16, Self.isHexadecimal(value) else { return giveUpValue(.valueSyntax) }
      return add("cid", value)
    }
    let version = first & 0x7F
    add("version", .number(UInt64(version)))
    guard 1...4 ~= version else { return giveUpValue(.valueVersion, from: 1) }
    guard value.count == (version < 3 ? 25 : 33) else { return giveUpValue(.valueLength, from: 1) }
    add("cid", Self.hexadecimal(value[1..<9]))
    add("systemFlags", .number(bigEndian(9..<13)))
    add("internalFlags", .number(bigEndian(13..<17)))
    let date = DecodedValue.number(bigEndian(17..<25))
    for field in version < 4 ? [DecodedField("internaldate", time(date))] : fineTime("internaldate", date) {
      add(field.name, field.value)
    }
    if version >= 3 { add("basecid", Self.hexadecimal(value[25..<33])) }
  }
}
