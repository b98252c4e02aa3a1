// Files of mailboxes, of two sizes each: what costs the same for both does not hang on the size.

import Foundation
import TestSupport

@testable import CyrusDatabase

/// A file that operations are counted on. Each is made once.
enum CostFile: CaseIterable, Sendable {
  /// Two hundred records as a repack leaves them, and a hundred thousand; twenty thousand for a program that is not optimised.
  case few, many
  /// With a past: two hundred records, and eight thousand.
  case churnedFew, churnedMany
  /// Ten thousand records; the same with thirty mailboxes that are otherwise; and the same of a tenth.
  case store, replica, smallStore, smallReplica

  var path: String {
    get throws { try files.get().path }
  }

  /// What it holds.
  var facts: GeneratedFile {
    get throws { try files.get().facts }
  }

  /// The binary logarithm of its number of records, rounded up.
  var logarithm: Int {
    get throws { Int.bitWidth - (try facts.recordCount - 1).leadingZeroBitCount }
  }

  /// How many records it has, dead ones and deletes included.
  var allRecordCount: Int {
    get throws { try facts.recordCount + facts.deadRecordCount + facts.deleteCount }
  }

  /// A user of `many` with a few mailboxes.
  static let user = "kunde26"

  /// How many mailboxes differ, at most, between a store and its replica.
  static let differingCount = 30

  /// The bytes of the records with a prefix, from the start of the first to the end of the last: of `few` and `many` those
  /// lie one after the other.
  func bytes(ofPrefix prefix: String) throws -> Range<UInt64> {
    let records = try Database(path: try path).records(prefix: prefix, locking: .none)
    if records.count == 0 { return 0..<0 }
    return try records.record(at: 0).bytes.lowerBound..<records.record(at: records.count - 1).bytes.upperBound
  }

  private typealias Made = (path: String, facts: GeneratedFile)

  private var files: Result<Made, any Error> {
    switch self {
    case .few: Self.madeFew
    case .many: Self.madeMany
    case .churnedFew: Self.madeChurnedFew
    case .churnedMany: Self.madeChurnedMany
    case .store: Self.madeStore
    case .replica: Self.madeReplica
    case .smallStore: Self.madeSmallStore
    case .smallReplica: Self.madeSmallReplica
    }
  }

  private static let madeFew = made(mailboxes: 100)
  private static let madeMany = made(mailboxes: Costs.isOptimized ? 50_000 : 10_000)
  private static let madeChurnedFew = made(mailboxes: 100, isChurned: true)
  private static let madeChurnedMany = made(mailboxes: 4000, isChurned: true)
  private static let madeStore = made(mailboxes: 5000)
  private static let madeReplica = made(mailboxes: 5000, differingCount: differingCount)
  private static let madeSmallStore = made(mailboxes: 500)
  private static let madeSmallReplica = made(mailboxes: 500, differingCount: differingCount)

  private static func made(mailboxes: Int, isChurned: Bool = false, differingCount: Int = 0) -> Result<Made, any Error>
  {
    Result {
      let path = try TemporaryFolder().url.appending(path: "mailboxes.db").path
      let facts = try write(mailboxes, isChurned, differingCount, to: path)
      // A file that was just changed counts as busy.
      var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
      guard utimensat(AT_FDCWD, path, &times, 0) == 0 else { throw POSIXError(.EIO) }
      return (path, facts)
    }
  }

  private static func write(
    _ mailboxes: Int, _ isChurned: Bool, _ differingCount: Int, to path: String
  ) throws -> GeneratedFile {
    if isChurned { return try ChurnedMailboxes(mailboxCount: mailboxes, seed: 1).write(to: path) }
    let records = MailboxRecords(mailboxCount: mailboxes, seed: 1)
    if differingCount == 0 { return try BulkTwoskipFile(seed: 1).write(records, to: path) }
    let changed = DifferingRecords(records, mailboxCount: records.nameCount, differingCount: differingCount)
    return try BulkTwoskipFile(seed: 1).write(changed, to: path)
  }
}
