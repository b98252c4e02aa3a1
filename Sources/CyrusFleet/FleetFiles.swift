// Where the files of a fleet are looked for: by the layout's templates, on this machine or below a folder.

import CyrusDatabase
import CyrusMailboxes

/// Where the files of a fleet are to be looked for, and which slots are masters.
public struct FleetFiles: Sendable {
  /// The layout.
  public let layout: FleetLayout
  /// Where files lie.
  public var templates: PathTemplates
  /// The folder that the files of all hosts were copied to, with their whole paths; nil if they lie where they are used.
  public var root: String?
  /// Slots that are master now. Of stores with none of them the primary is.
  public var masters: Set<SlotName>

  /// The files of a fleet.
  public init(
    of layout: FleetLayout, templates: PathTemplates = .standard, below root: String? = nil,
    masters: Set<SlotName> = []
  ) {
    self.layout = layout
    self.templates = templates
    self.root = root
    self.masters = masters
  }

  /// The slot that is master of a store now; nil if no line of the layout gives any of its slots.
  public func master(of store: FleetStore) -> FleetSlot? {
    layout.slots(of: store).first { masters.contains($0.name) } ?? layout.primary(of: store)
  }

  /// The slot whose list says what is live on a store.
  ///
  /// - Throws: ``UnreadFile`` if no line gives the slot that should be master, and nobody has said which one is: the
  ///   others may lack what that has.
  func knownMaster(of store: FleetStore) throws(UnreadFile) -> FleetSlot? {
    if !store.slots.contains(where: { masters.contains($0) }) {
      let primary =
        store.slots.first { layout.locations[$0.prefix.site].code == store.masterLocation } ?? store.slots.first
      if let primary, layout.slot(named: primary) == nil {
        throw UnreadFile(
          store: store.name, path: nil, reason: "no line gives \(primary.text), which should be its master")
      }
    }
    return master(of: store)
  }

  /// The slots of a store that are not its master, by name, each once.
  public func replicas(of store: FleetStore) -> [FleetSlot] {
    let master = master(of: store)
    return layout.slotsByName(of: store).filter { $0 != master }
  }

  /// Where the files of a slot are to be looked for; nil if no template says it, see ``LayoutRule/metadataDrive``.
  public func paths(of slot: FleetSlot, in store: FleetStore) -> SlotPaths? {
    guard let paths = templates.paths(of: slot, in: store), let root else {
      return templates.paths(of: slot, in: store)
    }
    var folder = root
    while folder.utf8.last == UInt8(ascii: "/") { folder.removeLast() }
    func below(_ path: String) -> String { path.utf8.first == UInt8(ascii: "/") ? folder + path : folder + "/" + path }
    return SlotPaths(
      configuration: below(paths.configuration), configDirectory: below(paths.configDirectory),
      data: below(paths.data), search: below(paths.search), programs: paths.programs)
  }
}

/// A file of a store that could not be read, so that nobody knows what it holds.
public struct UnreadFile: Error, Sendable, Hashable, CustomStringConvertible {
  /// The store.
  public let store: String
  /// The file; nil if nothing says where it is.
  public let path: String?
  /// Why.
  public let reason: String

  /// For people, for example `store23: /mnt/…/mailboxes.db: No such file or directory (open)`.
  public var description: String { "\(store): \(path.map { "\($0): " } ?? "")\(reason)" }
}

extension FleetLayout {
  /// Lines that cannot be read, each of which may be that of a store.
  var unreadLines: [UnreadFile] {
    lineFindings.filter { $0.rule == .unreadable }.map { finding in
      UnreadFile(
        store: "line \(finding.line)", path: nil, reason: "this line of the layout cannot be read: \(finding.message)")
    }
  }
}

extension FleetFiles {
  /// The list of mailboxes of a slot.
  ///
  /// - Throws: ``UnreadFile`` if nothing says where it is, or it is no database.
  func database(of slot: FleetSlot?, in store: FleetStore) throws(UnreadFile) -> Database {
    guard let slot else { throw UnreadFile(store: store.name, path: nil, reason: "no line gives any of its slots") }
    guard let path = paths(of: slot, in: store)?.mailboxes else {
      throw UnreadFile(
        store: store.name, path: nil, reason: "no template says where the metadata of \(slot.text) are")
    }
    do throws(DatabaseError) { return try Database(path: path) } catch {
      throw UnreadFile(store: store.name, path: path, reason: error.description)
    }
  }

  /// The mailboxes of a user in the list of a slot.
  ///
  /// - Throws: ``UnreadFile`` also if what was asked for may be in a part of the file that is damaged, and nothing was
  ///   found, and if the file is another database.
  func mailboxes(
    of user: [UInt8], on slot: FleetSlot?, in store: FleetStore, _ settings: NameSettings, _ locking: Locking
  ) throws(UnreadFile) -> UserMailboxes {
    let database = try database(of: slot, in: store)
    func unread(_ reason: String) -> UnreadFile { UnreadFile(store: store.name, path: database.path, reason: reason) }
    let found: UserMailboxes
    do throws(DatabaseError) {
      found = try UserMailboxes(of: user, in: database, settings: settings, locking: locking)
    } catch {
      throw unread(error.description)
    }
    guard found.isOfMailboxes else { throw unread("not a list of mailboxes") }
    if !found.isComplete, found.live.isEmpty { throw unread("damaged where mailboxes of the user can be") }
    return found
  }
}
