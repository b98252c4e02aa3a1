// Quotas, subscriptions, seen state, scripts and annotations.

import CyrusMailboxes
import CyrusSync
import Testing

@Suite struct OtherStateTests {
  private static let stores = SmallStores(
    master: ["news s default 1", "user.ann i default 1"], replica: ["news s default 1", "user.ann i default 1"])
  private static let inbox = MailboxName(internalName: "user.ann")
  private static let news = MailboxName(internalName: "news")
  private static let ann = Array("ann".utf8)
  private static let bob = Array("bob".utf8)

  private static func differing(_ kinds: OtherState.Kind...) -> StoreDiff {
    var diff = StoreDiff()
    diff.otherStates = kinds.map { OtherState($0, master: [1], replica: [2]) }
    return diff
  }

  private static let all = differing(
    .quota(root: inbox), .subscription(user: ann, news), .seen(user: ann, uniqueID: Array("i".utf8)), .sieve(user: ann),
    .mailboxAnnotations(news), .serverAnnotations)

  @Test func `each has a class, and a line that settles it`() throws {
    let report = try Self.stores.report(Self.all)
    #expect(
      report.lines == [
        "drift serverAnnotations ", "drift mailboxAnnotations news", "drift subscriptions news",
        "drift quota user.ann", "drift seen user.ann", "drift sieve user.ann",
      ])
    #expect(report.differences.allSatisfy { $0.severity == .medium })
    #expect(
      report.repairLines == [
        "MAILBOX news", "QUOTA user.ann", "ANNOTATION \"\"", "SEEN ann i", "SUB ann news", "META ann",
      ])
    #expect(report.restricted(toUser: Self.ann).differences.count == 4)
  }

  @Test func `what is the same on both sides is no difference`() throws {
    var diff = StoreDiff()
    diff.otherStates = [
      OtherState(.serverAnnotations, master: nil, replica: nil),
      OtherState(.sieve(user: Self.ann), master: [], replica: []),
    ]
    #expect(try Self.stores.report(diff).differences.isEmpty)
  }

  @Test(arguments: [
    ("QUOTA user.ann", "quota"), ("SUB ann news", "subscriptions"), ("SEEN ann i", "seen"),
    ("MAILBOX news", "mailboxAnnotations"), ("ANNOTATION \"\"", "serverAnnotations"),
    ("META ann", "seen sieve subscriptions"), ("USER ann", "quota seen sieve subscriptions"),
    ("SUB ann user.ann", ""), ("SEEN bob i", ""), ("ANNOTATION news", ""), ("QUOTA news", ""), ("USER bob", ""),
  ])
  func `a line covers what it is about`(_ line: String, _ covered: String) throws {
    let report = try Self.stores.report(Self.all, pending: [line])
    let pending = report.differences.filter { $0.status == .pending }
    #expect(pending.map(\.detail.className).sorted().joined(separator: " ") == covered)
    #expect(pending.allSatisfy { $0.explanation?.text == Array(line.utf8) && $0.explanation?.line == 1 })
  }

  @Test func `a line for a user does nothing without an INBOX on the master`() throws {
    let report = try Self.stores.report(Self.differing(.sieve(user: Self.bob)), pending: ["USER bob"])
    #expect(report.lines == ["drift sieve user.bob"])
  }

  @Test func `what only the replica has goes, but for what was seen`() throws {
    var diff = StoreDiff()
    diff.otherStates = [
      OtherState(.quota(root: Self.inbox), master: nil, replica: [1]),
      OtherState(.quota(root: Self.news), master: nil, replica: [1]),
      OtherState(.seen(user: Self.ann, uniqueID: [0x69]), master: nil, replica: [1]),
    ]
    let report = try Self.stores.report(diff)
    #expect(report.lines == ["conflict quota news", "drift quota user.ann", "conflict seen user.ann"])
    #expect(report.repairLines == ["USER ann"])
  }
}
