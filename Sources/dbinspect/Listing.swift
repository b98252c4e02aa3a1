// What a listing came to, and what damage took from it.

import CyrusDatabase

/// What a listing came to.
struct Listing: CustomStringConvertible {
  /// Records that were listed.
  private(set) var count: UInt64 = 0
  /// Records that there should be; nil if that is not known, or not all of them were asked for.
  let expected: UInt64?
  /// Whether the listing stopped because as many were listed as were asked for.
  var isLimited = false
  /// Damage that was met, with the records before and behind it; at most ``damageListedMax``.
  private(set) var damage: [(damage: Damage, before: UInt64?, behind: UInt64?)] = []
  /// How often damage was met.
  private(set) var damageCount = 0

  /// How much damage is listed. More is only counted.
  static let damageListedMax = 1000

  private var last: UInt64?
  /// Whether the last damage still waits for the record behind it.
  private var isBehindOpen = false

  init(expected: UInt64?) { self.expected = expected }

  /// Notes a record.
  @inline(__always)
  mutating func add(_ offset: UInt64) {
    count += 1
    last = offset
    if isBehindOpen { close(offset) }
  }

  /// Notes damage.
  mutating func add(_ damage: Damage) {
    damageCount += 1
    guard damageCount <= Self.damageListedMax else { return }
    self.damage.append((damage, last, nil))
    isBehindOpen = true
  }

  private mutating func close(_ offset: UInt64) {
    isBehindOpen = false
    for index in damage.indices.reversed() {
      guard damage[index].behind == nil, damage[index].before == damage[damage.count - 1].before else { return }
      damage[index].behind = offset
    }
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
  static func list(_ listing: Listing, in database: Database, _ locking: Locking) -> [Loss] {
    var losses = listing.damage.map { Loss(damage: $0.damage) }
    guard let layout = try? database.layout(locking: locking) else { return losses }
    let offsets = Set(listing.damage.flatMap { [$0.damage.offset, $0.before, $0.behind].compactMap(\.self) })
    var structures: [UInt64: Structure] = [:]
    if let first = offsets.min(), let last = offsets.max(), last < .max {
      layout.forEachStructure(from: first, to: last + 1) { structure in
        if offsets.contains(structure.bytes.lowerBound) { structures[structure.bytes.lowerBound] = structure }
        return true
      }
    }
    for (index, met) in listing.damage.enumerated() {
      losses[index].byteCount = structures[met.damage.offset].map { UInt64($0.bytes.count) }
      if let key = met.before.flatMap({ structures[$0]?.key }) {
        losses[index].before = Array(layout.bytes(key))
      }
      if let key = met.behind.flatMap({ structures[$0]?.key }) {
        losses[index].behind = Array(layout.bytes(key))
      }
    }
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
