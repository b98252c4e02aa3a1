// `fleet place`: lines for new stores.

import ArgumentParser
import CyrusFleet

/// Places new stores.
struct FleetPlace: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "place",
    abstract: "Find slots for new stores, and print their lines.",
    discussion: """
      Takes empty slots on the least used servers, never two of a store on one
      server, and spreads stores so that servers share as few as they can. The same
      layout gives the same lines; append them to it.

      EXAMPLE
        dbinspect fleet place --layout production.dat 5 >> production.dat
        dbinspect fleet place --layout production.dat 1 --pattern n,n,i --json

      EXIT STATUS
        0  all are placed
        1  a store finds no place; nothing is printed
        2  the layout has an error
      """)

  @OptionGroup var fleet: FleetOptions

  @Option(help: ArgumentHelp("Locations of the slots, the master's first.", valueName: "codes"))
  var pattern = "n,n,i,a"

  @Option(help: ArgumentHelp("Which Cyrus the stores will run; 0 is production.", valueName: "name"))
  var branch = "0"

  @Option(help: ArgumentHelp("How full they may be; 0: as they like.", valueName: "percent"))
  var target: UInt64 = 90

  @Option(help: ArgumentHelp("A server or slot to leave out; may be given more than once.", valueName: "name"))
  var exclude: [String] = []

  @Option(help: ArgumentHelp("How many stores two servers may have in common.", valueName: "count"))
  var pairLimit: Int?

  @Flag(help: "Let all slots of a store be in one location.")
  var oneLocation = false

  @Flag(help: "Print one JSON document, with the reasons for each choice.")
  var json = false

  @Argument(help: ArgumentHelp("How many stores.", valueName: "count"))
  var count: Int

  func validate() throws {
    guard 1...10_000 ~= count else { throw ValidationError("a number of stores from 1 to 10000 is expected") }
    guard target <= 100 else { throw ValidationError("--target takes 0 to 100") }
    if let pairLimit, pairLimit < 0 { throw ValidationError("--pair-limit takes numbers from 0 on") }
    guard FleetStore.isBranch(branch) else {
      throw ValidationError("--branch takes a letter or digit, then also . _ - and +")
    }
  }

  func execute(_ output: inout Output) throws -> ExitStatus {
    let layout = try fleet.readSoundLayout()
    let request = try request(for: layout)
    let placed: [PlacedStore]
    do throws(PlacementError) {
      placed = try Placement.place(request, in: layout, fleet.templates)
    } catch {
      throw Failure(.no, file: fleet.layout, "\(error)")
    }
    if json { write(placed, to: &output) } else { print(placed, behind: layout, to: &output) }
    return .yes
  }

  private func print(_ placed: [PlacedStore], behind layout: FleetLayout, to output: inout Output) {
    // So that the first line can be appended to a layout whose last line has no end.
    if let last = layout.lines.last?.bytes.last, last != UInt8(ascii: "\n") { output.line() }
    for store in placed { output.line(store.store.line) }
  }

  private func request(for layout: FleetLayout) throws(Failure) -> PlacementRequest {
    let codes = pattern.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var request = PlacementRequest(count: count, pattern: codes)
    request.branch = branch
    request.target = target
    request.pairLimit = pairLimit
    request.allowsOneLocation = oneLocation
    let hosts = Set(layout.hosts)
    for name in exclude {
      if hosts.contains(name) {
        request.excludedHosts.insert(name)
      } else if let slot = layout.slot(named: name) {
        request.excludedSlots.insert(slot.name)
      } else {
        throw Failure(.usage, file: fleet.layout, "no server or slot is called '\(printable(name))'")
      }
    }
    return request
  }

  private func write(_ placed: [PlacedStore], to output: inout Output) {
    output.document("fleet-place/1") { output in
      output.array("stores") { output in
        for store in placed {
          output.object { output in
            output.member("store", store.store.name)
            output.member("line", store.store.line)
            output.array("choices") { output in
              for (position, choice) in store.choices.enumerated() {
                output.object(.inline) { output in
                  output.member("position", position + 1)
                  output.member("slot", choice.slot.text)
                  output.member("host", choice.slot.host)
                  output.member("location", choice.slot.location)
                  output.member("used", choice.used)
                  output.member("total", choice.total)
                  if position == 0 { output.member("masters", choice.masters) }
                  output.member("largestPair", choice.largestPair)
                  output.member("pairSum", choice.pairSum)
                }
              }
            }
          }
        }
      }
    }
  }
}
