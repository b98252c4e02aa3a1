// Mailbox names by the letter of the format description: arrays and splitting, slow and obvious.
//
// Shares no code with the library. Tests and the fuzzer, which has a link to this file, compare the two.

/// The parts of a name, as the description takes it apart.
struct NaiveName: Equatable {
  var domain: [UInt8]?
  var deletedAt: UInt64?
  var localpart: [UInt8]?
  var boxes: [[UInt8]] = []
  /// The database name, without a default domain.
  var databaseName: [UInt8]

  static let us: UInt8 = 0x1F
  static let gs: UInt8 = 0x1D

  init(databaseName: [UInt8], deletedPrefix: String = "DELETED", defaultDomain: String = "") {
    self.databaseName = databaseName
    var rest = databaseName
    if let mark = databaseName.firstIndex(of: Self.gs) {
      domain = Array(databaseName[..<mark])
      rest = Array(databaseName[(mark + 1)...])
      if domain == Array(defaultDomain.utf8), !defaultDomain.isEmpty, !rest.contains(Self.gs) {
        domain = nil
        self.databaseName = rest
      }
    }
    var pieces = rest.isEmpty ? [] : rest.split(separator: Self.us, omittingEmptySubsequences: false).map(Array.init)
    if pieces.count > 2, pieces.first == Array(deletedPrefix.utf8), let last = pieces.last, 1...16 ~= last.count,
      last.allSatisfy({ Array("0123456789abcdefABCDEF".utf8).contains($0) }),
      let time = UInt64(String(decoding: last, as: UTF8.self), radix: 16)
    {
      deletedAt = time
      pieces = Array(pieces.dropFirst().dropLast())
    }
    if pieces.count > 1, pieces.first == Array("user".utf8) {
      localpart = pieces[1]
      pieces = Array(pieces.dropFirst(2))
    }
    boxes = pieces
  }

  /// An internal name is what its conversion is.
  init(internalName: [UInt8], deletedPrefix: String = "DELETED", defaultDomain: String = "") {
    let mark = internalName.firstIndex { $0 == Self.gs || $0 == UInt8(ascii: "!") }
    let rest = mark.map { Array(internalName[($0 + 1)...]) } ?? internalName
    let converted: [UInt8] = rest.map { byte in
      if byte == UInt8(ascii: ".") { return Self.us }
      return byte == UInt8(ascii: "^") ? UInt8(ascii: ".") : byte
    }
    let domain = mark.map { Array(internalName[..<$0]) + [Self.gs] } ?? []
    self.init(databaseName: domain + converted, deletedPrefix: deletedPrefix, defaultDomain: defaultDomain)
  }

  var owner: [UInt8]? { localpart.map { user in user + (domain.map { Array("@".utf8) + $0 } ?? []) } }
}
