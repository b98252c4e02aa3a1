// What of Cyrus is installed here, and our own programs that are made with its library.

import Foundation
import Testing

/// Debian's Cyrus, and the programs of Tests/Cyrus.
enum Cyrus {
  private static let packageFolder = URL(filePath: #filePath + "/../../../..").standardized.path

  /// Whether its absence is a failure and no reason to leave tests out.
  static let isRequired = ProcessInfo.processInfo.environment["REQUIRE_CYRUS"] != nil

  /// Whether programs can be made with its library.
  static let hasLibrary = FileManager.default.fileExists(atPath: "/usr/include/cyrus/cyrusdb.h")

  /// Whether a server can be run: that takes root, as the server takes on the identity of its own user.
  static let hasServer =
    geteuid() == 0
    && [Server.folder + "/master", Server.folder + "/imapd", Server.folder + "/cyr_dbtool", "/usr/sbin/saslpasswd2"]
      .allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

  /// Whether a master and a replica can be run.
  static let hasReplication =
    hasServer
    && ["sync_client", "sync_server"].allSatisfy {
      FileManager.default.isExecutableFile(atPath: Server.folder + "/" + $0)
    }

  /// The path of a program of Tests/Cyrus, made from its source if that is newer.
  static func program(_ name: String) throws -> String {
    try made.get()
    return packageFolder + "/.build/cyrus/" + name
  }

  private static let made = Result {
    _ = try Child.run("/bin/sh", [packageFolder + "/Scripts/cyrus-programs"])
  }
}

extension Trait where Self == ConditionTrait {
  /// The test needs cyrus-dev.
  static var needsCyrusLibrary: Self {
    .enabled(if: Cyrus.hasLibrary || Cyrus.isRequired, "cyrus-dev is not installed: run make setup")
  }

  /// The test needs cyrus-imapd, sasl2-bin with its modules, and root.
  static var needsCyrusServer: Self {
    .enabled(if: Cyrus.hasServer || Cyrus.isRequired, "needs root, cyrus-imapd and sasl2-bin: run make setup")
  }

  /// The test needs what a server needs, and cyrus-replication.
  static var needsCyrusReplication: Self {
    .enabled(
      if: Cyrus.hasReplication || Cyrus.isRequired,
      "needs root, cyrus-imapd, cyrus-replication and sasl2-bin: run make setup")
  }
}
