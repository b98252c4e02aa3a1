// What a listing came to, and what damage took from it.

import CyrusDatabase
import CyrusMailboxes

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
  /// Whether the file ends before its committed end.
  let isCut: Bool
  /// How many records the whole file has, if all of it was looked at for a listing of something else.
  var whole: Completeness?

  /// One that could not begin.
  init() {
    expected = nil
    isLimited = false
    damageCount = 0
    isCut = false
  }

  init(_ records: borrowing RecordList, expected: UInt64?) {
    self.expected = expected
    isLimited = records.isLimited
    damageCount = records.damageCount
    isCut = records.snapshot.state == .truncated
  }

  /// Mailboxes of which something could not be decoded.
  private(set) var undecodableCount: UInt64 = 0

  /// Counts a mailbox that was printed.
  mutating func count(_ entry: borrowing MailboxEntryView) {
    count += 1
    if entry.errorCount > 0 { undecodableCount += 1 }
  }

  /// Counts what was printed of another part of the same listing.
  mutating func add(_ other: Listing) {
    count += other.count
    undecodableCount += other.undecodableCount
  }

  /// What is listed.
  var what = "record"

  /// Whether all that was asked for was listed.
  var isComplete: Bool {
    Completeness(found: count, expected: expected, damageCount: damageCount, isCut: isCut).isComplete
      && whole?.isComplete != false
  }

  /// For example `100 records listed, 100 expected`.
  var description: String {
    var text = "\(counted(count, what)) listed"
    if let expected { text += ", \(expected) expected" }
    if let whole, whole.isShort { text += ", but \(whole.description) in the file" }
    if isLimited { text += ", as many as asked for" }
    return isComplete ? text : text + ": INCOMPLETE"
  }
}

extension Listing {
  /// How a listing ends.
  func status(readerIsGone: Bool) -> ExitStatus {
    isComplete || (readerIsGone && damageCount == 0 && !isCut) ? .yes : .broken
  }

  /// Writes the last line of an NDJSON listing.
  func writeTrailer(_ losses: [Loss], error: String? = nil, to output: inout Output) {
    output.object(.inline) { output in
      output.member("records", count)
      output.member("expected", expected)
      output.member("complete", isComplete && error == nil)
      output.member("limited", isLimited)
      output.array("findings") { output in
        for loss in losses { loss.write(to: &output) }
      }
      if damageCount > losses.count { output.member("unlistedFindings", damageCount - losses.count) }
      if let error { output.member("error", error) }
    }
    output.line()
  }

  /// Says on standard error what it came to.
  ///
  /// - Parameters:
  ///   - note: What has to be said about the state of the file.
  ///   - quiet: Whether nothing is to be said if all is well.
  ///   - isFramed: Whether the listing itself says how many records it has.
  func tell(_ losses: [Loss], _ note: String?, about file: String, quiet: Bool, isFramed: Bool, readerIsGone: Bool) {
    let isWell = status(readerIsGone: readerIsGone) == .yes
    if let note, !(quiet && isWell) { Talk.say("note: \(note)", about: file) }
    for loss in losses { Talk.say("lost: \(loss.description)", about: file) }
    if damageCount > losses.count {
      Talk.say("lost: \(damageCount - losses.count) more places", about: file)
    }
    if readerIsGone || (isComplete && (quiet || isFramed)) { return }
    Talk.say(description, about: file)
    if !isComplete { Completeness.tellWhatHelps(file) }
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
