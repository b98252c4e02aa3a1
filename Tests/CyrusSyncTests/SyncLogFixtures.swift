// The sync logs among the fixtures.

import Foundation
import Testing

enum SyncLogFixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/sync")

  /// The bytes of a file below the folder of the fixtures.
  static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: path))) }

  /// What Cyrus made of a log that nobody should write.
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    struct Diagnostic: Decodable, Hashable { let line: Int, problem: String }

    let name: String
    let input: String?
    let inputLength: Int
    let parsed: [[String]]?
    let diagnostics: [Diagnostic]

    enum CodingKeys: String, CodingKey { case name = "case", input, inputLength, parsed, diagnostics }

    var testDescription: String { name }

    /// The log. A character stands for a byte; the one that is too long to be listed is made up anew.
    var bytes: [UInt8] {
      guard let input else {
        return Array(("MAILBOX " + String(repeating: "x", count: inputLength - 24) + "\nMAILBOX shared\n").utf8)
      }
      return SyncLogFixtures.bytes(of: input)
    }
  }

  static let badLines = (try? JSONDecoder().decode([Case].self, from: Data(bytes("logs/bad-lines.json")))) ?? []

  /// Bytes of which each stands as a character.
  static func bytes(of text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
}
