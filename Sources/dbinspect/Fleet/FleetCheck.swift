// `fleet check`: what is wrong with a layout.

import ArgumentParser
import CyrusFleet

/// Checks a layout.
struct FleetCheck: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check the layout: its lines, slots, addresses and stores.",
    discussion: """
      Every finding has a code, L01 to L38, and the line and byte it is about.

      EXAMPLE
        dbinspect fleet check --layout production.dat --pair-limit 4

      EXIT STATUS
        0  no errors
        1  warnings, with --strict
        2  errors: what depends on these lines cannot be relied on
        65 a line cannot be read, with --strict
      """)

  @OptionGroup var fleet: FleetOptions

  @Option(help: ArgumentHelp("How many stores two servers may have in common.", valueName: "count"))
  var pairLimit: Int?

  @Flag(help: "Mind warnings, too, and end with 65 if a line cannot be read.")
  var strict = false

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws {
    if let pairLimit, pairLimit < 0 { throw ValidationError("--pair-limit takes numbers from 0 on") }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readLayout()
    let findings = layout.findings(fleet.templates, pairLimit: pairLimit)
    if json { write(layout, findings, to: &output) } else { print(layout, findings, to: &output) }
    if strict, findings.contains(where: { $0.rule == .unreadable }) { return .notDatabase }
    switch findings.map(\.severity).max() {
    case .error: return .broken
    case .warning where strict: return .no
    default: return .yes
    }
  }

  private func print(_ layout: FleetLayout, _ findings: [LayoutFinding], to output: inout Output) {
    for finding in findings {
      let color: Color = finding.severity == .error ? .red : finding.severity == .warning ? .yellow : .faint
      output.append(finding.description, in: color)
      output.line()
    }
    let hosts = layout.hosts
    output.line(
      "\(counted(layout.groups.count, "slot group")), \(counted(hosts.count, "server")) (\(hosts.joined(separator: ", "))), "
        + "\(counted(layout.slotCount, "slot")), \(layout.occupiedSlotCount) occupied, "
        + counted(layout.stores.count, "store"))
  }

  private func write(_ layout: FleetLayout, _ findings: [LayoutFinding], to output: inout Output) {
    output.document("fleet-check/1") { output in
      output.member("layout", fleet.layout)
      output.member("groups", layout.groups.count)
      output.member("slots", layout.slotCount)
      output.member("occupied", layout.occupiedSlotCount)
      output.member("stores", layout.stores.count)
      output.array("servers") { output in for host in layout.hosts { output.element(host) } }
      output.array("findings") { output in
        for finding in findings {
          output.object(.inline) { output in
            output.member("rule", finding.rule.rawValue)
            output.member("severity", finding.severity.rawValue)
            output.member("line", finding.line)
            output.member("column", finding.column)
            output.member("message", finding.message)
          }
        }
      }
    }
  }
}
