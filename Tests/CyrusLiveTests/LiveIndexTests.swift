// The indexes of a real server's mailboxes: what we read is what Cyrus's own tool says.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import Testing

@Suite(.needsCyrusServer) struct LiveIndexTests {
  /// Commands of the user, each a step after which the indexes are compared.
  private static let steps = [
    "NOOP", append("INBOX", "first"), append("INBOX", "second"), append("INBOX", "third"),
    "CREATE \"Sent Items\"", "CREATE \"two.dots/deep\"", append("\"Sent Items\"", "sent"), "SELECT INBOX",
    "STORE 1 +FLAGS (\\Deleted \\Answered)", "STORE 2 +FLAGS (\\Flagged \\Seen)", "COPY 3 \"two.dots/deep\"", "EXPUNGE",
    "UNSELECT", append("INBOX", "fourth"), "DELETE \"two.dots/deep\"",
  ]

  private static func append(_ mailbox: String, _ subject: String) -> String {
    let message = "From: joe@server.test\r\nSubject: \(subject)\r\n\r\nHello\r\n"
    return "APPEND \(mailbox) {\(message.utf8.count)+}\r\n\(message)"
  }

  @Test func `after each step the header of each index is what Cyrus's own tool says`() throws {
    let server = try Server()
    try server.connection(as: "admin").command("CREATE user/joe")
    let joe = try server.connection(as: "joe")
    var comparisons = 0
    for step in Self.steps {
      try joe.command(step)
      let list = try MailboxList(try Database(path: server.mailboxes))
      for index in 0..<list.count {
        let entry = MailboxEntry(try list.entry(at: index))
        guard let path = server.paths.indexFiles(of: entry).first else { continue }
        let header = try IndexHeader.read(path: String(decoding: path, as: UTF8.self))
        let stored = Array(entry.keyBytes.dropFirst())
        let name = MailboxName(databaseName: stored.span.bytes)
        let external = name.databaseName.map { $0 == 0x1F ? UInt8(ascii: "/") : $0 }
        let examined = try server.examination(of: String(decoding: external, as: UTF8.self))
        for (label, value) in Self.figures(of: header) {
          #expect(Self.figure(label, in: examined) == value, "\(label) of \(name) after \(step)")
        }
        comparisons += 1
        #expect(header.version == 17)
        // The database has a copy of these.
        #expect(entry.uidValidity.value == header.uidValidity)
        #expect(entry.createdModseq.value == header.createdModseq)
      }
    }
    Figures.show("index: \(comparisons) headers agree with mbexamine")
    #expect(comparisons > 25)
  }

  @Test func `a header read while messages are added is whole, and no older than the last`() throws {
    let server = try Server()
    try server.connection(as: "admin").command("CREATE user/joe")
    let list = try MailboxList(try Database(path: server.mailboxes))
    let entry = MailboxEntry(try list.entry(at: 0))
    let path = String(decoding: try #require(server.paths.indexFiles(of: entry).first), as: UTF8.self)
    let count = 60
    let headers = try onThreads(2) { thread -> [IndexHeader] in
      if thread == 0 {
        let joe = try server.connection(as: "joe")
        for number in 1...count { try joe.command(Self.append("INBOX", "number \(number)")) }
        return []
      }
      var headers: [IndexHeader] = []
      let end = ContinuousClock.now + .seconds(60)
      while headers.last?.lastUID != UInt32(count), ContinuousClock.now < end {
        headers.append(try IndexHeader.read(path: path))
      }
      return headers
    }.flatMap { $0 }
    #expect(headers.last?.lastUID == UInt32(count))
    for (header, next) in zip(headers, headers.dropFirst()) where header != next {
      #expect(header.lastUID <= next.lastUID)
      #expect(header.highestModseq ?? 0 <= next.highestModseq ?? 0)
      #expect(next.existsCount == next.lastUID && next.recordCount == next.lastUID)
    }
    let different = Set(headers).count
    Figures.show("index: \(headers.count) reads beside \(count) messages, \(different) different headers, 0 wrong")
  }

  // MARK: - mbexamine

  /// What both know, by the label that mbexamine puts before it.
  private static func figures(of header: IndexHeader) -> [String: UInt64] {
    [
      "Generation Number": UInt64(header.generation), "Minor Version": UInt64(header.version),
      "Header Size": UInt64(header.startOffset), "Record Size": UInt64(header.recordByteCount),
      "Number of Messages": UInt64(header.messageCount), "Mailbox Size": header.quotaMailboxUsed,
      "Annotations Size": header.quotaAnnotationsUsed ?? 0, "Last Append Date": UInt64(header.lastAppendTime.seconds),
      "UIDValidity": UInt64(header.uidValidity), "Last UID": UInt64(header.lastUID),
      "Deleted": UInt64(header.deletedCount), "Answered": UInt64(header.answeredCount),
      "Flagged": UInt64(header.flaggedCount), "Last POP3 Login": UInt64(header.pop3LastLogin.seconds),
      "Highest Mod Sequence": header.highestModseq ?? 0,
    ]
  }

  /// The number behind a label and a colon, in parentheses or not.
  private static func figure(_ label: String, in text: String) -> UInt64? {
    guard let range = text.range(of: label + ": ") else { return nil }
    return UInt64(text[range.upperBound...].drop { $0 == "(" }.prefix { $0.isNumber })
  }
}
