// Records of the other databases: as Cyrus wrote them, in the forms of other releases, and what nobody would write.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import TestSupport
import Testing

/// A record and what it says. `¶` stands for NUL, `¦` for US.
struct RecordSample: Sendable, CustomTestStringConvertible {
  let kind: DatabaseKind
  let key: [UInt8]
  let value: [UInt8]
  let expected: String
  var keyForm = MailboxKey.Form.prefixed

  var testDescription: String { "\(kind.rawValue) \(utf8(key))" }

  init(_ kind: DatabaseKind, _ key: String, _ value: [UInt8], _ expected: String, form: MailboxKey.Form = .prefixed) {
    self.kind = kind
    self.key = Self.bytes(key)
    self.value = value
    self.expected = expected
    keyForm = form
  }

  init(_ kind: DatabaseKind, _ key: String, _ value: String, _ expected: String, form: MailboxKey.Form = .prefixed) {
    self.init(kind, key, Self.bytes(value), expected, form: form)
  }

  static func bytes(_ text: String) -> [UInt8] {
    Array(text.replacingOccurrences(of: "¶", with: "\0").replacingOccurrences(of: "¦", with: "\u{1F}").utf8)
  }

  /// What is said of the record, in a line.
  var found: String {
    let record = RecordDecoder(kind, keyForm: keyForm).decode(key: key.rawSpan, value: value.rawSpan)
    return (Self.texts(record.fields) + record.issues.map { ($0.isError ? "!" : "?") + $0.code }).joined(separator: " ")
  }

  private static func texts(_ fields: [DecodedField]) -> [String] { fields.map { "\($0.name)=\(text($0.value))" } }

  private static func text(_ value: DecodedValue) -> String {
    switch value {
    case .text(let bytes): "'\(utf8(bytes))'".replacing("\u{1F}", with: "¦").replacing("\0", with: "¶")
    case .number(let number): "\(number)"
    case .time(let seconds): "@\(seconds)"
    case .flag(let flag): "\(flag)"
    case .null: "NIL"
    case .list(let items): "[\(items.map(text).joined(separator: " "))]"
    case .record(let fields): "{\(texts(fields).joined(separator: " "))}"
    }
  }

  private static let id = "uewsf0eitrpvxmvuy6eppr0g"
  private static let guid = "c2d255b61ad463953170c35d39d739c642179999"

  /// In the form in which 3.6.1 wrote them.
  static let written: [RecordSample] = [
    RecordSample(
      .annotations, "\(id)¶/comment¶[.OwNeR.]¶", annotation("world", modseq: 0x99),
      "mailbox='\(id)' entry='/comment' user='[.OwNeR.]' value='world' type='text/plain' modifiedsince=@0 modseq=153 "
        + "deleted=false"),
    RecordSample(
      .conversations, "B53218c5711bd6887",
      "1 (146 1 1 0 () ((0 146 1 1 0)) ((NIL NIL a example.com 1704067206 1)) test6 199 "
        + "((94f7..fa01 1 1704067206)) 146)",
      "cid='53218c5711bd6887' version=1 modseq=146 numrecords=1 exists=1 unseen=0 counts=[] "
        + "folders=[{folder=0 modseq=146 numrecords=1 exists=1 unseen=0}] "
        + "senders=[{name=NIL route=NIL mailbox='a' domain='example.com' lastseen=@1704067206 exists=1}] "
        + "subject='test6' size=199 threads=[{guid='94f7..fa01' exists=1 internaldate=@1704067206}] createdmodseq=146"),
    RecordSample(.conversations, "$FOLDER_IDS", "(\(id) abc)", "folderIds=['\(id)' 'abc']"),
    RecordSample(
      .conversations, "<a@example.com>", "0 53218c5711bd6887,6a2dd51f27fc8bf1 1704067206",
      "messageId='<a@example.com>' version=0 cids=['53218c5711bd6887' '6a2dd51f27fc8bf1'] time=@1704067206"),
    RecordSample(
      .conversations, "F\(id)", "0 (146 1 0 2 1)",
      "folder='\(id)' version=0 threadmodseq=146 threadexists=1 threadunseen=0 emailexists=2 emailunseen=1"),
    RecordSample(
      .seen, id, "1 1795332895 2 1795332895 1",
      "uniqueid='\(id)' version=1 lastread=@1795332895 lastuid=2 lastchange=@1795332895 seen='1'"),
    RecordSample(.subscriptions, "¦VER¦", "2", "version=2"),
    RecordSample(.subscriptions, "NINBOX", "", "dbname='INBOX'"),
    RecordSample(.subscriptions, "NINBOX¦Sent Items", "", "dbname='INBOX¦Sent Items'"),
    RecordSample(.subscriptions, "Nshared¦news", "", "dbname='shared¦news'"),
    RecordSample(
      .subscriptions, "NINBOXhew¦Shared1", "",
      "dbname='INBOXhew¦Shared1' behindInbox='hew¦Shared1' ?subscription.inboxPrefix"),
    RecordSample(
      .quota, "example.com!user.ann", "%(S (1569 100000) M (7 5000) AS (37) NF (59) MODSEQ 163)",
      "root='example.com!user.ann' storage={usedBytes=1569 limitKiB=100000} messages={used=7 limit=5000} "
        + "annotationStorage={usedBytes=37} folders={used=59} modseq=163"),
    RecordSample(
      .statusCache, "user.joe%", "I 8 (2 3 1795332748 1 300 11 146)",
      "name='user.joe' version=8 messages=2 uidnext=3 uidvalidity=1795332748 options=1 size=300 createdmodseq=11 "
        + "highestmodseq=146"),
    RecordSample(
      .statusCache, "user.joe%%ann", "S 8 (1 2 146)",
      "name='user.joe' user='ann' version=8 recent=1 unseen=2 highestmodseq=146"),
    RecordSample(
      .deliver, "<a@example.com>¶\(id)¶Mon, 1 Jan 2024 00:00:06 +0000¶",
      [0x06, 0x00, 0x92, 0x65, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0],
      "id='<a@example.com>' to='\(id)' date='Mon, 1 Jan 2024 00:00:06 +0000' time=@1704067078 uid=7"),
    RecordSample(
      .userDeny, "joe", "2\t*\tAccess to this is denied",
      "user='joe' version=2 services=['*'] message='Access to this is denied'"),
    RecordSample(.searchIndexed, "*M*\(id)*", "2 1:8", "uniqueid='\(id)' version=2 uids='1:8'"),
    RecordSample(.searchIndexed, "*V*", "2", "version=2"),
  ]

  /// In the forms of other releases and machines, by their sources.
  static let described: [RecordSample] = [
    RecordSample(
      .messageAnnotations, "7¶/comment¶¶", annotation("x", modseq: 1, flags: 1),
      "uid=7 entry='/comment' user='' value='x' type='text/plain' modifiedsince=@0 modseq=1 deleted=true"),
    RecordSample(
      .annotations, "¶/motd¶¶", [0, 0, 0, 2] + bytes("hi¶text/plain¶") + [1, 0, 0, 0],
      "mailbox='' entry='/motd' user='' value='hi' type='text/plain' modifiedsince=@1"),
    RecordSample(
      .annotations, "user.joe¶/comment¶",
      [0, 0, 0, 0, 0, 0, 0, 2] + bytes("hi¶text/plain¶") + [0, 0, 0, 0, 0, 0, 0, 1],
      "mailbox='user.joe' entry='/comment' value='hi' type='text/plain' modifiedsince=@1 ?key.noUser"),
    RecordSample(.conversations, "$VERSION", "2", "version=2"),
    RecordSample(.conversations, "$COUNTED_FLAGS", "\\Draft \\Flagged", "countedFlags=['\\Draft' '\\Flagged']"),
    RecordSample(
      .conversations, "Fuser.joe", "0 (146 1 0)", "folder='user.joe' version=0 modseq=146 exists=1 unseen=0"),
    RecordSample(
      .conversations, "G\(guid):3:17[1.2]",
      [0x82, 0x53, 0x21, 0x8c, 0x57, 0x11, 0xbd, 0x68, 0x87] + [0, 0, 0, 9]
        + [0, 0, 0, 1] + [0, 0, 0, 0, 0x65, 0x92, 0, 0x86],
      "guid='\(guid)' folder=3 uid=17 part='1.2' version=2 cid='53218c5711bd6887' systemFlags=9 internalFlags=1 "
        + "internaldate=@1704067206"),
    RecordSample(.conversations, "G\(guid)", "0:1,1:2[1]", "guid='\(guid)' places=['0:1' '1:2[1]']"),
    RecordSample(.conversations, "Jabc", guid, "jmapid='abc' guid='\(guid)'"),
    RecordSample(.conversations, "Q", "1 %(E 12 S 3456)", "version=1 emails=12 bytes=3456"),
    RecordSample(.subscriptions, "user.joe.Sent", "", "name='user.joe.Sent'", form: .plain),
    RecordSample(.quota, "user.joe", "12 -1", "root='user.joe' storage={usedBytes=12}"),
    RecordSample(.quota, "user.joe", "12\n34\n", "root='user.joe' storage={usedBytes=12 limitKiB=34}"),
    RecordSample(
      .quota, "user.joe", "12 34 M 5 6 7 AS 8 9",
      "root='user.joe' storage={usedBytes=12 limitKiB=34} messages={used=5 limit=6 scanned=7} "
        + "annotationStorage={usedBytes=8 limitKiB=9}"),
    RecordSample(
      .quota, "user.joe", "%(S (1 2) SCAN %(MBOX user.joe.b S 1 M 2))",
      "root='user.joe' storage={usedBytes=1 limitKiB=2} scan={mailbox='user.joe.b' storage=1 messages=2}"),
    RecordSample(
      .statusCache, "user.joe%", "I 10 (1 2 3 4 5 6 7 8 9) Pabc",
      "name='user.joe' version=10 messages=1 uidnext=2 uidvalidity=3 options=4 size=5 createdmodseq=6 highestmodseq=7 "
        + "deleted=8 deletedsize=9 mailboxid='Pabc'"),
    RecordSample(
      .statusCache, "user.joe%%joe", "4 31 1 2 3 4 5 6 ",
      "name='user.joe' user='joe' version=4 items=31 messages=1 recent=2 uidnext=3 uidvalidity=4 unseen=5 "
        + "highestmodseq=6"),
    RecordSample(
      .deliver, "<a@example.com>¶user.joe¶", [0, 0, 0, 1, 0, 0, 0, 2],
      "id='<a@example.com>' to='user.joe' time=@1 uid=2"),
    RecordSample(
      .tlsSessions, "AB", [6, 0, 0, 0, 0, 0, 0, 0, 0x30, 0], "session='4142' expires=@6 sessionByteCount=2"),
    RecordSample(.mailboxKeys, "user.joe", [0, 1, 5, 6, 7], "name='user.joe' version=1 keyByteCount=3"),
    RecordSample(.userDeny, "joe", "1\timap,!pop3", "user='joe' version=1 services=['imap' '!pop3']"),
    RecordSample(
      .zoneInfo, "Europe/Berlin", "1 1 1704067206 CET\tMET",
      "zone='Europe/Berlin' version=1 type='link' dtstamp=@1704067206 strings=['CET' 'MET']"),
    RecordSample(.searchIndexed, "user.joe.17", "1 8", "name='user.joe' uidvalidity=17 version=1 maxuid=8"),
    RecordSample(.searchIndexed, "#c.t1#*M*\(id)*", "2 1:8", "tier='t1' uniqueid='\(id)' version=2 uids='1:8'"),
    RecordSample(
      .searchIndexed, "*HIGHEST_CREATEDMODSEQ*", "12:3", "modseq=12 generation=3"),
    RecordSample(
      .syncCache, "user.joe",
      "%(UNIQUEID \(id) MBOXNAME user.joe LAST_UID 8 RECENTTIME 5 ANNOTATIONS (%(ENTRY /a)) x/y= 1)",
      "name='user.joe' state={UNIQUEID='\(id)' MBOXNAME='user.joe' LAST_UID=8 RECENTTIME=@5 "
        + "ANNOTATIONS=[{ENTRY='/a'}] x/y%3d='1'}"),
    RecordSample(.backups, "joe", "/backup/j/joe_x", "user='joe' path='/backup/j/joe_x'"),
    RecordSample(
      .ptsCache, "joe", group("joe") + [0, 0, 0, 0] + [6, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 0, 0] + group("staff"),
      "user='joe' identifier='joe' time=@6 groups=['staff']"),
  ]

  /// What is wrong with them is said, and what is not understood given as it is.
  static let wrong: [RecordSample] = [
    RecordSample(
      .mailboxes, "Nuser¦joe¦", "%(T e M 1)",
      "record='name' name='user¦joe¦' kind='email' flags=[] mtime=@1 ?name.emptyComponent"),
    RecordSample(
      .annotations, "a¶b¶c¶d¶", "hello", "rawKey='a¶b¶c¶d¶' rawValue='hello' !key.syntax !value.syntax"),
    RecordSample(.conversations, "Zx", "y", "rawKey='Zx' rawValue='y' !key.unknown"),
    RecordSample(.conversations, "F", "0 (1 2 3)", "rawKey='F' rawValue='0 (1 2 3)' !key.unknown"),
    RecordSample(.conversations, "Fa", "0 (1 2", "folder='a' version=0 rawValue='(1 2' !dlist.truncated"),
    RecordSample(
      .conversations, "Fa", "0 (1 x 3)", "folder='a' version=0 modseq=1 exists='x' unseen=3 !value.number"),
    RecordSample(
      .conversations, "Q", "1 %(E 1 E 2)",
      "version=1 emails=1 more={E~2='2'} ?list.duplicateKey ?list.unknownKey"),
    RecordSample(
      .conversations, "G\(guid):1:2", [0x81, 1],
      "guid='\(guid)' folder=1 uid=2 version=1 rawValue='\u{1}' !value.length"),
    RecordSample(.seen, "a", "1 2 3", "uniqueid='a' rawValue='1 2 3' !value.syntax"),
    RecordSample(
      .seen, "a", "1 99999999999999999999 2 3 x",
      "uniqueid='a' version=1 lastread='99999999999999999999' lastuid=2 lastchange=@3 seen='x' !value.number "
        + "!value.syntax"),
    RecordSample(
      .quota, "a", "%(S (1 2)) x", "root='a' rawValue=' x' storage={usedBytes=1 limitKiB=2} !value.trailing"),
    RecordSample(.statusCache, "a%", "3 1 2", "name='a' version=3 rawValue=' 1 2' !value.unknownVersion"),
    RecordSample(.deliver, "a", "b", "rawKey='a' rawValue='b' !key.syntax !value.length"),
    RecordSample(.userDeny, "a", "7\tx", "user='a' version=7 rawValue='\tx' !value.unknownVersion"),
    RecordSample(.subscriptions, "Na", "x", "dbname='a' rawValue='x' ?value.unexpected"),
  ]

  private static func annotation(_ text: String, modseq: UInt8, flags: UInt8 = 0) -> [UInt8] {
    [0, 0, 0, UInt8(text.utf8.count), 0, 0, 0, 0] + bytes("\(text)¶text/plain¶") + [UInt8](repeating: 0, count: 15)
      + [modseq, flags]
  }

  /// A hash and a name in 512 bytes.
  private static func group(_ name: String) -> [UInt8] {
    [1, 2, 3, 4] + Array(name.utf8) + [UInt8](repeating: 0, count: 512 - name.utf8.count)
  }
}

@Suite struct RecordDecoderTests {
  @Test(arguments: RecordSample.written)
  func `what Cyrus wrote is decoded`(_ sample: RecordSample) { #expect(sample.found == sample.expected) }

  @Test(arguments: RecordSample.described)
  func `the forms of other releases are decoded`(_ sample: RecordSample) { #expect(sample.found == sample.expected) }

  @Test(arguments: RecordSample.wrong)
  func `what is wrong is said, and given as it is`(_ sample: RecordSample) { #expect(sample.found == sample.expected) }

  @Test(arguments: Seed.some(8))
  func `any bytes are decoded, and what is said of them holds together`(_ seed: Seed) {
    let samples = RecordSample.written + RecordSample.described + RecordSample.wrong
    var random = seed.generator(4000)
    for sample in samples {
      var (key, value) = (sample.key, sample.value)
      for _ in 0...random.below(3) { spoil(&value, &random) }
      if random.chance(1, in: 3) { spoil(&key, &random) }
      #expect(Decoding.contradictions(inRecord: key, value: value) == [], "\(utf8(key)) \(utf8(value))")
    }
    for _ in 0..<100 {
      let bytes = (0..<random.below(60)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let keyByteCount = random.below(bytes.count + 1)
      let (key, value) = (Array(bytes[..<keyByteCount]), Array(bytes[keyByteCount...]))
      #expect(Decoding.contradictions(inRecord: key, value: value) == [], "\(key) \(value)")
    }
  }

  @Test func `every field and every kind is described in the document`() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Docs/Output.md")
    let document = try String(contentsOf: file, encoding: .utf8)
    let section = try #require(document.components(separatedBy: "\n### Decoded records\n").last)
      .components(separatedBy: "\n## ")[0]
    for kind in DatabaseKind.allCases { #expect(section.contains("`\(kind.rawValue)`")) }
    for sample in RecordSample.written + RecordSample.described + RecordSample.wrong {
      let record = RecordDecoder(sample.kind, keyForm: sample.keyForm)
        .decode(key: sample.key.rawSpan, value: sample.value.rawSpan)
      for field in record.fields { #expect(section.contains("`\(field.name)`"), "\(sample.kind)") }
    }
  }

  @Test func `every length of every sample is decoded`() {
    for sample in RecordSample.written + RecordSample.described {
      for count in 0..<min(sample.value.count, 60) {
        #expect(Decoding.contradictions(inRecord: sample.key, value: Array(sample.value[..<count])) == [])
      }
      for count in sample.key.indices {
        #expect(Decoding.contradictions(inRecord: Array(sample.key[..<count]), value: sample.value) == [])
      }
    }
  }
}
