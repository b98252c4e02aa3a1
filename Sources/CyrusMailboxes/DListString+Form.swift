// In which form Cyrus writes a string of a dlist.
//
//   ""         the empty string
//   atom       below 1024 bytes; not the word NIL; no control bytes, spaces, parentheses, quotes, { % * \, no byte
//              above 0x7E
//   quoted     below 1024 bytes; no CR, LF, quotes, % or \, no byte above 0x7F
//   literal    whatever remains: {3} CR LF up to 2.5, {3+} CR LF from 3.0 on
//
// The first that fits is taken. US (0x1F) counts as fit for an atom up to 3.12 and not from 3.13 on, so a string with it
// is as written in either form. What is quoted never needs a backslash.
//
// Facts: Cyrus's lib/prot.c and lib/imparse.c of releases 2.5.17, 3.0.18, 3.6.1 and 3.13.7.

import CyrusDatabase

extension DListString {
  /// What stands against writing a string as an atom or between quotes.
  private struct Obstacles: OptionSet, BitwiseCopyable {
    let rawValue: UInt8
    /// Not as an atom, whatever the release.
    static let atom = Obstacles(rawValue: 1)
    /// Not as an atom from 3.13 on.
    static let newAtom = Obstacles(rawValue: 2)
    /// Not between quotes.
    static let quotes = Obstacles(rawValue: 4)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(of byte: UInt8) {
      switch byte {
      case 0x80...0xFF, 0x0D, 0x0A, UInt8(ascii: "\""), UInt8(ascii: "%"), UInt8(ascii: "\\"): self = [.atom, .quotes]
      case 0x1F: self = .newAtom
      case 0x00..<0x1F, 0x7F, UInt8(ascii: " "), UInt8(ascii: "{"), UInt8(ascii: "("), UInt8(ascii: ")"),
        UInt8(ascii: "*"):
        self = .atom
      default: self = []
      }
    }
  }

  /// Whether some release of Cyrus writes this string so.
  func isAsWritten(in span: RawSpan) -> Bool {
    if contents.isEmpty { return form == .quoted }
    var obstacles: Obstacles = contents.count < 1024 ? [] : [.atom, .quotes]
    for place in contents { obstacles.formUnion(Obstacles(of: span.byte(at: place))) }
    switch form {
    case .atom: return !obstacles.contains(.atom)
    case .quoted:
      let isNoAtom = isNullWord(in: span) || !obstacles.isDisjoint(with: [.atom, .newAtom])
      return !isEscaped && !obstacles.contains(.quotes) && isNoAtom
    case .literal: return obstacles.contains(.quotes) && hasPlainLength(in: span)
    }
  }

  /// Whether a literal's length has no leading zero. That of an empty one is not asked for.
  private func hasPlainLength(in span: RawSpan) -> Bool {
    span.byte(at: bytes.lowerBound + 1) != UInt8(ascii: "0")
  }
}
