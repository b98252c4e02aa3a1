// What a listing came to, and what damage took from it.

import CyrusDatabase

/// What a listing came to.
struct Listing: CustomStringConvertible {
  /// Records that were printed.
  var count: UInt64 = 0
  /// Records that there should be; nil if that is not known, or not all of them were asked for.
  let expected: UInt64?
  /// Whether there may be more: as many were found as were asked for.
  let isLimited: Bool
  /// How often damage was met.
  let damageCount: Int

  /// One that could not begin.
  init() {
    expected = nil
    isLimited = false
    damageCount = 0
  }

  init(_ records: borrowing RecordList, expected: UInt64?) {
    self.expected = expected
    isLimited = records.isLimited
    damageCount = records.damageCount
  }

  /// Whether all that was asked for was listed.
  var isComplete: Bool { damageCount == 0 && (expected == nil || expected == count) }

  /// For example `100 records listed, 100 expected`.
  var description: String {
    var text = "\(counted(count, "record")) listed"
    if let expected { text += ", \(expected) expected" }
    if isLimited { text += ", as many as asked for" }
    return isComplete ? text : text + ": INCOMPLETE"
  }
}

/// A place where records were lost to a listing.
struct Loss: CustomStringConvertible {
  let damage: Damage
  /// The bytes that cannot be read, if the place could be looked at.
  private(set) var byteCount: UInt64?
  /// The keys of the records before and behind it.
  private(set) var before: [UInt8]?, behind: [UInt8]?

  /// What was lost to a listing. Looks at the file once more to tell the bytes and the keys around them.
  static func list(_ records: borrowing RecordList, in database: Database, _ locking: Locking) -> [Loss] {
    var losses = records.damage.map { Loss(damage: $0.damage) }
    for (place, met) in records.damage.enumerated() {
      if met.index > 0 { losses[place].before = try? records.record(at: met.index - 1).copyOfKey() }
      if met.index < records.count { losses[place].behind = try? records.record(at: met.index).copyOfKey() }
    }
    guard let layout = try? database.layout(locking: locking) else { return losses }
    let offsets = records.damage.map(\.damage.offset)
    var byteCounts: [UInt64: UInt64] = [:]
    if let first = offsets.min(), let last = offsets.max(), last < .max {
      let wanted = Set(offsets)
      layout.forEachStructure(from: first, to: last + 1) { structure in
        let offset = structure.bytes.lowerBound
        if wanted.contains(offset) { byteCounts[offset] = UInt64(structure.bytes.count) }
        return true
      }
    }
    for index in losses.indices { losses[index].byteCount = byteCounts[losses[index].damage.offset] }
    return losses
  }

  private init(damage: Damage) { self.damage = damage }

  /// For example `record tail checksum differs at offset 0x13e0: expected …, found … (120 bytes; behind key …)`.
  var description: String {
    var around: [String] = []
    if let byteCount { around.append(counted(byteCount, "byte")) }
    switch (before.map(Self.shown), behind.map(Self.shown)) {
    case (let before?, let behind?): around.append("between keys '\(before)' and '\(behind)'")
    case (let before?, nil): around.append("all behind key '\(before)'")
    case (nil, let behind?): around.append("before key '\(behind)'")
    case (nil, nil): break
    }
    return around.isEmpty ? damage.description : "\(damage.description) (\(around.joined(separator: ", ")))"
  }

  private static func shown(_ key: [UInt8]) -> String { escaped(key.rawSpan, limit: 80) }

  /// Writes it as a finding.
  func write(to output: inout Output) {
    output.object(.inline) { output in
      output.member("rule", damage.rule)
      output.member("severity", Finding.Severity.damage.rawValue)
      output.member("offset", damage.offset)
      output.member("length", byteCount)
      output.member("expected", damage.expected)
      output.member("found", damage.found)
      output.member("message", damage.description)
      if let before { output.member("keyBefore", bytes: before.rawSpan) }
      if let behind { output.member("keyBehind", bytes: behind.rawSpan) }
    }
  }
}
