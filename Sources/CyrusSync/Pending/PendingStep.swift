// In which order sync_client carries out what it made of a file.
//
//   2.3           APPEND ACL QUOTA ANNOTATION SEEN SUB MAILBOX META USER
//   2.4           QUOTA ANNOTATION SEEN SUB MAILBOX META USER
//   2.5 to 3.2    QUOTA ANNOTATION SEEN SUB MAILBOX UNMAILBOX META USER UNUSER
//   3.4 and on    MAILBOX, a group for each owner, QUOTA ANNOTATION SEEN SUB UNMAILBOX META USER UNUSER
//
// Surprise: within a step the order is that of a hash table. Here it is that of the lines.
//
// Facts: Cyrus's imap/sync_client.c of releases 2.3.0 to 3.13.7.

import CyrusMailboxes

/// One thing that sync_client does for a file.
public struct PendingStep: Sendable, Hashable {
  /// What is carried over. `MAILBOX` stands for all lines that name mailboxes.
  public let action: SyncAction
  /// The owner of the group that a mailbox is in; empty for those without one, nil where there are no groups.
  public let group: [UInt8]?
  /// The number of the first line that asks for it.
  public let line: Int
}

extension PendingBatch {
  /// What sync_client does for the file, in its order. What was cancelled is not there, and what was asked for twice is
  /// there once.
  ///
  /// - Parameter client: The release that reads the file, as for ``init(_:client:settings:)``.
  /// - Complexity: O(*n* log *n*) for *n* different items.
  public func steps(client: SyncClientVersion) -> [PendingStep] {
    let details =
      single(.quota, quotas, isName: true) + single(.annotation, annotations, isName: true) + paired(.seen, seen)
      + paired(.sub, subs)
    let mailboxes = mailboxSteps(hasGroups: client.groupsByOwner)
    let ends =
      single(.unmailbox, unmailboxes, isName: true) + single(.meta, metas) + single(.user, users)
      + single(.unuser, unusers)
    return client.groupsByOwner ? mailboxes + details + ends : details + mailboxes + ends
  }

  private func mailboxSteps(hasGroups: Bool) -> [PendingStep] {
    var members: [(group: Int32, line: Int32, name: MailboxName)] = []
    for (name, groups) in mailboxes {
      for member in groups.all { members.append((member.group, member.line, name)) }
    }
    members.sort { ($0.group, $0.line, $0.name) < ($1.group, $1.line, $1.name) }
    return members.map { member in
      PendingStep(
        action: SyncAction(.mailbox, member.name.internalName), group: hasGroups ? owners[Int(member.group)] : nil,
        line: log.lines[Int(member.line)].number)
    }
  }

  private func single(_ verb: SyncLogVerb, _ set: PendingSet, isName: Bool = false) -> [PendingStep] {
    set.active.map { item, line in
      let argument = isName ? MailboxName(databaseName: item.rawSpan).internalName : item
      return PendingStep(action: SyncAction(verb, argument), group: nil, line: log.lines[Int(line)].number)
    }
  }

  private func paired(_ verb: SyncLogVerb, _ set: PendingSet) -> [PendingStep] {
    set.active.map { item, line in
      let user = item.prefix { $0 != 0 }
      let other = Array(item.dropFirst(user.count + 1))
      let second = verb == .sub ? MailboxName(databaseName: other.rawSpan).internalName : other
      return PendingStep(
        action: SyncAction(verb, Array(user), second), group: nil, line: log.lines[Int(line)].number)
    }
  }
}
