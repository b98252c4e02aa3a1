// Small files with the records that a test wants.

import Foundation
import TestSupport

/// A twoskip file with given records, removed when the last reference goes.
final class MadeFile: Sendable {
  let path: String

  convenience init(_ records: [(key: [UInt8], value: [UInt8])], order: TwoskipBuilder.Order = .raw) throws {
    var builder = TwoskipBuilder(seed: 1, order: order)
    if !records.isEmpty {
      builder.begin()
      for record in records { builder.set(record.key, record.value) }
      builder.commit()
    }
    try self.init(bytes: builder.bytes)
  }

  /// A file of these bytes.
  init(bytes: [UInt8]) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "cyrus-mailboxes-tests-\(UUID().uuidString).db")
    try Data(bytes).write(to: url)
    path = url.path
  }

  convenience init(_ records: [String: String], order: TwoskipBuilder.Order = .raw) throws {
    try self.init(records.map { (Array($0.key.utf8), Array($0.value.utf8)) }, order: order)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
