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
      valueName: "name=template"),
    transform: PathTemplate.init)
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
    var masters: [String: SlotName] = [:]
    for name in Set(master) {
      guard let store = layout.store(of: name), layout.slot(named: name) != nil else {
        let problem =
          layout.slot(named: name) == nil ? "no line gives \(name.text)" : "\(name.text) belongs to no store"
        throw Failure(.usage, file: self.layout, "\(problem), which --master names")
      }
      // Else some commands would take the one and some the other.
      if let other = masters.updateValue(name, forKey: store.name) {
        let both = [other.text, name.text].sorted().joined(separator: " and ")
        throw Failure(.usage, file: self.layout, "--master names two slots of \(store.name): \(both)")
      }
    }
    return layout
  }

  /// Reads the layout, and refuses one with an error.
  func readSoundLayout() throws(Failure) -> FleetLayout {
    let layout = try readLayout()
    if let error = layout.findings(templates).first(where: { $0.severity == .error }) { throw refusal(error) }
    return layout
  }

  /// Refuses a layout of which stores or slots cannot be known: what is proven by it would leave them out.
  func requireWhole(_ layout: FleetLayout) throws(Failure) {
    if let first = layout.findings(templates).first(where: \.rule.hidesSlots) { throw refusal(first) }
  }

  private func refusal(_ error: LayoutFinding) -> Failure {
    Failure(
      .broken, file: layout, "the layout has an error: \(error)", hint: "dbinspect fleet check lists all of them")
  }

  /// Whether all stores and slots can be known. If not, that is said.
  func isWhole(_ layout: FleetLayout) -> Bool {
    let hiding = layout.findings(templates).filter(\.rule.hidesSlots)
    guard let first = hiding.first else { return true }
    let more = hiding.count > 1 ? ", and \(hiding.count - 1) more" : ""
    Talk.say("stores or slots may be missing: \(first)\(more)", about: self.layout)
    return false
  }

  /// The store with a name.
  ///
  /// - Throws: `Failure` if the layout has none.
  func store(_ name: String, in layout: FleetLayout) throws(Failure) -> FleetStore {
    guard let store = layout.store(named: name) else {
      throw Failure(.usage, file: self.layout, "the layout has no '\(printable(name))'")
    }
    return store
  }

  /// The host to speak of.
  var hostName: String { host ?? Self.shortNameOfThisHost }

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
struct PathTemplate {
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

  /// - Throws: `ValidationError` if it has no such form, or could not become a path.
  init(_ argument: String) throws {
    guard let equals = argument.firstIndex(of: "="), let name = Name(rawValue: String(argument[..<equals])) else {
      let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("'\(argument)' is no name and template; names are \(names)")
    }
    self.name = name
    template = String(argument[argument.index(after: equals)...])
    if let unknown = PathTemplates.unknownName(in: template) {
      let names = PathTemplates.names.map { "<\($0)>" }.joined(separator: ", ")
      throw ValidationError("'\(template)' has '\(unknown)'; what can be filled in is \(names)")
    }
    guard template.hasPrefix("/"),
      template.utf8.allSatisfy({ 0x21...0x7E ~= $0 && !"'\"`$&;|*?(){}[]\\!#~".utf8.contains($0) })
    else { throw ValidationError("'\(template)' is no absolute path without blanks and what a shell would take") }
  }
}

extension PathTemplates {
  fileprivate var metadataConfigDirectoryText: String {
    get { metadataConfigDirectory ?? "" }
    set { metadataConfigDirectory = newValue }
  }
}
