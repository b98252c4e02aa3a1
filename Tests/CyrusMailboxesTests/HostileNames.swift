// Random names, sound ones and such as nobody would choose.

import TestSupport

/// Makes random names.
struct HostileNames {
  var random: SplitMix64

  private static let words = [
    "", "user", "joe", "joe.smith", "ann", "INBOX", "inbox", "InBox", "DELETED", "deleted", "5F0E1D2C", "0", "nothex",
    "10000000000000000", "FFFFFFFFFFFFFFFF", "anyone", "anonymous", "%x", "~lead", "$RACL", ".", "..", "^", "a^b",
    "a.b",
    "Sent Items", "Entw&APw-rfe", "&ZeVnLIqe-", "amp&-ersand", "a&b", "&AGE-", "&2D3eAA-", "Other Users",
    "Shared Folders", "Alt Folders", "shared", "news", "domain", "uuid", "quota", "root", "global", "lock", "a.b",
    "example.com", "internal", "*U*joe", "cyrus.header", "x", "uml\u{E4}ut", "a/b", "a!b", "0123456789abcdef",
  ].map { Array($0.utf8) }

  private static let domains = ["example.com", "internal", "mail.example.org", "", "x", "a/b", "user"].map {
    Array($0.utf8)
  }

  /// One piece: a word, or bytes of which many mean something.
  mutating func piece() -> [UInt8] {
    if !random.chance(1, in: 4) { return Self.words[random.below(Self.words.count)] }
    return (0..<random.below(6)).map { _ in byte() }
  }

  mutating func byte() -> UInt8 {
    let bytes: [UInt8] = [
      0, 9, 10, 0x1D, 0x1E, 0x1F, 0x20, 0x21, 0x24, 0x25, 0x26, 0x2A, 0x2C, 0x2D, 0x2E, 0x2F, 0x40, 0x41, 0x5C, 0x5E,
      0x61, 0x7E, 0x7F, 0x80, 0xC3, 0xFF,
    ]
    return random.chance(1, in: 8) ? UInt8(random.below(256)) : bytes[random.below(bytes.count)]
  }

  /// A database name, an internal name, or bytes.
  mutating func name() -> [UInt8] {
    if random.chance(1, in: 10) { return (0..<random.below(30)).map { _ in byte() } }
    var pieces = (0..<1 + random.below(4)).map { _ in piece() }
    if random.chance(1, in: 2) { pieces.insert(Array("user".utf8), at: 0) }
    if random.chance(1, in: 4) { pieces = [Array("DELETED".utf8)] + pieces + [Array("5F0E1D2C".utf8)] }
    let isInternal = random.chance(1, in: 2)
    var name = Array(pieces.joined(separator: [isInternal ? UInt8(ascii: ".") : 0x1F]))
    if random.chance(1, in: 3) {
      name = Self.domains[random.below(Self.domains.count)] + [isInternal ? UInt8(ascii: "!") : 0x1D] + name
    }
    return name
  }

  /// What somebody could type.
  mutating func typed() -> [UInt8] {
    let separator: [UInt8] = random.chance(1, in: 2) ? [UInt8(ascii: "/")] : [UInt8(ascii: ".")]
    let pieces = (0..<1 + random.below(4)).map { _ in piece() }
    let domain = random.chance(1, in: 4) ? Array("@".utf8) + Self.domains[random.below(Self.domains.count)] : []
    return Array(pieces.joined(separator: separator)) + domain
  }

  /// A path below one of the directories that `NameExamination` looks in.
  mutating func path() -> [UInt8] {
    let letters = ["a", "e", "j", "q", "u", "B", "C", "O", "T"]
    var pieces: [[UInt8]] = []
    let bits = random.below(64)
    if bits & 3 == 0 { pieces += [Array("domain".utf8)] }
    if bits & 4 != 0 { pieces += [Array(letters[random.below(letters.count)].utf8)] }
    if bits & 24 == 0 { pieces += [Array("user".utf8)] }
    if bits & 48 == 0 { pieces += ["uuid", "a", "b", "ab34567890abcdef"].map { Array($0.utf8) } }
    pieces += (0..<random.below(4)).map { _ in piece() }
    let endings = ["", ".seen", ".sub", ".lock", "/1.", "/cyrus.index", "/sub.db", "/other"]
    return Array(pieces.joined(separator: [UInt8(ascii: "/")])) + endings[random.below(endings.count)].utf8
  }
}
