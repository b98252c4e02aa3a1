// The files of the two stores of the model, in the forms of 3.6 and of 3.0 to 3.4.

import CyrusMailboxes
import CyrusSync
import Foundation
import TestSupport

extension ModelStore {
  /// How a file is written.
  struct Form: Sendable {
    /// Keys begin with a letter, and there are records under ids.
    var isPrefixed = true
    var order = TwoskipBuilder.Order.raw
    var hasIDs = true
  }

  /// A `mailboxes.db`.
  func file(_ form: Form, _ random: inout SplitMix64) -> [UInt8] {
    var builder = TwoskipBuilder(seed: random.next(), order: form.order)
    builder.begin()
    for (key, value) in form.isPrefixed ? prefixedRecords(&random) : plainRecords(form, &random) {
      builder.set(Array(key.utf8), Array(value.utf8))
    }
    builder.commit()
    return builder.bytes
  }

  private func prefixedRecords(_ random: inout SplitMix64) -> [(String, String)] {
    var records = [("AS\u{1E}", "")]
    for mailbox in sorted {
      let type = mailbox.kind + (mailbox.isIntermediate ? "i" : "")
      records.append(("N" + mailbox.name.database, "%(T \(type) I \(mailbox.id) \(fields(mailbox, random.below(3))))"))
      if let user = mailbox.acl.first?[0] { records.append(("AS\u{1E}\(user)\u{1E}\(mailbox.name.database)", "")) }
    }
    for (name, id) in tombstones { records.append(("N" + name.database, "%(T ed I \(id) V 1 C 1 F 2 M 1700000009)")) }
    for (name, id) in skipped { records.append(("N" + name.database, "%(T ez I \(id) P default M 1700000009 A %())")) }
    for (id, record) in ids {
      let names = record.history.map { "%(N \(quoted($0.database)) M 1 T e)" }.joined(separator: " ")
      let others =
        live[record.name].flatMap { $0.id == id ? fields($0) : nil } ?? "P default V 1 C 1 F 1 M 1700000001 A %()"
      records.append(
        ("I" + id, "%(T \(record.isDeleted ? "ed" : "e") N \(quoted(record.name.database)) \(others) H (\(names)))"))
    }
    return records
  }

  private func plainRecords(_ form: Form, _ random: inout SplitMix64) -> [(String, String)] {
    var records = [("$RACL", random.chance(1, in: 2) ? "3" : "")]
    for mailbox in sorted {
      let id = form.hasIDs ? "I \(mailbox.id) " : ""
      var type = mailbox.kind == "e" ? "" : mailbox.kind
      if mailbox.isIntermediate { type += "i" }
      if !type.isEmpty { type = "T \(type) " }
      records.append((mailbox.name.description, "%(\(id)\(type)\(fields(mailbox)))"))
      records.append(("$RACL$S$\(mailbox.acl.first?[0] ?? "x")$\(mailbox.name)", ""))
      if random.chance(1, in: 2) { records.append(("$RUNQ$\(mailbox.id)$\(mailbox.name)", "")) }
    }
    for (name, id) in tombstones {
      records.append((name.description, "%(\(form.hasIDs ? "I \(id) " : "")T d M 1700000009)"))
    }
    for (name, id) in skipped {
      records.append((name.description, "%(A %() \(form.hasIDs ? "I \(id) " : "")P default T z)"))
    }
    return records
  }

  private func fields(_ mailbox: ModelMailbox, _ seconds: Int = 1) -> String {
    let acl = mailbox.acl.map { "\(quoted($0[0])) \($0[1])" }.joined(separator: " ")
    let numbers = "V \(mailbox.uidValidity) C \(mailbox.created) F \(mailbox.modseq) M \(1_700_000_000 + seconds)"
    return mailbox.isIntermediate ? numbers : "P \(mailbox.partition) \(numbers) A %(\(acl))"
  }

  private func quoted(_ text: String) -> String { text.contains(" ") ? "\"\(text)\"" : text }
}

extension ModelPair {
  /// What the mailboxes hold.
  var states: MailboxStateSource {
    func states(_ store: ModelStore) -> [[UInt8]: MailboxIndexState] {
      Dictionary(
        uniqueKeysWithValues: store.live.values.map { mailbox in
          (
            Array(mailbox.id.utf8),
            MailboxIndexState(
              uidValidity: 1, lastUID: mailbox.lastUID, highestModseq: mailbox.highestModseq, recentUID: 0,
              recentTime: 0, pop3LastLogin: 0, pop3ShowAfter: 0, options: IndexOptions(syncLetters: ""), syncCRC: 7,
              annotationSyncCRC: 0, xconvModseq: 0)
          )
        })
    }
    let (master, replica) = (states(self.master), states(self.replica))
    return { side, mailbox in
      guard let id = mailbox.uniqueID?.copy() else { return nil }
      return side == .master ? master[id] : replica[id]
    }
  }

  /// The pending logs.
  var logs: [SyncLog] {
    zip(["log-run", "log"], pending).map { label, lines in
      SyncLog(label: label, bytes: Array(lines.map { $0.text + "\n" }.joined().utf8))
    }
  }
}
