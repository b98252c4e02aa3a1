// `fleet report`: the slots of a store, and commands for it.

import ArgumentParser
import CyrusFleet

/// Reports on stores.
struct FleetReport: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print the slots of a store, and commands to paste.",
    discussion: """
      A slot stands for the store that it belongs to, a host for all stores with a
      slot on it. Commands are beginnings, to be completed by hand.

      EXAMPLE
        dbinspect fleet report --layout production.dat store254
        dbinspect fleet report --layout production.dat --host timap1 sloti30t15
      """)

  @OptionGroup var fleet: FleetOptions

  @Flag(help: "Print one JSON document.")
  var json = false

  @Argument(help: ArgumentHelp("A store, a slot or a host.", valueName: "store"))
  var subject: String

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readLayout()
    let stores = try FleetSubject(subject, in: layout).stores(layout, fleet)
    var status = ExitStatus.yes
    var reports: [StoreReport] = []
    for store in stores {
      guard
        let report = StoreReport(
          on: store, in: layout, host: fleet.hostName, master: fleet.master(of: store), templates: fleet.templates)
      else {
        Talk.say("no line gives a slot of \(store.name)", about: fleet.layout)
        status = .broken
        continue
      }
      reports.append(report)
      for slot in report.unknownSlots {
        Talk.say("no line gives \(slot.text), which \(store.name) has", about: fleet.layout)
        status = .broken
      }
    }
    if json {
      output.document("fleet-report/1") { output in
        output.array("stores") { output in for report in reports { write(report, to: &output) } }
      }
    } else {
      output.append(reports.map(\.text).joined(separator: "\n"))
    }
    return status
  }

  private func write(_ report: StoreReport, to output: inout Output) {
    func write(_ slot: FleetSlot, to output: inout Output) {
      output.member("slot", slot.text)
      output.member("host", slot.host)
      output.member("ip", slot.address?.description)
      output.member("location", slot.location)
      guard let paths = fleet.templates.paths(of: slot, in: report.store) else {
        return output.member("paths", nil as String?)
      }
      output.object("paths", .inline) { output in
        output.member("configuration", paths.configuration)
        output.member("configDirectory", paths.configDirectory)
        output.member("mailboxes", paths.mailboxes)
        output.member("sync", paths.syncDirectory)
        output.member("data", paths.data)
        output.member("search", paths.search)
        output.member("programs", paths.programs)
      }
    }
    output.object { output in
      output.member("store", report.store.name)
      output.member("branch", report.store.branch)
      output.member("target", report.store.target)
      output.member("masterLocation", report.store.masterLocation)
      output.object("master") { write(report.master, to: &$0) }
      output.object("primary") { write(report.primary, to: &$0) }
      if let this = report.this { output.object("this") { write(this, to: &$0) } }
      output.array("others") { output in
        for other in report.others { output.object { write(other, to: &$0) } }
      }
      output.array("commands") { output in for command in report.commands { output.element(command) } }
    }
  }
}
