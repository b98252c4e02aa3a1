// What a proof of a move looks at: V1, V3 and V4, which are about masters.

import CyrusDatabase
import CyrusMailboxes

/// A move that is looked at.
struct MoveScene {
  let user: [UInt8]
  let source: FleetStore
  let destination: FleetStore
  let files: FleetFiles
  let settings: NameSettings
  let locking: Locking

  /// What was found on a slot, or why nothing could be.
  typealias Lookup = Result<UserMailboxes, UnreadFile>

  /// What the master of a store has of the user.
  func mailboxes(of store: FleetStore) -> Lookup {
    do throws(UnreadFile) {
      return mailboxes(of: store, on: try files.knownMaster(of: store))
    } catch {
      return .failure(error)
    }
  }

  func mailboxes(of store: FleetStore, on slot: FleetSlot?) -> Lookup {
    do throws(UnreadFile) {
      return .success(try files.mailboxes(of: user, on: slot, in: store, settings, locking))
    } catch {
      return .failure(error)
    }
  }

  func finding(
    _ verdict: MoveVerdict, _ message: String, _ store: FleetStore, _ slot: FleetSlot? = nil,
    _ mailbox: MailboxName? = nil
  ) -> MoveFinding {
    MoveFinding(verdict: verdict, store: store.name, slot: slot?.text, mailbox: mailbox, message: message)
  }

  /// That a file could not be read.
  func finding(_ error: UnreadFile, _ store: FleetStore, _ slot: FleetSlot? = nil) -> MoveFinding {
    finding(.unknown, "\(error.path.map { "\($0): " } ?? "")\(error.reason)", store, slot)
  }

  /// That some of what was asked for may be in damage.
  func damageFinding(_ found: UserMailboxes, _ store: FleetStore, _ slot: FleetSlot?) -> MoveFinding? {
    found.isComplete ? nil : finding(.unknown, "its list is damaged where mailboxes of the user can be", store, slot)
  }

  // MARK: - V1

  func destinationFindings(_ left: Lookup?, _ arrived: Lookup?, _ before: MoveSourceState?) -> [MoveFinding] {
    let there: UserMailboxes
    switch arrived {
    case .success(let found)?: there = found
    case .failure(let error)?: return [finding(error, destination)]
    case nil: return []
    }
    var findings = [damageFinding(there, destination, nil)].compactMap { $0 }
    let expected: [UserMailbox]
    if let before {
      expected = before.mailboxes
      if !before.isComplete { findings.append(finding(.unknown, "not all that the source had is known", source)) }
      if expected.isEmpty { findings.append(finding(.unknown, "the state given has no mailbox of the user", source)) }
    } else {
      switch left {
      case .failure(let error)?: return findings + [finding(error, source)]
      case .success(let found)? where found.isHome:
        expected = found.live
        if let damage = damageFinding(found, source, nil) { findings.append(damage) }
      case let found:
        return findings + [finding(.unknown, remains(of: try? found?.get(), there), source)]
      }
    }
    let names = Dictionary(there.live.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let ids = Dictionary(
      there.live.compactMap { mailbox in mailbox.uniqueID.map { ($0, mailbox) } },
      uniquingKeysWith: { first, _ in first })
    // With an id twice at the source, one that is there under its own name stands for no other.
    let stayed = Set(
      expected.compactMap { mailbox in
        mailbox.uniqueID.flatMap { names[mailbox.name]?.uniqueID == $0 ? mailbox.name : nil }
      })
    for mailbox in expected {
      let moved = mailbox.uniqueID.flatMap { ids[$0] }.flatMap { stayed.contains($0.name) ? nil : $0 }
      findings += self.findings(on: mailbox, names, stayed.contains(mailbox.name) ? nil : moved, there)
    }
    return findings
  }

  private func findings(
    on mailbox: UserMailbox, _ names: [MailboxName: UserMailbox], _ moved: UserMailbox?, _ there: UserMailboxes
  ) -> [MoveFinding] {
    func broken(_ message: String) -> MoveFinding { finding(.broken, message, destination, nil, mailbox.name) }
    if let other = moved, other.name != mailbox.name {
      return [finding(.holds, "is called \(other.name) there by now", destination, nil, mailbox.name)]
        + differences(mailbox, other).map(broken)
    }
    guard let other = names[mailbox.name] else {
      let deleted = there.deleted.first { $0.uniqueID != nil && $0.uniqueID == mailbox.uniqueID }
      return [broken(deleted.map { "is deleted there, as \($0.name)" } ?? "is not there")]
    }
    return differences(mailbox, other).map(broken)
  }

  /// In what a mailbox at the destination is not as it must be.
  private func differences(_ mailbox: UserMailbox, _ other: UserMailbox) -> [String] {
    var differences = mailbox.differences(from: other)
    func check(_ what: String, _ mine: UInt64?, _ theirs: UInt64?) {
      if let mine, theirs ?? 0 < mine {
        differences.append("\(what): expected \(mine) or more, found \(theirs.map { "\($0)" } ?? "none")")
      }
    }
    check("createdmodseq", mailbox.createdModseq, other.createdModseq)
    check("foldermodseq", mailbox.folderModseq, other.folderModseq)
    return differences
  }

  /// What can be told of a source that has no live mailbox of the user any more.
  private func remains(of left: UserMailboxes?, _ there: UserMailboxes) -> String {
    let ids = Set(there.live.compactMap(\.uniqueID))
    let deleted = left?.deleted ?? []
    let arrived = deleted.count { $0.uniqueID.map(ids.contains) ?? false }
    return "nothing says what the source had before; of \(deleted.count) deleted ones that it keeps, "
      + "\(arrived) are at the destination by their unique ids, and the others may have been deleted before the move"
  }

  // MARK: - V3 and V4

  func sourceFindings(_ left: Lookup?) -> [MoveFinding] {
    switch left {
    case .success(let found)?: return liveFindings(found, source)
    case .failure(let error)?: return [finding(error, source)]
    case nil: return []
    }
  }

  func otherFindings() -> [MoveFinding] {
    let found = files.layout.stores.filter { $0 != source && $0 != destination }.flatMap { store in
      switch mailboxes(of: store) {
      case .success(let found): return liveFindings(found, store)
      case .failure(let error): return [finding(error, store)]
      }
    }
    return found
      + files.layout.unreadLines.map { line in
        MoveFinding(verdict: .unknown, store: line.store, slot: nil, mailbox: nil, message: line.reason)
      }
  }

  /// That a store has live mailboxes of the user, and how many.
  private func liveFindings(_ found: UserMailboxes, _ store: FleetStore) -> [MoveFinding] {
    guard let first = found.live.first else { return [] }
    let count = found.live.count == 1 ? "a live mailbox" : "\(found.live.count) live mailboxes, the first of them this"
    return [finding(.broken, "the store has \(count)", store, files.master(of: store), first.name)]
  }
}

extension UserMailbox {
  /// In which of the properties that never change by themselves two mailboxes differ; what one of them does not say is no
  /// difference.
  func differences(from other: UserMailbox) -> [String] {
    var differences: [String] = []
    if let uniqueID, let theirs = other.uniqueID, uniqueID != theirs {
      differences.append("unique id: expected \(Self.readable(uniqueID)), found \(Self.readable(theirs))")
    }
    if let uidValidity, let theirs = other.uidValidity, uidValidity != theirs {
      differences.append("uidvalidity: expected \(uidValidity), found \(theirs)")
    }
    if acl != other.acl {
      differences.append("acl: expected \(Self.readable(acl)), found \(Self.readable(other.acl))")
    }
    if kind != other.kind { differences.append("type: expected \(kind), found \(other.kind)") }
    return differences
  }

  /// Bytes for people: TABs, which part an ACL, as blanks, and what is not printable ASCII as `\x` and two digits.
  private static func readable(_ bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "none" }
    var text = ""
    for byte in bytes.last == 0x09 ? bytes.dropLast() : bytes[...] {
      if byte == 0x09 {
        text += " "
      } else if 0x20..<0x7F ~= byte, byte != UInt8(ascii: "\\") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += byte < 0x10 ? "\\x0" : "\\x"
        text += String(byte, radix: 16)
      }
    }
    return text
  }
}
