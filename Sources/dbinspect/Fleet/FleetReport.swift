// `fleet report`: the slots of a store, and commands for it.

import ArgumentParser
import CyrusFleet

/// Reports on stores.
struct FleetReport: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print the slots of a store, and commands to paste.",
    usage: "dbinspect fleet report STORE|SLOT|HOST|USER [options]",
    discussion: """
      A slot stands for the store that it belongs to, a host for all stores with a
      slot on it. Any other word is taken for a user, and stands for the store that
      he lives on: the lists of mailboxes of all masters are searched for him, each
      with a few lookups. Tombstones and what lies in DELETED do not count. Commands
      are beginnings, to be completed by hand.

      EXAMPLE
        dbinspect fleet report --layout production.dat store254
        dbinspect fleet report --layout production.dat --host timap1 sloti30t15
        dbinspect fleet report --root /copies joe@example.com

      EXIT STATUS
        0  reported; of a user also if some store could not be asked, which is said
        1  nothing is called so, and no user either
        2  a store has slots that the layout does not; the user lives on two stores
           (F01), or was not found while some store could not be asked
      """)

  @OptionGroup var fleet: FleetOptions

  @Flag(help: "Print one JSON document.")
  var json = false

  @OptionGroup var names: NameOptions

  @Argument(help: ArgumentHelp("A store, a slot, a host or a user.", valueName: "store"))
  var subject: String

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readLayout()
    guard FleetSubject.isUser(subject, in: layout) else {
      return report(try FleetSubject(subject, in: layout).stores(layout, fleet), layout, to: &output)
    }
    // A user may live on a store whose line cannot be read.
    try fleet.requireWhole(layout)
    let homes = fleet.homes(of: subject, in: layout, names)
    do throws(Failure) {
      return report([try homes.onlyHome(of: subject, isAnyWord: true).store], layout, homes, to: &output)
    } catch {
      if json { write([], homes, error: error.message, to: &output) }
      throw error
    }
  }

  private func report(
    _ stores: [FleetStore], _ layout: FleetLayout, _ homes: UserHomes? = nil, to output: inout Output
  ) -> ExitStatus {
    let files = fleet.files(of: layout)
    var status = ExitStatus.yes
    var reports: [StoreReport] = []
    for store in stores {
      guard
        let report = StoreReport(
          on: store, in: layout, host: fleet.hostName, master: files.master(of: store)?.name, templates: fleet.templates
        )
      else {
        Talk.say("no line gives a slot of \(store.name)", about: fleet.layout)
        status = .broken
        continue
      }
      reports.append(report)
      if report.commands.isEmpty {
        let slot = report.this ?? report.master
        Talk.say("no commands: no template says where the metadata of \(slot.text) are", about: fleet.layout)
        status = .broken
      }
      for slot in report.unknownSlots {
        Talk.say("no line gives \(slot.text), which \(store.name) has", about: fleet.layout)
        status = .broken
      }
    }
    if json {
      write(reports, homes, to: &output)
    } else {
      output.append(reports.map(\.text).joined(separator: "\n"))
    }
    return status
  }

  private func write(
    _ reports: [StoreReport], _ homes: UserHomes?, error: String? = nil, to output: inout Output
  ) {
    output.document("fleet-report/1") { output in
      if let error { output.member("error", error) }
      if let homes { write(homes, to: &output) }
      output.array("stores") { output in for report in reports { write(report, to: &output) } }
    }
  }

  /// Where a user lives, and what could not be asked.
  private func write(_ homes: UserHomes, to output: inout Output) {
    output.member("user", bytes: homes.user.rawSpan)
    output.array("homes") { output in
      for home in homes.homes {
        output.object(.inline) { output in
          output.member("store", home.store.name)
          output.member("file", home.path)
          output.member("mailboxes", home.mailboxes.live.count)
          output.member("inbox", home.mailboxes.hasINBOX)
        }
      }
    }
    output.array("unread") { output in
      for file in homes.unread {
        output.object(.inline) { output in
          output.member("store", file.store)
          output.member("file", file.path)
          output.member("reason", file.reason)
        }
      }
    }
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
