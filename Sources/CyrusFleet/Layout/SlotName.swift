// The name of a slot, and what it tells about where the slot is.
//
//     slot si2d2 t 40        slot i30 t 01
//          ││││  │ number         prefix: site i, server 30
//          │││└ disk group
//          ││└─ server
//          └┴── site: letters, the last of them i
//
// A number has two digits at least: 01, 99, 100. A prefix is kept as it is written, since i5 and i05 are two prefixes.
// What surprises: d is a kind, too, so sloti30d01 is the first slot of kind d, and no disk group.
//
// Facts: Docs/Formats/fleet-layout.md, sections 3 and 5.

/// What slots of one group have in common: `si2d2` in `slotsi2d2t40`.
public struct SlotPrefix: Sendable, Hashable {
  /// As it is written.
  public let text: String
  /// The letters, which end in `i`: where the server is.
  public let site: String
  /// The digits of the server, as they are written.
  public let serverDigits: String
  /// The digits of the disk group, as they are written; nil if there is none.
  public let diskDigits: String?

  /// The number of the server; nil if it is too large for one.
  public var server: UInt64? { UInt64(serverDigits) }
  /// The number of the disk group; nil if there is none, or it is too large.
  public var disk: UInt64? { diskDigits.flatMap { UInt64($0) } }

  /// Reads a prefix; nil if the text is none.
  public init?(_ text: String) {
    var rest = text.utf8[...]
    self.init(takenFrom: &rest)
    if !rest.isEmpty { return nil }
  }

  /// Takes a prefix off the front of a text; nil if there is none.
  fileprivate init?(takenFrom rest: inout Substring.UTF8View) {
    let start = rest
    let site = rest.takeWhile { ASCII.isLowercase($0) }
    let server = rest.takeWhile { ASCII.isDigit($0) }
    guard site.last == UInt8(ascii: "i"), !server.isEmpty else { return nil }
    var disk: Substring.UTF8View?
    if rest.first == UInt8(ascii: "d") {
      // A disk group only if it is followed by a kind, or by nothing.
      var behind = rest.dropFirst()
      let digits = behind.takeWhile { ASCII.isDigit($0) }
      if !digits.isEmpty, behind.first.map({ ASCII.isLowercase($0) }) ?? true {
        disk = digits
        rest = behind
      }
    }
    self.site = String(Substring(site))
    serverDigits = String(Substring(server))
    diskDigits = disk.map { String(Substring($0)) }
    text = String(Substring(start[start.startIndex..<rest.startIndex]))
  }
}

/// The name of a slot, such as `sloti30t01`.
public struct SlotName: Sendable, Hashable {
  /// What comes before the kind.
  public let prefix: SlotPrefix
  /// The letter of the kind: `t` for slots of a terabyte.
  public let kind: Character
  /// Which one of its group, counted from 1.
  public let number: UInt64

  /// The slot with this number of a group.
  public init(prefix: SlotPrefix, kind: Character, number: UInt64) {
    self.prefix = prefix
    self.kind = kind
    self.number = number
  }

  /// Reads a name as it is written; nil if the text is none, or has another number of leading zeros than names have.
  public init?(_ text: String) {
    guard text.hasPrefix("slot") else { return nil }
    var rest = text.utf8.dropFirst(4)
    // A group of disks that ends the text can only be a kind and a number.
    guard let whole = SlotPrefix(takenFrom: &rest) else { return nil }
    var prefix = whole
    if rest.isEmpty {
      guard let digits = whole.diskDigits, let shorter = SlotPrefix(whole.site + whole.serverDigits) else { return nil }
      prefix = shorter
      rest = ("d" + digits).utf8[...]
    }
    guard let kind = rest.popFirst(), ASCII.isLowercase(kind) else { return nil }
    let digits = String(Substring(rest))
    guard digits.utf8.allSatisfy({ ASCII.isDigit($0) }), let number = UInt64(digits), number > 0,
      Self.digits(of: number) == digits
    else { return nil }
    self.init(prefix: prefix, kind: Character(Unicode.Scalar(kind)), number: number)
  }

  /// As it is written.
  public var text: String { "slot" + prefix.text + String(kind) + numberText }
  /// The number with two digits or more.
  public var numberText: String { Self.digits(of: number) }

  private static func digits(of number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Substring.UTF8View {
  /// Takes off the front what fulfils a condition.
  fileprivate mutating func takeWhile(_ condition: (UInt8) -> Bool) -> Substring.UTF8View {
    let end = firstIndex { !condition($0) } ?? endIndex
    defer { self = self[end...] }
    return self[startIndex..<end]
  }
}
