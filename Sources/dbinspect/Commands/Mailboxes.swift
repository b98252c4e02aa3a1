// `mailboxes`: the mailboxes of a mailboxes.db, decoded.

import ArgumentParser
import CyrusDatabase
import CyrusMailboxes

/// Lists mailboxes.
struct Mailboxes: ListingCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the mailboxes of a mailboxes.db, of any release of Cyrus.",
    usage: "dbinspect mailboxes FILE [--user USER] [--domain DOMAIN] [--id ID] [--deleted | --all] [options]",
    discussion: """
      In the order of database names, a mailbox followed by all below it, whatever
      the order of the file. Without --deleted and --all those that are neither
      deleted nor tombstones, but with --id whatever has it. The mailboxes of a user
      are found by seeking, in a file of any size.

      FIELDS
        name, dbname, uniqueid, kind, flags, owner, domain, partition, server, acl,
        uidvalidity, createdmodseq, foldermodseq, mtime, deletedAt, jmapid, issues
        --where FIELD=VALUE compares exactly; FIELD!=VALUE takes all others. Of
        flags, identifiers in acl and codes in issues any counts. An empty value is
        for mailboxes without the field. mtime and deletedAt take seconds since 1970
        and 2026-01-31T23:59:59Z. ndjson has history besides.

      FORMATS
        text    a table, with C escapes for all that is not printable; times in UTC
        ndjson  a line {"schema": "mailboxes/1", "engine", "file", "state", "keys",
                "releases"}, a line for each mailbox with the fields it has, and
                a line {"records", "expected", "complete", "limited", "findings"}
        csv     all fields, as RFC 4180 has it, with C escapes

      EXAMPLE
        dbinspect mailboxes mailboxes.db --user joe --all
        dbinspect mailboxes mailboxes.db --where kind=calendar --where partition!=ssd

      EXIT STATUS
        0   all that was asked for was listed
        1   of that user, or with that id, nothing is to be listed
        2   something could not be read, or is missing; the file is cut
        65  not a list of mailboxes
        75  in use for too long, or cut while it was being listed
      """)

  /// How mailboxes are printed.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, ndjson, csv
  }

  @Argument(help: "The database.", completion: .file())
  var file: String

  @Option(help: ArgumentHelp("Only those of this user, with the domain if there is one.", valueName: "user"))
  var user: String?

  @Option(help: ArgumentHelp("Only those of this virtual domain; empty for those of none.", valueName: "domain"))
  var domain: String?

  @Option(help: ArgumentHelp("Only the one with this unique id; not with --user or --domain.", valueName: "id"))
  var id: String?

  @Flag(help: "Only those that are deleted, kept for a while or tombstones.")
  var deleted = false

  @Flag(help: "Those that are deleted, too.")
  var all = false

  @Option(name: .customLong("where"), help: ArgumentHelp("Only those of which this is so.", valueName: "field=value"))
  var conditions: [String] = []

  @Option(help: "How to print: text, ndjson or csv.")
  var format = Format.text

  @Flag(name: .shortAndLong, help: "Say nothing on standard error if all is well.")
  var quiet = false

  @OptionGroup var keys: KeyOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if id != nil, user != nil || domain != nil {
      throw ValidationError("--id says which mailbox: neither --user nor --domain can be given with it")
    }
    if user == "" { throw ValidationError("--user takes the name of a user; --where owner= is for shared mailboxes") }
    if id == "" { throw ValidationError("--id takes a unique id; --where uniqueid= is for mailboxes without one") }
    if deleted, all { throw ValidationError("only one of --deleted and --all can be given") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    var conditions = try conditions.map { try MailboxCondition($0, keys) }
    if user != nil, let domain { conditions.append(MailboxCondition(.domain, is: try keys.bytes(domain))) }
    let selection = try self.selection
    let database = try common.database(at: file)
    // Whoever asks for an id alone knows what is wanted.
    let isAnyState = all || id != nil && !deleted
    let states: MailboxStates =
      isAnyState ? .all : deleted ? [.deletedDelayed, .tombstones] : [.live, .unreadable]
    // Of all mailboxes those in other states are passed over while they are printed, so that none is decoded twice.
    let isWhole = selection == .all
    let list = try list(database, selection, isWhole ? .all : states)
    let filter = MailboxFilter(states: isWhole ? states : .all, conditions: conditions)
    try MailboxDatabase.require(list.form, in: database, common.libraryLocking)
    var listing = Listing(list.records, expected: nil)
    listing.what = "mailbox"
    let preparation = prepare(list, database)
    listing.whole = try preparation.whole.get()
    let stateNote = note(on: list.records.snapshot)
    do throws(DatabaseError) {
      try print(list, database, filter, preparation, &listing, &output)
    } catch {
      if isFramed { listing.writeTrailer([], error: error.description, to: &output) }
      throw error
    }
    let losses = list.records.damage.isEmpty ? [] : Loss.list(list.records, in: database, common.libraryLocking)
    if isFramed { listing.writeTrailer(losses, to: &output) }

    output.flush()
    if list.form.isMixed {
      Talk.say("note: \(MailboxListForm.mixedKeysRule): keys of both forms, of which servers see only one", about: file)
    }
    if listing.undecodableCount > 0, !isFramed {
      Talk.say(
        "note: \(counted(listing.undecodableCount, "mailbox")) cannot be decoded; dbinspect check tells which",
        about: file)
    }
    listing.tell(
      losses, stateNote, about: file, quiet: quiet, isFramed: isFramed, readerIsGone: output.hasEnded)
    if listing.count == 0, !output.hasEnded { try hintAtDeleted(selection, states, conditions, database) }
    let status = listing.status(readerIsGone: output.hasEnded)
    // Who asks for one user or one mailbox wants to know whether it is there.
    return status == .yes && listing.count == 0 && !output.hasEnded && (user != nil || id != nil) ? .no : status
  }

  private func list(
    _ database: Database, _ selection: MailboxSelection, _ states: MailboxStates
  ) throws(DatabaseError) -> MailboxList {
    // For all mailboxes all records are looked at in one go: some have the names from before, and all are to be counted.
    let locking = common.libraryLocking
    if selection == .all,
      let list = try MailboxList.amongAllRecords(
        of: database, locking: locking, threads: usualThreadCount,
        marking: isFramed ? MailboxHistories.mayHaveHistory : nil)
    {
      return list
    }
    return try MailboxList(database, selecting: selection, states: states, locking: locking)
  }

  /// Whether all mailboxes were looked at, so that it matters whether all records of the file can be.
  private func looksAtAll(_ list: borrowing MailboxList) -> Bool {
    list.isScan || (user == nil && id == nil && domain == nil)
  }

  /// What has to be found out besides the list before it is printed: by two threads, for both may look at many records.
  private func prepare(_ list: borrowing MailboxList, _ database: Database) -> Preparation {
    let isFramed = isFramed
    let locking = common.libraryLocking
    let wantsWhole = looksAtAll(list)
    if list.hasAllRecords {
      var preparation = Preparation(whole: .success(Completeness(list.records)))
      do throws(DatabaseError) {
        if isFramed { preparation.histories = .success(try MailboxHistories(ofAllIn: list, threads: usualThreadCount)) }
      } catch {
        preparation.histories = .failure(error)
      }
      return preparation
    }
    // No bytes are lent to the threads, only the list.
    let parts = RawSpan().atOnce(2) { _, index in
      var part = Preparation()
      do throws(DatabaseError) {
        if index == 1, isFramed { part.histories = .success(try MailboxHistories(of: list, in: database, locking)) }
      } catch {
        part.histories = .failure(error)
      }
      do {
        if index == 0, wantsWhole { part.whole = .success(try Self.wholeCount(list, database, locking)) }
      } catch {
        part.whole = .failure(error)
      }
      return part
    }
    return Preparation(whole: parts[0].whole, histories: parts[1].histories)
  }

  /// What is found out before a list is printed.
  private struct Preparation {
    /// How many records the whole file has; nil if that does not matter.
    var whole: Result<Completeness?, any Error> = .success(nil)
    /// The names that mailboxes had before.
    var histories: Result<MailboxHistories, DatabaseError> = .success(MailboxHistories())
  }

  /// How many records the file has; nil if damage among the mailboxes tells already that some are missing.
  private static func wholeCount(
    _ list: borrowing MailboxList, _ database: Database, _ locking: Locking
  ) throws -> Completeness? {
    if list.records.damageCount > 0 { return nil }
    // Under plain keys all records are looked at for mailboxes; from 3.6 on there are others besides.
    if list.form.keys == .plain { return Completeness(list.records) }
    let whole = try Completeness(of: database, locking)
    // Damage among the others takes no mailbox away.
    return whole.damageCount > 0 ? nil : whole
  }

  /// Says that what was not found is there, but deleted.
  private func hintAtDeleted(
    _ selection: MailboxSelection, _ states: MailboxStates, _ conditions: [MailboxCondition], _ database: Database
  ) throws {
    guard states.isDisjoint(with: [.deletedDelayed, .tombstones]) else { return }
    if conditions.contains(where: \.isOfDeleted) {
      return Talk.line("hint: deleted mailboxes are left out: --deleted or --all lists them")
    }
    guard conditions.isEmpty, user != nil else { return }
    let deleted = try MailboxList(
      database, selecting: selection, states: [.deletedDelayed, .tombstones], locking: common.libraryLocking)
    guard deleted.count > 0 else { return }
    Talk.line("hint: \(counted(deleted.count, "mailbox")) there, but deleted: --deleted or --all lists what there is")
  }

  private var selection: MailboxSelection {
    get throws {
      if let user {
        // A user of a domain is named with it.
        if let domain, !domain.isEmpty, !user.contains("@") { return .user(try keys.bytes("\(user)@\(domain)")) }
        return .user(try keys.bytes(user))
      }
      if let domain { return .domain(try keys.bytes(domain)) }
      if let id { return .uniqueID(try keys.bytes(id)) }
      return .all
    }
  }

  var isFramed: Bool { format == .ndjson }

  func writeHeader(engine: String?, state: FileState?, to output: inout Output) {
    writeHeader(engine: engine, state: state, form: nil, to: &output)
  }

  private func writeHeader(engine: String?, state: FileState?, form: MailboxListForm?, to output: inout Output) {
    output.document("mailboxes/1", .inline) { output in
      output.member("engine", engine)
      output.member("file", file)
      output.member("state", state?.rawValue)
      output.member("keys", form.map { "\($0.keys)" })
      output.member("releases", form?.generation?.releases)
    }
  }

  // MARK: - Printing

  private func print(
    _ list: borrowing MailboxList, _ database: Database, _ filter: MailboxFilter, _ preparation: Preparation,
    _ listing: inout Listing, _ output: inout Output
  ) throws(DatabaseError) {
    switch format {
    case .text:
      // Once for the widths, once for the rows.
      var widths = MailboxTable()
      try forEach(list, 0..<list.count, filter, &output) { entry, name, _ in widths.fit(entry, name) }
      if widths.rowCount > 0 { widths.printHeading(to: &output) }
      let table = widths
      try inParts(list, &listing, &output) { range, listing, output throws(DatabaseError) in
        var table = table
        try forEach(list, range, filter, &output) { entry, name, output in
          table.print(entry, name, to: &output)
          listing.count(entry)
        }
      }
    case .ndjson:
      writeHeader(
        engine: common.engineName(of: database), state: list.records.snapshot.state, form: list.form, to: &output)
      let histories = try preparation.histories.get()
      try inParts(list, &listing, &output) { range, listing, output throws(DatabaseError) in
        var writer = MailboxWriter(histories)
        try forEach(list, range, filter, &output) { entry, name, output in
          writer.write(entry, name, to: &output)
          listing.count(entry)
        }
      }
    case .csv:
      output.append(MailboxMember.allCases.map(\.rawValue).joined(separator: ",") + "\r\n")
      try inParts(list, &listing, &output) { range, listing, output throws(DatabaseError) in
        var bytes: [UInt8] = []
        try forEach(list, range, filter, &output) { entry, name, output in
          for (index, member) in MailboxMember.allCases.enumerated() {
            if index > 0 { output.append(byte: UInt8(ascii: ",")) }
            bytes.removeAll(keepingCapacity: true)
            member.append(entry, name, to: &bytes)
            output.appendEscapedCSVField(bytes.rawSpan)
          }
          output.append("\r\n")
          listing.count(entry)
        }
      }
    }
  }

  private func inParts(
    _ list: borrowing MailboxList, _ listing: inout Listing, _ output: inout Output,
    _ body: (Range<Int>, inout Listing, inout Output) throws(DatabaseError) -> Void
  ) throws(DatabaseError) {
    let progress = Progress(file, .records, isOn: !Output.goesToTerminal)
    defer { progress.end() }
    try OutputParts().forEach(list.count, of: list.records, progress, &listing, &output, body)
  }

  private func forEach(
    _ list: borrowing MailboxList, _ range: Range<Int>, _ filter: MailboxFilter, _ output: inout Output,
    _ body: (borrowing MailboxEntryView, borrowing MailboxNameView, inout Output) -> Void
  ) throws(DatabaseError) {
    // Lent as it is made: an entry that is kept in between, or comes out of a call that can fail, is copied.
    func visit(_ entry: borrowing MailboxEntryView, _ output: inout Output) {
      guard let name = entry.nameInKey(list.settings), filter.takes(entry, name) else { return }
      body(entry, name, &output)
    }
    for index in range where !output.hasEnded {
      let record = try list.record(at: index)
      visit(MailboxEntryView(key: record.key, value: record.value, form: list.form.keys), &output)
      try list.records.flush(&output)
    }
  }
}

/// Which mailboxes of a list are printed.
private struct MailboxFilter {
  let states: MailboxStates
  let conditions: [MailboxCondition]

  func takes(_ entry: borrowing MailboxEntryView, _ name: borrowing MailboxNameView) -> Bool {
    if states != .all, !states.contains(entry.mailboxState(named: name)) { return false }
    for condition in conditions where !condition.holds(for: entry, name) { return false }
    return true
  }
}
