// Dlists as trees: made up, written in any form that a reader must accept, and read by a second reader.
//
// Shares no code with the library. The second reader is recursive and copies what it reads.

import CyrusMailboxes
import TestSupport

@testable import CyrusDatabase

/// A dlist or a part of one.
indirect enum DListTree: Equatable {
  case pairs([Pair])
  case list([DListTree])
  case string([UInt8])
  case null

  struct Pair: Equatable {
    let key: [UInt8]
    let value: DListTree
  }

  enum Form { case atom, quoted, literal }
}

// MARK: - Making up and writing

/// Writes made-up dlists, and notes which strings no Cyrus would have written so.
struct DListWriter {
  /// Whether every string is written in a form that Cyrus uses for it.
  let isAsCyrus: Bool
  var random: SplitMix64
  private(set) var bytes: [UInt8] = []
  private(set) var unusualCount = 0

  init(isAsCyrus: Bool, _ random: SplitMix64) {
    self.isAsCyrus = isAsCyrus
    self.random = random
  }

  /// A made-up list of pairs, not deeper than 16.
  mutating func tree(depth: Int = 1) -> DListTree {
    let count = random.below(6)
    return .pairs((0..<count).map { _ in DListTree.Pair(key: string(), value: value(depth: depth)) })
  }

  private mutating func value(depth: Int) -> DListTree {
    if depth < 16, random.chance(1, in: 3) {
      if random.chance(1, in: 2) { return tree(depth: depth + 1) }
      return .list((0..<random.below(5)).map { _ in value(depth: depth + 1) })
    }
    return random.chance(1, in: 8) ? .null : .string(string())
  }

  private mutating func string() -> [UInt8] {
    switch random.below(12) {
    case 0: return []
    case 1: return Array("NIL".utf8)
    case 2: return random.bytes(random.below(5))
    case 3: return [UInt8](repeating: 0x78, count: 1022 + random.below(4))
    case 4, 5:
      let odd = Array(" ()\"\\%{}*\r\n\u{0}\u{1D}\u{1F}\u{7F}ü)\tN".utf8)
      return (0..<1 + random.below(4)).map { _ in odd[random.below(odd.count)] }
    default:
      let plain = Array("abcT012.@:-/~".utf8)
      return (0..<1 + random.below(12)).map { _ in plain[random.below(plain.count)] }
    }
  }

  mutating func write(_ tree: DListTree) {
    switch tree {
    case .pairs(let pairs):
      bytes += Array("%(".utf8)
      for (index, pair) in pairs.enumerated() {
        if index > 0 { bytes.append(0x20) }
        write(pair.key, isKey: true)
        bytes.append(0x20)
        write(pair.value)
      }
      bytes.append(UInt8(ascii: ")"))
    case .list(let values):
      bytes.append(UInt8(ascii: "("))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(0x20) }
        write(value)
      }
      bytes.append(UInt8(ascii: ")"))
    case .string(let string): write(string, isKey: false)
    case .null: bytes += Array("NIL".utf8)
    }
  }

  private mutating func write(_ string: [UInt8], isKey: Bool) {
    let usual = Self.usualForms(of: string)
    var forms = usual
    if !isAsCyrus, random.chance(1, in: 2) {
      forms = [.quoted, .literal]
      if Self.canBeAtom(string, isKey: isKey) { forms.append(.atom) }
    }
    let form = forms[random.below(forms.count)]
    if !usual.contains(form) { unusualCount += 1 }
    switch form {
    case .atom: bytes += string
    case .quoted:
      var isUnusual = false
      bytes.append(UInt8(ascii: "\""))
      for byte in string {
        let mustEscape = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        if mustEscape || !isAsCyrus && random.chance(1, in: 40) {
          if usual.contains(.quoted) { isUnusual = true }
          bytes.append(UInt8(ascii: "\\"))
        }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
      if isUnusual { unusualCount += 1 }
    case .literal:
      bytes += Array("{\(string.count)\(random.chance(1, in: 2) ? "+" : "")}\r\n".utf8) + string
    }
  }

  /// Whether a reader takes these bytes for one atom wherever they stand.
  private static func canBeAtom(_ string: [UInt8], isKey: Bool) -> Bool {
    guard let first = string.first, string.last != UInt8(ascii: ")"), string != Array("NIL".utf8) else { return false }
    return !string.contains(0x20) && !(isKey ? "\"{)" : "\"{)(%").utf8.contains(first)
  }

  /// The forms in which releases of Cyrus write a string; the newest differ on US.
  private static func usualForms(of string: [UInt8]) -> [DListTree.Form] {
    if string.isEmpty { return [.quoted] }
    if string.count >= 1024 || string.contains(where: { $0 >= 0x80 || "\r\n\"%\\".utf8.contains($0) }) {
      return [.literal]
    }
    if string == Array("NIL".utf8) || string.contains(where: { $0 < 0x1F || " {()*\u{7F}".utf8.contains($0) }) {
      return [.quoted]
    }
    return string.contains(0x1F) ? [.atom, .quoted] : [.atom]
  }
}

// MARK: - Reading

/// The second reader.
struct NaiveDListReader {
  private let bytes: [UInt8]
  private var place = 0

  /// What the bytes say, or nil if they are no list of pairs.
  static func read(_ bytes: [UInt8]) -> DListTree? {
    guard bytes.first == UInt8(ascii: "%") else { return nil }
    var reader = NaiveDListReader(bytes: bytes)
    guard let tree = reader.value(depth: 0), reader.place == bytes.count else { return nil }
    return tree
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: Character? { place < bytes.count ? Character(UnicodeScalar(bytes[place])) : nil }

  private mutating func value(depth: Int) -> DListTree? {
    switch next {
    case nil: return nil
    case "%":
      place += 1
      guard next == "(", depth < 16 else { return nil }
      return items(isPairs: true, depth: depth)
    case "(":
      guard depth < 16 else { return nil }
      return items(isPairs: false, depth: depth)
    default:
      guard let (string, isAtom) = string() else { return nil }
      return isAtom && string == Array("NIL".utf8) ? .null : .string(string)
    }
  }

  private mutating func items(isPairs: Bool, depth: Int) -> DListTree? {
    var pairs: [DListTree.Pair] = []
    var values: [DListTree] = []
    place += 1
    while next != ")" {
      var key: [UInt8] = []
      if isPairs {
        guard let (string, isAtom) = string(), next == " ", !isAtom || string != Array("NIL".utf8) else { return nil }
        key = string
        place += 1
      }
      guard let value = value(depth: depth + 1) else { return nil }
      if isPairs { pairs.append(DListTree.Pair(key: key, value: value)) } else { values.append(value) }
      if next == " " { place += 1 } else if next != ")" { return nil }
    }
    place += 1
    return isPairs ? .pairs(pairs) : .list(values)
  }

  private mutating func string() -> (bytes: [UInt8], isAtom: Bool)? {
    switch next {
    case nil: return nil
    case "\"":
      var string: [UInt8] = []
      place += 1
      while next != "\"" {
        if next == "\\" { place += 1 }
        guard place < bytes.count else { return nil }
        string.append(bytes[place])
        place += 1
      }
      place += 1
      return (string, false)
    case "{":
      place += 1
      var digits = bytes[place...].prefix { (0x30...0x39).contains($0) }
      place = digits.endIndex
      if next == "+" { place += 1 }
      guard bytes[place...].starts(with: "}\r\n".utf8) else { return nil }
      place += 3
      digits = digits.drop { $0 == 0x30 }
      guard let length = digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self)), length < bytes.count - place
      else { return nil }
      place += length
      return (Array(bytes[place - length..<place]), false)
    default:
      var atom = bytes[place...].prefix { $0 != 0x20 }
      while atom.last == UInt8(ascii: ")") { atom.removeLast() }
      place = atom.endIndex
      return (Array(atom), true)
    }
  }
}

/// What a scan gives, put together; nil if it ends in an error.
func scannedTree(_ bytes: [UInt8]) -> DListTree? {
  var scanner = DListScanner(bytes.rawSpan)
  guard let event = try? scanner.next(), case .kvlistStart = event,
    let tree = scannedList(isPairs: true, &scanner, bytes), (try? scanner.next()) == .end
  else { return nil }
  return tree
}

private func scannedList(isPairs: Bool, _ scanner: inout DListScanner, _ bytes: [UInt8]) -> DListTree? {
  var pairs: [DListTree.Pair] = []
  var values: [DListTree] = []
  var key: [UInt8] = []
  func string(_ string: DListString) -> [UInt8] {
    var output: [UInt8] = []
    string.append(to: &output, from: bytes.rawSpan)
    return output
  }
  func add(_ value: DListTree) {
    if isPairs { pairs.append(DListTree.Pair(key: key, value: value)) } else { values.append(value) }
  }
  while let event = try? scanner.next() {
    switch event {
    case .key(let found): key = string(found)
    case .string(let found): add(.string(string(found)))
    case .null: add(.null)
    case .kvlistStart, .listStart:
      var isPairs = false
      if case .kvlistStart = event { isPairs = true }
      guard let list = scannedList(isPairs: isPairs, &scanner, bytes) else { return nil }
      add(list)
    case .listEnd: return isPairs ? .pairs(pairs) : .list(values)
    case .looseSpace, .unusualForm: break
    case .end: return nil
    }
  }
  return nil
}

/// Bytes as text. What is not UTF-8 becomes something that no list has.
func utf8(_ bytes: [UInt8]) -> String { String(validating: bytes, as: UTF8.self) ?? "\(bytes)" }
