// Names of mailboxes of the model of two stores, spelled from their parts and never read back.

import Foundation

/// A name of a mailbox, in parts.
struct ModelName: Hashable, Comparable, Sendable, CustomStringConvertible {
  var domain: String?
  /// Nil for a shared mailbox.
  var user: String?
  var folders: [String] = []
  /// The hexadecimal time of deletion, for one in `DELETED`.
  var deletedAt: String?

  /// As keys are from 3.6 on, and as names are sorted.
  var database: String {
    let pieces =
      (deletedAt != nil ? ["DELETED"] : []) + (user.map { ["user", $0] } ?? []) + folders
      + (deletedAt.map { [$0] } ?? [])
    return (domain.map { $0 + "\u{1D}" } ?? "") + pieces.joined(separator: "\u{1F}")
  }

  /// As lines of logs and older keys have it.
  var description: String {
    let pieces =
      (deletedAt != nil ? ["DELETED"] : []) + (user.map { ["user", $0] } ?? []) + folders
      + (deletedAt.map { [$0] } ?? [])
    return (domain.map { $0 + "!" } ?? "")
      + pieces.map { $0.replacingOccurrences(of: ".", with: "^") }.joined(separator: ".")
  }

  /// The user, with the domain.
  var owner: String? { user.map { $0 + (domain.map { "@" + $0 } ?? "") } }

  var inbox: ModelName? { user.map { ModelName(domain: domain, user: $0) } }

  var isInbox: Bool { user != nil && folders.isEmpty && deletedAt == nil }

  static func < (left: ModelName, right: ModelName) -> Bool {
    left.database.utf8.lexicographicallyPrecedes(right.database.utf8)
  }
}
