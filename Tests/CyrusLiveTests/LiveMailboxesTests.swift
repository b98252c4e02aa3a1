// The mailbox list of a real server, step by step through the life of mailboxes: what we read is what Cyrus's own tool says.

import CyrusDatabase
import CyrusMailboxes
import Foundation
import Testing

@Suite(.needsCyrusServer) struct LiveMailboxesTests {
  private static let options = """
    virtdomains: userid
    defaultdomain: internal
    reverseacls: yes
    delete_mode: delayed
    """

  /// Commands of the administrator, each a step after which the lists are compared.
  private static let steps = [
    "CREATE user/joe", "CREATE user/joe/Sent", "CREATE \"user/joe/two words/deep.er\"", "CREATE user/ann@example.com",
    "CREATE user/ann/Work@example.com", "CREATE shared/news", "CREATE announce@example.com",
    "SETACL user/joe/Sent ann@example.com lrs", "SETACL shared/news anyone lrsp", "SETACL shared/news -joe lr",
    "RENAME user/joe/Sent user/joe/Old", "RENAME user/joe/Old user/joe/Older", "CREATE user/joe/Sent",
    "SETACL user/joe/Older admin lrswipkxtecdan", "DELETE user/joe/Older",
    "SETACL user/ann/Work@example.com admin lrswipkxtecdan",
    "DELETE user/ann/Work@example.com", "CREATE user/ann/Work@example.com",
    "SETACL shared/news admin lrswipkxtecdan", "DELETE shared/news", "CREATE shared/news",
    "CREATE \"user/joe/&ZeVnLIqe-\"", "SETACL user/joe admin lrswipkxtecdan", "DELETE user/joe",
  ]

  @Test func `after each step our list is the list of Cyrus's own tool, and agrees with itself`() throws {
    let server = try Server(options: Self.options)
    let admin = try server.connection(as: "admin")
    for step in Self.steps {
      try admin.command(step)
      let database = try Database(path: server.mailboxes)
      let list = try MailboxList(database)
      var listed: [String: [String: String]] = [:]
      for index in 0..<list.count {
        let entry = MailboxEntry(try list.entry(at: index))
        let stored = Array(entry.keyBytes.dropFirst())
        let name = MailboxName(databaseName: stored.span.bytes)
        listed[String(decoding: name.internalName, as: UTF8.self)] = Self.fields(of: entry)
      }
      #expect(listed == (try Self.dumped(server)), "after \(step)")
      var check = MailboxListCheck()
      check.admins = ["admin"]
      check.defaultDomain = "internal"
      let report = try check.report(on: try database.records())
      #expect(report.findings.filter { $0.severity != .note } == [], "after \(step)")
    }
    let inventory = try Database(path: server.mailboxes).inventory()
    let list = try MailboxList(try Database(path: server.mailboxes))
    let count = list.count
    #expect(inventory.totals.mailboxes == UInt64(count))
  }

  /// The fields of a mailbox that both lists have, as text.
  private static func fields(of entry: MailboxEntry) -> [String: String] {
    func text(_ value: FieldValue<[UInt8]>) -> String? { value.value.map { String(decoding: $0, as: UTF8.self) } }
    var fields: [String: String] = [:]
    fields["uniqueid"] = text(entry.uniqueID)
    fields["partition"] = text(entry.partition)
    fields["mtime"] = "\(entry.mtime.value ?? 0)"
    fields["uidvalidity"] = "\(entry.uidValidity.value ?? 0)"
    fields["createdmodseq"] = "\(entry.createdModseq.value ?? 0)"
    fields["foldermodseq"] = "\(entry.folderModseq.value ?? 0)"
    fields["isDeleted"] = "\(entry.flags.contains(.deleted))"
    let acl = entry.acl.value.map { acl in
      acl.map { "\(String(decoding: $0.identifier, as: UTF8.self)) \(String(decoding: $0.rights, as: UTF8.self))" }
    }
    fields["acl"] = (acl ?? []).sorted().joined(separator: ", ")
    return fields
  }

  private static func dumped(_ server: Server) throws -> [String: [String: String]] {
    let object = try JSONSerialization.jsonObject(with: Data(try server.dump())) as? [String: [String: Any]]
    return (object ?? [:]).mapValues { mailbox in
      var fields: [String: String] = [:]
      for name in ["uniqueid", "partition", "mtime", "uidvalidity", "createdmodseq", "foldermodseq"] {
        fields[name] = mailbox[name] as? String
      }
      fields["isDeleted"] = "\((mailbox["mbtype"] as? String)?.contains("d") == true)"
      let acl = mailbox["acl"] as? [String: String] ?? [:]
      fields["acl"] = acl.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
      return fields
    }
  }
}
