// What must hold whatever the bytes are. Used by the tests and by the fuzzer.

import CyrusMailboxes

@testable import CyrusDatabase

/// Decodes bytes in every way there is, and compares.
enum Decoding {
  /// What contradicts itself, or a second reader, in a scan of these bytes.
  static func contradictions(inDList bytes: [UInt8]) -> [String] {
    var texts: [String] = []
    if scannedTree(bytes) != NaiveDListReader.read(bytes) { texts.append("another tree than the second reader's") }
    let strict = events(in: bytes, isStrict: true, &texts)
    let lenient = events(in: bytes, isStrict: false, &texts)
    if strict.filter({ !$0.isUnusualForm }) != lenient { texts.append("a strict scan meets something else") }
    if lenient.contains(where: \.isUnusualForm) { texts.append("a lenient scan is strict") }
    return texts
  }

  private static func events(in bytes: [UInt8], isStrict: Bool, _ texts: inout [String]) -> [DListEvent] {
    var scanner = DListScanner(bytes.rawSpan, isStrict: isStrict)
    var events: [DListEvent] = []
    while events.count <= 2 * bytes.count + 2 {
      let offset = scanner.offset
      do throws(DListError) {
        let event = try scanner.next()
        let range = event.bytes ?? offset..<offset
        if range.lowerBound < offset || range.upperBound > bytes.count {
          texts.append("\(event) at \(offset) of \(bytes.count)")
        }
        if scanner.offset < offset || !(0...DListScanner.depthMax ~= scanner.depth) {
          texts.append("offset \(scanner.offset) after \(offset), depth \(scanner.depth)")
        }
        events.append(event)
        if event == .end { return events }
      } catch {
        if !(0...bytes.count ~= error.offset) { texts.append("\(error) of \(bytes.count)") }
        return events
      }
    }
    texts.append("a scan without an end")
    return events
  }
}

extension DListEvent {
  fileprivate var isUnusualForm: Bool {
    if case .unusualForm = self { return true }
    return false
  }

  /// The bytes it is about; nil if they came before.
  fileprivate var bytes: Range<Int>? {
    switch self {
    case .key(let string), .string(let string): string.bytes
    case .null(let bytes): bytes
    case .kvlistStart(let offset), .listStart(let offset), .listEnd(let offset), .looseSpace(let offset):
      offset..<offset + 1
    case .unusualForm, .end: nil
    }
  }
}
