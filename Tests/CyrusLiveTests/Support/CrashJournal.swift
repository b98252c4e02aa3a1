// What Tests/Cyrus/crash-states tells, and the states of a file that follow from it.

import TestSupport

/// What Cyrus's engine did to one file, call by call.
struct CrashScenario: Sendable, CustomStringConvertible {
  enum Step: Sendable {
    case file(content: Int, bytes: [UInt8])
    case write(content: Int, offset: Int, bytes: [UInt8])
    case truncate(byteCount: Int)
    case synced
  }

  /// A state that a crash can leave.
  struct State {
    enum Kind: Hashable, CaseIterable {
      /// All calls up to one were made: what a killed process leaves.
      case killed
      /// A write was made in part.
      case torn
      /// Of each sector, what it was at some moment since the last sync.
      case powerCut
    }

    let kind: Kind
    /// Index of the last step that was made.
    let step: Int
    /// Number of the content that a reader must find; -1 if there is no database yet.
    let content: Int
    let bytes: [UInt8]
  }

  let name: String
  /// By number, in key order.
  let contents: [Int: [Pair]]
  let steps: [Step]

  /// Every key that was ever set, in no order.
  var keys: [[UInt8]] { Array(Set(contents.values.joined().map(\.key))) }

  var description: String { name }

  private static let sector = 512

  /// Calls `body` for every state after a call and every torn write, and for some that power cuts leave.
  ///
  /// - Parameters:
  ///   - cuts: How many power cuts after each call.
  ///   - seed: Of the power cuts.
  func forEachState(cuts: Int, seed: UInt64, _ body: (State) throws -> Void) rethrows {
    var bytes: [UInt8] = []
    var content = -1
    var synced = (bytes: bytes, content: content)
    var pending: [Step] = []
    var random = SplitMix64(seed: seed)
    for (index, step) in steps.enumerated() {
      switch step {
      case .file(let newContent, let newBytes):
        (bytes, content) = (newBytes, newContent)
        synced = (bytes, content)
        pending = []
      case .synced:
        synced = (bytes, content)
        pending = []
      case .write(let newContent, let offset, let written):
        for end in tears(offset, written.count) {
          // The header lies within one sector, so a torn write is never that of a header.
          let part = Step.write(content: content, offset: offset, bytes: Array(written[..<(end - offset)]))
          var torn = bytes
          Self.apply(part, to: &torn)
          try body(State(kind: .torn, step: index, content: content, bytes: torn))
        }
        Self.apply(step, to: &bytes)
        content = newContent
        pending.append(step)
      case .truncate:
        Self.apply(step, to: &bytes)
        pending.append(step)
      }
      try body(State(kind: .killed, step: index, content: content, bytes: bytes))
      guard !pending.isEmpty else { continue }
      for _ in 0..<cuts {
        let state = Self.powerCut(synced.bytes, synced.content, pending, &random)
        try body(State(kind: .powerCut, step: index, content: state.content, bytes: state.bytes))
      }
    }
  }

  /// Ends of the parts of a write that end at the border of a sector; of a long write only some.
  private func tears(_ offset: Int, _ count: Int) -> StrideTo<Int> {
    let sectors = max(1, count / Self.sector / 16)
    return stride(from: (offset / Self.sector + 1) * Self.sector, to: offset + count, by: sectors * Self.sector)
  }

  private static func powerCut(
    _ start: [UInt8], _ startContent: Int, _ pending: [Step], _ random: inout SplitMix64
  ) -> (bytes: [UInt8], content: Int) {
    // Every third time everything up to some call has reached the disk, and only what came after is loose.
    let certain = random.chance(1, in: 3) ? random.below(pending.count + 1) : 0
    let seed = random.next()
    func moment(_ sector: Int) -> Int {
      var draw = SplitMix64(seed: seed &+ UInt64(sector))
      return certain + draw.below(pending.count - certain + 1)
    }
    var bytes = start
    var byteCounts = [start.count]
    var content = startContent
    for (index, step) in pending.enumerated() {
      guard case .write(let newContent, let offset, let written) = step else {
        if case .truncate(let byteCount) = step { byteCounts.append(byteCount) }
        continue
      }
      byteCounts.append(max(byteCounts.last ?? 0, offset + written.count))
      var place = offset
      while place < offset + written.count {
        let end = min((place / sector + 1) * sector, offset + written.count)
        if index < moment(place / sector) {
          let part = Array(written[place - offset..<end - offset])
          apply(.write(content: newContent, offset: place, bytes: part), to: &bytes)
          if place == 0 { content = newContent }
        }
        place = end
      }
    }
    apply(.truncate(byteCount: byteCounts[certain + random.below(byteCounts.count - certain)]), to: &bytes)
    return (bytes, bytes.isEmpty ? -1 : content)
  }

  private static func apply(_ step: Step, to bytes: inout [UInt8]) {
    switch step {
    case .write(_, let offset, let written): TwoskipWrite.write(offset: offset, bytes: written).apply(to: &bytes)
    case .truncate(let byteCount):
      if byteCount > bytes.count { bytes.append(contentsOf: repeatElement(0, count: byteCount - bytes.count)) }
      TwoskipWrite.truncate(byteCount: byteCount).apply(to: &bytes)
    case .file, .synced: break
    }
  }
}

/// Reads the journal of crash-states, whose source describes it.
struct CrashJournal {
  struct Malformed: Error {
    let offset: Int
  }

  private let bytes: [UInt8]
  private var place = 0

  static func scenarios(in bytes: [UInt8]) throws -> [CrashScenario] {
    var journal = CrashJournal(bytes: bytes)
    var scenarios: [CrashScenario] = []
    while journal.place < bytes.count { scenarios.append(try journal.scenario()) }
    return scenarios
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func scenario() throws -> CrashScenario {
    guard try letter() == "S" else { throw Malformed(offset: place) }
    let name = String(decoding: try chunk(), as: UTF8.self)
    var contents: [Int: [Pair]] = [:]
    var steps: [CrashScenario.Step] = []
    while true {
      switch try letter() {
      case "C":
        let number = try number()
        var pairs: [Pair] = []
        for _ in 0..<(try self.number()) { pairs.append(Pair(key: try chunk(), value: try chunk())) }
        contents[number] = pairs.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      case "F": steps.append(.file(content: try number(), bytes: try chunk()))
      case "W": steps.append(.write(content: try number(), offset: try number(), bytes: try chunk()))
      case "T": steps.append(.truncate(byteCount: try number()))
      case "Y": steps.append(.synced)
      case "E": return CrashScenario(name: name, contents: contents, steps: steps)
      default: throw Malformed(offset: place)
      }
    }
  }

  private mutating func letter() throws -> Character {
    guard place < bytes.count else { throw Malformed(offset: place) }
    place += 1
    return Character(Unicode.Scalar(bytes[place - 1]))
  }

  private mutating func number() throws -> Int {
    guard bytes.count - place >= 8 else { throw Malformed(offset: place) }
    place += 8
    return Int(truncatingIfNeeded: TwoskipEncoding.get(UInt64.self, at: place - 8, in: bytes))
  }

  private mutating func chunk() throws -> [UInt8] {
    let count = try number()
    guard count >= 0, count <= bytes.count - place else { throw Malformed(offset: place) }
    place += count
    return Array(bytes[place - count..<place])
  }
}
