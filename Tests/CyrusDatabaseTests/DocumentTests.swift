// What the documents say must be what the code is.

import Foundation
import Testing

@testable import CyrusDatabase

@Suite struct DocumentTests {
  private func text(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test func `the example in the README is the one that is built`() throws {
    for name in ["FirstLook", "ReplicaLook"] {
      let example = try text("Examples/\(name)/main.swift")
      #expect(try text("README.md").contains("```swift\n" + example + "```"), "\(name)")
    }
  }

  @Test(arguments: TwoskipRule.allCases)
  func `the format description has every rule, with its number`(_ rule: TwoskipRule) throws {
    let rows = try text("Docs/Formats/twoskip.md").split(separator: "\n").filter { $0.contains("`\(rule.name)`") }
    #expect(rows.contains { $0.hasPrefix("| T\(rule.rawValue) |") }, "\(rows)")
  }
}
