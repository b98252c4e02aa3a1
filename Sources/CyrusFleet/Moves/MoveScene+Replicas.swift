// What a proof of a move looks at: V2, which is about the replicas of the destination and the logs that feed them.

import CyrusDatabase
import CyrusMailboxes
import CyrusSync
import Glibc

extension MoveScene {
  func replicaFindings(_ arrived: Lookup?) -> [MoveFinding] {
    let master: UserMailboxes
    switch arrived {
    case .success(let found)?: master = found
    case .failure(let error)?: return [finding(error, destination)]
    case nil: return []
    }
    var findings = [damageFinding(master, destination, nil)].compactMap { $0 }
    if !master.isHome {
      findings.append(finding(.unknown, "its master has no mailbox to hold them against", destination))
    }
    let replicas = files.replicas(of: destination)
    if replicas.isEmpty { findings.append(finding(.holds, "the store has no replica", destination)) }
    for slot in replicas { findings += replicaFindings(on: slot, master) }
    for name in destination.slots where files.layout.slot(named: name) == nil {
      findings.append(finding(.unknown, "no line gives \(name.text), which it has", destination))
    }
    return findings
  }

  private func replicaFindings(on slot: FleetSlot, _ master: UserMailboxes) -> [MoveFinding] {
    // A line is removed after the replica has what it is about: so the log is read first.
    let logs = self.logs(of: slot)
    let replica: UserMailboxes
    switch mailboxes(of: destination, on: slot) {
    case .success(let found): replica = found
    case .failure(let error): return [finding(error, destination, slot)]
    }
    let there = Dictionary(replica.live.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let differing = master.live.filter { mailbox in
      guard let other = there[mailbox.name] else { return true }
      return !mailbox.isAlike(other)
    }
    guard let first = differing.first else {
      return [damageFinding(replica, destination, slot)].compactMap { $0 }
    }
    let count = "\(differing.count) of \(master.live.count) mailboxes"
    let lack =
      differing.allSatisfy { there[$0.name] == nil } ? "\(count) are missing" : "\(count) are missing or differ"
    let captured: [SyncLogFile]
    switch logs {
    case .success(let files)?: captured = files
    case .failure(let error)?:
      return [
        finding(.unknown, "\(lack), and its log: \(error.path): \(error.description)", destination, slot, first.name)
      ]
    case nil:
      return [finding(.unknown, "\(lack), and no template says where its log is", destination, slot, first.name)]
    }
    let steps = captured.flatMap { file in
      let client = SyncClientVersion(master: master.form)
      return PendingBatch(file.log, client: client, settings: settings).steps(client: client).map { (file, $0) }
    }
    let bare = settings.withoutDefaultDomain(user)
    if let (file, step) = steps.first(where: { $0.1.action.verb == .user && $0.1.action.first == bare }) {
      return [finding(.pending, "\(lack), on their way: \(file.path):\(step.line)", destination, slot, first.name)]
    }
    let named = Set(steps.filter { $0.1.action.verb == .mailbox }.map { name(of: $0.1.action.first) })
    if let lost = differing.first(where: { !named.contains($0.name) }) {
      return [
        finding(
          .broken, "\(lack), and its log names neither the user nor this one: nothing will bring it there", destination,
          slot, lost.name)
      ]
    }
    return [finding(.pending, "\(lack), each on its way by a line of its own", destination, slot, first.name)]
  }

  private func name(of bytes: [UInt8]) -> MailboxName {
    MailboxName(
      internalName: bytes.rawSpan, deletedPrefix: settings.deletedPrefix, defaultDomain: settings.defaultDomain)
  }

  /// The logs of a replica; nil if no template says where.
  private func logs(of slot: FleetSlot) -> Result<[SyncLogFile], SyncLogError>? {
    guard let master = files.master(of: destination), let paths = files.paths(of: master, in: destination) else {
      return nil
    }
    let reader = SyncLogReader(directory: paths.syncDirectory)
    do throws(SyncLogError) { return .success(try reader.capture(channel: slot.text).files) } catch {
      // Where there are other channels, one without a directory never had a line.
      if case .system(let failure) = error, failure.errno == ENOENT, (try? reader.channels()) != nil {
        return .success([])
      }
      return .failure(error)
    }
  }
}

extension UserMailbox {
  /// Whether a replica's mailbox is like this one in all that replication carries over.
  fileprivate func isAlike(_ other: UserMailbox) -> Bool {
    func agree<Number: Equatable>(_ mine: Number?, _ theirs: Number?) -> Bool {
      mine == nil || theirs == nil || mine == theirs
    }
    return differences(from: other).isEmpty && agree(createdModseq, other.createdModseq)
      && agree(folderModseq, other.folderModseq)
  }
}
