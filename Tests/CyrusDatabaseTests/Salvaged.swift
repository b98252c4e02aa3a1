// Salvaging bytes without a file, through the code that a salvage uses.

import TestSupport
import Testing

@testable import CyrusDatabase

/// What a salvage makes of the bytes of a file.
struct Salvaged {
  /// A record that was found.
  struct Record: CustomStringConvertible {
    let pair: Pair
    let offset: Int
    let source: SalvagedRecord.Source
    let doubt: SalvagedRecord.Doubt?

    var certainty: Certainty { doubt?.certainty ?? .certain }
    var description: String { "\(pair) at \(offset), by \(source), \(doubt?.rawValue ?? "certain")" }
  }

  let outcome: TwoskipSalvage.Outcome
  /// What is kept, in raw order of the keys.
  let records: [Record]
  /// What was not committed, in file order.
  let uncommitted: [Record]

  init(_ bytes: [UInt8]) throws {
    let span = bytes.rawSpan
    let outcome = try TwoskipSalvage.outcome(on: span)
    func record(_ offset: UInt64, _ verdict: TwoskipSalvage.Verdict) throws -> Record {
      let record = try TwoskipRecord(at: Int(offset), in: span, limit: bytes.count)
      let pair = Pair([UInt8](record.key(in: span)), [UInt8](record.value(in: span)))
      return Record(pair: pair, offset: Int(offset), source: verdict.source, doubt: verdict.doubt)
    }
    self.outcome = outcome
    records = try zip(outcome.offsets, outcome.verdicts).map { try record($0, TwoskipSalvage.Verdict(code: $1)) }
    uncommitted = try outcome.uncommitted.map { try record($0, TwoskipSalvage.Verdict(.scan, .notCommitted)) }
  }

  var pairs: [Pair] { records.map(\.pair) }
  var certainPairs: [Pair] { records.filter { $0.certainty == .certain }.map(\.pair) }
  /// Whether the committed end is known well enough for records to be certain.
  var isEndProven: Bool { outcome.endSource == .header || outcome.endSource == .confirmed }

  /// The kept record with this key.
  subscript(key: String) -> Record? { records.first { $0.pair.key == utf8(key) } }

  /// By key: its doubt, `certain` for none.
  var verdicts: [String: String] {
    Dictionary(uniqueKeysWithValues: records.map { ($0.pair.text, $0.doubt.map { "\($0)" } ?? "certain") })
  }
}

extension Pair {
  /// The key, if it is plain text.
  fileprivate var text: String { String(validating: key, as: UTF8.self) ?? "\(key)" }
}

extension [Pair] {
  /// In raw order of the keys, as a salvage gives them.
  var inRawOrder: [Pair] { sorted { $0.key.lexicographicallyPrecedes($1.key) } }
}

/// Pairs from plain texts.
func pairs(_ texts: KeyValuePairs<String, String>) -> [Pair] { texts.map { Pair(utf8($0.key), utf8($0.value)) } }
