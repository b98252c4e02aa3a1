// What commands that look for users have in common.

import ArgumentParser
import CyrusFleet
import CyrusMailboxes

/// What decides how names of mailboxes are read.
struct NameOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The servers' defaultdomain.", valueName: "name"))
  var defaultDomain = ""

  @Option(help: ArgumentHelp("The servers' deletedprefix.", valueName: "name"))
  var deletedPrefix = "DELETED"

  func validate() throws {
    if deletedPrefix.isEmpty { throw ValidationError("--deleted-prefix takes a name") }
  }

  var settings: NameSettings {
    var settings = NameSettings()
    settings.defaultDomain = defaultDomain
    settings.deletedPrefix = deletedPrefix
    return settings
  }

  /// The same as options, for commands that are suggested; none of what need not be said.
  var words: [String] {
    (defaultDomain.isEmpty ? [] : ["--default-domain", defaultDomain])
      + (deletedPrefix == "DELETED" ? [] : ["--deleted-prefix", deletedPrefix])
  }
}

extension FleetOptions {
  /// Where the files of a layout are looked for.
  func files(of layout: FleetLayout) -> FleetFiles {
    FleetFiles(of: layout, templates: templates, below: root, masters: Set(master))
  }

  /// The options that another command on the same fleet needs, for commands that are suggested.
  var words: [String] {
    var words = ["--layout", layout]
    if let locations { words += ["--locations", locations] }
    for slot in master { words += ["--master", slot.text] }
    if let root { words += ["--root", root] }
    for path in path { words += ["--path", "\(path.name.rawValue)=\(path.template)"] }
    return words
  }

  /// Looks for a user on all stores.
  func homes(of user: String, in layout: FleetLayout, _ names: NameOptions) -> UserHomes {
    let progress = Progress("stores", .files)
    defer { progress.end() }
    return UserHomes(of: Array(user.utf8), in: files(of: layout), settings: names.settings) {
      progress.update(UInt64($0), of: UInt64(layout.stores.count))
    }
  }
}

extension UserHomes {
  /// How many files are told of that could not be read.
  private static let toldCountMax = 10

  /// Says which stores could not be asked.
  func tellUnread() {
    for file in unread.prefix(Self.toldCountMax) {
      Talk.say("\(file.store) could not be asked: \(file.reason)", about: file.path)
    }
    if unread.count > Self.toldCountMax {
      Talk.line("note: \(unread.count - Self.toldCountMax) more stores could not be asked")
    }
  }

  /// The one store that he lives on, having said what could not be read.
  ///
  /// - Parameter isAnyWord: Whether a store, slot or host could have been meant as well.
  /// - Throws: `Failure` if there are several, or none: the latter is no answer if some store could not be asked.
  func onlyHome(of user: String, isAnyWord: Bool = false) throws(Failure) -> UserHome {
    tellUnread()
    if let conflict { throw Failure(.broken, "\(printable(user)): \(conflict)") }
    guard let home = homes.first else {
      let name = "'\(printable(user))'"
      guard unread.isEmpty else {
        throw Failure(
          .broken,
          "\(name) lives on none of the stores that could be asked; \(counted(unread.count, "other")) could not")
      }
      let answer =
        isAnyWord ? "is no store, slot or host of the layout, and lives on none of its stores" : "lives nowhere"
      throw Failure(.no, "\(name) \(answer)")
    }
    if !unread.isEmpty {
      Talk.line(
        "note: found on \(home.store.name); whether on another one, too, is not known of "
          + counted(unread.count, "store"))
    }
    return home
  }
}
