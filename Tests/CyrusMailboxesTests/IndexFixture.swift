// Indexes that a real Cyrus wrote, and what their headers say. See Tests/Fixtures/README.md.

import CyrusMailboxes
import Foundation
import TestSupport
import Testing

/// An index of Tests/Fixtures/index.
struct IndexFixture: Sendable, CustomTestStringConvertible {
  let name: String
  /// The fields of its header by name, as a program other than ours read them.
  let fields: [String: UInt64]

  var testDescription: String { name }
  var path: String { Self.folder.appending(path: "\(name).index").path }
  var bytes: [UInt8] { Self.bytes(of: "\(name).index") }

  /// None if the list is missing, which no test passes.
  static let all: [IndexFixture] = {
    let object = try? JSONSerialization.jsonObject(with: Data(bytes(of: "headers.json")))
    let list = object as? [String: [String: NSNumber]] ?? [:]
    return list.map { IndexFixture(name: $0.key, fields: $0.value.mapValues(\.uint64Value)) }.sorted {
      $0.fields["minorVersion"] ?? 0 < $1.fields["minorVersion"] ?? 0
    }
  }()

  /// The `cyrus.header` that belongs to each of them.
  static var headerFile: [UInt8] { bytes(of: "cyrus.header") }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/index")
    .standardized

  private static func bytes(of name: String) -> [UInt8] {
    (try? Data(contentsOf: folder.appending(path: name))).map(Array.init) ?? []
  }
}

/// An index with fields drawn from a generator.
func randomIndex(version: UInt64, _ random: inout SplitMix64) -> [UInt8] {
  guard let layout = IndexFields(version: version) else { return [] }
  var values: [String: UInt64] = [:]
  for field in layout.fields { values[field.name] = field.byteCount == 4 ? random.next() >> 32 : random.next() }
  values["numRecords"] = UInt64(random.below(4))
  values["recordSize"] = nil
  let records = random.bytes(Int(values["numRecords"] ?? 0) * layout.recordByteCount)
  return layout.header(values, spare: UInt8(random.below(256))) + records
}
