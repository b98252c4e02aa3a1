// What is left of a file's lines when they were read into sets.

import CyrusMailboxes
import CyrusSync
import Testing

@Suite struct PendingBatchTests {
  /// Each step: its line, with the owner of its group before it, and the number of the line that asks for it.
  private func steps(_ lines: [String], _ client: SyncClientVersion) -> [String] {
    let log = SyncLog(label: "log", bytes: Array(lines.map { $0 + "\n" }.joined().utf8))
    return PendingBatch(log, client: client).steps(client: client).map { step in
      "\(step.group.map { string($0) + ": " } ?? "")\(string(step.action.text)) \(step.line)"
    }
  }

  @Test func `a whole user cancels what is about parts, and a removed one the whole`() {
    let lines = [
      "META joe", "SEEN joe 1", "SUB joe user.joe.a", "MAILBOX user.joe", "USER joe", "META ann", "SUB ann user.ann",
    ]
    let rest = ["META ann 6"]
    let v36 = SyncClientVersion(3, 6, 1)
    #expect(steps(lines, v36) == ["joe: MAILBOX user.joe 4"] + rest + ["USER joe 5"])
    #expect(steps(lines + ["UNUSER joe"], v36) == ["joe: MAILBOX user.joe 4"] + rest + ["UNUSER joe 8"])
    // 2.4 takes the mailboxes for done as well, and does not know UNUSER.
    #expect(steps(lines + ["UNUSER joe"], SyncClientVersion(2, 4)) == rest + ["USER joe 5"])
  }

  @Test func `for a whole user 2.3 cancels appends, unless the mailbox is named in full`() {
    let v23 = SyncClientVersion(2, 3)
    #expect(steps(["APPEND user.joe", "USER joe"], v23) == ["USER joe 2"])
    #expect(steps(["APPEND user.joe", "MAILBOX user.joe", "USER joe"], v23) == ["MAILBOX user.joe 1", "USER joe 3"])
  }

  @Test func `a rename between users is in the groups of both`() {
    #expect(
      steps(["MAILBOX shared", "RENAME user.joe.a user.ann.a", "MAILBOX user.ann.a"], SyncClientVersion(3, 6, 1)) == [
        ": MAILBOX shared 1", "joe: MAILBOX user.ann.a 2", "joe: MAILBOX user.joe.a 2", "ann: MAILBOX user.ann.a 2",
        "ann: MAILBOX user.joe.a 2",
      ])
  }
}
