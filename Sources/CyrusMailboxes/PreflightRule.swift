// The releases that one can upgrade to, and what can happen to a record on the way.
//
// Facts: Cyrus's imap/mboxlist.c of releases 2.5.17 to 3.13.7, and what 3.6.1 did with such records.

public import CyrusDatabase

/// A release to upgrade to.
public enum UpgradeTarget: String, Sendable, Hashable, CaseIterable, Comparable {
  /// 3.6.
  case v36 = "3.6"
  /// 3.8.
  case v38 = "3.8"
  /// 3.10.
  case v310 = "3.10"
  /// 3.12.
  case v312 = "3.12"
  /// 3.13, in development.
  case v313 = "3.13"

  /// Which of two comes first.
  public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What can happen to a record in an upgrade. New ones may come in minor releases.
public enum PreflightRule: String, Sendable, Hashable, CaseIterable {
  /// The file is taken for one that is upgraded already, and left as it is.
  case takenForUpgraded = "preflight.taken-for-upgraded"
  /// The server does not see the record, whose key is not of the file's form.
  case invisible = "preflight.invisible"
  /// The server does not find records, because keys are not in byte order.
  case keyOrder = "preflight.key-order"
  /// The record is left out, because it cannot be decoded.
  case undecodable = "preflight.undecodable"
  /// The record is left out if the mailbox's `cyrus.header` cannot be read.
  case needsHeader = "preflight.needs-header"
  /// The record is left out, as it has no unique id, and there is no `cyrus.header` to look for it.
  case noUniqueID = "preflight.no-unique-id"
  /// Two mailboxes have the same unique id, under which there is but one record.
  case duplicateID = "preflight.duplicate-id"
  /// The type is a number, which is misread.
  case numericType = "preflight.numeric-type"
  /// The type aborts every program that reads the record.
  case typeAborts = "preflight.type-aborts"
  /// A `NIL` crashes every program that reads the record.
  case nilCrashes = "preflight.nil-crashes"
  /// The record gets another name, and takes the place of one that has it.
  case renamed = "preflight.renamed"
  /// The name is longer than the server takes.
  case nameTooLong = "preflight.name-too-long"
  /// The value of a mark is no number, on which 3.4 aborts.
  case markVersion = "preflight.mark-version"
  /// A string is stored with its length before it, on which 2.5 and 3.0 hang: there is no way back to them.
  case literal = "preflight.literal"

  /// How grave it is.
  public var severity: Finding.Severity {
    switch self {
    case .literal: .note
    case .needsHeader, .nameTooLong, .markVersion: .warning
    default: .damage
    }
  }
}
