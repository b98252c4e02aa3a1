// How commands that look at all files of a fleet read them.

import ArgumentParser
import CyrusDatabase
import CyrusFleet

/// How the files of a fleet are read.
struct FleetReading: ParsableArguments {
  @Option(help: ArgumentHelp("How many stores to look at at the same time.", valueName: "count"))
  var jobs = 2

  @Option(help: "How to be sure that no writer changes a file meanwhile, as with verify.")
  var locking = CommonOptions.LockingChoice.auto

  @Option(help: ArgumentHelp("How many seconds to wait for a lock.", valueName: "seconds"))
  var wait = 5.0

  func validate() throws {
    guard 1...64 ~= jobs else { throw ValidationError("--jobs takes 1 to 64") }
    guard wait >= 0, wait <= 1_000_000 else { throw ValidationError("--wait takes 0 to 1000000 seconds") }
  }

  /// As the library takes it.
  var libraryLocking: Locking { Locking(locking, wait: .seconds(wait)) }
}

extension FleetOptions {
  /// The stores that are meant by some words; all if there are none.
  ///
  /// - Throws: `Failure` if a word names nothing.
  func stores(_ words: [String], _ layout: FleetLayout) throws(Failure) -> [FleetStore] {
    if words.isEmpty { return layout.stores }
    var stores: [FleetStore] = []
    for word in words { stores += try FleetSubject(word, in: layout).stores(layout, self) }
    return stores
  }
}
