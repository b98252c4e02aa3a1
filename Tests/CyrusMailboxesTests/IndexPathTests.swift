// Where the index of a mailbox is, by the record of the mailbox.

import CyrusMailboxes
import Testing

@Suite struct IndexPathTests {
  private static func settings(_ release: PathSettings.Release, metadata: String? = nil) -> PathSettings {
    var settings = PathSettings(
      configDirectory: "C",
      partitions: [PathSettings.Partition(name: "default", directory: "P", metadataDirectory: metadata)])
    settings.release = release
    return settings
  }

  private func paths(
    _ value: String, key: String = "Nuser\u{1F}joe.x\u{1F}Sent", _ settings: PathSettings,
    form: MailboxKey.Form = .prefixed
  ) -> [String] {
    let entry = MailboxEntry(key: Array(key.utf8), value: Array(value.utf8), form: form)
    return settings.indexFiles(of: entry).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `an index is where the record of its mailbox says`() {
    let new = Self.settings(.from3_6)
    let record = "%(T e I 9snuf2q6 P default)"
    let byID = "P/uuid/9/s/9snuf2q6/cyrus.index"
    let byName = "P/user/joe^x/Sent/cyrus.index"
    #expect(paths(record, new) == [byID])
    #expect(paths("%(T el I 9snuf2q6 P default)", new) == [byName])
    #expect(paths("%(T e P default)", new) == [byName])
    #expect(paths("%(N user\u{1F}joe.x\u{1F}Sent T e P default)", key: "I9snuf2q6", new) == [byID])
    #expect(paths("%(N user\u{1F}joe.x\u{1F}Sent T el P default)", key: "I9snuf2q6", new) == [byName])
    #expect(paths(record, key: "user.joe^x.Sent", Self.settings(.from3_0), form: .plain) == [byName])
    #expect(paths(record, Self.settings(.from3_6, metadata: "M")) == ["M/uuid/9/s/9snuf2q6/cyrus.index", byID])
  }

  @Test func `a record without a mailbox here leads to no index`() {
    let new = Self.settings(.from3_6)
    for type in ["d", "i", "r", "z", "er"] { #expect(paths("%(T \(type) I 9snuf2q6 P default)", new) == [], "\(type)") }
    #expect(paths("%(T e I 9snuf2q6 P other)", new) == [])
    #expect(paths("%(T e I 9snuf2q6)", new) == [])
    #expect(paths("%(T e I ../.. P default)", new) == [])
    #expect(paths("", key: "", new) == [])
  }
}
