// Reading twoskip bytes without a file, through the code that a snapshot uses.
//
// Thousands of spoiled files are read by some tests; making real files of them all would take too long. A sample
// goes through real files, see `FlipTests`.

import TestSupport

@testable import CyrusDatabase

/// A key and its value.
struct Pair: Hashable, CustomStringConvertible {
  let key: [UInt8]
  let value: [UInt8]

  init(_ key: [UInt8], _ value: [UInt8]) {
    self.key = key
    self.value = value
  }

  init(_ pair: TwoskipPair) { self.init(pair.key, pair.value) }

  var description: String { "\(text(key)) = \(text(value))" }
}

/// Bytes for a message: as text if they are plain ASCII, otherwise as hexadecimal digits.
func text(_ bytes: [UInt8]) -> String {
  if bytes.allSatisfy({ 0x20..<0x7F ~= $0 }) { return "\"" + String(decoding: bytes, as: UTF8.self) + "\"" }
  return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// What a walk over a file gives.
struct Walk: Equatable {
  var pairs: [Pair] = []
  var errors: [TwoskipError] = []
  /// How many pairs came before the first error.
  var pairsBeforeError = 0
  /// Whether the header could not be trusted, so that there was no walk.
  var isRefused = false

  /// Everything, as ``Snapshot/records()`` lists it.
  init(of bytes: [UInt8]) {
    self.init(of: bytes) { _ in nil }
  }

  /// From the first key not smaller than `start`, as a listing that starts there.
  init(of bytes: [UInt8], from start: [UInt8]) {
    self.init(of: bytes) { state in try? state.search(for: start.rawSpan) }
  }

  private init(
    of bytes: [UInt8],
    position: (borrowing TwoskipState) -> (position: TwoskipState.Position, order: KeyOrder, isOrderProven: Bool)?
  ) {
    if bytes.isEmpty { return }
    let span = bytes.rawSpan
    if isInterruptedCreation(span, fileByteCount: UInt64(bytes.count)) { return }
    let end: UInt64
    do throws(TwoskipError) { end = try TwoskipHeader(of: span).currentSize } catch {
      errors = [error]
      isRefused = true
      return
    }
    // As a snapshot, nothing behind the committed end is mapped.
    let mapped = span.slice(at: 0, count: min(bytes.count, Int(end)))
    var cursor = TwoskipCursor(mapped, end: end)
    if let found = position(TwoskipState(mapped, end: end)) {
      cursor = TwoskipCursor(mapped, end: end, at: found.position, order: found.order)
    }
    while true {
      do throws(TwoskipError) {
        guard let record = try cursor.next() else { break }
        pairs.append(Pair([UInt8](record.key(in: mapped)), [UInt8](record.value(in: mapped))))
      } catch {
        if errors.isEmpty { pairsBeforeError = pairs.count }
        errors.append(error)
        // Each call goes forward, so there cannot be more errors than records that fit.
        if errors.count > bytes.count / 8 { break }
      }
    }
    if errors.isEmpty { pairsBeforeError = pairs.count }
  }
}

/// What a lookup says: the value, nil for no such key, or the error.
func lookup(_ key: [UInt8], in bytes: [UInt8]) throws(TwoskipError) -> [UInt8]? {
  if bytes.isEmpty { return nil }
  let span = bytes.rawSpan
  if isInterruptedCreation(span, fileByteCount: UInt64(bytes.count)) { return nil }
  let end = try TwoskipHeader(of: span).currentSize
  let mapped = span.slice(at: 0, count: min(bytes.count, Int(end)))
  let position = try TwoskipState(mapped, end: end).search(for: key.rawSpan).position
  guard position.isMatch, let record = position.at else { return nil }
  return [UInt8](record.value(in: mapped))
}

extension Snapshot {
  /// A copy of the value under a key; nil if there is no such key.
  func value(of key: [UInt8]) throws(DatabaseError) -> [UInt8]? {
    guard let record = try record(for: key.rawSpan) else { return nil }
    return [UInt8](record.value)
  }
}

/// The report on the bytes of a file.
func report(on bytes: [UInt8], _ depth: VerificationDepth = .full) -> VerificationReport {
  TwoskipVerifier.report(on: bytes.rawSpan, depth: depth)
}
