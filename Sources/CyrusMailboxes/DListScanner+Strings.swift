// Reading the strings of a dlist, in their three forms.

import CyrusDatabase

extension DListScanner {
  /// Reads a string in any of its forms; an atom may be empty.
  @inline(__always)
  mutating func readString() throws(DListError) {
    guard offset < bytes.byteCount else { throw error(.truncated) }
    switch byte {
    case UInt8(ascii: "\""): try readQuoted()
    case UInt8(ascii: "{"): try readLiteral()
    default: readAtom()
    }
  }

  @inline(__always)
  private mutating func readAtom() {
    let start = offset
    let (space, hasControlBytes) = bytes.firstSpace(from: start)
    var end = space
    while end > start, bytes.byte(at: end &- 1) == UInt8(ascii: ")") { end &-= 1 }
    offset = end
    string = DListString(.atom, hasControlBytes: hasControlBytes, start..<end)
  }

  private mutating func readQuoted() throws(DListError) {
    let start = offset
    var isEscaped = false
    var hasControlBytes = false
    var place = start + 1
    while place < bytes.byteCount {
      var byte = bytes.byte(at: place)
      if byte == UInt8(ascii: "\"") {
        offset = place + 1
        string = DListString(
          .quoted, isEscaped: isEscaped, hasControlBytes: hasControlBytes, start + 1..<place, head: 1)
        return
      }
      if byte == UInt8(ascii: "\\") {
        isEscaped = true
        place += 1
        guard place < bytes.byteCount else { break }
        byte = bytes.byte(at: place)
      }
      if byte < 0x20 { hasControlBytes = true }
      place += 1
    }
    throw error(.string)
  }

  private mutating func readLiteral() throws(DListError) {
    let start = offset
    let count = bytes.byteCount
    var length = 0
    var place = start + 1
    while place < count, let digit = bytes.digit(at: place) {
      // Longer than what is left is too long already, so nothing can overflow.
      length = length * 10 + digit
      guard length < count else { throw error(.literal) }
      place += 1
    }
    if place < count, bytes.byte(at: place) == UInt8(ascii: "+") { place += 1 }
    guard count - place > 3, bytes.byte(at: place) == UInt8(ascii: "}"), bytes.byte(at: place + 1) == 0x0D,
      bytes.byte(at: place + 2) == 0x0A
    else { throw error(.literal) }
    let contents = place + 3
    // At least the end of the list must follow.
    guard length < count - contents else { throw error(.literal) }
    offset = contents + length
    string = DListString(
      .literal, hasControlBytes: bytes.hasControlBytes(in: contents..<offset), contents..<offset,
      head: contents - start)
  }
}
