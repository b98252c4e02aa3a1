// Records that are read without the scanner, as nearly all are: whether each is read as the scanner reads it.

import TestSupport
import Testing

@testable import CyrusDatabase
@testable import CyrusMailboxes

@Suite struct UsualRecordTests {
  @Test(arguments: usual)
  func `what Cyrus writes needs no scanner`(_ record: UsualRecord) {
    #expect(record.isUsual)
    #expect(record.differences == [])
  }

  @Test(arguments: written)
  func `what Cyrus writes most is read at once`(_ record: UsualRecord) {
    #expect(record.isWritten)
    #expect(record.isUsual)
    #expect(record.differences == [])
  }

  /// Lengths, quotes and rights in any combination, and now and then something odd at each place.
  @Test(arguments: Seed.some(8))
  func `a value put together of pieces is read as the scanner reads it`(_ seed: Seed) {
    var random = seed.generator(3100)
    var (writtenCount, usualCount) = (0, 0)
    for _ in 0..<10_000 {
      let isName = random.chance(1, in: 2)
      var value = Pieces.value(isName: isName, &random)
      if random.chance(1, in: 4) { spoil(&value, &random) }
      let record = UsualRecord(key: Array((isName ? "Na" : Self.id).utf8), value, .prefixed)
      if record.isWritten {
        writtenCount += 1
        #expect(record.isUsual, "\(utf8(value))")
      }
      if record.isUsual { usualCount += 1 }
      #expect(record.differences == [], "\(utf8(value))")
    }
    #expect(writtenCount > 2000, "of \(usualCount)")
    #expect(writtenCount < usualCount)
    #expect(usualCount < 9000)
  }

  @Test(arguments: unusual)
  func `what is odd or wrong is left to the scanner`(_ record: UsualRecord) {
    #expect(!record.isUsual)
    #expect(record.differences == [])
  }

  @Test(arguments: RecordFile.all)
  func `records of all releases are read as the scanner reads them`(_ file: RecordFile) {
    for record in file.records {
      #expect(Decoding.differencesWhenScanned(key: record.key, value: record.value, file.form) == [])
    }
  }

  @Test func `records that no Cyrus writes are read as the scanner reads them`() {
    for record in RecordFile.malformed {
      for form in [MailboxKey.Form.plain, .prefixed] {
        #expect(Decoding.differencesWhenScanned(key: record.key, value: record.value, form) == [])
      }
    }
  }

  /// Nearly every record must be read so for it to pay.
  @Test func `records of a whole store need no scanner`() {
    var (count, usualCount) = (0, 0)
    for record in MailboxRecords(mailboxCount: 500, seed: 1) where record.key[0] != UInt8(ascii: "A") {
      count += 1
      if UsualRecord(key: record.key, record.value, .prefixed).isUsual { usualCount += 1 }
      #expect(Decoding.differencesWhenScanned(key: record.key, value: record.value, .prefixed) == [])
    }
    #expect(usualCount > count - count / 50, "\(usualCount) of \(count)")
  }

  @Test(arguments: Seed.some(8))
  func `a spoiled record is read as the scanner reads it`(_ seed: Seed) {
    var random = seed.generator(3000)
    let records = Self.usual + Self.written + Self.unusual
    var usualCount = 0
    for turn in 0..<10_000 {
      let record = records[turn % records.count]
      var (key, value) = (record.key, record.value)
      switch random.below(4) {
      case 0: value = Self.shuffled(value, &random)
      case 1:
        value = Self.shuffled(value, &random)
        spoil(&value, &random)
      default: for _ in 0...random.below(3) { spoil(&value, &random) }
      }
      if random.chance(1, in: 8) { spoil(&key, &random) }
      if UsualRecord(key: key, value, record.form).isUsual { usualCount += 1 }
      let differences = Decoding.differencesWhenScanned(key: key, value: value, record.form)
      #expect(differences == [], "\(utf8(key)): \(utf8(value))")
    }
    // Some of what is spoiled is still as usual, and most is not.
    #expect(usualCount > 500)
    #expect(usualCount < 8000)
  }

  @Test(arguments: usual + written)
  func `each byte of a record is looked at`(_ record: UsualRecord) {
    for place in record.value.indices {
      for byte in Array("\0\t\r\n\u{1F} \"%()-/09:A@N\\`ael{\u{7F}".utf8) + [0x80, 0xFF] {
        var value = record.value
        value[place] = byte
        let differences = Decoding.differencesWhenScanned(key: record.key, value: value, record.form)
        #expect(differences == [], "\(utf8(value))")
      }
      let cut = Array(record.value[..<place])
      #expect(Decoding.differencesWhenScanned(key: record.key, value: cut, record.form) == [], "\(utf8(cut))")
    }
  }

  @Test func `the fields that are expected are those that the scanner expects`() {
    for context in [MailboxFieldContext.plainName, .name, .uniqueID, .jmapID, .formerName] {
      for field in MailboxField.allCases {
        let isExpected = context.expectedFields.contains(MailboxFieldSet(field))
        #expect(isExpected == context.expects(field), "\(context) \(field)")
      }
    }
  }

  /// The same fields in another order, some of them left out or there twice.
  private static func shuffled(_ value: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var scanner = DListScanner(value.rawSpan)
    var pairs: [ArraySlice<UInt8>] = []
    var start: Int?
    while let event = try? scanner.next(), event != .end {
      switch event {
      case .key(let key) where scanner.depth == 1:
        if let start { pairs.append(value[start..<key.bytes.lowerBound - 1]) }
        start = key.bytes.lowerBound
      case .listEnd(let end) where scanner.depth == 0:
        if let start, start < end { pairs.append(value[start..<end]) }
      default: break
      }
    }
    guard !pairs.isEmpty else { return value }
    pairs.shuffle(using: &random)
    if random.chance(1, in: 4) { pairs.removeLast() }
    if random.chance(1, in: 4), let pair = pairs.first { pairs.append(pair) }
    return Array("%(".utf8) + Array(pairs.joined(separator: [UInt8(ascii: " ")])) + [UInt8(ascii: ")")]
  }
}

/// A record, and how the keys of its file are built.
struct UsualRecord: CustomTestStringConvertible, Sendable {
  let key: [UInt8]
  let value: [UInt8]
  let form: MailboxKey.Form

  var testDescription: String { utf8(value) }

  init(key: [UInt8], _ value: [UInt8], _ form: MailboxKey.Form) {
    self.key = key
    self.value = value
    self.form = form
  }

  init(_ key: String, _ value: String, _ form: MailboxKey.Form = .prefixed) {
    self.init(key: Array(key.utf8), Array(value.utf8), form)
  }

  /// Whether it is read without the scanner.
  var isUsual: Bool {
    guard let context = MailboxFieldContext(usual: key.rawSpan, form) else { return false }
    var fields = MailboxFields()
    return fields.readUsualInAnyOrder(value.rawSpan, as: context)
  }

  /// Whether all its fields are read at once.
  var isWritten: Bool {
    guard let context = MailboxFieldContext(usual: key.rawSpan, form) else { return false }
    var fields = MailboxFields()
    return fields.readWritten(value.rawSpan, as: context)
  }

  var differences: [String] { Decoding.differencesWhenScanned(key: key, value: value, form) }
}

extension UsualRecordTests {
  /// The key of a record under a unique id.
  private static let id = "I7c037757-1676-45b2-9dd1-a215951b88ea"

  static let written = [
    UsualRecord("Na", "%(T e I 1a2b3c016553f101 P default V 1437092887 C 193 F 6230 M 1443069729 A %(joe lrs))"),
    UsualRecord(
      "Na", "%(T e I 0k3a0000000000010000abcd J PTQx-1 P default V 1437092887 C 193 F 6230 M 1443069729 A %(joe lrs))"),
    UsualRecord(
      id, "%(T e N user\u{1F}joe\u{1F}Sent J PTQx-1 P default V 17 C 1 F 2 M 3 A %(joe lrswipkxtecdan) H ())"),
    UsualRecord(
      "Na",
      "%(T e I 7c037757-1676-45b2-9dd1-a215951b88ea P default V 1437092887 C 193 F 6230 M 1443069729 "
        + "A %(joe@x.example lrswipkxtecdan))"),
    UsualRecord(
      "Nb", "%(T j I 7C037757-1676-45b2-9dd1-a215951b88ea P p V 0 C 1 F 0 M 7 A %(anyone lrs group:all lrswipkxtecdan))"
    ),
    UsualRecord("Na", "%(T a I 7c037757-1676-45b2-9dd1-a215951b88ea P p V 1 C 1 F 1 M 1 A %(j l))"),
    UsualRecord("Na", "%(T a I 7c037757-1676-45b2-9dd1-a215951b88ea P p V 1 C 1 F 1 M 1 A %())"),
    UsualRecord(
      id,
      "%(T e N user\u{1F}joe\u{1F}Sent P default V 17 C 1 F 2 M 3 A %(" + String(repeating: "j", count: 70)
        + " lrswipkxtecdan) H ())"),
    UsualRecord(
      id,
      "%(T c N \"" + String(repeating: "user\u{1F}joe (To do) ", count: 9)
        + "\" P default V 4294967295 C 1234567890123456 F 1 M 1700000001 A %(joe lrswip) H ())"),
  ]

  static let usual = [
    UsualRecord(
      "Na",
      "%(T e I 7c037757-1676-45b2-9dd1-a215951b88ea P default V 1437092887 C 193 F 6230 M 1443069729 "
        + "A %(joe@x.example lrswipkxtecdan))"),
    UsualRecord("Na", "%(T ed I 0k3a000000000001 V 1 C 2 F 3 M 4)"),
    UsualRecord(
      "Na",
      "%(T c I 033vx334s072ojp94v2f12ro J PTQ P p1 S back.example!x V 4294967295 C 1234567890123456 F 0 M 7 "
        + "A %(joe lrs group:staff lr anyone p))"),
    UsualRecord("Na", "%(T r A %() P default)"), UsualRecord("Na", "%(A %(-joe l) T mz V 12345678)"),
    UsualRecord("Na", "%(V 123456789 T e)"), UsualRecord("Na", "%(T e P default)"),
    UsualRecord(id, "%(T e N user\u{1F}joe\u{1F}Sent P default V 17 C 1 F 2 M 3 A %(joe lrswipkxtecd) H ())"),
    UsualRecord(id, "%(T e N \"user\u{1F}joe\u{1F}To do\" J a P default V 17 A %(joe lrs) H ())"),
    UsualRecord(
      "user.joe", "%(A %(joe lrswipkxtecdan) I 1a2b3c016553f101 P default V 1700000001 M 1700001001)", .plain),
    UsualRecord("user.joe", "%(M 10000000 F 99999999 C 100000000 V 1)", .plain),
  ]

  static let unusual = [
    UsualRecord("Na", "%(T e V 1 V 2)"), UsualRecord("Na", "%(V 1 P default)"), UsualRecord("Na", "%(T e N a)"),
    UsualRecord("Na", "%(T e H ())"), UsualRecord("Na", "%(T e Z 1)"), UsualRecord("Na", "%(T e V 01)"),
    UsualRecord("Na", "%(T e V 4294967296)"), UsualRecord("Na", "%(T e C 12345678901234567)"),
    UsualRecord("Na", "%(T e M -1)"), UsualRecord("Na", "%(T e C 18446744073709551615)"),
    UsualRecord("Na", "%(T e P NIL)"), UsualRecord("Na", "%(T NIL V 1)"), UsualRecord("Na", "%(T de V 1)"),
    UsualRecord("Na", "%(T e P default )"), UsualRecord("Na", "%(T e  P default)"), UsualRecord("Na", "%(T e P )"),
    UsualRecord("Na", "%(T e P a) V 1)"), UsualRecord("Na", "%(T e P a))"), UsualRecord("Na", "%(T e P a\u{0}b)"),
    UsualRecord("Na", "%(T e P {1+}\r\na)"), UsualRecord("Na", "%(T e P \"a\\\"b\")"),
    UsualRecord("Na", "%(T e P \"a)"), UsualRecord("Na", "%(T e I short)"), UsualRecord("Na", "%(T e I 0k3a_00000001)"),
    UsualRecord("Na", "%(T e A %(joe lrs joe l))"), UsualRecord("Na", "%(T e A %(joe lrz))"),
    UsualRecord("Na", "%(T e A %(joe LRS))"), UsualRecord("Na", "%(T e A %(joe lrs09))"),
    UsualRecord("Na", "%(T e A %(joe NIL))"), UsualRecord("Na", "%(T e A %(NIL lrs))"),
    UsualRecord("Na", "%(T e A %(joe ))"), UsualRecord("Na", "%(T e A %(joe))"),
    UsualRecord("Na", "%(T e A %(joe lrs ))"),
    UsualRecord("Na", "%(T e A %(joe l`s))"), UsualRecord("Na", "%(T e A %(\"joe m\" lrs))"),
    UsualRecord("Na", "%(T e A %(jo\u{9}e lrs))"), UsualRecord("Na", "%(T e A %(joe) lrs))"),
    UsualRecord("Na", "%(T e A (joe lrs))"), UsualRecord("Na", "%(T e A NIL)"),
    UsualRecord("Na", "%(T e A %(joe lrs)"), UsualRecord("Na", "%(T e A %(joe lrs)))"),
    UsualRecord("Na", "%()"), UsualRecord("Na", "%"), UsualRecord("Na", ""), UsualRecord("Na", "0 default joe\tlrs\t"),
    UsualRecord("N", "%(T e V 1)"), UsualRecord("Ix", "%(T e N a H ())"), UsualRecord("$RACL", "%(T e V 1)", .plain),
    UsualRecord(id, "%(T e N a V 1)"), UsualRecord(id, "%(T e H ())"), UsualRecord(id, "%(T e N \"\" H ())"),
    UsualRecord(id, "%(T e N a H (%(N b T ed V 1 C 2 F 3 M 4)))"), UsualRecord(id, "%(T e N a H NIL)"),
    UsualRecord("Ja", "%(T e N a V 1)"),
  ]
}

/// Values with the fields that nearly every one has, each of them as usual or odd.
private enum Pieces {
  static func value(isName: Bool, _ random: inout SplitMix64) -> [UInt8] {
    // In some values everything is as usual.
    let isOdd = random.chance(1, in: 3)
    func one(_ usual: [String], _ odd: [String]) -> String {
      let pieces = isOdd && random.chance(1, in: 5) ? odd : usual
      return pieces[random.below(pieces.count)]
    }
    func number() -> String {
      let digits = (0...random.below(random.chance(1, in: 4) ? 16 : 10)).map { _ in String(random.below(10)) }.joined()
      return one(
        [String(Int(digits.prefix(16)) ?? 0)], [digits, "", "-1", "1x", "/1", "1:", "99999999999999999", "NIL"])
    }
    let names = ["user\u{1F}joe", "\"user\u{1F}joe\u{1F}To do\"", "\"(joe)\"", "a.example\u{1D}user\u{1F}joe.b"]
    let oddNames = ["NIL", "\"a\\\"b\"", "\"\"", "(joe)", "%joe", "joe)", "\"joe", "jo\u{0}e", "{3+}\r\njoe", "", "x"]
    let ids = [
      "0k3a0000000000010000abcd", "1a2b3c016553f101", "7c037757-1676-45b2-9dd1-a215951b88ea",
      "7C037757-1676-45b2-9dd1-a215951b88eA",
    ]
    let oddIDs = [
      "0k3a000", "7c037757-1676-45b2-9dd1-a215951b88e_", "0k3a000000000001", "@c037757-1676-45b2-9dd1-a215951b88ea",
    ]
    let partitions = ["default", "p", "archive-2026", String(repeating: "p", count: 1 + random.below(60))]
    let oddPartitions = ["NIL", "\"p\"", "", "p)", "(p", "\"p q\"", "p\tq", "{1+}\r\np"]
    let identifiers = [
      "joe", "joe@firma.example", "-joe", "group:all", "%(", String(repeating: "j", count: 1 + random.below(90)),
    ]
    let oddIdentifiers = ["NIL", "\"joe\"", "", "joe)", ")joe", "{3+}\r\njoe", "jo\te", "jo\u{1F}e"]
    let rights = ["lrswipkxtecdan", "lrswipkxtecdan", "lrswipkxtecdan", "lrs", "l", "p"]
    let oddRights = ["lrswipkxtecdaN", "lrswipkxtecdann", "lrswipkxtecda)", "lrswipkxtecdxn", "", "NIL", "\"lrs\""]
    var acl: [String] = []
    for index in 0..<(random.chance(1, in: 4) ? random.below(4) : 1) {
      acl.append(one(identifiers, oddIdentifiers) + (index == 0 ? "" : one([String(index)], [""])))
      acl.append(one(rights, oddRights))
    }
    let separator = one([" "], ["  ", "\t", ""])
    let text =
      "%(T " + one(["e", "e", "e", "c", "a", "j"], ["ed", "x", "", "NIL", "E"])
      + (isName ? " I " + one(ids, oddIDs) : " N " + one(names, oddNames))
      + one(["", " J a"], [" J NIL", " J ", " J \"a\""]) + " P " + one(partitions, oddPartitions)
      + " V "
      + number() + " C " + number() + separator + "F " + number() + one([" M "], [" M", " J a M ", " S "]) + number()
      + " A %(" + acl.joined(separator: " ") + ")" + (isName ? "" : one([" H ()"], [" H NIL", " H (a)", ""]))
      + one([")"], ["))", "", " )"])
    return Array(text.utf8)
  }
}
