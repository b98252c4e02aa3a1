// A made fleet, and the commands on it.

import Foundation
import TestSupport

/// A made fleet, and the commands on it.
struct ToolStores {
  let made: MadeStores
  let joe = [MadeMailbox("user.joe", "joe-inbox"), MadeMailbox("user.joe.Sent", "joe-sent")]

  init() throws { made = try MadeStores(below: TemporaryFolder().url.path) }

  /// Runs `dbinspect fleet`.
  func run(_ command: String, _ arguments: [String]) throws -> Tool.Run {
    try Tool.run(["fleet", command, "--layout", made.layoutPath, "--root", made.root] + arguments)
  }

  func remove(_ slot: String, _ store: String) throws {
    try FileManager.default.removeItem(atPath: made.mailboxesPath(slot, store))
  }
}
