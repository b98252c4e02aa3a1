// A sync_client that goes on until it is told to end.

import Foundation

/// A running sync_client of a master's default channel. It ends with this object, and with our process.
final class RollingClient: Sendable {
  private let keeper: Child
  private let path: String

  /// Runs it until our end of the keeper's input is closed, be it by our death.
  private static let keeping = #"""
    messages=$1; shift
    "$@" >"$messages" 2>&1 & client=$!
    read -r line
    kill "$client"
    wait "$client"
    """#

  /// - Parameters:
  ///   - configuration: The path of the master's imapd.conf.
  ///   - messages: The path of a file for what it says.
  init(configuration: String, messages: String) throws {
    path = messages
    // In the foreground, whereas `-r` would leave a process behind.
    keeper = try Child(
      "/bin/sh", ["-c", Self.keeping, "sh", messages, Server.folder + "/sync_client", "-C", configuration, "-R"])
  }

  deinit {
    keeper.endInput()
    _ = keeper.wait()
  }

  /// What it has said so far. It says nothing as long as all goes well.
  var messages: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
