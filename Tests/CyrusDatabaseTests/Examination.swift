// What must hold of any bytes whatever: each operation ends, adds up, and agrees with the others.
//
// Tests feed it with damage that checksums do not show; the fuzzer, which has a link to this file, with anything.

import TestSupport

@testable import CyrusDatabase

/// A file's bytes, read in every way there is.
struct Examination {
  let bytes: [UInt8]
  /// Looked up, whether they are there or not.
  var keys: [[UInt8]] = []

  /// What contradicts itself, found by all examinations.
  var contradictions: [String] {
    var found = Contradictions()
    verifyAndRead(&found)
    takeApart(&found)
    salvage(&found)
    return found.texts
  }

  struct Contradictions {
    private(set) var texts: [String] = []

    mutating func require(_ holds: Bool, _ text: @autoclosure () -> String) {
      if !holds { texts.append(text()) }
    }
  }

  /// A listing is in one order; the reports add up, and agree with the listing and with lookups.
  func verifyAndRead(_ found: inout Contradictions) {
    let walk = Walk(of: bytes)
    let listed = walk.pairs.map(\.key)
    found.require(
      TwoskipBuilder.Order.raw.isAscending(listed) || TwoskipBuilder.Order.mbox.isAscending(listed),
      "listed in no order: \(listed.map(text))")
    let full = report(on: bytes)
    let quick = report(on: bytes, .quick)
    for report in [full, quick] {
      found.require(
        report.parts.reduce(0) { $0 + $1.byteCount } == UInt64(bytes.count), "does not add up: \(report.parts)")
      found.require(report.findings.allSatisfy { $0.bytes.lowerBound <= $0.bytes.upperBound }, "a finding has no place")
    }
    found.require(full.state == quick.state, "two states: \(full.state), \(quick.state)")
    if quick.verdict == .damaged { found.require(full.verdict == .damaged, "only quickly damaged: \(quick.findings)") }
    if !walk.errors.isEmpty { found.require(full.verdict == .damaged, "only damaged for a listing: \(walk.errors)") }
    guard full.verdict != .damaged else { return }
    found.require(
      UInt64(walk.pairs.count) == full.recordCount, "\(walk.pairs.count) listed, \(full.recordCount) counted")
    let values = Dictionary(walk.pairs.map { ($0.key, $0.value) }) { first, _ in first }
    for key in keys + listed {
      let answer = Result { try lookup(key, in: bytes) }
      found.require((try? answer.get()) == .some(values[key]), "lookup of \(text(key)) gives \(answer)")
    }
  }

  /// The structures tile the file, and of a key at most one version is current.
  func takeApart(_ found: inout Contradictions) {
    let end = (try? TwoskipHeader(of: bytes.rawSpan))?.currentSize
    let live = TwoskipLiveness(bytes.rawSpan, end: end)
    let layout = TwoskipLayout(bytes.rawSpan, end: end)
    var place: UInt64 = 0
    var isTiled = true
    layout.forEachStructure(from: 0, to: .max, live) { structure in
      isTiled = isTiled && structure.bytes.lowerBound == place
      place = structure.bytes.upperBound
      for field in layout.fields(of: structure) { isTiled = isTiled && field.bytes.upperBound <= place }
      return true
    }
    found.require(isTiled && place == UInt64(bytes.count), "the structures do not tile the file")
    _ = layout.references(to: 336, live)
    guard let key = keys.first else { return }
    let history = TwoskipHistory(bytes.rawSpan, end: end).versions(of: key.rawSpan, live)
    found.require(
      history.versions.filter(\.isCurrent).count <= 1 || history.doubt != nil, "two current versions: \(history)")
  }

  /// Of a file that is not damaged only listed records are certain, and every listed record is kept.
  ///
  /// Not the reverse: forged heads can contradict the log without breaking a rule, and then what lists and log say of a
  /// record is no more than a claim.
  func salvage(_ found: inout Contradictions) {
    guard let outcome = try? TwoskipSalvage.outcome(on: bytes.rawSpan) else { return }
    found.require(outcome.offsets.count == outcome.verdicts.count, "a record without a verdict")
    let damage = outcome.damage.map(\.bytes.lowerBound)
    found.require(
      damage.count == Int(min(outcome.damageCount, 100)), "\(damage.count) of \(outcome.damageCount) places")
    found.require(zip(damage, damage.dropFirst()).allSatisfy { $0 <= $1 }, "places in no order: \(damage)")
    let saved = outcome.offsets.map { Pair(TwoskipSurgeon.pair(at: Int($0), in: bytes)) }
    found.require(TwoskipBuilder.Order.raw.isAscending(saved.map(\.key)), "saved in no order: \(saved)")
    let certainties = outcome.verdicts.map { TwoskipSalvage.Verdict(code: $0).certainty }
    let counts = Certainty.allCases.map { certainty in
      UInt64(certainty == .uncommitted ? outcome.uncommitted.count : certainties.count { $0 == certainty })
    }
    found.require(outcome.counts == counts, "counted \(outcome.counts), there are \(counts)")
    guard report(on: bytes).verdict == .sound else { return }
    let certain = zip(saved, certainties).filter { $1 == .certain }
    let listed = Set(Walk(of: bytes).pairs)
    found.require(listed.isSubset(of: saved), "saved: \(saved), listed: \(listed)")
    found.require(Set(certain.map(\.0)).isSubset(of: listed), "certain: \(certain), listed: \(listed)")
  }
}
