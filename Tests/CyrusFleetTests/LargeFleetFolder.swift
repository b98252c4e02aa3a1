// A made-up fleet on disk.

import CyrusDatabase
import CyrusFleet
import Foundation
import TestSupport

/// A made-up fleet in a folder of its own, removed with the last reference.
final class LargeFleetFolder: Sendable {
  let fleet: LargeFleet
  let path: String
  let layout: FleetLayout

  init(_ fleet: LargeFleet) throws {
    self.fleet = fleet
    layout = FleetLayout(parsing: Array(fleet.layout.utf8))
    let url = FileManager.default.temporaryDirectory.appending(path: "cyrus-fleet-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
    try fleet.write(below: path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Its files.
  var files: FleetFiles { FleetFiles(of: layout, below: path) }

  /// A look at it, as at copies.
  func sweep(jobs: Int = 2, host: String? = nil) -> FleetSweep {
    var sweep = FleetSweep(files) { 1_800_000_000 }
    sweep.locking = .none
    sweep.jobs = jobs
    sweep.host = host
    return sweep
  }
}

extension LargeFleet.Trouble {
  /// What a sweep has to make of it.
  var status: StoreCondition.Status {
    switch self {
    case .explained, .waiting: .pending
    case .drifted, .poisoned: .drift
    case .damaged, .damagedMaster: .damaged
    case .missing, .foreign: .unreachable
    }
  }
}
