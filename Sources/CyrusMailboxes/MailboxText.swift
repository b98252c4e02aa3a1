// A string of a key or value, seen in place.
//
// Nearly always its bytes are what is stored. Only in a quoted string of a dlist a backslash may stand before a byte; no
// Cyrus writes that, but every Cyrus reads it.

import CyrusDatabase

/// A string of a key or value, seen in place. Need not be UTF-8, and may hold any byte.
///
/// Valid as long as the bytes that were decoded. Two views are compared with ``equals(_:)-(MailboxText)``.
public struct MailboxText: ~Escapable {
  /// The bytes as stored. They are the string itself, unless ``isEscaped``.
  public let storedBytes: RawSpan
  /// Whether ``storedBytes`` hold backslashes that are not part of the string.
  public let isEscaped: Bool

  @_lifetime(copy storedBytes)
  @inline(__always)
  init(_ storedBytes: RawSpan, isEscaped: Bool = false) {
    self.storedBytes = storedBytes
    self.isEscaped = isEscaped
  }

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ string: DListString, in bytes: RawSpan) {
    self.init(bytes.extracting(string.contents), isEscaped: string.isEscaped)
  }

  /// Whether the string has no byte.
  public var isEmpty: Bool { storedBytes.byteCount == 0 }

  /// How many bytes the string has. O(1) unless ``isEscaped``.
  @inlinable
  public var byteCount: Int { isEscaped ? unescapedByteCount : storedBytes.byteCount }

  @usableFromInline
  var unescapedByteCount: Int {
    var count = 0
    var bytes = self.bytes()
    while bytes.next() != nil { count += 1 }
    return count
  }

  /// The string's bytes, to keep.
  public func copy() -> [UInt8] {
    guard isEscaped else { return Array(storedBytes) }
    var output: [UInt8] = []
    append(to: &output)
    return output
  }

  /// Appends the string's bytes.
  public func append(to output: inout [UInt8]) {
    var bytes = self.bytes()
    while let byte = bytes.next() { output.append(byte) }
  }

  /// Whether both are the same string. O(length).
  public func equals(_ other: MailboxText) -> Bool {
    if !isEscaped, !other.isEscaped { return storedBytes.holdsSameBytes(as: other.storedBytes) }
    var left = bytes()
    var right = other.bytes()
    while let byte = left.next() {
      if right.next() != byte { return false }
    }
    return right.next() == nil
  }

  /// Whether this is the string with the UTF-8 bytes of `text`. O(length).
  public func equals(_ text: String) -> Bool {
    var bytes = self.bytes()
    for byte in text.utf8 {
      if bytes.next() != byte { return false }
    }
    return bytes.next() == nil
  }

  /// The string's bytes, one after the other.
  @_lifetime(copy self)
  @inline(__always)
  func bytes() -> Bytes { Bytes(storedBytes, isEscaped: isEscaped) }

  /// Goes through the bytes of a string.
  struct Bytes: ~Escapable {
    private let span: RawSpan
    private let isEscaped: Bool
    private var offset = 0

    @_lifetime(copy span)
    @inline(__always)
    init(_ span: RawSpan, isEscaped: Bool) {
      self.span = span
      self.isEscaped = isEscaped
    }

    @inline(__always)
    mutating func next() -> UInt8? {
      guard offset < span.byteCount else { return nil }
      // A quoted string never ends with a backslash that takes nothing.
      if isEscaped, span.byte(at: offset) == UInt8(ascii: "\\"), offset + 1 < span.byteCount { offset += 1 }
      offset += 1
      return span.byte(at: offset - 1)
    }
  }
}
