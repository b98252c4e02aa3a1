// What a source had of a user before a move, from a file that was kept: a copy of its mailboxes.db, or what
// `dbinspect mailboxes --format ndjson` has printed of it.

import CyrusDatabase
import CyrusFleet
import CyrusMailboxes
import FoundationEssentials
import Glibc

extension MoveSourceState {
  /// Reads a file of either form.
  ///
  /// - Throws: `Failure` if it cannot be read, or is neither.
  init(of user: String, contentsOf path: String, _ settings: NameSettings) throws(Failure) {
    if try Self.startsAsJSON(path) {
      try self.init(of: user, listing: path, settings)
      return
    }
    let found: UserMailboxes
    do throws(DatabaseError) {
      found = try UserMailboxes(of: Array(user.utf8), in: Database(path: path), settings: settings)
    } catch {
      throw Failure(error)
    }
    guard found.isOfMailboxes else { throw Failure(.notDatabase, file: path, "not a list of mailboxes") }
    self.init(mailboxes: found.live, isComplete: found.isComplete)
  }

  private static func startsAsJSON(_ path: String) throws(Failure) -> Bool {
    // Of a pipe what was read is gone, and it can be opened once; it can only be a listing.
    var facts = stat()
    if unsafe stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFIFO { return true }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(failed: "open", file: path) }
    defer { close(descriptor) }
    var byte: UInt8 = 0
    // The byte lives as long as the call. What cannot be read is told by who reads it next.
    return unsafe read(descriptor, &byte, 1) == 1 && byte == UInt8(ascii: "{")
  }

  // MARK: - Listings

  /// Reads what `mailboxes --format ndjson` printed.
  private init(of user: String, listing path: String, _ settings: NameSettings) throws(Failure) {
    let bytes = try wholeFile(path)
    var mailboxes: [UserMailbox] = []
    var isComplete = false
    let decoder = JSONDecoder()
    for (index, line) in bytes.split(separator: 0x0A).enumerated() {
      func failure(_ message: String) -> Failure {
        Failure(.notDatabase, file: path, "line \(index + 1): \(message)")
      }
      let record: Line
      do { record = try decoder.decode(Line.self, from: Data(line)) } catch {
        throw failure("is no line of a listing by dbinspect mailboxes --format ndjson")
      }
      if index == 0 {
        guard record.schema == "mailboxes/1" else {
          throw failure("schema: expected mailboxes/1, found \(printable(record.schema ?? "none"))")
        }
        continue
      }
      if let complete = record.complete {
        isComplete = complete
        continue
      }
      guard let name = record.name(settings) else { throw failure("has no name, or one that is no Base64") }
      if record.isLive, !name.isDeleted, name.isOf(user, settings) { mailboxes.append(record.mailbox(called: name)) }
    }
    self.init(mailboxes: mailboxes, isComplete: isComplete)
  }

  /// A line: the first, the last, or a mailbox.
  private struct Line: Decodable {
    struct Right: Decodable {
      let identifier: String?
      let identifierBase64: String?
      let rights: String?
      let rightsBase64: String?
    }

    let schema: String?
    let complete: Bool?
    let dbname: String?
    let dbnameBase64: String?
    let uniqueid: String?
    let uniqueidBase64: String?
    let kind: String?
    let flags: [String]?
    let acl: [Right]?
    let uidvalidity: UInt32?
    let createdmodseq: UInt64?
    let foldermodseq: UInt64?

    /// The name; nil if there is none.
    func name(_ settings: NameSettings) -> MailboxName? {
      Self.bytes(dbname, dbnameBase64).map {
        MailboxName(
          databaseName: $0.rawSpan, deletedPrefix: settings.deletedPrefix, defaultDomain: settings.defaultDomain)
      }
    }

    /// Whether it is a mailbox of that server, and not deleted.
    var isLive: Bool { Set(flags ?? []).isDisjoint(with: ["tombstone", "intermediate", "remote", "reserved"]) }

    func mailbox(called name: MailboxName) -> UserMailbox {
      var text: [UInt8] = []
      for right in acl ?? [] {
        text += (Self.bytes(right.identifier, right.identifierBase64) ?? []) + [0x09]
        text += (Self.bytes(right.rights, right.rightsBase64) ?? []) + [0x09]
      }
      return UserMailbox(
        name: name, uniqueID: Self.bytes(uniqueid, uniqueidBase64), kind: kind ?? MailboxKind.email.name, acl: text,
        uidValidity: uidvalidity, createdModseq: createdmodseq, folderModseq: foldermodseq)
    }

    private static func bytes(_ text: String?, _ base64: String?) -> [UInt8]? {
      if let text { return Array(text.utf8) }
      return base64.flatMap { Data(base64Encoded: $0) }.map { Array($0) }
    }
  }
}

extension MailboxName {
  /// Whether it is a mailbox of a user, with or without the default domain.
  fileprivate func isOf(_ user: String, _ settings: NameSettings) -> Bool {
    let user = Array(user.utf8)
    return view.belongs(to: user.rawSpan) || view.belongs(to: settings.withoutDefaultDomain(user).rawSpan)
  }
}
