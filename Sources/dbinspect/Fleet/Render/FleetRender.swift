// `fleet render`: files for each slot, from templates and the layout.

import ArgumentParser
import CyrusFleet
import CyrusFleetTemplates

/// Renders configuration.
struct FleetRender: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Make the configuration of slots from templates.",
    discussion: """
      Each file of a folder of templates, such as imapd-{{slot}}.conf.mustache, makes
      a file for each slot that belongs to a store. Only files that would change are
      written. Docs/Fleet.md says what templates can ask for.

      EXAMPLE
        dbinspect fleet render templates --layout production.dat -o build
        dbinspect fleet render templates --slot imap30 -o / --values secrets.json
        dbinspect fleet render templates -o build --set imapPort=143 --check

      EXIT STATUS
        0  all files are as they should be now
        1  with --check: they are not
        2  the layout has an error; nothing is written
        65 a template cannot be used; nothing is written
        73 a file cannot be written
      """)

  @OptionGroup var fleet: FleetOptions

  @Option(
    help: ArgumentHelp(
      "A slot, store or host whose files are made, instead of all; may be given more than once.", valueName: "name"))
  var slot: [String] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where the files go; made if it is not there.", valueName: "folder"),
    completion: .directory)
  var output: String

  @Flag(help: "Write nothing, but tell what is not as it should be.")
  var check = false

  @Option(
    help: ArgumentHelp("A value for templates; may be given more than once.", valueName: "name=value"))
  var set: [SiteValue] = []

  @Option(
    help: ArgumentHelp(
      "A file with more values, an object of JSON; what is made of them is not for everybody to read.",
      valueName: "file"),
    completion: .file())
  var values: String?

  @Flag(help: "Print one JSON document.")
  var json = false

  @Argument(help: ArgumentHelp("The folder of templates.", valueName: "templates"), completion: .directory)
  var templates: String

  func validate() throws {
    if fleet.root != nil { throw ValidationError("--root is for copies that are read; files go below --output") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readSoundLayout()
    let wanted = try wantedSlots(layout)
    let sources = try TemplateFolder.templates(in: templates)
    // All is made before anything is written.
    let rendering = try rendered(layout, sources, wanted)
    let inputs =
      sources.map { templates + "/" + $0.path } + [fleet.layout] + [values, fleet.locations].compactMap { $0 }
    let folder = RenderedFolder(path: self.output, inputs: inputs)
    var states: [RenderedState] = []
    for (file, slot) in rendering.files {
      var state = try folder.state(of: file, slot: slot)
      if !check, state.state == .missing || state.state == .differs {
        try folder.write(file)
        state = RenderedState(
          path: state.path, state: state.state == .missing ? .created : .changed, template: state.template, slot: slot,
          line: state.line)
      }
      states.append(state)
    }
    states += try folder.leftOver(rendering.templates, expected: rendering.expected)
    states.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    if json { write(states, slots: wanted.count, to: &output) } else { print(states, slots: wanted.count, to: &output) }
    return check && states.contains { $0.state != .unchanged } ? .no : .yes
  }

  /// The slots whose files are asked for.
  private func wantedSlots(_ layout: FleetLayout) throws(Failure) -> Set<SlotName> {
    if slot.isEmpty { return Set(layout.stores.flatMap(\.slots)) }
    var wanted: Set<SlotName> = []
    for word in slot {
      let subject = try FleetSubject(word, in: layout)
      let slots = try subject.stores(layout, fleet).flatMap { layout.slots(of: $0) }
      if case .slot(let slot) = subject {
        wanted.insert(slot.name)
      } else if case .host(let host) = subject {
        wanted.formUnion(slots.filter { $0.host == host }.map(\.name))
      } else {
        wanted.formUnion(slots.map(\.name))
      }
    }
    return wanted
  }

  /// What was made.
  private struct Rendering {
    let templates: ConfigurationTemplates
    /// The files that are asked for, and for which slot.
    var files: [(file: RenderedFile, slot: String)] = []
    /// The paths of all files, whether they are asked for or not.
    var expected: Set<String> = []
  }

  private func rendered(
    _ layout: FleetLayout, _ sources: [TemplateSource], _ wanted: Set<SlotName>
  ) throws -> Rendering {
    let site = try SiteValues(set, file: values)
    let fleetFiles = fleet.files(of: layout)
    var owners: [String: String] = [:]
    do throws(TemplateError) {
      var templates = try ConfigurationTemplates(sources)
      var files: [(file: RenderedFile, slot: String)] = []
      for store in layout.stores {
        guard let master = fleetFiles.master(of: store) else { continue }
        for slot in layout.slots(of: store) {
          // Neither can be in a layout without errors.
          guard let paths = fleet.templates.paths(of: slot, in: store), slot.address != nil else { continue }
          let known = SlotValues.values(of: slot, in: store, of: layout, master: master, paths: paths)
          for file in try templates.files(known.merging(site.values) { known, _ in known }, secrets: site.secrets) {
            if let owner = owners.updateValue(slot.text, forKey: file.path) {
              let who = owner == slot.text ? "twice for \(owner)" : "for \(owner) and for \(slot.text)"
              throw TemplateError(
                template: file.template, line: 0, column: 1,
                message: "'\(file.path)' would be made \(who); {{slot}} in the name tells slots apart")
            }
            if wanted.contains(slot.name) { files.append((file, slot.text)) }
          }
        }
      }
      return Rendering(templates: templates, files: files, expected: Set(owners.keys))
    } catch {
      throw Failure(.notDatabase, file: templates + "/" + error.template, "\(error)")
    }
  }

  // MARK: - Output

  private func print(_ states: [RenderedState], slots: Int, to output: inout Output) {
    for state in states where state.state != .unchanged {
      let color: Color = state.state == .created || state.state == .changed ? .green : .yellow
      output.append(state.state.word.padded(to: 10), in: color)
      output.append(printable(state.path))
      if let line = state.line { output.append(": line \(line)") }
      output.line()
    }
    let counts = RenderedState.State.allCases.compactMap { state in
      let count = states.count { $0.state == state }
      return count > 0 ? "\(count) \(state.word)" : nil
    }
    let files = states.count { $0.state != .leftOver }
    output.line(([counted(files, "file") + " of " + counted(slots, "slot")] + counts).joined(separator: ", "))
  }

  private func write(_ states: [RenderedState], slots: Int, to output: inout Output) {
    output.document("fleet-render/1") { output in
      output.member("templates", templates)
      output.member("output", self.output)
      output.member("check", check)
      output.member("slots", slots)
      output.array("files") { output in
        for state in states {
          output.object(.inline) { output in
            output.member("path", state.path)
            output.member("state", state.state.rawValue)
            output.member("slot", state.slot)
            output.member("template", state.template)
            if let line = state.line { output.member("line", line) }
          }
        }
      }
    }
  }
}

extension RenderedState.State {
  /// As people read it.
  fileprivate var word: String { self == .leftOver ? "left over" : rawValue }
}
