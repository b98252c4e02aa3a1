// The committed files of other programs, and what is known about them.

import Foundation
import Testing

@testable import CyrusDatabase

/// A twoskip file of Tests/Fixtures with its ground truth.
struct Fixture: Decodable, Sendable, CustomTestStringConvertible {
  struct Expected: Decodable, Sendable {
    let rule: String
    let offset: UInt64?
  }

  let file: String
  let state: String
  let verdict: String
  /// Records that can be read; nil where nothing exact is claimed.
  let records: Int?
  /// Whether a list of keys and values lies beside the file.
  let content: Bool
  let findings: [Expected]

  var testDescription: String { file }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/").standardized

  static let all: [Fixture] = {
    guard let data = try? Data(contentsOf: folder.appending(path: "twoskip/manifest.json")),
      let fixtures = try? JSONDecoder().decode([Fixture].self, from: data)
    else { return [] }
    return fixtures
  }()

  var path: String { Fixture.path(of: file) }

  static func path(of file: String) -> String { folder.appending(path: "twoskip/\(file)").path }

  var bytes: [UInt8] {
    get throws { Array(try Data(contentsOf: URL(filePath: path))) }
  }

  /// The bytes of the fixture with this name; none if it is missing, which no test passes.
  static func bytes(of file: String) -> [UInt8] {
    let data = try? Data(contentsOf: folder.appending(path: "twoskip/\(file)"))
    return data.map(Array.init) ?? []
  }

  /// The committed records of the fixture with this name, which must all be short.
  static func pairs(of file: String) -> [Pair] {
    let lines = try? String(contentsOf: folder.appending(path: "twoskip/\(file).kv.tsv"), encoding: .utf8)
    return (lines ?? "").split(separator: "\n").map { line in
      let sides = line.split(separator: "\t", omittingEmptySubsequences: false)
      return Pair(bytes(ofHexadecimal: sides[0]), bytes(ofHexadecimal: sides[1]))
    }
  }

  private static func bytes(ofHexadecimal digits: Substring) -> [UInt8] {
    var digits = digits
    var bytes: [UInt8] = []
    while let byte = UInt8(digits.prefix(2), radix: 16) {
      bytes.append(byte)
      digits.removeFirst(2)
    }
    return bytes
  }

  /// The committed records: each key and value as hexadecimal digits, or as a SHA-256 if long.
  var lines: [String] {
    get throws {
      try String(contentsOf: URL(filePath: path + ".kv.tsv"), encoding: .utf8).split(separator: "\n").map(String.init)
    }
  }
}

/// What a snapshot lists, and the damage it met.
struct Listing {
  var records: [(key: [UInt8], value: [UInt8])] = []
  var errors: [DatabaseError] = []

  init(_ snapshot: borrowing Snapshot) {
    self.init(snapshot.records())
  }

  init(_ cursor: consuming RecordCursor) {
    var cursor = cursor
    while true {
      do {
        guard let record = try cursor.next() else { return }
        records.append((Array(record.key), Array(record.value)))
      } catch {
        errors.append(error)
      }
    }
  }
}

extension Listing {
  /// The records as pairs.
  var pairs: [Pair] { records.map { Pair($0.key, $0.value) } }
}
