// A process of Cyrus's master with all that it starts.

import Foundation
import Glibc

/// A running master. Whoever starts one stops it, before its files go.
final class MasterProcess: Sendable {
  private let keeper: Child

  /// Runs the master until our end of the keeper's input is closed, be it by our death. The master signals its whole
  /// group when it ends, which the keeper is in.
  private static let keeping = #"trap : TERM; "$0" "$@" & master=$!; read -r line; kill "$master"; wait "$master""#

  /// - Parameters:
  ///   - configuration: Path of its imapd.conf.
  ///   - services: Path of its cyrus.conf.
  ///   - identity: Path of the file that its process id goes to.
  init(configuration: String, services: String, identity: String) throws {
    keeper = try Child(
      "/bin/sh",
      [
        "-c", Self.keeping, Server.folder + "/master", "-C", configuration, "-M", services, "-p", identity, "-D",
      ])
  }

  /// Ends it and waits for its end.
  func stop() {
    let started = members
    keeper.endInput()
    _ = keeper.wait()
    // The master's children end when it tells them to. Those that do not are killed, and they alone.
    let end = ContinuousClock.now + .seconds(5)
    while !members.isEmpty, ContinuousClock.now < end { usleep(10_000) }
    for process in members where started.contains(process) { kill(process, SIGKILL) }
  }

  /// The processes of the session that the keeper leads: itself, the master, and its children.
  private var members: [pid_t] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
    return processes.filter { getsid($0) == keeper.pid }
  }
}
