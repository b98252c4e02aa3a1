// A made fleet in a folder of its own, which goes with it.

import CyrusFleet
import Foundation
import TestSupport

/// A made fleet in a folder of its own.
final class StoresFolder {
  let made: MadeStores

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    made = try MadeStores(below: folder.path)
  }

  deinit { try? FileManager.default.removeItem(atPath: made.root) }

  var files: FleetFiles {
    FleetFiles(of: FleetLayout(parsing: Array(MadeStores.layout.utf8)), below: made.root)
  }

  func store(_ name: String) throws -> FleetStore {
    guard let store = files.layout.store(named: name) else { throw CocoaError(.keyValueValidation) }
    return store
  }

  func remove(_ slot: String, _ store: String) throws {
    try FileManager.default.removeItem(atPath: made.mailboxesPath(slot, store))
  }
}

/// The mailboxes of joe.
let joe = [
  MadeMailbox("user.joe", "joe-inbox"), MadeMailbox("user.joe.Sent", "joe-sent"),
  MadeMailbox("user.joe.calendar", "joe-calendar", type: "c"),
]
