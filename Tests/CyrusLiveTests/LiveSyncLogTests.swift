// The sync log of a real master, watched while a real sync_client takes it away as fast as it can.
//
// Two processes write numbered lines as Cyrus does and keep a record, and an imapd writes lines of its own. OBSERVE_SECONDS
// says how long; `Scripts/observe` runs it for a minute and shows the figures.

import CyrusSync
import Foundation
import Testing

@Suite(.needsCyrusReplication, .timeLimit(.minutes(30))) struct LiveSyncLogTests {
  private static let names = ["writer-a", "writer-b"]
  private static let seconds = ProcessInfo.processInfo.environment["OBSERVE_SECONDS"].flatMap { Int($0) } ?? 5
  /// Microseconds between two lines of a writer, on average.
  private static let pause = ProcessInfo.processInfo.environment["OBSERVE_PAUSE"].flatMap { Int($0) } ?? 1000

  @Test func `captures have every pending line once, and a follower every line, while sync_client rolls`() async throws
  {
    let pair = try ReplicaPair()
    try pair.command("CREATE user/joe", on: .master)
    try pair.command("SETACL user/joe admin \(ReplicaPair.allRights)", on: .master)
    _ = try pair.takeLog()
    let folder = pair.syncFolder
    var events = SyncLogFollower(directory: folder).makeAsyncIterator()
    let client = try pair.rollingClient()
    let work = try LogWork(
      folder: folder, connection: pair.connectionToMaster(), names: Self.names, seconds: Self.seconds, pause: Self.pause
    )
    let outcome = Task { try await work.run() }

    var followed = FollowedLines(of: Self.names)
    while let event = try await events.next() {
      if case .line(let line) = event, LogWork.isLast(line) { break }
      followed.add(event)
    }
    work.isSeenToTheEnd.set()
    let result = try await outcome.value
    let (records, appends) = (result.records, result.appendCount)

    followed.end(records.map(\.count))
    let judgement = CaptureJudgement(result.notes, against: records)
    Self.show(followed, judgement, records, appends: appends, milliseconds: result.milliseconds)
    #expect(records.allSatisfy { !$0.isEmpty } && appends > 0)
    #expect(judgement.captureCount > judgement.unsettledCount && judgement.lineCount > 0)
    #expect(judgement.missedCount == 0 && judgement.doubledCount == 0 && judgement.earlyCount == 0)
    #expect(judgement.faults == [])
    #expect(followed.missedCount == 0 && followed.doubledCount == 0 && followed.gapCount == 0)
    #expect(followed.slips.isEmpty, "\(Self.story(of: followed.slips, records))")
    #expect(followed.problems == [])
    // An append writes one such line, and nothing else here does.
    #expect(followed.appendCount == appends)
    #expect(client.messages == "")
  }

  /// What is known of the files with the lines that did not come: a file of which none came has come and gone unseen.
  private static func story(of slips: [FollowedLines.Slip], _ records: [[LogWriter.Entry]]) -> String {
    slips.prefix(10).map { slip in
      let record = records[slip.writer]
      guard slip.found > slip.expected else { return "\(slip)" }
      let missing = record[(slip.expected - 1)..<min(slip.found - 1, record.count)]
      let files = Set(missing.map(\.inode)).map { inode in
        let all = records.flatMap { $0 }.filter { $0.inode == inode }
        let duration = (all.map(\.end).max() ?? 0) - (all.map(\.begin).min() ?? 0)
        let lost = missing.count { $0.inode == inode }
        return "\(lost) of \(all.count) lines of file \(inode), written within \(duration / 1000) µs"
      }
      return "\(slip): \(files.joined(separator: ", "))"
    }.joined(separator: "\n")
  }

  private static func show(
    _ followed: FollowedLines, _ judgement: CaptureJudgement, _ records: [[LogWriter.Entry]], appends: Int,
    milliseconds: Int
  ) {
    let count = records.reduce(0) { $0 + $1.count }
    let files = records.reduce(into: Set<UInt64>()) { $0.formUnion($1.map(\.inode)) }.count
    Figures.show(
      "\(milliseconds) ms: \(count) numbered lines, \(count * 1000 / milliseconds) a second, in \(files) files; "
        + "\(appends) appends by imapd; \(followed.lineCount) lines in all")
    Figures.show(
      "captures: \(judgement.captureCount) with \(judgement.lineCount) numbered lines; \(judgement.retryCount) retries, "
        + "at most \(judgement.retryCountMax) for one; \(judgement.unsettledCount) unsettled; "
        + "\(judgement.missedCount) missed, \(judgement.doubledCount) doubled, \(judgement.earlyCount) early")
    Figures.show(
      "follower: \(followed.missedCount) missed, \(followed.doubledCount) doubled, \(followed.gapCount) gaps, "
        + "\(followed.problems.count) problems; \(followed.appendCount) lines of imapd's appends")
    for fault in judgement.faults { Figures.show(fault) }
    if !followed.slips.isEmpty { Figures.show(story(of: followed.slips, records)) }
  }
}
