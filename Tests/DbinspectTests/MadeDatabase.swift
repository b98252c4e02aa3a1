// Small files with the records that a test wants.

import Foundation
import TestSupport

/// The path of a sound file with these records.
func madeDatabase(_ records: [(key: String, value: String)]) throws -> String {
  try madeDatabase(records.map { (Array($0.key.utf8), Array($0.value.utf8)) })
}

/// The path of a sound file with these records.
func madeDatabase(_ records: [(key: [UInt8], value: [UInt8])]) throws -> String {
  var builder = TwoskipBuilder(seed: 1)
  builder.begin()
  for record in records { builder.set(record.key, record.value) }
  builder.commit()
  return try TemporaryFolder().file("made.db", builder.bytes)
}
