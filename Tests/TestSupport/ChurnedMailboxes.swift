// A mailboxes.db with a past: filled in random order, changed a lot, never repacked.
//
// The opposite of a bulk file. Each step along list 0 is a jump to a random place, a third of the bytes
// are dead, and there are thousands of commits.

/// Generator of mailboxes.db files as many small transactions leave them.
public struct ChurnedMailboxes: Sendable {
  private let mailboxCount: Int
  private let seed: UInt64
  private let changesPerHundred: Int
  private let transactionSize: Int

  /// A generator; the same arguments give the same file.
  ///
  /// - Parameters:
  ///   - mailboxCount: how many mailboxes are created, at least 1.
  ///   - seed: of everything.
  ///   - changesPerHundred: how many changes follow, for each hundred mailboxes. 7 in 10 touch a mailbox,
  ///     2 change its ACL, 1 removes it or creates it again.
  ///   - transactionSize: how many mailboxes a transaction concerns on average.
  public init(mailboxCount: Int, seed: UInt64, changesPerHundred: Int = 50, transactionSize: Int = 60) {
    precondition(mailboxCount >= 1 && changesPerHundred >= 0 && transactionSize >= 1)
    self.mailboxCount = mailboxCount
    self.seed = seed
    self.changesPerHundred = changesPerHundred
    self.transactionSize = transactionSize
  }

  /// Builds the file in memory and writes it to `path`, replacing what is there.
  ///
  /// - Throws: `SystemFailure` if the file cannot be opened or written.
  public func write(to path: String) throws(SystemFailure) -> GeneratedFile {
    let file = try OutputFile(path: path)
    let run = finishedRun()
    try file.write(run.database.bytes)
    return run.facts
  }

  /// Builds the file in memory.
  ///
  /// - Returns: the bytes of the file; the records it must hold, found without reading it; what happened.
  public func build() -> (bytes: [UInt8], records: MailboxRecords, facts: GeneratedFile) {
    let run = finishedRun()
    return (run.database.bytes, MailboxRecords(of: run.model), run.facts)
  }

  private func finishedRun() -> Run {
    var run = Run(mailboxCount: mailboxCount, seed: seed, transactionSize: transactionSize)
    run.load()
    run.change(count: mailboxCount * changesPerHundred / 100)
    return run
  }

  private struct Run {
    var model: MailboxModel
    var database: TwoskipBuilder
    var random: SplitMix64
    let transactionSize: Int
    /// Mailboxes left for the open transaction.
    var remaining = 0
    var storeCount = 0
    var deleteCount = 0
    var commitCount = 0

    init(mailboxCount: Int, seed: UInt64, transactionSize: Int) {
      self.transactionSize = transactionSize
      model = MailboxModel(mailboxCount: mailboxCount, seed: seed)
      random = SplitMix64(seed: SplitMix64.mix(seed &+ 1))
      database = TwoskipBuilder(seed: SplitMix64.mix(seed &+ 2), isBulk: true)
      database.reserveCapacity(byteCount: mailboxCount * 800)
    }

    var facts: GeneratedFile {
      GeneratedFile(
        recordCount: database.recordCount, byteCount: database.bytes.count, commitCount: commitCount,
        deadRecordCount: storeCount - database.recordCount, deleteCount: deleteCount)
    }

    mutating func load() {
      var order = Array(model.mailboxes.indices)
      random.shuffle(&order)
      database.begin()
      store([MailboxModel.Entry(mailbox: 0, kind: .aclMarker)])
      for index in order {
        countDown()
        store(model.entries(of: index))
      }
      finish()
    }

    mutating func change(count: Int) {
      database.begin()
      for _ in 0..<count {
        countDown()
        let index = random.below(model.mailboxes.count)
        let former = model.entries(of: index)
        switch random.below(10) {
        case _ where former.isEmpty:
          model.recreate(index, using: &random)
          store(model.entries(of: index))
        case 0:
          delete(former)
          model.remove(index)
        case 1...2:
          delete(former.filter { $0.kind == .acl })
          model.changeACL(index, using: &random)
          store(model.entries(of: index))
        default:
          model.touch(index, using: &random)
          store(former.filter { $0.kind == .name || $0.kind == .id })
        }
      }
      finish()
    }

    private mutating func store(_ entries: [MailboxModel.Entry]) {
      for entry in entries {
        let (key, value) = model.pair(entry)
        if database.set(key, value) { storeCount += 1 }
      }
    }

    private mutating func delete(_ entries: [MailboxModel.Entry]) {
      for entry in entries where database.delete(model.key(entry)) { deleteCount += 1 }
    }

    /// Ends the transaction and begins another when it has had its share.
    private mutating func countDown() {
      remaining -= 1
      if remaining > 0 { return }
      finish()
      database.begin()
      remaining = 1 + random.below(2 * transactionSize)
    }

    private mutating func finish() {
      if database.isDirty { commitCount += 1 }
      database.commit()
    }
  }
}
