// A stream of conditions: a first line with the schema, a line for each slot, a last line with counts.

import CyrusFleet
import Glibc

/// Writes a stream, slot by slot.
struct SweepStreamWriter {
  private var slotCount = 0
  private var storeCount = 0
  private var lastStore: String?

  /// Writes the first line.
  init(to output: inout Output) { output.document(FleetSweep.schema, .inline) { _ in } }

  /// Counts a line that the caller writes.
  mutating func count(store: String) {
    slotCount += 1
    if lastStore != store { storeCount += 1 }
    lastStore = store
  }

  /// Writes a line.
  mutating func write(_ slot: SlotCondition, to output: inout Output) {
    output.object(.inline) { slot.write(to: &$0) }
    output.line()
    count(store: slot.store)
  }

  /// Writes the last line.
  func end(isComplete: Bool, to output: inout Output) {
    output.object(.inline) { output in
      output.member("slots", slotCount)
      output.member("stores", storeCount)
      output.member("complete", isComplete)
    }
    output.line()
  }
}

/// Reads a stream from a file, line by line. What is wrong with it is told, and the rest is read.
final class SweepStreamReader {
  /// How long a line may be, in bytes. One for a slot has some hundred.
  private static let lineByteCountMax = 1 << 20
  /// How many lines that are wrong are told of.
  private static let toldCountMax = 10

  private let path: String
  private let descriptor: Int32
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)
  private var unread = 0..<0
  private var lineNumber = 0
  private var slotCount = 0
  private var hasHeader = false
  private var hasTrailer = false
  private var last: SweepLine?
  private var problemCount = 0
  private var hasEnded = false

  /// Whether nothing was wrong so far, and at the end that nothing is missing.
  var isWhole: Bool { problemCount == 0 }

  /// Opens a file.
  init(path: String) throws(Failure) {
    self.path = path
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(failed: "open", file: path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The next line about a slot; nil at the end.
  func next() -> SweepLine? {
    while !hasEnded {
      guard let bytes = nextLine() else {
        end()
        return nil
      }
      if let found = read(bytes) { return found }
    }
    return nil
  }

  private func read(_ bytes: [UInt8]) -> SweepLine? {
    do throws(SweepLineError) {
      let content = try SweepStreamLine(bytes)
      if hasTrailer { throw SweepLineError(text: "a line behind the last one") }
      if case .header = content {
        if hasHeader || lineNumber > 1 { throw SweepLineError(text: "a first line within the stream") }
        hasHeader = true
        return nil
      }
      if !hasHeader {
        // Told once.
        hasHeader = true
        tell("expected a first line with the schema \(FleetSweep.schema), found none")
      }
      switch content {
      case .header: return nil
      case .trailer(let count, let isComplete):
        hasTrailer = true
        if count != slotCount { throw SweepLineError(text: "expected \(count) slots, found \(slotCount)") }
        if !isComplete { throw SweepLineError(text: "the stream says that it is incomplete") }
        return nil
      case .slot(let condition):
        slotCount += 1
        let line = SweepLine(store: condition.store, slot: condition.slot, time: condition.time, bytes: bytes)
        if let last, SweepLine.isBefore(line, last) {
          throw SweepLineError(
            text: "expected what comes behind \(last.store) \(last.slot), found \(line.store) \(line.slot)")
        }
        last = line
        return line
      }
    } catch {
      tell(error.text)
      return nil
    }
  }

  private func end() {
    hasEnded = true
    if !hasTrailer { tell("expected a last line with counts, found the end: the stream is cut") }
    let rest = problemCount - Self.toldCountMax
    if rest > 0 { Talk.say("and \(counted(rest, "more place")) where the stream is broken", about: path) }
  }

  private func tell(_ text: String) {
    problemCount += 1
    if problemCount <= Self.toldCountMax { Talk.say(text, about: "\(path):\(lineNumber)") }
  }

  /// The next line without its end; nil at the end of the file.
  private func nextLine() -> [UInt8]? {
    lineNumber += 1
    var line: [UInt8] = []
    var isTooLong = false
    while true {
      if unread.isEmpty, !fill() {
        if line.isEmpty { return nil }
        tell("expected a line feed, found the end")
        return nil
      }
      let end = buffer[unread].firstIndex(of: UInt8(ascii: "\n"))
      let part = buffer[unread.lowerBound..<(end ?? unread.upperBound)]
      if line.count + part.count > Self.lineByteCountMax { isTooLong = true }
      if !isTooLong { line += part }
      unread = (end.map { $0 + 1 } ?? unread.upperBound)..<unread.upperBound
      guard end != nil else { continue }
      if !isTooLong { return line }
      tell("expected a line of at most \(size(UInt64(Self.lineByteCountMax))), found a longer one")
      line = []
      isTooLong = false
      lineNumber += 1
    }
  }

  private func fill() -> Bool {
    while true {
      // The buffer is valid within the call, which fills no more than it has.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        unread = 0..<count
        return true
      }
      if count < 0, errno == EINTR { continue }
      // strerror of glibc never returns nil.
      if count < 0 { tell(unsafe "\(String(cString: strerror(errno))) (read)") }
      return false
    }
  }
}
