// Reading JSON.

import Foundation
import Testing

@testable import dbinspect

@Suite struct JSONReaderTests {
  /// The members of an object of whole numbers, or what is wrong.
  private func numbers(_ text: String) throws -> [String: Int] {
    var reader = JSONReader(Array(text.utf8))
    var numbers: [String: Int] = [:]
    try reader.object { reader, name throws(JSONError) in
      if name.hasPrefix("skip") { try reader.skip() } else { numbers[name] = try reader.integer(Int.self) }
    }
    try reader.end()
    return numbers
  }

  @Test func `objects are read, and what is not wanted is passed over`() throws {
    #expect(try numbers("{}") == [:])
    #expect(try numbers(" { \"a\" : 1 ,\n\"b\":-2 } ") == ["a": 1, "b": -2])
    let other = #"{"skip1": [1, {"x": [true, null, -1.5e+3, "}]\""]}], "skip2": {}, "skip3": [], "a": 7}"#
    #expect(try numbers(other) == ["a": 7])
  }

  @Test func `strings are those of another reader`() throws {
    for text in [#"a\"b\\c\/d\n\t\r\b\fe"#, #"\u00e9\u20ac\ud83d\ude00"#, "é€😀", ""] {
      let json = "{\"\(text)\": 1}"
      let wanted = try JSONDecoder().decode([String: Int].self, from: Data(json.utf8))
      #expect(try numbers(json) == wanted)
    }
  }

  @Test(arguments: [
    "", "{", "}", "[]", "{\"a\"}", "{\"a\": }", "{\"a\": 1,}", "{\"a\": 1} x", "{\"a\": 1.5}", "{\"a\": \"1\"}",
    "{\"a: 1}", "{\"\\x\": 1}", "{\"\\u12\": 1}", "{\"\\u+123\": 1}", "{\"a\": 99999999999999999999}", "{\"skip\": }",
    "{\"skip\": [1 2]}", "{a: 1}", "{\"a\n\": 1}",
  ])
  func `what is no such object is refused`(_ text: String) {
    #expect(throws: JSONError.self) { try numbers(text) }
  }

  @Test func `depth is bounded`() throws {
    func nested(_ depth: Int) -> String {
      "{\"skip\": " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
    }
    #expect(try numbers(nested(JSONReader.depthMax - 1)).isEmpty)
    #expect(throws: JSONError.self) { try numbers(nested(JSONReader.depthMax)) }
    #expect(throws: JSONError.self) { try numbers(nested(1_000_000)) }
  }

  @Test func `any cut of a document is an error, and none a trap`() throws {
    let bytes = Array(#"{"a": 1, "skip": ["é\u00e9\ud83d\ude00", {"x": -1.5}], "b": 2}"#.utf8)
    for end in bytes.indices {
      var reader = JSONReader(Array(bytes[..<end]))
      #expect(throws: JSONError.self) { try reader.object { reader, _ throws(JSONError) in try reader.skip() } }
    }
  }
}
