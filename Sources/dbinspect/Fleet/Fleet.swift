// `fleet`: stores, slots and servers, as one file lays them out.

import ArgumentParser
import CyrusDatabase
import CyrusFleet
import Glibc

/// The commands on a fleet.
struct Fleet: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stores, slots and servers of a fleet, by its layout.",
    discussion: """
      A layout is a text file with a line for each group of slots and for each
      store; Docs/Formats/fleet-layout.md describes it.

      EXAMPLE
        dbinspect fleet check --layout production.dat
        dbinspect fleet report --layout production.dat store254
      """,
    subcommands: [
      FleetCheck.self, FleetReport.self, FleetPlace.self, FleetRender.self, FleetBalance.self, FleetMovePlan.self,
      FleetVerifyMove.self, FleetSweep.self, FleetMerge.self, FleetInventory.self,
    ])
}

/// The options that every command on a fleet has.
struct FleetOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The layout.", valueName: "file"), completion: .file())
  var layout = "./production.dat"

  @Option(
    help: ArgumentHelp(
      "A table of sites: letters, stem of hosts, code, place; one to a line.", valueName: "file"),
    completion: .file())
  var locations: String?

  @Option(help: ArgumentHelp("The host to speak of; this one's short name if not given.", valueName: "name"))
  var host: String?

  @Option(
    help: ArgumentHelp(
      "A slot that is master now; may be given more than once. Of other stores the primary is.", valueName: "slot"),
    transform: { text in
      guard let slot = SlotName(text) else { throw ValidationError("'\(text)' is no name of a slot") }
      return slot
    })
  var master: [SlotName] = []

  @Option(
    help: ArgumentHelp("Where the files of all hosts were copied to, with their whole paths.", valueName: "folder"),
    completion: .directory)
  var root: String?

  @Option(
    help: ArgumentHelp(
      "Another template for a path, such as programs=/usr/lib/cyrus/bin; may be given more than once.",
      valueName: "name=template"))
  var path: [PathTemplate] = []

  @Option(help: "Colour the output: auto, always or never.")
  var color = ColorChoice.auto

  func validate() throws {
    if Set(path.map(\.name)).count < path.count { throw ValidationError("--path takes each name once") }
  }

  /// Where files lie.
  var templates: PathTemplates {
    path.reduce(into: PathTemplates()) { $0[keyPath: $1.name.place] = $1.template }
  }

  /// Reads the layout.
  func readLayout() throws(Failure) -> FleetLayout {
    var sites = Locations.standard
    if let path = locations {
      let text = String(decoding: try wholeFile(path), as: UTF8.self)
      do throws(LocationsError) { sites = try Locations(parsing: text) } catch {
        throw Failure(.notDatabase, file: path, "no table of sites: \(error)")
      }
    }
    let layout = FleetLayout(parsing: try wholeFile(layout), locations: sites)
    for name in master where layout.slot(named: name) == nil {
      throw Failure(.usage, file: self.layout, "no line gives \(name.text), which --master names")
    }
    return layout
  }

  /// The host to speak of.
  var hostName: String { host ?? Self.shortNameOfThisHost }

  /// The slot that is said to be master of a store; nil if none is.
  func master(of store: FleetStore) -> SlotName? { master.first { store.slots.contains($0) } }

  private static var shortNameOfThisHost: String {
    var name = [CChar](repeating: 0, count: 256)
    // One byte is kept back, so that the name ends within the array.
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    let bytes = name.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: ".")) }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A command on a fleet.
protocol FleetCommand: ToolCommand {
  /// The options that every command on a fleet has.
  var fleet: FleetOptions { get }
}

extension FleetCommand {
  var color: ColorChoice { fleet.color }
}

/// A template for a path, as it is given.
struct PathTemplate: ExpressibleByArgument {
  /// Which path.
  enum Name: String, CaseIterable {
    case configuration, configDirectory, metadataConfigDirectory, data, search, programs, productionPrograms

    var place: WritableKeyPath<PathTemplates, String> {
      switch self {
      case .configuration: \.configuration
      case .configDirectory: \.configDirectory
      case .metadataConfigDirectory: \.metadataConfigDirectoryText
      case .data: \.data
      case .search: \.search
      case .programs: \.programs
      case .productionPrograms: \.productionPrograms
      }
    }
  }

  let name: Name
  let template: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), let name = Name(rawValue: String(argument[..<equals])) else {
      return nil
    }
    self.name = name
    template = String(argument[argument.index(after: equals)...])
  }
}

extension PathTemplates {
  fileprivate var metadataConfigDirectoryText: String {
    get { metadataConfigDirectory ?? "" }
    set { metadataConfigDirectory = newValue }
  }
}
