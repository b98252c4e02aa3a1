// What a database holds that is going to be damaged, found without the code under test, and what must then be said of it.

import TestSupport
import Testing

@testable import CyrusDatabase

/// A sound file, taken apart.
struct SalvageModel {
  private let bytes: [UInt8]
  private let committedEnd: Int
  private let records: [TwoskipSurgeon.Piece]
  /// By key: where the live record lies.
  private let live: [[UInt8]: Int]
  private let holdsRecords: Bool

  /// - Parameter holdsRecords: Whether values look like records.
  init(_ bytes: [UInt8], _ style: Style, holdsRecords: Bool = false) {
    self.bytes = bytes
    self.holdsRecords = holdsRecords
    committedEnd = Int(TwoskipSurgeon.get64(bytes, at: TwoskipEncoding.HeaderField.currentSize))
    records = TwoskipSurgeon.records(in: bytes).filter { $0.type == .record }
    live = NaiveLog(bytes, order: style.order, upTo: committedEnd).live.mapValues(\.offset)
  }

  /// The committed content, in raw order.
  var pairs: [Pair] { live.map { Pair($0.key, TwoskipSurgeon.pair(at: $0.value, in: bytes).value) }.inRawOrder }

  /// Where the records lie that are not committed.
  var uncommitted: [Int] { records.map(\.offset).filter { $0 >= committedEnd } }

  /// Checks what is said about the file after it was damaged.
  ///
  /// - Parameter isCopy: Whether heads have been rewritten meanwhile, and more may have been appended.
  func check(_ salvaged: Salvaged, _ damaged: [UInt8], _ what: String, isCopy: Bool = false) {
    let outcome = salvaged.outcome
    let isEndRight = outcome.end == UInt64(committedEnd)
    if salvaged.isEndProven { #expect(isEndRight, "\(what): the end is \(outcome.end), not \(committedEnd)") }
    for record in salvaged.records {
      if record.certainty == .certain {
        #expect(salvaged.isEndProven, "\(what): \(record)")
        let offset = live[record.pair.key]
        let value = offset.map { TwoskipSurgeon.pair(at: $0, in: bytes).value }
        #expect(value == record.pair.value, "\(what): \(record) is not committed")
      } else if isEndRight, record.doubt != .unprovenLengths, record.source != .scan {
        let isRecord = records.contains { $0.offset == record.offset && $0.end <= committedEnd }
        #expect(isRecord, "\(what): \(record) was never committed")
        if isRecord { #expect(Pair(TwoskipSurgeon.pair(at: record.offset, in: bytes)) == record.pair, "\(what)") }
      }
    }
    // Of a copy, transactions behind the end may have been committed after all.
    if isEndRight || !isCopy { checkLosses(salvaged, damaged, what) }
    checkCounts(salvaged, damaged, what, isCopy: isCopy)
  }

  private func isUntouched(_ record: TwoskipSurgeon.Piece, in damaged: [UInt8]) -> Bool {
    record.end <= damaged.count && damaged[record.offset..<record.end] == bytes[record.offset..<record.end]
  }

  /// Checks that each live record whose bytes are as they were is kept.
  private func checkLosses(_ salvaged: Salvaged, _ damaged: [UInt8], _ what: String) {
    let kept = Set(salvaged.records.map(\.offset))
    guard salvaged.outcome.end == UInt64(committedEnd) else {
      // What was not committed may have another value for a key, but takes none away.
      let keys = Set((salvaged.records + salvaged.uncommitted).map(\.pair.key))
      for (key, offset) in live where !keys.contains(key) {
        let record = records.first { $0.offset == offset }
        #expect(record.map { isUntouched($0, in: damaged) } != true, "\(what): \(text(key)) at \(offset) is lost")
      }
      return
    }
    let unproven = Set(salvaged.records.filter { $0.source == .scan }.map(\.pair.key))
    for (key, offset) in live where !kept.contains(offset) {
      guard let record = records.first(where: { $0.offset == offset }) else { continue }
      // What is in a value may pass for a newer version.
      let isReplaced = holdsRecords && unproven.contains(key)
      #expect(!isUntouched(record, in: damaged) || isReplaced, "\(what): \(text(key)) at \(offset) is lost")
      for place in salvaged.outcome.damage where place.bytes.contains(UInt64(offset)) {
        #expect(place.isLive != false, "\(what): \(text(key)) at \(offset) is lost in \(place)")
      }
    }
    if !holdsRecords {
      #expect(salvaged.outcome.lostLiveCount <= UInt64(live.values.filter { !kept.contains($0) }.count), "\(what)")
    }
  }

  private func checkCounts(_ salvaged: Salvaged, _ damaged: [UInt8], _ what: String, isCopy: Bool) {
    let outcome = salvaged.outcome
    let sound = records.filter { $0.end <= Int(outcome.end) && isUntouched($0, in: damaged) }.count
    let counted = UInt64(salvaged.records.count) + outcome.deletedCount + outcome.supersededCount
    #expect(counted >= UInt64(sound), "\(what): \(sound) sound records, \(counted) accounted for")
    if outcome.isWhole { #expect(salvaged.pairs == pairs && salvaged.certainPairs == pairs, "\(what): not whole") }
    if outcome.isIntact { #expect(damaged == bytes || isCopy, "\(what): not intact") }
    if !holdsRecords { #expect(outcome.contradictionCount == 0, "\(what)") }
  }
}
