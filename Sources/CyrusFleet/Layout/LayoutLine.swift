// One line of a layout, read alone: what it says, and what is odd about it.
//
// Fields are separated by runs of blanks, `#` starts a comment. A line whose first field is `store` and digits is that of
// a store, one of seven fields whose third is a letter and digits is that of slots; nothing else is readable.
//
// Facts: Docs/Formats/fleet-layout.md, section 2.

/// A line of a layout.
public struct LayoutLine: Sendable, Hashable {
  /// What a line says.
  public enum Content: Sendable, Hashable {
    /// Nothing: no field, but perhaps a comment.
    case empty
    /// That there are slots.
    case slots(SlotGroup)
    /// That there is a store.
    case store(FleetStore)
    /// Something else.
    case unreadable
  }

  /// The bytes, with the line's end if it has one.
  public let bytes: [UInt8]
  /// What it says.
  public let content: Content
  /// At which byte each field begins, counted from 1.
  let columns: [Int]

  /// Reads a line, and tells what is odd about it.
  init(_ bytes: [UInt8], number: Int, _ findings: inout [LayoutFinding]) {
    self.bytes = bytes
    var text = bytes[...]
    if text.last == UInt8(ascii: "\n") {
      text = text.dropLast()
      if text.last == UInt8(ascii: "\r") {
        text = text.dropLast()
        findings.append(LayoutFinding(.carriageReturn, line: number, column: text.count + 1, "ends in CR LF"))
      }
    }
    let (fields, odd) = Self.fields(of: text)
    if let odd {
      findings.append(
        LayoutFinding(.oddBlanks, line: number, column: odd, "a no-break space (U+00A0) stands between fields"))
    }
    columns = fields.map(\.column)
    guard let first = fields.first else {
      content = .empty
      return
    }
    do throws(Unreadable) {
      if first.text.unicodeScalars.first == "\u{FEFF}" {
        throw Unreadable(first.column, "begins with a byte order mark")
      } else if first.isStoreName {
        content = .store(try FleetStore(fields))
      } else if fields.count == 7, fields[2].isKindAndCount {
        content = .slots(try SlotGroup(fields))
      } else {
        throw Self.unreadable(fields, first)
      }
    } catch {
      content = .unreadable
      findings.append(LayoutFinding(.unreadable, line: number, column: error.column, error.message))
    }
  }

  /// Why fields are neither a store nor slots: by what they look most like.
  private static func unreadable(_ fields: [LayoutField], _ first: LayoutField) -> Unreadable {
    let nothing = "neither the line of a store nor one of slots"
    guard SlotPrefix(first.text) != nil else { return Unreadable(first.column, nothing) }
    if fields.count != 7 {
      return Unreadable(first.column, "slots: expected 7 fields, found \(fields.count)")
    }
    return Unreadable(
      fields[2].column, "kind and count: expected a small letter and digits, as in t15, found '\(fields[2].shown)'")
  }

  /// The fields before a comment, and where the first no-break space stands between them.
  private static func fields(of text: ArraySlice<UInt8>) -> (fields: [LayoutField], oddColumn: Int?) {
    var fields: [LayoutField] = []
    var odd: Int?
    var start: Int?
    var index = text.startIndex
    func end(_ start: Int) {
      fields.append(LayoutField(text: String(decoding: text[start..<index], as: UTF8.self), column: start + 1))
    }
    while index < text.endIndex, text[index] != UInt8(ascii: "#") {
      let isOdd = text[index] == 0xC2 && index + 1 < text.endIndex && text[index + 1] == 0xA0
      if isOdd || text[index] == UInt8(ascii: " ") || text[index] == UInt8(ascii: "\t") {
        if let begun = start { end(begun) }
        start = nil
        if isOdd, odd == nil { odd = index + 1 }
        index += isOdd ? 2 : 1
      } else {
        if start == nil { start = index }
        index += 1
      }
    }
    if let begun = start { end(begun) }
    return (fields, odd)
  }
}

/// A field of a line.
struct LayoutField {
  let text: String
  /// At which byte of the line it begins, counted from 1.
  let column: Int

  var isNumber: Bool { !text.isEmpty && text.utf8.allSatisfy { ASCII.isDigit($0) } }
  var isStoreName: Bool { text.hasPrefix("store") && LayoutField(text: String(text.dropFirst(5)), column: 0).isNumber }
  var isKindAndCount: Bool {
    // What joins a letter would be dropped with it: so by bytes.
    let digits = text.utf8.dropFirst()
    return (text.utf8.first.map { ASCII.isLowercase($0) } ?? false) && !digits.isEmpty
      && digits.allSatisfy { ASCII.isDigit($0) }
  }

  func number(_ name: String, atMost limit: UInt64 = UInt64(UInt32.max)) throws(Unreadable) -> UInt64 {
    guard isNumber else { throw Unreadable(column, "\(name): expected a number, found '\(shown)'") }
    guard let number = UInt64(text), number <= limit else {
      throw Unreadable(column, "\(name): expected at most \(limit), found \(shown)")
    }
    return number
  }

  /// The text, if all of its bytes are of some kind.
  func word(_ name: String, _ wanted: String, _ isAllowed: (Int, UInt8) -> Bool) throws(Unreadable) -> String {
    guard text.utf8.enumerated().allSatisfy({ isAllowed($0.offset, $0.element) }) else {
      throw Unreadable(column, "\(name): expected \(wanted), found '\(shown)'")
    }
    return text
  }

  /// As messages show it: printable, and not too long.
  var shown: String {
    let start = text.unicodeScalars.prefix(40).map { $0.isASCII && $0.value >= 0x20 && $0.value < 0x7F ? $0 : "?" }
    return String(String.UnicodeScalarView(start)) + (text.unicodeScalars.count > 40 ? "…" : "")
  }
}

/// Why a line cannot be read.
struct Unreadable: Error {
  let column: Int
  let message: String

  init(_ column: Int, _ message: String) {
    self.column = column
    self.message = message
  }
}

extension SlotGroup {
  /// - Precondition: there are seven fields, the third a letter and digits.
  fileprivate init(_ fields: [LayoutField]) throws(Unreadable) {
    guard let prefix = SlotPrefix(fields[0].text) else {
      throw Unreadable(
        fields[0].column,
        "prefix: expected letters that end in i and a number, as in i30 or si2d2, found "
          + "'\(fields[0].shown)'")
    }
    self.prefix = prefix
    server = try fields[1].number("server")
    kind = fields[2].text.first ?? "t"
    count = try LayoutField(text: String(fields[2].text.dropFirst()), column: fields[2].column + 1).number("count")
    metadataSize = try fields[3].number("metadata size")
    dataSize = try fields[4].number("data size")
    fileSystem = try fields[5].word("file system", "a letter, then letters and digits") { place, byte in
      ASCII.isLetter(byte) || place > 0 && ASCII.isDigit(byte)
    }
    guard let address = IPv4Address(fields[6].text) else {
      throw Unreadable(fields[6].column, "address: expected four numbers as in 10.202.80.1, found '\(fields[6].shown)'")
    }
    firstAddress = address
  }
}

extension FleetStore {
  /// - Precondition: the first field is `store` and digits.
  fileprivate init(_ fields: [LayoutField]) throws(Unreadable) {
    guard fields.count >= 5 else {
      throw Unreadable(
        fields[0].column,
        "store: expected a location, a branch, a target and slots, found \(fields.count - 1) of these fields")
    }
    let digits = LayoutField(text: String(fields[0].text.dropFirst(5)), column: fields[0].column + 5)
    number = try digits.number("number of the store", atMost: UInt64(Int64.max))
    name = fields[0].text
    masterLocation = try fields[1].word("location", "letters") { ASCII.isLetter($1) }
    branch = try fields[2].word("branch", "a letter or digit, then also . _ - and +", Self.isOfBranch)
    target = try fields[3].number("target")
    var slots: [SlotName] = []
    for field in fields[4...] {
      guard let slot = SlotName(field.text) else {
        throw Unreadable(field.column, "slot: expected a name as in sloti30t01, found '\(field.shown)'")
      }
      slots.append(slot)
    }
    self.slots = slots
  }

  /// Whether a text can be a branch. It becomes part of paths, and of commands that people paste.
  public static func isBranch(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.enumerated().allSatisfy { isOfBranch($0.offset, $0.element) }
  }

  private static func isOfBranch(_ place: Int, _ byte: UInt8) -> Bool {
    ASCII.isLetter(byte) || ASCII.isDigit(byte) || place > 0 && "._-+".utf8.contains(byte)
  }
}
